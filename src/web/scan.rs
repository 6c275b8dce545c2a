//! The folders: adding one, scanning them, and what could not be read.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum_extra::extract::{Form, Query};
use futures_util::stream::{Stream, unfold};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::error::PageError;
use super::folder::typed_folder;
use super::frame::{Frame, Tab};
use super::scanning::{Failure, Progress, Stage, check_folder};
use super::site::Site;
use super::text::Words;
use super::visit::Visit;
use crate::catalog::{Catalog, CatalogError, FileRow, Root};
use crate::scan::{Options, Skipped};

/// Files that could not be read, so many of them.
const SHOWN: usize = 200;

/// Between two words on how far a scan is.
const EVERY: Duration = Duration::from_millis(250);

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/scan", get(show))
        .route("/scan/add", post(add))
        .route("/scan/start", post(start))
        .route("/scan/pause", post(pause))
        .route("/scan/progress", get(follow))
        .route("/scan/remove", get(ask_to_remove).post(remove))
}

#[derive(Template)]
#[template(path = "scan.html")]
struct ScanPage {
    frame: Frame,
    progress: Progress,
    /// What is said of it.
    said: Said,
    /// That a folder has just been removed.
    removed: Option<String>,
    /// Folders with the number of photos in each.
    roots: Vec<(Root, u64)>,
    problems: Vec<FileRow>,
    problem_count: u64,
}

impl ScanPage {
    /// Some scan did not come to its end.
    fn is_unfinished(&self) -> bool {
        match &self.progress.stage {
            Stage::Ended(summary) => summary.interrupted,
            _ => self.roots.iter().any(|(root, _)| root.scanned_at.is_none() && !root.offline),
        }
    }

    /// What has come of the last scan, and whether it is bad news.
    fn outcome(&self) -> Option<(String, bool)> {
        let words = &self.frame.words.scan;
        match &self.progress.stage {
            Stage::Ended(summary) => Some(((words.ended)(summary), false)),
            Stage::Failed(Failure::Busy) => Some((words.busy.to_owned(), true)),
            Stage::Failed(Failure::Other(problem)) => Some(((words.failed)(problem), true)),
            _ => None,
        }
    }

    /// What the last scan of a folder skipped, and what to do.
    fn skipped(&self, root: &Root) -> Vec<String> {
        let words = self.frame.words;
        Skipped::of(root).lines().iter().map(|line| (words.scan.skipped)(&(words.reason)(line))).collect()
    }

    fn when(&self, root: &Root) -> String {
        let words = &self.frame.words;
        let time = root.scanned_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
        match time.map(|time| TimeZone::system().to_datetime(time)) {
            Some(time) => {
                let day = (words.person.day)(time.date());
                (words.scan.scanned_at)(&format!("{day}, {}", time.strftime("%H:%M")))
            }
            None => words.scan.unfinished.to_owned(),
        }
    }
}

/// How far a scan is, in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Said {
    /// The share that is done, 0 to 1; `None` where nobody knows.
    share: Option<f64>,
    text: String,
    /// It goes on; otherwise there is something else to see.
    goes_on: bool,
}

impl Said {
    fn new(words: &Words, progress: &Progress) -> Self {
        let words = &words.scan;
        let estimate = progress.estimate();
        let mut parts = Vec::new();
        match progress.stage {
            Stage::Looking => parts.push(words.looking.to_owned()),
            Stage::Reading { read, to_read, .. } => {
                parts.push((words.reading)(read, to_read, progress.faces));
                if progress.unreadable > 0 {
                    parts.push((words.unreadable)(progress.unreadable));
                }
                if let Some((_, left)) = estimate.filter(|_| !progress.is_pausing) {
                    parts.push((words.left)(left));
                }
            }
            Stage::Grouping => parts.push(words.grouping.to_owned()),
            Stage::Idle | Stage::Ended(_) | Stage::Failed(_) => {}
        }
        if progress.is_pausing && progress.goes_on() {
            parts.push(words.pausing.to_owned());
        }
        Self { share: estimate.map(|(share, _)| share), text: parts.join(" · "), goes_on: progress.goes_on() }
    }
}

#[derive(Deserialize)]
struct Shown {
    /// The folder that has just been removed.
    removed: Option<String>,
}

async fn show(State(site): State<Site>, visit: Visit, Query(shown): Query<Shown>) -> Result<Html<String>, PageError> {
    let progress = site.scanning.progress().borrow().clone();
    let shared = site.clone();
    let page = site.ask(move |catalog| {
        let (roots, listing) = (catalog.roots()?.into_iter(), shared.listing()?);
        let roots = roots.map(|root| match listing.photos_in(&root.path) {
            Some(photos) => Ok((root, photos)),
            None => Ok((root.clone(), catalog.photos_under(&root.path)?)),
        });
        let (problems, problem_count) = catalog.unreadable_files(SHOWN)?;
        let removed = match shown.removed {
            Some(folder) if catalog.was_removed(Path::new(&folder))? => Some((visit.words.scan.removed)(&folder)),
            _ => None,
        };
        let page = ScanPage {
            frame: Frame::new(catalog, &visit, Tab::Scan, visit.words.scan.title)?,
            said: Said::new(visit.words, &progress),
            progress,
            removed,
            roots: roots.collect::<Result<_, PageError>>()?,
            problems,
            problem_count,
        };
        Ok(page.render()?)
    });
    Ok(Html(page.await?))
}

#[derive(Deserialize)]
struct Typed {
    folder: String,
}

/// Scans one folder, which is one of the library from now on.
async fn add(State(site): State<Site>, Form(Typed { folder }): Form<Typed>) -> Result<Redirect, PageError> {
    let shared = site.clone();
    let folder = site.ask(move |catalog| {
        let folder = shared.allowed.check(catalog, &typed_folder(&folder)?)?;
        check_folder(&folder)?;
        Ok(folder)
    });
    let folder = folder.await?;
    site.scanning.start(Some(folder), Options::default())?;
    Ok(Redirect::to("/scan"))
}

#[derive(Deserialize)]
struct How {
    /// What could not be read before is tried again.
    #[serde(default)]
    retry: bool,
}

#[derive(Template)]
#[template(path = "remove.html")]
struct RemovePage {
    frame: Frame,
    folder: String,
    photos: u64,
}

/// The root that is typed so.
fn root_called(catalog: &Catalog, folder: &str) -> Result<Root, PageError> {
    let root = catalog.roots()?.into_iter().find(|root| root.path.display().to_string() == folder);
    root.ok_or_else(|| PageError::NoFolder(folder.to_owned()))
}

/// Tells what it means that a folder is removed.
async fn ask_to_remove(
    State(site): State<Site>,
    visit: Visit,
    Query(Typed { folder }): Query<Typed>,
) -> Result<Html<String>, PageError> {
    let page = site.ask(move |catalog| {
        let root = root_called(catalog, &folder)?;
        let frame = Frame::new(catalog, &visit, Tab::Scan, visit.words.scan.remove_title)?;
        Ok(RemovePage { frame, folder, photos: catalog.photos_under(&root.path)? }.render()?)
    });
    Ok(Html(page.await?))
}

/// Removes a folder from the library. Its photos, and what was decided of them, are kept.
async fn remove(State(site): State<Site>, Form(Typed { folder }): Form<Typed>) -> Result<Redirect, PageError> {
    let library = site.library.clone();
    let removed = site.ask(move |catalog| {
        let root = root_called(catalog, &folder)?;
        match catalog.remove_root(&library, &root.path) {
            Err(CatalogError::Busy { .. }) => Err(PageError::ScanGoesOn),
            removed => Ok(removed.map(|_| root.path.display().to_string())?),
        }
    });
    let query = serde_html_form::to_string([("removed", removed.await?)]).map_err(|_| PageError::NotUnderstood)?;
    Ok(Redirect::to(&format!("/scan?{query}")))
}

/// Scans all folders.
async fn start(State(site): State<Site>, Form(How { retry }): Form<How>) -> Result<Redirect, PageError> {
    if site.ask(|catalog| Ok(catalog.roots()?)).await?.is_empty() {
        return Err(PageError::NothingToScan);
    }
    site.scanning.start(None, Options { retry_failed: retry, ..Options::default() })?;
    Ok(Redirect::to("/scan"))
}

async fn pause(State(site): State<Site>) -> Redirect {
    site.scanning.pause();
    Redirect::to("/scan")
}

/// Tells how far the scan is, as it changes, until it ends.
async fn follow(State(site): State<Site>, visit: Visit) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let told = unfold(Some((site.scanning.progress(), true)), move |following| async move {
        let (mut progress, first) = following?;
        if !first {
            tokio::time::sleep(EVERY).await;
            progress.changed().await.ok()?;
        }
        let now = progress.borrow_and_update().clone();
        if now.is_over {
            return None;
        }
        let said = Said::new(visit.words, &now);
        let event = Event::default().json_data(&said).ok()?;
        Some((Ok(event), said.goes_on.then_some((progress, false))))
    });
    Sse::new(told).keep_alive(KeepAlive::default())
}
