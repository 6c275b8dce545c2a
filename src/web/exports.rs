//! What is to be exported: the photos that somebody selected, under an address of their own, so that the page can be opened again
//! and gone back to without sending the selection again.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::access::{Visitor, random};
use super::error::PageError;
use crate::album::{Album, Kind};
use crate::catalog::PhotoId;

/// So many are kept, the newest: each may be of a hundred thousand photos.
const KEPT: usize = 16;

/// A selection.
#[derive(Default, Clone)]
pub(super) struct Export {
    /// What was searched for, as it stands in the address.
    pub wanted: String,
    /// Those of it that were selected; none for all.
    pub photos: Arc<[PhotoId]>,
    /// What has become of it.
    pub made: Option<Arc<Made>>,
}

/// Photos that were put into a folder.
pub(super) struct Made {
    pub folder: PathBuf,
    pub kind: Kind,
    pub album: Album,
}

/// The selections, each under a key that nobody can guess. Those of guests take no room from the others.
#[derive(Default)]
pub(super) struct Exports {
    owner: Mutex<VecDeque<(String, Export)>>,
    guests: Mutex<VecDeque<(String, Export)>>,
}

impl Exports {
    fn of(&self, visitor: Visitor) -> MutexGuard<'_, VecDeque<(String, Export)>> {
        let exports = match visitor {
            Visitor::Owner => &self.owner,
            Visitor::Guest => &self.guests,
        };
        exports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a selection, and returns its key.
    pub fn keep(&self, visitor: Visitor, export: Export) -> Result<String, PageError> {
        let key = random().map_err(|error| PageError::Failed(error.to_string()))?;
        let mut exports = self.of(visitor);
        exports.push_back((key.clone(), export));
        if exports.len() > KEPT {
            exports.pop_front();
        }
        Ok(key)
    }

    /// # Errors
    /// [`PageError::Outdated`] where others have come since.
    pub fn get(&self, visitor: Visitor, key: &str) -> Result<Export, PageError> {
        let exports = self.of(visitor);
        exports.iter().find(|(other, _)| other == key).map(|(_, export)| export.clone()).ok_or(PageError::Outdated)
    }

    /// Notes what has become of a selection.
    pub fn note(&self, visitor: Visitor, key: &str, made: Made) {
        let mut exports = self.of(visitor);
        if let Some((_, export)) = exports.iter_mut().find(|(other, _)| other == key) {
            export.made = Some(Arc::new(made));
        }
    }
}
