//! A convolution as the file has it, with what follows it folded in.

use std::ops::Range;

use super::feature_map::{BORDER, Size};

/// Where a kernel lies on its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub rows: usize,
    pub columns: usize,
    /// Pixels of the input from one output pixel to the next.
    pub stride: usize,
    /// Pixels that the first one reaches beyond the input, above and on the left.
    pub padding: usize,
}

/// The largest kernel that is known here.
pub const MOST_ROWS: usize = 7;

impl Window {
    /// A single pixel.
    pub const PIXEL: Self = Self { rows: 1, columns: 1, stride: 1, padding: 0 };

    /// The rows of an input of `height` that some rows of the output see.
    pub fn reached(self, rows: &Range<usize>, height: usize) -> Range<usize> {
        let start = (rows.start * self.stride).saturating_sub(self.padding);
        let end = (rows.end - 1) * self.stride + self.rows;
        start.min(height)..end.saturating_sub(self.padding).min(height)
    }

    /// Whether it never reaches beyond the border of its input.
    pub fn fits(self, input: Size, output: Size) -> bool {
        let end = (output.width - 1) * self.stride + self.columns;
        self.rows <= MOST_ROWS && self.padding <= BORDER && end <= self.padding + input.width + BORDER
    }
}

/// A convolution, and what is made of each number that comes out.
#[derive(Debug, Clone)]
pub struct Layer {
    pub window: Window,
    /// Whether each input pixel becomes as many output pixels as the kernel has, which is as large as its stride.
    pub deconvolves: bool,
    pub groups: usize,
    /// Channels.
    pub inputs: usize,
    pub outputs: usize,
    /// `outputs x inputs / groups x rows x columns`
    pub weights: Vec<f32>,
    /// For each output channel.
    pub bias: Vec<f32>,
    /// For each output channel: a negative number is multiplied by it. 0 is ReLU, others are PReLU, and with 1 nothing happens.
    pub slopes: Vec<f32>,
}

impl Layer {
    /// Zero for channels that there are not, and for those of another group.
    pub fn weight(&self, output: usize, input: usize, row: usize, column: usize) -> f32 {
        let inputs = self.inputs / self.groups;
        // All weights are asked for one by one: no division where there is but one group.
        let first = if self.groups == 1 { 0 } else { output / (self.outputs / self.groups) * inputs };
        if output >= self.outputs || !(first..first + inputs).contains(&input) {
            return 0.0;
        }
        let Window { rows, columns, .. } = self.window;
        self.weights[((output * inputs + input - first) * rows + row) * columns + column]
    }

    /// Whether each channel sees only itself.
    pub fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.inputs && self.inputs == self.outputs
    }

    /// Whether something is made of the sums.
    pub fn is_activated(&self) -> bool {
        self.slopes.iter().any(|&slope| slope != 1.0)
    }

    /// Whether one layer can take the place of both, where they have the same input.
    pub fn is_like(&self, other: &Self) -> bool {
        let plain = |layer: &Self| layer.groups == 1 && !layer.deconvolves;
        self.window == other.window && plain(self) && plain(other)
    }

    /// Puts the channels of another layer of the same kind after its own.
    pub fn append(&mut self, other: Self) {
        self.outputs += other.outputs;
        self.weights.extend(other.weights);
        self.bias.extend(other.bias);
        self.slopes.extend(other.slopes);
    }

    /// Multiplies what comes out by a factor for each channel.
    pub fn scale(&mut self, factors: &[f32]) {
        let length = self.weights.len() / self.outputs;
        for (weights, factor) in self.weights.chunks_exact_mut(length).zip(factors) {
            weights.iter_mut().for_each(|weight| *weight *= factor);
        }
        self.bias.iter_mut().zip(factors).for_each(|(bias, factor)| *bias *= factor);
    }

    /// A deconvolution whose kernel is as large as its stride, as a convolution of one pixel for each row of the kernel. The
    /// channels of such a row's pixels lie one after the other, each filled up to whole vectors.
    pub fn rows_of_deconvolution(&self, lanes: usize) -> Vec<Self> {
        let Window { rows, columns, .. } = self.window;
        let channels = self.outputs.next_multiple_of(lanes);
        let row = |row: usize| Self {
            window: Window::PIXEL,
            deconvolves: false,
            groups: 1,
            inputs: self.inputs,
            outputs: columns * channels,
            weights: (0..columns * channels)
                .flat_map(|output| (0..self.inputs).map(move |input| (output, input)))
                .map(|(output, input)| {
                    let (column, channel) = (output / channels, output % channels);
                    self.weight(channel, input, row, column)
                })
                .collect(),
            bias: filled_up(&self.bias, channels).repeat(columns),
            slopes: filled_up(&self.slopes, channels).repeat(columns),
        };
        (0..rows).map(row).collect()
    }
}

/// `numbers` for each channel, filled up for `channels`.
pub fn filled_up(numbers: &[f32], channels: usize) -> Vec<f32> {
    let mut numbers = numbers.to_vec();
    numbers.resize(channels, 0.0);
    numbers
}
