//! What lies beside photos, where that has changed -> their dates and places in the library.

use std::collections::HashSet;
use std::path::Path;

use rayon::prelude::*;

use super::Job;
use super::plan::Plan;
use crate::catalog::{Beside, CatalogError};
use crate::tags::BesideReader;

/// Photos whose files are read at once, and kept in one transaction.
const BATCH: usize = 1000;

/// Reads the files beside photos where they are not as they were, until the scan is interrupted.
pub(super) fn beside(job: &mut Job, plan: &Plan) -> Result<(), CatalogError> {
    // With `--reread` these photos were read again themselves, and are counted already.
    let counted: HashSet<&Path> = match job.options.reread {
        true => plan.read.iter().map(|file| file.path.as_path()).collect(),
        false => HashSet::new(),
    };
    for batch in plan.beside.chunks(BATCH) {
        if job.is_interrupted() {
            return Ok(());
        }
        // Photos of one folder stand together, so each thread lists few folders.
        let read: Vec<_> = batch
            .par_chunks(BATCH.div_ceil(rayon::current_num_threads()))
            .flat_map_iter(|paths| {
                let mut reader = BesideReader::default();
                paths.iter().map(move |path| {
                    let stamp = reader.stamp(path);
                    (path, stamp.map(|stamp| Beside { stamp, capture: reader.read(path) }))
                })
            })
            .collect();
        job.summary.reread += job.catalog.batch(|writer| {
            let mut known = 0;
            for (path, beside) in &read {
                let has_photo = writer.beside(path, beside.as_ref())?;
                known += u64::from(has_photo && !counted.contains(path.as_path()));
            }
            Ok(known)
        })?;
    }
    Ok(())
}
