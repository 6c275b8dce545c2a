//! Everybody, counted once for each state of the library: in a large one it takes as long as all else of a page.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;

use super::kept::Whole;
use super::text::Words;
use crate::catalog::{Catalog, CatalogError, Company, Label, PersonCount, PersonId};

/// If the faces of more people have changed, everybody is counted again.
const FEW: usize = 1000;

/// Unrecognisable faces are counted up to this number.
pub(super) const UNRECOGNISABLE: u64 = 100_000;

/// People of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Named,
    Groups,
    /// Groups of a single face.
    Once,
    Hidden,
    Ignored,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Named, Self::Groups, Self::Once, Self::Hidden, Self::Ignored];

    fn of(person: &PersonCount) -> Self {
        match person {
            PersonCount { label: Label { ignored: true, .. }, .. } => Self::Ignored,
            PersonCount { label: Label { hidden: true, .. }, .. } => Self::Hidden,
            PersonCount { label: Label { name: Some(_), .. }, .. } => Self::Named,
            PersonCount { faces: 1, .. } => Self::Once,
            _ => Self::Groups,
        }
    }

    /// As it stands in the address.
    pub fn key(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Groups => "groups",
            Self::Once => "once",
            Self::Hidden => "hidden",
            Self::Ignored => "ignored",
        }
    }

    pub fn title(self, words: &Words) -> &'static str {
        let words = &words.people;
        match self {
            Self::Named => words.named,
            Self::Groups => words.groups,
            Self::Once => words.once,
            Self::Hidden => words.hidden,
            Self::Ignored => words.ignored,
        }
    }
}

/// All groups and persons that have a face.
#[derive(Debug, Clone, Default)]
pub(super) struct People {
    /// In the order of [`PersonCount::order`].
    all: Vec<PersonCount>,
    /// Of each of [`Kind::ALL`], who is of it: places in `all`.
    kinds: [Vec<u32>; Kind::ALL.len()],
    /// Who is in which photo.
    company: Company,
    /// What the user said of whom.
    labels: HashMap<PersonId, Label>,
    unrecognisable: u64,
    /// Of the photos and files, see [`Catalog::photos_version`].
    photos_version: i64,
}

impl People {
    fn new(
        catalog: &Catalog,
        all: Vec<PersonCount>,
        company: Company,
        labels: HashMap<PersonId, Label>,
    ) -> Result<Self, CatalogError> {
        let mut kinds: [Vec<u32>; Kind::ALL.len()] = Default::default();
        for (place, person) in (0u32..).zip(&all) {
            kinds[Kind::of(person) as usize].push(place);
        }
        let unrecognisable = catalog.unrecognisable_faces(UNRECOGNISABLE)?;
        Ok(Self { all, kinds, company, labels, unrecognisable, photos_version: catalog.photos_version()? })
    }

    /// The person or group of this number, if they have a face.
    pub fn get(&self, id: PersonId) -> Option<&PersonCount> {
        self.all.iter().find(|person| person.id == id)
    }

    pub fn company(&self) -> &Company {
        &self.company
    }

    /// The labels of all who have one.
    pub fn labels(&self) -> &HashMap<PersonId, Label> {
        &self.labels
    }

    /// Faces without a person that nobody can recognise, at most [`UNRECOGNISABLE`].
    pub fn unrecognisable(&self) -> u64 {
        self.unrecognisable
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn count(&self, kind: Kind) -> usize {
        self.kinds[kind as usize].len()
    }

    /// Those of a kind, favourites first, then those with most faces.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &PersonCount> {
        self.kinds[kind as usize].iter().map(|&place| &self.all[place as usize])
    }

    /// Those with a name, hidden ones too, and their names.
    pub fn named(&self) -> impl Iterator<Item = (PersonId, &str)> {
        self.all.iter().map_while(|person| Some((person.id, person.label.name.as_deref()?)))
    }

    /// Counts those again whose faces may have changed, and gives everybody the label that they have now.
    fn count_again(&mut self, catalog: &Catalog, noted: &HashSet<PersonId>) -> Result<(), CatalogError> {
        let labels = catalog.labels()?;
        let is_other = |id: &&PersonId| labels.get(id) != self.labels.get(id);
        let relabelled = labels.keys().chain(self.labels.keys()).filter(is_other);
        let changed: HashSet<PersonId> = relabelled.chain(noted).copied().collect();
        let Self { mut all, mut company, photos_version, .. } = std::mem::take(self);
        let is_same_photos = catalog.photos_version()? == photos_version;
        let differences = company.update(catalog, noted)?;
        let mut before: HashMap<PersonId, (u64, u64)> = HashMap::new();
        all.retain(|person| {
            let is_changed = changed.contains(&person.id);
            if is_changed {
                before.insert(person.id, (person.faces, person.photos));
            }
            !is_changed
        });
        for id in changed {
            let (before, differences) = (before.remove(&id).unwrap_or_default(), differences.get(&id));
            let counted =
                if is_same_photos { catalog.count_on(before, differences.map_or(&[], Vec::as_slice))? } else { None };
            let (faces, photos) = counted.map_or_else(|| catalog.count_of(id), Ok)?;
            if faces > 0 {
                all.push(PersonCount { id, label: labels.get(&id).cloned().unwrap_or_default(), faces, photos });
            }
        }
        // Fast, as nearly all are in order.
        all.sort_by(PersonCount::order);
        *self = Self::new(catalog, all, company, labels)?;
        Ok(())
    }
}

impl Whole for People {
    /// The newest change that was counted, see [`Catalog::changed_since`].
    fn mark(catalog: &Catalog) -> Result<i64, CatalogError> {
        catalog.newest_change()
    }

    fn read(catalog: &Catalog) -> Result<Self, CatalogError> {
        Self::new(catalog, catalog.people_counted()?, catalog.company()?, catalog.labels()?)
    }

    fn update(people: &mut Arc<Self>, since: i64, catalog: &Catalog) -> Result<bool, CatalogError> {
        let Some(changed) = catalog.changed_since(since, FEW)? else { return Ok(false) };
        Arc::make_mut(people).count_again(catalog, &changed)?;
        // So every test of the page tells whether each change was noted.
        #[cfg(debug_assertions)]
        {
            assert_eq!(people.all, catalog.people_counted()?, "a change of somebody's faces was not noted");
            assert!(people.company == catalog.company()?, "a change of who is in a photo was not noted");
            assert_eq!(people.labels, catalog.labels()?);
        }
        Ok(true)
    }
}
