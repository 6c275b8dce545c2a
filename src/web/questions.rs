//! Questions, one at a time: the one that settles most photos first.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum_extra::extract::{Form, Query};
use serde::Deserialize;

use super::error::PageError;
use super::frame::{Frame, Tab};
use super::people::called;
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{Catalog, FaceId, FaceRow, LineId, PersonId, Who};
use crate::face::{SCENE_SIDE, place_in_scene};
use crate::people::{Estimate, Question};

/// Faces of each side that are shown beside the large one.
const BESIDE: usize = 5;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/questions", get(show).post(answer)).route("/questions/again", post(again))
}

#[derive(Deserialize)]
struct Asked {
    /// About this person alone.
    who: Option<PersonId>,
}

#[derive(Template)]
#[template(path = "questions.html")]
struct QuestionsPage {
    frame: Frame,
    about: Option<Who>,
    question: Option<Shown>,
    /// The faces that are shown large next, fetched while the user thinks.
    ahead: Vec<FaceId>,
    estimate: Estimate,
    skipped: usize,
    /// The line of the last answer, while it can be taken back.
    last: Option<LineId>,
    given: usize,
    has_faces: bool,
}

/// A question, ready to be looked at.
struct Shown {
    question: Question,
    text: String,
    sides: [Side; 2],
}

/// One of the two who may be one.
struct Side {
    title: String,
    person: Option<PersonId>,
    /// The best face, large.
    scene: Scene,
    beside: Vec<FaceId>,
}

/// A face with what is around it.
struct Scene {
    face: FaceId,
    /// Whether its photo is there; only its small picture is shown where it is not.
    is_there: bool,
    /// Where the face is in the picture, in its pixels: left, top, width, height.
    place: [f32; 4],
}

/// Looks for what to ask about everybody, on a connection of its own: the first page needs the one that there is. In a large library that
/// takes seconds, so it is known by the time that somebody wants it.
pub(super) fn look(site: &Site) -> Result<(), PageError> {
    let catalog = Catalog::reopen(&site.library)?;
    let pack = site.pack(&catalog)?;
    site.queues().about(None).next(&catalog, &pack)?;
    Ok(())
}

async fn show(State(site): State<Site>, visit: Visit, Query(asked): Query<Asked>) -> Result<Html<String>, PageError> {
    let shared = site.clone();
    let page = site.ask(move |catalog| {
        let words = visit.words;
        let about = asked.who.map(|who| called(catalog, who)).transpose()?;
        let pack = shared.pack(catalog)?;
        let mut queues = shared.queues();
        let queue = queues.about(asked.who);
        let question = queue.next(catalog, &pack)?.cloned();
        let question = question.map(|question| shown(catalog, &visit, question)).transpose()?;
        // It may not be open any more; then another comes next.
        let next = queue.following().and_then(|next| shown(catalog, &visit, next.clone()).ok());
        let ahead = next.iter().flat_map(|next| &next.sides).filter(|side| side.scene.is_there);
        let ahead = ahead.map(|side| side.scene.face).collect();
        let last = queue.last_answer().filter(|line| catalog.newest_line().is_ok_and(|newest| newest == Some(*line)));
        let page = QuestionsPage {
            frame: Frame::new(catalog, &visit, Tab::Questions, words.questions.title)?,
            about,
            question,
            ahead,
            estimate: queue.estimate(usize::MAX),
            skipped: queue.skipped(),
            last,
            given: queue.answered().len(),
            has_faces: catalog.newest_face()?.is_some(),
        };
        Ok(page.render()?)
    });
    Ok(Html(page.await?))
}

fn shown(catalog: &Catalog, visit: &Visit, question: Question) -> Result<Shown, PageError> {
    let words = &visit.words.questions;
    let of = called(catalog, question.of)?;
    let mut faces = question.faces.iter().map(|&face| catalog.face(face)).collect::<Result<Vec<_>, _>>()?;
    faces.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    let mut theirs = catalog.faces_of(of.id)?;
    if let Some(cover) = catalog.best_face(of.id)? {
        // The one that the user knows them by comes first.
        theirs.sort_by_key(|face| face.id != cover);
    }
    let text = match (&of.name, question.faces.len()) {
        (Some(name), 1) => (words.is_this)(name),
        (Some(name), faces) => (words.are_these)(faces as u64, name),
        (None, _) => words.one_person.to_owned(),
    };
    let first = match question.group {
        Some(group) => (visit.words.people.group)(group),
        None => words.a_face.to_owned(),
    };
    let sides =
        [side(catalog, first, question.group, faces)?, side(catalog, visit.words.label(&of), Some(of.id), theirs)?];
    Ok(Shown { question, text, sides })
}

fn side(catalog: &Catalog, title: String, person: Option<PersonId>, faces: Vec<FaceRow>) -> Result<Side, PageError> {
    let Some((best, others)) = faces.split_first() else { return Err(PageError::Outdated) };
    let photo = catalog.photo(best.photo)?;
    let place = place_in_scene(&best.bounds, photo.width, photo.height);
    let place = [place.x, place.y, place.width, place.height].map(|part| (part * SCENE_SIDE as f32).round());
    let is_there = catalog.readable_paths(best.photo)?.iter().any(|path| path.exists());
    let beside = others.iter().take(BESIDE).map(|face| face.id).collect();
    Ok(Side { title, person, scene: Scene { face: best.id, is_there, place }, beside })
}

/// What the user says to whether this face is of that person.
#[derive(Deserialize)]
struct Answered {
    answer: Answer,
    of: PersonId,
    face: FaceId,
    who: Option<PersonId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Yes,
    No,
    Skip,
}

/// One to a question that is no longer open, as of a key that was pressed twice, says nothing.
async fn answer(
    State(site): State<Site>,
    visit: Visit,
    Form(Answered { answer, of, face, who }): Form<Answered>,
) -> Result<Redirect, PageError> {
    let visit = visit.going_to(&path(who));
    let change = site.change_with_queues(&visit, move |queues, deciding| {
        who.map(|who| called(deciding, who)).transpose()?;
        let queue = queues.about(who);
        if let Some(question) = queue.find(of, face).cloned() {
            match answer {
                Answer::Skip => queue.skip(&question),
                _ => drop(queue.answer(deciding, &question, answer == Answer::Yes)?),
            }
        }
        Ok(())
    });
    change.await
}

/// Those that were skipped are asked again.
async fn again(State(site): State<Site>, Form(Asked { who }): Form<Asked>) -> Result<Redirect, PageError> {
    let shared = site.clone();
    let asked = site.ask(move |catalog| {
        who.map(|who| called(catalog, who)).transpose()?;
        shared.queues().about(who).ask_skipped();
        Ok(())
    });
    asked.await?;
    Ok(Redirect::to(&path(who)))
}

/// The address of the questions about somebody, or about everybody.
fn path(who: Option<PersonId>) -> String {
    who.map_or_else(|| "/questions".to_owned(), |who| format!("/questions?who={who}"))
}
