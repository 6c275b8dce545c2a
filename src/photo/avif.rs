//! AVIF (AV1 in a HEIF container), through rav1d.

use std::borrow::Cow;

use heifer::heifer_hevc_dec::recon::Frame;
use heifer_isobmff::{HeifFile, ItemId};
use image::RgbImage;
use re_rav1d::dav1d::{self, PixelLayout, PlanarImageComponent, Settings};

use super::format::Decoder;
use super::heif::{self, Heif, whole};
use super::raster::to_rgb;
use super::truncated::upper_part;
use super::{Format, MAX_PIXELS, PhotoError, colour};

pub(super) const DECODER: Decoder =
    Decoder { size: |bytes| heif::size(bytes, Format::Avif), decode, turns_upright: heif::turns_upright };

fn decode(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let whole = whole(bytes);
    let is_truncated = whole.len() > bytes.len();
    let heif = Heif::open(&whole, Format::Avif)?;
    let pixels = heif.decode(&|file, item| {
        let missing = if is_truncated { missing(file, item)? } else { 0 };
        if missing == 0 { picture(file, item, heif.alpha(item), 0) } else { upper(file, item, missing) }
    })?;
    Ok(colour::to_srgb(pixels, heif.colour().as_ref()))
}

/// From so many zeros on, the end of a picture's data is taken for missing bytes.
const MISSING: usize = 64;

/// How many bytes a coded picture lacks in a file that lost its tail.
fn missing(file: &HeifFile, item: ItemId) -> Result<usize, PhotoError> {
    let data = data(file, item)?;
    let zeros = data.iter().rev().take_while(|&&byte| byte == 0).count();
    Ok(if zeros < MISSING { 0 } else { zeros })
}

/// How many of the bytes that are there are left out too, one attempt after the other: rav1d accepts zeros in place of missing bytes, but
/// seldom anything else, so the attempts differ in where the zeros begin. Pixels that change with that depend on the missing bytes.
const FEWER: [usize; 4] = [0, 16, 48, 144];

/// What a coded picture that lacks its last bytes shows without them.
fn upper(file: &HeifFile, item: ItemId, missing: usize) -> Result<RgbImage, PhotoError> {
    upper_part(&FEWER, |fewer| picture(file, item, None, missing + fewer))
        .ok_or_else(|| PhotoError::damaged(Format::Avif, "most of its picture is missing"))
}

fn data<'a>(file: &'a HeifFile, item: ItemId) -> Result<Cow<'a, [u8]>, PhotoError> {
    file.item_data(item).map_err(|error| PhotoError::damaged(Format::Avif, error))
}

/// Pictures of more pixels are shown without film grain: to add it takes a second picture.
const GRAINLESS: u64 = 50_000_000;

/// One coded picture, upright or not, without its last `missing` bytes; what is transparent shows white.
fn picture(file: &HeifFile, item: ItemId, alpha: Option<ItemId>, missing: usize) -> Result<RgbImage, PhotoError> {
    let mut data = data(file, item)?.into_owned();
    let there = data.len().saturating_sub(missing);
    data[there..].fill(0);
    let claimed = file.image_size(item).ok().flatten();
    let area = claimed.map_or(u64::MAX, |(width, height)| u64::from(width) * u64::from(height));
    let coded = coded(data, area)?;
    // The container counts; what is coded beyond its size is padding.
    let size = claimed.unwrap_or((coded.width(), coded.height()));
    let (width, height) = (size.0.min(coded.width()), size.1.min(coded.height()));
    let band = |top, bottom| band(&coded, top, bottom);
    let mut pixels = heif::to_rgb(width, height, band, |frame| heif::params(file, item, frame));
    drop(coded);
    if let Some(alpha) = alpha.and_then(|alpha| self::coded(self::data(file, alpha).ok()?.into_owned(), u64::MAX).ok())
    {
        let largest = f32::from((1_u16 << alpha.bit_depth()) - 1);
        let mut rows = pixels.chunks_exact_mut(3 * width as usize);
        for top in (0..alpha.height()).step_by(heif::BAND as usize) {
            let covers = self::band(&alpha, top, (top + heif::BAND).min(alpha.height()));
            for (row, covers) in rows.by_ref().zip(covers.planes[0].chunks(covers.widths[0] as usize)) {
                for (pixel, &cover) in row.as_chunks_mut::<3>().0.iter_mut().zip(covers) {
                    let opaque = (f32::from(cover) / largest * 255.0).round() as u8;
                    let [red, green, blue] = *pixel;
                    to_rgb(&[red, green, blue, opaque], 4, pixel);
                }
            }
        }
    }
    Ok(pixels)
}

/// One coded picture, decoded.
fn coded(data: Vec<u8>, pixels: u64) -> Result<dav1d::Picture, PhotoError> {
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(MAX_PIXELS as u32);
    settings.set_apply_grain(pixels <= GRAINLESS);
    let mut decoder = dav1d::Decoder::with_settings(&settings).map_err(explain)?;
    if data.is_empty() {
        return Err(PhotoError::damaged(Format::Avif, "its picture is not there"));
    }
    match decoder.send_data(data, None, None, None) {
        Ok(()) | Err(dav1d::Error::Again) => {}
        Err(error) => return Err(explain(error)),
    }
    let picture = match decoder.get_picture() {
        // Some of the data is still to be sent; if no picture comes then, none will.
        Err(dav1d::Error::Again) => match decoder.send_pending_data() {
            Ok(()) | Err(dav1d::Error::Again) => decoder.get_picture(),
            Err(error) => Err(error),
        },
        picture => picture,
    };
    picture.map_err(explain)
}

/// The planes of some rows of a picture, the first one even. Luma is padded to twice chroma's size, as the conversion to RGB needs it.
fn band(picture: &dav1d::Picture, top: u32, bottom: u32) -> Frame {
    let depth = picture.bit_depth() as u8;
    let (width, height) = (picture.width(), bottom - top);
    let layout = picture.pixel_layout();
    let (chroma_format, chroma) = match layout {
        PixelLayout::I400 => (0, (0, 0)),
        PixelLayout::I420 => (1, (width.div_ceil(2), height.div_ceil(2))),
        PixelLayout::I422 => (2, (width.div_ceil(2), height)),
        PixelLayout::I444 => (3, (width, height)),
    };
    let luma = match layout {
        PixelLayout::I420 => (2 * chroma.0, 2 * chroma.1),
        PixelLayout::I422 => (2 * chroma.0, height),
        PixelLayout::I400 | PixelLayout::I444 => (width, height),
    };
    let chroma_top = if matches!(layout, PixelLayout::I420) { top / 2 } else { top };
    let plane = |component, top: u32, (width, height): (u32, u32), padded: (u32, u32)| -> Vec<u16> {
        let (width, mut values) = (width as usize, Vec::with_capacity(padded.0 as usize * padded.1 as usize));
        if width == 0 {
            return values;
        }
        let stride = picture.stride(component) as usize;
        let data = picture.plane(component);
        let last = height as usize - 1;
        for y in 0..padded.1 as usize {
            let row = &data[(top as usize + y.min(last)) * stride..];
            if depth == 8 {
                values.extend(row[..width].iter().map(|&value| u16::from(value)));
            } else {
                values.extend(row[..2 * width].as_chunks().0.iter().map(|&value| u16::from_ne_bytes(value)));
            }
            let edge = values[values.len() - 1];
            values.extend(std::iter::repeat_n(edge, padded.0 as usize - width));
        }
        values
    };
    let planes = [
        plane(PlanarImageComponent::Y, top, (width, height), luma),
        plane(PlanarImageComponent::U, chroma_top, chroma, chroma),
        plane(PlanarImageComponent::V, chroma_top, chroma, chroma),
    ];
    Frame {
        widths: [luma.0, chroma.0, chroma.0],
        heights: [luma.1, chroma.1, chroma.1],
        planes,
        bit_depth: [depth; 2],
        chroma_format,
        full_range: picture.color_range() == dav1d::pixel::YUVRange::Full,
        matrix_coeffs: picture.matrix_coefficients() as u8,
    }
}

fn explain(error: dav1d::Error) -> PhotoError {
    match error {
        dav1d::Error::UnsupportedBitstream => PhotoError::unsupported(Format::Avif, "its kind of AV1 is not known"),
        dav1d::Error::Again => PhotoError::damaged(Format::Avif, "it ends before its picture has come"),
        dav1d::Error::NotEnoughMemory => {
            PhotoError::unsupported(Format::Avif, "it takes more memory than facetag gives a picture")
        }
        _ => PhotoError::damaged(Format::Avif, "its picture cannot be decoded"),
    }
}
