//! `facetag name`, `rename`, `merge`, `hide`, `ignore` and `born`: what the user says of groups and persons.

use std::collections::HashSet;

use anyhow::{Result, bail};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use super::output::{count, note, say};
use super::{Exit, open};
use crate::catalog::{Catalog, Decision, Library, PersonId, Who};
use crate::face::PackInfo;
use crate::people::{Regrouped, decide, questions};

pub(super) fn name(library: &Library, who: &str, name: &str) -> Result<Exit> {
    check(name)?;
    let (mut catalog, pack) = open(library)?;
    let (person, done) = catalog.exclusively(|catalog| -> Result<_> {
        let group = catalog.who(who)?;
        if let Some(old) = &group.name {
            bail!("{group} has a name: `facetag rename {} {name:?}` changes it from {old:?}", group.id);
        }
        let known = catalog.person_called(name)?;
        if let Some(person) = &known {
            warn_of_meetings(catalog, &group, person)?;
        }
        let decision = catalog.naming(&group, name)?;
        let done = decide(catalog, &pack, &decision)?;
        if let Some(person) = &known {
            say(&format!("Group {} is {person} too.", group.id))?;
        }
        Ok((known.unwrap_or(group).id, done))
    })?;
    tell(&catalog, &pack, person, done)
}

pub(super) fn rename(library: &Library, who: &str, name: &str) -> Result<Exit> {
    check(name)?;
    let (mut catalog, pack) = open(library)?;
    let person = catalog.who(who)?;
    let Some(old) = &person.name else {
        bail!("{person} has no name yet: `facetag name {} {name:?}` gives it one", person.id);
    };
    if let Some(other) = catalog.person_called(name)?.filter(|other| other.id != person.id) {
        bail!("{other} has that name already: `facetag merge {} {}` makes the two one", other.id, person.id);
    }
    let decision = catalog.renaming(&person, name);
    decide(&mut catalog, &pack, &decision)?;
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
    let mut done = Regrouped::default();
    for other in &people {
        warn_of_meetings(&catalog, other, &target)?;
        let decision = catalog.merging(other, &target)?;
        done.tagged += decide(&mut catalog, &pack, &decision)?.tagged;
        say(&format!("{other} is {target} now."))?;
    }
    tell(&catalog, &pack, target.id, done)
}

pub(super) fn hide(library: &Library, who: &str, hidden: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let who = catalog.who(who)?;
    let decision = catalog.hiding(&who, hidden)?;
    decide(&mut catalog, &pack, &decision)?;
    say(&if hidden {
        format!("{who} is hidden: `facetag people --hidden` lists it, `facetag hide --undo {}` shows it again.", who.id)
    } else {
        format!("{who} is shown again.")
    })?;
    Ok(Exit::Well)
}

pub(super) fn ignore(library: &Library, who: &[String], ignored: bool) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    for who in who.iter().map(|who| catalog.who(who)).collect::<Result<Vec<_>, _>>()? {
        let decision = catalog.ignoring(&who, ignored)?;
        decide(&mut catalog, &pack, &decision)?;
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
    if person.name.is_none() {
        bail!("{person} has no name yet: `facetag name {} NAME` gives it one", person.id);
    }
    if let Some(date) = date.filter(|date| *date > Timestamp::now().to_zoned_datetime(TimeZone::system()).date()) {
        bail!("{date} is yet to come: give the day, month or year of birth");
    }
    decide(&mut catalog, &pack, &Decision::Born { person: person.id, date })?;
    say(&match date {
        Some(date) => format!("{person} was born on {date}: no photo from before shows them."),
        None => format!("The birth date of {person} is forgotten."),
    })?;
    Ok(Exit::Well)
}

/// Two faces in one photo are two people, as a rule: whoever says otherwise should know that they do.
pub(super) fn warn_of_meetings(catalog: &Catalog, one: &Who, other: &Who) -> Result<()> {
    let photos = |who: &Who| -> Result<HashSet<_>> {
        Ok(catalog.faces_of(who.id)?.into_iter().map(|face| face.photo).collect())
    };
    let meetings = photos(one)?.intersection(&photos(other)?).count() as u64;
    if meetings > 0 {
        note(&format!("warning: {one} and {other} are seen together in {}", count(meetings, "photo")));
    }
    Ok(())
}

/// Says how many faces a person has now, how many of them were found by likeness, and how many may be more.
pub(super) fn tell(catalog: &Catalog, pack: &PackInfo, person: PersonId, done: Regrouped) -> Result<Exit> {
    let faces = catalog.faces_of(person)?;
    let photos: HashSet<_> = faces.iter().map(|face| face.photo).collect();
    let who = catalog.person(person)?.unwrap_or(Who { id: person, name: None });
    let mut line = format!("{who}: {} in {}", count(faces.len() as u64, "face"), count(photos.len() as u64, "photo"));
    if done.tagged > 0 {
        line += &format!(", {} of them found just now by likeness", done.tagged);
    }
    say(&format!("{line}."))?;
    let photos: u64 = questions(catalog, pack, &[person])?.iter().map(|question| question.photos).sum();
    if photos > 0 {
        say(&format!("Perhaps in {} more: `facetag review {person}` asks.", count(photos, "photo")))?;
    }
    Ok(Exit::Well)
}

/// A name must be something to read, and not be taken for a number.
pub(super) fn check(name: &str) -> Result<()> {
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
