//! The journal carried out anew, on photos that were found again.

use std::collections::HashSet;

use super::decision::{Decision, FaceRef, LineId};
use super::journal::Journal;
use super::photos::{Hash, Writer};
use super::{Catalog, Result};

/// What the journal says, ready to be said of photos as a scan stores them: those of a library whose tables were made
/// anew, and those that were away when it was.
pub struct Replay {
    /// The decisions that stand, each said of the faces it was about and of what edits made of them.
    decisions: Vec<Decision>,
    /// The photos that they speak of.
    photos: HashSet<Hash>,
    /// The last line of the journal then.
    last: LineId,
}

impl Replay {
    /// # Errors
    /// Those of SQLite; a line that cannot be understood.
    pub fn load(catalog: &Catalog) -> Result<Self> {
        Ok(Self::of(&Journal::load(catalog)?))
    }

    fn of(journal: &Journal) -> Self {
        let said = |line: &super::Line| line.decision.said_of(|face| journal.today(face, line.id));
        let decisions: Vec<Decision> = journal.active().flat_map(said).collect();
        let faces = decisions.iter().flat_map(|decision| decision.faces().iter().chain(decision.group()));
        let photos = faces.filter_map(FaceRef::hash).collect();
        Self { decisions, photos, last: journal.lines.last().map_or(0, |line| line.id) }
    }

    /// Whether the user has said more since it was loaded or last asked. What a scan sees of edits is not of them: it has
    /// carried over itself what was said.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn is_outdated(&mut self, catalog: &Catalog) -> Result<bool> {
        let sql = "SELECT max(id), max(decision ->> 'do' <> 'edited') FROM journal WHERE id > ?1";
        let (last, said): (Option<LineId>, Option<bool>) =
            catalog.connection.query_row(sql, [self.last], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.last = last.unwrap_or(self.last);
        Ok(said == Some(true))
    }
}

impl Catalog {
    /// Forgets all that scans found and grouped, and keeps what the user said: the folders, and the people with their names.
    /// A scan finds the rest again, see [`Writer::replay`].
    ///
    /// # Errors
    /// Those of SQLite; then nothing is forgotten.
    pub fn forget_found(&mut self) -> Result<()> {
        let journal = Journal::load(self)?;
        self.batch(|writer| {
            for table in ["changes", "rejections", "embeddings", "thumbnails", "faces", "files", "photos", "people"] {
                writer.connection.execute(&format!("DELETE FROM {table}"), [])?;
            }
            for decision in Replay::of(&journal).decisions {
                writer.carry_out_on_people(&decision)?;
            }
            Ok(())
        })
    }
}

impl Writer<'_> {
    /// Says of the faces in these photos, which have just been stored, what the journal says of them.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn replay(&mut self, replay: &Replay, photos: &HashSet<Hash>) -> Result<()> {
        if replay.photos.is_disjoint(photos) {
            return Ok(());
        }
        self.connection.execute_batch("PRAGMA defer_foreign_keys = ON")?;
        let known = |face: &FaceRef| face.hash().filter(|hash| photos.contains(hash)).map(|_| face.clone());
        for decision in
            replay.decisions.iter().flat_map(|decision| decision.said_of(|face| known(face).into_iter().collect()))
        {
            self.carry_out_on_faces(&decision)?;
        }
        // What was recorded knows nothing of these faces.
        self.forget_changes()?;
        self.mend()
    }

    /// Makes the state that the journal speaks of: where a decision is taken back of which no change was recorded.
    pub(super) fn say_again(&mut self, journal: &Journal) -> Result<()> {
        // What was recorded of other lines speaks of rows that are made anew here.
        self.connection.execute_batch(
            "PRAGMA defer_foreign_keys = ON;
             DELETE FROM changes;
             UPDATE faces SET person_id = iif(state IS NULL, person_id, NULL), state = NULL, removed = 0;
             DELETE FROM rejections;
             UPDATE people SET name = NULL, key = NULL, hidden = 0, ignored = 0, born = NULL, cover = NULL;",
        )?;
        // What still stands is drawn again below.
        for line in journal.lines.iter().filter(|line| !journal.stands(line.id)) {
            for face in line.decision.drawn().iter().flat_map(|face| journal.today(face, line.id)) {
                if let Some(face) = self.find_face(&face)? {
                    self.erase_drawn(face)?;
                }
            }
        }
        let decisions = Replay::of(journal).decisions;
        for decision in &decisions {
            self.carry_out_on_people(decision)?;
        }
        for decision in &decisions {
            self.carry_out_on_faces(decision)?;
        }
        self.mend()
    }
}
