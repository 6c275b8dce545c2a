//! Photos by who is in them, when and where they were taken, and where they lie.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use axum_extra::extract::Query;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::error::PageError;
use super::frame::{Frame, Tab};
use super::pager::Pager;
use super::people::known_names;
use super::site::Site;
use super::text::Words;
use super::visit::Visit;
use super::wanted::{Role, Wanted};
use crate::catalog::{Catalog, FaceId, Hit, PhotoId, Who, WhoError};

/// Photos on a page, for those without script.
const PAGE: usize = 120;

/// Photos that the script is told of at once.
const CHUNK: usize = 20_000;

/// People offered to begin with.
const OFTEN: usize = 12;

/// Towns that a field completes by itself.
const TOWNS: usize = 1000;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/search", get(show)).route("/search/photos", get(photos))
}

/// What the form sends beside what is wanted already.
#[derive(Deserialize)]
struct Asked {
    /// A name that was typed.
    #[serde(default)]
    who: String,
    /// The role of whoever has it.
    #[serde(default, rename = "as")]
    role: Role,
    /// From 1 on.
    page: Option<usize>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    wanted: Wanted,
    role: Role,
    chips: Vec<Chip>,
    often: Vec<(Option<FaceId>, Who)>,
    /// A name that nobody has.
    typed: String,
    /// Why the name that was typed is nobody's, and who may have been meant.
    unknown: Option<(String, Vec<Who>)>,
    has_photos: bool,
    hits: Vec<Hit>,
    total: usize,
    pager: Pager,
    names: Vec<String>,
    towns: Vec<String>,
    folders: Vec<String>,
}

/// A person who is looked for.
struct Chip {
    role: Role,
    label: String,
    face: Option<FaceId>,
    /// The search with them in the next role, and without them.
    turned: String,
    without: String,
}

impl SearchPage {
    fn role(&self, role: &Role) -> &'static str {
        let words = &self.frame.words.search;
        match role {
            Role::All => words.all,
            Role::Any => words.any,
            Role::Not => words.not,
        }
    }

    fn is_role(&self, role: &Role) -> bool {
        *role == self.role
    }

    /// The page of a photo, from which there is a way to the next one found.
    fn photo(&self, hit: &Hit) -> String {
        self.wanted.address(&format!("/photo/{}", hit.photo))
    }

    /// The search with somebody more.
    fn with(&self, who: &Who) -> String {
        self.wanted.with(self.role, who.id).address("/search")
    }

    fn called(&self, hit: &Hit) -> String {
        called(self.frame.words, hit)
    }
}

/// What a photo is called: by the day it was taken.
fn called(words: &Words, hit: &Hit) -> String {
    let day = hit.taken.as_deref().and_then(|taken| taken.get(..10)?.parse::<Date>().ok());
    day.map_or_else(|| words.search.undated.to_owned(), |day| (words.search.photo)(&(words.person.day)(day)))
}

async fn show(
    State(site): State<Site>,
    visit: Visit,
    RawQuery(raw): RawQuery,
    Query(wanted): Query<Wanted>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let page = site.ask(move |catalog| {
        let words = visit.words;
        let unknown = match asked.who.trim() {
            "" => None,
            name => match catalog.who(name) {
                Ok(who) => return Ok(Redirect::to(&wanted.with(asked.role, who.id).address("/search")).into_response()),
                Err(WhoError::Unknown { near, .. }) => Some(((words.search.nobody)(name), near)),
                Err(WhoError::NoSuchNumber(_)) => Some(((words.search.nobody)(name), Vec::new())),
                Err(WhoError::Ambiguous { candidates, .. }) => Some(((words.search.several)(name), candidates)),
                Err(WhoError::Catalog(error)) => return Err(error.into()),
            },
        };
        // A form sends its empty fields too: the address is to hold what is wanted, and no more.
        if unknown.is_none() && raw.is_some_and(|raw| raw.split('&').any(|part| part.ends_with('='))) {
            return Ok(Redirect::to(&wanted.address("/search")).into_response());
        }
        let number = asked.page.unwrap_or(1).max(1);
        let (mut hits, total) = some(catalog, &wanted, number)?;
        let pages = total.div_ceil(PAGE).max(1);
        if number > pages {
            (hits, _) = some(catalog, &wanted, pages)?;
        }
        // They are to begin with.
        let often = if wanted.is_empty() { catalog.most_seen(OFTEN)? } else { Vec::new() };
        let often = often.into_iter().map(|who| Ok((catalog.best_face(who.id)?, who)));
        let page = SearchPage {
            frame: Frame::new(catalog, &visit, Tab::Search, words.search.title)?,
            role: asked.role,
            chips: chips(catalog, words, &wanted)?,
            typed: asked.who,
            often: often.collect::<Result<_, PageError>>()?,
            unknown,
            has_photos: total > 0 || catalog.tally()?.photos > 0,
            total,
            hits,
            pager: Pager::new((number.min(pages), pages), &wanted.address("/search")),
            names: known_names(catalog)?,
            towns: catalog.towns(TOWNS)?,
            folders: catalog.roots()?.into_iter().map(|root| root.path.display().to_string()).collect(),
            wanted,
        };
        Ok(Html(page.render()?).into_response())
    });
    page.await
}

/// The photos of a page, from 1 on, and how many there are on all.
fn some(catalog: &Catalog, wanted: &Wanted, page: usize) -> Result<(Vec<Hit>, usize), PageError> {
    let skip = (page - 1).saturating_mul(PAGE);
    if wanted.is_empty() {
        return Ok(catalog.some_of_all(skip, PAGE)?);
    }
    let hits = catalog.find(&wanted.query())?;
    let total = hits.len();
    Ok((hits.into_iter().skip(skip).take(PAGE).collect(), total))
}

fn chips(catalog: &Catalog, words: &Words, wanted: &Wanted) -> Result<Vec<Chip>, PageError> {
    let chips = wanted.people().map(|(role, id)| {
        let who = catalog.person(id)?.unwrap_or(Who { id, name: None });
        Ok(Chip {
            role,
            label: words.label(&who),
            face: catalog.best_face(id)?,
            turned: wanted.turned(role, id).address("/search"),
            without: wanted.without(id).address("/search"),
        })
    });
    chips.collect()
}

#[derive(Deserialize)]
struct From {
    /// So many are known already.
    #[serde(default)]
    from: usize,
}

/// Some of the photos found, for the script that lays them out.
#[derive(Serialize)]
struct Chunk {
    total: usize,
    /// Id, width by height, and what it is called.
    photos: Vec<(PhotoId, f32, String)>,
}

async fn photos(
    State(site): State<Site>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
    Query(From { from }): Query<From>,
) -> Result<Json<Chunk>, PageError> {
    let chunk = site.ask(move |catalog| {
        let hits = catalog.find(&wanted.query())?;
        let photos = hits.iter().skip(from).take(CHUNK).map(|hit| {
            let ratio = hit.width.max(1) as f32 / hit.height.max(1) as f32;
            (hit.photo, (ratio * 1000.0).round() / 1000.0, called(visit.words, hit))
        });
        Ok(Chunk { total: hits.len(), photos: photos.collect() })
    });
    Ok(Json(chunk.await?))
}
