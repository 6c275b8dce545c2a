//! A decision -> what it changes of faces and of people.

use rusqlite::params;

use super::decision::{Decision, FaceRef, SAME_FACE};
use super::faces::{FaceId, Floats};
use super::photos::Writer;
use super::text::{fold, tidy};
use super::{PersonId, Result, now};
use crate::face::BoundingBox;

/// A face that the user drew is one for certain, as no detector's is.
const DRAWN_SCORE: f32 = 1.0;

impl Writer<'_> {
    pub(super) fn carry_out(&mut self, decision: &Decision) -> Result<()> {
        self.connection.execute_batch("PRAGMA defer_foreign_keys = ON")?;
        self.carry_out_on_faces(decision)?;
        self.carry_out_on_people(decision)?;
        if let Decision::Born { person, date: Some(date) } = decision {
            // Only now: a replay says nothing of what facetag tagged by itself.
            self.connection.execute(
                "UPDATE faces SET person_id = NULL, state = NULL WHERE person_id = ?1 AND state = 'auto'
                 AND (SELECT taken < ?2 FROM photos WHERE photos.id = photo_id)",
                params![person, date.to_string()],
            )?;
        }
        self.untag()
    }

    /// What a decision changes of people. Their rows are made where a journal is carried out anew.
    pub(super) fn carry_out_on_people(&mut self, decision: &Decision) -> Result<()> {
        if let Decision::Split { from, .. } = decision {
            self.ensure_person(*from)?;
        }
        match decision {
            Decision::Name { person, name, .. }
            | Decision::Confirm { person, name: Some(name), .. }
            | Decision::Split { into: person, name: Some(name), .. }
            | Decision::Draw { person, name: Some(name), .. }
            | Decision::Rename { person, to: name, .. } => {
                self.ensure_person(*person)?;
                let sql = "UPDATE people SET name = ?2, key = ?3 WHERE id = ?1";
                self.connection.execute(sql, params![person, tidy(name), fold(name)])?;
                Ok(())
            }
            Decision::Merge { from, into, .. } => {
                self.ensure_person(*into)?;
                let sql = "UPDATE people SET born = coalesce(people.born, other.born),
                               cover = coalesce(people.cover, other.cover)
                           FROM people AS other WHERE other.id = ?1 AND people.id = ?2";
                self.connection.execute(sql, [from, into])?;
                self.connection.execute("DELETE FROM people WHERE id = ?1", [from])?;
                Ok(())
            }
            Decision::Hide { person, hidden, .. } => self.set(*person, "hidden", hidden),
            Decision::Ignore { person, ignored, .. } => self.set(*person, "ignored", ignored),
            Decision::Born { person, date } => self.set(*person, "born", date.map(|date| date.to_string())),
            Decision::Cover { person, face } => self.set(*person, "cover", serde_json::to_string(face)?),
            Decision::Confirm { person, .. } | Decision::Reject { person, .. } | Decision::Draw { person, .. } => {
                self.ensure_person(*person)
            }
            Decision::Split { into, .. } => self.ensure_person(*into),
            Decision::Remove { .. } | Decision::Edited { .. } | Decision::Undo { .. } | Decision::Redo { .. } => Ok(()),
        }
    }

    /// What a decision changes of faces.
    pub(super) fn carry_out_on_faces(&mut self, decision: &Decision) -> Result<()> {
        let mut found = self.find_faces(decision.faces())?;
        let group = self.find_faces(decision.group())?;
        match decision {
            Decision::Name { person, .. }
            | Decision::Hide { person, .. }
            | Decision::Ignore { person, .. }
            | Decision::Confirm { person, .. } => self.assign_decided(&found, *person),
            Decision::Merge { from, into, .. } => {
                // Who was told apart from the one was told apart from both.
                self.move_rejections(*from, *into)?;
                self.assign_decided(&found, *into)?;
                // What was tagged by itself goes along, and stays marked so; not what was said to be somebody else.
                self.connection.execute(
                    "UPDATE faces SET person_id = NULL, state = NULL WHERE person_id IN (?1, ?2)
                     AND EXISTS (SELECT 1 FROM rejections WHERE face_id = faces.id AND person_id = ?2)",
                    [from, into],
                )?;
                self.connection.execute("UPDATE faces SET person_id = ?2 WHERE person_id = ?1", [from, into])?;
                Ok(())
            }
            Decision::Reject { person, .. } => {
                self.assign_decided(&group, *person)?;
                self.reject(&found, *person)
            }
            Decision::Split { from, into, .. } => {
                self.assign_decided(&group, *from)?;
                self.reject(&found, *from)?;
                self.assign_decided(&found, *into)
            }
            Decision::Draw { face, landmarks, quality, person, .. } => {
                if found.is_empty() {
                    found.extend(self.draw(face, landmarks.as_flattened(), *quality)?);
                }
                for id in &found {
                    let sql = "UPDATE faces SET person_id = ?2, state = 'manual', removed = 0 WHERE id = ?1";
                    self.connection.prepare_cached(sql)?.execute([id, person])?;
                }
                self.assign_decided(&found, *person)
            }
            Decision::Remove { .. } => {
                for id in found {
                    let sql = "UPDATE faces SET person_id = NULL, state = NULL, removed = 1 WHERE id = ?1";
                    self.connection.prepare_cached(sql)?.execute([id])?;
                }
                Ok(())
            }
            Decision::Edited { faces } => self.carry_on([faces.as_slice()].into_iter()),
            Decision::Rename { .. }
            | Decision::Born { .. }
            | Decision::Cover { .. }
            | Decision::Undo { .. }
            | Decision::Redo { .. } => Ok(()),
        }
    }

    /// These faces are this person's, by the user's word.
    fn assign_decided(&mut self, faces: &[FaceId], person: PersonId) -> Result<()> {
        for face in faces {
            let sql = "UPDATE faces SET person_id = ?2, state = iif(state IS 'manual', state, 'confirmed')
                       WHERE id = ?1 AND NOT removed";
            self.connection.prepare_cached(sql)?.execute(params![face, person])?;
            // The newest word counts.
            let sql = "DELETE FROM rejections WHERE face_id = ?1 AND person_id = ?2";
            self.connection.prepare_cached(sql)?.execute([face, &person])?;
        }
        Ok(())
    }

    /// These faces are not this person's, for ever.
    fn reject(&mut self, faces: &[FaceId], person: PersonId) -> Result<()> {
        for face in faces {
            let sql = "INSERT OR IGNORE INTO rejections (face_id, person_id) VALUES (?1, ?2)";
            self.connection.prepare_cached(sql)?.execute([face, &person])?;
            let sql = "UPDATE faces SET person_id = NULL, state = NULL WHERE id = ?1 AND person_id = ?2";
            self.connection.prepare_cached(sql)?.execute([face, &person])?;
        }
        Ok(())
    }

    /// A face that no detector saw, where its photo is known.
    fn draw(&mut self, face: &FaceRef, landmarks: &[f32], quality: f32) -> Result<Option<FaceId>> {
        let Some(photo) = face.hash().map(|hash| self.photo_with(&hash)).transpose()?.flatten() else {
            return Ok(None);
        };
        let BoundingBox { x, y, width, height } = face.bounds;
        let sql = "INSERT INTO faces (photo_id, x, y, width, height, landmarks, score, quality)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.execute(params![photo, x, y, width, height, Floats(landmarks.to_vec()), DRAWN_SCORE, quality])?;
        Ok(Some(self.connection.last_insert_rowid()))
    }

    /// What stands of each first face now stands of the second, which it has become by an edit of its photo; unless the user
    /// spoke of neither.
    pub(super) fn carry_on<'a>(&mut self, edits: impl Iterator<Item = &'a [(FaceRef, FaceRef)]>) -> Result<()> {
        for (old, new) in edits.flatten() {
            self.carry_cover(old, new)?;
            match (self.find_face(old)?, self.find_face(new)?) {
                (Some(old), Some(new)) => self.copy_word(old, new)?,
                // It was drawn, and that was taken back.
                (None, Some(new)) if self.is_known(old)? => self.erase_drawn(new)?,
                _ => {}
            }
        }
        self.untag()
    }

    /// What the user said of a face is said of another, unless they spoke of neither.
    fn copy_word(&mut self, of: FaceId, to: FaceId) -> Result<()> {
        for sql in [
            "UPDATE faces SET (person_id, state, removed) = (SELECT person_id, state, removed FROM faces WHERE id = ?1)
             WHERE id = ?2 AND EXISTS (SELECT 1 FROM faces WHERE id IN (?1, ?2)
                                       AND (state IN ('confirmed', 'manual') OR removed))",
            "DELETE FROM rejections WHERE face_id = ?2 AND ?1",
            "INSERT INTO rejections SELECT ?2, person_id FROM rejections WHERE face_id = ?1",
        ] {
            self.connection.prepare_cached(sql)?.execute([of, to])?;
        }
        Ok(())
    }

    /// Forgets a face that was drawn; one that a detector sees too is nobody's.
    pub(super) fn erase_drawn(&mut self, face: FaceId) -> Result<()> {
        let sql = "SELECT score = ?2 FROM faces WHERE id = ?1";
        if self.connection.query_row(sql, params![face, DRAWN_SCORE], |row| row.get(0))? {
            for column in ["embeddings WHERE face_id", "rejections WHERE face_id", "faces WHERE id"] {
                self.connection.prepare_cached(&format!("DELETE FROM {column} = ?1"))?.execute([face])?;
            }
        } else {
            let sql = "UPDATE faces SET person_id = NULL, state = NULL WHERE id = ?1 AND state = 'manual'";
            self.connection.prepare_cached(sql)?.execute([face])?;
        }
        Ok(())
    }

    /// Whether the photo of a face is in the library.
    fn is_known(&self, face: &FaceRef) -> Result<bool> {
        Ok(face.hash().map(|hash| self.photo_with(&hash)).transpose()?.flatten().is_some())
    }

    fn find_faces(&self, faces: &[FaceRef]) -> Result<Vec<FaceId>> {
        let found = faces.iter().map(|face| self.find_face(face));
        Ok(found.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// The face that a reference means: in its photo, the one that overlaps the box most, by half at least.
    pub(super) fn find_face(&self, face: &FaceRef) -> Result<Option<FaceId>> {
        let Some(hash) = face.hash() else { return Ok(None) };
        let mut statement = self.connection.prepare_cached(
            "SELECT faces.id, x, y, faces.width, faces.height FROM faces
             JOIN photos ON photos.id = photo_id AND hash = ?1",
        )?;
        let rows = statement.query_map([hash], |row| {
            let bounds = BoundingBox { x: row.get(1)?, y: row.get(2)?, width: row.get(3)?, height: row.get(4)? };
            Ok((row.get(0)?, bounds.iou(&face.bounds)))
        })?;
        let candidates = rows.collect::<rusqlite::Result<Vec<(FaceId, f32)>>>()?;
        let best = candidates.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        Ok(best.filter(|&(_, iou)| iou >= SAME_FACE).map(|(id, _)| id))
    }

    fn ensure_person(&mut self, person: PersonId) -> Result<()> {
        let sql = "INSERT INTO people (id, created_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.connection.execute(sql, params![person, now()])?;
        Ok(())
    }

    fn set(&mut self, person: PersonId, column: &str, value: impl rusqlite::ToSql) -> Result<()> {
        self.ensure_person(person)?;
        let sql = format!("UPDATE people SET {column} = ?2 WHERE id = ?1");
        self.connection.execute(&sql, params![person, value])?;
        Ok(())
    }
}
