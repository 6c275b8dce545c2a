//! A decision of the user, and what follows from it; taking it back, and doing it again.

use super::regroup::{Regrouped, has_ungrouped, regroup};
use crate::catalog::{Catalog, CatalogError, Decision, Line};
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

/// Takes back the last decision that stands, as [`Catalog::undo`] does.
///
/// # Errors
/// Those of the catalog; then nothing has changed.
pub fn undo(catalog: &mut Catalog, pack: &PackInfo) -> Result<Option<Line>, CatalogError> {
    step(catalog, pack, Catalog::undo)
}

/// Does again what was taken back last, as [`Catalog::redo`] does.
///
/// # Errors
/// Those of the catalog; then nothing has changed.
pub fn redo(catalog: &mut Catalog, pack: &PackInfo) -> Result<Option<Line>, CatalogError> {
    step(catalog, pack, Catalog::redo)
}

/// A line from before the tables were made anew takes all tags with it that nobody said: these are made again.
fn step(
    catalog: &mut Catalog,
    pack: &PackInfo,
    step: fn(&mut Catalog) -> Result<Option<Line>, CatalogError>,
) -> Result<Option<Line>, CatalogError> {
    catalog.exclusively(|catalog| {
        let line = step(catalog)?;
        if has_ungrouped(catalog, pack)? {
            regroup(catalog, pack, &[])?;
        }
        Ok(line)
    })
}
