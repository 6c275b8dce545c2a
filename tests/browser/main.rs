//! The page in a real browser, Debian's Chromium: what users do there, and what they see.

#[path = "../common/mod.rs"]
mod common;

mod browser;
mod look;
mod people;
mod questions;

use common::Library;

/// The photos that come with facetag, scanned: Obama in a group, Biden in another, others who were met once.
fn demo() -> Library {
    let photos = common::fixtures("demo").into_iter().map(|name| format!("demo/{name}")).collect::<Vec<_>>();
    Library::scanned(&photos.iter().map(String::as_str).collect::<Vec<_>>())
}
