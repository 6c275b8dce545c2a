//! The layout that SCRFD's and RetinaFace's outputs share: for each of three strides two anchors a cell.

use crate::network::Output;

/// Scores for the three strides, then boxes for the three, then landmarks for the three.
pub(super) const OUTPUTS: usize = 9;

const STRIDES: [usize; 3] = [8, 16, 32];
const ANCHORS: usize = 2;

/// One anchor whose score is high enough, with what the network says of it.
pub(super) struct Anchor<'a> {
    pub score: f32,
    pub stride: f32,
    /// 0 for the stride of 8, 1 for 16, 2 for 32.
    pub level: usize,
    /// Which of the cell's two it is.
    pub which: usize,
    /// Upper left corner of its cell, in pixels of the network's input.
    pub x: f32,
    pub y: f32,
    pub bounds: &'a [f32],
    pub landmarks: &'a [f32],
}

/// The anchors that score at least `threshold` in a network's outputs for a picture of `width` pixels across.
pub(super) fn anchors(outputs: &[Output], width: usize, threshold: f32) -> impl Iterator<Item = Anchor<'_>> {
    STRIDES.into_iter().enumerate().flat_map(move |(level, stride)| {
        let [scores, bounds, landmarks] = [0, 3, 6].map(|kind| &outputs[kind + level].values);
        let columns = width.div_ceil(stride);
        let likely = scores.iter().copied().enumerate().filter(move |(_, score)| *score >= threshold);
        likely.map(move |(anchor, score)| {
            let cell = anchor / ANCHORS;
            Anchor {
                score,
                stride: stride as f32,
                level,
                which: anchor % ANCHORS,
                x: (cell % columns * stride) as f32,
                y: (cell / columns * stride) as f32,
                bounds: &bounds[4 * anchor..][..4],
                landmarks: &landmarks[10 * anchor..][..10],
            }
        })
    })
}

/// How many numbers each output has for a square picture of `side` pixels.
pub(super) fn lengths(side: usize) -> [usize; OUTPUTS] {
    let anchors = STRIDES.map(|stride| ANCHORS * (side / stride).pow(2));
    std::array::from_fn(|output| anchors[output % 3] * [1, 4, 10][output / 3])
}
