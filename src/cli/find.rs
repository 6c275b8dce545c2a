//! `facetag find`

use std::collections::HashMap;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::args::Find;
use super::output::{count, json, note, plain};
use super::scan::interruption;
use super::{Exit, absolute};
use crate::album;
use crate::catalog::{Catalog, Hit, Library, PersonId, Query, Span};
use crate::metadata::Place;
use crate::people::open;

/// A photo that was found, for other programs.
#[derive(Serialize)]
struct Found {
    path: String,
    taken: Option<String>,
    place: Option<String>,
    people: Vec<String>,
}

pub(super) fn run(library: &Library, args: &Find) -> Result<Exit> {
    let (catalog, _) = open(library)?;
    let ids =
        |names: &[String]| -> Result<Vec<PersonId>> { names.iter().map(|name| Ok(catalog.who(name)?.id)).collect() };
    let query = Query {
        all: ids(&args.names)?,
        any: ids(&args.any)?,
        not: ids(&args.not)?,
        only: args.only,
        span: Span { since: args.since, until: args.until },
        place: args.place.clone(),
        folder: args.folder.as_deref().map(absolute).transpose()?,
        copies: args.copies,
    };
    if let (Some(since), Some(until)) = (args.since, args.until)
        && since > until
    {
        bail!("--since {since} is after --until {until}");
    }
    let hits = catalog.find(&query)?;
    if hits.is_empty() {
        tell_why(&catalog, &query)?;
    }
    if args.count {
        writeln!(std::io::stdout(), "{}", hits.len())?;
    } else if args.json {
        let names = catalog.names()?;
        json(&hits.iter().map(|hit| found(&catalog, &names, hit)).collect::<Result<Vec<_>>>()?)?;
    } else if let Some(folder) = &args.link {
        return make(folder, &hits, album::Kind::Links);
    } else if let Some(folder) = &args.copy {
        return make(folder, &hits, album::Kind::Copies);
    } else if !args.open {
        let stdout = std::io::stdout();
        let mut out = BufWriter::new(stdout.lock());
        if stdout.is_terminal() && !args.null {
            hits.iter().try_for_each(|hit| writeln!(out, "{}", plain(&hit.path)))?;
        } else {
            album::list(&mut out, &hits, if args.null { 0 } else { b'\n' })?;
        }
        out.flush()?;
    }
    if args.open {
        view(library, &hits)?;
    }
    Ok(if hits.is_empty() { Exit::Partly } else { Exit::Well })
}

/// Says what of a question that nothing fits no photo can fit.
fn tell_why(catalog: &Catalog, query: &Query) -> Result<()> {
    if let Some(folder) = query.folder.as_ref().filter(|folder| !folder.is_dir()) {
        note(&format!("{}: there is no such folder now", folder.display()));
    }
    if let Some(place) = &query.place
        && catalog.find(&Query { place: query.place.clone(), ..Query::default() })?.is_empty()
    {
        note(&format!("{place}: no photo that is there now was taken there; names are as in `facetag find --json`"));
    }
    Ok(())
}

fn found(catalog: &Catalog, names: &HashMap<PersonId, String>, hit: &Hit) -> Result<Found> {
    let photo = catalog.photo(hit.photo)?;
    let faces = catalog.faces_in(hit.photo)?;
    let mut people: Vec<String> = faces.iter().filter_map(|face| names.get(&face.person?).cloned()).collect();
    people.sort();
    people.dedup();
    let place = photo.place.map(|Place { city, country, .. }| format!("{city}, {country}"));
    Ok(Found { path: hit.path.display().to_string(), taken: hit.taken.clone(), place, people })
}

/// Makes an album, and tells what became of it.
fn make(folder: &Path, hits: &[Hit], kind: album::Kind) -> Result<Exit> {
    let stop = interruption()?;
    let made = album::make(folder, hits, kind, &stop);
    if stop.load(Ordering::Relaxed) {
        note("Interrupted. What is there is whole: the same command goes on from here.");
        return Ok(Exit::Interrupted);
    }
    let album = made.with_context(|| folder.display().to_string())?;
    for (photo, error) in &album.failed {
        note(&format!("warning: {}: {error}", photo.display()));
    }
    let what = if kind == album::Kind::Links { "link" } else { "copies of photo" };
    let mut line = format!("{}: {}", folder.display(), count(album.made, what));
    if album.present > 0 {
        line += &format!(", {} there already", album.present);
    }
    writeln!(std::io::stdout(), "{line}.")?;
    Ok(if hits.is_empty() || !album.failed.is_empty() { Exit::Partly } else { Exit::Well })
}

/// Shows photos in the system's viewer: one as itself, more as a folder of links.
fn view(library: &Library, hits: &[Hit]) -> Result<()> {
    let open = |path: &Path| open::that(path).with_context(|| format!("{} could not be opened", path.display()));
    match hits {
        [] => Ok(()),
        [one] => open(&one.path),
        many => {
            let folder = library.album();
            album::clear_links(&folder)?;
            make(&folder, many, album::Kind::Links)?;
            open(&folder)
        }
    }
}
