//! Watching: what happens below the roots -> scans of just that.
//!
//! The system says what happens (inotify and its like). Where it does not, as on network disks, or cannot, as beyond its limit of
//! watched folders, the folders are looked at from time to time.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::discover::{IGNORE_FILE, NO_MEDIA};
use super::{Event, NewNames, ScanError, Scanned, Summary, import_new, memory, scan_paths, skip};
use crate::catalog::{Catalog, CatalogError, Library, PhotoId, Session, Task, shared_file_system};
use crate::people::active_pack;
use crate::photo::Candidate;
use crate::tags::{is_beside, is_picasa};

/// How to watch.
#[derive(Debug, Clone, Default)]
pub struct Watching {
    /// Look at all folders so often, instead of being told by the system.
    pub poll: Option<Duration>,
}

/// What is told while watching goes on.
pub enum News<'a> {
    /// A root is watched from now on, by events or by looking at it.
    Watched { root: &'a Path, polled: bool },
    /// Of the scan that goes on.
    Scan(Event<'a>),
    /// A scan has ended; photos of greater numbers than `since` are new, and so are these names of other programs.
    Scanned { summary: &'a Summary, since: PhotoId, names: Option<&'a NewNames> },
    /// From time to time: what was decided meanwhile can be followed.
    Checked { catalog: &'a Catalog },
    /// What could not be done, and is tried again within a minute.
    Trouble(ScanError),
}

/// A file is complete when nothing has happened to it for so long.
const SETTLED: Duration = Duration::from_millis(1500);

/// One that was opened for writing, and not closed, is left alone for longer: the copy may come over a slow network.
const STALLED: Duration = Duration::from_secs(15);

/// What is complete waits at most so long for the rest of a burst.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// More paths than this are not worth to be kept apart: their roots are scanned.
const MOST_PATHS: usize = 10_000;

/// So often is looked whether roots came or went, and whether watching is to end.
const CHECK: Duration = Duration::from_secs(15);
const STEP: Duration = Duration::from_millis(500);

/// Folders of which the system says nothing are looked at so often.
const POLL: Duration = Duration::from_secs(300);

/// After a scan that failed, so long passes until the next.
const BUSY: Duration = Duration::from_secs(3);
const TROUBLE: Duration = Duration::from_secs(60);

/// Scans all roots, and from then on what changes in them, until `interrupted` is set.
///
/// # Errors
/// [`ScanError::NoRoot`]; the library cannot be opened. What goes wrong later is told as [`News::Trouble`].
pub fn watch(
    library: &Library,
    watching: &Watching,
    interrupted: &AtomicBool,
    mut tell: impl FnMut(News),
) -> Result<(), ScanError> {
    let catalog = Catalog::open(library)?;
    if catalog.roots()?.is_empty() {
        return Err(ScanError::NoRoot);
    }
    let pack = active_pack(&catalog, library)?;
    let identity = || Ok::<_, ScanError>(pack.identity(&library.packs())?);
    let _session = Session::of(library, Task::Watch, identity)?;
    drop(catalog);
    let (sender, events) = channel();
    let mut roots = Roots { watching: watching.clone(), sender, watched: HashMap::new() };
    let mut pending = Pending::default();
    let (mut checked, mut pause_until): (Option<Instant>, Option<Instant>) = (None, None);
    while !interrupted.load(Ordering::Relaxed) {
        let every = watching.poll.map_or(CHECK, |poll| poll.min(CHECK));
        if checked.is_none_or(|checked| checked.elapsed() >= every) {
            if let Err(error) = roots.check(library, &mut pending, &mut tell) {
                tell(News::Trouble(error.into()));
            }
            checked = Some(Instant::now());
        }
        receive(&events, &mut pending, library);
        pending.collapse(roots.watched.keys());
        if pause_until.is_some_and(|until| Instant::now() < until) {
            continue;
        }
        let due = pending.due(Instant::now());
        if due.is_empty() {
            continue;
        }
        match scan(library, &due, interrupted, &mut tell) {
            Ok(()) => pause_until = None,
            Err(error) => {
                let is_busy = matches!(error, ScanError::Catalog(CatalogError::Busy { .. }));
                if !is_busy {
                    tell(News::Trouble(error));
                }
                pause_until = Some(Instant::now() + if is_busy { BUSY } else { TROUBLE });
                due.into_iter().for_each(|path| pending.touch(path, false));
            }
        }
    }
    Ok(())
}

fn scan(
    library: &Library,
    due: &[PathBuf],
    interrupted: &AtomicBool,
    tell: &mut impl FnMut(News),
) -> Result<(), ScanError> {
    let (began, since) = (Timestamp::now(), Catalog::reopen(library)?.newest_photo()?);
    let summary = scan_paths(library, due, interrupted, |event| tell(News::Scan(event)))?;
    let names = if summary.interrupted {
        Ok(None)
    } else {
        import_new(library, Scanned { since: began, paths: due, offers: summary.photos > 0 })
    };
    tell(News::Scanned { summary: &summary, since, names: names.as_ref().ok().and_then(Option::as_ref) });
    memory::trim();
    names.map(drop)
}

/// Takes in what has happened, waiting a moment for it.
fn receive(events: &Receiver<notify::Result<notify::Event>>, pending: &mut Pending, library: &Library) {
    let mut next = match events.recv_timeout(STEP) {
        Ok(event) => Some(event),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => {
            std::thread::sleep(STEP);
            None
        }
    };
    while let Some(event) = next {
        match event {
            Ok(event) => pending.note(&event, library),
            // Something was lost: all is looked at.
            Err(_) => pending.all = true,
        }
        next = events.try_recv().ok();
    }
}

/// The roots, and how each is watched.
struct Roots {
    watching: Watching,
    sender: Sender<notify::Result<notify::Event>>,
    watched: HashMap<PathBuf, Watched>,
}

/// A root that is watched.
struct Watched {
    /// Which folder it was when watching began; `None` while it is away.
    identity: Option<(u64, u64)>,
    /// `None` where it is polled.
    watcher: Option<RecommendedWatcher>,
    looked_at: Instant,
}

impl Roots {
    /// Looks which roots came, went, or are to be looked at again.
    fn check(
        &mut self,
        library: &Library,
        pending: &mut Pending,
        tell: &mut impl FnMut(News),
    ) -> Result<(), CatalogError> {
        let catalog = Catalog::reopen(library)?;
        tell(News::Checked { catalog: &catalog });
        let roots: Vec<PathBuf> = catalog.roots()?.into_iter().map(|root| root.path).collect();
        self.watched.retain(|root, _| roots.contains(root));
        for root in roots {
            let identity = identity(&root);
            let known = self.watched.get_mut(&root);
            if let Some(known) = known.filter(|known| known.identity == identity) {
                let every = self.watching.poll.unwrap_or(POLL);
                if known.watcher.is_none() && identity.is_some() && known.looked_at.elapsed() >= every {
                    known.looked_at = Instant::now();
                    pending.scan_soon(root);
                }
                continue;
            }
            // Before it is scanned, so that nothing happens unseen in between.
            let watcher = if identity.is_some() { self.watcher(&root) } else { None };
            if identity.is_some() {
                tell(News::Watched { root: &root, polled: watcher.is_none() });
            }
            pending.scan_soon(root.clone());
            self.watched.insert(root, Watched { identity, watcher, looked_at: Instant::now() });
        }
        Ok(())
    }

    /// Has the system say what happens in a root; `None` where it cannot.
    fn watcher(&self, root: &Path) -> Option<RecommendedWatcher> {
        if self.watching.poll.is_some() || shared_file_system(root).is_some() {
            return None;
        }
        let mut watcher = notify::recommended_watcher(self.sender.clone()).ok()?;
        watcher.watch(root, RecursiveMode::Recursive).ok()?;
        Some(watcher)
    }
}

/// Which folder lies at a path, or `None` where there is none.
fn identity(folder: &Path) -> Option<(u64, u64)> {
    let about = fs::metadata(folder).ok().filter(fs::Metadata::is_dir)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Some((about.dev(), about.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = about;
        Some((0, 0))
    }
}

/// Paths at which something has happened, until they are scanned.
#[derive(Debug, Default)]
struct Pending {
    paths: HashMap<PathBuf, Happened>,
    /// It is not known where.
    all: bool,
    /// Since when something waits that is complete.
    complete_since: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Happened {
    /// `None` for long ago.
    last: Option<Instant>,
    /// Somebody has it open for writing.
    is_open: bool,
}

impl Pending {
    fn note(&mut self, event: &notify::Event, library: &Library) {
        if event.need_rescan() {
            self.all = true;
        }
        // Only Linux says when a file is closed.
        let says_closed = cfg!(target_os = "linux");
        let (is_open, may_be_gone) = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => (false, false),
            EventKind::Access(_) => return,
            EventKind::Create(CreateKind::Folder) => (false, true),
            EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_)) => (says_closed, false),
            EventKind::Modify(ModifyKind::Metadata(_)) => (false, false),
            EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Any | EventKind::Other => (false, true),
        };
        let is_metadata = matches!(event.kind, EventKind::Modify(ModifyKind::Metadata(_)));
        for path in &event.paths {
            let name = path.file_name().unwrap_or_default();
            if name == IGNORE_FILE || NO_MEDIA.iter().any(|no| name == *no) {
                self.touch(path.parent().unwrap_or(path).to_owned(), false);
            } else if is_of_interest(path, may_be_gone, library) {
                let was_open = self.paths.get(path).is_some_and(|happened| happened.is_open);
                self.touch(path.clone(), is_open || (is_metadata && was_open));
            }
        }
    }

    fn touch(&mut self, path: PathBuf, is_open: bool) {
        self.paths.insert(path, Happened { last: Some(Instant::now()), is_open });
    }

    /// Has a path scanned without waiting for anything.
    fn scan_soon(&mut self, path: PathBuf) {
        self.paths.insert(path, Happened { last: None, is_open: false });
    }

    /// Puts roots in the place of too many paths.
    fn collapse<'a>(&mut self, roots: impl Iterator<Item = &'a PathBuf>) {
        if self.all || self.paths.len() > MOST_PATHS {
            self.all = false;
            self.paths.clear();
            roots.for_each(|root| self.touch(root.clone(), false));
        }
    }

    /// Takes out what is to be scanned now.
    fn due(&mut self, now: Instant) -> Vec<PathBuf> {
        let is_due = |happened: &Happened| {
            let wait = if happened.is_open { STALLED } else { SETTLED };
            happened.last.is_none_or(|last| now.saturating_duration_since(last) >= wait)
        };
        let complete = self.paths.values().filter(|happened| is_due(happened)).count();
        if complete == 0 {
            self.complete_since = None;
            return Vec::new();
        }
        let since = *self.complete_since.get_or_insert(now);
        // In a burst, one scan takes what would take many.
        if complete < self.paths.len() && now.saturating_duration_since(since) < LONGEST_WAIT {
            return Vec::new();
        }
        self.complete_since = None;
        let mut due: Vec<PathBuf> =
            self.paths.extract_if(|_, happened| is_due(happened)).map(|(path, _)| path).collect();
        due.sort();
        due
    }
}

/// Whether a photo may have come, changed or gone with a path. The library may lie among the photos, and writes all the time.
fn is_of_interest(path: &Path, may_be_gone: bool, library: &Library) -> bool {
    if is_picasa(path) {
        return true;
    }
    if path.file_name().is_none_or(|name| skip::is_hidden(name) || skip::is_preview(name)) {
        return false;
    }
    let may_be_photo = matches!(Candidate::of(path), Candidate::Photo(_) | Candidate::NotYet(_));
    if let Ok(inside) = path.strip_prefix(library.folder()) {
        let own = ["previews", "packs", "backups", "album"];
        if own.iter().any(|own| inside.starts_with(own)) || (inside.components().count() == 1 && !may_be_photo) {
            return false;
        }
    }
    may_be_photo || is_beside(path) || path.is_dir() || (may_be_gone && !path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ago(now: Instant, seconds: u64) -> Option<Instant> {
        now.checked_sub(Duration::from_secs(seconds))
    }

    #[test]
    fn only_complete_files_are_due_and_a_burst_is_taken_at_once() {
        let now = Instant::now() + Duration::from_secs(100);
        let mut pending = Pending::default();
        pending.paths.insert("/complete".into(), Happened { last: ago(now, 2), is_open: false });
        pending.paths.insert("/open".into(), Happened { last: ago(now, 5), is_open: true });
        assert!(pending.due(now).is_empty(), "the rest of the burst may come soon");
        let later = now + Duration::from_secs(9);
        assert!(pending.due(later).is_empty());
        assert_eq!(pending.due(now + Duration::from_secs(10)), [PathBuf::from("/complete"), "/open".into()]);
        assert!(pending.paths.is_empty());
    }

    #[test]
    fn what_facetag_writes_itself_is_of_no_interest() {
        let library = Library::at("/p/library");
        for (path, interest) in [
            ("/p/library/library.sqlite-wal", false),
            ("/p/library/previews/0a", false),
            ("/p/library/photo.jpg", true),
            ("/p/holiday", true),
            ("/p/.hidden.jpg", false),
            ("/p/a.jpg", true),
            ("/p/a.jpg.xmp", true),
            ("/p/.picasa.ini", true),
        ] {
            assert_eq!(is_of_interest(Path::new(path), true, &library), interest, "{path}");
        }
    }

    #[test]
    fn too_many_paths_become_their_roots() {
        let mut pending = Pending::default();
        for number in 0..=MOST_PATHS {
            pending.touch(format!("/p/{number}.jpg").into(), false);
        }
        pending.collapse([PathBuf::from("/p")].iter());
        assert_eq!(pending.paths.keys().collect::<Vec<_>>(), [Path::new("/p")]);
    }
}
