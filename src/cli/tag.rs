//! `facetag confirm`, `reject`, `split` and `cover`: what the user says of single faces.

use std::collections::BTreeSet;

use anyhow::Result;

use super::name::tell;
use super::output::{count, note, say};
use super::{Exit, face_called};
use crate::catalog::{Catalog, FaceId, FaceRow, Library, Who, WhoError};
use crate::people::{self, by_itself, check_name, decide, open};

pub(super) fn confirm(library: &Library, who: &str, faces: &[FaceId]) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let (person, done) = catalog.exclusively(|catalog| -> Result<_> {
        let (person, is_new) = known_or_new(catalog, who)?;
        let mut chosen = called(catalog, faces)?;
        if faces.is_empty() {
            chosen = by_itself(catalog, &person)?;
        }
        warn_of_doubles(catalog, &chosen, &person)?;
        let decision = catalog.confirming((&person, is_new), &ids(&chosen))?;
        Ok((person.id, decide(catalog, &pack, &decision)?))
    })?;
    tell(&catalog, &pack, person, done)
}

pub(super) fn reject(library: &Library, who: &str, faces: &[FaceId]) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let (person, faces) = catalog.exclusively(|catalog| -> Result<_> {
        let person = catalog.who(who)?;
        let faces = called(catalog, faces)?;
        let decision = catalog.rejecting(person.id, &ids(&faces))?;
        decide(catalog, &pack, &decision)?;
        Ok((person, faces))
    })?;
    say(&format!("{} not {person}, and will not be again.", are(faces.len())))?;
    Ok(Exit::Well)
}

pub(super) fn split(library: &Library, who: &str, faces: &[FaceId], name: Option<&str>) -> Result<Exit> {
    name.map(check_name).transpose()?;
    let (mut catalog, pack) = open(library)?;
    let (person, faces, into, done) = catalog.exclusively(|catalog| -> Result<_> {
        let person = catalog.who(who)?;
        let faces = called(catalog, faces)?;
        let into = match name {
            Some(name) => known_or_new(catalog, name)?,
            None => catalog.new_group_to_be()?,
        };
        let done = people::split(catalog, &pack, &person, &faces, (&into.0, into.1))?;
        Ok((person, faces.len(), into.0.id, done))
    })?;
    say(&format!("{} not {person}.", are(faces)))?;
    tell(&catalog, &pack, into, done)
}

pub(super) fn cover(library: &Library, who: &str, face: FaceId) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let person = catalog.exclusively(|catalog| -> Result<_> {
        let person = catalog.who(who)?;
        let face = face_called(catalog, face)?;
        people::cover(catalog, &pack, &person, &face)?;
        Ok(person)
    })?;
    say(&format!("{person} is shown by face {face} from now on."))?;
    Ok(Exit::Well)
}

/// Whom the user means; a name that nobody has means somebody new.
pub(super) fn known_or_new(catalog: &Catalog, who: &str) -> Result<(Who, bool)> {
    match catalog.who(who) {
        Ok(person) => Ok((person, false)),
        Err(WhoError::Unknown { .. }) => {
            check_name(who)?;
            Ok(catalog.person_or_new(who)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// One photo seldom shows a person twice: whoever says so should know that they do.
fn warn_of_doubles(catalog: &Catalog, faces: &[FaceRow], person: &Who) -> Result<()> {
    for face in faces {
        let double = |other: &FaceRow| other.id != face.id && other.person == Some(person.id);
        if catalog.faces_in(face.photo)?.iter().any(double) {
            note(&format!("warning: {person} is in the photo of face {} already", face.id));
        }
    }
    Ok(())
}

/// The faces with these numbers, each once.
pub(super) fn called(catalog: &Catalog, faces: &[FaceId]) -> Result<Vec<FaceRow>> {
    let once: BTreeSet<FaceId> = faces.iter().copied().collect();
    once.into_iter().map(|face| face_called(catalog, face)).collect()
}

pub(super) fn ids(faces: &[FaceRow]) -> Vec<FaceId> {
    faces.iter().map(|face| face.id).collect()
}

fn are(faces: usize) -> String {
    format!("{} {}", count(faces as u64, "face"), if faces == 1 { "is" } else { "are" })
}
