//! What the user says of single faces, for whoever asks: the command line and the page.

use super::decide;
use super::naming::NameError;
use super::regroup::Regrouped;
use crate::catalog::{Catalog, CatalogError, FaceId, FaceRow, State, Who};
use crate::face::PackInfo;

/// Why something cannot be said of faces.
#[derive(Debug, thiserror::Error)]
pub enum TaggingError {
    #[error("no face was tagged {0} by itself: give the numbers of the faces to confirm")]
    NoneByItself(Who),
    #[error("face {face} is not of {who}: `facetag show {}` lists who is", .who.id)]
    NotTheirs { face: FaceId, who: Who },
    #[error("these are all the faces of {0}: there is nothing to split off")]
    AllOfThem(Who),
    #[error("they are {0} already: give another name")]
    TheirsAlready(Who),
    #[error("{0} has no name yet: `facetag name {id} NAME` gives it one", id = .0.id)]
    Nameless(Who),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// The faces that facetag tagged as a person by itself.
///
/// # Errors
/// [`TaggingError::NoneByItself`]; those of the catalog.
pub fn by_itself(catalog: &Catalog, person: &Who) -> Result<Vec<FaceRow>, TaggingError> {
    let mut faces = catalog.faces_of(person.id)?;
    faces.retain(|face| face.state == Some(State::Auto));
    if faces.is_empty() { Err(TaggingError::NoneByItself(person.clone())) } else { Ok(faces) }
}

/// Makes faces of a person or group somebody else's, who may be new.
///
/// # Errors
/// [`TaggingError`]; then nothing has changed.
pub fn split(
    catalog: &mut Catalog,
    pack: &PackInfo,
    from: &Who,
    faces: &[FaceRow],
    (into, is_new): (&Who, bool),
) -> Result<Regrouped, TaggingError> {
    theirs(from, faces)?;
    if into.id == from.id {
        return Err(TaggingError::TheirsAlready(from.clone()));
    }
    if faces.len() == catalog.faces_of(from.id)?.len() {
        return Err(TaggingError::AllOfThem(from.clone()));
    }
    let ids: Vec<FaceId> = faces.iter().map(|face| face.id).collect();
    let decision = catalog.splitting(from.id, &ids, (into, is_new))?;
    Ok(decide(catalog, pack, &decision)?)
}

/// Says whose a face is, whoever it was taken for before; somebody who `is_new` gets the name with it.
///
/// # Errors
/// [`TaggingError`]; then nothing has changed.
pub fn say_whose(
    catalog: &mut Catalog,
    pack: &PackInfo,
    face: &FaceRow,
    person: (&Who, bool),
) -> Result<Regrouped, TaggingError> {
    if let Some(before) = face.person.filter(|&before| before != person.0.id)
        && let Some(before) = catalog.person(before)?
    {
        match split(catalog, pack, &before, std::slice::from_ref(face), person) {
            // Nobody is left whom it could be told apart from.
            Err(TaggingError::AllOfThem(_)) => {}
            done => return done,
        }
    }
    let decision = catalog.confirming(person, &[face.id])?;
    Ok(decide(catalog, pack, &decision)?)
}

/// Shows a person by this face from now on.
///
/// # Errors
/// [`TaggingError`]; then nothing has changed.
pub fn cover(catalog: &mut Catalog, pack: &PackInfo, person: &Who, face: &FaceRow) -> Result<(), TaggingError> {
    if person.name.is_none() {
        return Err(TaggingError::Nameless(person.clone()));
    }
    theirs(person, std::slice::from_ref(face))?;
    let decision = catalog.covering(person.id, face)?;
    decide(catalog, pack, &decision)?;
    Ok(())
}

fn theirs(person: &Who, faces: &[FaceRow]) -> Result<(), TaggingError> {
    match faces.iter().find(|face| face.person != Some(person.id)) {
        Some(strange) => Err(TaggingError::NotTheirs { face: strange.id, who: person.clone() }),
        None => Ok(()),
    }
}
