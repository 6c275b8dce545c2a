//! The XMP packets in a picture file.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::ZlibDecoder;

use super::containers;
use crate::photo::ifd::Tiff;
pub use crate::photo::segments::{jpeg_segments, png_chunks, webp_chunks};
use crate::photo::{Format, contain, jpeg_content, raf_jpeg};

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
        Some(Format::Gif) => gif(bytes).into_iter().collect(),
        Some(Format::Heic | Format::Avif) => containers::heif_xmp(bytes).into_iter().collect(),
        Some(Format::JpegXl) => containers::jxl_box(bytes, b"xml ", LONGEST).into_iter().collect(),
        Some(Format::Raw) => raw(bytes),
        Some(Format::Bmp) | None => Vec::new(),
    });
    packets.unwrap_or_default()
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
    // Only the one that the main packet names belongs to it.
    let named = |guid: &[u8]| packets.iter().any(|packet| packet.windows(32).any(|window| window == guid));
    let extended: Vec<Vec<u8>> = parts
        .into_iter()
        .filter(|(guid, _)| named(guid))
        .map(|(_, parts)| parts.into_values().collect::<Vec<_>>().concat())
        .collect();
    packets.extend(extended);
    packets
}

fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut texts = png_chunks(bytes).filter(|(kind, _)| kind == b"iTXt");
    let Some(text) = texts.find_map(|(_, data)| data.strip_prefix(PNG_XMP)) else {
        return containers::png_profiles(bytes, &[b"xmp"], LONGEST).next();
    };
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

fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    webp_chunks(bytes).find(|(kind, _)| kind == b"XMP ").map(|(_, data)| data.to_vec())
}

/// Tag 700.
fn tiff(bytes: &[u8]) -> Option<Vec<u8>> {
    let tiff = Tiff::open(bytes)?;
    let packet = tiff.directory(tiff.first).get(700)?.value;
    (packet.len() <= LONGEST).then(|| packet.to_vec())
}

fn raw(bytes: &[u8]) -> Vec<Vec<u8>> {
    match raf_jpeg(bytes) {
        Some(preview) => jpeg(preview),
        None => containers::cr3_xmp(bytes).map(<[u8]>::to_vec).or_else(|| tiff(bytes)).into_iter().collect(),
    }
}

/// An application extension, which is no series of short blocks as others are, but the text itself.
fn gif(bytes: &[u8]) -> Option<Vec<u8>> {
    const START: &[u8] = b"\x21\xff\x0bXMP DataXMP";
    let start = bytes.windows(START.len()).position(|window| window == START)? + START.len();
    let end = bytes[start..].windows(2).position(|pair| pair == [1, 0xff])?;
    Some(bytes[start..start + end].to_vec())
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
