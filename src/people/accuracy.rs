//! How often facetag would be right, measured on the faces that the user confirmed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cluster::Cluster;
use super::faces::Faces;
use crate::catalog::{Catalog, CatalogError, PersonId, State};
use crate::face::PackInfo;

/// What leave-one-out shows: each confirmed face is taken away from its person, and it is looked whether facetag would give
/// it back by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accuracy {
    pub persons: Vec<PersonAccuracy>,
    /// Who would be taken for whom, and how often, the most frequent first.
    pub confused: Vec<Confusion>,
    pub faces: usize,
    pub tagged: usize,
    pub wrong: usize,
    /// The similarity from which on facetag tags now, for a person of many faces.
    pub similarity_now: f32,
    /// The least similarity that keeps the share of wrong tags within the budget; `None` where none does.
    pub similarity_needed: Option<f32>,
    /// How many faces would be tagged with it.
    pub tagged_then: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PersonAccuracy {
    pub person: PersonId,
    /// Confirmed ones.
    pub faces: usize,
    /// Of those tagged as this person, the share that is; `None` where none was tagged so.
    pub precision: Option<f64>,
    /// Of this person's faces, the share that was tagged so.
    pub recall: f64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    pub person: PersonId,
    pub taken_for: PersonId,
    pub times: usize,
}

/// A face that was taken away, and whom it is most like then.
struct Guess {
    truth: PersonId,
    best: PersonId,
    similarity: f32,
    /// The similarity from which on it is tagged, for so many faces as that person has.
    extra: f32,
    /// It is not nearly as much like somebody else.
    clear: bool,
}

/// Leaves out each confirmed face of a named person who has two and more, and tells how many would find back. `budget` is the
/// share of wrong tags that is allowed, 0 to 1.
///
/// # Errors
/// Those of the catalog.
pub fn accuracy(catalog: &Catalog, pack: &PackInfo, budget: f64) -> Result<Accuracy, CatalogError> {
    let faces = Faces::load(catalog, pack)?;
    let names = catalog.names()?;
    let mut persons: BTreeMap<PersonId, Vec<usize>> = BTreeMap::new();
    for face in 0..faces.id.len() {
        if let (Some(person), Some(State::Confirmed | State::Manual)) = (faces.person[face], faces.state[face])
            && names.contains_key(&person)
        {
            persons.entry(person).or_default().push(face);
        }
    }
    let clusters: BTreeMap<PersonId, Cluster> =
        persons.iter().map(|(&person, members)| (person, faces.cluster_of(members))).collect();

    let mut guesses = Vec::new();
    for (&truth, members) in persons.iter().filter(|(_, members)| members.len() > 1) {
        for &face in members {
            guesses.extend(guess(&faces, pack, &clusters, truth, face));
        }
    }
    Ok(judge(&guesses, &persons, pack, budget))
}

fn guess(
    faces: &Faces,
    pack: &PackInfo,
    clusters: &BTreeMap<PersonId, Cluster>,
    truth: PersonId,
    face: usize,
) -> Option<Guess> {
    let alone = faces.alone(face);
    let rest = faces.without(&clusters[&truth], face);
    let of = |person: PersonId| if person == truth { &rest } else { &clusters[&person] };
    let mut similarities: Vec<(f32, PersonId)> =
        clusters.keys().map(|&person| (pack.thresholds.similarity(of(person), &alone), person)).collect();
    similarities.sort_by(|a, b| b.0.total_cmp(&a.0));
    let &(similarity, best) = similarities.first()?;
    let rivals = &similarities[1..];
    let clear =
        rivals.iter().all(|&(rival, person)| similarity - rival >= pack.thresholds.margin(of(best), of(person)));
    Some(Guess { truth, best, similarity, extra: pack.thresholds.auto_tag_single / of(best).faces as f32, clear })
}

fn judge(guesses: &[Guess], persons: &BTreeMap<PersonId, Vec<usize>>, pack: &PackInfo, budget: f64) -> Accuracy {
    let is_tagged = |guess: &&Guess| guess.clear && guess.similarity >= pack.thresholds.auto_tag + guess.extra;
    let tagged: Vec<&Guess> = guesses.iter().filter(is_tagged).collect();
    let is_right = |guess: &&&Guess| guess.best == guess.truth;
    let share = |part: usize, whole: usize| part as f64 / whole as f64;

    let mut confused: BTreeMap<(PersonId, PersonId), usize> = BTreeMap::new();
    for guess in guesses.iter().filter(|guess| guess.best != guess.truth) {
        *confused.entry((guess.truth, guess.best)).or_default() += 1;
    }
    let mut confused: Vec<Confusion> =
        confused.into_iter().map(|((person, taken_for), times)| Confusion { person, taken_for, times }).collect();
    confused.sort_by_key(|confusion| std::cmp::Reverse(confusion.times));

    let per_person = persons.iter().filter(|(_, members)| members.len() > 1).map(|(&person, members)| {
        let as_this: Vec<&&Guess> = tagged.iter().filter(|guess| guess.best == person).collect();
        let right = as_this.iter().filter(|guess| guess.truth == person).count();
        PersonAccuracy {
            person,
            faces: members.len(),
            precision: (!as_this.is_empty()).then(|| share(right, as_this.len())),
            recall: share(right, members.len()),
        }
    });

    // From the most alike on: as far down as the wrong ones stay within the budget.
    let mut clear: Vec<&Guess> = guesses.iter().filter(|guess| guess.clear).collect();
    clear.sort_by(|a, b| (b.similarity - b.extra).total_cmp(&(a.similarity - a.extra)));
    let (mut wrong, mut needed) = (0, None);
    for (index, guess) in clear.iter().enumerate() {
        wrong += usize::from(guess.best != guess.truth);
        if share(wrong, index + 1) <= budget {
            needed = Some((guess.similarity - guess.extra, index + 1));
        }
    }
    Accuracy {
        persons: per_person.collect(),
        confused,
        faces: guesses.len(),
        tagged: tagged.len(),
        wrong: tagged.len() - tagged.iter().filter(is_right).count(),
        similarity_now: pack.thresholds.auto_tag,
        similarity_needed: needed.map(|(similarity, _)| similarity),
        tagged_then: needed.map_or(0, |(_, tagged)| tagged),
    }
}
