//! The page that `facetag serve` shows in a browser, made on this machine and for it.
//!
//! A request passes `guard` (is it of our own page?) and `enter` (is it of the user?), and comes to the file of its page.
//! That asks or changes the library through `Site`, and answers with a template, or sends the browser back.
//!
//! | file | what |
//! |---|---|
//! | `serve` | an address, until it is stopped |
//! | `connections` | how many at once, for how long, TLS |
//! | `limits` | how much one request may ask for |
//! | `guard` | who may ask: Host, Origin; and what a browser may do with the answers |
//! | `access`, `enter` | the token or password -> a cookie; what it opens |
//! | `body` | large answers, of which little is in memory while they are sent |
//! | `queues` | the questions that wait |
//! | `site` | the library, for many requests at once |
//! | `everybody`, `ordered` | who there is, counted; the order of all photos |
//! | `recent` | what was found out about those whose pages were asked for last |
//! | `visit` | what a request tells: language, where it came from, what was just done |
//! | `frame`, `pager` | what is around every page; the way to the next where there are several |
//! | `error`, `problem`, `again` | what went wrong -> a page; or the one before again, with it beside the field |
//! | `text` | all words, in English and Chinese |
//! | `assets` | style and script |
//! | `guests` | what guests see |
//! | `exports` | photos that were selected, until it is said what is to become of them |
//! | `originals` | photos to be kept, one or a zip archive of many |
//! | `pictures`, `previews` | faces and photos; those made smaller, kept on disk |
//! | `people`, `circles`, `person`, `merge`, `forget`, `questions`, `history`, `photo`, `why`, `search`, `album`, `scan` | one page each |
//! | `faces` | what is said of faces that were selected on the page of a person |
//! | `scanning` | the scan that goes on behind the page |
//! | `wanted` | what a search looks for, as it stands in the address |
//! | `folder` | a folder, as it is typed, and whether it may be used |
//! | `browse` | looking for a folder to add |
//! | `map` | places on a map of the world |
//! | `timeline` | months of photos |
//!
//! A new page is a file here with its `routes()`, a line in `routes`, its words in `text/`, a template in `templates/`, and a
//! test of each route in `tests/serve_*.rs`. A form posts, the handler calls `Site::change`, and that sends
//! the browser back to where it was, where `Frame` tells what was done and offers to take it back.

mod access;
mod again;
mod album;
mod assets;
mod body;
mod browse;
mod circles;
mod connections;
mod enter;
mod error;
mod everybody;
mod exports;
mod faces;
mod folder;
mod forget;
mod frame;
mod guard;
mod guests;
mod history;
mod kept;
mod limits;
mod map;
mod merge;
mod ordered;
mod originals;
mod pager;
mod people;
mod person;
mod photo;
mod pictures;
mod previews;
mod problem;
mod questions;
mod queues;
mod recent;
mod scan;
mod scanning;
mod search;
mod serve;
mod site;
mod text;
mod timeline;
mod visit;
mod wanted;
mod why;

pub use access::{Password, PasswordError};
pub use serve::{Addresses, Listen, ServeError, Tls, serve};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Redirect;
use axum::routing::get;

use site::Site;

/// The largest form that is read, unless its page says otherwise: thousands of people selected.
const LARGEST_FORM: usize = 128 << 10;

fn routes(site: Site) -> Router {
    Router::new()
        .route("/", get(async || Redirect::to("/people")))
        .merge(people::routes())
        .merge(circles::routes())
        .merge(merge::routes())
        .merge(forget::routes())
        .merge(person::routes())
        .merge(faces::routes())
        .merge(photo::routes())
        .merge(why::routes())
        .merge(search::routes())
        .merge(album::routes())
        .merge(scan::routes())
        .merge(browse::routes())
        .merge(questions::routes())
        .merge(history::routes())
        .merge(pictures::routes())
        .merge(originals::routes())
        .layer(from_fn_with_state(site.clone(), body::spool))
        .layer(from_fn_with_state(site.clone(), enter::require))
        // What follows is open to those who are not in yet.
        .merge(enter::routes())
        .merge(assets::routes())
        .fallback(async || error::PageError::NotFound)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(from_fn_with_state(site.clone(), guard::check))
        .layer(from_fn_with_state(site.clone(), problem::show))
        .layer(from_fn(guard::seal))
        .with_state(site)
}
