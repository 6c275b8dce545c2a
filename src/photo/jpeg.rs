//! JPEG (ITU-T T.81), baseline and progressive, through zune-jpeg.

use std::iter;

use image::RgbImage;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{Format, PhotoError};

type Decoder<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

pub(super) fn size(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let decoder = open(bytes, options())?;
    let (width, height) = dimensions(&decoder);
    // Every block of 8 x 8 pixels takes a bit at the least, and in a photo some fifty. With fewer, next to nothing of
    // the picture is there, and memory for all of it would be taken in vain.
    if bytes.len() * 8 < (width / 8) * (height / 8) {
        return Err(truncated());
    }
    Ok((width as u32, height as u32))
}

pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let mut decoder = open(bytes, options())?;
    let (width, height) = dimensions(&decoder);
    let colours = colours(&decoder, bytes)?;
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(colours));
    let mut pixels = decoder.decode().map_err(explain)?;

    if mostly_grey(&pixels, width * colours.num_components()) && !intact(bytes, colours) {
        return Err(truncated());
    }
    if colours == ColorSpace::CMYK {
        cmyk_to_rgb(&mut pixels);
    }
    RgbImage::from_raw(width as u32, height as u32, pixels)
        .ok_or_else(|| PhotoError::damaged(Format::Jpeg, "its decoder gave too few pixels"))
}

fn options() -> DecoderOptions {
    let largest = usize::from(u16::MAX);
    DecoderOptions::new_fast().set_max_width(largest).set_max_height(largest)
}

fn open(bytes: &[u8], options: DecoderOptions) -> Result<Decoder<'_>, PhotoError> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(explain)?;
    Ok(decoder)
}

fn dimensions(decoder: &Decoder) -> (usize, usize) {
    decoder.dimensions().expect("the headers are decoded")
}

/// What to have the pixels decoded to: RGB, but for two kinds of file that the decoder would take for another.
fn colours(decoder: &Decoder, bytes: &[u8]) -> Result<ColorSpace, PhotoError> {
    let components = decoder.info().map_or(0, |info| info.components);
    match (components, decoder.input_colorspace()) {
        // Adobe's marker with transform 0 says "as it is": with three components that is RGB, to be copied.
        (3, Some(ColorSpace::CMYK)) => Ok(ColorSpace::MultiBand(3.try_into().expect("three is not zero"))),
        // Adobe stores CMYK inverted, and the decoder takes all CMYK to be so.
        (4, Some(ColorSpace::CMYK)) if !written_by_adobe(bytes) => Ok(ColorSpace::CMYK),
        (1 | 3 | 4, _) => Ok(ColorSpace::RGB),
        _ => Err(PhotoError::unsupported(Format::Jpeg, format_args!("it has {components} colour components"))),
    }
}

/// Whether the file has Adobe's APP14 segment among its headers.
fn written_by_adobe(bytes: &[u8]) -> bool {
    const APP14: u8 = 0xee;
    const START_OF_SCAN: u8 = 0xda;
    let mut rest = bytes.get(2..).unwrap_or_default();
    let mut segments = iter::from_fn(|| {
        let marker_at = rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff))?;
        let (marker, segment) = (rest[marker_at + 1], &rest[marker_at + 2..]);
        let length = usize::from(u16::from_be_bytes([*segment.first()?, *segment.get(1)?]));
        rest = segment.get(length.max(2)..)?;
        Some((marker, &segment[2..length.max(2)]))
    });
    segments
        .by_ref()
        .take_while(|&(marker, _)| marker != START_OF_SCAN)
        .any(|(marker, content)| marker == APP14 && content.starts_with(b"Adobe"))
}

/// Whether nine tenths of the picture or more are the flat grey with which the decoder fills what it does not find.
fn mostly_grey(pixels: &[u8], row: usize) -> bool {
    let rows = pixels.len() / row;
    let grey = pixels.rchunks_exact(row).take_while(|row| row.iter().all(|&value| value == 128)).count();
    grey > 0 && grey >= rows - rows / 10
}

/// Decodes once more, this time without tolerance, to tell a picture of something grey from one that is not there.
fn intact(bytes: &[u8], colours: ColorSpace) -> bool {
    let strict = options().jpeg_set_out_colorspace(colours).set_strict_mode(true);
    JpegDecoder::new_with_options(ZCursor::new(bytes), strict).decode().is_ok()
}

/// Turns CMYK pixels with 0 for no ink into RGB, in place.
fn cmyk_to_rgb(pixels: &mut Vec<u8>) {
    let count = pixels.len() / 4;
    for pixel in 0..count {
        let [inks @ .., black] = [0, 1, 2, 3].map(|ink| u16::from(255 - pixels[4 * pixel + ink]));
        for (colour, ink) in [0, 1, 2].into_iter().zip(inks) {
            pixels[3 * pixel + colour] = ((ink * black + 127) / 255) as u8;
        }
    }
    pixels.truncate(3 * count);
}

fn truncated() -> PhotoError {
    PhotoError::damaged(Format::Jpeg, "it ends before much of its picture has come")
}

fn explain(error: DecodeErrors) -> PhotoError {
    match error {
        DecodeErrors::Unsupported(_) => {
            PhotoError::unsupported(Format::Jpeg, "it is stored lossless or with arithmetic coding")
        }
        DecodeErrors::IoErrors(_) | DecodeErrors::ExhaustedData => truncated(),
        DecodeErrors::ZeroError => PhotoError::damaged(Format::Jpeg, "it says that it has no pixels"),
        reason => PhotoError::damaged(Format::Jpeg, reason),
    }
}
