//! The scan that goes on behind the page, one at a time, and how far it is.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

use super::error::PageError;
use crate::catalog::{CatalogError, Library};
use crate::photo::contain;
use crate::scan::{Event, Options, ScanError, Scanned, Summary, import_new, scan_folders};

/// Where a scan is. What has ended stays until the next one.
#[derive(Debug, Clone, Default)]
pub(super) enum Stage {
    /// Nothing was scanned since the server began.
    #[default]
    Idle,
    /// It looks which files there are.
    Looking,
    /// It reads photos: so many of so many, since then.
    Reading {
        read: u64,
        to_read: u64,
        since: Instant,
    },
    Grouping,
    Ended(Summary),
    Failed(Failure),
}

/// Why a scan could not be done.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// Another facetag scans into the library.
    Busy,
    /// In words, in English.
    Other(String),
}

/// What is told of a scan.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    pub stage: Stage,
    pub faces: u64,
    /// Files that could not be read.
    pub unreadable: u64,
    /// It was asked to stop.
    pub is_pausing: bool,
    /// The server ends: nobody is told any more.
    pub is_over: bool,
}

impl Progress {
    pub fn goes_on(&self) -> bool {
        matches!(self.stage, Stage::Looking | Stage::Reading { .. } | Stage::Grouping)
    }

    /// The share that is done, 0 to 1, and the time that the rest will take; `None` where nobody knows yet.
    pub fn estimate(&self) -> Option<(f64, Duration)> {
        let Stage::Reading { read, to_read, since } = self.stage else { return None };
        if read == 0 || read > to_read {
            return None;
        }
        let share = read as f64 / to_read as f64;
        Some((share, since.elapsed().mul_f64((1.0 - share) / share)))
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Planned { to_read } => {
                self.stage = Stage::Reading { read: 0, to_read: *to_read, since: Instant::now() };
            }
            Event::Read { faces } => {
                self.faces += faces;
                if let Stage::Reading { read, .. } = &mut self.stage {
                    *read += 1;
                }
            }
            Event::Unreadable { .. } => self.unreadable += 1,
            Event::Offline { .. } | Event::CutOff { .. } => {}
            Event::Grouping => self.stage = Stage::Grouping,
        }
    }
}

/// The one scan.
pub(super) struct Scanning {
    library: Library,
    progress: watch::Sender<Progress>,
    /// The last one started.
    thread: Mutex<Option<(JoinHandle<()>, Arc<AtomicBool>)>>,
}

impl Scanning {
    pub fn new(library: &Library) -> Self {
        Self { library: library.clone(), progress: watch::Sender::default(), thread: Mutex::default() }
    }

    /// How far it is now, and from now on.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Scans a folder, or all that are known, on a thread of its own.
    ///
    /// # Errors
    /// [`PageError::ScanGoesOn`]; the library is gone.
    pub fn start(&self, folder: Option<PathBuf>, options: Options) -> Result<(), PageError> {
        // It would make a new, empty library.
        if !self.library.exists() {
            return Err(CatalogError::Gone { path: self.library.file() }.into());
        }
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if self.progress.borrow().goes_on() || self.progress.borrow().is_over {
            return Err(PageError::ScanGoesOn);
        }
        self.progress.send_replace(Progress { stage: Stage::Looking, ..Progress::default() });
        let interrupted = Arc::new(AtomicBool::new(false));
        let (library, progress, stop) = (self.library.clone(), self.progress.clone(), Arc::clone(&interrupted));
        let scan = move || {
            let tell = |event: Event| progress.send_modify(|progress| progress.note(&event));
            let folders: Vec<PathBuf> = folder.into_iter().collect();
            let since = Timestamp::now();
            let ended = contain(|| {
                let summary = scan_folders(&library, &folders, options, &stop, tell)?;
                if !summary.interrupted {
                    import_new(&library, Scanned { since, paths: &[], offers: false })?;
                }
                Ok(summary)
            });
            let stage = match ended {
                Ok(Ok(summary)) => Stage::Ended(summary),
                Ok(Err(ScanError::Catalog(CatalogError::Busy { .. }))) => Stage::Failed(Failure::Busy),
                Ok(Err(error)) => Stage::Failed(Failure::Other(error.to_string())),
                Err(panicked) => Stage::Failed(Failure::Other(panicked.to_string())),
            };
            progress.send_modify(|progress| progress.stage = stage);
        };
        *thread = Some((std::thread::spawn(scan), interrupted));
        Ok(())
    }

    /// Asks the scan to stop where it is. The next one goes on from there.
    pub fn pause(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, interrupted)) = thread.as_ref().filter(|_| self.progress.borrow().goes_on()) {
            interrupted.store(true, Ordering::Relaxed);
            self.progress.send_modify(|progress| progress.is_pausing = true);
        }
    }

    /// Pauses for good, and tells those who follow that it is over.
    pub fn end(&self) {
        self.pause();
        self.progress.send_modify(|progress| progress.is_over = true);
    }

    /// Waits until the scan has stopped.
    pub fn wait(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((thread, _)) = thread {
            // What went wrong in it was told.
            let _ = thread.join();
        }
    }
}

/// Whether a folder can be scanned, before a thread is started for it.
///
/// # Errors
/// [`PageError::NoFolder`].
pub(super) fn check_folder(folder: &Path) -> Result<(), PageError> {
    if folder.is_dir() { Ok(()) } else { Err(PageError::NoFolder(folder.display().to_string())) }
}
