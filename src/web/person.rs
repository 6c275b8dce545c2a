//! One person, or a group to be named: their photos by date, and what can be said of them.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::{Form, Query};
use jiff::civil::Date;
use serde::Deserialize;

use super::error::PageError;
use super::frame::{Frame, Tab};
use super::map::Map;
use super::pager::Pager;
use super::people::{called, known_names};
use super::site::Site;
use super::timeline::{Month, Timeline};
use super::visit::Visit;
use crate::catalog::{Catalog, FaceId, PersonId, Profile, Seen, Sighting, State as Tagged, Who};
use crate::people::check_name;

/// Companions shown.
const COMPANIONS: usize = 12;

/// Photos or faces on a page.
const PAGE: usize = 180;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/person/{id}", get(show))
        .route("/person/{id}/rename", post(rename))
        .route("/person/{id}/merge", get(merge))
        .route("/person/{id}/born", post(born))
}

/// What of somebody is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum View {
    #[default]
    Photos,
    /// The faces, to be selected.
    Faces,
    /// Automatic tags.
    Auto,
}

impl View {
    /// As it stands in the address.
    fn key(self) -> &'static str {
        match self {
            Self::Photos => "photos",
            Self::Faces => "faces",
            Self::Auto => "auto",
        }
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    view: View,
    /// From 1 on.
    page: Option<usize>,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    frame: Frame,
    who: Who,
    label: String,
    profile: Profile,
    cover: Option<FaceId>,
    photos: usize,
    /// The years of the first photo and the last.
    years: Option<(i16, i16)>,
    companions: Vec<Companion>,
    /// Name of the town, all of its name, photos.
    places: Vec<(String, String, u64)>,
    map: Option<Map>,
    views: Vec<(View, usize)>,
    view: View,
    timeline: Timeline,
    months: Vec<(Month, Vec<Sighting>)>,
    pager: Pager,
    names: Vec<String>,
}

/// Somebody who is often with them.
struct Companion {
    id: PersonId,
    label: String,
    photos: u64,
    face: Option<FaceId>,
}

impl PersonPage {
    fn is_auto(&self, sighting: &Sighting) -> bool {
        sighting.state == Some(Tagged::Auto)
    }

    fn month(&self, month: &Month) -> String {
        let words = &self.frame.words.person;
        match month.0 {
            Some((year, 0)) => (words.years)(&year, &year),
            Some((year, month)) => (words.month)(year, month),
            None => words.no_date.to_owned(),
        }
    }

    /// What a picture is called: the day it was taken.
    fn day(&self, sighting: &Sighting) -> String {
        let day = sighting.taken.as_deref().and_then(|taken| self.frame.words.day(taken));
        day.unwrap_or_else(|| self.frame.words.person.no_date.to_owned())
    }
}

async fn show(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<PersonId>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let shared = site.clone();
    let page = site.ask_much(move |catalog| {
        let Some((who, profile)) = catalog.person(id)?.zip(catalog.profile(id)?) else {
            return elsewhere(catalog, &visit, id);
        };
        let words = visit.words;
        let now = shared.now()?;
        let seen = shared.seen(catalog, &now, id)?;
        let mut photos = seen.to_vec();
        photos.dedup_by_key(|seen| seen.photo);
        let auto: Vec<Seen> = seen.iter().filter(|seen| seen.is_auto).copied().collect();
        let mut views = vec![(View::Photos, photos.len()), (View::Faces, seen.len()), (View::Auto, auto.len())];
        views.retain(|(view, count)| *view != View::Auto || *count > 0 || asked.view == View::Auto);
        let mut dated = photos.iter().filter_map(|seen| seen.month);
        let (last, first) = (dated.next(), dated.next_back());
        let years = last.map(|(last, _)| (first.map_or(last, |(first, _)| first), last));
        let photo_count = photos.len();
        let shown = match asked.view {
            View::Photos => &*photos,
            View::Faces => &*seen,
            View::Auto => &*auto,
        };
        let pages = shown.len().div_ceil(PAGE).max(1);
        let page = asked.page.unwrap_or(1).clamp(1, pages);
        let timeline = Timeline::of(shown, PAGE);
        let shown = shown.iter().skip((page - 1) * PAGE).take(PAGE);
        let shown = catalog.sightings_of(shown.map(|seen| seen.face))?;
        let companions = shared.companions(&now, id)?;
        let companions = companions.iter().take(COMPANIONS).map(|(who, photos)| {
            Ok(Companion { id: who.id, label: words.label(who), photos: *photos, face: catalog.best_face(who.id)? })
        });
        let page = PersonPage {
            frame: Frame::new(catalog, &visit, Tab::People, words.label(&who))?,
            label: words.label(&who),
            who,
            profile,
            cover: catalog.best_face(id)?,
            photos: photo_count,
            years,
            companions: companions.collect::<Result<_, PageError>>()?,
            places: shared
                .places(catalog, &now, id)?
                .iter()
                .map(|(place, photos)| (place.city.clone(), format!("{}, {}", place.city, place.country), *photos))
                .collect(),
            map: Map::of(&shared.spots(catalog, &now, id)?),
            views,
            view: asked.view,
            timeline,
            months: Month::split(shown.into_iter()),
            pager: Pager::new((page, pages), &format!("/person/{id}?view={}", asked.view.key())),
            names: known_names(&shared, catalog)?,
        };
        Ok(Html(page.render()?).into_response())
    });
    page.await
}

/// Where to go instead of to somebody who no longer exists.
fn elsewhere(catalog: &Catalog, visit: &Visit, id: PersonId) -> Result<Response, PageError> {
    if let Some(became) = catalog.became(id)? {
        return Ok(visit.onward(&format!("/person/{became}")).into_response());
    }
    // What was just done must be told, and may be taken back.
    if visit.done.is_some() { Ok(visit.onward("/people").into_response()) } else { Err(PageError::NotFound) }
}

#[derive(Deserialize)]
struct Typed {
    name: String,
}

/// Gives another name. Where somebody has it already, the user is asked whether the two are one.
async fn rename(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<PersonId>,
    Form(Typed { name }): Form<Typed>,
) -> Result<Redirect, PageError> {
    check_name(&name)?;
    let typed = name.clone();
    let known = site.ask(move |catalog| Ok(catalog.person_called(&typed)?)).await?;
    if let Some(other) = known.filter(|other| other.id != id) {
        return Ok(Redirect::to(&format!("/merge?who={}&who={id}", other.id)));
    }
    let change = site.change(&visit, move |deciding| {
        let person = called(deciding, id)?;
        Ok(deciding.rename(&person, &name)?)
    });
    change.await
}

/// Asks whether somebody is whom the user named.
async fn merge(
    State(site): State<Site>,
    Path(id): Path<PersonId>,
    Query(Typed { name }): Query<Typed>,
) -> Result<Redirect, PageError> {
    let known = site.ask(move |catalog| {
        called(catalog, id)?;
        Ok(catalog.person_called(&name)?)
    });
    match known.await? {
        Some(other) if other.id != id => Ok(Redirect::to(&format!("/merge?who={id}&who={}", other.id))),
        _ => Err(PageError::NobodyCalledSo),
    }
}

#[derive(Deserialize)]
struct Birth {
    /// Empty to forget it.
    date: String,
}

async fn born(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<PersonId>,
    Form(Birth { date }): Form<Birth>,
) -> Result<Redirect, PageError> {
    let date = match date.trim() {
        "" => None,
        date => Some(date.parse::<Date>().map_err(|_| PageError::NoDate)?),
    };
    let change = site.change(&visit, move |deciding| {
        let person = called(deciding, id)?;
        Ok(deciding.born(&person, date)?)
    });
    change.await
}
