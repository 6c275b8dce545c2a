//! Scanning: folders of photos -> a library that knows the faces in them.
//!
//! A scan is one chain, see [`scan`]: discover -> plan -> ingest -> beside -> embed -> group. Each step takes the roots as a whole, or paths
//! below them, as watching finds them.
//!
//! | file | what |
//! |---|---|
//! | `folders` | what the user asks for -> a scan |
//! | `watch` | what happens below the roots -> scans of just that |
//! | `discover` | roots and paths -> the files there |
//! | `skip` | what is passed over there, why, and what to do |
//! | `plan` | files found -> which are new, changed, gone or as they were |
//! | `ingest` | files to read -> photos and faces in the library, on all cores, by one writer |
//! | `ahead` | the bytes of the next files, before they are needed |
//! | `read` | bytes -> a photo and its faces |
//! | `store` | what was read -> the library, a transaction a batch |
//! | `beside` | sidecars and the like that changed -> dates and places |
//! | `embed` | faces without an embedding -> embeddings |
//! | `budget` | how much may be in memory at once |
//! | `memory` | memory that is given back to the system |
//! | `thumbnail` | the small picture of a face, whenever it was scanned |
//! | `cut` | a box in a photo, cut out with what is around it |
//! | `draw` | a face that the user drew |
//! | `import` | names that other programs keep -> faces |
//! | `new_names` | what is imported of them, also after a scan |

mod ahead;
mod beside;
mod budget;
mod cut;
mod discover;
mod draw;
mod embed;
mod folders;
mod import;
mod ingest;
mod memory;
mod new_names;
mod plan;
mod read;
mod skip;
mod store;
mod thumbnail;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::catalog::{Catalog, CatalogError, Session, patiently};
use crate::face::{Pack, PackInfo};
use crate::people::{has_ungrouped, regroup};
use beside::beside;
pub use budget::Budget;
use discover::Target;
pub use draw::{DrawError, Drawn, Sight, sight};
use embed::embed;
pub use embed::{ToEmbed, embed_missing, faces_to_embed};
pub use folders::{ScanError, absolute, scan_folders, scan_paths};
pub use import::{Claim, Claims, ImportedName, Match, Outcome, files_in, keep_importing, note_written, read_names};
use ingest::ingest;
pub use memory::{give_memory_back, share_memory, trim};
pub use new_names::{ImportDone, ImportPlan, NewNames, Scanned, import_new, source_names};
use plan::plan;
pub use read::{ReadError, with_photo};
pub use skip::{Part, Reason, Skipped};
pub use thumbnail::thumbnail;
pub use watch::{News, Watching, watch};

/// How a scan is to be done.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Try again what could not be read before.
    pub retry_failed: bool,
    /// Forget what scans found before, and keep what the user decided.
    pub rebuild: bool,
    /// Read the metadata of all photos again, without looking for faces.
    pub reread: bool,
    /// Patterns in the syntax of `.gitignore`, remembered for the folders that are scanned.
    pub exclude: Vec<String>,
    /// Forget the patterns of earlier scans.
    pub no_exclude: bool,
    /// Whether symbolic links are followed, remembered; `None` for as it was.
    pub follow_links: Option<bool>,
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
    /// The server of the library cannot be reached, for which the scan waits.
    CutOff { problem: &'a str },
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
    /// Files with the same content as before.
    pub unchanged: u64,
    /// Photos whose metadata was read again.
    pub reread: u64,
    pub missing: u64,
    /// Files that could not be read now, or before and were not tried again.
    pub unreadable: u64,
    /// Files of formats that cannot be read yet, by format.
    pub not_yet: BTreeMap<&'static str, u64>,
    /// Videos of Live Photos: files that belong to the photo beside them.
    pub live_videos: u64,
    /// Photos among `photos` with their video in the same file.
    pub motion_photos: u64,
    /// Files and folders that were passed over, by reason.
    pub skipped: Skipped,
    /// Roots that are not there.
    pub offline: Vec<PathBuf>,
    pub new_groups: u64,
    /// Faces tagged with the name of a person by facetag itself.
    pub tagged: u64,
    /// It was stopped before its end; the next scan goes on from there.
    pub interrupted: bool,
}

/// What the steps of a scan share.
struct Job<'a> {
    catalog: &'a mut Catalog,
    session: &'a Session,
    options: &'a Options,
    interrupted: &'a AtomicBool,
    tell: &'a mut dyn FnMut(Event),
    summary: Summary,
}

/// Scans what lies at the targets. `load` makes the models of the pack ready; it is not called where there is nothing to read.
///
/// # Errors
/// Those of the catalog, and of `load`. A photo that cannot be read is none: it is reported as an [`Event`].
fn scan<E: From<CatalogError>>(
    mut job: Job,
    targets: &[Target],
    (info, load): (PackInfo, impl FnOnce(PackInfo) -> Result<Pack, E>),
) -> Result<Summary, E> {
    let Some(plan) = job.patiently(|job| plan(job, targets, &info))? else {
        return Ok(Summary { interrupted: true, ..job.summary });
    };
    let pack = if plan.has_work() { Some(load(info.clone())?) } else { None };
    if let Some(pack) = &pack {
        ingest(&mut job, pack, &plan.read)?;
    }
    job.patiently(|job| beside(job, &plan))?;
    if let Some(pack) = &pack {
        embed(&mut job, pack, &plan)?;
    }
    let session = job.session;
    session.elect(job.interrupted, || job.patiently(|job| group(job, &info)))?;
    Ok(job.patiently(|job| plan.finish(job))?)
}

/// Groups the faces that were found.
fn group(job: &mut Job, info: &PackInfo) -> Result<(), CatalogError> {
    if !job.summary.interrupted {
        job.catalog.ungroup_the_outdated()?;
    }
    if job.summary.faces > 0 || has_ungrouped(job.catalog, info)? {
        (job.tell)(Event::Grouping);
        let regrouped = regroup(job.catalog, info, &[])?;
        job.summary.new_groups += regrouped.groups as u64;
        job.summary.tagged += regrouped.tagged as u64;
    }
    Ok(())
}

impl Job<'_> {
    /// Does a step, and does it again from its beginning where the server was restarted or the network cut.
    fn patiently<T>(&mut self, mut step: impl FnMut(&mut Job) -> Result<T, CatalogError>) -> Result<T, CatalogError> {
        let (before, stop) = (self.summary.clone(), self.interrupted);
        patiently(
            self,
            stop,
            |job, error| (job.tell)(Event::CutOff { problem: &error.to_string() }),
            |job| {
                job.summary = before.clone();
                step(job)
            },
        )
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}
