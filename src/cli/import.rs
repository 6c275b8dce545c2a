//! `facetag import`

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde::Serialize;

use super::args::Import;
use super::output::{count, json, note, plain, say};
use super::{Exit, absolute};
use crate::catalog::{Catalog, Library};
use crate::face::{BoundingBox, Pack};
use crate::people::open;
use crate::scan::{
    Claim, Claims, ImportedName, Match, Outcome, draw_names, files_in, import_names, imported_names, keep_importing,
    match_names, read_names, similar_names,
};
use crate::tags::{Contacts, Problem, Reader, Shared, Similar, Source};

/// What an import found and did.
#[derive(Serialize)]
struct Report {
    dry_run: bool,
    /// Faces that get a name.
    tagged: usize,
    /// Faces that were not detected and are added with their name.
    drawn: usize,
    /// Faces that have the name already.
    known: usize,
    /// Faces of which you have decided otherwise since, or that were imported before.
    kept: usize,
    names: Vec<ImportedName>,
    similar: Vec<Similar>,
    faces: Vec<Found>,
    problems: Vec<ReportedProblem>,
}

#[derive(Serialize)]
struct Found {
    path: Option<PathBuf>,
    #[serde(flatten)]
    found: Match,
}

#[derive(Serialize)]
struct ReportedProblem {
    path: PathBuf,
    problem: String,
}

pub(super) fn run(library: &Library, args: &Import) -> Result<Exit> {
    let (mut catalog, info) = open(library)?;
    let started = Timestamp::now();
    let (claims, from) = claims(&catalog, args)?;
    let mut problems = claims.problems;
    let matches = match_names(&catalog, &claims.claims)?;
    let names = imported_names(&catalog, &matches)?;
    let similar = similar_names(&catalog, &names)?;
    let number = |outcome| matches.iter().filter(|found| found.outcome == outcome).count();
    let (tagged, mut drawn) = (number(Outcome::Tag), number(Outcome::Draw));
    let mut by_similarity = 0;
    let mut same = Vec::new();
    if !args.dry_run {
        same = if args.json { Vec::new() } else { ask(&similar)? };
        let mut faces = Vec::new();
        if drawn > 0 {
            let pack = Pack::load(info.clone(), &library.packs()).context("the models could not be loaded")?;
            let unread;
            (faces, unread) = draw_names(&catalog, &pack, &matches)?;
            problems.extend(unread);
        }
        drawn = faces.len();
        if tagged + drawn > 0 {
            by_similarity = import_names(&mut catalog, &info, &from, &matches, &faces, &same)?.tagged;
        }
        if args.paths.iter().all(|path| path.is_dir()) {
            keep_importing(&catalog, &args.from, started)?;
        }
    }
    for Problem { path, problem } in &problems {
        note(&format!("warning: {}: {problem}", plain(path)));
    }
    let exit = if problems.is_empty() { Exit::Well } else { Exit::Partly };
    let (known, kept) = (number(Outcome::Known), number(Outcome::Kept));
    if args.json {
        let path = |found: Match| Ok(Found { path: catalog.path_of(found.photo)?, found });
        let faces = matches.into_iter().map(path).collect::<Result<Vec<_>>>()?;
        let problems =
            problems.into_iter().map(|Problem { path, problem }| ReportedProblem { path, problem }).collect();
        let dry_run = args.dry_run;
        json(&Report { dry_run, tagged, drawn, known, kept, names, similar, faces, problems })?;
        return Ok(exit);
    }
    let people = |number: usize| if number == 1 { "1 person".to_owned() } else { format!("{number} people") };
    let would = if args.dry_run { "would be " } else { "" };
    if tagged + drawn == 0 {
        say("There are no new names to import.")?;
    } else {
        let new = names.iter().filter(|name| name.person.is_none()).count();
        say(&format!(
            "{} {would}imported from {from}: {}, {new} of them new.",
            count((tagged + drawn) as u64, "face"),
            people(names.len())
        ))?;
    }
    if drawn > 0 {
        say(&format!("Of these, {} had not been detected and {would}added.", count(drawn as u64, "face")))?;
    }
    if by_similarity > 0 {
        say(&format!("{} more tagged by similarity.", count(by_similarity as u64, "face")))?;
    }
    if known + kept > 0 {
        say(&format!("Left as they are: {known} with the name already, {kept} about which you decided later."))?;
    }
    if args.dry_run {
        for name in &names {
            let who = name.person.map_or_else(|| "new".to_owned(), |person| person.to_string());
            say(&format!("  {} ({who}): {}", name.name, count(name.faces as u64, "face")))?;
        }
    }
    let open_questions: Vec<&Similar> = similar.iter().filter(|pair| !same.contains(pair)).collect();
    if !open_questions.is_empty() && !is_interactive() {
        say("These names may mean one person; if so, make the two one:")?;
        for Similar { name, like } in open_questions {
            say(&format!("  facetag merge {like:?} {name:?}"))?;
        }
    }
    if !args.dry_run && tagged + drawn > 0 {
        say("`facetag undo` takes all of it back.")?;
    }
    Ok(exit)
}

/// What is to be imported, and from where, in words.
fn claims(catalog: &Catalog, args: &Import) -> Result<(Claims, String)> {
    let (files, folders): (Vec<&PathBuf>, Vec<&PathBuf>) = args.paths.iter().partition(|path| path.is_file());
    if !files.is_empty() && !folders.is_empty() {
        bail!("give either files that `facetag share` wrote, or folders");
    }
    if !files.is_empty() {
        let mut claims = Claims::default();
        for path in files {
            let shared = std::fs::read(path).with_context(|| plain(path))?;
            let shared = Shared::parse(&shared).with_context(|| plain(path))?;
            claims.claims.extend(shared_claims(catalog, &shared)?);
        }
        return Ok((claims, "shared names".to_owned()));
    }
    let contacts = match &args.contacts {
        Some(path) => {
            let bytes = std::fs::read(path).with_context(|| plain(path))?;
            Contacts::parse(&bytes).with_context(|| plain(path))?
        }
        None => Contacts::default(),
    };
    if let Some(missing) = folders.iter().find(|folder| !folder.is_dir()) {
        bail!("{}: there is no such file or folder", plain(missing));
    }
    let folders = folders.into_iter().map(|folder| absolute(folder)).collect::<Result<Vec<_>>>()?;
    let files = files_in(catalog, &folders)?;
    if files.is_empty() {
        bail!("no photos of the library are there: `facetag scan FOLDER` finds them first");
    }
    let reader = Reader::new(&args.from, contacts);
    let name = |source: &Source| match source {
        Source::Xmp => "XMP",
        Source::Picasa => "Picasa",
        Source::Takeout => "Google Takeout",
    };
    let from: Vec<&str> = args.from.iter().map(name).collect();
    Ok((read_names(catalog, &reader, &files)?, from.join(", ")))
}

/// What a file of shared names says of photos that are in this library too.
fn shared_claims(catalog: &Catalog, shared: &Shared) -> Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for person in &shared.people {
        for face in &person.faces {
            let hashes = std::iter::once(&face.photo).chain(&face.before);
            let hashes = hashes.filter_map(|hash| blake3::Hash::from_hex(hash).ok());
            let mut photo = None;
            for hash in hashes {
                photo = photo.or(catalog.photo_once(hash.as_bytes())?);
            }
            let [x, y, width, height] = face.bounds;
            let is_box =
                [x, y, width, height].iter().all(|number| (0.0..=1.0).contains(number)) && width * height > 0.0;
            let (Some(photo), true) = (photo, is_box) else { continue };
            if crate::people::check_name(&person.name).is_ok() {
                let bounds = Some(BoundingBox { x, y, width, height });
                claims.push(Claim { photo, name: person.name.clone(), bounds, at: face.at, ours: false });
            }
        }
    }
    Ok(claims)
}

fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Asks which of the similar names mean one person, where somebody can answer.
fn ask(similar: &[Similar]) -> Result<Vec<Similar>> {
    let mut same = Vec::new();
    if !is_interactive() || similar.is_empty() {
        return Ok(same);
    }
    say("Some names may mean one person. Answer y if they do:")?;
    let mut lines = std::io::stdin().lock().lines();
    for pair in similar {
        print!("  Is {} the same person as {}? [y/N] ", pair.name, pair.like);
        std::io::stdout().flush()?;
        let Some(answer) = lines.next().transpose()? else { break };
        if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            same.push(pair.clone());
        }
    }
    Ok(same)
}
