//! The faces that scans compared with others after a decision: they may have come to whom they did, or to nobody, because of it. So
//! where it is taken back, they are compared again.

use super::engine::params;
use super::photos::Writer;
use super::search::{AT_ONCE, marks};
use super::{FaceId, LineId, PersonId, Result};

/// The faces that were compared after the line ?1.
const SINCE: &str = "(SELECT face_id FROM regrouped_faces WHERE line >= ?1)";

impl Writer<'_> {
    /// Notes faces that have come to somebody, or were like nobody. Those before all decisions need not be noted.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn note_regrouped(&mut self, faces: &[FaceId]) -> Result<()> {
        let line = self.last_line()?;
        if line == LineId::BEFORE_ALL {
            return Ok(());
        }
        for faces in faces.chunks(AT_ONCE) {
            let sql = format!(
                "INSERT INTO regrouped_faces (line, face_id) SELECT CAST(? AS BIGINT), id FROM faces WHERE id IN ({})
                 ON CONFLICT DO NOTHING",
                marks(faces.len())
            );
            let values: Vec<_> = params![line].iter().copied().chain(faces.iter().map(|face| face as _)).collect();
            self.connection.execute(&sql, &*values)?;
        }
        Ok(())
    }

    /// What a decision groups is taken back with it, so it is not noted. What an undo or redo groups is noted under the line before it:
    /// it goes with this line, but came after all others.
    pub(super) fn note_regrouped_by(&mut self, line: LineId, takes_back: bool) -> Result<()> {
        if takes_back {
            let sql = "INSERT INTO regrouped_faces (line, face_id) SELECT line - 1, face_id FROM regrouped_faces WHERE line = ?1
                       ON CONFLICT DO NOTHING";
            self.connection.prepare(sql)?.execute([line])?;
        }
        self.connection.prepare("DELETE FROM regrouped_faces WHERE line = ?1")?.execute([line])?;
        Ok(())
    }

    /// Whether there are any after a line of the journal.
    pub(super) fn has_regrouped_since(&self, line: LineId) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM regrouped_faces WHERE line >= ?1)";
        Ok(self.connection.prepare(sql)?.query_row([line], |row| row.get(0))?)
    }

    /// Has those that were like nobody after a line compared with all others again, unless they are more than `most`.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn forget_compared_since(&mut self, line: LineId, most: usize) -> Result<()> {
        let compared = format!("compared_faces WHERE face_id IN {SINCE}");
        let sql = format!("SELECT count(*) FROM {compared}");
        if self.connection.query_row(&sql, [line], |row| row.get::<i64>(0))? as usize <= most {
            self.connection.execute(&format!("DELETE FROM {compared}"), [line])?;
        }
        Ok(())
    }

    /// Takes those that came to these people and groups after a line, and that it did not change itself, out again, to be compared with
    /// all others. Faces that the user has said to be theirs stay.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn release_regrouped_since(&mut self, line: LineId, people: &[PersonId]) -> Result<()> {
        for people in people.chunks(AT_ONCE) {
            let people = people.iter().map(PersonId::to_string).collect::<Vec<_>>().join(", ");
            // The plus has SQLite look at these faces, not at all of everybody's.
            let sql = format!(
                "UPDATE faces SET person_id = NULL, state = NULL WHERE id IN {SINCE} AND coalesce(state, 'auto') = 'auto'
                 AND NOT EXISTS (SELECT 1 FROM before_faces WHERE line = ?1 AND before_faces.id = faces.id)
                 AND +person_id IN ({people})"
            );
            self.connection.execute(&sql, [line])?;
        }
        Ok(())
    }
}
