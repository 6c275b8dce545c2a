//! What RetinaFace's outputs mean (<https://arxiv.org/abs/1905.00641>, with the MobileNet-0.25 of biubug6).

use super::anchors::anchors;
use super::detection::{Detection, Normalise};
use crate::network::Output;

/// BGR, less the mean of ImageNet.
pub(super) const INPUT: Normalise = Normalise { mean: [123.0, 117.0, 104.0], scale: 1.0, order: [2, 1, 0] };

/// Sides of the anchors in pixels, two for each stride.
const SIDES: [[f32; 2]; 3] = [[16.0, 32.0], [64.0, 128.0], [256.0, 512.0]];

/// Offsets are in tenths of the anchor's side, sizes in fifths of its logarithm.
const VARIANCES: [f32; 2] = [0.1, 0.2];

/// The faces with at least `threshold`, in pixels of the network's input, not yet rid of doubles.
pub(super) fn decode(outputs: &[Output], width: usize, threshold: f32) -> Vec<Detection> {
    anchors(outputs, width, threshold)
        .map(|anchor| {
            let side = SIDES[anchor.level][anchor.which];
            let (x, y) = (anchor.x + anchor.stride / 2.0, anchor.y + anchor.stride / 2.0);
            let offset = |number: f32| number * VARIANCES[0] * side;
            let length = |number: f32| side * (number * VARIANCES[1]).exp();
            let (width, height) = (length(anchor.bounds[2]), length(anchor.bounds[3]));
            Detection {
                score: anchor.score,
                x: x + offset(anchor.bounds[0]) - width / 2.0,
                y: y + offset(anchor.bounds[1]) - height / 2.0,
                width,
                height,
                landmarks: std::array::from_fn(|point| {
                    [x + offset(anchor.landmarks[2 * point]), y + offset(anchor.landmarks[2 * point + 1])]
                }),
            }
        })
        .collect()
}
