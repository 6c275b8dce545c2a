//! `facetag name`, `rename`, `merge`, `hide`, `ignore` and `born`: what the user says of groups and persons.

use std::collections::HashSet;

use anyhow::Result;
use jiff::civil::Date;

use super::Exit;
use super::output::{count, note, say};
use crate::catalog::{Catalog, Library, PersonId, Who};
use crate::face::PackInfo;
use crate::people::{self, Regrouped, decide, meetings, open, questions};

pub(super) fn name(library: &Library, who: &str, name: &str) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let (group, person, done) = catalog.exclusively(|catalog| -> Result<_> {
        let group = catalog.who(who)?;
        if let Some(person) = catalog.person_called(name)? {
            warn_of_meetings(catalog, &group, &person)?;
        }
        let (person, done) = people::name(catalog, &pack, &group, name)?;
        Ok((group, person, done))
    })?;
    if person.id != group.id {
        say(&format!("Group {} is {person} too.", group.id))?;
    }
    tell(&catalog, &pack, person.id, done)
}

pub(super) fn rename(library: &Library, who: &str, name: &str) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let person = catalog.who(who)?;
    people::rename(&mut catalog, &pack, &person, name)?;
    say(&format!("{} is {name} now.", person.name.unwrap_or_default()))?;
    Ok(Exit::Well)
}

pub(super) fn merge(library: &Library, into: &str, others: &[String]) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let into = std::iter::once(into).chain(others.iter().map(String::as_str));
    let people = into.map(|who| catalog.who(who)).collect::<Result<Vec<_>, _>>()?;
    let (target, others) = people::target(people)?;
    for other in &others {
        warn_of_meetings(&catalog, other, &target)?;
    }
    let done = people::merge(&mut catalog, &pack, &target, &others)?;
    for other in &others {
        say(&format!("{other} is {target} now."))?;
    }
    tell(&catalog, &pack, target.id, done)
}

pub(super) fn hide(library: &Library, who: &str, hidden: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let who = catalog.exclusively(|catalog| -> Result<_> {
        let who = catalog.who(who)?;
        let decision = catalog.hiding(&who, hidden)?;
        decide(catalog, &pack, &decision)?;
        Ok(who)
    })?;
    say(&if hidden {
        format!("{who} is hidden: `facetag people --hidden` lists it, `facetag hide --undo {}` shows it again.", who.id)
    } else {
        format!("{who} is shown again.")
    })?;
    Ok(Exit::Well)
}

pub(super) fn ignore(library: &Library, who: &[String], ignored: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let strangers = catalog.exclusively(|catalog| -> Result<_> {
        let strangers = who.iter().map(|who| catalog.who(who)).collect::<Result<Vec<_>, _>>()?;
        for who in &strangers {
            let decision = catalog.ignoring(who, ignored)?;
            decide(catalog, &pack, &decision)?;
        }
        Ok(strangers)
    })?;
    for who in strangers {
        say(&if ignored {
            format!("{who} is ignored: `facetag people --ignored` lists the ignored.")
        } else {
            format!("{who} is not ignored any more.")
        })?;
    }
    Ok(Exit::Well)
}

pub(super) fn born(library: &Library, who: &str, date: Option<Date>) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let person = catalog.who(who)?;
    people::born(&mut catalog, &pack, &person, date)?;
    say(&match date {
        Some(date) => format!("{person} was born on {date}: no photo from before shows them."),
        None => format!("The birth date of {person} is forgotten."),
    })?;
    let Some(birth) = date.map(|date| date.to_string()) else { return Ok(Exit::Well) };
    let seen = catalog.sightings(person.id)?.into_iter();
    let before: HashSet<_> =
        seen.filter(|seen| seen.taken.as_ref().is_some_and(|taken| *taken < birth)).map(|seen| seen.photo).collect();
    if !before.is_empty() {
        let photos = count(before.len() as u64, "photo");
        note(&format!(
            "warning: in {photos} from before you said that it is {person}; `facetag show {}` lists them",
            person.id
        ));
    }
    Ok(Exit::Well)
}

fn warn_of_meetings(catalog: &Catalog, one: &Who, other: &Who) -> Result<()> {
    let meetings = meetings(catalog, one, other)?;
    if meetings > 0 {
        note(&format!("warning: {one} and {other} are seen together in {}", count(meetings, "photo")));
    }
    Ok(())
}

/// Says how many faces a person has now, how many of them were found by similarity, and how many may be more.
pub(super) fn tell(catalog: &Catalog, pack: &PackInfo, person: PersonId, done: Regrouped) -> Result<Exit> {
    let faces = catalog.faces_of(person)?;
    let photos: HashSet<_> = faces.iter().map(|face| face.photo).collect();
    let who = catalog.person(person)?.unwrap_or(Who { id: person, name: None });
    let mut line = format!("{who}: {} in {}", count(faces.len() as u64, "face"), count(photos.len() as u64, "photo"));
    if done.tagged > 0 {
        line += &format!(", {} of them found just now by similarity", done.tagged);
    }
    say(&format!("{line}."))?;
    let photos: u64 = questions(catalog, pack, &[person])?.iter().map(|question| question.photos).sum();
    if photos > 0 {
        say(&format!("Perhaps in {} more: `facetag review {person}` asks.", count(photos, "photo")))?;
    }
    Ok(Exit::Well)
}
