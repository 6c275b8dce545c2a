//! The folders that were scanned.

use std::path::{Path, PathBuf};

use super::engine::{self, Optional, params};
use super::photos::{HERE, UNDER, Writer, below};
use super::text::SqlPath;
use super::{Catalog, Hash, Library, Result, now};

/// A folder that was scanned, with all that is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    pub path: PathBuf,
    /// RFC 3339, UTC; `None` while its first scan has not ended.
    pub scanned_at: Option<String>,
    /// Its folder was not there at the last scan.
    pub offline: bool,
    /// Patterns of what is not scanned, in the syntax of `.gitignore`.
    pub excluded: Vec<String>,
    /// Symbolic links are followed.
    pub follow_links: bool,
    /// What the last scan skipped, as it wrote it (JSON).
    pub skipped: String,
}

impl Root {
    /// It cannot be reached: the last scan found so, or it is gone since.
    pub fn is_away(&self) -> bool {
        self.offline || !self.path.is_dir()
    }
}

impl Catalog {
    /// All roots of this machine, by path.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn roots(&self) -> Result<Vec<Root>> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT path, scanned_at, offline, excluded, follow_links, skipped FROM roots WHERE {HERE} ORDER BY path"
        ))?;
        let rows = statement.query_map([], |row| {
            Ok(Root {
                path: row.get::<SqlPath<_>>(0)?.0,
                scanned_at: row.get(1)?,
                offline: row.get(2)?,
                excluded: serde_json::from_str(&row.get::<String>(3)?).unwrap_or_default(),
                follow_links: row.get(4)?,
                skipped: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<engine::Result<_>>()?)
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
        let (mut excluded, mut follow_links) = (Vec::new(), false);
        for inner in roots.iter().filter(|root| root.path.starts_with(path)) {
            let way = inner.path.strip_prefix(path).unwrap_or(&inner.path).to_string_lossy();
            excluded.extend(inner.excluded.iter().map(|pattern| seen_from_above(&way, pattern)));
            follow_links |= inner.follow_links;
        }
        self.exclusively(|catalog| {
            for inner in roots.iter().filter(|root| root.path.starts_with(path)) {
                let sql = format!("DELETE FROM roots WHERE path = ?1 AND {HERE}");
                catalog.connection.execute(&sql, [SqlPath(&inner.path)])?;
            }
            catalog.connection.execute("DELETE FROM removed_roots WHERE folder = ?1", [folder_key(path).as_slice()])?;
            catalog.connection.execute(
                "INSERT INTO roots (path, added_at, excluded, follow_links) VALUES (?1, ?2, ?3, ?4)",
                params![SqlPath(path), now(), serde_json::to_string(&excluded)?, follow_links],
            )?;
            Ok(())
        })
    }

    /// Remembers how a root is to be scanned.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn set_root_rules(&mut self, path: &Path, excluded: &[String], follow_links: bool) -> Result<()> {
        let sql = format!("UPDATE roots SET excluded = ?2, follow_links = ?3 WHERE path = ?1 AND {HERE}");
        self.connection.execute(&sql, params![SqlPath(path), serde_json::to_string(excluded)?, follow_links])?;
        Ok(())
    }

    /// Notes that a root's folder is not there. Its photos stay as they are.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn root_is_offline(&mut self, path: &Path) -> Result<()> {
        let sql = format!("UPDATE roots SET offline = TRUE WHERE path = ?1 AND {HERE}");
        self.connection.execute(&sql, [SqlPath(path)])?;
        Ok(())
    }

    /// Notes that a root was walked to its end, and what was skipped there (JSON).
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn root_was_scanned(&mut self, path: &Path, skipped: &str) -> Result<()> {
        let sql = format!("UPDATE roots SET offline = FALSE, scanned_at = ?2, skipped = ?3 WHERE path = ?1 AND {HERE}");
        self.connection.execute(&sql, params![SqlPath(path), now(), skipped])?;
        Ok(())
    }

    /// Removes a root: its photos are shown no more. What the user decided of them stays, and holds again where the photos are scanned
    /// again, from wherever they lie then.
    ///
    /// # Errors
    /// [`CatalogError::Busy`](super::CatalogError::Busy) while a scan runs; those of SQLite.
    pub fn remove_root(&mut self, library: &Library, path: &Path) -> Result<()> {
        let _scan = library.lock_for_scan()?;
        self.exclusively(|catalog| {
            let (first, end) = below(path);
            let bounds = [SqlPath(path), SqlPath(first.as_path()), SqlPath(end.as_path())];
            catalog.connection.execute(&format!("DELETE FROM files WHERE {HERE} AND {UNDER}"), bounds)?;
            catalog.connection.execute(&format!("DELETE FROM roots WHERE path = ?1 AND {HERE}"), [SqlPath(path)])?;
            Writer { connection: &catalog.connection }.root_was_removed(path, false)
        })
    }

    /// Notes that a root's folder is there again.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn root_is_back(&mut self, path: &Path) -> Result<()> {
        let sql = format!("UPDATE roots SET offline = FALSE WHERE path = ?1 AND {HERE}");
        self.connection.execute(&sql, [SqlPath(path)])?;
        Ok(())
    }

    /// Whether a folder was scanned, or lies in one that was, until it was removed from the library; what was forgotten was not.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn was_removed(&self, folder: &Path) -> Result<bool> {
        Ok(Writer { connection: &self.connection }.removed_with(folder)? == Some(false))
    }
}

impl Writer<'_> {
    /// Remembers that the user does not want a root any more, so that going back to a backup does not bring it back.
    pub(super) fn root_was_removed(&self, path: &Path, forgotten: bool) -> Result<()> {
        let sql = "INSERT INTO removed_roots (folder, forgotten) VALUES (?1, ?2)
                   ON CONFLICT (folder) DO UPDATE SET forgotten = excluded.forgotten";
        self.connection.execute(sql, params![folder_key(path), forgotten])?;
        Ok(())
    }

    /// The removed folder that a path is or lies in, if any: whether it was forgotten.
    fn removed_with(&self, path: &Path) -> Result<Option<bool>> {
        for folder in path.ancestors() {
            let sql = "SELECT forgotten FROM removed_roots WHERE folder = ?1";
            let forgotten: Option<bool> =
                self.connection.query_row(sql, [folder_key(folder).as_slice()], |row| row.get(0)).optional()?;
            if forgotten.is_some() {
                return Ok(forgotten);
            }
        }
        Ok(None)
    }

    /// Takes out the roots that a backup brought back and that had been removed since, with their files, unless these lie in one of
    /// `scanned`: the roots of the library that it replaces. Of roots that had been forgotten, the files are returned instead.
    pub(super) fn remove_roots_again(&self, scanned: &[PathBuf]) -> Result<Vec<i64>> {
        let is_wanted = |path: &Path| scanned.iter().any(|scanned| path.starts_with(scanned));
        let sql = format!("SELECT path FROM roots WHERE {HERE}");
        let mut roots: Vec<PathBuf> = self.connection.query_all(&sql, [], |row| Ok(row.get::<SqlPath<_>>(0)?.0))?;
        roots.retain(|root| !is_wanted(root));
        let mut forgotten = Vec::new();
        for root in roots {
            let Some(was_forgotten) = self.removed_with(&root)? else { continue };
            let (first, end) = below(&root);
            let bounds = [SqlPath(root.as_path()), SqlPath(first.as_path()), SqlPath(end.as_path())];
            let sql = format!("SELECT id, path FROM files WHERE {HERE} AND {UNDER}");
            let files: Vec<(i64, SqlPath<PathBuf>)> =
                self.connection.query_all(&sql, bounds, |row| Ok((row.get(0)?, row.get(1)?)))?;
            let files = files.into_iter().filter(|(_, path)| !is_wanted(&path.0)).map(|(file, _)| file);
            if was_forgotten {
                forgotten.extend(files);
            } else {
                for file in files {
                    self.connection.execute("DELETE FROM files WHERE id = ?1", [file])?;
                }
            }
            self.connection
                .execute(&format!("DELETE FROM roots WHERE path = ?1 AND {HERE}"), [SqlPath(root.as_path())])?;
        }
        Ok(forgotten)
    }
}

/// What a folder is known by that may not be named any more.
pub(super) fn folder_key(folder: &Path) -> Hash {
    *blake3::hash(folder.as_os_str().as_encoded_bytes()).as_bytes()
}

/// A pattern of a root, as it reads in a folder above, from which `way` leads to the root.
fn seen_from_above(way: &str, pattern: &str) -> String {
    let (not, pattern) = pattern.strip_prefix('!').map_or(("", pattern), |pattern| ("!", pattern));
    let is_anchored = pattern.trim_end_matches('/').contains('/');
    let between = if is_anchored { "" } else { "**/" };
    format!("{not}/{way}/{between}{}", pattern.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_the_same_in_a_folder_above() {
        assert_eq!(seen_from_above("a/b", "*.png"), "/a/b/**/*.png");
        assert_eq!(seen_from_above("a", "/x/*.png"), "/a/x/*.png");
        assert_eq!(seen_from_above("a", "!keep/"), "!/a/**/keep/");
    }
}
