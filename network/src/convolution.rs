//! Convolutions whose outputs see many channels, as sums of products with packed weights.
//!
//! No patches are copied: the innermost loop reads the pixels where they lie (like the indirect convolution of Dukhan 2019,
//! <https://arxiv.org/abs/1907.02129>), some pixels by some vectors of channels at a time, whose sums stay in registers.

use std::cell::RefCell;
use std::ops::Range;

use pulp::{Simd, WithSimd, bytemuck};

use super::feature_map::{Source, Target};
use super::layer::{Layer, MOST_ROWS, Window, filled_up};
use super::pairs::{Pairs, pair};
use super::vectors::{Width, activate, mul_add};

/// Vectors of channels that are summed at once.
const MOST_VECTORS: usize = 3;

#[derive(Debug)]
pub struct Convolution {
    window: Window,
    /// The parts are pairs of numbers, and not single ones.
    pairs: Option<Pairs>,
    runs: Vec<Run>,
    blocks: Vec<Block>,
    /// For each block, run and part of the run: what it is multiplied by for each channel of the block.
    weights: Vec<u32>,
    /// For each channel.
    bias: Vec<f32>,
    slopes: Vec<f32>,
}

/// Parts of the input side by side that one sum takes in.
#[derive(Debug)]
struct Run {
    row: usize,
    /// From the first pixel under the kernel.
    start: usize,
    length: usize,
}

/// How a part of the input, 32 bits, is multiplied.
pub trait Product<S: Simd>: Copy {
    /// Adds its products with the weights of some channels to the sums of these. The part is the same in all lanes.
    fn add(self, simd: S, part: S::u32s, weights: S::u32s, sums: S::f32s) -> S::f32s;
}

/// As a number.
#[derive(Debug, Clone, Copy)]
pub struct Single;

impl<S: Simd> Product<S> for Single {
    #[inline(always)]
    fn add(self, simd: S, part: S::u32s, weights: S::u32s, sums: S::f32s) -> S::f32s {
        mul_add(simd, simd.transmute_f32s_u32s(part), simd.transmute_f32s_u32s(weights), sums)
    }
}

/// Output channels that are computed together.
#[derive(Debug)]
struct Block {
    vectors: usize,
    /// The first one.
    channel: usize,
    /// The first part of an input pixel that they see.
    input_part: usize,
    weights: Range<usize>,
}

impl Convolution {
    /// Packs a layer whose input has `pitch` numbers for each pixel.
    pub fn new(layer: &Layer, pitch: usize, lanes: usize, pairs: Option<Pairs>) -> Self {
        let pairs = pairs.filter(|_| pitch.is_multiple_of(lanes));
        let together = if pairs.is_some() { 2 } else { 1 };
        let window = layer.window;
        let channels = layer.outputs.next_multiple_of(lanes);
        // A group is narrower than a vector: each vector sees as many input channels as it has lanes, most weights being zero.
        let seen = if layer.groups > 1 { lanes } else { layer.inputs };
        // Pixels that lie side by side without a gap are one run.
        let joined = layer.groups == 1 && pitch == layer.inputs;
        let columns = if joined { 1 } else { window.columns };
        let length = seen.div_ceil(together) * if joined { window.columns } else { 1 };
        let runs: Vec<Run> = (0..window.rows)
            .flat_map(|row| (0..columns).map(move |column| Run { row, start: column * pitch / together, length }))
            .collect();

        let vectors = channels / lanes;
        let count = if layer.groups > 1 { vectors } else { vectors.div_ceil(MOST_VECTORS) };
        let mut weights = Vec::with_capacity(channels * window.rows * window.columns * seen.div_ceil(together));
        let mut blocks = Vec::with_capacity(count);
        for block in 0..count {
            let (first, end) = (vectors * block / count, vectors * (block + 1) / count);
            let (channel, start) = (first * lanes, weights.len());
            let input_channel = if layer.groups > 1 { channel } else { 0 };
            for row in 0..window.rows {
                for column in 0..window.columns {
                    for input in (input_channel..input_channel + seen).step_by(together) {
                        let weight = |output, input| layer.weight(output, input, row, column);
                        let outputs = channel..end * lanes;
                        match pairs {
                            Some(_) => {
                                weights.extend(outputs.map(|out| pair([0, 1].map(|next| weight(out, input + next)))))
                            }
                            None => weights.extend(outputs.map(|output| weight(output, input).to_bits())),
                        }
                    }
                }
            }
            let input_part = input_channel / together;
            blocks.push(Block { vectors: end - first, channel, input_part, weights: start..weights.len() });
        }
        let (bias, slopes) = (filled_up(&layer.bias, channels), filled_up(&layer.slopes, channels));
        Self { window, pairs, runs, blocks, weights, bias, slopes }
    }

    /// Computes some rows of the output, and adds those of another map where there is one.
    pub fn run<W: Width>(&self, input: Source<'_>, add: Option<Source<'_>>, output: Target<'_>, rows: Range<usize>) {
        thread_local! {
            static MEMORY: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
        }
        let convolution = self;
        let Some(pairs) = self.pairs else {
            let Source { numbers, layout, zeros } = input;
            let [numbers, zeros] = [numbers, zeros].map(bytemuck::cast_slice);
            let input = Source { numbers, layout, zeros };
            return W::run(Convolve { convolution, product: Single, input, add, output, rows });
        };
        MEMORY.with_borrow_mut(|memory| {
            let input = pairs.of(input, self.window.reached(&rows, input.layout.height), memory);
            pairs.run(Convolve { convolution, product: pairs, input, add, output, rows });
        });
    }
}

/// Some rows of a convolution's output, to be computed.
pub struct Convolve<'a, P> {
    convolution: &'a Convolution,
    product: P,
    input: Source<'a, u32>,
    add: Option<Source<'a>>,
    output: Target<'a>,
    rows: Range<usize>,
}

impl WithSimd for Convolve<'_, Single> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.run(simd);
    }
}

impl<P> Convolve<'_, P> {
    #[inline(always)]
    pub fn run<S: Simd>(mut self, simd: S)
    where
        P: Product<S>,
    {
        for block in &self.convolution.blocks {
            match block.vectors {
                1 => self.vectors::<S, 1>(simd, block),
                2 => self.vectors::<S, 2>(simd, block),
                _ => self.vectors::<S, MOST_VECTORS>(simd, block),
            }
        }
    }

    #[inline(always)]
    fn vectors<S: Simd, const VECTORS: usize>(&mut self, simd: S, block: &Block)
    where
        P: Product<S>,
    {
        // As many sums as there are registers for, less those for the weights and the pixel.
        match self.output.layout.width {
            8.. if S::REGISTER_COUNT >= 32 => self.block::<S, 8, VECTORS>(simd, block),
            4.. => self.block::<S, 4, VECTORS>(simd, block),
            _ => self.block::<S, 1, VECTORS>(simd, block),
        }
    }

    #[inline(always)]
    fn block<S: Simd, const PIXELS: usize, const VECTORS: usize>(&mut self, simd: S, block: &Block)
    where
        P: Product<S>,
    {
        let Convolution { window, runs, weights, bias, slopes, .. } = self.convolution;
        let weights = S::as_simd_u32s(&weights[block.weights.clone()]).0.as_chunks::<VECTORS>().0;
        let channels = block.channel / S::F32_LANES;
        let [bias, slopes]: [&[S::f32s; VECTORS]; 2] = [bias, slopes]
            .map(|numbers| S::as_simd_f32s(numbers).0[channels..].first_chunk().expect("as many as channels"));
        let (from, to) = (self.input.layout, self.output.layout.in_vectors::<S>());
        let first = from.start + block.input_part - window.padding * from.pitch;
        for y in self.rows.clone() {
            let top = (y * window.stride) as isize - window.padding as isize;
            let rows: [&[u32]; MOST_ROWS] = std::array::from_fn(|row| self.input.row(top + row as isize));
            let add = self.add.map(|add| (add.layout.in_vectors::<S>(), S::as_simd_f32s(add.row(y as isize)).0));
            let output = S::as_mut_simd_f32s(self.output.row(y)).0;
            for x in (0..to.width).step_by(PIXELS) {
                // The last pixels are computed twice rather than one by one.
                let x = x.min(to.width - PIXELS);
                let starts: [usize; PIXELS] =
                    std::array::from_fn(|pixel| first + (x + pixel) * window.stride * from.pitch);
                let mut sums = [*bias; PIXELS];
                let mut rest = weights;
                for run in runs {
                    let (weights, later) = rest.split_at(run.length);
                    rest = later;
                    let pixels: [&[u32]; PIXELS] =
                        std::array::from_fn(|pixel| &rows[run.row][starts[pixel] + run.start..][..run.length]);
                    for (index, weights) in weights.iter().enumerate() {
                        for pixel in 0..PIXELS {
                            let part = simd.splat_u32s(pixels[pixel][index]);
                            for vector in 0..VECTORS {
                                let sum = &mut sums[pixel][vector];
                                *sum = self.product.add(simd, part, weights[vector], *sum);
                            }
                        }
                    }
                }
                // In loops so small that they are unrolled, for the sums to stay in registers.
                for sums in &mut sums {
                    for (sum, &slope) in sums.iter_mut().zip(slopes) {
                        *sum = activate(simd, *sum, slope);
                    }
                }
                if let Some((layout, row)) = add {
                    for (pixel, sums) in sums.iter_mut().enumerate() {
                        let row = &row[layout.start + (x + pixel) * layout.pitch + channels..][..VECTORS];
                        for (sum, &number) in sums.iter_mut().zip(row) {
                            *sum = simd.add_f32s(*sum, number);
                        }
                    }
                }
                for (pixel, sums) in sums.iter().enumerate() {
                    let place = to.start + (x + pixel) * to.pitch + channels;
                    output[place..place + VECTORS].copy_from_slice(sums);
                }
            }
        }
    }
}
