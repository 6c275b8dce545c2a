//! A library in a SQLite file: transactions.

use std::cell::Cell;

use super::{Access, Connection, Result};

/// The setting that every transaction that writes changes: `BEFORE:NOW`, two random numbers of 16 digits. A log that does not follow on
/// its file is known by them, see `has_foreign_log` in `damage.rs`.
pub const WRITES: &str = "writes";

/// How many statements a connection keeps.
const KEPT: usize = 200;

/// Pages in memory, in KiB, while a connection writes: with the 2 MiB that a connection has otherwise, a decision about hundreds of
/// faces in a large library writes and reads the same pages again and again.
const PAGES_OF_WRITER: i64 = 64 << 10;
const PAGES: i64 = 2 << 10;

/// Whoever makes the log longer than this many pages moves it into the file. Decisions should not wait for that: what is in the log is
/// on disk already. The page moves it after its answers, see [`Sqlite::move_log`]; where nobody does, the decision that makes it longer than
/// 256 MiB does.
const LOG: i64 = 1000;
const LOG_OF_DECISIONS: i64 = 65_536;

pub struct Sqlite {
    pub(super) connection: rusqlite::Connection,
    /// Of the transaction that is going on: the count of all changes before it, and what it is for; reading where there is none.
    before: Cell<u64>,
    access: Cell<Access>,
}

impl From<rusqlite::Connection> for Sqlite {
    fn from(connection: rusqlite::Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(KEPT);
        Self { connection, before: Cell::new(0), access: Cell::new(Access::Read) }
    }
}

impl From<rusqlite::Connection> for Connection {
    fn from(connection: rusqlite::Connection) -> Self {
        Self::Sqlite(Box::new(connection.into()))
    }
}

impl Sqlite {
    pub(super) fn begin(&self, access: Access) -> Result<()> {
        self.access.set(access);
        if access != Access::Read {
            // Less than nothing is KiB, see <https://www.sqlite.org/pragma.html#pragma_cache_size>.
            self.connection.pragma_update(None, "cache_size", -PAGES_OF_WRITER)?;
        }
        match access {
            Access::Read => {}
            Access::Decide => self.connection.pragma_update(None, "wal_autocheckpoint", LOG_OF_DECISIONS)?,
            Access::Ingest => self.connection.pragma_update(None, "synchronous", "normal")?,
        }
        let begun = self.connection.execute_batch(if access == Access::Read { "BEGIN" } else { "BEGIN IMMEDIATE" });
        if begun.is_err() {
            self.rest()?;
        }
        self.before.set(self.connection.total_changes());
        Ok(begun?)
    }

    pub(super) fn commit(&self) -> Result<()> {
        if self.connection.total_changes() != self.before.get() {
            let sql =
                "UPDATE settings SET value = substr(value, 18) || ':' || lower(hex(randomblob(8))) WHERE key = ?1";
            self.connection.prepare_cached(sql)?.execute([WRITES])?;
        }
        self.connection.execute_batch("COMMIT")?;
        self.rest()
    }

    /// On a full disk, SQLite has done that itself.
    pub(super) fn roll_back(&self) -> Result<()> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        self.rest()
    }

    fn rest(&self) -> Result<()> {
        let access = self.access.replace(Access::Read);
        if access != Access::Read {
            self.connection.pragma_update(None, "cache_size", -PAGES)?;
        }
        match access {
            Access::Read => {}
            Access::Decide => self.connection.pragma_update(None, "wal_autocheckpoint", LOG)?,
            Access::Ingest => self.connection.pragma_update(None, "synchronous", "full")?,
        }
        Ok(())
    }

    /// Whether much of the log is not in the file yet.
    pub(super) fn has_long_log(&self) -> Result<bool> {
        let pages = |row: &rusqlite::Row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], pages)? >= LOG)
    }

    /// Moves as much of the log into the file as it can without waiting for others.
    pub(super) fn move_log(&self) -> Result<()> {
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
    }

    /// Moves the log into the file.
    pub(super) fn empty_log(&self) -> Result<()> {
        let is_busy: bool = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if is_busy {
            // Somebody reads what was there before, as long as their transaction lasts.
            let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
            return Err(rusqlite::Error::SqliteFailure(busy, None).into());
        }
        Ok(())
    }

    /// Closes the file with everything in it, and no log beside it.
    pub(super) fn close(self) -> Result<()> {
        self.empty_log()?;
        Ok(self.connection.close().map_err(|(_, error)| error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decisions_write_is_moved_into_the_file_after_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("library.sqlite");
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection.execute_batch("CREATE TABLE settings (key, value); CREATE TABLE rows (text)").unwrap();
        let sqlite = Sqlite::from(connection);
        let size = || std::fs::metadata(&file).unwrap().len();
        let write = |rows: i64| {
            sqlite.begin(Access::Decide).unwrap();
            let sql = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                       INSERT INTO rows SELECT hex(zeroblob(2000)) FROM n";
            sqlite.connection.execute(sql, [rows]).unwrap();
            sqlite.commit().unwrap();
        };
        write(10);
        assert!(!sqlite.has_long_log().unwrap(), "a small decision leaves little");
        write(2000);
        assert!(sqlite.has_long_log().unwrap());
        assert!(size() < 100_000, "who decides does not wait for it");
        sqlite.move_log().unwrap();
        assert!(size() > 2000 * 4000);
        assert!(!sqlite.has_long_log().unwrap());
    }
}
