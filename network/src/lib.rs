//! Neural networks: an ONNX file and a picture's numbers -> the numbers that the file's graph makes of them.

mod convolution;
mod depthwise;
mod dequantise;
mod feature_map;
mod graph;
mod kernel;
mod layer;
mod operator;
mod pairs;
mod plan;
mod prelu;
mod schedule;
mod translate;
mod vectors;

pub use graph::{Graph, Network, Output};
pub use plan::release_memory;

/// Why a model could not be made ready or run.
#[derive(Debug, thiserror::Error)]
#[error("the model does not run: {0}")]
pub struct NetworkError(String);

impl NetworkError {
    fn new(error: impl std::fmt::Display) -> Self {
        // The alternate form prints the causes too.
        Self(format!("{error:#}"))
    }
}
