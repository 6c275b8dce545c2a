//! HEIC (HEVC in a HEIF container), through heifer.

use heifer::{Image, Options};
use image::RgbImage;

use super::format::Decoder;
use super::heif::{self, Heif, whole};
use super::raster::over_white;
use super::{Format, MAX_PIXELS, PhotoError, colour, hevc};

pub(super) const DECODER: Decoder =
    Decoder { size: |bytes| heif::size(bytes, Format::Heic), decode, turns_upright: heif::turns_upright };

fn decode(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let bytes = &*whole(bytes);
    let heif = Heif::open(bytes, Format::Heic)?;
    let primary = heif.file.primary_id;
    // One picture in the file is decoded with 8 bits at once: with more, a large one would take twice the memory. A grid is
    // put together here, tile by tile: that takes less still, and a damaged tile leaves the others.
    let pixels = match &heif.kind(primary) {
        b"hvc1" | b"iovl" => picture(bytes),
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
