//! The index of the journal: which lines stand, and which of them are about a photo, a face or a person. It is derived from
//! the journal alone, so it can be rebuilt at any time, see [`Writer::index_journal`].

use std::collections::HashMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::decision::{Decision, FaceRef, Line, is_same_box};
use super::engine::{self, Optional, Row, params};
use super::photos::{Hash, Writer};
use super::word::{Merged, Word};
use super::{Catalog, FaceRow, LineId, PersonId, Result};
use crate::face::BoundingBox;

/// The tables of the index: every one refers to lines.
pub(super) const DERIVED: [&str; 8] =
    ["words", "line_people", "merges", "edits", "imported", "dates", "dated_edits", "lines"];

/// A line of the journal as the log shows it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub line: Line,
    /// What it is about in the end: itself, or the decision that it takes back or does again.
    pub about: Line,
    /// It is a decision that was taken back.
    pub taken_back: bool,
    /// How many newer ones go with it when it is taken back; `None` where it cannot be.
    pub newer: Option<usize>,
}

/// What an active line says of a face in a photo, which is known by its box there.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// The decision.
    pub line: LineId,
    pub word: Word,
    pub bounds: BoundingBox,
    /// The row of the word, as a word may reach a photo by several edits.
    id: i64,
}

impl Catalog {
    /// The line that an undo takes back: the newest decision that stands, or one that was done again.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn newest_line(&self) -> Result<Option<LineId>> {
        self.newest("decision")
    }

    /// The undo that a redo takes back.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn newest_undone(&self) -> Result<Option<LineId>> {
        self.newest("undo")
    }

    fn newest(&self, role: &str) -> Result<Option<LineId>> {
        let sql = "SELECT line FROM lines WHERE role = ?1 AND active ORDER BY line DESC LIMIT 1";
        Ok(self.connection.prepare(sql)?.query_row([role], |row| row.get(0)).optional()?)
    }

    /// A line of the journal.
    ///
    /// # Errors
    /// Those of SQLite; a line that cannot be understood.
    pub fn line(&self, line: LineId) -> Result<Option<Line>> {
        self.writer().line(line)
    }

    /// The decision that a line is about in the end: itself, or what it takes back or does again.
    ///
    /// # Errors
    /// Those of [`Catalog::line`].
    pub fn decision_of(&self, line: LineId) -> Result<Option<Line>> {
        match self.writer().origin(line)? {
            Some(origin) => self.line(origin),
            None => Ok(None),
        }
    }

    /// What the user decided, took back and did again, the newest first: so many lines after the first `skipped`.
    ///
    /// # Errors
    /// Those of [`Catalog::line`].
    pub fn log(&self, skipped: usize, limit: usize) -> Result<Vec<Entry>> {
        let sql = "SELECT line FROM lines WHERE role <> 'edit' ORDER BY line DESC LIMIT ?2 OFFSET ?1";
        let mut statement = self.connection.prepare(sql)?;
        let lines = statement.query_map([skipped as i64, limit.min(i64::MAX as usize) as i64], |row| row.get(0))?;
        let lines = lines.collect::<engine::Result<Vec<LineId>>>()?;
        lines.into_iter().filter_map(|line| self.entry(line).transpose()).collect()
    }

    /// How many lines [`Catalog::log`] could give.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn log_length(&self) -> Result<usize> {
        let sql = "SELECT count(*) FROM lines WHERE role <> 'edit'";
        Ok(self.connection.query_row(sql, [], |row| row.get::<i64>(0))? as usize)
    }

    /// A line as the log shows it.
    ///
    /// # Errors
    /// Those of [`Catalog::line`].
    pub fn entry(&self, line: LineId) -> Result<Option<Entry>> {
        let (Some(line), Some(about)) = (self.line(line)?, self.decision_of(line)?) else { return Ok(None) };
        let sql = "SELECT (SELECT count(*) FROM lines WHERE role = 'decision' AND active AND line > ?1)
                   FROM lines WHERE line = ?1 AND role = 'decision' AND active";
        let newer: Option<i64> = self.connection.prepare(sql)?.query_row([line.id], |row| row.get(0)).optional()?;
        let is_decision = !matches!(line.decision, Decision::Undo { .. } | Decision::Redo { .. });
        let taken_back = is_decision && !self.stands(line.id)?;
        Ok(Some(Entry { line, about, taken_back, newer: newer.map(|newer| newer as usize) }))
    }

    /// Whether a decision stands: it was not taken back, or was done again.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn stands(&self, decision: LineId) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM lines WHERE origin = ?1 AND role = 'decision' AND active)";
        Ok(self.connection.prepare(sql)?.query_row([decision], |row| row.get(0))?)
    }

    /// Whom a person or group has become by being merged into them.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn became(&self, person: PersonId) -> Result<Option<PersonId>> {
        let sql = "SELECT into_id FROM merges JOIN lines ON origin = merges.line AND role = 'decision' AND active
                   WHERE from_id = ?1 ORDER BY merges.line DESC LIMIT 1";
        let mut statement = self.connection.prepare(sql)?;
        let mut became = None;
        // Nobody is merged twice: a number is not given again.
        while let Some(next) = statement.query_row([became.unwrap_or(person)], |row| row.get(0)).optional()? {
            became = Some(next);
        }
        Ok(became)
    }

    /// The decision that says whose a face is: the last one, but hiding or ignoring somebody says it only of faces of which nothing
    /// else does.
    ///
    /// # Errors
    /// Those of [`Catalog::line`].
    pub fn reason_for(&self, face: &FaceRow) -> Result<Option<Line>> {
        let face = self.face_ref(face)?;
        let Some(hash) = face.hash() else { return Ok(None) };
        let mut lines: Vec<LineId> = self.writer().said_of(&hash, &face.bounds)?.iter().map(|said| said.line).collect();
        lines.dedup();
        let mut last = None;
        for line in lines.into_iter().rev() {
            let line = self.line(line)?;
            let whose = !matches!(line, Some(Line { decision: Decision::Hide { .. } | Decision::Ignore { .. }, .. }));
            if whose && line.is_some() {
                return Ok(line);
            }
            last = last.or(line);
        }
        Ok(last)
    }

    /// The faces that a face named at `line` is in photos known today: itself, and what became of it by later edits, in the order
    /// of the edits.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn today(&self, face: &FaceRef, line: LineId) -> Result<Vec<FaceRef>> {
        self.writer().today(face, line)
    }

    pub(super) fn writer(&self) -> Writer<'_> {
        Writer { connection: &self.connection }
    }
}

impl Writer<'_> {
    pub(super) fn line(&self, line: LineId) -> Result<Option<Line>> {
        let sql = "SELECT at, decision FROM journal WHERE id = ?1";
        let found =
            self.connection.prepare(sql)?.query_row([line], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)));
        let Some((at, decision)) = found.optional()? else { return Ok(None) };
        Ok(Some(Line { id: line, at, decision: serde_json::from_str(&decision)? }))
    }

    /// The decision that a line is about in the end.
    pub(super) fn origin(&self, line: LineId) -> Result<Option<LineId>> {
        let sql = "SELECT origin FROM lines WHERE line = ?1";
        Ok(self.connection.prepare(sql)?.query_row([line], |row| row.get(0)).optional()?)
    }

    /// Enters a new line into the index.
    pub(super) fn index(&mut self, line: LineId, decision: &Decision) -> Result<()> {
        let (origin, role) = match decision {
            Decision::Undo { line: of } | Decision::Redo { line: of } => {
                self.connection.prepare("UPDATE lines SET active = FALSE WHERE line = ?1")?.execute([of])?;
                let role = if matches!(decision, Decision::Undo { .. }) { "undo" } else { "decision" };
                (self.origin(*of)?.unwrap_or(*of), role)
            }
            Decision::Edited { .. } => (line, "edit"),
            _ => {
                // What was taken back before cannot be done again on top of it.
                let sql = "UPDATE lines SET active = FALSE WHERE role = 'undo' AND active";
                self.connection.prepare(sql)?.execute([])?;
                (line, "decision")
            }
        };
        let sql = "INSERT INTO lines (line, origin, role, active) VALUES (?1, ?2, ?3, TRUE)";
        self.connection.prepare(sql)?.execute(params![line, origin, role])?;
        self.index_words(line, decision)?;
        let sql = "INSERT INTO line_people (person, line) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let mut statement = self.connection.prepare(sql)?;
        for person in decision.people() {
            statement.execute(params![person, line])?;
        }
        if let Some((from, into)) = decision.merge() {
            let sql = "INSERT INTO merges (line, from_id, into_id) VALUES (?1, ?2, ?3)";
            self.connection.prepare(sql)?.execute(params![line, from, into])?;
        }
        Ok(())
    }

    fn index_words(&mut self, line: LineId, decision: &Decision) -> Result<()> {
        let sql = "INSERT INTO words (line, photo, x, y, width, height, word, person)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let mut statement = self.connection.prepare(sql)?;
        for (word, faces) in decision.words() {
            let (word, person) = word.columns();
            for face in faces {
                let (Some(hash), BoundingBox { x, y, width, height }) = (face.hash(), face.bounds) else { continue };
                statement.execute(params![line, hash, x, y, width, height, word, person])?;
            }
        }
        if let Decision::Import { people, .. } = decision {
            self.index_import(line, people)?;
        }
        self.index_dates(line, decision)?;
        if let Decision::Edited { faces, .. } = decision {
            let sql = "INSERT INTO edits (line, old_photo, old_x, old_y, old_width, old_height,
                                          new_photo, new_x, new_y, new_width, new_height)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
            let mut statement = self.connection.prepare(sql)?;
            for (old, new) in faces {
                let (Some(old_hash), Some(new_hash)) = (old.hash(), new.hash()) else { continue };
                let (old, new) = (old.bounds, new.bounds);
                statement.execute(params![
                    line, old_hash, old.x, old.y, old.width, old.height, new_hash, new.x, new.y, new.width, new.height
                ])?;
            }
        }
        Ok(())
    }

    /// Enters the lines of the journal that are not in the index yet, as after a migration.
    pub(super) fn index_journal(&mut self) -> Result<()> {
        let sql = "SELECT id, decision FROM journal WHERE id > (SELECT coalesce(max(line), 0) FROM lines) ORDER BY id";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let decision: Decision = serde_json::from_str(row.get_ref(1)?.as_str().unwrap_or(""))?;
            let line = row.get(0)?;
            Writer { connection: self.connection }.index(line, &decision)?;
        }
        Ok(())
    }

    /// Rebuilds the index, after lines were removed from the journal or inserted.
    pub(super) fn index_journal_anew(&mut self) -> Result<()> {
        for table in DERIVED {
            self.connection.execute(&format!("DELETE FROM {table}"), [])?;
        }
        self.index_journal()
    }

    /// All that the decisions that stand say of faces in a photo, in the order in which they were first made: what they say of
    /// faces there, and of faces that have become these by edits since.
    pub(super) fn said_in(&self, photo: &Hash) -> Result<Vec<Said>> {
        let mut said = self.said_before(photo, LineId::AFTER_ALL, &mut HashMap::new())?;
        said.sort_by_key(|said| (said.line, said.id));
        Ok(said)
    }

    /// The same of one face.
    pub(super) fn said_of(&self, photo: &Hash, bounds: &BoundingBox) -> Result<Vec<Said>> {
        let mut said = self.said_in(photo)?;
        said.retain(|said| is_same_box(&said.bounds, bounds));
        Ok(said)
    }

    /// What was said before a line. A photo that was edited back and forth is looked at once for each edit, by `known`.
    fn said_before(
        &self,
        photo: &Hash,
        end: LineId,
        known: &mut HashMap<(Hash, LineId), Vec<Said>>,
    ) -> Result<Vec<Said>> {
        if let Some(said) = known.get(&(*photo, end)) {
            return Ok(said.clone());
        }
        let sql = "SELECT words.id, words.line, x, y, width, height, word, person FROM words
                   WHERE photo = ?1 AND words.line < ?2 AND EXISTS
                       (SELECT 1 FROM lines WHERE origin = words.line AND role = 'decision' AND active)";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map(params![photo, end], |row| {
            let word = Word::of(row.get_ref(6)?.as_str()?, row.get(7)?);
            Ok(word.map(|word| (row.get(0), row.get(1), word, bounds(row, 2))))
        })?;
        let mut said = Vec::new();
        for row in rows {
            if let Some((id, line, word, bounds)) = row? {
                said.push(Said { id: id?, line: line?, word, bounds: bounds? });
            }
        }
        for (edit, old_photo, old, new) in self.edits("new_photo", photo)? {
            if edit >= end {
                continue;
            }
            for Said { id, line, word, bounds } in self.said_before(&old_photo, edit, known)? {
                let is_known = |other: &Said| other.id == id && is_same_box(&other.bounds, &new);
                if is_same_box(&bounds, &old) && !said.iter().any(is_known) {
                    said.push(Said { id, line, word, bounds: new });
                }
            }
        }
        known.insert((*photo, end), said.clone());
        Ok(said)
    }

    /// Edits whose photo in this column is `photo`, the oldest first: line, photo of the other column, old box, new box.
    fn edits(&self, column: &str, photo: &Hash) -> Result<Vec<(LineId, Hash, BoundingBox, BoundingBox)>> {
        let other = if column == "new_photo" { "old_photo" } else { "new_photo" };
        let sql = format!(
            "SELECT line, {other}, old_x, old_y, old_width, old_height, new_x, new_y, new_width, new_height
             FROM edits WHERE {column} = ?1 ORDER BY id"
        );
        Ok(self
            .connection
            .query_all(&sql, [photo], |row| Ok((row.get(0)?, row.get(1)?, bounds(row, 2)?, bounds(row, 6)?)))?)
    }

    /// The edits after a line, in their order: each a face and what has become of it.
    pub(super) fn edits_since(&self, line: LineId) -> Result<Vec<(FaceRef, FaceRef)>> {
        // Asked first, as otherwise all that were ever made would be looked at.
        let any = "SELECT EXISTS (SELECT 1 FROM lines WHERE role = 'edit' AND line > ?1)";
        if !self.connection.prepare(any)?.query_row([line], |row| row.get(0))? {
            return Ok(Vec::new());
        }
        let sql =
            "SELECT old_photo, new_photo, old_x, old_y, old_width, old_height, new_x, new_y, new_width, new_height
                   FROM edits WHERE line > ?1 ORDER BY id";
        Ok(self.connection.query_all(sql, [line], |row| {
            let (old, new): (Hash, Hash) = (row.get(0)?, row.get(1)?);
            Ok((FaceRef::new(&old, bounds(row, 2)?), FaceRef::new(&new, bounds(row, 6)?)))
        })?)
    }

    /// See [`Catalog::today`].
    pub(super) fn today(&self, face: &FaceRef, line: LineId) -> Result<Vec<FaceRef>> {
        // With the edit that made each of them.
        let mut faces = vec![(line, face.clone())];
        let mut next = 0;
        while let Some((since, face)) = faces.get(next).cloned() {
            next += 1;
            let Some(hash) = face.hash() else { continue };
            for (edit, photo, old, new) in self.edits("old_photo", &hash)? {
                let new = FaceRef::new(&photo, new);
                // An edit may bring back what was there before.
                let is_known = |(since, known): &(LineId, FaceRef)| *since <= edit && known.is(&new);
                if edit > since && is_same_box(&face.bounds, &old) && !faces.iter().any(is_known) {
                    faces.push((edit, new));
                }
            }
        }
        faces.sort_by_key(|(edit, _)| *edit);
        Ok(faces.into_iter().map(|(_, face)| face).collect())
    }

    /// The newest decision that stands and is about a face.
    pub(super) fn last_word_on(&self, face: &FaceRef) -> Result<Option<LineId>> {
        let Some(hash) = face.hash() else { return Ok(None) };
        Ok(self.said_of(&hash, &face.bounds)?.last().map(|said| said.line))
    }

    /// The merges that stand, in the order in which they were first made.
    pub(super) fn merges(&self) -> Result<Vec<Merged>> {
        let sql = "SELECT merges.line, from_id, into_id FROM merges
                   JOIN lines ON origin = merges.line AND role = 'decision' AND active ORDER BY merges.line";
        Ok(self
            .connection
            .query_all(sql, [], |row| Ok(Merged { line: row.get(0)?, from: row.get(1)?, into: row.get(2)? }))?)
    }

    /// The decisions that stand and are about any of these people, or all that stand; in the order in which they were first made,
    /// without the faces that they are about.
    pub(super) fn decisions_about(&self, people: Option<&[PersonId]>) -> Result<Vec<Line>> {
        let whose = match people {
            Some(people) => {
                let people = people.iter().map(PersonId::to_string).collect::<Vec<_>>().join(", ");
                format!("SELECT line FROM line_people WHERE person IN ({people})")
            }
            None => "SELECT line FROM lines WHERE role = 'decision'".to_owned(),
        };
        let sql = format!(
            "SELECT id, at, decision FROM journal WHERE id IN ({whose})
             AND EXISTS (SELECT 1 FROM lines WHERE origin = journal.id AND role = 'decision' AND active) ORDER BY id"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            let Faceless(mut decision) = serde_json::from_str(row.get_ref(2)?.as_str().unwrap_or(""))?;
            decision.insert("faces".to_owned(), serde_json::json!([]));
            lines.push(Line { id: row.get(0)?, at: row.get(1)?, decision: serde_json::from_value(decision.into())? });
        }
        Ok(lines)
    }
}

/// A decision without the faces that it is about, which may be thousands.
struct Faceless(serde_json::Map<String, serde_json::Value>);

impl<'de> Deserialize<'de> for Faceless {
    fn deserialize<D: Deserializer<'de>>(decision: D) -> std::result::Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Faceless;

            fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
                out.write_str("a decision")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> std::result::Result<Faceless, A::Error> {
                let mut kept = serde_json::Map::new();
                while let Some(name) = fields.next_key::<String>()? {
                    if matches!(name.as_str(), "faces" | "group") {
                        fields.next_value::<IgnoredAny>()?;
                    } else {
                        kept.insert(name, fields.next_value()?);
                    }
                }
                Ok(Faceless(kept))
            }
        }
        decision.deserialize_map(Fields)
    }
}

/// Whether every line of the journal is in the index.
pub(super) fn is_complete(connection: &rusqlite::Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT (SELECT coalesce(max(id), 0) FROM journal) = (SELECT coalesce(max(line), 0) FROM lines)";
    connection.query_row(sql, [], |row| row.get(0))
}

fn bounds(row: &Row, first: usize) -> engine::Result<BoundingBox> {
    Ok(BoundingBox {
        x: row.get(first)?,
        y: row.get(first + 1)?,
        width: row.get(first + 2)?,
        height: row.get(first + 3)?,
    })
}
