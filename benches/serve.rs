//! How long the page of a large library takes, and how much of it there is: `cargo bench --bench serve [-- PHOTOS]`.
//!
//! The real `facetag serve` on a library of made-up rows (`common/rows.rs`), a hundred thousand photos unless another number is
//! given. Prints a table in Markdown: the first answer after the start, and the middle one of 21 more, in milliseconds from the
//! request to the last byte; and what the page weighs without pictures, styles and scripts with it.

use std::time::Instant;

use facetag::catalog::{self, Catalog};

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "common/random.rs"]
mod random;
#[path = "common/rows.rs"]
mod rows;

use common::Library;
use common::server::Server;

const PAGES: [(&str, &str); 13] = [
    ("people", "/people"),
    ("people met once", "/people?show=once"),
    ("the most frequent person", "/person/1"),
    ("their faces", "/person/1?view=faces"),
    ("a photo", "/photo/50000"),
    ("a photo of the most frequent person's", "/photo/50000?all=1"),
    ("search, nothing asked", "/search"),
    ("search for the most frequent person", "/search?all=1"),
    ("search for a town and a month", "/search?place=Town+7&since=2015-07-01&until=2015-07-31"),
    ("photos of a search, as its script asks", "/search/photos?from=0"),
    ("the shapes of all photos, as its script asks", "/search/shapes"),
    ("questions", "/questions"),
    ("scan", "/scan"),
];

fn main() {
    let photos = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let library = Library::new();
    drop(Catalog::open(&catalog::Library::at(library.home())).unwrap());
    rows::fill(&library.file(), photos).unwrap();

    println!("| {photos} photos | first, ms | middle, ms | KiB |\n|---|---|---|---|");
    for (name, path) in PAGES {
        // Another server for each, so that each has its first answer.
        let server = Server::start(&library);
        let asked = || {
            let started = Instant::now();
            let answer = server.get(path).is(200);
            (started.elapsed().as_secs_f64() * 1e3, answer)
        };
        let (first, answer) = asked();
        let mut times: Vec<f64> = (0..21).map(|_| asked().0).collect();
        times.sort_by(f64::total_cmp);
        let weight = answer.bytes.len() + assets(&server, &answer.text());
        println!("| {name} | {first:.1} | {:.1} | {} |", times[times.len() / 2], weight.div_ceil(1024));
    }
}

/// How much the styles and scripts of a page weigh, in bytes.
fn assets(server: &Server, page: &str) -> usize {
    let mut paths: Vec<&str> = page.split("\"/assets/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    paths.sort_unstable();
    paths.dedup();
    paths.iter().map(|path| server.get(&format!("/assets/{path}")).is(200).bytes.len()).sum()
}
