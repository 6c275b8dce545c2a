//! What a scan passes over, why, and what to do about it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::catalog::Root;
use crate::printable::printable;

/// Why a file or folder is not scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Link,
    DeadLink,
    Hidden,
    /// It is marked by `.nomedia` or `.ppignore`.
    NoMedia,
    /// Thumbnails, waste bins and snapshots of systems and network disks.
    System,
    /// facetag's library and previews.
    Own,
    /// What Apple Photos made of its originals.
    Derived,
    Excluded,
    /// A pipe, a device or a socket.
    Special,
    Video,
    /// No photo.
    Other,
}

/// What was skipped for one reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub count: u64,
    /// The path of one of them.
    pub example: String,
    /// Of files that are no photos, how many have which extension.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, u64>,
}

/// All that a scan skipped, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Skipped(pub BTreeMap<Reason, Part>);

/// The extensions that are counted by name.
const EXTENSIONS: usize = 50;

impl Skipped {
    /// What the last scan of a root skipped.
    pub fn of(root: &Root) -> Self {
        serde_json::from_str(&root.skipped).unwrap_or_default()
    }

    pub(super) fn add(&mut self, reason: Reason, path: &Path) {
        let part = self.0.entry(reason).or_default();
        if part.count == 0 {
            part.example = path.display().to_string();
        }
        part.count += 1;
        if reason == Reason::Other {
            let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            if part.extensions.contains_key(&extension) || part.extensions.len() < EXTENSIONS {
                *part.extensions.entry(extension).or_default() += 1;
            }
        }
    }

    /// Adds what was skipped elsewhere.
    pub fn extend(&mut self, other: Self) {
        for (reason, other) in other.0 {
            let part = self.0.entry(reason).or_default();
            if part.count == 0 {
                part.example = other.example;
            }
            part.count += other.count;
            for (extension, count) in other.extensions {
                *part.extensions.entry(extension).or_default() += count;
            }
        }
    }

    /// A line for each reason, in English: how many, what, and what to do.
    pub fn lines(&self) -> Vec<String> {
        self.0.iter().map(|(&reason, part)| line(reason, part)).collect()
    }
}

/// Kinds of other files that a line names.
const KINDS: usize = 5;

fn line(reason: Reason, part: &Part) -> String {
    let count = part.count;
    let many = |one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let example = printable(&part.example);
    match reason {
        Reason::Link => many("symbolic link", "symbolic links") + " (`--follow-links` follows them)",
        Reason::DeadLink => {
            many("symbolic link that leads nowhere", "symbolic links that lead nowhere") + &format!(", as {example}")
        }
        Reason::Hidden => {
            many("hidden file or folder", "hidden files and folders")
                + &format!(", as {example} (without the dot it is scanned)")
        }
        Reason::NoMedia => {
            many("folder", "folders")
                + &format!(" with .nomedia or .ppignore in it, as {example} (without that file it is scanned)")
        }
        Reason::System => many("folder", "folders") + &format!(" of thumbnails or deleted files, as {example}"),
        Reason::Own => many("file or folder", "files and folders") + " of facetag itself",
        Reason::Derived => many("folder", "folders") + " of Apple Photos without originals (the originals are scanned)",
        Reason::Excluded => {
            many("file or folder", "files and folders")
                + " excluded by --exclude or .facetagignore (`--no-exclude` forgets what --exclude said)"
        }
        Reason::Special => {
            many("file that is no ordinary one", "files that are no ordinary ones")
                + &format!(" (pipes, devices, sockets), as {example}")
        }
        Reason::Video => many("video", "videos") + " (facetag reads photos)",
        Reason::Other => {
            let mut kinds: Vec<_> = part.extensions.iter().collect();
            kinds.sort_by_key(|&(_, &count)| std::cmp::Reverse(count));
            let name = |extension: &str| {
                if extension.is_empty() { "without extension".to_owned() } else { format!(".{}", printable(extension)) }
            };
            let more = if kinds.len() > KINDS { ", …" } else { "" };
            let kinds: Vec<_> =
                kinds.iter().take(KINDS).map(|(extension, count)| format!("{count} {}", name(extension))).collect();
            many("file", "files") + &format!(" of other formats ({}{more})", kinds.join(", "))
        }
    }
}

/// Why a folder is skipped, by its path alone.
pub(super) fn folder(path: &Path) -> Option<Reason> {
    const SYSTEM: [&str; 14] = [
        "@eadir",
        "@recycle",
        "#recycle",
        "#snapshot",
        "@recently-snapshot",
        "@tmp",
        "$recycle.bin",
        "lost+found",
        "system volume information",
        ".thumbnails",
        ".trash",
        ".trashes",
        ".spotlight-v100",
        ".fseventsd",
    ];
    let name = path.file_name().unwrap_or_default();
    let lower = name.to_string_lossy().to_lowercase();
    if SYSTEM.contains(&lower.as_str()) || lower.starts_with(".trash-") {
        return Some(Reason::System);
    }
    if is_hidden(name) {
        return Some(Reason::Hidden);
    }
    let parent = path.parent()?;
    if is_own(path, &lower) {
        return Some(Reason::Own);
    }
    if is_bundle(parent) && !["originals", "masters"].contains(&lower.as_str()) {
        return Some(Reason::Derived);
    }
    None
}

/// A name that systems do not list.
pub(super) fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// A library keeps these beside its SQLite file. The user's own photos may lie beside it as well.
fn is_own(path: &Path, name: &str) -> bool {
    let beside = || path.parent().is_some_and(|parent| parent.join("library.sqlite").is_file());
    match name {
        "previews" | "packs" | "backups" => beside(),
        // A folder of links that `find --open` makes.
        "album" => beside() && !has_files(path),
        _ => false,
    }
}

fn has_files(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()))
}

/// A library of Apple Photos, iPhoto or Aperture.
fn is_bundle(folder: &Path) -> bool {
    let extension = folder.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ["photoslibrary", "photolibrary", "migratedphotolibrary", "aplibrary"].contains(&extension.as_str())
}

/// A preview of facetag's, wherever it was copied to: the hash of its photo, and for what it is.
pub(super) fn is_preview(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.len() > 65 && name[64] == b'-' && name[..64].iter().all(u8::is_ascii_hexdigit) && name.ends_with(b".jpg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_judged_by_their_path() {
        for (path, reason) in [
            ("/p/@eaDir", Some(Reason::System)),
            ("/p/.Trash-1000", Some(Reason::System)),
            ("/p/.thumbnails", Some(Reason::System)),
            ("/p/.old", Some(Reason::Hidden)),
            ("/p/Photos Library.photoslibrary", None),
            ("/p/Photos Library.photoslibrary/originals", None),
            ("/p/Photos Library.photoslibrary/resources", Some(Reason::Derived)),
            ("/p/iPhoto.photolibrary/Masters", None),
            ("/p/previews", None),
        ] {
            assert_eq!(folder(Path::new(path)), reason, "{path}");
        }
        assert!(is_preview(OsStr::new(&format!("{}-grid.jpg", "0a".repeat(32)))));
        assert!(!is_preview(OsStr::new("0a-grid.jpg")));
    }

    #[test]
    fn the_lines_say_what_to_do() {
        let mut skipped = Skipped::default();
        skipped.add(Reason::Link, Path::new("/p/link"));
        skipped.add(Reason::Other, Path::new("/p/a.TXT"));
        skipped.add(Reason::Other, Path::new("/p/b.txt"));
        assert_eq!(
            skipped.lines(),
            ["1 symbolic link (`--follow-links` follows them)", "2 files of other formats (2 .txt)"]
        );
    }
}
