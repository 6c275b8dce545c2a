//! A PostgreSQL server of a test's own, on a socket in a temporary folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub struct PostgresServer {
    folder: TempDir,
    process: Child,
    programs: PathBuf,
    databases: AtomicUsize,
}

impl PostgresServer {
    /// `None` where no server is installed, unless `FACETAG_NEEDS_POSTGRES` says that there must be one.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("FACETAG_NEEDS_POSTGRES").is_none(), "PostgreSQL is not installed");
            eprintln!("skipped: PostgreSQL is not installed");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let options = ["--auth=trust", "--username=facetag", "--encoding=UTF8", "--locale=C", "--no-sync", "--pgdata"];
        assert!(
            program(&programs, "initdb", folder.path()).args(options).arg(&data).status().unwrap().success(),
            "initdb"
        );
        let process = run(&programs, folder.path());
        let server = Self { process, folder, programs, databases: AtomicUsize::new(0) };
        server.wait();
        Some(server)
    }

    /// Ends it as an administrator does who does not wait for anybody, and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        std::thread::sleep(Duration::from_secs(2));
        self.start_again();
    }

    pub fn stop(&mut self) {
        super::signal(self.process.id(), "-INT");
        self.process.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        self.process = run(&self.programs, self.folder.path());
        self.wait();
    }

    fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(60);
        while postgres::Client::connect(&self.named("postgres"), postgres::NoTls).is_err() {
            assert!(Instant::now() < end, "the server does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("library{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.connect("postgres").batch_execute(&format!("CREATE DATABASE {name} STRATEGY file_copy")).unwrap();
        self.named(&name)
    }

    /// A connection to the database of a URL, or of a name.
    pub fn connect(&self, database: &str) -> postgres::Client {
        let url = if database.contains(':') { database.to_owned() } else { self.named(database) };
        postgres::Client::connect(&url, postgres::NoTls).unwrap()
    }

    fn named(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=facetag", self.folder.path().display())
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        super::signal(self.process.id(), "-INT");
        let _ = self.process.wait();
    }
}

fn program(programs: &Path, name: &str, folder: &Path) -> Command {
    let mut command = Command::new(programs.join(name));
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    as_nobody(&mut command, folder);
    command
}

fn run(programs: &Path, folder: &Path) -> Child {
    let mut server = program(programs, "postgres", folder);
    server.arg("-D").arg(folder.join("data")).args(["-c", "listen_addresses=", "-c", "fsync=off", "-k"]).arg(folder);
    server.spawn().unwrap()
}

/// The folder of its programs, which Debian keeps out of the path.
fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.sort();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// PostgreSQL does not run as root.
#[cfg(unix)]
fn as_nobody(command: &mut Command, folder: &Path) {
    use std::os::unix::fs::{MetadataExt, chown};
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
}

#[cfg(not(unix))]
fn as_nobody(_command: &mut Command, _folder: &Path) {}
