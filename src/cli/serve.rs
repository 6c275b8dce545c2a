//! `facetag serve`

use std::io::{IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};
use tokio::sync::Notify;

use super::Exit;
use super::args::Serve;
use super::output::{note, say};
use super::scan::on_interruption;
use super::watch::follow;
use crate::catalog::Library;
use crate::web::{Listen, Password, serve};

pub(super) fn run(library: &Library, args: &Serve) -> Result<Exit> {
    if args.hash_password {
        say(&Password::hash(&typed()?)?.to_string())?;
        return Ok(Exit::Well);
    }
    let password = args.password_file.as_deref().map(Password::read).transpose()?;
    let address = args.listen.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let unwatched = Arc::new(AtomicBool::new(false));
    let unwatch = Arc::clone(&unwatched);
    on_interruption(move || {
        unwatch.store(true, Ordering::Relaxed);
        stopped.notify_one();
    })?;
    if (args.how.run.is_some() || args.how.notify || args.how.poll.is_some()) && !args.watch {
        bail!("--run, --notify and --poll go with --watch");
    }
    let watching = args.watch.then(|| {
        let (library, how, ended) = (library.clone(), args.how.clone(), Arc::clone(&unwatched));
        std::thread::spawn(move || {
            // The page goes on without it.
            if let Err(error) = follow(&library, &how, true, &ended) {
                note(&format!("warning: folders are not watched: {error}"));
            }
        })
    });
    serve(library, Listen { address, port: args.port, password }, stop, |url| {
        say(&format!("Open {url}"))?;
        std::io::stdout().flush()?;
        if address.is_unspecified() {
            note("Others open it by the address that this machine has in their network, at the same port.");
        }
        if !address.is_loopback() {
            note(
                "warning: what is sent is not encrypted: whoever can listen in on this network can read it, the password too",
            );
        }
        note("Ctrl-C ends it.");
        if args.open
            && let Err(error) = open::that_detached(url)
        {
            note(&format!("warning: no browser could be opened: {error}"));
        }
        Ok(())
    })?;
    unwatched.store(true, Ordering::Relaxed);
    if let Some(watching) = watching {
        // What went wrong in it was told.
        let _ = watching.join();
    }
    Ok(Exit::Well)
}

/// A password: unseen from a terminal, or the first line of what is piped in.
fn typed() -> Result<String> {
    if std::io::stdin().is_terminal() {
        // The hash goes to standard output, and so to a file.
        eprint!("Password: ");
        return Ok(rpassword::read_password()?);
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
