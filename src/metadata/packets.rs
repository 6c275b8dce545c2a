//! The XMP packets in a picture file.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use exif::{Context, In, Tag, Value};
use flate2::read::ZlibDecoder;

use crate::photo::{Format, contain, jpeg_content};

/// What an APP1 segment of a JPEG with XMP begins with.
pub const JPEG_XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// What an APP1 segment with a part of a longer packet begins with; then come its GUID, length and offset.
pub const JPEG_EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

/// The keyword of an iTXt chunk of a PNG with XMP.
pub const PNG_XMP: &[u8] = b"XML:com.adobe.xmp\0";

/// The longest packet, in bytes.
const LONGEST: usize = 64 << 20;

/// The XMP packets in a picture file, given whole: the main one first, then what was too long for it.
pub fn xmp_packets(bytes: &[u8]) -> Vec<Vec<u8>> {
    let packets = contain(|| match Format::sniff(bytes) {
        Some(Format::Jpeg) => jpeg(jpeg_content(bytes)),
        Some(Format::Png) => png(bytes).into_iter().collect(),
        Some(Format::WebP) => webp(bytes).into_iter().collect(),
        Some(Format::Tiff) => tiff(bytes).into_iter().collect(),
        _ => Vec::new(),
    });
    packets.unwrap_or_default()
}

/// The segments of a JPEG before its pixels: marker, and what is in each.
pub fn jpeg_segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = 2;
    std::iter::from_fn(move || {
        // Some programs leave bytes between segments.
        at += bytes.get(at..)?.iter().take(64).position(|&byte| byte == 0xff)?;
        while bytes.get(at + 1) == Some(&0xff) {
            at += 1;
        }
        let &[_, marker, high, low] = bytes.get(at..at + 4)? else { return None };
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        // The pixels, or the end.
        if matches!(marker, 0xda | 0xd9) || end < at + 4 {
            return None;
        }
        let data = bytes.get(at + 4..end)?;
        at = end;
        Some((marker, data))
    })
}

fn jpeg(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let mut parts: BTreeMap<&[u8], BTreeMap<u32, &[u8]>> = BTreeMap::new();
    for (_, data) in jpeg_segments(bytes).filter(|(marker, _)| *marker == 0xe1) {
        if let Some(packet) = data.strip_prefix(JPEG_XMP) {
            packets.push(packet.to_vec());
        } else if let Some((guid, rest)) =
            data.strip_prefix(JPEG_EXTENDED_XMP).and_then(|data| data.split_at_checked(32))
            && let Some((&[_, _, _, _, a, b, c, d], part)) = rest.split_first_chunk::<8>()
        {
            parts.entry(guid).or_default().insert(u32::from_be_bytes([a, b, c, d]), part);
        }
    }
    // Only the one that the main packet speaks of belongs to it.
    let named = |guid: &[u8]| packets.iter().any(|packet| packet.windows(32).any(|window| window == guid));
    let extended: Vec<Vec<u8>> = parts
        .into_iter()
        .filter(|(guid, _)| named(guid))
        .map(|(_, parts)| parts.into_values().collect::<Vec<_>>().concat())
        .collect();
    packets.extend(extended);
    packets
}

/// The chunks of a PNG: type, and what is in each.
pub fn png_chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut at = 8;
    std::iter::from_fn(move || {
        let (&length, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
        let (&kind, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(length) as usize;
        let data = rest.get(..length)?;
        at += 12 + length;
        Some((kind, data))
    })
}

fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let text =
        png_chunks(bytes).filter(|(kind, _)| kind == b"iTXt").find_map(|(_, data)| data.strip_prefix(PNG_XMP))?;
    let (&[is_compressed, _], rest) = text.split_first_chunk::<2>()?;
    // Language and translated keyword.
    let mut fields = rest.splitn(3, |&byte| byte == 0);
    let packet = fields.nth(2)?;
    if is_compressed == 0 {
        return Some(packet.to_vec());
    }
    let mut inflated = Vec::new();
    ZlibDecoder::new(packet).take(LONGEST as u64).read_to_end(&mut inflated).ok()?;
    Some(inflated)
}

/// The chunks of a WebP: type, and what is in each.
pub fn webp_chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut at = 12;
    std::iter::from_fn(move || {
        let (&kind, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
        let (&length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(length) as usize;
        let data = rest.get(..length)?;
        at += 8 + length + length % 2;
        Some((kind, data))
    })
}

fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    webp_chunks(bytes).find(|(kind, _)| kind == b"XMP ").map(|(_, data)| data.to_vec())
}

/// Tag 700.
fn tiff(bytes: &[u8]) -> Option<Vec<u8>> {
    let exif = exif::Reader::new().continue_on_error(true).read_from_container(&mut Cursor::new(bytes));
    let exif = exif.or_else(|error| error.distill_partial_result(|_| {})).ok()?;
    match &exif.get_field(Tag(Context::Tiff, 700), In::PRIMARY)?.value {
        Value::Byte(bytes) | Value::Undefined(bytes, _) => Some(bytes.clone()),
        Value::Ascii(parts) => Some(parts.concat()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(data: &[u8]) -> Vec<u8> {
        [&[0xff, 0xe1], &(data.len() as u16 + 2).to_be_bytes()[..], data].concat()
    }

    #[test]
    fn a_jpeg_has_a_main_packet_and_a_longer_one_in_parts() {
        let guid = [b'A'; 32];
        let part = |offset: u32, data: &[u8]| {
            segment(&[JPEG_EXTENDED_XMP, &guid, &6u32.to_be_bytes(), &offset.to_be_bytes(), data].concat())
        };
        let main = [JPEG_XMP, b"<main/>", &guid].concat();
        let file = [&[0xff, 0xd8][..], &part(3, b"def"), &segment(&main), &[0], &part(0, b"abc"), &[0xff, 0xda, 0, 2]]
            .concat();
        assert_eq!(xmp_packets(&file), [[&b"<main/>"[..], &guid].concat(), b"abcdef".to_vec()]);
        for end in 0..file.len() {
            xmp_packets(&file[..end]);
        }
    }
}
