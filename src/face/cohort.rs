//! How alike a face is to people in general.
//!
//! Children look more like each other than adults do, and so do faces with little to see: what two of them have in common says less.
//! How much a face is like others is predicted from centres of many people's embeddings, children among them; whose they were, and
//! how they were made, is in `models/README.md`. No embedding of anybody is in it.

use std::sync::LazyLock;

use super::dot;

/// Centres of many people's embeddings.
#[derive(Debug)]
pub struct Cohort {
    /// Of length one, one behind the other.
    centres: Vec<f32>,
    dimension: usize,
    /// How much less alike two faces count for each of a face's similarity to its nearest centres that is beyond `typical`.
    weight: f32,
    /// What the mean similarity of an adult's face to its nearest centres is.
    typical: f32,
}

/// So many centres are the nearest.
const NEAREST: usize = 3;

/// For the recogniser that ships.
pub(super) static SFACE: LazyLock<Cohort> = LazyLock::new(|| {
    let (numbers, _) = include_bytes!("../../models/sface_centres.f32").as_chunks();
    let centres = numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    Cohort { centres, dimension: 128, weight: 0.75, typical: 0.35 }
});

impl Cohort {
    /// What half of a face's likeness to people in general takes off its similarity to others: above 0 for one that is like many, as
    /// a child's, below for one that is like few.
    pub fn score(&self, embedding: &[f32]) -> f32 {
        let mut nearest = [-1.0f32; NEAREST];
        for centre in self.centres.chunks_exact(self.dimension) {
            let mut similarity = dot(centre, embedding);
            for place in &mut nearest {
                if similarity > *place {
                    std::mem::swap(place, &mut similarity);
                }
            }
        }
        self.weight * (nearest.iter().sum::<f32>() / NEAREST as f32 - self.typical)
    }
}
