//! What to ask the user: the groups that may be of a person, and the groups that may be of one person.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::cluster::{Cluster, must_be_two};
use super::faces::Faces;
use super::neighbours::{Pair, neighbours};
use crate::catalog::{Catalog, CatalogError, Decision, FaceId, FaceRow, PersonId, PhotoId, Who};
use crate::face::{PackInfo, dot, normalised};

/// Less likely than this, nothing is asked.
const ASK: f32 = 0.1;

/// How likely it is that a face is of somebody whom its photo names, where an import could not tell.
const NAMED: f32 = 0.5;

/// By how much the similarity of a poor face is taken to be less: in crowds it says little.
const LESS_FOR_POOR: f32 = 0.1;

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
    let faces = Faces::load(catalog, pack)?;
    let (clusters, cluster_of) = faces.clusters();
    let unseen = catalog.hidden_or_ignored()?;
    let is_asked = |cluster: &Cluster| !cluster.people.iter().any(|person| unseen.contains(person));
    let named = catalog.names()?;
    let name = |cluster: &Cluster| cluster.people.first().and_then(|person| named.get(person));

    // The mean direction of a cluster is at least as like another's as the clusters themselves.
    let asked: Vec<u32> =
        (0u32..).zip(&clusters).filter(|(_, cluster)| is_asked(cluster)).map(|(index, _)| index).collect();
    let directions: Vec<f32> = asked
        .iter()
        .flat_map(|&index| {
            normalised(clusters[index as usize].sum.to_vec()).unwrap_or_else(|| vec![0.0; faces.dimension])
        })
        .collect();
    let itself: Vec<u32> = (0..asked.len() as u32).collect();
    let cluster = |index: u32| &clusters[asked[index as usize] as usize];
    let among = itself.iter().filter(|&&index| !cluster(index).people.is_empty()).count();
    let least = pack.calibration.similarity(ASK, among) + faces.least_cohort();
    let pairs = if who.is_empty() {
        let open: Vec<u32> = itself.iter().copied().filter(|&index| name(cluster(index)).is_none()).collect();
        let alone: Vec<Cluster> =
            itself.iter().map(|&index| Cluster { poor: cluster(index).poor, ..Cluster::default() }).collect();
        neighbours(&directions, faces.dimension, &itself, &alone, &open, least)
    } else {
        let is_wanted = |index: &u32| cluster(*index).people.iter().any(|person| who.contains(person));
        pairs_with(itself.into_iter().filter(is_wanted), &directions, faces.dimension, least)
    };

    let face_in: HashMap<u32, FaceId> = cluster_of.iter().copied().zip(faces.id.iter().copied()).collect();
    let mut best: HashMap<u32, Question> = HashMap::new();
    for pair in pairs {
        let (a, b) = (asked[pair.a as usize], asked[pair.b as usize]);
        let rank = |index: u32| {
            let cluster = &clusters[index as usize];
            (name(cluster).is_some(), !cluster.poor, cluster.faces)
        };
        let (of, group) = if rank(a) >= rank(b) { (a, b) } else { (b, a) };
        let (person, other) = (&clusters[of as usize], &clusters[group as usize]);
        let Some(&id) = person.people.first() else { continue };
        let group_id = other.people.first().copied();
        // Small and blurred faces are like each other, whoever they are, and so is what may be no face.
        let in_doubt = person.poor || (group_id.is_none() && name(person).is_none());
        if name(other).is_some() || in_doubt || must_be_two(person, other) {
            continue;
        }
        let less = if other.poor { LESS_FOR_POOR } else { 0.0 };
        let probability = pack.calibration.probability(pack.thresholds.similarity(person, other) - less, among);
        if probability < ASK {
            continue;
        }
        let question = Question {
            of: id,
            group: group_id,
            // Those of a group are looked up below, for the questions that are left.
            faces: vec![face_in[&group]],
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

/// The pairs of `wanted` embeddings with all whose cosine with them is at least `least`. `directions` are embeddings of `dimension`
/// numbers, one behind the other.
fn pairs_with(wanted: impl Iterator<Item = u32>, directions: &[f32], dimension: usize, least: f32) -> Vec<Pair> {
    let embedding = |index: u32| &directions[index as usize * dimension..][..dimension];
    let mut pairs: Vec<Pair> = wanted
        .flat_map(|wanted| {
            let others = (0u32..).zip(directions.chunks_exact(dimension));
            let alike =
                others.filter(move |&(other, direction)| other != wanted && dot(embedding(wanted), direction) >= least);
            alike.map(move |(other, _)| Pair { a: wanted.min(other), b: wanted.max(other) })
        })
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn sorted(faces: &[FaceRow]) -> Vec<FaceId> {
    let mut faces: Vec<FaceId> = faces.iter().map(|face| face.id).collect();
    faces.sort_unstable();
    faces
}
