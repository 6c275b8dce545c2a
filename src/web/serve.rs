//! An address, until it is stopped.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::access::{Access, Password};
use super::routes;
use super::site::Site;
use crate::catalog::{CatalogError, Library};
use crate::people::{OpenError, open};

/// Where to serve, and for whom.
#[derive(Debug, Clone)]
pub struct Listen {
    pub address: IpAddr,
    /// `None`: the usual one, or one near it.
    pub port: Option<u16>,
    /// `None`: whoever has the token of the address printed.
    pub password: Option<Password>,
}

/// Why the page is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("{0}: others could reach it, so it needs a password: give --password-file FILE")]
    Open(IpAddr),
    #[error("{address}: {source}; another --port may be free")]
    Bind { address: SocketAddr, source: io::Error },
    #[error("the server: {0}")]
    Io(#[from] io::Error),
    #[error("the system has no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    #[error(transparent)]
    Library(#[from] OpenError),
}

/// The usual port, and so many after it where it is taken.
const PORT: u16 = 4711;
const NEAR: u16 = 10;

/// Threads that wait for the disk.
const BLOCKING_THREADS: usize = 16;

/// Answers under way when it is stopped have so long to end.
const GRACE: Duration = Duration::from_secs(2);

/// Serves the page of a library until `stop` is notified. `ready` is told the address to open, once it can be opened.
///
/// # Errors
/// [`ServeError`].
pub fn serve(
    library: &Library,
    listen: Listen,
    stop: Arc<Notify>,
    ready: impl FnOnce(&str) -> io::Result<()>,
) -> Result<(), ServeError> {
    if !listen.address.is_loopback() && listen.password.is_none() {
        return Err(ServeError::Open(listen.address));
    }
    // Migrates it before anybody waits for a page.
    let (catalog, _) = open(library)?;
    let listener = bind(listen.address, listen.port)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let site = Site::new(address, Access::new(listen.password)?, library, catalog);
    // Nor for this. If it fails, that page says so.
    drop(site.everybody());
    let shared = site.clone();
    let url = format!("http://{}{}", reachable(address), site.access.path());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (stopping, stopped) = oneshot::channel::<()>();
        // Passwords are counted by the address that they come from.
        let service = routes(site).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(async move { drop(stopped.await) });
        let server = tokio::spawn(server.into_future());
        ready(&url)?;
        stop.notified().await;
        drop(stopping);
        shared.stopping.store(true, Ordering::Relaxed);
        shared.scanning.end();
        // One that goes on must not keep it from ending.
        let _ = tokio::time::timeout(GRACE, server).await;
        io::Result::Ok(())
    })?;
    // Nor may work that waits for a disk or for another program.
    runtime.shutdown_timeout(GRACE);
    shared.scanning.wait();
    // Whoever deletes the folder meanwhile was told by every page, and is told by the exit code.
    if library.file().exists() {
        Ok(())
    } else {
        Err(OpenError::from(CatalogError::Gone { path: library.file() }).into())
    }
}

/// The address at which this machine reaches it: all of its addresses are none that a browser could open.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

fn bind(address: IpAddr, port: Option<u16>) -> Result<TcpListener, ServeError> {
    let ports = port.map_or(PORT..=PORT + NEAR, |port| port..=port);
    let mut refused = None;
    for port in ports {
        let address = SocketAddr::new(address, port);
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(source) => {
                let taken = source.kind() == io::ErrorKind::AddrInUse;
                refused = Some(ServeError::Bind { address, source });
                if !taken {
                    break;
                }
            }
        }
    }
    Err(refused.expect("one port was tried at the least"))
}
