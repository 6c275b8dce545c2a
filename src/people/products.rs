//! All dot products of two sets of embeddings.

/// `out[i][j]` = row `i` of `a` times row `j` of `b`.
pub(super) fn products(a: &[f32], b: &[f32], dimension: usize, out: &mut [f32]) {
    let (rows, columns) = (a.len() / dimension, b.len() / dimension);
    let (row, one) = (dimension as isize, 1);
    assert_eq!(out.len(), rows * columns);
    // SAFETY: the three matrices have the lengths that their sizes and strides demand: `a` rows x dimension, `b`
    // columns x dimension (read transposed), `out` rows x columns, all dense and row-major; `out` is overwritten, not read.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            dimension,
            out.as_mut_ptr(),
            one,
            columns as isize,
            false,
            a.as_ptr(),
            one,
            row,
            b.as_ptr(),
            row,
            one,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
