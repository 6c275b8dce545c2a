//! Faces and photos as pictures, by their ids and never by a path.

use std::path::PathBuf;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::assets::{AWAY, TOO_LARGE};
use super::body::of_file;
use super::error::PageError;
use super::guests::Sees;
use super::originals::shown;
use super::previews::{Preview, Size};
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{FaceId, Hash, PhotoId};
use crate::photo::Format;
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
                Ok(thumbnail(catalog, &face, &shared.previews.memory)?)
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
    let (shared, who) = (site.0.clone(), visit.clone());
    let face = site.ask(move |catalog| {
        let face = catalog.face_if_seen(id)?.ok_or(PageError::NotFound)?;
        if Sees::of(&shared, &who, catalog)?.face(&face) { Ok(face) } else { Err(PageError::NotFound) }
    });
    let face = face.await?;
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
    // Browsers turn JPEGs upright and know their colours.
    if size == Size::Full
        && let Some(original) = original(&hash, &paths, &[Format::Jpeg], &headers).await
    {
        return Ok(original);
    }
    Ok(match site.previews.make(hash, paths.clone(), size).await {
        Preview::Made(jpeg) => picture(Some(jpeg), &headers),
        Preview::Away => picture(None, &headers),
        // Instead of what is around a face nothing else can be shown.
        Preview::TooLarge if matches!(size, Size::Scene(_)) => drawing(TOO_LARGE),
        Preview::TooLarge => {
            original(&hash, &paths, &Format::ALL, &headers).await.unwrap_or_else(|| drawing(TOO_LARGE))
        }
    })
}

/// The photo as it is, where it is of one of these formats and browsers show it.
async fn original(hash: &Hash, paths: &[PathBuf], formats: &'static [Format], headers: &HeaderMap) -> Option<Response> {
    let about = about(&blake3::Hash::from(*hash).to_hex()[..32]);
    let (hash, paths) = (*hash, paths.to_owned());
    let (media_type, file, length) =
        tokio::task::spawn_blocking(move || shown(&paths, &hash, formats)).await.ok().flatten()?;
    if is_known(&about, headers) {
        return Some((StatusCode::NOT_MODIFIED, about).into_response());
    }
    Some((about, [(CONTENT_TYPE, media_type)], of_file(file, length)).into_response())
}

/// A JPEG, or nothing where the browser has it already; where the photo is away, a picture that says so.
fn picture(jpeg: Option<Vec<u8>>, headers: &HeaderMap) -> Response {
    let Some(jpeg) = jpeg else { return drawing(AWAY) };
    let about = about(&blake3::hash(&jpeg).to_hex()[..32]);
    if is_known(&about, headers) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(CONTENT_TYPE, "image/jpeg")], jpeg).into_response()
}

fn drawing(svg: &'static str) -> Response {
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "no-store")], svg).into_response()
}

type About = [(HeaderName, String); 2];

/// After a rebuild an id may mean another picture: the browser asks each time, and gets it only if it has changed.
fn about(tag: &str) -> About {
    [(CACHE_CONTROL, "private, no-cache".to_owned()), (ETAG, format!("\"{tag}\""))]
}

fn is_known([_, (_, tag)]: &About, headers: &HeaderMap) -> bool {
    headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes())
}
