//! What a scan has to do: the files found against the files known.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::walk::{FoundFile, Walk};
use crate::catalog::FileRow;

/// The work of a scan.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// New or changed, or to be tried again.
    pub read: Vec<FoundFile>,
    /// Neither opened nor changed.
    pub unchanged: u64,
    /// Could not be read before, and are as they were.
    pub still_unreadable: u64,
    /// No longer there.
    pub gone: Vec<PathBuf>,
    /// There again, as they were.
    pub back: Vec<PathBuf>,
}

impl Plan {
    /// Compares by path, size and time of change; no file is opened for it.
    pub fn new(walk: &Walk, known: &[FileRow], retry_failed: bool) -> Self {
        let mut plan = Self::default();
        let mut not_found: HashMap<&Path, &FileRow> = known.iter().map(|file| (file.path.as_path(), file)).collect();
        for found in &walk.photos {
            match not_found.remove(found.path.as_path()) {
                Some(file) if file.size == found.size && file.modified == found.modified => {
                    if file.missing {
                        plan.back.push(file.path.clone());
                    }
                    match (&file.problem, retry_failed) {
                        (Some(_), true) => plan.read.push(found.clone()),
                        (Some(_), false) => plan.still_unreadable += 1,
                        (None, _) => plan.unchanged += 1,
                    }
                }
                _ => plan.read.push(found.clone()),
            }
        }
        // What lies below a folder that could not be looked into may well be there.
        let unseen = |path: &Path| walk.unseen.iter().any(|(folder, _)| path.starts_with(folder));
        let gone = not_found.into_values().filter(|file| !file.missing && !unseen(&file.path));
        plan.gone.extend(gone.map(|file| file.path.clone()));
        plan.gone.sort();
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, size: u64) -> FoundFile {
        FoundFile { path: path.into(), size, modified: 5 }
    }

    fn known(path: &str, size: u64) -> FileRow {
        FileRow { path: path.into(), size, modified: 5, photo: Some(1), problem: None, missing: false }
    }

    #[test]
    fn files_are_new_changed_unchanged_gone_or_back() {
        let walk =
            Walk { photos: vec![found("/a", 1), found("/b", 2), found("/c", 3), found("/d", 4)], ..Walk::default() };
        let back = FileRow { missing: true, ..known("/d", 4) };
        let long_gone = FileRow { missing: true, ..known("/f", 6) };
        let plan = Plan::new(&walk, &[known("/b", 1), known("/c", 3), back, known("/e", 5), long_gone], false);
        assert_eq!(plan.read, [found("/a", 1), found("/b", 2)]);
        assert_eq!(plan.unchanged, 2);
        assert_eq!(plan.back, [PathBuf::from("/d")]);
        assert_eq!(plan.gone, [PathBuf::from("/e")]);
    }

    #[test]
    fn what_could_not_be_read_is_tried_again_when_asked_or_changed() {
        let broken = FileRow { photo: None, problem: Some("damaged".into()), ..known("/a", 1) };
        let walk = |size| Walk { photos: vec![found("/a", size)], ..Walk::default() };
        assert_eq!(Plan::new(&walk(1), std::slice::from_ref(&broken), false).still_unreadable, 1);
        assert_eq!(Plan::new(&walk(1), std::slice::from_ref(&broken), true).read.len(), 1);
        assert_eq!(Plan::new(&walk(2), &[broken], false).read.len(), 1);
    }

    #[test]
    fn below_a_folder_that_could_not_be_opened_nothing_is_gone() {
        let walk = Walk { unseen: vec![("/locked".into(), "permission denied".into())], ..Walk::default() };
        assert_eq!(Plan::new(&walk, &[known("/locked/a", 1)], false), Plan::default());
    }
}
