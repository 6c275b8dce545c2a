//! `facetag undo`, `redo` and `log`: what was decided, and taking it back.

use std::io::Write;

use anyhow::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::output::{count, json, say, table};
use super::{Exit, open};
use crate::catalog::{Catalog, CatalogError, Decision, FaceRef, Journal, Library, Line};

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
            Some(line) => say(&format!("{done}: {}", describe(&line.decision)))?,
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
    let lines: Vec<&Line> = said.take(limit).collect();
    if as_json {
        json(&lines)?;
        return Ok(Exit::Well);
    }
    if lines.is_empty() {
        say("Nothing was decided yet.")?;
        return Ok(Exit::Partly);
    }
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let is_decision = !matches!(line.decision, Decision::Undo { .. } | Decision::Redo { .. });
            let taken_back = is_decision && !journal.stands(line.id);
            let what = describe(&line.decision) + if taken_back { " (taken back)" } else { "" };
            vec![line.id.to_string(), local(&line.at), what]
        })
        .collect();
    let mut out = std::io::stdout().lock();
    table(&mut out, &["LINE", "WHEN", "WHAT"], &[0], &rows)?;
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

/// A decision in words.
pub(super) fn describe(decision: &Decision) -> String {
    let of = |faces: &[FaceRef]| count(faces.len() as u64, "face");
    let named = |name: &Option<String>| name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    match decision {
        Decision::Name { person, name, faces } => format!("group {person} named {name}, {}", of(faces)),
        Decision::Rename { person, from, to } => format!("{from} ({person}) renamed {to}"),
        Decision::Merge { from, from_name, into, .. } => format!("{from}{} made one with {into}", named(from_name)),
        Decision::Hide { person, hidden: true, .. } => format!("{person} hidden"),
        Decision::Hide { person, .. } => format!("{person} shown again"),
        Decision::Ignore { person, ignored: true, .. } => format!("{person} ignored as a stranger"),
        Decision::Ignore { person, .. } => format!("{person} ignored no more"),
        Decision::Born { person, date: Some(date) } => format!("{person} born on {date}"),
        Decision::Born { person, date: None } => format!("birth date of {person} forgotten"),
        Decision::Confirm { person, name, faces } => format!("{} confirmed as {person}{}", of(faces), named(name)),
        Decision::Reject { person, faces, .. } => format!("{} said not to be {person}", of(faces)),
        Decision::Split { from, into, name, faces, .. } => {
            format!("{} split from {from}, now {into}{}", of(faces), named(name))
        }
        Decision::Draw { person, name, .. } => format!("a face drawn for {person}{}", named(name)),
        Decision::Remove { faces } => format!("{} removed", of(faces)),
        Decision::Edited { faces } => format!("a photo edited, with {}", count(faces.len() as u64, "known face")),
        Decision::Undo { line } => format!("line {line} taken back"),
        Decision::Redo { line } => format!("line {line}, which took back, taken back"),
    }
}
