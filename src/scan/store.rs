//! What was read -> the library.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::discover::FoundFile;
use super::read::Reading;
use super::{Event, Summary};
use crate::catalog::{Catalog, CatalogError, Filed, Hash, Session, Writer};

/// The one writer of a scan: it takes readings as they come, and keeps them in a transaction a batch.
pub(super) struct Store<'a, T> {
    catalog: &'a mut Catalog,
    session: &'a Session,
    summary: &'a mut Summary,
    tell: RefCell<T>,
    stop: &'a AtomicBool,
    /// Files whose photo another file of this scan holds, or that another machine reads, and that is not stored yet.
    waiting: Vec<(FoundFile, Hash)>,
    /// Contents that could not be read, and why.
    unreadable: HashMap<Hash, String>,
}

/// A batch is written when it has so many readings, or is so old: what a power cut can cost.
const BATCH: usize = 64;
const BATCH_AGE: Duration = Duration::from_secs(2);

/// How often it is looked whether other machines have read what is waited for.
const LOOK: Duration = Duration::from_millis(500);

impl<'a, T: FnMut(Event)> Store<'a, T> {
    pub fn new(
        (catalog, session): (&'a mut Catalog, &'a Session),
        summary: &'a mut Summary,
        tell: T,
        stop: &'a AtomicBool,
    ) -> Self {
        let (waiting, unreadable) = Default::default();
        Self { catalog, session, summary, tell: RefCell::new(tell), stop, waiting, unreadable }
    }

    /// The photos that are in the library.
    pub fn known(&mut self) -> Result<HashSet<Hash>, CatalogError> {
        self.patiently(|catalog| catalog.hashes())
    }

    /// Stores readings until there are no more.
    pub fn all(&mut self, readings: Receiver<(&FoundFile, Reading)>) -> Result<(), CatalogError> {
        let mut batch = Vec::new();
        let mut since = Instant::now();
        loop {
            let next = readings.recv_timeout(BATCH_AGE.saturating_sub(since.elapsed()));
            let ended = matches!(next, Err(RecvTimeoutError::Disconnected));
            if let Ok((file, reading)) = next {
                self.tell(file, &reading);
                batch.push((file, reading));
            }
            if ended || batch.len() >= BATCH || since.elapsed() >= BATCH_AGE {
                if !batch.is_empty() {
                    self.write(&std::mem::take(&mut batch))?;
                }
                since = Instant::now();
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// Waits until other machines have read what this one waits for. Returns the files of what they have left unread, as they were
    /// ended, or could not read it either.
    pub fn left(&mut self) -> Result<Vec<FoundFile>, CatalogError> {
        while self.session.is_shared() && !self.waiting.is_empty() && !self.stop.load(Ordering::Relaxed) {
            self.write(&[])?;
            let hashes: Vec<Hash> = self.waiting.iter().map(|(_, hash)| *hash).collect();
            let free = self.session.unclaimed(&hashes, self.stop)?;
            let (left, waiting): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.waiting).into_iter().partition(|(_, hash)| free.contains(hash));
            self.waiting = waiting;
            if !left.is_empty() {
                return Ok(left.into_iter().map(|(file, _)| file).collect());
            }
            std::thread::sleep(LOOK);
        }
        Ok(Vec::new())
    }

    fn tell(&mut self, file: &FoundFile, reading: &Reading) {
        let faces = if let Reading::Photo(photo) = reading { photo.faces.len() } else { 0 };
        let tell = self.tell.get_mut();
        if let Reading::Unreadable { problem, .. } | Reading::OutOfReach { problem } = reading {
            tell(Event::Unreadable { path: &file.path, problem });
        }
        tell(Event::Read { faces: faces as u64 });
        self.session.has_read(u64::from(matches!(reading, Reading::Photo(_))));
    }

    fn patiently<R>(&mut self, work: impl FnMut(&mut Catalog) -> Result<R, CatalogError>) -> Result<R, CatalogError> {
        let tell = &self.tell;
        let tell = |error: &CatalogError| (tell.borrow_mut())(Event::CutOff { problem: &error.to_string() });
        self.catalog.patiently(self.stop, tell, work)
    }

    fn write(&mut self, batch: &[(&FoundFile, Reading)]) -> Result<(), CatalogError> {
        let (summary, waiting, unreadable) = (self.summary.clone(), self.waiting.clone(), self.unreadable.clone());
        let stored = self.patiently(|catalog| {
            let mut stored = Stored {
                summary: summary.clone(),
                waiting: waiting.clone(),
                unreadable: unreadable.clone(),
                told: Vec::new(),
            };
            catalog.batch(|writer| stored.write(writer, batch))?;
            Ok(stored)
        })?;
        // What was not committed has not happened.
        *self.summary = stored.summary;
        (self.waiting, self.unreadable) = (stored.waiting, stored.unreadable);
        let tell = self.tell.get_mut();
        stored.told.iter().for_each(|(path, problem)| tell(Event::Unreadable { path, problem }));
        Ok(())
    }
}

/// What a transaction has come to.
struct Stored {
    summary: Summary,
    waiting: Vec<(FoundFile, Hash)>,
    unreadable: HashMap<Hash, String>,
    /// Files of contents that could not be read from another file.
    told: Vec<(PathBuf, String)>,
}

impl Stored {
    fn write(&mut self, writer: &mut Writer, batch: &[(&FoundFile, Reading)]) -> Result<(), CatalogError> {
        // What the journal says of a photo is carried out before it comes to a file: another may have lain there, which was edited.
        let mut found = HashSet::new();
        for (_, reading) in batch {
            if let Reading::Photo(photo) = reading {
                writer.photo(photo)?;
                found.insert(photo.hash);
            }
        }
        writer.replay(&found)?;
        let Self { summary, waiting, unreadable, told } = self;
        for (file, reading) in batch {
            match reading {
                Reading::Photo(photo) => {
                    let id = writer.photo(photo)?;
                    let filed = writer.file(&file.path, file.stamp, id)?;
                    summary.photos += 1;
                    summary.faces += photo.faces.len() as u64;
                    summary.moved += u64::from(filed == Filed::Moved);
                }
                Reading::Copy(hash) => waiting.push(((*file).clone(), *hash)),
                Reading::Reread(photo) => {
                    writer.describe(photo)?;
                    summary.reread += 1;
                    waiting.push(((*file).clone(), photo.hash));
                }
                // Not remembered: the next scan tries again.
                Reading::OutOfReach { .. } => summary.unreadable += 1,
                Reading::Unreadable { hash, problem } => {
                    writer.unreadable(&file.path, file.stamp, problem)?;
                    summary.unreadable += 1;
                    writer.release(hash.iter())?;
                    unreadable.extend(hash.map(|hash| (hash, problem.clone())));
                }
            }
        }
        writer.release(found.iter())?;
        let mut still_waiting = Vec::new();
        for (file, hash) in waiting.drain(..) {
            if let Some(problem) = unreadable.get(&hash) {
                writer.unreadable(&file.path, file.stamp, problem)?;
                summary.unreadable += 1;
                told.push((file.path, problem.clone()));
            } else if !copy(writer, summary, &file, &hash)? {
                still_waiting.push((file, hash));
            }
        }
        *waiting = still_waiting;
        Ok(())
    }
}

/// Notes a file whose photo is known; `false` where that photo has not been stored yet. One that never is, because the
/// scan was interrupted before, is read by the next scan.
fn copy(writer: &mut Writer, summary: &mut Summary, file: &FoundFile, hash: &Hash) -> Result<bool, CatalogError> {
    let Some(photo) = writer.photo_with(hash)? else { return Ok(false) };
    match writer.file(&file.path, file.stamp, photo)? {
        Filed::Moved => summary.moved += 1,
        Filed::Same => summary.unchanged += 1,
        Filed::New => summary.copies += 1,
    }
    Ok(true)
}
