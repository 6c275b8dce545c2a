//! Pairs of numbers of 16 bits (bfloat16, the upper half of a number of 32 bits), which some processors multiply and add up in one
//! instruction: AVX512-BF16, which AMD's have since Zen 4 and most of Intel's for servers since Sapphire Rapids. The sums have 32 bits.

/// Two numbers, each rounded to the nearest of 16 bits, the first in the lower half.
pub fn pair(numbers: [f32; 2]) -> u32 {
    let [first, second] = numbers.map(|number| {
        let bits = number.to_bits();
        // Half of what is cut off is added first; of two that are as near, the even one is taken.
        (bits + 0x7fff + (bits >> 16 & 1)) >> 16
    });
    first | second << 16
}

#[cfg(target_arch = "x86_64")]
pub use x86_64::Pairs;

#[cfg(not(target_arch = "x86_64"))]
pub use elsewhere::Pairs;

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::x86_64::{__m512bh, _mm512_cvtne2ps_pbh, _mm512_dpbf16_ps};
    use std::ops::Range;

    use pulp::x86::V4;
    use pulp::{Simd, bytemuck, f32x16, u32x16};

    use super::super::convolution::{Convolve, Product};
    use super::super::feature_map::Source;

    /// Says that the processor has these instructions.
    #[derive(Debug, Clone, Copy)]
    pub struct Pairs(V4);

    impl Pairs {
        /// `None` where it has not.
        pub fn new() -> Option<Self> {
            if std::is_x86_feature_detected!("avx512bf16") { V4::try_new().map(Self) } else { None }
        }

        /// Some rows of a map in pairs, in memory that is reused.
        pub fn of<'a>(self, map: Source<'a>, rows: Range<usize>, memory: &'a mut Vec<u32>) -> Source<'a, u32> {
            // One at the least, as a row that is not seen is asked for, too.
            let layout = map.layout.in_pairs(rows.len().max(1));
            memory.resize(memory.len().max(layout.length()), 0);
            for y in rows {
                // SAFETY: the processor has the instructions.
                unsafe { pair_up(self.0, map.row(y as isize), &mut memory[layout.place(y)]) };
            }
            Source { numbers: memory, layout, zeros: bytemuck::cast_slice(map.zeros) }
        }

        /// Runs a convolution in code for such processors.
        pub fn run(self, convolve: Convolve<'_, Self>) {
            #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512bf16,avx2,fma")]
            fn run(convolve: Convolve<'_, Pairs>, simd: V4) {
                convolve.run(simd);
            }
            // SAFETY: the processor has all of these.
            unsafe { run(convolve, self.0) }
        }
    }

    /// Numbers, as many as whole vectors have, in half as many pairs.
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512bf16")]
    fn pair_up(simd: V4, numbers: &[f32], pairs: &mut [u32]) {
        let paired = |first: f32x16, second: f32x16| {
            let pairs = _mm512_cvtne2ps_pbh(bytemuck::cast(second), bytemuck::cast(first));
            // SAFETY: both types are 512 bits of any content.
            unsafe { std::mem::transmute::<__m512bh, u32x16>(pairs) }
        };
        let (vectors, last) = V4::as_simd_f32s(numbers).0.as_chunks::<2>();
        let (pairs, pairs_of_last) = V4::as_mut_simd_u32s(pairs);
        for (pairs, &[first, second]) in pairs.iter_mut().zip(vectors) {
            *pairs = paired(first, second);
        }
        if let [last] = *last {
            let pairs: [u32; 16] = bytemuck::cast(paired(last, simd.splat_f32s(0.0)));
            pairs_of_last.copy_from_slice(&pairs[..8]);
        }
    }

    impl Product<V4> for Pairs {
        #[inline(always)]
        fn add(self, _: V4, part: u32x16, weights: u32x16, sums: f32x16) -> f32x16 {
            // SAFETY: both types are 512 bits of any content.
            let [part, weights] =
                [part, weights].map(|pairs| unsafe { std::mem::transmute::<u32x16, __m512bh>(pairs) });
            // SAFETY: the processor has the instruction.
            bytemuck::cast(unsafe { _mm512_dpbf16_ps(bytemuck::cast(sums), part, weights) })
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod elsewhere {
    use std::ops::Range;

    use super::super::convolution::Convolve;
    use super::super::feature_map::Source;

    /// There are none.
    #[derive(Debug, Clone, Copy)]
    pub enum Pairs {}

    impl Pairs {
        pub fn new() -> Option<Self> {
            None
        }

        pub fn of<'a>(self, _: Source<'a>, _: Range<usize>, _: &'a mut Vec<u32>) -> Source<'a, u32> {
            match self {}
        }

        pub fn run(self, _: Convolve<'_, Self>) {
            match self {}
        }
    }
}
