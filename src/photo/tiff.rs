//! TIFF 6.0 and BigTIFF, through the tiff crate, strip by strip or tile by tile.

use std::io::{Cursor, Read, Result as IoResult, Seek, SeekFrom};

use image::RgbImage;
use tiff::decoder::{Decoder as TiffDecoder, DecodingResult, Limits};
use tiff::{ColorType, TiffError};

use super::colour::{Colour, InkTransform, ink_transform, inks_to_srgb, to_srgb};
use super::format::{Decoder, Spec};
use super::ifd::{Directory, Tiff};
use super::raster::{GREY, to_rgb};
use super::{Format, MAX_PIXELS, PhotoError};

pub(super) const SPEC: Spec = Spec {
    name: "TIFF",
    extensions: &["tif", "tiff"],
    signature: |bytes| matches!(bytes, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..]),
    decoder: Some(Decoder { size, decode, turns_upright: |_| false }),
};

const NEW_SUBFILE_TYPE: u16 = 254;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const STRIP_BYTE_COUNTS: u16 = 279;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;
const PLANAR_CONFIGURATION: u16 = 284;
const COLOUR_MAP: u16 = 320;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const ICC_PROFILE: u16 = 34675;

/// Bytes of memory that decoding takes at the most beside those of the file, for a picture of so many pixels: the picture, and a strip or
/// tile as it is stored and as it is shown.
pub(super) fn memory(bytes: &[u8], pixels: u64) -> u64 {
    let first = || {
        let mut decoder = TiffDecoder::new(Cursor::new(bytes)).ok()?;
        let (width, height) = decoder.dimensions().ok()?;
        let (across, down) = decoder.chunk_dimensions();
        let bits =
            u64::from(decoder.colortype().ok()?.bit_depth()) * u64::from(decoder.colortype().ok()?.num_samples());
        let chunk = u64::from(across.min(width)) * u64::from(down.min(height)) * (bits.div_ceil(8) + 3);
        // Others may be stored in another way.
        (u64::from(width) * u64::from(height) == pixels).then_some(3 * pixels + chunk)
    };
    first().unwrap_or(14 * pixels)
}

/// The memory that one strip or tile may take, in bytes.
const MAX_CHUNK: usize = 640 << 20;

/// The page that is the photo, and what is special about it.
struct Page<'a> {
    tiff: Tiff<'a>,
    directory: Directory<'a>,
    index: usize,
    /// The colours of a palette.
    palette: Option<Vec<[u8; 3]>>,
}

/// A file in which two bytes are read as others.
struct Patched<'a> {
    bytes: Cursor<&'a [u8]>,
    patch: Option<(u64, [u8; 2])>,
}

impl<'a> Page<'a> {
    /// The first page that is no smaller copy of another.
    fn find(bytes: &'a [u8]) -> Option<Self> {
        let tiff = Tiff::open(bytes)?;
        let mut at = tiff.first;
        let mut first = None;
        for index in 0..64 {
            let directory = tiff.directory(at);
            if directory.entries.is_empty() {
                break;
            }
            at = directory.next;
            let reduced = tiff.field(&directory, NEW_SUBFILE_TYPE).is_some_and(|kind| kind & 1 != 0);
            if !reduced {
                first = Some((index, directory));
                break;
            }
            first.get_or_insert((index, directory));
        }
        let (index, directory) = first?;
        let palette = (tiff.field(&directory, PHOTOMETRIC) == Some(3)).then(|| palette(&tiff, &directory)).flatten();
        Some(Self { tiff, directory, index, palette })
    }

    /// Where strips or tiles begin in the file, and their lengths in bytes.
    fn chunks(&self, offsets: u16, lengths: u16) -> impl Iterator<Item = (u64, u64)> {
        let numbers = |tag| self.directory.get(tag).into_iter().flat_map(|entry| self.tiff.numbers(entry));
        numbers(offsets).zip(numbers(lengths))
    }

    /// A file that lost its tail, with grey in place of what is missing of its pixels, where they are not compressed: the decoder gives all of
    /// a strip or nothing, and many files have but one.
    fn filled(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let end = self.chunks(STRIP_OFFSETS, STRIP_BYTE_COUNTS).map(|(at, length)| at.saturating_add(length));
        let end = usize::try_from(end.max()?).ok()?;
        let is_plain = self.tiff.field(&self.directory, COMPRESSION).is_none_or(|method| method == 1);
        // Where less than a tenth is left, it is damaged.
        if !is_plain || end <= bytes.len() || end / 10 > bytes.len() {
            return None;
        }
        let mut filled = bytes.to_vec();
        filled.resize(end, GREY.0[0]);
        Some(filled)
    }

    /// A file whose bytes have their lowest bit first, as fax machines and some scanners write them, the usual way round: the decoder knows no
    /// other.
    fn in_usual_order(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let is_jpeg = matches!(self.tiff.field(&self.directory, COMPRESSION), Some(6 | 7));
        if self.tiff.field(&self.directory, FILL_ORDER) != Some(2) || is_jpeg {
            return None;
        }
        let (strips, tiles) =
            (self.chunks(STRIP_OFFSETS, STRIP_BYTE_COUNTS), self.chunks(TILE_OFFSETS, TILE_BYTE_COUNTS));
        let (mut usual, mut left) = (bytes.to_vec(), bytes.len());
        for (at, length) in strips.chain(tiles) {
            let (at, length) = (usize::try_from(at).ok()?, usize::try_from(length).ok()?);
            let end = at.checked_add(length)?.min(bytes.len());
            // Or each of thousands of strips might be all of the file.
            left = left.checked_sub(end.saturating_sub(at))?;
            usual.get_mut(at..end)?.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
        Some(usual)
    }

    fn open(&self, bytes: &'a [u8]) -> Result<TiffDecoder<Patched<'a>>, PhotoError> {
        // The decoder knows no palettes, but it reads the numbers of their colours as greys.
        let kind = self.directory.get(PHOTOMETRIC).filter(|_| self.palette.is_some());
        let grey = if self.tiff.big_endian { [0, 1] } else { [1, 0] };
        let patch = kind.map(|entry| (entry.at as u64, grey));
        let mut limits = Limits::default();
        limits.decoding_buffer_size = MAX_CHUNK;
        limits.intermediate_buffer_size = MAX_CHUNK;
        limits.ifd_value_size = 64 << 20;
        let mut decoder =
            TiffDecoder::new(Patched { bytes: Cursor::new(bytes), patch }).map_err(explain)?.with_limits(limits);
        if self.index > 0 {
            decoder.seek_to_image(self.index).map_err(explain)?;
        }
        Ok(decoder)
    }
}

impl Read for Patched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        let start = self.bytes.position();
        let read = self.bytes.read(buffer)?;
        if let Some((at, patch)) = self.patch {
            for (place, byte) in (at..).zip(patch) {
                if let Some(index) = place.checked_sub(start).filter(|&index| index < read as u64) {
                    buffer[index as usize] = byte;
                }
            }
        }
        Ok(read)
    }
}

impl Seek for Patched<'_> {
    fn seek(&mut self, to: SeekFrom) -> IoResult<u64> {
        self.bytes.seek(to)
    }
}

/// All reds, all greens and all blues, of 16 bits each; some programs wrote 8 bits.
fn palette(tiff: &Tiff, directory: &Directory) -> Option<Vec<[u8; 3]>> {
    let values: Vec<u64> = tiff.numbers(directory.get(COLOUR_MAP)?).collect();
    let shift = if values.iter().any(|&value| value > 255) { 8 } else { 0 };
    let colours = values.len() / 3;
    let colour = |index| [0, 1, 2].map(|channel: usize| (values[channel * colours + index] >> shift) as u8);
    (colours > 0).then(|| (0..colours).map(colour).collect())
}

fn no_page() -> PhotoError {
    PhotoError::damaged(Format::Tiff, "it has no page that can be found")
}

fn size(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    Page::find(bytes).ok_or_else(no_page)?.open(bytes)?.dimensions().map_err(explain)
}

fn decode(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let filled = Page::find(bytes).and_then(|page| page.filled(bytes));
    let bytes = filled.as_deref().unwrap_or(bytes);
    let usual = Page::find(bytes).and_then(|page| page.in_usual_order(bytes));
    let bytes = usual.as_deref().unwrap_or(bytes);
    let page = Page::find(bytes).ok_or_else(no_page)?;
    let mut decoder = page.open(bytes)?;
    let (width, height) = decoder.dimensions().map_err(explain)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PhotoError::TooLarge { width, height });
    }
    let kind = decoder.colortype().map_err(explain)?;
    let colour = page.directory.get(ICC_PROFILE).map(|entry| Colour::Icc(entry.value.to_vec()));
    let alpha = page.tiff.field(&page.directory, EXTRA_SAMPLES).is_some_and(|kind| kind != 0);
    let layout = Layout::of(kind, &page, alpha, colour.as_ref())?;
    let planes = match page.tiff.field(&page.directory, PLANAR_CONFIGURATION) {
        Some(2) => layout.channels,
        _ => 1,
    };

    let mut pixels = RgbImage::from_pixel(width, height, GREY);
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    if chunk_width == 0 || chunk_height == 0 {
        return Err(no_page());
    }
    let (across, down) = (width.div_ceil(chunk_width), height.div_ceil(chunk_height));
    let white = match page.tiff.field(&page.directory, SAMPLE_FORMAT) {
        Some(2 | 3) => white(&mut decoder, across * down * planes as u32),
        _ if layout.bits > 16 => white(&mut decoder, across * down * planes as u32),
        _ => 1.0,
    };
    let (mut missing, mut problem) = (0, None);
    for chunk in 0..across * down {
        let (left, top) = (chunk % across * chunk_width, chunk / across * chunk_height);
        let (columns, rows) = decoder.chunk_data_dimensions(chunk);
        for plane in 0..planes {
            let stored = match decoder.read_chunk(chunk + plane as u32 * across * down) {
                Ok(stored) => stored,
                Err(error) => {
                    missing += 1;
                    problem.get_or_insert(error);
                    continue;
                }
            };
            let wanted = columns as usize * if planes > 1 { 1 } else { layout.channels };
            let mut samples = vec![0; wanted];
            let mut shown = vec![0; 3 * columns as usize];
            for row in 0..rows.min(height - top) {
                let depth = Depth { bits: layout.bits, palette: layout.palette.is_some(), white };
                if !eight_bits(&stored, row as usize, &depth, &mut samples)? {
                    break;
                }
                let into = 3 * ((top + row) as usize * width as usize + left as usize);
                let into = &mut pixels.as_flat_samples_mut().samples[into..][..3 * columns as usize];
                if planes > 1 {
                    layout.add_plane(plane, &samples, into);
                } else {
                    layout.show(&samples, &mut shown);
                    into.copy_from_slice(&shown);
                }
            }
        }
    }
    match problem {
        // Next to nothing is there.
        Some(problem) if missing * 10 > across * down * planes as u32 * 9 => Err(explain(problem)),
        _ if layout.ink => Ok(pixels),
        _ => Ok(to_srgb(pixels, colour.as_ref())),
    }
}

/// How samples of 8 bits become colours.
struct Layout<'a> {
    /// Samples a pixel.
    channels: usize,
    /// Bits a sample, as stored; fewer than 8 are packed.
    bits: u8,
    palette: Option<&'a [[u8; 3]]>,
    alpha: bool,
    /// Luma and chroma.
    chroma: bool,
    ink: bool,
    inks: Option<std::sync::Arc<InkTransform>>,
}

impl<'a> Layout<'a> {
    fn of(kind: ColorType, page: &'a Page, alpha: bool, colour: Option<&Colour>) -> Result<Self, PhotoError> {
        let (channels, bits) = match kind {
            ColorType::Gray(bits) => (1, bits),
            ColorType::GrayA(bits) => (2, bits),
            ColorType::RGB(bits) | ColorType::YCbCr(bits) => (3, bits),
            ColorType::RGBA(bits) | ColorType::CMYK(bits) => (4, bits),
            ColorType::CMYKA(bits) => (5, bits),
            ColorType::Multiband { bit_depth, num_samples: 2 } => (2, bit_depth),
            // The crate may come to know more.
            kind => {
                return Err(PhotoError::unsupported(Format::Tiff, format_args!("its pixels are {kind:?}")));
            }
        };
        if bits < 8 && channels > 1 {
            return Err(PhotoError::unsupported(Format::Tiff, format_args!("its pixels are {kind:?}")));
        }
        let ink = matches!(kind, ColorType::CMYK(_) | ColorType::CMYKA(_));
        Ok(Self {
            channels,
            bits,
            palette: page.palette.as_deref(),
            alpha,
            chroma: matches!(kind, ColorType::YCbCr(_)),
            ink,
            inks: if ink { ink_transform(colour) } else { None },
        })
    }

    /// Adds one plane of a row of pixels, the first three as they are, which makes RGB.
    fn add_plane(&self, plane: usize, samples: &[u8], shown: &mut [u8]) {
        match plane {
            // Until black comes, light is what the inks leave of it.
            0..3 => shown.iter_mut().skip(plane).step_by(3).zip(samples).for_each(|(shown, &sample)| {
                *shown = if self.ink { 255 - sample } else { sample };
            }),
            3 if self.ink => {
                let (pixels, _) = shown.as_chunks::<3>();
                let inks = pixels
                    .iter()
                    .zip(samples)
                    .flat_map(|(&[cyan, magenta, yellow], &black)| [255 - cyan, 255 - magenta, 255 - yellow, black]);
                inks_to_srgb(&inks.collect::<Vec<u8>>(), shown, self.inks.as_deref());
            }
            // Alpha, without which the picture can be seen.
            _ => {}
        }
    }

    /// A row of pixels in RGB.
    fn show(&self, samples: &[u8], shown: &mut [u8]) {
        if let Some(palette) = self.palette {
            let (pixels, _) = shown.as_chunks_mut::<3>();
            for (pixel, sample) in pixels.iter_mut().zip(samples.chunks_exact(self.channels)) {
                *pixel = palette.get(usize::from(sample[0])).copied().unwrap_or_default();
                if let &[_, alpha] = sample {
                    let [red, green, blue] = *pixel;
                    to_rgb(&[red, green, blue, alpha], 4, pixel);
                }
            }
        } else if self.ink {
            let inks: Vec<u8> = samples.chunks_exact(self.channels).flat_map(|pixel| &pixel[..4]).copied().collect();
            inks_to_srgb(&inks, shown, self.inks.as_deref());
        } else if self.alpha || self.channels % 2 == 1 {
            to_rgb(samples, self.channels, shown);
        } else {
            // A channel that nobody says what it is for.
            let colours = self.channels - 1;
            let without: Vec<u8> =
                samples.chunks_exact(self.channels).flat_map(|pixel| &pixel[..colours]).copied().collect();
            to_rgb(&without, colours, shown);
        }
        if self.chroma {
            for pixel in shown.as_chunks_mut::<3>().0 {
                *pixel = super::jpeg::rgb(*pixel);
            }
        }
    }
}

/// What is white in a picture whose samples are signed, of floating point or of 32 bits: such numbers are shares of 1, of 255, of 65,535 or
/// of the largest that there is, and nothing says of which but the numbers themselves.
fn white(decoder: &mut TiffDecoder<Patched>, chunks: u32) -> f32 {
    fn most<T: Copy>(values: &[T], number: impl Fn(T) -> f32) -> f32 {
        values.iter().map(|&value| number(value)).filter(|value| value.is_finite()).fold(0.0, f32::max)
    }
    let (mut largest, mut end) = (0.0_f32, 1.0);
    for stored in (0..chunks).filter_map(|chunk| decoder.read_chunk(chunk).ok()) {
        let (found, most) = match &stored {
            DecodingResult::I8(values) => (most(values, f32::from), 127.0),
            DecodingResult::I16(values) => (most(values, f32::from), 32_767.0),
            DecodingResult::I32(values) => (most(values, |value| value as f32), i32::MAX as f32),
            DecodingResult::U32(values) => (most(values, |value| value as f32), u32::MAX as f32),
            DecodingResult::F16(values) => (most(values, |value| value.to_f32()), 1.0),
            DecodingResult::F32(values) => (most(values, |value| value), 1.0),
            DecodingResult::F64(values) => (most(values, |value| value as f32), 1.0),
            _ => return 1.0,
        };
        (largest, end) = (largest.max(found), most);
    }
    // Lamps may be brighter than white.
    const LAMPS: f32 = 16.0;
    match [1.0, 255.0, 65_535.0].into_iter().find(|&white| largest <= if white == 1.0 { LAMPS } else { white }) {
        // Whole numbers are no shares of 1.
        Some(1.0) if end > 1.0 => end.min(255.0),
        Some(white) if end > 1.0 => end.min(white),
        Some(white) => white,
        None => end.max(largest),
    }
}

/// How a sample is stored.
struct Depth {
    bits: u8,
    /// It is the number of a colour.
    palette: bool,
    /// What is white, see [`white`].
    white: f32,
}

/// One row of a strip or tile, as samples of 8 bits. `false` where it has no such row.
fn eight_bits(
    stored: &DecodingResult,
    row: usize,
    &Depth { bits, palette, white }: &Depth,
    samples: &mut [u8],
) -> Result<bool, PhotoError> {
    fn row_of<T: Copy>(stored: &[T], row: usize, samples: &mut [u8], eight: impl Fn(T) -> u8) -> bool {
        let Some(stored) = stored.get(row * samples.len()..).and_then(|rest| rest.get(..samples.len())) else {
            return false;
        };
        samples.iter_mut().zip(stored).for_each(|(sample, &value)| *sample = eight(value));
        true
    }
    let light = |value: f32| ((value / white).clamp(0.0, 1.0) * 255.0).round() as u8;
    Ok(match stored {
        DecodingResult::U8(values) if bits < 8 => {
            let across = (samples.len() * usize::from(bits)).div_ceil(8);
            let Some(packed) = values.get(row * across..).and_then(|rest| rest.get(..across)) else { return Ok(false) };
            let largest = u8::MAX >> (8 - bits);
            // In a palette it is a number, and else a share of white.
            let scale = if palette { 1 } else { 255 / largest };
            for (index, sample) in samples.iter_mut().enumerate() {
                let bit = index * usize::from(bits);
                *sample = (packed[bit / 8] >> (8 - usize::from(bits) - bit % 8) & largest) * scale;
            }
            true
        }
        DecodingResult::U8(values) => row_of(values, row, samples, |value| value),
        DecodingResult::U16(values) => {
            row_of(values, row, samples, |value| ((u32::from(value) * 255 + 32_767) / 65_535) as u8)
        }
        DecodingResult::U32(values) => row_of(values, row, samples, |value| light(value as f32)),
        DecodingResult::I8(values) => row_of(values, row, samples, |value| light(value.into())),
        DecodingResult::I16(values) => row_of(values, row, samples, |value| light(value.into())),
        DecodingResult::I32(values) => row_of(values, row, samples, |value| light(value as f32)),
        DecodingResult::F16(values) => row_of(values, row, samples, |value| light(value.to_f32())),
        DecodingResult::F32(values) => row_of(values, row, samples, light),
        DecodingResult::F64(values) => row_of(values, row, samples, |value| light(value as f32)),
        _ => return Err(PhotoError::unsupported(Format::Tiff, "its samples are whole numbers of 64 bits")),
    })
}

fn explain(error: TiffError) -> PhotoError {
    match error {
        TiffError::UnsupportedError(reason) => PhotoError::unsupported(Format::Tiff, reason),
        TiffError::LimitsExceeded => {
            PhotoError::unsupported(Format::Tiff, "it takes more memory than facetag gives a picture")
        }
        error => PhotoError::damaged(Format::Tiff, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A TIFF of two pixels side by side: kind of pixels, samples a pixel, bits and format of a sample, more fields, and strips.
    fn tiff(kind: u32, (samples, bits, format): (u32, u32, u32), more: &[(u16, u32)], strips: &[&[u8]]) -> Vec<u8> {
        let mut fields =
            vec![(256, 2), (257, 1), (259, 1), (PHOTOMETRIC, kind), (277, samples), (278, 1), (SAMPLE_FORMAT, format)];
        fields.extend(more);
        let mut file = b"II*\0\0\0\0\0".to_vec();
        // Of what has several values there is one for each sample or strip, somewhere in the file.
        let mut list = |values: Vec<u32>| {
            let at = file.len() as u32;
            let count = values.len() as u32;
            file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            if count == 1 { (1, values[0]) } else { (count, at) }
        };
        let lengths: Vec<u32> = strips.iter().map(|strip| strip.len() as u32).collect();
        let bits = list(vec![bits; samples as usize]);
        let starts = lengths.iter().scan(100, |at, length| Some(std::mem::replace(at, *at + length))).collect();
        let (starts, lengths) = (list(starts), list(lengths));
        let mut entries: Vec<(u16, (u32, u32))> = fields.into_iter().map(|(tag, value)| (tag, (1, value))).collect();
        entries.extend([(258, bits), (273, starts), (279, lengths)]);
        entries.sort();
        assert!(file.len() <= 100);
        file.resize(100, 0);
        file.extend(strips.concat());
        let directory = (file.len() as u32).to_le_bytes();
        file[4..8].copy_from_slice(&directory);
        file.extend((entries.len() as u16).to_le_bytes());
        for (tag, (count, value)) in entries {
            file.extend(tag.to_le_bytes());
            file.extend([4, 0]);
            file.extend([count, value].iter().flat_map(|number| number.to_le_bytes()));
        }
        file.extend([0; 4]);
        file
    }

    fn shown(file: &[u8]) -> [[u8; 3]; 2] {
        let pixels = decode(file).unwrap();
        assert_eq!(pixels.dimensions(), (2, 1));
        [pixels.get_pixel(0, 0).0, pixels.get_pixel(1, 0).0]
    }

    #[test]
    fn inks_in_planes_are_inks() {
        let planes = [&[0, 255][..], &[128, 0], &[255, 0], &[0, 128]];
        let expected = [[255, 127, 0], [0, 127, 127]];
        assert_eq!(shown(&tiff(5, (4, 8, 1), &[(PLANAR_CONFIGURATION, 2)], &planes)), expected);
        let mixed: &[u8] = &[0, 128, 255, 0, 255, 0, 0, 128];
        assert_eq!(shown(&tiff(5, (4, 8, 1), &[], &[mixed])), expected);
    }

    #[test]
    fn numbers_are_shares_of_what_is_white() {
        for (white, grey) in [(1.0, 0.4), (255.0, 102.0), (65_535.0, 26_214.0_f32)] {
            let stored = [white, grey].map(f32::to_le_bytes).concat();
            assert_eq!(shown(&tiff(1, (1, 32, 3), &[], &[&stored])), [[255; 3], [102; 3]], "{white}");
        }
        for (white, grey) in [(255, 102), (65_535, 26_214), (i32::MAX, i32::MAX / 5 * 2)] {
            let stored = [white, grey].map(i32::to_le_bytes).concat();
            assert_eq!(shown(&tiff(1, (1, 32, 2), &[], &[&stored])), [[255; 3], [102; 3]], "{white}");
        }
        let stored = [i16::MAX, i16::MAX / 5 * 2].map(i16::to_le_bytes).concat();
        assert_eq!(shown(&tiff(1, (1, 16, 2), &[], &[&stored])), [[255; 3], [102; 3]]);
        // Brighter than white.
        let stored = [3.0_f32, 0.4].map(f32::to_le_bytes).concat();
        assert_eq!(shown(&tiff(1, (1, 32, 3), &[], &[&stored])), [[255; 3], [102; 3]]);
    }

    #[test]
    fn of_a_strip_that_was_cut_off_the_rest_is_grey() {
        let mut file = tiff(2, (3, 8, 1), &[], &[&[10, 20, 30, 40, 50, 60]]);
        // The directory comes first here.
        let (directory, pixels) = (file.split_off(106), file.split_off(100));
        file[4..8].copy_from_slice(&100_u32.to_le_bytes());
        let (lengths, start) = (file.len(), (100 + directory.len()) as u32);
        assert_eq!(lengths, 100);
        file.extend(directory);
        let field = file.windows(8).position(|field| field == [17, 1, 4, 0, 1, 0, 0, 0]).unwrap();
        file[field + 8..field + 12].copy_from_slice(&start.to_le_bytes());
        file.extend(pixels);
        assert_eq!(shown(&file), [[10, 20, 30], [40, 50, 60]]);
        assert_eq!(shown(&file[..file.len() - 2]), [[10, 20, 30], [40, 128, 128]]);
    }

    #[test]
    fn bits_may_come_in_the_other_order() {
        let stored = [200_u8.reverse_bits(), 7_u8.reverse_bits()];
        assert_eq!(shown(&tiff(1, (1, 8, 1), &[(FILL_ORDER, 2)], &[&stored])), [[200; 3], [7; 3]]);
        let stored = [0xc8c8_u16, 0x0707].map(u16::to_le_bytes).concat();
        let stored: Vec<u8> = stored.into_iter().map(u8::reverse_bits).collect();
        assert_eq!(shown(&tiff(1, (1, 16, 1), &[(FILL_ORDER, 2)], &[&stored])), [[200; 3], [7; 3]]);
    }
}
