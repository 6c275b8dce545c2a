//! `facetag why FACE`: which decision or which likeness gave a face its name.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::history::local;
use super::output::{json, percent, table};
use super::{Exit, face_called};
use crate::catalog::{FaceId, Journal, Library, Line, State, Who};
use crate::people::{Resemblance, open, resemblances};

/// So many persons are told of.
const TOLD: usize = 5;

#[derive(Serialize)]
struct Why {
    face: FaceId,
    path: Option<String>,
    person: Option<Who>,
    state: Option<State>,
    /// The decision that speaks of it last.
    decision: Option<Line>,
    resembles: Vec<Resemblance>,
}

pub(super) fn run(library: &Library, face: FaceId, as_json: bool) -> Result<Exit> {
    let (catalog, pack) = open(library)?;
    let row = face_called(&catalog, face)?;
    let journal = Journal::load(&catalog)?;
    let why = Why {
        face,
        path: catalog.path_of(row.photo)?.map(|path| path.display().to_string()),
        person: row.person.map(|person| catalog.person(person)).transpose()?.flatten(),
        state: row.state,
        decision: journal.last_word_on(&catalog.face_ref(&row)?).cloned(),
        resembles: resemblances(&catalog, &pack, face, TOLD)?,
    };
    if as_json {
        json(&why)?;
        return Ok(Exit::Well);
    }
    let mut out = std::io::stdout().lock();
    let whose = why.person.as_ref().map_or_else(|| "nobody yet".to_owned(), Who::to_string);
    writeln!(out, "Face {face} in {}: {whose}.", why.path.as_deref().unwrap_or("a photo that is away"))?;
    let reason = match (why.state, &why.person) {
        (Some(State::Confirmed | State::Manual), _) => "You said so.",
        (Some(State::Auto), _) => {
            "facetag tagged it by itself: it is surely like them, and not nearly as like anybody else."
        }
        (None, Some(_)) => "facetag grouped it with the faces that it is like.",
        (None, None) => "It is like nobody, or so doubtful a face that it founds no group.",
    };
    writeln!(out, "{reason}")?;
    if let Some(line) = &why.decision {
        writeln!(out, "Line {} of {}: {}.", line.id, local(line), line.decision.describe(&catalog.names()?))?;
    }
    if !why.resembles.is_empty() {
        writeln!(out)?;
        let rows = why.resembles.iter().map(|one| {
            let who = catalog.person(one.person)?.unwrap_or(Who { id: one.person, name: None });
            let said = if one.rejected { "you said no" } else { "" };
            Ok(vec![
                who.to_string(),
                percent(one.probability),
                format!("{:.2}", one.likeness),
                format!("{} ({:.2})", one.nearest, one.cosine),
                said.to_owned(),
            ])
        });
        let heads = ["LIKE", "PROBABILITY", "LIKENESS", "NEAREST FACE (COSINE)", ""];
        table(&mut out, &heads, &[1, 2], &rows.collect::<Result<Vec<_>>>()?)?;
    }
    Ok(Exit::Well)
}
