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

/// The vector at `position`.
#[inline(always)]
pub fn load<S: Simd>(numbers: &[f32], position: usize) -> S::f32s {
    S::as_simd_f32s(&numbers[position..position + S::F32_LANES]).0[0]
}

#[inline(always)]
pub fn store<S: Simd>(numbers: &mut [f32], position: usize, vector: S::f32s) {
    S::as_mut_simd_f32s(&mut numbers[position..position + S::F32_LANES]).0[0] = vector;
}
