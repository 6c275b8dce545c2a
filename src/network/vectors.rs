//! Vectors as wide as the processor has them.

use pulp::{Arch, Simd, WithSimd};

/// Runs `operation` with the widest vectors there are.
#[inline(always)]
pub fn vectorised<O: WithSimd>(operation: O) -> O::Output {
    match Arch::new() {
        // Four lanes that the compiler makes vectors of: every processor has those.
        Arch::Scalar => operation.with_simd(pulp::Scalar128b),
        arch => arch.dispatch(operation),
    }
}

/// How many numbers the widest vectors hold.
pub fn lanes() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;

        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    vectorised(Lanes)
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
