//! An address, until it is stopped.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use super::access::{Access, Password};
use super::folder::Allowed;
use super::site::Site;
use super::{connections, questions, routes};
use crate::catalog::{CatalogError, Library, Session, Task};
use crate::people::{OpenError, open};

/// Where to serve, and for whom.
#[derive(Debug, Clone)]
pub struct Listen {
    pub address: IpAddr,
    /// `None`: the usual one, or one near it.
    pub port: Option<u16>,
    /// `None`: whoever has the token of the address printed.
    pub password: Option<Password>,
    /// `None`: not encrypted.
    pub tls: Option<Tls>,
    /// Nobody changes anything.
    pub read_only: bool,
    /// The names of people and circles whose photos guests may see; empty for no guests.
    pub guests: Vec<String>,
    /// Folders that may be scanned and written to from the page; empty for those scanned before, and the home folder.
    pub allowed: Vec<PathBuf>,
}

/// A certificate with its chain, and its key, in PEM files.
#[derive(Debug, Clone)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// The addresses to open.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Logs in once where it has a token: then the next is told.
    pub owner: String,
    /// For guests.
    pub guests: Option<String>,
    /// Another was used before.
    pub again: bool,
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
    #[error("{path}: {problem}")]
    Tls { path: PathBuf, problem: String },
    #[error("--guest {0}: no person and no circle has this name")]
    Guest(String),
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

/// Serves the page of a library until `stop` is notified. `tell` is told the addresses to open, once they can be opened, and again
/// when one was used.
///
/// # Errors
/// [`ServeError`].
pub fn serve(
    library: &Library,
    listen: Listen,
    stop: Arc<Notify>,
    tell: impl Fn(&Addresses) -> io::Result<()> + Send + Sync + 'static,
) -> Result<(), ServeError> {
    if !listen.address.is_loopback() && listen.password.is_none() {
        return Err(ServeError::Open(listen.address));
    }
    // Migrates it before anybody waits for a page.
    let (catalog, pack) = open(library)?;
    let identity = || Ok::<_, OpenError>(pack.identity(&library.packs())?);
    let _session = Session::of(library, Task::Serve, identity)?;
    let listener = bind(listen.address, listen.port)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    for name in &listen.guests {
        let is_person = catalog.person_called(name).map_err(OpenError::from)?.is_some();
        if !is_person && catalog.circle_called(name).map_err(OpenError::from)?.is_none() {
            return Err(ServeError::Guest(name.clone()));
        }
    }
    let tls = listen.tls.as_ref().map(acceptor).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let origin = format!("{scheme}://{}", reachable(address));
    let (tell, next) = (Arc::new(tell), origin.clone());
    let told = Arc::clone(&tell);
    let announce = Box::new(move |path: &str| {
        // Where nobody reads it any more, those who are logged in stay so.
        let _ = told(&Addresses { owner: format!("{next}{path}"), guests: None, again: true });
    });
    let access = Access::new(listen.password, listen.guests, listen.read_only, announce)?;
    let allowed = Allowed::new(&listen.allowed, library);
    let site = Site::new((address, tls.is_some()), access, allowed, library, catalog);
    // Nor for this. If it fails, the pages say so.
    std::thread::scope(|threads| {
        threads.spawn(|| drop(site.listing()));
        drop(site.everybody());
    });
    let shared = site.clone();
    let addresses = Addresses {
        owner: format!("{origin}{}", site.access.path()),
        guests: site.access.guests_path().map(|path| format!("{origin}{path}")),
        again: false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (stopping, stopped) = watch::channel(false);
        let server = tokio::spawn(connections::answer(listener, tls, routes(site), stopped));
        tell(&addresses)?;
        // If it fails, the page says so.
        let site = shared.clone();
        tokio::task::spawn_blocking(move || drop(questions::look(&site)));
        stop.notified().await;
        stopping.send_replace(true);
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
    if library.exists() { Ok(()) } else { Err(OpenError::from(CatalogError::Gone { path: library.file() }).into()) }
}

/// Encrypts with a certificate.
fn acceptor(tls: &Tls) -> Result<TlsAcceptor, ServeError> {
    let problem = |path: &Path, problem: String| ServeError::Tls { path: path.to_owned(), problem };
    let certificates = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| problem(&tls.certificate, error.to_string()))?;
    if certificates.is_empty() {
        return Err(problem(&tls.certificate, "there is no certificate in it".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| problem(&tls.key, error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(|error| problem(&tls.certificate, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
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
