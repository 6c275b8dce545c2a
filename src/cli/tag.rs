//! `facetag confirm`, `reject`, `split` and `cover`: what the user says of single faces.

use anyhow::Result;

use super::Exit;
use super::name::{tell, warn};
use super::output::{count, decided, say};
use crate::catalog::{FaceId, Library};
use crate::people::{check_name, decide, open};

pub(super) fn confirm(library: &Library, who: &str, faces: &[FaceId], as_json: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let (person, done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let (person, is_new) = deciding.known_or_new(who)?;
        let mut chosen = deciding.faces_called(faces)?;
        if faces.is_empty() {
            chosen = deciding.by_itself(&person)?;
        }
        deciding.confirm((&person, is_new), &chosen)?;
        Ok(person.id)
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    tell(&catalog, &pack, person, &done)
}

pub(super) fn reject(library: &Library, who: &str, faces: &[FaceId], as_json: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let ((person, faces), done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let person = deciding.who(who)?;
        let faces = deciding.faces_called(faces)?;
        deciding.reject(&person, &faces)?;
        Ok((person, faces.len()))
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    say(&format!("{} not {person}, and will not be again.", are(faces)))?;
    warn(&done);
    Ok(Exit::Well)
}

pub(super) fn split(library: &Library, who: &str, faces: &[FaceId], name: Option<&str>, as_json: bool) -> Result<Exit> {
    name.map(check_name).transpose()?;
    let (mut catalog, pack) = open(library)?;
    let ((person, faces, into), done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let person = deciding.who(who)?;
        let faces = deciding.faces_called(faces)?;
        let (into, is_new) = match name {
            Some(name) => deciding.known_or_new(name)?,
            None => deciding.new_group_to_be()?,
        };
        deciding.split(&person, &faces, (&into, is_new))?;
        Ok((person, faces.len(), into.id))
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    say(&format!("{} not {person}.", are(faces)))?;
    tell(&catalog, &pack, into, &done)
}

pub(super) fn cover(library: &Library, who: &str, face: FaceId, as_json: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let (person, done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let person = deciding.who(who)?;
        let face = deciding.faces_called(&[face])?.remove(0);
        deciding.cover(&person, &face)?;
        Ok(person)
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    say(&format!("{person} is shown by face {face} from now on."))?;
    Ok(Exit::Well)
}

fn are(faces: usize) -> String {
    format!("{} {}", count(faces as u64, "face"), if faces == 1 { "is" } else { "are" })
}
