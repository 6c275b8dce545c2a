//! Connections: at most so many at once, each with limits on time, encrypted where there is a certificate.
//!
//! Whoever can reach the port can open connections and send nothing, or a little now and then. Where there are too many, the
//! one that has waited longest without a request of somebody who is logged in gives way to the next.

use std::collections::HashMap;
use std::io;
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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

/// Connections at once. A browser opens six.
const MOST: usize = 128;

/// Until the headers of a request are there, from the end of the one before.
const HEADERS: Duration = Duration::from_secs(20);

/// Until the body of a request is there.
const BODY: Duration = Duration::from_secs(60);

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
    /// Requests of somebody who is logged in that are being answered.
    busy: AtomicUsize,
    close: Notify,
}

/// While it is held, the connection is not closed for another.
pub(super) struct Busy(Arc<Connection>);

impl Connection {
    pub fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connections {
    /// Notes a new connection. Where there are too many, another is closed for it; `None` where all are busy.
    fn admit(&self) -> Option<(u64, Arc<Connection>)> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MOST {
            let idle = open.iter().filter(|(_, connection)| connection.busy.load(Ordering::Relaxed) == 0);
            let oldest = idle.map(|(&number, _)| number).min()?;
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
