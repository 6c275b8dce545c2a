//! `facetag move-library`

use std::path::Path;

use anyhow::Result;

use super::Exit;
use super::output::{count, json, say};
use crate::catalog::{Library, move_library};

pub(super) fn run(from: &Path, to: &Path, as_json: bool) -> Result<Exit> {
    let (from, to) = (Library::named(from)?, Library::named(to)?);
    let moved = move_library(&from, &to)?;
    if as_json {
        json(&moved)?;
        return Ok(Exit::Well);
    }
    say(&format!(
        "{}: {} and {}; every row was compared ({} rows).",
        to.name().display(),
        count(moved.photos, "photo"),
        count(moved.decisions, "decision"),
        moved.rows
    ))?;
    say(&format!("The library in {} is as it was: delete it once you use the other.", from.name().display()))?;
    Ok(Exit::Well)
}
