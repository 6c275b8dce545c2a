//! A library that may not be written: a backup, a share, another user's. It is opened as it is, through SQLite alone; nothing is
//! created beside it and nothing in it changes.

use std::path::Path;

use rusqlite::backup::Backup;
use rusqlite::{ErrorCode, OpenFlags};
use rusqlite_migration::{Migrations, SchemaVersion};

use super::damage::log_of;
use super::engine::Connection;
use super::open::bring_up_to_date;
use super::{DatabaseError, Result};

/// Whether the reason for an error is that something may not be written or created.
pub(super) fn is_refused(error: &DatabaseError) -> bool {
    is_refusal(error.sqlite_code())
}

/// Connects to a library that may not be written. One of an older facetag is migrated in memory.
///
/// # Errors
/// Those of SQLite.
pub(super) fn connect(path: &Path, migrations: &Migrations) -> Result<Connection> {
    let connection = readable(path)?;
    let pending = matches!(migrations.current_version(&connection)?, SchemaVersion::Inside(_))
        && migrations.pending_migrations(&connection)? > 0;
    let connection = if pending {
        let mut copy = rusqlite::Connection::open_in_memory()?;
        Backup::new(&connection, &mut copy)?.run_to_completion(1000, std::time::Duration::ZERO, None)?;
        bring_up_to_date(copy, migrations)?
    } else {
        connection.into()
    };
    if let Some(sqlite) = connection.sqlite() {
        sqlite.pragma_update(None, "temp_store", "memory")?;
        sqlite.pragma_update(None, "query_only", true)?;
    }
    Ok(connection)
}

fn is_refusal(code: Option<ErrorCode>) -> bool {
    matches!(code, Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied))
}

/// A connection that can read the file and its write-ahead log.
fn readable(path: &Path) -> rusqlite::Result<rusqlite::Connection> {
    let log = std::fs::metadata(log_of(path)).map_or(0, |log| log.len());
    // Somebody has it open, or a log and its index were left behind: SQLite reads both, and waits for nobody.
    let shared = uri(path, "readonly_shm=1", false);
    if !shared.as_ref().is_err_and(|error| is_refusal(error.sqlite_error_code())) {
        return shared;
    }
    if log == 0 {
        // Nobody has it open: the file is complete.
        return uri(path, "immutable=1", false);
    }
    // A log without its index, which may not be created here: it is made in memory.
    uri(path, if cfg!(windows) { "vfs=win32-none" } else { "vfs=unix-none" }, true)
}

fn uri(path: &Path, options: &str, alone: bool) -> rusqlite::Result<rusqlite::Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(format!("file:{}?{options}", escaped(path)), flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    if alone {
        connection.pragma_update(None, "locking_mode", "exclusive")?;
    }
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Connects to the file without its write-ahead log, for a comparison.
pub(super) fn without_log(path: &Path) -> rusqlite::Result<rusqlite::Connection> {
    uri(path, "immutable=1", false)
}

/// A path as <https://www.sqlite.org/uri.html> wants it.
fn escaped(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut text = String::with_capacity(bytes.len() + 1);
    if cfg!(windows) {
        text.push('/');
    }
    for &byte in bytes {
        match byte {
            b'\\' if cfg!(windows) => text.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b':' => text.push(byte.into()),
            _ => text += &format!("%{byte:02X}"),
        }
    }
    text
}
