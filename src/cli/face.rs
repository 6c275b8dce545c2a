//! `facetag face`: faces that no detector saw, and what is none.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};

use super::args::FaceAction;
use super::name::tell;
use super::output::{count, decided, say};
use super::{Exit, absolute};
use crate::catalog::{FaceId, Library};
use crate::face::{BoundingBox, Pack};
use crate::people::{decide, open};
use crate::scan::{Budget, DrawError, sight};

pub(super) fn run(library: &Library, action: &FaceAction, as_json: bool) -> Result<Exit> {
    match action {
        FaceAction::Add { photo, bounds, person } => add(library, photo, *bounds, person, as_json),
        FaceAction::Remove { faces } => remove(library, faces, as_json),
    }
}

fn add(library: &Library, path: &Path, bounds: [f32; 4], person: &str, as_json: bool) -> Result<Exit> {
    let (mut catalog, info) = open(library)?;
    let path = absolute(path)?;
    let Some(photo) = catalog.photo_at(&path)? else {
        bail!("{}: no photo of the library lies there; `facetag scan` finds new ones", path.display());
    };
    let row = catalog.photo(photo)?;
    let bounds = in_fractions(bounds, row.width, row.height);
    let sight = sight(&catalog, &row, &[path], bounds, &Budget::new(u64::MAX)).map_err(|error| match error {
        DrawError::Known(face) => {
            anyhow!("there is face {face} already: `facetag confirm {person:?} {face}` says whose it is")
        }
        error => error.into(),
    })?;
    let pack = Pack::load(info, &library.packs()).context("the models could not be loaded")?;
    let drawn = sight.look(&pack)?;
    let (person, done) = decide(&mut catalog, &pack.info, |deciding| -> Result<_> {
        let (person, is_new) = deciding.known_or_new(person)?;
        drawn.is(deciding, (&person, is_new))?;
        Ok(person.id)
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    tell(&catalog, &pack.info, person, &done)
}

/// A box as the user typed it, in pixels where it is too large for fractions.
fn in_fractions([x, y, width, height]: [f32; 4], across: u32, down: u32) -> BoundingBox {
    let pixels = [x, y, width, height].iter().any(|number| *number > 1.0);
    let (right, bottom) = if pixels { (across as f32, down as f32) } else { (1.0, 1.0) };
    BoundingBox { x: x / right, y: y / bottom, width: width / right, height: height / bottom }
}

fn remove(library: &Library, faces: &[FaceId], as_json: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let (faces, done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let faces = deciding.faces_called(faces)?;
        deciding.remove(&faces)?;
        Ok(faces.len())
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    let them = if faces == 1 { "it" } else { "them" };
    say(&format!("{} removed; no scan brings {them} back.", count(faces as u64, "face")))?;
    Ok(Exit::Well)
}
