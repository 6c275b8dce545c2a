//! `facetag review`: questions, the one that settles most photos first.

use std::collections::{HashSet, VecDeque};
use std::io::{BufRead, Write};

use anyhow::Result;

use super::args::Review;
use super::output::{count, json, percent, say};
use super::{Exit, picture};
use crate::catalog::{Catalog, CatalogError, FaceId, FaceRow, Library, PersonId, Who};
use crate::face::PackInfo;
use crate::people::{Question, decide, open, questions};

/// So many faces of each side are shown.
const SHOWN: usize = 3;

/// So many questions are asked before it is looked again what is worth asking.
const AT_ONCE: usize = 10;

/// What the user says to a question.
enum Answer {
    Yes,
    No,
    Skip,
    Undo,
    Quit,
}

pub(super) fn run(library: &Library, args: &Review) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let who: Vec<PersonId> = args.who.iter().map(|who| Ok(catalog.who(who)?.id)).collect::<Result<_>>()?;
    let mut open = questions(&catalog, &pack, &who)?;
    if args.json {
        open.truncate(args.limit.unwrap_or(usize::MAX));
        json(&open)?;
        return Ok(Exit::Well);
    }
    if open.is_empty() {
        say("There is nothing to ask. `facetag people` lists the groups, `facetag name NUMBER NAME` names one.")?;
        return Ok(Exit::Partly);
    }
    let limit = args.limit.unwrap_or(usize::MAX);
    let asked = open.len().min(limit).min(AT_ONCE);
    let photos: u64 = open[..asked].iter().map(|question| question.photos).sum();
    let settle = if asked == 1 { "settles" } else { "settle" };
    let more = match open.len() - asked {
        0 => String::new(),
        more => format!(" {more} more after that."),
    };
    say(&format!("{} {settle} {}.{more}", count(asked as u64, "answer"), count(photos, "photo")))?;
    ask_all(&mut catalog, &pack, &who, open, limit, args)
}

/// Asks until nothing is left to ask, the user has had enough, or `limit` answers were given.
fn ask_all(
    catalog: &mut Catalog,
    pack: &PackInfo,
    who: &[PersonId],
    first: Vec<Question>,
    limit: usize,
    args: &Review,
) -> Result<Exit> {
    let mut skipped: HashSet<(PersonId, Vec<FaceId>)> = HashSet::new();
    let mut answered: Vec<Question> = Vec::new();
    let mut open: VecDeque<Question> = first.into_iter().take(AT_ONCE).collect();
    while answered.len() < limit {
        if open.is_empty() {
            // Answers change what is worth asking next; in a large library it takes seconds to tell what that is.
            open = questions(catalog, pack, who)?.into();
            open.retain(|question| !skipped.contains(&(question.of, question.faces.clone())));
            open.truncate(AT_ONCE);
            open.retain(|question| question.is_open(catalog).unwrap_or(true));
        }
        let Some(question) = open.pop_front() else { break };
        if !question.is_open(catalog)? {
            continue;
        }
        let yes = match ask(catalog, &question, !args.no_pictures)? {
            Answer::Yes => true,
            Answer::No => false,
            Answer::Skip => {
                skipped.insert((question.of, question.faces));
                continue;
            }
            Answer::Undo if answered.is_empty() => {
                say("No answer was given yet: `facetag undo` takes back what was decided before.")?;
                open.push_front(question);
                continue;
            }
            Answer::Undo => {
                match catalog.undo()? {
                    Some(line) => say(&format!("Taken back: {}", line.decision.describe(&catalog.names()?)))?,
                    None => say("There is nothing to take back.")?,
                }
                // The same question again; what is worth asking next is looked for anew.
                open.clear();
                open.extend(answered.pop());
                continue;
            }
            Answer::Quit => break,
        };
        let done: Result<_, CatalogError> = catalog.exclusively(|catalog| {
            // The user may have thought for long, while others named and scanned.
            if !question.is_open(catalog)? {
                return Ok(None);
            }
            let decision = if yes { question.yes(catalog)? } else { question.no(catalog)? };
            decide(catalog, pack, &decision).map(Some)
        });
        let Some(done) = done? else {
            say("That has changed in the meantime: nothing was said.")?;
            continue;
        };
        answered.push(question);
        if done.tagged > 0 {
            say(&format!("{} more tagged by likeness.", count(done.tagged as u64, "face")))?;
        }
    }
    let (given, photos) = (answered.len() as u64, answered.iter().map(|question| question.photos).sum());
    say(&format!("{} given, {} settled.", count(given, "answer"), count(photos, "photo")))?;
    Ok(Exit::Well)
}

fn ask(catalog: &mut Catalog, question: &Question, pictures: bool) -> Result<Answer> {
    let of = catalog.person(question.of)?.unwrap_or(Who { id: question.of, name: None });
    let group: Vec<FaceRow> = question.faces.iter().map(|&face| catalog.face(face)).collect::<Result<_, _>>()?;
    let shown = best(group);
    let mut theirs = catalog.faces_of(of.id)?;
    theirs.truncate(SHOWN);
    writeln!(std::io::stdout())?;
    if pictures {
        picture::show(catalog, &shown, &theirs)?;
    }
    let what = match (&of.name, question.faces.len()) {
        (Some(name), 1) => format!("Is this {name}?"),
        (Some(name), faces) => format!("Are these {faces} faces {name}?"),
        (None, _) => format!("Are {} and {of} the same person?", who(question)),
    };
    say(&format!("{what}  ({} likely, {})", percent(question.probability), count(question.photos, "photo")))?;
    for (face, side) in shown.iter().map(|face| (face, "this")).chain(theirs.first().map(|face| (face, "like"))) {
        if let Some(path) = catalog.path_of(face.photo)? {
            let away = if path.exists() { "" } else { " (not there now)" };
            say(&format!("  {side}: {}{away}", path.display()))?;
        }
    }
    answer()
}

fn who(question: &Question) -> String {
    question.group.map_or_else(|| format!("face {}", question.faces[0]), |group| format!("group {group}"))
}

fn best(mut faces: Vec<FaceRow>) -> Vec<FaceRow> {
    faces.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    faces.truncate(SHOWN);
    faces
}

/// Asks until the answer can be understood; the end of the input is an end.
fn answer() -> Result<Answer> {
    loop {
        let mut out = std::io::stdout();
        write!(out, "[y]es  [n]o  [s]kip  [u]ndo  [q]uit > ")?;
        out.flush()?;
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            writeln!(out)?;
            return Ok(Answer::Quit);
        }
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(Answer::Yes),
            "n" | "no" => return Ok(Answer::No),
            "s" | "skip" | "" => return Ok(Answer::Skip),
            "u" | "undo" => return Ok(Answer::Undo),
            "q" | "quit" => return Ok(Answer::Quit),
            other => say(&format!("{other:?} is no answer."))?,
        }
    }
}
