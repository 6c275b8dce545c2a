//! JPEG (ITU-T T.81), baseline and progressive, through zune-jpeg; reduced while it is decoded, through jpeg-decoder.
//!
//! CMYK and YCCK are taken to be stored inverted, as Adobe's programs do and other readers assume.

use std::io::Read;

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use jpeg_decoder::PixelFormat;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::colour::{Colour, ink_transform, inks_to_srgb, to_srgb};
use super::format::{Decoder, Spec};
use super::resize::resized;
use super::segments::jpeg_segments;
use super::{Format, PhotoError, spare};

type Source<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

pub(super) const SPEC: Spec = Spec {
    name: "JPEG",
    // Pictures of two lenses (mpo) and of all around (insp), and the small ones that cameras keep beside videos (thm).
    extensions: &["jpg", "jpeg", "jpe", "jfif", "jfi", "jif", "mpo", "insp", "thm"],
    signature: |bytes| bytes.starts_with(&[0xff, 0xd8, 0xff]),
    decoder: Some(Decoder { size, decode, turns_upright: |_| false }),
};

/// Bytes that may stand before the start of a JPEG: cheap cameras, broken downloads and servers' messages leave some.
const BEFORE: usize = 64 << 10;

/// Where a JPEG starts in a file, if it does so near the file's beginning.
pub(super) fn start(bytes: &[u8]) -> Option<usize> {
    let first = &bytes[..bytes.len().min(BEFORE)];
    first.windows(4).position(|bytes| {
        // The start, and a segment that may be the first.
        matches!(bytes, [0xff, 0xd8, 0xff, 0xc0..=0xc2 | 0xc4 | 0xdb | 0xdd | 0xe0..=0xef | 0xfe | 0xff])
    })
}

/// A JPEG file without what stands before its start.
pub fn content(bytes: &[u8]) -> &[u8] {
    match bytes {
        // Unless what starts is the start itself, once more.
        [0xff, 0xd8, 0xff, marker, ..] if *marker != 0xd8 => bytes,
        _ => &bytes[start(bytes).unwrap_or(0)..],
    }
}

pub(super) fn size(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let bytes = content(bytes);
    let decoder = open(bytes, options())?;
    let (width, height) = dimensions(&decoder);
    // Every block of 8 x 8 pixels takes a bit at the least, and in a photo tens of them. With fewer, next to nothing of
    // the picture is there, and memory for all of it would be taken in vain.
    if bytes.len() * 8 < (width / 8) * (height / 8) {
        return Err(truncated());
    }
    Ok((width as u32, height as u32))
}

pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let bytes = content(bytes);
    let mut decoder = open(bytes, options())?;
    let (width, height) = dimensions(&decoder);
    let components = decoder.info().map_or(0, |info| info.components);
    let colour = decoder.icc_profile().map(Colour::Icc);
    let stored = decoder.input_colorspace();
    let options = match components {
        1 | 3 => limited(width, height),
        // Four inks are put together here: with a profile they are more than shares of light.
        4 => limited(width, height).jpeg_set_out_colorspace(stored.unwrap_or(ColorSpace::CMYK)),
        _ => {
            let reason = format_args!("it has {components} colour components");
            return Err(PhotoError::unsupported(Format::Jpeg, reason));
        }
    };
    decoder.set_options(options);
    let mut pixels = decoded(&mut decoder)?;
    if mostly_grey(&pixels, (pixels.len() / height).max(1)) {
        // Once more, this time without tolerance, to tell a picture of something grey from one that is not there. It takes the memory
        // of the first.
        drop(pixels);
        pixels = decoded(&mut open(bytes, options.set_strict_mode(true))?).map_err(|_| truncated())?;
    }
    if components == 4 {
        return Ok(inks(pixels, (width, height), stored == Some(ColorSpace::YCCK), colour.as_ref()));
    }
    let pixels = RgbImage::from_raw(width as u32, height as u32, pixels)
        .ok_or_else(|| PhotoError::damaged(Format::Jpeg, "its decoder gave too few pixels"))?;
    Ok(to_srgb(pixels, colour.as_ref()))
}

fn decoded(decoder: &mut Source) -> Result<Vec<u8>, PhotoError> {
    let length = decoder.output_buffer_size().ok_or_else(truncated)?;
    let mut pixels = spare::zeros(length);
    decoder.decode_into(&mut pixels).map_err(explain)?;
    Ok(pixels)
}

/// Whether the colours of a picture are of light, grey or three of them, and not inks; only such a one may [`decode_reduced`] read.
pub fn is_of_light(bytes: &[u8]) -> bool {
    frame(bytes).is_some_and(|frame| matches!(frame.sampling.len(), 1 | 3))
}

/// Bytes of memory that decoding takes at the most, beside those of the file, for a picture of so many pixels.
pub(super) fn memory(bytes: &[u8], pixels: u64, reduction: u32) -> u64 {
    let reduced = pixels.div_ceil(u64::from(reduction * reduction));
    let Some(frame) = frame(bytes) else { return 10 * reduced };
    let largest: u64 = frame.sampling.iter().copied().max().unwrap_or(1).max(1);
    let samples: u64 = frame.sampling.iter().sum();
    // A progressive picture is a number of 16 bits for each sample until all of it is there.
    let coefficients = if frame.is_progressive { 2 * pixels * samples / largest } else { 0 };
    let planes = if reduction > 1 { reduced * samples / largest } else { 0 };
    // What becomes of them: three colours, or four inks first.
    coefficients + planes + if frame.sampling.len() == 4 { 7 * reduced } else { 3 * reduced }
}

/// What the header of the picture says of how it is stored.
struct Frame {
    is_progressive: bool,
    /// Of each component how many samples it has, as they are to each other.
    sampling: Vec<u64>,
}

fn frame(bytes: &[u8]) -> Option<Frame> {
    let (marker, data) = jpeg_segments(content(bytes)).find(|(marker, _)| matches!(marker, 0xc0..=0xc2))?;
    let components = data.get(6..)?.chunks_exact(3).take(usize::from(data[5]));
    let sampling = components.map(|component| u64::from(component[1] >> 4) * u64::from(component[1] & 15)).collect();
    Some(Frame { is_progressive: marker == 0xc2, sampling })
}

/// Decodes a picture that [`is_of_light`] to sides that are `reduction` times shorter, rounded up: 2, 4 or 8.
pub(super) fn decode_reduced(bytes: &[u8], reduction: u32) -> Result<RgbImage, PhotoError> {
    try_reduced(content(bytes), reduction).or_else(|error| {
        // Damaged ones, which zune-jpeg reads as far as they go, at the cost of more memory.
        let (width, height) = size(bytes)?;
        if u64::from(width) * u64::from(height) > LARGEST_DAMAGED {
            return Err(PhotoError::damaged(Format::Jpeg, error));
        }
        let whole = decode(bytes)?;
        Ok(resized(&whole, width.div_ceil(reduction), height.div_ceil(reduction)))
    })
}

/// Pixels of a damaged picture that is decoded whole to be reduced afterwards.
const LARGEST_DAMAGED: u64 = 30_000_000;

fn try_reduced(bytes: &[u8], reduction: u32) -> Result<RgbImage, jpeg_decoder::Error> {
    let damaged = || jpeg_decoder::Error::Format("it has another size than it says".to_owned());
    // What lost its tail ends here, and is grey from there on.
    let mut decoder = jpeg_decoder::Decoder::new(bytes.chain(&[0xff, 0xd9][..]));
    decoder.read_info()?;
    let info = decoder.info().ok_or_else(damaged)?;
    let reduced = |side: u16| u32::from(side).div_ceil(reduction) as u16;
    let (width, height) = decoder.scale(reduced(info.width), reduced(info.height))?;
    let pixels = decoder.decode()?;
    let pixels = match info.pixel_format {
        PixelFormat::L8 => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
        _ => pixels,
    };
    let pixels = RgbImage::from_raw(u32::from(width), u32::from(height), pixels).ok_or_else(damaged)?;
    let colour = decoder.icc_profile().map(Colour::Icc);
    Ok(to_srgb(pixels, colour.as_ref()))
}

/// Inks, stored inverted, three of them perhaps as luma and chroma -> RGB.
fn inks(mut stored: Vec<u8>, (width, height): (usize, usize), chroma: bool, colour: Option<&Colour>) -> RgbImage {
    let transform = ink_transform(colour);
    let mut pixels = RgbImage::new(width as u32, height as u32);
    for (row, shown) in stored.chunks_exact_mut(4 * width).zip(pixels.chunks_exact_mut(3 * width)) {
        for ink in row.as_chunks_mut::<4>().0 {
            if chroma {
                let [luma, blue, red, _] = *ink;
                // These three are not stored inverted.
                ink[..3].copy_from_slice(&rgb([luma, blue, red]).map(|value| 255 - value));
            }
            *ink = ink.map(|value| 255 - value);
        }
        inks_to_srgb(row, shown, transform.as_deref());
    }
    pixels
}

/// Luma and chroma -> RGB (JFIF 1.02).
pub(super) fn rgb([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    let [luma, blue, red] = [f32::from(luma), f32::from(blue) - 128.0, f32::from(red) - 128.0];
    let parts = [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue];
    parts.map(|value| value.round().clamp(0.0, 255.0) as u8)
}

/// Encodes a picture as JPEG, at a quality of 1 to 100.
pub fn encode(pixels: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoded = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(pixels);
    encoded.expect("a vector takes all that is written, and no side is longer than JPEG's longest");
    bytes
}

fn options() -> DecoderOptions {
    let largest = usize::from(u16::MAX);
    DecoderOptions::new_fast().set_max_width(largest).set_max_height(largest)
}

/// Options for a picture of this size: each scan of a progressive one goes over all of it, and files made to keep a reader busy
/// have 99. Cameras and programs write up to 14.
fn limited(width: usize, height: usize) -> DecoderOptions {
    const PIXELS: usize = 800_000_000;
    options().jpeg_set_max_scans((PIXELS / (width * height).max(1)).clamp(16, 100))
}

fn open(bytes: &[u8], options: DecoderOptions) -> Result<Source<'_>, PhotoError> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(explain)?;
    Ok(decoder)
}

fn dimensions(decoder: &Source) -> (usize, usize) {
    decoder.dimensions().expect("the headers are decoded")
}

/// Whether nine tenths of the picture or more are the flat grey with which the decoder fills what it does not find.
fn mostly_grey(pixels: &[u8], row: usize) -> bool {
    let rows = pixels.len() / row;
    let grey = pixels.rchunks_exact(row).take_while(|row| row.iter().all(|&value| value == 128)).count();
    grey > 0 && grey >= rows - rows / 10
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
        DecodeErrors::Format(reason) => PhotoError::damaged(Format::Jpeg, reason.trim_end()),
        DecodeErrors::FormatStatic(reason) => PhotoError::damaged(Format::Jpeg, reason),
        reason => PhotoError::damaged(Format::Jpeg, reason),
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// A JPEG of one 8 x 8 block in which each component has one value, with Adobe's marker if a transform is given: 0
    /// as stored, 1 YCbCr, 2 YCCK.
    fn flat(components: &[u8], adobe_transform: Option<u8>) -> Vec<u8> {
        let count = components.len() as u8;
        let mut bytes = vec![0xff, 0xd8];
        let mut segment = |marker: u8, content: &[u8]| {
            bytes.extend([0xff, marker, 0, content.len() as u8 + 2]);
            bytes.extend(content);
        };
        if let Some(transform) = adobe_transform {
            segment(0xee, &[&b"Adobe\0\x64\0\0\0\0"[..], &[transform]].concat());
        }
        // All coefficients are quantised by 8, as much as a block has to a value, and only the first is ever set. Its
        // code is the number of its bits, in four bits; no other follows.
        segment(0xdb, &[&[0][..], &[8; 64]].concat());
        let frame = (1..=count).flat_map(|id| [id, 0x11, 0]);
        segment(0xc0, &[8, 0, 8, 0, 8, count].into_iter().chain(frame).collect::<Vec<_>>());
        segment(0xc4, b"\x00\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0\x00\x01\x02\x03\x04\x05\x06\x07\x08");
        segment(0xc4, b"\x10\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x00");
        let scan = (1..=count).flat_map(|id| [id, 0]);
        segment(0xda, &[count].into_iter().chain(scan).chain([0, 63, 0]).collect::<Vec<_>>());

        let bits = components.iter().map(|&value| {
            let level = i16::from(value) - 128;
            let length = (16 - level.unsigned_abs().leading_zeros()) as usize;
            let code = if level < 0 { level - 1 } else { level };
            format!("{length:04b}{}0", &format!("{code:016b}")[16 - length..])
        });
        let bits = bits.collect::<String>() + "1111111";
        for byte in bits.as_bytes().chunks_exact(8) {
            let byte = byte.iter().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
            bytes.push(byte);
            if byte == 0xff {
                bytes.push(0);
            }
        }
        bytes.extend([0xff, 0xd9]);
        bytes
    }

    fn colour(components: &[u8], adobe_transform: Option<u8>) -> [u8; 3] {
        let pixels = decode(&flat(components, adobe_transform)).unwrap();
        assert_eq!(pixels.dimensions(), (8, 8));
        let colour = *pixels.get_pixel(0, 0);
        assert!(pixels.pixels().all(|&pixel| pixel == colour));
        colour.0
    }

    #[test]
    fn every_colour_space_gives_rgb() {
        assert_eq!(colour(&[77], None), [77; 3]);
        assert_eq!(colour(&[200, 128, 128], None), [200; 3]);
        assert_eq!(colour(&[76, 85, 255], None), [254, 0, 0]);
        assert_eq!(colour(&[76, 85, 255], Some(1)), [254, 0, 0]);
        assert_eq!(colour(&[10, 200, 90], Some(0)), [10, 200, 90]);
        // Four components are inks turned inside out: 255 is paper, and black darkens the others.
        assert_eq!(colour(&[255, 128, 0, 255], Some(0)), [255, 128, 0]);
        assert_eq!(colour(&[255, 128, 0, 128], Some(0)), [128, 64, 0]);
        assert_eq!(colour(&[255, 128, 0, 255], None), [255, 128, 0]);
        assert_eq!(colour(&[55, 128, 128, 255], Some(2)), [200; 3]);
        assert_eq!(colour(&[55, 128, 128, 51], Some(2)), [40; 3]);
    }

    #[test]
    fn two_components_are_refused() {
        let error = decode(&flat(&[1, 2], None)).unwrap_err();
        assert!(error.to_string().starts_with("facetag cannot read this kind of JPEG: it has 2 "));
    }

    fn photo() -> (RgbImage, Vec<u8>) {
        let speckle = |x: u32, y: u32| (x * x * 7 + y * y * 13 + x * y * 5) as u8 / 4;
        let photo = RgbImage::from_fn(160, 120, |x, y| Rgb([speckle(x, y), 60 + y as u8, 90]));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&photo).unwrap();
        (photo, bytes)
    }

    #[test]
    fn a_photo_is_reduced_while_it_is_decoded() {
        let (_, bytes) = photo();
        let whole = decode(&bytes).unwrap();
        assert!(is_of_light(&bytes));
        for reduction in [2, 4, 8] {
            let reduced = decode_reduced(&bytes, reduction).unwrap();
            let meant = resized(&whole, 160 / reduction, 120 / reduction);
            assert_eq!(reduced.dimensions(), meant.dimensions());
            let apart = reduced.iter().zip(meant.iter()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
            assert!(apart / meant.len() as f64 <= 6.0, "{reduction}: {}", apart / meant.len() as f64);
            // One that is damaged keeps its top here too.
            let rest = decode_reduced(&bytes[..bytes.len() * 2 / 3], reduction).unwrap();
            assert_eq!(rest.dimensions(), meant.dimensions());
        }
        assert!(!is_of_light(&flat(&[255, 128, 0, 255], Some(0))));
    }

    #[test]
    fn a_photo_without_its_tail_keeps_its_top() {
        let (_, bytes) = photo();
        let whole = decode(&bytes).unwrap();
        let rest = decode(&bytes[..bytes.len() * 2 / 3]).unwrap();
        assert_eq!(rest.dimensions(), whole.dimensions());
        let top = 3 * 160 * 60;
        assert_eq!(rest.as_raw()[..top], whole.as_raw()[..top]);
        assert_ne!(rest, whole);
    }

    #[test]
    fn a_photo_that_is_only_a_header_is_damaged() {
        let (_, bytes) = photo();
        let scan = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        let error = decode(&bytes[..scan + 14]).unwrap_err().to_string();
        assert_eq!(
            error,
            "the JPEG is damaged: it ends before much of its picture has come; \
             a copy from the camera or a backup may be whole"
        );
    }

    #[test]
    fn a_photo_of_something_grey_is_whole() {
        let mut bytes = Vec::new();
        let grey = RgbImage::from_pixel(160, 120, Rgb([128; 3]));
        JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&grey).unwrap();
        assert_eq!(decode(&bytes).unwrap(), grey);
    }

    #[test]
    fn a_small_file_cannot_hold_a_large_picture() {
        let (_, mut bytes) = photo();
        assert_eq!(size(&bytes).unwrap(), (160, 120));
        let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        bytes[frame + 5..frame + 9].copy_from_slice(&[0x40, 0, 0x40, 0]);
        assert!(matches!(size(&bytes), Err(PhotoError::Damaged { .. })));
    }
}
