//! Whether a library is damaged, and what an error of SQLite or of the disk means for whoever has to mend it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use memchr::memmem;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};

use super::disk::{disk_of, free_bytes};
use super::engine::WRITES;
use super::{CatalogError, DatabaseError, Library, Result, read_only};

/// How long it is looked for damage whenever a library is opened. About 50 MB are checked in that time; `facetag check` and every
/// backup check all of it.
const GLANCE: Duration = Duration::from_millis(50);

/// Bytes below which a disk is full.
const FULL: u64 = 1 << 20;

/// Bytes of a log that are looked through at a time.
const PIECE_OF_LOG: usize = 16 << 20;

/// The write-ahead log of a SQLite file.
pub(super) fn log_of(file: &Path) -> PathBuf {
    let mut log = OsString::from(file);
    log.push("-wal");
    log.into()
}

/// Checks that the log beside the file is its own.
///
/// # Errors
/// [`CatalogError::Damaged`].
pub(super) fn check_log(library: &Library) -> Result<()> {
    if log_size(library) > 0 && has_foreign_log(&library.file()) {
        let reason = "the log beside it, library.sqlite-wal, does not belong to it: it is of another library, or of another time";
        return Err(library.damaged(reason));
    }
    Ok(())
}

fn log_size(library: &Library) -> u64 {
    std::fs::metadata(log_of(&library.file())).map_or(0, |log| log.len())
}

/// Looks for damage of the file's structure for a moment.
///
/// # Errors
/// [`CatalogError::Damaged`].
pub(super) fn check_header(connection: &Connection, library: &Library) -> Result<()> {
    let end = Instant::now() + GLANCE;
    connection.progress_handler(1000, Some(move || Instant::now() > end))?;
    // A log that does not belong to the file makes tables and their indexes disagree.
    let check = if log_size(library) > 0 { "PRAGMA integrity_check(1)" } else { "PRAGMA quick_check(1)" };
    let found = connection.query_row(check, [], |row| row.get::<_, String>(0)).map_err(DatabaseError::from);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    let reason = match found {
        Ok(found) if found != "ok" => first_line(&found),
        Err(error) if is_damage(&error) => error.to_string(),
        _ => match cut_page(connection) {
            Some(reason) => reason,
            None => return Ok(()),
        },
    };
    // What can still be read is not to be overwritten: the log stays where it is.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Err(library.damaged(&reason))
}

/// All that is wrong with the structure of a library, at most so many findings.
pub(super) fn findings(connection: &Connection, limit: usize) -> Vec<String> {
    let mut found = Vec::new();
    let rows = |sql: &str, text: fn(&rusqlite::Row) -> rusqlite::Result<String>| -> rusqlite::Result<Vec<String>> {
        connection.prepare(sql)?.query_map([], text)?.take(limit).collect()
    };
    match rows(&format!("PRAGMA integrity_check({limit})"), |row| row.get(0)) {
        Ok(lines) => found.extend(lines.iter().filter(|line| *line != "ok").map(|line| first_line(line))),
        Err(error) => found.push(error.to_string()),
    }
    found.extend(cut_page(connection));
    let foreign = |row: &rusqlite::Row| {
        let (table, id): (String, Option<i64>) = (row.get(0)?, row.get(1)?);
        let parent: String = row.get(2)?;
        Ok(format!("row {} of {table} refers to a missing row of {parent}", id.unwrap_or_default()))
    };
    match rows("PRAGMA foreign_key_check", foreign) {
        Ok(lines) => found.extend(lines),
        Err(error) if found.is_empty() => found.push(error.to_string()),
        Err(_) => {}
    }
    found
}

/// Whether the log beside a file does not follow on it: it is another library's, or of another state of this one.
pub(super) fn has_foreign_log(file: &Path) -> bool {
    // While somebody writes, the two may be read at different moments.
    (0..3).all(|attempt| {
        if attempt > 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        is_foreign(file).unwrap_or(false)
    })
}

fn is_foreign(file: &Path) -> Option<bool> {
    let sql = "SELECT value FROM settings WHERE key = ?1";
    let alone = read_only::without_log(file).ok()?;
    let writes: String = alone.query_row(sql, [WRITES], |row| row.get(0)).ok()?;
    let now = writes.get(17..)?;
    // Nobody locks the log itself, so it may be read.
    is_of_another(&mut File::open(log_of(file)).ok()?, now, PIECE_OF_LOG)
}

/// Whether no transaction of this log begins or ends with the state `now`; `None` where it has none. All of it is looked through: after
/// one that wrote much, the one that the file has already may lie far behind.
fn is_of_another(log: &mut impl Read, now: &str, piece: usize) -> Option<bool> {
    let setting = WRITES.len() + 33;
    let (mut buffer, mut has_any) = (Vec::new(), false);
    while log.by_ref().take(piece as u64).read_to_end(&mut buffer).ok()? > 0 {
        for at in memmem::find_iter(&buffer, WRITES) {
            let Some(writes) = buffer.get(at + WRITES.len()..at + setting) else { break };
            if writes[16] == b':' {
                if writes[..16] == *now.as_bytes() || writes[17..] == *now.as_bytes() {
                    return Some(false);
                }
                has_any = true;
            }
        }
        // One may lie across the end of a piece.
        buffer.drain(..buffer.len().saturating_sub(setting - 1));
    }
    has_any.then_some(true)
}

pub(super) fn is_damage(error: &DatabaseError) -> bool {
    matches!(error.sqlite_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// `*** in database main *** Tree 12 page 7: ...` without its stars.
fn first_line(found: &str) -> String {
    let lines = found.lines().filter(|line| !line.starts_with("***"));
    lines.map(str::trim).find(|line| !line.is_empty()).unwrap_or(found).to_owned()
}

/// What SQLite does not miss: the end of the last page, in a file that nobody is writing.
fn cut_page(connection: &Connection) -> Option<String> {
    let file = Path::new(connection.path()?);
    let length = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?.len();
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0)).ok()?;
    let is_whole = length.is_multiple_of(page as u64) || std::fs::metadata(log_of(file)).is_ok_and(|log| log.len() > 0);
    (!is_whole).then(|| "it is cut short, or something was added to it".to_owned())
}

impl Library {
    /// Whether the library is there, or what is left of it.
    pub fn has_anything(&self) -> bool {
        self.exists() || self.has_remains()
    }

    /// Whether backups or the log of a library are there, and its file is not.
    pub(super) fn has_remains(&self) -> bool {
        let is_gone = !self.is_one_file() && !self.exists();
        is_gone && (log_size(self) > 0 || !self.backups_made().is_empty())
    }

    /// The error of a damaged library, with what brings it back.
    pub fn damaged(&self, reason: &str) -> CatalogError {
        let remedy = match self.backups_made().last() {
            Some(backup) => format!(
                "`facetag restore` brings back the last good backup ({}), and the names that were given since as far as they can \
                 still be read",
                backup.file_name().unwrap_or_default().to_string_lossy()
            ),
            None => "there is no backup; `facetag restore` recovers the names that can still be read, and `facetag scan` finds \
                     the rest again"
                .to_owned(),
        };
        CatalogError::Damaged { path: self.file(), reason: reason.to_owned(), remedy }
    }

    /// What is to be done about an error of SQLite; `None` where it says so itself.
    pub fn explain(&self, error: &DatabaseError) -> Option<String> {
        let folder = self.folder();
        #[cfg(feature = "postgres")]
        if let DatabaseError::Postgres(cause) = error {
            let url = self.name();
            return Some(match cause.as_db_error() {
                Some(_) => format!("{}: the database server says: {error}", url.display()),
                None => format!("{}: the database server cannot be reached: {error}", url.display()),
            });
        }
        match error.sqlite_code()? {
            _ if is_damage(error) => Some(self.damaged(&error.to_string()).to_string()),
            ErrorCode::DiskFull => Some(full(folder)),
            ErrorCode::SystemIoFailure if free_bytes(folder).is_some_and(|free| free < FULL) => Some(full(folder)),
            ErrorCode::SystemIoFailure => Some(format!(
                "{}: {} cannot be read or written now ({error}). Check that it is connected and healthy, then try again",
                folder.display(),
                disk_of(folder)
            )),
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Some(format!(
                "{}: the library cannot be written here ({}): searching works, changing does not. Copy the folder to a place of \
                 your own and give that with --library DIR, or make it writable",
                folder.display(),
                disk_of(folder)
            )),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some(format!(
                "{}: another program has been writing into the library for minutes: end it, then try again",
                folder.display()
            )),
            _ => None,
        }
    }
}

/// What is to be done about an error of the file system at `path`; `None` where it says so itself.
pub fn explain_io(error: &std::io::Error, path: &Path) -> Option<String> {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(full(path)),
        ErrorKind::ReadOnlyFilesystem => {
            Some(format!("{}: {} is mounted read-only: give another folder", path.display(), disk_of(path)))
        }
        ErrorKind::PermissionDenied => Some(format!(
            "{}: you may not write or read there: give another folder, or ask its owner for access",
            path.display()
        )),
        _ => None,
    }
}

fn full(path: &Path) -> String {
    format!(
        "{}: {} is full: free some space on it, then try again; what was done before is kept",
        path.display(),
        disk_of(path)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_known_by_any_of_its_transactions_however_far_back() {
        let state = |number: u8| format!("{number:016}");
        let written = |before, now| [WRITES.as_bytes(), state(before).as_bytes(), b":", state(now).as_bytes()].concat();
        let much = vec![0; 1000];
        let log = [
            &*much,
            &written(1, 2),
            &much,
            &written(2, 3),
            &much,
            b"writes of another kind, which are no setting at all",
        ];
        let log = log.concat();
        for piece in [40, 41, 49, 64, 1000, 10_000] {
            let is_foreign = |state: String| is_of_another(&mut &*log, &state, piece);
            for of_it in 1..=3 {
                assert_eq!(is_foreign(state(of_it)), Some(false), "{of_it}, {piece}");
            }
            assert_eq!(is_foreign(state(4)), Some(true), "{piece}");
            assert_eq!(is_of_another(&mut &*much, &state(1), piece), None);
        }
    }
}
