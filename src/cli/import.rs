//! `facetag import`

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde::Serialize;

use super::args::Import;
use super::output::{count, json, note, plain, say};
use super::{Exit, absolute};
use crate::catalog::{Catalog, FaceId, Library, fold};
use crate::face::{BoundingBox, Pack, PackInfo};
use crate::people::open;
use crate::scan::{
    Claim, Claims, ImportedName, Match, Outcome, ask_names, draw_names, files_in, files_read_since, files_since,
    import_names, imported_names, infer_names, keep_importing, match_names, not_taken_back, note_written, read_names,
    similar_names, standing_import,
};
use crate::tags::{AssignedName, Contacts, Problem, Reader, Shared, Similar, Source};

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

/// What would be imported.
struct Plan {
    matches: Vec<Match>,
    inferred: Vec<AssignedName>,
    names: Vec<ImportedName>,
    similar: Vec<Similar>,
    /// Names that are left out, as circles have them.
    circles: BTreeSet<String>,
}

/// What was imported.
#[derive(Default)]
struct Done {
    drawn: usize,
    by_similarity: usize,
    problems: Vec<Problem>,
}

impl Plan {
    fn new(catalog: &Catalog, info: &PackInfo, claims: &[Claim]) -> Result<Self> {
        let known: BTreeMap<String, String> =
            catalog.circles()?.into_iter().map(|circle| (fold(&circle.name), circle.name)).collect();
        let (mut wanted, mut circles) = (Vec::new(), BTreeSet::new());
        for claim in claims {
            match known.get(&fold(&claim.name)) {
                // It would mean either.
                Some(circle) if catalog.person_called(&claim.name)?.is_none() => drop(circles.insert(circle.clone())),
                _ => wanted.push(claim.clone()),
            }
        }
        let claims = wanted.as_slice();
        let matches = match_names(catalog, claims)?;
        let inferred = infer_names(catalog, info, claims, &matches)?;
        let names = imported_names(catalog, &matches, &inferred)?;
        let similar = similar_names(catalog, &names)?;
        Ok(Self { matches, inferred, names, similar, circles })
    }

    fn number(&self, outcome: Outcome) -> usize {
        self.matches.iter().filter(|found| found.outcome == outcome).count()
    }

    fn certain(&self) -> usize {
        self.inferred.iter().filter(|one| one.is_certain).count()
    }

    /// Faces that would get a name.
    fn faces(&self) -> usize {
        self.number(Outcome::Tag) + self.number(Outcome::Draw) + self.certain()
    }

    fn carry_out(
        &self,
        library: &Library,
        (catalog, info): (&mut Catalog, &PackInfo),
        from: &str,
        same: &[Similar],
    ) -> Result<Done> {
        let mut done = Done::default();
        let mut faces = Vec::new();
        if self.number(Outcome::Draw) > 0 {
            let pack = Pack::load(info.clone(), &library.packs()).context("the models could not be loaded")?;
            (faces, done.problems) = draw_names(catalog, &pack, &self.matches)?;
        }
        done.drawn = faces.len();
        if self.number(Outcome::Tag) + faces.len() + self.certain() > 0 {
            let (matches, inferred) = (&self.matches, &self.inferred);
            done.by_similarity = import_names(catalog, info, from, (matches, &faces, inferred), same)?.tagged;
        }
        ask_names(catalog, &self.inferred)?;
        Ok(done)
    }
}

pub(super) fn run(library: &Library, args: &Import) -> Result<Exit> {
    let (mut catalog, info) = open(library)?;
    let started = Timestamp::now();
    let (claims, from) = claims(&catalog, args)?;
    let mut problems = claims.problems;
    let plan = Plan::new(&catalog, &info, &claims.claims)?;
    let mut done = Done { drawn: plan.number(Outcome::Draw), ..Done::default() };
    let mut same = Vec::new();
    if !args.dry_run {
        same = if args.json { Vec::new() } else { ask(&plan.similar)? };
        done = plan.carry_out(library, (&mut catalog, &info), &from, &same)?;
        problems.append(&mut done.problems);
        note_written(&mut catalog, &claims.written)?;
        if args.paths.iter().all(|path| path.is_dir()) {
            keep_importing(&catalog, &args.from, started)?;
        }
    }
    for Problem { path, problem } in &problems {
        note(&format!("warning: {}: {problem}", plain(path)));
    }
    let exit = if problems.is_empty() { Exit::Well } else { Exit::Partly };
    if args.json {
        let problems =
            problems.into_iter().map(|Problem { path, problem }| ReportedProblem { path, problem }).collect();
        json(&report(&catalog, args.dry_run, plan, &done, problems)?)?;
    } else {
        tell(&plan, &done, &from, args.dry_run, &same)?;
    }
    Ok(exit)
}

fn report(catalog: &Catalog, dry_run: bool, plan: Plan, done: &Done, problems: Vec<ReportedProblem>) -> Result<Report> {
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

fn tell(plan: &Plan, done: &Done, from: &str, dry_run: bool, same: &[Similar]) -> Result<()> {
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
    let open: Vec<&Similar> = plan.similar.iter().filter(|pair| !same.contains(pair)).collect();
    if !open.is_empty() && !is_interactive() {
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
    let standing = standing_import(&catalog)?;
    if standing.is_none() && !has_read {
        return Ok(());
    }
    let now = Timestamp::now();
    let all = vec![Source::Xmp, Source::Picasa, Source::Takeout];
    let (sources, from) = standing.clone().unwrap_or((all, since));
    let files = match &standing {
        Some(_) => files_since(&catalog, from.min(since))?,
        None => files_read_since(&catalog, since)?,
    };
    if files.is_empty() {
        return Ok(());
    }
    let mut claims = read_names(&catalog, &Reader::new(&sources, Contacts::default()), &files)?;
    claims.claims = not_taken_back(&catalog, claims.claims)?;
    let plan = Plan::new(&catalog, &info, &claims.claims)?;
    let faces = count(plan.faces() as u64, "face");
    if standing.is_none() {
        if plan.faces() == 0 || !may_speak {
            return Ok(());
        }
        if !is_interactive() {
            let they = if plan.faces() == 1 { "has a name" } else { "have names" };
            say(&format!("{faces} here already {they} from other programs: `facetag import` imports them."))?;
            return Ok(());
        }
        print!("{faces} here already have names from other programs: import them? [y/N] ");
        std::io::stdout().flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            say("`facetag import` imports them later.")?;
            return Ok(());
        }
    }
    let same = if standing.is_none() { ask(&plan.similar)? } else { Vec::new() };
    let done = plan.carry_out(library, (&mut catalog, &info), &words(&sources), &same)?;
    note_written(&mut catalog, &claims.written)?;
    keep_importing(&catalog, &sources, now)?;
    for Problem { path, problem } in claims.problems.iter().chain(&done.problems) {
        note(&format!("warning: {}: {problem}", plain(path)));
    }
    if may_speak && plan.faces() > 0 {
        tell(&plan, &done, &words(&sources), false, &same)?;
    }
    Ok(())
}

/// "XMP, Picasa".
fn words(sources: &[Source]) -> String {
    let name = |source: &Source| match source {
        Source::Xmp => "XMP",
        Source::Picasa => "Picasa",
        Source::Takeout => "Google Takeout",
    };
    sources.iter().map(name).collect::<Vec<_>>().join(", ")
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
    Ok((read_names(catalog, &reader, &files)?, words(&args.from)))
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
