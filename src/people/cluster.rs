//! Faces that belong together, as a sum of their embeddings and what is known of them.

use std::borrow::Cow;
use std::collections::HashSet;

use jiff::civil::Date;

use crate::catalog::{PersonId, PhotoId};

/// A set of faces that belong together, at first often one.
#[derive(Debug, Clone, Default)]
pub struct Cluster<'a> {
    /// The sum of the faces' embeddings; of a single face the embedding itself.
    pub sum: Cow<'a, [f32]>,
    pub faces: usize,
    /// The sum of how alike the faces are to people in general, see [`crate::face::Cohort`]; 0 where nothing is known of that.
    pub cohort: f32,
    /// The photos they are in: two faces of one photo are two people.
    pub photos: HashSet<PhotoId>,
    /// The groups and persons of the library that it consists of.
    pub people: Vec<PersonId>,
    /// Those that the user said some face of it is not.
    pub rejected: HashSet<PersonId>,
    /// The days of the first and the last of its photos, as far as they are known.
    pub days: Option<(Date, Date)>,
    /// The birth date of a person.
    pub born: Option<Date>,
    /// A person as they looked over time.
    pub eras: Vec<Era>,
    /// The user spoke of it: it is never part of another.
    pub fixed: bool,
    /// Who joins it is tagged: it has a name, or is hidden or ignored. That takes more than joining a group.
    pub tagging: bool,
    /// Only faces too small, blurred, turned or doubtful to draw others.
    pub poor: bool,
    /// Only poor faces so small that those of any two people are alike.
    pub tiny: bool,
    /// With a face that shows clearly who it is.
    pub clear: bool,
}

/// A person in the photos of one year.
#[derive(Debug, Clone)]
pub struct Era {
    pub year: i16,
    /// The sum of the faces' embeddings.
    pub sum: Vec<f32>,
    pub faces: usize,
    /// As in [`Cluster::cohort`].
    pub cohort: f32,
}

/// Whether something known says that the two are not one person.
pub(super) fn must_be_two(a: &Cluster, b: &Cluster) -> bool {
    told_apart(a, b) || unborn(a, b) || unborn(b, a) || share_a_photo(a, b)
}

fn told_apart(a: &Cluster, b: &Cluster) -> bool {
    let one_way = |a: &Cluster, b: &Cluster| a.people.iter().any(|person| b.rejected.contains(person));
    one_way(a, b) || one_way(b, a)
}

fn unborn(person: &Cluster, other: &Cluster) -> bool {
    person.born.zip(other.days).is_some_and(|(born, (first, _))| first < born)
}

fn share_a_photo(a: &Cluster, b: &Cluster) -> bool {
    let (few, many) = if a.photos.len() <= b.photos.len() { (a, b) } else { (b, a) };
    few.photos.iter().any(|photo| many.photos.contains(photo))
}

/// The days from the first to the last of two spans.
pub(super) fn span(a: Option<(Date, Date)>, b: Option<(Date, Date)>) -> Option<(Date, Date)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (known, None) | (None, known) => known,
    }
}
