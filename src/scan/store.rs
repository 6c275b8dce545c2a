//! What was read -> the library.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::discover::FoundFile;
use super::read::Reading;
use super::{Event, Summary};
use crate::catalog::{Catalog, CatalogError, Filed, Hash, Writer};

/// The one writer of a scan: it takes readings as they come, and keeps them in a transaction a batch.
pub(super) struct Store<'a, T> {
    catalog: &'a mut Catalog,
    summary: &'a mut Summary,
    tell: T,
    /// Files whose photo another file of this scan holds, and that photo is not stored yet.
    waiting: Vec<(&'a FoundFile, Hash)>,
    /// Contents that could not be read, and why.
    unreadable: HashMap<Hash, String>,
}

/// A batch is written when it has so many readings, or is so old: what a power cut can cost.
const BATCH: usize = 64;
const BATCH_AGE: Duration = Duration::from_secs(2);

impl<'a, T: FnMut(Event)> Store<'a, T> {
    pub fn new(catalog: &'a mut Catalog, summary: &'a mut Summary, tell: T) -> Self {
        Self { catalog, summary, tell, waiting: Vec::new(), unreadable: HashMap::new() }
    }

    /// Stores readings until there are no more.
    pub fn all(&mut self, readings: Receiver<(&'a FoundFile, Reading)>) -> Result<(), CatalogError> {
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
                self.write(std::mem::take(&mut batch))?;
                since = Instant::now();
            }
            if ended {
                return Ok(());
            }
        }
    }

    fn tell(&mut self, file: &FoundFile, reading: &Reading) {
        let faces = if let Reading::Photo(photo) = reading { photo.faces.len() } else { 0 };
        if let Reading::Unreadable { problem, .. } | Reading::OutOfReach { problem } = reading {
            (self.tell)(Event::Unreadable { path: &file.path, problem });
        }
        (self.tell)(Event::Read { faces: faces as u64 });
    }

    fn write(&mut self, batch: Vec<(&'a FoundFile, Reading)>) -> Result<(), CatalogError> {
        if batch.is_empty() {
            return Ok(());
        }
        let Self { catalog, summary, tell, waiting, unreadable } = self;
        catalog.batch(|writer| {
            // What the journal says of a photo is carried out before it comes to a file: another may have lain there, which was edited.
            let mut found = HashSet::new();
            for (_, reading) in &batch {
                if let Reading::Photo(photo) = reading {
                    writer.photo(photo)?;
                    found.insert(photo.hash);
                }
            }
            writer.replay(&found)?;
            for (file, reading) in batch {
                match reading {
                    Reading::Photo(photo) => {
                        let id = writer.photo(&photo)?;
                        let filed = writer.file(&file.path, file.stamp, id)?;
                        summary.photos += 1;
                        summary.faces += photo.faces.len() as u64;
                        summary.moved += u64::from(filed == Filed::Moved);
                    }
                    Reading::Copy(hash) => waiting.push((file, hash)),
                    Reading::Reread(photo) => {
                        writer.describe(&photo)?;
                        summary.reread += 1;
                        waiting.push((file, photo.hash));
                    }
                    // Not remembered: the next scan tries again.
                    Reading::OutOfReach { .. } => summary.unreadable += 1,
                    Reading::Unreadable { hash, problem } => {
                        writer.unreadable(&file.path, file.stamp, &problem)?;
                        summary.unreadable += 1;
                        unreadable.extend(hash.map(|hash| (hash, problem)));
                    }
                }
            }
            let mut still_waiting = Vec::new();
            for (file, hash) in waiting.drain(..) {
                if let Some(problem) = unreadable.get(&hash) {
                    tell(Event::Unreadable { path: &file.path, problem });
                    writer.unreadable(&file.path, file.stamp, problem)?;
                    summary.unreadable += 1;
                } else if !copy(writer, summary, file, &hash)? {
                    still_waiting.push((file, hash));
                }
            }
            *waiting = still_waiting;
            Ok(())
        })
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
