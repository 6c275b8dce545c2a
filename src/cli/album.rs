//! `facetag album`

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;
use serde::{Deserialize, Serialize};

use super::Exit;
use super::args::{Album, Args, Command, Find};
use super::find::{query, there};
use super::output::{count, note, plain, say};
use crate::catalog::{Catalog, Library};
use crate::follow::{Followed, follow, is_followed};
use crate::people::open;

/// An album that is kept up to date, as the user asked for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Standing {
    folder: OsString,
    /// The folder in which the command was typed.
    from: OsString,
    /// The command, without the program's name.
    words: Vec<OsString>,
}

/// The setting that holds the standing albums.
const STANDING: &str = "followed_albums";

pub(super) fn run(library: &Library, args: &Album) -> Result<Exit> {
    let Find { json, count: counts, null, open: opens, link, copy, .. } = &args.find;
    if *json || *counts || *null || *opens || link.is_some() || copy.is_some() {
        bail!("an album takes what to look for, --to and --follow; lists and copies are made by `facetag find`");
    }
    let (catalog, _) = open(library)?;
    let (from, folder) = (std::env::current_dir()?, std::path::absolute(&args.to)?);
    let Followed { made, removed, links } = update(&catalog, &args.find, &from, &folder)?;
    if args.follow {
        let words = std::env::args_os().skip(1).collect();
        let new = Standing { folder: folder.clone().into_os_string(), from: from.into_os_string(), words };
        let mut all = standing(&catalog)?;
        all.retain(|album| album.folder != new.folder);
        all.push(new);
        keep(&catalog, &all)?;
    }
    let mut line = format!("{}: {}, {made} new", plain(&folder), count(links, "link"));
    if removed > 0 {
        line += &format!(", {removed} removed");
    }
    say(&format!("{line}."))?;
    if args.follow {
        say("It is kept up to date by scans, decisions and `facetag watch`. Delete the folder to end that.")?;
    }
    Ok(if links == 0 { Exit::Partly } else { Exit::Well })
}

/// Brings all standing albums up to date. What goes wrong with one is a warning.
///
/// # Errors
/// Those of the catalog.
pub(super) fn update_all(catalog: &Catalog) -> Result<()> {
    let all = standing(catalog)?;
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
        let words = std::iter::once(OsString::from("facetag")).chain(album.words.iter().cloned());
        let done = match Args::try_parse_from(words).map(|args| args.command) {
            Ok(Command::Album(args)) => update(catalog, &args.find, Path::new(&album.from), &folder).map(|_| ()),
            _ => Err(anyhow::anyhow!("this facetag does not understand how it was asked for; ask for it again")),
        };
        if let Err(error) = done {
            note(&format!("warning: the album {} is as it was: {error:#}", plain(&folder)));
        }
    }
    if kept != all {
        keep(catalog, &kept)?;
    }
    Ok(())
}

fn update(catalog: &Catalog, find: &Find, from: &Path, folder: &Path) -> Result<Followed> {
    let (hits, _) = there(catalog, &query(catalog, find, from)?)?;
    follow(folder, &hits).with_context(|| plain(folder))
}

fn standing(catalog: &Catalog) -> Result<Vec<Standing>> {
    let albums = catalog.setting(STANDING)?;
    Ok(albums.map(|albums| serde_json::from_str(&albums)).transpose()?.unwrap_or_default())
}

fn keep(catalog: &Catalog, albums: &[Standing]) -> Result<()> {
    Ok(catalog.set_setting(STANDING, &serde_json::to_string(albums)?)?)
}
