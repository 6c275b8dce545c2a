//! What SCRFD's outputs mean (<https://arxiv.org/abs/2105.04714>, the variants with landmarks).

use super::detect::{Detection, Normalise};
use super::network::Output;

/// RGB, about -1 to 1.
pub(super) const INPUT: Normalise = Normalise { mean: [127.5; 3], scale: 128.0, order: [0, 1, 2] };

/// Scores for the three strides, then boxes for the three, then landmarks for the three.
pub(super) const OUTPUTS: usize = 9;

const STRIDES: [usize; 3] = [8, 16, 32];
const ANCHORS: usize = 2;

/// The faces with at least `threshold`, in pixels of the network's input, not yet rid of doubles.
pub(super) fn decode(outputs: &[Output], width: usize, threshold: f32) -> Vec<Detection> {
    let mut found = Vec::new();
    for (level, stride) in STRIDES.into_iter().enumerate() {
        let [scores, boxes, landmarks] = [0, 3, 6].map(|kind| &outputs[kind + level].values);
        let columns = width.div_ceil(stride);
        let stride = stride as f32;
        for (anchor, &score) in scores.iter().enumerate().filter(|(_, score)| **score >= threshold) {
            let cell = anchor / ANCHORS;
            let (x, y) = ((cell % columns) as f32 * stride, (cell / columns) as f32 * stride);
            // Distances from the anchor to the four sides, in strides.
            let side = |index: usize| boxes[4 * anchor + index] * stride;
            found.push(Detection {
                score,
                x: x - side(0),
                y: y - side(1),
                width: side(0) + side(2),
                height: side(1) + side(3),
                landmarks: std::array::from_fn(|point| {
                    let offset = |axis: usize| landmarks[10 * anchor + 2 * point + axis] * stride;
                    [x + offset(0), y + offset(1)]
                }),
            });
        }
    }
    found
}
