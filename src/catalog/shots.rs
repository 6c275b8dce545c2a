//! Shots: the RAW file and the JPEG (or HEIC) that a camera writes of one moment are one photo in lists and counts.
//!
//! They lie in one folder and differ in their extension alone. The RAW photo notes in `shot_of` which photo stands for both, as long
//! as both are there.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::engine::{self, params};
use super::photos::Writer;
use super::text::SqlPath;
use super::{Catalog, PersonId, PhotoId, Result};
use crate::photo::{Candidate, Format};

/// A file of a shot that is there and could be read.
struct Member {
    path: PathBuf,
    photo: PhotoId,
    is_there: bool,
}

/// What a person's faces in both photos of a shot add too much to their counts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Doubled {
    pub faces: u64,
    pub photos: u64,
}

impl Catalog {
    /// Who is in both photos of a shot, and how much of them is counted twice.
    pub(super) fn doubled(&self) -> Result<HashMap<PersonId, Doubled>> {
        // From the few RAW photos to their faces: SQLite would go through the faces of everybody.
        let sql = "SELECT raw.person_id, count(*), count(DISTINCT raw.photo_id) FROM photos INDEXED BY photos_by_shot
                   CROSS JOIN faces AS raw ON raw.photo_id = photos.id AND raw.person_id IS NOT NULL
                   WHERE shot_of IS NOT NULL AND EXISTS
                       (SELECT 1 FROM faces WHERE photo_id = shot_of AND person_id = raw.person_id)
                   GROUP BY raw.person_id";
        Ok(self.connection.query_all(sql, [], |row| {
            let (faces, photos): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, Doubled { faces: faces as u64, photos: photos as u64 }))
        })?)
    }
}

impl Writer<'_> {
    /// Pairs the RAW and other photos of the shot that this file belongs to, or belonged to.
    pub(super) fn pair(&mut self, path: &Path) -> Result<()> {
        let raws: BTreeSet<PhotoId> =
            self.shot(path, None)?.iter().filter(|file| is_raw(&file.path)).map(|file| file.photo).collect();
        raws.into_iter().try_for_each(|raw| self.pair_photo(raw))
    }

    /// Notes which photo stands for this one, if it is a RAW photo.
    pub(super) fn pair_photo(&mut self, raw: PhotoId) -> Result<()> {
        let developed = self.developed(raw)?;
        let sql = "UPDATE photos SET shot_of = ?2 WHERE id = ?1 AND shot_of IS DISTINCT FROM ?2";
        self.connection.prepare(sql)?.execute(params![raw, developed])?;
        Ok(())
    }

    /// Pairs all photos.
    pub(super) fn renew_shots(&mut self) -> Result<()> {
        let mut statement = self.connection.prepare("SELECT path FROM files")?;
        let paths = statement.query_map([], |row| Ok(row.get::<SqlPath<PathBuf>>(0)?.0))?;
        let raws: Vec<_> =
            paths.filter(|path| path.as_ref().is_ok_and(|path| is_raw(path))).collect::<engine::Result<_>>()?;
        raws.iter().try_for_each(|path| self.pair(path))
    }

    /// The photo that stands for a RAW photo, beside one of its files.
    fn developed(&self, raw: PhotoId) -> Result<Option<PhotoId>> {
        let sql = "SELECT path, machine FROM files WHERE photo_id = ?1 AND missing_since IS NULL AND problem IS NULL
                   ORDER BY path, machine";
        let mut statement = self.connection.prepare(sql)?;
        let paths = statement.query_map([raw], |row| Ok((row.get::<SqlPath<PathBuf>>(0)?.0, row.get(1)?)))?;
        for (path, machine) in paths.collect::<engine::Result<Vec<(_, i64)>>>()? {
            let stands = |file: &Member| file.is_there && file.photo != raw && !is_raw(&file.path);
            if !is_raw(&path) {
                continue;
            }
            if let Some(file) = self.shot(&path, Some(machine))?.into_iter().find(stands) {
                return Ok(Some(file.photo));
            }
        }
        Ok(None)
    }

    /// The files that differ from this one in their extension alone, and itself, by path; of a machine, or of this one.
    fn shot(&self, path: &Path, machine: Option<i64>) -> Result<Vec<Member>> {
        let stem = path.with_extension("");
        let with = |end: &str| {
            let mut path = stem.clone().into_os_string();
            path.push(end);
            PathBuf::from(path)
        };
        // '/' follows '.' in ASCII.
        let sql = "SELECT path, photo_id, missing_since IS NULL AND problem IS NULL FROM files
                   WHERE photo_id IS NOT NULL AND machine = coalesce(?3, (SELECT machine FROM here)) AND ((path >= ?1 AND path < ?2)
                       OR (path >= CAST(?1 AS BLOB) AND path < CAST(?2 AS BLOB))) ORDER BY path";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map(params![SqlPath(&with(".")), SqlPath(&with("/")), machine], |row| {
            Ok(Member { path: row.get::<SqlPath<PathBuf>>(0)?.0, photo: row.get(1)?, is_there: row.get(2)? })
        })?;
        let files = rows.collect::<engine::Result<Vec<_>>>()?;
        Ok(files.into_iter().filter(|file| file.path.with_extension("") == stem).collect())
    }
}

fn is_raw(path: &Path) -> bool {
    matches!(Candidate::of(path), Candidate::Photo(Format::Raw))
}
