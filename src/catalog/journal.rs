//! What the user decided, in the order in which they did: each decision is appended, and carried out in the same transaction.

use std::collections::BTreeSet;

use super::changes::recorded;
use super::decision::{Decision, FaceRef, Line};
use super::engine::{Access, params};
use super::text::tidy;
use super::{Catalog, CatalogError, FaceId, FaceRow, LineId, NewFace, PersonId, PhotoId, Result, State, Who, now};

impl Catalog {
    /// Appends a decision and carries it out; `then` does what follows from it, such as automatic tags, and is rolled
    /// back with it. What changes nothing, as it was said before, is not said again.
    ///
    /// # Errors
    /// Those of SQLite and of `then`; then nothing has changed.
    pub fn decide<T, E: From<CatalogError>>(
        &mut self,
        decision: &Decision,
        then: impl FnOnce(&mut Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.appended(decision, |catalog| {
            catalog.batch(|writer| {
                match decision.people().into_iter().find_map(|person| writer.nobody(person).transpose()) {
                    Some(nobody) => Err(CatalogError::Nobody(nobody?)),
                    None => writer.carry_out(decision),
                }
            })?;
            then(catalog)
        })
    }

    /// Takes back the newest decision that stands. Returns it, or `None` where there is none.
    ///
    /// `then` does what follows, and is taken back with it. It gets the people to compare with others again, as scans have found faces
    /// since.
    ///
    /// # Errors
    /// Those of SQLite and of `then`; then nothing has changed.
    pub fn undo<E: From<CatalogError>>(
        &mut self,
        then: impl FnOnce(&mut Self, &[PersonId]) -> std::result::Result<(), E>,
    ) -> std::result::Result<Option<Line>, E> {
        self.exclusively(|catalog| match catalog.newest_line()? {
            Some(line) => catalog.take_back(line, &Decision::Undo { line }, then),
            None => Ok(None),
        })
    }

    /// Does again what was taken back last, unless something else was decided since. Returns the decision. `then` as in
    /// [`Catalog::undo`].
    ///
    /// # Errors
    /// Those of SQLite and of `then`; then nothing has changed.
    pub fn redo<E: From<CatalogError>>(
        &mut self,
        then: impl FnOnce(&mut Self, &[PersonId]) -> std::result::Result<(), E>,
    ) -> std::result::Result<Option<Line>, E> {
        self.exclusively(|catalog| match catalog.newest_undone()? {
            Some(line) => catalog.take_back(line, &Decision::Redo { line }, then),
            None => Ok(None),
        })
    }

    /// A number that is another once somebody else has changed the library; only this connection can compare it.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn version(&self) -> Result<i64> {
        Ok(self.connection.version()?)
    }

    /// Whether nothing is being changed by this connection, as it still is where the end of a change has failed.
    pub fn is_at_rest(&self) -> bool {
        self.connection.is_at_rest()
    }

    /// Whether [`Catalog::move_log`] has much to do.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn has_long_log(&self) -> Result<bool> {
        Ok(self.connection.has_long_log()?)
    }

    /// Moves what is in SQLite's log into the file. What was decided is on disk before it, so do it after the answer.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn move_log(&self) -> Result<()> {
        Ok(self.connection.move_log()?)
    }

    /// Runs `work` while nobody else writes: what it reads is still so when it writes. All of it is kept, or none.
    ///
    /// # Errors
    /// Those of SQLite and of `work`; then nothing has changed.
    pub fn exclusively<T, E: From<CatalogError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.transaction(Access::Decide, work)
    }

    /// Runs `work`, which only reads, on the library as it is now, whatever others write meanwhile.
    ///
    /// # Errors
    /// Those of SQLite and of `work`.
    pub fn unchanging<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.transaction(Access::Read, work)
    }

    /// Runs `work` in the transaction that goes on, or else in one of its own.
    pub(super) fn transaction<T, E: From<CatalogError>>(
        &mut self,
        access: Access,
        work: impl FnOnce(&mut Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        if !self.is_at_rest() {
            return work(self);
        }
        self.connection.begin(access).map_err(CatalogError::from)?;
        let done =
            work(self).and_then(|done| Ok(self.connection.commit().map(|()| done).map_err(CatalogError::from)?));
        // What went wrong first is what counts.
        if done.is_err() {
            let _ = self.connection.roll_back();
        }
        // What was written into a file that nobody can open any more is not kept.
        done.and_then(|done| Ok(self.check_is_there().map(|()| done)?))
    }

    fn run(&self, sql: &str) -> Result<()> {
        Ok(self.connection.execute_batch(sql)?)
    }

    /// Reverts a line, which is a decision or an undo. Returns the decision that it is about.
    fn take_back<E: From<CatalogError>>(
        &mut self,
        line: LineId,
        appended: &Decision,
        then: impl FnOnce(&mut Self, &[PersonId]) -> std::result::Result<(), E>,
    ) -> std::result::Result<Option<Line>, E> {
        let Some(decision) = self.decision_of(line)? else { return Ok(None) };
        self.appended(appended, |catalog| {
            let touched = catalog.batch(|writer| writer.take_back(line, &decision))?;
            then(catalog, &touched)
        })?;
        Ok(Some(decision))
    }

    /// A line and all that comes of it, in one transaction.
    fn appended<T, E: From<CatalogError>>(
        &mut self,
        decision: &Decision,
        work: impl FnOnce(&mut Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.exclusively(|catalog| {
            catalog.run("SAVEPOINT decision")?;
            let takes_back = matches!(decision, Decision::Undo { .. } | Decision::Redo { .. });
            let line = catalog.batch(|writer| writer.append(decision)).map_err(E::from);
            let done = line.and_then(|line| {
                recorded(catalog, line, |catalog| {
                    let done = work(catalog)?;
                    catalog.batch(|writer| writer.note_regrouped_by(line, takes_back))?;
                    Ok(done)
                })
            });
            if done.is_err() && catalog.is_at_rest() {
                return Ok(done?.0);
            }
            if !done.as_ref().is_ok_and(|(_, changed)| *changed || takes_back) {
                catalog.run("ROLLBACK TO decision")?;
            }
            catalog.run("RELEASE decision")?;
            Ok(done?.0)
        })
    }

    /// The last line, or [`LineId::BEFORE_ALL`].
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn last_line(&self) -> Result<LineId> {
        self.writer().last_line()
    }

    /// A group gets a name; where a person has it already, the group is theirs.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn naming(&self, group: &Who, name: &str) -> Result<Decision> {
        match self.person_called(name)? {
            Some(person) if person.id != group.id => self.merging(group, &person),
            _ => Ok(Decision::Name { person: group.id, name: tidy(name), faces: self.seen_faces(group.id)? }),
        }
    }

    /// A person gets another name, which the caller has made sure that nobody else has.
    pub fn renaming(&self, person: &Who, to: &str) -> Decision {
        let from = person.name.clone().unwrap_or_default();
        Decision::Rename { person: person.id, from, to: tidy(to) }
    }

    /// All faces of `from` are of `into`.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn merging(&self, from: &Who, into: &Who) -> Result<Decision> {
        let rejected = [self.rejected_for(from.id)?, self.rejected_for(into.id)?];
        // Automatic tags move too, and stay automatic.
        let mut faces = Vec::new();
        for face in self.faces_not_auto(from.id)? {
            faces.push(self.face_ref(&face)?);
        }
        // The user has looked at both: neither may drift away from the other later.
        faces.extend(self.unsaid_faces(into.id)?);
        // Only the user's own word overrules an earlier rejection.
        for &face in BTreeSet::from_iter(rejected.iter().flatten()) {
            let is_overruled = |row: &FaceRow| match row.person {
                Some(person) if person == from.id => row.state == Some(State::Auto),
                Some(person) => person == into.id && rejected[0].contains(&face),
                None => false,
            };
            if let Some(row) = self.face_if_seen(face)?.filter(is_overruled) {
                faces.push(self.face_ref(&row)?);
            }
        }
        let (from, from_name, into) = (from.id, from.name.clone(), into.id);
        Ok(Decision::Merge { from, from_name, into, faces, cover: self.cover_of_both(from, into)? })
    }

    /// A group or person is hidden from the lists, or shown again.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn hiding(&self, person: &Who, hidden: bool) -> Result<Decision> {
        Ok(Decision::Hide { person: person.id, hidden, faces: self.seen_faces(person.id)? })
    }

    /// A group is a stranger's, or is not.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn ignoring(&self, group: &Who, ignored: bool) -> Result<Decision> {
        Ok(Decision::Ignore { person: group.id, ignored, faces: self.seen_faces(group.id)? })
    }

    /// These faces are of this person; one who `is_new` gets the name with it.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn confirming(&self, (person, is_new): (&Who, bool), faces: &[FaceId]) -> Result<Decision> {
        let name = person.name.clone().filter(|_| is_new);
        Ok(Decision::Confirm { person: person.id, name, faces: self.face_refs(faces)? })
    }

    /// These faces are not of this person or group.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn rejecting(&self, person: PersonId, faces: &[FaceId]) -> Result<Decision> {
        Ok(Decision::Reject { person, faces: self.face_refs(faces)?, group: self.unsaid_faces(person)? })
    }

    /// These faces of `from` are of somebody else; one who `is_new` gets the name with it, if they have one.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn splitting(&self, from: PersonId, faces: &[FaceId], (into, is_new): (&Who, bool)) -> Result<Decision> {
        let name = into.name.clone().filter(|_| is_new);
        let faces = self.face_refs(faces)?;
        let mut group = self.unsaid_faces(from)?;
        group.retain(|face| !faces.contains(face));
        Ok(Decision::Split { from, into: into.id, name, faces, group })
    }

    /// There is a face that no detector saw: upright box and landmarks in fractions of the photo.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn drawing(&self, photo: PhotoId, drawn: &NewFace, (person, is_new): (&Who, bool)) -> Result<Decision> {
        Ok(Decision::Draw {
            face: FaceRef::new(&self.photo(photo)?.hash, drawn.bounds),
            landmarks: drawn.landmarks,
            quality: drawn.quality,
            person: person.id,
            name: person.name.clone().filter(|_| is_new),
        })
    }

    /// This face is to show a person by.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn covering(&self, person: PersonId, face: &FaceRow) -> Result<Decision> {
        Ok(Decision::Cover { person, face: self.face_ref(face)? })
    }

    /// These are no faces.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn removing(&self, faces: &[FaceId]) -> Result<Decision> {
        Ok(Decision::Remove { faces: self.face_refs(faces)? })
    }

    /// The faces of a person that a decision about all of them lists. Those that facetag tagged automatically are
    /// left out: naming a group says what was seen, not what was guessed.
    fn seen_faces(&self, person: PersonId) -> Result<Vec<FaceRef>> {
        let faces = self.faces_of(person)?;
        faces.iter().filter(|face| face.state != Some(State::Auto)).map(|face| self.face_ref(face)).collect()
    }

    /// The faces of a group that the user has said nothing of yet; none of any other.
    fn unsaid_faces(&self, group: PersonId) -> Result<Vec<FaceRef>> {
        if self.status(group)?.fixed { Ok(Vec::new()) } else { self.seen_faces(group) }
    }

    fn face_refs(&self, faces: &[FaceId]) -> Result<Vec<FaceRef>> {
        faces.iter().map(|&face| self.face_ref(&self.face(face)?)).collect()
    }

    /// A face in words that outlive the tables.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn face_ref(&self, face: &FaceRow) -> Result<FaceRef> {
        let sql = "SELECT hash FROM photos WHERE id = ?1";
        let hash = self.connection.prepare(sql)?.query_row([face.photo], |row| row.get(0))?;
        Ok(FaceRef::new(&hash, face.bounds))
    }
}

impl super::Writer<'_> {
    /// Reverts a line, which is about this decision. Returns the people of whom scans have found faces since, and others who are to be
    /// compared again with them.
    fn take_back(&mut self, line: LineId, decision: &Line) -> Result<Vec<PersonId>> {
        let mut people: BTreeSet<PersonId> = decision.decision.people().into_iter().collect();
        people.extend(self.ids::<PersonId>("SELECT id FROM before_people WHERE line = ?1", [line])?);
        let before = self.tagging(&people)?;
        if self.revert(line)? {
            self.carry_on_since(decision, line)?;
        } else {
            self.derive_again(decision)?;
        }
        self.release_members(line, self.tagging(&people)?.difference(&before))?;
        self.settle_dates_of(&decision.decision)?;
        if !decision.decision.bears_on_grouping() || !self.has_regrouped_since(line)? {
            // All is as it was.
            return Ok(Vec::new());
        }
        people.extend(self.people_before(line)?);
        let ids: Vec<PersonId> = people.into_iter().collect();
        Ok(self.people(&ids)?.0.into_keys().collect())
    }

    /// Those of these people of whom faces are tagged: they have a name, or are hidden or ignored.
    fn tagging(&self, people: &BTreeSet<PersonId>) -> Result<BTreeSet<PersonId>> {
        let ids: Vec<PersonId> = people.iter().copied().collect();
        let known = self.people(&ids)?.0.into_iter();
        let tagging = known.filter(|(_, person)| person.name.is_some() || person.hidden || person.ignored);
        Ok(tagging.map(|(id, _)| id).collect())
    }

    /// Faces that came to a group while it had no name are not tags, now that it has one again: they are compared again.
    fn release_members<'p>(&mut self, line: LineId, people: impl Iterator<Item = &'p PersonId>) -> Result<()> {
        for person in people {
            let sql = "UPDATE faces SET person_id = NULL
                       WHERE id IN (SELECT id FROM seen_faces WHERE person_id = ?1 AND state IS NULL)
                       AND NOT EXISTS (SELECT 1 FROM before_faces WHERE line = ?2 AND before_faces.id = faces.id)";
            self.connection.prepare(sql)?.execute(params![person, line])?;
        }
        Ok(())
    }

    /// See [`Catalog::last_line`].
    pub(super) fn last_line(&self) -> Result<LineId> {
        let sql = "SELECT coalesce(max(id), 0) FROM journal";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    pub(super) fn append(&mut self, decision: &Decision) -> Result<LineId> {
        let sql = "INSERT INTO journal (at, decision) VALUES (?1, ?2) RETURNING id";
        let line =
            self.connection.query_row(sql, params![now(), serde_json::to_string(decision)?], |row| row.get(0))?;
        self.index(line, decision)?;
        Ok(line)
    }
}
