//! Depthwise convolutions: each channel sees only itself.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::activation::Activation;
use super::feature_map::{Source, Target};
use super::layer::{Layer, Window};
use super::vectors::{load, store};

/// Pixels that are summed at once.
const PIXELS: usize = 8;

#[derive(Debug)]
pub struct Depthwise {
    window: Window,
    /// For each row and column of the kernel and each channel.
    weights: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
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
        let bias = (0..channels).map(|channel| layer.bias.get(channel).copied().unwrap_or(0.0)).collect();
        Self { window, weights, bias, activation: layer.padded_activation(channels) }
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
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Depthwise { window, weights, bias, activation } = self.convolution;
        let channels = bias.len();
        let (from, to) = (self.input.layout, self.output.layout);
        let first = from.start - window.padding * from.pitch;
        for y in self.rows {
            let top = (y * window.stride) as isize - window.padding as isize;
            let output = self.output.row(y);
            for x in (0..to.width).step_by(PIXELS) {
                let starts: [usize; PIXELS] =
                    std::array::from_fn(|pixel| first + (x + pixel).min(to.width - 1) * window.stride * from.pitch);
                for channel in (0..channels).step_by(S::F32_LANES) {
                    let mut sums = [load::<S>(bias, channel); PIXELS];
                    for row in 0..window.rows {
                        let input = self.input.row(top + row as isize);
                        for column in 0..window.columns {
                            let weight = load::<S>(weights, (row * window.columns + column) * channels + channel);
                            for pixel in 0..PIXELS {
                                let number = load::<S>(input, starts[pixel] + column * from.pitch + channel);
                                sums[pixel] = simd.mul_add_e_f32s(number, weight, sums[pixel]);
                            }
                        }
                    }
                    for (pixel, &sum) in sums.iter().enumerate().take(to.width - x) {
                        let sum = activation.apply(simd, sum, channel);
                        store::<S>(output, to.start + (x + pixel) * to.pitch + channel, sum);
                    }
                }
            }
        }
    }
}
