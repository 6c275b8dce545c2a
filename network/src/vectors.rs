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
