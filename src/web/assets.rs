//! Style, script and icon, all within the program.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;

use super::site::Site;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/page.js");
const PHOTO_SCRIPT: &str = include_str!("assets/photo.js");
const LIGHTBOX: &str = include_str!("assets/lightbox.js");
const MANIFEST: &str = include_str!("assets/manifest.json");
/// Where there are towns: made from the list of places that facetag knows.
const WORLD: &str = include_str!("assets/world.svg");
const SEARCH_SCRIPT: &str = include_str!("assets/search.js");
const SCAN_SCRIPT: &str = include_str!("assets/scan.js");
/// For phones, which want no drawing.
const ICON_PNG: &[u8] = include_bytes!("assets/icon.png");
const ICON: &str = include_str!("assets/icon.svg");
/// In place of a photo that is away, and of one that takes too much memory to be made smaller.
pub(super) const AWAY: &str = include_str!("assets/away.svg");
pub(super) const TOO_LARGE: &str = include_str!("assets/too-large.svg");

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/assets/style.css", get(async || asset("text/css; charset=utf-8", STYLE)))
        .route("/assets/page.js", get(async || asset("text/javascript; charset=utf-8", SCRIPT)))
        .route("/assets/photo.js", get(async || asset("text/javascript; charset=utf-8", PHOTO_SCRIPT)))
        .route("/assets/lightbox.js", get(async || asset("text/javascript; charset=utf-8", LIGHTBOX)))
        .route("/assets/manifest.json", get(async || asset("application/manifest+json", MANIFEST)))
        .route("/assets/icon.png", get(async || picture(ICON_PNG)))
        .route("/assets/world.svg", get(async || asset("image/svg+xml", WORLD)))
        .route("/assets/search.js", get(async || asset("text/javascript; charset=utf-8", SEARCH_SCRIPT)))
        .route("/assets/scan.js", get(async || asset("text/javascript; charset=utf-8", SCAN_SCRIPT)))
        .route("/assets/icon.svg", get(async || asset("image/svg+xml", ICON)))
}

fn picture(content: &'static [u8]) -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "private, max-age=60")], content)
}

/// Looked at again after a minute: another facetag may run by then.
fn asset(content_type: &'static str, content: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "private, max-age=60")], content)
}
