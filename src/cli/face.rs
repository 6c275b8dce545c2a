//! `facetag face`: faces that no detector saw, and what is none.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::args::FaceAction;
use super::name::tell;
use super::output::{count, say};
use super::tag::{called, ids, known_or_new};
use super::{Exit, absolute};
use crate::catalog::{FaceId, Library};
use crate::face::{BoundingBox, Pack};
use crate::people::{decide, open, regroup};
use crate::scan::face_at;

pub(super) fn run(library: &Library, action: &FaceAction) -> Result<Exit> {
    match action {
        FaceAction::Add { photo, bounds, person } => add(library, photo, *bounds, person),
        FaceAction::Remove { faces } => remove(library, faces),
    }
}

fn add(library: &Library, path: &Path, bounds: [f32; 4], person: &str) -> Result<Exit> {
    let (mut catalog, info) = open(library)?;
    let path = absolute(path)?;
    let Some(photo) = catalog.photo_at(&path)? else {
        bail!("{}: no photo of the library lies there; `facetag scan` finds new ones", path.display());
    };
    let row = catalog.photo(photo)?;
    let bounds = in_fractions(bounds, row.width, row.height)?;
    let near = |other: &crate::catalog::FaceRow| other.bounds.iou(&bounds) >= 0.5;
    if let Some(face) = catalog.faces_in(photo)?.into_iter().find(near) {
        bail!("there is face {} already: `facetag confirm {person:?} {0}` says whose it is", face.id);
    }

    let pack = Pack::load(info, &library.packs()).context("the models could not be loaded")?;
    let drawn =
        face_at(&pack, &path, &row.hash, bounds).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    let (person, done) = catalog.exclusively(|catalog| -> Result<_> {
        let (person, is_new) = known_or_new(catalog, person)?;
        let decision = catalog.drawing(photo, &drawn, (&person, is_new))?;
        let done = catalog.decide(&decision, |catalog| {
            catalog.batch(|writer| writer.embed_drawn(photo, &drawn, &pack.info.name))?;
            regroup(catalog, &pack.info, &decision.reaches())
        })?;
        Ok((person.id, done))
    })?;
    tell(&catalog, &pack.info, person, done)
}

/// A box as the user typed it, in pixels where it is too large for fractions.
fn in_fractions([x, y, width, height]: [f32; 4], across: u32, down: u32) -> Result<BoundingBox> {
    let pixels = [x, y, width, height].iter().any(|number| *number > 1.0);
    let (right, bottom) = if pixels { (across as f32, down as f32) } else { (1.0, 1.0) };
    let bounds = BoundingBox { x: x / right, y: y / bottom, width: width / right, height: height / bottom };
    if bounds.x + bounds.width > 1.001 || bounds.y + bounds.height > 1.001 {
        bail!("the box reaches beyond the photo, which is {across} x {down} pixels");
    }
    Ok(bounds)
}

fn remove(library: &Library, faces: &[FaceId]) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let faces = ids(&called(&catalog, faces)?);
    let decision = catalog.removing(&faces)?;
    decide(&mut catalog, &pack, &decision)?;
    let them = if faces.len() == 1 { "it" } else { "them" };
    say(&format!("{} removed; no scan brings {them} back.", count(faces.len() as u64, "face")))?;
    Ok(Exit::Well)
}
