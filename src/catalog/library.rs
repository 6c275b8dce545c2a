//! Where a library lies on disk.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

use super::disk::has_no_locks;
use super::{CatalogError, Result};

/// The folder of a library: the SQLite file, the packs the user added, backups and the lock.
#[derive(Debug, Clone)]
pub struct Library {
    folder: PathBuf,
    /// Where only one file was given, such as a backup: it is read, and never written.
    one_file: Option<PathBuf>,
}

/// Held while the library is created or migrated.
#[derive(Debug)]
pub(super) struct MigrationLock {
    _file: File,
}

/// Held while a scan writes; another scan of the same library is refused meanwhile.
/// The operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct ScanLock {
    _file: File,
}

impl Library {
    /// The library in `folder`, which need not be there yet; or one file of it, such as a backup, to be read.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        match folder.parent().filter(|_| folder.is_file()) {
            Some(parent) => Self { folder: parent.to_owned(), one_file: Some(folder) },
            None => Self { folder, one_file: None },
        }
    }

    /// The library in the user's data folder (`~/.local/share/facetag` on Linux).
    ///
    /// # Errors
    /// The user has no home folder.
    pub fn of_user() -> Result<Self> {
        let strategy = choose_app_strategy(AppStrategyArgs {
            top_level_domain: "org".into(),
            author: "facetag".into(),
            app_name: "facetag".into(),
        });
        match strategy {
            Ok(folders) => Ok(Self::at(folders.data_dir())),
            Err(error) => Err(CatalogError::NotALibrary {
                path: PathBuf::from("~"),
                reason: format!("no home folder was found ({error})"),
            }),
        }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The SQLite file.
    pub fn file(&self) -> PathBuf {
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

    /// Keeps other scans out for as long as the lock lives.
    ///
    /// # Errors
    /// [`CatalogError::Busy`] when another process holds it.
    pub fn lock_for_scan(&self) -> Result<ScanLock> {
        self.create()?;
        let path = self.folder.join("scan.lock");
        let file = Self::private_file(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(ScanLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(CatalogError::Busy { path: self.folder.clone() }),
            Err(TryLockError::Error(source)) => Err(lock_failed(path, source)),
        }
    }

    /// Waits until no other process creates or migrates the library, and keeps others out for as long as the lock lives.
    pub(super) fn lock_for_migration(&self) -> Result<MigrationLock> {
        let path = self.folder.join("open.lock");
        let file = Self::private_file(&path)?;
        file.lock().map_err(|source| lock_failed(path, source))?;
        Ok(MigrationLock { _file: file })
    }
}

fn lock_failed(path: PathBuf, source: io::Error) -> CatalogError {
    if has_no_locks(&source) { CatalogError::NoLocks { path } } else { CatalogError::Io { path, source } }
}
