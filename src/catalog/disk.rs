//! What kind of disk a library lies on. SQLite's write-ahead log is shared memory of one machine's processes, so two machines that
//! open one library over a network would damage it (<https://www.sqlite.org/wal.html>, "Overview", disadvantage 2).

use std::io;
use std::path::Path;

/// File systems that several machines can have mounted at once, as the kernel names them.
const SHARED: &[&str] = &[
    "9p",
    "acfs",
    "afpfs",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "davfs2",
    "fuse.ceph",
    "fuse.cephfs",
    "fuse.curlftpfs",
    "fuse.davfs",
    "fuse.davfs2",
    "fuse.gcsfuse",
    "fuse.glusterfs",
    "fuse.goofys",
    "fuse.gvfsd-fuse",
    "fuse.juicefs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.seaweedfs",
    "fuse.smbnetfs",
    "fuse.sshfs",
    "gfs2",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs3",
    "nfs4",
    "ocfs2",
    "orangefs",
    "prl_fs",
    "smb3",
    "smbfs",
    "vboxsf",
    "virtiofs",
    "vmhgfs",
    "webdav",
];

/// The name of the file system that `path` lies on, where other machines may have it mounted too; `None` for a local one, and
/// where that cannot be told.
pub fn shared_file_system(path: &Path) -> Option<String> {
    let name = file_system(path)?;
    SHARED.contains(&name.as_str()).then_some(name)
}

/// The disk that `path` lies on, in words: its mount point, and the device where that can be told.
pub fn disk_of(path: &Path) -> String {
    match mount_of(path) {
        Some((point, device)) if device.starts_with('/') => format!("the disk at {point} ({device})"),
        Some((point, _)) => format!("the disk at {point}"),
        None => "its disk".to_owned(),
    }
}

/// Bytes that may still be written on the disk of `path`.
#[cfg(unix)]
pub fn free_bytes(path: &Path) -> Option<u64> {
    let path = path.ancestors().find(|part| part.exists())?;
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
pub fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// Whether an error of a lock means that the disk has none, as some network shares do.
pub fn has_no_locks(error: &io::Error) -> bool {
    // ENOLCK and EOPNOTSUPP: Linux, then macOS.
    let codes: &[i32] = if cfg!(target_os = "macos") { &[77, 102] } else { &[37, 95] };
    error.kind() == io::ErrorKind::Unsupported || error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

#[cfg(target_os = "linux")]
fn file_system(path: &Path) -> Option<String> {
    let path = path.ancestors().find_map(|part| part.canonicalize().ok())?;
    Some(mount_in(&std::fs::read_to_string("/proc/self/mountinfo").ok()?, &path)?.file_system)
}

/// The mount point and the device of the disk that `path` lies on.
#[cfg(target_os = "linux")]
fn mount_of(path: &Path) -> Option<(String, String)> {
    let path = path.ancestors().find_map(|part| part.canonicalize().ok())?;
    let mount = mount_in(&std::fs::read_to_string("/proc/self/mountinfo").ok()?, &path)?;
    Some((mount.point, mount.device))
}

#[cfg(not(target_os = "linux"))]
fn mount_of(_: &Path) -> Option<(String, String)> {
    None
}

#[cfg(any(target_os = "linux", test))]
struct Mount {
    point: String,
    file_system: String,
    device: String,
}

/// Looks a path up in the kernel's list of mounts, see proc(5): the longest mount point that it lies under, the last of equals.
#[cfg(any(target_os = "linux", test))]
fn mount_in(mounts: &str, path: &Path) -> Option<Mount> {
    let mounts = mounts.lines().filter_map(|line| {
        let point = unescaped(line.split(' ').nth(4)?);
        let mut rest = line.split_once(" - ")?.1.split(' ');
        let (file_system, device) = (rest.next()?.to_owned(), unescaped(rest.next()?));
        path.starts_with(&point).then_some(Mount { point, file_system, device })
    });
    mounts.max_by_key(|mount| mount.point.len())
}

/// Spaces and the like stand in the list as octal numbers: `\040`.
#[cfg(any(target_os = "linux", test))]
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..3).and_then(|octal| u8::from_str_radix(octal, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&part.as_bytes()[3..]);
            }
            None => {
                bytes.push(b'\\');
                bytes.extend(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(target_os = "macos")]
fn file_system(path: &Path) -> Option<String> {
    let path = path.ancestors().find_map(|part| part.canonicalize().ok())?;
    let name = rustix::fs::statfs(&path).ok()?.f_fstypename;
    Some(name.iter().take_while(|&&letter| letter != 0).map(|&letter| char::from(letter as u8)).collect())
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn file_system(_: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 22 0:44 / /home rw,relatime shared:5 - btrfs /dev/sdb rw
40 31 0:51 / /home/anna/nas rw,relatime shared:9 master:2 - cifs //nas/photos rw,vers=3.1.1
41 31 0:52 / /home/anna/My\\040Photos rw - fuse.sshfs anna@nas: rw
42 31 0:53 / /home/anna/stick rw - fuseblk /dev/sdc1 rw
43 31 0:54 / /mnt/twice rw - ext4 /dev/sdd rw
44 43 0:55 / /mnt/twice rw - nfs4 nas:/photos rw
";

    #[test]
    fn the_longest_mount_point_counts() {
        let of = |path: &str| mount_in(MOUNTS, Path::new(path)).unwrap().file_system;
        assert_eq!(of("/var/lib"), "ext4");
        assert_eq!(of("/home/anna/pictures"), "btrfs");
        assert_eq!(of("/home/anna/nas/library"), "cifs");
        assert_eq!(of("/home/anna/nas2"), "btrfs");
        assert_eq!(of("/home/anna/My Photos/library"), "fuse.sshfs");
        assert_eq!(of("/home/anna/stick"), "fuseblk");
        assert_eq!(of("/mnt/twice/library"), "nfs4", "what was mounted last is on top");
    }

    #[test]
    fn this_machines_own_disk_is_not_shared() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(shared_file_system(&folder.path().join("not/there/yet")), None);
    }
}
