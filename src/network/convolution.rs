//! Convolutions whose outputs see many channels, as sums of products with packed weights.
//!
//! No patches are copied: the innermost loop reads the pixels where they lie (like the indirect convolution of Dukhan 2019,
//! <https://arxiv.org/abs/1907.02129>), some pixels by some vectors of channels at a time, whose sums stay in registers.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::activation::Activation;
use super::feature_map::{BORDER, Layout, Source, Target};
use super::layer::{Layer, Window};
use super::vectors::{load, store};

/// Vectors of channels that are summed at once.
const MOST_VECTORS: usize = 3;

/// The largest kernel, in rows.
pub const MOST_ROWS: usize = 7;

#[derive(Debug)]
pub struct Convolution {
    window: Window,
    runs: Vec<Run>,
    blocks: Vec<Block>,
    /// For each block, run and number of the run: a weight for each channel of the block.
    weights: Vec<f32>,
    /// For each channel.
    bias: Vec<f32>,
    activation: Activation,
}

/// Numbers of the input side by side that one sum takes in.
#[derive(Debug)]
struct Run {
    row: usize,
    /// From the first pixel under the kernel.
    start: usize,
    length: usize,
}

/// Output channels that are computed together.
#[derive(Debug)]
struct Block {
    vectors: usize,
    /// The first one.
    channel: usize,
    /// The first one of the input that they see.
    input_channel: usize,
    weights: Range<usize>,
}

impl Convolution {
    /// Packs a layer for an input that lies so.
    pub fn new(layer: &Layer, input: Layout, lanes: usize) -> Self {
        let window = layer.window;
        let channels = layer.outputs.next_multiple_of(lanes);
        // A group is narrower than a vector: each vector sees as many input channels as it has lanes, most weights being zero.
        let seen = if layer.groups > 1 { lanes } else { layer.inputs };
        // Pixels that lie side by side without a gap are one run.
        let joined = layer.groups == 1 && input.pitch == layer.inputs;
        let columns = if joined { 1 } else { window.columns };
        let length = if joined { window.columns * seen } else { seen };
        let runs: Vec<Run> = (0..window.rows)
            .flat_map(|row| (0..columns).map(move |column| Run { row, start: column * input.pitch, length }))
            .collect();

        let vectors = channels / lanes;
        let count = if layer.groups > 1 { vectors } else { vectors.div_ceil(MOST_VECTORS) };
        let mut weights = Vec::with_capacity(channels * window.rows * window.columns * seen);
        let mut blocks = Vec::with_capacity(count);
        for block in 0..count {
            let (first, end) = (vectors * block / count, vectors * (block + 1) / count);
            let (channel, start) = (first * lanes, weights.len());
            let input_channel = if layer.groups > 1 { channel } else { 0 };
            for row in 0..window.rows {
                for column in 0..window.columns {
                    for input in input_channel..input_channel + seen {
                        weights.extend((channel..end * lanes).map(|output| layer.weight(output, input, row, column)));
                    }
                }
            }
            blocks.push(Block { vectors: end - first, channel, input_channel, weights: start..weights.len() });
        }
        let bias = (0..channels).map(|channel| layer.bias.get(channel).copied().unwrap_or(0.0)).collect();
        Self { window, runs, blocks, weights, bias, activation: layer.padded_activation(channels) }
    }
}

/// Computes some rows of a convolution's output, and adds those of another map where there is one.
pub struct Convolve<'a> {
    pub convolution: &'a Convolution,
    pub input: Source<'a>,
    pub add: Option<Source<'a>>,
    pub output: Target<'a>,
    pub rows: Range<usize>,
}

impl WithSimd for Convolve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Convolution { blocks, .. } = self.convolution;
        for block in blocks {
            // As many sums as there are registers for, less those for the weights and the pixel.
            match (block.vectors, S::REGISTER_COUNT >= 32) {
                (1, true) => self.block::<S, 8, 1>(simd, block),
                (2, true) => self.block::<S, 8, 2>(simd, block),
                (_, true) => self.block::<S, 8, MOST_VECTORS>(simd, block),
                (1, false) => self.block::<S, 4, 1>(simd, block),
                (2, false) => self.block::<S, 4, 2>(simd, block),
                (_, false) => self.block::<S, 4, MOST_VECTORS>(simd, block),
            }
        }
    }
}

impl Convolve<'_> {
    #[inline(always)]
    fn block<S: Simd, const PIXELS: usize, const VECTORS: usize>(&mut self, simd: S, block: &Block) {
        let Convolution { window, runs, weights, bias, activation, .. } = self.convolution;
        let weights = S::as_simd_f32s(&weights[block.weights.clone()]).0.as_chunks::<VECTORS>().0;
        let bias: [S::f32s; VECTORS] =
            std::array::from_fn(|vector| load::<S>(bias, block.channel + vector * S::F32_LANES));
        let from = self.input.layout;
        let to = self.output.layout;
        let first = from.start + block.input_channel - window.padding * from.pitch;
        for y in self.rows.clone() {
            let top = (y * window.stride) as isize - window.padding as isize;
            let rows: [&[f32]; MOST_ROWS] = std::array::from_fn(|row| self.input.row(top + row as isize));
            let add = self.add.map(|add| (add.layout, add.row(y as isize)));
            let output = self.output.row(y);
            for x in (0..to.width).step_by(PIXELS) {
                let starts: [usize; PIXELS] =
                    std::array::from_fn(|pixel| first + (x + pixel).min(to.width - 1) * window.stride * from.pitch);
                let mut sums = [bias; PIXELS];
                let mut rest = weights;
                for run in runs {
                    let (weights, later) = rest.split_at(run.length);
                    rest = later;
                    let pixels: [&[f32]; PIXELS] =
                        std::array::from_fn(|pixel| &rows[run.row][starts[pixel] + run.start..][..run.length]);
                    for (index, weights) in weights.iter().enumerate() {
                        for pixel in 0..PIXELS {
                            let number = simd.splat_f32s(pixels[pixel][index]);
                            for vector in 0..VECTORS {
                                let sum = &mut sums[pixel][vector];
                                *sum = simd.mul_add_e_f32s(number, weights[vector], *sum);
                            }
                        }
                    }
                }
                for (pixel, sums) in sums.iter().enumerate().take(to.width - x) {
                    for (vector, &sum) in sums.iter().enumerate() {
                        let channel = block.channel + vector * S::F32_LANES;
                        let mut sum = activation.apply(simd, sum, channel);
                        if let Some((layout, row)) = add {
                            let position = layout.start + (x + pixel) * layout.pitch + channel;
                            sum = simd.add_f32s(sum, load::<S>(row, position));
                        }
                        store::<S>(output, to.start + (x + pixel) * to.pitch + channel, sum);
                    }
                }
            }
        }
    }
}

/// Whether the kernel never reaches beyond the border of its input.
pub fn fits(window: Window, input: Layout, output: Layout) -> bool {
    let end = (output.width - 1) * window.stride + window.columns;
    window.padding <= BORDER && end <= input.width + window.padding + BORDER && window.rows <= MOST_ROWS
}
