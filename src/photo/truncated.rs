//! Photos that lost their tail, for decoders that give a whole picture or none.

use std::hash::{DefaultHasher, Hash, Hasher};

use image::RgbImage;

use super::raster::GREY;

/// The upper part of a picture on which the first two attempts that succeed agree, with grey below: what differs depends on what is missing.
/// `None` where there are not two, or less than a tenth is left.
pub(super) fn upper_part<A, E>(attempts: &[A], decode: impl Fn(&A) -> Result<RgbImage, E>) -> Option<RgbImage> {
    let mut decoded = attempts.iter().filter_map(|attempt| decode(attempt).ok());
    // Of the first picture only these stay: two large ones would take too much memory.
    let rows = decoded.next().map(|first| row_hashes(&first, 3 * first.width() as usize))?;
    let picture = decoded.next()?;
    let shared = shared_rows(&rows, &row_hashes(&picture, 3 * picture.width() as usize));
    grey_below(picture, shared)
}

/// A hash of each row, `across` values long.
pub(super) fn row_hashes<T: Hash>(values: &[T], across: usize) -> Vec<u64> {
    let hash = |row: &[T]| {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        hasher.finish()
    };
    values.chunks(across.max(1)).map(hash).collect()
}

/// How many rows two pictures share from the top.
pub(super) fn shared_rows(one: &[u64], other: &[u64]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// A picture with grey below its first `rows` rows; `None` where they are less than a tenth of it.
pub(super) fn grey_below(mut pixels: RgbImage, rows: usize) -> Option<RgbImage> {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    if rows * 10 < height {
        return None;
    }
    pixels.chunks_exact_mut(3 * width).skip(rows).for_each(|row| row.fill(GREY.0[0]));
    Some(pixels)
}

#[cfg(all(test, feature = "avif", feature = "heic"))]
mod tests {
    use std::path::Path;

    use super::super::{Orientation, decode, header};
    use super::*;

    fn decoded(bytes: &[u8]) -> RgbImage {
        decode(bytes, &header(bytes).unwrap(), Orientation::Normal).unwrap()
    }

    /// What is shown of a truncated photo is its upper part as it was, and grey below.
    #[test]
    fn nothing_but_what_was_there_is_shown() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
        for name in ["lossy.webp", "lossless.webp", "photo.avif", "photo.heic"] {
            let bytes = std::fs::read(fixtures.join(name)).unwrap();
            let whole = decoded(&bytes);
            for percent in [50, 90] {
                let left = decoded(&bytes[..bytes.len() * percent / 100]);
                let across = 3 * whole.width() as usize;
                let grey = left.rchunks(across).take_while(|row| row.iter().all(|&value| value == GREY.0[0])).count();
                let shown = left.height() as usize - grey;
                assert!(grey > 0 && shown * 5 > left.height() as usize, "{name} {percent}: {shown} rows");
                // The lowest rows may be smoothed with what should be below.
                let real = shared_rows(&row_hashes(&left, across), &row_hashes(&whole, across));
                assert!(real + 8 >= shown, "{name} {percent}: {real} of {shown} rows");
            }
        }
    }
}
