//! Groups by average linkage: the two groups that are most alike become one, again and again.
//!
//! How alike two groups are follows from the sums of their embeddings alone, so a group is a sum and a count however many
//! faces it has, and faces can join later without the others being looked at again.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::cluster::{Cluster, Era, must_be_two, span};
use super::neighbours::Pair;
use super::rivals::Rivals;
use crate::face::{Thresholds, dot};

/// What similarity follows from: a sum of embeddings, how many, and the sum of their cohort scores.
type Sums<'a> = (&'a [f32], usize, f32);

/// An era of fewer faces says less than the whole person does.
pub(super) const LEAST_FACES_OF_ERA: usize = 5;

impl Thresholds {
    /// How alike two clusters are: the mean cosine over all pairs between them, made up for their inner spread.
    ///
    /// With `c` the mean embeddings: `ca . cb / (|ca| |cb|) ^ normalisation`. Faces of one person spread, and more of them
    /// spread more: without the correction a large group would have to be more alike to grow than a small one. On
    /// `lfw-devtest` it brought BCubed F from .984 to .988.
    ///
    /// Children are more like each other than adults are, and so are faces with little to see. So half of what both are like people
    /// in general is taken off, as adaptive score normalisation does (Matejka et al. 2017,
    /// <https://www.isca-archive.org/interspeech_2017/matejka17_interspeech.html>).
    ///
    /// A person who is seen over years changes: faces of one time are compared with the person of that time too.
    pub fn similarity(&self, a: &Cluster, b: &Cluster) -> f32 {
        self.similarity_then(self.similarity_of_sums((&a.sum, a.faces, a.cohort), (&b.sum, b.faces, b.cohort)), a, b)
    }

    /// The same where it is known how alike the two are as a whole.
    fn similarity_then(&self, whole: f32, a: &Cluster, b: &Cluster) -> f32 {
        let eras = |person: &Cluster, other: &Cluster| {
            let Some((first, last)) = other.days else { return whole };
            let then = |era: &&Era| {
                era.faces >= LEAST_FACES_OF_ERA && (first.year() - 1..=last.year() + 1).contains(&era.year)
            };
            let eras = person.eras.iter().filter(then);
            let other = (&*other.sum, other.faces, other.cohort);
            eras.map(|era| self.similarity_of_sums((&era.sum, era.faces, era.cohort), other)).fold(whole, f32::max)
        };
        if a.eras.is_empty() { eras(b, a) } else { eras(a, b) }
    }

    fn similarity_of_sums(&self, a: Sums, b: Sums) -> f32 {
        let (count_a, count_b) = (a.1 as f32, b.1 as f32);
        let spread = length(a.0) / count_a * length(b.0) / count_b;
        let general = f32::midpoint(a.2 / count_a, b.2 / count_b);
        dot(a.0, b.0) / (count_a * count_b) / spread.powf(self.normalisation) - general
    }

    /// What the cosine of two clusters' mean directions is multiplied by, once for each of them: how long its mean embedding is,
    /// as far as that is not made up for. `sum` is that of so many faces' embeddings.
    pub(super) fn spread(&self, sum: &[f32], faces: usize) -> f32 {
        (length(sum) / faces as f32).powf(1.0 - self.normalisation)
    }

    /// The least similarity for joining the two in this round, or `None` where this round joins no such two.
    fn threshold(&self, round: Round, a: &Cluster, b: &Cluster) -> Option<f32> {
        let refused = |cluster: &Cluster| !cluster.fixed && !cluster.rejected.is_empty();
        let meet = match round {
            Round::Founding => !a.poor && !b.poor && !refused(a) && !refused(b),
            Round::Refused => !a.poor && !b.poor,
            Round::Joining => a.poor != b.poor,
        };
        let apart = !meet || (a.fixed && b.fixed);
        let person = [a, b].into_iter().find(|cluster| cluster.tagging);
        let least = person.map_or(self.group, |person| self.auto_tag + self.auto_tag_single / person.faces as f32);
        let says_little = (a.poor || b.poor) && (a.tiny || b.tiny || !(a.clear || b.clear));
        (!apart).then_some(if says_little { least + MORE_FOR_LITTLE } else { least })
    }

    /// By how much a face must be more like one person than like another: more for two who are alike, as siblings are.
    pub(super) fn margin(&self, person: &Cluster, rival: &Cluster) -> f32 {
        let alike = self.similarity(person, rival) / self.group;
        self.margin * (1.0 + alike.clamp(0.0, 1.0) * (WIDEST - 1.0))
    }

    /// The least cosine of a pair of faces that can matter: below it no two clusters of the usual spread are joined.
    pub(super) fn least_cosine(&self) -> f32 {
        // Mean embeddings of one person's faces are seldom shorter than this.
        const SHORTEST_MEAN: f32 = 0.78;
        self.group.min(self.auto_tag) * SHORTEST_MEAN.powf(2.0 * self.normalisation)
    }
}

/// How much wider the margin is between two persons so alike that they could be one.
pub(super) const WIDEST: f32 = 2.0;

/// How much more alike a poor face must be where one is tiny or neither is clear: those of crowds, and profiles that hang on a
/// blurred face, are like each other. Of the 640 faces in `wider-train-140`, whose photos have hardly anybody in common, 59
/// poor ones joined others without it, and 2 do with it; on `lfw-devtest` it costs nothing.
const MORE_FOR_LITTLE: f32 = 0.10;

/// Which clusters may join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Good ones among themselves.
    Founding,
    /// Those too of which the user said who they are not: later, or they would keep others who are like them from that person.
    Refused,
    /// A poor one and a good one: poor faces neither draw each other nor bridge two.
    Joining,
}

/// Joins clusters until no two are alike enough. `pairs` name clusters that may be, by index.
///
/// Returns for each cluster the index of the one that it has become part of, itself if of none. A fixed cluster is
/// never part of another; of two others one that the library knows stays, else the larger, the first of equals.
pub fn link(clusters: &mut [Cluster], pairs: &[Pair], thresholds: &Thresholds) -> Vec<usize> {
    let mut linking = Linking::new(clusters, pairs, thresholds);
    for round in [Round::Founding, Round::Refused, Round::Joining] {
        linking.round = round;
        linking.run();
    }
    linking.roots()
}

struct Linking<'a, 'v> {
    clusters: &'a mut [Cluster<'v>],
    thresholds: &'a Thresholds,
    /// Of each cluster.
    scales: Vec<Scale>,
    round: Round,
    /// The clusters that tag.
    rivals: Rivals,
    /// What each cluster has become part of; itself while it stands.
    parents: Vec<usize>,
    /// How often each has changed: a candidate from before is out of date.
    versions: Vec<u32>,
    /// How many faces each had when it was last compared with all it knows.
    looked: Vec<usize>,
    /// The clusters that each may be alike, or that have become part of these.
    known: Vec<Vec<u32>>,
    /// Of each cluster only the most alike, so that there are not many more than clusters.
    candidates: BinaryHeap<Candidate>,
}

/// What the similarity of a cluster and any other takes of it, so that of the two only the dot product of their sums is left.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// One over the number of faces, and over what makes up for their spread.
    factor: f32,
    /// How alike its faces are to people in general.
    general: f32,
}

impl Thresholds {
    fn scale(&self, cluster: &Cluster) -> Scale {
        let count = cluster.faces as f32;
        let spread = (length(&cluster.sum) / count).powf(self.normalisation);
        Scale { factor: 1.0 / (count * spread), general: cluster.cohort / count }
    }
}

/// Two clusters are so little alike that neither is compared with the other again. If one comes nearer by growing, it grows by clusters
/// that are more alike, and these know the other themselves.
struct Far;

/// So far below the lowest threshold two clusters are [`Far`]. On 100,000 made-up faces it changes BCubed F by less than .0001.
const FAR: f32 = 0.08;

/// So many clusters look at all they know at once.
const LOOKING: usize = 1 << 16;

/// Two clusters that could be joined, as they were when `a` was compared with those it knows.
#[derive(Debug)]
struct Candidate {
    similarity: f32,
    a: usize,
    b: usize,
    versions: (u32, u32),
    /// The last that was kept of `a`, and there were more: after it, `a` is compared again.
    more: bool,
}

/// So many candidates of a person, or of a large group, are kept at a time. Many may have a rival, and to look for the next after each
/// would take long; all of them, again after each face that joins, would take memory by the square of the faces.
const KEPT_OF_LARGE: usize = 64;

/// A cluster that has grown by less than one face in so many is nearly as similar to others as before: it is compared only with those whom
/// the new faces know. Comparing a person of 50,000 faces with all others after each face that joins would take time by the square of them.
/// Smaller clusters are compared with all each time.
const LITTLE: usize = 64;

impl<'a, 'v> Linking<'a, 'v> {
    fn new(clusters: &'a mut [Cluster<'v>], pairs: &[Pair], thresholds: &'a Thresholds) -> Self {
        let count = clusters.len();
        let mut known = vec![Vec::new(); count];
        for pair in pairs {
            known[pair.a as usize].push(pair.b);
            known[pair.b as usize].push(pair.a);
        }
        Self {
            rivals: Rivals::new(clusters),
            scales: clusters.par_iter().map(|cluster| thresholds.scale(cluster)).collect(),
            looked: clusters.iter().map(|cluster| cluster.faces).collect(),
            clusters,
            thresholds,
            round: Round::Founding,
            parents: (0..count).collect(),
            versions: vec![0; count],
            known,
            candidates: BinaryHeap::new(),
        }
    }

    /// Joins what this round may join, the most alike first.
    ///
    /// A cluster that has grown looks at all it knows, and one whose candidate came to nothing looks for its next: so no
    /// pair that is left is more alike than the candidate on top, but for what little a large cluster has changed since.
    fn run(&mut self) {
        let starting: Vec<usize> = (0..self.clusters.len()).filter(|&cluster| self.starts(cluster)).collect();
        for starting in starting.chunks(LOOKING) {
            let seen: Vec<(Vec<u32>, Vec<Candidate>)> =
                starting.par_iter().map(|&cluster| self.seen(cluster, self.known[cluster].clone(), None)).collect();
            for (&cluster, (known, candidates)) in starting.iter().zip(seen) {
                self.known[cluster] = known;
                self.candidates.extend(candidates);
            }
        }
        while let Some(candidate) = self.candidates.pop() {
            let Candidate { a, b, versions, .. } = candidate;
            // As they are now: a large one may have grown a little since.
            let joins = versions == (self.versions[a], self.versions[b])
                && matches!(self.compare(a, b), Ok(Some(candidate)) if !self.has_rival(&candidate));
            if joins {
                self.join(a, b);
            }
            // One that has joined another, or was compared with all it knows again, has another version now.
            if candidate.more && versions.0 == self.versions[a] {
                self.look(a, Some(&candidate));
            }
        }
    }

    /// Whether a cluster looks at all it knows as the round begins: of each two that may join in it, one at least does.
    fn starts(&self, cluster: usize) -> bool {
        let Cluster { poor, .. } = self.clusters[cluster];
        self.parents[cluster] == cluster && !self.known[cluster].is_empty() && poor == (self.round == Round::Joining)
    }

    /// Compares a cluster with all it knows, and keeps the most alike as candidates, or the next after `below`.
    fn look(&mut self, cluster: usize, below: Option<&Candidate>) {
        let known = std::mem::take(&mut self.known[cluster]);
        let (known, candidates) = self.seen(cluster, known, below);
        self.known[cluster] = known;
        self.candidates.extend(candidates);
    }

    /// Those of `known` that stand, and of them the most alike, or the next after `below`.
    fn seen(&self, cluster: usize, mut known: Vec<u32>, below: Option<&Candidate>) -> (Vec<u32>, Vec<Candidate>) {
        known.iter_mut().for_each(|other| *other = self.root(*other as usize) as u32);
        known.sort_unstable();
        known.dedup();
        known.retain(|&other| other as usize != cluster);
        let less = |candidate: &Candidate| below.is_none_or(|below| candidate < below);
        let mut candidates: Vec<Candidate> = Vec::new();
        known.retain(|&other| match self.compare(cluster, other as usize) {
            Ok(candidate) => {
                candidates.extend(candidate.filter(less));
                true
            }
            Err(Far) => false,
        });
        let Cluster { fixed, faces, .. } = self.clusters[cluster];
        let kept = if fixed || faces >= LITTLE { KEPT_OF_LARGE } else { 1 };
        if candidates.len() > kept {
            candidates.select_nth_unstable_by(kept - 1, |one, other| other.cmp(one)).1.more = true;
            candidates.truncate(kept);
        }
        (known, candidates)
    }

    fn root(&self, mut cluster: usize) -> usize {
        while self.parents[cluster] != cluster {
            cluster = self.parents[cluster];
        }
        cluster
    }

    fn compare(&self, a: usize, b: usize) -> Result<Option<Candidate>, Far> {
        let (one, other) = (&self.clusters[a], &self.clusters[b]);
        let Some(threshold) = self.thresholds.threshold(self.round, one, other) else { return Ok(None) };
        let similarity = self.similarity(a, b);
        // Measured from the lowest threshold: the one of these two may fall as they grow.
        if similarity < self.thresholds.group.min(self.thresholds.auto_tag) - FAR {
            return Err(Far);
        }
        // What they must be two for takes longest to look up.
        let joins = similarity >= threshold && !must_be_two(one, other);
        let versions = (self.versions[a], self.versions[b]);
        Ok(joins.then_some(Candidate { similarity, a, b, versions, more: false }))
    }

    /// As [`Thresholds::similarity`] of the two.
    fn similarity(&self, a: usize, b: usize) -> f32 {
        let (one, other) = (&self.clusters[a], &self.clusters[b]);
        let (of_one, of_other) = (self.scales[a], self.scales[b]);
        let whole = dot(&one.sum, &other.sum) * of_one.factor * of_other.factor
            - f32::midpoint(of_one.general, of_other.general);
        if one.eras.is_empty() && other.eras.is_empty() {
            whole
        } else {
            self.thresholds.similarity_then(whole, one, other)
        }
    }

    /// Whether a cluster about to become a person's is nearly as much like another person: then the user is to say.
    fn has_rival(&self, candidate: &Candidate) -> bool {
        let (person, other) = match (self.clusters[candidate.a].tagging, self.clusters[candidate.b].tagging) {
            (true, false) => (candidate.a, candidate.b),
            (false, true) => (candidate.b, candidate.a),
            _ => return false,
        };
        let to_other = |person: usize| self.similarity(person, other);
        // Not among what the cluster knows: pairs of a person and a group that are both old have not been looked for.
        self.rivals.of(&self.clusters[other]).iter().any(|&rival| {
            let rival = rival as usize;
            rival != person && {
                let ahead = candidate.similarity - to_other(rival);
                ahead < self.thresholds.margin * WIDEST
                    && ahead < self.thresholds.margin(&self.clusters[person], &self.clusters[rival])
            }
        })
    }

    fn join(&mut self, a: usize, b: usize) {
        let rank = |index: usize| {
            let cluster = &self.clusters[index];
            // A group keeps its number when more new faces than it has join it.
            (cluster.fixed, !cluster.poor, !cluster.people.is_empty(), cluster.faces, std::cmp::Reverse(index))
        };
        let (into, from) = if rank(a) >= rank(b) { (a, b) } else { (b, a) };
        let joined = std::mem::take(&mut self.clusters[from]);
        let cluster = &mut self.clusters[into];
        cluster.sum.to_mut().iter_mut().zip(&*joined.sum).for_each(|(sum, number)| *sum += number);
        cluster.faces += joined.faces;
        cluster.cohort += joined.cohort;
        cluster.clear |= joined.clear;
        cluster.photos.extend(joined.photos);
        cluster.people.extend(joined.people);
        cluster.rejected.extend(joined.rejected);
        cluster.days = span(cluster.days, joined.days);
        self.scales[into] = self.thresholds.scale(cluster);
        let faces = cluster.faces;
        self.parents[from] = into;
        self.versions[from] += 1;
        let known = std::mem::take(&mut self.known[from]);
        if (faces - self.looked[into]) * LITTLE < faces {
            let (known, candidates) = self.seen(into, known, None);
            self.candidates.extend(candidates);
            self.known[into].extend(known);
        } else {
            self.versions[into] += 1;
            self.known[into].extend(known);
            self.looked[into] = faces;
            self.look(into, None);
        }
    }

    fn roots(&self) -> Vec<usize> {
        (0..self.parents.len()).map(|cluster| self.root(cluster)).collect()
    }
}

fn length(embedding: &[f32]) -> f32 {
    dot(embedding, embedding).sqrt()
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
        self.similarity.total_cmp(&other.similarity).then_with(|| (other.a, other.b).cmp(&(self.a, self.b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{PersonId, PhotoId};

    const THRESHOLDS: Thresholds =
        Thresholds { group: 0.6, auto_tag: 0.8, auto_tag_single: 0.05, margin: 0.1, normalisation: 0.75 };

    fn face(angle: f32, photo: i64) -> Cluster<'static> {
        let (y, x) = angle.to_radians().sin_cos();
        Cluster { sum: vec![x, y].into(), faces: 1, photos: [PhotoId(photo)].into(), ..Cluster::default() }
    }

    fn linked(mut clusters: Vec<Cluster>) -> Vec<usize> {
        let count = clusters.len() as u32;
        let pairs: Vec<Pair> = (0..count).flat_map(|a| (a + 1..count).map(move |b| Pair { a, b })).collect();
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
    fn a_poor_face_must_be_more_alike_where_there_is_little_to_see() {
        let clear = |angle, photo| Cluster { clear: true, ..face(angle, photo) };
        let poor = |angle, photo| Cluster { poor: true, ..face(angle, photo) };
        let tiny = |angle, photo| Cluster { poor: true, tiny: true, ..face(angle, photo) };
        // 50 degrees: .64, where a group takes .6.
        assert_eq!(linked(vec![clear(0.0, 1), poor(50.0, 2)]), [0, 0]);
        assert_eq!(linked(vec![clear(0.0, 1), tiny(50.0, 2)]), [0, 1]);
        assert_eq!(linked(vec![face(0.0, 1), poor(50.0, 2)]), [0, 1]);
        assert_eq!(linked(vec![face(0.0, 1), face(50.0, 2)]), [0, 0]);
        // 40 degrees: .77.
        assert_eq!(linked(vec![face(0.0, 1), tiny(40.0, 2)]), [0, 0]);
    }

    #[test]
    fn a_person_takes_all_that_are_surely_theirs_however_many_there_are() {
        let person = Cluster { fixed: true, tagging: true, ..face(0.0, 0) };
        // Each second one has a rival, so that the person is compared again and again.
        let rival = Cluster { fixed: true, tagging: true, ..face(40.0, 1) };
        let faces = (0..4 * KEPT_OF_LARGE as i64).map(|index| face([20.0, -20.0][index as usize % 2], 2 + index));
        let roots = linked([person, rival].into_iter().chain(faces).collect());
        let taken: Vec<usize> = (2..roots.len()).filter(|&face| roots[face] == 0).collect();
        assert!(taken.iter().copied().eq((3..roots.len()).step_by(2)), "{taken:?}");
    }

    #[test]
    fn a_refused_face_keeps_no_other_from_the_person() {
        let anna =
            |angle, photo| Cluster { fixed: true, tagging: true, people: vec![PersonId(7)], ..face(angle, photo) };
        let refused = |angle, photo| Cluster { rejected: [PersonId(7)].into(), ..face(angle, photo) };
        assert_eq!(linked(vec![anna(0.0, 1), face(15.0, 2), refused(18.0, 3)]), [0, 0, 2]);
        // Among themselves they are a group like any other.
        assert_eq!(linked(vec![anna(0.0, 1), refused(15.0, 2), refused(18.0, 3)]), [0, 1, 1]);
    }

    #[test]
    fn persons_never_join_and_take_only_who_is_surely_theirs() {
        let person = |angle, photo| Cluster { fixed: true, tagging: true, ..face(angle, photo) };
        // 45 degrees: alike enough for a group (0.71), not for a name.
        assert_eq!(linked(vec![person(0.0, 1), person(2.0, 2), face(45.0, 3)]), [0, 1, 2]);
        assert_eq!(linked(vec![face(10.0, 1), person(0.0, 2)]), [1, 1]);
        // 0.84: enough for a person of many faces, not for one of a single face.
        assert_eq!(linked(vec![person(0.0, 1), face(33.0, 2)]), [0, 1]);
    }

    #[test]
    fn a_face_between_two_persons_is_left_to_the_user() {
        let person = |angle, photo| Cluster { fixed: true, tagging: true, ..face(angle, photo) };
        assert_eq!(linked(vec![person(0.0, 1), face(15.0, 2), person(35.0, 3)]), [0, 1, 2]);
        assert_eq!(linked(vec![person(0.0, 1), face(15.0, 2), person(60.0, 3)]), [0, 0, 2]);
        // Nor does that keep it from a group; the last face is in a photo of the second person.
        assert_eq!(linked(vec![person(0.0, 1), person(20.0, 3), face(8.0, 2), face(30.0, 3)]), [0, 1, 2, 2]);
        // The same when only the pair of the first person and the face was looked for.
        let mut clusters = [person(0.0, 1), face(15.0, 2), person(35.0, 3)];
        assert_eq!(link(&mut clusters, &[Pair { a: 0, b: 1 }], &THRESHOLDS), [0, 1, 2]);
    }
}
