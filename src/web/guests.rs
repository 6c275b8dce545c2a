//! What guests see: the photos in which some people are, and of those in them these people alone.

use std::collections::HashSet;

use super::access::Visitor;
use super::error::PageError;
use super::site::Site;
use super::visit::Visit;
use super::wanted::Wanted;
use crate::catalog::{Among, Catalog, FaceRow, PersonId, PhotoId};

/// Whom somebody may see.
#[derive(Debug, Clone)]
pub(super) enum Sees {
    Everybody,
    These(HashSet<PersonId>),
}

impl Sees {
    /// As they are called now: who was renamed since is not shown.
    ///
    /// # Errors
    /// [`PageError::NotForGuests`] where there is nobody whom guests may see.
    pub fn of(site: &Site, visit: &Visit, catalog: &Catalog) -> Result<Self, PageError> {
        if visit.reader.visitor == Visitor::Owner {
            return Ok(Self::Everybody);
        }
        let mut people = HashSet::new();
        for name in site.access.guests_see() {
            people.extend(catalog.person_called(name)?.map(|person| person.id));
            let circle = catalog.circle_called(name)?.map(|circle| circle.people).unwrap_or_default();
            people.extend(circle.iter().map(|who| who.id));
        }
        if people.is_empty() { Err(PageError::NotForGuests) } else { Ok(Self::These(people)) }
    }

    pub fn person(&self, person: PersonId) -> bool {
        match self {
            Self::Everybody => true,
            Self::These(people) => people.contains(&person),
        }
    }

    /// Whom they can mean by a name.
    pub fn among(&self) -> Among<'_> {
        match self {
            Self::Everybody => Among::Everybody,
            Self::These(people) => Among::These(people),
        }
    }

    pub fn face(&self, face: &FaceRow) -> bool {
        matches!(self, Self::Everybody) || face.person.is_some_and(|person| self.person(person))
    }

    /// Whether one of them is in a photo; otherwise it is as if it were not there.
    ///
    /// # Errors
    /// [`PageError::NotFound`].
    pub fn check_photo(&self, catalog: &Catalog, photo: PhotoId) -> Result<(), PageError> {
        if matches!(self, Self::Everybody) || catalog.faces_in(photo)?.iter().any(|face| self.face(face)) {
            Ok(())
        } else {
            Err(PageError::NotFound)
        }
    }

    /// What they may search for: photos of these people; nothing is said about anybody else.
    pub fn narrow(&self, mut wanted: Wanted) -> Wanted {
        let Self::These(people) = self else { return wanted };
        for role in [&mut wanted.all, &mut wanted.any, &mut wanted.not] {
            role.retain(|person| people.contains(person));
        }
        if wanted.all.is_empty() && wanted.any.is_empty() {
            wanted.any = people.iter().copied().collect();
            wanted.any.sort_unstable();
        }
        // What would tell who else is there, and where files lie.
        Wanted { only: false, unrecognisable: false, folder: String::new(), of: None, ..wanted }
    }
}
