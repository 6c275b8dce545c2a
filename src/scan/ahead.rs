//! Files are read ahead: while photos are computed, the bytes of the next ones come from the disk.
//!
//! A disk that is far away (a network mount) or asleep answers late, but many questions at once: a few threads ask it, so that
//! the cores have work meanwhile.

use std::slice::Iter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{IntoIter, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Scope;

use super::budget::{Budget, Share};
use super::discover::FoundFile;
use super::read::ReadError;
use crate::photo;

/// So many files are read at once.
const READERS: usize = 4;

/// Bytes of files that may wait to be decoded.
pub(super) const BYTES_AHEAD: u64 = 64 << 20;

/// A file and what is in it, or why that is not known.
pub(super) struct Ahead<'a> {
    pub file: &'a FoundFile,
    pub bytes: Result<Vec<u8>, ReadError>,
    /// Of the memory for what waits; dropped when this does no longer.
    pub share: Share<'a>,
}

/// Reads files about in their order until `stop` is set. `memory` is how many bytes may wait.
pub(super) fn read_ahead<'scope, 'a: 'scope>(
    scope: &'scope Scope<'scope, '_>,
    files: &'scope Mutex<Iter<'a, FoundFile>>,
    memory: &'a Budget,
    stop: &'scope AtomicBool,
) -> IntoIter<Ahead<'a>> {
    let (sender, ahead) = sync_channel(READERS);
    for _ in 0..READERS {
        let sender: SyncSender<Ahead<'a>> = sender.clone();
        scope.spawn(move || {
            let next = || files.lock().unwrap_or_else(PoisonError::into_inner).next();
            while !stop.load(Ordering::Relaxed)
                && let Some(file) = next()
            {
                let size = file.stamp.size;
                let share = memory.take(size);
                let bytes = photo::read_at_most(&file.path, size).map_err(ReadError::from);
                if sender.send(Ahead { file, bytes, share }).is_err() {
                    return;
                }
            }
        });
    }
    ahead.into_iter()
}
