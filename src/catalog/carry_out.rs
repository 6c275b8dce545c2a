//! A decision -> what it changes of faces and of people.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::decision::{Decision, FaceRef, SAME_BOX, is_same_box};
use super::engine::{self, Row, ToSql, params};
use super::faces::Floats;
use super::photos::Writer;
use super::search::{AT_ONCE, marks};
use super::word::{FaceState, Merged, Origin, Word};
use super::{FaceId, LineId, PersonId, PhotoId, Result};
use crate::face::{BoundingBox, Landmarks};

/// The most faces that one statement changes, see [`Writer::store_faces`]: SQLite lets it have 32,766 values.
const MOST_FACES: usize = 32_000;

/// A face that the user drew is one for certain, as no detector's is.
const DRAWN_SCORE: f32 = 1.0;

/// A face as a photo has it.
pub(super) struct Known {
    pub id: FaceId,
    pub bounds: BoundingBox,
    pub state: FaceState,
}

impl Writer<'_> {
    pub(super) fn carry_out(&mut self, decision: &Decision) -> Result<()> {
        self.connection.defer_foreign_keys()?;
        if let Decision::Edited { faces, .. } = decision {
            return self.carry_on(faces);
        }
        self.carry_out_on_faces(decision)?;
        let people = decision.people();
        let before = self.people(&people)?;
        let mut after = before.clone();
        after.hear(decision);
        self.store_people(&before, &after)?;
        for person in people {
            if matches!(decision, Decision::Born { .. } | Decision::Merge { .. }) {
                self.untag_before_birth(person)?;
            }
            self.untag(person)?;
        }
        self.carry_out_elsewhere(decision)
    }

    /// What a decision changes in tables of its own.
    pub(super) fn carry_out_elsewhere(&mut self, decision: &Decision) -> Result<()> {
        self.settle_dates_of(decision)?;
        self.carry_out_on_circles(decision)
    }

    fn carry_out_on_faces(&mut self, decision: &Decision) -> Result<()> {
        // As they were, and as they are after it.
        let mut faces: BTreeMap<FaceId, (FaceState, FaceState)> = BTreeMap::new();
        let mut change = |writer: &Self, id: FaceId, change: &dyn Fn(&mut FaceState)| -> Result<()> {
            let (_, after) = match faces.entry(id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let state = writer.face_state(id)?;
                    new.insert((state.clone(), state))
                }
            };
            change(after);
            Ok(())
        };
        for (word, said_of) in decision.words() {
            for face in said_of {
                if let Some(id) = self.face_meant(face, word, decision)? {
                    change(self, id, &|state| state.hear(word))?;
                }
            }
        }
        if let Some((from, into)) = decision.merge() {
            for (id, state) in self.faces_about([from, into])? {
                let (_, after) = faces.entry(id).or_insert_with(|| (state.clone(), state));
                after.merge(Merged { line: LineId::BEFORE_ALL, from, into });
            }
        }
        let faces: Vec<_> = faces.iter().map(|(&id, (before, after))| (id, before, after)).collect();
        self.store_faces(&faces)
    }

    /// The face that a word is about. What the user drew is there, and so is what they say is somebody's: where no face is, or one
    /// that was removed, it is a new one.
    fn face_meant(&mut self, face: &FaceRef, word: Word, decision: &Decision) -> Result<Option<FaceId>> {
        let Some(photo) = face.hash().map(|hash| self.photo_with(&hash)).transpose()?.flatten() else {
            return Ok(None);
        };
        let known = self.faces_known(photo)?;
        let best = best(known.iter().map(|known| (&known.bounds, known.state.removed)), &face.bounds);
        let best = best.map(|index| &known[index]);
        match (word, best) {
            (Word::Drawn(_), Some(face)) if !face.state.removed => Ok(Some(face.id)),
            (Word::Drawn(_), _) => self.draw(photo, &face.bounds, decision).map(Some),
            (_, Some(face)) => Ok(Some(face.id)),
            (Word::Is(_), None) => self.draw(photo, &face.bounds, decision).map(Some),
            (Word::IsNot(_) | Word::NoFace, None) => Ok(None),
        }
    }

    /// A new face in a photo, which no detector saw: its landmarks are those that were drawn with it, or where they usually are.
    pub(super) fn draw(&mut self, photo: PhotoId, bounds: &BoundingBox, decision: &Decision) -> Result<FaceId> {
        let (landmarks, quality) = match decision {
            Decision::Draw { landmarks, quality, .. } => (*landmarks, *quality),
            Decision::Import { people, .. } => {
                let drawn = people.iter().flat_map(|person| &person.drawn);
                let drawn = drawn.max_by(|a, b| a.face.bounds.iou(bounds).total_cmp(&b.face.bounds.iou(bounds)));
                let drawn = drawn.filter(|drawn| is_same_box(&drawn.face.bounds, bounds));
                drawn.map_or_else(|| (usual_landmarks(bounds), 0.0), |drawn| (drawn.landmarks, drawn.quality))
            }
            _ => (usual_landmarks(bounds), 0.0),
        };
        let BoundingBox { x, y, width, height } = *bounds;
        let sql = "INSERT INTO faces (photo_id, x, y, width, height, landmarks, score, quality, origin)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id";
        let landmarks = Floats(landmarks.as_flattened().to_vec());
        let mut statement = self.connection.prepare(sql)?;
        let values = params![photo, x, y, width, height, landmarks, DRAWN_SCORE, quality, Origin::Drawn];
        Ok(statement.query_row(values, |row| row.get(0))?)
    }

    /// Deletes a drawn face and the rows that belong to it.
    pub(super) fn erase(&mut self, face: FaceId) -> Result<()> {
        for column in ["embeddings WHERE face_id", "rejections WHERE face_id", "faces WHERE id"] {
            self.connection.prepare(&format!("DELETE FROM {column} = ?1"))?.execute([face])?;
        }
        Ok(())
    }

    /// The faces that change when the first of two people becomes the other: those of the first, and those that the user said are not
    /// of one of them.
    pub(super) fn faces_about(&self, people: [PersonId; 2]) -> Result<BTreeMap<FaceId, FaceState>> {
        let about = "SELECT id FROM faces WHERE person_id = ?1 UNION SELECT face_id FROM rejections WHERE person_id IN (?1, ?2)";
        let sql = format!("SELECT {STATE}, id FROM faces WHERE id IN ({about})");
        let mut faces: BTreeMap<FaceId, FaceState> =
            self.connection.query_all(&sql, people, |row| Ok((row.get(4)?, state(row)?)))?;
        let sql = format!("SELECT face_id, person_id FROM rejections WHERE face_id IN ({about})");
        let rejected: Vec<(FaceId, PersonId)> =
            self.connection.query_all(&sql, people, |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (face, person) in rejected {
            faces.entry(face).and_modify(|face| _ = face.rejected.insert(person));
        }
        Ok(faces)
    }

    fn face_state(&self, face: FaceId) -> Result<FaceState> {
        let sql = format!("SELECT {STATE} FROM faces WHERE id = ?1");
        let mut state = self.connection.prepare(&sql)?.query_row([face], state)?;
        let sql = "SELECT person_id FROM rejections WHERE face_id = ?1";
        let mut statement = self.connection.prepare(sql)?;
        state.rejected = statement.query_map([face], |row| row.get(0))?.collect::<engine::Result<_>>()?;
        Ok(state)
    }

    /// All faces of a photo, with those that were removed.
    pub(super) fn faces_known(&self, photo: PhotoId) -> Result<Vec<Known>> {
        let sql = "SELECT id, x, y, width, height FROM faces WHERE photo_id = ?1 ORDER BY id";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([photo], |row| {
            let bounds = BoundingBox { x: row.get(1)?, y: row.get(2)?, width: row.get(3)?, height: row.get(4)? };
            Ok((row.get(0)?, bounds))
        })?;
        let rows = rows.collect::<engine::Result<Vec<(FaceId, BoundingBox)>>>()?;
        rows.into_iter().map(|(id, bounds)| Ok(Known { id, bounds, state: self.face_state(id)? })).collect()
    }

    /// Writes down what has become of faces. Those that have become the same are written together: where each is written by itself,
    /// SQLite keeps a copy of every page for each of them, in case that it fails.
    pub(super) fn store_faces(&mut self, faces: &[(FaceId, &FaceState, &FaceState)]) -> Result<()> {
        let columns = |face: &FaceState| (face.person, face.state, face.removed, face.origin);
        let mut alike: Vec<(&FaceState, Vec<FaceId>)> = Vec::new();
        for &(face, before, after) in faces {
            if columns(before) != columns(after) {
                match alike.iter_mut().find(|(known, _)| columns(known) == columns(after)) {
                    Some((_, faces)) => faces.push(face),
                    None => alike.push((after, vec![face])),
                }
            }
        }
        for (FaceState { person, state, removed, origin, .. }, faces) in alike {
            // PostgreSQL's statements are all kept, so they are short.
            let at_once = if self.connection.sqlite().is_some() { MOST_FACES } else { AT_ONCE };
            for faces in faces.chunks(at_once) {
                let sql = format!(
                    "UPDATE faces SET person_id = ?, state = ?, removed = ?, origin = ? WHERE id IN ({})",
                    marks(faces.len())
                );
                let ids = faces.iter().map(|face| face as &dyn ToSql);
                let values: Vec<&dyn ToSql> =
                    params![person, state, removed, origin].iter().copied().chain(ids).collect();
                self.connection.execute(&sql, &*values)?;
            }
        }
        for (face, before, after) in faces {
            for (sql, changed) in [
                (
                    "DELETE FROM rejections WHERE face_id = ?1 AND person_id = ?2",
                    before.rejected.difference(&after.rejected),
                ),
                (
                    "INSERT INTO rejections (face_id, person_id) VALUES (?1, ?2)",
                    after.rejected.difference(&before.rejected),
                ),
            ] {
                for person in changed {
                    self.connection.prepare(sql)?.execute(params![face, person])?;
                }
            }
        }
        Ok(())
    }

    /// Nobody is tagged automatically in a photo from before their birth.
    pub(super) fn untag_before_birth(&mut self, person: PersonId) -> Result<()> {
        let is_known = "SELECT EXISTS (SELECT 1 FROM people WHERE id = ?1 AND born IS NOT NULL)";
        if !self.connection.prepare(is_known)?.query_row([person], |row| row.get(0))? {
            return Ok(());
        }
        let sql = "UPDATE faces SET person_id = NULL, state = NULL WHERE person_id = ?1 AND state = 'auto'
                   AND (SELECT taken < substr(born, 1, length(taken)) FROM photos, people WHERE photos.id = photo_id AND people.id = ?1)";
        self.connection.prepare(sql)?.execute([person])?;
        Ok(())
    }

    /// The face that a reference means: in its photo, the one that overlaps the box most, by half at least.
    pub(super) fn find_face(&self, face: &FaceRef) -> Result<Option<FaceId>> {
        let Some(hash) = face.hash() else { return Ok(None) };
        let mut statement = self.connection.prepare(
            "SELECT faces.id, x, y, faces.width, faces.height, removed FROM faces
             JOIN photos ON photos.id = photo_id AND hash = ?1 ORDER BY faces.id",
        )?;
        let rows = statement.query_map([hash], |row| {
            let bounds = BoundingBox { x: row.get(1)?, y: row.get(2)?, width: row.get(3)?, height: row.get(4)? };
            Ok((row.get(0)?, bounds, row.get(5)?))
        })?;
        let known = rows.collect::<engine::Result<Vec<(FaceId, BoundingBox, bool)>>>()?;
        let best = best(known.iter().map(|(_, bounds, removed)| (bounds, *removed)), &face.bounds);
        Ok(best.map(|index| known[index].0))
    }

    /// The number, if it belonged to somebody who no longer exists: it is never given again.
    pub(super) fn nobody(&self, person: PersonId) -> Result<Option<PersonId>> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM people WHERE id = ?1)";
        let nobody = self.connection.query_row(sql, [person], |row| row.get(0))?;
        Ok((nobody && person.0 <= self.connection.last_number("people")?).then_some(person))
    }
}

/// The columns that [`state`] reads, first in a row.
const STATE: &str = "person_id, state, removed, origin";

/// Whose a face is, without the rejections of it.
fn state(row: &Row) -> engine::Result<FaceState> {
    let (person, state, removed, origin) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    Ok(FaceState { person, state, removed, origin, rejected: Default::default() })
}

/// Which of some boxes, each with whether it was removed, is of the face in another box: the one that overlaps it most, by half at
/// least; of two that do so alike the one that was not removed.
pub(super) fn best<'a>(boxes: impl Iterator<Item = (&'a BoundingBox, bool)>, wanted: &BoundingBox) -> Option<usize> {
    let overlap = boxes.map(|(bounds, removed)| (bounds.iou(wanted), !removed)).enumerate();
    let best = overlap.max_by(|(_, (a, there)), (_, (b, also))| a.total_cmp(b).then(there.cmp(also)));
    best.filter(|(_, (overlap, _))| *overlap >= SAME_BOX).map(|(index, _)| index)
}

/// Where the landmarks of a face are in its box, as a rule.
fn usual_landmarks(bounds: &BoundingBox) -> Landmarks {
    [[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]
        .map(|[x, y]| [bounds.x + x * bounds.width, bounds.y + y * bounds.height])
}
