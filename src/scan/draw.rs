//! A face that no detector saw, and the user drew.

use std::path::PathBuf;

use super::Budget;
use super::cut::Cut;
use super::read::{PhotoReader, with_photo};
use crate::catalog::{Catalog, CatalogError, FaceId, PhotoId, PhotoRow, Who, is_same_box};
use crate::face::{BoundingBox, Pack};
use crate::people::{DecideError, Deciding};

/// Why no face can be drawn there.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    #[error("the box reaches beyond the photo, which is {width} x {height} pixels")]
    Beyond { width: u32, height: u32 },
    #[error("there is face {0} already")]
    Known(FaceId),
    #[error("{0}")]
    Photo(String),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// A face that was drawn, and not said of anybody yet.
pub struct Drawn {
    photo: PhotoId,
    face: crate::catalog::NewFace,
}

/// How far a box may reach beyond its photo, in fractions: rounding.
const ROUNDING: f32 = 0.001;

/// A box of a photo in which no face is known, cut out.
pub struct Sight {
    photo: PhotoId,
    bounds: BoundingBox,
    cut: Cut,
}

/// Cuts a box out of a photo, which lies at one of `paths`. The box is in fractions of the upright photo; `memory` is in bytes.
///
/// # Errors
/// [`DrawError`].
pub fn sight(
    catalog: &Catalog,
    photo: &PhotoRow,
    paths: &[PathBuf],
    bounds: BoundingBox,
    memory: &Budget,
) -> Result<Sight, DrawError> {
    let BoundingBox { x, y, width, height } = bounds;
    let end = 1.0 + ROUNDING;
    let inside = x >= 0.0 && y >= 0.0 && width > 0.0 && height > 0.0 && x + width <= end && y + height <= end;
    if !inside {
        return Err(DrawError::Beyond { width: photo.width, height: photo.height });
    }
    if let Some(known) = known(catalog, photo.id, bounds)? {
        return Err(DrawError::Known(known));
    }
    let reduction = |size| Cut::reduction(&bounds, size);
    let cut = with_photo(paths, &photo.hash, memory, reduction, |photo| Cut::of(photo, &bounds));
    let cut = cut.map_err(|problem| match paths.first() {
        Some(path) => DrawError::Photo(format!("{}: {problem}", path.display())),
        None => DrawError::Photo(problem.to_string()),
    })?;
    Ok(Sight { photo: photo.id, bounds, cut })
}

impl Sight {
    /// Looks at the face in it.
    ///
    /// # Errors
    /// [`DrawError::Photo`]: the models fail on it.
    pub fn look(&self, pack: &Pack) -> Result<Drawn, DrawError> {
        let reader = PhotoReader::new(pack, Default::default());
        let face = reader.drawn_in(&self.cut, self.bounds).map_err(|problem| DrawError::Photo(problem.to_string()))?;
        Ok(Drawn { photo: self.photo, face })
    }
}

impl Drawn {
    /// Decides that the face is this person's; one who `is_new` gets the name with it.
    ///
    /// # Errors
    /// [`DecideError::FaceThere`] where somebody else was faster; those of the catalog.
    pub fn is(&self, deciding: &mut Deciding, person: (&Who, bool)) -> Result<(), DecideError> {
        if let Some(known) = known(deciding, self.photo, self.face.bounds)? {
            return Err(DecideError::FaceThere(known));
        }
        let decision = deciding.drawing(self.photo, &self.face, person)?;
        let pack = deciding.pack().name.clone();
        deciding.append_with(&decision, |catalog| {
            catalog.batch(|writer| writer.embed_drawn(self.photo, &self.face, &pack))
        })?;
        Ok(())
    }
}

/// The face that is in a box already.
fn known(catalog: &Catalog, photo: PhotoId, bounds: BoundingBox) -> Result<Option<FaceId>, CatalogError> {
    let faces = catalog.faces_in(photo)?;
    Ok(faces.iter().find(|face| is_same_box(&face.bounds, &bounds)).map(|face| face.id))
}
