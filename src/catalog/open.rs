//! Opening a library: permissions, pragmas, creation and migrations by one process at a time, with a backup before them.

use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;
use rusqlite_migration::{M, Migrations, SchemaVersion};

use super::disk::shared_file_system;
use super::engine::{self, Access, Connection, Optional};
use super::leftover::Leftover;
use super::salvage::Salvaged;
use super::{Catalog, CatalogError, Library, Result, Writer, now};
use super::{damage, read_only};

const SFACE: &str = include_str!("migrations/2026-11-28-sface.sql");

/// In the order of their dates; one that was released is never edited.
const MIGRATIONS: &[M] = &[
    M::up(include_str!("migrations/2026-11-23-first.sql")),
    M::up(include_str!("migrations/2026-11-24-decisions.sql")).foreign_key_check(),
    M::up(include_str!("migrations/2026-11-26-thumbnails.sql")),
    M::up(include_str!("migrations/2026-11-26-covers.sql")),
    M::up(include_str!("migrations/2026-11-26-photo-numbers.sql")).foreign_key_check(),
    M::up(include_str!("migrations/2026-11-26-place-keys.sql")),
    M::up(include_str!("migrations/2026-11-28-journal-index.sql")).foreign_key_check(),
    M::up(include_str!("migrations/2026-11-28-written.sql")),
    M::up(include_str!("migrations/2026-11-28-imported.sql")),
    M::up(include_str!("migrations/2026-11-28-files.sql")),
    M::up(include_str!("migrations/2026-11-28-name-keys.sql")),
    M::up(include_str!("migrations/2026-11-28-keeping.sql")),
    M::up(include_str!("migrations/2026-11-28-dates-places.sql")),
    M::up(SFACE),
    M::up(include_str!("migrations/2026-11-28-shots.sql")),
    M::up(include_str!("migrations/2026-11-28-favourites.sql")),
    M::up(include_str!("migrations/2026-11-28-circles.sql")),
    M::up(include_str!("migrations/2026-11-28-dates.sql")),
    M::up(include_str!("migrations/2026-11-28-named-faces.sql")),
    M::up(include_str!("migrations/2026-11-28-written-entries.sql")),
    M::up(include_str!("migrations/2026-11-28-commands.sql")),
    M::up(include_str!("migrations/2026-11-28-place-areas.sql")),
    M::up(include_str!("migrations/2026-11-29-clusters.sql")),
    M::up(include_str!("migrations/2026-11-29-person-changes.sql")),
    M::up(include_str!("migrations/2026-11-29-face-years.sql")),
    M::up(include_str!("migrations/2026-11-29-machines.sql")).foreign_key_check(),
    M::up(include_str!("migrations/2026-11-29-said.sql")),
    M::up(include_str!("migrations/2026-11-29-removed-roots.sql")),
    M::up(include_str!("migrations/2026-11-29-photos-version.sql")),
    M::up(include_str!("migrations/2026-11-29-outdated-by-year.sql")),
    M::up(include_str!("migrations/2026-11-29-unrecognisable.sql")),
    M::up(include_str!("migrations/2026-11-30-faces-of-photo.sql")),
    M::up(include_str!("migrations/2026-11-30-gained-clusters.sql")),
    M::up(include_str!("migrations/2026-11-30-regrouped-faces.sql")),
];

pub(super) const OURS: &str = env!("CARGO_PKG_VERSION");

/// How many migrations this facetag knows. Versions are rarer than they.
pub const SCHEMA: usize = MIGRATIONS.len();

impl Catalog {
    /// Opens the library. Creates it where there is none, and migrates an older one after a backup: one process at a time,
    /// while the others wait.
    ///
    /// # Errors
    /// [`CatalogError::TooNew`] for a library of a newer facetag, which is left untouched;
    /// [`CatalogError::NotALibrary`] for a file that SQLite cannot read.
    pub fn open(library: &Library) -> Result<Self> {
        #[cfg(feature = "postgres")]
        if let Some(url) = library.url() {
            return super::open_postgres::open(library, url);
        }
        Self::open_with(library, &Migrations::from_slice(MIGRATIONS))
    }

    /// Opens a library that was there before: it is not created a second time where it has been deleted since.
    ///
    /// # Errors
    /// [`CatalogError::Gone`]; those of [`Catalog::open`].
    pub fn reopen(library: &Library) -> Result<Self> {
        if library.exists() { Self::open(library) } else { Err(CatalogError::Gone { path: library.file() }) }
    }

    fn open_with(library: &Library, migrations: &Migrations) -> Result<Self> {
        let path = library.file();
        let mut connection = None;
        if path.exists() {
            // SQLite takes a file of one byte for an empty one.
            if std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= 1) {
                return Err(library.damaged("it is empty"));
            }
            // Before anybody connects: whoever closes it last moves the log into the file.
            damage::check_log(library)?;
            match connect(&path) {
                Ok(opened) if !opened.is_readonly("main")? && !library.is_one_file() => connection = Some(opened),
                // Nothing can be created beside it.
                Err(CatalogError::Database(error)) if !read_only::is_refused(&error) => return Err(error.into()),
                Err(CatalogError::NotALibrary { reason, .. }) => return Err(not_a_library(library, &reason)),
                _ => return Self::open_read_only(library, migrations),
            }
        } else if library.has_remains() {
            let reason = "its file is gone, and what belonged to it is left (`facetag forget --all` removes that too)";
            return Err(library.damaged(reason));
        }
        if let Some(file_system) = shared_file_system(library.folder()) {
            return Err(CatalogError::OnNetwork { path: library.folder().to_owned(), file_system });
        }
        library.create()?;
        if let Some(connection) = connection {
            match is_ready(&connection, migrations) {
                Ok(true) => {
                    damage::check_header(&connection, library)?;
                    return Self::with(connection.into(), &path);
                }
                Ok(false) => {}
                Err(error) if damage::is_damage(&error) => return Err(not_a_library(library, &error.to_string())),
                // The file could be written, but nothing can be created beside it.
                Err(error) if read_only::is_refused(&error) => return Self::open_read_only(library, migrations),
                Err(error) => return Err(error.into()),
            }
        }
        let _lock = library.lock_for_migration()?;
        if !path.exists() {
            create(&path, migrations)?;
        }
        let connection = migrate(connect(&path)?, &path, library, migrations)?;
        connection.sqlite().map(|sqlite| damage::check_header(sqlite, library)).transpose()?;
        Self::with(connection, &path)
    }

    /// Opens a library that may not be written.
    fn open_read_only(library: &Library, migrations: &Migrations) -> Result<Self> {
        let path = library.file();
        let connection = read_only::connect(&path, migrations).map_err(|error| match error {
            CatalogError::Database(error) if damage::is_damage(&error) => not_a_library(library, &error.to_string()),
            error => error,
        })?;
        if let Some(sqlite) = connection.sqlite() {
            match migrations.current_version(sqlite)? {
                SchemaVersion::Inside(_) => {}
                SchemaVersion::NoneSet => refuse_foreign_tables(sqlite, &path)?,
                SchemaVersion::Outside(schema) => return Err(library.too_new(&connection, schema.get())?),
            }
        }
        Ok(Self { connection, file: Some(OpenFile::of(&path)?) })
    }

    /// Whether the library may only be read: it is a backup, or on a disk or in a folder of somebody else.
    pub fn is_read_only(&self) -> bool {
        let is_query_only =
            |sqlite: &rusqlite::Connection| sqlite.pragma_query_value(None, "query_only", |row| row.get(0)).ok();
        self.connection.sqlite().and_then(is_query_only).unwrap_or(false)
    }

    fn with(connection: Connection, path: &Path) -> Result<Self> {
        if let Some(sqlite) = connection.sqlite() {
            sqlite.pragma_update(None, "foreign_keys", true)?;
        }
        Ok(Self { connection, file: Some(OpenFile::of(path)?) })
    }

    /// Checks that the file that this connection has open is still the library: after its folder was deleted or moved, SQLite
    /// would go on with a file that nobody can open any more.
    ///
    /// # Errors
    /// [`CatalogError::Gone`].
    pub fn check_is_there(&self) -> Result<()> {
        match &self.file {
            Some(file) if !file.is_there() => Err(CatalogError::Gone { path: file.path.clone() }),
            _ => Ok(()),
        }
    }

    /// Writes a copy of the whole library to `to`, which appears under its name only once it is complete, readable by its
    /// owner alone. Others may go on writing meanwhile.
    ///
    /// # Errors
    /// Those of SQLite and of the file system.
    pub fn copy_to(&self, to: &Path) -> Result<()> {
        match self.connection.sqlite() {
            Some(sqlite) => copy(sqlite, to),
            None => super::moving::into_new_file(self, to),
        }
    }

    /// How much room the library takes, in bytes.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn bytes(&self, library: &Library) -> Result<u64> {
        if self.connection.sqlite().is_none() {
            let sql = "SELECT pg_database_size(current_database())";
            return Ok(self.connection.query_row(sql, [], |row| row.get::<i64>(0))? as u64);
        }
        let parts = ["", "-wal"].map(|end| format!("{}{end}", library.file().display()));
        Ok(parts.iter().filter_map(|part| Some(std::fs::metadata(part).ok()?.len())).sum())
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

/// The file that a connection has open, as it was found under its path.
pub(super) struct OpenFile {
    path: PathBuf,
    #[cfg(unix)]
    id: (u64, u64),
}

impl OpenFile {
    fn of(path: &Path) -> Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            #[cfg(unix)]
            id: Self::id(path).map_err(|source| CatalogError::Io { path: path.to_owned(), source })?,
        })
    }

    #[cfg(unix)]
    fn id(path: &Path) -> std::io::Result<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(path)?;
        Ok((metadata.dev(), metadata.ino()))
    }

    #[cfg(unix)]
    fn is_there(&self) -> bool {
        Self::id(&self.path).is_ok_and(|id| id == self.id)
    }

    /// Elsewhere, a file that is open cannot be deleted.
    #[cfg(not(unix))]
    fn is_there(&self) -> bool {
        self.path.exists()
    }
}

/// Connects to a file that is there. Nothing else in facetag may open it, not even for a moment: closing any descriptor of a
/// file drops all POSIX locks that the process holds on it, and then other programs delete the log that SQLite is writing
/// (<https://www.sqlite.org/howtocorrupt.html>, section 2.2).
pub(super) fn connect(path: &Path) -> Result<rusqlite::Connection> {
    let connect = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(120))?;
        // A decision is on disk when it is acknowledged. What scans find may be synced later, see `Catalog::batch`.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "fullfsync", true)?;
        // Not in memory: there SQLite walks through all that a decision has changed so far after each of its statements, and to name
        // 10,000 faces took half a minute. Nor only up to some size: SQLite cannot write pieces of 128 KiB and more out of memory into a
        // file (`SQLITE_CONFIG_STMTJRNL_SPILL`), and says then that the disk is full.
        connection.pragma_update(None, "temp_store", "file")?;
        Ok(connection)
    };
    connect().map_err(|error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            CatalogError::NotALibrary { path: path.to_owned(), reason: error.to_string() }
        }
        _ => error.into(),
    })
}

/// Opens a copy that nobody else has open, be it an empty file, and brings it to this version.
pub(super) fn open_copy(file: &Path) -> Result<Catalog> {
    Catalog::with(set_up(connect(file)?, &Migrations::from_slice(MIGRATIONS))?, file)
}

/// What the library in a file knows beside decisions.
pub(super) fn leftover(file: &Path, salvaged: &Salvaged) -> Leftover {
    Leftover::read(file, &Migrations::from_slice(MIGRATIONS), salvaged)
}

/// Whether nothing is to be created or migrated.
fn is_ready(connection: &rusqlite::Connection, migrations: &Migrations) -> engine::Result<bool> {
    let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let is_current = matches!(migrations.current_version(connection), Ok(SchemaVersion::Inside(_)))
        && matches!(migrations.pending_migrations(connection), Ok(0));
    Ok(journal == "wal" && is_current && super::index::is_complete(connection)?)
}

/// What a file is that SQLite cannot read: a damaged library, or another program's. Nobody holds locks on such a file, so it may be
/// looked into.
fn not_a_library(library: &Library, reason: &str) -> CatalogError {
    let ours = ["backups", "library.sqlite-wal"];
    if ours.iter().any(|name| library.folder().join(name).exists()) || Salvaged::is_ours(&library.file()) {
        library.damaged(reason)
    } else {
        CatalogError::NotALibrary { path: library.file(), reason: reason.to_owned() }
    }
}

/// Creates an empty library under another name, and renames it once it is complete and closed: so nobody ever sees half of it.
fn create(path: &Path, migrations: &Migrations) -> Result<()> {
    let failed = |source| CatalogError::Io { path: path.to_owned(), source };
    let new = path.with_extension("new");
    // What a process that was killed here has left.
    for left in ["new", "new-wal", "new-shm", "new-journal"] {
        match std::fs::remove_file(path.with_extension(left)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    Library::private_file(&new)?;
    close_whole(set_up(connect(&new)?, migrations)?)?;
    std::fs::rename(&new, path).map_err(failed)?;
    // The name is on disk before anything is decided under it; only Unix can sync a folder.
    #[cfg(unix)]
    path.parent().map(|folder| std::fs::File::open(folder)?.sync_all()).transpose().map_err(failed)?;
    Ok(())
}

/// Closes a library that is to be renamed, with all of it in its one file. To close it alone would not do: where the disk is full, SQLite
/// leaves the rest in the log and says nothing.
pub(super) fn close_whole(connection: Connection) -> Result<()> {
    Ok(connection.close()?)
}

fn migrate(
    connection: rusqlite::Connection,
    path: &Path,
    library: &Library,
    migrations: &Migrations,
) -> Result<Connection> {
    match migrations.current_version(&connection)? {
        SchemaVersion::Outside(schema) => return Err(library.too_new(&connection.into(), schema.get())?),
        SchemaVersion::Inside(version) if migrations.pending_migrations(&connection)? > 0 => {
            back_up(&connection, library, version.get())?;
        }
        SchemaVersion::Inside(_) => {}
        SchemaVersion::NoneSet => refuse_foreign_tables(&connection, path)?,
    }
    set_up(connection, migrations)
}

/// Makes the tables of this version, with a log that is written beside the file.
fn set_up(connection: rusqlite::Connection, migrations: &Migrations) -> Result<Connection> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    bring_up_to_date(connection, migrations)
}

/// Makes the tables of this version, and what is derived in them.
pub(super) fn bring_up_to_date(mut connection: rusqlite::Connection, migrations: &Migrations) -> Result<Connection> {
    let is_behind = migrations.pending_migrations(&connection)? > 0;
    if is_behind {
        // Foreign keys are not looked after while tables are replaced.
        connection.pragma_update(None, "foreign_keys", false)?;
        migrations.to_latest(&mut connection)?;
    }
    let connection = Connection::from(connection);
    let mut writer = Writer { connection: &connection };
    // Where one of these fails, the connection is closed, which rolls it back.
    if is_behind {
        connection.begin(Access::Decide)?;
        writer.renew_keys()?;
        writer.renew_dates()?;
        writer.renew_places()?;
        writer.renew_shots()?;
        set_setting(&connection, "written_by", OURS)?;
        connection.commit()?;
    }
    connection.begin(Access::Decide)?;
    writer.index_journal()?;
    connection.commit()?;
    Ok(connection)
}

/// Keeps the file as it was: a migration that goes wrong, or a return to the older facetag, loses nothing.
fn back_up(connection: &rusqlite::Connection, library: &Library, version: usize) -> Result<()> {
    let folder = Library::at(library.backups());
    folder.create()?;
    copy(connection, &folder.folder().join(format!("library-schema-{version}-{}.sqlite", now().replace(':', ""))))
}

fn copy(connection: &rusqlite::Connection, to: &Path) -> Result<()> {
    // Beside it, under a name that nothing else has.
    let half = to.with_extension(format!("{}.part", std::process::id()));
    let failed = |source| CatalogError::Io { path: half.clone(), source };
    if half.exists() {
        std::fs::remove_file(&half).map_err(failed)?;
    }
    Library::private_file(&half)?;
    // No half backup is left where the disk is full.
    let written = connection.execute("VACUUM INTO ?1", [half.to_string_lossy()]).map_err(CatalogError::from);
    let named = written.and_then(|_| {
        std::fs::File::open(&half).and_then(|file| file.sync_all()).map_err(failed)?;
        std::fs::rename(&half, to).map_err(failed)
    });
    named.inspect_err(|_| drop(std::fs::remove_file(&half)))
}

impl Library {
    fn too_new(&self, connection: &Connection, schema: usize) -> Result<CatalogError> {
        let readable = |backup: &PathBuf| read_only::without_log(backup).is_ok_and(|backup| !is_newer(&backup));
        let backup = self.backups_made().into_iter().rev().find(readable).filter(|_| !self.is_one_file());
        let way_back = backup.map(|backup| {
            format!(
                "; or go back to the backup from before it with `facetag restore {:?}`",
                backup.display().to_string()
            )
        });
        too_new(connection, &self.file(), (schema, SCHEMA), &way_back.unwrap_or_default())
    }
}

/// The error of a library that has seen more migrations than are known; of each their number.
pub(super) fn too_new(
    connection: &Connection,
    path: &Path,
    (theirs, ours): (usize, usize),
    way_back: &str,
) -> Result<CatalogError> {
    let written_by = setting(connection, "written_by")?.unwrap_or_else(|| "of a later version".into());
    // Between two releases, tables may change while the version stays.
    let what =
        if written_by == OURS { "built later than this one".to_owned() } else { format!("{written_by} or newer") };
    Ok(CatalogError::TooNew {
        path: path.to_owned(),
        theirs: format!("{written_by} (schema {theirs})"),
        ours: format!("{OURS} (schema {ours})"),
        remedy: format!("install facetag {what}{way_back}"),
    })
}

/// Whether a file has seen more migrations than this facetag knows.
pub(super) fn is_newer(connection: &rusqlite::Connection) -> bool {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .is_ok_and(|schema: i64| schema > SCHEMA as i64)
}

fn refuse_foreign_tables(connection: &rusqlite::Connection, path: &Path) -> Result<()> {
    let table: Option<String> =
        connection.query_row("SELECT min(name) FROM sqlite_schema WHERE type = 'table'", [], |row| row.get(0))?;
    match table {
        None => Ok(()),
        Some(table) => Err(CatalogError::NotALibrary {
            path: path.to_owned(),
            reason: format!("it holds the table {table:?} of another program"),
        }),
    }
}

pub(super) fn setting(connection: &Connection, key: &str) -> Result<Option<String>> {
    let sql = "SELECT value FROM settings WHERE key = ?1";
    Ok(connection.query_row(sql, [key], |row| row.get(0)).optional()?)
}

pub(super) fn set_setting(connection: &Connection, key: &str, value: &str) -> Result<()> {
    let sql =
        "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection.execute(sql, [key, value])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{FaceId, LineId, PersonId, PhotoId};
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
        let backup = Connection::from(rusqlite::Connection::open(&backups[0]).unwrap());
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
        assert!(!error.contains("go back"), "{error}");
        let version: i64 = rusqlite::Connection::open(library.file())
            .unwrap()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version as usize, MIGRATIONS.len() + 1);
    }

    /// Between two releases, versions do not tell which facetag is newer; and the backup from before the migration leads back.
    #[test]
    fn an_older_build_of_one_version_is_told_apart_and_led_back() {
        let (_folder, library) = library();
        Catalog::open(&library).unwrap().set_setting("kept", "yes").unwrap();
        let next = with_another();
        let catalog = Catalog::open_with(&library, &Migrations::from_slice(&next)).unwrap();
        catalog.back_up(&library, None, None).unwrap();
        drop(catalog);

        let error = Catalog::open(&library).err().expect("refused").to_string();
        for words in [&format!("(schema {})", SCHEMA + 1), &format!("(schema {SCHEMA})"), "built later than this one"] {
            assert!(error.contains(words), "no {words:?} in {error}");
        }
        let backup = error.split("facetag restore \"").nth(1).unwrap().split('"').next().unwrap();
        assert!(backup.contains(&format!("library-schema-{SCHEMA}-")), "{error}");
        let newer = library.backups_made().into_iter().find(|made| !made.to_string_lossy().contains("schema")).unwrap();
        let refused = library.restore(Some(&newer)).unwrap_err().to_string();
        assert!(refused.contains("newer facetag"), "{refused}");
        library.restore(Some(Path::new(backup))).unwrap();
        assert_eq!(Catalog::open(&library).unwrap().setting("kept").unwrap().as_deref(), Some("yes"));
    }

    #[test]
    fn a_file_of_another_program_is_refused() {
        let (_folder, library) = library();
        library.create().unwrap();
        std::fs::write(library.file(), "these are not the tables you are looking for, sorry").unwrap();
        assert!(matches!(Catalog::open(&library), Err(CatalogError::NotALibrary { .. })));

        std::fs::remove_file(library.file()).unwrap();
        rusqlite::Connection::open(library.file()).unwrap().execute("CREATE TABLE recipes (id)", []).unwrap();
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

    /// The journal of an older facetag is indexed, and tells which faces the user drew: a detector may be as sure.
    #[test]
    fn an_older_journal_is_indexed() {
        let (_folder, library) = library();
        library.create().unwrap();
        let mut sqlite = rusqlite::Connection::open(library.file()).unwrap();
        sqlite.pragma_update(None, "foreign_keys", false).unwrap();
        Migrations::from_slice(&MIGRATIONS[..6]).to_latest(&mut sqlite).unwrap();
        let (hash, landmarks) = (blake3::hash(b"a photo"), [[0.1f32; 2]; 5]);
        let drawn = serde_json::json!({"photo": hash.to_hex().as_str(), "box": {"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.3}});
        let rows = format!(
            "INSERT INTO photos (id, hash, width, height, detector, scanned_at) VALUES (1, x'{}', 9, 9, '', '');
             INSERT INTO files (path, size, modified, photo_id) VALUES ('/a.jpg', 1, 1, 1);
             INSERT INTO people (id, name, key, created_at) VALUES (1, 'Anna', 'anna', '');
             INSERT INTO faces (id, photo_id, x, y, width, height, landmarks, score, quality, person_id, state) VALUES
                 (1, 1, 0.6, 0.2, 0.3, 0.3, zeroblob(40), 1.0, 1, 1, 'confirmed'),
                 (2, 1, 0.1, 0.2, 0.3, 0.3, zeroblob(40), 1.0, 1, NULL, NULL);
             INSERT INTO journal (at, decision) VALUES ('', '{}'), ('', '{}'), ('', '{}'), ('', '{}');",
            hash.to_hex(),
            serde_json::json!({"do": "draw", "face": drawn, "landmarks": landmarks, "quality": 0.5, "person": 1, "name": "Anna"}),
            serde_json::json!({"do": "reject", "person": 1, "faces": [drawn]}),
            serde_json::json!({"do": "hide", "person": 1, "hidden": true, "faces": []}),
            serde_json::json!({"do": "undo", "line": 3}),
        );
        sqlite.execute_batch(&rows).unwrap();
        drop(sqlite);

        let catalog = Catalog::open(&library).unwrap();
        let origins: Vec<String> = catalog
            .connection
            .prepare("SELECT origin FROM faces ORDER BY id")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<engine::Result<_>>()
            .unwrap();
        assert_eq!(origins, ["detected", "drawn"]);
        assert_eq!(
            (catalog.newest_line().unwrap(), catalog.newest_undone().unwrap()),
            (Some(LineId(2)), Some(LineId(4)))
        );
        assert_eq!(catalog.reason_for(&catalog.face(FaceId(2)).unwrap()).unwrap().map(|line| line.id), Some(LineId(2)));
        assert!(catalog.reason_for(&catalog.face(FaceId(1)).unwrap()).unwrap().is_none());
    }

    /// Names that differ in accents stay two people; places get their names, and dates stay what they are.
    #[test]
    fn names_places_and_dates_of_an_older_library_are_kept() {
        let (_folder, library) = library();
        let keys = M::up(include_str!("migrations/2026-11-28-name-keys.sql"));
        let before = MIGRATIONS.iter().position(|migration| *migration == keys).unwrap();
        let catalog = Catalog::open_with(&library, &Migrations::from_slice(&MIGRATIONS[..before])).unwrap();
        let rows = "INSERT INTO photos (id, hash, width, height, taken, taken_offset, latitude, longitude, detector, scanned_at)
                    VALUES (1, zeroblob(32), 9, 9, '2010-05-10T12:00:00', -240, 38.7139, -9.1394, 'open', '');
                    INSERT INTO photos (id, hash, width, height, detector, scanned_at)
                    VALUES (2, randomblob(32), 9, 9, 'open', '');
                    INSERT INTO files (path, size, modified, photo_id) VALUES ('/a.jpg', 1, 1, 1), ('/June 1955/b.jpg', 1, 1, 2);
                    INSERT INTO people (id, name, key, created_at)
                    VALUES (1, 'José Müller', 'josé müller', ''), (2, 'Jose Muller', 'jose muller', ''), (3, 'O’Brien', 'o’brien', '');";
        catalog.connection.execute_batch(rows).unwrap();
        drop(catalog);

        let mut catalog = Catalog::open(&library).unwrap();
        let called = |name: &str| catalog.person_called(name).unwrap().map(|who| who.id);
        assert_eq!(["José Müller", "jose muller", "obrien"].map(called), [1, 2, 3].map(|id| Some(PersonId(id))));
        let lisbon = crate::catalog::Query { place: Some("Lissabon".to_owned()), ..Default::default() };
        assert_eq!(catalog.find(&lisbon).unwrap().len(), 1);
        catalog.batch(|writer| writer.file(Path::new("/a.jpg"), crate::catalog::Stamp::default(), PhotoId(1))).unwrap();
        let photo = catalog.photo(PhotoId(1)).unwrap();
        assert_eq!(photo.taken.as_deref(), Some("2010-05-10T12:00:00-04:00"));
        assert_eq!(photo.taken_source, Some(crate::metadata::DateSource::Exif));
        assert!(photo.gps.is_some());
        assert_eq!(catalog.photo(PhotoId(2)).unwrap().taken.as_deref(), Some("1955-06"));
    }

    #[test]
    fn decisions_are_synced_at_once_and_scans_later() {
        let (_folder, library) = library();
        let mut catalog = Catalog::open(&library).unwrap();
        let synchronous = |connection: &Connection| -> i64 {
            connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap()
        };
        let (normal, full) = (1, 2);
        let scan = catalog.batch(|writer| Ok(synchronous(writer.connection))).unwrap();
        let decision =
            catalog.exclusively(|catalog| catalog.batch(|writer| Ok(synchronous(writer.connection)))).unwrap();
        assert_eq!((scan, decision, synchronous(&catalog.connection)), (normal, full, full));
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

    /// Merging the two most frequent people of a million photos changes so much at once: SQLite must be able to take it back.
    #[test]
    fn a_decision_may_change_any_number_of_pages() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("large.sqlite");
        std::fs::File::create(&file).unwrap();
        let connection = connect(&file).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        let large = "CREATE TABLE large (number INTEGER, filling BLOB);
                     WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                     INSERT INTO large SELECT 0, zeroblob(3000) FROM n";
        connection.execute_batch(large).unwrap();
        let sum = || connection.query_row("SELECT sum(number) FROM large", [], |row| row.get::<_, i64>(0)).unwrap();
        connection.execute_batch("BEGIN; SAVEPOINT decision; UPDATE large SET number = 1").unwrap();
        assert_eq!(sum(), 20000);
        connection.execute_batch("ROLLBACK TO decision; RELEASE decision").unwrap();
        assert_eq!(sum(), 0);
    }

    /// A library of the pack that shipped before keeps its names; what that pack's recogniser made is dropped, for the next scan to
    /// make anew.
    #[test]
    fn what_the_old_recogniser_made_is_dropped() {
        let (_folder, library) = library();
        let before = MIGRATIONS.iter().position(|migration| *migration == M::up(SFACE)).unwrap();
        let catalog = Catalog::open_with(&library, &Migrations::from_slice(&MIGRATIONS[..before])).unwrap();
        let rows = "INSERT INTO photos (id, hash, width, height, detector, scanned_at)
                    VALUES (1, zeroblob(32), 9, 9, 'open', '');
                    INSERT INTO files (path, size, modified, photo_id) VALUES ('/a.jpg', 1, 1, 1);
                    INSERT INTO people (id, name, key, created_at) VALUES (1, 'Anna', 'anna', ''), (2, NULL, NULL, '');
                    INSERT INTO faces (id, photo_id, x, y, width, height, landmarks, score, quality, person_id, state)
                    VALUES (1, 1, 0, 0, 1, 1, zeroblob(40), 1, 1, 1, 'confirmed'), (2, 1, 0, 0, 1, 1, zeroblob(40), 1, 1, 2, NULL);
                    INSERT INTO embeddings (face_id, pack, vector)
                    VALUES (1, 'open', zeroblob(768)), (2, 'open', zeroblob(768)), (2, 'other', zeroblob(4));";
        catalog.connection.execute_batch(rows).unwrap();
        drop(catalog);

        let mut catalog = Catalog::open(&library).unwrap();
        assert_eq!(catalog.photos_without_embeddings("open").unwrap(), [PhotoId(1)]);
        assert!(catalog.embedding(FaceId(2), "other").unwrap().is_some());
        // Once all faces have one, only of a new face is it asked again.
        let embed = |catalog: &Catalog, face: i64| {
            let sql = format!("INSERT INTO embeddings (face_id, pack, vector) VALUES ({face}, 'open', zeroblob(512))");
            catalog.connection.execute_batch(&sql).unwrap();
        };
        let mut without = |pack: &str, before: &dyn Fn(&Catalog)| {
            before(&catalog);
            catalog.photos_without_embeddings(pack).unwrap().len()
        };
        assert_eq!(without("open", &|catalog| embed(catalog, 1)), 1);
        assert_eq!(without("open", &|catalog| embed(catalog, 2)), 0);
        assert_eq!([without("open", &|_| {}), without("other", &|_| {}), without("open", &|_| {})], [0, 1, 0]);
        // Nor is it known any more once an undo or a redo may have brought faces back.
        let mut reverting = Catalog::open(&library).unwrap();
        assert_eq!(reverting.setting("embedded").unwrap().as_deref(), Some("open 2"));
        reverting.batch(|writer| writer.revert(super::super::LineId(1))).unwrap();
        assert_eq!(reverting.setting("embedded").unwrap(), None);
        let face = "INSERT INTO faces (id, photo_id, x, y, width, height, landmarks, score, quality)
                    VALUES (3, 1, 0, 0, 1, 1, zeroblob(40), 1, 1)";
        assert_eq!(without("open", &|catalog| catalog.connection.execute_batch(face).unwrap()), 1);
        catalog.connection.execute_batch("DELETE FROM faces WHERE id = 3; DELETE FROM embeddings").unwrap();
        let people =
            |catalog: &Catalog| [1, 2].map(|face| catalog.face(FaceId(face)).unwrap().person.map(|person| person.0));
        assert_eq!(people(&catalog), [Some(1), Some(2)], "groups stay until they can be rebuilt");
        assert!(catalog.face(FaceId(1)).unwrap().is_recognisable());
        catalog.ungroup_the_outdated().unwrap();
        assert_eq!(people(&catalog), [Some(1), None], "a name is never lost");
        catalog.connection.execute("UPDATE faces SET person_id = 2 WHERE id = 2", []).unwrap();
        catalog.ungroup_the_outdated().unwrap();
        assert_eq!(people(&catalog), [Some(1), Some(2)], "once is enough");
    }
}
