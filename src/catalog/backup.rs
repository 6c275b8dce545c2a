//! Backups: verified copies of the SQLite file, and going back to one. Whatever was decided or set after a backup was made is taken out
//! of the library that it replaces, as far as that can be read.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

use super::decision::Decision;
use super::engine::{self, params};
use super::leftover::Kinship;
use super::photos::Writer;
use super::salvage::Salvaged;
use super::{Catalog, CatalogError, Forgotten, Library, LineId, Result, damage, now, open, read_only};

/// The interval between automatic backups, and how many of them are kept.
const INTERVAL: Duration = Duration::from_hours(7 * 24);
const KEPT: usize = 5;

/// The places outside the library where the user keeps backups, so that `facetag forget` can name them.
const ELSEWHERE: &str = "backups_elsewhere";

/// What going back to a backup has brought.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Restored {
    /// `None` where there was no good backup: a new library was started.
    pub from: Option<PathBuf>,
    /// Decisions that were made after the backup, and could be read.
    pub decisions: usize,
    /// Decisions of the replaced library that were left out, as it has another history than the backup.
    pub left_out: usize,
    /// What the backup brought back of people, photos and folders that had been forgotten since, and was forgotten again.
    pub forgotten: Forgotten,
    /// Decisions in the library now.
    pub total: usize,
    /// The people that have a name now.
    pub names: Vec<String>,
    /// What only the replaced library knew and could not be read, in words: it is as in the backup.
    pub lost: Vec<&'static str>,
    /// Where the replaced library lies.
    pub replaced: Option<PathBuf>,
    /// Backups that were no good, and why.
    pub bad: Vec<String>,
}

impl Library {
    /// The backups in the library's folder, the oldest first.
    pub fn backups_made(&self) -> Vec<PathBuf> {
        backups_in(&self.backups())
    }

    /// Replaces the library by a backup, or by the newest one that is good; where there is none, by an empty library. Decisions and
    /// settings that only the replaced library has are added, as far as they can be read, unless it has another history than the backup.
    /// What was removed or forgotten since stays so. The replaced library is kept in the folder of backups.
    ///
    /// # Errors
    /// [`CatalogError::BadBackup`] for a backup that was asked for; [`CatalogError::Busy`]; those of SQLite and of the file system.
    pub fn restore(&self, from: Option<&Path>) -> Result<Restored> {
        self.must_be_a_folder("restoring a backup")?;
        let _scan = self.lock_for_scan()?;
        let _lock = self.lock_for_migration()?;
        let (file, log) = (self.file(), damage::log_of(&self.file()));
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| CatalogError::Io { path, source }
        };
        let mut bad = Vec::new();
        let good = match from {
            Some(path) => match unusable(path) {
                None => Some(path.to_owned()),
                Some(reason) => return Err(CatalogError::BadBackup { path: path.to_owned(), reason }),
            },
            // Where only the log is another library's, the file itself is newer than every backup.
            None if damage::has_foreign_log(&file) && unusable(&file).is_none() => Some(file.clone()),
            None => self.backups_made().into_iter().rev().find(|path| match unusable(path) {
                None => true,
                Some(reason) => {
                    bad.push(format!("{}: {reason}", path.display()));
                    false
                }
            }),
        };
        let is_itself = good.as_ref() == Some(&file);
        let salvaged = Salvaged::read(&file, if damage::has_foreign_log(&file) { None } else { Some(&log) });
        let leftover = (file.exists() && !is_itself).then(|| open::leftover(&file, &salvaged));

        let new = file.with_extension("restored");
        if new.exists() {
            std::fs::remove_file(&new).map_err(io(&new))?;
        }
        drop(Self::private_file(&new)?);
        if let Some(good) = &good {
            std::fs::copy(good, &new).map_err(io(&new))?;
        }
        let mut catalog = open::open_copy(&new)?;
        catalog.connection.delete_for_good()?;
        let (decisions, left_out, forgotten) = catalog.batch(|writer| {
            let (kinship, unknown) = writer.kinship(&salvaged)?;
            let (decisions, left_out) = match kinship {
                Kinship::None => (0, unknown),
                _ => (writer.add_salvaged(&salvaged)?, 0),
            };
            let Some(leftover) = &leftover else { return Ok((decisions, left_out, Forgotten::default())) };
            writer.add_leftover(leftover, kinship)?;
            let scanned = if kinship == Kinship::None { Vec::new() } else { leftover.roots() };
            Ok((decisions, left_out, writer.forget_again(&scanned, &salvaged.people())?))
        })?;
        if forgotten != Forgotten::default() {
            catalog.connection.wipe()?;
        }
        let lost = leftover.map(|leftover| leftover.lost()).unwrap_or_default();
        let total = catalog.last_line()?;
        let mut names: Vec<String> = catalog.names()?.into_values().collect();
        names.sort();
        open::close_whole(catalog.connection)?;

        // The log goes first: it must not lie beside another file. The file is replaced in one step.
        let replaced = self.backups().join(format!("replaced-{}", stamp()));
        let mut kept = None;
        if file.exists() || log.exists() {
            Self::private_folder(&replaced).map_err(io(&replaced))?;
            for beside in [log, PathBuf::from(format!("{}-shm", file.display()))] {
                if beside.exists() {
                    let to = replaced.join(beside.file_name().unwrap_or_default());
                    std::fs::rename(&beside, &to).map_err(io(&beside))?;
                }
            }
            let to = replaced.join(file.file_name().unwrap_or_default());
            if file.exists() {
                std::fs::hard_link(&file, &to).or_else(|_| std::fs::copy(&file, &to).map(drop)).map_err(io(&to))?;
            }
            kept = Some(replaced);
        }
        std::fs::rename(&new, &file).map_err(io(&new))?;
        let from = good.filter(|good| *good != file);
        let total = total.0 as usize;
        Ok(Restored { from, decisions, left_out, forgotten, total, names, lost, replaced: kept, bad })
    }
}

impl Catalog {
    /// Makes a backup, dated, into this folder or to this file, or into the library's own folder of backups; checks that it is good, and
    /// keeps the last `keep` of the folder.
    ///
    /// # Errors
    /// [`CatalogError::Damaged`] where the library is, and so the backup would be; those of SQLite and of the file system.
    pub fn back_up(&self, library: &Library, to: Option<&Path>, keep: Option<usize>) -> Result<PathBuf> {
        let file = match to {
            Some(to) if !to.is_dir() => to.to_owned(),
            to => {
                let folder = to.map_or_else(|| library.backups(), Path::to_owned);
                Library::private_folder(&folder).map_err(|source| CatalogError::Io { path: folder.clone(), source })?;
                folder.join(format!("library-{}.sqlite", stamp()))
            }
        };
        self.copy_to(&file)?;
        if let Some(reason) = problem(&file) {
            let _ = std::fs::remove_file(&file);
            return Err(library.damaged(&reason));
        }
        match to {
            Some(_) => self.remember_place(&file)?,
            None => prune(&library.backups(), keep.unwrap_or(KEPT)),
        }
        if let (Some(to), Some(keep)) = (to.filter(|to| to.is_dir()), keep) {
            prune(to, keep);
        }
        Ok(file)
    }

    /// Makes a backup where the last one is older than a week, and something was decided. Returns it.
    ///
    /// # Errors
    /// Those of [`Catalog::back_up`].
    pub fn back_up_weekly(&self, library: &Library) -> Result<Option<PathBuf>> {
        let age = |path: &PathBuf| SystemTime::now().duration_since(path.metadata().ok()?.modified().ok()?).ok();
        let last = library.backups_made().iter().filter_map(age).min();
        if self.is_read_only() || last.is_some_and(|age| age < INTERVAL) || self.last_line()? == LineId::BEFORE_ALL {
            return Ok(None);
        }
        self.back_up(library, None, None).map(Some)
    }

    fn remember_place(&self, file: &Path) -> Result<()> {
        if self.is_read_only() {
            return Ok(());
        }
        let mut places = self.backups_elsewhere()?;
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        if let Some(folder) = file.parent().map(|folder| folder.display().to_string())
            && !places.contains(&folder)
        {
            places.push(folder);
            self.set_setting(ELSEWHERE, &serde_json::to_string(&places)?)?;
        }
        Ok(())
    }

    /// The folders outside the library into which backups were made.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn backups_elsewhere(&self) -> Result<Vec<String>> {
        Ok(self.setting(ELSEWHERE)?.map(|places| serde_json::from_str(&places)).transpose()?.unwrap_or_default())
    }
}

impl Writer<'_> {
    /// Adds the lines of the journal that a damaged library still had and this one has not. Returns how many.
    fn add_salvaged(&mut self, salvaged: &Salvaged) -> Result<usize> {
        let mut added = 0;
        for (id, (at, decision)) in &salvaged.lines {
            // One that takes back a line that is lost says nothing.
            if let Ok(Decision::Undo { line } | Decision::Redo { line }) = serde_json::from_str(decision)
                && !self.has_line(line)?
            {
                continue;
            }
            if serde_json::from_str::<Decision>(decision).is_ok() {
                let sql = "INSERT INTO journal (id, at, decision) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
                added += self.connection.execute(sql, params![id, at, decision])?;
            }
        }
        if added > 0 {
            self.say_journal_again()?;
        }
        Ok(added)
    }

    /// What the library that is replaced has to do with this one, and how many of its lines this one has not. A line that was shortened
    /// when something was forgotten keeps its time.
    fn kinship(&self, salvaged: &Salvaged) -> Result<(Kinship, usize)> {
        let (mut is_empty, mut shared, mut differs) = (true, false, false);
        let mut known = 0;
        let sql = "SELECT id, at, decision FROM journal";
        self.connection.each_row::<CatalogError>(sql, [], |row| {
            is_empty = false;
            if let Some((at, decision)) = salvaged.lines.get(&row.get(0)?) {
                let (is_then, ours) = (*at == row.get::<String>(1)?, row.get::<String>(2)?);
                let is_same = is_then && is_rest_of(decision, &ours);
                shared |= is_same;
                differs |= !is_same;
                known += usize::from(is_then && *decision == ours);
            }
            Ok(())
        })?;
        let kinship = match (differs, shared || is_empty) {
            (true, _) => Kinship::None,
            (false, true) => Kinship::Continued,
            (false, false) => Kinship::Unknown,
        };
        Ok((kinship, salvaged.lines.len() - known))
    }

    fn has_line(&self, line: LineId) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM journal WHERE id = ?1)";
        Ok(self.connection.prepare(sql)?.query_row([line], |row| row.get(0))?)
    }
}

/// Whether a line is another one, or what `facetag forget` has left of it.
fn is_rest_of(line: &str, other: &str) -> bool {
    let kind = |line: &str| Some(serde_json::from_str::<serde_json::Value>(line).ok()?["do"].as_str()?.to_owned());
    line == other
        || kind(line) == kind(other)
        || (kind(line).as_deref(), kind(other).as_deref()) == (Some("confirm"), Some("split"))
}

/// What is wrong with a backup.
fn problem(file: &Path) -> Option<String> {
    let check = || -> engine::Result<Option<String>> {
        let connection = read_only::without_log(file)?;
        let count: i64 = connection.query_row("SELECT count(*) FROM journal", [], |row| row.get(0))?;
        Ok(damage::findings(&connection, 1).into_iter().next().filter(|_| count >= 0))
    };
    check().unwrap_or_else(|error| Some(error.to_string()))
}

/// Why a backup cannot become the library.
fn unusable(file: &Path) -> Option<String> {
    let is_newer = read_only::without_log(file).is_ok_and(|connection| open::is_newer(&connection));
    if is_newer { Some("it was made by a newer facetag".to_owned()) } else { problem(file) }
}

/// The time as names of files have it: without colons, and sorted by time.
pub(super) fn stamp() -> String {
    now().replace(':', "")
}

/// Backups by the date in their names, which end in it.
fn backups_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut dated: Vec<(String, PathBuf)> = entries
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix("library-")?.strip_suffix(".sqlite")?;
            // 2026-11-28T160000Z
            Some((name.get(name.len().checked_sub(18)?..)?.to_owned(), path.clone()))
        })
        .collect();
    dated.sort();
    dated.into_iter().map(|(_, path)| path).collect()
}

/// Deletes all but the last backups of a folder. Those from before a migration are another facetag's, and are kept for half a year.
fn prune(folder: &Path, keep: usize) {
    let (migrated, own): (Vec<_>, Vec<_>) = backups_in(folder)
        .into_iter()
        .partition(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("-schema-")));
    let old = |path: &PathBuf| {
        let modified = path.metadata().and_then(|file| file.modified()).ok();
        let modified = modified.and_then(|modified| Timestamp::try_from(modified).ok());
        modified
            .is_some_and(|modified| Timestamp::now().duration_since(modified) > SignedDuration::from_hours(180 * 24))
    };
    let surplus = own.len().saturating_sub(keep.max(1));
    for path in own.into_iter().take(surplus).chain(migrated.into_iter().filter(old)) {
        let _ = std::fs::remove_file(path);
    }
}
