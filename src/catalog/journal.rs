//! What the user said, in the order it was said: each decision is appended, and carried out in the same transaction.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::changes::recorded;
use super::decision::{Decision, FaceRef, Line, LineId};
use super::text::tidy;
use super::{Catalog, CatalogError, FaceId, FaceRow, NewFace, PersonId, PhotoId, Result, State, Who, now};

impl Catalog {
    /// Appends a decision and carries it out; `then` does what follows from it, such as tagging by itself, and is taken
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
            catalog.batch(|writer| writer.carry_out(decision))?;
            then(catalog)
        })
    }

    /// Takes back the last decision that stands. Returns it, or `None` where there is none.
    ///
    /// # Errors
    /// Those of SQLite; then nothing has changed.
    pub fn undo(&mut self) -> Result<Option<Line>> {
        self.exclusively(|catalog| {
            let journal = Journal::load(catalog)?;
            match journal.active.last() {
                Some(&line) => catalog.take_back(&journal, line, Decision::Undo { line }),
                None => Ok(None),
            }
        })
    }

    /// Does again what was taken back last, unless something else was decided since. Returns the decision.
    ///
    /// # Errors
    /// Those of SQLite; then nothing has changed.
    pub fn redo(&mut self) -> Result<Option<Line>> {
        self.exclusively(|catalog| {
            let journal = Journal::load(catalog)?;
            match journal.undone.last() {
                Some(&line) => catalog.take_back(&journal, line, Decision::Redo { line }),
                None => Ok(None),
            }
        })
    }

    /// A number that is another once somebody else has changed the library; only this connection can compare it.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn version(&self) -> Result<i64> {
        Ok(self.connection.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    /// Whether nothing is being changed by this connection, as it still is where the end of a change has failed.
    pub fn is_at_rest(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Runs `work` while nobody else writes: what it reads is still so when it writes. All of it is kept, or none.
    ///
    /// # Errors
    /// Those of SQLite and of `work`; then nothing has changed.
    pub fn exclusively<T, E: From<CatalogError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.transaction("BEGIN IMMEDIATE", work)
    }

    /// Runs `work`, which only reads, on the library as it is now, whatever others write meanwhile.
    ///
    /// # Errors
    /// Those of SQLite and of `work`.
    pub fn unchanging<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.transaction("BEGIN", work)
    }

    /// Runs `work` in the transaction that goes on, or else in one of its own.
    fn transaction<T, E: From<CatalogError>>(
        &mut self,
        begin: &str,
        work: impl FnOnce(&mut Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        if !self.is_at_rest() {
            return work(self);
        }
        self.run(begin)?;
        let done = work(self).and_then(|done| Ok(self.run("COMMIT").map(|()| done)?));
        // On a full disk SQLite has done that itself; what went wrong first is what counts.
        if done.is_err() && !self.is_at_rest() {
            let _ = self.run("ROLLBACK");
        }
        // What was written into a file that nobody can open any more is not kept.
        done.and_then(|done| Ok(self.check_is_there().map(|()| done)?))
    }

    fn run(&self, sql: &str) -> Result<()> {
        Ok(self.connection.execute_batch(sql)?)
    }

    /// Reverts a line, which is a decision or an undo.
    fn take_back(&mut self, journal: &Journal, line: LineId, appended: Decision) -> Result<Option<Line>> {
        self.appended(&appended, |catalog| {
            if catalog.batch(|writer| writer.revert(line))? {
                return catalog.batch(|writer| writer.carry_on(journal.edits_since(line)));
            }
            let journal = Journal::load(catalog)?;
            catalog.batch(|writer| writer.say_again(&journal))
        })?;
        Ok(journal.decision_of(line).cloned())
    }

    /// A line and all that comes of it, in one transaction.
    fn appended<T, E: From<CatalogError>>(
        &mut self,
        decision: &Decision,
        work: impl FnOnce(&mut Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.exclusively(|catalog| {
            catalog.run("SAVEPOINT decision")?;
            let line = catalog.batch(|writer| writer.append(decision)).map_err(E::from);
            let done = line.and_then(|line| recorded(catalog, line, work));
            let takes_back = matches!(decision, Decision::Undo { .. } | Decision::Redo { .. });
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

    /// The line that an undo would take back: a decision, or one that was done again.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn newest_line(&self) -> Result<Option<LineId>> {
        Ok(Journal::load(self)?.newest())
    }

    /// The undo that a redo would take back.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn newest_undone(&self) -> Result<Option<LineId>> {
        Ok(Journal::load(self)?.newest_undone())
    }

    /// The number of the last line, or 0.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn last_line(&self) -> Result<LineId> {
        let sql = "SELECT coalesce(max(id), 0) FROM journal";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
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
        let refused = self.rejected_for(into.id)?;
        let mut faces = Vec::new();
        for face in self.faces_of(from.id)? {
            // One of whom the user said that it is not theirs does not come along.
            if face.state != Some(State::Auto) && !refused.contains(&face.id) {
                faces.push(self.face_ref(&face)?);
            }
        }
        // The user has looked at both: neither may drift away from the other later.
        faces.extend(self.unsaid_faces(into.id)?);
        Ok(Decision::Merge { from: from.id, from_name: from.name.clone(), into: into.id, faces })
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

    /// The faces of a person that a decision about all of them speaks of. Those that facetag tagged by itself are
    /// left out: naming a group says what was seen, not what was guessed.
    fn seen_faces(&self, person: PersonId) -> Result<Vec<FaceRef>> {
        let faces = self.faces_of(person)?;
        faces.iter().filter(|face| face.state != Some(State::Auto)).map(|face| self.face_ref(face)).collect()
    }

    /// The faces of a group that the user has said nothing of yet; none of any other.
    fn unsaid_faces(&self, group: PersonId) -> Result<Vec<FaceRef>> {
        if self.spoken_of()?.contains(&group) { Ok(Vec::new()) } else { self.seen_faces(group) }
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
        let hash = self.connection.prepare_cached(sql)?.query_row([face.photo], |row| row.get(0))?;
        Ok(FaceRef::new(&hash, face.bounds))
    }
}

impl super::Writer<'_> {
    pub(super) fn append(&mut self, decision: &Decision) -> Result<LineId> {
        let sql = "INSERT INTO journal (at, decision) VALUES (?1, ?2)";
        self.connection.execute(sql, params![now(), serde_json::to_string(decision)?])?;
        Ok(self.connection.last_insert_rowid())
    }
}

/// The journal in memory, and what of it stands.
#[derive(Debug, Clone)]
pub struct Journal {
    /// All lines, oldest first.
    pub lines: Vec<Line>,
    /// Lines that stand, oldest first: decisions and redone ones.
    active: Vec<LineId>,
    /// Lines of undos that a redo can take back, the last one last.
    undone: Vec<LineId>,
    /// By the photo that was edited: the line at which a scan saw it, a face in it, and what that became.
    edits: HashMap<String, Vec<(LineId, FaceRef, FaceRef)>>,
}

impl Journal {
    /// # Errors
    /// Those of SQLite; a line that cannot be understood.
    pub fn load(catalog: &Catalog) -> Result<Self> {
        Self::read(&catalog.connection)
    }

    pub(super) fn read(connection: &Connection) -> Result<Self> {
        let mut statement = connection.prepare("SELECT id, at, decision FROM journal ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            let decision = serde_json::from_str(row.get_ref(2)?.as_str().unwrap_or(""))?;
            lines.push(Line { id: row.get(0)?, at: row.get(1)?, decision });
        }
        Ok(Self::new(lines))
    }

    fn new(lines: Vec<Line>) -> Self {
        let (mut active, mut undone) = (Vec::new(), Vec::new());
        let mut edits: HashMap<String, Vec<(LineId, FaceRef, FaceRef)>> = HashMap::new();
        for Line { id, decision, .. } in &lines {
            match decision {
                Decision::Edited { faces } => {
                    for (old, new) in faces {
                        edits.entry(old.photo.clone()).or_default().push((*id, old.clone(), new.clone()));
                    }
                }
                Decision::Undo { .. } => {
                    active.pop();
                    undone.push(*id);
                }
                Decision::Redo { .. } => {
                    undone.pop();
                    active.push(*id);
                }
                _ => {
                    active.push(*id);
                    undone.clear();
                }
            }
        }
        Self { lines, active, undone, edits }
    }

    fn line(&self, id: LineId) -> Option<&Line> {
        self.lines.binary_search_by_key(&id, |line| line.id).ok().map(|index| &self.lines[index])
    }

    /// The decision that a line is about in the end: itself, or what it takes back or does again.
    pub fn decision_of(&self, id: LineId) -> Option<&Line> {
        let line = self.line(id)?;
        match line.decision {
            Decision::Undo { line } | Decision::Redo { line } => self.decision_of(line),
            _ => Some(line),
        }
    }

    /// The decisions that stand, in the order in which they were first said.
    pub fn active(&self) -> impl DoubleEndedIterator<Item = &Line> {
        self.active.iter().filter_map(|&id| self.decision_of(id))
    }

    /// The line that an undo would take back: a decision, or one that was done again.
    pub fn newest(&self) -> Option<LineId> {
        self.active.last().copied()
    }

    /// How many lines that stand are newer than this one and go first when it is taken back; `None` where it cannot be, as it
    /// stands no more or was done again in another line.
    pub fn newer_than(&self, line: LineId) -> Option<usize> {
        let index = self.active.binary_search(&line).ok()?;
        Some(self.active.len() - 1 - index)
    }

    /// Whom a person or group has become by being made one with them.
    pub fn became(&self, person: PersonId) -> Option<PersonId> {
        let merged = |gone: PersonId| {
            self.active().rev().find_map(|line| match line.decision {
                Decision::Merge { from, into, .. } if from == gone => Some(into),
                _ => None,
            })
        };
        let mut became = merged(person)?;
        // Nobody is merged twice: a number is not given again.
        while let Some(next) = merged(became) {
            became = next;
        }
        Some(became)
    }

    /// The undo that a redo would take back.
    pub fn newest_undone(&self) -> Option<LineId> {
        self.undone.last().copied()
    }

    /// Whether a line stands: a decision that was not taken back.
    pub fn stands(&self, id: LineId) -> bool {
        self.active().any(|line| line.id == id)
    }

    /// The last decision that stands and speaks of a face.
    pub fn last_word_on(&self, face: &FaceRef) -> Option<&Line> {
        self.words_on(face).next()
    }

    /// The decision that says whose a face is: the last one, but hiding or ignoring somebody says it only of faces of which nothing
    /// else does.
    pub fn reason_for(&self, face: &FaceRef) -> Option<&Line> {
        let shows = |line: &&Line| !matches!(line.decision, Decision::Hide { .. } | Decision::Ignore { .. });
        self.words_on(face).find(shows).or_else(|| self.last_word_on(face))
    }

    fn words_on(&self, face: &FaceRef) -> impl Iterator<Item = &Line> {
        self.active().rev().filter(|line| {
            let faces = line.decision.faces().iter().chain(line.decision.group());
            faces.flat_map(|other| self.today(other, line.id)).any(|other| other.is(face))
        })
    }

    /// The faces that a face named at `line` is in photos known today: itself, and what became of it by later edits.
    pub fn today(&self, face: &FaceRef, line: LineId) -> Vec<FaceRef> {
        // With the edit that made each of them.
        let mut faces = vec![(line, face.clone())];
        let mut next = 0;
        while let Some((since, face)) = faces.get(next).cloned() {
            let edits = self.edits.get(&face.photo).into_iter().flatten();
            for (edit, _, new) in edits.filter(|(edit, old, _)| *edit > since && face.is(old)) {
                // An edit may bring back what was there before.
                if !faces.iter().any(|(since, known)| since <= edit && known.is(new)) {
                    faces.push((*edit, new.clone()));
                }
            }
            next += 1;
        }
        faces.sort_by_key(|(edit, _)| *edit);
        faces.into_iter().map(|(_, face)| face).collect()
    }

    /// What scans saw of edits of photos since a line.
    fn edits_since(&self, line: LineId) -> impl Iterator<Item = &[(FaceRef, FaceRef)]> {
        let first = self.decision_of(line).map_or(line, |line| line.id);
        self.lines.iter().filter(move |line| line.id > first).filter_map(|line| match &line.decision {
            Decision::Edited { faces } => Some(faces.as_slice()),
            _ => None,
        })
    }
}
