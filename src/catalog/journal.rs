//! What the user said: each decision is appended to the journal and carried out in the same transaction.

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::faces::FaceId;
use super::photos::{Hash, Writer};
use super::text::tidy;
use super::{Catalog, FaceRow, PersonId, Result, State, Who, now};
use crate::face::BoundingBox;

/// A decision of the user, as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Decision {
    /// A group gets a name; the faces in it are confirmed.
    Name { person: PersonId, name: String, faces: Vec<FaceRef> },
    /// A person gets another name.
    Rename { person: PersonId, from: String, to: String },
    /// All of one group or person are of another; the faces moved are confirmed.
    Merge { from: PersonId, from_name: Option<String>, into: PersonId, faces: Vec<FaceRef> },
    /// A group or person is no longer shown, or is again; the faces in it are confirmed.
    Hide { person: PersonId, hidden: bool, faces: Vec<FaceRef> },
}

/// A face in words that outlive the tables: the content of its photo, and where it is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaceRef {
    /// BLAKE3, in hexadecimal.
    pub photo: String,
    #[serde(rename = "box")]
    pub bounds: BoundingBox,
}

impl Catalog {
    /// Names a group, or joins it to the person who has that name already.
    ///
    /// # Errors
    /// Those of SQLite; then nothing has changed.
    pub fn name(&mut self, group: &Who, name: &str) -> Result<Who> {
        match self.person_called(name)? {
            Some(person) if person.id != group.id => {
                self.merge(group, &person)?;
                Ok(person)
            }
            _ => {
                let faces = self.face_refs(group.id)?;
                self.decide(&Decision::Name { person: group.id, name: tidy(name), faces })?;
                Ok(Who { id: group.id, name: Some(tidy(name)) })
            }
        }
    }

    /// Gives a person another name. The caller has made sure that nobody else has it.
    ///
    /// # Errors
    /// Those of SQLite; then nothing has changed.
    pub fn rename(&mut self, person: &Who, to: &str) -> Result<()> {
        let from = person.name.clone().unwrap_or_default();
        self.decide(&Decision::Rename { person: person.id, from, to: tidy(to) })
    }

    /// Joins all faces of `from` to `into`.
    ///
    /// # Errors
    /// Those of SQLite; then nothing has changed.
    pub fn merge(&mut self, from: &Who, into: &Who) -> Result<()> {
        let mut faces = self.face_refs(from.id)?;
        // The user has looked at both: neither may drift away from the other later.
        faces.extend(self.face_refs(into.id)?);
        self.decide(&Decision::Merge { from: from.id, from_name: from.name.clone(), into: into.id, faces })
    }

    /// Hides a group or person from the lists, or shows it again.
    ///
    /// # Errors
    /// Those of SQLite; then nothing has changed.
    pub fn hide(&mut self, person: &Who, hidden: bool) -> Result<()> {
        let faces = self.face_refs(person.id)?;
        self.decide(&Decision::Hide { person: person.id, hidden, faces })
    }

    /// The journal so far, oldest first: number, time, decision.
    ///
    /// # Errors
    /// Those of SQLite; a line that cannot be understood.
    pub fn journal(&self) -> Result<Vec<(i64, String, Decision)>> {
        let mut statement = self.connection.prepare("SELECT id, at, decision FROM journal ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            lines.push((row.get(0)?, row.get(1)?, serde_json::from_str(row.get_ref(2)?.as_str().unwrap_or(""))?));
        }
        Ok(lines)
    }

    fn decide(&mut self, decision: &Decision) -> Result<()> {
        let line = serde_json::to_string(decision)?;
        self.batch(|writer| {
            let sql = "INSERT INTO journal (at, decision) VALUES (?1, ?2)";
            writer.transaction.execute(sql, params![now(), line])?;
            writer.carry_out(decision)
        })
    }

    /// The faces of a person that a decision about all of them speaks of. Those that facetag tagged by itself are
    /// left out: naming a group says what was seen, not what was guessed.
    fn face_refs(&self, person: PersonId) -> Result<Vec<FaceRef>> {
        let faces = self.faces_of(person)?;
        faces.iter().filter(|face| face.state != Some(State::Auto)).map(|face| self.face_ref(face)).collect()
    }

    fn face_ref(&self, face: &FaceRow) -> Result<FaceRef> {
        let sql = "SELECT hash FROM photos WHERE id = ?1";
        let hash: Hash = self.connection.prepare_cached(sql)?.query_row([face.photo], |row| row.get(0))?;
        Ok(FaceRef { photo: blake3::Hash::from(hash).to_hex().to_string(), bounds: face.bounds })
    }
}

impl Writer<'_> {
    fn carry_out(&mut self, decision: &Decision) -> Result<()> {
        match decision {
            Decision::Name { person, name, faces } => {
                self.set_name(*person, name)?;
                self.confirm(faces, *person)
            }
            Decision::Rename { person, to, .. } => self.set_name(*person, to),
            Decision::Merge { from, into, faces, .. } => {
                self.ensure_person(*into)?;
                self.confirm(faces, *into)?;
                // What was tagged by itself goes along, and stays marked so.
                let sql = "UPDATE faces SET person_id = ?2 WHERE person_id = ?1";
                self.transaction.execute(sql, [from, into])?;
                self.drop_person(*from)
            }
            Decision::Hide { person, hidden, faces } => {
                self.set_hidden(*person, *hidden)?;
                self.confirm(faces, *person)
            }
        }
    }

    fn confirm(&mut self, faces: &[FaceRef], person: PersonId) -> Result<()> {
        for face in faces {
            if let Some(id) = self.find_face(face)? {
                let sql =
                    "UPDATE faces SET person_id = ?2, state = iif(state = 'manual', state, 'confirmed') WHERE id = ?1";
                self.transaction.prepare_cached(sql)?.execute(params![id, person])?;
            }
        }
        Ok(())
    }

    /// The face that a reference means: in its photo, the one that overlaps the box most, by half at least.
    fn find_face(&self, face: &FaceRef) -> Result<Option<FaceId>> {
        let Ok(hash) = blake3::Hash::from_hex(&face.photo) else { return Ok(None) };
        let mut statement = self.transaction.prepare_cached(
            "SELECT faces.id, x, y, faces.width, faces.height FROM faces
             JOIN photos ON photos.id = photo_id AND hash = ?1",
        )?;
        let rows = statement.query_map([hash.as_bytes()], |row| {
            let bounds = BoundingBox { x: row.get(1)?, y: row.get(2)?, width: row.get(3)?, height: row.get(4)? };
            Ok((row.get(0)?, bounds.iou(&face.bounds)))
        })?;
        let candidates = rows.collect::<rusqlite::Result<Vec<(FaceId, f32)>>>()?;
        let best = candidates.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        Ok(best.filter(|&(_, iou)| iou >= 0.5).map(|(id, _)| id))
    }
}
