//! Photos as they are, to be kept: one, or a selection as a zip archive. Only what was scanned: a file that was put in the place
//! of a photo since is none.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path as Named, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::unfold;
use tokio::sync::mpsc;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::error::PageError;
use super::guests::Sees;
use super::site::Site;
use super::visit::Visit;
use crate::catalog::{Catalog, Hash, PhotoId};
use crate::photo;

/// Bytes that are read at once, and parts of an answer that wait to be sent.
const PART: usize = 256 << 10;
const PARTS: usize = 4;

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
    let body = streamed(move |mut out| io::copy(&mut file.take(length), &mut out).map(drop));
    Ok(([(CONTENT_LENGTH, length.to_string())], attached(&name, "application/octet-stream"), body).into_response())
}

/// Photos in an archive, in this order, which is made while it is sent. One that is away is left out, and named in a text in it.
pub(super) fn archive(site: Site, photos: Vec<PhotoId>) -> Response {
    let body = streamed(move |out| {
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
    (attached("photos.zip", "application/zip"), body).into_response()
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
        let file = open_scanned(&path, &hash).ok()?;
        Some((file, path.file_name()?.to_string_lossy().into_owned()))
    };
    Ok(catalog.readable_paths(photo)?.into_iter().find_map(scanned))
}

fn open_scanned(path: &Path, hash: &Hash) -> io::Result<File> {
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
    Ok(file)
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

/// What `write` writes, sent as it is written, on a thread of its own. Where the browser wants no more, it ends.
fn streamed(write: impl FnOnce(Parts) -> io::Result<()> + Send + 'static) -> Body {
    let (sender, receiver) = mpsc::channel(PARTS);
    let failed = sender.clone();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write(Parts { sender, part: Vec::with_capacity(PART) }) {
            // The browser must not take it for whole.
            let _ = failed.blocking_send(Err(error));
        }
    });
    Body::from_stream(unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))))
}

/// A writer into an answer.
struct Parts {
    sender: mpsc::Sender<io::Result<Bytes>>,
    part: Vec<u8>,
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.part.extend_from_slice(bytes);
        if self.part.len() >= PART {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        let part = std::mem::replace(&mut self.part, Vec::with_capacity(PART));
        self.sender.blocking_send(Ok(part.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        // Nobody who reads it is left where this fails.
        let _ = self.flush();
    }
}
