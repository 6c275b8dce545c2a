//! The order of all photos, read again only when it has changed.

use std::sync::Arc;

use super::kept::Whole;
use crate::catalog::{Catalog, CatalogError, Listing};

impl Whole for Listing {
    fn mark(catalog: &Catalog) -> Result<i64, CatalogError> {
        catalog.photos_version()
    }

    fn read(catalog: &Catalog) -> Result<Self, CatalogError> {
        catalog.listing()
    }

    fn update(listing: &mut Arc<Self>, since: i64, catalog: &Catalog) -> Result<bool, CatalogError> {
        let is_same = catalog.photos_version()? == since;
        // So every test of the page tells whether each change was noted.
        if cfg!(debug_assertions) && is_same {
            assert!(**listing == catalog.listing()?, "a change of the order of photos was not noted");
        }
        Ok(is_same)
    }
}
