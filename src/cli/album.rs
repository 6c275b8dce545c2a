//! `facetag album`

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::args::{Album, Find};
use super::find::{query, there};
use super::output::{count, json, note, plain, say};
use super::{Exit, absolute};
use crate::catalog::{Catalog, Library, PersonId, Query, StandingAlbum, Whom};
use crate::follow::{Followed, follow, is_followed};
use crate::people::open;

#[derive(Serialize)]
struct Made {
    folder: String,
    links: u64,
    made: u64,
    removed: u64,
    follows: bool,
}

pub(super) fn run(library: &Library, args: &Album) -> Result<Exit> {
    let Find { count: counts, null, open: opens, link, copy, .. } = &args.find;
    if *counts || *null || *opens || link.is_some() || copy.is_some() {
        bail!("an album takes what to look for, --to and --follow; lists and copies are made by `facetag find`");
    }
    let (catalog, _) = open(library)?;
    let folder = std::path::absolute(&args.to)?;
    let query = query(&catalog, &args.find)?;
    let Followed { made, removed, links } = update(&catalog, &query, &folder)?;
    if args.follow {
        let new = standing(&catalog, &args.find, &query, &folder)?;
        let mut all = catalog.standing_albums()?;
        all.retain(|album| album.folder != new.folder);
        all.push(new);
        catalog.keep_albums(&all)?;
    }
    let exit = if links == 0 { Exit::Partly } else { Exit::Well };
    if args.find.json {
        json(&Made { folder: folder.display().to_string(), links, made, removed, follows: args.follow })?;
        return Ok(exit);
    }
    let mut line = format!("{}: {}, {made} new", plain(&folder), count(links, "link"));
    if removed > 0 {
        line += &format!(", {removed} removed");
    }
    say(&format!("{line}."))?;
    if args.follow {
        say("It is kept up to date by scans, decisions and `facetag watch`. Delete the folder to end that.")?;
    }
    Ok(exit)
}

/// Brings all standing albums up to date. What goes wrong with one is a warning.
///
/// # Errors
/// Those of the catalog.
pub(super) fn update_all(catalog: &Catalog) -> Result<()> {
    let all = catalog.standing_albums()?;
    let mut kept = all.clone();
    for album in &all {
        let folder = PathBuf::from(&album.folder);
        if !is_followed(&folder) {
            // Its disk may be away; where that is there, the user has deleted it.
            if folder.parent().is_some_and(Path::is_dir) {
                kept.retain(|other| other != album);
            }
            continue;
        }
        let found = asked(catalog, album).and_then(|find| query(catalog, &find));
        if let Err(error) = found.and_then(|query| update(catalog, &query, &folder)) {
            note(&format!("warning: the album {} is as it was: {error:#}", plain(&folder)));
        }
    }
    if kept != all {
        catalog.keep_albums(&kept)?;
    }
    Ok(())
}

fn update(catalog: &Catalog, query: &Query, folder: &Path) -> Result<Followed> {
    let (hits, _) = there(catalog, query)?;
    follow(folder, &hits).with_context(|| plain(folder))
}

/// An album as it is written down: with people by number, and circles by name, as they may change.
fn standing(catalog: &Catalog, find: &Find, query: &Query, folder: &Path) -> Result<StandingAlbum> {
    let mut find = find.clone();
    let text = catalog.text_query(find.text.as_deref().unwrap_or_default())?;
    if text.circles.is_empty() {
        let numbers = |people: &[PersonId]| people.iter().map(PersonId::to_string).collect::<Vec<_>>();
        find.names.extend(numbers(&text.all));
        find.not.extend(numbers(&text.not));
        (find.since, find.until) = (query.span.since, query.span.until);
        find.place.clone_from(&query.place);
        find.text = None;
    }
    for name in find.names.iter_mut().chain(&mut find.any).chain(&mut find.not) {
        *name = match catalog.whom(name)? {
            Whom::One(who) => who.id.to_string(),
            Whom::Circle(circle) => circle.name,
        };
    }
    find.folder = find.folder.as_deref().map(absolute).transpose()?;
    let people = query.all.iter().chain(&query.any).chain(&query.not);
    Ok(StandingAlbum {
        folder: OsString::from(folder),
        people: people.copied().collect(),
        search: serde_json::to_value(find)?,
    })
}

/// What an album was asked for, of the people as they are now: who was merged into somebody else is them.
fn asked(catalog: &Catalog, album: &StandingAlbum) -> Result<Find> {
    let mut find: Find = serde_json::from_value(album.search.clone())
        .context("this facetag does not understand how it was asked for; ask for it again")?;
    for name in find.names.iter_mut().chain(&mut find.any).chain(&mut find.not) {
        if let Ok(person) = name.parse::<PersonId>() {
            *name = catalog.became(person)?.unwrap_or(person).to_string();
        }
    }
    Ok(find)
}
