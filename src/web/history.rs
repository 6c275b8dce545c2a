//! Taking back, and doing again.

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::post;
use axum_extra::extract::Form;
use serde::Deserialize;

use super::error::PageError;
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{Catalog, CatalogError, Journal, Line, LineId};

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/undo", post(undo)).route("/redo", post(redo))
}

/// Lines of the journal, both ends included.
#[derive(Clone, Copy, Deserialize)]
struct Lines {
    first: LineId,
    last: LineId,
}

async fn undo(State(site): State<Site>, visit: Visit, Form(lines): Form<Lines>) -> Result<Redirect, PageError> {
    take_back(&site, &visit, lines, Journal::newest, Catalog::undo).await
}

async fn redo(State(site): State<Site>, visit: Visit, Form(lines): Form<Lines>) -> Result<Redirect, PageError> {
    take_back(&site, &visit, lines, Journal::newest_undone, Catalog::redo).await
}

/// Takes back these lines, if they are the newest: nobody must take back what they have not seen.
async fn take_back(
    site: &Site,
    visit: &Visit,
    lines: Lines,
    newest: fn(&Journal) -> Option<LineId>,
    step: fn(&mut Catalog) -> Result<Option<Line>, CatalogError>,
) -> Result<Redirect, PageError> {
    let change = site.change(visit, move |catalog, _| {
        if newest(&Journal::load(catalog)?) != Some(lines.last) {
            return Err(PageError::Outdated);
        }
        while newest(&Journal::load(catalog)?).is_some_and(|line| (lines.first..=lines.last).contains(&line)) {
            step(catalog)?;
        }
        Ok(())
    });
    change.await
}
