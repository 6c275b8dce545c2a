//! Photos by who is in them, when and where they were taken, and where they lie.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use axum_extra::extract::Query;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::error::PageError;
use super::everybody::{Kind, People};
use super::frame::{Frame, Tab};
use super::guests::Sees;
use super::limits::{CHIPS, TYPED};
use super::pager::Pager;
use super::people::known_names;
use super::site::{Now, Site};
use super::text::Words;
use super::visit::Visit;
use super::wanted::{Role, Wanted};
use crate::catalog::{
    self, Catalog, Company, FaceId, Found, Listing, PersonId, PhotoId, TextQueryError, Tile, Who, WhoError,
};

/// Photos on a page, for those without script.
const PAGE: usize = 120;

/// Photos that the script is told of at once.
const CHUNK: usize = 500;

/// People offered to begin with.
const OFTEN: usize = 12;

/// The towns that a field offers while one types.
const TOWNS: usize = 1000;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/search", get(show)).route("/search/photos", get(photos)).route("/search/shapes", get(shapes))
}

/// What the form sends beside what is wanted already.
#[derive(Deserialize)]
struct Asked {
    /// A name that was typed, or more, as "Anna Ben -Carl 2024 Lisbon".
    #[serde(default)]
    who: String,
    /// The role of those who are named so.
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
    /// What was typed and is nothing that is known.
    typed: String,
    unknown: Option<Unknown>,
    has_photos: bool,
    hits: Vec<Tile>,
    /// Years, or the months of the one that is looked for: name, address, photos.
    periods: Vec<(String, String, usize)>,
    /// Photos without a date that would fit but for the dates asked for.
    undated: usize,
    total: usize,
    pager: Pager,
    names: Vec<String>,
    towns: Vec<String>,
    folders: Vec<String>,
}

/// Why a text that was typed cannot be searched for, and who may have been meant.
type Unknown = (String, Vec<Who>);

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
    fn photo(&self, hit: &Tile) -> String {
        self.wanted.address(&format!("/photo/{}", hit.photo))
    }

    /// The search with somebody more.
    fn with(&self, who: &Who) -> String {
        self.wanted.with(self.role, who.id).address("/search")
    }

    fn called(&self, hit: &Tile) -> String {
        called(self.frame.words, hit)
    }
}

/// What a photo is called: by the day it was taken.
fn called(words: &Words, hit: &Tile) -> String {
    let day = hit.taken.as_deref().and_then(|taken| words.day(taken));
    day.map_or_else(|| words.search.undated.to_owned(), |day| (words.search.photo)(&day))
}

async fn show(
    State(site): State<Site>,
    visit: Visit,
    RawQuery(raw): RawQuery,
    wanted: Wanted,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let shared = site.clone();
    let page = site.ask_much(move |catalog| {
        let words = visit.words;
        let sees = Sees::of(&shared, &visit, catalog)?;
        let wanted = sees.narrow(wanted);
        let unknown = match asked.who.trim() {
            "" => None,
            text if text.chars().count() > TYPED => return Err(PageError::TooLong),
            text => match understood(catalog, words, &sees, text)? {
                Ok(query) => {
                    return Ok(Redirect::to(&wanted.and(&query, asked.role).address("/search")).into_response());
                }
                Err(unknown) => Some(unknown),
            },
        };
        // A form sends its empty fields too: the address is to hold what is wanted, and no more.
        if unknown.is_none() && raw.is_some_and(|raw| raw.split('&').any(|part| part.ends_with('='))) {
            return Ok(Redirect::to(&wanted.address("/search")).into_response());
        }
        let now = shared.now()?;
        let (listing, everybody) = (&now.0, shared.everybody()?);
        let found = catalog.found(listing, everybody.company(), &wanted.query())?;
        let (total, pages) = (found.len(), found.len().div_ceil(PAGE).max(1));
        let number = asked.page.unwrap_or(1).clamp(1, pages);
        let often = suggested((&shared, &now), &everybody, &wanted, &sees)?;
        let often = often.into_iter().map(|who| Ok((catalog.best_face(who.id)?, who)));
        let is_guest = matches!(sees, Sees::These(_));
        let names = if is_guest { shared.access.guests_see().to_vec() } else { known_names(&shared, catalog)? };
        let page = SearchPage {
            frame: Frame::new(catalog, &visit, Tab::Search, words.search.title)?,
            role: asked.role,
            chips: chips(catalog, words, &wanted)?,
            typed: asked.who,
            often: often.collect::<Result<_, PageError>>()?,
            unknown,
            has_photos: !listing.is_empty(),
            total,
            undated: undated(catalog, listing, everybody.company(), &wanted)?,
            periods: periods(words, &wanted, &found),
            hits: catalog.tiles(found.some((number - 1) * PAGE, PAGE))?,
            pager: Pager::new((number, pages), &wanted.address("/search")),
            names,
            towns: if is_guest { Vec::new() } else { catalog.towns(TOWNS)? },
            folders: if is_guest { Vec::new() } else { folders(catalog)? },
            wanted,
        };
        Ok(Html(page.render()?).into_response())
    });
    page.await
}

/// What a text means: somebody with that name, or people, a place and dates. Whether others than those whom somebody sees are known is
/// nothing that they may find out by trying.
fn understood(
    catalog: &Catalog,
    words: &Words,
    sees: &Sees,
    text: &str,
) -> Result<Result<catalog::Query, Unknown>, PageError> {
    let (words, among) = (&words.search, sees.among());
    let told = |error: WhoError, name: &str| match error {
        WhoError::Catalog(error) => Err(PageError::from(error)),
        WhoError::Ambiguous { candidates, .. } | WhoError::Circle { people: candidates, .. } => {
            Ok(((words.several)(name), candidates))
        }
        WhoError::Unknown { near, .. } if name == text => Ok(((words.nobody)(name), near)),
        WhoError::Unknown { near, .. } => Ok(((words.unknown)(name), near)),
        WhoError::NoSuchNumber(_) => Ok(((words.nobody)(name), Vec::new())),
    };
    // A minus before a name leaves that person out; without it, all of the text may be a name.
    let whole = if text.starts_with('-') {
        Err(WhoError::Unknown { who: text.to_owned(), near: Vec::new() })
    } else {
        catalog.who_among(text, among)
    };
    Ok(Ok(match whole {
        Ok(who) => catalog::Query { all: vec![who.id], ..catalog::Query::default() },
        Err(error @ (WhoError::Catalog(_) | WhoError::Ambiguous { .. })) => return told(error, text).map(Err),
        Err(nobody) => match catalog.text_query_among(text, among) {
            Ok(query) if query.circles.len() > 1 => return Ok(Err((words.one_circle.to_owned(), Vec::new()))),
            Ok(query) => query,
            // Nothing of it was understood: it was meant as a name.
            Err(TextQueryError::Unknown(part)) if text.starts_with(&part) => return told(nobody, text).map(Err),
            Err(TextQueryError::Unknown(part)) => {
                return match catalog.who_among(&part, among) {
                    Err(error) => told(error, &part).map(Err),
                    Ok(_) => Ok(Err(((words.unknown)(&part), Vec::new()))),
                };
            }
            Err(TextQueryError::SecondPlace(place)) => return Ok(Err(((words.second_place)(&place), Vec::new()))),
            Err(TextQueryError::Who(error)) => return told(error, text).map(Err),
        },
    }))
}

fn folders(catalog: &Catalog) -> Result<Vec<String>, PageError> {
    Ok(catalog.roots()?.into_iter().map(|root| root.path.display().to_string()).collect())
}

/// Who may be looked for too: those seen most often to begin with, then those who are often with the people looked for.
fn suggested(
    (site, now): (&Site, &Now),
    everybody: &People,
    wanted: &Wanted,
    sees: &Sees,
) -> Result<Vec<Who>, PageError> {
    let known: Vec<PersonId> = wanted.people().map(|(_, person)| person).collect();
    let mut people: Vec<Who> = match wanted.all.last().or(wanted.any.last()) {
        Some(&person) => site.companions(now, person)?.iter().map(|(who, _)| who.clone()).collect(),
        None => {
            let named = everybody.of(Kind::Named).take(OFTEN + known.len());
            named.map(|person| Who { id: person.id, name: person.label.name.clone() }).collect()
        }
    };
    people.retain(|who| sees.person(who.id) && !known.contains(&who.id));
    people.truncate(OFTEN);
    Ok(people)
}

/// Photos without a date that fit all but the dates; none where no dates are asked for.
fn undated(catalog: &Catalog, listing: &Listing, company: &Company, wanted: &Wanted) -> Result<usize, PageError> {
    if wanted.since.is_none() && wanted.until.is_none() {
        return Ok(0);
    }
    let any_time = Wanted { since: None, until: None, ..wanted.clone() };
    Ok(catalog.found(listing, company, &catalog::Query { undated: true, ..any_time.query() })?.len())
}

/// The years of photos; of one year, its months. Each with its name, the search for it, and how many photos it has.
fn periods(words: &Words, wanted: &Wanted, found: &Found) -> Vec<(String, String, usize)> {
    let mut months = found.months();
    let mut years: BTreeMap<i16, usize> = BTreeMap::new();
    months.iter().for_each(|(&(year, _), photos)| *years.entry(year).or_default() += photos);
    // Of some only the year is known.
    months.retain(|&(_, month), _| month > 0);
    let between =
        |first: Date, last: Date| Wanted { since: Some(first), until: Some(last), ..wanted.clone() }.address("/search");
    if years.len() > 1 {
        let year = |(year, photos): (&i16, &usize)| {
            Some((year.to_string(), between(Date::new(*year, 1, 1).ok()?, Date::new(*year, 12, 31).ok()?), *photos))
        };
        return years.iter().rev().filter_map(year).collect();
    }
    let month = |((year, month), photos): (&(i16, i8), &usize)| {
        let first = Date::new(*year, *month, 1).ok()?;
        Some(((words.person.month)(*year, *month), between(first, first.last_of_month()), *photos))
    };
    if months.len() > 1 { months.iter().filter_map(month).collect() } else { Vec::new() }
}

fn chips(catalog: &Catalog, words: &Words, wanted: &Wanted) -> Result<Vec<Chip>, PageError> {
    // Each has the whole search in its addresses, twice.
    let chips = wanted.people().take(CHIPS).map(|(role, id)| {
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
    wanted: Wanted,
    Query(From { from }): Query<From>,
) -> Result<Json<Chunk>, PageError> {
    let shared = site.clone();
    let chunk = site.ask_much(move |catalog| {
        let wanted = Sees::of(&shared, &visit, catalog)?.narrow(wanted);
        let listing = shared.listing()?;
        let found = catalog.found(&listing, shared.everybody()?.company(), &wanted.query())?;
        let photos = catalog.tiles(found.some(from, CHUNK))?.into_iter().map(|tile| {
            let ratio = tile.width.max(1) as f32 / tile.height.max(1) as f32;
            (tile.photo, (ratio * 1000.0).round() / 1000.0, called(visit.words, &tile))
        });
        Ok(Chunk { total: found.len(), photos: photos.collect() })
    });
    Ok(Json(chunk.await?))
}

/// The shapes of all photos found, for the script that lays them out: width by height in thousandths, two bytes each, the lower one first.
async fn shapes(State(site): State<Site>, visit: Visit, wanted: Wanted) -> Result<Response, PageError> {
    let shared = site.clone();
    let shapes = site.ask_much(move |catalog| {
        let wanted = Sees::of(&shared, &visit, catalog)?.narrow(wanted);
        let listing = shared.listing()?;
        let found = catalog.found(&listing, shared.everybody()?.company(), &wanted.query())?;
        Ok(found.shapes().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
    });
    Ok(([(CONTENT_TYPE, "application/octet-stream")], shapes.await?).into_response())
}
