//! What facetag itself has written into files and sidecars; a photo into whose file it wrote has another content, and is the same
//! photo.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::decision::{Decision, FaceRef};
use super::engine::{self, params};
use super::faces::{COLUMNS, FaceRow, face};
use super::photos::{HERE, Hash, Stamp, Writer, hex};
use super::text::SqlPath;
use super::{Catalog, PersonId, PhotoId, Result, State};
use crate::face::BoundingBox;

/// A file into which facetag has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970, UTC.
    pub modified: i64,
}

/// Where facetag writes names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenTo {
    File,
    Sidecar,
}

impl WrittenTo {
    fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Sidecar => "sidecar",
        }
    }
}

/// A face with a name that is not hidden.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedFaceRow {
    pub person: PersonId,
    pub name: String,
    /// In fractions of the upright photo.
    pub bounds: BoundingBox,
    /// How it came to its person.
    pub state: Option<State>,
}

impl Catalog {
    /// The faces with names in each photo that lies in some file; not those of people who are hidden or ignored.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn named_faces(&self) -> Result<BTreeMap<PhotoId, Vec<NamedFaceRow>>> {
        let mut statement = self.connection.prepare(
            "SELECT photo_id, people.id, name, x, y, width, height, state FROM seen_faces JOIN people ON people.id = person_id
             WHERE name IS NOT NULL AND NOT hidden AND NOT ignored ORDER BY photo_id, x, seen_faces.id",
        )?;
        let mut rows = statement.query([])?;
        let mut faces: BTreeMap<PhotoId, Vec<NamedFaceRow>> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let bounds = BoundingBox { x: row.get(3)?, y: row.get(4)?, width: row.get(5)?, height: row.get(6)? };
            let face = NamedFaceRow { person: row.get(1)?, name: row.get(2)?, bounds, state: row.get(7)? };
            faces.entry(row.get(0)?).or_default().push(face);
        }
        Ok(faces)
    }

    /// All faces of a photo, with whether the user removed them.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn all_faces_in(&self, photo: PhotoId) -> Result<Vec<(FaceRow, bool)>> {
        let sql = format!("SELECT {COLUMNS}, removed FROM faces WHERE photo_id = ?1 ORDER BY x, id");
        Ok(self.connection.query_all(&sql, [photo], |row| Ok((face(row)?, row.get(12)?)))?)
    }

    /// The photos in whose files or sidecars facetag's entries are, or may be.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn written(&self) -> Result<BTreeSet<PhotoId>> {
        Ok(self.connection.query_all("SELECT photo_id FROM written", [], |row| row.get(0))?)
    }

    /// What facetag wrote of a photo into a file of it or its sidecar, as [`Writer::note_entries`] was told of this file, or of one that
    /// is no longer the photo's: that has moved.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn written_entries(&self, photo: PhotoId, path: &Path, to: WrittenTo) -> Result<Vec<String>> {
        let others = Writer { connection: &self.connection }.other_files(photo, path)?;
        let sql = "SELECT file, entry FROM written_entries WHERE photo_id = ?1 AND place = ?2 ORDER BY entry";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map(params![photo, to.name()], |row| Ok((row.get::<Hash>(0)?, row.get(1)?)))?;
        let mut entries = rows.collect::<engine::Result<Vec<(Hash, String)>>>()?;
        entries.retain(|(file, _)| !others.contains(file));
        Ok(entries.into_iter().map(|(_, entry)| entry).collect())
    }
}

/// What a file is known by in `written_entries`.
fn file_key(path: &Path) -> Hash {
    *blake3::hash(path.as_os_str().as_encoded_bytes()).as_bytes()
}

impl Writer<'_> {
    /// Notes what facetag has in a file of a photo or its sidecar now; what it had there before is forgotten.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn note_entries(&mut self, photo: PhotoId, path: &Path, to: WrittenTo, entries: &[String]) -> Result<()> {
        let others = self.other_files(photo, path)?;
        let sql = "SELECT DISTINCT file FROM written_entries WHERE photo_id = ?1 AND place = ?2";
        let mut statement = self.connection.prepare(sql)?;
        let known = statement.query_map(params![photo, to.name()], |row| row.get(0))?;
        for file in known.collect::<engine::Result<Vec<Hash>>>()?.into_iter().filter(|file| !others.contains(file)) {
            let sql = "DELETE FROM written_entries WHERE photo_id = ?1 AND file = ?2 AND place = ?3";
            self.connection.prepare(sql)?.execute(params![photo, file, to.name()])?;
        }
        let sql =
            "INSERT INTO written_entries (photo_id, file, place, entry) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
        let mut statement = self.connection.prepare(sql)?;
        for entry in entries {
            statement.execute(params![photo, file_key(path), to.name(), entry])?;
        }
        Ok(())
    }

    /// The other files in which a photo lies.
    fn other_files(&self, photo: PhotoId, path: &Path) -> Result<Vec<Hash>> {
        let mut statement = self.connection.prepare("SELECT path FROM files WHERE photo_id = ?1")?;
        let paths = statement.query_map([photo], |row| Ok(row.get::<SqlPath<PathBuf>>(0)?.0))?;
        let paths = paths.collect::<engine::Result<Vec<PathBuf>>>()?;
        Ok(paths.iter().filter(|other| *other != path).map(|other| file_key(other)).collect())
    }

    /// What was written of a photo is in the one that an edit has made of it too.
    pub(super) fn carry_written(&mut self, old: PhotoId, new: PhotoId) -> Result<()> {
        let sql = "INSERT INTO written (photo_id) SELECT CAST(?2 AS BIGINT) FROM written WHERE photo_id = ?1
                   ON CONFLICT DO NOTHING";
        self.connection.prepare(sql)?.execute([old, new])?;
        let sql = "INSERT INTO written_entries (photo_id, file, place, entry)
                   SELECT CAST(?2 AS BIGINT), file, place, entry FROM written_entries WHERE photo_id = ?1
                   ON CONFLICT DO NOTHING";
        self.connection.prepare(sql)?.execute([old, new])?;
        Ok(())
    }

    /// Notes that entries of facetag may be in some file or sidecar of a photo: later writes look at it then. Without `may_have`, only
    /// where it is known of some.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn note_written(&mut self, photo: PhotoId, may_have: bool) -> Result<()> {
        let sql = "SELECT EXISTS (SELECT 1 FROM written_entries WHERE photo_id = ?1)";
        let has_entries = may_have || self.connection.prepare(sql)?.query_row([photo], |row| row.get(0))?;
        let sql = if has_entries {
            "INSERT INTO written (photo_id) VALUES (?1) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM written WHERE photo_id = ?1"
        };
        self.connection.prepare(sql)?.execute([photo])?;
        Ok(())
    }

    /// Notes that the files of a photo have another content now, by which it is known from now on: with all its faces, and with
    /// all that was decided about them. Files of it that are not among `files` are read again by the next scan.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn rewritten(&mut self, photo: PhotoId, hash: &Hash, files: &[WrittenFile]) -> Result<()> {
        if self.photo_with(hash)?.is_some_and(|other| other != photo) {
            // Of a copy the same was made before.
            let other = self.photo_with(hash)?.unwrap_or(photo);
            for file in files {
                let stamp = Stamp { size: file.size, modified: file.modified, changed: 0 };
                self.file(&file.path, stamp, other)?;
            }
            return Ok(());
        }
        let old: Hash =
            self.connection.query_row("SELECT hash FROM photos WHERE id = ?1", [photo], |row| row.get(0))?;
        let faces: Vec<BoundingBox> = {
            let mut statement = self.connection.prepare("SELECT x, y, width, height FROM faces WHERE photo_id = ?1")?;
            let rows = statement.query_map([photo], |row| {
                Ok(BoundingBox { x: row.get(0)?, y: row.get(1)?, width: row.get(2)?, height: row.get(3)? })
            })?;
            rows.collect::<engine::Result<_>>()?
        };
        self.connection.execute("UPDATE files SET modified = 0 WHERE photo_id = ?1", [photo])?;
        for file in files {
            let sql = format!(
                "UPDATE files SET size = ?2, modified = ?3, changed = NULL, missing_since = NULL WHERE path = ?1 AND {HERE}"
            );
            self.connection.execute(&sql, params![SqlPath(&file.path), file.size as i64, file.modified])?;
        }
        self.connection.execute("UPDATE photos SET hash = ?2 WHERE id = ?1", params![photo, hash])?;
        let pair = |bounds: BoundingBox| (FaceRef::new(&old, bounds), FaceRef::new(hash, bounds));
        let pairs: Vec<(FaceRef, FaceRef)> = faces.into_iter().map(pair).collect();
        for (before, after) in &pairs {
            self.carry_cover(before, after)?;
        }
        let dated = if self.has_date_said(&old)? { Some((hex(&old), hex(hash))) } else { None };
        if !pairs.is_empty() || dated.is_some() {
            self.append(&Decision::Edited { faces: pairs, dated })?;
        }
        Ok(())
    }
}
