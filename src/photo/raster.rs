//! WebP, BMP and GIF, through the `image` crate.

use std::borrow::Cow;
use std::error::Error;
use std::io::Cursor;
use std::ops::Range;

use image::{ColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

use super::colour::{Colour, to_srgb};
use super::format::{Decoder, Spec};
use super::segments::webp_chunks;
use super::truncated::upper_part;
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
        size: |bytes| size(&without_false_flags(bytes), Format::WebP, ImageFormat::WebP),
        decode: webp,
        turns_upright: |_| false,
    }),
};

pub(super) const BMP: Spec = Spec {
    name: "BMP",
    extensions: &["bmp", "dib"],
    signature: |bytes| is_bmp(bytes) || dib_pixels(bytes).is_some(),
    decoder: Some(Decoder {
        size: |bytes| size(&usual_bmp(bytes), Format::Bmp, ImageFormat::Bmp),
        decode: |bytes| decode(&usual_bmp(bytes), Format::Bmp, ImageFormat::Bmp),
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

/// The bytes of a BMP's file header.
const HEADER: usize = 14;

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn long(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// Where the pixels are in a BMP that has no file header (a DIB, as in a clipboard); `None` if it is none.
fn dib_pixels(bytes: &[u8]) -> Option<usize> {
    let size = long(bytes, 0);
    let (planes, bits) = if size == 12 { (8, 10) } else { (12, 14) };
    let (planes, bits) = (short(bytes, planes), short(bytes, bits));
    let (compression, colours) = if size == 12 { (0, 0) } else { (long(bytes, 16), long(bytes, 32)) };
    let known = matches!(size, 12 | 40 | 52 | 56 | 64 | 108 | 124) && bytes.len() >= size as usize;
    if !known || planes != 1 || !matches!(bits, 1 | 4 | 8 | 16 | 24 | 32) || !matches!(compression, 0..=3 | 6) {
        return None;
    }
    let masks = if size == 40 && compression == 3 { 12 } else { 0 };
    let colours = match bits {
        ..=8 if colours == 0 => 1 << bits,
        ..=8 => colours.min(256),
        _ => 0,
    };
    Some((size + masks + colours * if size == 12 { 3 } else { 4 }) as usize)
}

/// A BMP as `image` reads it. Other readers, such as Pillow, also take those without a file header, those of OS/2 2 (with a header of 64
/// bytes), those without a number of planes, and those of 24 bits that name the usual masks for their colours.
fn usual_bmp(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.starts_with(b"BM")
        && let Some(pixels) = dib_pixels(bytes)
    {
        let (length, start) = ((HEADER + bytes.len()) as u32, (HEADER + pixels) as u32);
        let file = [b"BM", &length.to_le_bytes()[..], &[0; 4], &start.to_le_bytes(), bytes].concat();
        return Cow::Owned(usual_bmp(&file).into_owned());
    }
    let (short, long) = (|at| short(bytes, at), |at| long(bytes, at));
    let (size, planes, bits, compression) = (long(HEADER), short(HEADER + 12), short(HEADER + 14), long(HEADER + 16));
    let is_os2 = size == 64 && compression <= 2;
    let has_masks = bits == 24 && compression == 3 && [54, 58, 62].map(long) == [0xff_0000, 0xff00, 0xff];
    if size < 40 || bytes.len() < HEADER + 40 || !(is_os2 || has_masks || planes == 0) {
        return Cow::Borrowed(bytes);
    }
    let mut usual = bytes.to_vec();
    usual[HEADER + 12..HEADER + 14].copy_from_slice(&1_u16.to_le_bytes());
    if has_masks {
        usual[HEADER + 16..HEADER + 20].fill(0);
    }
    if is_os2 && bytes.len() >= HEADER + 64 {
        // The first 40 bytes are those of Windows.
        usual.drain(HEADER + 40..HEADER + 64);
        usual[HEADER..HEADER + 4].copy_from_slice(&40_u32.to_le_bytes());
        usual[10..14].copy_from_slice(&long(10).saturating_sub(24).to_le_bytes());
    }
    Cow::Owned(usual)
}

/// Whether a file begins as a BMP: with two letters, and a length that its second header may have.
fn is_bmp(bytes: &[u8]) -> bool {
    let header = bytes.get(14..).and_then(|rest| rest.first_chunk().copied()).map(u32::from_le_bytes);
    bytes.starts_with(b"BM") && bytes.len() > 26 && header.is_some_and(|length| (12..=124).contains(&length))
}

/// A WebP of more pixels than these is shown without its transparency: to unpack that beside the colours takes nine bytes a pixel,
/// more than a GiB in all.
const MOST_WITH_ALPHA: u64 = 80_000_000;

/// Of one that lost its tail, the rows that do not depend on what is missing.
fn webp(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let whole = |bytes: &[u8]| decode(bytes, Format::WebP, ImageFormat::WebP);
    let bytes = &*without_false_flags(bytes);
    let is_large = |(width, height)| u64::from(width) * u64::from(height) > MOST_WITH_ALPHA;
    let is_large = size(bytes, Format::WebP, ImageFormat::WebP).is_ok_and(is_large);
    let opaque = if is_large { without_alpha(bytes) } else { None };
    let bytes = opaque.as_deref().unwrap_or(bytes);
    let Some(picture) = cut_webp_picture(bytes) else { return whole(bytes) };
    upper_part(&FILLINGS, |&filling| whole(&filled_webp(bytes, &picture, filling)))
        .ok_or_else(|| PhotoError::damaged(Format::WebP, "most of its picture is missing"))
}

/// A WebP without flags for EXIF or XMP that it does not have: it lost its tail, or somebody took them out and left the flags. The decoder would
/// refuse it.
fn without_false_flags(bytes: &[u8]) -> Cow<'_, [u8]> {
    const METADATA: [(u8, [u8; 4]); 2] = [(0x08, *b"EXIF"), (0x04, *b"XMP ")];
    let Some(&flags) = bytes.get(WEBP_FLAGS).filter(|_| bytes[12..].starts_with(b"VP8X")) else {
        return Cow::Borrowed(bytes);
    };
    let has = |kind: &[u8; 4]| webp_chunks(bytes).any(|chunk| chunk.0 == *kind);
    let wrong = METADATA.iter().filter(|(flag, kind)| flags & flag != 0 && !has(kind)).map(|(flag, _)| flag);
    let wrong = wrong.fold(0, |wrong, flag| wrong | flag);
    if wrong == 0 {
        return Cow::Borrowed(bytes);
    }
    let mut corrected = bytes.to_vec();
    corrected[WEBP_FLAGS] &= !wrong;
    Cow::Owned(corrected)
}

/// A WebP whose transparency is called something that no decoder knows; `None` where it has none of its own.
fn without_alpha(bytes: &[u8]) -> Option<Vec<u8>> {
    const HAS_ALPHA: u8 = 0x10;
    let (mut at, mut alpha) = (12, None);
    for (kind, data) in webp_chunks(bytes) {
        if kind == *b"ALPH" {
            alpha = Some(at);
        }
        at += CHUNK_HEADER + data.len() + data.len() % 2;
    }
    let (alpha, mut opaque) = (alpha?, bytes.to_vec());
    opaque[alpha..alpha + 4].copy_from_slice(b"none");
    *opaque.get_mut(WEBP_FLAGS)? &= !HAS_ALPHA;
    Some(opaque)
}

/// Ways to fill up a WebP: how many bytes of what is there are left out too, and what is put in place of what is missing. A decoder refuses
/// some of them, and which depends on where the file ends.
const FILLINGS: [(usize, u8); 8] =
    [(0, 0x00), (0, 0xaa), (0, 0xff), (0, 0x55), (16, 0x00), (16, 0xaa), (48, 0x00), (144, 0x00)];

/// The bytes of a chunk's header: its type and length.
const CHUNK_HEADER: usize = 8;

/// Where the flags of a WebP are: its first chunk begins with them, if that is `VP8X`.
const WEBP_FLAGS: usize = 12 + CHUNK_HEADER;

/// Where the chunk with the picture would be in a WebP that lost its tail; `None` if the file is whole, or ends before the picture.
fn cut_webp_picture(bytes: &[u8]) -> Option<Range<usize>> {
    let long = |at: usize| -> Option<usize> {
        bytes.get(at..)?.first_chunk().map(|&length: &[u8; 4]| u32::from_le_bytes(length) as usize)
    };
    if long(4)?.checked_add(CHUNK_HEADER)? <= bytes.len() {
        return None;
    }
    let mut at = 12;
    loop {
        let kind = bytes.get(at..at + 4)?;
        let length = long(at + 4)?;
        let end = (at + CHUNK_HEADER).checked_add(length + length % 2)?;
        if matches!(kind, b"VP8 " | b"VP8L") {
            // No more than the photo may have had.
            return (end <= bytes.len().saturating_mul(64).min(1 << 28)).then_some(at..end);
        }
        at = end;
    }
}

/// A WebP that lost its tail, filled up to the end of its picture. What follows the picture (EXIF, XMP) is left out.
fn filled_webp(bytes: &[u8], picture: &Range<usize>, (fewer, filler): (usize, u8)) -> Vec<u8> {
    let there = bytes.len().saturating_sub(fewer).clamp(picture.start + CHUNK_HEADER, picture.end);
    let mut filled = bytes[..there].to_vec();
    filled.resize(picture.end, filler);
    let length = (filled.len() - CHUNK_HEADER) as u32;
    filled[4..8].copy_from_slice(&length.to_le_bytes());
    filled
}

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
    let mut stored = grey_pixels(width, height, channels);
    // What came before the damage is shown, if it is more than next to nothing.
    if let Err(error) = decoder.read_image(&mut stored)
        && is_mostly_grey(&stored, channels)
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

/// Pixels of 1 to 4 channels, as [`to_rgb`] takes them, that show [`GREY`].
pub(super) fn grey_pixels(width: u32, height: u32, channels: usize) -> Vec<u8> {
    let mut pixels = vec![GREY.0[0]; width as usize * height as usize * channels];
    if channels.is_multiple_of(2) {
        pixels.iter_mut().skip(channels - 1).step_by(channels).for_each(|alpha| *alpha = 255);
    }
    pixels
}

/// Whether nine tenths of these pixels or more are as [`grey_pixels`] has made them.
pub(super) fn is_mostly_grey(pixels: &[u8], channels: usize) -> bool {
    let grey = grey_pixels(1, 1, channels);
    pixels.chunks_exact(channels).filter(|&pixel| pixel == grey).count() * channels * 10 > pixels.len() * 9
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

/// Lays a picture over white, as far as `cover` (grey, as large) is dark.
#[cfg(any(feature = "avif", feature = "heic"))]
pub(super) fn cover_white(pixels: &mut RgbImage, cover: &RgbImage) {
    if pixels.dimensions() == cover.dimensions() {
        for (pixel, cover) in pixels.pixels_mut().zip(cover.pixels()) {
            let alpha = u16::from(cover.0[0]);
            pixel.0 = pixel.0.map(|colour| ((u16::from(colour) * alpha + 255 * (255 - alpha) + 127) / 255) as u8);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two pixels, red and blue, in 24 bits.
    fn bmp(header: &[u8], compression: u32, planes: u16) -> Vec<u8> {
        let mut info = vec![0; 40];
        info[..4].copy_from_slice(&(40 + header.len() as u32).to_le_bytes());
        (info[4], info[8]) = (2, 1);
        info[12..14].copy_from_slice(&planes.to_le_bytes());
        info[14] = 24;
        info[16..20].copy_from_slice(&compression.to_le_bytes());
        let masks: Vec<u8> = [0xff_0000_u32, 0xff00, 0xff].iter().flat_map(|mask| mask.to_le_bytes()).collect();
        let masks = if compression == 3 && header.is_empty() { &masks[..] } else { &[] };
        let start = (14 + 40 + header.len() + masks.len()) as u32;
        let pixels = [0, 0, 255, 255, 0, 0, 0, 0];
        let length = start + pixels.len() as u32;
        [b"BM", &length.to_le_bytes()[..], &[0; 4], &start.to_le_bytes(), &info, header, masks, &pixels].concat()
    }

    #[test]
    fn a_large_webp_loses_its_transparency_and_no_colour() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/formats/lossy.webp");
        let lossy = std::fs::read(path).unwrap();
        let (width, height) = size(&lossy, Format::WebP, ImageFormat::WebP).unwrap();
        let chunk = |kind: &[u8; 4], data: &[u8]| {
            let padding = vec![0; data.len() % 2];
            [&kind[..], &(data.len() as u32).to_le_bytes(), data, &padding].concat()
        };
        let (_, picture) = webp_chunks(&lossy).find(|(kind, _)| kind == b"VP8 ").unwrap();
        let side = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
        let header = [vec![0x10, 0, 0, 0], side(width), side(height)].concat();
        // Not packed: every pixel is as good as unseen.
        let unseen = [vec![0], vec![0; (width * height) as usize]].concat();
        let body = [chunk(b"VP8X", &header), chunk(b"ALPH", &unseen), chunk(b"VP8 ", picture)].concat();
        let bytes = [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &body].concat();

        let decoded = |bytes: &[u8]| decode(bytes, Format::WebP, ImageFormat::WebP).unwrap();
        assert_ne!(decoded(&bytes), decoded(&lossy));
        assert_eq!(decoded(&without_alpha(&bytes).unwrap()), decoded(&lossy));
        assert!(without_alpha(&lossy).is_none());
    }

    #[test]
    fn bmps_of_all_kinds_are_read() {
        for (what, bytes) in [
            ("Windows", bmp(&[], 0, 1)),
            ("OS/2", bmp(&[0; 24], 0, 1)),
            ("no planes", bmp(&[], 0, 0)),
            ("masks", bmp(&[], 3, 1)),
            ("no file header", bmp(&[], 0, 1)[HEADER..].to_vec()),
        ] {
            assert_eq!((BMP.decoder.as_ref().unwrap().size)(&bytes).unwrap(), (2, 1), "{what}");
            let pixels = (BMP.decoder.as_ref().unwrap().decode)(&bytes).unwrap();
            assert_eq!(pixels.into_raw(), [255, 0, 0, 0, 0, 255], "{what}");
            for end in 0..bytes.len() {
                drop((BMP.decoder.as_ref().unwrap().size)(&bytes[..end]));
            }
        }
    }
}
