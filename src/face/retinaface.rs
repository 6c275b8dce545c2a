//! What RetinaFace's outputs mean (<https://arxiv.org/abs/1905.00641>, with the MobileNet-0.25 of biubug6).

use super::detect::{Detection, Normalise};
use super::network::Output;

/// BGR, less the mean of ImageNet.
pub(super) const INPUT: Normalise = Normalise { mean: [123.0, 117.0, 104.0], scale: 1.0, order: [2, 1, 0] };

/// Cells of 8, 16 and 32 pixels, two prior boxes each: stride and sides in pixels.
const PRIORS: [(usize, [f32; 2]); 3] = [(8, [16.0, 32.0]), (16, [64.0, 128.0]), (32, [256.0, 512.0])];

/// Offsets are in tenths of the prior's side, sizes in fifths of its logarithm.
const VARIANCES: [f32; 2] = [0.1, 0.2];

/// The faces with at least `threshold`, in pixels of the network's input, not yet rid of doubles.
pub(super) fn decode(outputs: &[Output], width: usize, height: usize, threshold: f32) -> Vec<Detection> {
    let [boxes, scores, landmarks] = outputs else { return Vec::new() };
    priors(width, height)
        .enumerate()
        .filter(|(index, _)| scores.values[2 * index + 1] >= threshold)
        .map(|(index, prior)| {
            let offset = &boxes.values[4 * index..];
            let centre_x = prior.x + offset[0] * VARIANCES[0] * prior.side;
            let centre_y = prior.y + offset[1] * VARIANCES[0] * prior.side;
            let width = prior.side * (offset[2] * VARIANCES[1]).exp();
            let height = prior.side * (offset[3] * VARIANCES[1]).exp();
            let points = &landmarks.values[10 * index..];
            Detection {
                score: scores.values[2 * index + 1],
                x: centre_x - width / 2.0,
                y: centre_y - height / 2.0,
                width,
                height,
                landmarks: std::array::from_fn(|point| {
                    [
                        prior.x + points[2 * point] * VARIANCES[0] * prior.side,
                        prior.y + points[2 * point + 1] * VARIANCES[0] * prior.side,
                    ]
                }),
            }
        })
        .collect()
}

struct Prior {
    x: f32,
    y: f32,
    side: f32,
}

/// In the order of the outputs: level, row, column, side.
fn priors(width: usize, height: usize) -> impl Iterator<Item = Prior> {
    PRIORS.into_iter().flat_map(move |(stride, sides)| {
        let (rows, columns) = (height.div_ceil(stride), width.div_ceil(stride));
        (0..rows * columns).flat_map(move |cell| {
            let (row, column) = (cell / columns, cell % columns);
            sides.into_iter().map(move |side| Prior {
                x: (column as f32 + 0.5) * stride as f32,
                y: (row as f32 + 0.5) * stride as f32,
                side,
            })
        })
    })
}
