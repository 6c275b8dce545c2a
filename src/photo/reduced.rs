//! Pictures reduced while they are decoded, in less time and memory, and how much memory that takes.
//!
//! JPEGs, in raw files too, are decoded to a half, a quarter or an eighth of their sides; of a HEIC made of tiles each tile is reduced before
//! the next is decoded. Other pictures are decoded whole.

use std::borrow::Cow;

use image::RgbImage;

use super::{Format, Header, Orientation, PhotoError, decode, guarded, jpeg, raw, tiff};

/// Decodes a picture like [`decode`], with sides that are `reduction` times shorter, as [`affordable`] gave it.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_reduced(
    bytes: &[u8],
    header: &Header,
    orientation: Orientation,
    reduction: u32,
) -> Result<RgbImage, PhotoError> {
    if reduction == 1 {
        return decode(bytes, header, orientation);
    }
    let pixels = guarded(header.format, || match jpeg(bytes, header.format) {
        Some(jpeg) => jpeg::decode_reduced(&jpeg, reduction),
        #[cfg(feature = "heic")]
        None => super::heic::decode_reduced(bytes, reduction),
        #[cfg(not(feature = "heic"))]
        None => unreachable!("only JPEGs and HEICs are reduced"),
    })?;
    Ok(if header.upright { pixels } else { orientation.apply(pixels) })
}

/// The reduction for [`decode_reduced`], and the bytes of memory that it takes at the most with those of the file: as much of `wanted` as
/// the format can skip, and where that takes more than `memory`, more.
pub fn affordable(bytes: &[u8], header: &Header, orientation: Orientation, wanted: f32, memory: u64) -> (u32, u64) {
    let jpeg = jpeg(bytes, header.format);
    let is_tiled = is_tiled(bytes, header.format);
    let turns = !header.upright && orientation.upright_size(2, 1) != (2, 1);
    let pixels = u64::from(header.width) * u64::from(header.height);
    let needed = |reduction: u32| {
        let reduced = pixels.div_ceil(u64::from(reduction * reduction));
        let decoding = match (&jpeg, header.format) {
            (Some(jpeg), _) => jpeg::memory(jpeg, pixels, reduction),
            // Tiles, one at a time, and the picture, which may have to be turned.
            (_, Format::Heic) if is_tiled => 6 * reduced + (8 << 20),
            (_, Format::Tiff) => tiff::memory(bytes, pixels),
            (_, Format::Png) if is_interlaced(bytes) => 12 * pixels,
            (_, Format::Png) => 4 * pixels,
            (_, format) => bytes_a_pixel(format) * pixels,
        };
        bytes.len() as u64 + decoding.max(if turns { 6 } else { 3 } * reduced)
    };
    let reduces = jpeg.as_ref().is_some_and(|jpeg| jpeg::is_of_light(jpeg)) || is_tiled;
    let reductions: &[u32] = if reduces { &[1, 2, 4, 8] } else { &[1] };
    let enough = reductions.iter().rposition(|&reduction| reduction as f32 <= wanted.max(1.0)).unwrap_or(0);
    let mut fitting = reductions[enough..].iter().map(|&reduction| (reduction, needed(reduction)));
    let smallest = reductions[reductions.len() - 1];
    fitting.find(|(_, needed)| *needed <= memory).unwrap_or_else(|| (smallest, needed(smallest)))
}

/// The JPEG that is decoded.
fn jpeg(bytes: &[u8], format: Format) -> Option<Cow<'_, [u8]>> {
    match format {
        Format::Jpeg => Some(Cow::Borrowed(bytes)),
        Format::Raw => raw::largest_preview(bytes),
        _ => None,
    }
}

#[cfg(feature = "heic")]
fn is_tiled(bytes: &[u8], format: Format) -> bool {
    format == Format::Heic && super::heic::is_tiled(bytes)
}

#[cfg(not(feature = "heic"))]
fn is_tiled(_: &[u8], _: Format) -> bool {
    false
}

fn is_interlaced(png: &[u8]) -> bool {
    png.get(28).is_none_or(|&method| method != 0)
}

/// Bytes of memory for each pixel, the three of the result among them: measured on pictures of 12 and 24 megapixels, and rounded up.
pub(super) fn bytes_a_pixel(format: Format) -> u64 {
    match format {
        Format::Bmp => 4,
        Format::JpegXl => 7,
        Format::Avif => 9,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::super::{encode_jpeg, header};
    use super::*;

    #[test]
    fn what_is_not_needed_or_not_affordable_is_not_decoded() {
        let jpeg = encode_jpeg(&RgbImage::from_fn(640, 480, |x, y| Rgb([x as u8, y as u8, 90])), 90);
        let header = header(&jpeg).unwrap();
        let reduction = |wanted, memory| affordable(&jpeg, &header, Orientation::Normal, wanted, memory);
        let (whole, needed) = reduction(1.0, u64::MAX);
        assert!(whole == 1 && needed >= 3 * 640 * 480, "{needed}");
        assert_eq!([0.3, 1.9, 2.0, 7.9, 100.0].map(|wanted| reduction(wanted, u64::MAX).0), [1, 1, 2, 4, 8]);
        let (reduced, needs) = reduction(1.0, needed - 1);
        assert!(reduced == 2 && needs < needed);
        // Where nothing is enough, it is told how much would be.
        assert!(reduction(1.0, 10).1 > 10);
        let turned = decode_reduced(&jpeg, &header, Orientation::Rotate90, 4).unwrap();
        assert_eq!(turned.dimensions(), (120, 160));
    }
}
