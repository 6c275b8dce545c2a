//! `facetag show WHO`

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::Exit;
use super::args::Show;
use super::output::{count, day, json, table};
use crate::catalog::{Catalog, FaceId, FaceRow, Library, State, Whom};
use crate::face::BoundingBox;
use crate::metadata::DateSource;
use crate::people::open;

/// A face of the person, in its photo.
#[derive(Serialize)]
struct Sighting {
    face: FaceId,
    path: String,
    /// None of its files was there at the last scan.
    missing: bool,
    taken: Option<String>,
    taken_source: Option<DateSource>,
    #[serde(rename = "box")]
    bounds: BoundingBox,
    quality: f32,
    state: Option<State>,
    /// The names of the others in the photo.
    with: Vec<String>,
}

pub(super) fn run(library: &Library, args: &Show) -> Result<Exit> {
    let (catalog, _) = open(library)?;
    let whom = catalog.whom(&args.who)?;
    let who = match &whom {
        Whom::One(who) => who.to_string(),
        Whom::Circle(circle) => circle.name.clone(),
    };
    let mut sightings = Vec::new();
    for person in whom.people() {
        for face in catalog.faces_of(person.id)? {
            sightings.push(sighting(&catalog, &face)?);
        }
    }
    sightings.sort_by(|a, b| (a.taken.is_none(), &a.taken, &a.path).cmp(&(b.taken.is_none(), &b.taken, &b.path)));
    if args.json {
        json(&sightings)?;
        return Ok(Exit::Well);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{who}: {}\n", count(sightings.len() as u64, "face"))?;
    let rows: Vec<Vec<String>> = sightings
        .iter()
        .map(|sighting| {
            let state = match sighting.state {
                Some(State::Auto) => "automatic",
                Some(State::Confirmed) => "confirmed",
                Some(State::Manual) => "by hand",
                None => "",
            };
            vec![
                sighting.face.to_string(),
                day(sighting.taken.as_deref()),
                sighting.taken_source.map(DateSource::label).unwrap_or_default().to_owned(),
                state.to_owned(),
                sighting.with.join(", "),
                if sighting.missing { format!("{} (missing)", sighting.path) } else { sighting.path.clone() },
            ]
        })
        .collect();
    table(&mut out, &["FACE", "TAKEN", "SAYS", "TAGGED", "WITH", "PHOTO"], &[0], &rows)?;
    Ok(Exit::Well)
}

fn sighting(catalog: &Catalog, face: &FaceRow) -> Result<Sighting> {
    let mut with: Vec<String> = Vec::new();
    for other in catalog.faces_in(face.photo)?.iter().filter(|other| other.id != face.id) {
        let person = other.person.map(|person| catalog.person(person)).transpose()?.flatten();
        with.extend(person.and_then(|person| person.name));
    }
    with.sort();
    with.dedup();
    let photo = catalog.photo(face.photo)?;
    let path = catalog.path_of(face.photo)?.unwrap_or_default();
    Ok(Sighting {
        face: face.id,
        missing: catalog.is_missing(&path)?,
        path: path.display().to_string(),
        taken: photo.taken,
        taken_source: photo.taken_source,
        bounds: face.bounds,
        quality: face.quality,
        state: face.state,
        with,
    })
}
