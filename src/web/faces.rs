//! What is said of single faces of a person or group, which were selected on their page.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Redirect;
use axum::routing::post;
use axum_extra::extract::Form;
use serde::Deserialize;

use super::error::PageError;
use super::limits::{SELECTED, at_most};
use super::people::called;
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{FaceId, FaceRow, PersonId, State as Tagged, Who};
use crate::people::{Deciding, check_name};

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/person/{id}/confirm", post(confirm))
        .route("/person/{id}/confirm-rest", post(confirm_rest))
        .route("/person/{id}/reject", post(reject))
        .route("/person/{id}/move", post(give_away))
        .route("/person/{id}/split", post(split_off))
        .route("/person/{id}/cover", post(choose_cover))
}

/// The faces that the user selected, and what they typed.
#[derive(Default, Deserialize)]
struct Selected {
    #[serde(default)]
    face: Vec<FaceId>,
    /// The faces among which they did.
    #[serde(default)]
    shown: Vec<FaceId>,
    #[serde(default)]
    name: String,
}

type Faces = Form<Selected>;

async fn confirm(site: State<Site>, visit: Visit, id: Path<PersonId>, faces: Faces) -> Result<Redirect, PageError> {
    say(site, visit, id, faces, |deciding, person, faces, _| Ok(deciding.confirm((person, false), faces)?)).await
}

/// The automatic tags that the user saw and did not select: never one that they have not seen.
async fn confirm_rest(
    site: State<Site>,
    visit: Visit,
    id: Path<PersonId>,
    Form(Selected { face: wrong, shown, .. }): Faces,
) -> Result<Redirect, PageError> {
    let face = shown.into_iter().filter(|face| !wrong.contains(face)).collect();
    let rest = Selected { face, ..Selected::default() };
    say(site, visit, id, Form(rest), |deciding, person, faces, _| {
        let open: Vec<FaceRow> = faces.iter().filter(|face| face.state == Some(Tagged::Auto)).cloned().collect();
        if open.is_empty() {
            return Err(PageError::Outdated);
        }
        Ok(deciding.confirm((person, false), &open)?)
    })
    .await
}

async fn reject(site: State<Site>, visit: Visit, id: Path<PersonId>, faces: Faces) -> Result<Redirect, PageError> {
    say(site, visit, id, faces, |deciding, person, faces, _| Ok(deciding.reject(person, faces)?)).await
}

/// To whom the user named: somebody known, or new.
async fn give_away(site: State<Site>, visit: Visit, id: Path<PersonId>, faces: Faces) -> Result<Redirect, PageError> {
    check_name(&faces.name)?;
    say(site, visit, id, faces, |deciding, person, faces, name| {
        let (into, is_new) = deciding.person_or_new(name)?;
        Ok(deciding.split(person, faces, (&into, is_new))?)
    })
    .await
}

/// To a new group.
async fn split_off(site: State<Site>, visit: Visit, id: Path<PersonId>, faces: Faces) -> Result<Redirect, PageError> {
    say(site, visit, id, faces, |deciding, person, faces, _| {
        let (into, is_new) = deciding.new_group_to_be()?;
        Ok(deciding.split(person, faces, (&into, is_new))?)
    })
    .await
}

async fn choose_cover(
    site: State<Site>,
    visit: Visit,
    id: Path<PersonId>,
    faces: Faces,
) -> Result<Redirect, PageError> {
    say(site, visit, id, faces, |deciding, person, faces, _| match faces {
        [face] => Ok(deciding.cover(person, face)?),
        _ => Err(PageError::NotOneFace),
    })
    .await
}

/// Says something of the faces selected, if they are of this person or group still.
async fn say(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<PersonId>,
    Form(Selected { face, name, .. }): Faces,
    work: impl FnOnce(&mut Deciding, &Who, &[FaceRow], &str) -> Result<(), PageError> + Send + 'static,
) -> Result<Redirect, PageError> {
    if face.is_empty() {
        return Err(PageError::NoFaceSelected);
    }
    at_most(&face, SELECTED)?;
    let change = site.change(&visit, move |deciding| {
        let person = called(deciding, id)?;
        let mut faces = Vec::new();
        for face in face {
            let face = deciding.face_if_seen(face)?.ok_or(PageError::NotFound)?;
            if face.person != Some(id) {
                return Err(PageError::Outdated);
            }
            faces.push(face);
        }
        work(deciding, &person, &faces, &name)
    });
    change.await
}
