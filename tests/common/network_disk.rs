//! A disk of another machine, mounted over SSH: here sshfs with an sftp-server of this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::text;

const SERVER: &str = "/usr/lib/openssh/sftp-server";

pub struct NetworkDisk {
    folder: TempDir,
    /// Carries what is asked and answered.
    line: Child,
}

impl NetworkDisk {
    /// `None`, and a word about it, where it cannot be had.
    pub fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        for name in ["remote", "mount"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let [remote, mount] = ["remote", "mount"].map(|name| folder.path().join(name));
        let sshfs = format!("EXEC:sshfs -f -o slave \\:{} {}", text(&remote), text(&mount));
        let line = Command::new("socat").args([&format!("EXEC:{SERVER}"), &sshfs]).spawn();
        let Ok(mut line) = line.ok().filter(|_| Path::new(SERVER).exists()).ok_or(()) else {
            eprintln!("left out: needs socat, sshfs and openssh-sftp-server");
            return None;
        };
        let is_mounted = || fs::read_to_string("/proc/self/mountinfo").unwrap().contains(text(&mount));
        for _ in 0..100 {
            if is_mounted() {
                return Some(Self { folder, line });
            }
            if line.try_wait().unwrap().is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        eprintln!("left out: sshfs may not mount here");
        None
    }

    /// Where it is seen from here.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("mount")
    }

    /// The same folder on the other machine.
    pub fn remote(&self) -> PathBuf {
        self.folder.path().join("remote")
    }

    /// As when the network is cut: whoever asks waits.
    pub fn cut(&self) {
        self.signal("-STOP");
    }

    /// It answers again.
    pub fn mend(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        assert!(super::signal(self.line.id(), signal));
    }
}

impl Drop for NetworkDisk {
    fn drop(&mut self) {
        let _ = self.line.kill();
        let _ = self.line.wait();
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
