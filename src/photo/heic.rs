//! HEIC (HEVC in a HEIF container), through heifer.

use std::borrow::Cow;

use heifer::heifer_hevc_dec::recon::Frame;
use heifer::{Image, Options};
use image::RgbImage;

use super::format::Decoder;
use super::heif::{self, Heif, whole};
use super::raster::over_white;
use super::{Format, MAX_PIXELS, PhotoError, colour, hevc};

pub(super) const DECODER: Decoder =
    Decoder { size: |bytes| heif::size(bytes, Format::Heic), decode, turns_upright: heif::turns_upright };

fn decode(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let mut bytes = whole(bytes);
    if let Some(opaque) = without_alpha(&bytes) {
        bytes = Cow::Owned(opaque);
    }
    let bytes = &*bytes;
    let heif = Heif::open(bytes, Format::Heic)?;
    let primary = heif.file.primary_id;
    // One picture in the file is decoded with 8 bits at once: with more, a large one would take twice the memory. A grid is
    // put together here, tile by tile: that takes less still, and a damaged tile leaves the others.
    let pixels = match &heif.kind(primary) {
        b"hvc1" => match large(&heif) {
            Some(pixels) => Ok(pixels),
            None => picture(bytes),
        },
        b"iovl" => picture(bytes),
        b"grid" if heif.alpha(primary).is_some() => picture(bytes).or_else(|_| heif.decode(&tile)),
        _ => heif.decode(&tile),
    };
    // Of a picture in one piece that is damaged, its upper part is left, or the small one beside it.
    let pixels = pixels.or_else(|error| {
        let upper = || {
            let stream = heif.file.hevc_bitstream(primary).ok().filter(|_| heif.kind(primary) == *b"hvc1")?;
            let pixels = hevc::what_is_left(&stream, |frame| heif::params(&heif.file, primary, frame))?;
            Some(heif.turned(primary, pixels))
        };
        let small = || heifer::decode_thumbnail(bytes).ok().flatten().map(eight_bits);
        upper().or_else(small).ok_or(error)
    })?;
    Ok(colour::to_srgb(pixels, heif.colour().as_ref()))
}

/// Pictures with more pixels are decoded with less memory, a little slower, and what is transparent in them is shown.
const LARGE: u64 = 40_000_000;

/// A large file with its transparency hidden.
fn without_alpha(bytes: &[u8]) -> Option<Vec<u8>> {
    let heif = Heif::open(bytes, Format::Heic).ok()?;
    let (width, height) = heif.size().ok()?;
    heif.alpha(heif.file.primary_id).filter(|_| u64::from(width) * u64::from(height) > LARGE)?;
    // The kind of reference that ties it to the picture, in the box that says what belongs to what.
    let mut opaque = bytes.to_vec();
    let kind = opaque.windows(4).position(|kind| kind == b"iref")?;
    let start = kind.checked_sub(4)?;
    let length = u32::from_be_bytes(opaque[start..kind].try_into().ok()?);
    let references = opaque.get_mut(start..start.checked_add(length as usize)?)?;
    while let Some(at) = references.windows(4).position(|kind| kind == b"auxl") {
        references[at..at + 4].copy_from_slice(b"skip");
    }
    Heif::open(&opaque, Format::Heic).is_ok().then_some(opaque)
}

/// Whether [`decode_reduced`] may read a file: a grid of tiles, of which nothing is cut off or transparent.
pub(super) fn is_tiled(bytes: &[u8]) -> bool {
    Heif::open(&whole(bytes), Format::Heic).is_ok_and(|heif| {
        let primary = heif.file.primary_id;
        &heif.kind(primary) == b"grid" && !heif.is_cut(primary) && heif.alpha(primary).is_none()
    })
}

/// Decodes a picture that [`is_tiled`] to sides that are so many times shorter.
pub(super) fn decode_reduced(bytes: &[u8], reduction: u32) -> Result<RgbImage, PhotoError> {
    let bytes = &*whole(bytes);
    let mut heif = Heif::open(bytes, Format::Heic)?;
    heif.reduction = reduction;
    Ok(colour::to_srgb(heif.decode(&tile)?, heif.colour().as_ref()))
}

fn picture(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let options = Options { max_threads: 1, max_pixels: MAX_PIXELS };
    let picture = heifer::decode_rgba8(bytes, &options).map_err(explain)?;
    let (width, height) = (picture.width, picture.height);
    Ok(match picture.has_alpha {
        true => over_white(width, height, picture.data),
        false => RgbImage::from_raw(width, height, picture.into_rgb8()).expect("three bytes a pixel"),
    })
}

/// A large picture in one piece, whole and opaque.
fn large(heif: &Heif) -> Option<RgbImage> {
    let (file, item) = (&heif.file, heif.file.primary_id);
    let (width, height) = heif.size().ok()?;
    if u64::from(width) * u64::from(height) <= LARGE || heif.alpha(item).is_some() {
        return None;
    }
    let (frame, [right, below]) = hevc::uncropped(&file.hevc_bitstream(item).ok()?)?;
    let coded = (frame.widths[0] - right, frame.heights[0] - below);
    let size = file.image_size(item).ok().flatten().unwrap_or(coded);
    let (width, height) = (size.0.min(coded.0), size.1.min(coded.1));
    let band = |top: u32, bottom: u32| rows(&frame, top, bottom);
    Some(heif.turned(item, heif::to_rgb(width, height, band, |frame| heif::params(file, item, frame))))
}

/// Some rows of a frame, from an even one on.
fn rows(frame: &Frame, top: u32, bottom: u32) -> Frame {
    let mut part = Frame { planes: Default::default(), ..*frame };
    // Chroma may have half the rows.
    let down = |plane: usize| frame.heights[0].checked_div(frame.heights[plane]).unwrap_or(1);
    for plane in 0..3 {
        let (all, down) = (frame.heights[plane], down(plane));
        let (first, end) = (top / down, bottom.div_ceil(down).min(all));
        let width = frame.widths[plane] as usize;
        part.heights[plane] = end.saturating_sub(first);
        part.planes[plane] = frame.planes[plane][first.min(all) as usize * width..end as usize * width].to_vec();
    }
    // Both in full, as the conversion takes it.
    let down = down(1);
    let (whole, width) = ((part.heights[1] * down) as usize, frame.widths[0] as usize);
    if down > 1 && part.planes[0].len() < whole * width {
        let last = part.planes[0][part.planes[0].len() - width..].to_vec();
        part.planes[0].extend(last);
        part.heights[0] = whole as u32;
    }
    part
}

fn tile(file: &heifer_isobmff::HeifFile, item: heifer_isobmff::ItemId) -> Result<RgbImage, PhotoError> {
    heifer::decode_item(file, item, 1).map(eight_bits).map_err(explain)
}

fn eight_bits(picture: Image) -> RgbImage {
    let (width, height) = (picture.width, picture.height);
    match picture.has_alpha {
        true => over_white(width, height, picture.to_rgba8()),
        false => RgbImage::from_raw(width, height, picture.to_rgb8()).expect("three bytes a pixel"),
    }
}

fn explain(error: heifer::Error) -> PhotoError {
    match error {
        heifer::Error::Unsupported(reason) => PhotoError::unsupported(Format::Heic, reason),
        error => PhotoError::damaged(Format::Heic, error),
    }
}
