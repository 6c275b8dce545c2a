//! tract's typed model -> a plan. What can be folded into a convolution is; what is not known here tract runs.

use std::collections::HashMap;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::TypedConcat;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::LeakyRelu;

use super::feature_map::{Layout, Size};
use super::kernel::Kernels;
use super::layer::{Layer, Window};
use super::operator;
use super::plan::{Argument, Map, Plan, Step};
use super::prelu::Prelu;
use super::schedule::{Reach, Schedule, Task, schedule};
use super::vectors::{Widest, lanes};

/// Pixels of a map that are computed at a time, in whole rows: as many as come to about so many.
const ENOUGH_PIXELS: usize = 128;

/// What an outlet of the model is here.
#[derive(Debug, Clone)]
enum Value {
    Constant(Arc<Tensor>),
    Map(usize),
    Tensor(usize),
}

/// A step before its weights are packed.
enum Draft {
    Layer { name: String, layer: Layer, input: usize, add: Option<usize>, output: usize },
    Ready(Step),
}

struct Translation<'a> {
    model: &'a TypedModel,
    lanes: usize,
    uses: HashMap<OutletId, usize>,
    values: HashMap<OutletId, Value>,
    drafts: Vec<Draft>,
    maps: Vec<DraftMap>,
    tensors: usize,
}

struct DraftMap {
    size: Size,
    /// Channels that lie in its memory, those of its parts included.
    stored: usize,
    /// The map whose numbers it is a part of, and from which channel on.
    part_of: Option<(usize, usize)>,
    /// Whether the channels are filled up to whole vectors. Those of the picture are not: convolutions read it a number at a
    /// time.
    filled: bool,
    /// The layers that write it, as far as nothing else does.
    writers: Vec<usize>,
    /// The same numbers as a tensor, where they have been exported.
    exported: HashMap<bool, usize>,
}

/// The plan of a model with one input, a picture. Its layers' weights are packed into `kernels`, or taken from there.
pub fn translate(model: &TypedModel, kernels: &Kernels) -> TractResult<Plan> {
    ensure!(model.inputs.len() == 1, "a network with {} inputs, where a picture is the only one", model.inputs.len());
    let mut uses: HashMap<OutletId, usize> = HashMap::new();
    for outlet in model.nodes().iter().flat_map(|node| &node.inputs).chain(&model.outputs) {
        *uses.entry(*outlet).or_default() += 1;
    }
    let mut translation = Translation {
        model,
        lanes: lanes::<Widest>(),
        uses,
        values: HashMap::new(),
        drafts: Vec::new(),
        maps: Vec::new(),
        tensors: 0,
    };
    for id in model.eval_order()? {
        translation.node(id)?;
    }
    translation.finish(kernels)
}

impl Translation<'_> {
    fn node(&mut self, id: usize) -> TractResult<()> {
        let node = self.model.node(id);
        let outlet = OutletId::new(id, 0);
        if id == self.model.inputs[0].node {
            let size = self.size(outlet).context("the input is a picture")?;
            let map = self.new_map(size, Vec::new());
            self.maps[map].filled = false;
            self.drafts.push(Draft::Ready(Step::Picture { map }));
            self.values.insert(outlet, Value::Map(map));
            return Ok(());
        }
        if let Some(constant) = node.outputs[0].fact.konst.clone() {
            self.values.insert(outlet, Value::Constant(constant));
            return Ok(());
        }
        let constants: Option<TVec<Arc<Tensor>>> = node.inputs.iter().map(|input| self.constant(*input)).collect();
        if let Some(constants) = constants {
            // What nothing else needs is handed over, so that it is changed where it lies: copies of the weights of the largest layer
            // would be most of the memory that all of this takes.
            self.forget_used_up(&node.inputs);
            let constants = constants.into_iter().map(IntoTValue::into_tvalue).collect();
            let results = node.op.eval_out_of_plan(constants)?;
            let results = results.with_context(|| format!("{} of constants", node.op.name()))?;
            for (slot, result) in results.into_iter().enumerate() {
                self.values.insert(OutletId::new(id, slot), Value::Constant(result.into_arc_tensor()));
            }
            return Ok(());
        }
        let mut map = self.layer(node).or_else(|| self.folded(node)).or_else(|| self.concatenation(node));
        if map.is_none() {
            map = self.resize(node)?;
        }
        match map {
            Some(map) => {
                self.values.insert(outlet, Value::Map(map));
            }
            None => self.by_tract(node)?,
        }
        Ok(())
    }

    fn constant(&self, outlet: OutletId) -> Option<Arc<Tensor>> {
        match self.values.get(&outlet) {
            Some(Value::Constant(tensor)) => Some(tensor.clone()),
            _ => None,
        }
    }

    /// Forgets constants that nothing else needs.
    fn forget_used_up(&mut self, constants: &[OutletId]) {
        for constant in constants.iter().filter(|constant| self.uses[*constant] == 1) {
            self.values.remove(constant);
        }
    }

    fn shape(&self, outlet: OutletId) -> Option<TVec<usize>> {
        self.model.outlet_fact(outlet).ok()?.shape.as_concrete().map(|shape| shape.into())
    }

    /// The size of an outlet that may be a map: one picture, or numbers without place.
    fn size(&self, outlet: OutletId) -> Option<Size> {
        if self.model.outlet_fact(outlet).ok()?.datum_type != f32::datum_type() {
            return None;
        }
        match *self.shape(outlet)? {
            [1, channels, height, width] => Some(Size { height, width, channels }),
            [1, channels] => Some(Size { height: 1, width: 1, channels }),
            _ => None,
        }
    }

    fn new_map(&mut self, size: Size, writers: Vec<usize>) -> usize {
        self.maps.push(DraftMap {
            size,
            stored: size.channels,
            part_of: None,
            filled: true,
            writers,
            exported: HashMap::new(),
        });
        self.maps.len() - 1
    }

    /// The outlet as a map, imported where it is a tensor.
    fn map(&mut self, outlet: OutletId) -> Option<usize> {
        match *self.values.get(&outlet)? {
            Value::Map(map) => Some(map),
            Value::Tensor(tensor) => {
                let size = self.size(outlet)?;
                let map = self.new_map(size, Vec::new());
                self.drafts.push(Draft::Ready(Step::Import { tensor, map }));
                self.values.insert(outlet, Value::Map(map));
                self.maps[map].exported.insert(false, tensor);
                Some(map)
            }
            Value::Constant(_) => None,
        }
    }

    /// The outlet as a tensor, exported where it is a map.
    fn argument(&mut self, outlet: OutletId) -> TractResult<Argument> {
        match self.values[&outlet].clone() {
            Value::Constant(tensor) => Ok(Argument::Constant(tensor)),
            Value::Tensor(tensor) => Ok(Argument::Tensor(tensor)),
            Value::Map(map) => {
                let shape = self.shape(outlet).context("a map has a size")?;
                Ok(Argument::Tensor(self.exported(map, false, shape)))
            }
        }
    }

    fn exported(&mut self, map: usize, channels_last: bool, shape: TVec<usize>) -> usize {
        if let Some(&tensor) = self.maps[map].exported.get(&channels_last) {
            return tensor;
        }
        let tensor = self.tensors;
        self.tensors += 1;
        self.maps[map].exported.insert(channels_last, tensor);
        self.drafts.push(Draft::Ready(Step::Export { map, tensor, channels_last, shape }));
        tensor
    }

    fn by_tract(&mut self, node: &TypedNode) -> TractResult<()> {
        // What lies channels last here need only be copied.
        if let (Some(AxisOp::Move(1, 3)), Some(Value::Map(map))) =
            (node.op_as::<AxisOp>(), self.values.get(&node.inputs[0]))
        {
            let shape = self.shape(node.id.into()).context("a map has a size")?;
            let tensor = self.exported(*map, true, shape);
            self.values.insert(node.id.into(), Value::Tensor(tensor));
            return Ok(());
        }
        let inputs = node.inputs.iter().map(|input| self.argument(*input)).collect::<TractResult<_>>()?;
        let outputs: Vec<usize> = (self.tensors..).take(node.outputs.len()).collect();
        self.tensors += outputs.len();
        for (slot, &output) in outputs.iter().enumerate() {
            self.values.insert(OutletId::new(node.id, slot), Value::Tensor(output));
        }
        self.drafts.push(Draft::Ready(Step::Tract { operator: node.op.clone(), inputs, outputs }));
        Ok(())
    }

    fn floats(&self, outlet: OutletId) -> Option<Vec<f32>> {
        let tensor = self.constant(outlet)?;
        let tensor = tensor.cast_to::<f32>().ok()?;
        Some(tensor.try_as_plain_ram().ok()?.as_slice::<f32>().ok()?.to_vec())
    }

    /// A layer that is computed here.
    fn layer(&mut self, node: &TypedNode) -> Option<usize> {
        let (from, size) = (self.size(*node.inputs.first()?)?, self.size(node.id.into())?);
        let constants: Vec<Vec<f32>> =
            node.inputs[1..].iter().map(|input| self.floats(*input)).collect::<Option<_>>()?;
        let layer = operator::layer(node.op.as_ref(), from.channels, constants, self.lanes)?;
        // Two rows of a deconvolution are written for each of its input's, and two pixels.
        let whole = Size { height: 2 * from.height, width: 2 * from.width, channels: size.channels };
        let fits = if layer.deconvolves { size == whole } else { layer.window.fits(from, size) };
        if !fits {
            return None;
        }
        let input = self.map(node.inputs[0])?;
        if layer.groups > 1 && !self.maps[input].filled {
            return None;
        }
        // The layer has the weights now: of a recogniser they are too much memory to have twice.
        self.forget_used_up(&node.inputs[1..]);
        let output = self.new_map(size, vec![self.drafts.len()]);
        self.drafts.push(Draft::Layer { name: node.name.clone(), layer, input, add: None, output });
        Some(output)
    }

    fn layout(&self, map: usize) -> Layout {
        let DraftMap { size, stored, filled, .. } = self.maps[map];
        Layout::new(Size { channels: stored, ..size }, if filled { self.lanes } else { 1 })
    }

    /// The layers that alone make an outlet which nothing else reads.
    fn writers(&mut self, outlet: OutletId) -> Option<(usize, Vec<&mut Layer>)> {
        let Some(&Value::Map(map)) = self.values.get(&outlet) else { return None };
        if self.uses[&outlet] != 1 || self.maps[map].writers.is_empty() {
            return None;
        }
        let writers = &self.maps[map].writers;
        let layers = self.drafts.iter_mut().enumerate().filter(|(index, _)| writers.contains(index));
        let layers = layers.map(|(_, draft)| match draft {
            Draft::Layer { layer, add: None, .. } => Some(layer),
            _ => None,
        });
        Some((map, layers.collect::<Option<_>>()?))
    }

    /// Folds an operator into the layers whose output it takes.
    fn folded(&mut self, node: &TypedNode) -> Option<usize> {
        if let Some(prelu) = node.op_as::<Prelu>() {
            return self.activated(node.inputs[0], &prelu.slope);
        }
        if let Some(element_wise) = node.op_as::<ElementWiseOp>() {
            return self.activated(node.inputs[0], &[element_wise.0.downcast_ref::<LeakyRelu>()?.alpha]);
        }
        let binary = node.op_as::<TypedBinOp>()?;
        let [a, b] = *node.inputs else { return None };
        let either = |translation: &mut Self, fold: fn(&mut Self, &TypedBinOp, OutletId, OutletId) -> Option<usize>| {
            fold(translation, binary, a, b).or_else(|| fold(translation, binary, b, a))
        };
        either(self, Self::folded_constant).or_else(|| either(self, Self::folded_sum))
    }

    /// Has the layers that make `outlet` multiply what is negative, by one slope for each channel or one for all.
    fn activated(&mut self, outlet: OutletId, slopes: &[f32]) -> Option<usize> {
        let (map, layers) = self.writers(outlet)?;
        let one_for_all = slopes.len() == 1;
        let one_for_each = layers.len() == 1 && slopes.len() == layers[0].outputs;
        if layers.iter().any(|layer| layer.is_activated()) || !one_for_all && !one_for_each {
            return None;
        }
        for layer in layers {
            layer.slopes = if one_for_all { vec![slopes[0]; layer.outputs] } else { slopes.to_vec() };
        }
        Some(map)
    }

    /// A number for all channels or one for each: ReLU, or what is left of a batch normalisation.
    fn folded_constant(&mut self, binary: &TypedBinOp, outlet: OutletId, constant: OutletId) -> Option<usize> {
        let (shape, numbers) = (self.constant(constant)?.shape().to_vec(), self.floats(constant)?);
        if binary.0.is::<math::Max>() {
            return if numbers == [0.0] { self.activated(outlet, &[0.0]) } else { None };
        }
        let (map, mut layers) = self.writers(outlet)?;
        let [layer] = layers.as_mut_slice() else { return None };
        let one_for_each = shape.get(1) == Some(&layer.outputs) && numbers.len() == layer.outputs;
        if layer.is_activated() || !one_for_each {
            return None;
        }
        if binary.0.is::<math::Mul>() {
            layer.scale(&numbers);
        } else if binary.0.is::<math::Add>() {
            layer.bias.iter_mut().zip(numbers).for_each(|(bias, number)| *bias += number);
        } else {
            return None;
        }
        Some(map)
    }

    /// Has the layer that makes `outlet` add another map of the same size.
    fn folded_sum(&mut self, binary: &TypedBinOp, outlet: OutletId, other: OutletId) -> Option<usize> {
        let Some(&Value::Map(other_map)) = self.values.get(&other) else { return None };
        let (map, layers) = self.writers(outlet)?;
        let plain = layers.len() == 1 && layers[0].groups == 1;
        let same = self.maps[map].size == self.maps[other_map].size && self.maps[other_map].filled;
        if !binary.0.is::<math::Add>() || !plain || !same {
            return None;
        }
        match &mut self.drafts[self.maps[map].writers[0]] {
            Draft::Layer { add, .. } => *add = Some(other_map),
            Draft::Ready(_) => return None,
        }
        Some(map)
    }

    /// Has the layers of all inputs write into one map.
    fn concatenation(&mut self, node: &TypedNode) -> Option<usize> {
        if node.op_as::<TypedConcat>().is_none_or(|concat| concat.axis != 1) {
            return None;
        }
        let size = self.size(node.id.into())?;
        let mut parts = Vec::new();
        for &input in &node.inputs {
            let part = match self.writers(input) {
                // A deconvolution writes pixels side by side, with nothing of another layer between them.
                Some((map, layers)) if layers.len() == 1 && !layers[0].deconvolves => map,
                _ => return None,
            };
            if !self.maps[part].size.channels.is_multiple_of(self.lanes) || self.maps[part].part_of.is_some() {
                return None;
            }
            parts.push(part);
        }
        let writers = parts.iter().flat_map(|&part| self.maps[part].writers.clone()).collect();
        let whole = self.new_map(size, writers);
        let mut channel = 0;
        for part in parts {
            self.maps[part].part_of = Some((whole, channel));
            channel += self.maps[part].size.channels;
        }
        Some(whole)
    }

    /// Nearest-neighbour resizing of a map. tract says from where each pixel comes, asked for rows and columns as numbers.
    fn resize(&mut self, node: &TypedNode) -> TractResult<Option<usize>> {
        if node.op.name() != "Resize" {
            return Ok(None);
        }
        let (Some(&Value::Map(input)), Some(size)) = (self.values.get(&node.inputs[0]), self.size(node.id.into()))
        else {
            return Ok(None);
        };
        if !self.maps[input].filled {
            return Ok(None);
        }
        let Size { height, width, channels } = self.maps[input].size;
        let source = |number: &dyn Fn(usize, usize) -> usize| -> TractResult<Option<Vec<usize>>> {
            let mut numbers = Vec::with_capacity(channels * height * width);
            for _ in 0..channels {
                numbers.extend((0..height * width).map(|index| number(index / width, index % width) as f32));
            }
            let picture = Tensor::from_shape(&[1, channels, height, width], &numbers)?;
            let mut inputs = tvec!(picture.into_tvalue());
            for &input in &node.inputs[1..] {
                match self.constant(input) {
                    Some(constant) => inputs.push(constant.into_tvalue()),
                    None => return Ok(None),
                }
            }
            let Some(results) = node.op.eval_out_of_plan(inputs)? else { return Ok(None) };
            let numbers = results[0].try_as_plain_ram()?.as_slice::<f32>()?[..size.height * size.width].to_vec();
            let whole = numbers.iter().all(|number| number.fract() == 0.0);
            Ok(whole.then(|| numbers.into_iter().map(|number| number as usize).collect()))
        };
        let (Some(rows), Some(columns)) = (source(&|y, _| y)?, source(&|_, x| x)?) else { return Ok(None) };
        let rows = rows.into_iter().step_by(size.width).collect();
        let columns = columns[..size.width].to_vec();
        let output = self.new_map(size, Vec::new());
        self.drafts.push(Draft::Ready(Step::Resize { rows, columns, input, output }));
        Ok(Some(output))
    }

    /// Makes one layer of those that look at the same map in the same way, where that leaves fewer vectors to compute. Heads of
    /// detectors often have one or two channels.
    fn merge_siblings(&mut self) {
        let mut read = vec![false; self.maps.len()];
        for draft in &self.drafts {
            match draft {
                Draft::Layer { input, add, .. } => {
                    [Some(*input), *add].into_iter().flatten().for_each(|map| read[map] = true)
                }
                Draft::Ready(Step::Resize { input, .. }) => read[*input] = true,
                Draft::Ready(_) => {}
            }
        }
        let drafts = std::mem::take(&mut self.drafts);
        let lanes = self.lanes;
        let vectors = |channels: usize| channels.div_ceil(lanes);
        for draft in drafts {
            let Draft::Layer { name, layer, input, add: None, output } = draft else {
                self.drafts.push(draft);
                continue;
            };
            let alone = |map: usize, maps: &[DraftMap]| !read[map] && maps[map].part_of.is_none();
            let sibling = self.drafts.iter_mut().find_map(|other| match other {
                Draft::Layer { layer: other, input: from, add: None, output: whole, .. }
                    if *from == input
                        && other.is_like(&layer)
                        && alone(output, &self.maps)
                        && alone(*whole, &self.maps)
                        && vectors(other.outputs + layer.outputs) < vectors(other.outputs) + vectors(layer.outputs) =>
                {
                    Some((other, *whole))
                }
                _ => None,
            });
            match sibling {
                Some((other, whole)) => {
                    self.maps[output].part_of = Some((whole, other.outputs));
                    other.append(layer);
                    self.maps[whole].stored = other.outputs;
                }
                None => self.drafts.push(Draft::Layer { name, layer, input, add: None, output }),
            }
        }
    }

    fn finish(mut self, kernels: &Kernels) -> TractResult<Plan> {
        let mut outputs = Vec::new();
        for &outlet in &self.model.outputs {
            match self.argument(outlet)? {
                Argument::Tensor(tensor) => outputs.push(tensor),
                Argument::Constant(_) => bail!("an output that does not depend on the input"),
            }
        }
        self.merge_siblings();
        let whole = |map: usize| self.maps[map].part_of.map_or(map, |(whole, _)| whole);
        let tasks: Vec<Task> = self.drafts.iter().map(|draft| draft.task(&self.maps, whole)).collect();
        let heights: Vec<usize> = self.maps.iter().map(|map| map.size.height).collect();
        let Schedule { turns, rows } = schedule(&tasks, &heights);

        let layout = |map: usize| {
            let (whole, channel) = self.maps[map].part_of.unwrap_or((map, 0));
            // Deconvolutions take some rows together.
            let rows = rows[whole].next_multiple_of(2).min(heights[whole]);
            Layout { rows, ..self.layout(whole) }.at_channel(channel)
        };
        let map = |index: usize| Map { size: self.maps[index].size, layout: layout(index), whole: whole(index) };
        let maps: Vec<Map> = (0..self.maps.len()).map(map).collect();

        let zeros = vec![0.0; maps.iter().map(|map| map.layout.row).max().unwrap_or(0)];
        let lanes = self.lanes;
        let steps = self.drafts.into_iter().map(|draft| draft.packed(&maps, kernels, lanes)).collect();
        Ok(Plan { steps, turns, maps, tensors: self.tensors, outputs, zeros })
    }
}

impl Draft {
    fn task(&self, maps: &[DraftMap], whole: impl Fn(usize) -> usize) -> Task {
        let same = Reach::Window(Window::PIXEL);
        let (inputs, output) = match self {
            Self::Layer { layer, input, add, output, .. } => {
                let reach = if layer.deconvolves {
                    Reach::Rows((0..maps[*output].size.height).map(|row| row / layer.window.stride).collect())
                } else {
                    Reach::Window(layer.window)
                };
                let inputs = std::iter::once((*input, reach)).chain(add.map(|add| (add, same)));
                (inputs.collect(), Some(*output))
            }
            Self::Ready(Step::Picture { map } | Step::Import { map, .. }) => (Vec::new(), Some(*map)),
            Self::Ready(Step::Resize { rows, input, output, .. }) => {
                (vec![(*input, Reach::Rows(rows.clone()))], Some(*output))
            }
            Self::Ready(Step::Export { map, .. }) => (vec![(*map, Reach::All)], None),
            Self::Ready(_) => (Vec::new(), None),
        };
        let step = if matches!(self, Self::Layer { layer, .. } if layer.deconvolves) { 2 } else { 1 };
        let rows = |map: usize| (ENOUGH_PIXELS / maps[map].size.width).max(1).next_multiple_of(step);
        Task { inputs, output: output.map(|map| (whole(map), rows(map))) }
    }

    fn packed(self, maps: &[Map], kernels: &Kernels, lanes: usize) -> Step {
        match self {
            Self::Ready(step) => step,
            Self::Layer { name, layer, input, add, output } => {
                let kernel = kernels.packed(&name, &layer, maps[input].layout.pitch, lanes);
                Step::Convolve { kernel, input, add, output }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tract_onnx::tract_core::ops::array::TypedConcat;
    use tract_onnx::tract_core::ops::cnn::{Conv, Deconv, KernelFormat, MaxPool, PaddingSpec, PoolSpec};
    use tract_onnx::tract_core::ops::nn::{DataFormat, leaky_relu, sigmoid};

    use super::*;

    struct Builder(TypedModel);

    impl Builder {
        fn numbers(&mut self, name: &str, shape: &[usize]) -> OutletId {
            let count = shape.iter().product();
            let numbers: Vec<f32> = (0..count).map(|index| (index as f32 * 12.9898).sin() * 43_758.547 % 1.0).collect();
            self.0.add_const(name, Tensor::from_shape(shape, &numbers).unwrap()).unwrap()
        }

        fn wire(&mut self, name: &str, operator: impl Into<Box<dyn TypedOp>>, inputs: &[OutletId]) -> OutletId {
            self.0.wire_node(name, operator, inputs).unwrap()[0]
        }

        fn pool(side: usize, stride: usize, inputs: usize, outputs: usize) -> PoolSpec {
            let padding = PaddingSpec::Explicit(tvec!(side / 2; 2), tvec!(side / 2; 2));
            let strides = Some(tvec!(stride; 2));
            PoolSpec::new(DataFormat::NCHW, tvec!(side; 2), padding, None, strides, inputs, outputs)
        }

        fn conv(&mut self, name: &str, input: OutletId, side: usize, inputs: usize, outputs: usize) -> OutletId {
            self.layer(name, input, Self::pool(side, 1, inputs, outputs), 1)
        }

        fn layer(&mut self, name: &str, input: OutletId, pool: PoolSpec, groups: usize) -> OutletId {
            let (rows, columns) = (pool.kernel_shape[0], pool.kernel_shape[1]);
            let shape = [pool.output_channels, pool.input_channels / groups, rows, columns];
            let weights = self.numbers(&format!("{name}.weights"), &shape);
            let bias = self.numbers(&format!("{name}.bias"), &[pool.output_channels]);
            self.wire(name, Conv::new(pool, KernelFormat::OIHW, groups, None), &[input, weights, bias])
        }

        /// Of 16 channels, twice as large but for `cut` rows and columns.
        fn deconv(&mut self, name: &str, input: OutletId, cut: usize) -> OutletId {
            let padding = PaddingSpec::Explicit(tvec!(0; 2), tvec!(cut; 2));
            let pool = PoolSpec::new(DataFormat::NCHW, tvec!(2; 2), padding, None, Some(tvec!(2; 2)), 16, 16);
            let weights = self.numbers(&format!("{name}.weights"), &[16, 16, 2, 2]);
            let bias = self.numbers(&format!("{name}.bias"), &[16]);
            self.wire(name, Deconv::new(pool, KernelFormat::OIHW, tvec!(0; 2), 1), &[input, weights, bias])
        }

        fn relu(&mut self, name: &str, input: OutletId) -> OutletId {
            let zero = Tensor::from_shape(&[1, 1, 1, 1], &[0.0f32]).unwrap();
            let zero = self.0.add_const(format!("{name}.zero"), zero).unwrap();
            self.wire(name, math::max(), &[input, zero])
        }
    }

    /// Every way of folding, and what may not be folded, against tract's own run of the same model.
    #[test]
    fn a_plan_says_what_tract_says() {
        let (height, width) = (10, 12);
        let mut model = Builder(TypedModel::default());
        let input = model.0.add_source("input", f32::fact([1, 3, height, width])).unwrap();
        let stem = model.conv("stem", input, 3, 3, 16);
        let stem = model.relu("stem.relu", stem);

        // A sum with what was made before it and after it, and an activation after a sum.
        let before = model.conv("before", stem, 1, 16, 16);
        let sum = model.wire("sum", math::add(), &[stem, before]);
        let early = model.conv("early", sum, 3, 16, 16);
        let late = model.conv("late", sum, 1, 16, 16);
        let late = model.relu("late.relu", late);
        let other = model.wire("other", math::add(), &[early, late]);
        let activated = model.relu("activated", other);

        // A batch normalisation, and numbers for each pixel, as many of them as there are channels.
        let normalised = model.conv("normalised", activated, 3, 16, height * width);
        let factors = model.numbers("factors", &[1, height * width, 1, 1]);
        let normalised = model.wire("normalised.mul", math::mul(), &[factors, normalised]);
        let shifts = model.numbers("shifts", &[1, height * width, 1, 1]);
        let normalised = model.wire("normalised.add", math::add(), &[normalised, shifts]);
        let each_pixel = model.numbers("each_pixel", &[1, 1, height, width]);
        let placed = model.conv("placed", normalised, 1, height * width, height * width);
        let placed = model.wire("placed.add", math::add(), &[placed, each_pixel]);

        // An operator that only tract knows, in the middle.
        let pool = MaxPool::new(Builder::pool(3, 2, height * width, height * width), None);
        let pooled = model.wire("pooled", pool, &[placed]);

        // A concatenation with an activation, and heads that are merged: one with an activation of its own.
        let parts = [("a", 16), ("b", 32)].map(|(name, outputs)| model.conv(name, pooled, 3, height * width, outputs));
        let all = model.wire("all", TypedConcat { axis: 1 }, &parts);
        let all = model.relu("all.relu", all);
        let heads =
            [("head", 2), ("relu_head", 5), ("score", 1)].map(|(name, outputs)| model.conv(name, all, 1, 48, outputs));
        let relu = model.relu("relu_head.relu", heads[1]);
        let score = model.wire("score.sigmoid", sigmoid(), &[heads[2]]);
        let last = model.wire("last", AxisOp::Move(1, 3), &[heads[0]]);
        model.0.select_output_outlets(&[last, relu, score, sum]).unwrap();

        agrees(model.0, height, width);
    }

    /// Maps so large that they are computed some rows at a time, by all kinds of layers but those that only the files in
    /// `models/` show.
    #[test]
    fn a_plan_in_turns_says_what_tract_says() {
        let (height, width) = (40, 100);
        let mut model = Builder(TypedModel::default());
        let input = model.0.add_source("input", f32::fact([1, 3, height, width])).unwrap();
        let stem = model.layer("stem", input, Builder::pool(3, 2, 3, 16), 1);
        let slope = (0..16).map(|channel| channel as f32 / 16.0 - 0.5).collect();
        let stem = model.wire("stem.prelu", Prelu { slope }, &[stem]);
        let depthwise = model.layer("depthwise", stem, Builder::pool(3, 1, 16, 16), 16);
        let depthwise = model.wire("depthwise.leaky", leaky_relu(0.1), &[depthwise]);
        let grouped = model.layer("grouped", depthwise, Builder::pool(3, 1, 16, 16), 4);
        let wide = model.layer("wide", grouped, Builder::pool(7, 1, 16, 16), 16);
        let halved = model.layer("halved", wide, Builder::pool(3, 2, 16, 16), 1);

        // Enlarged again: with a sum, beside another map, and by one that leaves out its last row and column.
        let summed = model.deconv("summed", halved, 0);
        let summed = model.wire("summed.add", math::add(), &[stem, summed]);
        let beside = model.deconv("beside", halved, 0);
        let skip = model.layer("skip", wide, Builder::pool(1, 1, 16, 16), 1);
        let all = model.wire("all", TypedConcat { axis: 1 }, &[beside, skip]);
        let all = model.layer("all.conv", all, Builder::pool(3, 1, 32, 8), 1);
        let cut = model.deconv("cut", halved, 1);
        let cut = model.layer("cut.conv", cut, Builder::pool(3, 1, 16, 8), 1);
        model.0.select_output_outlets(&[summed, all, cut]).unwrap();
        agrees(model.0, height, width);
    }

    /// Whether a plan of the model gives the same numbers as tract's own run of it.
    fn agrees(model: TypedModel, height: usize, width: usize) {
        let planes: Vec<f32> = (0..3 * height * width).map(|index| (index as f32 * 0.7).cos()).collect();
        let pixels: Vec<f32> = (0..height * width)
            .flat_map(|pixel| [0, 1, 2].map(|channel| planes[channel * height * width + pixel]))
            .collect();
        let kernels = Kernels::default();
        let found = translate(&model, &kernels).unwrap().run(&pixels).unwrap();
        let planes = Tensor::from_shape(&[1, 3, height, width], &planes).unwrap();
        let expected = model.into_runnable().unwrap().run(tvec!(planes.into_tvalue())).unwrap();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            let scale = expected
                .try_as_plain_ram()
                .unwrap()
                .as_slice::<f32>()
                .unwrap()
                .iter()
                .fold(1.0f32, |a, b| a.max(b.abs()));
            let scaled = |tensor: &TValue| -> Tensor {
                let numbers =
                    tensor.try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().iter().map(|number| number / scale);
                Tensor::from_shape(tensor.shape(), &numbers.collect::<Vec<_>>()).unwrap()
            };
            scaled(found).close_enough(&scaled(expected), true).unwrap();
        }
    }
}
