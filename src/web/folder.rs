//! A folder, as the user types it.

use std::path::{Path, PathBuf};

use super::error::PageError;
use crate::scan::absolute;

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
    if Path::new(&path).is_absolute() {
        absolute(&path).map_err(|error| PageError::Failed(format!("{}: {error}", path.display())))
    } else {
        Err(PageError::NotAbsolute(text.to_owned()))
    }
}
