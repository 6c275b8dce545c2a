//! Discovering: the photos below a folder, and what is skipped there.

use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType, Metadata};
use std::io::ErrorKind;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::skip::{self, Reason, Skipped};
use crate::catalog::{Root, Stamp};
use crate::photo::Candidate;
use crate::tags::is_beside;

/// Where to look: all of a root, or what lies at a path below it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub root: Root,
    /// The root itself, a folder or a file.
    pub start: PathBuf,
    /// Somebody asked for just this: it is looked at even where it is hidden.
    pub asked_for: bool,
    /// The other roots: what links lead to there is scanned there.
    pub others: Vec<PathBuf>,
}

/// A file that may be a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    pub path: PathBuf,
    pub stamp: Stamp,
    /// Whether sidecars or the like may lie in its folder.
    pub has_beside: bool,
}

/// A file that a walk came across; in most cases the system has not been asked about it yet.
pub(super) struct Met {
    path: PathBuf,
    stamp: Option<Stamp>,
    has_beside: bool,
}

impl Met {
    /// Asks about it, unless the walk has. `None` where it was removed in the meantime; an error has its path and the reason.
    pub fn ask(self) -> Option<Result<FoundFile, (PathBuf, String)>> {
        let Self { path, stamp, has_beside } = self;
        match stamp.map_or_else(|| fs::symlink_metadata(&path).map(|about| Stamp::of(&about)), Ok) {
            Ok(stamp) => Some(Ok(FoundFile { path, stamp, has_beside })),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => Some(Err((path, error.to_string()))),
        }
    }
}

/// What lies below a folder beside its photos.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// Files of formats that cannot be read yet: how many of each.
    pub not_yet: BTreeMap<&'static str, u64>,
    /// Videos that belong to a photo beside them.
    pub live_videos: u64,
    pub skipped: Skipped,
    /// Folders and files that could not be looked at, and why.
    pub unseen: Vec<(PathBuf, String)>,
}

/// The name of a file with patterns, in the syntax of `.gitignore`, of what is not to be scanned below its folder.
pub(super) const IGNORE_FILE: &str = ".facetagignore";

/// Files that keep a folder from being scanned.
pub(super) const NO_MEDIA: [&str; 2] = [".nomedia", ".ppignore"];

/// Patterns of a root, in the syntax of `.gitignore`.
///
/// # Errors
/// In words: which pattern cannot be understood.
pub(super) fn patterns(root: &Path, globs: &[String]) -> Result<Gitignore, String> {
    let mut builder = GitignoreBuilder::new(root);
    for glob in globs {
        builder.add_line(None, glob).map_err(|error| error.to_string())?;
    }
    builder.build().map_err(|error| error.to_string())
}

/// Looks at what lies at a target; no file is opened but those with patterns.
pub(super) fn discover<'a>(target: &'a Target, interrupted: &'a AtomicBool) -> Walk<'a> {
    let mut walk = Walk {
        excluded: patterns(&target.root.path, &target.root.excluded).unwrap_or_else(|_| Gitignore::empty()),
        follow_links: target.root.follow_links,
        others: &target.others,
        interrupted,
        found: Found::default(),
        open: Vec::new(),
        ignored: Vec::new(),
        links: Vec::new(),
        seen: HashSet::new(),
    };
    walk.start(target);
    walk
}

/// What tells one file from another, whatever it is called.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = PathBuf;

/// The photos of a folder, in the order of their paths' bytes; those behind links last. It ends early where it is interrupted.
pub(super) struct Walk<'a> {
    excluded: Gitignore,
    follow_links: bool,
    others: &'a [PathBuf],
    interrupted: &'a AtomicBool,
    /// What was found beside photos so far.
    pub found: Found,
    /// The folders that are being looked at, each in the one before it.
    open: Vec<Folder>,
    /// The patterns of these folders and those above, the innermost last.
    ignored: Vec<Arc<Gitignore>>,
    /// Links to follow, with the patterns that hold there.
    links: Vec<(PathBuf, Vec<Arc<Gitignore>>)>,
    /// Files and folders that were seen, where links are followed.
    seen: HashSet<Identity>,
}

struct Folder {
    path: PathBuf,
    /// What is still to be looked at.
    entries: std::vec::IntoIter<(OsString, FileType)>,
    /// Its photos, where it has videos, see [`stills`].
    stills: HashSet<String>,
    /// Whether sidecars or the like may lie there.
    has_beside: bool,
    /// How many patterns hold outside.
    outer_patterns: usize,
}

impl Iterator for Walk<'_> {
    type Item = Met;

    fn next(&mut self) -> Option<Met> {
        loop {
            if self.interrupted.load(Ordering::Relaxed) {
                return None;
            }
            let photo = match self.open.last_mut() {
                Some(folder) => match folder.entries.next() {
                    Some((name, kind)) => {
                        let path = folder.path.join(name);
                        self.entry(path, kind)
                    }
                    None => {
                        self.ignored.truncate(folder.outer_patterns);
                        self.open.pop();
                        None
                    }
                },
                // What links lead to comes last: by then is known what lies in the folder itself.
                None => {
                    let (link, ignored) = self.links.pop()?;
                    self.ignored = ignored;
                    self.behind(&link)
                }
            };
            if photo.is_some() {
                return photo;
            }
        }
    }
}

impl Walk<'_> {
    fn start(&mut self, target: &Target) {
        let (root, start) = (&target.root.path, &target.start);
        if start == root {
            return self.folder(root);
        }
        // From the root down to what was asked for, as a walk would come there.
        let between: Vec<&Path> = start.ancestors().skip(1).take_while(|folder| folder.starts_with(root)).collect();
        for folder in between.into_iter().rev() {
            if folder != root && !target.asked_for {
                let marked = NO_MEDIA.iter().any(|name| folder.join(name).exists());
                if marked || skip::folder(folder).is_some() || self.is_excluded(folder, true) {
                    return;
                }
            }
            self.ignored.extend(patterns_in(folder));
        }
        match fs::symlink_metadata(start) {
            Ok(about) if about.is_dir() && target.asked_for => self.folder(start),
            Ok(about) => self.alone(start, about.file_type()),
            Err(error) => {
                if error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::NotADirectory {
                    self.found.unseen.push((start.clone(), error.to_string()));
                }
            }
        }
    }

    /// Of all that lies in its folder, only this is to be looked at.
    fn alone(&mut self, path: &Path, kind: FileType) {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return };
        let mut names = Vec::new();
        if kind.is_file() && Candidate::of(path) == Candidate::Video {
            let beside = fs::read_dir(folder).into_iter().flatten().flatten();
            names.extend(beside.map(|entry| entry.file_name()));
        }
        self.open.push(Folder {
            path: folder.to_owned(),
            entries: vec![(name.to_owned(), kind)].into_iter(),
            stills: stills(names.iter().map(Path::new)),
            has_beside: true,
            outer_patterns: self.ignored.len(),
        });
    }

    /// Looks at all that lies in a folder.
    fn folder(&mut self, folder: &Path) {
        if self.follow_links
            && let Ok(about) = fs::metadata(folder)
            && !self.seen.insert(identity(folder, &about))
        {
            return;
        }
        let read = fs::read_dir(folder).and_then(|entries| {
            entries.map(|entry| entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?)))).collect()
        });
        let mut entries: Vec<_> = match read {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    self.found.unseen.push((folder.to_owned(), error.to_string()));
                }
                return;
            }
        };
        entries.sort_unstable_by(|one, other| in_order(one).cmp(in_order(other)));
        let outer_patterns = self.ignored.len();
        if entries.iter().any(|(name, _)| name == IGNORE_FILE) {
            self.ignored.extend(patterns_in(folder));
        }
        let mut names = entries.iter().map(|(name, _)| Path::new(name));
        self.open.push(Folder {
            path: folder.to_owned(),
            stills: stills(names.clone()),
            has_beside: names.any(is_beside),
            entries: entries.into_iter(),
            outer_patterns,
        });
    }

    fn entry(&mut self, path: PathBuf, kind: FileType) -> Option<Met> {
        if kind.is_dir() {
            self.inner(&path);
        } else if kind.is_file() {
            return self.file(path, None);
        } else if !is_hidden(&path) && !self.is_excluded(&path, false) {
            if kind.is_symlink() {
                self.link(path);
            } else if may_be_photo(&path) {
                self.found.skipped.add(Reason::Special, &path);
            }
        }
        None
    }

    /// A folder in another.
    fn inner(&mut self, folder: &Path) {
        let reason = skip::folder(folder).or_else(|| {
            if self.is_excluded(folder, true) {
                return Some(Reason::Excluded);
            }
            NO_MEDIA.iter().any(|name| folder.join(name).exists()).then_some(Reason::NoMedia)
        });
        match reason {
            Some(reason) => self.found.skipped.add(reason, folder),
            None => self.folder(folder),
        }
    }

    /// A file, or one behind a link, of which this is known: the photo that it may be.
    fn file(&mut self, path: PathBuf, about: Option<Metadata>) -> Option<Met> {
        let candidate = Candidate::of(&path);
        if is_hidden(&path) {
            if may_be_photo(&path) {
                self.found.skipped.add(Reason::Hidden, &path);
            }
            return None;
        }
        if self.is_excluded(&path, false) {
            if may_be_photo(&path) {
                self.found.skipped.add(Reason::Excluded, &path);
            }
            return None;
        }
        match candidate {
            Candidate::Photo(_) if path.file_name().is_some_and(skip::is_preview) => {
                self.found.skipped.add(Reason::Own, &path);
            }
            Candidate::Photo(_) => {
                let mut about = about;
                let mut was_seen = false;
                if self.follow_links {
                    // Where this fails, [`Met::ask`] tries again and tells why.
                    about = about.or_else(|| fs::symlink_metadata(&path).ok());
                    was_seen = about
                        .as_ref()
                        .is_some_and(|about| !self.seen.insert(identity(&path, about)) && nlinks(about) <= 1);
                }
                if !was_seen {
                    let has_beside = self.open.last().is_none_or(|folder| folder.has_beside);
                    return Some(Met { path, stamp: about.as_ref().map(Stamp::of), has_beside });
                }
            }
            Candidate::NotYet(format) => *self.found.not_yet.entry(format.name()).or_default() += 1,
            Candidate::Video if self.open.last().is_some_and(|folder| belongs_to_still(&folder.stills, &path)) => {
                self.found.live_videos += 1;
            }
            Candidate::Video => self.found.skipped.add(Reason::Video, &path),
            Candidate::Other => self.found.skipped.add(Reason::Other, &path),
        }
        None
    }

    fn link(&mut self, path: PathBuf) {
        if self.follow_links {
            self.links.push((path, self.ignored.clone()));
        } else {
            self.found.skipped.add(Reason::Link, &path);
        }
    }

    /// What a link leads to, unless it was seen before: a link to a folder above it would never end.
    fn behind(&mut self, link: &Path) -> Option<Met> {
        if let Ok(path) = link.canonicalize()
            && self.others.iter().any(|other| path.starts_with(other))
        {
            return None;
        }
        match fs::metadata(link) {
            Ok(about) if about.is_dir() => self.inner(link),
            Ok(about) if about.is_file() => {
                if !self.seen.contains(&identity(link, &about)) {
                    return self.file(link.to_owned(), Some(about));
                }
            }
            Ok(_) => self.found.skipped.add(Reason::Special, link),
            Err(_) => self.found.skipped.add(Reason::DeadLink, link),
        }
        None
    }

    fn is_excluded(&self, path: &Path, is_folder: bool) -> bool {
        if self.excluded.matched(path, is_folder).is_ignore() {
            return true;
        }
        let said =
            self.ignored.iter().rev().map(|ignored| ignored.matched(path, is_folder)).find(|said| !said.is_none());
        said.is_some_and(|said| said.is_ignore())
    }
}

/// What to sort the entries of folders by, so that a walk comes by whole paths in the order of their bytes: "a b/1.jpg" is before
/// "a/1.jpg", as a space is before a slash.
fn in_order((name, kind): &(OsString, FileType)) -> impl Iterator<Item = u8> {
    let end = kind.is_dir().then_some(MAIN_SEPARATOR as u8);
    name.as_encoded_bytes().iter().copied().chain(end)
}

/// The patterns that a folder holds, if it does.
fn patterns_in(folder: &Path) -> Option<Arc<Gitignore>> {
    let file = folder.join(IGNORE_FILE);
    // A line that cannot be understood is left out, as git does it.
    file.is_file().then(|| Arc::new(Gitignore::new(file).0))
}

/// The names of the photos among these files, in lower case, with and without their extension; none where there is no video, as then
/// nobody asks.
fn stills<'a>(files: impl Iterator<Item = &'a Path> + Clone) -> HashSet<String> {
    if !files.clone().any(|file| Candidate::of(file) == Candidate::Video) {
        return HashSet::new();
    }
    // Small pictures that cameras put beside each video do not make it part of a photo.
    let photos = files.filter(|file| may_be_photo(file) && !has_extension(file, &["thm"]));
    photos.flat_map(|photo| [lower(photo.file_name()), lower(photo.file_stem())]).collect()
}

/// Whether a video is that of a Live Photo, as phones and the programs that copy from them name it: `IMG_1.MOV` or `IMG_1_HEVC.MOV`
/// beside `IMG_1.HEIC`, `IMG_1.HEIC.MOV`, and `PXL_1.MP` beside `PXL_1.MP.jpg`.
fn belongs_to_still(stills: &HashSet<String>, video: &Path) -> bool {
    let (name, stem) = (lower(video.file_name()), lower(video.file_stem()));
    let plain = stem.strip_suffix("_hevc").unwrap_or(&stem);
    has_extension(video, &["mov", "mp4", "mp"]) && [&name, &stem, plain].iter().any(|name| stills.contains(*name))
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    extensions.contains(&lower(path.extension()).as_str())
}

fn lower(name: Option<&OsStr>) -> String {
    name.unwrap_or_default().to_string_lossy().to_lowercase()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(skip::is_hidden)
}

fn may_be_photo(path: &Path) -> bool {
    matches!(Candidate::of(path), Candidate::Photo(_) | Candidate::NotYet(_))
}

#[cfg(unix)]
fn identity(_path: &Path, about: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

#[cfg(not(unix))]
fn identity(path: &Path, _about: &Metadata) -> Identity {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// A file with several names is listed by each of them.
#[cfg(unix)]
fn nlinks(about: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(about)
}

#[cfg(not(unix))]
fn nlinks(_about: &Metadata) -> u64 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn videos_of_live_photos_are_told_by_their_names() {
        let names = ["IMG_1.HEIC", "IMG_2.JPG", "PXL_3.MP.jpg", "GOPR4.THM", "IMG_1.MOV"];
        let stills = stills(names.iter().map(Path::new));
        for (video, belongs) in [
            ("IMG_1.MOV", true),
            ("img_1.mov", true),
            ("IMG_1_HEVC.MOV", true),
            ("IMG_1.HEIC.MOV", true),
            ("IMG_2.mp4", true),
            ("PXL_3.MP", true),
            ("PXL_3.MP.mp4", true),
            ("GOPR4.MP4", false),
            ("IMG_5.MOV", false),
            ("IMG_2.AVI", false),
        ] {
            assert_eq!(belongs_to_still(&stills, Path::new(video)), belongs, "{video}");
        }
        assert!(super::stills([Path::new("IMG_1.HEIC")].into_iter()).is_empty(), "no video, no work");
    }
}
