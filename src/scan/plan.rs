//! Planning: the files found against the files known.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::discover::{Found, FoundFile, Target};
use super::embed::faces_to_embed;
use super::skip::Skipped;
use super::{Event, Job, Options, Summary};
use crate::catalog::{Catalog, CatalogError, FileRow, Stamp};
use crate::face::PackInfo;
use crate::tags::{BesideReader, is_beside};

/// The work of a scan.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
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
    /// As they were, as far as is known; from now on more is.
    pub seen: Vec<(PathBuf, Stamp)>,
    /// Files beside which not the same lies as before.
    pub beside: Vec<PathBuf>,
    /// Photos whose faces have no embedding.
    to_embed: u64,
    /// The roots that were walked, and what was skipped there.
    walked: Vec<(PathBuf, Skipped)>,
    /// Whole roots are scanned, and not paths alone.
    pub has_whole_roots: bool,
}

/// Compares what was found with what is known, notes what needs no reading, and returns the rest.
pub(super) fn plan(job: &mut Job, found: Vec<(Target, Found)>, info: &PackInfo) -> Result<Plan, CatalogError> {
    let mut plan = Plan::default();
    for (Target { root, start, asked_for }, mut found) in found {
        let known = job.catalog.files_under(&start)?;
        if is_away(&root.path, known.iter().any(|file| !file.missing)) {
            job.catalog.root_is_offline(&root.path)?;
            // Where all its photos have been found elsewhere since, nothing is amiss.
            if !known.is_empty() && !job.summary.offline.contains(&root.path) {
                (job.tell)(Event::Offline { path: &root.path });
                job.summary.offline.push(root.path);
            }
            continue;
        }
        if root.offline {
            job.catalog.root_is_back(&root.path)?;
        }
        let from = if asked_for { &start } else { &root.path };
        let forgotten = job.catalog.forgotten_folders(from)?;
        found.photos.retain(|file| !forgotten.hold(from, &file.path));
        for (path, problem) in &found.unseen {
            (job.tell)(Event::Unreadable { path, problem });
        }
        job.summary.unreadable += found.unseen.len() as u64;
        for (format, count) in found.not_yet {
            *job.summary.not_yet.entry(format).or_default() += count;
        }
        job.summary.live_videos += found.live_videos;
        job.summary.skipped.extend(found.skipped.clone());
        plan.add(found.photos, &found.unseen, &known, job.options);
        if is_beside(&start) {
            plan.beside_of(&start, job.catalog)?;
        }
        if start == root.path {
            plan.walked.push((start, found.skipped));
            plan.has_whole_roots = true;
        }
    }
    job.catalog.note_files(&plan.gone, &plan.back, &plan.seen)?;
    job.summary.unchanged += plan.unchanged;
    job.summary.unreadable += plan.still_unreadable;
    if plan.has_whole_roots {
        plan.to_embed = faces_to_embed(job.catalog, &info.name)?.len() as u64;
    }
    (job.tell)(Event::Planned { to_read: plan.read.len() as u64 + plan.to_embed });
    Ok(plan)
}

impl Plan {
    /// Whether models are needed.
    pub fn has_work(&self) -> bool {
        !self.read.is_empty() || self.to_embed > 0
    }

    /// Compares by path and stamp; no file is opened for it.
    fn add(
        &mut self,
        found: Vec<FoundFile>,
        unseen: &[(PathBuf, String)],
        known: &[FileRow],
        &Options { retry_failed, reread, .. }: &Options,
    ) {
        let mut not_found: HashMap<&Path, &FileRow> = known.iter().map(|file| (file.path.as_path(), file)).collect();
        let mut reader = BesideReader::default();
        for found in found {
            let file = not_found.remove(found.path.as_path());
            let (before, now) = (file.and_then(|file| file.beside), reader.stamp(&found.path));
            if now != before || (reread && now.is_some()) {
                self.beside.push(found.path.clone());
            }
            let Some(file) = file.filter(|file| is_same(&file.stamp, &found.stamp)) else {
                self.read.push(found);
                continue;
            };
            if file.missing {
                self.back.push(file.path.clone());
            }
            match (&file.problem, retry_failed, reread) {
                (Some(_), true, _) | (None, _, true) => self.read.push(found),
                (Some(_), false, _) => self.still_unreadable += 1,
                (None, _, false) => {
                    self.unchanged += 1;
                    if file.stamp != found.stamp {
                        self.seen.push((found.path, found.stamp));
                    }
                }
            }
        }
        // What lies below a folder that could not be looked into may well be there.
        let unseen = |path: &Path| unseen.iter().any(|(folder, _)| path.starts_with(folder));
        let mut gone: Vec<PathBuf> = not_found
            .into_values()
            .filter(|file| !file.missing && !unseen(&file.path))
            .map(|file| file.path.clone())
            .collect();
        gone.sort();
        self.gone.extend(gone);
    }

    /// A sidecar or the like has come, changed or gone: the photos that it may be about are those in its folder.
    fn beside_of(&mut self, path: &Path, catalog: &Catalog) -> Result<(), CatalogError> {
        let Some(folder) = path.parent() else { return Ok(()) };
        let mut reader = BesideReader::default();
        for file in catalog.files_under(folder)? {
            let is_in_it = file.path.parent() == Some(folder) && !file.missing;
            if is_in_it && reader.stamp(&file.path) != file.beside {
                self.beside.push(file.path);
            }
        }
        Ok(())
    }

    /// Notes what can be said only at the end of the scan.
    pub fn finish(&self, job: &mut Job) -> Result<Summary, CatalogError> {
        let Job { catalog, summary, .. } = job;
        // What was found elsewhere in the meantime has moved, and is not gone.
        for path in &self.gone {
            summary.missing += u64::from(catalog.is_missing(path)?);
        }
        if !summary.interrupted {
            for (root, skipped) in &self.walked {
                catalog.root_was_scanned(root, &serde_json::to_string(skipped)?)?;
            }
        }
        Ok(summary.clone())
    }
}

/// Whether a file has the content that it had. An older facetag did not look at when it changed.
fn is_same(known: &Stamp, found: &Stamp) -> bool {
    let Stamp { size, modified, changed } = *known;
    size == found.size && modified == found.modified && (changed == found.changed || changed == 0)
}

/// Whether the disk with a root is away: an unmounted one leaves no folder, or an empty one where files were.
pub(super) fn is_away(root: &Path, had_files: bool) -> bool {
    let is_empty = || std::fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_none());
    !root.is_dir() || (had_files && is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::PhotoId;

    fn stamp(size: u64) -> Stamp {
        Stamp { size, modified: 5, changed: 7 }
    }

    fn plan_of(found: Found, known: &[FileRow], retry_failed: bool) -> Plan {
        let mut plan = Plan::default();
        plan.add(found.photos, &found.unseen, known, &Options { retry_failed, ..Options::default() });
        plan
    }

    fn found(path: &str, size: u64) -> FoundFile {
        FoundFile { path: path.into(), stamp: stamp(size) }
    }

    fn known(path: &str, size: u64) -> FileRow {
        FileRow {
            path: path.into(),
            stamp: stamp(size),
            photo: Some(PhotoId(1)),
            problem: None,
            missing: false,
            beside: None,
            elsewhere: None,
        }
    }

    #[test]
    fn files_are_new_changed_unchanged_gone_or_back() {
        let walk =
            Found { photos: vec![found("/a", 1), found("/b", 2), found("/c", 3), found("/d", 4)], ..Found::default() };
        let back = FileRow { missing: true, ..known("/d", 4) };
        let long_gone = FileRow { missing: true, ..known("/f", 6) };
        let plan = plan_of(walk, &[known("/b", 1), known("/c", 3), back, known("/e", 5), long_gone], false);
        assert_eq!(plan.read, [found("/a", 1), found("/b", 2)]);
        assert_eq!(plan.unchanged, 2);
        assert_eq!(plan.back, [PathBuf::from("/d")]);
        assert_eq!(plan.gone, [PathBuf::from("/e")]);
    }

    #[test]
    fn what_could_not_be_read_is_tried_again_when_asked_or_changed() {
        let broken = FileRow { photo: None, problem: Some("damaged".into()), ..known("/a", 1) };
        let walk = |size| Found { photos: vec![found("/a", size)], ..Found::default() };
        assert_eq!(plan_of(walk(1), std::slice::from_ref(&broken), false).still_unreadable, 1);
        assert_eq!(plan_of(walk(1), std::slice::from_ref(&broken), true).read.len(), 1);
        assert_eq!(plan_of(walk(2), &[broken], false).read.len(), 1);
    }

    #[test]
    fn below_a_folder_that_could_not_be_opened_nothing_is_gone() {
        let walk = Found { unseen: vec![("/locked".into(), "permission denied".into())], ..Found::default() };
        assert_eq!(plan_of(walk, &[known("/locked/a", 1)], false), Plan::default());
    }

    #[test]
    fn a_file_that_changed_in_any_way_is_looked_into() {
        let walk = |changed| {
            let file = FoundFile { path: "/a".into(), stamp: Stamp { changed, ..stamp(1) } };
            Found { photos: vec![file], ..Found::default() }
        };
        assert_eq!(plan_of(walk(8), &[known("/a", 1)], false).read.len(), 1);
        // As an older facetag, which did not look at it, left it.
        let older = FileRow { stamp: Stamp { changed: 0, ..stamp(1) }, ..known("/a", 1) };
        let plan = plan_of(walk(8), &[older], false);
        assert_eq!((plan.read.len(), plan.unchanged, plan.seen.len()), (0, 1, 1));
    }
}
