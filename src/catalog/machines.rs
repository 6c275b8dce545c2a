//! The machines that use a library in a database: who they are, what they do, and which of them reads what.
//!
//! A machine knows its own key, and has a number in the library, which all that belongs to it has too. While it works on the library it
//! has a session there, which it renews; one that is no longer heard of has ended, and whatever it had claimed is free again. All times are
//! the server's. A library in a folder has one machine, whichever opens it, and none of this.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::engine::{Access, Connection, Lock, Optional, params};
use super::library::{ScanLock, machine_file};
use super::open::{OURS, set_setting, setting};
use super::{Catalog, CatalogError, Hash, Library, Result, Writer};

/// A session is renewed so often, and has ended when it was not for so long.
const BEAT: Duration = Duration::from_secs(10);
const LEASE_SECONDS: u64 = 60;

/// Between two attempts to reach a server.
const PAUSE: Duration = Duration::from_secs(1);

/// The setting that is there while somebody has found faces that are to be grouped.
const UNGROUPED: &str = "ungrouped";

/// What a session does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    Scan,
    Group,
    Watch,
    Serve,
}

impl Task {
    fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Group => "group",
            Self::Watch => "watch",
            Self::Serve => "serve",
        }
    }
}

/// A machine that has used the library.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineRow {
    pub name: String,
    /// It is the one that asks.
    pub is_this: bool,
    /// Of its facetag, and of its models, when it last worked on the library.
    pub version: Option<String>,
    pub pack: Option<String>,
    /// Seconds since 1970, and seconds ago: by the clock of the server.
    pub seen: Option<i64>,
    pub ago: Option<i64>,
    /// Files that it had at its last scan.
    pub files: u64,
    pub folders: Vec<String>,
    /// Photos per second of its last scan.
    pub rate: Option<f64>,
    pub sessions: Vec<SessionRow>,
}

/// What a machine does now.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRow {
    /// `scan`, `group`, `watch` or `serve`.
    pub task: String,
    /// For so many seconds.
    pub seconds: i64,
    /// Photos that it has read.
    pub photos: u64,
    pub rate: Option<f64>,
}

/// The key of this machine: random, and made when it is first asked for.
fn key() -> Result<String> {
    let path = machine_file()?;
    let failed = |source| CatalogError::Io { path: path.clone(), source };
    let read = || std::fs::read_to_string(&path).ok().map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
    if let Some(key) = read() {
        return Ok(key);
    }
    let folder = path.parent().unwrap_or(&path);
    Library::private_folder(folder).map_err(failed)?;
    let mut new = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    writeln!(new, "{:016x}{:016x}", random(), random()).and_then(|()| new.as_file().sync_all()).map_err(failed)?;
    // Another process may have been faster; then that key is the one.
    if let Err(error) = new.persist_noclobber(&path)
        && error.error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(failed(error.error));
    }
    read().ok_or_else(|| failed(std::io::ErrorKind::InvalidData.into()))
}

pub(super) fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()))
}

/// What the system calls this machine.
fn name() -> String {
    let of_linux = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let of_unix =
        || Some(String::from_utf8_lossy(&std::process::Command::new("hostname").output().ok()?.stdout).into());
    let name = std::env::var("COMPUTERNAME").ok().or_else(of_linux).or_else(of_unix).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}

/// Gives this machine its number on a connection to a library in a database.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let (key, name) = (key()?, name());
    let sql = "SELECT id FROM machines WHERE key = ?1 AND name = ?2";
    let known = connection.query_row(sql, [&key, &name], |row| row.get(0)).optional()?;
    let number = match known {
        Some(number) => number,
        None => {
            let sql = "INSERT INTO machines (key, name) VALUES (?1, ?2)
                       ON CONFLICT (key) DO UPDATE SET name = excluded.name RETURNING id";
            connection.query_row(sql, [&key, &name], |row| row.get(0))?
        }
    };
    Ok(connection.set_machine(number)?)
}

/// The number that this machine has in a library, which may be a copy of one in a database.
pub(super) fn number(connection: &Connection) -> Result<Option<i64>> {
    let sql = "SELECT id FROM machines WHERE key = ?1";
    Ok(connection.query_row(sql, [key()?], |row| row.get(0)).optional()?)
}

/// Refuses to go on while another version of facetag works on the library: what the one writes, the other may not understand.
pub(super) fn refuse_beside_others(connection: &Connection, pack: Option<&str>) -> Result<()> {
    let sql = "SELECT name, sessions.version, sessions.pack FROM sessions JOIN machines ON machines.id = machine
               WHERE until >= clock_timestamp() AND (sessions.version <> ?1 OR sessions.pack <> coalesce(?2, sessions.pack))
               ORDER BY name LIMIT 1";
    let other = connection.query_row(sql, params![OURS, pack], |row| {
        Ok((row.get::<String>(0)?, row.get::<String>(1)?, row.get::<String>(2)?))
    });
    let Some((machine, version, theirs)) = other.optional()? else { return Ok(()) };
    Err(if version != OURS {
        CatalogError::OtherVersion { machine, version, ours: OURS }
    } else {
        CatalogError::OtherPack { whose: format!("the machine {machine}"), theirs, ours: pack.unwrap_or("").to_owned() }
    })
}

impl Catalog {
    /// The machines that have used the library, by name; of a library in a folder the one that has it open.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn machines(&self) -> Result<Vec<MachineRow>> {
        let is_shared = self.connection.sqlite().is_none();
        let sql = "SELECT machine, CAST(path AS BLOB) FROM roots ORDER BY path";
        let folder = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let roots: Vec<(i64, String)> =
            self.connection.query_all(sql, [], |row| Ok((row.get(0)?, folder(row.get(1)?))))?;
        if !is_shared {
            let sql = "SELECT count(*) FROM files WHERE machine = 0 AND missing_since IS NULL";
            return Ok(vec![MachineRow {
                name: name(),
                is_this: true,
                version: Some(OURS.to_owned()),
                pack: None,
                seen: None,
                ago: None,
                files: self.connection.query_row(sql, [], |row| row.get::<i64>(0))? as u64,
                folders: roots.into_iter().filter(|root| root.0 == 0).map(|root| root.1).collect(),
                rate: None,
                sessions: Vec::new(),
            }]);
        }
        let sql = "SELECT machine, task, CAST(extract(epoch FROM clock_timestamp() - since) AS BIGINT), photos, rate
                   FROM sessions WHERE until >= clock_timestamp() ORDER BY since";
        let sessions: Vec<(i64, SessionRow)> = self.connection.query_all(sql, [], |row| {
            let photos = row.get::<i64>(3)? as u64;
            Ok((row.get(0)?, SessionRow { task: row.get(1)?, seconds: row.get(2)?, photos, rate: row.get(4)? }))
        })?;
        let sql = "SELECT id, name, id = (SELECT machine FROM here), version, pack, seen,
                       CAST(extract(epoch FROM clock_timestamp()) AS BIGINT) - seen, rate,
                       (SELECT count(*) FROM files WHERE machine = machines.id AND missing_since IS NULL)
                   FROM machines ORDER BY name, id";
        Ok(self.connection.query_all(sql, [], |row| {
            let id: i64 = row.get(0)?;
            Ok(MachineRow {
                name: row.get(1)?,
                is_this: row.get(2)?,
                version: row.get(3)?,
                pack: row.get(4)?,
                seen: row.get(5)?,
                ago: row.get(6)?,
                rate: row.get(7)?,
                files: row.get::<i64>(8)? as u64,
                folders: roots.iter().filter(|root| root.0 == id).map(|root| root.1.clone()).collect(),
                sessions: sessions.iter().filter(|session| session.0 == id).map(|session| session.1.clone()).collect(),
            })
        })?)
    }
}

impl CatalogError {
    /// The server cannot be reached, or has been restarted: what was begun can be done again once it is back.
    pub fn is_cut_off(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_cut_off())
    }
}

/// Does something that may be done again, and does it again once the server is back where it was restarted or the network cut,
/// unless it is stopped. `tell` is told of it once.
///
/// # Errors
/// Those of `work`.
pub fn patiently<S, T>(
    on: &mut S,
    stop: &AtomicBool,
    mut tell: impl FnMut(&mut S, &CatalogError),
    mut work: impl FnMut(&mut S) -> Result<T>,
) -> Result<T> {
    let mut is_told = false;
    loop {
        match work(on) {
            Err(error) if error.is_cut_off() && !stop.load(Ordering::Relaxed) => {
                if !is_told {
                    tell(on, &error);
                    is_told = true;
                }
            }
            done => return done,
        }
        std::thread::sleep(PAUSE);
    }
}

/// Work on a library for some time, of which the other machines know; in a folder nobody needs to.
pub struct Session {
    shared: Option<Arc<Shared>>,
    beating: Option<(SyncSender<()>, JoinHandle<()>)>,
    /// Of a scan: held as long as it goes on.
    lock: Option<File>,
}

struct Shared {
    id: i64,
    /// With the locks of the session.
    connection: Mutex<Connection>,
    pack: String,
    state: Mutex<State>,
    photos: AtomicU64,
    began: Instant,
}

struct State {
    task: Task,
    /// When the session was last renewed, and how many photos it had read by then.
    beat: (Instant, u64),
    /// Photos per second, the newest counting most.
    rate: Option<f64>,
}

impl Session {
    /// Work of which nobody needs to know.
    pub fn unnoticed() -> Self {
        Self { shared: None, beating: None, lock: None }
    }

    /// Work other than a scan. `pack` says which models this machine uses, see [`crate::face::PackInfo::identity`]; where no other
    /// machine can be at work, it is not asked.
    ///
    /// # Errors
    /// [`CatalogError::OtherVersion`], [`CatalogError::OtherPack`]; those of the engine, and of `pack`.
    pub fn of<E: From<CatalogError>>(
        library: &Library,
        task: Task,
        pack: impl FnOnce() -> Result<String, E>,
    ) -> Result<Self, E> {
        if library.url().is_none() {
            return Ok(Self::unnoticed());
        }
        Ok(Self::begin(Catalog::open(library)?.connection, task, pack()?, None)?)
    }

    /// A scan, which lasts as long as its lock.
    ///
    /// # Errors
    /// As of [`Session::of`].
    pub fn scan<E: From<CatalogError>>(lock: ScanLock, pack: impl FnOnce() -> Result<String, E>) -> Result<Self, E> {
        let ScanLock { file, connection, kind } = lock;
        match connection {
            Some(connection) => {
                let mut session = Self::begin(connection, Task::Scan, pack()?, Some(kind))?;
                session.lock = Some(file);
                Ok(session)
            }
            None => Ok(Self { shared: None, beating: None, lock: Some(file) }),
        }
    }

    fn begin(connection: Connection, task: Task, pack: String, kind: Option<Lock>) -> Result<Self> {
        let now = Instant::now();
        let shared = Arc::new(Shared {
            id: (random() >> 1) as i64,
            connection: Mutex::new(connection),
            pack,
            state: Mutex::new(State { task, beat: (now, 0), rate: None }),
            photos: AtomicU64::new(0),
            began: now,
        });
        shared.register()?;
        let (stop, stopped) = sync_channel(0);
        let beating = Arc::clone(&shared);
        let beat = move || {
            let mut locked = 0;
            while stopped.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                // Where the server cannot be reached, whoever needs it finds that out.
                let _ = beating.beat().and_then(|()| beating.relock(kind, &mut locked));
            }
        };
        let beating = Some((stop, std::thread::spawn(beat)));
        Ok(Self { shared: Some(shared), beating, lock: None })
    }

    /// Whether other machines may be at work.
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// So many photos more have been read.
    pub fn has_read(&self, photos: u64) {
        if let Some(shared) = &self.shared {
            shared.photos.fetch_add(photos, Ordering::Relaxed);
        }
    }

    /// Claims a content: `false` where its photo is stored, or another session reads it now.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn claim(&self, hash: &Hash, stop: &AtomicBool) -> Result<bool> {
        let Some(shared) = &self.shared else { return Ok(true) };
        shared.patiently(stop, |connection| {
            let known = "SELECT EXISTS (SELECT 1 FROM photos WHERE hash = ?1)";
            Ok(shared.claim(connection, hash)?
                && shared.keep_unless(connection, hash, connection.query_row(known, [hash], |row| row.get(0))?)?)
        })
    }

    /// Claims a photo whose faces have no embeddings of a pack: `false` where they have by now, or another session makes them.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn claim_to_embed(&self, hash: &Hash, pack: &str, stop: &AtomicBool) -> Result<bool> {
        let Some(shared) = &self.shared else { return Ok(true) };
        shared.patiently(stop, |connection| {
            let done = "SELECT NOT EXISTS (SELECT 1 FROM faces JOIN photos ON photos.id = photo_id WHERE hash = ?1
                        AND NOT EXISTS (SELECT 1 FROM embeddings WHERE face_id = faces.id AND pack = ?2))";
            let is_done = || connection.query_row(done, params![hash, pack], |row| row.get(0));
            Ok(shared.claim(connection, hash)? && shared.keep_unless(connection, hash, is_done()?)?)
        })
    }

    /// Those of these contents that no other session reads now. Sessions that are no longer heard of end here.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn unclaimed(&self, hashes: &[Hash], stop: &AtomicBool) -> Result<HashSet<Hash>> {
        let Some(shared) = &self.shared else { return Ok(HashSet::new()) };
        shared.patiently(stop, |connection| {
            end_the_silent(connection)?;
            let sql = "SELECT hash FROM claims JOIN sessions ON sessions.id = session WHERE session <> ?1";
            let claimed: HashSet<Hash> = connection.query_all(sql, [shared.id], |row| row.get(0))?;
            Ok(hashes.iter().filter(|hash| !claimed.contains(*hash)).copied().collect())
        })
    }

    /// Groups, and groups again while others find faces meanwhile; not where another session groups already, which then does it again.
    ///
    /// # Errors
    /// Those of `group` and of the engine.
    pub fn elect(&self, stop: &AtomicBool, mut group: impl FnMut() -> Result<()>) -> Result<()> {
        let Some(shared) = &self.shared else { return group() };
        // Said before the lock is tried: whoever has it looks again after letting go of it.
        shared.patiently(stop, |connection| set_setting(connection, UNGROUPED, "yes"))?;
        let is_wanted = || shared.patiently(stop, |connection| Ok(setting(connection, UNGROUPED)?.is_some()));
        while is_wanted()? && shared.patiently(stop, |connection| Ok(connection.try_lock(Lock::Group)?))? {
            let before = shared.set_task(Task::Group);
            let sql = "DELETE FROM settings WHERE key = ?1";
            let begun = shared.patiently(stop, |connection| Ok(connection.execute(sql, [UNGROUPED])?));
            let grouped = begun.and_then(|_| group());
            shared.set_task(before);
            shared.patiently(stop, |connection| Ok(connection.unlock(Lock::Group)?))?;
            grouped?;
        }
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.beating.take() {
            drop(stop);
            let _ = thread.join();
        }
        if let Some(shared) = &self.shared {
            // Where the server cannot be reached, it ends by itself.
            let _ = shared.end();
        }
    }
}

impl Shared {
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_task(&self, task: Task) -> Task {
        let before = std::mem::replace(&mut self.state().task, task);
        let _ = self.beat();
        before
    }

    /// Nobody is told: whoever writes meanwhile is.
    fn patiently<T>(&self, stop: &AtomicBool, mut work: impl FnMut(&Connection) -> Result<T>) -> Result<T> {
        patiently(&mut (), stop, |(), _| {}, |()| work(&self.connection()))
    }

    /// Begins the session, unless what other machines have is another facetag or other models.
    fn register(&self) -> Result<()> {
        {
            let connection = self.connection();
            connection.begin(Access::Decide)?;
            let done = (|| {
                end_the_silent(&connection)?;
                refuse_beside_others(&connection, Some(&self.pack))?;
                // Models that were added are known by their name; another file under it must not be mixed with the first.
                let name = format!("pack {}", self.pack.split(' ').next().unwrap_or(""));
                match setting(&connection, &name)? {
                    Some(theirs) if theirs != self.pack => {
                        return Err(CatalogError::OtherPack {
                            whose: "the library".to_owned(),
                            theirs,
                            ours: self.pack.clone(),
                        });
                    }
                    Some(_) => {}
                    None => set_setting(&connection, &name, &self.pack)?,
                }
                Ok(connection.commit()?)
            })();
            if done.is_err() {
                let _ = connection.roll_back();
            }
            done?;
        }
        self.beat()
    }

    /// Renews the session, or begins it again where it was taken for ended.
    fn beat(&self) -> Result<()> {
        let photos = self.photos.load(Ordering::Relaxed);
        let (task, rate) = {
            let mut state = self.state();
            let (since, before) = state.beat;
            let seconds = since.elapsed().as_secs_f64();
            if seconds >= BEAT.as_secs_f64() / 2.0 {
                let newest = (photos - before) as f64 / seconds;
                state.rate = Some(state.rate.map_or(newest, |rate| 0.5 * rate + 0.5 * newest));
                state.beat = (Instant::now(), photos);
            }
            (state.task.name(), state.rate)
        };
        let connection = self.connection();
        let sql = format!(
            "INSERT INTO sessions (id, machine, task, version, pack, photos, rate, until)
             VALUES (?1, (SELECT machine FROM here), ?2, ?3, ?4, ?5, ?6, clock_timestamp() + INTERVAL '{LEASE_SECONDS} seconds')
             ON CONFLICT (id) DO UPDATE SET task = excluded.task, photos = excluded.photos, rate = excluded.rate,
                 until = excluded.until"
        );
        connection.execute(&sql, params![self.id, task, OURS, self.pack, photos as i64, rate])?;
        self.note(&connection, rate.filter(|_| task == Task::Scan.name()))
    }

    /// Notes that this machine was there.
    fn note(&self, connection: &Connection, rate: Option<f64>) -> Result<()> {
        let sql =
            "UPDATE machines SET seen = CAST(extract(epoch FROM clock_timestamp()) AS BIGINT), version = ?1, pack = ?2,
                       rate = coalesce(?3, rate) WHERE id = (SELECT machine FROM here)";
        connection.execute(sql, params![OURS, self.pack, rate])?;
        Ok(())
    }

    /// Takes the lock again that was lost with a connection. `locked` is how often it was made anew when that was done last.
    fn relock(&self, kind: Option<Lock>, locked: &mut u64) -> Result<()> {
        let connection = self.connection();
        if let Some(kind) = kind
            && connection.reconnected() != *locked
            && connection.try_lock(kind)?
        {
            *locked = connection.reconnected();
        }
        Ok(())
    }

    fn end(&self) -> Result<()> {
        let (photos, seconds) = (self.photos.load(Ordering::Relaxed), self.began.elapsed().as_secs_f64());
        let connection = self.connection();
        self.note(&connection, (photos > 0).then(|| photos as f64 / seconds.max(0.1)))?;
        connection.execute("DELETE FROM claims WHERE session = ?1", [self.id])?;
        connection.execute("DELETE FROM sessions WHERE id = ?1", [self.id])?;
        Ok(())
    }

    fn claim(&self, connection: &Connection, hash: &Hash) -> Result<bool> {
        let sql = "INSERT INTO claims (hash, session) VALUES (?1, ?2) ON CONFLICT (hash) DO UPDATE SET session = excluded.session
                   WHERE claims.session = excluded.session OR claims.session NOT IN (SELECT id FROM sessions)";
        Ok(connection.execute(sql, params![hash, self.id])? > 0)
    }

    /// What was stored just before it could be claimed is claimed no longer.
    fn keep_unless(&self, connection: &Connection, hash: &Hash, is_done: bool) -> Result<bool> {
        if is_done {
            connection.execute("DELETE FROM claims WHERE hash = ?1 AND session = ?2", params![hash, self.id])?;
        }
        Ok(!is_done)
    }
}

/// Ends sessions that are no longer heard of, and frees what they had claimed; each by one of those who find it so.
fn end_the_silent(connection: &Connection) -> Result<()> {
    let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE until < clock_timestamp() FOR UPDATE SKIP LOCKED)";
    if connection.execute(sql, [])? > 0 {
        connection.execute("DELETE FROM claims WHERE session NOT IN (SELECT id FROM sessions)", [])?;
    }
    Ok(())
}

impl Writer<'_> {
    /// These contents are stored, or cannot be read: nobody claims them any more.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn release<'h>(&mut self, hashes: impl Iterator<Item = &'h Hash>) -> Result<()> {
        if self.connection.sqlite().is_some() {
            return Ok(());
        }
        for hash in hashes {
            self.connection.execute("DELETE FROM claims WHERE hash = ?1", [hash])?;
        }
        Ok(())
    }
}
