//! An ONNX file made ready to run.

use std::sync::Arc;

use tract_onnx::prelude::*;

use super::NetworkError;
use super::dequantise::onnx_dequantise;
use super::kernel::Kernels;
use super::plan::Plan;
use super::prelu::onnx_prelu;
use super::translate::translate;

/// A parsed ONNX graph, from which networks for any input size are made.
pub struct Graph {
    model: InferenceModel,
    kernels: Kernels,
}

/// A graph made ready for one input shape. Threads share it.
#[derive(Clone)]
pub struct Network {
    plan: Arc<Plan>,
    /// Numbers of the picture.
    length: usize,
}

/// One output of a network: its shape, and its numbers in row-major order.
pub struct Output {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

impl Graph {
    /// Parses an ONNX file.
    ///
    /// # Errors
    /// The bytes are not an ONNX graph, or not one that tract can run.
    pub fn parse(onnx: &[u8]) -> Result<Self, NetworkError> {
        // The shapes written in the files are those of some example, not of what is asked of it here.
        let mut framework = tract_onnx::onnx().with_ignore_output_shapes(true).with_ignore_value_info(true);
        framework.op_register.insert("PRelu", |_, _| Ok((onnx_prelu(), vec![])));
        framework.op_register.insert("DequantizeLinear", |_, node| Ok((onnx_dequantise(node)?, vec![])));
        let model = framework.model_for_read(&mut &*onnx).map_err(NetworkError::new)?;
        Ok(Self { model, kernels: Kernels::fastest() })
    }

    /// How many outputs the graph has.
    pub fn outputs(&self) -> usize {
        self.model.outputs.len()
    }

    /// Makes the graph ready for pictures of `width` x `height` pixels, with three channels.
    ///
    /// # Errors
    /// The graph does not take this shape.
    pub fn network(&self, width: usize, height: usize) -> Result<Network, NetworkError> {
        let input = f32::fact([1, 3, height, width]).into();
        let model = self.model.clone().with_input_fact(0, input).and_then(|model| model.into_typed());
        let plan = model.and_then(|model| translate(&model, &self.kernels)).map_err(NetworkError::new)?;
        Ok(Network { plan: Arc::new(plan), length: 3 * height * width })
    }
}

impl Network {
    /// Runs the network on a picture: `height x width x 3` numbers in row-major order. Its outputs come in the order of the graph.
    ///
    /// # Errors
    /// The picture has another size than the network was made for, an operator that is left to tract fails, or an output is not of
    /// 32-bit floats.
    pub fn run(&self, picture: &[f32]) -> Result<Vec<Output>, NetworkError> {
        if picture.len() != self.length {
            return Err(NetworkError::new(format!("it takes {} numbers, not {}", self.length, picture.len())));
        }
        let outputs = self.plan.run(picture).map_err(NetworkError::new)?;
        outputs
            .into_iter()
            .map(|output| {
                let values = output.try_as_plain_ram().and_then(|plain| Ok(plain.as_slice::<f32>()?.to_vec()));
                Ok(Output { shape: output.shape().to_vec(), values: values.map_err(NetworkError::new)? })
            })
            .collect()
    }
}
