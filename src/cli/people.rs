//! `facetag people`

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::Exit;
use super::args::People;
use super::output::{count, day, json, table};
use crate::catalog::{Catalog, FaceId, Library, PersonCount, PersonSummary};
use crate::people::open;

/// A line of the list, with the photo that shows the person best.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    person: PersonSummary,
    best_photo: Option<String>,
    /// Photos of which no file was there at the last scan.
    missing: u64,
}

pub(super) fn run(library: &Library, args: &People) -> Result<Exit> {
    let (catalog, _) = open(library)?;
    let (singles, shown): (Vec<PersonCount>, Vec<PersonCount>) = catalog
        .people_counted()?
        .into_iter()
        .filter(|person| match (args.hidden, args.ignored) {
            (true, _) => person.label.hidden,
            (_, true) => person.label.ignored,
            _ => !person.label.hidden && !person.label.ignored,
        })
        // Most strangers are seen once.
        .partition(|person| {
            person.label.name.is_none() && person.faces < 2 && !(args.all || args.hidden || args.ignored)
        });
    let has_missing = catalog.has_missing()?;
    let lines = lines(&catalog, shown, has_missing)?;
    // Nobody can look at a group whose photos are gone; a person was named, and stays.
    let (gone, lines): (Vec<Line>, Vec<Line>) =
        lines.into_iter().partition(|line| line.is_gone() && line.person.name.is_none());
    if args.json {
        json(&lines)?;
    } else {
        print(&lines, args, singles.len(), gone.len())?;
    }
    Ok(if lines.is_empty() && singles.is_empty() && gone.is_empty() { Exit::Partly } else { Exit::Well })
}

impl Line {
    /// All photos are missing.
    fn is_gone(&self) -> bool {
        self.missing > 0 && self.missing >= self.person.photos
    }
}

fn lines(catalog: &Catalog, people: Vec<PersonCount>, has_missing: bool) -> Result<Vec<Line>> {
    let people = catalog.summaries(people)?;
    let faces: Vec<FaceId> = people.iter().filter_map(|person| person.best_face).collect();
    let paths = catalog.paths_of_faces(&faces)?;
    let line = |person: PersonSummary| {
        let missing = if has_missing { catalog.missing_photos_of(person.id)? } else { 0 };
        let path = person.best_face.and_then(|face| paths.get(&face));
        Ok(Line { best_photo: path.map(|path| path.display().to_string()), person, missing })
    };
    people.into_iter().map(line).collect()
}

fn print(lines: &[Line], args: &People, singles: usize, gone: usize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if lines.is_empty() && singles + gone == 0 {
        let what = match (args.hidden, args.ignored) {
            (true, _) => "Nobody is hidden.",
            (_, true) => "Nobody is ignored.",
            _ => "Nobody yet: `facetag scan FOLDER` looks for people.",
        };
        return Ok(writeln!(out, "{what}")?);
    }
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let Line { person, best_photo, missing } = line;
            let photos = match missing {
                0 => person.photos.to_string(),
                missing => format!("{} ({missing} missing)", person.photos),
            };
            let best = if line.is_gone() { None } else { best_photo.clone() };
            vec![
                person.id.to_string(),
                person.name.clone().unwrap_or_else(|| "-".to_owned()),
                person.faces.to_string(),
                photos,
                day(person.first.as_deref()),
                day(person.last.as_deref()),
                best.unwrap_or_default(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        table(&mut out, &["NUMBER", "NAME", "FACES", "PHOTOS", "FIRST", "LAST", "BEST SEEN IN"], &[0, 2, 3], &rows)?;
    }
    if gone > 0 {
        writeln!(out, "\nAnd {} without a name whose photos are all missing.", count(gone as u64, "group"))?;
    }
    if singles > 0 {
        writeln!(out, "\nAnd {singles} seen once (--all lists them).")?;
    }
    if let Some(group) = lines.iter().find(|line| line.person.name.is_none()).filter(|_| !args.hidden && !args.ignored)
    {
        writeln!(
            out,
            "\nNext: `facetag show {0}` lists the photos of one, `facetag name {0} NAME` names it.",
            group.person.id
        )?;
    }
    Ok(())
}
