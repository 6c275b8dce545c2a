//! A library made ready to be asked.

use crate::catalog::{Catalog, CatalogError, Library};
use crate::face::{ModelError, OPEN, PackInfo};

/// The setting that holds the name of the pack in use.
const ACTIVE: &str = "pack";

/// Why a library is not ready.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Pack(#[from] ModelError),
}

/// Opens the library for whoever asks it or decides about what is in it. Faces that an interrupted scan left in no group stay so
/// until the next scan or decision.
///
/// # Errors
/// Those of the catalog; the pack in use is not there.
pub fn open(library: &Library) -> Result<(Catalog, PackInfo), OpenError> {
    let catalog = Catalog::open(library)?;
    let pack = active_pack(&catalog, library)?;
    Ok((catalog, pack))
}

/// The pack in use.
///
/// # Errors
/// Those of SQLite; its files are not there.
pub fn active_pack(catalog: &Catalog, library: &Library) -> Result<PackInfo, OpenError> {
    Ok(PackInfo::called(&active(catalog)?, &library.packs())?)
}

/// The name of the pack in use, whose files may be lost.
///
/// # Errors
/// Those of SQLite.
pub fn active(catalog: &Catalog) -> Result<String, CatalogError> {
    Ok(catalog.setting(ACTIVE)?.unwrap_or_else(|| OPEN.to_owned()))
}

/// Uses a pack from now on.
///
/// # Errors
/// Those of SQLite.
pub fn activate(catalog: &Catalog, pack: &PackInfo) -> Result<(), CatalogError> {
    catalog.set_setting(ACTIVE, &pack.name)
}
