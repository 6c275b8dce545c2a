//! `facetag review`: questions, the one that settles most photos first.

use std::io::{BufRead, Write};

use anyhow::Result;

use super::args::Review;
use super::name::warn;
use super::output::{count, json, percent, plain, say};
use super::{Exit, picture};
use crate::catalog::{Catalog, FaceRow, Library, PersonId, Who};
use crate::face::PackInfo;
use crate::people::{DecideError, Estimate, Question, Queue, decide, open, questions};

/// So many faces of each side are shown.
const SHOWN: usize = 3;

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
    let who: Vec<PersonId> = catalog.everybody(&args.who)?.iter().map(|who| who.id).collect();
    if args.json {
        let mut open = questions(&catalog, &pack, &who)?;
        open.truncate(args.limit.unwrap_or(usize::MAX));
        json(&open)?;
        return Ok(Exit::Well);
    }
    let mut queue = Queue::about(who);
    if queue.next(&catalog, &pack)?.is_none() {
        say("There is nothing to ask. `facetag people` lists the groups, `facetag name NUMBER NAME` names one.")?;
        return Ok(Exit::Partly);
    }
    let limit = args.limit.unwrap_or(usize::MAX);
    let Estimate { answers, photos, more } = queue.estimate(limit);
    let settle = if answers == 1 { "settles" } else { "settle" };
    let more = if more == 0 { String::new() } else { format!(" {more} more after that.") };
    say(&format!("{} {settle} {}.{more}", count(answers as u64, "answer"), count(photos, "photo")))?;
    ask_all(&mut catalog, &pack, &mut queue, limit, args)
}

/// Asks until nothing is left to ask, the user has had enough, or `limit` answers were given.
fn ask_all(catalog: &mut Catalog, pack: &PackInfo, queue: &mut Queue, limit: usize, args: &Review) -> Result<Exit> {
    while queue.answered().len() < limit {
        let Some(question) = queue.next(catalog, pack)?.cloned() else { break };
        let yes = match ask(catalog, &question, !args.no_pictures)? {
            Answer::Yes => true,
            Answer::No => false,
            Answer::Skip => {
                queue.skip(&question);
                continue;
            }
            Answer::Undo if queue.answered().len() == 0 => {
                say("No answer was given yet: `facetag undo` takes back what was decided before.")?;
                continue;
            }
            Answer::Undo => {
                // Something else may have been decided on the page meanwhile, which nobody sees here.
                match decide(catalog, pack, |deciding| deciding.undo(queue.last_answer())) {
                    Ok((Some(line), _)) => {
                        say(&format!("Taken back: {}", line.decision.describe(&catalog.names()?)))?;
                    }
                    Ok((None, _)) | Err(DecideError::NotTheNewest) => {
                        say("Something else was decided since: `facetag log` shows it, `facetag undo` takes it back.")?;
                    }
                    Err(error) => return Err(error.into()),
                }
                continue;
            }
            Answer::Quit => break,
        };
        let (tagged, done) = decide(catalog, pack, |deciding| queue.answer(deciding, &question, yes))?;
        warn(&done);
        let Some(tagged) = tagged else {
            say("That has changed in the meantime: nothing was decided.")?;
            continue;
        };
        if tagged > 0 {
            say(&format!("{} more tagged by similarity.", count(tagged as u64, "face")))?;
        }
    }
    let (given, photos) = (queue.answered().len() as u64, queue.answered().map(|question| question.photos).sum());
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
            say(&format!("  {side}: {}{away}", plain(&path)))?;
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
