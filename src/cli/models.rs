//! `facetag models`

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::Exit;
use super::args::{Models, ModelsAction};
use super::output::{json, note, remark, table};
use super::scan::{Progress, interruption};
use crate::catalog::{Catalog, Library, Session};
use crate::face::{FoundPack, Pack, PackInfo};
use crate::people::{activate, active, regroup};
use crate::scan::{Event, embed_missing, faces_to_embed};

/// What the licence of InsightFace's weights allows, as its makers put it.
const NOTICE: &str = "The code of InsightFace is MIT licensed, its trained models are not: they are available for
non-commercial research purposes only (https://github.com/deepinsight/insightface#license).
facetag does not ship them. Whether your use is allowed is yours to judge.";

pub(super) fn run(library: &Library, args: Models) -> Result<Exit> {
    let exit = match args.action {
        None | Some(ModelsAction::List) => return list(library, args.json),
        Some(ModelsAction::Add { file, accept_license }) => add(library, &file, accept_license, args.json)?,
        Some(ModelsAction::Use { pack }) => switch(library, &pack, args.json)?,
    };
    if args.json && exit == Exit::Well {
        list(library, true)?;
    }
    Ok(exit)
}

#[derive(Serialize)]
struct Line {
    name: String,
    active: bool,
    dimension: usize,
    licence: String,
}

fn list(library: &Library, as_json: bool) -> Result<Exit> {
    let active = active(&Catalog::open(library)?)?;
    let lines: Vec<Line> = PackInfo::all(&library.packs())?
        .into_iter()
        .map(|PackInfo { name, dimension, licence, .. }| Line { active: name == active, name, dimension, licence })
        .collect();
    if as_json {
        json(&lines)?;
        return Ok(Exit::Well);
    }
    let rows: Vec<Vec<String>> = lines
        .into_iter()
        .map(|line| {
            let active = if line.active { "*" } else { "" };
            vec![active.to_owned(), line.name, line.dimension.to_string(), line.licence]
        })
        .collect();
    table(&mut std::io::stdout().lock(), &["IN USE", "PACK", "NUMBERS A FACE", "LICENCE"], &[2], &rows)?;
    Ok(Exit::Well)
}

fn add(library: &Library, file: &Path, accepted: bool, as_json: bool) -> Result<Exit> {
    let found = FoundPack::read(file)?;
    let name = &found.info.name;
    note(NOTICE);
    if !accepted && !says_yes("Add these models?")? {
        bail!("nothing was added: the licence was not accepted (--accept-license says yes for scripts)");
    }
    // Opening it makes the library where there is none.
    Catalog::open(library)?;
    found.add(&library.packs())?;
    remark(
        &format!("Added {name}. `facetag models use {name}` embeds all faces with it and keeps every name."),
        as_json,
    )?;
    Ok(Exit::Well)
}

fn says_yes(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Embeds all faces with the pack, then makes it the one in use: interrupted, the old one still is, and the same
/// command goes on where it stopped.
fn switch(library: &Library, name: &str, as_json: bool) -> Result<Exit> {
    let _lock = library.lock_alone()?;
    let mut catalog = Catalog::open(library)?;
    let info = PackInfo::called(name, &library.packs())?;
    if active(&catalog)? == info.name {
        remark(&format!("{} is in use already.", info.name), as_json)?;
        return Ok(Exit::Well);
    }
    let pack = Pack::load(info, &library.packs()).context("the models could not be loaded")?;
    let interrupted = interruption()?;
    let mut progress = Progress::new();
    let work = faces_to_embed(&mut catalog, &pack.info.name)?;
    progress.show(&Event::Planned { to_read: work.len() as u64 });
    embed_missing((&mut catalog, &Session::unnoticed()), &pack, &work, &interrupted, |event| progress.show(&event))?;
    progress.finish();
    if interrupted.load(std::sync::atomic::Ordering::Relaxed) {
        note("Interrupted: the pack in use is the old one. The same command goes on from here.");
        return Ok(Exit::Interrupted);
    }
    activate(&catalog, &pack.info)?;
    catalog.batch(|writer| writer.ungroup_the_unnamed())?;
    regroup(&mut catalog, &pack.info, &[])?;
    remark(&format!("{} is in use; every name was kept.", pack.info.name), as_json)?;
    let left = catalog.photos_without_embeddings(&pack.info.name)?;
    for photo in &left {
        let path = catalog.path_of(*photo)?.unwrap_or_default();
        note(&format!("warning: {}: its faces are not embedded, as it cannot be read now", path.display()));
    }
    if !left.is_empty() {
        note("The next scan tries again; the names are kept.");
        return Ok(Exit::Partly);
    }
    Ok(Exit::Well)
}
