//! A network for one input size: steps that are run one after the other.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::*;

use super::feature_map::{BORDER, Layout, Size, Source, Target};
use super::kernel::Kernel;
use super::schedule::Turn;
use super::vectors::Widest;

#[derive(Debug)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub turns: Vec<Turn>,
    pub maps: Vec<Map>,
    /// How many tensors there are.
    pub tensors: usize,
    pub outputs: Vec<usize>,
    /// As many zeros as the longest row has numbers.
    pub zeros: Vec<f32>,
}

/// A feature map, or some channels of one.
#[derive(Debug, Clone)]
pub struct Map {
    pub size: Size,
    pub layout: Layout,
    /// The map whose memory it is in: itself, but for some channels of another.
    pub whole: usize,
}

#[derive(Debug)]
pub enum Step {
    /// Puts the picture that the network sees into a map.
    Picture { map: usize },
    /// Of a tensor of `1 x channels x height x width` a map is made.
    Import { tensor: usize, map: usize },
    /// And the reverse; with `channels_last`, the tensor's order is `1 x height x width x channels`.
    Export { map: usize, tensor: usize, channels_last: bool, shape: TVec<usize> },
    Convolve {
        kernel: Arc<Kernel>,
        input: usize,
        /// A map that is added to what comes out.
        add: Option<usize>,
        output: usize,
    },
    /// Nearest-neighbour resizing: from which row and column each is taken.
    Resize { rows: Vec<usize>, columns: Vec<usize>, input: usize, output: usize },
    /// An operator that only tract knows.
    Tract { operator: Box<dyn TypedOp>, inputs: Vec<Argument>, outputs: Vec<usize> },
}

#[derive(Debug, Clone)]
pub enum Argument {
    Constant(Arc<Tensor>),
    Tensor(usize),
}

/// Memory for the maps of one run after the other, of all networks: as many as have run at a time.
static BUFFERS: Mutex<Vec<Vec<Vec<f32>>>> = Mutex::new(Vec::new());

/// Gives back the memory that networks keep for their next run, but for some rows of each thread.
pub fn release_memory() {
    BUFFERS.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl Plan {
    /// Runs all steps on a picture of `height x width x channels`.
    pub fn run(&self, picture: &[f32]) -> TractResult<Vec<TValue>> {
        let idle = || BUFFERS.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffers = idle().pop().unwrap_or_default();
        buffers.resize(buffers.len().max(self.maps.len()), Vec::new());
        for (buffer, map) in buffers.iter_mut().zip(&self.maps) {
            buffer.resize(buffer.len().max(map.layout.length() + ALIGNMENT), 0.0);
        }
        let mut run = Run { plan: self, picture, buffers: &mut buffers, tensors: vec![None; self.tensors] };
        for turn in &self.turns {
            run.turn(&self.steps[turn.task], turn.rows.clone())?;
        }
        let outputs = self.outputs.iter().map(|&output| run.tensor(output)).collect();
        idle().push(buffers);
        Ok(outputs)
    }
}

/// In numbers; vectors that lie across two lines of the cache take twice as long.
const ALIGNMENT: usize = 16;

struct Run<'a> {
    plan: &'a Plan,
    picture: &'a [f32],
    buffers: &'a mut Vec<Vec<f32>>,
    tensors: Vec<Option<TValue>>,
}

impl Run<'_> {
    fn tensor(&self, index: usize) -> TValue {
        self.tensors[index].clone().expect("a tensor is made before it is used")
    }

    fn source(&self, map: usize) -> Source<'_> {
        let Map { layout, whole, .. } = self.plan.maps[map];
        Source { numbers: aligned(&self.buffers[whole]), layout, zeros: &self.plan.zeros }
    }

    fn turn(&mut self, step: &Step, rows: Range<usize>) -> TractResult<()> {
        match step {
            Step::Picture { map } => self.write(*map, rows, |run, mut target, rows| {
                let Layout { width, pitch, start, .. } = target.layout;
                for y in rows {
                    let pixels = &run.picture[y * width * pitch..][..width * pitch];
                    target.row(y)[start..][..width * pitch].copy_from_slice(pixels);
                }
                Ok(())
            })?,
            Step::Import { tensor, map } => {
                let tensor = self.tensor(*tensor);
                let size = self.plan.maps[*map].size;
                self.write(*map, rows, |_, mut target, rows| {
                    import(tensor.try_as_plain_ram()?.as_slice()?, size, &mut target, rows);
                    Ok(())
                })?;
            }
            Step::Export { map, tensor, channels_last, shape } => {
                let numbers = export(self.source(*map), self.plan.maps[*map].size, *channels_last);
                self.tensors[*tensor] = Some(Tensor::from_shape(shape, &numbers)?.into_tvalue());
            }
            Step::Convolve { kernel, input, add, output } => self.write(*output, rows, |run, output, rows| {
                kernel.run::<Widest>(run.source(*input), add.map(|add| run.source(add)), output, rows);
                Ok(())
            })?,
            Step::Resize { rows: from, columns, input, output } => {
                self.write(*output, rows, |run, mut output, rows| {
                    let (input, to) = (run.source(*input), output.layout);
                    for y in rows {
                        let (from, to_row) = (input.row(from[y] as isize), output.row(y));
                        for (x, &column) in columns.iter().enumerate() {
                            let pixel = &from[input.layout.start + column * input.layout.pitch..][..to.pitch];
                            to_row[to.start + x * to.pitch..][..to.pitch].copy_from_slice(pixel);
                        }
                    }
                    Ok(())
                })?
            }
            Step::Tract { operator, inputs, outputs } => {
                let inputs = inputs.iter().map(|input| match input {
                    Argument::Constant(tensor) => tensor.clone().into_tvalue(),
                    Argument::Tensor(index) => self.tensor(*index),
                });
                let results = operator.eval_out_of_plan(inputs.collect())?;
                let results = results.with_context(|| format!("{} keeps state", operator.name()))?;
                for (&output, result) in outputs.iter().zip(results) {
                    self.tensors[output] = Some(result);
                }
            }
        }
        Ok(())
    }

    /// Has `write` fill rows of a map, all but their border.
    fn write(
        &mut self,
        map: usize,
        rows: Range<usize>,
        write: impl FnOnce(&Self, Target<'_>, Range<usize>) -> TractResult<()>,
    ) -> TractResult<()> {
        let Map { layout, whole, .. } = self.plan.maps[map];
        // Taken out, so that the others can be read meanwhile.
        let mut numbers = std::mem::take(&mut self.buffers[whole]);
        let mut target = Target { numbers: aligned_mut(&mut numbers), layout };
        let border = BORDER * layout.pitch;
        for y in rows.clone() {
            let row = target.row(y);
            row[..border].fill(0.0);
            row[layout.row - border..].fill(0.0);
        }
        let result = write(self, target, rows);
        self.buffers[whole] = numbers;
        result
    }
}

fn aligned(buffer: &[f32]) -> &[f32] {
    &buffer[buffer.as_ptr().align_offset(ALIGNMENT * size_of::<f32>())..]
}

fn aligned_mut(buffer: &mut [f32]) -> &mut [f32] {
    let start = buffer.as_ptr().align_offset(ALIGNMENT * size_of::<f32>());
    &mut buffer[start..]
}

fn import(planes: &[f32], size: Size, target: &mut Target<'_>, rows: Range<usize>) {
    let Layout { pitch, start, .. } = target.layout;
    for y in rows {
        let row = target.row(y);
        row.fill(0.0);
        for channel in 0..size.channels {
            let plane = &planes[(channel * size.height + y) * size.width..][..size.width];
            for (x, &number) in plane.iter().enumerate() {
                row[start + x * pitch + channel] = number;
            }
        }
    }
}

fn export(source: Source<'_>, size: Size, channels_last: bool) -> Vec<f32> {
    let Size { height, width, channels } = size;
    let Layout { pitch, start, .. } = source.layout;
    let mut numbers = Vec::with_capacity(height * width * channels);
    if channels_last {
        for y in 0..height {
            let row = source.row(y as isize);
            for pixel in row[start..].chunks_exact(pitch).take(width) {
                numbers.extend_from_slice(&pixel[..channels]);
            }
        }
    } else {
        for channel in 0..channels {
            for y in 0..height {
                let row = source.row(y as isize);
                numbers.extend((0..width).map(|x| row[start + x * pitch + channel]));
            }
        }
    }
    numbers
}
