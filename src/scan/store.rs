//! What was read -> the library.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::discover::FoundFile;
use super::read::Reading;
use super::{Event, Summary};
use crate::catalog::{Catalog, CatalogError, Filed, Hash, Session, Writer, patiently};

/// The one writer of a scan: it takes readings as they come, and keeps them in a transaction a batch.
pub(super) struct Store<'a, T> {
    catalog: &'a mut Catalog,
    session: &'a Session,
    summary: &'a mut Summary,
    tell: T,
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
        Self { catalog, session, summary, tell, stop, waiting: Vec::new(), unreadable: HashMap::new() }
    }

    /// The photos that are in the library.
    pub fn known(&mut self) -> Result<HashSet<Hash>, CatalogError> {
        self.patiently(|store| store.catalog.hashes())
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
            let hashes: Vec<Hash> = self.waiting.iter().map(|(_, hash)| *hash).collect();
            let free = self.session.unclaimed(&hashes, self.stop)?;
            if free.is_empty() {
                std::thread::sleep(LOOK);
                continue;
            }
            // Most of these are stored by now.
            self.write(&[])?;
            let (left, waiting): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.waiting).into_iter().partition(|(_, hash)| free.contains(hash));
            self.waiting = waiting;
            if !left.is_empty() {
                return Ok(left.into_iter().map(|(file, _)| file).collect());
            }
        }
        Ok(Vec::new())
    }

    fn tell(&mut self, file: &FoundFile, reading: &Reading) {
        let faces = if let Reading::Photo(photo) = reading { photo.faces.len() } else { 0 };
        let tell = &mut self.tell;
        if let Reading::Unreadable { problem, .. } | Reading::OutOfReach { problem } = reading {
            tell(Event::Unreadable { path: &file.path, problem });
        }
        tell(Event::Read { faces: faces as u64 });
        self.session.has_read(u64::from(matches!(reading, Reading::Photo(_))));
    }

    fn patiently<R>(&mut self, work: impl FnMut(&mut Self) -> Result<R, CatalogError>) -> Result<R, CatalogError> {
        let tell = |store: &mut Self, error: &CatalogError| (store.tell)(Event::CutOff { problem: &error.to_string() });
        let stop = self.stop;
        patiently(self, stop, tell, work)
    }

    fn write(&mut self, batch: &[(&FoundFile, Reading)]) -> Result<(), CatalogError> {
        let stored = self.patiently(|store| {
            let mut stored = Stored { summary: store.summary.clone(), ..Stored::default() };
            let (waiting, unreadable) = (&store.waiting, &store.unreadable);
            store.catalog.batch(|writer| stored.write(writer, batch, waiting, unreadable))?;
            Ok(stored)
        })?;
        // What was not committed has not happened.
        *self.summary = stored.summary;
        self.waiting = stored.waiting;
        self.unreadable.extend(stored.unreadable);
        for (path, problem) in &stored.told {
            (self.tell)(Event::Unreadable { path, problem });
        }
        Ok(())
    }
}

/// What a transaction has come to.
#[derive(Default)]
struct Stored {
    summary: Summary,
    /// Those that wait still, and those that wait now.
    waiting: Vec<(FoundFile, Hash)>,
    /// Contents that could not be read, and were not known to be so before.
    unreadable: HashMap<Hash, String>,
    /// Files of contents that could not be read from another file.
    told: Vec<(PathBuf, String)>,
}

impl Stored {
    /// `waiting` and `unreadable` are those of the batches before.
    fn write(
        &mut self,
        writer: &mut Writer,
        batch: &[(&FoundFile, Reading)],
        waiting: &[(FoundFile, Hash)],
        unreadable: &HashMap<Hash, String>,
    ) -> Result<(), CatalogError> {
        // What the journal says of a photo is carried out before it comes to a file: another may have lain there, which was edited.
        let mut found = HashSet::new();
        for (_, reading) in batch {
            if let Reading::Photo(photo) = reading {
                writer.photo(photo)?;
                found.insert(photo.hash);
            }
        }
        writer.replay(&found)?;
        let Self { summary, waiting: still_waiting, unreadable: new, told } = self;
        let mut waiting: Vec<(&FoundFile, Hash)> = waiting.iter().map(|(file, hash)| (file, *hash)).collect();
        for (file, reading) in batch {
            match reading {
                Reading::Photo(photo) => {
                    let id = writer.photo(photo)?;
                    let filed = writer.file(&file.path, file.stamp, id)?;
                    summary.photos += 1;
                    summary.faces += photo.faces.len() as u64;
                    summary.moved += u64::from(filed == Filed::Moved);
                }
                Reading::Copy(hash) => waiting.push((file, *hash)),
                Reading::Reread(photo) => {
                    writer.describe(photo)?;
                    summary.reread += 1;
                    waiting.push((file, photo.hash));
                }
                // Not remembered: the next scan tries again.
                Reading::OutOfReach { .. } => summary.unreadable += 1,
                Reading::Unreadable { hash, problem } => {
                    writer.unreadable(&file.path, file.stamp, problem)?;
                    summary.unreadable += 1;
                    writer.release(hash.iter())?;
                    new.extend(hash.map(|hash| (hash, problem.clone())));
                }
            }
        }
        writer.release(found.iter())?;
        for (file, hash) in waiting {
            if let Some(problem) = new.get(&hash).or_else(|| unreadable.get(&hash)) {
                writer.unreadable(&file.path, file.stamp, problem)?;
                summary.unreadable += 1;
                told.push((file.path.clone(), problem.clone()));
            } else if !copy(writer, summary, file, &hash)? {
                still_waiting.push((file.clone(), hash));
            }
        }
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
