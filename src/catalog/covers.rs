//! The face to show a person by: the one that the user chose, or the best.

use super::engine::{self, Optional, params};
use super::photos::Writer;
use super::{Catalog, FaceId, FaceRef, PersonId, Result};

/// A query for the best face of a person, whose number is given in SQL.
pub(super) fn best_face_of(person: &str) -> String {
    format!(
        "SELECT seen_faces.id FROM seen_faces WHERE person_id = {person} ORDER BY quality DESC, photo_id, seen_faces.id LIMIT 1"
    )
}

impl Catalog {
    /// The face to show a person or group by: the one that the user chose, as long as it is theirs and its photo is there, or
    /// the best.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn best_face(&self, person: PersonId) -> Result<Option<FaceId>> {
        if let Some(cover) = self.cover(person)? {
            return Ok(Some(cover));
        }
        Ok(self.connection.prepare(&best_face_of("?1"))?.query_row([person], |row| row.get(0)).optional()?)
    }

    fn cover(&self, person: PersonId) -> Result<Option<FaceId>> {
        let sql = "SELECT cover FROM people WHERE id = ?1";
        let cover: Option<Option<String>> =
            self.connection.prepare(sql)?.query_row([person], |row| row.get(0)).optional()?;
        let Some(cover) = cover.flatten() else { return Ok(None) };
        let face = self.face_said(&serde_json::from_str(&cover)?)?;
        let seen = face.map(|face| self.face_if_seen(face)).transpose()?.flatten();
        Ok(seen.filter(|face| face.person == Some(person)).map(|face| face.id))
    }

    /// The face to show two people by when one becomes the other: where both had one chosen, and that of the other does not show
    /// either of them any more. `None` leaves it at theirs.
    pub(super) fn cover_of_both(&self, from: PersonId, into: PersonId) -> Result<Option<FaceRef>> {
        let mut people = Writer { connection: &self.connection }.people(&[from, into])?.0;
        let mut chosen = |person| people.remove(&person).and_then(|person| person.cover);
        let (Some(theirs), Some(other)) = (chosen(from), chosen(into)) else { return Ok(None) };
        let shows = |face: &FaceRef| -> Result<bool> {
            let face = self.face_said(face)?.map(|face| self.face_if_seen(face)).transpose()?.flatten();
            Ok(face.and_then(|face| face.person).is_some_and(|person| person == from || person == into))
        };
        Ok((!shows(&other)? && shows(&theirs)?).then_some(theirs))
    }

    /// The face that words of the journal mean, if its photo is in the library.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn face_said(&self, face: &FaceRef) -> Result<Option<FaceId>> {
        Writer { connection: &self.connection }.find_face(face)
    }
}

impl Writer<'_> {
    /// Who was shown by a face is shown by what it has become by an edit of its photo.
    pub(super) fn carry_cover(&mut self, old: &FaceRef, new: &FaceRef) -> Result<()> {
        let sql = "SELECT id, cover FROM people WHERE cover LIKE '%' || ?1 || '%'";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([&old.photo], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (person, cover) in rows.collect::<engine::Result<Vec<(PersonId, String)>>>()? {
            if old.is(&serde_json::from_str(&cover)?) {
                let sql = "UPDATE people SET cover = ?2 WHERE id = ?1";
                self.connection.execute(sql, params![person, serde_json::to_string(new)?])?;
            }
        }
        Ok(())
    }
}
