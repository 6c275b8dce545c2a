//! The container of HEIC and AVIF (ISO/IEC 23008-12): which of its items is the photo, and how it is put together.

use std::borrow::Cow;

use heifer::color::{ColorParams, frame_to_rgba_sized};
use heifer::heifer_hevc_dec::recon::Frame;
use heifer_isobmff::boxes::{ColorInfo, Grid, Property};
use heifer_isobmff::{BoxHeader, HeifFile, ItemId, read_box_header};
use image::{RgbImage, imageops};

use super::colour::Colour;
use super::raster::cover_white;
use super::resize::resized;
use super::{Format, MAX_PIXELS, Orientation, PhotoError, jpeg};

/// A file with its parts found.
pub(super) struct Heif<'a> {
    pub file: HeifFile<'a>,
    format: Format,
    /// By how much the sides of a grid are reduced, tile by tile.
    pub reduction: u32,
}

/// Decodes a coded item.
pub(super) type DecodeItem<'a> = &'a dyn Fn(&HeifFile, ItemId) -> Result<RgbImage, PhotoError>;

/// Pictures made of others may be made of others in turn; not deeper than this.
const DEPTH: u32 = 4;

/// The boxes that a photo is made of.
const NEEDED: [[u8; 4]; 4] = [*b"ftyp", *b"meta", *b"mdat", *b"moov"];

/// The bytes of a file; one that lost its tail gets zeros in its place, for what is left of it is then where it says. Bytes behind the last
/// box that are no box, such as a line break, are left out.
pub fn whole(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let (kind, size) = match read_box_header(rest) {
            Ok(BoxHeader { box_type, size: Some(size), .. }) if size >= 8 => (box_type.0, size),
            // It goes on to the end.
            Ok(BoxHeader { size: None, .. }) => break,
            _ => return Cow::Borrowed(if at > 0 { &bytes[..at] } else { bytes }),
        };
        let end = (size as usize).saturating_add(at);
        if end > bytes.len() {
            if !NEEDED.contains(&kind) && at > 0 {
                return Cow::Borrowed(&bytes[..at]);
            }
            // No more than the photo may have had.
            if end <= bytes.len().saturating_mul(64).min(1 << 28) {
                let mut padded = bytes.to_vec();
                padded.resize(end, 0);
                return Cow::Owned(padded);
            }
            break;
        }
        at = end;
    }
    Cow::Borrowed(bytes)
}

/// The width and height of the photo in a file, upright.
pub(super) fn size(bytes: &[u8], format: Format) -> Result<(u32, u32), PhotoError> {
    Heif::open(&whole(bytes), format)?.size()
}

/// Whether the container says how the photo is turned, see [`Heif::says_how_it_is_turned`].
pub(super) fn turns_upright(bytes: &[u8]) -> bool {
    Heif::open(&whole(bytes), Format::Heic).is_ok_and(|heif| heif.says_how_it_is_turned())
}

impl<'a> Heif<'a> {
    pub fn open(bytes: &'a [u8], format: Format) -> Result<Self, PhotoError> {
        let file = HeifFile::parse(bytes).map_err(|error| PhotoError::damaged(format, error))?;
        Ok(Self { file, format, reduction: 1 })
    }

    fn damaged(&self, reason: impl std::fmt::Display) -> PhotoError {
        PhotoError::damaged(self.format, reason)
    }

    fn properties(&self, item: ItemId) -> Vec<&Property> {
        self.file.item_properties(item).map(Iterator::collect).unwrap_or_default()
    }

    /// The kind of the primary item, such as `grid` or `hvc1`.
    pub fn kind(&self, item: ItemId) -> [u8; 4] {
        self.file.item(item).map_or(*b"none", |item| item.item_type.0)
    }

    /// Whether the container says how the photo is turned. If it does not, EXIF may; but files of the brand `miaf` promise
    /// that nothing else counts.
    pub fn says_how_it_is_turned(&self) -> bool {
        self.file.file_type.has_brand(b"miaf")
            || self.properties(self.file.primary_id).iter().any(|property| is_turn(property))
    }

    /// The width and height of the primary picture, upright.
    pub fn size(&self) -> Result<(u32, u32), PhotoError> {
        let item = self.file.primary_id;
        let stored = match &self.kind(item) {
            b"grid" => self.layout(item).ok().map(|grid| (grid.output_width, grid.output_height)),
            b"iden" => self.file.referenced_items(item, b"dimg").first().and_then(|&source| self.ispe(source)),
            _ => None,
        };
        let Some((mut width, mut height)) = stored.or_else(|| self.ispe(item)) else {
            return Err(self.damaged("it does not say how large it is"));
        };
        for property in self.properties(item) {
            match property {
                Property::CleanAperture { .. } => {
                    let [_, _, across, down] = cut(property, width, height);
                    (width, height) = (across, down);
                }
                Property::Rotation(1 | 3) => (width, height) = (height, width),
                _ => {}
            }
        }
        Ok((width, height))
    }

    /// Whether the container says that something of a picture is cut off.
    pub fn is_cut(&self, item: ItemId) -> bool {
        self.properties(item).iter().any(|property| matches!(property, Property::CleanAperture { .. }))
    }

    fn ispe(&self, item: ItemId) -> Option<(u32, u32)> {
        self.file.image_size(item).ok().flatten()
    }

    /// What says how the numbers are meant: a profile before code points, as both are often there.
    pub fn colour(&self) -> Option<Colour> {
        let item = self.file.primary_id;
        if let Ok(Some(icc)) = self.file.icc_profile(item) {
            return Some(Colour::Icc(icc.to_vec()));
        }
        let first = self.file.referenced_items(item, b"dimg").first().copied();
        [Some(item), first].into_iter().flatten().find_map(|item| {
            self.properties(item).into_iter().find_map(|property| match property {
                Property::Color(ColorInfo::Nclx { primaries, transfer, .. }) => Some(Colour::Coded {
                    primaries: u8::try_from(*primaries).unwrap_or(2),
                    transfer: u8::try_from(*transfer).unwrap_or(2),
                }),
                _ => None,
            })
        })
    }

    /// The part of a picture that says what of it is transparent. Depth and gain maps are such parts too.
    pub fn alpha(&self, item: ItemId) -> Option<ItemId> {
        self.file.referencing_items(item, b"auxl").into_iter().find(|&aux| {
            self.properties(aux).iter().any(
                |property| matches!(property, Property::AuxiliaryType(kind) if kind.contains("alpha") || kind.ends_with("auxid:1")),
            )
        })
    }

    /// The primary picture, upright. Of a grid with damaged tiles the others are given, and grey in place of the damaged ones.
    pub fn decode(&self, decode: DecodeItem) -> Result<RgbImage, PhotoError> {
        let primary = self.file.primary_id;
        let mut pixels = self.item(primary, decode, 0)?;
        // A coded picture shows white where it is transparent; here is what covers one that is made of several.
        if self.kind(primary) == *b"grid"
            && let Some(cover) = self.alpha(primary).and_then(|alpha| self.item(alpha, decode, 0).ok())
        {
            cover_white(&mut pixels, &cover);
        }
        Ok(pixels)
    }

    fn item(&self, item: ItemId, decode: DecodeItem, depth: u32) -> Result<RgbImage, PhotoError> {
        if depth > DEPTH {
            return Err(self.damaged("its pictures are made of each other"));
        }
        let pixels = match &self.kind(item) {
            b"grid" => self.grid(item, decode, depth)?,
            b"iden" => match self.file.referenced_items(item, b"dimg") {
                &[source] => self.item(source, decode, depth + 1)?,
                _ => return Err(self.damaged("a picture is made of nothing")),
            },
            b"jpeg" => {
                let data = self.file.item_data(item).map_err(|error| self.damaged(error))?;
                jpeg::decode(&data)?
            }
            // heifer turns and cuts it too.
            b"hvc1" => return decode(&self.file, item),
            b"av01" => decode(&self.file, item)?,
            kind => {
                let kind = String::from_utf8_lossy(kind);
                return Err(PhotoError::unsupported(self.format, format_args!("its picture is of the kind '{kind}'")));
            }
        };
        Ok(self.turned(item, pixels))
    }

    /// A picture turned and cut as the container says.
    pub fn turned(&self, item: ItemId, pixels: RgbImage) -> RgbImage {
        self.properties(item).into_iter().fold(pixels, |pixels, property| match property {
            Property::CleanAperture { .. } => {
                let [left, top, across, down] = cut(property, pixels.width(), pixels.height());
                imageops::crop_imm(&pixels, left, top, across, down).to_image()
            }
            Property::Rotation(1) => Orientation::Rotate270.apply(pixels),
            Property::Rotation(2) => Orientation::Rotate180.apply(pixels),
            Property::Rotation(3) => Orientation::Rotate90.apply(pixels),
            Property::Mirror(true) => Orientation::MirrorVertical.apply(pixels),
            Property::Mirror(false) => Orientation::MirrorHorizontal.apply(pixels),
            _ => pixels,
        })
    }

    /// How a picture is made of tiles. Where a file that lost its tail does not say it any more, the sizes of picture and tiles do.
    fn layout(&self, item: ItemId) -> Result<Grid, PhotoError> {
        let grid = self.file.grid(item).map_err(|error| self.damaged(error))?;
        if grid.output_width > 0 && grid.output_height > 0 {
            return Ok(grid);
        }
        let tile = self.file.referenced_items(item, b"dimg").first().and_then(|&tile| self.ispe(tile));
        let guess = self.ispe(item).zip(tile).filter(|(_, tile)| tile.0 > 0 && tile.1 > 0);
        guess.map_or(Ok(grid), |((output_width, output_height), tile)| {
            let count = |length: u32, of: u32| u16::try_from(length.div_ceil(of)).unwrap_or(u16::MAX);
            let (rows, columns) = (count(output_height, tile.1), count(output_width, tile.0));
            Ok(Grid { rows, columns, output_width, output_height })
        })
    }

    fn grid(&self, item: ItemId, decode: DecodeItem, depth: u32) -> Result<RgbImage, PhotoError> {
        let grid = self.layout(item)?;
        let (width, height) = (grid.output_width, grid.output_height);
        let tiles = self.file.referenced_items(item, b"dimg");
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(PhotoError::TooLarge { width, height });
        }
        if tiles.len() != usize::from(grid.rows) * usize::from(grid.columns) || tiles.is_empty() {
            return Err(self.damaged("it has more or fewer tiles than it says"));
        }
        // Grey, as the decoder of JPEGs leaves what is not there.
        let reduced = |side: u32| side.div_ceil(self.reduction);
        let mut pixels = RgbImage::from_pixel(reduced(width), reduced(height), image::Rgb([128; 3]));
        let (mut tile_size, mut problem, mut missing) = (self.ispe(tiles[0]), None, 0);
        for (index, &tile) in tiles.iter().enumerate() {
            match self.item(tile, decode, depth + 1) {
                Ok(decoded) => {
                    let (across, down) = *tile_size.get_or_insert(decoded.dimensions());
                    let column =
                        i64::from(across) * (index as i64 % i64::from(grid.columns)) / i64::from(self.reduction);
                    let row = i64::from(down) * (index as i64 / i64::from(grid.columns)) / i64::from(self.reduction);
                    let (across, down) = decoded.dimensions();
                    let decoded = match self.reduction {
                        1 => decoded,
                        _ => resized(&decoded, reduced(across), reduced(down)),
                    };
                    imageops::replace(&mut pixels, &decoded, column, row);
                }
                Err(error) => {
                    missing += 1;
                    problem.get_or_insert(error);
                }
            }
        }
        match problem {
            // Next to nothing of it is there.
            Some(problem) if missing * 10 > tiles.len() * 9 => Err(problem),
            _ => Ok(pixels),
        }
    }
}

/// Rows that are converted to RGB at once: all of a large picture in the form that the conversion reads would take as much again.
pub(super) const BAND: u32 = 64;

/// The picture of so many pixels whose rows, from an even one on, `band` gives.
pub(super) fn to_rgb(
    width: u32,
    height: u32,
    band: impl Fn(u32, u32) -> Frame,
    params: impl Fn(&Frame) -> ColorParams,
) -> RgbImage {
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for top in (0..height).step_by(BAND as usize) {
        let bottom = (top + BAND).min(height);
        // The colour of a row is mixed with that of the row below.
        let seen = (bottom + 2).min(height);
        let frame = band(top, seen);
        let params = params(&frame);
        let (frame, params) = without_ycgco(frame, params);
        let shown = frame_to_rgba_sized::<u8>(&frame, params, width, seen - top);
        let shown = &shown.data[..4 * width as usize * (bottom - top) as usize];
        pixels.extend(shown.as_chunks::<4>().0.iter().flat_map(|pixel| &pixel[..3]));
    }
    RgbImage::from_raw(width, height, pixels).expect("three bytes a pixel")
}

/// How luma and chroma become red, green and blue: as the container says, or else the picture itself.
pub(super) fn params(file: &HeifFile, item: ItemId, frame: &Frame) -> ColorParams {
    let coded = file.item_properties(item).ok().and_then(|mut properties| {
        properties.find_map(|property| match property {
            &Property::Color(ColorInfo::Nclx { matrix, full_range, .. }) => Some(ColorParams { matrix, full_range }),
            _ => None,
        })
    });
    coded.unwrap_or_else(|| ColorParams::from_frame(frame))
}

/// Green, blue and red of a picture whose colours are YCgCo, YCgCo-Re or YCgCo-Ro (ITU-T H.273, matrices 8, 16 and 17), which heifer does not
/// know; others as they are.
pub(super) fn without_ycgco(mut frame: Frame, params: ColorParams) -> (Frame, ColorParams) {
    // The lossless ones have more bits than the picture.
    let more_bits = match params.matrix {
        8 => None,
        16 => Some(2),
        17 => Some(1),
        _ => return (frame, params),
    };
    let depth = frame.bit_depth[0];
    if frame.chroma_format != 3 || !params.full_range || depth <= more_bits.unwrap_or(0) {
        return (frame, params);
    }
    let (middle, shown) = (1 << (depth - 1), depth - more_bits.unwrap_or(0));
    let [luma, green, orange] = &mut frame.planes;
    for ((luma, green), orange) in luma.iter_mut().zip(green).zip(orange) {
        let (y, cg, co) = (i32::from(*luma), i32::from(*green) - middle, i32::from(*orange) - middle);
        let [g, b, r] = if more_bits.is_some() {
            let rest = y - (cg >> 1);
            let blue = rest - (co >> 1);
            [cg + rest, blue, co + blue]
        } else {
            [y + cg, y - cg - co, y - cg + co]
        };
        [*luma, *green, *orange] = [g, b, r].map(|value| value.clamp(0, (1 << shown) - 1) as u16);
    }
    frame.bit_depth = [shown; 2];
    (frame, ColorParams { matrix: 0, full_range: true })
}

fn is_turn(property: &Property) -> bool {
    matches!(property, Property::Rotation(_) | Property::Mirror(_))
}

/// The part that a `clap` property leaves of a picture: left, top, width and height. All of it, where that would be nothing.
fn cut(property: &Property, width: u32, height: u32) -> [u32; 4] {
    let whole = [0, 0, width, height];
    let &Property::CleanAperture { width: w, height: h, horiz_offset: x, vert_offset: y } = property else {
        return whole;
    };
    let part = |(numerator, denominator): (u32, u32)| f64::from(numerator) / f64::from(denominator);
    let offset = |(numerator, denominator): (i32, u32)| f64::from(numerator) / f64::from(denominator);
    let span = |length: f64, offset: f64, all: u32| {
        let start = (offset + (f64::from(all) - length) / 2.0).round().max(0.0);
        let start = if start < f64::from(all) { start as u32 } else { 0 };
        (start, (length.round() as u32).min(all - start))
    };
    let (left, across) = span(part(w), offset(x), width);
    let (top, down) = span(part(h), offset(y), height);
    if across == 0 || down == 0 { whole } else { [left, top, across, down] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_of_ycgco_are_those_that_were_coded() {
        let colours = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [17, 200, 98], [3, 4, 250]];
        for (matrix, depth) in [(8, 8), (16, 10), (17, 9)] {
            let middle = 1 << (depth - 1);
            let coded = colours.map(|[r, g, b]: [i32; 3]| {
                let co = r - b;
                let rest = b + (co >> 1);
                let cg = g - rest;
                match matrix {
                    // Halves are lost.
                    8 => [(r + 2 * g + b) / 4, (2 * g - r - b).div_euclid(4) + middle, (r - b).div_euclid(2) + middle],
                    _ => [rest + (cg >> 1), cg + middle, co + middle],
                }
            });
            let plane = |index: usize| coded.iter().map(|coded| coded[index] as u16).collect::<Vec<_>>();
            let count = colours.len() as u32;
            let frame = Frame {
                widths: [count; 3],
                heights: [1; 3],
                planes: [plane(0), plane(1), plane(2)],
                bit_depth: [depth; 2],
                chroma_format: 3,
                full_range: true,
                matrix_coeffs: matrix,
            };
            let params = ColorParams { matrix: matrix.into(), full_range: true };
            let (frame, params) = without_ycgco(frame, params);
            assert_eq!(params.matrix, 0);
            let shown = frame_to_rgba_sized::<u8>(&frame, params, count, 1);
            for (pixel, colour) in shown.data.chunks(4).zip(colours) {
                let off = pixel.iter().zip(colour).map(|(&shown, value)| (i32::from(shown) - value).abs()).max();
                assert!(off.unwrap() <= if matrix == 8 { 3 } else { 0 }, "{matrix}: {pixel:?} for {colour:?}");
            }
        }
    }
}
