//! `facetag name`, `rename`, `merge` and `hide`: what the user says of groups and persons.

use std::collections::HashSet;
use std::io::Write;

use anyhow::{Result, bail};
use unicode_width::UnicodeWidthStr;

use super::output::{count, note};
use super::{Exit, open};
use crate::catalog::{Catalog, Library, Who};
use crate::face::PackInfo;
use crate::people::regroup;

pub(super) fn name(library: &Library, who: &str, name: &str) -> Result<Exit> {
    check(name)?;
    let (mut catalog, pack) = open(library)?;
    let group = catalog.who(who)?;
    if let Some(old) = &group.name {
        bail!("{group} has a name: `facetag rename {} {name:?}` changes it from {old:?}", group.id);
    }
    let known = catalog.person_called(name)?;
    if let Some(person) = &known {
        warn_of_meetings(&catalog, &group, person)?;
    }
    let person = catalog.name(&group, name)?;
    if known.is_some() {
        say(&format!("Group {} is {person} too.", group.id))?;
    }
    reach(&mut catalog, &pack, &person)
}

pub(super) fn rename(library: &Library, who: &str, name: &str) -> Result<Exit> {
    check(name)?;
    let (mut catalog, _) = open(library)?;
    let person = catalog.who(who)?;
    let Some(old) = &person.name else {
        bail!("{person} has no name yet: `facetag name {} {name:?}` gives it one", person.id);
    };
    if let Some(other) = catalog.person_called(name)?.filter(|other| other.id != person.id) {
        bail!("{other} has that name already: `facetag merge {} {}` makes the two one", other.id, person.id);
    }
    catalog.rename(&person, name)?;
    say(&format!("{old} is {name} now."))?;
    Ok(Exit::Well)
}

pub(super) fn merge(library: &Library, into: &str, others: &[String]) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let mut people = vec![catalog.who(into)?];
    for other in others {
        let other = catalog.who(other)?;
        if people.iter().any(|person| person.id == other.id) {
            bail!("{other} is named twice: give different people");
        }
        people.push(other);
    }
    // A name is worth more than a place in the list.
    let target = people.remove(people.iter().position(|person| person.name.is_some()).unwrap_or(0));
    for other in &people {
        warn_of_meetings(&catalog, other, &target)?;
        catalog.merge(other, &target)?;
        say(&format!("{other} is {target} now."))?;
    }
    reach(&mut catalog, &pack, &target)
}

pub(super) fn hide(library: &Library, who: &str, hidden: bool) -> Result<Exit> {
    let (mut catalog, _) = open(library)?;
    let who = catalog.who(who)?;
    catalog.hide(&who, hidden)?;
    say(&if hidden {
        format!("{who} is hidden: `facetag people --hidden` lists it, `facetag hide --undo {}` shows it again.", who.id)
    } else {
        format!("{who} is shown again.")
    })?;
    Ok(Exit::Well)
}

/// Two faces in one photo are two people, as a rule: whoever says otherwise should know that they do.
fn warn_of_meetings(catalog: &Catalog, one: &Who, other: &Who) -> Result<()> {
    let photos = |who: &Who| -> Result<HashSet<_>> {
        Ok(catalog.faces_of(who.id)?.into_iter().map(|face| face.photo).collect())
    };
    let meetings = photos(one)?.intersection(&photos(other)?).count() as u64;
    if meetings > 0 {
        note(&format!("warning: {one} and {other} are seen together in {}", count(meetings, "photo")));
    }
    Ok(())
}

/// Tags the faces that are surely of a person who has just got more of them, and says how many there are.
fn reach(catalog: &mut Catalog, pack: &PackInfo, person: &Who) -> Result<Exit> {
    let tagged = regroup(catalog, pack, &[person.id])?.tagged as u64;
    let faces = catalog.faces_of(person.id)?;
    let photos: HashSet<_> = faces.iter().map(|face| face.photo).collect();
    let mut line =
        format!("{person}: {} in {}", count(faces.len() as u64, "face"), count(photos.len() as u64, "photo"));
    if tagged > 0 {
        line += &format!(", {tagged} of them found just now by likeness");
    }
    say(&format!("{line}."))?;
    Ok(Exit::Well)
}

/// A name must be something to read, and not be taken for a number.
fn check(name: &str) -> Result<()> {
    let name = name.trim();
    if name.chars().any(char::is_control) {
        bail!("a name must not have line breaks or other control characters in it: {name:?}");
    }
    // Zero-width letters are there, and nobody sees them.
    if name.width() == 0 {
        bail!("a name must not be empty");
    }
    if name.trim_start_matches('#').chars().all(|letter| letter.is_ascii_digit()) {
        bail!("{name:?} would be taken for the number of a group: give a name with a letter in it");
    }
    Ok(())
}

fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
