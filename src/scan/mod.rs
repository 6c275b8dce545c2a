//! Scanning: folders of photos -> a library that knows the faces in them.
//!
//! | file | what |
//! |---|---|
//! | `folders` | what the user asks for -> a scan |
//! | `walk` | the files below a folder |
//! | `plan` | which of them are new, changed, gone or as they were |
//! | `ahead` | the bytes of the next files, before they are needed |
//! | `read` | bytes -> a photo and its faces, on all cores |
//! | `budget` | how much may be in memory at once |
//! | `memory` | memory that is given back to the system |
//! | `thumbnail` | the small picture of a face, whenever it was scanned |
//! | `draw` | a face that the user drew |
//! | `import` | names that other programs keep -> faces |
//! | `store` | what was read -> the library, by one writer, a transaction a batch |

mod ahead;
mod budget;
mod draw;
mod folders;
mod import;
mod memory;
mod plan;
mod read;
mod store;
mod thumbnail;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use serde::Serialize;

use crate::catalog::{Catalog, CatalogError, FaceRow, Hash};
use crate::face::{Pack, PackInfo};
use crate::people::{has_ungrouped, regroup};
use ahead::{Ahead, BYTES_AHEAD, read_ahead};
pub use budget::Budget;
pub use draw::{DrawError, Drawn, look};
use folders::is_empty;
pub use folders::{ScanError, absolute, scan_folders};
pub use import::{
    Claim, Claims, DrawnName, ImportedName, Match, Outcome, draw_names, files_in, files_since, import_names,
    imported_names, keep_importing, match_names, read_names, similar_names, standing_import,
};
pub use memory::give_memory_back;
use plan::Plan;
use read::PhotoReader;
pub use read::with_photo;
use store::Store;
pub use thumbnail::thumbnail;
use walk::walk;

/// How a scan is to be done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Try again what could not be read before.
    pub retry_failed: bool,
    /// Forget what scans found before, and keep what the user said.
    pub rebuild: bool,
}

/// What a scan tells while it goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// The folders have been walked; so many files are to be done.
    Planned { to_read: u64 },
    /// A file is done, be it readable or not.
    Read { faces: u64 },
    /// A file or folder could not be read.
    Unreadable { path: &'a Path, problem: &'a str },
    /// A root is not there; its photos stay in the library.
    Offline { path: &'a Path },
    /// All is read; now the faces are grouped.
    Grouping,
}

/// What a scan found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Photos that were read, new ones and changed ones.
    pub photos: u64,
    /// Faces in them.
    pub faces: u64,
    /// Files whose photo was known from another file.
    pub copies: u64,
    /// Files that were found under another path than before.
    pub moved: u64,
    pub unchanged: u64,
    pub missing: u64,
    /// Files that could not be read now, or before and were not tried again.
    pub unreadable: u64,
    /// Files of formats that cannot be read yet, by format.
    pub not_yet: BTreeMap<&'static str, u64>,
    /// Roots that are not there.
    pub offline: Vec<PathBuf>,
    pub new_groups: u64,
    /// Faces tagged with the name of a person by facetag itself.
    pub tagged: u64,
    /// It was stopped before its end; the next scan goes on from there.
    pub interrupted: bool,
}

/// Readings that may wait for the writer: enough that no thread waits for a transaction, few enough to be small.
const WAITING: usize = 64;

/// Scans `folders` (absolute), which become roots of the library. `load` makes the models of the pack ready; it is not
/// called where there is nothing to read.
///
/// # Errors
/// Those of the catalog, and of `load`. A photo that cannot be read is none: it is told by an [`Event`].
pub fn scan<E: From<CatalogError>>(
    catalog: &mut Catalog,
    folders: &[PathBuf],
    options: Options,
    (info, load): (PackInfo, impl FnOnce(PackInfo) -> Result<Pack, E>),
    interrupted: &AtomicBool,
    mut tell: impl FnMut(Event),
) -> Result<Summary, E> {
    if options.rebuild {
        catalog.forget_found()?;
    }
    let mut summary = Summary::default();
    let mut to_read = Vec::new();
    let mut gone = Vec::new();
    let mut scanned = Vec::new();
    for folder in without_inner(folders) {
        catalog.add_root(folder)?;
        let known = catalog.files_under(folder)?;
        let Some(walk) = walk(folder, interrupted) else {
            summary.interrupted = true;
            return Ok(summary);
        };
        // An unmounted disk leaves no folder, or an empty one.
        let nothing_there = walk.photos.is_empty() && walk.not_yet.is_empty();
        if !folder.is_dir() || (nothing_there && known.iter().any(|file| !file.missing) && is_empty(folder)) {
            catalog.root_is_offline(folder)?;
            // Where all its photos have been found elsewhere since, nothing is amiss.
            if !known.is_empty() {
                tell(Event::Offline { path: folder });
                summary.offline.push(folder.to_owned());
            }
            continue;
        }
        let plan = Plan::new(&walk, &known, options.retry_failed);
        catalog.note_missing(&plan.gone, &plan.back)?;
        for (path, problem) in &walk.unseen {
            tell(Event::Unreadable { path, problem });
        }
        for (format, count) in walk.not_yet {
            *summary.not_yet.entry(format).or_default() += count;
        }
        summary.unchanged += plan.unchanged;
        summary.unreadable += plan.still_unreadable + walk.unseen.len() as u64;
        to_read.extend(plan.read);
        gone.extend(plan.gone);
        scanned.push(folder);
    }
    let to_embed = faces_to_embed(catalog, &info.name)?;
    tell(Event::Planned { to_read: (to_read.len() + to_embed.len()) as u64 });

    if !to_read.is_empty() || !to_embed.is_empty() {
        let pack = load(info.clone())?;
        let reader = PhotoReader::new(&pack, catalog.hashes()?);
        let mut store = Store::new(catalog, &mut summary, &mut tell);
        let (files, memory) = (Mutex::new(to_read.iter()), Budget::new(BYTES_AHEAD));
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
        })?;
        // Looked up again: the scan may have found photos that were away, and others in their place.
        let to_embed = faces_to_embed(catalog, &info.name)?;
        summary.unreadable += embed_missing(catalog, &pack, &to_embed, interrupted, &mut tell)?;
        summary.interrupted = interrupted.load(Ordering::Relaxed);
    }
    if summary.faces > 0 || has_ungrouped(catalog, &info)? {
        tell(Event::Grouping);
        let regrouped = regroup(catalog, &info, &[])?;
        summary.new_groups = regrouped.groups as u64;
        summary.tagged = regrouped.tagged as u64;
    }
    // What was found elsewhere in the meantime has moved, and is not gone.
    for path in &gone {
        summary.missing += u64::from(catalog.is_missing(path)?);
    }
    if !summary.interrupted {
        for folder in scanned {
            catalog.root_was_scanned(folder)?;
        }
    }
    Ok(summary)
}

/// A photo that is there, with faces of which some have no embedding.
pub struct ToEmbed {
    path: PathBuf,
    hash: Hash,
    faces: Vec<FaceRow>,
}

/// The faces that have no embedding of the pack yet, as after a change of the pack, or where a photo's disk was away at the
/// time; only those whose photos are there.
///
/// # Errors
/// Those of the catalog.
pub fn faces_to_embed(catalog: &Catalog, pack: &str) -> Result<Vec<ToEmbed>, CatalogError> {
    let mut work = Vec::new();
    for photo in catalog.photos_without_embeddings(pack)? {
        let paths = catalog.readable_paths(photo)?;
        if let Some(path) = paths.into_iter().find(|path| path.is_file()) {
            work.push(ToEmbed { path, hash: catalog.photo(photo)?.hash, faces: catalog.faces_in(photo)? });
        }
    }
    Ok(work)
}

/// Embeds faces with `pack`. Returns how many photos could not be read; each is told by an [`Event`].
///
/// # Errors
/// Those of the catalog.
pub fn embed_missing(
    catalog: &mut Catalog,
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
        let embed = |photo: &ToEmbed| reader.embed_again(&photo.path, &photo.hash, &photo.faces);
        let embedded: Vec<_> = batch.par_iter().take_any_while(on).map(|photo| (&photo.path, embed(photo))).collect();
        catalog.batch(|writer| {
            for (path, embeddings) in embedded {
                match embeddings {
                    Ok(embeddings) => {
                        for (face, embedding) in &embeddings {
                            writer.embedding(*face, &pack.info.name, embedding)?;
                        }
                        tell(Event::Read { faces: embeddings.len() as u64 });
                    }
                    Err(problem) => {
                        unreadable += 1;
                        tell(Event::Unreadable { path, problem: &problem });
                        tell(Event::Read { faces: 0 });
                    }
                }
            }
            Ok(())
        })?;
    }
    Ok(unreadable)
}

/// The folders that are in none of the others, each once.
fn without_inner(folders: &[PathBuf]) -> Vec<&Path> {
    let mut outer: Vec<&Path> = Vec::new();
    for (index, folder) in folders.iter().enumerate() {
        let holds = |(other, path): (usize, &PathBuf)| {
            other != index && folder.starts_with(path) && (folder != path || other < index)
        };
        if !folders.iter().enumerate().any(holds) {
            outer.push(folder);
        }
    }
    outer
}
