//! `facetag write`

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use anyhow::Result;

use super::Exit;
use super::args::Write;
use super::output::{count, json, note, plain, say};
use super::scan::interruption;
use crate::catalog::Library;
use crate::people::open;
use crate::printable::printable;
use crate::tags::{Target, WriteOptions, write_names};

pub(super) fn run(library: &Library, args: &Write) -> Result<Exit> {
    let (mut catalog, _) = open(library)?;
    let who = match args.all {
        true => None,
        false => Some(catalog.everybody(&args.who)?.iter().map(|who| who.id).collect::<HashSet<_>>()),
    };
    // A scan must not find photos while they are being written.
    let _lock = if args.dry_run { None } else { Some(library.lock_for_scan()?) };
    let interrupted = interruption()?;
    let target = if args.into_files { Target::Files } else { Target::Sidecars };
    let options = WriteOptions { target, who, confirmed_only: args.confirmed, dry_run: args.dry_run };
    let written = write_names(&mut catalog, &options, || !interrupted.load(Ordering::Relaxed))?;
    for problem in &written.problems {
        note(&format!("warning: {}: {}", plain(&problem.path), problem.problem));
    }
    let is_interrupted = interrupted.load(Ordering::Relaxed);
    if args.json {
        json(&written)?;
    } else {
        let files = count(written.files.len() as u64, if args.into_files { "file" } else { "sidecar" });
        let names = |number: usize| count(number as u64, "name");
        say(&match (written.files.is_empty(), args.dry_run) {
            (true, _) if written.problems.is_empty() => "All names were written before.".to_owned(),
            (true, _) => "Nothing was written.".to_owned(),
            (false, true) => {
                format!("{files} would be written: {} added, {} removed.", names(written.added), written.removed)
            }
            (false, false) => format!("{files} written: {} added, {} removed.", names(written.added), written.removed),
        })?;
        for conflict in &written.conflicts {
            let path = plain(&conflict.path);
            say(&format!(
                "{path}: another program says {}, where you say {}; left as it is",
                printable(&conflict.theirs),
                conflict.name
            ))?;
        }
        if !written.outdated.is_empty() {
            let photos = count(written.outdated.len() as u64, "photo");
            say(&format!(
                "{photos} still {} names that are no longer right, from `write --into-files`: the same command corrects them.",
                if written.outdated.len() == 1 { "has" } else { "have" }
            ))?;
        }
        if is_interrupted {
            say("Interrupted: what was written stays, and the same command goes on from here.")?;
        }
    }
    Ok(match () {
        () if is_interrupted => Exit::Interrupted,
        () if !written.problems.is_empty() => Exit::Partly,
        () => Exit::Well,
    })
}
