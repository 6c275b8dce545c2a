//! Finding the photos below a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use walkdir::{DirEntry, WalkDir};

use crate::photo::Candidate;

/// A file that may be a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970, UTC.
    pub modified: i64,
}

/// What lies below a folder.
#[derive(Debug, Default)]
pub struct Walk {
    /// In the order of their paths.
    pub photos: Vec<FoundFile>,
    /// Files of formats that cannot be read yet: how many of each.
    pub not_yet: BTreeMap<&'static str, u64>,
    /// Folders and files that could not be looked at, and why.
    pub unseen: Vec<(PathBuf, String)>,
}

/// Walks a folder. Hidden files and folders are passed over, and so are symbolic links: what they lead to is found where
/// it is, and an album of links would show every photo twice. `None` where it was interrupted.
pub fn walk(root: &Path, interrupted: &AtomicBool) -> Option<Walk> {
    let mut found = Walk::default();
    let entries = WalkDir::new(root).sort_by_file_name().into_iter();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_passed_over(entry)) {
        if interrupted.load(Ordering::Relaxed) {
            return None;
        }
        match entry {
            Ok(entry) if entry.file_type().is_file() => match Candidate::of(entry.path()) {
                Candidate::Photo(_) => match file(&entry) {
                    Ok(file) => found.photos.push(file),
                    Err(error) => found.unseen.push((entry.into_path(), error.to_string())),
                },
                Candidate::NotYet(format) => *found.not_yet.entry(format.name()).or_default() += 1,
                Candidate::Video | Candidate::Other => {}
            },
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                found.unseen.push((path, reason));
            }
        }
    }
    Some(found)
}

/// Hidden, or the thumbnails and waste bins that network disks keep between the photos.
fn is_passed_over(entry: &DirEntry) -> bool {
    let name = entry.file_name().as_encoded_bytes();
    name.starts_with(b".") || [&b"@eaDir"[..], b"#recycle", b"$RECYCLE.BIN", b"lost+found"].contains(&name)
}

fn file(entry: &DirEntry) -> Result<FoundFile, walkdir::Error> {
    let metadata = entry.metadata()?;
    let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
    let modified = match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i64,
        Err(before) => -(before.duration().as_nanos() as i64),
    };
    Ok(FoundFile { path: entry.path().to_owned(), size: metadata.len(), modified })
}
