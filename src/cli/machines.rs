//! `facetag machines`

use std::io::Write;

use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;

use super::Exit;
use super::output::{json, table};
use crate::catalog::{Catalog, Library, MachineRow, SessionRow};
use crate::printable::printable;

#[derive(Serialize)]
struct Line {
    name: String,
    this: bool,
    version: Option<String>,
    pack: Option<String>,
    last_seen: Option<String>,
    files: u64,
    folders: Vec<String>,
    photos_per_second: Option<f64>,
    doing: Vec<Doing>,
}

#[derive(Serialize)]
struct Doing {
    task: String,
    seconds: i64,
    photos: u64,
    photos_per_second: Option<f64>,
}

pub(super) fn run(library: &Library, as_json: bool) -> Result<Exit> {
    let machines = Catalog::open(library)?.machines()?;
    if as_json {
        json(&machines.into_iter().map(line).collect::<Vec<_>>())?;
        return Ok(Exit::Well);
    }
    let rows: Vec<Vec<String>> = machines.iter().map(row).collect();
    let heads = ["MACHINE", "DOES", "PHOTOS/S", "LAST SEEN", "FILES", "VERSION", "MODELS"];
    let mut out = std::io::stdout().lock();
    table(&mut out, &heads, &[2, 4], &rows)?;
    for machine in &machines {
        for folder in &machine.folders {
            writeln!(out, "{}: {}", printable(&machine.name), printable(folder))?;
        }
    }
    Ok(Exit::Well)
}

fn line(machine: MachineRow) -> Line {
    let MachineRow { name, is_this, version, pack, seen, files, folders, rate, sessions, .. } = machine;
    let seen = seen.and_then(|seen| Some(Timestamp::from_second(seen).ok()?.to_string()));
    let doing = sessions.into_iter().map(|SessionRow { task, seconds, photos, rate }| Doing {
        task,
        seconds,
        photos,
        photos_per_second: rate.map(tenths),
    });
    Line {
        name,
        this: is_this,
        version,
        pack,
        last_seen: seen,
        files,
        folders,
        photos_per_second: rate.map(tenths),
        doing: doing.collect(),
    }
}

fn tenths(rate: f64) -> f64 {
    (rate * 10.0).round() / 10.0
}

fn row(machine: &MachineRow) -> Vec<String> {
    let doing: Vec<&str> = machine.sessions.iter().map(|session| does(&session.task)).collect();
    let seen = match machine.ago {
        _ if !machine.sessions.is_empty() => "now".to_owned(),
        None => String::new(),
        Some(ago) => before(ago),
    };
    let rate = machine.sessions.iter().find_map(|session| session.rate).or(machine.rate);
    let name = printable(&machine.name);
    vec![
        if machine.is_this { format!("{name} (this one)") } else { name },
        doing.join(", "),
        rate.map_or_else(String::new, |rate| format!("{rate:.1}")),
        seen,
        machine.files.to_string(),
        machine.version.clone().unwrap_or_default(),
        machine.pack.clone().unwrap_or_default(),
    ]
}

fn does(task: &str) -> &'static str {
    match task {
        "scan" => "scans",
        "group" => "groups",
        "watch" => "watches",
        _ => "serves the page",
    }
}

/// So many seconds ago, by the clock of the server.
fn before(seconds: i64) -> String {
    match seconds {
        ..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
