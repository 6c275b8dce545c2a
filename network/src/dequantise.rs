//! Weights that are stored as bytes, with a scale and a zero point for each block of them.
//!
//! tract knows one scale for all or one for each row; blocks within a row came with version 21 of ONNX's operators. The
//! weights of each layer become numbers when that layer is made ready: as numbers, all of them take four times the memory.

use std::ops::RangeInclusive;

use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// The operator as ONNX has it: the inputs are bytes, scales and, where there are any, zero points.
pub(super) fn onnx_dequantise(node: &NodeProto) -> TractResult<Box<dyn InferenceOp>> {
    Ok(expand(Dequantise { axis: node.get_attr_opt("axis")?.unwrap_or(1) }))
}

#[derive(Debug, Clone)]
struct Dequantise {
    /// Along which the blocks lie; counted from the end where it is negative.
    axis: i64,
}

const INPUTS: RangeInclusive<usize> = 2..=3;

impl Expansion for Dequantise {
    fn name(&self) -> StaticName {
        "Dequantise".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        ensure!(INPUTS.contains(&inputs.len()), "DequantizeLinear with {} inputs", inputs.len());
        solver.equals(&outputs[0].datum_type, f32::datum_type())?;
        solver.equals(&inputs[0].shape, &outputs[0].shape)?;
        Ok(())
    }

    fn wire(&self, name: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let rank = model.outlet_fact(inputs[0])?.rank() as i64;
        let axis = if self.axis < 0 { self.axis + rank } else { self.axis };
        ensure!((0..rank.max(1)).contains(&axis), "DequantizeLinear along axis {axis} of {rank}");
        model.wire_node(name, DequantiseAlong { axis: axis as usize }, inputs)
    }
}

/// The same in a typed model, where the number of axes is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DequantiseAlong {
    axis: usize,
}

impl Op for DequantiseAlong {
    fn name(&self) -> StaticName {
        "DequantiseAlong".into()
    }

    op_as_typed_op!();
}

impl EvalOp for DequantiseAlong {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let zeros = inputs.get(2).map(|zeros| &**zeros);
        Ok(tvec!(dequantised(&inputs[0], &inputs[1], zeros, self.axis)?.into_tvalue()))
    }
}

impl TypedOp for DequantiseAlong {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(INPUTS.contains(&inputs.len()), "DequantizeLinear with {} inputs", inputs.len());
        Ok(tvec!(f32::datum_type().fact(inputs[0].shape.iter())))
    }

    as_op!();
}

/// `(byte - zero) * scale`, with one scale for all, one for each place along `axis`, or one for each of the equal blocks there.
fn dequantised(bytes: &Tensor, scales: &Tensor, zeros: Option<&Tensor>, axis: usize) -> TractResult<Tensor> {
    let floats = |tensor: &Tensor| -> TractResult<Vec<f32>> {
        Ok(tensor.cast_to::<f32>()?.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
    };
    let shape = bytes.shape();
    let length = shape.get(axis).copied().unwrap_or(1);
    let inner: usize = shape.iter().skip(axis + 1).product();
    // How many scales there are along the axis, and whether the other axes have their own.
    let (along, others) = match scales.rank() {
        0 => (1, false),
        rank if rank == bytes.rank() && rank > 1 => (scales.shape()[axis], true),
        _ => (scales.len(), false),
    };
    let outer: usize = shape.iter().take(axis).product();
    let expected = if others { outer * along * inner } else { along };
    ensure!(along > 0 && scales.len() == expected, "DequantizeLinear: {:?} scales for {shape:?}", scales.shape());
    ensure!(zeros.is_none_or(|zeros| zeros.len() == scales.len()), "DequantizeLinear: not as many zeros as scales");
    let block = length.div_ceil(along).max(1);

    let mut tensor = bytes.cast_to::<f32>()?.into_owned();
    let scales = floats(scales)?;
    let zeros = zeros.map_or_else(|| Ok(vec![0.0; scales.len()]), floats)?;
    let mut view = tensor.try_as_plain_ram_mut()?;
    for (row, numbers) in view.as_slice_mut::<f32>()?.chunks_mut(inner.max(1)).enumerate() {
        let at = row % length / block;
        for (column, number) in numbers.iter_mut().enumerate() {
            let index = if others { (row / length * along + at) * inner + column } else { at };
            *number = (*number - zeros[index]) * scales[index];
        }
    }
    Ok(tensor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor<T: Datum + Copy>(shape: &[usize], numbers: &[T]) -> Tensor {
        Tensor::from_shape(shape, numbers).unwrap()
    }

    fn found(bytes: &Tensor, scales: &Tensor, zeros: Option<&Tensor>, axis: usize) -> Vec<f32> {
        let found = dequantised(bytes, scales, zeros, axis).unwrap();
        assert_eq!(found.shape(), bytes.shape());
        found.try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().to_vec()
    }

    #[test]
    fn each_block_has_its_scale_and_zero() {
        let bytes = tensor::<i8>(&[2, 5], &[1, 2, 3, 4, 5, -1, -2, -3, -4, -128]);
        // Blocks of three, the last one of two.
        let scales = tensor(&[2, 2], &[1.0f32, 10.0, 0.5, -1.0]);
        let zeros = tensor::<i8>(&[2, 2], &[1, 0, 0, 2]);
        let expected = [0.0, 1.0, 2.0, 40.0, 50.0, -0.5, -1.0, -1.5, 6.0, 130.0];
        assert_eq!(found(&bytes, &scales, Some(&zeros), 1), expected);
        // Blocks down the columns.
        let scales = tensor(&[1, 5], &[1.0f32, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(found(&bytes, &scales, None, 0), [1.0, 4.0, 9.0, 16.0, 25.0, -1.0, -4.0, -9.0, -16.0, -640.0]);
    }

    #[test]
    fn one_scale_may_be_for_a_row_or_for_all() {
        let bytes = tensor::<u8>(&[2, 3], &[0, 1, 2, 253, 254, 255]);
        assert_eq!(found(&bytes, &tensor(&[2], &[1.0f32, 2.0]), None, 0), [0.0, 1.0, 2.0, 506.0, 508.0, 510.0]);
        assert_eq!(found(&bytes, &tensor(&[3], &[1.0f32, 2.0, 0.5]), None, 1), [0.0, 2.0, 1.0, 253.0, 508.0, 127.5]);
        let one = tensor::<f32>(&[], &[2.0]);
        let zero = tensor::<u8>(&[], &[1]);
        assert_eq!(found(&bytes, &one, Some(&zero), 1), [-2.0, 0.0, 2.0, 504.0, 506.0, 508.0]);
    }

    #[test]
    fn scales_that_do_not_fit_are_refused() {
        let bytes = tensor::<i8>(&[2, 3], &[0; 6]);
        assert!(dequantised(&bytes, &tensor(&[3, 1], &[1.0f32; 3]), None, 1).is_err());
        assert!(dequantised(&bytes, &tensor(&[2], &[1.0f32; 2]), Some(&tensor::<i8>(&[1], &[0])), 0).is_err());
    }
}
