//! `facetag backup` and `facetag restore`

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::args::{Backup, Restore};
use super::output::{count, json, note, plain, say};
use super::{Exit, explained};
use crate::catalog::{Catalog, Forgotten, Library};

#[derive(Serialize)]
struct Made {
    backup: String,
    bytes: u64,
}

pub(super) fn backup(library: &Library, args: &Backup) -> Result<Exit> {
    if !library.has_anything() {
        bail!("{}: there is no library yet: `facetag scan FOLDER` makes one", library.name().display());
    }
    let catalog = Catalog::open(library)?;
    if let Some(to) = &args.to {
        check(to)?;
    }
    let file = catalog.back_up(library, args.to.as_deref(), args.keep.map(usize::from))?;
    let made = Made { backup: file.display().to_string(), bytes: std::fs::metadata(&file)?.len() };
    if args.json {
        json(&made)?;
    } else {
        say(&format!("{}: checked, {:.1} MB.", plain(&file), made.bytes as f64 / 1e6))?;
    }
    Ok(Exit::Well)
}

/// Checks that a backup may be written to this folder or name, and creates a folder that was named as one.
fn check(to: &Path) -> Result<()> {
    if to.is_dir() {
        return Ok(());
    }
    // Devices too would be replaced.
    if to.symlink_metadata().is_ok() {
        bail!("{}: there is a file of that name: give another name, or a folder", to.display());
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        bail!("{}: there is no such folder: create it, or give another", folder.display());
    }
    if to.as_os_str().as_encoded_bytes().ends_with(std::path::MAIN_SEPARATOR_STR.as_bytes()) {
        std::fs::create_dir(to).with_context(|| to.display().to_string())?;
    }
    Ok(())
}

pub(super) fn restore(library: &Library, args: &Restore) -> Result<Exit> {
    let restored = library.restore(args.from.as_deref())?;
    for bad in &restored.bad {
        note(&format!("warning: {bad}"));
    }
    if args.json {
        json(&restored)?;
        return Ok(Exit::Well);
    }
    let from = match &restored.from {
        Some(from) => format!("The library is the backup {}", plain(from)),
        None if restored.total > 0 || restored.replaced.is_none() => {
            "There was no good backup: this is a new library".to_owned()
        }
        None => "Nothing of the library could be recovered: it is empty".to_owned(),
    };
    let since = match restored.decisions as u64 {
        0 => String::new(),
        decisions => format!(", with {} that could be read beside it", count(decisions, "decision")),
    };
    say(&format!("{from}{since}."))?;
    if !restored.names.is_empty() {
        say(&format!("People: {}", restored.names.join(", ")))?;
    }
    if !restored.lost.is_empty() {
        say(&format!("Could not be read, and so is as in the backup: {}.", restored.lost.join("; ")))?;
    }
    if restored.forgotten != Forgotten::default() {
        say(&format!("Forgotten again, as it had been since: {}.", restored.forgotten.in_words()))?;
    }
    if let (Some(replaced), 1..) = (&restored.replaced, restored.left_out) {
        let left_out = count(restored.left_out as u64, "decision");
        say(&format!(
            "The library that was there has another history: {left_out} of it were left out. To bring its names along:\n    \
             facetag --library {} share > names.json\n    facetag import names.json",
            plain(replaced)
        ))?;
    }
    if let Some(replaced) = &restored.replaced {
        say(&format!("What was there before is kept in {}", plain(replaced)))?;
    }
    say("`facetag scan` finds what is new since.")?;
    Ok(Exit::Well)
}

/// So often a facetag that keeps running looks whether a backup is due.
const LOOK: Duration = Duration::from_hours(1);

/// Makes the weekly backup where one is due. Nobody waits for it in vain: what goes wrong is a warning.
pub(super) fn weekly(library: &Library) {
    if !library.file().is_file() || is_recent(&library.backups()) {
        return;
    }
    let made = Catalog::open(library).and_then(|catalog| catalog.back_up_weekly(library));
    if let Err(error) = made {
        note(&format!("warning: the weekly backup could not be made: {}", explained(error.into(), library)));
    }
}

/// Makes the weekly backups of a facetag that runs for weeks, in a thread that ends with it.
pub(super) fn keep_weekly(library: &Library) {
    let library = library.clone();
    std::thread::spawn(move || {
        loop {
            weekly(&library);
            std::thread::sleep(LOOK);
        }
    });
}

/// Whether a folder has changed within the last day: then nobody needs to open the library.
fn is_recent(folder: &Path) -> bool {
    let changed = folder.metadata().and_then(|folder| folder.modified()).ok();
    changed.and_then(|changed| changed.elapsed().ok()).is_some_and(|age| age.as_secs() < 24 * 60 * 60)
}
