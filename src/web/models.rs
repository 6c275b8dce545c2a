//! The models, which are loaded for faces that are drawn.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::PageError;
use crate::face::{Pack, PackInfo};

/// One request at a time has the models. The next ones find them loaded; after the last one their memory is given back.
pub(super) struct Models {
    turn: Semaphore,
    /// Requests that have their turn or wait for it.
    requests: AtomicUsize,
    loaded: Mutex<Option<Arc<Pack>>>,
}

/// A request's turn.
pub(super) struct Turn<'a> {
    models: &'a Models,
    _permit: Option<SemaphorePermit<'a>>,
}

impl Models {
    pub fn new() -> Self {
        Self { turn: Semaphore::new(1), requests: AtomicUsize::new(0), loaded: Mutex::default() }
    }

    pub async fn turn(&self) -> Result<Turn<'_>, PageError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        // Made before it is waited for: a request that is given up meanwhile counts no longer.
        let mut turn = Turn { models: self, _permit: None };
        turn._permit = Some(self.turn.acquire().await.map_err(|_| PageError::Panicked)?);
        Ok(turn)
    }

    /// The pack of this name; one that was added lies in `folder`.
    pub fn pack(&self, info: PackInfo, folder: &Path) -> Result<Arc<Pack>, PageError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pack) = loaded.as_ref().filter(|pack| pack.info == info) {
            return Ok(Arc::clone(pack));
        }
        *loaded = None;
        let pack = Pack::load(info, folder).map_err(|error| PageError::Failed(error.to_string()))?;
        Ok(Arc::clone(loaded.insert(Arc::new(pack))))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.models.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            *self.models.loaded.lock().unwrap_or_else(PoisonError::into_inner) = None;
            crate::scan::trim();
        }
    }
}
