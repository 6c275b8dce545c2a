//! A folder, as the user types it.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::error::PageError;
use crate::catalog::{Catalog, Library};

/// The folder that was typed, which need not be there. `~` is the home folder; what else does not begin at the root of the
/// disk would be taken from where facetag happens to run.
///
/// # Errors
/// [`PageError::NotAbsolute`].
pub(super) fn typed_folder(text: &str) -> Result<PathBuf, PageError> {
    let text = text.trim();
    let below_home = text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(std::path::is_separator));
    let path = match (below_home, etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest.trim_start_matches(std::path::is_separator)),
        _ => PathBuf::from(text),
    };
    if Path::new(&path).is_absolute() { Ok(resolved(&path)) } else { Err(PageError::NotAbsolute(text.to_owned())) }
}

/// Where a path leads, whether there is something or not: links and `..` are followed as far as there are folders; what is
/// behind them cannot be links.
fn resolved(path: &Path) -> PathBuf {
    let mut there = path.to_owned();
    let mut missing: Vec<OsString> = Vec::new();
    loop {
        if let Ok(mut true_path) = there.canonicalize() {
            for part in missing.iter().rev() {
                match Path::new(part).components().next() {
                    Some(Component::ParentDir) => drop(true_path.pop()),
                    Some(Component::Normal(part)) => true_path.push(part),
                    _ => {}
                }
            }
            return true_path;
        }
        match there.components().next_back() {
            Some(part @ (Component::Normal(_) | Component::ParentDir | Component::CurDir)) => {
                missing.push(part.as_os_str().to_owned());
                there = there.components().as_path().parent().map_or_else(PathBuf::new, Path::to_path_buf);
            }
            _ => return path.to_owned(),
        }
    }
}

/// The folders that may be scanned and written to from the page.
#[derive(Debug)]
pub(super) struct Allowed {
    /// Those that the user gave; `None`: those that are or were scanned, and the home folder.
    given: Option<Vec<PathBuf>>,
    /// The library's own, in which nobody has a photo.
    library: PathBuf,
}

impl Allowed {
    pub fn new(given: &[PathBuf], library: &Library) -> Self {
        let given = (!given.is_empty()).then(|| given.iter().map(|folder| resolved(folder)).collect());
        Self { given, library: resolved(library.folder()) }
    }

    /// The folders to begin with when one is looked for.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn roots(&self, catalog: &Catalog) -> Result<Vec<PathBuf>, PageError> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        let roots = catalog.roots()?.into_iter().map(|root| resolved(&root.path));
        let mut roots: Vec<PathBuf> = roots.chain(etcetera::home_dir().ok().map(|home| resolved(&home))).collect();
        roots.sort();
        roots.dedup();
        Ok(roots)
    }

    /// Where a folder truly is, if it may be used.
    ///
    /// # Errors
    /// [`PageError::NotAllowed`].
    pub fn check(&self, catalog: &Catalog, folder: &Path) -> Result<PathBuf, PageError> {
        let folder = resolved(folder);
        let allowed = self.roots(catalog)?;
        // One that was removed may be added again, as the page promises.
        let was_scanned = self.given.is_none() && catalog.was_removed(&folder)?;
        let is_allowed = was_scanned || allowed.iter().any(|allowed| folder.starts_with(allowed));
        if folder.starts_with(&self.library) || !is_allowed {
            let allowed = allowed.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
            return Err(PageError::NotAllowed(folder.display().to_string(), allowed));
        }
        Ok(folder)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn links_and_dots_lead_where_they_lead() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("there/deep")).unwrap();
        std::os::unix::fs::symlink(root.join("there/deep"), root.join("link")).unwrap();
        for (path, to) in [
            ("link/new", "there/deep/new"),
            ("link/..", "there"),
            ("link/../new/../other", "there/other"),
            ("nothing/../there", "there"),
            ("nothing/more/./x", "nothing/more/x"),
            ("there", "there"),
        ] {
            assert_eq!(resolved(&root.join(path)), root.join(to), "{path}");
        }
    }
}
