//! `facetag undo`, `redo` and `log`: what was decided, and taking it back.

use std::io::Write;

use anyhow::Result;

use super::Exit;
use super::output::{decided, json, note, say, table};
use crate::catalog::{Catalog, Entry, Library, Line};
use crate::face::PackInfo;
use crate::people::{DecideError, Deciding, decide, open};

pub(super) fn undo(library: &Library, times: u32, as_json: bool) -> Result<Exit> {
    let words = ("Taken back", "There is nothing to take back.");
    let opened = open(library)?;
    if opened.0.has_just_forgotten()? {
        note("What you have just forgotten cannot be brought back; this is about what you decided before.");
    }
    again(opened, times, |deciding| deciding.undo_command(), words, as_json)
}

pub(super) fn redo(library: &Library, times: u32, as_json: bool) -> Result<Exit> {
    let words = ("Done again", "There is nothing to do again.");
    again(open(library)?, times, |deciding| deciding.redo_command(), words, as_json)
}

fn again(
    (mut catalog, pack): (Catalog, PackInfo),
    times: u32,
    step: fn(&mut Deciding) -> Result<Vec<Line>, DecideError>,
    (done, nothing): (&str, &str),
    as_json: bool,
) -> Result<Exit> {
    let (mut all, mut exit) = (Vec::new(), Exit::Well);
    for _ in 0..times {
        let (lines, what) = decide(&mut catalog, &pack, step)?;
        all.push(what);
        if lines.is_empty() {
            exit = Exit::Partly;
            break;
        }
        for line in lines.into_iter().filter(|_| !as_json) {
            say(&format!("{done}: {}", line.decision.describe(&catalog.names()?)))?;
        }
    }
    if as_json {
        decided(&catalog, &all)?;
    } else if exit == Exit::Partly {
        say(nothing)?;
    }
    Ok(exit)
}

pub(super) fn log(library: &Library, limit: usize, as_json: bool) -> Result<Exit> {
    let (catalog, _) = open(library)?;
    let lines = catalog.log(0, limit)?;
    let more = catalog.log_length()?.saturating_sub(limit);
    if as_json {
        json(&lines.iter().map(|entry| &entry.line).collect::<Vec<_>>())?;
        return Ok(Exit::Well);
    }
    if lines.is_empty() {
        say("Nothing was decided yet.")?;
        return Ok(Exit::Partly);
    }
    let names = catalog.names()?;
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|Entry { line, taken_back, .. }| {
            let what = line.decision.describe(&names) + if *taken_back { " (taken back)" } else { "" };
            vec![line.id.to_string(), local(line), what]
        })
        .collect();
    let mut out = std::io::stdout().lock();
    table(&mut out, &["LINE", "WHEN", "WHAT"], &[0], &rows)?;
    if more > 0 {
        writeln!(out, "\nAnd {more} before (--limit {} lists them).", limit + more)?;
    }
    writeln!(
        out,
        "\n`facetag undo` takes back the newest that stands, with all that was decided by the same command."
    )?;
    Ok(Exit::Well)
}

/// When a line was said, to the minute, as the user's clock showed it.
pub(super) fn local(line: &Line) -> String {
    line.said_at().map_or_else(|| line.at.clone(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}
