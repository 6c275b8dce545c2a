//! PReLU as one operator.
//!
//! tract builds it of a multiplication, a comparison and a selection, in which nobody finds the slopes again. As one operator it
//! is folded into the convolution before it, and is run only where there is none.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// The operator as ONNX has it: the slope is the second input.
pub(super) fn onnx_prelu() -> Box<dyn InferenceOp> {
    expand(OnnxPrelu)
}

#[derive(Debug, Clone)]
struct OnnxPrelu;

impl Expansion for OnnxPrelu {
    fn name(&self) -> StaticName {
        "PRelu".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        solver.equals(&inputs[0].datum_type, &outputs[0].datum_type)?;
        solver.equals(&inputs[0].shape, &outputs[0].shape)?;
        Ok(())
    }

    fn wire(&self, name: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let slope = model.outlet_fact(inputs[1])?.konst.clone().context("PRelu with a slope that is not constant")?;
        let slope = slope.cast_to::<f32>()?.try_as_plain_ram()?.as_slice::<f32>()?.to_vec();
        let channels = &model.outlet_fact(inputs[0])?.shape[1];
        ensure!(slope.len() == 1 || *channels == slope.len().to_dim(), "PRelu with slopes that are not the channels'");
        model.wire_node(name, Prelu { slope }, &inputs[..1])
    }
}

/// `x` where it is positive, `slope * x` where not; one slope for each channel (axis 1), or one for all.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prelu {
    pub slope: Vec<f32>,
}

impl Eq for Prelu {}

impl Op for Prelu {
    fn name(&self) -> StaticName {
        "Prelu".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Prelu {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut tensor = args_1!(inputs).into_tensor();
        let plane: usize = tensor.shape()[2..].iter().product();
        let mut view = tensor.try_as_plain_ram_mut()?;
        for (channel, numbers) in view.as_slice_mut::<f32>()?.chunks_exact_mut(plane).enumerate() {
            let slope = self.slope[channel % self.slope.len()];
            for number in numbers {
                *number = number.max(0.0) + slope * number.min(0.0);
            }
        }
        Ok(tvec!(tensor.into_tvalue()))
    }
}

impl TypedOp for Prelu {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    as_op!();
}
