//! Photos, and the files they lie in.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::engine::{self, Access, Connection, Optional, Row, params};
use super::search::{AT_ONCE, marks};
use super::text::{SqlPath, fold};
use super::{Catalog, CatalogError, FaceId, PersonId, PhotoId, Result, now};
use crate::face::{BoundingBox, Embedding, Landmarks};
use crate::metadata::{Capture, DateSource, Gps, Place, Taken, place};

/// BLAKE3 of a photo's bytes: what it is known by, wherever it lies and whatever it is called.
pub type Hash = [u8; 32];

/// A hash in hexadecimal, as the journal has it.
pub(super) fn hex(hash: &Hash) -> String {
    blake3::Hash::from(*hash).to_hex().to_string()
}

/// The other way round; `None` where it is none.
pub(super) fn hash_of(hex: &str) -> Option<Hash> {
    blake3::Hash::from_hex(hex).ok().map(Into::into)
}

/// What the file system says of a file's content: while that stays, nothing in it has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970, UTC: when the content changed, which programs can set.
    pub modified: i64,
    /// Nanoseconds since 1970, UTC: when the file changed in any way, which they cannot (ctime); 0 where the system has none.
    pub changed: i64,
}

impl Stamp {
    pub fn of(about: &Metadata) -> Self {
        let modified = match about.modified().unwrap_or(UNIX_EPOCH).duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_nanos() as i64,
            Err(before) => -(before.duration().as_nanos() as i64),
        };
        Self { size: about.len(), modified, changed: changed(about) }
    }
}

#[cfg(unix)]
fn changed(about: &Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt;
    about.ctime().saturating_mul(1_000_000_000).saturating_add(about.ctime_nsec())
}

#[cfg(not(unix))]
fn changed(_about: &Metadata) -> i64 {
    0
}

/// How a photo has come to lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    /// The file is new, or another photo lay in it before.
    New,
    /// It lay in another file, which is no longer there.
    Moved,
    /// It lay there before.
    Same,
}

/// A file as the catalog remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    pub path: PathBuf,
    /// `changed` is 0 where nobody has looked yet.
    pub stamp: Stamp,
    /// The photo in it, or `None` where it could not be read.
    pub photo: Option<PhotoId>,
    /// Why it could not be read.
    pub problem: Option<String>,
    /// It was not there at the last scan.
    pub missing: bool,
    /// The stamp of what lay beside it, see [`super::Beside`]; `None` where nothing did.
    pub beside: Option<i64>,
    /// The name of the machine that has it, if that is another one.
    pub elsewhere: Option<String>,
}

/// A photo that a scan has read.
#[derive(Debug, Clone)]
pub struct NewPhoto {
    pub hash: Hash,
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
    pub taken: Option<Taken>,
    pub gps: Option<Gps>,
    pub place: Option<Place>,
    pub camera: Option<String>,
    /// The pack whose detector looked for faces and whose recogniser made the embeddings.
    pub pack: String,
    pub faces: Vec<NewFace>,
    /// What it looks like, JPEG, where machines without it show it too.
    pub preview: Option<Vec<u8>>,
}

impl NewPhoto {
    /// What the photo itself says of when and where it was taken, as the library keeps it.
    fn own(&self) -> Result<String> {
        Ok(serde_json::to_string(&Capture { taken: self.taken, gps: self.gps })?)
    }
}

/// A face that a scan has found.
#[derive(Debug, Clone)]
pub struct NewFace {
    pub bounds: BoundingBox,
    pub landmarks: Landmarks,
    /// The detector's, 0 to 1.
    pub score: f32,
    /// 0 (useless) to 1, see [`crate::face::quality`].
    pub quality: f32,
    /// How recognisable it is, 0 to 1.
    pub recognisability: f32,
    pub embedding: Embedding,
    /// A small picture of it, JPEG.
    pub thumbnail: Vec<u8>,
}

/// A photo as the catalog knows it.
#[derive(Debug, Clone)]
pub struct PhotoRow {
    pub id: PhotoId,
    pub hash: Hash,
    pub width: u32,
    pub height: u32,
    /// Local time, `YYYY-MM-DDThh:mm:ss` with the offset behind it where the camera wrote one.
    pub taken: Option<String>,
    pub taken_source: Option<DateSource>,
    pub gps: Option<Gps>,
    pub place: Option<Place>,
    pub camera: Option<String>,
}

/// A photo of people who have a name, for other programs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NamedPhoto {
    pub path: String,
    pub taken: Option<String>,
    /// Names, sorted.
    pub people: Vec<String>,
}

/// What the library holds, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    pub photos: u64,
    pub files: u64,
    pub missing: u64,
    pub unreadable: u64,
    pub faces: u64,
    pub tagged: u64,
    /// Unrecognisable faces without a person.
    pub unrecognisable: u64,
    pub persons: u64,
    pub groups: u64,
}

/// The columns of [`file`].
const FILE: &str = "path, size, modified, photo_id, problem, missing_since IS NOT NULL, coalesce(changed, 0),
     CAST(beside ->> 'stamp' AS BIGINT)";

/// SQL: a file, or a root, is of this machine.
pub(super) const HERE: &str = "machine = (SELECT machine FROM here)";

/// SQL: the name of the machine that has a file, if it is another one.
pub(super) const ELSEWHERE: &str =
    "CASE WHEN machine <> (SELECT machine FROM here) THEN (SELECT name FROM machines WHERE machines.id = machine) END";

/// A file lies below a folder, or is it: the folder, and what [`below`] says of it.
pub(super) const UNDER: &str = "(path = ?1 OR (path >= ?2 AND path < ?3)
                      OR (path >= CAST(?2 AS BLOB) AND path < CAST(?3 AS BLOB)))";

/// The values of [`UNDER`].
fn under(folder: &Path) -> [SqlPath<PathBuf>; 3] {
    let (first, end) = below(folder);
    [folder.to_owned(), first, end].map(SqlPath)
}

/// Files that are read in parts, see [`Catalog::files_in_order`].
pub struct FilesInOrder<'a> {
    catalog: &'a Catalog,
    /// The path of the last that was read.
    last: PathBuf,
    /// All their paths are less than this.
    end: PathBuf,
    part: std::vec::IntoIter<FileRow>,
    is_complete: bool,
}

impl FilesInOrder<'_> {
    /// Files that are read at once.
    const PART: usize = 10_000;

    fn next_part(&mut self) -> Result<()> {
        let sql = format!(
            "SELECT {FILE}, {ELSEWHERE} FROM files WHERE {HERE} AND path > ?1 AND path < ?2 ORDER BY path LIMIT {}",
            Self::PART
        );
        let bounds = [SqlPath(&self.last), SqlPath(&self.end)];
        let part: Vec<FileRow> = self.catalog.connection.query_all(&sql, bounds, file)?;
        self.is_complete = part.len() < Self::PART;
        if let Some(last) = part.last() {
            self.last.clone_from(&last.path);
        }
        self.part = part.into_iter();
        Ok(())
    }
}

impl Iterator for FilesInOrder<'_> {
    type Item = Result<FileRow>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.part.len() == 0
            && !self.is_complete
            && let Err(error) = self.next_part()
        {
            self.is_complete = true;
            return Some(Err(error));
        }
        self.part.next().map(Ok)
    }
}

fn file(row: &Row) -> engine::Result<FileRow> {
    Ok(FileRow {
        path: row.get::<SqlPath<_>>(0)?.0,
        stamp: Stamp { size: row.get::<i64>(1)? as u64, modified: row.get(2)?, changed: row.get(6)? },
        photo: row.get(3)?,
        problem: row.get(4)?,
        missing: row.get(5)?,
        beside: row.get(7)?,
        elsewhere: row.get(8)?,
    })
}

/// A query for where a photo lies, whose number is given in SQL, see [`Catalog::path_of`].
fn path_of(photo: &str) -> String {
    format!(
        "SELECT path FROM files WHERE files.photo_id = {photo} ORDER BY missing_since IS NOT NULL, NOT {HERE}, path LIMIT 1"
    )
}

impl Catalog {
    /// The files of this machine below `folder` (or that file itself), those of [`Catalog::files_apart`] first, then by path.
    ///
    /// # Errors
    /// Those of SQLite; each file may be one, too.
    pub fn files_under(&self, folder: &Path) -> Result<impl Iterator<Item = Result<FileRow>>> {
        Ok(self.files_apart(folder)?.into_iter().map(Ok).chain(self.files_in_order(folder)))
    }

    /// The files of this machine below `folder` in the order of their paths' bytes, but those of [`Catalog::files_apart`]. They are read in
    /// parts: there may be millions.
    pub fn files_in_order(&self, folder: &Path) -> FilesInOrder<'_> {
        let (last, end) = below(folder);
        FilesInOrder { catalog: self, last, end, part: Vec::new().into_iter(), is_complete: false }
    }

    /// Of the files of this machine below `folder` those that its order leaves out: `folder` itself, if it is a file, and in SQLite paths
    /// that are not UTF-8, which are bytes among texts there.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn files_apart(&self, folder: &Path) -> Result<Vec<FileRow>> {
        // A text is less than any bytes in SQLite; PostgreSQL has bytes only, and none are less than none.
        let sql = format!(
            "SELECT {FILE}, {ELSEWHERE} FROM files WHERE {HERE} AND (path = ?1
                 OR (?2 < CAST('' AS BLOB) AND path >= CAST(?2 AS BLOB) AND path < CAST(?3 AS BLOB))) ORDER BY path"
        );
        Ok(self.connection.query_all(&sql, under(folder), file)?)
    }

    /// Whether this machine has files below `folder` (or that file itself), or had any.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn knows_files_under(&self, folder: &Path) -> Result<bool> {
        self.is_any_file_under(folder, "TRUE")
    }

    /// Whether files of this machine lay below `folder` (or that file itself) at the last scan.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn has_files_under(&self, folder: &Path) -> Result<bool> {
        self.is_any_file_under(folder, "missing_since IS NULL")
    }

    fn is_any_file_under(&self, folder: &Path, is_meant: &str) -> Result<bool> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM files WHERE {HERE} AND {UNDER} AND {is_meant})");
        Ok(self.connection.query_row(&sql, under(folder), |row| row.get(0))?)
    }

    /// The files of a photo on all machines, those that are there first, then those of this machine, then by path.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn files_of(&self, photo: PhotoId) -> Result<Vec<FileRow>> {
        let sql = format!(
            "SELECT {FILE}, {ELSEWHERE} FROM files WHERE photo_id = ?1 ORDER BY missing_since IS NOT NULL, NOT {HERE}, path"
        );
        Ok(self.connection.query_all(&sql, [photo], file)?)
    }

    /// The files of this machine that could not be read and are there still, by path, at most so many, and how many there are.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn unreadable_files(&self, limit: usize) -> Result<(Vec<FileRow>, u64)> {
        let sql = format!("SELECT count(*) FROM files WHERE {HERE} AND problem IS NOT NULL AND missing_since IS NULL");
        let total = self.connection.prepare(&sql)?.query_row([], |row| row.get::<i64>(0))? as u64;
        let mut statement = self.connection.prepare(&format!(
            "SELECT {FILE}, {ELSEWHERE} FROM files WHERE {HERE} AND problem IS NOT NULL AND missing_since IS NULL ORDER BY path LIMIT ?1"
        ))?;
        let rows = statement.query_map([limit as i64], file)?;
        Ok((rows.collect::<engine::Result<_>>()?, total))
    }

    /// How many photos lie below a folder of this machine, those that are missing now too.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photos_under(&self, folder: &Path) -> Result<u64> {
        let sql = format!("SELECT count(DISTINCT photo_id) FROM files WHERE {HERE} AND {UNDER}");
        Ok(self.connection.prepare(&sql)?.query_row(under(folder), |row| row.get::<i64>(0))? as u64)
    }

    /// The hashes of all photos known.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn hashes(&self) -> Result<HashSet<Hash>> {
        Ok(self.connection.query_all("SELECT hash FROM photos", [], |row| row.get(0))?)
    }

    /// Notes files of this machine that are gone, files that are back, and files that were looked at.
    ///
    /// # Errors
    /// Those of SQLite; then nothing is noted.
    pub fn note_files(&mut self, gone: &[PathBuf], back: &[PathBuf], seen: &[(PathBuf, Stamp)]) -> Result<()> {
        // Then there is no need to wait for whoever writes.
        if gone.is_empty() && back.is_empty() && seen.is_empty() {
            return Ok(());
        }
        self.exclusively(|catalog| {
            let mut writer = Writer { connection: &catalog.connection };
            for path in gone {
                let sql = format!("UPDATE files SET missing_since = ?2 WHERE path = ?1 AND {HERE}");
                writer.connection.execute(&sql, params![SqlPath(path), now()])?;
            }
            for path in back {
                let sql = format!("UPDATE files SET missing_since = NULL WHERE path = ?1 AND {HERE}");
                writer.connection.execute(&sql, [SqlPath(path)])?;
            }
            gone.iter().chain(back).try_for_each(|path| writer.pair(path))?;
            for (path, stamp) in seen {
                let sql = format!("UPDATE files SET changed = ?2 WHERE path = ?1 AND {HERE}");
                writer.connection.execute(&sql, params![SqlPath(path), stamp.changed])?;
            }
            Ok(())
        })
    }

    /// Carries out `writes` in one transaction: all of them are kept, or none. A power cut may take the last ones back, as
    /// another scan finds them again; within a decision they are as safe as that is.
    ///
    /// # Errors
    /// Those of SQLite and of `writes`; [`CatalogError::Gone`].
    pub fn batch<T>(&mut self, writes: impl FnOnce(&mut Writer) -> Result<T>) -> Result<T> {
        self.transaction(Access::Ingest, |catalog| writes(&mut Writer { connection: &catalog.connection }))
    }

    /// The photo with this id.
    ///
    /// # Errors
    /// Those of SQLite; [`engine::Error::NoRow`] for an unknown id.
    pub fn photo(&self, id: PhotoId) -> Result<PhotoRow> {
        let mut statement = self.connection.prepare(
            "SELECT hash, width, height, taken, taken_offset, latitude, longitude, camera,
                    city, district, region, country, country_code, taken_source
             FROM photos LEFT JOIN places ON places.id = place_id WHERE photos.id = ?1",
        )?;
        Ok(statement.query_row([id], |row| {
            let latitude: Option<f64> = row.get(5)?;
            let longitude: Option<f64> = row.get(6)?;
            let city: Option<String> = row.get(8)?;
            Ok(PhotoRow {
                id,
                hash: row.get(0)?,
                width: row.get(1)?,
                height: row.get(2)?,
                taken: taken_text(row.get(3)?, row.get(4)?),
                taken_source: row.get::<Option<String>>(13)?.and_then(|name| DateSource::called(&name)),
                gps: latitude.zip(longitude).map(|(latitude, longitude)| Gps { latitude, longitude }),
                place: match city {
                    Some(city) => Some(Place {
                        city,
                        district: row.get(9)?,
                        region: row.get(10)?,
                        country: row.get(11)?,
                        country_code: row.get(12)?,
                        names: Vec::new(),
                    }),
                    None => None,
                },
                camera: row.get(7)?,
            })
        })?)
    }

    /// The photo with this id, if there is one.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photo_if_known(&self, id: PhotoId) -> Result<Option<PhotoRow>> {
        match self.photo(id) {
            Err(CatalogError::Database(engine::Error::NoRow)) => Ok(None),
            found => found.map(Some),
        }
    }

    /// The greatest number of a photo, which later ones exceed; 0 where there is none.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn newest_photo(&self) -> Result<PhotoId> {
        Ok(self.connection.query_row("SELECT coalesce(max(id), 0) FROM photos", [], |row| row.get(0))?)
    }

    /// The photos of greater numbers than `since` with people who have a name and are neither hidden nor strangers.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn named_since(&self, since: PhotoId) -> Result<Vec<NamedPhoto>> {
        let mut statement = self.connection.prepare(
            "SELECT DISTINCT faces.photo_id, name FROM seen_faces AS faces JOIN people ON people.id = person_id
             WHERE faces.photo_id > ?1 AND name IS NOT NULL AND NOT hidden AND NOT ignored ORDER BY faces.photo_id, name",
        )?;
        let rows = statement.query_map([since], |row| Ok((row.get::<PhotoId>(0)?, row.get::<String>(1)?)))?;
        let mut photos: Vec<(PhotoId, NamedPhoto)> = Vec::new();
        for row in rows {
            let (id, name) = row?;
            match photos.last_mut() {
                Some((last, photo)) if *last == id => photo.people.push(name),
                _ => {
                    let path = self.path_of(id)?.unwrap_or_default().display().to_string();
                    photos.push((id, NamedPhoto { path, taken: self.photo(id)?.taken, people: vec![name] }));
                }
            }
        }
        Ok(photos.into_iter().map(|(_, photo)| photo).collect())
    }

    /// Every file that holds a photo that could be read, with it, by path; not those that are missing.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn files_with_photos(&self) -> Result<Vec<(PathBuf, PhotoId)>> {
        let sql = "SELECT path, photo_id FROM files
             WHERE photo_id IS NOT NULL AND problem IS NULL AND missing_since IS NULL ORDER BY path";
        Ok(self.connection.query_all(sql, [], |row| Ok((row.get::<SqlPath<_>>(0)?.0, row.get(1)?)))?)
    }

    /// The photo that lies at this path of this machine.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photo_at(&self, path: &Path) -> Result<Option<PhotoId>> {
        let sql = format!("SELECT photo_id FROM files WHERE {HERE} AND path = ?1 AND photo_id IS NOT NULL");
        Ok(self.connection.query_row(&sql, [SqlPath(path)], |row| row.get(0)).optional()?)
    }

    /// Where a photo lies, or lay when it was last seen; a file that is there first, then one of this machine.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn path_of(&self, photo: PhotoId) -> Result<Option<PathBuf>> {
        let path = self.connection.prepare(&path_of("?1"))?.query_row([photo], |row| row.get::<SqlPath<PathBuf>>(0));
        Ok(path.optional()?.map(|path| path.0))
    }

    /// The same of the photos of many faces, by face.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn paths_of_faces(&self, faces: &[FaceId]) -> Result<HashMap<FaceId, PathBuf>> {
        let mut paths = HashMap::new();
        for faces in faces.chunks(AT_ONCE) {
            let sql =
                format!("SELECT id, ({}) FROM faces WHERE id IN ({})", path_of("faces.photo_id"), marks(faces.len()));
            let found: Vec<(FaceId, Option<SqlPath<PathBuf>>)> =
                self.connection.query_all(&sql, faces, |row| Ok((row.get(0)?, row.get(1)?)))?;
            paths.extend(found.into_iter().filter_map(|(face, path)| Some((face, path?.0))));
        }
        Ok(paths)
    }

    /// The files of this machine that hold a photo, as far as they were there and could be read at the last scan.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn readable_paths(&self, photo: PhotoId) -> Result<Vec<PathBuf>> {
        let sql = format!(
            "SELECT path FROM files
             WHERE photo_id = ?1 AND {HERE} AND missing_since IS NULL AND problem IS NULL ORDER BY path"
        );
        Ok(self.connection.query_all(&sql, [photo], |row| Ok(row.get::<SqlPath<_>>(0)?.0))?)
    }

    /// How many photos of a person or group are missing: none of their files was there at the last scan.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn missing_photos_of(&self, person: PersonId) -> Result<u64> {
        let sql = "SELECT count(DISTINCT photo_id) FROM seen_faces WHERE person_id = ?1
                   AND NOT EXISTS (SELECT 1 FROM files WHERE files.photo_id = seen_faces.photo_id AND missing_since IS NULL)";
        Ok(self.connection.prepare(sql)?.query_row([person], |row| row.get::<i64>(0))? as u64)
    }

    /// What a photo looks like (JPEG), of a library in a database: for the machines that do not have it.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn preview(&self, photo: PhotoId) -> Result<Option<Vec<u8>>> {
        if self.connection.sqlite().is_some() {
            return Ok(None);
        }
        let sql = "SELECT jpeg FROM previews WHERE photo_id = ?1";
        Ok(self.connection.query_row(sql, [photo], |row| row.get(0)).optional()?)
    }

    /// Whether any photo is missing: only then it is worth to ask of whom.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn has_missing(&self) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM files WHERE missing_since IS NOT NULL)";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// Whether a file of this machine is known and was not there at the last scan.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn is_missing(&self, path: &Path) -> Result<bool> {
        let sql =
            format!("SELECT EXISTS (SELECT 1 FROM files WHERE {HERE} AND path = ?1 AND missing_since IS NOT NULL)");
        Ok(self.connection.prepare(&sql)?.query_row([SqlPath(path)], |row| row.get(0))?)
    }

    /// What the library holds, in numbers.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn tally(&self) -> Result<Tally> {
        let count = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<i64>(0)).map(|n| n as u64);
        Ok(Tally {
            photos: count(
                "SELECT count(DISTINCT coalesce(shot_of, photo_id)) FROM files JOIN photos ON photos.id = photo_id",
            )?,
            files: count("SELECT count(*) FROM files WHERE photo_id IS NOT NULL")?,
            missing: count("SELECT count(*) FROM files WHERE missing_since IS NOT NULL")?,
            unreadable: count("SELECT count(*) FROM files WHERE problem IS NOT NULL AND missing_since IS NULL")?,
            faces: count("SELECT count(*) FROM seen_faces")?,
            tagged: count(
                "SELECT count(*) FROM seen_faces JOIN people ON people.id = person_id WHERE name IS NOT NULL",
            )?,
            unrecognisable: self.unrecognisable_faces(u64::MAX)?,
            persons: count("SELECT count(*) FROM people WHERE name IS NOT NULL")?,
            groups: count(
                "SELECT count(*) FROM people WHERE name IS NULL
                 AND (SELECT count(*) FROM seen_faces WHERE person_id = people.id) > 1",
            )?,
        })
    }
}

/// What a scan writes, within one transaction.
pub struct Writer<'a> {
    pub(super) connection: &'a Connection,
}

impl Writer<'_> {
    /// Keeps a photo with its faces, unless one of the same hash is there.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photo(&mut self, photo: &NewPhoto) -> Result<PhotoId> {
        if let Some(id) = self.photo_with(&photo.hash)? {
            return Ok(id);
        }
        let place = photo.place.as_ref().map(|place| self.place(place)).transpose()?;
        let sql = "INSERT INTO photos (hash, width, height, taken, taken_offset, latitude, longitude, place_id,
                                       camera, detector, scanned_at, taken_source, own)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) RETURNING id";
        let values = params![
            photo.hash,
            photo.width,
            photo.height,
            photo.taken.map(|taken| taken.when.to_string()),
            photo.taken.and_then(|taken| taken.offset_minutes),
            photo.gps.map(|gps| gps.latitude),
            photo.gps.map(|gps| gps.longitude),
            place,
            photo.camera,
            photo.pack,
            now(),
            photo.taken.map(|taken| taken.source.name()),
            photo.own()?,
        ];
        let id = self.connection.query_row(sql, values, |row| row.get(0))?;
        for face in &photo.faces {
            if self.is_forgotten(&photo.hash, &face.bounds)? {
                continue;
            }
            self.face(id, face, &photo.pack)?;
        }
        if let Some(preview) = photo.preview.as_ref().filter(|_| self.connection.sqlite().is_none()) {
            let sql = "INSERT INTO previews (photo_id, jpeg) VALUES (?1, ?2)";
            self.connection.execute(sql, params![id, preview])?;
        }
        Ok(id)
    }

    /// Replaces what the metadata of a known photo says.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn describe(&mut self, photo: &NewPhoto) -> Result<()> {
        let place = photo.place.as_ref().map(|place| self.place(place)).transpose()?;
        self.connection
            .prepare(
                "UPDATE photos SET taken = ?2, taken_offset = ?3, latitude = ?4, longitude = ?5, place_id = ?6, camera = ?7,
                     taken_source = ?8, own = ?9
                 WHERE hash = ?1",
            )?
            .execute(params![
                photo.hash,
                photo.taken.map(|taken| taken.when.to_string()),
                photo.taken.and_then(|taken| taken.offset_minutes),
                photo.gps.map(|gps| gps.latitude),
                photo.gps.map(|gps| gps.longitude),
                place,
                photo.camera,
                photo.taken.map(|taken| taken.source.name()),
                photo.own()?,
            ])?;
        match self.photo_with(&photo.hash)? {
            Some(photo) => self.settle(photo),
            None => Ok(()),
        }
    }

    /// Dates photos without a date by their names, as this version of facetag reads these.
    pub(super) fn renew_dates(&mut self) -> Result<()> {
        let mut statement = self.connection.prepare("SELECT id FROM photos WHERE taken IS NULL")?;
        let photos = statement.query_map([], |row| row.get(0))?.collect::<engine::Result<Vec<PhotoId>>>()?;
        photos.into_iter().try_for_each(|photo| self.settle(photo))
    }

    /// Looks all places up again, in this version's table.
    pub(super) fn renew_places(&mut self) -> Result<()> {
        self.connection.execute("UPDATE photos SET place_id = NULL WHERE place_id IS NOT NULL", [])?;
        self.connection.execute("DELETE FROM places", [])?;
        let sql = "SELECT id, latitude, longitude FROM photos WHERE latitude IS NOT NULL AND longitude IS NOT NULL";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, Gps { latitude: row.get(1)?, longitude: row.get(2)? })))?
            .collect::<engine::Result<Vec<(PhotoId, Gps)>>>()?;
        for (photo, gps) in rows {
            if let Some(place) = place(gps) {
                let place = self.place(&place)?;
                let sql = "UPDATE photos SET place_id = ?2 WHERE id = ?1";
                self.connection.prepare(sql)?.execute(params![photo, place])?;
            }
        }
        Ok(())
    }

    /// The photo with this hash.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photo_with(&self, hash: &Hash) -> Result<Option<PhotoId>> {
        let mut statement = self.connection.prepare("SELECT id FROM photos WHERE hash = ?1")?;
        Ok(statement.query_row([hash], |row| row.get(0)).optional()?)
    }

    /// Notes that `photo` lies in a file. Where another file of it is no longer there, it has moved here. Where this file held
    /// another photo before, its tags are carried over to the faces that stayed.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn file(&mut self, path: &Path, stamp: Stamp, photo: PhotoId) -> Result<Filed> {
        let before: Option<Option<PhotoId>> = self
            .connection
            .prepare(&format!("SELECT photo_id FROM files WHERE {HERE} AND path = ?1"))?
            .query_row([SqlPath(path)], |row| row.get(0))
            .optional()?;
        if let Some(Some(old)) = before
            && old != photo
        {
            self.carry_forgotten(old, photo)?;
            self.carry_tags(old, photo)?;
            self.carry_date(old, photo)?;
            self.carry_written(old, photo)?;
        }
        let left = if before.is_none() { self.left_by(photo)? } else { None };
        if let Some((id, _)) = &left {
            self.connection.execute("UPDATE files SET path = ?1 WHERE id = ?2", params![SqlPath(path), id])?;
        }
        self.connection
            .prepare(
                "INSERT INTO files (path, size, modified, changed, photo_id) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (machine, path) DO UPDATE SET size = excluded.size, modified = excluded.modified,
                     changed = excluded.changed, photo_id = excluded.photo_id, problem = NULL, missing_since = NULL",
            )?
            .execute(params![SqlPath(path), stamp.size as i64, stamp.modified, stamp.changed, photo])?;
        self.pair(path)?;
        if let Some((_, left)) = &left {
            self.pair(left)?;
        }
        if let Some(Some(old)) = before
            && old != photo
        {
            self.pair_photo(old)?;
        }
        self.settle(photo)?;
        Ok(match (left, before) {
            (Some(_), _) => Filed::Moved,
            (None, Some(Some(before))) if before == photo => Filed::Same,
            _ => Filed::New,
        })
    }

    /// A file of this machine in which a photo lay and lies no longer: what is found elsewhere now has moved from there. Of a
    /// photo with thousands of copies only a hundred files are looked for, as all would be looked for again with each new copy.
    fn left_by(&self, photo: PhotoId) -> Result<Option<(i64, PathBuf)>> {
        let sql = format!(
            "SELECT id, path FROM files WHERE photo_id = ?1 AND {HERE} ORDER BY missing_since IS NULL LIMIT 100"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let files = statement.query_map([photo], |row| Ok((row.get(0)?, row.get::<SqlPath<PathBuf>>(1)?.0)))?;
        let files = files.collect::<engine::Result<Vec<_>>>()?;
        Ok(files.into_iter().find(|(_, path)| matches!(path.try_exists(), Ok(false))))
    }

    /// Notes that a file could not be read, and why. The photo that was in it before stays known.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn unreadable(&mut self, path: &Path, stamp: Stamp, problem: &str) -> Result<()> {
        self.connection
            .prepare(
                "INSERT INTO files (path, size, modified, changed, problem) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (machine, path) DO UPDATE SET size = excluded.size, modified = excluded.modified,
                     changed = excluded.changed, problem = excluded.problem, missing_since = NULL",
            )?
            .execute(params![SqlPath(path), stamp.size as i64, stamp.modified, stamp.changed, problem])?;
        self.pair(path)
    }

    pub(super) fn place(&mut self, place: &Place) -> Result<i64> {
        let Place { city, district, region, country, country_code, names } = place;
        let sql = "SELECT id FROM places WHERE city = ?1 AND district = ?2 AND region = ?3 AND country_code = ?4";
        let mut statement = self.connection.prepare(sql)?;
        let known = statement.query_row([city, district, region, country_code], |row| row.get(0)).optional()?;
        if let Some(known) = known {
            return Ok(known);
        }
        let names = [city, district, region, country, country_code].into_iter().chain(names);
        let keys: BTreeSet<String> = names.map(|name| fold(name)).filter(|key| !key.is_empty()).collect();
        let key: String = keys.into_iter().map(|key| format!("|{key}")).chain(["|".to_owned()]).collect();
        let sql = "INSERT INTO places (city, district, region, country, country_code, key)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id";
        let values = params![city, district, region, country, country_code, key];
        Ok(self.connection.query_row(sql, values, |row| row.get(0))?)
    }
}

/// A file is below no root that is offline. '/' ends a root's path and '0' follows it, see [`below`]. Whether any is offline
/// is asked once; which, only then for each file.
pub(super) const ONLINE: &str = "(NOT EXISTS (SELECT 1 FROM roots WHERE offline)
    OR NOT EXISTS (SELECT 1 FROM roots WHERE offline AND roots.machine = files.machine
        AND CAST(files.path AS BLOB) > CAST(roots.path || '/' AS BLOB)
        AND CAST(files.path AS BLOB) < CAST(roots.path || '0' AS BLOB)))";

/// The paths below a folder are those from the first to before the second.
pub(super) fn below(folder: &Path) -> (PathBuf, PathBuf) {
    let with = |end: &str| {
        let mut path = folder.as_os_str().to_owned();
        if path.as_encoded_bytes().ends_with(std::path::MAIN_SEPARATOR_STR.as_bytes()) {
            // A file system's root has its separator already.
            let text = path.to_string_lossy().trim_end_matches(std::path::MAIN_SEPARATOR).to_owned();
            path = text.into();
        }
        path.push(end);
        PathBuf::from(path)
    };
    // '0' follows '/' in ASCII, ']' follows '\\'.
    (with(std::path::MAIN_SEPARATOR_STR), with(if std::path::MAIN_SEPARATOR == '/' { "0" } else { "]" }))
}

/// A time as the catalog keeps it, in one text.
pub(super) fn taken_text(local: Option<String>, offset_minutes: Option<i32>) -> Option<String> {
    let when = local?.parse().ok()?;
    Some(Taken { when, offset_minutes, source: DateSource::Exif }.to_string())
}
