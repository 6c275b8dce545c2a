//! How others group, on the same embeddings: rewritten from what is published of them, not from their code.
//!
//! Similarity is a cosine here. Who speaks of distances between embeddings of length one means `d`, where
//! `cos = 1 - d * d / 2`.

use facetag::face::{Thresholds, dot};
use facetag::people::{Cluster, Pair, link};
use rayon::prelude::*;

use crate::hdbscan::hdbscan;
use crate::random::Random;

/// A rule for making groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    AverageLinkage,
    Components,
    Whispers,
    Immich,
    CentreAndRadius,
    Hdbscan,
}

/// Faces as the rules see them.
pub struct Embeddings<'a> {
    /// One behind the other.
    all: &'a [f32],
    dimension: usize,
    /// Of each face, the others that are as like as `lowest`, the most alike first.
    near: Vec<Vec<(u32, f32)>>,
    pairs: Vec<(u32, u32, f32)>,
    lowest: f32,
}

impl Rule {
    pub const ALL: [Self; 6] =
        [Self::AverageLinkage, Self::Components, Self::Whispers, Self::Immich, Self::CentreAndRadius, Self::Hdbscan];

    pub fn name(self) -> &'static str {
        match self {
            Self::AverageLinkage => "average linkage",
            Self::Components => "connected components",
            Self::Whispers => "Chinese whispers",
            Self::Immich => "Immich's: near ones, a core needs 3",
            Self::CentreAndRadius => "PhotoPrism's: centre and radius",
            Self::Hdbscan => "HDBSCAN, at least 2",
        }
    }

    /// The cosine that is the default of who made the rule known, and what they say.
    ///
    /// - connected components: [`face_recognition`](https://pypi.org/project/face-recognition/) takes two faces for one
    ///   person up to a distance of 0.6;
    /// - Chinese whispers: the example of dlib, <http://dlib.net/face_clustering.py.html>, links faces up to 0.5;
    /// - Immich: <https://docs.immich.app/features/facial-recognition>;
    /// - PhotoPrism: <https://docs.photoprism.app/developer-guide/metadata/face-recognition>.
    pub fn published(self) -> Option<(f32, &'static str)> {
        let of_distance = |distance: f32| 1.0 - distance * distance / 2.0;
        match self {
            Self::AverageLinkage => None,
            Self::Components => Some((of_distance(0.6), "face_recognition's distance 0.6")),
            Self::Whispers => Some((of_distance(0.5), "dlib's distance 0.5")),
            Self::Immich => Some((0.5, "Immich's 0.5")),
            Self::CentreAndRadius => Some((of_distance(CLUSTER_DISTANCE), "PhotoPrism's distances 0.64 and 0.46")),
            Self::Hdbscan => Some((-1.0, "has none")),
        }
    }

    /// Whether it asks for a threshold.
    pub fn has_threshold(self) -> bool {
        self != Self::Hdbscan
    }

    /// The group of each face, where faces are alike from a cosine of `least` on.
    pub fn groups(self, faces: &Embeddings, least: f32) -> Vec<usize> {
        assert!(!self.has_threshold() || least >= faces.lowest, "{least} is below what was looked for");
        match self {
            Self::AverageLinkage => average_linkage(faces, least),
            Self::Components => components(faces, least),
            Self::Whispers => whispers(faces, least),
            Self::Immich => immich(faces, least),
            Self::CentreAndRadius => centre_and_radius(faces, least),
            Self::Hdbscan => hdbscan(faces.all, faces.dimension),
        }
    }
}

impl<'a> Embeddings<'a> {
    /// `lowest`: the least cosine that rules will ask for.
    pub fn new(all: &'a [f32], dimension: usize, lowest: f32) -> Self {
        let count = all.len() / dimension;
        let embedding = |face: usize| &all[face * dimension..][..dimension];
        let beyond = |a: usize| {
            (a + 1..count).filter_map(move |b| {
                let cosine = dot(embedding(a), embedding(b));
                (cosine >= lowest).then_some((a as u32, b as u32, cosine))
            })
        };
        let pairs: Vec<(u32, u32, f32)> = (0..count).into_par_iter().flat_map_iter(beyond).collect();
        let mut near = vec![Vec::new(); count];
        for &(a, b, cosine) in &pairs {
            near[a as usize].push((b, cosine));
            near[b as usize].push((a, cosine));
        }
        for near in &mut near {
            near.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        }
        Self { all, dimension, near, pairs, lowest }
    }

    fn len(&self) -> usize {
        self.near.len()
    }

    fn of(&self, face: usize) -> &[f32] {
        &self.all[face * self.dimension..][..self.dimension]
    }

    /// The others from a cosine of `least` on, the most alike first.
    fn near(&self, face: usize, least: f32) -> impl Iterator<Item = (usize, f32)> {
        let near = self.near[face].iter().map(|&(other, cosine)| (other as usize, cosine));
        near.take_while(move |&(_, cosine)| cosine >= least)
    }
}

/// The most alike join first, similarity being the mean over all pairs: facetag's own linkage with all that it adds to
/// this left away. Two groups whose mean reaches the threshold have a pair that does, so no pair is missed.
fn average_linkage(faces: &Embeddings, least: f32) -> Vec<usize> {
    let single = |face| Cluster { sum: faces.of(face).into(), faces: 1, ..Cluster::default() };
    let mut clusters: Vec<Cluster> = (0..faces.len()).map(single).collect();
    let near = faces.pairs.iter().filter(|(_, _, cosine)| *cosine >= least);
    let pairs: Vec<Pair> = near.map(|&(a, b, _)| Pair { a, b }).collect();
    let thresholds =
        Thresholds { group: least, auto_tag: least, auto_tag_single: 0.0, margin: 0.0, normalisation: 0.0 };
    link(&mut clusters, &pairs, &thresholds)
}

/// Whoever is alike is of one group, and so is who is like one of them.
fn components(faces: &Embeddings, least: f32) -> Vec<usize> {
    let mut groups = vec![usize::MAX; faces.len()];
    for first in 0..faces.len() {
        let mut reached = if groups[first] == usize::MAX { vec![first] } else { Vec::new() };
        while let Some(face) = reached.pop() {
            if groups[face] == usize::MAX {
                groups[face] = first;
                reached.extend(faces.near(face, least).map(|(other, _)| other));
            }
        }
    }
    groups
}

/// Each face, in random order, takes the group that those like it speak loudest for (Biemann 2006), until none changes.
fn whispers(faces: &Embeddings, least: f32) -> Vec<usize> {
    const ROUNDS: usize = 100;
    let mut groups: Vec<usize> = (0..faces.len()).collect();
    let mut order = groups.clone();
    let mut random = Random::new(0);
    for _ in 0..ROUNDS {
        random.shuffle(&mut order);
        let mut changed = false;
        for &face in &order {
            let mut voices = std::collections::BTreeMap::<usize, f32>::new();
            for (other, cosine) in faces.near(face, least) {
                *voices.entry(groups[other]).or_default() += cosine;
            }
            let loudest = voices.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((group, _)) = loudest.filter(|&(group, _)| group != groups[face]) {
                groups[face] = group;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    groups
}

/// A face with at least three alike, itself among them, is a core. One after the other goes to the person of the most
/// alike face that has one, or founds a person; the others come after all cores, and found none.
fn immich(faces: &Embeddings, least: f32) -> Vec<usize> {
    const CORE: usize = 3;
    let alone = |face: usize| faces.len() + face;
    let mut groups: Vec<Option<usize>> = vec![None; faces.len()];
    let is_core = |face: usize| faces.near(face, least).count() + 1 >= CORE;
    let (cores, others): (Vec<usize>, Vec<usize>) = (0..faces.len()).partition(|&face| is_core(face));
    for face in cores.into_iter().chain(others) {
        let nearest = faces.near(face, least).find_map(|(other, _)| groups[other]);
        groups[face] = nearest.or_else(|| is_core(face).then_some(face));
    }
    groups.into_iter().enumerate().map(|(face, group)| group.unwrap_or(alone(face))).collect()
}

/// PhotoPrism's default distance of faces that form a core, and of others from the edge of a cluster.
const CLUSTER_DISTANCE: f32 = 0.64;
const MATCH_DISTANCE: f32 = 0.46;

/// Cores are made by DBSCAN, of four faces and more. Each has a centre, the mean of its faces, and a radius, the
/// distance of the farthest; other faces join the nearest centre if they are at most the matching distance outside its
/// radius. With another threshold than the default both distances change in proportion.
fn centre_and_radius(faces: &Embeddings, least: f32) -> Vec<usize> {
    const CORE: usize = 4;
    let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
    let reach = (2.0 - 2.0 * least).max(0.0).sqrt() / CLUSTER_DISTANCE * MATCH_DISTANCE;

    let is_core: Vec<bool> = (0..faces.len()).map(|face| faces.near(face, least).count() + 1 >= CORE).collect();
    let mut groups: Vec<usize> = (0..faces.len()).collect();
    let mut reached = vec![false; faces.len()];
    let mut clusters = Vec::new();
    for first in (0..faces.len()).filter(|&face| is_core[face]) {
        let mut members = Vec::new();
        let mut open = vec![first];
        while let Some(face) = open.pop() {
            if !std::mem::replace(&mut reached[face], true) {
                groups[face] = first;
                members.push(face);
                if is_core[face] {
                    open.extend(faces.near(face, least).map(|(other, _)| other));
                }
            }
        }
        if !members.is_empty() {
            let mut centre = vec![0.0; faces.dimension];
            for &face in &members {
                centre.iter_mut().zip(faces.of(face)).for_each(|(sum, number)| *sum += number / members.len() as f32);
            }
            let radius = members.iter().map(|&face| distance(&centre, faces.of(face))).fold(0.0, f32::max);
            clusters.push((first, centre, radius));
        }
    }
    for face in (0..faces.len()).filter(|&face| !reached[face]) {
        let centres = clusters.iter().map(|(group, centre, radius)| (group, distance(centre, faces.of(face)), radius));
        let inside = centres.filter(|&(_, distance, radius)| distance <= radius + reach);
        if let Some((&group, ..)) = inside.min_by(|a, b| a.1.total_cmp(&b.1)) {
            groups[face] = group;
        }
    }
    groups
}
