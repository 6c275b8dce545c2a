//! `facetag stats`

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::Exit;
use super::output::{day, json};
use crate::catalog::{Library, Tally};
use crate::people::open;
use crate::printable::printable;
use crate::scan::Skipped;

#[derive(Serialize)]
struct Stats {
    library: String,
    /// Of the SQLite file and what stands beside it, in bytes.
    bytes: u64,
    pack: String,
    #[serde(flatten)]
    tally: Tally,
    /// At most [`UNREADABLE`] of those that could not be read.
    unreadable_files: Vec<UnreadableFile>,
    roots: Vec<RootLine>,
}

#[derive(Serialize)]
struct UnreadableFile {
    path: String,
    problem: String,
}

/// How many files that could not be read `--json` lists at most, and how many are printed.
const UNREADABLE: usize = 1000;
const PRINTED: usize = 10;

#[derive(Serialize)]
struct RootLine {
    path: String,
    scanned_at: Option<String>,
    offline: bool,
    excluded: Vec<String>,
    follow_links: bool,
    skipped: Skipped,
}

pub(super) fn run(library: &Library, as_json: bool) -> Result<Exit> {
    let (catalog, pack) = open(library)?;
    let roots = catalog.roots()?.into_iter().map(|root| RootLine {
        skipped: Skipped::of(&root),
        path: root.path.display().to_string(),
        scanned_at: root.scanned_at,
        offline: root.offline,
        excluded: root.excluded,
        follow_links: root.follow_links,
    });
    let (unreadable, _) = catalog.unreadable_files(UNREADABLE)?;
    let unreadable = unreadable.into_iter().map(|file| UnreadableFile {
        path: file.path.display().to_string(),
        problem: file.problem.unwrap_or_default(),
    });
    let stats = Stats {
        library: library.name().display().to_string(),
        bytes: catalog.bytes(library)?,
        pack: pack.name,
        tally: catalog.tally()?,
        unreadable_files: unreadable.collect(),
        roots: roots.collect(),
    };
    if as_json {
        json(&stats)?;
    } else {
        print(&stats)?;
    }
    Ok(Exit::Well)
}

fn print(stats: &Stats) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let Tally { photos, files, missing, unreadable, faces, tagged, unrecognisable, persons, groups } = stats.tally;
    writeln!(out, "Library   {} ({:.1} MB)", printable(&stats.library), stats.bytes as f64 / 1e6)?;
    writeln!(out, "Models    {}", stats.pack)?;
    writeln!(out, "Photos    {photos} in {files} files; {missing} files missing, {unreadable} not readable")?;
    for UnreadableFile { path, problem } in stats.unreadable_files.iter().take(PRINTED) {
        writeln!(out, "          not readable: {}: {}", printable(path), printable(problem))?;
    }
    if stats.unreadable_files.len() > PRINTED {
        writeln!(out, "          and others, which `--json` lists and `facetag scan --retry-failed` tries again")?;
    }
    writeln!(out, "Faces     {faces}, {tagged} with a name, {unrecognisable} that nobody can recognise")?;
    writeln!(out, "People    {persons} named, {groups} groups without a name")?;
    for RootLine { path, scanned_at, offline, excluded, skipped, .. } in &stats.roots {
        let state = match (offline, scanned_at) {
            (true, _) => "not there now".to_owned(),
            (false, Some(at)) => format!("scanned {}", day(Some(at))),
            (false, None) => "not scanned to its end".to_owned(),
        };
        writeln!(out, "Folder    {} ({state})", printable(path))?;
        for pattern in excluded {
            writeln!(out, "          excluded: {}", printable(pattern))?;
        }
        for line in skipped.lines() {
            writeln!(out, "          skipped: {line}")?;
        }
    }
    Ok(())
}
