//! The folders that were scanned.

use std::path::{Path, PathBuf};

use rusqlite::params;

use super::text::SqlPath;
use super::{Catalog, Result, now};

/// A folder that was scanned, with all that is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    pub path: PathBuf,
    /// RFC 3339, UTC; `None` while its first scan has not ended.
    pub scanned_at: Option<String>,
    /// Its folder was not there at the last scan.
    pub offline: bool,
}

impl Root {
    /// It cannot be reached: the last scan found so, or it is gone since.
    pub fn is_away(&self) -> bool {
        self.offline || !self.path.is_dir()
    }
}

impl Catalog {
    /// All roots, by path.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn roots(&self) -> Result<Vec<Root>> {
        let mut statement = self.connection.prepare("SELECT path, scanned_at, offline FROM roots ORDER BY path")?;
        let rows = statement.query_map([], |row| {
            Ok(Root { path: row.get::<_, SqlPath<_>>(0)?.0, scanned_at: row.get(1)?, offline: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Remembers `path` (absolute) as a root, unless a root holds it already; roots inside it become part of it.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn add_root(&mut self, path: &Path) -> Result<()> {
        let roots = self.roots()?;
        if roots.iter().any(|root| path.starts_with(&root.path)) {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        for inner in roots.iter().filter(|root| root.path.starts_with(path)) {
            transaction.execute("DELETE FROM roots WHERE path = ?1", [SqlPath(&inner.path)])?;
        }
        transaction.execute("INSERT INTO roots (path, added_at) VALUES (?1, ?2)", params![SqlPath(path), now()])?;
        Ok(transaction.commit()?)
    }

    /// Notes that a root's folder is not there. Its photos stay as they are.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn root_is_offline(&mut self, path: &Path) -> Result<()> {
        self.connection.execute("UPDATE roots SET offline = 1 WHERE path = ?1", [SqlPath(path)])?;
        Ok(())
    }

    /// Notes that a root was walked to its end.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn root_was_scanned(&mut self, path: &Path) -> Result<()> {
        let sql = "UPDATE roots SET offline = 0, scanned_at = ?2 WHERE path = ?1";
        self.connection.execute(sql, params![SqlPath(path), now()])?;
        Ok(())
    }
}
