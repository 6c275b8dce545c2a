//! Photos found -> a folder of links or copies, numbered by date, or a list of their paths.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::catalog::{Hash, Hit};
use crate::photo;

/// What an album is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Links,
    Copies,
}

/// Bytes that are copied before it is looked whether it is to stop.
const AT_ONCE: usize = 1 << 20;

/// Bytes that the name of a file may have.
const LONGEST: usize = 255;

/// What became of an album.
#[derive(Debug, Default)]
pub struct Album {
    /// Links or copies made.
    pub made: u64,
    /// Photos that were there already, as the same link or the same bytes.
    pub present: u64,
    /// Photos that could not be had, and why.
    pub failed: Vec<(PathBuf, io::Error)>,
}

/// Puts the photos into `folder`, which is made where it is not there. Nothing that lies in it is overwritten: a photo
/// that is there already is left, any other name is avoided.
///
/// # Errors
/// The folder cannot be made; it was to `stop`, and what is there is whole.
pub fn make(folder: &Path, hits: &[Hit], kind: Kind, stop: &AtomicBool) -> io::Result<Album> {
    fs::create_dir_all(folder)?;
    // Where nothing can be written, that is said once, and of the folder.
    tempfile::tempfile_in(folder)?;
    let digits = hits.len().to_string().len().max(4);
    let mut album = Album::default();
    for (index, hit) in hits.iter().enumerate() {
        go_on(stop)?;
        match place(folder, &name(index + 1, digits, hit), hit, kind, stop) {
            Ok(true) => album.made += 1,
            Ok(false) => album.present += 1,
            Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                return Err(error);
            }
            Err(error) => album.failed.push((hit.path.clone(), error)),
        }
    }
    Ok(album)
}

/// Writes the path of each photo as the bytes that the file system knows, with `end` behind it.
///
/// # Errors
/// Those of `out`.
pub fn list(out: &mut impl Write, hits: &[Hit], end: u8) -> io::Result<()> {
    for hit in hits {
        if let Some(machine) = &hit.elsewhere {
            write!(out, "{}:", crate::printable::printable(machine))?;
        }
        out.write_all(hit.path.as_os_str().as_encoded_bytes())?;
        out.write_all(&[end])?;
    }
    Ok(())
}

/// Takes the links out of a folder; nothing but links.
///
/// # Errors
/// Those of the file system.
pub fn clear_links(folder: &Path) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        if entry.file_type()?.is_symlink() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// `0007-2024-07-03-IMG_1234.jpg`
fn name(number: usize, digits: usize, hit: &Hit) -> OsString {
    let day = hit.taken.as_deref().and_then(|taken| taken.split('T').next()).unwrap_or_default();
    let mut name = OsString::from(format!("{number:0digits$}-"));
    if !day.is_empty() {
        name.push(format!("{day}-"));
    }
    name.push(hit.path.file_name().unwrap_or_default());
    name
}

/// Makes the link or copy under the first name that is free; `false` where the photo is there already.
fn place(folder: &Path, name: &OsString, hit: &Hit, kind: Kind, stop: &AtomicBool) -> io::Result<bool> {
    let photo = &hit.path;
    if let Some(machine) = &hit.elsewhere {
        return Err(io::Error::other(format!("it lies on the machine {machine}")));
    }
    // A link to nothing would be no help.
    photo::open(photo)?;
    for attempt in 1.. {
        let target = folder.join(numbered(name, attempt));
        let made = match kind {
            Kind::Links => link(photo, &target),
            Kind::Copies => copy(photo, &hit.hash, &target, stop),
        };
        match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let same = match kind {
                    Kind::Links => fs::read_link(&target).is_ok_and(|to| to == *photo),
                    Kind::Copies => is_copy(&target, &hit.hash, stop)?,
                };
                if same {
                    return Ok(false);
                }
            }
            made => return made.map(|()| true),
        }
    }
    unreachable!("some name is free")
}

/// `photo.jpg`, `photo-2.jpg`, `photo-3.jpg`..., none longer than a disk allows.
pub(crate) fn numbered(name: &OsString, attempt: u32) -> OsString {
    let path = PathBuf::from(name);
    let number = if attempt == 1 { String::new() } else { format!("-{attempt}") };
    let extension = path.extension().filter(|extension| extension.len() < LONGEST / 2);
    let stem = if extension.is_some() { path.file_stem().unwrap_or_default() } else { path.as_os_str() };
    let rest = number.len() + extension.map_or(0, |extension| extension.len() + 1);
    let mut numbered = shortened(stem, LONGEST - rest);
    numbered.push(number);
    if let Some(extension) = extension {
        numbered.push(".");
        numbered.push(extension);
    }
    numbered
}

/// The first `most` bytes of a name, or fewer, so that no letter is cut in two.
fn shortened(name: &OsStr, most: usize) -> OsString {
    if name.len() <= most {
        return name.to_owned();
    }
    match name.to_str() {
        Some(text) => text[..text.floor_char_boundary(most)].into(),
        #[cfg(unix)]
        None => {
            use std::os::unix::ffi::OsStringExt;
            OsString::from_vec(name.as_encoded_bytes()[..most].to_vec())
        }
        #[cfg(not(unix))]
        None => name.to_string_lossy().chars().take(most / 4).collect::<String>().into(),
    }
}

/// Copies a photo with its time of change, into a file that is not there yet, and that appears under its name only once it is
/// complete. Whatever else lies at the photo's path now is not copied.
fn copy(photo: &Path, hash: &Hash, target: &Path, stop: &AtomicBool) -> io::Result<()> {
    if target.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let (from, about) = photo::open(photo)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".facetag-");
    // As the umask wants it: it is the user's photo.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut to = builder.tempfile_in(target.parent().unwrap_or(Path::new(".")))?;
    if copy_bytes(&from, about.len(), to.as_file_mut(), stop)? != *hash {
        return Err(io::Error::other("it has changed since it was scanned; scan it again"));
    }
    to.as_file().set_modified(about.modified()?)?;
    to.persist_noclobber(target).map_err(|error| error.error)?;
    Ok(())
}

fn go_on(stop: &AtomicBool) -> io::Result<()> {
    if stop.load(Ordering::Relaxed) { Err(io::Error::other("stopped")) } else { Ok(()) }
}

/// Whether a file holds the photo already.
fn is_copy(file: &Path, hash: &Hash, stop: &AtomicBool) -> io::Result<bool> {
    match photo::open(file) {
        Ok((file, about)) => Ok(copy_bytes(&file, about.len(), &mut io::sink(), stop)? == *hash),
        // A folder of that name, say.
        Err(photo::OpenError::NotAFile(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Copies at most so many bytes, and returns the hash of those that it copied.
fn copy_bytes(from: &File, most: u64, to: &mut impl Write, stop: &AtomicBool) -> io::Result<Hash> {
    let (mut from, mut hasher) = (from.take(most), blake3::Hasher::new());
    let mut buffer = vec![0; AT_ONCE];
    loop {
        go_on(stop)?;
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(*hasher.finalize().as_bytes()),
            Ok(read) => &buffer[..read],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(read);
        to.write_all(read)?;
    }
}

#[cfg(unix)]
pub(crate) fn link(photo: &Path, target: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(photo, target)
}

#[cfg(windows)]
pub(crate) fn link(photo: &Path, target: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(photo, target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::PhotoId;

    #[test]
    fn no_name_is_longer_than_a_disk_allows() {
        let long = OsString::from(format!("0001-2024-07-03-{}.jpeg", "ä".repeat(150)));
        for attempt in [1, 2, 1000] {
            let name = numbered(&long, attempt).into_string().unwrap();
            assert!((250..=255).contains(&name.len()) && name.ends_with(".jpeg"), "{name}");
            assert!(attempt == 1 || name.contains(&format!("ä-{attempt}.")), "{name}");
        }
        assert_eq!(numbered(&"a.jpg".into(), 1), "a.jpg");
        assert_eq!(numbered(&"a.jpg".into(), 2), "a-2.jpg");
    }

    #[test]
    fn what_is_copied_when_it_is_stopped_is_not_left_half() {
        let folder = tempfile::tempdir().unwrap();
        let (photo, target) = (folder.path().join("photo.jpg"), folder.path().join("copy.jpg"));
        fs::write(&photo, vec![7; AT_ONCE * 2 + 1]).unwrap();
        let hash = *blake3::hash(&fs::read(&photo).unwrap()).as_bytes();
        copy(&photo, &hash, &target, &AtomicBool::new(true)).unwrap_err();
        assert!(!target.exists());
        copy(&photo, &[0; 32], &target, &AtomicBool::new(false)).unwrap_err();
        assert!(!target.exists(), "another content than the scanned one");
        copy(&photo, &hash, &target, &AtomicBool::new(false)).unwrap();
        assert_eq!(fs::read(&target).unwrap(), fs::read(&photo).unwrap());
        let none = folder.path().join("album");
        let hit = Hit {
            photo: PhotoId(1),
            shot: PhotoId(1),
            hash,
            path: photo,
            elsewhere: None,
            taken: None,
            width: 4,
            height: 3,
        };
        make(&none, &[hit], Kind::Copies, &AtomicBool::new(true)).unwrap_err();
        assert_eq!(fs::read_dir(none).unwrap().count(), 0);
    }
}
