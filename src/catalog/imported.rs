//! Names that were imported: one import is one decision.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::decision::{Decision, FaceRef};
use super::engine::{Optional, params};
use super::photos::{Hash, Writer};
use super::text::{fold, tidy};
use super::word::Word;
use super::{Catalog, FaceId, LineId, PersonId, PhotoId, Result, Who};
use crate::face::{BoundingBox, Landmarks};

/// Somebody whose name was imported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportedPerson {
    pub person: PersonId,
    /// Where they are new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Faces that were detected.
    pub faces: Vec<FaceRef>,
    /// Faces that no detector saw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drawn: Vec<DrawnRef>,
    /// What was said there.
    pub claims: Vec<ClaimRef>,
}

/// A face that no detector saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrawnRef {
    pub face: FaceRef,
    pub landmarks: Landmarks,
    pub quality: f32,
}

/// A name as it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimRef {
    /// BLAKE3 of the photo, in hexadecimal.
    pub photo: String,
    /// As it was found, in fractions of the upright photo; `None` where only the photo was known.
    #[serde(rename = "box", default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<BoundingBox>,
    pub name: String,
    /// Why the face was taken for theirs, where only the photo was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// An import while it is put together.
#[derive(Debug)]
pub struct Imported {
    from: String,
    /// The number that the next new person will have.
    next: PersonId,
    new: BTreeMap<String, PersonId>,
    people: BTreeMap<PersonId, ImportedPerson>,
}

/// Two boxes are the same claim, but for rounding.
const SAME_CLAIM: f32 = 0.9;

impl ImportedPerson {
    /// What is said of faces.
    pub(super) fn words(&self) -> impl Iterator<Item = (Word, &[FaceRef])> {
        let drawn = self.drawn.iter().map(|drawn| (Word::Drawn(self.person), std::slice::from_ref(&drawn.face)));
        std::iter::once((Word::Is(self.person), self.faces.as_slice())).chain(drawn)
    }
}

impl Imported {
    /// `from` says where from, in words; `next` is the number of the next new person.
    pub fn new(from: &str, next: PersonId) -> Self {
        Self { from: from.to_owned(), next, new: BTreeMap::new(), people: BTreeMap::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// A detected face is of the person of this name, who may be known; `claimed` is the name as it was found.
    pub fn tag(&mut self, person: Option<Who>, name: &str, claimed: (&str, BoundingBox), face: FaceRef) {
        let claim =
            ClaimRef { photo: face.photo.clone(), bounds: Some(claimed.1), name: claimed.0.to_owned(), why: None };
        let imported = self.person(person, name);
        imported.faces.push(face);
        imported.claims.push(claim);
    }

    /// The same of a face in a photo of which only the names were known, and why it is theirs.
    pub fn infer(&mut self, person: Option<Who>, name: &str, face: FaceRef, why: &str) {
        let claim = ClaimRef {
            photo: face.photo.clone(),
            bounds: None,
            name: name.to_owned(),
            why: Some(format!("{name}: {why}")),
        };
        let imported = self.person(person, name);
        imported.faces.push(face);
        imported.claims.push(claim);
    }

    /// The same of a face that no detector saw, with its landmarks and quality.
    pub fn draw(
        &mut self,
        person: Option<Who>,
        name: &str,
        claimed: (&str, BoundingBox),
        face: FaceRef,
        (landmarks, quality): (Landmarks, f32),
    ) {
        let claim =
            ClaimRef { photo: face.photo.clone(), bounds: Some(claimed.1), name: claimed.0.to_owned(), why: None };
        let imported = self.person(person, name);
        imported.drawn.push(DrawnRef { face, landmarks, quality });
        imported.claims.push(claim);
    }

    fn person(&mut self, known: Option<Who>, name: &str) -> &mut ImportedPerson {
        let (person, name) = match known {
            Some(known) => (known.id, None),
            None => {
                let person = *self.new.entry(fold(name)).or_insert(self.next);
                self.next = self.next.max(PersonId(person.0 + 1));
                (person, Some(tidy(name)))
            }
        };
        let empty = || ImportedPerson { person, name, faces: Vec::new(), drawn: Vec::new(), claims: Vec::new() };
        self.people.entry(person).or_insert_with(empty)
    }

    pub fn decision(self) -> Decision {
        Decision::Import { from: self.from, people: self.people.into_values().collect() }
    }
}

impl Catalog {
    /// Faces that may be of somebody whom their photo names without saying where, with that name.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn asked_names(&self) -> Result<Vec<(FaceId, String)>> {
        Ok(self.connection.query_all("SELECT face_id, name FROM named_faces ORDER BY 1, 2", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?)
    }
}

impl Writer<'_> {
    /// Asks from now on whether this face is of the person of this name; `None` ends that.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn ask_name(&mut self, face: FaceId, name: Option<&str>) -> Result<()> {
        match name {
            Some(name) => {
                let sql = "INSERT INTO named_faces (face_id, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
                self.connection.prepare(sql)?.execute(params![face, tidy(name)])?;
            }
            None => {
                self.connection.prepare("DELETE FROM named_faces WHERE face_id = ?1")?.execute([face])?;
            }
        }
        Ok(())
    }
}

impl Decision {
    /// Why an import took a face for somebody's, where the photo did not say which face is theirs.
    pub fn inferred(&self, face: &FaceRef) -> Option<&str> {
        let Self::Import { people, .. } = self else { return None };
        let person = people.iter().find(|person| person.faces.iter().any(|other| other.is(face)))?;
        let is_of = |claim: &&ClaimRef| claim.bounds.is_none() && claim.photo == face.photo;
        person.claims.iter().find(is_of)?.why.as_deref()
    }
}

impl Catalog {
    /// When the newest decision about a face was made.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn decided_at(&self, face: &FaceRef) -> Result<Option<Timestamp>> {
        let Some(line) = Writer { connection: &self.connection }.last_word_on(face)? else { return Ok(None) };
        Ok(self.line(line)?.and_then(|line| line.at.parse().ok()))
    }

    /// Whether a name was imported for a box in a photo, or for the photo as a whole, and that stands.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn was_imported(&self, photo: &Hash, bounds: Option<&BoundingBox>, name: &str) -> Result<bool> {
        Ok(self.imports_of(photo, bounds, name)?.contains(&true))
    }

    /// Whether a name was imported for a box in a photo, or for the photo as a whole, and the user took that back.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn was_taken_back(&self, photo: &Hash, bounds: Option<&BoundingBox>, name: &str) -> Result<bool> {
        let imports = self.imports_of(photo, bounds, name)?;
        Ok(!imports.is_empty() && !imports.contains(&true))
    }

    /// For each time that a name was imported for a box in a photo, or for the photo as a whole: whether that stands.
    fn imports_of(&self, photo: &Hash, bounds: Option<&BoundingBox>, name: &str) -> Result<Vec<bool>> {
        // A photo may have been edited since.
        let mut statement = self.connection.prepare(
            "WITH RECURSIVE before (photo) AS
                 (SELECT CAST(?1 AS BLOB) UNION SELECT old_photo FROM edits JOIN before ON new_photo = before.photo)
             SELECT x, y, width, height, name, EXISTS
                 (SELECT 1 FROM lines WHERE origin = imported.line AND role = 'decision' AND active)
             FROM imported WHERE photo IN (SELECT photo FROM before)",
        )?;
        let mut rows = statement.query([photo])?;
        let mut stands = Vec::new();
        while let Some(row) = rows.next()? {
            let claim = match row.get::<Option<f32>>(0)? {
                Some(x) => Some(BoundingBox { x, y: row.get(1)?, width: row.get(2)?, height: row.get(3)? }),
                None => None,
            };
            let is_there = match (bounds, &claim) {
                (Some(bounds), Some(claim)) => claim.iou(bounds) >= SAME_CLAIM,
                (bounds, claim) => bounds.is_none() && claim.is_none(),
            };
            if is_there && fold(&row.get::<String>(4)?) == fold(name) {
                stands.push(row.get(5)?);
            }
        }
        Ok(stands)
    }

    /// The contents that a photo had before it was edited or written into.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn hashes_before(&self, photo: &Hash) -> Result<Vec<Hash>> {
        let sql = "WITH RECURSIVE before (photo) AS
                 (SELECT CAST(?1 AS BLOB) UNION SELECT old_photo FROM edits JOIN before ON new_photo = before.photo)
             SELECT photo FROM before WHERE photo <> ?1";
        Ok(self.connection.query_all(sql, [photo], |row| row.get(0))?)
    }

    /// The photo that has this content, or had it before it was edited or written into.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photo_once(&self, photo: &Hash) -> Result<Option<PhotoId>> {
        let mut statement = self.connection.prepare(
            "WITH RECURSIVE after (photo) AS
                 (SELECT CAST(?1 AS BLOB) UNION SELECT new_photo FROM edits JOIN after ON old_photo = after.photo)
             SELECT photos.id FROM after JOIN photos ON hash = photo
             ORDER BY EXISTS (SELECT 1 FROM files WHERE photo_id = photos.id) DESC, hash = ?1 DESC LIMIT 1",
        )?;
        Ok(statement.query_row([photo], |row| row.get(0)).optional()?)
    }

    /// Whether an import stands.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn has_imported(&self) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM imported JOIN lines
                                  ON origin = imported.line AND role = 'decision' AND active)";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// The photos that were scanned since a time.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photos_since(&self, since: Timestamp) -> Result<std::collections::HashSet<PhotoId>> {
        let since = Timestamp::from_second(since.as_second()).unwrap_or(since).to_string();
        Ok(self.connection.query_all("SELECT id FROM photos WHERE scanned_at >= ?1", [since], |row| row.get(0))?)
    }
}

impl Writer<'_> {
    /// Enters what a line imported into the index.
    pub(super) fn index_import(&mut self, line: LineId, people: &[ImportedPerson]) -> Result<()> {
        let sql = "INSERT INTO imported (line, photo, x, y, width, height, name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let mut statement = self.connection.prepare(sql)?;
        for ClaimRef { photo, bounds, name, .. } in people.iter().flat_map(|person| &person.claims) {
            let Ok(hash) = blake3::Hash::from_hex(photo) else { continue };
            let number = |field: fn(&BoundingBox) -> f32| bounds.as_ref().map(field);
            statement.execute(params![
                line,
                hash.as_bytes(),
                number(|bounds| bounds.x),
                number(|bounds| bounds.y),
                number(|bounds| bounds.width),
                number(|bounds| bounds.height),
                name
            ])?;
        }
        Ok(())
    }
}
