//! Groups and persons, and finding one by what the user typed.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use serde::Serialize;

use super::company::Difference;
use super::covers::best_face_of;
use super::engine::{self, Optional, params};
use super::photos::Writer;
use super::search::{AT_ONCE, marks};
use super::shots::Doubled;
use super::text::{fold, fold_spelled_out, has_joined_words, has_words, tidy};
use super::{Catalog, CatalogError, FaceId, PersonId, PhotoId, Result, now};

/// A group or a person in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonSummary {
    pub id: PersonId,
    /// `None` for a group.
    pub name: Option<String>,
    pub hidden: bool,
    /// A stranger.
    pub ignored: bool,
    /// Listed before others.
    pub favourite: bool,
    pub faces: u64,
    pub photos: u64,
    /// Of their photos, local time.
    pub first: Option<String>,
    /// Of their photos, local time.
    pub last: Option<String>,
    /// The face to show.
    pub best_face: Option<FaceId>,
}

/// What a person or group is called and how it is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// `None` for a group.
    pub name: Option<String>,
    pub hidden: bool,
    /// A stranger.
    pub ignored: bool,
    /// Listed before others.
    pub favourite: bool,
}

/// A group or a person, and how often they are seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonCount {
    pub id: PersonId,
    pub label: Label,
    pub faces: u64,
    pub photos: u64,
}

impl PersonCount {
    /// Persons first, favourites before others, then by number of faces.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key =
            |person: &Self| (person.label.name.is_none(), !person.label.favourite, Reverse(person.faces), person.id);
        key(self).cmp(&key(other))
    }
}

/// Somebody the user named on the command line, found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Who {
    pub id: PersonId,
    pub name: Option<String>,
}

/// Nobody, or more than one, is called so.
#[derive(Debug, thiserror::Error)]
pub enum WhoError {
    #[error("there is nobody called {who:?}: `facetag people` lists who there is{}", hint(.near))]
    Unknown { who: String, near: Vec<Who> },
    #[error("there is no group {0}: `facetag people` lists the groups with their numbers")]
    NoSuchNumber(PersonId),
    #[error("{who:?} may be {}: give the number or the whole name", list(.candidates))]
    Ambiguous { who: String, candidates: Vec<Who> },
    /// One person is meant, and this is a circle.
    #[error("{circle:?} is a circle, and one person is meant here: give {}", list(.people))]
    Circle { circle: String, people: Vec<Who> },
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

fn hint(near: &[Who]) -> String {
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", list(near)) }
}

fn list(people: &[Who]) -> String {
    people.iter().map(Who::to_string).collect::<Vec<_>>().join(" or ")
}

impl std::fmt::Display for Who {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(out, "{name} ({})", self.id),
            None => write!(out, "group {}", self.id),
        }
    }
}

/// Who may be meant.
#[derive(Debug, Clone, Copy)]
pub enum Among<'a> {
    Everybody,
    /// As if there were nobody else.
    These(&'a HashSet<PersonId>),
}

impl Among<'_> {
    pub(super) fn has(self, person: PersonId) -> bool {
        match self {
            Self::Everybody => true,
            Self::These(people) => people.contains(&person),
        }
    }
}

impl Catalog {
    /// All groups and persons that have a face, persons first, favourites before others, then by number of faces.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn people(&self) -> Result<Vec<PersonSummary>> {
        self.summaries(self.people_counted()?)
    }

    /// What [`Catalog::people`] tells of some of [`Catalog::people_counted`], in their order.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn summaries(&self, people: Vec<PersonCount>) -> Result<Vec<PersonSummary>> {
        // By person: the first date and the last; whether a cover was chosen, and the best face.
        let mut dates: HashMap<PersonId, (Option<String>, Option<String>)> = HashMap::new();
        let mut covers: HashMap<PersonId, (bool, Option<FaceId>)> = HashMap::new();
        let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
        for ids in ids.chunks(AT_ONCE) {
            let marks = marks(ids.len());
            let sql = format!(
                "SELECT person_id, min(taken), max(taken) FROM seen_faces JOIN photos ON photos.id = photo_id
                 WHERE person_id IN ({marks}) GROUP BY person_id"
            );
            let rows = self.connection.query_all(&sql, ids, |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
            dates.extend::<Vec<_>>(rows);
            let sql = format!(
                "SELECT id, cover IS NOT NULL, ({}) FROM people WHERE id IN ({marks})",
                best_face_of("people.id")
            );
            let rows = self.connection.query_all(&sql, ids, |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
            covers.extend::<Vec<_>>(rows);
        }
        let summary = |person| {
            let PersonCount { id, label: Label { name, hidden, ignored, favourite }, faces, photos } = person;
            let (first, last) = dates.remove(&id).unwrap_or_default();
            let (has_cover, best) = covers.remove(&id).unwrap_or_default();
            let best_face = if has_cover { self.best_face(id)? } else { best };
            Ok(PersonSummary { id, name, hidden, ignored, favourite, faces, photos, first, last, best_face })
        };
        people.into_iter().map(summary).collect()
    }

    /// The same people in the same order as [`Catalog::people`], without what each takes long.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn people_counted(&self) -> Result<Vec<PersonCount>> {
        let sql = "SELECT id FROM photos WHERE NOT EXISTS (SELECT 1 FROM files WHERE photo_id = photos.id)";
        let mut statement = self.connection.prepare(sql)?;
        let forgotten = statement.query_map([], |row| row.get(0))?.collect::<engine::Result<HashSet<PhotoId>>>()?;
        let labels = self.labels()?;
        // Added up here: SQLite would sort all of them, and more than once. A face that was removed has no person.
        let sql = "SELECT person_id, photo_id FROM faces INDEXED BY faces_by_person WHERE person_id IS NOT NULL
                   ORDER BY person_id, photo_id";
        let mut people: Vec<PersonCount> = Vec::new();
        let mut before = None;
        self.connection.each_row::<CatalogError>(sql, [], |row| {
            let (id, photo): (PersonId, PhotoId) = (row.get(0)?, row.get(1)?);
            if forgotten.contains(&photo) {
                return Ok(());
            }
            if people.last().is_none_or(|person| person.id != id) {
                let label = labels.get(&id).cloned().unwrap_or_default();
                people.push(PersonCount { id, label, faces: 0, photos: 0 });
            }
            let person = people.last_mut().expect("one was just pushed");
            person.faces += 1;
            person.photos += u64::from(before != Some((id, photo)));
            before = Some((id, photo));
            Ok(())
        })?;
        let doubled = self.doubled()?;
        for person in &mut people {
            let Doubled { faces, photos } = doubled.get(&person.id).copied().unwrap_or_default();
            person.faces -= faces;
            person.photos -= photos;
        }
        people.sort_unstable_by(PersonCount::order);
        Ok(people)
    }

    /// What a person or group is called and how it is listed, of all of whom the user said so.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn labels(&self) -> Result<HashMap<PersonId, Label>> {
        let sql = "SELECT id, name, hidden, ignored, favourite FROM people WHERE name IS NOT NULL OR hidden OR ignored";
        Ok(self.connection.query_all(sql, [], |row| {
            let label = Label { name: row.get(1)?, hidden: row.get(2)?, ignored: row.get(3)?, favourite: row.get(4)? };
            Ok((row.get(0)?, label))
        })?)
    }

    /// How often a person or group is seen, as [`Catalog::people_counted`] counts them: in how many faces and photos.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn count_of(&self, person: PersonId) -> Result<(u64, u64)> {
        // A face that was removed has no person, so the faces themselves need not be read: somebody may have a hundred thousand. By
        // this index the photos come in order, so their files do too.
        let counted = "SELECT count(*), count(DISTINCT photo_id) FROM faces INDEXED BY faces_by_person";
        let seen = "person_id = ?1 AND EXISTS (SELECT 1 FROM files WHERE files.photo_id = faces.photo_id)";
        let count = |sql: String| -> Result<(u64, u64)> {
            let mut statement = self.connection.prepare(&sql)?;
            Ok(statement.query_row([person], |row| Ok((row.get::<i64>(0)? as u64, row.get::<i64>(1)? as u64)))?)
        };
        let (faces, photos) = count(format!("{counted} WHERE {seen}"))?;
        if !self.has_shots()? {
            return Ok((faces, photos));
        }
        // Of a face in both photos of a shot, the one in the RAW photo does not count.
        let is_double = "shot_of IS NOT NULL
                         AND EXISTS (SELECT 1 FROM faces AS other WHERE other.photo_id = photos.shot_of AND other.person_id = ?1)";
        let double = format!("{counted} JOIN photos ON photos.id = photo_id WHERE {seen} AND {is_double}");
        let (double_faces, double_photos) = count(double)?;
        Ok((faces - double_faces, photos - double_photos))
    }

    /// The same of somebody who was counted before, and of whose photos only these have changed since: all of them may be a hundred
    /// thousand. `None` where that does not tell, as where photos are of one shot: then others may count or not because of these.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn count_on(&self, before: (u64, u64), differences: &[Difference]) -> Result<Option<(u64, u64)>> {
        if self.has_shots()? {
            return Ok(None);
        }
        let mut count = Some(before);
        let mut is_in_file = self.connection.prepare("SELECT EXISTS (SELECT 1 FROM files WHERE photo_id = ?1)")?;
        for &Difference { photo, before, now } in differences {
            if is_in_file.query_row([photo], |row| row.get(0))? {
                count = count.and_then(|(faces, photos)| {
                    let photos = (photos + u64::from(now > 0)).checked_sub(u64::from(before > 0));
                    (faces + now).checked_sub(before).zip(photos)
                });
            }
        }
        Ok(count)
    }

    /// Whether some photos are of one shot.
    fn has_shots(&self) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM photos WHERE shot_of IS NOT NULL)";
        Ok(self.connection.prepare(sql)?.query_row([], |row| row.get(0))?)
    }

    /// The newest change of people's faces that was noted, 0 if none was.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn newest_change(&self) -> Result<i64> {
        let sql = "SELECT coalesce(max(change), 0) FROM person_changes";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// The people whose faces changed since a change was the newest, and some of whose did not; `None` if that is not known, or they
    /// are more than `limit`.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn changed_since(&self, change: i64, limit: usize) -> Result<Option<HashSet<PersonId>>> {
        let sql = "SELECT min(change) FROM person_changes";
        let oldest: Option<i64> = self.connection.query_row(sql, [], |row| row.get(0))?;
        if oldest.is_none_or(|oldest| change < oldest - 1) {
            return Ok(None);
        }
        let sql = "SELECT person_id FROM person_changes WHERE change > ?1 UNION SELECT person_id FROM outdated_clusters LIMIT ?2";
        let changed: HashSet<PersonId> =
            self.connection.query_all(sql, params![change, limit as i64 + 1], |row| row.get(0))?;
        Ok(Some(changed).filter(|changed| changed.len() <= limit))
    }

    /// In how many photos a person or group is.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photos_of(&self, person: PersonId) -> Result<u64> {
        Ok(self.count_of(person)?.1)
    }

    /// In how many photos two people or groups are together.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photos_of_both(&self, one: PersonId, other: PersonId) -> Result<u64> {
        let faces = |person: PersonId| -> Result<i64> {
            let sql = "SELECT count(*) FROM faces WHERE person_id = ?1";
            Ok(self.connection.prepare(sql)?.query_row([person], |row| row.get(0))?)
        };
        // From the one with fewer faces to the other, by what an index tells. A face that was removed has no person.
        let (one, other) = if faces(one)? <= faces(other)? { (one, other) } else { (other, one) };
        let sql = "SELECT count(DISTINCT one.photo_id) FROM faces AS one INDEXED BY faces_by_person
                   CROSS JOIN faces AS other INDEXED BY faces_by_person ON other.person_id = ?2 AND other.photo_id = one.photo_id
                   WHERE one.person_id = ?1 AND EXISTS (SELECT 1 FROM files WHERE files.photo_id = one.photo_id)";
        let together: i64 = self.connection.prepare(sql)?.query_row([one, other], |row| row.get(0))?;
        Ok(together as u64)
    }

    /// The name of every person, by number.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn names(&self) -> Result<HashMap<PersonId, String>> {
        Ok(self.connection.query_all("SELECT id, name FROM people WHERE name IS NOT NULL", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?)
    }

    /// Those whom the user does not want to see.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn hidden_or_ignored(&self) -> Result<HashSet<PersonId>> {
        self.people_where("hidden OR ignored")
    }

    /// The birth dates that are known.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn births(&self) -> Result<HashMap<PersonId, Date>> {
        let mut statement = self.connection.prepare("SELECT id, born FROM people WHERE born IS NOT NULL")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<String>(1)?)))?;
        let born = rows.collect::<engine::Result<Vec<_>>>()?;
        Ok(born.into_iter().filter_map(|(person, born)| Some((person, born.parse().ok()?))).collect())
    }

    /// The people whom a face is tagged with when it joins them: those who have a name, and those whom the user does not want
    /// to see.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn tagging(&self) -> Result<HashSet<PersonId>> {
        self.people_where("name IS NOT NULL OR hidden OR ignored")
    }

    /// The people about whom the user decided, by name, by hiding or by merging: scans never merge them into another.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn decided_about(&self) -> Result<HashSet<PersonId>> {
        self.people_where(
            "name IS NOT NULL OR hidden OR ignored
             OR EXISTS (SELECT 1 FROM faces WHERE person_id = people.id AND state IS NOT NULL)",
        )
    }

    fn people_where(&self, condition: &str) -> Result<HashSet<PersonId>> {
        Ok(self.connection.query_all(&format!("SELECT id FROM people WHERE {condition}"), [], |row| row.get(0))?)
    }

    /// The person of exactly this name, or who will have it: somebody new, under the next number. The flag tells which.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn person_or_new(&self, name: &str) -> Result<(Who, bool)> {
        match self.person_called(name)? {
            Some(person) => Ok((person, false)),
            None => Ok((Who { id: self.next_person()?, name: Some(tidy(name)) }, true)),
        }
    }

    /// A group that is to be made, under the next number.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn new_group_to_be(&self) -> Result<(Who, bool)> {
        Ok((Who { id: self.next_person()?, name: None }, true))
    }

    /// The number that the next group will have.
    pub(super) fn next_person(&self) -> Result<PersonId> {
        Ok(PersonId(self.connection.last_number("people")? + 1))
    }

    /// Whom the user means: a number, a whole name, or whole words of one person's name, in any case. Somebody of whom no face is
    /// left, as after a typing mistake, is not meant where another person may be.
    ///
    /// # Errors
    /// [`WhoError::Ambiguous`] with the candidates where words fit more than one name.
    pub fn who(&self, who: &str) -> std::result::Result<Who, WhoError> {
        self.who_among(who, Among::Everybody)
    }

    /// The same among some people: as if there were no others.
    ///
    /// # Errors
    /// Those of [`Catalog::who`].
    pub fn who_among(&self, who: &str, among: Among) -> std::result::Result<Who, WhoError> {
        let exact = self.person_called_among(who, among)?;
        if let Some(named) = &exact
            && self.has_faces(named.id)?
        {
            return Ok(named.clone());
        }
        if exact.is_none()
            && let Ok(id) = who.trim().trim_start_matches('#').parse::<PersonId>()
        {
            return self.person(id)?.filter(|_| among.has(id)).ok_or(WhoError::NoSuchNumber(id));
        }
        let key = fold(who);
        let mut persons = self.persons()?;
        persons.retain(|(person, _)| among.has(person.id));
        let fitting = |fits: &dyn Fn(&str) -> bool| -> Vec<Who> {
            persons.iter().filter(|(_, key)| fits(key)).map(|(person, _)| person.clone()).collect()
        };
        let mut by_words = fitting(&|name| has_words(name, &key));
        if by_words.is_empty() {
            // "Jeanluc" for "Jean-Luc", "Mueller" for "Müller".
            let spelled = fold_spelled_out(who);
            by_words = persons
                .iter()
                .filter(|(person, name)| {
                    let spelled_name = fold_spelled_out(person.name.as_deref().unwrap_or_default());
                    has_joined_words(name, &key) || has_joined_words(&spelled_name, &spelled)
                })
                .map(|(person, _)| person.clone())
                .collect();
        }
        let mut seen = Vec::new();
        for person in by_words.iter().filter(|_| by_words.len() > 1) {
            if self.has_faces(person.id)? {
                seen.push(person.clone());
            }
        }
        match (seen.as_slice(), &exact, by_words.as_slice()) {
            ([one], _, _) | ([], Some(one), _) | ([], None, [one]) => Ok(one.clone()),
            ([], None, []) => {
                if let Some(circle) = self.circle_called_among(who, among)? {
                    return Err(WhoError::Circle { circle: circle.name, people: circle.people });
                }
                let near = fitting(&|name| name.split(' ').any(|word| !key.is_empty() && word.starts_with(&key)));
                Err(WhoError::Unknown { who: who.to_owned(), near })
            }
            ([], None, several) | (several, _, _) => {
                Err(WhoError::Ambiguous { who: who.to_owned(), candidates: several.to_vec() })
            }
        }
    }

    fn has_faces(&self, person: PersonId) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM seen_faces WHERE person_id = ?1)";
        Ok(self.connection.prepare(sql)?.query_row([person], |row| row.get(0))?)
    }

    /// The person of this name, however it is typed, see [`fold`]; of several whose names differ only so, the one whose name is
    /// typed most alike.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn person_called(&self, name: &str) -> Result<Option<Who>> {
        self.person_called_among(name, Among::Everybody)
    }

    pub(super) fn person_called_among(&self, name: &str, among: Among) -> Result<Option<Who>> {
        let key = fold(name);
        // The others of the same key have their number behind it.
        let sql = "SELECT id, name FROM people WHERE key = ?1 OR (key > ?2 AND key < ?3) ORDER BY id";
        let mut statement = self.connection.prepare(sql)?;
        let (first, end) = (format!("{key}{SAME_KEY}"), format!("{key}{AFTER_SAME_KEY}"));
        let rows = statement.query_map([key, first, end], |row| Ok(Who { id: row.get(0)?, name: row.get(1)? }))?;
        let people = rows.collect::<engine::Result<Vec<Who>>>()?;
        let name = tidy(name);
        let rank = |person: &Who| {
            let theirs = person.name.as_deref().unwrap_or_default();
            (theirs == name, theirs.to_lowercase() == name.to_lowercase())
        };
        Ok(people.into_iter().rev().filter(|person| among.has(person.id)).max_by_key(rank))
    }

    /// The person or group of this number.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn person(&self, id: PersonId) -> Result<Option<Who>> {
        let sql = "SELECT id, name FROM people WHERE id = ?1";
        let who = self.connection.query_row(sql, [id], |row| Ok(Who { id: row.get(0)?, name: row.get(1)? }));
        Ok(who.optional()?)
    }

    /// Every person with the key of their name.
    fn persons(&self) -> Result<Vec<(Who, String)>> {
        let mut statement =
            self.connection.prepare("SELECT id, name FROM people WHERE name IS NOT NULL ORDER BY key")?;
        let rows = statement.query_map([], |row| {
            let name: String = row.get(1)?;
            let key = fold(&name);
            Ok((Who { id: row.get(0)?, name: Some(name) }, key))
        })?;
        Ok(rows.collect::<engine::Result<_>>()?)
    }
}

/// Between a key and a person's number, where another person has the same key: names that differ only in accents, given before
/// these were overlooked. No folded name has it.
const SAME_KEY: char = '\u{1f}';
const AFTER_SAME_KEY: char = '\u{20}';

impl Writer<'_> {
    /// What a person's name is found by, see [`fold`]; nobody else has it.
    pub(super) fn key(&self, person: PersonId, name: &str) -> Result<String> {
        let key = fold(name);
        let sql = "SELECT EXISTS (SELECT 1 FROM people WHERE key = ?1 AND id <> ?2)";
        let is_taken: bool = self.connection.prepare(sql)?.query_row(params![key, person], |row| row.get(0))?;
        Ok(if is_taken { format!("{key}{SAME_KEY}{person}") } else { key })
    }

    /// Rebuilds all keys, as this version of facetag folds names.
    pub(super) fn renew_keys(&mut self) -> Result<()> {
        let mut statement =
            self.connection.prepare("SELECT id, name FROM people WHERE name IS NOT NULL ORDER BY id")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let people = rows.collect::<engine::Result<Vec<(PersonId, String)>>>()?;
        let sql = "UPDATE people SET key = ?1 || CAST(id AS TEXT) WHERE name IS NOT NULL";
        self.connection.execute(sql, [SAME_KEY.to_string()])?;
        for (id, name) in people {
            let key = self.key(id, &name)?;
            self.connection.prepare("UPDATE people SET key = ?2 WHERE id = ?1")?.execute(params![id, key])?;
        }
        Ok(())
    }

    /// A new group without faces.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn new_group(&mut self) -> Result<PersonId> {
        let sql = "INSERT INTO people (created_at) VALUES (?1) RETURNING id";
        Ok(self.connection.query_row(sql, [now()], |row| row.get(0))?)
    }

    /// Forgets the groups that no face is in any more and that the user said nothing of.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn drop_empty_groups(&mut self) -> Result<()> {
        self.connection.execute(
            "DELETE FROM people WHERE name IS NULL AND NOT hidden AND NOT ignored AND born IS NULL AND cover IS NULL
             AND NOT EXISTS (SELECT 1 FROM faces WHERE person_id = people.id)
             AND NOT EXISTS (SELECT 1 FROM rejections WHERE person_id = people.id)
             AND id IN (SELECT person_id FROM outdated_clusters)",
            [],
        )?;
        Ok(())
    }
}
