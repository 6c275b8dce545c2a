//! What pages need of the whole library: read once, kept in memory, and brought up to date when a page asks for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::PageError;
use crate::catalog::{Catalog, CatalogError, Library};

/// Something that is read from a whole library.
pub(super) trait Whole: Sized {
    /// A number that is another once it has changed.
    fn mark(catalog: &Catalog) -> Result<i64, CatalogError>;

    fn read(catalog: &Catalog) -> Result<Self, CatalogError>;

    /// Brings up to date what was read at a mark; `false` where it must be read again.
    fn update(whole: &mut Arc<Self>, since: i64, catalog: &Catalog) -> Result<bool, CatalogError>;
}

pub(super) struct Kept<T>(Mutex<Option<Reading<T>>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

struct Reading<T> {
    /// A connection of its own that changes nothing: so whatever is changed is changed by another.
    catalog: Catalog,
    /// Of the library.
    version: i64,
    /// A number that is higher with every change of the library.
    edition: u64,
    mark: i64,
    whole: Arc<T>,
}

impl<T: Whole> Kept<T> {
    /// As it is in the library now.
    pub fn of(&self, library: &Library) -> Result<Arc<T>, PageError> {
        Ok(self.with_edition(library)?.0)
    }

    /// The same, and a number that is higher whenever anything in the library has changed.
    pub fn with_edition(&self, library: &Library) -> Result<(Arc<T>, u64), PageError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = kept.take().filter(|before| before.catalog.check_is_there().is_ok());
        // If it cannot be brought up to date, as after the database was away, it is read again.
        let now = match before.and_then(|before| before.brought_up_to_date().ok()) {
            Some(now) => now,
            None => Reading::of(Catalog::reopen(library)?)?,
        };
        let Reading { whole, edition, .. } = kept.insert(now);
        Ok((Arc::clone(whole), *edition))
    }
}

impl<T: Whole> Reading<T> {
    fn of(mut catalog: Catalog) -> Result<Self, PageError> {
        // Before it is read: what changes meanwhile is seen the next time.
        let version = catalog.version()?;
        let (mark, whole) = catalog.unchanging(|catalog| Ok((T::mark(catalog)?, T::read(catalog)?)))?;
        Ok(Self { catalog, version, edition: next_edition(), mark, whole: Arc::new(whole) })
    }

    fn brought_up_to_date(self) -> Result<Self, PageError> {
        let version = self.catalog.version()?;
        if version == self.version {
            return Ok(self);
        }
        let Self { mut catalog, mark, mut whole, .. } = self;
        let mark = catalog.unchanging(|catalog| {
            let is_current = T::update(&mut whole, mark, catalog)?;
            is_current.then(|| T::mark(catalog)).transpose()
        })?;
        match mark {
            Some(mark) => Ok(Self { catalog, version, edition: next_edition(), mark, whole }),
            None => Self::of(catalog),
        }
    }
}

fn next_edition() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}
