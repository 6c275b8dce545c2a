//! Are these one person? What making them one would do, and doing it.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, Redirect};
use axum::routing::get;
use axum_extra::extract::{Form, Query};

use super::error::PageError;
use super::frame::{Frame, Tab};
use super::limits::{MERGED, at_most};
use super::people::{Selected, called};
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{Catalog, FaceId, PersonId, Who};
use crate::people::target;

/// Faces shown of each.
const SHOWN: usize = 6;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/merge", get(show).post(make_one))
}

#[derive(Template)]
#[template(path = "merge.html")]
struct MergePage {
    frame: Frame,
    /// What they become, in a sentence.
    outcome: String,
    people: Vec<Side>,
    warnings: Vec<String>,
}

/// One of those who become one.
struct Side {
    id: PersonId,
    label: String,
    photos: u64,
    faces: Vec<FaceId>,
}

async fn show(
    State(site): State<Site>,
    visit: Visit,
    Query(Selected { who, .. }): Query<Selected>,
) -> Result<Html<String>, PageError> {
    let shared = site.clone();
    let page = site.ask(move |catalog| {
        let (words, everybody) = (visit.words, shared.everybody()?);
        let (target, others) = chosen(catalog, &who)?;
        let mut people = Vec::new();
        let mut warnings = Vec::new();
        for who in std::iter::once(&target).chain(&others) {
            let faces = catalog.best_faces_of(who.id, SHOWN)?;
            people.push(Side {
                id: who.id,
                label: words.label(who),
                photos: everybody.get(who.id).map_or(0, |person| person.photos),
                faces,
            });
            if who.id != target.id {
                let meetings = shared.together(catalog, who.id, target.id)?;
                warnings.extend(
                    (meetings > 0).then(|| (words.merge.together)(&words.label(who), &words.label(&target), meetings)),
                );
            }
        }
        let page = MergePage {
            frame: Frame::new(catalog, &visit, Tab::People, words.merge.title)?,
            outcome: (words.merge.outcome)(&words.label(&target)),
            people,
            warnings,
        };
        Ok(page.render()?)
    });
    Ok(Html(page.await?))
}

async fn make_one(
    State(site): State<Site>,
    visit: Visit,
    Form(Selected { who, .. }): Form<Selected>,
) -> Result<Redirect, PageError> {
    // There is nothing left to merge on the page before.
    let visit = visit.going_to("/people");
    let change = site.change(&visit, move |deciding| {
        let (target, others) = chosen(deciding, &who)?;
        Ok(deciding.merge(&target, &others)?)
    });
    change.await
}

/// Who stays, and who becomes them.
fn chosen(catalog: &Catalog, who: &[PersonId]) -> Result<(Who, Vec<Who>), PageError> {
    if who.len() < 2 {
        return Err(PageError::NobodySelected);
    }
    at_most(who, MERGED)?;
    let people = who.iter().map(|&id| called(catalog, id)).collect::<Result<Vec<_>, _>>()?;
    Ok(target(people)?)
}
