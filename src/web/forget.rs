//! Forgetting somebody for good: what would be removed, and removing it. There is no way back, so the page asks first.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, Redirect};
use axum::routing::get;
use axum_extra::extract::{Form, Query};
use serde::Deserialize;

use super::error::PageError;
use super::frame::{Frame, Tab};
use super::people::called;
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{FaceId, Forget, PersonId};

/// Faces shown.
const SHOWN: usize = 6;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/forget", get(show).post(forget))
}

#[derive(Deserialize)]
struct Whom {
    who: PersonId,
}

#[derive(Template)]
#[template(path = "forget.html")]
struct ForgetPage {
    frame: Frame,
    id: PersonId,
    label: String,
    /// What would be removed, in a sentence.
    outcome: String,
    faces: Vec<FaceId>,
    /// Folders outside the library whose backups keep them.
    elsewhere: Vec<String>,
}

async fn show(
    State(site): State<Site>,
    visit: Visit,
    Query(Whom { who: id }): Query<Whom>,
) -> Result<Html<String>, PageError> {
    let page = site.ask(move |catalog| {
        let words = visit.words;
        let label = words.label(&called(catalog, id)?);
        let would = catalog.would_forget(&Forget::People(vec![id]))?;
        let faces = catalog.best_faces_of(id, SHOWN)?;
        let page = ForgetPage {
            frame: Frame::new(catalog, &visit, Tab::People, words.forget.title)?,
            id,
            outcome: (words.forget.outcome)(&label, would.faces),
            label,
            faces,
            elsewhere: would.backups_elsewhere,
        };
        Ok(page.render()?)
    });
    Ok(Html(page.await?))
}

async fn forget(State(site): State<Site>, Form(Whom { who: id }): Form<Whom>) -> Result<Redirect, PageError> {
    let library = site.library.clone();
    let forgotten = site.ask(move |catalog| {
        called(catalog, id)?;
        Ok(catalog.forget(&library, &Forget::People(vec![id]))?)
    });
    forgotten.await?;
    Ok(Redirect::to("/people"))
}
