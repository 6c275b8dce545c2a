//! What was decided, the newest first; taking it back, and doing it again.

use std::collections::HashMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum_extra::extract::{Form, Query};
use jiff::civil::Date;
use serde::Deserialize;

use super::error::PageError;
use super::frame::{Frame, Tab};
use super::pager::Pager;
use super::site::Site;
use super::text::Words;
use super::visit::Visit;
use crate::catalog::{Catalog, CatalogError, Decision, Entry as Logged, FaceId, Line, LineId, PersonId};
use crate::people::{DecideError, Deciding};

/// Lines on a page, and faces shown of each.
const PAGE: usize = 50;
const FACES: usize = 6;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/history", get(show)).route("/undo", post(undo)).route("/redo", post(redo))
}

#[derive(Deserialize)]
struct Asked {
    /// From 1 on.
    page: Option<usize>,
}

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    frame: Frame,
    days: Vec<(String, Vec<Entry>)>,
    /// The newest line that stands: all before it can be taken back as far as it.
    newest: Option<LineId>,
    /// What can be done again: the line of its undo, and what it was.
    redo: Option<(LineId, String)>,
    pager: Pager,
}

/// A line of the journal, to be read.
struct Entry {
    line: LineId,
    time: String,
    text: String,
    faces: Vec<FaceId>,
    /// More faces than are shown.
    more: usize,
    taken_back: bool,
    /// How many newer ones go with it when it is taken back; `None` where it cannot be.
    newer: Option<usize>,
}

async fn show(State(site): State<Site>, visit: Visit, Query(asked): Query<Asked>) -> Result<Html<String>, PageError> {
    let page = site.ask(move |catalog| {
        let words = visit.words;
        let names = catalog.names()?;
        let pages = catalog.log_length()?.div_ceil(PAGE).max(1);
        let page = asked.page.unwrap_or(1).clamp(1, pages);
        let mut days: Vec<(Option<Date>, Vec<Entry>)> = Vec::new();
        for logged in catalog.log((page - 1) * PAGE, PAGE)? {
            let day = logged.line.said_at().map(|at| at.date());
            let entry = entry(catalog, logged, &names, words)?;
            match days.last_mut() {
                Some((last, entries)) if *last == day => entries.push(entry),
                _ => days.push((day, vec![entry])),
            }
        }
        let title = |day: Option<Date>| day.map_or_else(|| words.person.no_date.to_owned(), words.person.day);
        let redo = match catalog.newest_undone()? {
            Some(line) => catalog.decision_of(line)?.map(|undone| (line, undone)),
            None => None,
        };
        let page = HistoryPage {
            frame: Frame::new(catalog, &visit, Tab::History, words.history.title)?,
            days: days.into_iter().map(|(day, entries)| (title(day), entries)).collect(),
            newest: catalog.newest_line()?,
            redo: redo.map(|(line, undone)| (line, (words.describe)(&undone.decision, &names))),
            pager: Pager::new((page, pages), "/history"),
        };
        Ok(page.render()?)
    });
    Ok(Html(page.await?))
}

fn entry(
    catalog: &Catalog,
    Logged { line, about, taken_back, newer }: Logged,
    names: &HashMap<PersonId, String>,
    words: &Words,
) -> Result<Entry, PageError> {
    let what = (words.describe)(&about.decision, names);
    let text = match line.decision {
        Decision::Undo { .. } => (words.history.taken_back)(&what),
        Decision::Redo { .. } => (words.history.done_again)(&what),
        _ => what,
    };
    let named = about.decision.faces();
    let mut faces = Vec::new();
    for face in &named {
        // What became of it last, of what is in some file.
        for face in catalog.today(face, about.id)?.iter().rev() {
            let seen = catalog.face_said(face)?.map(|face| catalog.face_if_seen(face)).transpose()?.flatten();
            if let Some(face) = seen {
                faces.push(face.id);
                break;
            }
        }
        if faces.len() == FACES {
            break;
        }
    }
    Ok(Entry {
        line: line.id,
        time: line.said_at().map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default(),
        text,
        more: named.len().saturating_sub(faces.len()),
        faces,
        taken_back,
        newer,
    })
}

/// Lines of the journal, both ends included.
#[derive(Clone, Copy, Deserialize)]
struct Lines {
    first: LineId,
    last: LineId,
}

async fn undo(State(site): State<Site>, visit: Visit, Form(lines): Form<Lines>) -> Result<Redirect, PageError> {
    take_back(&site, &visit, lines, Catalog::newest_line, |deciding, line| deciding.undo(line)).await
}

async fn redo(State(site): State<Site>, visit: Visit, Form(lines): Form<Lines>) -> Result<Redirect, PageError> {
    take_back(&site, &visit, lines, Catalog::newest_undone, |deciding, line| deciding.redo(line)).await
}

/// Takes back these lines, if they are the newest: nobody must take back what they have not seen.
async fn take_back(
    site: &Site,
    visit: &Visit,
    Lines { first, last }: Lines,
    newest: fn(&Catalog) -> Result<Option<LineId>, CatalogError>,
    step: fn(&mut Deciding, Option<LineId>) -> Result<Option<Line>, DecideError>,
) -> Result<Redirect, PageError> {
    let change = site.change(visit, move |deciding| {
        step(deciding, Some(last))?;
        while let Some(line) = newest(deciding)?.filter(|line| (first..=last).contains(line)) {
            step(deciding, Some(line))?;
        }
        Ok(())
    });
    change.await
}
