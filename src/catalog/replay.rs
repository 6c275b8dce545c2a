//! The journal applied again: to photos that were found again, on those that were edited, and where a decision is taken back
//! of which no change was kept.

use std::collections::{BTreeSet, HashSet};

use super::carry_out::{Known, best};
use super::decision::{Decision, FaceRef, Line, is_same_box};
use super::engine::params;
use super::person_state::{People, PersonState};
use super::photos::{Hash, Writer};
use super::word::{FaceState, Merged, Origin, Word};
use super::{Catalog, FaceId, LineId, PersonId, PhotoId, Result};
use crate::face::BoundingBox;

/// A face while the journal is read.
struct Derived {
    /// `None` for one that is to be made.
    id: Option<FaceId>,
    bounds: BoundingBox,
    state: FaceState,
    /// The line that drew it.
    drawn: Option<LineId>,
}

impl Catalog {
    /// Forgets all that scans found and grouped, and keeps what the user decided: the folders, and the people with their names.
    /// A scan finds the rest again, see [`Writer::replay`].
    ///
    /// # Errors
    /// Those of SQLite; then nothing is forgotten.
    pub fn forget_found(&mut self) -> Result<()> {
        self.batch(|writer| {
            writer.forget_changes()?;
            for table in
                ["rejections", "embeddings", "thumbnails", "regrouped_faces", "faces", "files", "photos", "people"]
            {
                writer.connection.execute(&format!("DELETE FROM {table}"), [])?;
            }
            let mut people = People::default();
            for line in writer.decisions_about(None)? {
                people.hear(&writer.as_of_today(line)?);
            }
            writer.store_people(&People::default(), &people)
        })
    }
}

impl Writer<'_> {
    /// Makes of the faces in these photos, which have just been stored, what the journal says of them.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn replay(&mut self, photos: &HashSet<Hash>) -> Result<()> {
        let mut about = BTreeSet::new();
        for hash in photos {
            if let Some(photo) = self.photo_with(hash)?
                && !self.said_in(hash)?.is_empty()
            {
                about.insert(photo);
            }
        }
        if about.is_empty() {
            return Ok(());
        }
        self.connection.defer_foreign_keys()?;
        self.derive(about)?;
        // What was kept of decisions knows nothing of these faces.
        self.forget_changes()
    }

    /// Makes of everything in the library what the journal says, as after lines were added to it or removed from it.
    pub(super) fn say_journal_again(&mut self) -> Result<()> {
        self.connection.defer_foreign_keys()?;
        self.index_journal_anew()?;
        self.forget_changes()?;
        let mut after = People::default();
        for line in self.decisions_about(None)? {
            after.hear(&self.as_of_today(line)?);
        }
        let known: Vec<PersonId> = self.ids("SELECT id FROM people", [])?;
        // Whoever was merged into somebody no longer exists; a group about which nothing is decided stays.
        let merged: BTreeSet<PersonId> = self.merges()?.into_iter().map(|merge| merge.from).collect();
        for &id in known.iter().filter(|id| !merged.contains(id)) {
            after.0.entry(id).or_default();
        }
        // Two may change names: until all is written, nobody has one.
        self.connection.execute("UPDATE people SET name = NULL, key = NULL", [])?;
        let nameless = self.people(&known)?;
        self.store_people(&nameless, &after)?;
        self.derive_circles()?;
        self.settle_decided()?;
        let photos: Vec<PhotoId> = self.ids("SELECT id FROM photos", [])?;
        self.derive(photos.into_iter().collect())?;
        known.into_iter().chain(after.0.into_keys()).try_for_each(|person| self.mend(person))
    }

    /// What was decided about each first face holds for the second, which it has become by an edit of its photo.
    pub(super) fn carry_on(&mut self, edits: &[(FaceRef, FaceRef)]) -> Result<()> {
        let mut photos = BTreeSet::new();
        for (old, new) in edits {
            self.carry_cover(old, new)?;
            if let Some(hash) = new.hash() {
                photos.extend(self.photo_with(&hash)?);
            }
        }
        self.derive(photos)?;
        // Where the user has said nothing, they are in one group.
        for (old, new) in edits {
            if let (Some(old), Some(new)) = (self.find_face(old)?, self.find_face(new)?) {
                let sql = "UPDATE faces SET (person_id, state) = (SELECT person_id, state FROM faces WHERE id = ?1)
                           WHERE id = ?2 AND person_id IS NULL AND NOT removed AND EXISTS
                               (SELECT 1 FROM faces AS old WHERE id = ?1 AND person_id IS NOT NULL
                                AND coalesce(state, 'auto') = 'auto' AND NOT EXISTS
                                    (SELECT 1 FROM rejections WHERE face_id = ?2 AND person_id = old.person_id))";
                self.connection.prepare(sql)?.execute([old, new])?;
            }
        }
        Ok(())
    }

    /// The same for the faces of a decision that has been taken back or done again by reverting a line, and of what was edited since
    /// it was made.
    pub(super) fn carry_on_since(&mut self, line: &Line, reverted: LineId) -> Result<()> {
        let mut edits = self.release_edited_since(line.id, reverted)?;
        for face in line.decision.words().into_iter().flat_map(|(_, faces)| faces) {
            let today = self.today(face, line.id)?;
            edits.extend(today.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())));
        }
        let people = line.decision.people();
        let before = self.people(&people)?;
        let mut after = before.clone();
        for person in after.0.values_mut() {
            if let Some(cover) = &person.cover {
                person.cover = self.today(cover, line.id)?.pop();
            }
        }
        self.store_people(&before, &after)?;
        self.carry_on(&edits)
    }

    /// Takes faces of which the user has said nothing out of the group that they were in before the edit of their photo, where reverting
    /// a line has put that face into another, or a scan has found it since. Returns both faces of each of the former.
    fn release_edited_since(&mut self, decision: LineId, reverted: LineId) -> Result<Vec<(FaceRef, FaceRef)>> {
        let (mut moved, mut released) = (BTreeSet::new(), Vec::new());
        let was_moved = "SELECT EXISTS (SELECT 1 FROM before_faces WHERE line = ?1 AND id = ?2)";
        let was_found = "SELECT EXISTS (SELECT 1 FROM regrouped_faces WHERE line >= ?1 AND face_id = ?2)";
        let release =
            "UPDATE faces SET person_id = NULL, state = NULL WHERE id = ?2 AND coalesce(state, 'auto') = 'auto'
                       AND NOT EXISTS (SELECT 1 FROM before_faces WHERE line = ?1 AND before_faces.id = faces.id)";
        for (old, new) in self.edits_since(decision)? {
            let (Some(before), Some(after)) = (self.find_face(&old)?, self.find_face(&new)?) else { continue };
            let of_line = params![reverted, before];
            let is = |sql: &str| self.connection.prepare(sql)?.query_row(of_line, |row| row.get::<bool>(0));
            let was_moved = moved.contains(&before) || is(was_moved)?;
            if (was_moved || is(was_found)?) && self.connection.prepare(release)?.execute(params![reverted, after])? > 0
            {
                moved.insert(after);
                if was_moved {
                    released.push((old, new));
                }
            }
        }
        Ok(released)
    }

    /// Derives from the journal the state of all that a decision is about: where it is taken back or done again, and
    /// no change was kept.
    pub(super) fn derive_again(&mut self, line: &Line) -> Result<()> {
        self.connection.defer_foreign_keys()?;
        let merges = self.merges()?;
        let mut people: BTreeSet<PersonId> = line.decision.people().into_iter().collect();
        // Whoever became one with them counts too.
        loop {
            let known = people.len();
            for Merged { from, into, .. } in &merges {
                if people.contains(from) || people.contains(into) {
                    people.extend([from, into]);
                }
            }
            if people.len() == known {
                break;
            }
        }
        let ids: Vec<PersonId> = people.iter().copied().collect();
        let mut photos: BTreeSet<PhotoId> = BTreeSet::new();
        for face in line.decision.words().into_iter().flat_map(|(_, faces)| faces) {
            for hash in self.today(face, line.id)?.iter().filter_map(FaceRef::hash) {
                photos.extend(self.photo_with(&hash)?);
            }
        }
        // A merge is about all faces of both.
        for &person in ids.iter().filter(|_| line.decision.merge().is_some()) {
            for face in self.faces_about([person; 2])?.into_keys() {
                let sql = "SELECT photo_id FROM faces WHERE id = ?1";
                photos.insert(self.connection.prepare(sql)?.query_row([face], |row| row.get(0))?);
            }
        }
        // Automatic tags of these people may follow from this decision: they are compared again.
        for person in &ids {
            let sql = "UPDATE faces SET person_id = NULL, state = NULL WHERE person_id = ?1 AND state = 'auto'";
            self.connection.prepare(sql)?.execute([person])?;
        }
        let before = self.people(&ids)?;
        let mut after = People::default();
        for line in self.decisions_about(Some(&ids))? {
            after.hear(&self.as_of_today(line)?);
        }
        // The same lines are about others too, but not all that is said of those.
        after.0.retain(|id, _| people.contains(id));
        // Somebody of whom nothing is decided any more is a group like others, which is forgotten when nobody is in it.
        for &id in before.0.keys().filter(|id| !merges.iter().any(|merge| merge.from == **id)) {
            after.0.entry(id).or_insert_with(PersonState::default);
        }
        self.store_people(&before, &after)?;
        self.derive(photos)?;
        if matches!(line.decision, Decision::Circle { .. } | Decision::Merge { .. }) {
            self.derive_circles()?;
        }
        people.into_iter().try_for_each(|person| self.mend(person))?;
        self.drop_empty_groups()
    }

    /// Makes of the faces of these photos what the journal says of them. A face of which it says nothing stays in its group.
    fn derive(&mut self, photos: BTreeSet<PhotoId>) -> Result<()> {
        if photos.is_empty() {
            return Ok(());
        }
        let merges = self.merges()?;
        let mut touched = BTreeSet::new();
        for photo in photos {
            self.derive_photo(photo, &merges, &mut touched)?;
        }
        touched.into_iter().try_for_each(|person| self.mend(person))
    }

    fn derive_photo(&mut self, photo: PhotoId, merges: &[Merged], touched: &mut BTreeSet<PersonId>) -> Result<()> {
        let hash = self.hash(photo)?;
        let known = self.faces_known(photo)?;
        // A face that only the user saw is there as long as the journal says so.
        let (mut drawn, detected): (Vec<&Known>, Vec<&Known>) =
            known.iter().partition(|face| face.state.origin == Origin::Drawn);
        let unsaid = |face: &&Known| Derived {
            id: Some(face.id),
            bounds: face.bounds,
            state: FaceState::new(Origin::Detected),
            drawn: None,
        };
        let mut faces: Vec<Derived> = detected.iter().map(unsaid).collect();
        let mut merges = merges.iter().copied().peekable();
        for said in self.said_in(&hash)? {
            while let Some(merge) = merges.next_if(|merge| merge.line < said.line) {
                faces.iter_mut().for_each(|face| face.state.merge(merge));
            }
            let meant = best(faces.iter().map(|face| (&face.bounds, face.state.removed)), &said.bounds);
            let face = match (said.word, meant) {
                (Word::Drawn(_), Some(index)) if !faces[index].state.removed => &mut faces[index],
                (Word::IsNot(_) | Word::NoFace | Word::Is(_), Some(index)) => &mut faces[index],
                (Word::IsNot(_) | Word::NoFace, None) => continue,
                (Word::Drawn(_), _) | (Word::Is(_), None) => {
                    let again = drawn.iter().position(|face| is_same_box(&face.bounds, &said.bounds));
                    let again = again.map(|index| drawn.swap_remove(index));
                    faces.push(Derived {
                        id: again.map(|face| face.id),
                        bounds: again.map_or(said.bounds, |face| face.bounds),
                        state: FaceState::new(Origin::Drawn),
                        drawn: matches!(said.word, Word::Drawn(_)).then_some(said.line),
                    });
                    faces.last_mut().expect("one was just pushed")
                }
            };
            face.state.hear(said.word);
        }
        for merge in merges {
            faces.iter_mut().for_each(|face| face.state.merge(merge));
        }
        for face in drawn {
            self.erase(face.id)?;
        }
        for Derived { id, bounds, mut state, drawn } in faces {
            let before = id.and_then(|id| known.iter().find(|face| face.id == id)).map(|face| &face.state);
            let id = match (id, before) {
                (Some(id), _) => id,
                (None, _) if drawn.is_none() && state.person.is_none() => continue,
                (None, _) => {
                    let line = drawn.map(|line| self.line(line)).transpose()?.flatten();
                    let nothing = Decision::Remove { faces: Vec::new() };
                    self.draw(photo, &bounds, line.as_ref().map_or(&nothing, |line| &line.decision))?
                }
            };
            let new = FaceState::new(state.origin);
            let before = before.unwrap_or(&new);
            let is_unsaid = state.person.is_none() && !state.removed && !before.is_decided() && !before.removed;
            if let Some(person) = before.person.filter(|person| is_unsaid && !state.rejected.contains(person)) {
                (state.person, state.state) = (Some(person), before.state);
            }
            touched.extend(before.person.into_iter().chain(state.person).chain(state.rejected.iter().copied()));
            self.store_faces(&[(id, before, &state)])?;
        }
        Ok(())
    }

    /// A decision with the cover that has become of its cover by edits since.
    fn as_of_today(&self, line: Line) -> Result<Decision> {
        let Line { id, mut decision, .. } = line;
        if let Decision::Cover { face, .. } | Decision::Merge { cover: Some(face), .. } = &mut decision {
            *face = self.today(face, id)?.pop().unwrap_or_else(|| face.clone());
        }
        Ok(decision)
    }
}
