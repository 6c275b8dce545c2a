//! Everything about a library that can be verified.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use rayon::prelude::*;
use rusqlite::backup::Backup;
use serde::Serialize;

use super::engine::{self, Access, Connection, ValueRef};
use super::photos::{HERE, Writer};
use super::text::SqlPath;
use super::{Catalog, Hash, Library, Result, damage};

/// What was found. Where every list is empty, all is well.
#[derive(Debug, Default, Serialize)]
pub struct Checked {
    /// Damage of the file's structure, and rows that refer to missing rows.
    pub damage: Vec<String>,
    /// Where the tables differ from what the journal says.
    pub journal: Vec<String>,
    /// Previews of photos that the library does not know.
    pub orphaned_previews: Vec<PathBuf>,
}

/// What the files of photos hold now.
#[derive(Debug, Default, Serialize)]
pub struct PhotosChecked {
    /// Files that were read, and are as they were.
    pub unchanged: u64,
    /// Files with other bytes than the library knows.
    pub changed: Vec<PathBuf>,
    pub missing: Vec<PathBuf>,
    /// Files that cannot be read, and why.
    pub unreadable: Vec<String>,
    pub interrupted: bool,
}

/// Findings of one kind that are listed.
const MOST: usize = 100;

impl Catalog {
    /// Checks the library itself, without its photos.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn check(&self, library: &Library) -> Result<Checked> {
        let damage = self.connection.sqlite().map(|sqlite| damage::findings(sqlite, MOST)).unwrap_or_default();
        if !damage.is_empty() {
            return Ok(Checked { damage, ..Checked::default() });
        }
        Ok(Checked {
            damage,
            journal: self.journal_differences()?,
            orphaned_previews: self.orphaned_previews(library)?,
        })
    }

    /// Applies the journal again in a copy, and compares.
    fn journal_differences(&self) -> Result<Vec<String>> {
        let (library, journal) = match self.connection.sqlite() {
            Some(sqlite) => {
                // A temporary file: a library may be larger than the memory.
                let mut copy = rusqlite::Connection::open("")?;
                Backup::new(sqlite, &mut copy)?.run_to_completion(10_000, std::time::Duration::ZERO, None)?;
                (decided(&self.connection)?, decided_by_journal(&copy.into())?)
            }
            None => (decided(&self.connection)?, decided_by_journal(&self.connection)?),
        };
        let missing = journal.difference(&library).map(|row| format!("only the journal says: {row}"));
        let surplus = library.difference(&journal).map(|row| format!("the journal does not say: {row}"));
        Ok(missing.chain(surplus).take(MOST).collect())
    }

    fn orphaned_previews(&self, library: &Library) -> Result<Vec<PathBuf>> {
        let known: BTreeSet<String> =
            self.hashes()?.into_iter().map(|hash| blake3::Hash::from(hash).to_hex().to_string()).collect();
        let files = walkdir::WalkDir::new(library.previews()).into_iter().flatten();
        let orphaned = files.filter(|file| file.file_type().is_file()).filter(|file| {
            let name = file.file_name().to_string_lossy();
            name.split_once('-').is_none_or(|(hash, _)| !known.contains(hash))
        });
        Ok(orphaned.map(walkdir::DirEntry::into_path).collect())
    }

    /// Reads every file of this machine whose size and date are as they were scanned, and compares its content.
    ///
    /// # Errors
    /// Those of SQLite. A file that cannot be read is none.
    pub fn check_photos(&self, stop: &AtomicBool) -> Result<PhotosChecked> {
        let sql = format!(
            "SELECT path, hash, size, modified FROM files JOIN photos ON photos.id = photo_id
             WHERE {HERE} AND problem IS NULL AND missing_since IS NULL ORDER BY path"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<SqlPath<PathBuf>>(0)?.0, row.get(1)?, row.get::<i64>(2)?, row.get::<i64>(3)?))
        })?;
        let rows = rows.collect::<engine::Result<Vec<_>>>()?;
        let as_scanned = |path: &Path, size: i64, modified: i64| {
            path.metadata().is_ok_and(|file| {
                let since = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
                file.len() == size as u64 && since.is_none_or(|since| since.as_nanos() as i64 == modified)
            })
        };
        let files: Vec<(PathBuf, Hash)> = rows
            .into_iter()
            .filter(|(path, _, size, modified)| !path.exists() || as_scanned(path, *size, *modified))
            .map(|(path, hash, ..)| (path, hash))
            .collect();
        Ok(compare(&files, stop))
    }

    /// Reads every file that was ever scanned here, and compares it with the content that it had then.
    ///
    /// # Errors
    /// Those of SQLite. A file that cannot be read is none.
    pub fn check_untouched(&self, stop: &AtomicBool) -> Result<PhotosChecked> {
        let sql = format!("SELECT path, hash FROM originals WHERE {HERE} ORDER BY path");
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map([], |row| Ok((row.get::<SqlPath<PathBuf>>(0)?.0, row.get(1)?)))?;
        let files = rows.collect::<engine::Result<Vec<(PathBuf, Hash)>>>()?;
        Ok(compare(&files, stop))
    }
}

fn compare(files: &[(PathBuf, Hash)], stop: &AtomicBool) -> PhotosChecked {
    let read =
        |(path, hash): &(PathBuf, Hash)| (!stop.load(Ordering::Relaxed)).then(|| content(path).map(|now| now == *hash));
    let found: Vec<_> = files.par_iter().map(read).collect();
    let mut checked = PhotosChecked::default();
    for ((path, _), found) in files.iter().zip(found) {
        match found {
            None => checked.interrupted = true,
            Some(Ok(true)) => checked.unchanged += 1,
            Some(Ok(false)) => checked.changed.push(path.clone()),
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => checked.missing.push(path.clone()),
            Some(Err(error)) => checked.unreadable.push(format!("{}: {error}", path.display())),
        }
    }
    checked
}

fn content(path: &Path) -> io::Result<Hash> {
    // What has become a pipe meanwhile would never end.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no file any more"));
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(*hasher.finalize().as_bytes())
}

/// The same as the journal says it, which is worked out in a transaction that is rolled back.
fn decided_by_journal(connection: &Connection) -> Result<BTreeSet<String>> {
    connection.begin(Access::Decide)?;
    let said = Writer { connection }.say_journal_again().and_then(|()| decided(connection));
    connection.roll_back()?;
    said
}

/// What decisions have made of people and faces, row by row.
fn decided(connection: &Connection) -> Result<BTreeSet<String>> {
    let mut rows = BTreeSet::new();
    for (what, sql) in [
        (
            "person",
            "SELECT id, name, hidden, ignored, favourite, born FROM people
             WHERE name IS NOT NULL OR hidden OR ignored OR born IS NOT NULL",
        ),
        (
            "face",
            "SELECT faces.id, CASE WHEN state IN ('confirmed', 'manual') THEN person_id END AS person, removed FROM faces
             WHERE state IN ('confirmed', 'manual') OR removed",
        ),
        ("rejection", "SELECT face_id, person_id FROM rejections"),
    ] {
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_names();
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let mut line = what.to_owned();
            for (index, column) in columns.iter().enumerate() {
                let value = match row.get_ref(index)? {
                    ValueRef::Null => continue,
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    _ => String::new(),
                };
                line += &format!(" {column} {value}");
            }
            rows.insert(line);
        }
    }
    Ok(rows)
}
