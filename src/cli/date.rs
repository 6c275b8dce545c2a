//! `facetag date`: when photos were taken, as the user knows it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail};

use super::args::DatePhotos;
use super::name::warn;
use super::output::{count, decided, note, plain, say};
use super::{Exit, absolute};
use crate::catalog::{Library, PhotoId};
use crate::metadata::When;
use crate::people::{decide, open};

pub(super) fn run(library: &Library, args: &DatePhotos) -> Result<Exit> {
    let (paths, date) = match args.photos_and_date.split_last() {
        Some((date, paths)) if !args.unknown => {
            let text = date.to_string_lossy();
            let Some(when) = When::typed(&text) else {
                bail!(
                    "{text:?} is no date: give the photos first, then a year, month, day or time, as 1955, 1955-06, \"June 1955\", \
                     1955-06-03 or \"1955-06-03 18:30\""
                );
            };
            (paths, Some(when))
        }
        _ => (args.photos_and_date.as_slice(), None),
    };
    if paths.is_empty() {
        bail!("give the photos before the date, as in `facetag date scan0001.jpg 1955`");
    }
    let (mut catalog, pack) = open(library)?;
    let mut photos: BTreeSet<PhotoId> = BTreeSet::new();
    let mut unknown = false;
    for path in paths {
        let path = absolute(Path::new(path))?;
        let found: Vec<PhotoId> = if path.is_dir() {
            catalog
                .files_under(&path)?
                .filter_map(|file| file.map(|file| file.photo).transpose())
                .collect::<Result<_, _>>()?
        } else {
            catalog.photo_at(&path)?.into_iter().collect()
        };
        if found.is_empty() {
            note(&format!("{}: no photo of the library lies there; `facetag scan` finds new ones", plain(&path)));
            unknown = true;
        }
        photos.extend(found);
    }
    if photos.is_empty() {
        return Ok(Exit::Failed);
    }
    let photos: Vec<PhotoId> = photos.into_iter().collect();
    let (_, done) = decide(&mut catalog, &pack, |deciding| deciding.date(&photos, date))?;
    let exit = if unknown { Exit::Partly } else { Exit::Well };
    if args.json {
        decided(&catalog, &[done])?;
        return Ok(exit);
    }
    let photos = count(photos.len() as u64, "photo");
    say(&match date {
        _ if done.lines.is_empty() => format!("{photos}: that was decided before."),
        Some(date) => format!("{photos} dated {date}."),
        None => format!("{photos}: the date is what the files say again."),
    })?;
    warn(&done);
    Ok(exit)
}
