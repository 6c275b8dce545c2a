//! Faces sorted into cells of embeddings that lie near each other: an inverted file, as in Jégou et al., "Product Quantization for
//! Nearest Neighbor Search", PAMI 2011, section IV, without the quantisation. It is how neighbours are found among so many
//! faces that comparing all of them with each other would take hours.

use rayon::prelude::*;

use super::products::products;
use crate::face::normalised;

/// The centres are found on this many faces a cell, drawn evenly: more make no better cells.
const SAMPLED_A_CELL: usize = 64;

/// Rounds of k-means; later ones move hardly any face.
const ROUNDS: usize = 8;

/// Rows whose products with all centres are in memory at once, for each thread.
const ROWS: usize = 512;

/// Faces in cells.
pub(super) struct Cells {
    pub centres: Centres,
    /// The faces of each cell, by index, ascending.
    pub faces: Vec<Vec<u32>>,
    /// Their embeddings, one behind the other: once copied, they need not be gathered for each who looks into the cell.
    pub embeddings: Vec<Vec<f32>>,
}

impl Cells {
    /// Sorts faces into so many cells. `embeddings` are of length one and of `dimension` numbers, one behind the other.
    /// The same faces give the same cells.
    pub fn new(embeddings: &[f32], dimension: usize, cells: usize) -> Self {
        let centres = Centres::of(embeddings, dimension, cells);
        let mut faces = vec![Vec::new(); centres.count()];
        for (face, cell) in centres.nearest(embeddings, 1).into_iter().enumerate() {
            faces[cell as usize].push(face as u32);
        }
        let embeddings = faces.iter().map(|faces| gathered(embeddings, dimension, faces)).collect();
        Self { centres, faces, embeddings }
    }
}

/// The embeddings of these faces, one behind the other.
pub(super) fn gathered(embeddings: &[f32], dimension: usize, faces: &[u32]) -> Vec<f32> {
    let mut gathered = Vec::with_capacity(faces.len() * dimension);
    faces.iter().for_each(|&face| gathered.extend_from_slice(&embeddings[face as usize * dimension..][..dimension]));
    gathered
}

/// The centres of cells: unit vectors of `dimension` numbers, one behind the other.
pub(super) struct Centres {
    pub centres: Vec<f32>,
    pub dimension: usize,
}

impl Centres {
    /// How many embeddings so many centres are found on.
    pub fn sampled(cells: usize) -> usize {
        cells.max(1) * SAMPLED_A_CELL
    }

    /// So many centres among these embeddings, by spherical k-means.
    pub fn of(embeddings: &[f32], dimension: usize, cells: usize) -> Self {
        let count = embeddings.len() / dimension;
        let cells = cells.clamp(1, count.max(1));
        let every = (count / (cells * SAMPLED_A_CELL)).max(1);
        let sample: Vec<u32> = (0..count as u32).step_by(every).collect();
        let sample = gathered(embeddings, dimension, &sample);
        let of_sample = sample.len() / dimension;
        let start = (0..cells).filter_map(|cell| sample.get(cell * of_sample / cells * dimension..)?.get(..dimension));
        let mut centres = Self { centres: start.flatten().copied().collect(), dimension };
        for _ in 0..ROUNDS {
            centres.move_centres(&sample);
        }
        centres
    }

    /// How many cells there are.
    pub fn count(&self) -> usize {
        self.centres.len() / self.dimension
    }

    /// For each of these embeddings the `wanted` cells whose centres are most similar, one embedding behind the other, in no
    /// particular order.
    pub fn nearest(&self, embeddings: &[f32], wanted: usize) -> Vec<u32> {
        let (count, wanted) = (self.count(), wanted.min(self.count()));
        let chunks = embeddings.par_chunks(ROWS * self.dimension).map(|rows| {
            let mut cosines = vec![0.0; rows.len() / self.dimension * count];
            products(rows, &self.centres, self.dimension, &mut cosines);
            let mut order: Vec<u32> = (0..count as u32).collect();
            let mut nearest = Vec::with_capacity(rows.len() / self.dimension * wanted);
            for cosines in cosines.chunks_exact(count) {
                let descending =
                    |a: &u32, b: &u32| cosines[*b as usize].total_cmp(&cosines[*a as usize]).then(a.cmp(b));
                order.select_nth_unstable_by(wanted - 1, descending);
                nearest.extend(&order[..wanted]);
            }
            nearest
        });
        chunks.collect::<Vec<_>>().concat()
    }

    /// One round of k-means: each centre becomes the mean direction of the faces nearest to it. One that has none stays.
    fn move_centres(&mut self, sample: &[f32]) {
        let mut sums = vec![0.0; self.centres.len()];
        for (embedding, cell) in sample.chunks_exact(self.dimension).zip(self.nearest(sample, 1)) {
            let sum = &mut sums[cell as usize * self.dimension..][..self.dimension];
            sum.iter_mut().zip(embedding).for_each(|(sum, number)| *sum += number);
        }
        for (centre, sum) in self.centres.chunks_exact_mut(self.dimension).zip(sums.chunks_exact(self.dimension)) {
            if let Some(mean) = normalised(sum.to_vec()) {
                centre.copy_from_slice(&mean);
            }
        }
    }
}
