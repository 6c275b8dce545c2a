//! The files beside a photo -> when and where it was taken.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::rdf::{Namespace, Properties, Value};
use super::sidecar::{Folder, is_of_another};
use super::takeout;
use crate::metadata::{Capture, Gps, Taken};
use crate::photo;

const EXIF: Namespace = ("exif", "http://ns.adobe.com/exif/1.0/");
const PHOTOSHOP: Namespace = ("photoshop", "http://ns.adobe.com/photoshop/1.0/");
const XMP: Namespace = ("xmp", "http://ns.adobe.com/xap/1.0/");

/// Where XMP has a date, the most telling first.
const DATES: [(Namespace, &str); 3] = [(EXIF, "DateTimeOriginal"), (PHOTOSHOP, "DateCreated"), (XMP, "CreateDate")];

/// Finds the files beside photos; those of the last folder are remembered, and of the folders that it lies in: a walk comes back to them.
#[derive(Debug, Default)]
pub struct BesideReader {
    folders: Vec<(PathBuf, Folder)>,
}

/// Whether a file may say something of a photo beside it.
pub fn is_beside(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("xmp") || extension.eq_ignore_ascii_case("json")
}

/// Whether a file may hold Picasa's names for the photos of its folder.
pub fn is_picasa(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.eq_ignore_ascii_case(".picasa.ini") || name.eq_ignore_ascii_case("picasa.ini")
}

impl BesideReader {
    /// What the names, sizes and times of the files beside a photo amount to, and where on the disk they are, as an edit may keep
    /// size and time; `None` where there are none.
    pub fn stamp(&mut self, photo: &Path) -> Option<i64> {
        let files = self.files(photo);
        if files.is_empty() {
            return None;
        }
        let mut hash = blake3::Hasher::new();
        for path in files {
            let about = std::fs::metadata(&path).ok();
            let modified = about.as_ref().and_then(|about| about.modified().ok()?.duration_since(UNIX_EPOCH).ok());
            hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
            hash.update(&about.as_ref().map_or(0, std::fs::Metadata::len).to_le_bytes());
            hash.update(&modified.map_or(0, |modified| modified.as_nanos()).to_le_bytes());
            #[cfg(unix)]
            if let Some(about) = &about {
                use std::os::unix::fs::MetadataExt;
                // Two edits within one tick of the clock have another inode, if they write a new file.
                hash.update(&about.ctime().to_le_bytes());
                hash.update(&about.ctime_nsec().to_le_bytes());
                hash.update(&about.ino().to_le_bytes());
            }
        }
        let bytes = hash.finalize().as_bytes().first_chunk().copied();
        bytes.map(i64::from_le_bytes)
    }

    /// What they say, the sidecar that counts most first, then Takeout. What cannot be understood says nothing: an import tells
    /// of it.
    pub fn read(&mut self, photo: &Path) -> Capture {
        let name = photo.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let said: Vec<Capture> = self.files(photo).iter().filter_map(|file| read(file, &name)).collect();
        Capture {
            taken: said.iter().filter_map(|said| said.taken).min_by_key(|taken| taken.source),
            gps: said.iter().find_map(|said| said.gps),
        }
    }

    fn files(&mut self, photo: &Path) -> Vec<PathBuf> {
        let (Some(folder), Some(name)) = (photo.parent(), photo.file_name().and_then(|name| name.to_str())) else {
            return Vec::new();
        };
        while self.folders.pop_if(|(last, _)| !folder.starts_with(last)).is_some() {}
        if self.folders.last().is_none_or(|(last, _)| last != folder) {
            self.folders.push((folder.to_owned(), Folder::read_only(folder, is_beside)));
        }
        let Some((_, folder)) = self.folders.last() else { return Vec::new() };
        let mut files = folder.sidecars(name);
        files.extend(takeout::json_of(name, folder));
        files
    }
}

fn read(file: &Path, photo: &str) -> Option<Capture> {
    let bytes = photo::read(file).ok()?;
    if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        return takeout::capture(&bytes).ok();
    }
    let properties = Properties::parse(&bytes).ok().filter(|properties| !is_of_another(properties, photo))?;
    let text = |(namespace, name): (Namespace, &str)| properties.get(namespace, name).and_then(Value::text);
    Some(Capture {
        taken: DATES.into_iter().find_map(|date| Taken::of_iso(text(date)?)),
        gps: text((EXIF, "GPSLatitude"))
            .zip(text((EXIF, "GPSLongitude")))
            .and_then(|(latitude, longitude)| Gps::of_xmp(latitude, longitude)),
    })
}
