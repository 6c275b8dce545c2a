//! Which of tract's operators are layers that are computed here.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::cnn::{Conv, Deconv, KernelFormat, PaddingSpec, PoolSpec};
use tract_onnx::tract_core::ops::einsum::EinSum;

use super::depthwise;
use super::layer::{Layer, Window};

/// A convolution, deconvolution or matrix product as a layer; `None` for any other operator, and for such as are not known
/// here. `inputs` are its channels, `constants` the operator's inputs but the first.
pub fn layer(operator: &dyn TypedOp, inputs: usize, constants: Vec<Vec<f32>>, lanes: usize) -> Option<Layer> {
    let layer = if let Some(conv) = operator.downcast_ref::<Conv>() {
        let plain = conv.kernel_fmt == KernelFormat::OIHW && conv.q_params.is_none();
        convolution(&conv.pool_spec, conv.group, constants).filter(|_| plain)?
    } else if let Some(deconv) = operator.downcast_ref::<Deconv>() {
        let plain = deconv.kernel_format == KernelFormat::OIHW && deconv.adjustments.iter().all(|&pixels| pixels == 0);
        let layer = convolution(&deconv.pool_spec, deconv.group, constants)?;
        Layer { deconvolves: plain.then_some(true)?, ..layer }
    } else {
        product(operator.downcast_ref()?, inputs, constants)?
    };
    is_known(&layer, lanes).then_some(layer)
}

fn convolution(pool: &PoolSpec, groups: usize, constants: Vec<Vec<f32>>) -> Option<Layer> {
    let [weights, bias] = constants.try_into().ok()?;
    let padding = match &pool.padding {
        PaddingSpec::Valid => 0,
        PaddingSpec::Explicit(before, _) if before.iter().all(|&pixels| pixels == before[0]) => before[0],
        _ => return None,
    };
    let strides = pool.strides();
    let (&[rows, columns], &[stride, across]) = (&*pool.kernel_shape, &*strides) else { return None };
    if stride != across || pool.dilations().iter().any(|&dilation| dilation != 1) {
        return None;
    }
    let outputs = pool.output_channels;
    let bias = if bias.len() == 1 { bias.repeat(outputs) } else { bias };
    Some(Layer {
        window: Window { rows, columns, stride, padding },
        deconvolves: false,
        groups,
        inputs: pool.input_channels,
        outputs,
        weights,
        bias,
        slopes: vec![1.0; outputs],
    })
}

/// A fully connected layer, which is a convolution of one pixel.
fn product(product: &EinSum, inputs: usize, constants: Vec<Vec<f32>>) -> Option<Layer> {
    let [weights] = constants.try_into().ok()?;
    if product.axes.to_string() != "mk,nk->mn" || product.q_params.is_some() {
        return None;
    }
    let outputs = weights.len() / inputs;
    Some(Layer {
        window: Window::PIXEL,
        deconvolves: false,
        groups: 1,
        inputs,
        outputs,
        weights,
        bias: vec![0.0; outputs],
        slopes: vec![1.0; outputs],
    })
}

fn is_known(layer: &Layer, lanes: usize) -> bool {
    let Window { rows, columns, stride, padding } = layer.window;
    if layer.deconvolves {
        (rows, columns, stride, padding, layer.groups) == (2, 2, 2, 0, 1)
    } else if layer.is_depthwise() {
        rows == columns && depthwise::SIDES.contains(&rows)
    } else {
        // The channels of a group must lie within a vector.
        layer.groups == 1 || layer.inputs == layer.outputs && lanes.is_multiple_of(layer.outputs / layer.groups)
    }
}
