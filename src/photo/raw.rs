//! Cameras' raw files: the largest JPEG that the camera put into the file, which is its own idea of the photo.

use std::borrow::Cow;

use image::RgbImage;

use super::format::{Decoder, Spec, brand};
use super::ifd::{Directory, Tiff};
use super::segments::boxes;
use super::{Format, PhotoError, jpeg};

pub(super) const SPEC: Spec = Spec {
    name: "RAW",
    extensions: &[
        "3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "iiq", "kdc", "mef", "mos", "mrw", "nef", "nrw",
        "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
    ],
    signature,
    decoder: Some(Decoder { size, decode, turns_upright: |_| false }),
};

const RAF: &[u8] = b"FUJIFILMCCD-RAW";
const MINOLTA: &[u8] = b"\0MRM";

/// Photographs that need a program to develop them: colour filters of a sensor, or light as it was measured.
const UNDEVELOPED: [u64; 2] = [32803, 34892];

const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const STRIP_OFFSETS: u16 = 273;
const STRIP_BYTE_COUNTS: u16 = 279;
const JPEG_OFFSET: u16 = 513;
const JPEG_LENGTH: u16 = 514;
const PANASONIC_JPEG: u16 = 0x2e;
const DNG_VERSION: u16 = 50706;

/// A preview of fewer pixels than this is a thumbnail, and a larger one is looked for in all of the file.
const THUMBNAIL: u64 = 640 * 480;

/// JPEGs that are tried where the file does not say where its preview is.
const MOST_TRIED: usize = 64;

/// Whether this is a raw file. Those that are TIFF files hold a photograph that is not developed.
fn signature(bytes: &[u8]) -> bool {
    let begins = matches!(
        bytes,
        [b'I', b'I', 42, 0, _, _, _, _, b'C', b'R', ..]
            | [b'I', b'I', b'R', b'O' | b'S', ..]
            | [b'M', b'M', b'O' | b'S', b'R', ..]
            | [b'I', b'I', 0x55, 0, ..]
            | [b'I', b'I', _, _, _, _, b'H', b'E', b'A', b'P', b'C', b'C', b'D', b'R', ..]
            | [b'F', b'O', b'V', b'b', ..]
    );
    begins
        || brand(bytes) == Some(b"crx ")
        || bytes.starts_with(RAF)
        || bytes.starts_with(MINOLTA)
        || Tiff::open(bytes).is_some_and(|tiff| {
            let undeveloped = |page| tiff.field(page, PHOTOMETRIC).is_some_and(|kind| UNDEVELOPED.contains(&kind));
            let pages = tiff.directories();
            pages.iter().any(|page| page.get(DNG_VERSION).is_some() || undeveloped(page))
        })
}

fn size(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    previews(bytes).first().map(|&(size, _)| size).ok_or_else(no_preview)
}

fn decode(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let mut problem = no_preview();
    for (_, preview) in previews(bytes) {
        match jpeg::decode(&preview) {
            Ok(pixels) => return Ok(pixels),
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

/// The JPEG that [`decode`] reads, unless that is damaged.
pub(super) fn largest_preview(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    previews(bytes).into_iter().next().map(|(_, jpeg)| jpeg)
}

fn no_preview() -> PhotoError {
    PhotoError::unsupported(Format::Raw, "it holds no preview of the photo, and facetag does not develop raw files")
}

type Preview<'a> = ((u32, u32), Cow<'a, [u8]>);

/// The JPEGs in a raw file and their sizes, the largest first.
fn previews(bytes: &[u8]) -> Vec<Preview<'_>> {
    let area = |&((width, height), _): &Preview| u64::from(width) * u64::from(height);
    let mut found: Vec<_> = places(bytes).into_iter().map(Cow::Borrowed).filter_map(preview).collect();
    if found.iter().map(area).max().unwrap_or(0) < THUMBNAIL {
        // In the notes of the camera's maker, or in a format of the maker's own.
        let starts = bytes.windows(3).enumerate().filter(|(_, start)| start == &[0xff, 0xd8, 0xff]).map(|(at, _)| at);
        found.extend(starts.take(MOST_TRIED).filter_map(|at| preview(Cow::Borrowed(&bytes[at..]))));
        if bytes.starts_with(MINOLTA) {
            found.extend(minolta(bytes).and_then(preview));
        }
    }
    found.sort_by_key(|preview| std::cmp::Reverse(area(preview)));
    found
}

/// The preview of a Minolta file, whose first byte some cameras overwrite.
fn minolta(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let at = bytes.windows(4).position(|start| matches!(start, [..=0xfe, 0xd8, 0xff, 0xdb | 0xe0 | 0xe1]))?;
    let mut preview = bytes[at..].to_vec();
    preview[0] = 0xff;
    Some(Cow::Owned(preview))
}

/// A JPEG that can be decoded: some hold the sensor's values, lossless.
fn preview(bytes: Cow<'_, [u8]>) -> Option<Preview<'_>> {
    let size = bytes.starts_with(&[0xff, 0xd8, 0xff]).then(|| jpeg::size(&bytes).ok()).flatten()?;
    Some((size, bytes))
}

/// Where the file says that JPEGs are.
fn places(bytes: &[u8]) -> Vec<&[u8]> {
    if let Some(preview) = raf_jpeg(bytes) {
        return vec![preview];
    }
    if brand(bytes) == Some(b"crx ") {
        return cr3(bytes);
    }
    let Some(tiff) = Tiff::open(bytes) else { return Vec::new() };
    tiff.directories().iter().flat_map(|page| in_directory(bytes, &tiff, page)).collect()
}

fn in_directory<'a>(bytes: &'a [u8], tiff: &Tiff<'a>, page: &Directory<'a>) -> Vec<&'a [u8]> {
    let part = |offset: u16, length: u16| {
        // In one piece.
        let whole = page.get(offset).is_some_and(|entry| entry.count == 1);
        let (start, length) = (tiff.field(page, offset)? as usize, tiff.field(page, length)? as usize);
        // A file that was cut short may hold most of it.
        let end = start.checked_add(length)?.min(bytes.len());
        bytes.get(start..end).filter(|_| whole)
    };
    let strip = matches!(tiff.field(page, COMPRESSION), Some(6 | 7 | 99));
    let mut found = vec![part(JPEG_OFFSET, JPEG_LENGTH), page.get(PANASONIC_JPEG).map(|entry| entry.value)];
    found.extend(strip.then(|| part(STRIP_OFFSETS, STRIP_BYTE_COUNTS)));
    found.into_iter().flatten().collect()
}

/// The JPEG of a Fujifilm file, with EXIF and all.
pub fn raf_jpeg(bytes: &[u8]) -> Option<&[u8]> {
    let number = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?) as usize);
    let (start, length) = (number(84)?, number(88)?);
    bytes.starts_with(RAF).then(|| bytes.get(start..start.checked_add(length)?.min(bytes.len()))).flatten()
}

/// The JPEGs of a Canon CR3: the preview in a box of its own, and the one in full size, which is the first track.
fn cr3(bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    for (kind, content) in boxes(bytes) {
        match &kind {
            b"moov" => {
                for (_, track) in boxes(content).filter(|(kind, _)| kind == b"trak") {
                    found.extend(track_sample(bytes, track));
                }
            }
            // The identity, and eight bytes more; the JPEG begins after the preview's own header.
            b"uuid" => {
                let inner = boxes(content.get(24..).unwrap_or_default()).find(|(kind, _)| kind == b"PRVW");
                found.extend(inner.and_then(|(_, preview)| preview.get(16..)).map(from_start));
            }
            _ => {}
        }
    }
    found
}

fn from_start(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().take(16).zip(bytes.iter().skip(1)).position(|pair| pair == (&0xff, &0xd8));
    &bytes[start.unwrap_or(0)..]
}

/// The first sample of a track.
fn track_sample<'a>(bytes: &'a [u8], track: &[u8]) -> Option<&'a [u8]> {
    let inside = |content: &'_ [u8], kind: &[u8; 4]| -> Option<Vec<u8>> {
        boxes(content).find(|(found, _)| found == kind).map(|(_, content)| content.to_vec())
    };
    let table =
        [b"mdia", b"minf", b"stbl"].into_iter().try_fold(track.to_vec(), |content, kind| inside(&content, kind))?;
    let sizes = inside(&table, b"stsz")?;
    let number = |bytes: &[u8], at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
    let size = match number(&sizes, 4)? {
        0 => number(&sizes, 12)?,
        size => size,
    };
    let start = match inside(&table, b"co64") {
        Some(places) => u64::from_be_bytes(*places.get(8..)?.first_chunk()?),
        None => u64::from(number(&inside(&table, b"stco")?, 8)?),
    };
    let start = usize::try_from(start).ok()?;
    bytes.get(start..start.checked_add(size as usize)?.min(bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_of_a_minolta_preview_may_be_overwritten() {
        let photo = RgbImage::from_fn(64, 48, |x, y| image::Rgb([4 * x as u8, 5 * y as u8, 90]));
        let mut preview = jpeg::encode(&photo, 90);
        let file = |preview: &[u8]| [MINOLTA, &[0, 0, 0, 8], b"\0TTW\0\0\0\0", preview].concat();
        let whole = decode(&file(&preview)).unwrap();
        preview[0] = 2;
        assert_eq!(size(&file(&preview)).unwrap(), (64, 48));
        assert_eq!(decode(&file(&preview)).unwrap(), whole);
    }
}
