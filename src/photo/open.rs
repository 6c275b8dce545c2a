//! Opening a photo's file: the one place for it.
//!
//! A path that led to a photo yesterday may lead to a named pipe, a device or a file that grows today. Whoever opens it here
//! never waits for anybody, gets an ordinary file, and reads a bounded number of bytes.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// The largest file that is read, in megabytes.
const LARGEST_MB: u64 = 1024;

/// Why a file cannot be read. The path is for the caller to add.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("this is {0}, not an ordinary file")]
    NotAFile(&'static str),
    #[error("the file has {0} MB, and facetag reads at most {LARGEST_MB}; a smaller copy can be read")]
    TooLong(u64),
    #[error("it was being written while facetag read it; the next scan reads it again")]
    Changing,
}

impl From<OpenError> for io::Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::File(error) => error,
            other => Self::other(other),
        }
    }
}

/// Opens an ordinary file for reading, and tells what the file system says of it.
///
/// # Errors
/// [`OpenError::NotAFile`] for folders, pipes, sockets and devices; those of the file system.
pub fn open(path: &Path) -> Result<(File, Metadata), OpenError> {
    // Before it is opened, as that alone can start a device; and after, as it may have been replaced in between.
    check(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    // Without this, a pipe that nobody writes to would keep us for ever.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    check(&metadata)?;
    Ok((file, metadata))
}

/// The bytes of a file.
///
/// # Errors
/// [`OpenError`]
pub fn read(path: &Path) -> Result<Vec<u8>, OpenError> {
    read_at_most(path, u64::MAX)
}

/// The bytes of a file that had `size` bytes when memory was set aside for it.
///
/// # Errors
/// [`OpenError::Changing`] where it has more now, or changes while it is read.
pub fn read_at_most(path: &Path, size: u64) -> Result<Vec<u8>, OpenError> {
    let (file, before) = open(path)?;
    let length = before.len();
    if length >> 20 > LARGEST_MB {
        return Err(OpenError::TooLong(length >> 20));
    }
    if length > size {
        return Err(OpenError::Changing);
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length as usize).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    (&file).take(length).read_to_end(&mut bytes)?;
    let after = file.metadata()?;
    let is_whole = bytes.len() as u64 == length && after.len() == length;
    if !is_whole || after.modified().ok() != before.modified().ok() {
        return Err(OpenError::Changing);
    }
    Ok(bytes)
}

fn check(metadata: &Metadata) -> Result<(), OpenError> {
    if metadata.is_file() { Ok(()) } else { Err(OpenError::NotAFile(kind(metadata))) }
}

fn kind(metadata: &Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_block_device() || kind.is_char_device() {
            return "a device";
        }
    }
    if metadata.is_dir() { "a folder" } else { "something else" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_file_is_read_as_far_as_it_was_announced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photo");
        fs::write(&path, "bytes").unwrap();
        assert_eq!(read(&path).unwrap(), b"bytes");
        assert_eq!(read_at_most(&path, 5).unwrap(), b"bytes");
        assert!(matches!(read_at_most(&path, 4), Err(OpenError::Changing)));
        assert!(matches!(read(folder.path()), Err(OpenError::NotAFile("a folder"))));
        File::create(&path).unwrap().set_len((LARGEST_MB + 1) << 20).unwrap();
        assert!(matches!(read(&path), Err(OpenError::TooLong(_))));
    }

    #[cfg(unix)]
    #[test]
    fn neither_pipes_nor_devices_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, link) = (folder.path().join("pipe.jpg"), folder.path().join("link.jpg"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        assert!(matches!(read(&pipe), Err(OpenError::NotAFile("a named pipe"))));
        assert!(matches!(read(&link), Err(OpenError::NotAFile("a device"))));
    }
}
