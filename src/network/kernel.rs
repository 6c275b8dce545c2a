//! A layer with its weights packed. It fits every size of picture, and the networks of all sizes share it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::convolution::{Convolution, Convolve};
use super::depthwise::{ConvolveDepthwise, Depthwise};
use super::feature_map::{Source, Target};
use super::layer::Layer;
use super::vectors::vectorised;

#[derive(Debug)]
pub enum Kernel {
    Convolution(Convolution),
    Depthwise(Depthwise),
    /// A convolution for each row of output pixels that a row of input pixels becomes.
    Deconvolution(Vec<Convolution>),
}

/// Those of a graph, by the name of their node.
#[derive(Debug, Default)]
pub struct Kernels(Mutex<HashMap<String, Arc<Kernel>>>);

impl Kernel {
    /// Packs a layer whose input has `pitch` numbers for each pixel.
    fn new(layer: &Layer, pitch: usize, lanes: usize) -> Self {
        if layer.deconvolves {
            let rows = layer.rows_of_deconvolution(lanes);
            Self::Deconvolution(rows.iter().map(|row| Convolution::new(row, pitch, lanes)).collect())
        } else if layer.is_depthwise() {
            Self::Depthwise(Depthwise::new(layer, lanes))
        } else {
            Self::Convolution(Convolution::new(layer, pitch, lanes))
        }
    }

    /// Computes some rows of the output, adding those of another map where there is one.
    pub fn run(&self, input: Source<'_>, add: Option<Source<'_>>, output: Target<'_>, rows: Range<usize>) {
        match self {
            Self::Convolution(convolution) => vectorised(Convolve { convolution, input, add, output, rows }),
            Self::Depthwise(convolution) => vectorised(ConvolveDepthwise { convolution, input, output, rows }),
            Self::Deconvolution(convolutions) => {
                let count = convolutions.len();
                for (index, convolution) in convolutions.iter().enumerate() {
                    let add = add.map(|add| Source { layout: add.layout.every(count, index), ..add });
                    let layout = output.layout.every(count, index);
                    let output = Target { layout, numbers: &mut *output.numbers };
                    let rows = rows.start / count..rows.end / count;
                    vectorised(Convolve { convolution, input, add, output, rows });
                }
            }
        }
    }
}

impl Kernels {
    /// The one of a node, packed where it is asked for the first time.
    pub fn packed(&self, name: &str, layer: &Layer, pitch: usize, lanes: usize) -> Arc<Kernel> {
        let mut kernels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kernel = kernels.entry(name.to_owned());
        Arc::clone(kernel.or_insert_with(|| Arc::new(Kernel::new(layer, pitch, lanes))))
    }
}
