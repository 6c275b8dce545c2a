//! Photos: from a file's bytes to upright RGB pixels.
//!
//! [`header`] looks at the first bytes and refuses early what cannot be read; [`decode`] gives the pixels. Bytes are
//! never trusted: sizes are checked before memory is taken for them, and a decoder that panics is an error like any
//! other.
//!
//! Each format is one file with its `Spec` (extensions, signature, decoder), one variant of [`Format`], and one line in the
//! registry (`format.rs`).

#[cfg(feature = "avif")]
mod avif;
mod colour;
mod contain;
mod error;
mod format;
#[cfg(feature = "heic")]
mod heic;
#[cfg(any(feature = "avif", feature = "heic"))]
mod heif;
#[cfg(feature = "heic")]
mod hevc;
pub mod ifd;
mod jpeg;
#[cfg(feature = "jxl")]
mod jxl;
mod open;
mod orientation;
mod png;
mod raster;
mod raw;
mod reduced;
mod resize;
pub mod segments;
mod spare;
mod tiff;
mod truncated;

pub use contain::{Panicked, contain};
pub use error::PhotoError;
pub use format::{Candidate, Format, brand};
#[cfg(any(feature = "avif", feature = "heic"))]
pub use heif::whole as whole_heif;
pub use jpeg::{content as jpeg_content, encode as encode_jpeg, is_of_light as jpeg_is_of_light};
pub use open::{OpenError, open, read, read_at_most};
pub use orientation::Orientation;
pub use raw::raf_jpeg;
pub use reduced::{affordable, decode_reduced};
pub use resize::{resized, resized_part, size_within, square, thumbnail};
pub use spare::{recycle, release_memory};

use format::Decoder;
use image::RgbImage;

/// The largest picture that is read, in pixels: 300 million, which take 900 MB, and twice as much while they are turned upright.
pub const MAX_PIXELS: u64 = 300_000_000;

/// Up to so many pixels, no file of any format may take more than 1 GiB.
const LARGE: u64 = 100_000_000;

/// What of that a file and its picture may take: 100 MB are for all else.
const MOST_MEMORY: u64 = (1 << 30) - 100_000_000;

/// The longest side of a picture that is read, in pixels: a picture of one row takes a scan's other steps far more memory than
/// its pixels.
pub const MAX_SIDE: u32 = 500_000;

/// What a picture's first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub format: Format,
    /// Pixels across, as [`decode`] finds them before it applies an orientation.
    pub width: u32,
    /// Pixels down, likewise.
    pub height: u32,
    /// Whether the decoder turns this file upright itself, so that the orientation in its EXIF does not count.
    pub upright: bool,
}

/// Reads a picture's format and size without decoding a pixel.
///
/// # Errors
/// When the bytes are no picture, or one that [`decode`] could not read: of an unknown or not yet known format, without
/// pixels, or of more than [`MAX_PIXELS`]. Of more than 8 bits a colour [`decode`] may yet find that they take too much memory.
pub fn header(bytes: &[u8]) -> Result<Header, PhotoError> {
    let format = Format::sniff(bytes).ok_or_else(|| format::refusal(bytes))?;
    let decoder = decoder(format)?;
    let ((width, height), upright) = guarded(format, || Ok(((decoder.size)(bytes)?, (decoder.turns_upright)(bytes))))?;
    match u64::from(width) * u64::from(height) {
        0 => Err(PhotoError::NoPixels { width, height }),
        pixels if pixels > MAX_PIXELS || width.max(height) > MAX_SIDE => Err(PhotoError::TooLarge { width, height }),
        pixels if takes_too_much(format, pixels, bytes.len() as u64) => {
            Err(PhotoError::unsupported(format, "it takes more memory than facetag gives a picture"))
        }
        _ => Ok(Header { format, width, height, upright }),
    }
}

/// Whether so many pixels, of a file of so many bytes, take more than [`MOST_MEMORY`]. Only two formats store so much for each: TIFF,
/// without compression and with 16 bits a colour, and JPEG XL, without loss; others were measured to stay below.
fn takes_too_much(format: Format, pixels: u64, length: u64) -> bool {
    let a_pixel = match format {
        // The picture; what is in the file is decoded a strip at a time.
        Format::Tiff => 3,
        Format::JpegXl => reduced::bytes_a_pixel(format),
        _ => return false,
    };
    pixels <= LARGE && length + a_pixel * pixels > MOST_MEMORY
}

impl Header {
    /// Width and height of what [`decode`] returns, in pixels.
    pub fn upright_size(&self, orientation: Orientation) -> (u32, u32) {
        if self.upright { (self.width, self.height) } else { orientation.upright_size(self.width, self.height) }
    }
}

/// Decodes a picture to upright 8-bit sRGB: embedded colour profiles are applied.
///
/// `header` is what [`header`] gave for the same bytes. Transparent parts come out white; of an animation the first
/// frame is taken. A JPEG that lost its tail gives what is left of it, with the rest grey. The result is
/// `orientation.upright_size(header.width, header.height)` in size.
///
/// # Errors
/// When the pixels are damaged beyond that, or stored in a way no decoder here knows.
pub fn decode(bytes: &[u8], header: &Header, orientation: Orientation) -> Result<RgbImage, PhotoError> {
    let decoder = decoder(header.format)?;
    let pixels = guarded(header.format, || (decoder.decode)(bytes))?;
    Ok(if header.upright { pixels } else { orientation.apply(pixels) })
}

fn decoder(format: Format) -> Result<&'static Decoder, PhotoError> {
    format.spec().decoder.as_ref().ok_or(PhotoError::NotYet { format })
}

/// Runs a decoder: its panic means that the file is damaged in a way its authors did not foresee.
fn guarded<T>(format: Format, decoder: impl FnOnce() -> Result<T, PhotoError>) -> Result<T, PhotoError> {
    contain(decoder).unwrap_or_else(|panicked| Err(PhotoError::damaged(format, panicked)))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ImageFormat, LumaA, Rgb, Rgba};

    use super::*;

    /// A picture in which no two pixels nearby are alike, and no row or column equals another.
    fn picture() -> RgbImage {
        RgbImage::from_fn(40, 24, |x, y| Rgb([6 * x as u8, 10 * y as u8, (3 * x + 5 * y) as u8]))
    }

    fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture.into().write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    fn decoded(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
        decode(bytes, &header(bytes)?, Orientation::Normal)
    }

    #[test]
    fn lossless_formats_give_the_pixels_that_were_stored() {
        for (stored, format) in [
            (ImageFormat::Png, Format::Png),
            (ImageFormat::WebP, Format::WebP),
            (ImageFormat::Tiff, Format::Tiff),
            (ImageFormat::Bmp, Format::Bmp),
        ] {
            let bytes = encoded(picture(), stored);
            assert_eq!(header(&bytes).unwrap(), Header { format, width: 40, height: 24, upright: false });
            assert_eq!(decoded(&bytes).unwrap(), picture(), "{format}");
        }
    }

    #[test]
    fn lossy_formats_give_nearly_the_pixels_that_were_stored() {
        let photo = RgbImage::from_fn(40, 24, |x, y| Rgb([100 + x as u8, 120 + y as u8, 90]));
        for stored in [ImageFormat::Jpeg, ImageFormat::Gif] {
            let pixels = decoded(&encoded(photo.clone(), stored)).unwrap();
            let furthest = pixels.iter().zip(photo.iter()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(furthest < Some(24), "{stored:?}: {furthest:?}");
        }
    }

    #[test]
    fn turning_upright_is_part_of_decoding() {
        let bytes = encoded(picture(), ImageFormat::Png);
        let header = header(&bytes).unwrap();
        let upright = decode(&bytes, &header, Orientation::Rotate90).unwrap();
        assert_eq!(upright, image::imageops::rotate90(&picture()));
    }

    #[test]
    fn what_is_transparent_shows_white() {
        let glass = image::RgbaImage::from_fn(3, 1, |x, _| Rgba([200, 100, 0, 127 * x as u8]));
        let pixels = decoded(&encoded(glass, ImageFormat::Png)).unwrap();
        assert_eq!(pixels.get_pixel(0, 0).0, [255, 255, 255]);
        assert_eq!(pixels.get_pixel(1, 0).0, [228, 178, 128]);
        assert_eq!(pixels.get_pixel(2, 0).0, [200, 101, 1]);
    }

    #[test]
    fn sixteen_bits_and_grey_become_eight_bits_of_each_colour() {
        let grey = image::ImageBuffer::from_pixel(4, 4, LumaA([0x8080_u16, 0xffff]));
        let pixels = decoded(&encoded(grey, ImageFormat::Png)).unwrap();
        assert!(pixels.pixels().all(|pixel| pixel.0 == [128; 3]));
    }

    #[test]
    fn what_would_take_more_than_a_gibibyte_is_refused() {
        // 98 megapixels without compression: 16 bits for each of three colours, and the same with transparency.
        let pixels = 98_000_000;
        assert!(!takes_too_much(Format::Tiff, pixels, 6 * pixels));
        assert!(takes_too_much(Format::Tiff, pixels, 8 * pixels));
        // Noise without loss, and what cameras and scanners make.
        assert!(takes_too_much(Format::JpegXl, pixels, 329_000_000));
        assert!(!takes_too_much(Format::JpegXl, pixels, 2 * pixels));
        assert!(!takes_too_much(Format::Tiff, 2 * pixels, 5 * pixels));
    }

    #[test]
    fn sizes_are_refused_before_memory_is_taken() {
        let mut bytes = encoded(picture(), ImageFormat::Bmp);
        bytes[18..22].copy_from_slice(&20_000_u32.to_le_bytes());
        bytes[22..26].copy_from_slice(&15_001_u32.to_le_bytes());
        let error = header(&bytes).unwrap_err();
        assert!(matches!(error, PhotoError::TooLarge { width: 20_000, height: 15_001 }));
        assert!(error.to_string().contains("20000 x 15001 pixels and facetag reads at most 300 m"));
        bytes[18..22].copy_from_slice(&99_000_000_u32.to_le_bytes());
        bytes[22..26].copy_from_slice(&1_u32.to_le_bytes());
        assert!(matches!(header(&bytes), Err(PhotoError::TooLarge { .. } | PhotoError::Damaged { .. })));

        let mut bytes = encoded(picture(), ImageFormat::Gif);
        bytes[6..8].fill(0);
        let error = header(&bytes).unwrap_err();
        assert!(matches!(error, PhotoError::NoPixels { width: 0, height: 24 }), "{error}");
    }

    #[test]
    fn a_damaged_picture_says_so() {
        let bytes = encoded(picture(), ImageFormat::Png);
        let error = decoded(&bytes[..60]).unwrap_err().to_string();
        assert!(error.starts_with("the PNG is damaged: "), "{error}");
    }

    #[test]
    fn a_picture_without_its_tail_keeps_what_is_left() {
        let photo = RgbImage::from_fn(200, 200, |x, y| Rgb([(x * 7 + y * y) as u8, (x * y) as u8, (x ^ y) as u8]));
        for (stored, top) in [(ImageFormat::Png, 0), (ImageFormat::Tiff, 0), (ImageFormat::Bmp, 199)] {
            let bytes = encoded(photo.clone(), stored);
            let end = if stored == ImageFormat::Tiff { bytes.len() } else { bytes.len() * 2 / 3 };
            let rest = decoded(&bytes[..end]).unwrap_or_else(|error| panic!("{stored:?}: {error}"));
            assert_eq!(rest.get_pixel(50, top), photo.get_pixel(50, top), "{stored:?}");
        }
    }

    #[test]
    fn a_decoder_that_panics_means_a_damaged_file() {
        let error = guarded::<()>(Format::Gif, || panic!("index out of bounds")).unwrap_err();
        assert!(error.to_string().starts_with("the GIF is damaged: index out of bounds;"));
    }
}
