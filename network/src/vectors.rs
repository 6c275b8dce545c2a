//! Vectors as wide as the processor has them.

use pulp::{Arch, Simd, WithSimd};

/// How wide the vectors are.
pub trait Width {
    fn run<O: WithSimd>(operation: O) -> O::Output;
}

/// As wide as the processor has them.
pub struct Widest;

/// Four numbers in a loop of which the compiler makes what any processor has.
pub struct Plain;

impl Width for Widest {
    #[inline(always)]
    fn run<O: WithSimd>(operation: O) -> O::Output {
        match Arch::new() {
            Arch::Scalar => Plain::run(operation),
            arch => arch.dispatch(operation),
        }
    }
}

impl Width for Plain {
    #[inline(always)]
    fn run<O: WithSimd>(operation: O) -> O::Output {
        operation.with_simd(pulp::Scalar128b)
    }
}

/// How many numbers a vector holds.
pub fn lanes<W: Width>() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;

        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    W::run(Lanes)
}

/// `a * b + c`
#[inline(always)]
pub fn mul_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    // Processors with narrow vectors have no instruction that does both, but for aarch64. Rounding once would then be done in
    // software, a hundred times slower.
    if S::F32_LANES > 4 || cfg!(target_arch = "aarch64") {
        simd.mul_add_f32s(a, b, c)
    } else {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    }
}

/// Multiplies what is negative by `slope`.
#[inline(always)]
pub fn activate<S: Simd>(simd: S, numbers: S::f32s, slope: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    mul_add(simd, slope, simd.min_f32s(numbers, zero), simd.max_f32s(numbers, zero))
}
