//! An ONNX file made ready to run.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

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
    /// How many networks have been made.
    made: AtomicUsize,
    /// Made once they are many; `None` within for a graph of which there is none.
    general: Mutex<Option<Option<General>>>,
}

/// A graph with its input's size left open: to make it takes as long as several networks, and to make a network of it a tenth of the time
/// that it takes otherwise.
struct General {
    model: TypedModel,
    /// Of the input, in [`STEP`]s.
    height: Symbol,
    width: Symbol,
}

/// The sides of detectors' inputs are multiples of this many pixels.
const STEP: usize = 32;

/// So many networks are made without a general one: faces are recognised with one, and few photos have few shapes.
const FEW: usize = 2;

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
    /// Parses an ONNX file. Its networks multiply numbers of 16 bits (bfloat16) where the processor is faster at that.
    ///
    /// # Errors
    /// The bytes are not an ONNX graph, or not one that tract can run.
    pub fn parse(onnx: &[u8]) -> Result<Self, NetworkError> {
        Self::with(Kernels::fastest(), onnx)
    }

    /// The same with numbers of 32 bits on every processor.
    ///
    /// # Errors
    /// As of [`Graph::parse`].
    pub fn parse_exact(onnx: &[u8]) -> Result<Self, NetworkError> {
        Self::with(Kernels::default(), onnx)
    }

    fn with(kernels: Kernels, onnx: &[u8]) -> Result<Self, NetworkError> {
        // The shapes written in the files are those of some example, not of what is asked of it here.
        let mut framework = tract_onnx::onnx().with_ignore_output_shapes(true).with_ignore_value_info(true);
        framework.op_register.insert("PRelu", |_, _| Ok((onnx_prelu(), vec![])));
        framework.op_register.insert("DequantizeLinear", |_, node| Ok((onnx_dequantise(node)?, vec![])));
        let model = framework.model_for_read(&mut &*onnx).map_err(NetworkError::new)?;
        Ok(Self { model, kernels, made: AtomicUsize::new(0), general: Mutex::default() })
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
        let plan = match self.by_general(width, height) {
            Some(plan) => plan,
            None => typed(&self.model, [height, width].map(|side| side.to_dim()))
                .and_then(|model| translate(&model, &self.kernels))
                .map_err(NetworkError::new)?,
        };
        Ok(Network { plan: Arc::new(plan), length: 3 * height * width })
    }

    /// The plan for this size from the general graph; `None` where there is none, or another thread is at it.
    fn by_general(&self, width: usize, height: usize) -> Option<Plan> {
        let are_few = self.made.fetch_add(1, Ordering::Relaxed) < FEW;
        if are_few || !width.is_multiple_of(STEP) || !height.is_multiple_of(STEP) {
            return None;
        }
        let mut general = self.general.try_lock().ok()?;
        // Tract may fail, or even panic, on a graph whose size is open, and not on one of this size.
        let plan = catch_unwind(AssertUnwindSafe(|| {
            let General { model, height: down, width: across } =
                general.get_or_insert_with(|| General::of(&self.model).ok()).as_ref()?;
            let sides = [(down, height), (across, width)];
            let sides = sides.map(|(symbol, side)| (symbol.clone(), (side / STEP).to_dim()));
            translate(&model.set_symbols(&HashMap::from(sides)).ok()?, &self.kernels).ok()
        }));
        let plan = plan.ok().flatten();
        if plan.is_none() {
            // Nor will it do for other sizes.
            *general = Some(None);
        }
        plan
    }
}

impl General {
    fn of(model: &InferenceModel) -> TractResult<Self> {
        let [height, width] = ["height", "width"].map(|name| model.symbols.sym(name));
        let model = typed(model, [&height, &width].map(|side| side.to_dim() * STEP))?;
        Ok(Self { model, height, width })
    }
}

/// A graph whose input is a picture of this height and width.
fn typed(model: &InferenceModel, [height, width]: [TDim; 2]) -> TractResult<TypedModel> {
    let input: TVec<TDim> = tvec![1.to_dim(), 3.to_dim(), height, width];
    model.clone().with_input_fact(0, f32::fact(input).into())?.into_typed()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_sizes_each_does_as_if_it_were_the_only_one() {
        let mut models =
            vec![facetag_weights_detectors::CENTERFACE.to_vec(), facetag_weights_detectors::RETINAFACE.to_vec()];
        // InsightFace's may not be shipped.
        let folder = std::env::var_os("FACETAG_INSIGHTFACE").map(std::path::PathBuf::from);
        models.extend(folder.map(|folder| std::fs::read(folder.join("insightface-scrfd-500m.onnx")).unwrap()));
        for onnx in &models {
            let all = Graph::parse(onnx).unwrap();
            for (width, height) in [(64, 64), (96, 64), (64, 96), (160, 128), (96, 96)] {
                let picture: Vec<f32> = (0..3 * width * height).map(|index| (index as f32 * 0.7).cos()).collect();
                let run = |graph: &Graph| graph.network(width, height).unwrap().run(&picture).unwrap();
                let (one, other) = (run(&all), run(&Graph::parse(onnx).unwrap()));
                for (one, other) in one.iter().zip(&other) {
                    assert_eq!((&one.shape, &one.values), (&other.shape, &other.values));
                }
                assert_eq!(one.len(), other.len());
            }
            let general = all.general.lock().unwrap();
            assert!(general.as_ref().is_some_and(|general| general.is_some()));
        }
    }
}
