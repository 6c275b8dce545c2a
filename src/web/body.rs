//! The body of an answer, of which little is in memory while it is sent: a browser may stop to read it, and many may do so at once.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{AppendHeaders, IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::spawn_blocking;

use super::error::PageError;
use super::site::Site;

/// Bytes that are read or written at once, and parts that wait to be sent.
const PART: usize = 128 << 10;
const PARTS: usize = 4;

/// A body of more bytes waits on disk.
const LARGE: u64 = 64 << 10;

/// The first bytes of a file, read as they are sent.
pub(super) fn of_file(file: File, length: u64) -> impl IntoResponse {
    let stream = unfold(Some((file, length)), async |rest| {
        let (mut file, left) = rest.filter(|(_, left)| *left > 0)?;
        let read = spawn_blocking(move || {
            let mut part = vec![0; PART.min(usize::try_from(left).unwrap_or(PART))];
            // A file that has become shorter must not be taken for whole.
            file.read_exact(&mut part).map(|()| (part, file))
        });
        Some(match read.await.unwrap_or_else(|panicked| Err(io::Error::other(panicked))) {
            Ok((part, file)) => {
                let left = left - part.len() as u64;
                (Ok(Bytes::from(part)), Some((file, left)))
            }
            Err(error) => (Err(error), None),
        })
    });
    (AppendHeaders([(CONTENT_LENGTH, length.to_string())]), Body::from_stream(stream))
}

/// What `write` writes, sent as it is written, on a thread of its own that waits for the browser. Where that wants no more, it ends.
///
/// # Errors
/// There is no thread for it.
pub(super) fn written(
    turn: OwnedSemaphorePermit,
    write: impl FnOnce(Parts) -> io::Result<()> + Send + 'static,
) -> io::Result<Body> {
    let (sender, receiver) = mpsc::channel(PARTS);
    let failed = sender.clone();
    std::thread::Builder::new().spawn(move || {
        let _turn = turn;
        if let Err(error) = write(Parts { sender, part: Vec::with_capacity(PART) }) {
            // The browser must not take it for whole.
            let _ = failed.blocking_send(Err(error));
        }
    })?;
    Ok(Body::from_stream(unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))))
}

/// A writer into a body.
pub(super) struct Parts {
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

/// Has large answers wait in a file until they are sent.
pub(super) async fn spool(State(site): State<Site>, request: Request, next: Next) -> Response {
    let (mut head, body) = next.run(request).await.into_parts();
    if body.size_hint().exact().is_none_or(|length| length <= LARGE) {
        return Response::from_parts(head, body);
    }
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return PageError::Panicked.into_response() };
    let folder = site.library.folder().to_owned();
    let length = bytes.len() as u64;
    let kept = spawn_blocking(move || {
        let kept = tempfile::tempfile_in(folder).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.rewind()?;
            Ok(file)
        });
        kept.map_err(|_| bytes)
    });
    match kept.await {
        Ok(Ok(file)) => {
            head.headers.remove(CONTENT_LENGTH);
            (head, of_file(file, length)).into_response()
        }
        // Where nothing can be written, it waits in memory.
        Ok(Err(bytes)) => Response::from_parts(head, bytes.into()),
        Err(_) => PageError::Panicked.into_response(),
    }
}
