//! Photos by person, date, place and folder.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;

use jiff::civil::Date;

use super::engine::{self, Row, Value};
use super::faces::unrecognisable;
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
const READABLE: &str = "missing_since IS NULL AND problem IS NULL";

/// SQL: no other photo of the shot stands for the photo of a file.
const DEVELOPED: &str = "photo_id NOT IN (SELECT id FROM photos WHERE shot_of IS NOT NULL)";

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

    /// Of all photos in order those after the first `skip`, at most `take`, and how many there are: without going through
    /// those behind them.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn some_of_all(&self, skip: usize, take: usize) -> Result<(Vec<Hit>, usize)> {
        let sql = format!("SELECT count(DISTINCT photo_id) FROM files WHERE {READABLE} AND {ONLINE} AND {DEVELOPED}");
        let total = self.connection.query_row(&sql, [], |row| row.get::<i64>(0))? as usize;
        if skip >= total {
            return Ok((Vec::new(), total));
        }
        // Not a plain join: SQLite would sort all of them before it gives the first.
        let sql = format!(
            "SELECT photos.id, {HIT}, {ELSEWHERE} FROM photos CROSS JOIN files ON photo_id = photos.id AND {READABLE}
             WHERE {ONLINE} AND shot_of IS NULL {ORDER} LIMIT ?1"
        );
        let mut statement = self.connection.prepare(&sql)?;
        // A photo has a row for each of its files: if there are too many of these, twice as many rows are read.
        let mut limit = (skip + take + 1) * 2;
        loop {
            let mut rows = statement.query([limit as i64])?;
            // Only those that are asked for are kept: a page far down must not take more memory.
            let (mut hits, mut count): (Vec<Hit>, _) = (Vec::new(), 0);
            let mut places: HashMap<PhotoId, usize> = HashMap::new();
            while let Some(row) = rows.next()? {
                count += 1;
                let next = places.len();
                match places.entry(row.get(0)?) {
                    // A file of this machine stands for one of another.
                    Entry::Occupied(place) => {
                        if let Some(known) = place.get().checked_sub(skip).and_then(|place| hits.get_mut(place))
                            && known.elsewhere.is_some()
                        {
                            let found = hit(&row)?;
                            if found.elsewhere.is_none() {
                                *known = found;
                            }
                        }
                    }
                    Entry::Vacant(_) if next == skip + take => break,
                    Entry::Vacant(place) => {
                        place.insert(next);
                        if next >= skip {
                            hits.push(hit(&row)?);
                        }
                    }
                }
            }
            if hits.len() == take || count < limit {
                return Ok((hits, total));
            }
            limit *= 2;
        }
    }

    /// Where a photo stands among those that fit; `None` where it is none of them.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn position(&self, query: &Query, photo: PhotoId) -> Result<Option<ResultPosition>> {
        let photos = self.fitting(query, "path", |row| row.get::<PhotoId>(0))?;
        Ok(ResultPosition::among(&photos, photo))
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
        let smallest = self.smallest(&conditions)?;
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

    /// The condition that the fewest photos fulfil, of those that can list them: SQLite is to go through these. It would
    /// not know by itself that Anna is in ten thousand photos, and ten are of that day.
    fn smallest<'a>(&self, conditions: &'a [Condition]) -> Result<Option<&'a Condition>> {
        let (mut smallest, mut least) = (None, i64::MAX);
        for condition in conditions {
            let Some(rows) = &condition.rows else { continue };
            let sql = format!("SELECT count(*) FROM ({rows} LIMIT {least}) AS listed");
            let count = self.connection.prepare(&sql)?.query_row(condition.values.as_slice(), |row| row.get(0))?;
            if count < least {
                (smallest, least) = (Some(condition), count);
            }
        }
        Ok(smallest)
    }
}

impl Query {
    /// Everybody who is or may be in the photo.
    fn wanted(&self) -> Vec<PersonId> {
        self.all.iter().chain(self.circles.iter().flatten()).chain(&self.any).copied().collect()
    }

    fn conditions(&self) -> Vec<Condition> {
        let mut conditions: Vec<Condition> = self.all.iter().map(|&person| seen_one_of(&[person])).collect();
        conditions.extend(self.circles.iter().map(|circle| seen_one_of(circle)));
        if !self.any.is_empty() {
            conditions.push(seen_one_of(&self.any));
        }
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
            let faces = format!("person_id IS NULL AND NOT removed AND {}", unrecognisable());
            let test = format!("EXISTS (SELECT 1 FROM faces WHERE photo_id = photos.id AND {faces})");
            let none: [PersonId; 0] = [];
            conditions.push(Condition::new(&test, none));
        }
        let Span { since, until } = self.span;
        if since.is_some() || until.is_some() {
            let (mut ends, mut days) = (Vec::new(), Vec::new());
            if let Some(since) = since {
                // A year or month alone is in a span that has all of it.
                let first = match (since.month(), since.day()) {
                    (1, 1) => since.strftime("%Y").to_string(),
                    (_, 1) => since.strftime("%Y-%m").to_string(),
                    _ => since.to_string(),
                };
                ends.push("taken >= ?");
                days.push(first);
            }
            if let Some(until) = until {
                // A time on that day is less than the day with a letter behind it.
                ends.push("taken < ?");
                days.push(format!("{until}U"));
                let is_last = until == until.last_of_month();
                if !is_last || until.month() != 12 {
                    ends.push("taken <> ?");
                    days.push(until.strftime("%Y").to_string());
                }
                if !is_last {
                    ends.push("taken <> ?");
                    days.push(until.strftime("%Y-%m").to_string());
                }
            }
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

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

#[cfg(test)]
mod tests {
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
}
