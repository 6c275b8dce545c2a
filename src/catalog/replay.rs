//! The journal carried out anew, on photos that were found again.

use std::collections::HashSet;

use super::decision::{FaceRef, LineId};
use super::journal::Journal;
use super::photos::{Hash, Writer};
use super::{Catalog, Result};

/// What the journal says, ready to be said of photos as a scan stores them: those of a library whose tables were made
/// anew, and those that were away when it was.
pub struct Replay {
    journal: Journal,
    /// The photos that it speaks of.
    photos: HashSet<Hash>,
}

impl Replay {
    /// # Errors
    /// Those of SQLite; a line that cannot be understood.
    pub fn load(catalog: &Catalog) -> Result<Self> {
        let journal = Journal::load(catalog)?;
        let said = journal.standing().flat_map(|line| line.decision.faces().iter().chain(line.decision.group()));
        let edited = journal.edits().flat_map(|(_, faces)| faces).map(|(_, new)| new);
        let photos = said.chain(edited).filter_map(FaceRef::hash).collect();
        Ok(Self { journal, photos })
    }

    /// Whether the user spoke of some face in this photo.
    pub fn speaks_of(&self, photo: &Hash) -> bool {
        self.photos.contains(photo)
    }
}

impl Journal {
    /// The faces that a face named at `line` is in photos known today: itself, and what became of it by later edits.
    fn today(&self, face: &FaceRef, line: LineId) -> Vec<FaceRef> {
        let mut faces = vec![face.clone()];
        for (_, edited) in self.edits().filter(|(edit, _)| *edit > line) {
            let became = edited.iter().filter(|(old, _)| faces.iter().any(|face| face.is(old)));
            let became: Vec<FaceRef> = became.map(|(_, new)| new.clone()).collect();
            faces.extend(became);
        }
        faces
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
            for table in ["changes", "rejections", "embeddings", "faces", "files", "photos", "people"] {
                writer.connection.execute(&format!("DELETE FROM {table}"), [])?;
            }
            for line in journal.standing() {
                writer.carry_out_on_people(&line.decision)?;
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
        if photos.iter().any(|photo| replay.speaks_of(photo)) {
            self.connection.execute_batch("PRAGMA defer_foreign_keys = ON")?;
            self.say_of_faces(&replay.journal, &|face| face.hash().is_some_and(|hash| photos.contains(&hash)))?;
        }
        Ok(())
    }

    /// Makes the state that the journal speaks of: where a decision is taken back of which no change was recorded.
    pub(super) fn say_again(&mut self, journal: &Journal) -> Result<()> {
        self.connection.execute_batch(
            "PRAGMA defer_foreign_keys = ON;
             UPDATE faces SET person_id = iif(state IS NULL, person_id, NULL), state = NULL, removed = 0;
             DELETE FROM rejections;
             UPDATE people SET name = NULL, key = NULL, hidden = 0, ignored = 0, born = NULL;",
        )?;
        // What still stands is drawn again below.
        for line in journal.lines.iter().filter(|line| !journal.stands(line.id)) {
            for face in line.decision.drawn().iter().flat_map(|face| journal.today(face, line.id)) {
                if let Some(face) = self.find_face(&face)? {
                    self.erase_drawn(face)?;
                }
            }
        }
        for line in journal.standing() {
            self.carry_out_on_people(&line.decision)?;
        }
        self.say_of_faces(journal, &|_| true)
    }

    fn say_of_faces(&mut self, journal: &Journal, of: &dyn Fn(&FaceRef) -> bool) -> Result<()> {
        for line in journal.standing() {
            let stands_for = |face: &FaceRef| {
                let mut faces = journal.today(face, line.id);
                faces.retain(of);
                faces
            };
            self.carry_out_on_faces(&line.decision, &stands_for)?;
        }
        self.mend()
    }
}
