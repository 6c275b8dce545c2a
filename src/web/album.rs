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
use super::guests::Sees;
use super::limits::{PHOTOS, at_most};
use super::originals::archive;
use super::site::Site;
use super::visit::Visit;
use super::wanted::Wanted;
use crate::album::{Album, Kind, list, make};
use crate::catalog::{Catalog, Hit, PhotoId};

/// Photos shown of them.
const SHOWN: usize = 12;

/// The largest form that is read: somewhat more photos than may be selected, so that those too are told why not.
const LARGEST_SELECTION: usize = 4 << 20;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/album", post(show))
        .route("/album/copy", post(copy))
        .route("/album/link", post(link))
        .route("/album/list", post(paths))
        .route("/album/zip", post(zip))
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
    fn new(
        site: &Site,
        catalog: &Catalog,
        visit: &Visit,
        chosen: Chosen,
        made: Option<Made>,
    ) -> Result<Self, PageError> {
        let hits = found(catalog, &chosen, &Sees::of(site, visit, catalog)?)?;
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
    let shared = site.clone();
    let page = site.ask_much(move |catalog| Ok(AlbumPage::new(&shared, catalog, &visit, chosen, None)?.render()?));
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
    let page = site.ask_much(move |catalog| {
        let folder = shared.allowed.check(catalog, &typed_folder(&chosen.folder)?)?;
        if catalog.photos_under(&folder)? > 0 {
            return Err(PageError::HasPhotos(folder.display().to_string()));
        }
        let album = make(&folder, &found(catalog, &chosen, &Sees::Everybody)?, kind, &shared.stopping);
        let album = album.map_err(|error| unwritable(&folder, &error))?;
        Ok(AlbumPage::new(&shared, catalog, &visit, chosen, Some(Made { folder, kind, album }))?.render()?)
    });
    Ok(Html(page.await?))
}

fn unwritable(folder: &Path, error: &std::io::Error) -> PageError {
    PageError::Unwritable(format!("{}: {error}", folder.display()))
}

/// The paths, one a line, as the file system knows them.
async fn paths(State(site): State<Site>, Form(chosen): Form<Chosen>) -> Result<Response, PageError> {
    let text = site.ask_much(move |catalog| {
        let mut text = Vec::new();
        list(&mut text, &found(catalog, &chosen, &Sees::Everybody)?, b'\n')
            .map_err(|error| PageError::Failed(error.to_string()))?;
        Ok(text)
    });
    let about =
        [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"photos.txt\"")];
    Ok((about, text.await?).into_response())
}

/// The photos themselves, in one file.
async fn zip(State(site): State<Site>, visit: Visit, Form(chosen): Form<Chosen>) -> Result<Response, PageError> {
    let shared = site.clone();
    let photos = site.ask_much(move |catalog| {
        let sees = Sees::of(&shared, &visit, catalog)?;
        Ok(found(catalog, &chosen, &sees)?.into_iter().map(|hit| hit.photo).collect())
    });
    Ok(archive(site.clone(), photos.await?))
}

fn found(catalog: &Catalog, chosen: &Chosen, sees: &Sees) -> Result<Vec<Hit>, PageError> {
    at_most(&chosen.photo, PHOTOS)?;
    let wanted = sees.narrow(Wanted::read(&chosen.wanted)?);
    let mut hits = catalog.find(&wanted.query())?;
    if !chosen.photo.is_empty() {
        let photos: HashSet<PhotoId> = chosen.photo.iter().copied().collect();
        hits.retain(|hit| photos.contains(&hit.photo));
    }
    if hits.is_empty() { Err(PageError::NoPhotos) } else { Ok(hits) }
}
