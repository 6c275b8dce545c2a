//! Photos: from a file's bytes to upright RGB pixels.
//!
//! [`header`] looks at the first bytes and refuses early what cannot be read; [`decode`] gives the pixels. Bytes are
//! never trusted: sizes are checked before memory is taken for them, and a decoder that panics is an error like any
//! other.
//!
//! HEIC and camera RAW have no decoder yet. Each will be one file beside `jpeg.rs`, one variant of [`Format`], and one
//! arm in each of the two matches below; [`Format::sniff`] and [`Candidate::of`] already know them by sight.

mod contain;
mod error;
mod format;
mod jpeg;
mod orientation;
mod raster;
mod resize;

pub use contain::{Panicked, contain};
pub use error::PhotoError;
pub use format::{Candidate, Format};
pub use orientation::Orientation;
pub use resize::{shrink, thumbnail};

use image::RgbImage;

/// The largest picture that is read, in pixels: 300 million, which take 900 MB.
pub const MAX_PIXELS: u64 = 300_000_000;

/// What a picture's first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub format: Format,
    /// Pixels across as stored, that is before the orientation is applied.
    pub width: u32,
    /// Pixels down as stored, that is before the orientation is applied.
    pub height: u32,
}

/// Reads a picture's format and size without decoding a pixel.
///
/// # Errors
/// When the bytes are no picture, or one that [`decode`] could not read: of an unknown or not yet known format, without
/// pixels, or of more than [`MAX_PIXELS`].
pub fn header(bytes: &[u8]) -> Result<Header, PhotoError> {
    let format = Format::sniff(bytes).ok_or_else(|| format::refusal(bytes))?;
    let (width, height) = guarded(format, || match format {
        Format::Jpeg => jpeg::size(bytes),
        _ => raster::size(bytes, format),
    })?;
    match u64::from(width) * u64::from(height) {
        0 => Err(PhotoError::NoPixels { width, height }),
        pixels if pixels > MAX_PIXELS => Err(PhotoError::TooLarge { width, height }),
        _ => Ok(Header { format, width, height }),
    }
}

/// Decodes a picture to upright 8-bit RGB, taken to be sRGB (embedded colour profiles are not applied).
///
/// `header` is what [`header`] gave for the same bytes. Transparent parts come out white; of an animation the first
/// frame is taken. A JPEG that lost its tail gives what is left of it, with the rest grey. The result is
/// `orientation.upright_size(header.width, header.height)` in size.
///
/// # Errors
/// When the pixels are damaged beyond that, or stored in a way no decoder here knows.
pub fn decode(bytes: &[u8], header: &Header, orientation: Orientation) -> Result<RgbImage, PhotoError> {
    let pixels = guarded(header.format, || match header.format {
        Format::Jpeg => jpeg::decode(bytes),
        format => raster::decode(bytes, format),
    })?;
    Ok(orientation.apply(pixels))
}

/// Runs a decoder: its panic means that the file is damaged in a way its authors did not foresee.
fn guarded<T>(format: Format, decoder: impl FnOnce() -> Result<T, PhotoError>) -> Result<T, PhotoError> {
    contain(decoder).unwrap_or_else(|panicked| Err(PhotoError::damaged(format, panicked)))
}
