//! WebP, BMP and GIF, through the `image` crate.

use std::error::Error;
use std::io::Cursor;

use image::{ColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

use super::colour::{Colour, to_srgb};
use super::format::{Decoder, Spec};
use super::{Format, PhotoError};

/// The memory a decoder may take, in bytes: enough for [`MAX_PIXELS`](super::MAX_PIXELS) in RGBA.
const MAX_ALLOCATION: u64 = 4 * super::MAX_PIXELS;

/// What shows where a file has lost its pixels.
pub(super) const GREY: Rgb<u8> = Rgb([128; 3]);

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
    let mut decoder = reader(bytes, stored).into_decoder().map_err(|error| explain(error, format))?;
    let colour = decoder.icc_profile().ok().flatten().map(Colour::Icc);
    let (width, height) = decoder.dimensions();
    let channels = match decoder.color_type() {
        ColorType::L8 => 1,
        ColorType::La8 => 2,
        ColorType::Rgb8 => 3,
        ColorType::Rgba8 => 4,
        other => return Err(PhotoError::unsupported(format, format_args!("its pixels are {other:?}"))),
    };
    let mut stored = vec![128; width as usize * height as usize * channels];
    // What came before the damage is shown, if it is more than next to nothing.
    if let Err(error) = decoder.read_image(&mut stored)
        && stored.iter().filter(|&&value| value == 128).count() * 10 > stored.len() * 9
    {
        return Err(explain(error, format));
    }
    let pixels = match channels {
        3 => RgbImage::from_raw(width, height, stored).expect("three bytes a pixel"),
        4 => over_white(width, height, stored),
        _ => {
            let mut pixels = RgbImage::new(width, height);
            to_rgb(&stored, channels, &mut pixels);
            pixels
        }
    };
    Ok(to_srgb(pixels, colour.as_ref()))
}

fn reader(bytes: &[u8], format: ImageFormat) -> ImageReader<Cursor<&[u8]>> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    reader
}

/// Pixels of 1 (grey), 2 (grey and alpha), 3 or 4 (RGBA) channels -> RGB over white.
pub(super) fn to_rgb(stored: &[u8], channels: usize, shown: &mut [u8]) {
    let over = |colour: u8, alpha: u8| {
        let (colour, alpha) = (u16::from(colour), u16::from(alpha));
        ((colour * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    let (pixels, _) = shown.as_chunks_mut::<3>();
    for (pixel, stored) in pixels.iter_mut().zip(stored.chunks_exact(channels)) {
        *pixel = match *stored {
            [grey] => [grey; 3],
            [grey, alpha] => [over(grey, alpha); 3],
            [red, green, blue, alpha] => [red, green, blue].map(|colour| over(colour, alpha)),
            [red, green, blue, ..] => [red, green, blue],
            [] => continue,
        };
    }
}

/// RGBA -> RGB over white, in place: a second picture beside a large one would take too much.
pub(super) fn over_white(width: u32, height: u32, mut bytes: Vec<u8>) -> RgbImage {
    let pixels = bytes.len() / 4;
    for pixel in 0..pixels {
        let mut shown = [0; 3];
        to_rgb(&bytes[4 * pixel..][..4], 4, &mut shown);
        bytes[3 * pixel..][..3].copy_from_slice(&shown);
    }
    bytes.truncate(3 * pixels);
    bytes.shrink_to_fit();
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
