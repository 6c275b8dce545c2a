//! `facetag undo`, `redo` and `log`: what was decided, and taking it back.

use std::collections::HashMap;
use std::io::Write;

use anyhow::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::output::{count, json, say, table};
use super::{Exit, open};
use crate::catalog::{Catalog, CatalogError, Decision, FaceRef, Journal, Library, Line, PersonId, Who};

pub(super) fn undo(library: &Library, times: u32) -> Result<Exit> {
    again(library, times, Catalog::undo, "Taken back", "There is nothing to take back.")
}

pub(super) fn redo(library: &Library, times: u32) -> Result<Exit> {
    again(library, times, Catalog::redo, "Done again", "There is nothing to do again.")
}

fn again(
    library: &Library,
    times: u32,
    step: fn(&mut Catalog) -> Result<Option<Line>, CatalogError>,
    done: &str,
    nothing: &str,
) -> Result<Exit> {
    let (mut catalog, _) = open(library)?;
    for _ in 0..times {
        match step(&mut catalog)? {
            Some(line) => say(&format!("{done}: {}", describe(&line.decision, &catalog.names()?)))?,
            None => {
                say(nothing)?;
                return Ok(Exit::Partly);
            }
        }
    }
    Ok(Exit::Well)
}

pub(super) fn log(library: &Library, limit: usize, as_json: bool) -> Result<Exit> {
    let (catalog, _) = open(library)?;
    let journal = Journal::load(&catalog)?;
    let said = journal.lines.iter().rev().filter(|line| !matches!(line.decision, Decision::Edited { .. }));
    let mut lines: Vec<&Line> = said.collect();
    let more = lines.len().saturating_sub(limit);
    lines.truncate(limit);
    if as_json {
        json(&lines)?;
        return Ok(Exit::Well);
    }
    if lines.is_empty() {
        say("Nothing was decided yet.")?;
        return Ok(Exit::Partly);
    }
    let names = catalog.names()?;
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let is_decision = !matches!(line.decision, Decision::Undo { .. } | Decision::Redo { .. });
            let taken_back = is_decision && !journal.stands(line.id);
            let what = describe(&line.decision, &names) + if taken_back { " (taken back)" } else { "" };
            vec![line.id.to_string(), local(&line.at), what]
        })
        .collect();
    let mut out = std::io::stdout().lock();
    table(&mut out, &["LINE", "WHEN", "WHAT"], &[0], &rows)?;
    if more > 0 {
        writeln!(out, "\nAnd {more} before (--limit {} lists them).", limit + more)?;
    }
    writeln!(out, "\n`facetag undo` takes back the newest that stands.")?;
    Ok(Exit::Well)
}

/// A time of the journal, to the minute, as the user's clock showed it.
pub(super) fn local(at: &str) -> String {
    match at.parse::<Timestamp>() {
        Ok(time) => time.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => at.to_owned(),
    }
}

/// A decision in words, people by the names that they have now.
pub(super) fn describe(decision: &Decision, names: &HashMap<PersonId, String>) -> String {
    let of = |faces: &[FaceRef]| count(faces.len() as u64, "face");
    let who = |id: &PersonId| Who { id: *id, name: names.get(id).cloned() }.to_string();
    // Somebody new, or gone since: by the name that they had then.
    let then = |id: &PersonId, name: &Option<String>| match name {
        Some(name) => format!("{name} ({id})"),
        None => who(id),
    };
    match decision {
        Decision::Name { person, name, faces } => format!("group {person} named {name}, {}", of(faces)),
        Decision::Rename { person, from, to } => format!("{from} ({person}) renamed {to}"),
        Decision::Merge { from, from_name, into, .. } => {
            format!("{} made one with {}", then(from, from_name), who(into))
        }
        Decision::Hide { person, hidden: true, .. } => format!("{} hidden", who(person)),
        Decision::Hide { person, .. } => format!("{} shown again", who(person)),
        Decision::Ignore { person, ignored: true, .. } => format!("{} ignored as a stranger", who(person)),
        Decision::Ignore { person, .. } => format!("{} ignored no more", who(person)),
        Decision::Born { person, date: Some(date) } => format!("{} born on {date}", who(person)),
        Decision::Born { person, date: None } => format!("birth date of {} forgotten", who(person)),
        Decision::Confirm { person, name, faces } => format!("{} confirmed as {}", of(faces), then(person, name)),
        Decision::Reject { person, faces, .. } => format!("{} said not to be {}", of(faces), who(person)),
        Decision::Split { from, into, name, faces, .. } => {
            format!("{} split from {}, now {}", of(faces), who(from), then(into, name))
        }
        Decision::Draw { person, name, .. } => format!("a face drawn for {}", then(person, name)),
        Decision::Remove { faces } => format!("{} removed", of(faces)),
        Decision::Edited { faces } => format!("a photo edited, with {}", count(faces.len() as u64, "known face")),
        Decision::Undo { line } => format!("line {line} taken back"),
        Decision::Redo { line } => format!("line {line} taken back in turn"),
    }
}
