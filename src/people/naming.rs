//! Names given, changed and merged, births, and whoever is hidden or ignored.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use super::decide::{DecideError, Deciding, Note};
use crate::catalog::{Catalog, CatalogError, Decision, Who, tidy};

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

/// Checks that a name is something to read, and not to be taken for a number.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), NameError> {
    // Marks that nobody sees, as those that have a terminal write from right to left, are not kept.
    let tidied = tidy(name);
    let name = name.trim();
    if name.chars().any(char::is_control) {
        return Err(NameError::ControlCharacters(name.to_owned()));
    }
    let letters = name.chars().count();
    if letters > MOST_LETTERS {
        return Err(NameError::TooLong(letters));
    }
    let name = tidied.as_str();
    if name.width() == 0 {
        return Err(NameError::Empty);
    }
    if name.trim_start_matches('#').chars().all(|letter| letter.is_ascii_digit()) {
        return Err(NameError::Number(name.to_owned()));
    }
    Ok(())
}

impl Deciding<'_> {
    /// Names a group; where somebody has that name already, the group is merged with them. Returns who they are then.
    ///
    /// # Errors
    /// [`DecideError::Name`], [`DecideError::HasName`], [`DecideError::BirthsDiffer`]; those of the catalog.
    pub fn name(&mut self, group: &Who, name: &str) -> Result<Who, DecideError> {
        check_name(name)?;
        if group.name.as_deref() == Some(tidy(name).as_str()) {
            return Ok(group.clone());
        }
        if group.name.is_some() {
            return Err(DecideError::HasName { who: group.clone(), name: name.to_owned() });
        }
        if let Some(person) = self.person_called(name)? {
            self.merge_one(group, &person)?;
            return Ok(person);
        }
        self.check_no_circle(name)?;
        let decision = self.naming(group, name)?;
        self.append(&decision)?;
        Ok(self.person(group.id)?.unwrap_or_else(|| group.clone()))
    }

    /// A name that a circle has would mean either.
    fn check_no_circle(&self, name: &str) -> Result<(), DecideError> {
        match self.circle_called(name)? {
            Some(circle) => Err(DecideError::NameInUse(circle.name)),
            None => Ok(()),
        }
    }

    /// Gives a person another name.
    ///
    /// # Errors
    /// [`DecideError::Name`], [`DecideError::HasNone`], [`DecideError::Taken`]; those of the catalog.
    pub fn rename(&mut self, person: &Who, name: &str) -> Result<(), DecideError> {
        check_name(name)?;
        if person.name.is_none() {
            return Err(DecideError::HasNone { who: person.clone(), name: name.to_owned() });
        }
        if let Some(other) = self.person_called(name)?.filter(|other| other.id != person.id) {
            return Err(DecideError::Taken { who: person.clone(), other });
        }
        self.check_no_circle(name)?;
        let decision = self.renaming(person, name);
        self.append(&decision)?;
        Ok(())
    }

    /// Tells when a person was born: no photo from before shows them. `None` forgets it.
    ///
    /// # Errors
    /// [`DecideError::Nameless`], [`DecideError::YetToCome`]; those of the catalog.
    pub fn born(&mut self, person: &Who, date: Option<Date>) -> Result<(), DecideError> {
        if person.name.is_none() {
            return Err(DecideError::Nameless(person.clone()));
        }
        if let Some(date) = date.filter(|date| *date > Timestamp::now().to_zoned_datetime(TimeZone::system()).date()) {
            return Err(DecideError::YetToCome(date));
        }
        self.append(&Decision::Born { person: person.id, date })?;
        self.note_photos_before_birth(person)
    }

    /// Merges `others` into `target`: every face of any of them is of the target then.
    ///
    /// # Errors
    /// [`DecideError::BirthsDiffer`]; those of the catalog.
    pub fn merge(&mut self, target: &Who, others: &[Who]) -> Result<(), DecideError> {
        others.iter().try_for_each(|other| self.merge_one(other, target))
    }

    fn merge_one(&mut self, from: &Who, into: &Who) -> Result<(), DecideError> {
        let births = (self.status(into.id)?.born, self.status(from.id)?.born);
        if let (Some(born), Some(other_born)) = births
            && born != other_born
        {
            return Err(DecideError::BirthsDiffer { who: into.clone(), born, other: from.clone(), other_born });
        }
        let photos = meetings(self, from, into)?;
        if photos > 0 {
            self.note(Note::Together { one: from.clone(), other: into.clone(), photos });
        }
        let decision = self.merging(from, into)?;
        self.append(&decision)?;
        if births.1.is_some() {
            self.note_photos_before_birth(into)?;
        }
        if self.status(into.id)?.unlisted {
            self.note(Note::Unlisted(into.clone()));
        }
        Ok(())
    }

    /// Hides a group or person from the lists, or shows it again.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn hide(&mut self, who: &Who, hidden: bool) -> Result<(), DecideError> {
        let decision = self.hiding(who, hidden)?;
        self.append(&decision)?;
        Ok(())
    }

    /// Ignores a group, as it is a stranger's, or no longer does.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn ignore(&mut self, who: &Who, ignored: bool) -> Result<(), DecideError> {
        let decision = self.ignoring(who, ignored)?;
        self.append(&decision)?;
        Ok(())
    }

    /// Lists a person before others, or no longer does.
    ///
    /// # Errors
    /// [`DecideError::Nameless`]; those of the catalog.
    pub fn favour(&mut self, who: &Who, favourite: bool) -> Result<(), DecideError> {
        if who.name.is_none() {
            return Err(DecideError::Nameless(who.clone()));
        }
        self.append(&Decision::Favourite { person: who.id, favourite })?;
        Ok(())
    }

    /// What the user decided themselves is left as it is, but they should know.
    pub(super) fn note_photos_before_birth(&mut self, person: &Who) -> Result<(), DecideError> {
        let Some(birth) = self.status(person.id)?.born.map(|born| born.to_string()) else { return Ok(()) };
        let sightings = self.sightings(person.id)?.into_iter();
        let before: HashSet<_> = sightings
            .filter(|seen| seen.taken.as_ref().is_some_and(|taken| *taken < birth))
            .map(|seen| seen.photo)
            .collect();
        if !before.is_empty() {
            self.note(Note::BeforeBirth { person: person.clone(), photos: before.len() as u64 });
        }
        Ok(())
    }
}

/// Which of several they all become when they are merged: the first who has a name, or the first.
///
/// # Errors
/// [`DecideError::Twice`] where somebody is in the list twice.
pub fn target(mut people: Vec<Who>) -> Result<(Who, Vec<Who>), DecideError> {
    let mut seen = HashSet::new();
    if let Some(twice) = people.iter().find(|who| !seen.insert(who.id)) {
        return Err(DecideError::Twice(twice.clone()));
    }
    let target = people.remove(people.iter().position(|who| who.name.is_some()).unwrap_or(0));
    Ok((target, people))
}

/// In how many photos the two are seen together. Two faces in one photo are two people, as a rule: whoever says otherwise
/// should know that they do.
///
/// # Errors
/// Those of SQLite.
pub fn meetings(catalog: &Catalog, one: &Who, other: &Who) -> Result<u64, CatalogError> {
    catalog.photos_of_both(one.id, other.id)
}
