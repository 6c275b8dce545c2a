//! Connections: at most so many at once, each with limits on time, encrypted where there is a certificate.
//!
//! Whoever can reach the port can open connections and send nothing, or a little now and then; guests can ask for much and read
//! little of it. Where there are too many connections, the oldest without a request of somebody who is logged in gives way to the next, or
//! else the oldest of a guest. One whose client takes nothing of an answer for a while is closed.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use axum::{BoxError, Router};
use futures_util::future::{Either, select};
use http_body::Frame;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use super::access::Visitor;

/// Connections at once. A browser opens six.
const MOST: usize = 128;

/// Until the headers of a request are there, from the end of the one before.
const HEADERS: Duration = Duration::from_secs(20);

/// Until the body of a request is there.
const BODY: Duration = Duration::from_secs(60);

/// Until the client takes something of an answer.
const TAKING: Duration = Duration::from_secs(60);

/// Bytes of the headers, the address among them.
const LONGEST_HEADERS: usize = 128 << 10;

/// The connections that are open.
#[derive(Default)]
struct Connections {
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next: AtomicU64,
    closed: Notify,
}

/// One of them.
#[derive(Default)]
pub(super) struct Connection {
    /// Requests of the owner and of guests that are being answered.
    owner: AtomicUsize,
    guest: AtomicUsize,
    close: Notify,
}

/// While it is held, the connection is not closed for another one, or for a guest's only where there is none that waits.
pub(super) struct Busy(Arc<Connection>, Visitor);

impl Connection {
    pub fn busy(self: &Arc<Self>, visitor: Visitor) -> Busy {
        self.requests(visitor).fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self), visitor)
    }

    fn requests(&self, visitor: Visitor) -> &AtomicUsize {
        match visitor {
            Visitor::Owner => &self.owner,
            Visitor::Guest => &self.guest,
        }
    }

    fn is_of(&self, visitor: Visitor) -> bool {
        self.requests(visitor).load(Ordering::Relaxed) > 0
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.requests(self.1).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connections {
    /// Notes a new connection. Where there are too many, another is closed for it; `None` where the owner uses all.
    fn admit(&self) -> Option<(u64, Arc<Connection>)> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MOST {
            let others = open.iter().filter(|(_, connection)| !connection.is_of(Visitor::Owner));
            let oldest = others.map(|(&number, connection)| (connection.is_of(Visitor::Guest), number)).min()?.1;
            // It is counted no more at once, however long it takes to close.
            open.remove(&oldest).inspect(|connection| connection.close.notify_one());
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection::default());
        open.insert(number, Arc::clone(&connection));
        Some((number, connection))
    }

    fn forget(&self, number: u64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        self.closed.notify_one();
    }

    fn is_empty(&self) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Answers what comes to `listener` until `stop` is sent, and ends what is being answered then.
pub(super) async fn answer(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    routes: Router,
    mut stop: watch::Receiver<bool>,
) {
    let connections = Arc::new(Connections::default());
    loop {
        let accepted = match select(pin!(listener.accept()), pin!(stop.changed())).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(_) => break,
        };
        let Ok((stream, from)) = accepted else {
            // As where there are too many open files: some may be closed soon.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Some((number, connection)) = connections.admit() else { continue };
        let (shared, routes, tls, stop) = (Arc::clone(&connections), routes.clone(), tls.clone(), stop.clone());
        let stream = Taken { stream, end: Box::pin(sleep(TAKING)), waits: false, patience: TAKING };
        tokio::spawn(async move {
            let served = async {
                match tls {
                    // What goes wrong with one connection is its client's business.
                    Some(tls) => {
                        if let Ok(Ok(stream)) = timeout(HEADERS, tls.accept(stream)).await {
                            serve(stream, from, &connection, routes, stop).await;
                        }
                    }
                    None => serve(stream, from, &connection, routes, stop).await,
                }
            };
            select(pin!(served), pin!(connection.close.notified())).await;
            shared.forget(number);
        });
    }
    while !connections.is_empty() {
        connections.closed.notified().await;
    }
}

/// Answers the requests of one connection.
async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    from: SocketAddr,
    connection: &Arc<Connection>,
    routes: Router,
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut routes = routes.clone();
        let mut request = request.map(Timed::body);
        request.extensions_mut().insert(ConnectInfo(from));
        request.extensions_mut().insert(Arc::clone(connection));
        async move { routes.call(request).await }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(LONGEST_HEADERS);
    let mut answered = pin!(http.serve_connection(TokioIo::new(stream), service));
    let stopped = matches!(select(answered.as_mut(), pin!(stop.changed())).await, Either::Right(_));
    if stopped {
        answered.as_mut().graceful_shutdown();
        // What went wrong with one connection is its client's business.
        let _ = answered.await;
    }
}

/// A stream on which nothing can be written any more once its client has taken nothing for a while.
struct Taken<S> {
    stream: S,
    end: Pin<Box<Sleep>>,
    /// For the client to take something; until then `end` counts.
    waits: bool,
    patience: Duration,
}

impl<S> Taken<S> {
    fn judge<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = false;
            return written;
        }
        if !self.waits {
            self.waits = true;
            self.end.as_mut().reset(Instant::now() + self.patience);
        }
        self.end.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Taken<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Taken<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge(shut, context)
    }
}

/// The body of a request, which must be there in time.
struct Timed {
    body: Body,
    end: Pin<Box<Sleep>>,
}

impl Timed {
    fn body(body: Incoming) -> Body {
        Body::new(Self { body: Body::new(body), end: Box::pin(sleep(BODY)) })
    }
}

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
        }
        Pin::new(&mut self.body).poll_frame(context).map_err(Into::into)
    }
}

/// The body of an answer, while which is sent the connection is busy.
struct Guarded {
    body: Body,
    _busy: Busy,
}

/// The same answer, which keeps its connection busy until it is sent.
pub(super) fn guarded(answer: Response<Body>, busy: Busy) -> Response<Body> {
    answer.map(|body| Body::new(Guarded { body, _busy: busy }))
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn numbers(connections: &Connections) -> Vec<u64> {
        let mut numbers: Vec<u64> = connections.open.lock().unwrap().keys().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn who_only_waits_gives_way_first_then_guests_and_never_the_owner() {
        let connections = Connections::default();
        let mut busy = Vec::new();
        for number in 0..MOST {
            let (_, connection) = connections.admit().unwrap();
            match number {
                0 => busy.push(connection.busy(Visitor::Owner)),
                1 | 3 => busy.push(connection.busy(Visitor::Guest)),
                _ => {}
            }
        }
        let mut others = Vec::new();
        for _ in 0..MOST - 3 {
            let (_, connection) = connections.admit().unwrap();
            others.push(connection.busy(Visitor::Owner));
        }
        assert_eq!(numbers(&connections)[..4], [0, 1, 3, MOST as u64], "all that only waited have gone");
        for left in [[0, 3, MOST as u64], [0, MOST as u64, MOST as u64 + 1]] {
            let (_, connection) = connections.admit().unwrap();
            others.push(connection.busy(Visitor::Owner));
            assert_eq!(numbers(&connections)[..3], left);
        }
        assert!(connections.admit().is_none());
    }

    #[test]
    fn who_takes_nothing_is_given_nothing_more() {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
            let (stream, client) = tokio::io::duplex(8);
            let patience = Duration::from_millis(10);
            let mut taken = Taken { stream, end: Box::pin(sleep(patience)), waits: false, patience };
            let error = taken.write_all(&[0; 9]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            drop(client);
        });
    }
}
