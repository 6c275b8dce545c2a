//! PNG, WebP, TIFF, BMP and GIF, through the `image` crate.

use std::error::Error;
use std::io::Cursor;

use image::{DynamicImage, ImageError, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage};

use super::format::{Decoder, Spec};
use super::{Format, PhotoError};

/// The memory a decoder may take, in bytes: enough for [`MAX_PIXELS`](super::MAX_PIXELS) in RGBA.
const MAX_ALLOCATION: u64 = 4 * super::MAX_PIXELS;

pub(super) const PNG: Spec = Spec {
    name: "PNG",
    extensions: &["png", "apng"],
    signature: |bytes| bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
    decoder: Some(Decoder {
        size: |bytes| size(bytes, Format::Png, ImageFormat::Png),
        decode: |bytes| decode(bytes, Format::Png, ImageFormat::Png),
        turns_upright: |_| false,
    }),
};

pub(super) const WEBP: Spec = Spec {
    name: "WebP",
    extensions: &["webp"],
    signature: |bytes| matches!(bytes, [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..]),
    decoder: Some(Decoder {
        size: |bytes| size(bytes, Format::WebP, ImageFormat::WebP),
        decode: |bytes| decode(bytes, Format::WebP, ImageFormat::WebP),
        turns_upright: |_| false,
    }),
};

pub(super) const TIFF: Spec = Spec {
    name: "TIFF",
    extensions: &["tif", "tiff"],
    signature: |bytes| matches!(bytes, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..]),
    decoder: Some(Decoder {
        size: |bytes| size(bytes, Format::Tiff, ImageFormat::Tiff),
        decode: |bytes| decode(bytes, Format::Tiff, ImageFormat::Tiff),
        turns_upright: |_| false,
    }),
};

pub(super) const BMP: Spec = Spec {
    name: "BMP",
    extensions: &["bmp", "dib"],
    signature: |bytes| bytes.starts_with(b"BM") && bytes.len() > 26,
    decoder: Some(Decoder {
        size: |bytes| size(bytes, Format::Bmp, ImageFormat::Bmp),
        decode: |bytes| decode(bytes, Format::Bmp, ImageFormat::Bmp),
        turns_upright: |_| false,
    }),
};

pub(super) const GIF: Spec = Spec {
    name: "GIF",
    extensions: &["gif"],
    signature: |bytes| matches!(bytes, [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..]),
    decoder: Some(Decoder {
        size: |bytes| size(bytes, Format::Gif, ImageFormat::Gif),
        decode: |bytes| decode(bytes, Format::Gif, ImageFormat::Gif),
        turns_upright: |_| false,
    }),
};

fn size(bytes: &[u8], format: Format, stored: ImageFormat) -> Result<(u32, u32), PhotoError> {
    reader(bytes, stored).into_dimensions().map_err(|error| explain(error, format))
}

fn decode(bytes: &[u8], format: Format, stored: ImageFormat) -> Result<RgbImage, PhotoError> {
    let picture = reader(bytes, stored).decode().map_err(|error| explain(error, format))?;
    Ok(match picture {
        DynamicImage::ImageRgb8(pixels) => pixels,
        picture if picture.color().has_alpha() => over_white(picture.into_rgba8()),
        picture => picture.into_rgb8(),
    })
}

fn reader(bytes: &[u8], format: ImageFormat) -> ImageReader<Cursor<&[u8]>> {
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
