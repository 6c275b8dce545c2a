//! The page in a real browser, Debian's Chromium: what users do there, and what they see.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../benches/common/random.rs"]
mod random;
#[path = "../../benches/common/rows.rs"]
mod rows;

mod browser;
mod look;
mod people;
mod person;
mod photo;
mod questions;
mod scan;
mod search;
mod viewing;

use common::Library;

/// The photos that come with facetag, scanned: Obama in a group, Biden in another, others who were met once.
fn demo() -> Library {
    let photos = common::fixtures("demo").into_iter().map(|name| format!("demo/{name}")).collect::<Vec<_>>();
    Library::scanned(&photos.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The path of the page of a photo.
fn page_of(library: &Library, photo: &str) -> String {
    let sql = "SELECT photo_id FROM files WHERE path LIKE '%/' || ?1";
    let id: i64 = library.sqlite().query_row(sql, [photo], |row| row.get(0)).unwrap();
    format!("/photo/{id}")
}
