//! Pairs of faces that are alike: exact cosines, by blocked matrix products.

use rayon::prelude::*;

/// Two faces, by index, and the cosine of their vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    pub a: u32,
    pub b: u32,
    pub cosine: f32,
}

/// Rows and columns of a block: its cosines stay in the cache until they have been looked through.
const BLOCK: usize = 512;

/// All pairs of a fresh face and any other whose cosine is at least `least`, each pair once.
///
/// `vectors` are the faces' vectors of length one and of `dimension` numbers, one behind the other;
/// `fresh` are indices of faces, in ascending order.
pub fn neighbours(vectors: &[f32], dimension: usize, fresh: &[u32], least: f32) -> Vec<Pair> {
    let count = vectors.len() / dimension;
    let mut is_fresh = vec![false; count];
    for &face in fresh {
        is_fresh[face as usize] = true;
    }
    fresh
        .par_chunks(BLOCK)
        .flat_map_iter(|rows| {
            let gathered: Vec<f32> =
                rows.iter().flat_map(|&row| &vectors[row as usize * dimension..][..dimension]).copied().collect();
            let mut cosines = vec![0.0; rows.len() * BLOCK];
            let mut pairs = Vec::new();
            for first in (0..count).step_by(BLOCK) {
                let columns = BLOCK.min(count - first);
                let others = &vectors[first * dimension..][..columns * dimension];
                products(&gathered, others, dimension, &mut cosines[..rows.len() * columns]);
                for (row, cosines) in rows.iter().zip(cosines.chunks_exact(columns)) {
                    let alike = cosines.iter().enumerate().filter(|(_, cosine)| **cosine >= least);
                    pairs.extend(alike.filter_map(|(column, &cosine)| {
                        let (a, b) = (*row, (first + column) as u32);
                        // Two fresh faces meet twice, in the row of each: the second meeting is passed over.
                        (a != b && !(is_fresh[b as usize] && b < a)).then_some(Pair { a, b, cosine })
                    }));
                }
            }
            pairs
        })
        .collect()
}

/// `out[i][j]` = row `i` of `a` times row `j` of `b`.
fn products(a: &[f32], b: &[f32], dimension: usize, out: &mut [f32]) {
    let (rows, columns) = (a.len() / dimension, b.len() / dimension);
    let (row, one) = (dimension as isize, 1);
    assert_eq!(out.len(), rows * columns);
    // SAFETY: the three matrices have the lengths that their sizes and strides speak of: `a` rows x dimension, `b`
    // columns x dimension (read transposed), `out` rows x columns, all dense and row-major; `out` is overwritten, not read.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            dimension,
            out.as_mut_ptr(),
            one,
            columns as isize,
            false,
            a.as_ptr(),
            one,
            row,
            b.as_ptr(),
            row,
            one,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of length one with no pattern.
    fn vectors(count: usize, dimension: usize) -> Vec<f32> {
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
        let vectors = vectors(count, dimension);
        let vector = |face: usize| &vectors[face * dimension..][..dimension];
        let fresh: Vec<u32> = (0..count as u32).filter(|face| face % 3 != 0).collect();

        let mut expected = Vec::new();
        for a in 0..count {
            for b in a + 1..count {
                let cosine: f32 = vector(a).iter().zip(vector(b)).map(|(x, y)| x * y).sum();
                if cosine >= least && (a % 3 != 0 || b % 3 != 0) {
                    expected.push((a as u32, b as u32));
                }
            }
        }
        let mut found: Vec<(u32, u32)> = neighbours(&vectors, dimension, &fresh, least)
            .into_iter()
            .map(|pair| (pair.a.min(pair.b), pair.a.max(pair.b)))
            .collect();
        found.sort_unstable();
        assert!(expected.len() > 1000, "{}", expected.len());
        // On the edge of the threshold rounding may differ.
        let differing = found.iter().filter(|pair| !expected.contains(pair)).count();
        assert!(differing <= 2 && found.len().abs_diff(expected.len()) <= 2);
    }
}
