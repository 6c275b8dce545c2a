//! What to ask the user: the groups that may be of a person, and the groups that may be of one person.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rayon::prelude::*;
use serde::Serialize;

use super::cluster::{Cluster, must_be_two};
use super::faces::Faces;
use super::index::{Index, Part};
use crate::catalog::{Catalog, CatalogError, Decision, FaceId, FaceRow, PersonId, PhotoId, Who};
use crate::face::PackInfo;

/// Less likely than this, nothing is asked.
const ASK: f32 = 0.1;

/// How likely it is that a face is of somebody whom its photo names, where an import could not tell.
const NAMED: f32 = 0.5;

/// By how much the similarity of a poor face is taken to be less: in crowds it says little.
const LESS_FOR_POOR: f32 = 0.1;

/// Questions are looked for among so many of the largest groups, and as many faces without a group: they give more than anybody answers at
/// once.
const COMPARED: usize = 2000;

/// Each in so many cells: what is in others is seldom similar enough to be asked about, and the person waits.
const PROBED_TO_ASK: usize = 16;

/// Is this face, or are the faces of this group, of that person? Or, of a group without a name: are the two one person?
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Question {
    /// The person, or the larger of two groups.
    pub of: PersonId,
    /// `None` for a face that is so doubtful that it is in no group.
    pub group: Option<PersonId>,
    /// All faces of the group.
    pub faces: Vec<FaceId>,
    /// How likely a yes is, 0 to 1.
    pub probability: f32,
    /// In how many photos it settles who somebody is.
    pub photos: u64,
}

impl Question {
    /// Whether the question is still what it was: it was not answered, and nobody has come or gone since.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn is_open(&self, catalog: &Catalog) -> Result<bool, CatalogError> {
        let refused = catalog.rejected_for(self.of)?;
        if self.faces.iter().any(|face| refused.contains(face)) {
            return Ok(false);
        }
        let Some(group) = self.group else {
            let is_nobodys = |&face: &FaceId| Ok(catalog.face_if_seen(face)?.is_some_and(|face| face.person.is_none()));
            let faces = self.faces.iter().map(is_nobodys).collect::<Result<Vec<bool>, CatalogError>>()?;
            return Ok(catalog.person(self.of)?.is_some() && faces.into_iter().all(|is_nobodys| is_nobodys));
        };
        let (members, theirs) = (catalog.faces_of(group)?, catalog.faces_of(self.of)?);
        let photos: HashSet<PhotoId> = theirs.iter().map(|face| face.photo).collect();
        let is_group = catalog.person(group)?.is_some_and(|group| group.name.is_none());
        let apart = members.iter().all(|face| !photos.contains(&face.photo));
        Ok(is_group && apart && !theirs.is_empty() && sorted(&members) == self.faces)
    }

    /// Whether the two ask the same of the same faces, however likely it is.
    pub(super) fn is_about_the_same(&self, other: &Self) -> bool {
        (self.of, &self.faces) == (other.of, &other.faces)
    }

    /// The decision that a yes is.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn yes(&self, catalog: &Catalog) -> Result<Decision, CatalogError> {
        let who = |id| Ok::<_, CatalogError>(catalog.person(id)?.unwrap_or(Who { id, name: None }));
        match self.group {
            Some(group) => catalog.merging(&who(group)?, &who(self.of)?),
            None => catalog.confirming((&who(self.of)?, false), &self.faces),
        }
    }

    /// The decision that a no is.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn no(&self, catalog: &Catalog) -> Result<Decision, CatalogError> {
        catalog.rejecting(self.of, &self.faces)
    }
}

/// The questions that are open, those of the most photos to be expected first; only about the people of `who`, where that
/// is not empty. Nothing is asked that was answered, about nobody who is hidden or ignored, and nothing that known facts
/// rule out: two faces of one photo, or a photo from before a birth.
///
/// # Errors
/// Those of the catalog.
pub fn questions(catalog: &Catalog, pack: &PackInfo, who: &[PersonId]) -> Result<Vec<Question>, CatalogError> {
    let loose = Faces::ungrouped(catalog, pack)?;
    let alone: Vec<Cluster> = (0..loose.id.len()).map(|face| loose.alone(face)).collect();
    let index = Index::of(catalog, pack)?;
    let unseen = catalog.hidden_or_ignored()?;
    let named = catalog.names()?;
    let among = index.count()?.saturating_sub(unseen.len());
    let least = pack.calibration.similarity(ASK, among);

    // The people who are compared with all: those of `who`, or the groups that may be somebody; the largest settle most.
    let mut people: BTreeMap<PersonId, Cluster> = BTreeMap::new();
    let seeds = if who.is_empty() { index.largest_groups(COMPARED)? } else { who.to_vec() };
    index.add(&mut people, seeds.into_iter().filter(|person| !unseen.contains(person)))?;
    let seeds: Vec<PersonId> = people.keys().copied().collect();
    let clusters: Vec<&Cluster> = people.values().collect();
    let near = index.near(&clusters, least, PROBED_TO_ASK)?;
    let mut pairs: BTreeSet<(Part, Part)> = BTreeSet::new();
    for ((&seed, cluster), near) in seeds.iter().zip(clusters).zip(near) {
        pairs.extend(near.iter().map(|near| Part::pair(Part::Person(seed), Part::Person(near.person))));
        let faces = alone.par_iter().enumerate();
        let similar = faces.filter(|(_, face)| pack.thresholds.similarity(cluster, face) >= least);
        pairs.extend(similar.map(|(face, _)| Part::pair(Part::Person(seed), Part::Face(face))).collect::<Vec<_>>());
    }
    if who.is_empty() {
        let clusters: Vec<&Cluster> = alone.iter().take(COMPARED).collect();
        for (face, near) in index.near(&clusters, least, PROBED_TO_ASK)?.into_iter().enumerate() {
            pairs.extend(near.iter().map(|near| (Part::Person(near.person), Part::Face(face))));
        }
    }
    pairs.retain(|(a, b)| [a, b].iter().all(|part| !matches!(part, Part::Person(person) if unseen.contains(person))));
    let parts = || pairs.iter().flat_map(|&(a, b)| [a, b]);
    index.add(&mut people, parts().filter_map(Part::person))?;

    let name = |cluster: &Cluster| cluster.people.first().and_then(|person| named.get(person));
    // Of whom each group or face may be, and how likely that is.
    let mut likely: Vec<(PersonId, Part, f32)> = Vec::new();
    for (a, b) in pairs {
        let (Some(one), Some(two)) = (cluster(&people, &alone, a), cluster(&people, &alone, b)) else { continue };
        let rank = |cluster: &Cluster| (name(cluster).is_some(), !cluster.poor, cluster.faces);
        let (person, (group, other)) = if rank(one) >= rank(two) { (one, (b, two)) } else { (two, (a, one)) };
        let Some(&id) = person.people.first() else { continue };
        // Small and blurred faces are like each other, whoever they are, and so is what may be no face.
        let in_doubt = person.poor || (group.person().is_none() && name(person).is_none());
        if name(other).is_some() || in_doubt {
            continue;
        }
        let less = if other.poor { LESS_FOR_POOR } else { 0.0 };
        let probability = pack.calibration.probability(pack.thresholds.similarity(person, other) - less, among);
        if probability >= ASK {
            likely.push((id, group, probability));
        }
    }

    // In which photos they are takes longest to read: it is asked only of those who are left.
    let left: HashSet<PersonId> =
        likely.iter().flat_map(|&(of, group, _)| [Some(of), group.person()]).flatten().collect();
    people.retain(|person, _| left.contains(person));
    let faces = likely.iter().filter_map(|(_, group, _)| group.face());
    index.tell_apart(&mut people, faces.map(|face| &alone[face]))?;
    let mut best: BTreeMap<Part, Question> = BTreeMap::new();
    for (id, group, probability) in likely {
        let (Some(person), Some(other)) = (people.get(&id), cluster(&people, &alone, group)) else { continue };
        if must_be_two(person, other) {
            continue;
        }
        let question = Question {
            of: id,
            group: group.person(),
            // Those of a group are looked up below, for the questions that are left.
            faces: if let Part::Face(face) = group { vec![loose.id[face]] } else { Vec::new() },
            probability,
            photos: other.photos.len() as u64,
        };
        // One question about a group at a time; a person before another group.
        let rank = |question: &Question| (named.contains_key(&question.of), question.probability);
        let known = best.entry(group).or_insert_with(|| question.clone());
        if rank(&question) > rank(known) {
            *known = question;
        }
    }
    let mut questions: Vec<Question> = best.into_values().collect();
    for question in &mut questions {
        // All of them, with those that have no embedding.
        if let Some(group) = question.group {
            question.faces = sorted(&catalog.faces_of(group)?);
        }
    }
    // What a photo says itself counts more than what is merely similar; one question about a group at a time.
    let mut named_too: Vec<Question> = Vec::new();
    for (face, name) in catalog.asked_names()? {
        let (Some(of), Some(face)) = (catalog.person_called(&name)?, catalog.face_if_seen(face)?) else { continue };
        let is_known = face.person.is_some_and(|group| named.contains_key(&group) || unseen.contains(&group));
        let is_wanted = who.is_empty() || who.contains(&of.id);
        if is_known || !is_wanted || unseen.contains(&of.id) || catalog.faces_of(of.id)?.is_empty() {
            continue;
        }
        let members = face.person.map(|group| catalog.faces_of(group)).transpose()?;
        let photos = members.iter().flatten().map(|face| face.photo).collect::<HashSet<_>>().len().max(1) as u64;
        let faces = members.map_or_else(|| vec![face.id], |members| sorted(&members));
        let question = Question { of: of.id, group: face.person, faces, probability: NAMED, photos };
        if question.is_open(catalog)? && !named_too.iter().any(|other| other.faces == question.faces) {
            questions.retain(|other| other.faces != question.faces);
            named_too.push(question);
        }
    }
    questions.extend(named_too);
    let worth = |question: &Question| question.probability * question.photos as f32;
    questions.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then_with(|| a.faces.cmp(&b.faces)));
    Ok(questions)
}

fn cluster<'a, 'f>(
    people: &'a BTreeMap<PersonId, Cluster<'f>>,
    alone: &'a [Cluster<'f>],
    part: Part,
) -> Option<&'a Cluster<'f>> {
    match part {
        Part::Person(person) => people.get(&person),
        Part::Face(face) => alone.get(face),
    }
}

fn sorted(faces: &[FaceRow]) -> Vec<FaceId> {
    let mut faces: Vec<FaceId> = faces.iter().map(|face| face.id).collect();
    faces.sort_unstable();
    faces
}
