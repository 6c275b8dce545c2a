//! A scan as the user asks for it: of these folders, or of all that were scanned before.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::discover::{self, Target};
use super::plan::is_away;
use super::{Event, Job, Options, Summary, scan};
use crate::catalog::{Catalog, CatalogError, Library, Root, Session};
use crate::face::{ModelError, Pack};
use crate::people::{DecideError, OpenError, active_pack};

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
    #[error("the pattern of --exclude cannot be understood: {0}")]
    Pattern(String),
    #[error("{path}: {source}")]
    Path { path: PathBuf, source: io::Error },
    #[error("the models could not be loaded: {0}")]
    Models(#[from] ModelError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Decide(#[from] DecideError),
}

/// Scans `folders`, or all roots where there are none, while no other facetag scans into the library.
///
/// # Errors
/// [`ScanError`]. A photo that cannot be read is none: it is reported as an [`Event`].
pub fn scan_folders(
    library: &Library,
    folders: &[PathBuf],
    options: Options,
    interrupted: &AtomicBool,
    mut tell: impl FnMut(Event),
) -> Result<Summary, ScanError> {
    discover::patterns(Path::new("/"), &options.exclude).map_err(ScanError::Pattern)?;
    if options.exclude.iter().any(|pattern| pattern.trim().is_empty()) {
        return Err(ScanError::Pattern("it is empty".to_owned()));
    }
    let mut roots = Vec::new();
    for folder in folders {
        if folder.is_file() {
            return Err(ScanError::File(folder.clone()));
        }
        roots.push(absolute(folder).map_err(|source| ScanError::Path { path: folder.clone(), source })?);
    }
    let lock = if options.rebuild { library.lock_alone()? } else { library.lock_for_scan()? };
    let mut catalog = Catalog::open(library)?;
    let known: Vec<_> = catalog.roots()?.into_iter().map(|root| root.path).collect();
    if folders.is_empty() {
        if known.is_empty() {
            return Err(ScanError::NoRoot);
        }
        for root in known.iter().filter(|_| options.rebuild) {
            if is_away(root, || catalog.knows_files_under(root))? {
                return Err(ScanError::Away(root.clone()));
            }
        }
        roots = known;
    } else if let Some(strange) = roots.iter().find(|root| !root.is_dir() && !known.contains(root)) {
        return Err(ScanError::NoFolder(strange.clone()));
    }
    let pack = active_pack(&catalog, library)?;
    let session = Session::scan(lock, || Ok::<_, ScanError>(pack.identity(&library.packs())?))?;
    if options.rebuild {
        catalog.forget_found()?;
    }
    let roots = without_inner(&roots);
    for root in &roots {
        catalog.add_root(root)?;
    }
    remember(&mut catalog, &roots, &options)?;
    let known = catalog.roots()?;
    let targets: Vec<_> = roots.iter().filter_map(|start| target(&known, start, true)).collect();
    let load = |info| Ok::<_, ScanError>(Pack::load(info, &library.packs())?);
    let job = Job {
        catalog: &mut catalog,
        session: &session,
        options: &options,
        interrupted,
        tell: &mut tell,
        summary: Summary::default(),
    };
    let summary = scan(job, &targets, (pack, load))?;
    catalog.check_is_there()?;
    Ok(summary)
}

/// Scans what lies at `paths` (absolute), or lay there: files and folders below the roots, and nothing else. For watching.
///
/// # Errors
/// [`ScanError`].
pub fn scan_paths(
    library: &Library,
    paths: &[PathBuf],
    interrupted: &AtomicBool,
    mut tell: impl FnMut(Event),
) -> Result<Summary, ScanError> {
    let lock = library.lock_for_scan()?;
    let mut catalog = Catalog::reopen(library)?;
    let pack = active_pack(&catalog, library)?;
    let session = Session::scan(lock, || Ok::<_, ScanError>(pack.identity(&library.packs())?))?;
    let known = catalog.roots()?;
    let targets: Vec<_> = without_inner(paths).into_iter().filter_map(|start| target(&known, start, false)).collect();
    let load = |info| Ok::<_, ScanError>(Pack::load(info, &library.packs())?);
    let job = Job {
        catalog: &mut catalog,
        session: &session,
        options: &Options::default(),
        interrupted,
        tell: &mut tell,
        summary: Summary::default(),
    };
    scan(job, &targets, (pack, load))
}

/// What lies at a path, in the root that holds it.
fn target(roots: &[Root], start: &Path, asked_for: bool) -> Option<Target> {
    let root = roots.iter().find(|root| start.starts_with(&root.path))?;
    let others = roots.iter().filter(|other| other.path != root.path).map(|other| other.path.clone());
    Some(Target { root: root.clone(), start: start.to_owned(), asked_for, others: others.collect() })
}

/// Remembers for the roots that hold these folders what the user said of excluding and links.
fn remember(catalog: &mut Catalog, folders: &[&Path], options: &Options) -> Result<(), CatalogError> {
    let Options { exclude, no_exclude, follow_links, .. } = options;
    if exclude.is_empty() && !no_exclude && follow_links.is_none() {
        return Ok(());
    }
    for root in catalog.roots()? {
        if folders.iter().any(|folder| folder.starts_with(&root.path)) {
            let mut excluded = if *no_exclude { Vec::new() } else { root.excluded };
            excluded.extend(exclude.iter().map(|pattern| below_root(&root.path, pattern)));
            let mut seen = std::collections::HashSet::new();
            excluded.retain(|pattern| seen.insert(pattern.clone()));
            catalog.set_root_rules(&root.path, &excluded, follow_links.unwrap_or(root.follow_links))?;
        }
    }
    Ok(())
}

/// A pattern of the user as a root remembers it. If the whole path of something in the root was typed, only what follows the root's own path:
/// patterns begin at the root.
fn below_root(root: &Path, pattern: &str) -> String {
    let inside = root.to_str().and_then(|root| pattern.strip_prefix(root));
    inside.filter(|inside| inside.starts_with('/') && inside.len() > 1).unwrap_or(pattern).to_owned()
}

/// The paths that are in none of the others, each once.
pub(super) fn without_inner(paths: &[PathBuf]) -> Vec<&Path> {
    let mut sorted: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    sorted.sort();
    let mut outer: Vec<&Path> = Vec::new();
    for path in sorted {
        // What lies in a folder follows it, in the order of paths.
        if outer.last().is_none_or(|last| !path.starts_with(last)) {
            outer.push(path);
        }
    }
    outer
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
