//! Everybody, counted once for each state of the library: in a large one it takes as long as all else of a page.

use std::sync::{Arc, Mutex, PoisonError};

use super::error::PageError;
use crate::catalog::{Catalog, Library, PersonCount};

#[derive(Default)]
pub(super) struct Everybody(Mutex<Option<Counted>>);

struct Counted {
    /// A connection of its own that changes nothing: so whatever is changed is changed by another.
    catalog: Catalog,
    version: i64,
    people: Arc<[PersonCount]>,
}

impl Counted {
    fn is_current(&self) -> Result<bool, PageError> {
        Ok(self.catalog.check_is_there().is_ok() && self.catalog.version()? == self.version)
    }
}

impl Everybody {
    /// As they are in the library now.
    pub fn of(&self, library: &Library) -> Result<Arc<[PersonCount]>, PageError> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let catalog = match counted.take() {
            Some(counted_before) if counted_before.is_current()? => {
                return Ok(Arc::clone(&counted.insert(counted_before).people));
            }
            Some(Counted { catalog, .. }) if catalog.check_is_there().is_ok() => catalog,
            _ => Catalog::reopen(library)?,
        };
        // Before they are counted: what changes meanwhile is seen the next time.
        let version = catalog.version()?;
        let people = catalog.people_counted()?.into();
        Ok(Arc::clone(&counted.insert(Counted { catalog, version, people }).people))
    }
}
