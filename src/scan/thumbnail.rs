//! The small picture of a face, whenever it was scanned.

use super::Budget;
use super::read::with_photo;
use crate::catalog::{Catalog, CatalogError, FaceRow};
use crate::face::{portrait, portrait_reduction};

/// The small picture of a face, JPEG: the one that is kept, or one made from its photo now and kept. `None` where there is
/// none and the photo cannot be read. `memory` is in bytes.
///
/// # Errors
/// Those of the catalog.
pub fn thumbnail(catalog: &mut Catalog, face: &FaceRow, memory: &Budget) -> Result<Option<Vec<u8>>, CatalogError> {
    if let Some(kept) = catalog.thumbnail(face.id)? {
        return Ok(Some(kept));
    }
    let paths = catalog.readable_paths(face.photo)?;
    let hash = catalog.photo(face.photo)?.hash;
    let reduction = |size| portrait_reduction(&face.bounds, size);
    let made = with_photo(&paths, &hash, memory, reduction, |photo| portrait(photo, &face.bounds));
    let Ok(made) = made else { return Ok(None) };
    catalog.batch(|writer| writer.thumbnail(face.id, &made))?;
    Ok(Some(made))
}
