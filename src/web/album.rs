//! Photos that were found, taken along: copied or linked into a folder, or listed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::post;
use axum_extra::extract::Form;
use serde::Deserialize;

use super::error::PageError;
use super::folder::typed_folder;
use super::frame::{Frame, Tab};
use super::site::Site;
use super::visit::Visit;
use super::wanted::Wanted;
use crate::album::{Album, Kind, list, make};
use crate::catalog::{Catalog, Hit, PhotoId};

/// Photos shown of them.
const SHOWN: usize = 12;

/// Photos that may be selected.
const MOST: usize = 100_000;

/// The largest form that is read. It holds some more, so that those too are told why not.
const LARGEST_SELECTION: usize = 32 << 20;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/album", post(show))
        .route("/album/copy", post(copy))
        .route("/album/link", post(link))
        .route("/album/list", post(paths))
        .layer(DefaultBodyLimit::max(LARGEST_SELECTION))
}

/// Which photos are meant.
#[derive(Deserialize)]
struct Chosen {
    /// What was searched for, as it stands in the address.
    #[serde(default)]
    wanted: String,
    /// Those of it that were selected; none for all.
    #[serde(default)]
    photo: Vec<PhotoId>,
    /// Where they are to go.
    #[serde(default)]
    folder: String,
}

#[derive(Template)]
#[template(path = "album.html")]
struct AlbumPage {
    frame: Frame,
    /// What was searched for, as it stands in the address.
    wanted: String,
    /// Those that were selected.
    photos: Vec<PhotoId>,
    total: usize,
    shown: Vec<PhotoId>,
    made: Option<Made>,
}

/// What has become of it.
struct Made {
    folder: PathBuf,
    kind: Kind,
    album: Album,
}

impl AlbumPage {
    fn new(catalog: &Catalog, visit: &Visit, chosen: Chosen, made: Option<Made>) -> Result<Self, PageError> {
        let hits = found(catalog, &chosen)?;
        Ok(Self {
            frame: Frame::new(catalog, visit, Tab::Search, (visit.words.search.album)(&hits.len()))?,
            total: hits.len(),
            shown: hits.iter().take(SHOWN).map(|hit| hit.photo).collect(),
            wanted: chosen.wanted,
            photos: chosen.photo,
            made,
        })
    }
}

async fn show(State(site): State<Site>, visit: Visit, Form(chosen): Form<Chosen>) -> Result<Html<String>, PageError> {
    let page = site.ask(move |catalog| Ok(AlbumPage::new(catalog, &visit, chosen, None)?.render()?));
    Ok(Html(page.await?))
}

async fn copy(site: State<Site>, visit: Visit, chosen: Form<Chosen>) -> Result<Html<String>, PageError> {
    put(site, visit, chosen, Kind::Copies).await
}

async fn link(site: State<Site>, visit: Visit, chosen: Form<Chosen>) -> Result<Html<String>, PageError> {
    put(site, visit, chosen, Kind::Links).await
}

async fn put(
    State(site): State<Site>,
    visit: Visit,
    Form(chosen): Form<Chosen>,
    kind: Kind,
) -> Result<Html<String>, PageError> {
    let shared = site.clone();
    let page = site.ask(move |catalog| {
        let folder = typed_folder(&chosen.folder)?;
        if catalog.photos_under(&folder)? > 0 {
            return Err(PageError::HasPhotos(folder.display().to_string()));
        }
        let album = make(&folder, &found(catalog, &chosen)?, kind, &shared.stopping);
        let album = album.map_err(|error| unwritable(&folder, &error))?;
        Ok(AlbumPage::new(catalog, &visit, chosen, Some(Made { folder, kind, album }))?.render()?)
    });
    Ok(Html(page.await?))
}

fn unwritable(folder: &Path, error: &std::io::Error) -> PageError {
    PageError::Unwritable(format!("{}: {error}", folder.display()))
}

/// The paths, one a line, as the file system knows them.
async fn paths(State(site): State<Site>, Form(chosen): Form<Chosen>) -> Result<Response, PageError> {
    let text = site.ask(move |catalog| {
        let mut text = Vec::new();
        list(&mut text, &found(catalog, &chosen)?, b'\n').map_err(|error| PageError::Failed(error.to_string()))?;
        Ok(text)
    });
    let about =
        [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"photos.txt\"")];
    Ok((about, text.await?).into_response())
}

fn found(catalog: &Catalog, chosen: &Chosen) -> Result<Vec<Hit>, PageError> {
    if chosen.photo.len() > MOST {
        return Err(PageError::TooManyPhotos);
    }
    let wanted: Wanted = serde_html_form::from_str(&chosen.wanted).map_err(|_| PageError::NotFound)?;
    let mut hits = catalog.find(&wanted.query())?;
    if !chosen.photo.is_empty() {
        let photos: HashSet<PhotoId> = chosen.photo.iter().copied().collect();
        hits.retain(|hit| photos.contains(&hit.photo));
    }
    if hits.is_empty() { Err(PageError::NoPhotos) } else { Ok(hits) }
}
