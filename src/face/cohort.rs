//! How alike a face is to people in general.
//!
//! Children look more like each other than adults do, and so do faces with little to see: what two of them have in common says less.
//! How much a face is like others is predicted from centres of many people's embeddings, children among them; whose they were, and
//! how they were made, is in `models/README.md`. No embedding of anybody is in it.

/// Centres of many people's embeddings.
#[derive(Debug)]
pub struct Cohort {
    /// Of length one, one behind the other, as little-endian 32-bit floats.
    centres: &'static [u8],
    dimension: usize,
    /// How much less alike two faces count for each of a face's similarity to its nearest centres that is beyond `typical`.
    weight: f32,
    /// What the mean similarity of an adult's face to its nearest centres is.
    typical: f32,
}

/// So many centres are the nearest.
const NEAREST: usize = 3;

/// For the recogniser that ships.
pub(super) static SFACE: Cohort =
    Cohort { centres: include_bytes!("../../models/sface_centres.f32"), dimension: 128, weight: 0.75, typical: 0.35 };

impl Cohort {
    /// What half of a face's likeness to people in general takes off its similarity to others: above 0 for one that is like many, as
    /// a child's, below for one that is like few.
    pub fn score(&self, embedding: &[f32]) -> f32 {
        let (numbers, _) = self.centres.as_chunks::<4>();
        let mut nearest = [-1.0f32; NEAREST];
        for centre in numbers.chunks_exact(self.dimension) {
            let mut similarity: f32 =
                centre.iter().zip(embedding).map(|(&bytes, number)| f32::from_le_bytes(bytes) * number).sum();
            for place in &mut nearest {
                if similarity > *place {
                    std::mem::swap(place, &mut similarity);
                }
            }
        }
        self.weight * (nearest.iter().sum::<f32>() / NEAREST as f32 - self.typical)
    }
}
