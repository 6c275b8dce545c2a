//! What a search looks for, as it stands in the address.

use std::path::PathBuf;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};

use super::error::PageError;
use super::folder::typed_folder;
use super::limits::{CIRCLED, PATH, PLACE, SEARCHED, at_most};
use crate::catalog::{PersonId, Query, Span};

/// Parts that are not given are not in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<PersonId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<PersonId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not: Vec<PersonId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only: bool,
    /// Photos with faces that nobody can recognise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unrecognisable: bool,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// The user came from the page of this person: its order holds, and the rest does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<PersonId>,
}

impl<S: Sync> FromRequestParts<S> for Wanted {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        Self::read(parts.uri.query().unwrap_or_default())
    }
}

/// A field that was left empty is not given.
fn given<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(field)?;
    let text = text.trim();
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}

/// How a person is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    #[default]
    All,
    Any,
    Not,
}

impl Role {
    pub const EACH: [Self; 3] = [Self::All, Self::Any, Self::Not];

    /// As it stands in the address.
    pub fn key(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
            Self::Not => "not",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::All => Self::Any,
            Self::Any => Self::Not,
            Self::Not => Self::All,
        }
    }
}

impl Wanted {
    /// As it stands in an address, without the question mark; other parameters are passed over.
    ///
    /// # Errors
    /// [`PageError::NotUnderstood`]; more people than are searched for at once, or a text that is too long.
    pub fn read(text: &str) -> Result<Self, PageError> {
        let wanted: Self = serde_html_form::from_str(text).map_err(|_| PageError::NotUnderstood)?;
        if wanted.all.len() + wanted.not.len() > SEARCHED {
            return Err(PageError::TooMany(SEARCHED));
        }
        at_most(&wanted.any, CIRCLED)?;
        if wanted.place.chars().count() > PLACE || wanted.folder.len() > PATH {
            return Err(PageError::TooLong);
        }
        Ok(wanted)
    }

    /// Every photo is meant.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The people, in their roles.
    pub fn people(&self) -> impl Iterator<Item = (Role, PersonId)> {
        let in_role = |role: Role, people: &[PersonId]| people.iter().map(move |&id| (role, id)).collect::<Vec<_>>();
        [in_role(Role::All, &self.all), in_role(Role::Any, &self.any), in_role(Role::Not, &self.not)]
            .into_iter()
            .flatten()
    }

    /// The same with a person in this role, and in no other.
    pub fn with(&self, role: Role, person: PersonId) -> Self {
        let mut wanted = self.without(person);
        match role {
            Role::All => wanted.all.push(person),
            Role::Any => wanted.any.push(person),
            Role::Not => wanted.not.push(person),
        }
        wanted
    }

    /// The same with all that a query asks for beside it: its people in this role, unless they are to be left out.
    pub fn and(&self, query: &Query, role: Role) -> Self {
        let mut wanted = self.clone();
        for &person in &query.all {
            wanted = wanted.with(role, person);
        }
        for &person in &query.not {
            wanted = wanted.with(Role::Not, person);
        }
        // Of a circle anybody will do.
        for &person in query.circles.iter().flatten() {
            wanted = wanted.with(Role::Any, person);
        }
        wanted.since = query.span.since.or(wanted.since);
        wanted.until = query.span.until.or(wanted.until);
        wanted.place = query.place.clone().unwrap_or(wanted.place);
        wanted
    }

    /// The same with a person in the next role.
    pub fn turned(&self, role: Role, person: PersonId) -> Self {
        self.with(role.next(), person)
    }

    /// The same without a person.
    pub fn without(&self, person: PersonId) -> Self {
        let mut wanted = self.clone();
        for people in [&mut wanted.all, &mut wanted.any, &mut wanted.not] {
            people.retain(|&other| other != person);
        }
        wanted
    }

    /// As it stands in the address, without the question mark.
    pub fn text(&self) -> String {
        serde_html_form::to_string(self).unwrap_or_default()
    }

    /// The page of this path with what is wanted behind it.
    pub fn address(&self, path: &str) -> String {
        let text = self.text();
        if text.is_empty() { path.to_owned() } else { format!("{path}?{text}") }
    }

    pub fn query(&self) -> Query {
        let place = self.place.trim();
        // What is no path of a folder is in none.
        let folder = |text: &str| typed_folder(text).unwrap_or_else(|_| PathBuf::from(text));
        Query {
            all: self.all.clone(),
            any: self.any.clone(),
            not: self.not.clone(),
            // Without anybody it would mean photos without people, which is not what is meant.
            only: self.only && !(self.all.is_empty() && self.any.is_empty()),
            unrecognisable: self.unrecognisable,
            span: Span { since: self.since, until: self.until },
            place: (!place.is_empty()).then(|| place.to_owned()),
            folder: (!self.folder.trim().is_empty()).then(|| folder(self.folder.trim())),
            ..Query::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_holds_it() {
        let wanted = Wanted {
            all: [3, 1].map(PersonId).to_vec(),
            not: vec![PersonId(2)],
            place: "São & Paulo".into(),
            ..Wanted::default()
        };
        let wanted = Wanted { only: true, unrecognisable: true, since: Some("2024-02-29".parse().unwrap()), ..wanted };
        assert_eq!(serde_html_form::from_str::<Wanted>(&wanted.text()).unwrap(), wanted);
        let empty: Wanted = serde_html_form::from_str("since=&until=&place=&folder=").unwrap();
        assert_eq!((empty.address("/search"), empty), ("/search".to_owned(), Wanted::default()));
        assert!(serde_html_form::from_str::<Wanted>("since=yesterday").is_err());
    }

    #[test]
    fn a_person_is_in_one_role() {
        let wanted =
            Wanted::default().with(Role::All, PersonId(1)).with(Role::All, PersonId(2)).with(Role::Not, PersonId(1));
        assert_eq!((wanted.all.as_slice(), wanted.not.as_slice()), (&[PersonId(2)][..], &[PersonId(1)][..]));
        assert_eq!(
            wanted.turned(Role::Not, PersonId(1)).people().collect::<Vec<_>>(),
            [(Role::All, PersonId(2)), (Role::All, PersonId(1))]
        );
        assert_eq!(wanted.without(PersonId(1)).without(PersonId(2)), Wanted::default());
    }
}
