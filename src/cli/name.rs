//! `facetag name`, `rename`, `merge`, `hide`, `ignore`, `favourite` and `born`: what the user says of groups and persons.

use std::collections::HashSet;

use anyhow::Result;
use jiff::civil::Date;

use super::Exit;
use super::output::{count, decided, note, say};
use crate::catalog::{Catalog, Library, PersonId, Who, tidy};
use crate::face::PackInfo;
use crate::people::{self, Decided, decide, open, questions};

pub(super) fn name(library: &Library, who: &str, name: &str, as_json: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let ((group, person), done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let group = deciding.who(who)?;
        let person = deciding.name(&group, name)?;
        Ok((group, person))
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    if person.id != group.id {
        say(&format!("Group {} is {person} too.", group.id))?;
    }
    tell(&catalog, &pack, person.id, &done)
}

pub(super) fn rename(library: &Library, who: &str, name: &str, as_json: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let (person, done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let person = deciding.who(who)?;
        deciding.rename(&person, name)?;
        Ok(person)
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    say(&format!("{} is {} now.", person.name.unwrap_or_default(), tidy(name)))?;
    Ok(Exit::Well)
}

pub(super) fn merge(library: &Library, into: &str, others: &[String], as_json: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let ((target, others), done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let into = std::iter::once(into).chain(others.iter().map(String::as_str));
        let people = into.map(|who| deciding.who(who)).collect::<Result<Vec<_>, _>>()?;
        let (target, others) = people::target(people)?;
        deciding.merge(&target, &others)?;
        Ok((target, others))
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    for other in &others {
        say(&format!("{other} is {target} now."))?;
    }
    tell(&catalog, &pack, target.id, &done)
}

pub(super) fn hide(library: &Library, who: &[String], hidden: bool, as_json: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let (people, done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let people = deciding.everybody(who)?;
        people.iter().try_for_each(|who| deciding.hide(who, hidden))?;
        Ok(people)
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    for who in people {
        say(&if hidden {
            format!(
                "{who} is hidden: `facetag people --hidden` lists it, `facetag hide --undo {}` shows it again.",
                who.id
            )
        } else {
            format!("{who} is shown again.")
        })?;
    }
    Ok(Exit::Well)
}

pub(super) fn ignore(library: &Library, who: &[String], ignored: bool, as_json: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let (strangers, done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let strangers = deciding.everybody(who)?;
        strangers.iter().try_for_each(|who| deciding.ignore(who, ignored))?;
        Ok(strangers)
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    for who in strangers {
        say(&if ignored {
            format!("{who} is ignored: `facetag people --ignored` lists the ignored.")
        } else {
            format!("{who} is not ignored any more.")
        })?;
    }
    Ok(Exit::Well)
}

pub(super) fn favour(library: &Library, who: &[String], favourite: bool, as_json: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let (people, done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let people = deciding.everybody(who)?;
        people.iter().try_for_each(|who| deciding.favour(who, favourite))?;
        Ok(people)
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    for who in people {
        say(&if favourite {
            format!("{who} is a favourite: listed before others.")
        } else {
            format!("{who} is not a favourite any more.")
        })?;
    }
    Ok(Exit::Well)
}

pub(super) fn born(library: &Library, who: &str, date: Option<Date>, as_json: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let (person, done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let person = deciding.who(who)?;
        deciding.born(&person, date)?;
        Ok(person)
    })?;
    if as_json {
        return decided(&catalog, &[done]);
    }
    say(&match date {
        Some(date) => format!("{person} was born on {date}: no photo from before shows them."),
        None => format!("The birth date of {person} is forgotten."),
    })?;
    warn(&done);
    Ok(Exit::Well)
}

/// Tells what the user should know of what they decided.
pub(super) fn warn(done: &Decided) {
    for warning in &done.notes {
        note(&format!("warning: {warning}"));
    }
}

/// Says how many faces a person has now, how many of them were found by similarity, and how many may be more.
pub(super) fn tell(catalog: &Catalog, pack: &PackInfo, person: PersonId, done: &Decided) -> Result<Exit> {
    warn(done);
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
