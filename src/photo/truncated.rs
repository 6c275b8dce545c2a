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

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats").join(name)).unwrap()
    }

    /// A download through a text mode adds line breaks, others fill up.
    #[test]
    fn what_follows_a_photo_does_not_matter() {
        for name in
            ["lossy.webp", "photo.avif", "photo.heic", "turned.heic", "photo.jxl", "rgb8.png", "progressive.jpg"]
        {
            let bytes = fixture(name);
            let whole = decoded(&bytes);
            for tail in [
                &b"\n"[..],
                b"\r\n",
                &[0],
                &[0; 4],
                &[0; 7],
                &[0; 8],
                &[0; 1000],
                &[b'x'; 8],
                &[b'x'; 1000],
                &[0xff; 64],
            ] {
                assert!(decoded(&[&bytes, tail].concat()) == whole, "{name} and {} bytes", tail.len());
            }
        }
    }

    /// With EXIF or XMP behind the picture, as cameras and editors write it.
    #[test]
    fn a_webp_that_lost_its_metadata_or_more_shows_what_is_left() {
        let plain = fixture("lossy.webp");
        let whole = decoded(&plain);
        let [width, height] = [whole.width() - 1, whole.height() - 1].map(u32::to_le_bytes);
        let chunk = |kind: &[u8], data: &[u8]| [kind, &(data.len() as u32).to_le_bytes()[..], data].concat();
        let file = |chunks: &[u8]| [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", chunks].concat();
        for (flag, kind) in [(0x08, b"EXIF"), (0x04, b"XMP ")] {
            let features = chunk(b"VP8X", &[&[flag, 0, 0, 0][..], &width[..3], &height[..3]].concat());
            let picture = [&features, &plain[12..]].concat();
            let bytes = file(&[&picture[..], &chunk(kind, &[7; 400])].concat());
            assert!(decoded(&bytes) == whole);
            for lost in [1, 399, 402, 408] {
                assert!(decoded(&bytes[..bytes.len() - lost]) == whole, "without the last {lost} bytes");
            }
            assert!(decoded(&file(&picture)) == whole, "somebody took it out, and left the flag");
            let half = decoded(&bytes[..bytes.len() / 2]);
            let across = 3 * whole.width() as usize;
            let real = shared_rows(&row_hashes(&half, across), &row_hashes(&whole, across));
            assert!(real * 10 > half.height() as usize, "{real} rows");
        }
    }

    /// What is shown of a truncated photo is its upper part as it was, and grey below.
    #[test]
    fn nothing_but_what_was_there_is_shown() {
        for name in ["lossy.webp", "lossless.webp", "photo.avif", "photo.heic"] {
            let bytes = fixture(name);
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
