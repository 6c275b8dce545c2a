//! Depthwise convolutions: each channel sees only itself.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::activation::Activation;
use super::feature_map::{Source, Target};
use super::layer::{Layer, Window};
use super::vectors::{load, store};

/// Sides of the kernels that there are.
pub const SIDES: [usize; 3] = [3, 5, 7];

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
    fn with_simd<S: Simd>(self, simd: S) {
        match self.convolution.window.rows {
            3 => self.run::<S, 3>(simd),
            5 => self.run::<S, 5>(simd),
            _ => self.run::<S, 7>(simd),
        }
    }
}

impl ConvolveDepthwise<'_> {
    #[inline(always)]
    fn run<S: Simd, const SIDE: usize>(mut self, simd: S) {
        let Depthwise { window, weights, bias, activation } = self.convolution;
        let channels = bias.len();
        let (from, to) = (self.input.layout, self.output.layout);
        let first = from.start - window.padding * from.pitch;
        for y in self.rows {
            let top = (y * window.stride) as isize - window.padding as isize;
            let input: [&[f32]; SIDE] = std::array::from_fn(|row| self.input.row(top + row as isize));
            let output = self.output.row(y);
            for channel in (0..channels).step_by(S::F32_LANES) {
                let weights: [[S::f32s; SIDE]; SIDE] = std::array::from_fn(|row| {
                    std::array::from_fn(|column| load::<S>(weights, (row * SIDE + column) * channels + channel))
                });
                let bias = load::<S>(bias, channel);
                for x in 0..to.width {
                    let position = first + channel + x * window.stride * from.pitch;
                    let mut sum = bias;
                    for row in 0..SIDE {
                        for column in 0..SIDE {
                            let number = load::<S>(input[row], position + column * from.pitch);
                            sum = simd.mul_add_e_f32s(number, weights[row][column], sum);
                        }
                    }
                    let sum = activation.apply(simd, sum, channel);
                    store::<S>(output, to.start + x * to.pitch + channel, sum);
                }
            }
        }
    }
}
