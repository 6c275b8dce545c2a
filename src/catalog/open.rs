//! Opening a library: permissions, pragmas, migrations with a backup before them.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use rusqlite_migration::{M, Migrations, SchemaVersion};

use super::{Catalog, CatalogError, Library, Result, now};

/// In the order of their dates; one that was released is never edited.
const MIGRATIONS: &[M] = &[
    M::up(include_str!("migrations/2026-11-23-first.sql")),
    M::up(include_str!("migrations/2026-11-24-decisions.sql")).foreign_key_check(),
    M::up(include_str!("migrations/2026-11-26-thumbnails.sql")),
    M::up(include_str!("migrations/2026-11-26-covers.sql")),
    M::up(include_str!("migrations/2026-11-26-photo-numbers.sql")).foreign_key_check(),
    M::up(include_str!("migrations/2026-11-26-place-keys.sql")),
];

const OURS: &str = env!("CARGO_PKG_VERSION");

impl Catalog {
    /// Opens the library, making it where there is none and migrating an older one after a backup.
    ///
    /// # Errors
    /// [`CatalogError::TooNew`] for a library of a newer facetag, which is left untouched;
    /// [`CatalogError::NotALibrary`] for a file that SQLite cannot read.
    pub fn open(library: &Library) -> Result<Self> {
        Self::open_with(library, &Migrations::from_slice(MIGRATIONS))
    }

    fn open_with(library: &Library, migrations: &Migrations) -> Result<Self> {
        library.create()?;
        let path = library.file();
        Library::private_file(&path)?;
        let not_a_library = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                CatalogError::NotALibrary { path: path.clone(), reason: error.to_string() }
            }
            _ => error.into(),
        };
        let mut connection =
            Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(std::time::Duration::from_secs(120))?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(not_a_library)?;
        // A commit survives the end of the process; only a power cut may take the last ones, never the file.
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update(None, "temp_store", "memory")?;

        // Foreign keys are not looked after while tables are replaced.
        connection.pragma_update(None, "foreign_keys", false)?;
        migrate(&mut connection, &path, library, migrations)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(Self { connection })
    }

    /// A setting, or `None` where it was never made.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn setting(&self, key: &str) -> Result<Option<String>> {
        setting(&self.connection, key)
    }

    /// Makes a setting.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn set_setting(&self, key: &str, value: &str) -> Result<()> {
        set_setting(&self.connection, key, value)
    }
}

fn migrate(connection: &mut Connection, path: &Path, library: &Library, migrations: &Migrations) -> Result<()> {
    match migrations.current_version(connection)? {
        SchemaVersion::Outside(_) => {
            let written_by = setting(connection, "written_by")?.unwrap_or_else(|| "of a later version".into());
            return Err(CatalogError::TooNew { path: path.to_owned(), written_by, ours: OURS });
        }
        SchemaVersion::Inside(_) if migrations.pending_migrations(connection)? == 0 => return Ok(()),
        SchemaVersion::Inside(version) => back_up(connection, library, version.get())?,
        SchemaVersion::NoneSet => refuse_foreign_tables(connection, path)?,
    }
    migrations.to_latest(connection)?;
    set_setting(connection, "written_by", OURS)
}

/// Keeps the file as it was: a migration that goes wrong, or a return to the older facetag, loses nothing.
fn back_up(connection: &Connection, library: &Library, version: usize) -> Result<()> {
    let folder = Library::at(library.backups());
    folder.create()?;
    let copy = folder.folder().join(format!("library-schema-{version}-{}.sqlite", now().replace(':', "")));
    // Under its name only once it is whole.
    let half = copy.with_extension("part");
    let failed = |source| CatalogError::Io { path: half.clone(), source };
    if half.exists() {
        std::fs::remove_file(&half).map_err(failed)?;
    }
    Library::private_file(&half)?;
    connection.execute("VACUUM INTO ?1", [half.to_string_lossy()])?;
    std::fs::rename(&half, &copy).map_err(failed)
}

fn refuse_foreign_tables(connection: &Connection, path: &Path) -> Result<()> {
    let table: Option<String> = connection
        .query_row("SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 1", [], |row| row.get(0))
        .optional()?;
    match table {
        None => Ok(()),
        Some(table) => Err(CatalogError::NotALibrary {
            path: path.to_owned(),
            reason: format!("it holds the table {table:?} of another program"),
        }),
    }
}

fn setting(connection: &Connection, key: &str) -> Result<Option<String>> {
    let sql = "SELECT value FROM settings WHERE key = ?1";
    Ok(connection.query_row(sql, [key], |row| row.get(0)).optional()?)
}

fn set_setting(connection: &Connection, key: &str, value: &str) -> Result<()> {
    let sql = "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
    connection.execute(sql, [key, value])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library() -> (tempfile::TempDir, Library) {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::at(folder.path().join("library"));
        (folder, library)
    }

    /// The migrations of a facetag to come.
    fn with_another() -> Vec<M<'static>> {
        [MIGRATIONS, &[M::up("CREATE TABLE later (id INTEGER PRIMARY KEY)")]].concat()
    }

    #[test]
    fn an_older_library_is_backed_up_then_migrated() {
        let (_folder, library) = library();
        Catalog::open(&library).unwrap().set_setting("kept", "yes").unwrap();

        let next = with_another();
        let catalog = Catalog::open_with(&library, &Migrations::from_slice(&next)).unwrap();

        assert_eq!(catalog.setting("kept").unwrap().as_deref(), Some("yes"));
        catalog.connection.execute("INSERT INTO later VALUES (1)", []).unwrap();
        let backups: Vec<_> = std::fs::read_dir(library.backups()).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(backups.len(), 1);
        let backup = Connection::open(&backups[0]).unwrap();
        assert_eq!(setting(&backup, "kept").unwrap().as_deref(), Some("yes"));
        assert!(backup.execute("INSERT INTO later VALUES (1)", []).is_err());
    }

    #[test]
    fn a_newer_library_is_refused_and_left_alone() {
        let (_folder, library) = library();
        let next = with_another();
        let catalog = Catalog::open_with(&library, &Migrations::from_slice(&next)).unwrap();
        catalog.set_setting("written_by", "9.8.7").unwrap();
        drop(catalog);

        let error = Catalog::open(&library).err().expect("refused").to_string();
        assert!(error.contains("install facetag 9.8.7 or newer"), "{error}");
        let version: i64 = Connection::open(library.file())
            .unwrap()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version as usize, MIGRATIONS.len() + 1);
    }

    #[test]
    fn a_file_of_another_program_is_refused() {
        let (_folder, library) = library();
        library.create().unwrap();
        std::fs::write(library.file(), "these are not the tables you are looking for, sorry").unwrap();
        assert!(matches!(Catalog::open(&library), Err(CatalogError::NotALibrary { .. })));

        std::fs::remove_file(library.file()).unwrap();
        Connection::open(library.file()).unwrap().execute("CREATE TABLE recipes (id)", []).unwrap();
        assert!(matches!(Catalog::open(&library), Err(CatalogError::NotALibrary { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, library) = library();
        Catalog::open(&library).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(library.folder()), 0o700);
        assert_eq!(mode(&library.file()), 0o600);
    }

    #[test]
    fn the_journal_refuses_to_forget() {
        let (_folder, library) = library();
        let catalog = Catalog::open(&library).unwrap();
        catalog.connection.execute("INSERT INTO journal (at, decision) VALUES ('now', '{}')", []).unwrap();
        for sql in ["DELETE FROM journal", "UPDATE journal SET decision = '[]'"] {
            let error = catalog.connection.execute(sql, []).unwrap_err().to_string();
            assert!(error.contains("append-only"), "{error}");
        }
    }
}
