//! Photos that were found, exported: copied or linked into a folder, listed, or downloaded.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path as Named, RawForm, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::Form;
use serde::Deserialize;

use super::error::PageError;
use super::exports::{Export, Made};
use super::folder::typed_folder;
use super::frame::{Frame, Tab};
use super::guests::Sees;
use super::limits::{PHOTOS, at_most};
use super::originals::archive;
use super::site::Site;
use super::visit::Visit;
use super::wanted::Wanted;
use crate::album::{Kind, list, make};
use crate::catalog::{Catalog, Hit, PhotoId};

/// Photos shown of them.
const SHOWN: usize = 12;

/// The largest form that is read, in bytes: somewhat more photos than may be selected, so that those too are told why not.
const LARGEST_SELECTION: usize = 2 << 20;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/album", post(select).layer(DefaultBodyLimit::max(LARGEST_SELECTION)))
        .route("/album/{key}", get(show))
        .route("/album/{key}/copy", post(copy))
        .route("/album/{key}/link", post(link))
        .route("/album/{key}/list", get(paths))
        .route("/album/{key}/zip", get(zip))
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
}

/// Where they are to go.
#[derive(Deserialize)]
struct Typed {
    folder: String,
}

#[derive(Template)]
#[template(path = "album.html")]
struct AlbumPage {
    frame: Frame,
    key: String,
    /// What was searched for, as it stands in the address.
    wanted: String,
    total: usize,
    shown: Vec<PhotoId>,
    made: Option<Arc<Made>>,
}

/// Keeps which photos are meant, and goes to the page where it is said what is to become of them.
async fn select(State(site): State<Site>, visit: Visit, RawForm(form): RawForm) -> Result<Redirect, PageError> {
    // Before it is taken apart: that takes a hundred times the memory of the shortest fields.
    if form.iter().filter(|&&byte| byte == b'&').count() > PHOTOS {
        return Err(PageError::TooMany(PHOTOS));
    }
    let chosen: Chosen = serde_html_form::from_bytes(&form).map_err(|_| PageError::FormNotUnderstood)?;
    drop(form);
    at_most(&chosen.photo, PHOTOS)?;
    let shared = site.clone();
    let key = site.ask_much(move |catalog| {
        let export = Export { wanted: chosen.wanted, photos: chosen.photo.into(), made: None };
        photos(&shared, catalog, &export, &Sees::of(&shared, &visit, catalog)?)?;
        shared.exports.keep(visit.reader.visitor, export)
    });
    Ok(Redirect::to(&format!("/album/{}", key.await?)))
}

async fn show(State(site): State<Site>, visit: Visit, Named(key): Named<String>) -> Result<Html<String>, PageError> {
    let export = site.exports.get(visit.reader.visitor, &key)?;
    let shared = site.clone();
    let page = site.ask_much(move |catalog| {
        let sees = Sees::of(&shared, &visit, catalog)?;
        let photos = photos(&shared, catalog, &export, &sees)?;
        let page = AlbumPage {
            frame: Frame::new(catalog, &visit, Tab::Search, (visit.words.search.album)(&photos.len()))?,
            key,
            total: photos.len(),
            shown: photos.iter().copied().take(SHOWN).collect(),
            wanted: export.wanted,
            // Guests are not told of folders.
            made: export.made.filter(|_| matches!(sees, Sees::Everybody)),
        };
        Ok(page.render()?)
    });
    Ok(Html(page.await?))
}

async fn copy(site: State<Site>, visit: Visit, key: Named<String>, typed: Form<Typed>) -> Result<Redirect, PageError> {
    put(site, visit, key, typed, Kind::Copies).await
}

async fn link(site: State<Site>, visit: Visit, key: Named<String>, typed: Form<Typed>) -> Result<Redirect, PageError> {
    put(site, visit, key, typed, Kind::Links).await
}

async fn put(
    State(site): State<Site>,
    visit: Visit,
    Named(key): Named<String>,
    Form(Typed { folder }): Form<Typed>,
    kind: Kind,
) -> Result<Redirect, PageError> {
    let export = site.exports.get(visit.reader.visitor, &key)?;
    let shared = site.clone();
    let made = site.ask_much(move |catalog| {
        let folder = shared.allowed.check(catalog, &typed_folder(&folder)?)?;
        if catalog.photos_under(&folder)? > 0 {
            return Err(PageError::HasPhotos(folder.display().to_string()));
        }
        let album = make(&folder, &found(catalog, &export, &Sees::Everybody)?, kind, &shared.stopping);
        let album = album.map_err(|error| unwritable(&folder, &error))?;
        Ok(Made { folder, kind, album })
    });
    site.exports.note(visit.reader.visitor, &key, made.await?);
    Ok(Redirect::to(&format!("/album/{key}")))
}

fn unwritable(folder: &Path, error: &std::io::Error) -> PageError {
    PageError::Unwritable(format!("{}: {error}", folder.display()))
}

/// The paths, one a line, as the file system knows them.
async fn paths(State(site): State<Site>, visit: Visit, Named(key): Named<String>) -> Result<Response, PageError> {
    let export = site.exports.get(visit.reader.visitor, &key)?;
    let text = site.ask_much(move |catalog| {
        let mut text = Vec::new();
        list(&mut text, &found(catalog, &export, &Sees::Everybody)?, b'\n')
            .map_err(|error| PageError::Failed(error.to_string()))?;
        Ok(text)
    });
    let about =
        [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"photos.txt\"")];
    Ok((about, text.await?).into_response())
}

/// The photos themselves, in one file.
async fn zip(State(site): State<Site>, visit: Visit, Named(key): Named<String>) -> Result<Response, PageError> {
    let export = site.exports.get(visit.reader.visitor, &key)?;
    let shared = site.clone();
    let photos = site.ask_much(move |catalog| {
        let sees = Sees::of(&shared, &visit, catalog)?;
        photos(&shared, catalog, &export, &sees)
    });
    archive(site.clone(), photos.await?).await
}

/// The photos that are meant, in order.
fn photos(site: &Site, catalog: &Catalog, export: &Export, sees: &Sees) -> Result<Vec<PhotoId>, PageError> {
    let (listing, wanted) = (site.listing()?, sees.narrow(Wanted::read(&export.wanted)?));
    let everybody = site.everybody()?;
    let found = catalog.found(&listing, everybody.company(), &wanted.query())?;
    let chosen: HashSet<PhotoId> = export.photos.iter().copied().collect();
    let mut photos: Vec<PhotoId> = found.some(0, found.len()).collect();
    photos.retain(|photo| chosen.is_empty() || chosen.contains(photo));
    if photos.is_empty() { Err(PageError::NoPhotos) } else { Ok(photos) }
}

/// The same with where they lie.
fn found(catalog: &Catalog, export: &Export, sees: &Sees) -> Result<Vec<Hit>, PageError> {
    let wanted = sees.narrow(Wanted::read(&export.wanted)?);
    let mut hits = catalog.find(&wanted.query())?;
    if !export.photos.is_empty() {
        let photos: HashSet<PhotoId> = export.photos.iter().copied().collect();
        hits.retain(|hit| photos.contains(&hit.photo));
    }
    if hits.is_empty() { Err(PageError::NoPhotos) } else { Ok(hits) }
}
