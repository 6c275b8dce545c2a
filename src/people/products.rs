//! All dot products of two sets of embeddings.

/// `out[i][j]` = row `i` of `a` times row `j` of `b`.
pub(super) fn products(a: &[f32], b: &[f32], dimension: usize, out: &mut [f32]) {
    let (rows, columns) = (a.len() / dimension, b.len() / dimension);
    let row = dimension as isize;
    assert_eq!(out.len(), rows * columns);
    let multiply = gemm_f32::gemm::f32::get_gemm_fn();
    // SAFETY: the three matrices have the lengths that their sizes and strides demand: `a` rows x dimension, `b` columns x dimension,
    // `out` rows x columns, all dense and row-major; `out` is overwritten, not read. gemm prefers columns: what it is asked for is
    // the transposed product, `b` times the transposed `a`.
    unsafe {
        multiply(
            columns,
            rows,
            dimension,
            out.as_mut_ptr(),
            columns as isize,
            1,
            false,
            b.as_ptr(),
            1,
            row,
            a.as_ptr(),
            row,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm_common::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_multiplied_by_each_other() {
        let dimension = 128;
        let numbers = |rows: usize, seed: f32| -> Vec<f32> {
            (0..rows * dimension).map(|index| (index as f32 * seed).sin()).collect()
        };
        for (rows, columns) in [(0, 3), (3, 0), (1, 1), (1, 5), (5, 1), (7, 33), (64, 17)] {
            let (a, b) = (numbers(rows, 0.7), numbers(columns, 1.3));
            let mut out = vec![f32::NAN; rows * columns];
            products(&a, &b, dimension, &mut out);
            for (index, found) in out.iter().enumerate() {
                let row = &a[index / columns * dimension..][..dimension];
                let other = &b[index % columns * dimension..][..dimension];
                let expected: f32 = row.iter().zip(other).map(|(a, b)| a * b).sum();
                assert!((found - expected).abs() < 1e-3, "{rows} x {columns}, {index}: {found}, not {expected}");
            }
        }
    }
}
