//! What is said of single faces of a person or group, which were selected on their page.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Redirect;
use axum::routing::post;
use axum_extra::extract::Form;
use serde::Deserialize;

use super::error::PageError;
use super::people::called;
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{Catalog, FaceId, FaceRow, PersonId, State as Tagged, Who};
use crate::face::PackInfo;
use crate::people::{check_name, cover, decide, split};

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
    say(site, visit, id, faces, |catalog, pack, person, faces, _| {
        let decision = catalog.confirming((person, false), &ids(faces))?;
        decide(catalog, pack, &decision)?;
        Ok(())
    })
    .await
}

/// Those tagged by itself that the user saw and did not select: never one that they have not seen.
async fn confirm_rest(
    site: State<Site>,
    visit: Visit,
    id: Path<PersonId>,
    Form(Selected { face: wrong, shown, .. }): Faces,
) -> Result<Redirect, PageError> {
    let face = shown.into_iter().filter(|face| !wrong.contains(face)).collect();
    let rest = Selected { face, ..Selected::default() };
    say(site, visit, id, Form(rest), |catalog, pack, person, faces, _| {
        let open: Vec<FaceId> =
            faces.iter().filter(|face| face.state == Some(Tagged::Auto)).map(|face| face.id).collect();
        if open.is_empty() {
            return Err(PageError::Outdated);
        }
        let decision = catalog.confirming((person, false), &open)?;
        decide(catalog, pack, &decision)?;
        Ok(())
    })
    .await
}

async fn reject(site: State<Site>, visit: Visit, id: Path<PersonId>, faces: Faces) -> Result<Redirect, PageError> {
    say(site, visit, id, faces, |catalog, pack, person, faces, _| {
        let decision = catalog.rejecting(person.id, &ids(faces))?;
        decide(catalog, pack, &decision)?;
        Ok(())
    })
    .await
}

/// To whom the user named: somebody known, or new.
async fn give_away(site: State<Site>, visit: Visit, id: Path<PersonId>, faces: Faces) -> Result<Redirect, PageError> {
    check_name(&faces.name)?;
    say(site, visit, id, faces, |catalog, pack, person, faces, name| {
        let (into, is_new) = catalog.person_or_new(name)?;
        split(catalog, pack, person, faces, (&into, is_new))?;
        Ok(())
    })
    .await
}

/// To a new group.
async fn split_off(site: State<Site>, visit: Visit, id: Path<PersonId>, faces: Faces) -> Result<Redirect, PageError> {
    say(site, visit, id, faces, |catalog, pack, person, faces, _| {
        let (into, is_new) = catalog.new_group_to_be()?;
        split(catalog, pack, person, faces, (&into, is_new))?;
        Ok(())
    })
    .await
}

async fn choose_cover(
    site: State<Site>,
    visit: Visit,
    id: Path<PersonId>,
    faces: Faces,
) -> Result<Redirect, PageError> {
    say(site, visit, id, faces, |catalog, pack, person, faces, _| match faces {
        [face] => Ok(cover(catalog, pack, person, face)?),
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
    work: impl FnOnce(&mut Catalog, &PackInfo, &Who, &[FaceRow], &str) -> Result<(), PageError> + Send + 'static,
) -> Result<Redirect, PageError> {
    if face.is_empty() {
        return Err(PageError::NoFaceSelected);
    }
    let change = site.change(&visit, move |catalog, pack| {
        let person = called(catalog, id)?;
        let mut faces = Vec::new();
        for face in face {
            let face = catalog.face_if_seen(face)?.ok_or(PageError::NotFound)?;
            if face.person != Some(id) {
                return Err(PageError::Outdated);
            }
            faces.push(face);
        }
        work(catalog, pack, &person, &faces, &name)
    });
    change.await
}

fn ids(faces: &[FaceRow]) -> Vec<FaceId> {
    faces.iter().map(|face| face.id).collect()
}
