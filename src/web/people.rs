//! The wall of faces: persons, and groups to be named.

use std::collections::HashSet;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use axum_extra::extract::{Form, Query};
use serde::{Deserialize, Serialize};

use super::circles;
use super::error::PageError;
use super::everybody::{Kind, UNRECOGNISABLE};
use super::frame::{Frame, Tab};
use super::limits::{SELECTED, at_most};
use super::pager::Pager;
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{Catalog, FaceId, PersonCount, PersonId, Who};
use crate::people::{DecideError, Deciding, check_name};

/// Faces of each kind on the first page, and on a page of one kind.
const FIRST: usize = 48;
const PAGE: usize = 120;

/// The names that a field offers while one types.
const COMPLETED: usize = 1000;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/people", get(show))
        .route("/people/known", get(known))
        .route("/people/{id}/name", post(give_name))
        .route("/people/hide", post(hide))
        .route("/people/ignore", post(ignore))
        .route("/people/favourite", post(favour))
}

#[derive(Deserialize)]
struct Asked {
    /// Nothing: the beginning of persons and of groups.
    show: Option<Kind>,
    /// From 1 on.
    page: Option<usize>,
    #[serde(default)]
    sort: Sort,
}

/// The order of those with a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    /// Those in most photos first; favourites are before them in each order.
    #[default]
    Photos,
    Name,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    chips: Vec<Chip>,
    sections: Vec<Section>,
    /// Of each circle its name, the search for anybody in it, and how many there are.
    circles: Vec<(String, String, usize)>,
    /// Faces that nobody can recognise, at most [`UNRECOGNISABLE`]; 0 for those who cannot name them.
    unrecognisable: u64,
    /// The names that are known.
    names: Vec<String>,
    /// Through the pages of one kind.
    pager: Pager,
    show: Option<Kind>,
    sort: Sort,
    has_photos: bool,
}

impl PeoplePage {
    fn label(&self, person: &PersonCount) -> String {
        person.label.name.clone().unwrap_or_else(|| (self.frame.words.people.group)(person.id))
    }

    fn unrecognisable_faces(&self) -> String {
        (self.frame.words.people.unrecognisable)(self.unrecognisable, self.unrecognisable >= UNRECOGNISABLE)
    }
}

/// The way to people of one kind.
struct Chip {
    key: &'static str,
    name: &'static str,
    count: usize,
    here: bool,
}

struct Section {
    kind: Kind,
    title: &'static str,
    /// With the face that shows each best.
    people: Vec<(PersonCount, Option<FaceId>)>,
    /// How many there are, on other pages too.
    total: usize,
}

impl Section {
    fn takes_names(&self) -> bool {
        matches!(self.kind, Kind::Groups | Kind::Once)
    }
}

async fn show(State(site): State<Site>, visit: Visit, Query(asked): Query<Asked>) -> Result<Html<String>, PageError> {
    let shared = site.clone();
    let page = site.ask(move |catalog| {
        let words = visit.words;
        let people = shared.everybody()?;
        let (kinds, at_once) = asked.show.map_or((vec![Kind::Named, Kind::Groups], FIRST), |kind| (vec![kind], PAGE));
        let pages = asked.show.map_or(1, |kind| people.count(kind).div_ceil(PAGE).max(1));
        let page = asked.page.unwrap_or(1).clamp(1, pages);
        let mut sections = Vec::new();
        for kind in kinds {
            let turn = (page - 1) * at_once;
            let shown: Vec<&PersonCount> = if asked.sort == Sort::Name {
                let mut those: Vec<&PersonCount> = people.of(kind).collect();
                let key = |person: &&PersonCount| {
                    (!person.label.favourite, person.label.name.as_deref().map(str::to_lowercase))
                };
                those.sort_by_cached_key(key);
                those.into_iter().skip(turn).take(at_once).collect()
            } else {
                people.of(kind).skip(turn).take(at_once).collect()
            };
            let shown = shown.into_iter().map(|person| Ok((person.clone(), catalog.best_face(person.id)?)));
            let shown = shown.collect::<Result<Vec<_>, PageError>>()?;
            sections.push(Section { kind, title: kind.title(words), people: shown, total: people.count(kind) });
        }
        sections.retain(|section| section.total > 0 || asked.show.is_some());
        let chip = |kind: Kind| Chip {
            key: kind.key(),
            name: kind.title(words),
            count: people.count(kind),
            here: asked.show == Some(kind),
        };
        let path = asked.show.map_or_else(|| "/people".to_owned(), |kind| format!("/people?show={}", kind.key()));
        let path = if asked.sort == Sort::Name {
            format!("{path}{}sort=name", if asked.show.is_some() { '&' } else { '?' })
        } else {
            path
        };
        let frame = Frame::new(catalog, &visit, Tab::People, words.people.title)?;
        let page = PeoplePage {
            unrecognisable: if frame.may_change { people.unrecognisable() } else { 0 },
            frame,
            chips: Kind::ALL.map(chip).into_iter().filter(|chip| chip.count > 0 || chip.here).collect(),
            sections,
            circles: circles(catalog)?,
            names: known_names(&shared, catalog)?,
            pager: Pager::new((page, pages), &path),
            show: asked.show,
            sort: asked.sort,
            has_photos: !people.is_empty() || catalog.tally()?.photos > 0,
        };
        Ok(page.render()?)
    });
    Ok(Html(page.await?))
}

#[derive(Deserialize)]
struct Typed {
    name: String,
    group: PersonId,
}

/// Somebody who has a name that was typed.
#[derive(Serialize)]
struct Known {
    id: PersonId,
    /// What naming the group so would do.
    note: String,
}

/// Whom a group would become with a name; nothing where the name is new.
async fn known(State(site): State<Site>, visit: Visit, Query(typed): Query<Typed>) -> Result<Response, PageError> {
    let shared = site.clone();
    let known = site.ask(move |catalog| {
        let group = called(catalog, typed.group)?;
        let Some(person) = catalog.person_called(&typed.name)?.filter(|person| person.id != group.id) else {
            return Ok(None);
        };
        let words = &visit.words.people;
        let photos = shared.everybody()?.get(person.id).map_or(0, |person| person.photos);
        let mut note = (words.joins)(person.name.as_deref().unwrap_or_default(), photos);
        let meetings = shared.together(catalog, group.id, person.id)?;
        if meetings > 0 {
            note += " ";
            note += &(words.together)(meetings);
        }
        Ok(Some(Known { id: person.id, note }))
    });
    Ok(known.await?.map_or(StatusCode::NO_CONTENT.into_response(), |known| Json(known).into_response()))
}

#[derive(Deserialize)]
struct Naming {
    name: String,
    /// The person whom the user was told that the group would join.
    joins: Option<String>,
}

/// Names a group. Where somebody has the name already, the user is asked first, unless they were told as they typed.
async fn give_name(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<PersonId>,
    Form(naming): Form<Naming>,
) -> Result<Redirect, PageError> {
    check_name(&naming.name)?;
    let told: Option<PersonId> = naming.joins.and_then(|joins| joins.parse().ok());
    let typed = naming.name.clone();
    let known = site.ask(move |catalog| Ok(catalog.person_called(&typed)?)).await?;
    if let Some(person) = known.filter(|person| person.id != id && told != Some(person.id)) {
        return Ok(Redirect::to(&format!("/merge?who={}&who={id}", person.id)));
    }
    let change = site.change(&visit, move |deciding| {
        let group = called(deciding, id)?;
        let known = deciding.person_called(&naming.name)?;
        if known.is_some_and(|person| told != Some(person.id)) {
            return Err(PageError::Outdated);
        }
        deciding.name(&group, &naming.name)?;
        Ok(())
    });
    change.await
}

/// Those whom the user selected.
#[derive(Deserialize)]
pub(super) struct Selected {
    #[serde(default)]
    pub who: Vec<PersonId>,
    /// For what can be taken back one by one: whether it is.
    #[serde(default)]
    undo: bool,
}

async fn hide(site: State<Site>, visit: Visit, selected: Form<Selected>) -> Result<Redirect, PageError> {
    each(site, visit, selected, |deciding, who, hidden| deciding.hide(who, hidden)).await
}

async fn ignore(site: State<Site>, visit: Visit, selected: Form<Selected>) -> Result<Redirect, PageError> {
    each(site, visit, selected, |deciding, who, ignored| deciding.ignore(who, ignored)).await
}

async fn favour(site: State<Site>, visit: Visit, selected: Form<Selected>) -> Result<Redirect, PageError> {
    each(site, visit, selected, |deciding, who, favourite| deciding.favour(who, favourite)).await
}

fn circles(catalog: &Catalog) -> Result<Vec<(String, String, usize)>, PageError> {
    let circles = catalog.circles()?.into_iter();
    Ok(circles.map(|circle| (circle.name.clone(), circles::search(&circle), circle.people.len())).collect())
}

/// Decides the same of each who is selected.
async fn each(
    State(site): State<Site>,
    visit: Visit,
    Form(Selected { who, undo }): Form<Selected>,
    decide: fn(&mut Deciding, &Who, bool) -> Result<(), DecideError>,
) -> Result<Redirect, PageError> {
    if who.is_empty() {
        return Err(PageError::NobodySelected);
    }
    at_most(&who, SELECTED)?;
    let change = site.change(&visit, move |deciding| {
        for id in who {
            let who = called(deciding, id)?;
            decide(deciding, &who, !undo)?;
        }
        Ok(())
    });
    change.await
}

/// The names that a field offers while one types, the most frequent people first.
pub(super) fn known_names(site: &Site, catalog: &Catalog) -> Result<Vec<String>, PageError> {
    let people = site.everybody()?;
    let mut names: Vec<String> = people.named().map(|(_, name)| name.to_owned()).take(COMPLETED).collect();
    if names.len() < COMPLETED {
        // Those whose photos are not in the library now.
        let known: HashSet<PersonId> = people.named().map(|(id, _)| id).collect();
        let unseen = catalog.names()?.into_iter().filter(|(id, _)| !known.contains(id));
        let mut unseen: Vec<String> = unseen.map(|(_, name)| name).collect();
        unseen.sort();
        names.extend(unseen.into_iter().take(COMPLETED - names.len()));
    }
    Ok(names)
}

/// The person or group of this number.
pub(super) fn called(catalog: &Catalog, id: PersonId) -> Result<Who, PageError> {
    catalog.person(id)?.ok_or(PageError::NotFound)
}
