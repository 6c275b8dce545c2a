//! Names given, changed and joined, and births told, for whoever asks: the command line and the page.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use super::decide;
use super::regroup::Regrouped;
use crate::catalog::{Catalog, CatalogError, Decision, Who};
use crate::face::PackInfo;

/// No name is longer, and no list need be wider.
pub const MOST_LETTERS: usize = 200;

/// Why a name cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a name must not have line breaks or other control characters in it: {0:?}")]
    ControlCharacters(String),
    #[error("a name must not be empty")]
    Empty,
    #[error("a name must not be longer than {MOST_LETTERS} letters, and this one has {0}")]
    TooLong(usize),
    #[error("{0:?} would be taken for the number of a group: give a name with a letter in it")]
    Number(String),
}

/// Why somebody could not be given a name or birth date, or be made one with others.
#[derive(Debug, thiserror::Error)]
pub enum NamingError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("{who} has a name: `facetag rename {} {name:?}` changes it from {:?}", .who.id, .who.name.as_deref().unwrap_or_default())]
    HasName { who: Who, name: String },
    #[error("{who} has no name yet: `facetag name {} {name:?}` gives it one", .who.id)]
    HasNone { who: Who, name: String },
    #[error("{other} has that name already: `facetag merge {} {}` makes the two one", .other.id, .who.id)]
    Taken { who: Who, other: Who },
    #[error("{0} has no name yet: `facetag name {id} NAME` gives it one", id = .0.id)]
    Nameless(Who),
    #[error("{0} is yet to come: give the day, month or year of birth")]
    YetToCome(Date),
    #[error("{0} is named twice: give different people")]
    Twice(Who),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// Checks that a name is something to read, and not to be taken for a number.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let name = name.trim();
    // Nor what has a terminal write from right to left.
    let turns = |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if name.chars().any(|letter| letter.is_control() || turns(letter)) {
        return Err(NameError::ControlCharacters(name.to_owned()));
    }
    let letters = name.chars().count();
    if letters > MOST_LETTERS {
        return Err(NameError::TooLong(letters));
    }
    // Zero-width letters are there, and nobody sees them.
    if name.width() == 0 {
        return Err(NameError::Empty);
    }
    if name.trim_start_matches('#').chars().all(|letter| letter.is_ascii_digit()) {
        return Err(NameError::Number(name.to_owned()));
    }
    Ok(())
}

/// Names a group; where somebody has that name already, the group is theirs. Returns who they are then.
///
/// # Errors
/// [`NamingError`]; then nothing has changed.
pub fn name(catalog: &mut Catalog, pack: &PackInfo, group: &Who, name: &str) -> Result<(Who, Regrouped), NamingError> {
    check_name(name)?;
    if group.name.is_some() {
        return Err(NamingError::HasName { who: group.clone(), name: name.to_owned() });
    }
    catalog.exclusively(|catalog| {
        let known = catalog.person_called(name)?;
        let decision = catalog.naming(group, name)?;
        let done = decide(catalog, pack, &decision)?;
        Ok((known.unwrap_or_else(|| group.clone()), done))
    })
}

/// Gives a person another name.
///
/// # Errors
/// [`NamingError`]; then nothing has changed.
pub fn rename(catalog: &mut Catalog, pack: &PackInfo, person: &Who, name: &str) -> Result<(), NamingError> {
    check_name(name)?;
    if person.name.is_none() {
        return Err(NamingError::HasNone { who: person.clone(), name: name.to_owned() });
    }
    catalog.exclusively(|catalog| {
        if let Some(other) = catalog.person_called(name)?.filter(|other| other.id != person.id) {
            return Err(NamingError::Taken { who: person.clone(), other });
        }
        let decision = catalog.renaming(person, name);
        decide(catalog, pack, &decision)?;
        Ok(())
    })
}

/// Tells when a person was born: no photo from before shows them. `None` forgets it.
///
/// # Errors
/// [`NamingError`]; then nothing has changed.
pub fn born(catalog: &mut Catalog, pack: &PackInfo, person: &Who, date: Option<Date>) -> Result<(), NamingError> {
    if person.name.is_none() {
        return Err(NamingError::Nameless(person.clone()));
    }
    if let Some(date) = date.filter(|date| *date > Timestamp::now().to_zoned_datetime(TimeZone::system()).date()) {
        return Err(NamingError::YetToCome(date));
    }
    decide(catalog, pack, &Decision::Born { person: person.id, date })?;
    Ok(())
}

/// Who of several they all become when they are made one: a name is worth more than a place in the list.
///
/// # Errors
/// [`NamingError::Twice`] where somebody is in the list twice.
pub fn target(mut people: Vec<Who>) -> Result<(Who, Vec<Who>), NamingError> {
    let mut seen = HashSet::new();
    if let Some(twice) = people.iter().find(|who| !seen.insert(who.id)) {
        return Err(NamingError::Twice(twice.clone()));
    }
    let target = people.remove(people.iter().position(|who| who.name.is_some()).unwrap_or(0));
    Ok((target, people))
}

/// Makes `others` one with `target`.
///
/// # Errors
/// Those of the catalog; then nothing has changed.
pub fn merge(catalog: &mut Catalog, pack: &PackInfo, target: &Who, others: &[Who]) -> Result<Regrouped, CatalogError> {
    catalog.exclusively(|catalog| {
        let mut done = Regrouped::default();
        for other in others {
            let decision = catalog.merging(other, target)?;
            done.tagged += decide(catalog, pack, &decision)?.tagged;
        }
        Ok(done)
    })
}

/// In how many photos the two are seen together. Two faces in one photo are two people, as a rule: whoever says otherwise
/// should know that they do.
///
/// # Errors
/// Those of SQLite.
pub fn meetings(catalog: &Catalog, one: &Who, other: &Who) -> Result<u64, CatalogError> {
    let photos = |who: &Who| -> Result<HashSet<_>, CatalogError> {
        Ok(catalog.faces_of(who.id)?.into_iter().map(|face| face.photo).collect())
    };
    Ok(photos(one)?.intersection(&photos(other)?).count() as u64)
}
