//! Photos as they are, to be kept: one, or a selection as a zip archive. Only what was scanned: a file that was put in the place
//! of a photo since is none.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path as Named, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::body::{of_file, written};
use super::error::PageError;
use super::guests::Sees;
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{Catalog, Hash, PhotoId};
use crate::photo::{self, Format, jpeg_is_of_light};

/// Bytes that are read at once.
const PART: usize = 256 << 10;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/photo/{id}/original", get(original))
}

async fn original(State(site): State<Site>, visit: Visit, Named(id): Named<PhotoId>) -> Result<Response, PageError> {
    let shared = site.clone();
    let (file, name) = site
        .ask(move |catalog| {
            Sees::of(&shared, &visit, catalog)?.check_photo(catalog, id)?;
            open(catalog, id)?.ok_or(PageError::PhotoAway)
        })
        .await?;
    let length = file.metadata().map_err(|error| PageError::Failed(error.to_string()))?.len();
    Ok((attached(&name, "application/octet-stream"), of_file(file, length)).into_response())
}

/// The first file of a photo, at one of `paths`, as it is, to be shown, with its media type. `None` where browsers could not show it, or not
/// all alike; it may wait for the disk.
pub(super) fn shown(paths: &[PathBuf], hash: &Hash, formats: &[Format]) -> Option<(&'static str, File, u64)> {
    let (mut file, length) = paths.iter().find_map(|path| open_scanned(path, hash).ok())?;
    let mut head = Vec::new();
    (&file).take(HEAD).read_to_end(&mut head).ok()?;
    file.rewind().ok()?;
    let format = Format::sniff(&head).filter(|format| formats.contains(format))?;
    Some((media_type(format, &head)?, file, length))
}

/// Bytes of a file in which its first pixels begin, unless somebody has put much before them.
const HEAD: u64 = 1 << 20;

/// What browsers call a format that all of them show.
fn media_type(format: Format, head: &[u8]) -> Option<&'static str> {
    match format {
        Format::Jpeg => {
            // Inks are mixed differently by each browser, and what begins later is taken for something else.
            let plain = head.starts_with(&[0xff, 0xd8, 0xff]) && jpeg_is_of_light(head);
            plain.then_some("image/jpeg")
        }
        Format::Png => Some("image/png"),
        Format::WebP => Some("image/webp"),
        Format::Gif => Some("image/gif"),
        Format::Bmp => Some("image/bmp"),
        Format::Avif => Some("image/avif"),
        Format::Raw | Format::Tiff | Format::Heic | Format::JpegXl => None,
    }
}

/// Photos in an archive, in this order, which is made while it is sent. One that is away is left out, and named in a text in it.
///
/// # Errors
/// There is no thread for it.
pub(super) async fn archive(site: Site, photos: Vec<PhotoId>) -> Result<Response, PageError> {
    // Whoever waits for it takes no thread.
    let turn = Arc::clone(&site.archives).acquire_owned().await.map_err(|_| PageError::Panicked)?;
    let body = written(turn, move |out| {
        let catalog = Catalog::reopen(&site.library).map_err(io::Error::other)?;
        let mut archive = ZipWriter::new_stream(out);
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).large_file(true);
        let (mut names, mut away) = (HashSet::new(), Vec::new());
        for id in photos {
            if let Ok(Some((mut file, name))) = open(&catalog, id) {
                archive.start_file(free(&mut names, &name), stored)?;
                io::copy(&mut file, &mut archive)?;
            } else {
                away.push(catalog.path_of(id).ok().flatten().unwrap_or_default());
            }
        }
        if !away.is_empty() {
            archive.start_file(free(&mut names, "not-available.txt"), stored)?;
            for path in away {
                writeln!(archive, "{}", path.file_name().unwrap_or_default().display())?;
            }
        }
        archive.finish()?.into_inner().flush()
    });
    let body = body.map_err(|error| PageError::Failed(error.to_string()))?;
    Ok((attached("photos.zip", "application/zip"), body).into_response())
}

/// A name that no other file has.
fn free(names: &mut HashSet<String>, name: &str) -> String {
    let path = Path::new(name);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy())).unwrap_or_default();
    let mut free = name.to_owned();
    for number in 2.. {
        if names.insert(free.to_lowercase()) {
            break;
        }
        free = format!("{stem}-{number}{extension}");
    }
    free
}

/// The first file of a photo whose content is the one that was scanned, with its name.
fn open(catalog: &Catalog, photo: PhotoId) -> Result<Option<(File, String)>, PageError> {
    let hash = catalog.photo_if_known(photo)?.ok_or(PageError::NotFound)?.hash;
    let scanned = |path: PathBuf| {
        let (file, _) = open_scanned(&path, &hash).ok()?;
        Some((file, path.file_name()?.to_string_lossy().into_owned()))
    };
    Ok(catalog.readable_paths(photo)?.into_iter().find_map(scanned))
}

/// A file whose content is the one that was scanned, and its length.
fn open_scanned(path: &Path, hash: &Hash) -> io::Result<(File, u64)> {
    let (mut file, about) = photo::open(path)?;
    // One that grows while it is read is not what was scanned either.
    let mut content = (&file).take(about.len());
    let mut hasher = blake3::Hasher::new();
    let mut part = vec![0; PART];
    loop {
        match content.read(&mut part)? {
            0 => break,
            read => hasher.update(&part[..read]),
        };
    }
    if hasher.finalize() != blake3::Hash::from(*hash) {
        return Err(io::Error::other("not as it was scanned"));
    }
    file.rewind()?;
    Ok((file, about.len()))
}

/// What the browser is told of a file to be kept.
fn attached(name: &str, content_type: &'static str) -> impl axum::response::IntoResponseParts {
    let encode = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    let name: String = name.bytes().map(encode).collect();
    [
        (CONTENT_TYPE, content_type.to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}")),
    ]
}
