//! Embedding: faces that have no embedding of the pack yet -> embeddings.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::ingest::WAITING;
use super::plan::Plan;
use super::read::PhotoReader;
use super::{Event, Job};
use crate::catalog::{Catalog, CatalogError, FaceRow, Hash, Session, patiently};
use crate::face::Pack;

/// A photo that is there, with faces of which some have no embedding.
pub struct ToEmbed {
    path: PathBuf,
    hash: Hash,
    faces: Vec<FaceRow>,
}

/// Embeds what the plan found to be without embeddings.
pub(super) fn embed(job: &mut Job, pack: &Pack, plan: &Plan) -> Result<(), CatalogError> {
    if plan.has_whole_roots {
        // Looked up again: the scan may have found photos that were away, and others in their place.
        let work = job.patiently(|job| faces_to_embed(job.catalog, &pack.info.name))?;
        let catalog = (&mut *job.catalog, job.session);
        job.summary.unreadable += embed_missing(catalog, pack, &work, job.interrupted, &mut *job.tell)?;
        job.summary.interrupted = job.is_interrupted();
    }
    Ok(())
}

/// The faces that have no embedding of the pack yet, as after a change of the pack, or where a photo's disk was away at the
/// time; only those whose photos are there.
///
/// # Errors
/// Those of the catalog.
pub fn faces_to_embed(catalog: &mut Catalog, pack: &str) -> Result<Vec<ToEmbed>, CatalogError> {
    let mut work = Vec::new();
    for photo in catalog.photos_without_embeddings(pack)? {
        let paths = catalog.readable_paths(photo)?;
        if let Some(path) = paths.into_iter().find(|path| path.is_file()) {
            work.push(ToEmbed { path, hash: catalog.photo(photo)?.hash, faces: catalog.faces_in(photo)? });
        }
    }
    Ok(work)
}

/// Embeds faces with `pack`, but for those that another session embeds. Returns how many photos could not be read; each is told by an [`Event`].
///
/// # Errors
/// Those of the catalog.
pub fn embed_missing(
    (catalog, session): (&mut Catalog, &Session),
    pack: &Pack,
    work: &[ToEmbed],
    interrupted: &AtomicBool,
    mut tell: impl FnMut(Event),
) -> Result<u64, CatalogError> {
    let mut unreadable = 0;
    let reader = PhotoReader::new(pack, Default::default());
    // A batch is embedded on all cores, then written: what is done stays done when the rest is interrupted.
    for batch in work.chunks(WAITING) {
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
        let on = |_: &&ToEmbed| !interrupted.load(Ordering::Relaxed);
        let mut ours = Vec::new();
        for photo in batch {
            if session.claim_to_embed(&photo.hash, &pack.info.name, interrupted)? {
                ours.push(photo);
            }
        }
        let embed = |photo: &ToEmbed| reader.embed_again(&photo.path, &photo.hash, &photo.faces);
        let embedded: Vec<_> = ours.par_iter().copied().take_any_while(on).map(|photo| (photo, embed(photo))).collect();
        let cut_off = |_: &mut _, error: &CatalogError| tell(Event::CutOff { problem: &error.to_string() });
        patiently(catalog, interrupted, cut_off, |catalog| {
            catalog.batch(|writer| {
                for (face, embedding, recognisability) in embedded.iter().flat_map(|(_, found)| found).flatten() {
                    writer.embedding(*face, &pack.info.name, embedding)?;
                    writer.recognisability(*face, *recognisability)?;
                }
                writer.release(ours.iter().map(|photo| &photo.hash))
            })
        })?;
        for (photo, embeddings) in embedded {
            if let Err(problem) = &embeddings {
                unreadable += 1;
                tell(Event::Unreadable { path: &photo.path, problem });
            }
            tell(Event::Read { faces: embeddings.map_or(0, |embeddings| embeddings.len() as u64) });
        }
    }
    Ok(unreadable)
}
