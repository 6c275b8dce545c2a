//! Why a face has its name.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Html;
use axum::routing::get;

use super::error::PageError;
use super::frame::{Frame, Tab};
use super::photo::seen;
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{FaceId, FaceRow, State as Tagged, Who};
use crate::people::{Resemblance, explain};

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/face/{id}/why", get(show))
}

#[derive(Template)]
#[template(path = "why.html")]
struct WhyPage {
    frame: Frame,
    face: FaceRow,
    reason: &'static str,
    /// The newest decision about it.
    said: Option<String>,
    /// With what each is called.
    resembles: Vec<(Resemblance, String)>,
}

async fn show(State(site): State<Site>, visit: Visit, Path(id): Path<FaceId>) -> Result<Html<String>, PageError> {
    let shared = site.clone();
    let page = site.ask(move |catalog| {
        let words = visit.words;
        let face = seen(catalog, id)?;
        let why = explain(catalog, &shared.pack(catalog)?, &face)?;
        let reason = match (why.state, &why.person) {
            (Some(Tagged::Confirmed | Tagged::Manual), _) => words.photo.you_said,
            (Some(Tagged::Auto), _) => words.photo.by_itself,
            (None, Some(_)) => words.photo.grouped,
            (None, None) => words.photo.like_nobody,
        };
        let names = catalog.names()?;
        let label = |id| words.label(&Who { id, name: names.get(&id).cloned() });
        let title = match &why.person {
            Some(who) => (words.photo.why_title)(&label(who.id)),
            None => words.photo.why_nobody.to_owned(),
        };
        let said = why.decision.map(|line| (words.photo.said)(&(words.describe)(&line.decision, &names)));
        let page = WhyPage {
            frame: Frame::new(catalog, &visit, Tab::Search, title)?,
            face,
            reason,
            said,
            resembles: why.resembles.into_iter().map(|one| (label(one.person), one)).map(|(a, b)| (b, a)).collect(),
        };
        Ok(page.render()?)
    });
    Ok(Html(page.await?))
}
