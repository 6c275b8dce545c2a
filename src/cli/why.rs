//! `facetag why FACE`: which decision or which similarity gave a face its name.

use std::io::Write;

use anyhow::Result;

use super::history::local;
use super::output::{json, percent, table};
use super::{Exit, face_called};
use crate::catalog::{Decision, FaceId, Library, State, Who};
use crate::people::{explain, open};
use crate::printable::printable;

pub(super) fn run(library: &Library, face: FaceId, as_json: bool) -> Result<Exit> {
    let (catalog, pack) = open(library)?;
    let row = face_called(&catalog, face)?;
    let why = explain(&catalog, &pack, &row)?;
    if as_json {
        json(&why)?;
        return Ok(Exit::Well);
    }
    let mut out = std::io::stdout().lock();
    let whose = why.person.as_ref().map_or_else(|| "nobody yet".to_owned(), Who::to_string);
    writeln!(out, "Face {face} in {}: {whose}.", printable(why.path.as_deref().unwrap_or("a photo that is away")))?;
    let face_ref = catalog.face_ref(&row)?;
    let decision = why.decision.as_ref().map(|line| &line.decision);
    let inferred = decision.and_then(|decision| decision.inferred(&face_ref));
    let reason = match (why.state, &why.person) {
        (Some(State::Confirmed | State::Manual), _) if inferred.is_some() => {
            "You imported the name for this photo, and facetag found out which face is theirs."
        }
        (Some(State::Confirmed | State::Manual), _) if matches!(decision, Some(Decision::Import { .. })) => {
            "You imported the name for this face."
        }
        (Some(State::Confirmed | State::Manual), _) => "You said so.",
        (Some(State::Auto), _) => {
            "facetag tagged it automatically: it is very similar to theirs, and clearly less similar to anybody else's."
        }
        (None, Some(_)) => "facetag grouped it with the faces that it is like.",
        (None, None) => "It resembles nobody, or the detector is so unsure of it that it starts no group.",
    };
    writeln!(out, "{reason}")?;
    let photo = catalog.photo(row.photo)?;
    if let (Some(taken), Some(source)) = (&photo.taken, photo.taken_source) {
        writeln!(out, "The photo was taken {taken}, {}.", source.words())?;
    }
    if let Some(line) = &why.decision {
        writeln!(out, "Line {} of {}: {}.", line.id, local(line), line.decision.describe(&catalog.names()?))?;
    }
    if let Some(because) = inferred {
        writeln!(out, "{because}.")?;
    }
    if !why.resembles.is_empty() {
        writeln!(out)?;
        let rows = why.resembles.iter().map(|one| {
            let who = catalog.person(one.person)?.unwrap_or(Who { id: one.person, name: None });
            let said = if one.rejected { "you said no" } else { "" };
            Ok(vec![
                who.to_string(),
                percent(one.probability),
                format!("{:.2}", one.similarity),
                one.nearest.map_or_else(String::new, |nearest| format!("{nearest} ({:.2})", one.cosine)),
                said.to_owned(),
            ])
        });
        let heads = ["LIKE", "PROBABILITY", "SIMILARITY", "NEAREST FACE (COSINE)", ""];
        table(&mut out, &heads, &[1, 2], &rows.collect::<Result<Vec<_>>>()?)?;
    }
    Ok(Exit::Well)
}
