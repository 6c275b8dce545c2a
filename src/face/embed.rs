//! An aligned face -> an embedding of length one.

use image::RgbImage;

use super::align::SIDE;
use super::{Embedding, ModelError};
use crate::network::{Graph, Network};

/// A recogniser: faces of one person come out near each other, faces of two far apart.
pub struct Recogniser {
    network: Network,
    /// A pixel value `v` goes in as `(v - 127.5) / scale`.
    scale: f32,
}

impl Recogniser {
    /// Makes a recogniser ready. Its graph takes `1 x 3 x 112 x 112`, RGB.
    ///
    /// # Errors
    /// The graph does not take such a picture.
    pub fn new(onnx: &[u8], scale: f32) -> Result<Self, ModelError> {
        Ok(Self { network: Graph::parse(onnx)?.network(SIDE as usize, SIDE as usize)?, scale })
    }

    /// The embedding of an aligned face (112 x 112 pixels), of length one, and the length that the network gave it.
    ///
    /// # Errors
    /// Those of the network.
    pub fn embed(&self, face: &RgbImage) -> Result<(Embedding, f32), ModelError> {
        let side = SIDE as usize;
        let input = numbers(face, side, side, |_, value| (f32::from(value) - 127.5) / self.scale, [0, 1, 2]);
        let mut outputs = self.network.run(&input)?;
        let embedding = outputs.drain(..).next().ok_or(ModelError::NoEmbedding)?.values;
        let length = dot(&embedding, &embedding).sqrt();
        Ok((normalised(embedding).ok_or(ModelError::NoEmbedding)?, length))
    }
}

/// The pixels of a picture as `height x width x 3` numbers: the channels in `order`, each value through
/// `normalise(channel, value)`; what the picture does not reach of the `width` x `height` is as black pixels are.
pub(super) fn numbers(
    picture: &RgbImage,
    width: usize,
    height: usize,
    normalise: impl Fn(usize, u8) -> f32,
    order: [usize; 3],
) -> Vec<f32> {
    let black = order.map(|channel| normalise(channel, 0));
    let mut numbers = black.repeat(width * height);
    let rows = picture.as_raw().chunks_exact(3 * picture.width() as usize);
    for (row, numbers) in rows.zip(numbers.chunks_exact_mut(3 * width)) {
        for (pixel, numbers) in row.as_chunks().0.iter().zip(numbers.as_chunks_mut().0) {
            let pixel: &[u8; 3] = pixel;
            *numbers = order.map(|channel| normalise(channel, pixel[channel]));
        }
    }
    numbers
}

/// The dot product of two embeddings of one dimension; their cosine, where both have length one.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Sums side by side: with one alone, each addition would wait for the one before.
    const LANES: usize = 16;
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// The embedding brought to length one; `None` for one that has no direction.
pub fn normalised(mut embedding: Vec<f32>) -> Option<Embedding> {
    let length = dot(&embedding, &embedding).sqrt();
    if !length.is_normal() {
        return None;
    }
    embedding.iter_mut().for_each(|number| *number /= length);
    Some(embedding)
}
