//! Where each format keeps its EXIF and XMP.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::ciff;
use crate::photo::ifd::{Directory, Entry, Tiff};
use crate::photo::segments::{boxes, jpeg_segments, png_chunks, webp_chunks};
use crate::photo::{Format, brand, jpeg_content, raf_jpeg};

const EXIF: u16 = 0x8769;
const GPS: u16 = 0x8825;
const MAKER_NOTE: u16 = 0x927c;

/// The longest value that is kept, in bytes: dates, places and names are far shorter. Previews, the pixels themselves and what
/// is only made to be large are not copied.
const LONGEST_VALUE: usize = 4096;

/// The largest EXIF in a box of JPEG XL, in bytes once it is decompressed.
const LONGEST_EXIF: usize = 16 << 20;

/// What marks the box of a CR3 with its metadata, and the one with its XMP.
const CR3_METADATA: &[u8] = b"\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48";
const CR3_XMP: &[u8] = b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";

/// The EXIF of a photo, as a small TIFF file of its own: the fields of the first page, of EXIF and of GPS, each once.
pub(super) fn exif(bytes: &[u8]) -> Option<Vec<u8>> {
    match Format::sniff(bytes)? {
        Format::Jpeg => jpeg(jpeg_content(bytes)),
        Format::Png => png(bytes),
        Format::WebP => webp_chunks(bytes).filter(|(kind, _)| kind == b"EXIF").find_map(|(_, data)| essential(data)),
        Format::Tiff => essential(bytes),
        Format::Heic | Format::Avif => essential(&heif_exif(bytes)?),
        Format::JpegXl => jxl(bytes),
        Format::Raw => raw(bytes),
        Format::Bmp | Format::Gif => None,
    }
}

fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    jpeg_segments(bytes)
        .filter(|(marker, data)| *marker == 0xe1 && data.starts_with(b"Exif\0"))
        .find_map(|(_, data)| essential(data))
}

fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let own = png_chunks(bytes).filter(|(kind, _)| kind == b"eXIf").find_map(|(_, data)| essential(data));
    own.or_else(|| png_profiles(bytes, &[b"exif", b"APP1"], LONGEST_EXIF).find_map(|profile| essential(&profile)))
}

/// What programs put into a PNG as text, in hexadecimal digits: ImageMagick, and exiv2 before 0.28. Of a bomb, as much as `longest`.
pub(super) fn png_profiles<'a>(
    bytes: &'a [u8],
    names: &'a [&'a [u8]],
    longest: usize,
) -> impl Iterator<Item = Vec<u8>> + 'a {
    png_chunks(bytes).filter_map(move |(kind, data)| {
        let rest = data.strip_prefix(b"Raw profile type ")?;
        let (name, rest) = rest.split_at(rest.iter().position(|&byte| byte == 0)?);
        let mut text = Vec::new();
        match &kind {
            _ if !names.contains(&name) => return None,
            b"tEXt" => text.extend(&rest[1..]),
            b"zTXt" => drop(ZlibDecoder::new(rest.get(2..)?).take(3 * longest as u64).read_to_end(&mut text).ok()?),
            _ => return None,
        }
        // After an empty line the name, the length, and the digits in lines.
        let digits = text.splitn(4, |&byte| byte == b'\n').nth(3)?;
        let digits: Vec<u8> =
            digits.iter().filter_map(|&digit| char::from(digit).to_digit(16)).map(|digit| digit as u8).collect();
        Some(digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect())
    })
}

/// Four bytes say where EXIF begins in its box; some programs leave them out.
fn jxl(bytes: &[u8]) -> Option<Vec<u8>> {
    let content = jxl_box(bytes, b"Exif", LONGEST_EXIF)?;
    essential(&content).or_else(|| {
        let start = u32::from_be_bytes(*content.first_chunk()?) as usize;
        essential(content.get(start.checked_add(4)?..)?)
    })
}

fn raw(bytes: &[u8]) -> Option<Vec<u8>> {
    if let Some(preview) = raf_jpeg(bytes) {
        return jpeg(preview);
    }
    if brand(bytes) == Some(b"crx ") {
        return cr3(bytes);
    }
    if bytes.starts_with(b"\0MRM") {
        return essential(minolta(bytes)?);
    }
    if let Some(found) = ciff::read(bytes) {
        return Some(found);
    }
    essential(bytes)
}

/// The TIFF file among the blocks of a Minolta file.
fn minolta(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(8..)?;
    loop {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (&length, after) = after.split_first_chunk::<4>()?;
        let (block, next) = after.split_at_checked(u32::from_be_bytes(length) as usize)?;
        if kind == b"\0TTW" {
            return Some(block);
        }
        rest = next;
    }
}

/// A CR3 has a TIFF file each for what others keep in three directories of one.
fn cr3(bytes: &[u8]) -> Option<Vec<u8>> {
    let (_, movie) = boxes(bytes).find(|(kind, _)| kind == b"moov")?;
    let mut marked = boxes(movie).filter(|(kind, _)| kind == b"uuid");
    let content = marked.find_map(|(_, content)| content.strip_prefix(CR3_METADATA))?;
    let part = |wanted: &[u8; 4]| {
        let (_, content) = boxes(content).find(|(kind, _)| kind == wanted)?;
        let tiff = Tiff::open(content)?;
        Some((tiff, tiff.directory(tiff.first)))
    };
    let (tiff, first) = part(b"CMT1")?;
    let directory = |wanted: &[u8; 4]| {
        part(wanted).filter(|(other, _)| other.big_endian == tiff.big_endian).map(|(_, found)| found)
    };
    Some(write(
        tiff.big_endian,
        &first,
        &directory(b"CMT2").unwrap_or_default(),
        &directory(b"CMT4").unwrap_or_default(),
    ))
}

pub(super) fn cr3_xmp(bytes: &[u8]) -> Option<&[u8]> {
    let mut marked = boxes(bytes).filter(|(kind, _)| kind == b"uuid" && brand(bytes) == Some(b"crx "));
    marked.find_map(|(_, content)| content.strip_prefix(CR3_XMP))
}

#[cfg(any(feature = "avif", feature = "heic"))]
fn heif_exif(bytes: &[u8]) -> Option<Vec<u8>> {
    let bytes = crate::photo::whole_heif(bytes);
    let file = heifer_isobmff::HeifFile::parse(&bytes).ok()?;
    if let Ok(Some(exif)) = file.exif(file.primary_id) {
        return Some(exif);
    }
    // Some programs do not say which picture it is of.
    let item = file.items.iter().find(|item| item.item_type.0 == *b"Exif")?;
    let data = file.item_data(item.id).ok()?;
    let start = u32::from_be_bytes(*data.first_chunk()?) as usize;
    data.get(start.checked_add(4)?..).map(<[u8]>::to_vec)
}

#[cfg(any(feature = "avif", feature = "heic"))]
pub(super) fn heif_xmp(bytes: &[u8]) -> Option<Vec<u8>> {
    let bytes = crate::photo::whole_heif(bytes);
    let file = heifer_isobmff::HeifFile::parse(&bytes).ok()?;
    if let Ok(Some(packet)) = file.xmp(file.primary_id) {
        return Some(packet);
    }
    let is_xmp = |item: &&heifer_isobmff::Item| item.content_type.as_deref() == Some("application/rdf+xml");
    let item = file.items.iter().find(is_xmp)?;
    Some(file.item_data(item.id).ok()?.into_owned())
}

#[cfg(not(any(feature = "avif", feature = "heic")))]
fn heif_exif(_: &[u8]) -> Option<Vec<u8>> {
    None
}

#[cfg(not(any(feature = "avif", feature = "heic")))]
pub(super) fn heif_xmp(_: &[u8]) -> Option<Vec<u8>> {
    None
}

/// What is in a box of JPEG XL, which may be compressed with Brotli; of a bomb, as much as `longest`.
pub(super) fn jxl_box(bytes: &[u8], wanted: &[u8; 4], longest: usize) -> Option<Vec<u8>> {
    boxes(bytes).find_map(|(kind, content)| {
        if kind == *wanted {
            return Some(content[..content.len().min(longest)].to_vec());
        }
        let compressed = content.strip_prefix(wanted).filter(|_| kind == *b"brob")?;
        let mut plain = Vec::new();
        let reader = brotli_decompressor::Decompressor::new(compressed, 4096);
        reader.take(longest as u64).read_to_end(&mut plain).ok()?;
        Some(plain)
    })
}

/// The fields of a TIFF file that say something about the photo. It may begin with `Exif\0\0`, as in a JPEG.
fn essential(bytes: &[u8]) -> Option<Vec<u8>> {
    let tiff = Tiff::open(bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes))?;
    let first = tiff.directory(tiff.first);
    // Both types of pointer that programs write: a number, and one that is said to lead to a directory.
    let inner = |tag| tiff.field(&first, tag).map_or_else(Directory::default, |at| tiff.directory(at as usize));
    Some(write(tiff.big_endian, &first, &inner(EXIF), &inner(GPS)))
}

/// Writes three directories as a TIFF file.
pub(super) fn write(big_endian: bool, first: &Directory, exif: &Directory, gps: &Directory) -> Vec<u8> {
    let kept = |entry: &&Entry| {
        matches!(entry.kind, 1..=12)
            && entry.value.len() <= LONGEST_VALUE
            && ![EXIF, GPS, MAKER_NOTE].contains(&entry.tag)
    };
    let parts = [first, exif, gps].map(|directory| {
        let mut entries: Vec<&Entry> = directory.entries.iter().filter(kept).collect();
        // The first of each tag counts.
        entries.sort_by_key(|entry| entry.tag);
        entries.dedup_by_key(|entry| entry.tag);
        entries
    });
    let short = |number: usize| if big_endian { (number as u16).to_be_bytes() } else { (number as u16).to_le_bytes() };
    let long = |number: usize| if big_endian { (number as u32).to_be_bytes() } else { (number as u32).to_le_bytes() };
    let length = |fields: usize| 2 + 12 * fields + 4;
    let exif_at = 8 + length(parts[0].len() + 2);
    let gps_at = exif_at + length(parts[1].len());
    let mut values_at = gps_at + length(parts[2].len());

    let mut file = if big_endian { b"MM\0\x2a".to_vec() } else { b"II\x2a\0".to_vec() };
    file.extend(long(8));
    let mut values: Vec<u8> = Vec::new();
    for (index, entries) in parts.iter().enumerate() {
        let pointers: &[(u16, usize)] = if index == 0 { &[(EXIF, exif_at), (GPS, gps_at)] } else { &[] };
        file.extend(short(entries.len() + pointers.len()));
        for entry in entries {
            file.extend(short(entry.tag.into()));
            file.extend(short(entry.kind.into()));
            file.extend(long(entry.count as usize));
            if entry.value.len() <= 4 {
                let mut inline = [0; 4];
                inline[..entry.value.len()].copy_from_slice(entry.value);
                file.extend(inline);
            } else {
                file.extend(long(values_at));
                values.extend(entry.value);
                values_at += entry.value.len();
            }
        }
        for &(tag, at) in pointers {
            file.extend(short(tag.into()));
            file.extend(short(4));
            file.extend(long(1));
            file.extend(long(at));
        }
        file.extend([0; 4]);
    }
    file.extend(values);
    file
}
