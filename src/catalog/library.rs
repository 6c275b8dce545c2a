//! Where a library lies on disk.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

use super::disk::has_no_locks;
use super::engine::{Connection, Lock};
use super::{Catalog, CatalogError, Result};

/// The folder of a library: the SQLite file, the packs the user added, backups and the lock.
#[derive(Debug, Clone)]
pub struct Library {
    folder: PathBuf,
    /// Where only one file was given, such as a backup: it is read, and never written.
    one_file: Option<PathBuf>,
    /// Where it is in a PostgreSQL database; then the folder is this machine's own.
    url: Option<String>,
}

/// Held while the library is created or migrated.
#[derive(Debug)]
pub(super) struct MigrationLock {
    _file: File,
}

/// Held while a scan writes; another scan of the same library is refused meanwhile.
/// The operating system lets go of it when the process ends, however it ends.
pub struct ScanLock {
    pub(super) file: File,
    /// Of a library in a database: the connection that holds its lock among the machines.
    pub(super) connection: Option<Connection>,
    pub(super) kind: Lock,
}

impl Library {
    /// The library in `folder`, which need not be there yet; or one file of it, such as a backup, to be read.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        match folder.parent().filter(|_| folder.is_file()) {
            Some(parent) => Self { folder: parent.to_owned(), one_file: Some(folder), url: None },
            None => Self { folder, one_file: None, url: None },
        }
    }

    /// The library that a user names: a folder, a file, or the URL of a PostgreSQL database (`postgres://user@host/name`).
    ///
    /// # Errors
    /// The user has no home folder; this facetag cannot use PostgreSQL.
    pub fn named(name: &Path) -> Result<Self> {
        match name.to_str().filter(|name| name.starts_with("postgres://") || name.starts_with("postgresql://")) {
            Some(url) => Self::in_database(url),
            None => {
                let folder =
                    std::path::absolute(name).map_err(|source| CatalogError::Io { path: name.to_owned(), source })?;
                Ok(Self::at(folder))
            }
        }
    }

    /// The library in a PostgreSQL database, with a folder of this machine for what is made from it: previews, albums, packs.
    fn in_database(url: &str) -> Result<Self> {
        if cfg!(not(feature = "postgres")) {
            return Err(CatalogError::NoPostgres);
        }
        let name = blake3::hash(without_password(url).as_bytes()).to_hex();
        let folder = strategy()?.cache_dir().join(format!("postgres-{}", &name[..16]));
        Ok(Self { folder, one_file: None, url: Some(url.to_owned()) })
    }

    /// The URL of its database, where it is in one.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// As it can be given to another facetag.
    pub fn given(&self) -> PathBuf {
        self.url.as_ref().map_or_else(|| self.folder.clone(), PathBuf::from)
    }

    /// How a message calls it: its folder, or its URL without the password.
    pub fn name(&self) -> PathBuf {
        self.url.as_ref().map_or_else(|| self.folder.clone(), |url| without_password(url).into())
    }

    /// Whether it was created; one in a database is, as soon as it is opened.
    pub fn exists(&self) -> bool {
        self.url.is_some() || self.file().exists()
    }

    /// The library in the user's data folder (`~/.local/share/facetag` on Linux).
    ///
    /// # Errors
    /// The user has no home folder.
    pub fn of_user() -> Result<Self> {
        Ok(Self::at(strategy()?.data_dir()))
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The SQLite file; of a library in a database its URL, for messages.
    pub fn file(&self) -> PathBuf {
        if self.url.is_some() {
            return self.name();
        }
        self.one_file.clone().unwrap_or_else(|| self.folder.join("library.sqlite"))
    }

    /// Whether only one file was given, which is read and never written.
    pub(super) fn is_one_file(&self) -> bool {
        self.one_file.is_some()
    }

    /// The model packs that the user added, a folder each.
    pub fn packs(&self) -> PathBuf {
        self.folder.join("packs")
    }

    /// Copies of the SQLite file: weekly ones, those from before a migration, and those that the user asked for.
    pub fn backups(&self) -> PathBuf {
        self.folder.join("backups")
    }

    /// The links that `find --open` shows in a file manager.
    pub fn album(&self) -> PathBuf {
        self.folder.join("album")
    }

    /// Photos made smaller for the page, which may be deleted at any time.
    pub fn previews(&self) -> PathBuf {
        self.folder.join("previews")
    }

    /// Makes the folder, readable by its owner alone. One that is there is left as it is.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn create(&self) -> Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        Self::private_folder(&self.folder).map_err(|source| CatalogError::Io { path: self.folder.clone(), source })
    }

    /// Makes a folder there, readable by its owner alone, unless there is one.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn private_folder(path: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)
    }

    /// Makes an empty file there, readable by its owner alone, or opens the one that is there. Never the SQLite file: see
    /// `connect` in `open.rs`.
    pub(super) fn private_file(path: &Path) -> Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map_err(|source| CatalogError::Io { path: path.to_owned(), source })
    }

    /// Keeps other scans of this machine out for as long as the lock lives.
    ///
    /// # Errors
    /// [`CatalogError::Busy`] when another process holds it.
    pub fn lock_for_scan(&self) -> Result<ScanLock> {
        self.lock(Lock::Scan)
    }

    /// The same, and those of all other machines.
    ///
    /// # Errors
    /// [`CatalogError::Busy`] while somebody scans.
    pub fn lock_alone(&self) -> Result<ScanLock> {
        self.lock(Lock::Alone)
    }

    fn lock(&self, kind: Lock) -> Result<ScanLock> {
        self.create()?;
        let path = self.folder.join("scan.lock");
        let file = Self::private_file(&path)?;
        match file.try_lock() {
            Ok(()) if self.url.is_some() => {
                let connection = Catalog::open(self)?.connection;
                if !connection.try_lock(kind)? {
                    return Err(CatalogError::Busy { path: self.name() });
                }
                Ok(ScanLock { file, connection: Some(connection), kind })
            }
            Ok(()) => Ok(ScanLock { file, connection: None, kind }),
            Err(TryLockError::WouldBlock) => Err(CatalogError::Busy { path: self.name() }),
            Err(TryLockError::Error(source)) => Err(lock_failed(path, source)),
        }
    }

    /// Refuses what only a library in a folder can do.
    pub(super) fn must_be_a_folder(&self, what: &'static str) -> Result<()> {
        if self.url.is_some() { Err(CatalogError::OnlyFolder { what }) } else { Ok(()) }
    }

    /// Waits until no other process creates or migrates the library, and keeps others out for as long as the lock lives.
    pub(super) fn lock_for_migration(&self) -> Result<MigrationLock> {
        let path = self.folder.join("open.lock");
        let file = Self::private_file(&path)?;
        file.lock().map_err(|source| lock_failed(path, source))?;
        Ok(MigrationLock { _file: file })
    }
}

/// The file with the key of this machine: where what is not to be taken to another lies.
pub(super) fn machine_file() -> Result<PathBuf> {
    let strategy = strategy()?;
    Ok(strategy.state_dir().unwrap_or_else(|| strategy.data_dir()).join("machine"))
}

/// Where programs keep things on this system.
fn strategy() -> Result<impl AppStrategy> {
    choose_app_strategy(AppStrategyArgs {
        top_level_domain: "org".into(),
        author: "facetag".into(),
        app_name: "facetag".into(),
    })
    .map_err(|error| CatalogError::NotALibrary {
        path: PathBuf::from("~"),
        reason: format!("no home folder was found ({error})"),
    })
}

fn without_password(url: &str) -> String {
    let (Some(start), Some(at)) = (url.find("://"), url.find('@')) else { return url.to_owned() };
    match url[start + 3..at].find(':') {
        Some(colon) => format!("{}{}", &url[..start + 3 + colon], &url[at..]),
        None => url.to_owned(),
    }
}

fn lock_failed(path: PathBuf, source: io::Error) -> CatalogError {
    if has_no_locks(&source) { CatalogError::NoLocks { path } } else { CatalogError::Io { path, source } }
}
