//! Ingesting: files to read -> photos and faces in the library.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use super::ahead::{Ahead, BYTES_AHEAD, read_ahead};
use super::discover::FoundFile;
use super::read::PhotoReader;
use super::store::Store;
use super::{Budget, Event, Job};
use crate::catalog::CatalogError;
use crate::face::Pack;

/// Readings that may wait for the writer: enough that no thread waits for a transaction, few enough to be small.
pub(super) const WAITING: usize = 64;

/// Reads files and stores what is in them, until the scan is interrupted.
pub(super) fn ingest(job: &mut Job, pack: &Pack, files: &[FoundFile]) -> Result<(), CatalogError> {
    let again = if job.options.reread { job.catalog.hashes()? } else { Default::default() };
    let interrupted = job.interrupted;
    let mut motion_photos = 0;
    let mut store = Store::new((job.catalog, job.session), &mut job.summary, &mut *job.tell, interrupted);
    let mut files = files.to_vec();
    let mut again = Some(again);
    while !files.is_empty() && !interrupted.load(Ordering::Relaxed) {
        let known = store.known()?;
        let reader = PhotoReader::new(pack, known).rereading(again.take().unwrap_or_default());
        let reader = reader.claiming(job.session, interrupted);
        read(&reader, &files, &mut store, interrupted)?;
        motion_photos += reader.motion_photos();
        // What other machines were reading, and have not.
        files = store.left()?;
    }
    drop(store);
    job.summary.motion_photos = motion_photos;
    job.summary.interrupted = job.is_interrupted();
    Ok(())
}

fn read<T: FnMut(Event)>(
    reader: &PhotoReader,
    files: &[FoundFile],
    store: &mut Store<T>,
    interrupted: &AtomicBool,
) -> Result<(), CatalogError> {
    let (files, memory) = (Mutex::new(files.iter()), Budget::new(BYTES_AHEAD));
    // Threads of its own: those that all share would be kept until the scan ends, and a decision that needs one, while the
    // library waits for it, would wait for the scan, and the scan for the library.
    let workers = ThreadPoolBuilder::new().num_threads(rayon::current_num_threads()).build();
    let workers = workers.expect("threads can be started");
    std::thread::scope(|scope| {
        let (sender, readings) = sync_channel(WAITING);
        let ahead = read_ahead(scope, &files, &memory, interrupted);
        let ahead = ahead.take_while(|_| !interrupted.load(Ordering::Relaxed));
        scope.spawn(|| {
            workers.install(|| {
                // Where the writer ended with an error, which it reports itself, the rest is not read.
                let _ = ahead.par_bridge().try_for_each_with(sender, |sender, Ahead { file, bytes, share }| {
                    drop(share);
                    sender.send((file, reader.read(bytes)))
                });
            });
        });
        store.all(readings)
    })
}
