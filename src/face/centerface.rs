//! What CenterFace's outputs mean (<https://arxiv.org/abs/1911.03599>).

use super::detection::{Detection, Normalise};
use crate::network::Output;

/// RGB, 0 to 255 as they are.
pub(super) const INPUT: Normalise = Normalise { mean: [0.0; 3], scale: 1.0, order: [0, 1, 2] };

/// Outputs a heatmap, sizes, offsets and landmarks for every cell of 4 x 4 pixels.
const STRIDE: f32 = 4.0;

/// The faces with at least `threshold`, in pixels of the network's input, not yet rid of doubles.
pub(super) fn decode(outputs: &[Output], threshold: f32) -> Vec<Detection> {
    let [heatmap, sizes, offsets, landmarks] = outputs else {
        unreachable!("they were counted when it was made ready")
    };
    let columns = heatmap.shape[3];
    let cells = heatmap.values.len();
    (0..cells)
        .filter(|&cell| heatmap.values[cell] >= threshold)
        .map(|cell| {
            let plane = |output: &Output, index: usize| output.values[index * cells + cell];
            let (row, column) = ((cell / columns) as f32, (cell % columns) as f32);
            let height = plane(sizes, 0).exp() * STRIDE;
            let width = plane(sizes, 1).exp() * STRIDE;
            let x = (column + plane(offsets, 1) + 0.5) * STRIDE - width / 2.0;
            let y = (row + plane(offsets, 0) + 0.5) * STRIDE - height / 2.0;
            Detection {
                score: heatmap.values[cell],
                x,
                y,
                width,
                height,
                // Fractions of the box, y before x.
                landmarks: std::array::from_fn(|point| {
                    [x + plane(landmarks, 2 * point + 1) * width, y + plane(landmarks, 2 * point) * height]
                }),
            }
        })
        .collect()
}
