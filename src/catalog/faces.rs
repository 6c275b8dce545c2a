//! Faces, their embeddings, and which person each belongs to.

use std::collections::HashSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::engine::{self, FromSql, FromSqlError, FromSqlResult, Optional, Row, ToSql, ToSqlOutput, ValueRef, params};
use super::machines::random;
use super::open::set_setting;
use super::photos::Writer;
use super::{Catalog, CatalogError, FaceId, FaceRef, LineId, NewFace, PersonId, PhotoId, Result};
use crate::face::{BoundingBox, Embedding, Landmarks, RECOGNISABLE};

/// The setting that says of which pack all faces have embeddings, and up to which face; whoever deletes embeddings, or brings back faces
/// without them, deletes it.
pub(super) const EMBEDDED: &str = "embedded";

/// How a face came to its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// facetag was sure.
    Auto,
    /// The user named its group, or said yes.
    Confirmed,
    /// The user drew this face.
    Manual,
}

/// The person or group of a face, and how it came there.
pub type Membership = (Option<PersonId>, Option<State>);

/// A face as the catalog knows it.
#[derive(Debug, Clone)]
pub struct FaceRow {
    pub id: FaceId,
    pub photo: PhotoId,
    pub bounds: BoundingBox,
    pub landmarks: Landmarks,
    pub score: f32,
    pub quality: f32,
    /// How recognisable it is, 0 to 1; `None` until it is embedded again.
    pub recognisability: Option<f32>,
    /// Its group, or its person once that has a name.
    pub person: Option<PersonId>,
    /// `None` in a group that the user said nothing of.
    pub state: Option<State>,
}

impl FaceRow {
    /// Whether it shows enough of a face to recognise somebody. If not, it joins no group, and facetag asks nothing about it.
    pub fn is_recognisable(&self) -> bool {
        self.recognisability.is_none_or(|recognisability| recognisability >= RECOGNISABLE)
    }
}

/// The SQL condition for an unrecognisable face without a person, as the index `faces_unrecognisable` has it.
pub(super) fn unrecognisable() -> String {
    format!("person_id IS NULL AND NOT removed AND recognisability < {RECOGNISABLE}")
}

/// The SQL condition for a recognisable face.
pub(super) fn recognisable() -> String {
    format!("(recognisability IS NULL OR recognisability >= {RECOGNISABLE})")
}

/// Which of the faces that have an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embedded {
    All,
    /// This one alone.
    Face(FaceId),
    /// Recognisable ones without a group or person.
    Ungrouped,
    /// Those of a group or person; of photos of one year, 0 for those of which it is not known.
    Of(PersonId, Option<i16>),
    /// Those that a line of the journal changed so far.
    ChangedBy(LineId),
}

/// What its photo tells of a face.
#[derive(Debug, Clone, Copy)]
pub struct InPhoto {
    /// The day of the photo.
    pub taken: Option<Date>,
    /// The shorter side of the face's box, in pixels of the photo.
    pub pixels: f32,
}

pub(super) const COLUMNS: &str =
    "id, photo_id, x, y, width, height, landmarks, score, quality, person_id, state, recognisability";

impl Catalog {
    /// The faces of a photo, from left to right.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn faces_in(&self, photo: PhotoId) -> Result<Vec<FaceRow>> {
        self.faces("faces WHERE photo_id = ?1 AND NOT removed ORDER BY x, id", photo)
    }

    /// The faces of a person or group, the best first.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn faces_of(&self, person: PersonId) -> Result<Vec<FaceRow>> {
        self.faces("seen_faces WHERE person_id = ?1 ORDER BY quality DESC, photo_id, id", person)
    }

    /// Those of them that were not tagged automatically.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn faces_not_auto(&self, person: PersonId) -> Result<Vec<FaceRow>> {
        // An index tells which they are.
        let which =
            "SELECT id FROM faces INDEXED BY faces_by_person WHERE person_id = ?1 AND state IS DISTINCT FROM 'auto'";
        self.faces(&format!("seen_faces WHERE id IN ({which}) ORDER BY quality DESC, photo_id, id"), person)
    }

    /// The best of them, at most so many.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn best_faces_of(&self, person: PersonId, limit: usize) -> Result<Vec<FaceId>> {
        let sql = "SELECT id FROM seen_faces WHERE person_id = ?1 ORDER BY quality DESC, photo_id, id LIMIT ?2";
        Ok(self.connection.query_all(sql, params![person, limit as i64], |row| row.get(0))?)
    }

    /// Recognisable faces by which others are told to be of a person or group: some of those that the user confirmed, from all of their
    /// photos, or else the best; at most so many.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn telling_faces_of(&self, person: PersonId, limit: usize) -> Result<Vec<FaceId>> {
        let sql = "SELECT id FROM faces WHERE person_id = ?1 AND state IN ('confirmed', 'manual') ORDER BY photo_id";
        let mut said: Vec<FaceId> = self.connection.query_all(sql, [person], |row| row.get(0))?;
        let every = said.len().div_ceil(limit.max(1)).max(1);
        said = said.into_iter().step_by(every).collect();
        let mut telling = self.recognisable_of(said)?;
        if telling.is_empty() {
            telling = self.recognisable_of(self.best_faces_of(person, limit)?)?;
        }
        Ok(telling)
    }

    /// Those that show enough of a face to recognise somebody, in photos that lie in some file.
    fn recognisable_of(&self, faces: Vec<FaceId>) -> Result<Vec<FaceId>> {
        let mut recognisable = Vec::new();
        for id in faces {
            if self.face_if_seen(id)?.is_some_and(|face| face.is_recognisable()) {
                recognisable.push(id);
            }
        }
        Ok(recognisable)
    }

    /// The face with this id.
    ///
    /// # Errors
    /// Those of SQLite; `QueryReturnedNoRows` for an unknown id.
    pub fn face(&self, id: FaceId) -> Result<FaceRow> {
        let sql = format!("SELECT {COLUMNS} FROM faces WHERE id = ?1");
        Ok(self.connection.prepare(&sql)?.query_row([id], face)?)
    }

    /// The face with this id, if there is one in a photo that lies in some file.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn face_if_seen(&self, id: FaceId) -> Result<Option<FaceRow>> {
        Ok(self.faces("seen_faces WHERE id = ?1", id)?.pop())
    }

    /// The newest face.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn newest_face(&self) -> Result<Option<FaceId>> {
        Ok(self.connection.query_row("SELECT max(id) FROM faces", [], |row| row.get(0))?)
    }

    fn faces(&self, which: &str, id: impl ToSql) -> Result<Vec<FaceRow>> {
        Ok(self.connection.query_all(&format!("SELECT {COLUMNS} FROM {which}"), [id], face)?)
    }

    /// Shows those faces that have an embedding of `pack` to `see`, by id, with their embeddings.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn each_embedded_face(
        &self,
        pack: &str,
        which: Embedded,
        mut see: impl FnMut(FaceRow, InPhoto, &[f32]),
    ) -> Result<()> {
        let (condition, id, year) = match which {
            Embedded::All => ("CAST(?2 AS BIGINT) IS NULL AND CAST(?3 AS BIGINT) IS NULL".to_owned(), None, None),
            Embedded::Face(face) => ("faces.id = ?2 AND CAST(?3 AS BIGINT) IS NULL".to_owned(), Some(face.0), None),
            Embedded::Ungrouped => (
                format!(
                    "person_id IS NULL AND {} AND CAST(?2 AS BIGINT) IS NULL AND CAST(?3 AS BIGINT) IS NULL",
                    recognisable()
                ),
                None,
                None,
            ),
            Embedded::Of(person, None) => {
                ("person_id = ?2 AND CAST(?3 AS BIGINT) IS NULL".to_owned(), Some(person.0), None)
            }
            Embedded::Of(person, year) => ("person_id = ?2 AND photo_year = ?3".to_owned(), Some(person.0), year),
            Embedded::ChangedBy(line) => (
                "faces.id IN (SELECT id FROM before_faces WHERE line = ?2) AND CAST(?3 AS BIGINT) IS NULL".to_owned(),
                Some(line.0),
                None,
            ),
        };
        let sql = format!(
            "SELECT faces.*, vector, taken, photos.width, photos.height
             FROM (SELECT {COLUMNS}, photo_year FROM seen_faces) AS faces
             JOIN embeddings ON face_id = faces.id AND pack = ?1 JOIN photos ON photos.id = photo_id
             WHERE {condition} ORDER BY faces.id",
        );
        self.connection.each_row::<CatalogError>(&sql, params![pack, id, year], |row| {
            let face = face(row)?;
            let taken = row.get_ref(14)?.as_str_or_null().ok().flatten();
            let taken = taken.and_then(|taken| taken.get(..10)).and_then(|day| day.parse().ok());
            let (width, height): (f32, f32) = (row.get(15)?, row.get(16)?);
            let pixels = (face.bounds.width * width).min(face.bounds.height * height);
            see(face, InPhoto { taken, pixels }, &row.get::<Floats>(13)?.0);
            Ok(())
        })
    }

    /// The faces that have no embedding of `pack`, as where a disk was away when the pack was changed: who they are, and in which photo.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn sightings_without_embedding(&self, pack: &str) -> Result<Vec<(FaceId, PersonId, PhotoId)>> {
        let sql = "SELECT id, person_id, photo_id FROM seen_faces WHERE person_id IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM embeddings WHERE face_id = id AND pack = ?1)";
        Ok(self.connection.query_all(sql, [pack], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
    }

    /// The faces that the user said are not this person's.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn rejected_for(&self, person: PersonId) -> Result<HashSet<FaceId>> {
        Ok(self
            .connection
            .query_all("SELECT face_id FROM rejections WHERE person_id = ?1", [person], |row| row.get(0))?)
    }

    /// Who the user said a face is not: faces with persons.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn rejections(&self) -> Result<Vec<(FaceId, PersonId)>> {
        Ok(self
            .connection
            .query_all("SELECT face_id, person_id FROM rejections", [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Takes faces out of groups that were made of embeddings which a migration has dropped, see [`Writer::ungroup_the_unnamed`].
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn ungroup_the_outdated(&mut self) -> Result<()> {
        const OUTDATED: &str = "rebuild_groups";
        if self.setting(OUTDATED)?.is_none() {
            return Ok(());
        }
        self.batch(|writer| {
            writer.ungroup_the_unnamed()?;
            writer.connection.execute("DELETE FROM settings WHERE key = ?1", [OUTDATED])?;
            Ok(())
        })
    }

    /// How many unrecognisable faces without a person are in photos, at most `limit`.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn unrecognisable_faces(&self, limit: u64) -> Result<u64> {
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM seen_faces WHERE {} LIMIT {}) AS counted",
            unrecognisable(),
            limit.min(i64::MAX as u64)
        );
        Ok(self.connection.query_row(&sql, [], |row| row.get::<i64>(0))? as u64)
    }

    /// The embedding of a face in `pack`, if it has one.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn embedding(&self, face: FaceId, pack: &str) -> Result<Option<Embedding>> {
        let sql = "SELECT vector FROM embeddings WHERE face_id = ?1 AND pack = ?2";
        let embedding = self.connection.prepare(sql)?.query_row(params![face, pack], |row| row.get::<Floats>(0));
        Ok(embedding.optional()?.map(|embedding| embedding.0))
    }

    /// Whether some recognisable face of at least this score, with an embedding of `pack`, is in no group yet.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn has_ungrouped(&self, pack: &str, score: f32) -> Result<bool> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM seen_faces JOIN embeddings ON face_id = id AND pack = ?1
                            WHERE person_id IS NULL AND score >= ?2 AND {})",
            recognisable()
        );
        Ok(self.connection.query_row(&sql, params![pack, score], |row| row.get(0))?)
    }

    /// Photos that have a face without an embedding of `pack`.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photos_without_embeddings(&mut self, pack: &str) -> Result<Vec<PhotoId>> {
        if self.all_have_embeddings(pack)? {
            return Ok(Vec::new());
        }
        let sql = "SELECT DISTINCT photo_id FROM seen_faces WHERE NOT EXISTS
             (SELECT 1 FROM embeddings WHERE face_id = id AND pack = ?1) ORDER BY photo_id";
        Ok(self.connection.query_all(sql, [pack], |row| row.get(0))?)
    }

    /// Whether every face has an embedding of `pack`, those that nobody sees now, too: their photos may come back. If so, that is noted.
    ///
    /// To look at each of millions of faces would take most of the time of a scan that finds nothing new. Once all have an embedding, only a
    /// new face, which has a higher number, or one that is brought back can be without; then the note does not hold any more.
    fn all_have_embeddings(&mut self, pack: &str) -> Result<bool> {
        let noted = |newest: i64| format!("{pack} {newest}");
        let newest = self.connection.last_number("faces")?;
        if newest == 0 || self.setting(EMBEDDED)? == Some(noted(newest)) {
            return Ok(true);
        }
        // In turn with all who write: so each face up to this number can be seen, and whoever brings one back from now on deletes the mark.
        let mark = format!("? {}", random());
        let newest = self.batch(|writer| {
            set_setting(writer.connection, EMBEDDED, &mark)?;
            Ok(writer.connection.last_number("faces")?)
        })?;
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM faces WHERE NOT EXISTS
             (SELECT 1 FROM embeddings WHERE face_id = faces.id AND pack = ?1))";
        let all = self.connection.query_row(sql, [pack], |row| row.get(0))?;
        if all {
            let sql = "UPDATE settings SET value = ?3 WHERE key = ?1 AND value = ?2";
            self.batch(|writer| Ok(writer.connection.execute(sql, [EMBEDDED, &mark, &noted(newest)])?))?;
        }
        Ok(all)
    }
}

impl Writer<'_> {
    pub(super) fn face(&mut self, photo: PhotoId, face: &NewFace, pack: &str) -> Result<()> {
        let BoundingBox { x, y, width, height } = face.bounds;
        let landmarks = Floats(face.landmarks.as_flattened().to_vec());
        let sql = "INSERT INTO faces (photo_id, x, y, width, height, landmarks, score, quality, recognisability)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id";
        let values = params![photo, x, y, width, height, landmarks, face.score, face.quality, face.recognisability];
        let id = self.connection.query_row(sql, values, |row| row.get(0))?;
        self.thumbnail(id, &face.thumbnail)?;
        self.embedding(id, pack, &face.embedding)
    }

    /// Keeps the embedding of a face in `pack`, in place of an earlier one.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn embedding(&mut self, face: FaceId, pack: &str, embedding: &[f32]) -> Result<()> {
        self.connection
            .prepare(
                "INSERT INTO embeddings (face_id, pack, vector) VALUES (?1, ?2, ?3)
                 ON CONFLICT (face_id, pack) DO UPDATE SET vector = excluded.vector",
            )?
            .execute(params![face, pack, Floats(embedding.to_vec())])?;
        Ok(())
    }

    /// Stores how recognisable a face is, 0 to 1.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn recognisability(&mut self, face: FaceId, recognisability: f32) -> Result<()> {
        let sql = "UPDATE faces SET recognisability = ?2 WHERE id = ?1";
        self.connection.prepare(sql)?.execute(params![face, recognisability])?;
        Ok(())
    }

    /// Keeps the embedding and the small picture of a face that the user has just drawn.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn embed_drawn(&mut self, photo: PhotoId, drawn: &NewFace, pack: &str) -> Result<()> {
        let hash = self.connection.query_row("SELECT hash FROM photos WHERE id = ?1", [photo], |row| row.get(0))?;
        if let Some(face) = self.find_face(&FaceRef::new(&hash, drawn.bounds))? {
            let sql = "INSERT INTO embeddings (face_id, pack, vector) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            self.connection.execute(sql, params![face, pack, Floats(drawn.embedding.clone())])?;
            self.thumbnail(face, &drawn.thumbnail)?;
        }
        Ok(())
    }

    /// Puts a face into the person or group, with the state that tells how it came there, unless the user has decided about either
    /// since `before` was read: then it stays as it is. It takes more to be tagged than to be in a group: so a face does not
    /// come into one that has become a person in the meantime, nor the other way round.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn assign(&mut self, face: FaceId, before: Membership, after: (PersonId, Option<State>)) -> Result<bool> {
        let sql = "UPDATE faces SET person_id = ?4, state = ?5
                   WHERE id = ?1 AND person_id IS NOT DISTINCT FROM ?2 AND state IS NOT DISTINCT FROM ?3 AND NOT removed
                   AND EXISTS (SELECT 1 FROM people WHERE id = ?4 AND
                               CASE WHEN name IS NOT NULL OR hidden OR ignored THEN CAST(?5 AS TEXT) IS NOT NULL ELSE CAST(?5 AS TEXT) IS DISTINCT FROM 'auto' END)
                   AND NOT EXISTS (SELECT 1 FROM rejections WHERE face_id = ?1 AND person_id = ?4)";
        let mut statement = self.connection.prepare(sql)?;
        Ok(statement.execute(params![face, before.0, before.1, after.0, after.1])? > 0)
    }

    /// Takes faces that the user said nothing of out of their unnamed, visible groups, to be grouped again.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn ungroup_the_unnamed(&mut self) -> Result<()> {
        self.connection.execute(
            "UPDATE faces SET person_id = NULL WHERE state IS NULL
             AND person_id IN (SELECT id FROM people WHERE name IS NULL AND NOT hidden AND NOT ignored)",
            [],
        )?;
        Ok(())
    }
}

pub(super) fn face(row: &Row) -> engine::Result<FaceRow> {
    let flat = row.get::<Floats>(6)?.0;
    let landmarks = std::array::from_fn(|point| [flat[2 * point], flat[2 * point + 1]]);
    Ok(FaceRow {
        id: row.get(0)?,
        photo: row.get(1)?,
        bounds: BoundingBox { x: row.get(2)?, y: row.get(3)?, width: row.get(4)?, height: row.get(5)? },
        landmarks,
        score: row.get(7)?,
        quality: row.get(8)?,
        recognisability: row.get(11)?,
        person: row.get(9)?,
        state: row.get(10)?,
    })
}

/// Numbers as a BLOB of little-endian f32.
pub(super) struct Floats(pub Vec<f32>);

impl ToSql for Floats {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|number| number.to_le_bytes()).collect();
        Ok(bytes.into())
    }
}

impl FromSql for Floats {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let (numbers, rest) = value.as_blob()?.as_chunks::<4>();
        if rest.is_empty() {
            Ok(Self(numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()))
        } else {
            Err(FromSqlError::InvalidBlobSize {
                expected_size: numbers.len() * 4,
                blob_size: numbers.len() * 4 + rest.len(),
            })
        }
    }
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Confirmed => "confirmed",
            Self::Manual => "manual",
        }
    }
}

impl ToSql for State {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        [Self::Auto, Self::Confirmed, Self::Manual]
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or(FromSqlError::InvalidType)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Library;
    use super::*;

    /// As while a scan groups: what it read is not so any more when it writes.
    #[test]
    fn no_face_comes_into_what_has_got_or_lost_a_name_in_the_meantime() {
        let folder = tempfile::tempdir().unwrap();
        let mut catalog = Catalog::open(&Library::at(folder.path())).unwrap();
        let rows =
            "INSERT INTO photos (id, hash, width, height, detector, scanned_at) VALUES (1, zeroblob(32), 9, 9, '', '');
             INSERT INTO people (id, name, key, created_at) VALUES (1, 'Anna', 'anna', ''), (2, NULL, NULL, '');
             INSERT INTO faces (id, photo_id, x, y, width, height, landmarks, score, quality)
             SELECT value, 1, 0, 0, 1, 1, zeroblob(40), 1, 1 FROM json_each('[1, 2]');";
        catalog.connection.execute_batch(rows).unwrap();
        let mut assigned = |face: i64, person: i64, state: Option<State>| {
            catalog.batch(|writer| writer.assign(FaceId(face), (None, None), (PersonId(person), state))).unwrap()
        };
        assert!(!assigned(1, 1, None), "it was a group, and is Anna");
        assert!(assigned(1, 1, Some(State::Auto)));
        assert!(!assigned(2, 2, Some(State::Auto)), "it had a name, and has none");
        assert!(assigned(2, 2, None));
    }
}
