//! One photo: who is in it, what is known of it, and what can be said of each face.

use std::collections::HashMap;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum_extra::extract::Form;
use jiff::civil::DateTime;
use serde::Deserialize;

use super::error::PageError;
use super::frame::{Frame, Tab};
use super::guests::Sees;
use super::people::known_names;
use super::site::Site;
use super::text::Words;
use super::visit::Visit;
use super::wanted::Wanted;
use crate::catalog::{
    Catalog, FaceId, FaceRow, FileRow, PersonId, PhotoId, PhotoRow, ResultPosition, State as Tagged, Who,
};
use crate::face::BoundingBox;
use crate::metadata::DateSource;
use crate::people::check_name;
use crate::scan::{Budget, sight};

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/photo/{id}", get(show))
        .route("/photo/{id}/draw", post(draw))
        .route("/face/{id}/name", post(name))
        .route("/face/{id}/remove", post(remove))
}

#[derive(Template)]
#[template(path = "photo.html")]
struct PhotoPage {
    frame: Frame,
    photo: PhotoRow,
    /// Width and height of the picture; boxes are in the same unit.
    stage: (f32, f32),
    /// Recognisable faces first, the largest first.
    faces: Vec<Boxed>,
    /// How many of them can be.
    clear: usize,
    /// People who are in the photo more than once.
    twice: Vec<String>,
    files: Vec<Lies>,
    /// No file of it can be read.
    is_away: bool,
    /// What the user searched for before.
    wanted: Wanted,
    position: Option<ResultPosition>,
    names: Vec<String>,
}

/// A face with its box.
struct Boxed {
    id: FaceId,
    who: Option<Who>,
    label: String,
    state: Option<Tagged>,
    bounds: BoundingBox,
    is_recognisable: bool,
    /// Photos of the group beside this one; 0 for a person.
    others: u64,
}

/// Where the photo lies.
struct Lies {
    path: String,
    /// Why it is not there, or where it is.
    away: Option<String>,
}

/// From so many unrecognisable faces on, they are shown as a crowd.
const CROWD: usize = 3;

/// The longer side of a picture in the unit of its boxes, whatever its pixels: text beside them is in this unit too.
const STAGE: f32 = 1000.0;

impl Boxed {
    fn is_named(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.name.is_some())
    }

    fn is_auto(&self) -> bool {
        self.state == Some(Tagged::Auto)
    }

    /// How it looks.
    fn class(&self) -> &'static str {
        match &self.who {
            Some(_) if self.is_auto() => "auto",
            Some(Who { name: Some(_), .. }) => "named",
            Some(_) => "group",
            None => "nobody",
        }
    }

    /// Left, top, width and height on a stage.
    fn on(&self, (across, down): (f32, f32)) -> [f32; 4] {
        let BoundingBox { x, y, width, height } = self.bounds;
        [x * across, y * down, width * across, height * down]
    }
}

impl PhotoPage {
    /// The page that the user came from.
    fn origin(&self) -> String {
        self.wanted.of.map_or_else(|| self.wanted.address("/search"), |person| format!("/person/{person}"))
    }

    fn address(&self, photo: &PhotoId) -> String {
        self.wanted.address(&format!("/photo/{photo}"))
    }

    fn state(&self, face: &Boxed) -> Option<&'static str> {
        let words = &self.frame.words.photo;
        face.state.map(|state| match state {
            Tagged::Auto => words.auto,
            Tagged::Confirmed => words.confirmed,
            Tagged::Manual => words.manual,
        })
    }

    /// Day and time in words, as far as they are known.
    fn taken(&self) -> Option<String> {
        let day = self.frame.words.day(self.photo.taken.as_deref()?)?;
        let time = local(&self.photo).map(|time| time.strftime(", %H:%M").to_string());
        Some(day + &time.unwrap_or_default())
    }

    /// Where the date is from.
    fn source(&self) -> Option<&'static str> {
        let words = &self.frame.words.photo;
        Some(match self.photo.taken_source? {
            DateSource::Decided => words.from_you,
            DateSource::Exif => words.from_exif,
            DateSource::Xmp => words.from_xmp,
            DateSource::Takeout => words.from_takeout,
            DateSource::FileName => words.from_file_name,
            DateSource::Changed => words.from_change,
            DateSource::FolderName => words.from_folder_name,
        })
    }
}

/// Local time without its offset.
fn local(photo: &PhotoRow) -> Option<DateTime> {
    photo.taken.as_deref()?.get(..19)?.parse().ok()
}

async fn show(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<PhotoId>,
    wanted: Wanted,
) -> Result<Html<String>, PageError> {
    let shared = site.clone();
    let page = site.ask_much(move |catalog| {
        let words = visit.words;
        let sees = Sees::of(&shared, &visit, catalog)?;
        sees.check_photo(catalog, id)?;
        let wanted = sees.narrow(wanted);
        let is_guest = matches!(sees, Sees::These(_));
        let photo = known(catalog, id)?;
        let scale = STAGE / photo.width.max(photo.height).max(1) as f32;
        let mut faces = catalog.faces_in(id)?;
        faces.retain(|face| sees.face(face));
        let faces = faces.into_iter().map(|face| boxed(catalog, words, face)).collect::<Result<Vec<_>, _>>();
        let mut faces = faces?;
        let files = lies(catalog, words, id)?;
        let title = photo.taken.as_deref().and_then(|taken| words.day(taken));
        let title = title.unwrap_or_else(|| words.photo.untitled.to_owned());
        let page = PhotoPage {
            frame: Frame::new(catalog, &visit, Tab::Search, title)?,
            stage: (photo.width as f32 * scale, photo.height as f32 * scale),
            clear: clear(&mut faces, &photo),
            twice: twice(&faces),
            faces,
            is_away: files.iter().all(|file| file.away.is_some()),
            files: if is_guest { Vec::new() } else { files },
            position: position(catalog, &shared, &wanted, id)?,
            wanted,
            names: if is_guest { Vec::new() } else { known_names(&shared, catalog)? },
            photo,
        };
        Ok(page.render()?)
    });
    Ok(Html(page.await?))
}

/// Where a photo is among those of the page that the user came from, in its order.
fn position(
    catalog: &Catalog,
    site: &Site,
    wanted: &Wanted,
    photo: PhotoId,
) -> Result<Option<ResultPosition>, PageError> {
    let now = site.now()?;
    let Some(person) = wanted.of else {
        return Ok(catalog.found(&now.0, site.everybody()?.company(), &wanted.query())?.position(photo));
    };
    let seen = site.seen(catalog, &now, person)?;
    let mut photos: Vec<PhotoId> = seen.iter().map(|seen| seen.photo).collect();
    photos.dedup();
    Ok(ResultPosition::among(&photos, photo))
}

fn known(catalog: &Catalog, photo: PhotoId) -> Result<PhotoRow, PageError> {
    catalog.photo_if_known(photo)?.ok_or(PageError::NotFound)
}

fn boxed(catalog: &Catalog, words: &Words, face: FaceRow) -> Result<Boxed, PageError> {
    let who = face.person.map(|person| catalog.person(person)).transpose()?.flatten();
    // Only groups are told of it.
    let group = who.as_ref().filter(|who| who.name.is_none());
    let others = group.map(|who| catalog.photos_of(who.id)).transpose()?.unwrap_or_default();
    Ok(Boxed {
        id: face.id,
        label: who.as_ref().map_or_else(|| words.photo.nobody.to_owned(), |who| words.label(who)),
        who,
        state: face.state,
        bounds: face.bounds,
        is_recognisable: face.is_recognisable(),
        others: others.saturating_sub(1),
    })
}

/// Sorts faces: the largest first, and behind them a crowd of unrecognisable ones without a name. Returns how many are before the crowd.
fn clear(faces: &mut [Boxed], photo: &PhotoRow) -> usize {
    let side = |face: &Boxed| (face.bounds.width * photo.width as f32).min(face.bounds.height * photo.height as f32);
    let in_crowd = |face: &Boxed| !face.is_named() && !face.is_recognisable;
    let crowd = faces.iter().filter(|face| in_crowd(face)).count();
    // A few need not be folded.
    let folds = crowd >= CROWD;
    faces.sort_by(|a, b| (folds && in_crowd(a)).cmp(&(folds && in_crowd(b))).then_with(|| side(b).total_cmp(&side(a))));
    if folds { faces.len() - crowd } else { faces.len() }
}

fn twice(faces: &[Boxed]) -> Vec<String> {
    let mut seen: HashMap<Option<PersonId>, usize> = HashMap::new();
    let named = faces.iter().filter(|face| face.is_named());
    let again = named.filter(|face| {
        let count = seen.entry(face.who.as_ref().map(|who| who.id)).or_default();
        *count += 1;
        *count == 2
    });
    again.map(|face| face.label.clone()).collect()
}

fn lies(catalog: &Catalog, words: &Words, photo: PhotoId) -> Result<Vec<Lies>, PageError> {
    let roots = catalog.roots()?;
    let away = |file: &FileRow| {
        if let Some(machine) = &file.elsewhere {
            let gone = if file.missing { format!(", {}", words.photo.missing) } else { String::new() };
            return Some(format!("{}{gone}", (words.photo.elsewhere)(machine)));
        }
        let offline = roots.iter().any(|root| root.is_away() && file.path.starts_with(&root.path));
        let away = match file {
            _ if offline => words.photo.offline,
            FileRow { missing: true, .. } => words.photo.missing,
            FileRow { problem: Some(_), .. } => words.photo.unreadable,
            _ if !file.path.is_file() => words.photo.missing,
            _ => return None,
        };
        Some(away.to_owned())
    };
    let files = catalog.files_of(photo)?.into_iter();
    Ok(files.map(|file| Lies { away: away(&file), path: file.path.display().to_string() }).collect())
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Says whose a face is.
async fn name(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<FaceId>,
    Form(Named { name }): Form<Named>,
) -> Result<Redirect, PageError> {
    check_name(&name)?;
    let change = site.change(&visit, move |deciding| {
        let face = seen(deciding, id)?;
        let (person, is_new) = deciding.person_or_new(&name)?;
        Ok(deciding.say_whose(&face, (&person, is_new))?)
    });
    change.await
}

/// Says that it is no face.
async fn remove(State(site): State<Site>, visit: Visit, Path(id): Path<FaceId>) -> Result<Redirect, PageError> {
    let change = site.change(&visit, move |deciding| {
        let face = seen(deciding, id)?;
        Ok(deciding.remove(&[face])?)
    });
    change.await
}

/// The face of this number.
pub(super) fn seen(catalog: &Catalog, face: FaceId) -> Result<FaceRow, PageError> {
    catalog.face_if_seen(face)?.ok_or(PageError::NotFound)
}

/// A box in per cent of the photo, and whose face is in it.
#[derive(Deserialize)]
struct Drawing {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
    name: String,
}

/// The shortest side of a box, in per cent, as in `photo.html`.
const SMALLEST: f32 = 0.1;

async fn draw(
    State(site): State<Site>,
    visit: Visit,
    Path(id): Path<PhotoId>,
    Form(drawing): Form<Drawing>,
) -> Result<Redirect, PageError> {
    check_name(&drawing.name)?;
    if drawing.width < SMALLEST || drawing.height < SMALLEST {
        return Err(PageError::BoxBeyond);
    }
    let [x, y, width, height] =
        [drawing.left, drawing.top, drawing.width, drawing.height].map(|percent| percent / 100.0);
    let bounds = BoundingBox { x, y, width, height };
    // It takes a second, in which others may go on.
    let cut = move |catalog: &mut Catalog, memory: &Budget| {
        let photo = known(catalog, id)?;
        let paths = catalog.readable_paths(id)?;
        if !paths.iter().any(|path| path.is_file()) {
            return Err(PageError::PhotoAway);
        }
        Ok(sight(catalog, &photo, &paths, bounds, memory)?)
    };
    let drawn = site.ask_models(cut, |sight, pack| Ok(sight.look(pack)?));
    let drawn = drawn.await?;
    let change = site.change(&visit, move |deciding| {
        let (person, is_new) = deciding.person_or_new(&drawing.name)?;
        Ok(drawn.is(deciding, (&person, is_new))?)
    });
    change.await
}
