//! A scan as the user asks for it: of these folders, or of all that were scanned before.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::{Event, Options, Summary, scan};
use crate::catalog::{Catalog, CatalogError, Library};
use crate::face::{ModelError, Pack};
use crate::people::{OpenError, active_pack};

/// Why nothing was scanned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error("{0}: this is a file; give the folder that it is in")]
    File(PathBuf),
    #[error("{0}: there is no such folder")]
    NoFolder(PathBuf),
    #[error("no folder has been scanned yet: give one, as in `facetag scan ~/Pictures`")]
    NoRoot,
    #[error("{0}: not there now, and --rebuild would forget what is known of it; bring it back first")]
    Away(PathBuf),
    #[error("{path}: {source}")]
    Path { path: PathBuf, source: io::Error },
    #[error("the models could not be loaded: {0}")]
    Models(#[from] ModelError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Scans `folders`, or all roots where there are none, while no other facetag scans into the library.
///
/// # Errors
/// [`ScanError`]. A photo that cannot be read is none: it is told by an [`Event`].
pub fn scan_folders(
    library: &Library,
    folders: &[PathBuf],
    options: Options,
    interrupted: &AtomicBool,
    tell: impl FnMut(Event),
) -> Result<Summary, ScanError> {
    let mut roots = Vec::new();
    for folder in folders {
        if folder.is_file() {
            return Err(ScanError::File(folder.clone()));
        }
        roots.push(absolute(folder).map_err(|source| ScanError::Path { path: folder.clone(), source })?);
    }
    let _lock = library.lock_for_scan()?;
    let mut catalog = Catalog::open(library)?;
    let known: Vec<_> = catalog.roots()?.into_iter().map(|root| root.path).collect();
    if folders.is_empty() {
        if known.is_empty() {
            return Err(ScanError::NoRoot);
        }
        for root in known.iter().filter(|_| options.rebuild) {
            // An unmounted disk leaves no folder, or an empty one.
            if !root.is_dir() || (is_empty(root) && !catalog.files_under(root)?.is_empty()) {
                return Err(ScanError::Away(root.clone()));
            }
        }
        roots = known;
    } else if let Some(strange) = roots.iter().find(|root| !root.is_dir() && !known.contains(root)) {
        return Err(ScanError::NoFolder(strange.clone()));
    }
    let pack = active_pack(&catalog, library)?;
    let load = |info| Ok::<_, ScanError>(Pack::load(info, &library.packs())?);
    let summary = scan(&mut catalog, &roots, options, (pack, load), interrupted, tell)?;
    catalog.check_is_there()?;
    Ok(summary)
}

/// A folder that the user named, absolute and without links, as it stands in the library.
///
/// # Errors
/// Those of the file system.
pub fn absolute(folder: &Path) -> io::Result<PathBuf> {
    match folder.canonicalize() {
        Ok(path) => Ok(path),
        // One that is away may still be known.
        Err(_) => std::path::absolute(folder),
    }
}

/// Whether there is nothing in a folder.
pub(super) fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}
