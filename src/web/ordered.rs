//! The order of all photos, read again only when it has changed.

use std::sync::{Arc, Mutex, PoisonError};

use super::error::PageError;
use crate::catalog::{Catalog, Library, Listing};

#[derive(Default)]
pub(super) struct Ordered(Mutex<Option<Read>>);

struct Read {
    /// A connection of its own that changes nothing: so whatever is changed is changed by another.
    catalog: Catalog,
    /// Of the library, and of the order.
    versions: (i64, i64),
    listing: Arc<Listing>,
}

impl Ordered {
    /// As it is in the library now.
    pub fn of(&self, library: &Library) -> Result<Arc<Listing>, PageError> {
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = read.take().filter(|before| before.catalog.check_is_there().is_ok());
        // If it cannot be brought up to date, as after the database was away, it is read again.
        let now = match before.and_then(|before| before.brought_up_to_date().ok()) {
            Some(now) => now,
            None => Read::all(Catalog::reopen(library)?)?,
        };
        Ok(Arc::clone(&read.insert(now).listing))
    }
}

impl Read {
    fn all(mut catalog: Catalog) -> Result<Self, PageError> {
        // Before it is read: what changes meanwhile is seen the next time.
        let version = catalog.version()?;
        let (order, listing) = catalog.unchanging(|catalog| Ok((catalog.photos_version()?, catalog.listing()?)))?;
        Ok(Self { catalog, versions: (version, order), listing: Arc::new(listing) })
    }

    fn brought_up_to_date(mut self) -> Result<Self, PageError> {
        let version = self.catalog.version()?;
        if version == self.versions.0 {
            return Ok(self);
        }
        let (before, listing) = (self.versions.1, Arc::clone(&self.listing));
        let is_same = self.catalog.unchanging(|catalog| {
            let is_same = catalog.photos_version()? == before;
            // So every test of the page tells whether each change was noted.
            if cfg!(debug_assertions) && is_same {
                assert!(*listing == catalog.listing()?, "a change of the order of photos was not noted");
            }
            Ok(is_same)
        })?;
        if !is_same {
            return Self::all(self.catalog);
        }
        self.versions.0 = version;
        Ok(self)
    }
}
