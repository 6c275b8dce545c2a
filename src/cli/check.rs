//! `facetag check`

use anyhow::Result;
use serde::Serialize;

use super::Exit;
use super::args::Check;
use super::output::{count, json, note, plain, say};
use super::scan::interruption;
use crate::catalog::{Catalog, Checked, Library, PhotosChecked};

#[derive(Serialize)]
struct Report {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    library: Option<Checked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    photos: Option<PhotosChecked>,
}

pub(super) fn run(library: &Library, args: &Check) -> Result<Exit> {
    let catalog = Catalog::open(library)?;
    let checked = if args.photos_untouched { None } else { Some(catalog.check(library)?) };
    if let Some(checked) = &checked
        && !checked.damage.is_empty()
    {
        for line in &checked.damage {
            note(line);
        }
        return Err(library.damaged(&checked.damage[0]).into());
    }
    let stop = interruption()?;
    let photos = if args.photos_untouched {
        Some(catalog.check_untouched(&stop)?)
    } else if args.quick {
        None
    } else {
        Some(catalog.check_photos(&stop)?)
    };
    let interrupted = photos.as_ref().is_some_and(|photos| photos.interrupted);
    let is_well =
        checked.as_ref().is_none_or(|checked| checked.journal.is_empty() && checked.orphaned_previews.is_empty())
            && photos.as_ref().is_none_or(|photos| {
                // A scan notices what is missing, and a disk that is away is no fault; but here nothing is proved of it.
                photos.changed.is_empty()
                    && photos.unreadable.is_empty()
                    && (!args.photos_untouched || photos.missing.is_empty())
            });
    if args.json {
        json(&Report { library: checked, photos })?;
    } else {
        if let Some(checked) = &checked {
            print_library(checked)?;
        }
        if let Some(photos) = &photos {
            print_photos(photos, args.photos_untouched)?;
        }
    }
    Ok(match (interrupted, is_well) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Well,
        (false, false) => Exit::Partly,
    })
}

fn print_library(checked: &Checked) -> Result<()> {
    say("The library is whole.")?;
    for line in &checked.journal {
        say(&format!("differs from the journal: {line}"))?;
    }
    if !checked.journal.is_empty() {
        say("`facetag scan --rebuild` makes the library as the journal says.")?;
    }
    for path in &checked.orphaned_previews {
        say(&format!("preview of no photo, may be deleted: {}", plain(path)))?;
    }
    Ok(())
}

fn print_photos(photos: &PhotosChecked, since_first_scan: bool) -> Result<()> {
    let when = if since_first_scan { "when it was first scanned" } else { "before, under the same date" };
    for path in &photos.changed {
        say(&format!("other content than {when}: {}", plain(path)))?;
    }
    for path in &photos.missing {
        say(&format!("not there: {}", plain(path)))?;
    }
    for problem in &photos.unreadable {
        say(&format!("cannot be read: {problem}"))?;
    }
    let files = count(photos.unchanged, "file");
    if since_first_scan {
        say(&format!(
            "{files} with the content of the first scan; {} changed, {} not there, {} unreadable.",
            photos.changed.len(),
            photos.missing.len(),
            photos.unreadable.len()
        ))?;
    } else {
        say(&format!("{files} as scanned; {} with other bytes under the same date.", photos.changed.len()))?;
        if !photos.changed.is_empty() {
            say(
                "`touch FILE`, then `facetag scan`, reads such a file again; or bring it back from a backup of yours.",
            )?;
        }
    }
    Ok(())
}
