//! Every format but JPEG, through the `image` crate.

use std::error::Error;
use std::io::Cursor;

use image::{DynamicImage, ImageError, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage};

use super::{Format, PhotoError};

/// The memory a decoder may take, in bytes: enough for [`MAX_PIXELS`](super::MAX_PIXELS) in RGBA.
const MAX_ALLOCATION: u64 = 4 * super::MAX_PIXELS;

pub(super) fn size(bytes: &[u8], format: Format) -> Result<(u32, u32), PhotoError> {
    reader(bytes, format).into_dimensions().map_err(|error| explain(error, format))
}

pub(super) fn decode(bytes: &[u8], format: Format) -> Result<RgbImage, PhotoError> {
    let picture = reader(bytes, format).decode().map_err(|error| explain(error, format))?;
    Ok(match picture {
        DynamicImage::ImageRgb8(pixels) => pixels,
        picture if picture.color().has_alpha() => over_white(picture.into_rgba8()),
        picture => picture.into_rgb8(),
    })
}

fn reader(bytes: &[u8], format: Format) -> ImageReader<Cursor<&[u8]>> {
    let format = match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
        Format::Tiff => ImageFormat::Tiff,
        Format::Bmp => ImageFormat::Bmp,
        Format::Gif => ImageFormat::Gif,
    };
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    reader
}

/// In place: a second picture beside a large one would take too much.
fn over_white(picture: RgbaImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    let mut bytes = picture.into_raw();
    let pixels = bytes.len() / 4;
    for pixel in 0..pixels {
        let [red, green, blue, alpha] = [0, 1, 2, 3].map(|index| u16::from(bytes[4 * pixel + index]));
        let shown = [red, green, blue].map(|colour| ((colour * alpha + 255 * (255 - alpha) + 127) / 255) as u8);
        bytes[3 * pixel..][..3].copy_from_slice(&shown);
    }
    bytes.truncate(3 * pixels);
    RgbImage::from_raw(width, height, bytes).expect("three bytes a pixel")
}

/// Says what is wrong in the decoder's own words; `image` only puts the format's name around them.
fn explain(error: ImageError, format: Format) -> PhotoError {
    match error {
        ImageError::Unsupported(reason) => PhotoError::unsupported(format, reason),
        ImageError::Limits(_) => PhotoError::unsupported(format, "it takes more memory than facetag gives a picture"),
        error => match error.source() {
            Some(reason) => PhotoError::damaged(format, reason),
            None => PhotoError::damaged(format, error),
        },
    }
}
