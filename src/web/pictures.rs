//! Faces and photos as pictures, by their ids and never by a path.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::assets::AWAY;
use super::error::PageError;
use super::guests::Sees;
use super::previews::Size;
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{FaceId, PhotoId};
use crate::scan::thumbnail;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/face/{id}", get(face))
        .route("/face/{id}/scene.jpg", get(face_scene))
        .route("/photo/{id}/grid.jpg", get(grid))
        .route("/photo/{id}/screen.jpg", get(screen))
        .route("/photo/{id}/full.jpg", get(full))
}

async fn face(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<FaceId>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let shared = site.clone();
    let known = site.ask(move |catalog| {
        let face = catalog.face_if_seen(id)?.ok_or(PageError::NotFound)?;
        if !Sees::of(&shared, &visit, catalog)?.face(&face) {
            return Err(PageError::NotFound);
        }
        Ok((catalog.thumbnail(id)?, face))
    });
    let jpeg = match known.await? {
        (Some(kept), _) => Some(kept),
        (None, face) => {
            let turn = site.previews.turn().await;
            let shared = site.clone();
            let made = site.ask(move |catalog| {
                let _turn = turn;
                Ok(thumbnail(catalog, &face, &shared.previews.budget)?)
            });
            made.await?
        }
    };
    Ok(picture(jpeg, &headers))
}

async fn face_scene(
    site: State<Site>,
    visit: Visit,
    Path(id): Path<FaceId>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let face = site.ask(move |catalog| catalog.face_if_seen(id)?.ok_or(PageError::NotFound)).await?;
    preview(site, visit, Path(face.photo), headers, Size::Scene(face.bounds)).await
}

async fn grid(
    site: State<Site>,
    visit: Visit,
    photo: Path<PhotoId>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    preview(site, visit, photo, headers, Size::Grid).await
}

async fn screen(
    site: State<Site>,
    visit: Visit,
    photo: Path<PhotoId>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    preview(site, visit, photo, headers, Size::Screen).await
}

/// All pixels of a photo, whatever its format.
async fn full(
    site: State<Site>,
    visit: Visit,
    photo: Path<PhotoId>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    preview(site, visit, photo, headers, Size::Full).await
}

async fn preview(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<PhotoId>,
    headers: HeaderMap,
    size: Size,
) -> Result<Response, PageError> {
    let shared = site.clone();
    let known = site.ask(move |catalog| {
        let photo = catalog.photo_if_known(id)?.ok_or(PageError::NotFound)?;
        Sees::of(&shared, &visit, catalog)?.check_photo(catalog, id)?;
        let paths = catalog.readable_paths(id)?;
        // What only another machine has is shown as that one saw it.
        let seen = if paths.is_empty() { catalog.preview(id)? } else { None };
        Ok((photo.hash, paths, seen))
    });
    let (hash, paths, seen) = known.await?;
    if let Some(kept) = site.previews.kept(&hash, size).await.or(seen) {
        return Ok(picture(Some(kept), &headers));
    }
    Ok(picture(site.previews.make(hash, paths, size).await, &headers))
}

/// A JPEG, or nothing where the browser has it already; where the photo is away, a picture that says so.
fn picture(jpeg: Option<Vec<u8>>, headers: &HeaderMap) -> Response {
    let Some(jpeg) = jpeg else {
        return ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "no-store")], AWAY).into_response();
    };
    let tag = format!("\"{}\"", &blake3::hash(&jpeg).to_hex()[..32]);
    // After a rebuild an id may mean another picture: the browser asks each time, and gets it only if it has changed.
    let about = [(CACHE_CONTROL, "private, no-cache".to_owned()), (ETAG, tag.clone())];
    let same = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    if same {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(CONTENT_TYPE, "image/jpeg")], jpeg).into_response()
}
