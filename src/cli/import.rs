//! `facetag import`

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde::Serialize;

use super::args::Import;
use super::output::{count, json, note, plain, say};
use super::{Exit, absolute};
use crate::catalog::{Catalog, FaceId, Library};
use crate::face::BoundingBox;
use crate::people::open;
use crate::scan::{
    Claim, Claims, ImportDone, ImportPlan, ImportedName, Match, NewNames, Outcome, Scanned, files_in, keep_importing,
    note_written, read_names, source_names,
};
use crate::tags::{AssignedName, Contacts, Problem, Reader, Shared, Similar};

/// What an import found and did.
#[derive(Serialize)]
struct Report {
    dry_run: bool,
    /// Faces that get a name.
    tagged: usize,
    /// Faces that were not detected and are added with their name.
    drawn: usize,
    /// Faces in photos that name people without saying where, as far as it is certain who is who.
    inferred: usize,
    /// Faces that have the name already.
    known: usize,
    /// Faces of which you have decided otherwise since, or that were imported before.
    kept: usize,
    names: Vec<ImportedName>,
    similar: Vec<Similar>,
    faces: Vec<Found>,
    without_box: Vec<Inferred>,
    problems: Vec<ReportedProblem>,
}

#[derive(Serialize)]
struct Found {
    path: Option<PathBuf>,
    #[serde(flatten)]
    found: Match,
}

/// A face in a photo that names people without saying where.
#[derive(Serialize)]
struct Inferred {
    path: Option<PathBuf>,
    name: String,
    face: FaceId,
    certain: bool,
    why: String,
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
    let plan = ImportPlan::new(&catalog, &info, &claims.claims)?;
    let mut done = ImportDone { drawn: plan.number(Outcome::Draw), ..ImportDone::default() };
    let mut asked = None;
    if !args.dry_run {
        let same = if args.json { Vec::new() } else { ask(&plan.similar)? };
        done = plan.carry_out(library, (&mut catalog, &info), &from, &same)?;
        problems.append(&mut done.problems);
        note_written(&mut catalog, &claims.written)?;
        if args.paths.iter().all(|path| path.is_dir()) {
            keep_importing(&catalog, &args.from, started)?;
        }
        asked = Some(same);
    }
    warn_of(&problems);
    let exit = if problems.is_empty() { Exit::Well } else { Exit::Partly };
    if args.json {
        let problems =
            problems.into_iter().map(|Problem { path, problem }| ReportedProblem { path, problem }).collect();
        json(&report(&catalog, args.dry_run, plan, &done, problems)?)?;
    } else {
        tell(&plan, &done, &from, args.dry_run, asked.as_deref())?;
    }
    Ok(exit)
}

fn report(
    catalog: &Catalog,
    dry_run: bool,
    plan: ImportPlan,
    done: &ImportDone,
    problems: Vec<ReportedProblem>,
) -> Result<Report> {
    let number = |outcome| plan.number(outcome);
    let (tagged, known, kept) = (number(Outcome::Tag), number(Outcome::Known), number(Outcome::Kept));
    let (drawn, inferred) = (done.drawn, plan.certain());
    let path = |found: Match| Ok(Found { path: catalog.path_of(found.photo)?, found });
    let faces = plan.matches.into_iter().map(path).collect::<Result<Vec<_>>>()?;
    let path = |one: AssignedName| {
        let AssignedName { photo, name, face, is_certain, why } = one;
        Ok(Inferred { path: catalog.path_of(photo)?, name, face, certain: is_certain, why })
    };
    let without_box = plan.inferred.into_iter().map(path).collect::<Result<Vec<_>>>()?;
    let (names, similar) = (plan.names, plan.similar);
    Ok(Report { dry_run, tagged, drawn, inferred, known, kept, names, similar, faces, without_box, problems })
}

/// So many questions are listed.
const LISTED: usize = 20;

/// Tells what was imported. `asked` are the names of which the user said that they mean one person, where they were asked.
fn tell(plan: &ImportPlan, done: &ImportDone, from: &str, dry_run: bool, asked: Option<&[Similar]>) -> Result<()> {
    let would = if dry_run { "would be " } else { "" };
    let faces = |number: usize| count(number as u64, "face");
    let all = plan.number(Outcome::Tag) + done.drawn + plan.certain();
    if all == 0 {
        say("There are no new names to import.")?;
    } else {
        let new = plan.names.iter().filter(|name| name.person.is_none()).count();
        let people = if plan.names.len() == 1 { "1 person".to_owned() } else { format!("{} people", plan.names.len()) };
        say(&format!("{} {would}imported from {from}: {people}, {new} of them new.", faces(all)))?;
    }
    if done.drawn > 0 {
        say(&format!("Of these, {} had not been detected and {would}added.", faces(done.drawn)))?;
    }
    if plan.certain() > 0 {
        say(&format!(
            "Of these, {} in photos that name people without saying where; `facetag why FACE` explains each.",
            faces(plan.certain())
        ))?;
    }
    if done.by_similarity > 0 {
        say(&format!("{} more tagged by similarity.", faces(done.by_similarity)))?;
    }
    let (known, kept) = (plan.number(Outcome::Known), plan.number(Outcome::Kept));
    if known + kept > 0 {
        say(&format!("Left as they are: {known} with the name already, {kept} about which you decided later."))?;
    }
    for circle in &plan.circles {
        say(&format!(
            "{circle} is the name of a circle, so not of a person: left out; `facetag circle {circle:?} --rename NAME` makes room for it."
        ))?;
    }
    if dry_run {
        for name in &plan.names {
            let who = name.person.map_or_else(|| "new".to_owned(), |person| person.to_string());
            say(&format!("  {} ({who}): {}", name.name, faces(name.faces)))?;
        }
    }
    let questions: Vec<&AssignedName> = plan.inferred.iter().filter(|one| !one.is_certain).collect();
    if !questions.is_empty() && !dry_run {
        say(&format!("{} may be of somebody whom their photo names; if so, confirm them:", faces(questions.len())))?;
        for one in questions.iter().take(LISTED) {
            say(&format!("  facetag confirm {:?} {}", one.name, one.face))?;
        }
        if questions.len() > LISTED {
            say(&format!("  and {} more: `facetag import --json` lists all", questions.len() - LISTED))?;
        }
    }
    let same = asked.unwrap_or_default();
    let open: Vec<&Similar> = plan.similar.iter().filter(|pair| !same.contains(pair)).collect();
    if !open.is_empty() && (asked.is_none() || !is_interactive()) {
        say("These names may mean one person; if so, make the two one:")?;
        for Similar { name, like } in open {
            say(&format!("  facetag merge {like:?} {name:?}"))?;
        }
    }
    if !dry_run && all > 0 {
        say("`facetag undo` takes all of it back.")?;
    }
    Ok(())
}

/// After a scan: imports what is new from where the user has imported before, or offers to import the names in photos that were
/// just read.
pub(super) fn after_scan(library: &Library, since: Timestamp, (has_read, may_speak): (bool, bool)) -> Result<()> {
    let (mut catalog, info) = open(library)?;
    let scanned = Scanned { since, paths: &[], offers: has_read && may_speak };
    let Some(mut new) = NewNames::find(&catalog, &info, scanned)? else { return Ok(()) };
    let mut asked = None;
    if !new.is_wanted {
        let Some(offer) = offer(&new) else { return Ok(()) };
        if !is_interactive() {
            say(&format!("{offer}: `facetag import` imports them."))?;
            return Ok(());
        }
        print!("{offer}: import them? [y/N] ");
        std::io::stdout().flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            say("`facetag import` imports them later.")?;
            return Ok(());
        }
        asked = Some(ask(&new.plan.similar)?);
    }
    new.import(library, (&mut catalog, &info), asked.as_deref().unwrap_or_default())?;
    tell_new(&new, may_speak, asked.as_deref())
}

/// Tells of the names that came with photos while nobody was there to be asked.
pub(super) fn tell_of_new(new: &NewNames, may_speak: bool) -> Result<()> {
    match offer(new).filter(|_| may_speak && new.done.is_none()) {
        Some(offer) => Ok(say(&format!("{offer}: `facetag import` imports them."))?),
        None => tell_new(new, may_speak, None),
    }
}

/// What there is to be imported, in words.
fn offer(new: &NewNames) -> Option<String> {
    let faces = new.plan.faces();
    let they = if faces == 1 { "has a name" } else { "have names" };
    (faces > 0).then(|| format!("{} here already {they} from other programs", count(faces as u64, "face")))
}

fn tell_new(new: &NewNames, may_speak: bool, asked: Option<&[Similar]>) -> Result<()> {
    let Some(done) = &new.done else { return Ok(()) };
    warn_of(&done.problems);
    if may_speak && new.plan.faces() > 0 {
        tell(&new.plan, done, &new.from(), false, asked)?;
    }
    Ok(())
}

fn warn_of(problems: &[Problem]) {
    for Problem { path, problem } in problems {
        note(&format!("warning: {}: {problem}", plain(path)));
    }
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
    Ok((read_names(catalog, &reader, &files)?, source_names(&args.from)))
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
