//! `facetag find`

use std::collections::{HashMap, HashSet};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::args::Find;
use super::output::{count as count_of, json, note, plain};
use super::scan::interruption;
use super::{Exit, absolute};
use crate::album;
use crate::catalog::{Catalog, Hit, Library, PersonId, Query, Span, Who, Whom};
use crate::metadata::Place;
use crate::people::open;
use crate::printable::printable;

/// A photo that was found, for other programs.
#[derive(Serialize)]
struct Found {
    path: String,
    /// The name of the machine that has the file, if it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
    taken: Option<String>,
    place: Option<String>,
    people: Vec<String>,
}

pub(super) fn run(library: &Library, args: &Find) -> Result<Exit> {
    let (catalog, _) = open(library)?;
    let query = query(&catalog, args)?;
    let (hits, away) = there(&catalog, &query)?;
    if let Some((folder, count)) = away {
        let photos = count_of(count, "photo");
        note(&format!("{}: not there now, so {photos} that fit are left out", plain(&folder)));
    }
    if hits.is_empty() {
        tell_why(&catalog, &query)?;
    }
    if query.span.since.is_some() || query.span.until.is_some() {
        let undated = Query { span: Span::default(), undated: true, ..query.clone() };
        let undated = catalog.find(&undated)?.len() as u64;
        if undated > 0 {
            let photos = count_of(undated, "photo");
            note(&format!("{photos} without a date left out: `--undated` instead of the dates lists them"));
        }
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
            hits.iter().try_for_each(|hit| match &hit.elsewhere {
                Some(machine) => writeln!(out, "{}:{}", printable(machine), plain(&hit.path)),
                None => writeln!(out, "{}", plain(&hit.path)),
            })?;
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

/// What the user looks for.
pub(super) fn query(catalog: &Catalog, args: &Find) -> Result<Query> {
    let ids = |people: Vec<Who>| -> Vec<PersonId> { people.iter().map(|who| who.id).collect() };
    let (mut all, mut circles) = (Vec::new(), Vec::new());
    for name in &args.names {
        match catalog.whom(name)? {
            Whom::One(who) => all.push(who.id),
            Whom::Circle(circle) => circles.push(ids(circle.people)),
        }
    }
    let text = catalog.text_query(args.text.as_deref().unwrap_or_default())?;
    let query = Query {
        all: [text.all, all].concat(),
        circles: [text.circles, circles].concat(),
        any: ids(catalog.everybody(&args.any)?),
        not: [text.not, ids(catalog.everybody(&args.not)?)].concat(),
        only: args.only,
        unrecognisable: args.unrecognisable,
        span: Span { since: args.since.or(text.span.since), until: args.until.or(text.span.until) },
        undated: args.undated,
        place: args.place.clone().or(text.place),
        near: args.near.map(|spot| (spot, args.within)),
        faces: if args.no_faces { Some((0, 0)) } else { args.faces },
        unnamed: args.unnamed,
        state: args.state,
        folder: args.folder.as_deref().map(absolute).transpose()?,
        copies: args.copies,
    };
    if let (Some(since), Some(until)) = (args.since, args.until)
        && since > until
    {
        bail!("--since {since} is after --until {until}");
    }
    Ok(query)
}

/// A folder that is not there, and how many photos cannot be reached.
type Offline = (PathBuf, u64);

/// The photos that fit and can be reached now, and how many cannot, with the first folder that is not there. A disk may have
/// been unplugged since the last scan.
pub(super) fn there(catalog: &Catalog, query: &Query) -> Result<(Vec<Hit>, Option<Offline>)> {
    let mut folders: HashMap<PathBuf, bool> = HashMap::new();
    let mut is_there = |path: &Path| {
        let Some(folder) = path.parent() else { return true };
        *folders.entry(folder.to_owned()).or_insert_with(|| folder.is_dir())
    };
    let all = catalog.find(query)?;
    // Another machine's files are its own business.
    if all.iter().all(|hit| hit.elsewhere.is_some() || is_there(&hit.path)) {
        return Ok((all, None));
    }
    // Another copy may lie where it can be reached.
    let copies = catalog.find(&Query { copies: true, ..query.clone() })?;
    let mut seen = HashSet::new();
    let (mut hits, mut away) = (Vec::new(), Vec::new());
    for hit in copies {
        if hit.elsewhere.is_none() && !is_there(&hit.path) {
            away.push(hit);
        } else if query.copies || seen.insert(hit.shot) {
            seen.insert(hit.shot);
            hits.push(hit);
        }
    }
    let left_out: HashSet<_> = away.iter().map(|hit| hit.shot).filter(|photo| !seen.contains(photo)).collect();
    let first = away.iter().find(|hit| left_out.contains(&hit.shot));
    let folder = first.and_then(|hit| hit.path.ancestors().skip(1).find(|folder| !folder.is_dir()).map(Path::to_owned));
    // The outermost folder that is gone says it best.
    let folder = folder.map(|folder| {
        let gone = folder.ancestors().take_while(|folder| !folder.is_dir()).last();
        gone.unwrap_or(&folder).to_owned()
    });
    Ok((hits, folder.map(|folder| (folder, left_out.len() as u64))))
}

/// Says what of a question that nothing fits no photo can fit.
fn tell_why(catalog: &Catalog, query: &Query) -> Result<()> {
    if let Some(folder) = query.folder.as_ref().filter(|folder| !folder.is_dir()) {
        note(&format!("{}: there is no such folder now", plain(folder)));
    }
    for &person in &query.all {
        let missing = catalog.missing_photos_of(person)?;
        if missing > 0
            && let Some(Some(name)) = catalog.person(person)?.map(|who| who.name)
        {
            let photos = count_of(missing, "photo");
            note(&format!(
                "{name}: {photos} missing, deleted or moved away before the last scan; `facetag show` lists them"
            ));
        }
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
    let machine = hit.elsewhere.clone();
    Ok(Found { path: hit.path.display().to_string(), machine, taken: hit.taken.clone(), place, people })
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
        note(&format!("warning: {}: {error}", plain(photo)));
    }
    let what = if kind == album::Kind::Links { "link" } else { "copies of photo" };
    let mut line = format!("{}: {}", plain(folder), count_of(album.made, what));
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
