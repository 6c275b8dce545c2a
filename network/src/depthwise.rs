//! Depthwise convolutions: each channel sees only itself.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::feature_map::{Source, Target};
use super::layer::{Layer, Window, filled_up};
use super::vectors::{activate, mul_add};

/// Sides of the kernels that there are.
pub const SIDES: [usize; 2] = [3, 7];

#[derive(Debug)]
pub struct Depthwise {
    window: Window,
    /// For each row and column of the kernel and each channel.
    weights: Vec<f32>,
    bias: Vec<f32>,
    slopes: Vec<f32>,
}

impl Depthwise {
    pub fn new(layer: &Layer, lanes: usize) -> Self {
        let window = layer.window;
        let channels = layer.outputs.next_multiple_of(lanes);
        let mut weights = Vec::with_capacity(window.rows * window.columns * channels);
        for row in 0..window.rows {
            for column in 0..window.columns {
                weights.extend((0..channels).map(|channel| layer.weight(channel, channel, row, column)));
            }
        }
        Self { window, weights, bias: filled_up(&layer.bias, channels), slopes: filled_up(&layer.slopes, channels) }
    }
}

/// Computes some rows of a depthwise convolution's output.
pub struct ConvolveDepthwise<'a> {
    pub convolution: &'a Depthwise,
    pub input: Source<'a>,
    pub output: Target<'a>,
    pub rows: Range<usize>,
}

impl WithSimd for ConvolveDepthwise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.convolution.window.rows {
            3 if self.output.layout.width >= 4 => self.run::<S, 3, 4>(simd),
            3 => self.run::<S, 3, 1>(simd),
            _ => self.run::<S, 7, 1>(simd),
        }
    }
}

impl ConvolveDepthwise<'_> {
    #[inline(always)]
    fn run<S: Simd, const SIDE: usize, const PIXELS: usize>(mut self, simd: S) {
        let Depthwise { window, weights, bias, slopes } = self.convolution;
        let (from, to) = (self.input.layout.in_vectors::<S>(), self.output.layout.in_vectors::<S>());
        let [weights, bias, slopes] = [weights, bias, slopes].map(|numbers| S::as_simd_f32s(numbers).0);
        // So narrow that the compiler sees that nothing overflows, and that what is read lies within the span.
        let (pitch, step) = (from.pitch as u32 as usize, (window.stride * from.pitch) as u32 as usize);
        let span = (PIXELS - 1) * step + (SIDE - 1) * pitch + 1;
        let first = from.start - window.padding * from.pitch;
        for y in self.rows {
            let top = (y * window.stride) as isize - window.padding as isize;
            let input: [&[S::f32s]; SIDE] =
                std::array::from_fn(|row| &S::as_simd_f32s(self.input.row(top + row as isize)).0[..from.row]);
            let output = S::as_mut_simd_f32s(self.output.row(y)).0;
            for channel in 0..bias.len() {
                let weights: [[S::f32s; SIDE]; SIDE] = std::array::from_fn(|row| {
                    std::array::from_fn(|column| weights[(row * SIDE + column) * bias.len() + channel])
                });
                let (bias, slope) = (bias[channel], slopes[channel]);
                for x in (0..to.width).step_by(PIXELS) {
                    // The last pixels are computed twice rather than one by one.
                    let x = x.min(to.width - PIXELS);
                    let start = first + channel + x * step;
                    let rows: [&[S::f32s]; SIDE] = std::array::from_fn(|row| &input[row][start..start + span]);
                    let mut sums = [bias; PIXELS];
                    for row in 0..SIDE {
                        for column in 0..SIDE {
                            for pixel in 0..PIXELS {
                                let number = rows[row][pixel * step + column * pitch];
                                sums[pixel] = mul_add(simd, number, weights[row][column], sums[pixel]);
                            }
                        }
                    }
                    for pixel in 0..PIXELS {
                        output[to.start + (x + pixel) * to.pitch + channel] = activate(simd, sums[pixel], slope);
                    }
                }
            }
        }
    }
}
