//! Printing: tables, JSON.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::Exit;
pub(super) use crate::catalog::count;
use crate::catalog::{Catalog, Line, LineId};
use crate::people::Decided;
use crate::printable::{json_text, printable};

/// Columns of text, as wide as their widest cell; those of `right` are set to the right.
pub(super) fn table(out: &mut impl Write, heads: &[&str], right: &[usize], rows: &[Vec<String>]) -> io::Result<()> {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect();
    let widths: Vec<usize> = (0..heads.len())
        .map(|column| rows.iter().chain([&heads]).map(|row| row[column].width()).max().unwrap_or(0))
        .collect();
    for row in [&heads].into_iter().chain(&rows) {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let gap = " ".repeat(widths[column] - cell.width());
            let (before, after) = if right.contains(&column) { (gap.as_str(), "") } else { ("", gap.as_str()) };
            line.extend([before, cell, after, "  "]);
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A value as indented JSON on standard output.
pub(super) fn json(value: &impl Serialize) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{}", json_text(value, true)?)
}

/// What a command has decided, for other programs: its lines of the journal, the faces that were tagged by similarity because of
/// them, and what the user should know of it.
#[derive(Serialize)]
struct Decisions {
    decisions: Vec<Line>,
    tagged: usize,
    warnings: Vec<String>,
}

/// What was decided, as JSON.
pub(super) fn decided(catalog: &Catalog, done: &[Decided]) -> Result<Exit> {
    let lines = done.iter().flat_map(|done| done.lines.start().0..=done.lines.end().0);
    json(&Decisions {
        decisions: lines.filter_map(|line| catalog.line(LineId(line)).transpose()).collect::<Result<_, _>>()?,
        tagged: done.iter().map(|done| done.tagged).sum(),
        warnings: done.iter().flat_map(|done| &done.notes).map(ToString::to_string).collect(),
    })?;
    Ok(Exit::Well)
}

/// One line on standard output, whatever is in it.
pub(super) fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{}", printable(line))
}

/// The same, on standard error where JSON is printed.
pub(super) fn remark(line: &str, as_json: bool) -> io::Result<()> {
    if as_json {
        note(line);
        return Ok(());
    }
    say(line)
}

/// One line on standard error, whatever is in it. Where nobody reads it any more, the work goes on all the same: `eprintln` would panic.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(line));
}

/// A path as a terminal may show it.
pub(super) fn plain(path: &Path) -> String {
    printable(&path.display().to_string())
}

/// A probability in per cent, never certain: nothing but the user's word is.
pub(super) fn percent(probability: f32) -> String {
    let percent = probability * 100.0;
    match percent {
        ..0.1 => "< 0.1 %".to_owned(),
        99.9.. => "> 99.9 %".to_owned(),
        ..1.0 | 99.0.. => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

/// The day of a local time, or nothing.
pub(super) fn day(time: Option<&str>) -> String {
    time.and_then(|time| time.split('T').next()).unwrap_or("").to_owned()
}
