//! Groups by average linkage: the two groups that are most alike become one, again and again.
//!
//! How alike two groups are follows from the sums of their vectors alone, so a group is a sum and a count however many
//! faces it has, and faces can join later without the others being looked at again.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::neighbours::Pair;
use crate::catalog::PhotoId;
use crate::face::{Thresholds, dot};

/// A set of faces that belong together, at first often one.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The sum of the faces' vectors.
    pub sum: Vec<f32>,
    pub faces: usize,
    /// The photos they are in: two faces of one photo are two people.
    pub photos: HashSet<PhotoId>,
    /// A person who has a name, or whom the user spoke of: two such are never joined.
    pub fixed: bool,
    /// Only faces too small, blurred, turned or doubtful to draw others.
    pub poor: bool,
}

impl Thresholds {
    /// How alike two clusters are: the mean cosine over all pairs between them, made up for their inner spread.
    ///
    /// With `c` the mean vectors: `ca . cb / (|ca| |cb|) ^ normalisation`. Faces of one person spread, and more of them
    /// spread more: without the correction a large group would have to be more alike to grow than a small one. On
    /// `lfw-devtest` it brought BCubed F from .984 to .988.
    fn likeness(&self, a: &Cluster, b: &Cluster) -> f32 {
        let (count_a, count_b) = (a.faces as f32, b.faces as f32);
        let spread = length(&a.sum) / count_a * length(&b.sum) / count_b;
        dot(&a.sum, &b.sum) / (count_a * count_b) / spread.powf(self.normalisation)
    }

    /// The least likeness for joining the two in this round, or `None` where they must stay apart.
    fn threshold(&self, round: Round, a: &Cluster, b: &Cluster) -> Option<f32> {
        let meet = match round {
            Round::Founding => !a.poor && !b.poor,
            Round::Joining => a.poor != b.poor,
        };
        let apart = !meet || (a.fixed && b.fixed) || share_a_photo(a, b);
        let person = [a, b].into_iter().find(|cluster| cluster.fixed);
        (!apart).then(|| person.map_or(self.group, |person| self.sure + self.sure_of_one / person.faces as f32))
    }

    /// The least cosine of a pair of faces that can matter: below it no two clusters of the usual spread are joined.
    pub(super) fn least_cosine(&self) -> f32 {
        // Mean vectors of one person's faces are seldom shorter than this.
        const SHORTEST_MEAN: f32 = 0.78;
        self.group.min(self.sure) * SHORTEST_MEAN.powf(2.0 * self.normalisation)
    }
}

/// Which clusters may join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Good ones among themselves.
    Founding,
    /// A poor one and a good one: poor faces neither draw each other nor bridge two.
    Joining,
}

/// Joins clusters until no two are alike enough. `pairs` name clusters that may be, by index.
///
/// Returns for each cluster the index of the one that it has become part of, itself if of none. A fixed cluster is
/// never part of another; of two others the larger stays, the first of equals.
pub fn link(clusters: &mut [Cluster], pairs: &[Pair], thresholds: &Thresholds) -> Vec<usize> {
    let mut linking = Linking::new(clusters, thresholds);
    for round in [Round::Founding, Round::Joining] {
        linking.round = round;
        for pair in pairs {
            linking.consider(pair.a as usize, pair.b as usize);
        }
        while let Some(candidate) = linking.candidates.pop() {
            if linking.is_current(&candidate) && !linking.has_rival(&candidate) {
                linking.join(candidate.a, candidate.b);
            }
        }
    }
    linking.roots()
}

struct Linking<'a> {
    clusters: &'a mut [Cluster],
    thresholds: &'a Thresholds,
    round: Round,
    /// The fixed clusters: they are never part of another.
    persons: Vec<usize>,
    /// What each cluster has become part of; itself while it stands.
    parents: Vec<usize>,
    /// How often each has grown: a candidate from before is out of date.
    versions: Vec<u32>,
    /// The clusters that each may be alike.
    known: Vec<HashSet<usize>>,
    candidates: BinaryHeap<Candidate>,
}

/// Two clusters that could be joined, as they were when they were compared.
#[derive(Debug)]
struct Candidate {
    likeness: f32,
    a: usize,
    b: usize,
    versions: (u32, u32),
}

impl<'a> Linking<'a> {
    fn new(clusters: &'a mut [Cluster], thresholds: &'a Thresholds) -> Self {
        let count = clusters.len();
        Self {
            persons: (0..count).filter(|&cluster| clusters[cluster].fixed).collect(),
            clusters,
            thresholds,
            round: Round::Founding,
            parents: (0..count).collect(),
            versions: vec![0; count],
            known: vec![HashSet::new(); count],
            candidates: BinaryHeap::new(),
        }
    }

    /// Compares what two clusters have become part of.
    fn consider(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.known[a].insert(b);
            self.known[b].insert(a);
            self.compare(a, b);
        }
    }

    fn root(&self, mut cluster: usize) -> usize {
        while self.parents[cluster] != cluster {
            cluster = self.parents[cluster];
        }
        cluster
    }

    fn compare(&mut self, a: usize, b: usize) {
        let (one, other) = (&self.clusters[a], &self.clusters[b]);
        if let Some(threshold) = self.thresholds.threshold(self.round, one, other) {
            let likeness = self.thresholds.likeness(one, other);
            if likeness >= threshold {
                let versions = (self.versions[a], self.versions[b]);
                self.candidates.push(Candidate { likeness, a, b, versions });
            }
        }
    }

    fn is_current(&self, candidate: &Candidate) -> bool {
        self.parents[candidate.a] == candidate.a
            && self.parents[candidate.b] == candidate.b
            && (self.versions[candidate.a], self.versions[candidate.b]) == candidate.versions
    }

    /// Whether a cluster about to become a person's is nearly as much like another person: then the user is to say.
    fn has_rival(&self, candidate: &Candidate) -> bool {
        let (person, other) = match (self.clusters[candidate.a].fixed, self.clusters[candidate.b].fixed) {
            (true, false) => (candidate.a, candidate.b),
            (false, true) => (candidate.b, candidate.a),
            _ => return false,
        };
        let least = candidate.likeness - self.thresholds.margin;
        // All of them: pairs of a person and a group that are both old have not been looked for.
        self.persons.iter().any(|&rival| {
            rival != person && self.thresholds.likeness(&self.clusters[rival], &self.clusters[other]) > least
        })
    }

    fn join(&mut self, a: usize, b: usize) {
        let rank = |index: usize| {
            let cluster = &self.clusters[index];
            (cluster.fixed, !cluster.poor, cluster.faces, std::cmp::Reverse(index))
        };
        let (into, from) = if rank(a) >= rank(b) { (a, b) } else { (b, a) };
        let joined = std::mem::replace(
            &mut self.clusters[from],
            Cluster { sum: Vec::new(), faces: 0, photos: HashSet::new(), fixed: false, poor: false },
        );
        let cluster = &mut self.clusters[into];
        cluster.sum.iter_mut().zip(joined.sum).for_each(|(sum, number)| *sum += number);
        cluster.faces += joined.faces;
        cluster.photos.extend(joined.photos);
        self.parents[from] = into;
        self.versions[into] += 1;

        for other in std::mem::take(&mut self.known[from]) {
            self.known[other].remove(&from);
            if other != into {
                self.known[into].insert(other);
                self.known[other].insert(into);
            }
        }
        // In ascending order, so that equal likenesses fall the same way in every run.
        let mut others: Vec<usize> = self.known[into].iter().copied().collect();
        others.sort_unstable();
        for other in others {
            self.compare(into, other);
        }
    }

    fn roots(&self) -> Vec<usize> {
        (0..self.parents.len()).map(|cluster| self.root(cluster)).collect()
    }
}

/// Pairs of faces as pairs of the clusters they are in, each once.
pub(super) fn between_clusters(pairs: &[Pair], cluster_of: &[usize]) -> Vec<Pair> {
    let mut strongest: HashMap<(u32, u32), f32> = HashMap::new();
    for pair in pairs {
        let (a, b) = (cluster_of[pair.a as usize] as u32, cluster_of[pair.b as usize] as u32);
        if a != b {
            let cosine = strongest.entry((a.min(b), a.max(b))).or_insert(pair.cosine);
            *cosine = cosine.max(pair.cosine);
        }
    }
    let mut between: Vec<Pair> = strongest.into_iter().map(|((a, b), cosine)| Pair { a, b, cosine }).collect();
    between.sort_unstable_by_key(|pair| (pair.a, pair.b));
    between
}

fn share_a_photo(a: &Cluster, b: &Cluster) -> bool {
    let (few, many) = if a.photos.len() <= b.photos.len() { (a, b) } else { (b, a) };
    few.photos.iter().any(|photo| many.photos.contains(photo))
}

fn length(vector: &[f32]) -> f32 {
    dot(vector, vector).sqrt()
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    /// The most alike is the greatest; of equals the first.
    fn cmp(&self, other: &Self) -> Ordering {
        self.likeness.total_cmp(&other.likeness).then_with(|| (other.a, other.b).cmp(&(self.a, self.b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Thresholds =
        Thresholds { group: 0.6, sure: 0.8, sure_of_one: 0.05, margin: 0.1, normalisation: 0.75 };

    fn face(angle: f32, photo: PhotoId) -> Cluster {
        let (y, x) = angle.to_radians().sin_cos();
        Cluster { sum: vec![x, y], faces: 1, photos: [photo].into(), fixed: false, poor: false }
    }

    fn linked(mut clusters: Vec<Cluster>) -> Vec<usize> {
        let count = clusters.len() as u32;
        let pairs: Vec<Pair> =
            (0..count).flat_map(|a| (a + 1..count).map(move |b| Pair { a, b, cosine: 1.0 })).collect();
        link(&mut clusters, &pairs, &THRESHOLDS)
    }

    #[test]
    fn near_faces_join_and_far_ones_do_not() {
        assert_eq!(linked(vec![face(0.0, 1), face(90.0, 2), face(10.0, 3), face(95.0, 4)]), [0, 1, 0, 1]);
    }

    #[test]
    fn a_chain_of_neighbours_is_not_one_person() {
        let chain: Vec<Cluster> = (0..10).map(|step| face(step as f32 * 20.0, i64::from(step))).collect();
        let roots = linked(chain);
        assert_ne!(roots[0], roots[9]);
    }

    #[test]
    fn two_faces_of_one_photo_stay_two_people() {
        let roots = linked(vec![face(0.0, 1), face(5.0, 1), face(1.0, 2), face(4.0, 3)]);
        assert_ne!(roots[0], roots[1]);
        assert_eq!((roots[2], roots[3]), (roots[0], roots[1]));
    }

    #[test]
    fn a_poor_face_joins_but_neither_founds_nor_bridges() {
        let poor = |angle, photo| Cluster { poor: true, ..face(angle, photo) };
        assert_eq!(linked(vec![poor(0.0, 1), poor(5.0, 2)]), [0, 1]);
        assert_eq!(linked(vec![poor(0.0, 1), face(10.0, 2), poor(20.0, 3)]), [1, 1, 1]);
        // 60 degrees apart, each 30 from the poor one between: it joins one of them, and they stay two.
        let roots = linked(vec![face(0.0, 1), poor(30.0, 2), face(60.0, 3)]);
        assert_ne!(roots[0], roots[2]);
    }

    #[test]
    fn persons_never_join_and_take_only_who_is_surely_theirs() {
        let person = |angle, photo| Cluster { fixed: true, ..face(angle, photo) };
        // 45 degrees: alike enough for a group (0.71), not for a name.
        assert_eq!(linked(vec![person(0.0, 1), person(2.0, 2), face(45.0, 3)]), [0, 1, 2]);
        assert_eq!(linked(vec![face(10.0, 1), person(0.0, 2)]), [1, 1]);
        // 0.84: enough for a person of many faces, not for one of a single face.
        assert_eq!(linked(vec![person(0.0, 1), face(33.0, 2)]), [0, 1]);
    }

    #[test]
    fn a_face_between_two_persons_is_left_to_the_user() {
        let person = |angle, photo| Cluster { fixed: true, ..face(angle, photo) };
        assert_eq!(linked(vec![person(0.0, 1), face(15.0, 2), person(35.0, 3)]), [0, 1, 2]);
        assert_eq!(linked(vec![person(0.0, 1), face(15.0, 2), person(60.0, 3)]), [0, 0, 2]);
        // The same when only the pair of the first person and the face was looked for.
        let mut clusters = [person(0.0, 1), face(15.0, 2), person(35.0, 3)];
        assert_eq!(link(&mut clusters, &[Pair { a: 0, b: 1, cosine: 1.0 }], &THRESHOLDS), [0, 1, 2]);
    }
}
