//! Circles of people: put together on the wall of faces, and changed on a page of their own.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum_extra::extract::Form;
use serde::Deserialize;

use super::error::PageError;
use super::frame::{Frame, Tab};
use super::limits::{CIRCLED, SELECTED, at_most};
use super::people::called;
use super::site::Site;
use super::visit::Visit;
use super::wanted::Wanted;
use crate::catalog::{Catalog, Circle, CircleId, PersonId};
use crate::people::check_name;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/circles", get(show))
        .route("/people/circle", post(put_in))
        .route("/circles/{id}/rename", post(rename))
        .route("/circles/{id}/remove", post(remove))
        .route("/circles/{id}/delete", post(delete))
}

#[derive(Template)]
#[template(path = "circles.html")]
struct CirclesPage {
    frame: Frame,
    circles: Vec<Circle>,
}

impl CirclesPage {
    fn search(&self, circle: &Circle) -> String {
        search(circle)
    }
}

/// The search for anybody in a circle.
pub(super) fn search(circle: &Circle) -> String {
    let any = circle.people.iter().map(|who| who.id).collect();
    Wanted { any, ..Wanted::default() }.address("/search")
}

/// The circle of this number.
fn circle(catalog: &Catalog, id: CircleId) -> Result<Circle, PageError> {
    catalog.circles()?.into_iter().find(|circle| circle.id == id).ok_or(PageError::NotFound)
}

async fn show(State(site): State<Site>, visit: Visit) -> Result<Html<String>, PageError> {
    let page = site.ask(move |catalog| {
        let frame = Frame::new(catalog, &visit, Tab::People, visit.words.people.circles)?;
        Ok(CirclesPage { frame, circles: catalog.circles()? }.render()?)
    });
    Ok(Html(page.await?))
}

/// People who are put in a circle of this name, which is made where there is none.
#[derive(Deserialize)]
struct PutIn {
    #[serde(default)]
    who: Vec<PersonId>,
    circle: String,
}

async fn put_in(
    State(site): State<Site>,
    visit: Visit,
    Form(PutIn { who, circle: name }): Form<PutIn>,
) -> Result<Redirect, PageError> {
    if who.is_empty() {
        return Err(PageError::NobodySelected);
    }
    at_most(&who, SELECTED)?;
    let change = site.change(&visit, move |deciding| {
        let mut people = who.into_iter().map(|id| called(deciding, id)).collect::<Result<Vec<_>, _>>()?;
        // A circle is of people with names.
        people.retain(|who| who.name.is_some());
        if people.is_empty() {
            return Err(PageError::NobodySelected);
        }
        match deciding.circle_called(&name)? {
            Some(circle) => {
                people.retain(|who| !circle.people.contains(who));
                people.extend(circle.people.iter().cloned());
                // More could not be searched for.
                at_most(&people, CIRCLED)?;
                Ok(deciding.change_circle(&circle, &circle.name, &people)?)
            }
            None if people.len() > CIRCLED => Err(PageError::TooMany(CIRCLED)),
            None => Ok(deciding.new_circle(&name, &people)?),
        }
    });
    change.await
}

#[derive(Deserialize)]
struct Typed {
    name: String,
}

async fn rename(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<CircleId>,
    Form(Typed { name }): Form<Typed>,
) -> Result<Redirect, PageError> {
    check_name(&name)?;
    let change = site.change(&visit, move |deciding| {
        let circle = circle(deciding, id)?;
        Ok(deciding.change_circle(&circle, &name, &circle.people)?)
    });
    change.await
}

#[derive(Deserialize)]
struct Removed {
    who: PersonId,
}

/// Takes somebody out of a circle, which goes with the last of them.
async fn remove(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<CircleId>,
    Form(Removed { who }): Form<Removed>,
) -> Result<Redirect, PageError> {
    let change = site.change(&visit, move |deciding| {
        let circle = circle(deciding, id)?;
        let mut people = circle.people.clone();
        people.retain(|person| person.id != who);
        match people.len() {
            // Somebody else was faster.
            left if left == circle.people.len() => Err(PageError::Outdated),
            0 => Ok(deciding.remove_circle(&circle)?),
            _ => Ok(deciding.change_circle(&circle, &circle.name, &people)?),
        }
    });
    change.await
}

async fn delete(State(site): State<Site>, visit: Visit, Path(id): Path<CircleId>) -> Result<Redirect, PageError> {
    let change = site.change(&visit, move |deciding| {
        let circle = circle(deciding, id)?;
        Ok(deciding.remove_circle(&circle)?)
    });
    change.await
}
