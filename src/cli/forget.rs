//! `facetag forget`

use std::io::Write;

use anyhow::{Result, bail};

use super::args;
use super::output::{count, json, note, say};
use super::{Exit, absolute};
use crate::catalog::{Catalog, Forget, Forgotten, Library};

pub(super) fn run(library: &Library, args: &args::Forget) -> Result<Exit> {
    if args.all {
        return forget_all(library, args);
    }
    let mut catalog = Catalog::open(library)?;
    let what = if args.strangers {
        Forget::Strangers
    } else if args.missing {
        Forget::Missing
    } else if let Some(folder) = &args.folder {
        Forget::Folder(absolute(folder)?)
    } else {
        let people = catalog.everybody(&args.who)?;
        let names: Vec<String> = people.iter().map(ToString::to_string).collect();
        note(&format!("To forget: {}", names.join(", ")));
        Forget::People(people.into_iter().map(|who| who.id).collect())
    };
    let would = catalog.would_forget(&what)?;
    if would.people + would.files + would.faces == 0 {
        note("There is nothing to forget.");
        return Ok(Exit::Partly);
    }
    if !asked(&would.in_words(), args.yes)? {
        return Ok(Exit::Failed);
    }
    let forgotten = catalog.forget(library, &what)?;
    if args.json {
        json(&forgotten)?;
    } else {
        say(&format!("Forgotten: {}; {} of the journal.", forgotten.in_words(), count(forgotten.lines, "line")))?;
        let anew = if library.backups_made().is_empty() { "" } else { "; a new one was made" };
        say(&format!("The earlier backups in the library's folder are gone too{anew}."))?;
    }
    for folder in &forgotten.backups_elsewhere {
        note(&format!("Backups in {folder} still hold it: delete those from before today yourself."));
    }
    for album in &forgotten.albums {
        note(&format!("The album {album} is not kept up to date any more: delete it with its links yourself."));
    }
    note("Photos, and tags that were written into them or beside them, are as they were.");
    Ok(Exit::Well)
}

fn forget_all(library: &Library, args: &args::Forget) -> Result<Exit> {
    if !library.has_anything() {
        note("There is nothing to forget.");
        return Ok(Exit::Partly);
    }
    let elsewhere = Catalog::open(library).and_then(|catalog| catalog.backups_elsewhere()).unwrap_or_default();
    if !asked(&format!("the whole library in {}", library.name().display()), args.yes)? {
        return Ok(Exit::Failed);
    }
    library.forget_all()?;
    if args.json {
        json(&Forgotten { backups_elsewhere: elsewhere.clone(), ..Forgotten::default() })?;
    } else {
        say("Forgotten: everything. Photos are as they were.")?;
    }
    for folder in &elsewhere {
        note(&format!("Backups in {folder} still hold it: delete them yourself."));
    }
    Ok(Exit::Well)
}

impl Forgotten {
    /// In words: how many people, faces, photos and files.
    pub(super) fn in_words(&self) -> String {
        let people = if self.people == 1 { "1 person".to_owned() } else { format!("{} people", self.people) };
        let parts = [
            (self.people, people),
            (self.faces, count(self.faces, "face")),
            (self.photos, count(self.photos, "photo")),
            (self.files, count(self.files, "file")),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words).collect();
        parts.join(", ")
    }
}

/// Asks whether to go on, unless that was answered before.
fn asked(what: &str, yes: bool) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    let mut out = std::io::stderr();
    write!(out, "Remove {what} for good? This cannot be undone. Type yes to go on: ")?;
    out.flush()?;
    let mut answer = String::new();
    if std::io::stdin().read_line(&mut answer)? == 0 {
        note("");
        bail!("nothing was forgotten: type yes, or give --yes");
    }
    let agreed = answer.trim().eq_ignore_ascii_case("yes");
    if !agreed {
        note("Nothing was forgotten.");
    }
    Ok(agreed)
}
