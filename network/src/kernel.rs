//! A layer with its weights packed. It fits every size of picture, and the networks of all sizes share it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::convolution::Convolution;
use super::depthwise::{ConvolveDepthwise, Depthwise};
use super::feature_map::{Source, Target};
use super::layer::Layer;
use super::pairs::Pairs;
use super::vectors::Width;

#[derive(Debug)]
pub enum Kernel {
    Convolution(Convolution),
    Depthwise(Depthwise),
    /// A convolution for each row of output pixels that a row of input pixels becomes.
    Deconvolution(Vec<Convolution>),
}

/// Those of a graph, by the name of their node.
#[derive(Debug, Default)]
pub struct Kernels {
    packed: Mutex<HashMap<String, Arc<Kernel>>>,
    /// Convolutions multiply pairs of 16-bit numbers, if there are any.
    pairs: Option<Pairs>,
}

impl Kernel {
    /// Packs a layer whose input has `pitch` numbers for each pixel.
    fn new(layer: &Layer, pitch: usize, lanes: usize, pairs: Option<Pairs>) -> Self {
        let convolution = |layer: &Layer| Convolution::new(layer, pitch, lanes, pairs);
        if layer.deconvolves {
            Self::Deconvolution(layer.rows_of_deconvolution(lanes).iter().map(convolution).collect())
        } else if layer.is_depthwise() {
            Self::Depthwise(Depthwise::new(layer, lanes))
        } else {
            Self::Convolution(convolution(layer))
        }
    }

    /// Computes some rows of the output, adding those of another map where there is one.
    pub fn run<W: Width>(&self, input: Source<'_>, add: Option<Source<'_>>, output: Target<'_>, rows: Range<usize>) {
        match self {
            Self::Convolution(convolution) => convolution.run::<W>(input, add, output, rows),
            Self::Depthwise(convolution) => W::run(ConvolveDepthwise { convolution, input, output, rows }),
            Self::Deconvolution(convolutions) => {
                let count = convolutions.len();
                for (index, convolution) in convolutions.iter().enumerate() {
                    let add = add.map(|add| Source { layout: add.layout.every(count, index), ..add });
                    let layout = output.layout.every(count, index);
                    let output = Target { layout, numbers: &mut *output.numbers };
                    convolution.run::<W>(input, add, output, rows.start / count..rows.end / count);
                }
            }
        }
    }
}

impl Kernels {
    /// No kernels yet; those to come use the fastest arithmetic that the processor has.
    pub fn fastest() -> Self {
        Self { pairs: Pairs::new(), ..Self::default() }
    }

    /// The one of a node, packed where it is asked for the first time.
    pub fn packed(&self, name: &str, layer: &Layer, pitch: usize, lanes: usize) -> Arc<Kernel> {
        let mut kernels = self.packed.lock().unwrap_or_else(PoisonError::into_inner);
        let kernel = kernels.entry(name.to_owned());
        Arc::clone(kernel.or_insert_with(|| Arc::new(Kernel::new(layer, pitch, lanes, self.pairs))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::feature_map::{Layout, Size};
    use super::super::layer::Window;
    use super::super::pairs::pair;
    use super::super::vectors::{Plain, Widest, Width, lanes};
    use super::*;

    /// AVX2, which most processors have, where the widest may be another.
    struct Avx2;

    impl Width for Avx2 {
        fn run<O: pulp::WithSimd>(operation: O) -> O::Output {
            #[cfg(target_arch = "x86_64")]
            if let Some(simd) = pulp::x86::V3::try_new() {
                return pulp::Simd::vectorize(simd, operation);
            }
            Plain::run(operation)
        }
    }

    /// Numbers between -1 and 1 that look random.
    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|index| (index as f32 * 12.9898).sin() * 43_758.547 % 1.0).collect()
    }

    /// The same with as many bits as in a pair.
    fn rounded(numbers: &[f32]) -> Vec<f32> {
        numbers.iter().map(|&number| f32::from_bits(pair([number, 0.0]) << 16)).collect()
    }

    #[test]
    fn numbers_are_rounded_to_the_nearest() {
        // One, the next number of 16 bits, and the one after that.
        let steps = [1.0, 1.0 + 1.0 / 128.0, 1.0 + 2.0 / 128.0];
        let half = 1.0 / 256.0;
        let between = [1.0 + half, steps[1] + half, steps[1] + 0.9 * half, -steps[1] - 1.1 * half, 0.0];
        assert_eq!(rounded(&between), [steps[0], steps[2], steps[1], -steps[2], 0.0]);
        assert_eq!(pair([1.0, -2.0]), 0xc000_3f80);
    }

    fn layer(window: Window, groups: usize, inputs: usize, outputs: usize) -> Layer {
        let weights = numbers(outputs * inputs / groups * window.rows * window.columns);
        let (bias, slopes) = (numbers(outputs), numbers(outputs));
        Layer { window, deconvolves: false, groups, inputs, outputs, weights, bias, slopes }
    }

    /// As the definition has it: `height x width x channels`, of such an input.
    fn by_definition(layer: &Layer, input: &[f32], from: Size, to: Size) -> Vec<f32> {
        let Window { rows, columns, stride, padding } = layer.window;
        let mut output = Vec::new();
        for (y, x) in (0..to.height).flat_map(|y| (0..to.width).map(move |x| (y, x))) {
            for channel in 0..to.channels {
                let mut sum = layer.bias[channel];
                for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                    let pixel = if layer.deconvolves {
                        (y % stride == row && x % stride == column).then_some((y / stride, x / stride))
                    } else {
                        (y * stride + row).checked_sub(padding).zip((x * stride + column).checked_sub(padding))
                    };
                    if let Some((y, x)) = pixel.filter(|&(y, x)| y < from.height && x < from.width) {
                        for seen in 0..from.channels {
                            let number = input[(y * from.width + x) * from.channels + seen];
                            sum += number * layer.weight(channel, seen, row, column);
                        }
                    }
                }
                output.push(if sum < 0.0 { sum * layer.slopes[channel] } else { sum });
            }
        }
        output
    }

    /// The same by a kernel with vectors so wide, all that is added being 1.
    fn by_kernel<W: Width>(pairs: Option<Pairs>, layer: &Layer, input: &[f32], from: Size, to: Size) -> Vec<f32> {
        let lanes = lanes::<W>();
        let (layout, into) = (Layout::new(from, lanes), Layout::new(to, lanes));
        let mut map = vec![0.0; layout.length()];
        for (index, pixel) in input.chunks_exact(from.channels).enumerate() {
            let (y, x) = (index / from.width, index % from.width);
            map[y * layout.row + layout.start + x * layout.pitch..][..from.channels].copy_from_slice(pixel);
        }
        let zeros = vec![0.0; layout.row.max(into.row)];
        let (ones, mut output) = (vec![1.0; into.length()], vec![f32::NAN; into.length()]);
        let source = Source { numbers: &map, layout, zeros: &zeros };
        let add = (layer.groups == 1).then_some(Source { numbers: &ones, layout: into, zeros: &zeros });
        let target = Target { numbers: &mut output, layout: into };
        Kernel::new(layer, layout.pitch, lanes, pairs).run::<W>(source, add, target, 0..to.height);
        let one = if layer.groups == 1 { 1.0 } else { 0.0 };
        let rows = output.chunks_exact(into.row).map(|row| &row[into.start..]);
        let pixels = rows.flat_map(|row| row.chunks_exact(into.pitch).take(to.width));
        pixels.flat_map(|pixel| &pixel[..to.channels]).map(|number| number - one).collect()
    }

    #[test]
    fn kernels_of_all_widths_do_as_the_definition_says() {
        let window = |side, stride, padding| Window { rows: side, columns: side, stride, padding };
        let deconvolution = |layer| Layer { deconvolves: true, ..layer };
        // Sides that no number of pixels or lanes divides, and such as are one pixel.
        for side in [1, 2, 7, 8, 19] {
            for layer in [
                layer(window(1, 1, 0), 1, 3, 5),
                layer(window(1, 1, 0), 1, 40, 81),
                layer(window(3, 1, 1), 1, 16, 24),
                layer(window(3, 2, 1), 1, 3, 33),
                layer(window(3, 1, 1), 12, 24, 24),
                layer(window(3, 1, 1), 20, 20, 20),
                layer(window(3, 2, 1), 64, 64, 64),
                layer(window(7, 1, 0), 24, 24, 24),
                deconvolution(layer(window(2, 2, 0), 1, 24, 10)),
            ] {
                let Window { rows, stride, padding, .. } = layer.window;
                if side + 2 * padding < rows {
                    continue;
                }
                let (height, width) = (side + 3, side);
                let out = |length: usize| {
                    if layer.deconvolves { length * stride } else { (length + 2 * padding - rows) / stride + 1 }
                };
                let from = Size { height, width, channels: layer.inputs };
                let to = Size { height: out(height), width: out(width), channels: layer.outputs };
                let input = numbers(height * width * layer.inputs);
                let expected = by_definition(&layer, &input, from, to);
                let is_near = |found: Vec<f32>, expected: &[f32]| {
                    assert_eq!(found.len(), expected.len());
                    let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                    assert!(off < 1e-4, "off by {off}: {side} {:?} of {} groups", layer.window, layer.groups);
                };
                for run in [by_kernel::<Widest>, by_kernel::<Avx2>, by_kernel::<Plain>] {
                    is_near(run(None, &layer, &input, from, to), &expected);
                }
                if let Some(pairs) = Pairs::new().filter(|_| !layer.is_depthwise()) {
                    let (input, weights) = (rounded(&input), rounded(&layer.weights));
                    let layer = Layer { weights, ..layer.clone() };
                    let expected = by_definition(&layer, &input, from, to);
                    is_near(by_kernel::<Widest>(Some(pairs), &layer, &input, from, to), &expected);
                }
            }
        }
    }
}
