//! `facetag serve`

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};
use serde::Serialize;
use tokio::sync::Notify;

use super::Exit;
use super::args::Serve;
use super::backup::keep_weekly;
use super::output::{json, note, say};
use super::scan::on_interruption;
use super::watch::{Tell, follow};
use crate::catalog::Library;
use crate::web::{Addresses, Listen, Password, Tls, serve};

/// Where the page is.
#[derive(Serialize)]
struct Served<'a> {
    address: &'a str,
    guests: Option<&'a str>,
}

pub(super) fn run(library: &Library, args: &Serve) -> Result<Exit> {
    if args.hash_password {
        say(&Password::hash(&typed()?)?.to_string())?;
        return Ok(Exit::Well);
    }
    let password = args.password_file.as_deref().map(Password::read).transpose()?;
    let address = args.listen.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let tls = args.tls_cert.clone().zip(args.tls_key.clone()).map(|(certificate, key)| Tls { certificate, key });
    let is_encrypted = tls.is_some();
    let listen = Listen {
        address,
        port: args.port,
        password,
        tls,
        read_only: args.read_only,
        guests: args.guest.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect(),
        allowed: args.allow.clone(),
    };
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
            if let Err(error) = follow(&library, &how, Tell::Nothing, &ended) {
                note(&format!("warning: folders are not watched: {error}"));
            }
        })
    });
    if !args.read_only {
        keep_weekly(library);
    }
    let redirect = library.folder().join("open.html");
    let (opens, as_json, file) = (args.open, args.json, redirect.clone());
    let tell = move |addresses: &Addresses| {
        if addresses.again {
            let _ = fs::remove_file(&file);
            note(&format!("That address is used up. For another browser: {}", addresses.owner));
            return Ok(());
        }
        // At once: whoever reads the first line alone may close the pipe.
        if as_json {
            json(&Served { address: &addresses.owner, guests: addresses.guests.as_deref() })?;
        } else {
            say(&format!("Open {}", addresses.owner))?;
            if let Some(guests) = &addresses.guests {
                say(&format!("For guests {guests}"))?;
            }
        }
        io::stdout().flush()?;
        if address.is_unspecified() {
            note("Other devices open it by the address of this machine in their network, at the same port.");
        }
        if !address.is_loopback() && !is_encrypted {
            note(
                "warning: the connection is not encrypted: whoever can listen in on this network can read it, the password too; --tls-cert and --tls-key encrypt it",
            );
        }
        note("Ctrl-C ends it.");
        if opens && let Err(error) = redirecting(&file, &addresses.owner).and_then(|()| open::that_detached(&file)) {
            note(&format!("warning: no browser could be opened: {error}"));
        }
        Ok(())
    };
    let served = serve(library, listen, stop, tell);
    if args.open {
        // It may be gone already.
        let _ = fs::remove_file(redirect);
    }
    unwatched.store(true, Ordering::Relaxed);
    if let Some(watching) = watching {
        // What went wrong in it was told.
        let _ = watching.join();
    }
    served?;
    Ok(Exit::Well)
}

/// Writes a file that leads a browser to an address. Others on this machine can read what programs are started with, and so must
/// not find the address there; the file is the user's alone.
fn redirecting(file: &Path, address: &str) -> io::Result<()> {
    // One that was left behind may be a link elsewhere.
    let _ = fs::remove_file(file);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let page = format!(
        "<!doctype html><title>facetag</title><meta http-equiv=\"refresh\" content=\"0;url={address}\"><a href=\"{address}\">facetag</a>"
    );
    options.open(file)?.write_all(page.as_bytes())
}

/// A password: unseen from a terminal, or the first line of what is piped in.
fn typed() -> Result<String> {
    if io::stdin().is_terminal() {
        // The hash goes to standard output, and so to a file.
        eprint!("Password: ");
        return Ok(rpassword::read_password()?);
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
