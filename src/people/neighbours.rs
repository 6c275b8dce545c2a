//! Which clusters may be alike: the cosines of their faces, by blocked matrix products. Exactly, or among so many faces that this
//! would take too long, by looking only into the cells nearest to each face.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::cells::{Cells, gathered};
use super::cluster::Cluster;
use super::products::products;

/// Two clusters, by index, the lower first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    pub a: u32,
    pub b: u32,
}

/// Rows and columns of a block: its cosines stay in the cache until they have been looked through.
const BLOCK: usize = 512;

/// To so many clusters a face is linked. It need not be to all: a person of 10,000 faces has 50 million pairs, and two
/// clusters are compared once a single pair between them is known. `docs/grouping.md` tells that nothing is lost.
pub(super) const STRONGEST: usize = 64;

/// So many cosines are computed at most to compare all with all: about half a minute on two cores. Beyond it, cells are faster.
const MOST_COSINES: u64 = 5_000_000_000;

/// A cell has this many faces on average.
pub(super) const FACES_A_CELL: usize = 500;

/// Among many faces, each is compared with those in so many cells. With 24 of 200 cells BCubed F of 100,000 made-up faces fell from .9260
/// to .9242, with 64 to .9259 (`cargo bench --bench grouping -- 100000`).
pub(super) const PROBED: usize = 64;

/// The pairs of clusters that may be alike, each once, in ascending order.
///
/// A fresh face's cluster pairs with those that have a face whose cosine with it is at least `least`, the 64 strongest
/// among good clusters and as many among poor ones: blurred faces, all alike, must not crowd out a person.
///
/// `embeddings` are the faces' embeddings of length one and of `dimension` numbers, one behind the other; `cluster_of` has the
/// cluster of each face, and `fresh` are indices of faces.
pub fn neighbours(
    embeddings: &[f32],
    dimension: usize,
    cluster_of: &[u32],
    clusters: &[Cluster],
    fresh: &[u32],
    least: f32,
) -> Vec<Pair> {
    let search = Search { embeddings, dimension, cluster_of, clusters, least };
    let all = fresh.len() as u64 * cluster_of.len() as u64;
    let mut pairs = if all <= MOST_COSINES {
        search.exactly(fresh)
    } else {
        search.in_cells(fresh, cluster_of.len() / FACES_A_CELL)
    };
    pairs.par_sort_unstable();
    pairs.dedup();
    pairs
}

/// The faces and clusters among which neighbours are looked for.
struct Search<'a> {
    embeddings: &'a [f32],
    dimension: usize,
    cluster_of: &'a [u32],
    clusters: &'a [Cluster<'a>],
    least: f32,
}

impl Search<'_> {
    /// Compares every fresh face with every face.
    fn exactly(&self, fresh: &[u32]) -> Vec<Pair> {
        let mut is_fresh = vec![false; self.cluster_of.len()];
        fresh.iter().for_each(|&face| is_fresh[face as usize] = true);
        let others: Vec<u32> = (0u32..).zip(&is_fresh).filter(|(_, fresh)| !**fresh).map(|(face, _)| face).collect();
        // Of each fresh face, in blocks: a block of cosines is looked through for its rows and for its columns.
        let strongest: Vec<Mutex<Vec<[Strongest; 2]>>> =
            fresh.chunks(BLOCK).map(|faces| Mutex::new(vec![Default::default(); faces.len()])).collect();
        let push = |block: usize, found: &mut dyn Iterator<Item = (usize, u32, f32)>| {
            let mut strongest = strongest[block].lock().unwrap_or_else(PoisonError::into_inner);
            found.for_each(|(face, cluster, cosine)| {
                strongest[face][usize::from(self.clusters[cluster as usize].poor)].push(cluster, cosine);
            });
        };
        fresh.par_chunks(BLOCK).enumerate().for_each(|(block, rows)| {
            let row_embeddings = self.gather(rows);
            let mut cosines = vec![0.0; rows.len() * BLOCK];
            let mut found = Vec::new();
            // What is before this block among the fresh has met it already.
            for (other, columns) in (block..).zip(fresh.chunks(BLOCK).skip(block).chain(others.chunks(BLOCK))) {
                let cosines = &mut cosines[..rows.len() * columns.len()];
                products(&row_embeddings, &self.gather(columns), self.dimension, cosines);
                found.clear();
                for (row, cosines) in cosines.chunks_exact(columns.len()).enumerate() {
                    let alike = self.similar(rows[row], columns, cosines);
                    found.extend(alike.map(|(column, b, cosine)| (row, column, self.cluster(rows[row]), b, cosine)));
                }
                push(block, &mut found.iter().map(|&(row, _, _, b, cosine)| (row, b, cosine)));
                if other != block && other < strongest.len() {
                    push(other, &mut found.iter().map(|&(_, column, a, _, cosine)| (column, a, cosine)));
                }
            }
        });

        let strongest =
            strongest.into_iter().flat_map(|block| block.into_inner().unwrap_or_else(PoisonError::into_inner));
        fresh.iter().zip(strongest).flat_map(|(&face, strongest)| self.pairs(face, strongest)).collect()
    }

    /// Compares every fresh face with the faces in the cells nearest to it.
    fn in_cells(&self, fresh: &[u32], cells: usize) -> Vec<Pair> {
        let cells = Cells::new(self.embeddings, self.dimension, cells);
        let mut is_fresh = vec![false; self.cluster_of.len()];
        fresh.iter().for_each(|&face| is_fresh[face as usize] = true);
        // Faces of one cell probe much the same cells, so a block of them makes matrix products of a good size.
        let blocks = cells.faces.iter().flat_map(|faces| {
            let fresh: Vec<u32> = faces.iter().copied().filter(|&face| is_fresh[face as usize]).collect();
            fresh.chunks(BLOCK).map(<[u32]>::to_vec).collect::<Vec<_>>()
        });
        let blocks: Vec<Vec<u32>> = blocks.collect();
        blocks.par_iter().flat_map_iter(|rows| self.in_cells_of(rows, &cells)).collect()
    }

    fn in_cells_of(&self, rows: &[u32], cells: &Cells) -> Vec<Pair> {
        let row_embeddings = self.gather(rows);
        let mut probing: Vec<Vec<u32>> = vec![Vec::new(); cells.faces.len()];
        let probed = PROBED.min(cells.centres.count());
        for (index, cell) in cells.centres.nearest(&row_embeddings, probed).into_iter().enumerate() {
            probing[cell as usize].push((index / probed) as u32);
        }
        let mut strongest: Vec<[Strongest; 2]> = vec![Default::default(); rows.len()];
        let mut cosines = Vec::new();
        let cells = cells.faces.iter().zip(&cells.embeddings);
        for (probing, (faces, embeddings)) in probing.iter().zip(cells).filter(|(probing, _)| !probing.is_empty()) {
            let some = gathered(&row_embeddings, self.dimension, probing);
            for (columns, embeddings) in faces.chunks(BLOCK).zip(embeddings.chunks(BLOCK * self.dimension)) {
                cosines.resize(probing.len() * columns.len(), 0.0);
                products(&some, embeddings, self.dimension, &mut cosines);
                for (&row, cosines) in probing.iter().zip(cosines.chunks_exact(columns.len())) {
                    let row = row as usize;
                    for (_, cluster, cosine) in self.similar(rows[row], columns, cosines) {
                        strongest[row][usize::from(self.clusters[cluster as usize].poor)].push(cluster, cosine);
                    }
                }
            }
        }
        rows.iter().zip(strongest).flat_map(|(&face, strongest)| self.pairs(face, strongest)).collect()
    }

    fn cluster(&self, face: u32) -> u32 {
        self.cluster_of[face as usize]
    }

    fn gather(&self, faces: &[u32]) -> Vec<f32> {
        gathered(self.embeddings, self.dimension, faces)
    }

    /// Of the faces in `columns` those similar enough to `face` whose clusters it could join: the column, the cluster and the
    /// cosine of each.
    fn similar<'a>(
        &'a self,
        face: u32,
        columns: &'a [u32],
        cosines: &'a [f32],
    ) -> impl Iterator<Item = (usize, u32, f32)> + 'a {
        let a = self.cluster(face);
        // Most are far below: so many at a time are looked through without a branch for each.
        let some = cosines.chunks(16).enumerate();
        let some = some.filter(|(_, some)| some.iter().filter(|cosine| **cosine >= self.least).count() > 0);
        let each = some.flat_map(|(chunk, some)| (chunk * 16..).zip(some));
        let alike = each.filter(|(_, cosine)| **cosine >= self.least);
        alike.filter_map(move |(column, &cosine)| {
            let b = self.cluster(columns[column]);
            let both_fixed = self.clusters[a as usize].fixed && self.clusters[b as usize].fixed;
            (a != b && !both_fixed).then_some((column, b, cosine))
        })
    }

    fn pairs(&self, face: u32, strongest: [Strongest; 2]) -> impl Iterator<Item = Pair> {
        let a = self.cluster(face);
        let alike = strongest.into_iter().flat_map(Strongest::clusters);
        alike.map(move |b| Pair { a: a.min(b), b: a.max(b) })
    }
}

/// The clusters that one face is most alike.
#[derive(Debug, Clone, Default)]
struct Strongest {
    /// With the cosine of the face and its nearest there; up to twice as many as will be kept, some more than once.
    found: Vec<(u32, f32)>,
    /// So many are already this strong.
    least: f32,
}

impl Strongest {
    fn push(&mut self, cluster: u32, cosine: f32) {
        if cosine >= self.least {
            self.found.push((cluster, cosine));
            if self.found.len() == 2 * STRONGEST {
                self.trim();
            }
        }
    }

    fn trim(&mut self) {
        self.found.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(other.1.total_cmp(&one.1)));
        self.found.dedup_by_key(|(cluster, _)| *cluster);
        // Of equals the first, so that it does not matter in which order they came.
        self.found.sort_unstable_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        self.found.truncate(STRONGEST);
        if self.found.len() == STRONGEST {
            self.least = self.found[STRONGEST - 1].1;
        }
    }

    fn clusters(mut self) -> impl Iterator<Item = u32> {
        self.trim();
        self.found.into_iter().map(|(cluster, _)| cluster)
    }
}

#[cfg(test)]
pub(super) mod tests {

    use super::*;

    /// Embeddings of length one with no pattern.
    pub fn embeddings(count: usize, dimension: usize) -> Vec<f32> {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).flat_map(|_| crate::face::normalised((0..dimension).map(|_| next()).collect()).unwrap()).collect()
    }

    #[test]
    fn they_are_those_of_the_definition() {
        let (count, dimension, least) = (1100, 7, 0.6);
        let embeddings = embeddings(count, dimension);
        let embedding = |face: usize| &embeddings[face * dimension..][..dimension];
        let fresh: Vec<u32> = (0..count as u32).filter(|face| face % 3 != 0).collect();

        let cluster_of: Vec<u32> = (0..count as u32).collect();
        let clusters: Vec<Cluster> = (0..count).map(|face| cluster(face % 5 == 0, face % 7 == 0)).collect();

        let mut expected = Vec::new();
        for a in (0..count).filter(|a| a % 3 != 0) {
            for poor in [false, true] {
                let others = (0..count).filter(|&b| a != b && (b % 7 == 0) == poor && (a % 5 != 0 || b % 5 != 0));
                let mut alike: Vec<(f32, usize)> =
                    others.map(|b| (embedding(a).iter().zip(embedding(b)).map(|(x, y)| x * y).sum(), b)).collect();
                alike.retain(|(cosine, _)| *cosine >= least);
                alike.sort_by(|one, other| other.0.total_cmp(&one.0));
                alike.truncate(STRONGEST);
                expected.extend(alike.into_iter().map(|(_, b)| Pair { a: a.min(b) as u32, b: a.max(b) as u32 }));
            }
        }
        expected.sort_unstable();
        expected.dedup();
        let found = neighbours(&embeddings, dimension, &cluster_of, &clusters, &fresh, least);
        assert!(expected.len() > 1000, "{}", expected.len());
        // On the edge of the threshold rounding may differ.
        let differing = found.iter().filter(|pair| expected.binary_search(pair).is_err()).count();
        assert!(differing <= 2 && found.len().abs_diff(expected.len()) <= 2, "{differing}");
    }

    #[test]
    fn a_cluster_is_named_once_and_never_with_itself() {
        let embeddings = [[1.0, 0.0], [1.0, 0.0], [0.6, 0.8], [0.6, 0.8]].concat();
        let clusters = [cluster(true, false), cluster(false, false)];
        let pairs = neighbours(&embeddings, 2, &[0, 0, 1, 1], &clusters, &[2, 3], 0.5);
        assert_eq!(pairs, [Pair { a: 0, b: 1 }]);
    }

    #[test]
    fn cells_find_what_comparing_all_with_all_finds() {
        // Twenty faces each of 300 people, whose cosines with each other are about .7.
        let (people, dimension) = (300, 32);
        let (centres, noise) = (embeddings(people, dimension), embeddings(20 * people, dimension));
        let faces = noise.chunks_exact(dimension).enumerate().flat_map(|(face, noise)| {
            let centre = &centres[face % people * dimension..][..dimension];
            crate::face::normalised(centre.iter().zip(noise).map(|(centre, noise)| centre + 0.65 * noise).collect())
                .unwrap()
        });
        let embeddings: Vec<f32> = faces.collect();
        let count = 20 * people;
        let cluster_of: Vec<u32> = (0..count as u32).collect();
        let clusters: Vec<Cluster> = (0..count).map(|_| cluster(false, false)).collect();
        let search =
            Search { embeddings: &embeddings, dimension, cluster_of: &cluster_of, clusters: &clusters, least: 0.6 };
        let [mut exact, mut found] = [search.exactly(&cluster_of), search.in_cells(&cluster_of, 4 * PROBED)];
        for pairs in [&mut exact, &mut found] {
            pairs.sort_unstable();
            pairs.dedup();
        }
        let missed = exact.iter().filter(|pair| found.binary_search(pair).is_err()).count();
        assert!(exact.len() > 40_000, "{}", exact.len());
        assert!(missed * 200 <= exact.len(), "{missed} of {} missed", exact.len());
        assert!(found.iter().all(|pair| exact.binary_search(pair).is_ok()), "no pair is made up");
    }

    fn cluster(fixed: bool, poor: bool) -> Cluster<'static> {
        Cluster { faces: 1, fixed, poor, ..Cluster::default() }
    }

    #[test]
    fn the_strongest_clusters_are_kept_each_by_its_nearest_face() {
        let mut strongest = Strongest::default();
        for cluster in 0..1000u32 {
            // The most alike is 999 at 0.999; each comes with a weaker face too, and one with many.
            strongest.push(cluster, cluster as f32 / 1000.0);
            strongest.push(cluster, cluster as f32 / 2000.0);
            strongest.push(7, 0.9995);
        }
        let expected: Vec<u32> = [7].into_iter().chain((0..1000).rev()).take(STRONGEST).collect();
        assert_eq!(strongest.clusters().collect::<Vec<_>>(), expected);
    }
}
