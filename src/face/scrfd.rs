//! What SCRFD's outputs mean (<https://arxiv.org/abs/2105.04714>, the variants with landmarks).

use super::anchors::anchors;
use super::detection::{Detection, Normalise};
use crate::network::Output;

/// RGB, about -1 to 1.
pub(super) const INPUT: Normalise = Normalise { mean: [127.5; 3], scale: 128.0, order: [0, 1, 2] };

/// The faces with at least `threshold`, in pixels of the network's input, not yet rid of doubles.
pub(super) fn decode(outputs: &[Output], width: usize, threshold: f32) -> Vec<Detection> {
    anchors(outputs, width, threshold)
        .map(|anchor| {
            // Distances from the cell's corner to the four sides, in strides.
            let side = |index: usize| anchor.bounds[index] * anchor.stride;
            Detection {
                score: anchor.score,
                x: anchor.x - side(0),
                y: anchor.y - side(1),
                width: side(0) + side(2),
                height: side(1) + side(3),
                landmarks: std::array::from_fn(|point| {
                    let offset = |axis: usize| anchor.landmarks[2 * point + axis] * anchor.stride;
                    [anchor.x + offset(0), anchor.y + offset(1)]
                }),
            }
        })
        .collect()
}
