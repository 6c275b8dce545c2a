//! Photos by person, date, place and folder.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;

use jiff::civil::Date;

use super::company::Company;
use super::engine::{self, Optional, Row, Value};
use super::faces::unrecognisable;
use super::listing::{Bits, Found, Listing};
use super::photos::{ELSEWHERE, HERE, Hash, ONLINE, below, taken_text};
use super::text::{SqlPath, fold, path_value};
use super::{Catalog, PersonId, PhotoId, Result, State};
use crate::metadata::Gps;

/// What to look for; every part that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Each of them is in the photo.
    pub all: Vec<PersonId>,
    /// Of each of these circles somebody is.
    pub circles: Vec<Vec<PersonId>>,
    /// At least one of them is; empty for whoever.
    pub any: Vec<PersonId>,
    /// None of them is.
    pub not: Vec<PersonId>,
    /// Nobody is in the photo but those of `all`, `circles` and `any`: no other person or group. A face so doubtful that it is in no
    /// group does not count, nor does a stranger whom the user ignores.
    pub only: bool,
    /// It has an unrecognisable face without a person.
    pub unrecognisable: bool,
    pub span: Span,
    /// The date of the photo is not known.
    pub undated: bool,
    /// A city, district, region or country, by name in any language or code; see [`place_called`].
    pub place: Option<String>,
    /// Within so many km of a spot.
    pub near: Option<(Gps, f64)>,
    /// How many faces are in the photo: at least, at most.
    pub faces: Option<(u32, u32)>,
    /// A face in the photo has no name, and is no stranger's.
    pub unnamed: bool,
    /// A face in the photo came so to its person; to one of `all`, `circles` and `any` where these are given.
    pub state: Option<State>,
    /// Absolute; the photo lies below it.
    pub folder: Option<PathBuf>,
    /// Every file of a photo, not just the first.
    pub copies: bool,
}

/// From the first day to the last, both included, in the local time of the photo.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    pub since: Option<Date>,
    pub until: Option<Date>,
}

const AFTER: &str = "taken >= ?";
const BEFORE: &str = "taken < ?";
const NOT: &str = "taken <> ?";

impl Span {
    /// SQL conditions of a date as the library keeps it, and the day for the question mark of each.
    fn ends(self) -> (Vec<&'static str>, Vec<String>) {
        let (mut ends, mut days) = (Vec::new(), Vec::new());
        if let Some(since) = self.since {
            // A year or month alone is in a span that has all of it.
            let first = match (since.month(), since.day()) {
                (1, 1) => since.strftime("%Y").to_string(),
                (_, 1) => since.strftime("%Y-%m").to_string(),
                _ => since.to_string(),
            };
            ends.push(AFTER);
            days.push(first);
        }
        if let Some(until) = self.until {
            // A time on that day is less than the day with a letter behind it.
            ends.push(BEFORE);
            days.push(format!("{until}U"));
            let is_last = until == until.last_of_month();
            if !is_last || until.month() != 12 {
                ends.push(NOT);
                days.push(until.strftime("%Y").to_string());
            }
            if !is_last {
                ends.push(NOT);
                days.push(until.strftime("%Y-%m").to_string());
            }
        }
        (ends, days)
    }
}

/// A photo that fits a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub photo: PhotoId,
    /// The photo that stands for this one and others of its shot, such as the JPEG beside a RAW file; most often the photo itself.
    pub shot: PhotoId,
    pub hash: Hash,
    pub path: PathBuf,
    /// The name of the machine that has the file, if this one has none of the photo.
    pub elsewhere: Option<String>,
    /// Local time with its offset where known.
    pub taken: Option<String>,
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
}

/// What a page shows of a photo found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    pub photo: PhotoId,
    /// Local time with its offset where known.
    pub taken: Option<String>,
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
}

/// Where a photo stands among those that fit a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultPosition {
    /// From 1 on.
    pub number: usize,
    pub total: usize,
    pub before: Option<PhotoId>,
    pub after: Option<PhotoId>,
}

impl ResultPosition {
    /// Where `photo` stands among `photos`, in their order; `None` if it is not among them.
    pub fn among(photos: &[PhotoId], photo: PhotoId) -> Option<Self> {
        let index = photos.iter().position(|&other| other == photo)?;
        Some(Self {
            number: index + 1,
            total: photos.len(),
            before: index.checked_sub(1).map(|before| photos[before]),
            after: photos.get(index + 1).copied(),
        })
    }
}

/// A file that is there and could be read.
pub(super) const READABLE: &str = "missing_since IS NULL AND problem IS NULL";

const ORDER: &str = "ORDER BY taken NULLS LAST, path";

/// What [`hit`] reads behind the number of a photo.
const HIT: &str = "path, taken, taken_offset, width, height, hash, coalesce(shot_of, photos.id)";

fn hit(row: &Row) -> engine::Result<Hit> {
    Ok(Hit {
        photo: row.get(0)?,
        shot: row.get(7)?,
        hash: row.get(6)?,
        path: row.get::<SqlPath<_>>(1)?.0,
        elsewhere: row.get(8)?,
        taken: taken_text(row.get(2)?, row.get(3)?),
        width: row.get(4)?,
        height: row.get(5)?,
    })
}

impl Catalog {
    /// The photos that fit, by date, then path; those without a date last; missing files, and those
    /// of a root that is offline, never.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn find(&self, query: &Query) -> Result<Vec<Hit>> {
        self.fitting(query, &format!("{HIT}, {ELSEWHERE}"), hit)
    }

    /// The same photos as [`Catalog::find`] with their places in `listing`, which is of this state of the library, as `company` is: all that
    /// a page needs, in a small part of the time.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn found<'a>(&self, listing: &'a Listing, company: &Company, query: &Query) -> Result<Found<'a>> {
        let folder = query.folder.as_deref().map(|folder| listing.ranks_in(folder));
        if query.copies || folder.is_some_and(|folder| folder.is_none()) {
            let photos: Vec<PhotoId> = self.fitting(query, "path", |row| row.get(0))?;
            return Ok(listing.found_so(photos.into_iter()));
        }
        let mut sets: Vec<Cow<'_, Bits>> = folder.flatten().map(Cow::Borrowed).into_iter().collect();
        if query.undated {
            sets.push(Cow::Owned(listing.undated()));
        }
        if query.span.since.is_some() || query.span.until.is_some() {
            sets.push(Cow::Owned(self.ranks_between(listing, query.span)?));
        }
        // What the listing knows is asked of it.
        let rest = Query {
            folder: None,
            undated: false,
            span: Span::default(),
            not: Vec::new(),
            only: false,
            place: None,
            ..query.clone()
        };
        let mut conditions = rest.others();
        if conditions.iter().all(|condition| condition.rows.is_some()) {
            // Looked up in memory, as the database may have hundreds of thousands of rows of somebody.
            for people in query.people() {
                let photos = people.iter().flat_map(|&person| company.photos_of(person));
                sets.push(Cow::Owned(listing.places_of(photos)));
            }
        } else {
            conditions.extend(rest.people().into_iter().map(seen_one_of));
        }
        if let Some((smallest, counted)) = self.smallest(&conditions)? {
            // Going through an index takes a tenth of the time of testing a photo.
            let limit = counted.saturating_mul(10).saturating_add(LISTED);
            let (mut tests, mut values) = (String::new(), smallest.values.clone());
            for condition in conditions.iter().filter(|condition| !std::ptr::eq(*condition, smallest)) {
                match &condition.rows {
                    Some(rows) if self.least(condition, limit)? < limit => {
                        sets.push(Cow::Owned(self.ranks(listing, rows, &condition.values)?));
                    }
                    _ => {
                        tests.push_str(&format!(" AND {}", condition.test));
                        values.extend(condition.values.iter().cloned());
                    }
                }
            }
            let rows = smallest.rows.as_deref().unwrap_or_default();
            let sql = match tests.as_str() {
                "" => rows.to_owned(),
                tests => format!("SELECT photos.id FROM photos WHERE photos.id IN ({rows}){tests}"),
            };
            sets.push(Cow::Owned(self.ranks(listing, &sql, &values)?));
        } else if !conditions.is_empty() {
            let tests: String = conditions.iter().map(|condition| format!(" AND {}", condition.test)).collect();
            let values: Vec<Value> = conditions.iter().flat_map(|condition| condition.values.clone()).collect();
            let sql = format!("SELECT photos.id FROM photos WHERE TRUE{tests}");
            sets.push(Cow::Owned(self.ranks(listing, &sql, &values)?));
        }
        if sets.is_empty() && query.not.is_empty() && !query.only && query.place.is_none() {
            return Ok(listing.all());
        }
        let mut sets = sets.into_iter();
        let mut left = sets.next().map_or_else(|| listing.everything(), Cow::into_owned);
        sets.for_each(|set| left.keep(&set));
        for &person in &query.not {
            left.drop(&listing.places_of(company.photos_of(person)));
        }
        if let Some(place) = &query.place {
            let (called, keys) = place_called(place);
            let sql = format!("SELECT id FROM places WHERE {called}");
            let places: Vec<i64> = self.connection.query_all(&sql, keys.as_slice(), |row| row.get(0))?;
            left = listing.those_in(&left, &places);
        }
        if query.only {
            let labels = self.labels()?.into_iter().filter(|(_, label)| label.ignored);
            let mut counted: Vec<PersonId> = labels.map(|(id, _)| id).chain(query.wanted()).collect();
            counted.sort_unstable();
            left = listing.those(&left, |photo| company.is_only(photo, &counted));
        }
        Ok(listing.found(&left))
    }

    /// What a page shows of photos; those that are gone are left out.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn tiles(&self, photos: impl Iterator<Item = PhotoId>) -> Result<Vec<Tile>> {
        let mut statement =
            self.connection.prepare("SELECT taken, taken_offset, width, height FROM photos WHERE id = ?1")?;
        let mut tile = |photo: PhotoId| {
            let found = statement.query_row([photo], |row| {
                let taken = taken_text(row.get(0)?, row.get(1)?);
                Ok(Tile { photo, taken, width: row.get(2)?, height: row.get(3)? })
            });
            Ok(found.optional()?)
        };
        photos.filter_map(|photo| tile(photo).transpose()).collect()
    }

    /// The places of the photos of a span.
    fn ranks_between(&self, listing: &Listing, span: Span) -> Result<Bits> {
        let (ends, days) = span.ends();
        let mut excluded = Vec::new();
        let (mut first, mut end) = (0, listing.moments());
        for (condition, day) in ends.into_iter().zip(days) {
            let order = if condition == AFTER { "" } else { "DESC" };
            let sql = format!("SELECT id FROM photos WHERE {condition} ORDER BY taken {order} LIMIT 1");
            let photo: Option<PhotoId> = match condition {
                NOT => {
                    let sql = "SELECT id FROM photos WHERE taken = ? LIMIT 1";
                    self.connection.prepare(sql)?.query_row([day], |row| row.get(0)).optional()?
                }
                _ => self.connection.prepare(&sql)?.query_row([day], |row| row.get(0)).optional()?,
            };
            match (condition, photo.map(|photo| listing.moment(photo))) {
                (AFTER, Some(moment)) => first = moment,
                (BEFORE, Some(moment)) => end = moment + 1,
                (NOT, Some(moment)) => excluded.push(moment),
                (NOT, None) => {}
                _ => end = 0,
            }
        }
        let mut ranks = listing.between(first, end.max(first));
        excluded.into_iter().for_each(|moment| ranks.drop(&listing.between(moment, moment + 1)));
        Ok(ranks)
    }

    /// How many photos fulfil a condition, or `limit` if they are more.
    fn least(&self, condition: &Condition, limit: i64) -> Result<i64> {
        let rows = condition.rows.as_deref().unwrap_or_default();
        let sql = format!("SELECT count(*) FROM ({rows} LIMIT {limit}) AS listed");
        Ok(self.connection.prepare(&sql)?.query_row(condition.values.as_slice(), |row| row.get(0))?)
    }

    /// The towns in which photos were taken, by name, at most so many.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn towns(&self, limit: usize) -> Result<Vec<String>> {
        Ok(self.connection.query_all(
            "SELECT DISTINCT city FROM places ORDER BY city LIMIT ?1",
            [limit as i64],
            |row| row.get(0),
        )?)
    }

    /// The photos that fit, in order: what is read of each from its number and `columns`. Of the photos of one shot the one
    /// that stands for the others is listed, if it fits.
    fn fitting<T>(
        &self,
        query: &Query,
        columns: &str,
        mut read: impl FnMut(&Row) -> engine::Result<T>,
    ) -> Result<Vec<T>> {
        let (sql, values) = self.statement(query, columns)?;
        let mut statement = self.connection.prepare(&sql)?;
        let last = statement.column_names().len() - 1;
        let mut rows = statement.query(values.as_slice())?;
        let mut fitting = Vec::new();
        // Of each shot the photo that is listed, where, and whether the file is on another machine.
        let mut listed: HashMap<PhotoId, (PhotoId, usize, bool)> = HashMap::new();
        while let Some(row) = rows.next()? {
            if !query.copies {
                let (photo, shot, is_away): (PhotoId, PhotoId, bool) =
                    (row.get(0)?, row.get(last - 1)?, row.get(last)?);
                match listed.entry(shot) {
                    Entry::Vacant(entry) => drop(entry.insert((photo, fitting.len(), is_away))),
                    Entry::Occupied(mut entry) if photo == shot && entry.get().0 != photo => {
                        fitting[entry.get().1] = None;
                        entry.insert((photo, fitting.len(), is_away));
                    }
                    Entry::Occupied(mut entry) if photo == entry.get().0 && entry.get().2 && !is_away => {
                        entry.get_mut().2 = false;
                        fitting[entry.get().1] = Some(read(&row)?);
                        continue;
                    }
                    Entry::Occupied(_) => continue,
                }
            }
            fitting.push(Some(read(&row)?));
        }
        Ok(fitting.into_iter().flatten().collect())
    }

    /// The query in SQL, with the values for its question marks.
    fn statement(&self, query: &Query, columns: &str) -> Result<(String, Vec<Value>)> {
        let conditions = query.conditions();
        let smallest = self.smallest(&conditions)?.map(|(condition, _)| condition);
        // Each is tested even where its photos are listed: a photo in a folder may have another file elsewhere.
        let tests = conditions.iter().map(|condition| condition.test.clone());
        let listed =
            smallest.and_then(|condition| condition.rows.as_ref()).map(|rows| format!("photos.id IN ({rows})"));
        let all: String = tests.chain(listed).map(|condition| format!(" AND {condition}")).collect();
        let values = conditions.iter().chain(smallest).flat_map(|condition| condition.values.clone()).collect();
        // Not grouped by photo: SQLite would then go through all of them in order, whatever index a condition has.
        let sql = format!(
            "SELECT photos.id, {columns}, coalesce(shot_of, photos.id), NOT {HERE}
             FROM photos JOIN files ON photo_id = photos.id AND {READABLE}
             WHERE {ONLINE}{all} {ORDER}"
        );
        Ok((sql, values))
    }

    /// The condition that the fewest photos fulfil, of those that can list them, and how many do: SQLite is to go through these. It would
    /// not know by itself that Anna is in ten thousand photos, and ten are of that day.
    fn smallest<'a>(&self, conditions: &'a [Condition]) -> Result<Option<(&'a Condition, i64)>> {
        let (mut smallest, mut least) = (None, i64::MAX);
        for condition in conditions {
            if condition.rows.is_none() {
                continue;
            }
            let count = self.least(condition, least)?;
            if count < least {
                (smallest, least) = (Some(condition), count);
            }
        }
        Ok(smallest.map(|condition| (condition, least)))
    }
}

impl Query {
    /// Everybody who is or may be in the photo.
    fn wanted(&self) -> Vec<PersonId> {
        self.all.iter().chain(self.circles.iter().flatten()).chain(&self.any).copied().collect()
    }

    /// One of each of these people is in the photo.
    fn people(&self) -> Vec<&[PersonId]> {
        let all = self.all.iter().map(std::slice::from_ref).chain(self.circles.iter().map(Vec::as_slice));
        all.chain((!self.any.is_empty()).then_some(self.any.as_slice())).collect()
    }

    fn conditions(&self) -> Vec<Condition> {
        self.people().into_iter().map(seen_one_of).chain(self.others()).collect()
    }

    /// All conditions but who is in the photo.
    fn others(&self) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for &person in &self.not {
            let test = "NOT EXISTS (SELECT 1 FROM faces WHERE photo_id = photos.id AND person_id = ?)";
            conditions.push(Condition::new(test, [person]));
        }
        if self.only {
            let named = self.wanted();
            let test = format!(
                "NOT EXISTS (SELECT 1 FROM faces JOIN people ON people.id = person_id
                             WHERE photo_id = photos.id AND person_id NOT IN ({}) AND NOT ignored)",
                marks(named.len())
            );
            conditions.push(Condition::new(&test, named));
        }
        if self.unrecognisable {
            let faces = unrecognisable();
            let test = format!("EXISTS (SELECT 1 FROM faces WHERE photo_id = photos.id AND {faces})");
            let rows = format!("SELECT photo_id FROM faces WHERE {faces}");
            conditions.push(Condition::new(&test, NOTHING).listed_by(rows));
        }
        if self.span.since.is_some() || self.span.until.is_some() {
            let (ends, days) = self.span.ends();
            conditions.push(Condition::of_photos(&ends.join(" AND "), days));
        }
        if self.undated {
            conditions.push(Condition::of_photos("taken IS NULL", NOTHING));
        }
        if let Some((Gps { latitude, longitude }, km)) = self.near {
            // Flat, which is exact enough within the few hundred km that are allowed.
            let degrees = km / KM_PER_DEGREE;
            let narrow = latitude.to_radians().cos().powi(2);
            let east = format!("abs(longitude - {longitude:?})");
            let east = format!("CASE WHEN {east} > 180 THEN 360 - {east} ELSE {east} END");
            let test = format!(
                "(latitude BETWEEN {:?} AND {:?} AND (latitude - {latitude:?}) * (latitude - {latitude:?})
                  + ({east}) * ({east}) * {narrow:?} <= {:?})",
                latitude - degrees,
                latitude + degrees,
                degrees * degrees,
            );
            conditions.push(Condition::of_photos(&test, NOTHING));
        }
        if let Some((least, most)) = self.faces {
            let test = "(SELECT count(*) FROM faces WHERE photo_id = photos.id AND NOT removed) BETWEEN ? AND ?";
            conditions.push(Condition::new(test, [i64::from(least), i64::from(most)]));
        }
        if self.unnamed {
            let test = "EXISTS (SELECT 1 FROM faces LEFT JOIN people ON people.id = person_id
                                WHERE photo_id = photos.id AND NOT removed AND name IS NULL AND NOT coalesce(ignored, FALSE))";
            conditions.push(Condition::new(test, NOTHING));
        }
        if let Some(state) = self.state {
            let people = self.wanted();
            let of_whom =
                if people.is_empty() { String::new() } else { format!("AND person_id IN ({})", marks(people.len())) };
            let state = match state {
                State::Auto => "auto",
                State::Confirmed => "confirmed",
                State::Manual => "manual",
            };
            let test =
                format!("EXISTS (SELECT 1 FROM faces WHERE photo_id = photos.id AND state = '{state}' {of_whom})");
            conditions.push(Condition::new(&test, people));
        }
        if let Some(place) = &self.place {
            let (called, keys) = place_called(place);
            let test = format!("place_id IN (SELECT id FROM places WHERE {called})");
            conditions.push(Condition::of_photos(&test, keys));
        }
        if let Some(folder) = &self.folder {
            let (first, end) = below(folder);
            let test = "(path = ? OR (path >= ? AND path < ?) OR (path >= CAST(? AS BLOB) AND path < CAST(? AS BLOB)))";
            let paths = [folder, &first, &end, &first, &end].map(|path| path_value(path));
            conditions.push(Condition::new(test, paths).listed_by(format!("SELECT photo_id FROM files WHERE {test}")));
        }
        conditions
    }
}

/// So many photos are listed rather than tested, however few others there are.
const LISTED: i64 = 10_000;

/// Whether the key of a place has a text in it: in words that every engine has.
const IN_KEY: &str = "replace(key, ?, '') <> key";

/// SQL for the rows of `places` that a text names, with the values for its question marks: a place by a whole name or its first
/// words, or several that lie in each other, with commas between them: `Paris, France`. One or two letters are a whole name or a
/// code, not the beginning of a name.
pub(super) fn place_called(text: &str) -> (String, Vec<String>) {
    let mut keys = Vec::new();
    let mut called = |name: &str| {
        let key = fold(name);
        // "The Netherlands" are called Netherlands.
        let key = key.strip_prefix("the ").unwrap_or(&key);
        keys.push(format!("|{key}|"));
        if key.is_ascii() && key.len() <= 2 {
            return IN_KEY.to_owned();
        }
        keys.push(format!("|{key} "));
        format!("({IN_KEY} OR {IN_KEY})")
    };
    // The whole too: "Washington, D.C." is one name.
    let whole = called(text);
    let parts: Vec<&str> = text.split([',', '，', '、', '،']).filter(|part| !part.trim().is_empty()).collect();
    if parts.len() < 2 {
        return (whole, keys);
    }
    let parts = parts.into_iter().map(called).collect::<Vec<_>>().join(" AND ");
    (format!("({whole} OR ({parts}))"), keys)
}

/// One of these people is in the photo.
fn seen_one_of(people: &[PersonId]) -> Condition {
    let one_of = format!("person_id IN ({})", marks(people.len()));
    Condition::new(
        &format!("EXISTS (SELECT 1 FROM faces WHERE photo_id = photos.id AND {one_of})"),
        people.iter().copied(),
    )
    .listed_by(format!("SELECT photo_id FROM faces WHERE {one_of}"))
}

/// What a photo must fulfil, in SQL, with the values for its question marks.
struct Condition {
    /// True for a row of `photos` and `files`.
    test: String,
    /// The numbers of the photos for which it is true, where an index has them together; the values are the same.
    rows: Option<String>,
    values: Vec<Value>,
}

impl Condition {
    fn new<T: Into<Value>>(test: &str, values: impl IntoIterator<Item = T>) -> Self {
        Self { test: test.to_owned(), rows: None, values: values.into_iter().map(Into::into).collect() }
    }

    /// One about the columns of `photos`.
    fn of_photos<T: Into<Value>>(test: &str, values: impl IntoIterator<Item = T>) -> Self {
        Self::new(test, values).listed_by(format!("SELECT id FROM photos WHERE {test}"))
    }

    fn listed_by(self, rows: String) -> Self {
        Self { rows: Some(rows), ..self }
    }
}

/// No values for question marks.
const NOTHING: [i64; 0] = [];

const KM_PER_DEGREE: f64 = 111.195;

/// So many values are given to one statement at most: a database on another machine takes longer to be asked than to answer.
pub(super) const AT_ONCE: usize = 1000;

pub(super) fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Library;
    use super::*;

    fn people(ids: &[i64]) -> Vec<PersonId> {
        ids.iter().copied().map(PersonId).collect()
    }

    #[test]
    fn no_query_goes_through_all_photos_files_or_faces() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&Library::at(folder.path())).unwrap();
        let span = Span { since: Some("2024-07-01".parse().unwrap()), until: Some("2024-07-31".parse().unwrap()) };
        let queries = [
            Query { all: people(&[1]), ..Query::default() },
            Query { all: people(&[1, 2]), any: people(&[3, 4]), not: people(&[5]), span, ..Query::default() },
            Query { any: people(&[3, 4]), only: true, copies: true, ..Query::default() },
            Query { span, ..Query::default() },
            Query { span: Span { until: None, ..span }, ..Query::default() },
            Query { place: Some("Lisbon".to_owned()), ..Query::default() },
            Query { folder: Some(PathBuf::from("/photos/2024")), ..Query::default() },
            Query { folder: Some(PathBuf::from("/photos/2024")), all: people(&[1]), ..Query::default() },
        ];
        for query in queries {
            let (sql, values) = catalog.statement(&query, "path").unwrap();
            let mut statement = catalog.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = statement.query_map(values.as_slice(), |row| row.get(3)).unwrap();
            let steps: Vec<String> = steps.collect::<engine::Result<_>>().unwrap();
            // Roots and places are few.
            let scans = |table| steps.iter().any(|step| step.starts_with(&format!("SCAN {table}")));
            assert!(!["photos", "files", "faces", "people"].into_iter().any(scans), "{query:?}: {steps:#?}");
        }
    }

    /// Photos of all kinds at random: undated, of a year or month, of one second, with copies, missing and unreadable files, of shots with and
    /// without the photo that stands for them, on a disk that is away.
    fn random_library(catalog: &Catalog, seed: u64) -> impl FnMut(u64) -> u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut random = move |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let run = |sql: String| catalog.connection.execute(&sql, []).unwrap();
        run("INSERT INTO roots (path, added_at, offline) VALUES ('/here', '', 0), ('/away', '', 1)".to_owned());
        for town in 1..=3 {
            run(format!("INSERT INTO places VALUES ({town}, 'Town {town}', '', 'R', 'C', 'CC', '|town {town}|c|cc|')"));
        }
        for person in 1..=4 {
            run(format!(
                "INSERT INTO people (id, name, key, created_at) VALUES ({person}, 'P{person}', 'p{person}', '')"
            ));
        }
        run("UPDATE people SET ignored = TRUE WHERE id = 4".to_owned());
        for photo in 1..=60 {
            let taken = match random(6) {
                0 => "NULL".to_owned(),
                1 => "'2019'".to_owned(),
                2 => format!("'2019-{:02}'", 1 + random(12)),
                3 => "'2019-07-01T10:00:00'".to_owned(),
                _ => format!("'20{}-{:02}-{:02}T10:00:00'", 18 + random(3), 1 + random(12), 1 + random(28)),
            };
            let place = if random(2) == 0 { "NULL".to_owned() } else { (1 + random(3)).to_string() };
            let shot = if photo > 5 && random(4) == 0 { (1 + random(5)).to_string() } else { "NULL".to_owned() };
            run(format!(
                "INSERT INTO photos (id, hash, width, height, taken, place_id, shot_of, detector, scanned_at)
                 VALUES ({photo}, randomblob(32), 4, 3, {taken}, {place}, {shot}, '', '')"
            ));
            // Some were removed.
            for file in 0..random(3) {
                let folder = ["here/a", "here/b", "away"][random(3) as usize];
                let (missing, problem) = ([("NULL", "NULL"), ("'2024'", "NULL"), ("NULL", "'broken'")])
                    [random(8).saturating_sub(5) as usize];
                run(format!(
                    "INSERT INTO files (path, size, modified, photo_id, missing_since, problem)
                     VALUES ('/{folder}/{}-{photo}-{file}.jpg', 1, 1, {photo}, {missing}, {problem})",
                    random(5)
                ));
            }
            for _ in 0..random(4) {
                let (person, state) = (1 + random(4), ["NULL", "'auto'", "'confirmed'"][random(3) as usize]);
                run(format!(
                    "INSERT INTO faces (photo_id, x, y, width, height, landmarks, score, quality, person_id, state)
                     VALUES ({photo}, 0, 0, 1, 1, zeroblob(40), 1, 1, {person}, {state})"
                ));
            }
        }
        random
    }

    #[test]
    fn what_the_listing_finds_is_what_the_database_finds() {
        for seed in 1..=8 {
            let folder = tempfile::tempdir().unwrap();
            let catalog = Catalog::open(&Library::at(folder.path())).unwrap();
            let mut random = random_library(&catalog, seed);
            let (listing, company) = (catalog.listing().unwrap(), catalog.company().unwrap());
            for _ in 0..60 {
                let mut some = |most: u64| people(&(0..random(most)).map(|_| 1 + random(4) as i64).collect::<Vec<_>>());
                let (all, any, not) = (some(3), some(3), some(2));
                let (only, undated) = (random(3) == 0, random(6) == 0);
                let mut day = || {
                    let days = ["2018-12-31", "2019-01-01", "2019-07-01", "2019-07-31", "2019-12-31", "2020-05-17"];
                    (random(3) == 0).then(|| days[random(6) as usize].parse().unwrap())
                };
                let span = Span { since: day(), until: day() };
                let place = (random(4) == 0).then(|| format!("Town {}", 1 + random(3)));
                let folder =
                    (random(4) == 0).then(|| PathBuf::from(["/here", "/here/a", "/away", "/"][random(4) as usize]));
                let query = Query { all, any, not, only, undated, span, place, folder, ..Query::default() };
                let hits = catalog.find(&query).unwrap();
                let found = catalog.found(&listing, &company, &query).unwrap();
                let photos: Vec<PhotoId> = hits.iter().map(|hit| hit.photo).collect();
                assert_eq!(found.some(0, 1000).collect::<Vec<_>>(), photos, "{seed} {query:?}");
                assert_eq!(found.len(), photos.len());
                for photo in (1..=60).map(PhotoId) {
                    assert_eq!(found.position(photo), ResultPosition::among(&photos, photo));
                }
                let mut months = std::collections::BTreeMap::new();
                for taken in hits.iter().filter_map(|hit| hit.taken.as_deref()) {
                    let month = taken.get(5..7).map_or(0, |month| month.parse().unwrap());
                    *months.entry((taken[..4].parse().unwrap(), month)).or_insert(0) += 1;
                }
                assert_eq!(found.months(), months);
            }
            assert_eq!(listing.all().len(), catalog.find(&Query::default()).unwrap().len());
            let here = Path::new("/here");
            assert_eq!(listing.photos_in(here), Some(catalog.photos_under(here).unwrap()));

            // The same of people.
            let labels = catalog.labels().unwrap();
            for person in people(&[1, 2, 3, 4]) {
                let sightings = catalog.sightings(person).unwrap();
                let seen = catalog.seen(&listing, person).unwrap();
                let faces = |seen: &[crate::catalog::Seen]| seen.iter().map(|seen| seen.face).collect::<Vec<_>>();
                assert_eq!(faces(&seen), sightings.iter().map(|sighting| sighting.face).collect::<Vec<_>>());
                assert_eq!(catalog.sightings_of(faces(&seen).into_iter()).unwrap(), sightings);
                for (seen, sighting) in seen.iter().zip(&sightings) {
                    assert_eq!(seen.is_auto, sighting.state == Some(State::Auto));
                }
                let sql = "SELECT other.person_id, count(DISTINCT coalesce(shot_of, mine.photo_id)) AS together
                     FROM seen_faces AS mine JOIN photos ON photos.id = mine.photo_id
                     JOIN faces AS other ON other.photo_id = mine.photo_id AND other.person_id <> ?1
                     JOIN people ON people.id = other.person_id AND NOT ignored
                     WHERE mine.person_id = ?1 GROUP BY other.person_id ORDER BY together DESC, other.person_id";
                let counted: Vec<(PersonId, i64)> =
                    catalog.connection.query_all(sql, [person], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
                let often = company.most_often_with(person, (&listing, seen.iter().map(|seen| seen.photo)), &labels, 9);
                let often: Vec<(PersonId, i64)> = often.iter().map(|(who, photos)| (who.id, *photos as i64)).collect();
                assert_eq!(often, counted, "{seed}");
                for other in people(&[1, 2, 3, 4]).into_iter().filter(|&other| other != person) {
                    assert_eq!(company.together(&seen, other), catalog.photos_of_both(person, other).unwrap());
                }
                let sql = "SELECT city, count(DISTINCT coalesce(shot_of, photo_id)) AS photos
                     FROM seen_faces JOIN photos ON photos.id = photo_id JOIN places ON places.id = place_id
                     WHERE person_id = ?1 GROUP BY city, region, country_code ORDER BY photos DESC, city";
                let counted: Vec<(String, i64)> =
                    catalog.connection.query_all(sql, [person], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
                let places = catalog.places_among(&listing, &seen, 9).unwrap();
                let places: Vec<(String, i64)> =
                    places.into_iter().map(|(place, photos)| (place.city, photos as i64)).collect();
                assert_eq!(places, counted, "{seed}");
            }
        }
    }

    /// What is read again after a change of some people is what all would be.
    #[test]
    fn a_change_of_people_is_seen_in_their_photos() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&Library::at(folder.path())).unwrap();
        let mut random = random_library(&catalog, 7);
        let mut company = catalog.company().unwrap();
        for _ in 0..30 {
            let (from, into, photo) = (1 + random(4) as i64, 1 + random(4) as i64, 1 + random(60));
            let sql = match random(3) {
                0 => format!("UPDATE faces SET person_id = {into} WHERE person_id = {from} AND id % 3 = 0"),
                1 => format!("UPDATE faces SET person_id = NULL, state = NULL WHERE person_id = {from} AND id % 5 = 0"),
                _ => format!(
                    "INSERT INTO faces (photo_id, x, y, width, height, landmarks, score, quality, person_id)
                     VALUES ({photo}, 0, 0, 1, 1, zeroblob(40), 1, 1, {into})"
                ),
            };
            catalog.connection.execute(&sql, []).unwrap();
            company.update(&catalog, &people(&[from, into]).into_iter().collect()).unwrap();
            assert!(company == catalog.company().unwrap());
        }
    }
}
