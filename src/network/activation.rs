//! What comes after a convolution's sums.

use pulp::Simd;

use super::vectors::load;

/// What is made of a number.
#[derive(Debug, Clone, PartialEq)]
pub enum Activation {
    None,
    /// `max(x, 0)`
    Relu,
    /// PReLU and leaky ReLU: `slope * x` where `x` is negative. One slope for each channel.
    Slopes(Vec<f32>),
}

impl Activation {
    #[inline(always)]
    pub fn apply<S: Simd>(&self, simd: S, vector: S::f32s, channel: usize) -> S::f32s {
        let zero = simd.splat_f32s(0.0);
        match self {
            Self::None => vector,
            Self::Relu => simd.max_f32s(vector, zero),
            Self::Slopes(slopes) => {
                let (positive, negative) = (simd.max_f32s(vector, zero), simd.min_f32s(vector, zero));
                simd.mul_add_e_f32s(load::<S>(slopes, channel), negative, positive)
            }
        }
    }
}
