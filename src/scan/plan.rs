//! Planning: the files found against the files known.

use std::collections::HashMap;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::ScopedJoinHandle;

use super::discover::{Found, FoundFile, Met, Target, discover};
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

/// Walks the folders, compares what is found there with what is known, and notes what needs no reading: the rest is the work. `None` where
/// it was interrupted; then nothing is noted.
pub(super) fn plan(job: &mut Job, targets: &[Target], info: &PackInfo) -> Result<Option<Plan>, CatalogError> {
    let mut plan = Plan::default();
    for target in targets {
        let Target { root, start, asked_for, .. } = target;
        if is_away(&root.path, || job.catalog.has_files_under(start))? {
            job.catalog.root_is_offline(&root.path)?;
            // Where all its photos have been found elsewhere since, nothing is amiss.
            if job.catalog.knows_files_under(start)? && !job.summary.offline.contains(&root.path) {
                (job.tell)(Event::Offline { path: &root.path });
                job.summary.offline.push(root.path.clone());
            }
            continue;
        }
        if root.offline {
            job.catalog.root_is_back(&root.path)?;
        }
        let from = if *asked_for { start } else { &root.path };
        let forgotten = job.catalog.forgotten_folders(from)?;
        let mut known = Known::new(job.catalog.files_apart(start)?, job.catalog.files_in_order(start));
        let (added, found) = with_walk(target, job.interrupted, |walk| {
            plan.add(walk.filter(|file| !forgotten.hold(from, &file.path)), &mut known, job.options)
        });
        added?;
        if job.is_interrupted() {
            return Ok(None);
        }
        plan.add_gone(known, &found.unseen)?;
        for (path, problem) in &found.unseen {
            (job.tell)(Event::Unreadable { path, problem });
        }
        job.summary.unreadable += found.unseen.len() as u64;
        for (format, count) in found.not_yet {
            *job.summary.not_yet.entry(format).or_default() += count;
        }
        job.summary.live_videos += found.live_videos;
        job.summary.skipped.extend(found.skipped.clone());
        if is_beside(start) {
            plan.beside_of(start, job.catalog)?;
        }
        if *start == root.path {
            plan.walked.push((start.clone(), found.skipped));
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
    Ok(Some(plan))
}

/// How many files a thread hands over at once, and how many such lots it may be ahead: more than one query reads of the known files, or the
/// threads would stand still during each.
const LOT: usize = 256;
const LOTS: usize = 64;

/// Hands the files at a target to `work` while two threads are ahead, one walking the folders, one asking how the files are: so the disk
/// and the database are waited for at the same time. All end early where it is interrupted. Returns what `work` returned, and what the walk
/// found beside photos.
fn with_walk<T>(
    target: &Target,
    interrupted: &AtomicBool,
    work: impl FnOnce(&mut dyn Iterator<Item = FoundFile>) -> T,
) -> (T, Found) {
    let goes_on = || !interrupted.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        let (walked, met) = sync_channel(LOTS);
        let (asked, found) = sync_channel(LOTS);
        let walking = scope.spawn(move || {
            let mut walk = discover(target, interrupted);
            hand_over(walk.by_ref(), &walked);
            walk.found
        });
        let asking = scope.spawn(move || {
            let mut unseen = Vec::new();
            let files = met.iter().flatten().take_while(|_| goes_on()).filter_map(Met::ask);
            hand_over(files.filter_map(|file| file.map_err(|unknown| unseen.push(unknown)).ok()), &asked);
            unseen
        });
        let done = work(&mut found.iter().flatten().take_while(|_| goes_on()));
        drop(found);
        let mut found = joined(walking);
        found.unseen.extend(joined(asking));
        (done, found)
    })
}

/// What a thread returned.
fn joined<T>(thread: ScopedJoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Sends these on in lots, until nobody listens any more: then something has gone wrong there.
fn hand_over<T>(mut items: impl Iterator<Item = T>, to: &SyncSender<Vec<T>>) {
    loop {
        let lot: Vec<T> = items.by_ref().take(LOT).collect();
        if lot.is_empty() || to.send(lot).is_err() {
            return;
        }
    }
}

/// The files known below a folder, which are met as a walk comes by: both go by the bytes of the paths, so neither list is ever whole in
/// memory.
struct Known<I: Iterator> {
    ahead: Peekable<I>,
    /// Those that the walk has passed without meeting them, and those that are not in this order.
    passed: HashMap<PathBuf, FileRow>,
}

impl<I: Iterator<Item = Result<FileRow, CatalogError>>> Known<I> {
    fn new(apart: Vec<FileRow>, in_order: I) -> Self {
        Self { ahead: in_order.peekable(), passed: apart.into_iter().map(|file| (file.path.clone(), file)).collect() }
    }

    /// The file of this path, if it is known and was not met before.
    fn meet(&mut self, path: &Path) -> Result<Option<FileRow>, CatalogError> {
        let bytes = path.as_os_str().as_encoded_bytes();
        let is_up_to = |file: &Result<FileRow, _>| {
            file.as_ref().map_or(true, |file: &FileRow| file.path.as_os_str().as_encoded_bytes() <= bytes)
        };
        while let Some(file) = self.ahead.next_if(is_up_to) {
            let file = file?;
            if file.path == path {
                return Ok(Some(file));
            }
            self.passed.insert(file.path.clone(), file);
        }
        Ok(self.passed.remove(path))
    }

    /// Those that were never met.
    fn rest(self) -> impl Iterator<Item = Result<FileRow, CatalogError>> {
        self.passed.into_values().map(Ok).chain(self.ahead)
    }
}

impl Plan {
    /// Whether models are needed.
    pub fn has_work(&self) -> bool {
        !self.read.is_empty() || self.to_embed > 0
    }

    /// Compares by path and stamp; no file is opened for it.
    fn add(
        &mut self,
        found: impl Iterator<Item = FoundFile>,
        known: &mut Known<impl Iterator<Item = Result<FileRow, CatalogError>>>,
        &Options { retry_failed, reread, .. }: &Options,
    ) -> Result<(), CatalogError> {
        let mut reader = BesideReader::default();
        for found in found {
            let file = known.meet(&found.path)?;
            let before = file.as_ref().and_then(|file| file.beside);
            let now = if found.has_beside { reader.stamp(&found.path) } else { None };
            if now != before || (reread && now.is_some()) {
                self.beside.push(found.path.clone());
            }
            let Some(file) = file.filter(|file| is_same(&file.stamp, &found.stamp)) else {
                self.read.push(found);
                continue;
            };
            if file.missing {
                self.back.push(file.path);
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
        Ok(())
    }

    /// What was not met is gone. But what lies below a folder that could not be looked into may well be there.
    fn add_gone(
        &mut self,
        known: Known<impl Iterator<Item = Result<FileRow, CatalogError>>>,
        unseen: &[(PathBuf, String)],
    ) -> Result<(), CatalogError> {
        let before = self.gone.len();
        for file in known.rest() {
            let FileRow { path, missing, .. } = file?;
            if !missing && !unseen.iter().any(|(folder, _)| path.starts_with(folder)) {
                self.gone.push(path);
            }
        }
        self.gone[before..].sort_unstable();
        Ok(())
    }

    /// A sidecar or the like has come, changed or gone: the photos that it may be about are those in its folder.
    fn beside_of(&mut self, path: &Path, catalog: &Catalog) -> Result<(), CatalogError> {
        let Some(folder) = path.parent() else { return Ok(()) };
        let mut reader = BesideReader::default();
        for file in catalog.files_under(folder)? {
            let file = file?;
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
///
/// # Errors
/// That of `had_files`.
pub(super) fn is_away<E>(root: &Path, had_files: impl FnOnce() -> Result<bool, E>) -> Result<bool, E> {
    if !root.is_dir() {
        return Ok(true);
    }
    let is_empty = std::fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_none());
    Ok(is_empty && had_files()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{PhotoId, Root};

    fn stamp(size: u64) -> Stamp {
        Stamp { size, modified: 5, changed: 7 }
    }

    fn plan_of(found: &[FoundFile], known: &[FileRow], retry_failed: bool) -> Plan {
        let mut plan = Plan::default();
        let mut known = Known::new(Vec::new(), known.iter().cloned().map(Ok));
        let options = Options { retry_failed, ..Options::default() };
        plan.add(found.iter().cloned(), &mut known, &options).unwrap();
        plan.add_gone(known, &[]).unwrap();
        plan
    }

    fn found(path: &str, size: u64) -> FoundFile {
        FoundFile { path: path.into(), stamp: stamp(size), has_beside: false }
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
        let walk = [found("/a", 1), found("/b", 2), found("/c", 3), found("/d", 4)];
        let back = FileRow { missing: true, ..known("/d", 4) };
        let long_gone = FileRow { missing: true, ..known("/f", 6) };
        let plan = plan_of(&walk, &[known("/b", 1), known("/c", 3), back, known("/e", 5), long_gone], false);
        assert_eq!(plan.read, [found("/a", 1), found("/b", 2)]);
        assert_eq!(plan.unchanged, 2);
        assert_eq!(plan.back, [PathBuf::from("/d")]);
        assert_eq!(plan.gone, [PathBuf::from("/e")]);
    }

    #[test]
    fn what_could_not_be_read_is_tried_again_when_asked_or_changed() {
        let broken = FileRow { photo: None, problem: Some("damaged".into()), ..known("/a", 1) };
        let walk = |size| [found("/a", size)];
        assert_eq!(plan_of(&walk(1), std::slice::from_ref(&broken), false).still_unreadable, 1);
        assert_eq!(plan_of(&walk(1), std::slice::from_ref(&broken), true).read.len(), 1);
        assert_eq!(plan_of(&walk(2), &[broken], false).read.len(), 1);
    }

    #[test]
    fn below_a_folder_that_could_not_be_opened_nothing_is_gone() {
        let unseen = [("/locked".into(), "permission denied".into())];
        let mut plan = Plan::default();
        let row = || [Ok(known("/locked/a", 1)), Ok(known("/open/a", 1))].into_iter();
        plan.add_gone(Known::new(Vec::new(), row()), &unseen).unwrap();
        assert_eq!(plan.gone, [PathBuf::from("/open/a")]);
    }

    #[test]
    fn what_is_out_of_order_is_met_too() {
        let paths = ["/a b/1", "/a/1", "/a/2", "/b"];
        for walk in
            [["/a b/1", "/a/1", "/a/2", "/b"], ["/b", "/a/2", "/a/1", "/a b/1"], ["/a/1", "/b", "/a b/1", "/a/2"]]
        {
            let rows = paths.iter().map(|path| Ok(known(path, 1)));
            let mut all = Known::new(vec![known("/apart", 1)], rows);
            for path in walk.iter().copied().chain(["/apart"]) {
                assert_eq!(all.meet(Path::new(path)).unwrap().map(|file| file.path), Some(path.into()), "{walk:?}");
            }
            assert_eq!(all.meet(Path::new("/new")).unwrap(), None);
            assert_eq!(all.rest().count(), 0);
        }
    }

    #[test]
    fn who_interrupts_need_not_wait_for_what_the_threads_are_ahead() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..3 * LOT {
            std::fs::write(folder.path().join(format!("{number}.jpg")), "").unwrap();
        }
        let root = Root {
            path: folder.path().to_owned(),
            scanned_at: None,
            offline: false,
            excluded: Vec::new(),
            follow_links: false,
            skipped: String::new(),
        };
        let target = Target { start: root.path.clone(), root, asked_for: true, others: Vec::new() };
        let count = |interrupt: bool| {
            let interrupted = AtomicBool::new(false);
            let count = |files: &mut dyn Iterator<Item = FoundFile>| {
                let first = files.next().is_some();
                interrupted.store(interrupt, Ordering::Relaxed);
                usize::from(first) + files.count()
            };
            with_walk(&target, &interrupted, count).0
        };
        assert_eq!(count(false), 3 * LOT);
        assert_eq!(count(true), 1);
    }

    #[test]
    fn a_file_that_changed_in_any_way_is_looked_into() {
        let walk = |changed| [FoundFile { stamp: Stamp { changed, ..stamp(1) }, ..found("/a", 1) }];
        assert_eq!(plan_of(&walk(8), &[known("/a", 1)], false).read.len(), 1);
        // As an older facetag, which did not look at it, left it.
        let older = FileRow { stamp: Stamp { changed: 0, ..stamp(1) }, ..known("/a", 1) };
        let plan = plan_of(&walk(8), &[older], false);
        assert_eq!((plan.read.len(), plan.unchanged, plan.seen.len()), (0, 1, 1));
    }
}
