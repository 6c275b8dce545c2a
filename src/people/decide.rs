//! A decision of the user, and what follows from it.

use super::regroup::{Regrouped, has_ungrouped, regroup};
use crate::catalog::{Catalog, CatalogError, Decision};
use crate::face::PackInfo;

/// Carries out a decision and reaches at once for every face that is surely of the people it speaks of. Undoing it takes
/// back both.
///
/// # Errors
/// Those of the catalog; then nothing has changed.
pub fn decide(catalog: &mut Catalog, pack: &PackInfo, decision: &Decision) -> Result<Regrouped, CatalogError> {
    let reaches = decision.reaches();
    catalog.decide(decision, |catalog| {
        // A face that was taken from somebody looks for another group.
        if reaches.is_empty() && !has_ungrouped(catalog, pack)? {
            return Ok(Regrouped::default());
        }
        regroup(catalog, pack, &reaches)
    })
}
