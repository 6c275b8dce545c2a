//! Dates of photos that the user knows better than their files.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::decide::{DecideError, Deciding};
use crate::catalog::{PersonId, PhotoId};
use crate::metadata::When;

impl Deciding<'_> {
    /// Tells when photos were taken; `None` goes back to what their files say.
    ///
    /// # Errors
    /// [`DecideError::YetToCome`]; those of the catalog.
    pub fn date(&mut self, photos: &[PhotoId], date: Option<When>) -> Result<(), DecideError> {
        // Somewhere it is tomorrow already.
        let tomorrow = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date().saturating_add(jiff::ToSpan::days(1));
        if let Some(first) = date.and_then(When::first_day).filter(|first| *first > tomorrow) {
            return Err(DecideError::YetToCome(first));
        }
        let decision = self.dating(photos, date)?;
        self.append(&decision)?;
        let mut people: BTreeSet<PersonId> = BTreeSet::new();
        for &photo in photos {
            people.extend(self.faces_in(photo)?.iter().filter_map(|face| face.person));
        }
        let born = self.births()?;
        for person in people.into_iter().filter(|person| born.contains_key(person)) {
            if let Some(who) = self.person(person)? {
                self.note_photos_before_birth(&who)?;
            }
        }
        Ok(())
    }
}
