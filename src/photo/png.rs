//! PNG, through the png crate, row by row.

use std::io::{Cursor, Read};

use flate2::read::ZlibDecoder;
use image::RgbImage;
use png::{ColorType, DecodingError, Limits, Reader, Transformations};

use super::colour::{Colour, MAX_PROFILE, to_srgb};
use super::format::{Decoder, Spec};
use super::raster::{GREY, grey_pixels, is_mostly_grey, over_white, to_rgb};
use super::segments::png_chunks;
use super::{Format, MAX_PIXELS, PhotoError};

pub(super) const SPEC: Spec = Spec {
    name: "PNG",
    extensions: &["png", "apng"],
    signature: |bytes| bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
    decoder: Some(Decoder { size, decode, turns_upright: |_| false }),
};

/// The memory that the decoder may take beside the picture, in bytes: some rows, and what it reads between them.
const MAX_ALLOCATION: usize = 64 << 20;

type Source<'a> = Reader<Cursor<&'a [u8]>>;

fn open(bytes: &[u8]) -> Result<Source<'_>, PhotoError> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_ALLOCATION });
    // Texts and profiles may be of any size once they are inflated.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.read_info().map_err(|error| explain(&error))
}

fn size(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    Ok(open(bytes)?.info().size())
}

fn decode(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let mut reader = open(bytes)?;
    let (width, height) = reader.info().size();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PhotoError::TooLarge { width, height });
    }
    let channels = match reader.output_color_type().0 {
        ColorType::Grayscale => 1,
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb | ColorType::Indexed => 3,
        ColorType::Rgba => 4,
    };
    let pixels =
        if reader.info().interlaced { interlaced(&mut reader, channels)? } else { rows(&mut reader, channels)? };
    Ok(to_srgb(pixels, colour(bytes).as_ref()))
}

/// Rows as they come; what does not come, because the file ends or is damaged there, stays grey.
fn rows(reader: &mut Source, channels: usize) -> Result<RgbImage, PhotoError> {
    let (width, height) = reader.info().size();
    let mut pixels = RgbImage::from_pixel(width, height, GREY);
    for (index, row) in pixels.chunks_exact_mut(3 * width as usize).enumerate() {
        match reader.next_row() {
            Ok(Some(stored)) => to_rgb(stored.data(), channels, row),
            Ok(None) => break,
            Err(error) if index * 10 < height as usize => return Err(explain(&error)),
            Err(_) => break,
        }
    }
    Ok(pixels)
}

/// The picture in seven passes, which must all be in memory.
fn interlaced(reader: &mut Source, channels: usize) -> Result<RgbImage, PhotoError> {
    let (width, height) = reader.info().size();
    let mut stored = grey_pixels(width, height, channels);
    if let Err(error) = reader.next_frame(&mut stored)
        && is_mostly_grey(&stored, channels)
    {
        return Err(explain(&error));
    }
    match channels {
        3 => Ok(RgbImage::from_raw(width, height, stored).expect("three bytes a pixel")),
        4 => Ok(over_white(width, height, stored)),
        _ => {
            let mut pixels = RgbImage::new(width, height);
            to_rgb(&stored, channels, &mut pixels);
            Ok(pixels)
        }
    }
}

/// The profile, or the code points that stand in its place.
fn colour(bytes: &[u8]) -> Option<Colour> {
    let chunks = png_chunks(bytes).take_while(|(kind, _)| kind != b"IDAT");
    let chunks: Vec<_> = chunks.filter(|(kind, _)| kind == b"iCCP" || kind == b"cICP").collect();
    let of = |wanted: &[u8; 4]| chunks.iter().find(|(kind, _)| kind == wanted).map(|&(_, data)| data);
    if let Some(&[primaries, transfer, ..]) = of(b"cICP") {
        return Some(Colour::Coded { primaries, transfer });
    }
    let data = of(b"iCCP")?;
    // A name, a zero, and how it is compressed, for which there is one way.
    let name = data.iter().position(|&byte| byte == 0)?;
    let mut profile = Vec::new();
    let inflated = ZlibDecoder::new(data.get(name + 2..)?).take(MAX_PROFILE as u64 + 1).read_to_end(&mut profile);
    inflated.is_ok().then_some(Colour::Icc(profile))
}

fn explain(error: &DecodingError) -> PhotoError {
    match error {
        DecodingError::LimitsExceeded => {
            PhotoError::unsupported(Format::Png, "it takes more memory than facetag gives a picture")
        }
        error => PhotoError::damaged(Format::Png, error),
    }
}
