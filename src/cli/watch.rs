//! `facetag watch`

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use anyhow::{Result, bail};
use serde::Serialize;

use super::album::update_all;
use super::args::{Watch, WatchHow};
use super::backup::keep_weekly;
use super::import::tell_of_new;
use super::output::{count, note, plain, say};
use super::scan::interruption;
use super::{Exit, explained};
use crate::catalog::{Catalog, Library, LineId, NamedPhoto, PhotoId};
use crate::printable::json_text;
use crate::scan::{Event, NewNames, News, Summary, Watching, watch};

/// New photos of people who have a name, as `--run` gets them.
#[derive(Serialize)]
struct Batch {
    photos: Vec<NamedPhoto>,
}

/// What is said of each scan.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tell {
    Nothing,
    Words,
    Json,
}

/// What a scan has found, as a line of JSON.
#[derive(Serialize)]
struct Found<'a> {
    read: u64,
    faces: u64,
    moved: u64,
    missing: u64,
    imported: u64,
    photos: &'a [NamedPhoto],
}

pub(super) fn run(library: &Library, args: &Watch) -> Result<Exit> {
    let interrupted = interruption()?;
    keep_weekly(library);
    note("Watching. Ctrl-C ends it.");
    let tell = match args {
        Watch { quiet: true, .. } => Tell::Nothing,
        Watch { json: true, .. } => Tell::Json,
        _ => Tell::Words,
    };
    follow(library, &args.how, tell, &interrupted)?;
    Ok(Exit::Well)
}

/// Watches until it is interrupted, and tells what happens.
pub(super) fn follow(library: &Library, how: &WatchHow, tell: Tell, interrupted: &AtomicBool) -> Result<()> {
    if how.poll == Some(0) {
        bail!("--poll needs at least one second");
    }
    let watching = Watching { poll: how.poll.map(Duration::from_secs) };
    let messenger = messenger(how);
    let mut followed: Option<LineId> = None;
    let mut keep_albums = |catalog: &Catalog| -> Result<()> {
        let decided = catalog.last_line()?;
        if followed != Some(decided) {
            update_all(catalog)?;
            followed = Some(decided);
        }
        Ok(())
    };
    let warn = |error: anyhow::Error| note(&format!("warning: {}", explained(error, library)));
    watch(library, &watching, interrupted, |news| match news {
        News::Checked { catalog } => {
            if let Err(error) = keep_albums(catalog) {
                warn(error);
            }
        }
        News::Watched { root, polled: true } => {
            note(&format!(
                "{}: the system does not say what happens there; it is looked at from time to time",
                plain(root)
            ));
        }
        News::Scan(Event::Unreadable { path, problem }) => note(&format!("warning: {}: {problem}", plain(path))),
        News::Scan(Event::Offline { path }) => {
            note(&format!("warning: {}: not there now; its photos and names are kept", plain(path)));
        }
        News::Scan(Event::CutOff { problem }) => {
            note(&format!("warning: {problem}: waiting for the server of the library, and going on then"));
        }
        News::Trouble(error) => {
            note(&format!("warning: {}; facetag tries again within a minute", explained(error.into(), library)));
        }
        News::Scanned { summary, since, names } => {
            let catalog = Catalog::reopen(library).map_err(Into::into);
            let reported = catalog.and_then(|catalog| {
                update_all(&catalog)?;
                report(&catalog, (summary, since, names), tell, messenger.as_ref())
            });
            if let Err(error) = reported {
                warn(error);
            }
        }
        News::Watched { .. } | News::Scan(_) => {}
    })?;
    Ok(())
}

/// Says what a scan has found, and hands new photos of known people on.
fn report(
    catalog: &Catalog,
    (summary, since, names): (&Summary, PhotoId, Option<&NewNames>),
    tell: Tell,
    messenger: Option<&Sender<Batch>>,
) -> Result<()> {
    let Summary { photos: read, faces, moved, missing, .. } = *summary;
    let photos = if read == 0 { Vec::new() } else { catalog.named_since(since)? };
    let imported = names.filter(|names| names.done.is_some()).map_or(0, |names| names.plan.faces() as u64);
    if let Some(names) = names {
        tell_of_new(names, matches!(tell, Tell::Words))?;
    }
    match tell {
        Tell::Words => in_words(summary, &photos)?,
        Tell::Json if read + moved + missing + imported > 0 => {
            let found = Found { read, faces, moved, missing, imported, photos: &photos };
            writeln!(std::io::stdout(), "{}", json_text(&found, false)?)?;
        }
        Tell::Json | Tell::Nothing => {}
    }
    std::io::stdout().flush()?;
    if let Some(messenger) = messenger.filter(|_| !photos.is_empty()) {
        // Its thread lives as long as this one.
        let _ = messenger.send(Batch { photos });
    }
    Ok(())
}

fn in_words(summary: &Summary, photos: &[NamedPhoto]) -> Result<()> {
    let Summary { photos: read, faces, moved, missing, .. } = *summary;
    let mut parts = Vec::new();
    if read > 0 {
        parts.push(format!("{} read, {}", count(read, "photo"), count(faces, "face")));
    }
    if moved > 0 {
        parts.push(format!("{moved} moved"));
    }
    if missing > 0 {
        parts.push(format!("{missing} gone (their tags are kept)"));
    }
    if !parts.is_empty() {
        say(&parts.join("; "))?;
    }
    for photo in photos {
        say(&format!("{}: {}", photo.path, photo.people.join(", ")))?;
    }
    Ok(())
}

/// A thread that tells others of new photos, one batch after the other: a slow command must not keep photos from being scanned.
fn messenger(how: &WatchHow) -> Option<Sender<Batch>> {
    if how.run.is_none() && !how.notify {
        return None;
    }
    let (sender, batches) = channel::<Batch>();
    let (command, notify) = (how.run.clone(), how.notify);
    std::thread::spawn(move || {
        for batch in batches {
            if notify && let Err(error) = show(&batch) {
                note(&format!("warning: no notification could be shown: {error}"));
            }
            if let Some(command) = &command
                && let Err(error) = hand_to(command, &batch)
            {
                note(&format!("warning: {command}: {error}"));
            }
        }
    });
    Some(sender)
}

/// Runs a command of the user's with the photos as JSON on its standard input.
fn hand_to(command: &str, batch: &Batch) -> Result<()> {
    let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    shell.args([if cfg!(windows) { "/C" } else { "-c" }, command]);
    let mut child = shell.stdin(Stdio::piped()).spawn()?;
    let json = serde_json::to_vec(batch)?;
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(&json)).transpose();
    let status = child.wait()?;
    if !status.success() {
        bail!("it failed ({status})");
    }
    match written {
        // It has read as much as it wanted.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map(|_| ()).map_err(Into::into),
    }
}

/// Shows a notification of the desktop.
fn show(batch: &Batch) -> Result<()> {
    let mut people: Vec<&str> = batch.photos.iter().flat_map(|photo| &photo.people).map(String::as_str).collect();
    people.sort_unstable();
    people.dedup();
    let others = people.len().saturating_sub(3);
    let mut who = people[..people.len() - others].join(", ");
    if others > 0 {
        who += &format!(" and {others} others");
    }
    let text = format!("{} of {who}", count(batch.photos.len() as u64, "new photo"));
    let mut command = if cfg!(target_os = "macos") {
        let mut command = Command::new("osascript");
        // The text is an argument, and no part of the script.
        let script = "on run argv\ndisplay notification (item 1 of argv) with title \"facetag\"\nend run";
        command.args(["-e", script, &text]);
        command
    } else {
        let mut command = Command::new("notify-send");
        command.args(["--app-name=facetag", "--", "facetag", &text]);
        command
    };
    let status = command.stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { bail!("{status}") }
}
