//! Looking for a folder to add, among those that may be.

use std::path::{Path, PathBuf};

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use axum_extra::extract::Query;
use serde::Deserialize;

use super::error::PageError;
use super::folder::typed_folder;
use super::frame::{Frame, Tab};
use super::scanning::check_folder;
use super::site::Site;
use super::visit::Visit;

/// Folders that are shown of one.
const MOST: usize = 1000;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/scan/browse", get(show))
}

#[derive(Deserialize)]
struct Asked {
    /// Nothing: the folders to begin with.
    #[serde(default)]
    folder: String,
}

#[derive(Template)]
#[template(path = "browse.html")]
struct BrowsePage {
    frame: Frame,
    /// The one that is looked into; nothing to begin with.
    here: Option<String>,
    /// Nothing where that may not be looked into.
    above: Option<String>,
    /// Path and name of each.
    folders: Vec<(String, String)>,
}

async fn show(State(site): State<Site>, visit: Visit, Query(asked): Query<Asked>) -> Result<Html<String>, PageError> {
    let shared = site.clone();
    let page = site.ask(move |catalog| {
        let text = |path: &Path| path.display().to_string();
        let frame = Frame::new(catalog, &visit, Tab::Scan, visit.words.scan.browse)?;
        if asked.folder.is_empty() {
            let folders = shared.allowed.roots(catalog)?;
            let folders = folders.iter().map(|folder| (text(folder), text(folder))).collect();
            return Ok(BrowsePage { frame, here: None, above: None, folders }.render()?);
        }
        let here = shared.allowed.check(catalog, &typed_folder(&asked.folder)?)?;
        check_folder(&here)?;
        let above = here.parent().filter(|above| shared.allowed.check(catalog, above).is_ok()).map(text);
        let mut folders =
            below(&here).map_err(|error| PageError::Unreadable(format!("{}: {error}", here.display())))?;
        folders.retain(|folder| shared.allowed.check(catalog, folder).is_ok());
        let name = |folder: &PathBuf| folder.file_name().unwrap_or_default().display().to_string();
        let folders = folders.iter().map(|folder| (text(folder), name(folder))).collect();
        Ok(BrowsePage { frame, here: Some(text(&here)), above, folders }.render()?)
    });
    Ok(Html(page.await?))
}

/// The folders in a folder, by name; none that are hidden, and none whose path is no text: a form could not send it.
fn below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.flatten().filter(|entry| entry.path().is_dir());
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.to_str().is_some() && !folder.file_name().is_some_and(is_hidden));
    folders.sort();
    folders.truncate(MOST);
    Ok(folders)
}

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
