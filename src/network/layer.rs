//! A convolution as the file has it, with what follows it folded in.

use super::activation::Activation;

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

#[derive(Debug, Clone)]
pub struct Layer {
    pub window: Window,
    pub groups: usize,
    /// Channels.
    pub inputs: usize,
    pub outputs: usize,
    /// `outputs x inputs / groups x rows x columns`
    pub weights: Vec<f32>,
    /// For each output channel.
    pub bias: Vec<f32>,
    pub activation: Activation,
}

impl Layer {
    /// Zero for channels that there are not, and for those of another group.
    pub fn weight(&self, output: usize, input: usize, row: usize, column: usize) -> f32 {
        let (inputs, outputs) = (self.inputs / self.groups, self.outputs / self.groups);
        if output >= self.outputs || input >= self.inputs || output / outputs != input / inputs {
            return 0.0;
        }
        let Window { rows, columns, .. } = self.window;
        self.weights[((output * inputs + input % inputs) * rows + row) * columns + column]
    }

    /// Whether each channel sees only itself.
    pub fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.inputs && self.inputs == self.outputs
    }

    /// Multiplies what comes out by a factor for each channel.
    pub fn scale(&mut self, factors: &[f32]) {
        let length = self.weights.len() / self.outputs;
        for (weights, factor) in self.weights.chunks_exact_mut(length).zip(factors) {
            weights.iter_mut().for_each(|weight| *weight *= factor);
        }
        self.bias.iter_mut().zip(factors).for_each(|(bias, factor)| *bias *= factor);
    }

    /// The activation for `channels`, those that were added to fill up included.
    pub fn padded_activation(&self, channels: usize) -> Activation {
        match &self.activation {
            Activation::Slopes(slopes) => {
                let slope = |channel: usize| slopes.get(channel).copied().unwrap_or(0.0);
                Activation::Slopes((0..channels).map(slope).collect())
            }
            other => other.clone(),
        }
    }
}

impl Layer {
    /// A deconvolution whose kernel is as large as its stride, as a convolution of one pixel for each row of the kernel. The
    /// channels of such a row's pixels lie one after the other, each filled up to whole vectors.
    pub fn rows_of_deconvolution(&self, lanes: usize) -> Vec<Self> {
        let Window { rows, columns, .. } = self.window;
        let channels = self.outputs.next_multiple_of(lanes);
        let each = |number: &dyn Fn(usize, usize) -> f32| -> Vec<f32> {
            let padded =
                |channel: usize, column: usize| if channel < self.outputs { number(channel, column) } else { 0.0 };
            (0..columns)
                .flat_map(|column| (0..channels).map(move |channel| (channel, column)))
                .map(|(channel, column)| padded(channel, column))
                .collect()
        };
        let row = |row: usize| Self {
            window: Window { rows: 1, columns: 1, stride: 1, padding: 0 },
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
            bias: each(&|channel, _| self.bias[channel]),
            activation: match &self.activation {
                Activation::Slopes(slopes) => Activation::Slopes(each(&|channel, _| slopes[channel])),
                other => other.clone(),
            },
        };
        (0..rows).map(row).collect()
    }
}
