//! An XMP packet -> a picture file with it. Every byte of the picture itself, and of all other metadata, stays as it was.

use flate2::Crc;

use crate::metadata::packets::{JPEG_EXTENDED_XMP, JPEG_XMP, PNG_XMP, png_chunks, webp_chunks};
use crate::photo::{Format, header};

/// Why a packet cannot be put into a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    #[error("facetag writes XMP into JPEG, PNG and WebP files only")]
    Format,
    #[error("its XMP would be longer than the 64 KB that a JPEG can hold in one piece")]
    TooLong,
    #[error("its XMP comes in several pieces")]
    Extended,
    #[error("it is not built as the standard says: {0}")]
    Unusual(&'static str),
}

/// Puts a packet into a picture in place of the one that is there.
///
/// # Errors
/// [`EmbedError`].
pub fn embed(bytes: &[u8], packet: &str) -> Result<Vec<u8>, EmbedError> {
    match Format::sniff(bytes) {
        Some(Format::Jpeg) => jpeg(bytes, packet),
        Some(Format::Png) => png(bytes, packet),
        Some(Format::WebP) => webp(bytes, packet),
        _ => Err(EmbedError::Format),
    }
}

/// Whether two files have the same picture: all of each but its XMP is the same.
pub fn is_same_picture(before: &[u8], after: &[u8]) -> bool {
    let rest = |bytes: &[u8]| match Format::sniff(bytes)? {
        Format::Jpeg => {
            let segments = segments(bytes).ok()?;
            let kept = segments.iter().filter(|segment| !segment.is_xmp(bytes));
            let kept: Vec<u8> = kept.flat_map(|segment| &bytes[segment.start..segment.end]).copied().collect();
            let pixels = &bytes[segments.last().map_or(2, |segment| segment.end)..];
            Some([&kept, pixels].concat())
        }
        Format::Png => {
            let kept = png_chunks(bytes).filter(|(kind, data)| !is_png_xmp(*kind, data));
            Some(kept.flat_map(|(kind, data)| [&kind[..], data].concat()).collect())
        }
        Format::WebP => {
            let kept = webp_chunks(bytes).filter(|(kind, _)| !matches!(kind, b"VP8X" | b"XMP "));
            Some(kept.flat_map(|(kind, data)| [&kind[..], data].concat()).collect())
        }
        _ => None,
    };
    rest(before).is_some_and(|before| rest(after).as_ref() == Some(&before))
}

/// A segment of a JPEG, marker and all.
struct Segment {
    marker: u8,
    start: usize,
    end: usize,
}

impl Segment {
    fn data<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.start + 4..self.end]
    }

    fn is_xmp(&self, bytes: &[u8]) -> bool {
        self.marker == 0xe1 && self.data(bytes).starts_with(JPEG_XMP)
    }
}

/// The segments before the pixels, which must follow each other without a gap.
fn segments(bytes: &[u8]) -> Result<Vec<Segment>, EmbedError> {
    let unusual = EmbedError::Unusual("there is something between its segments");
    let mut segments = Vec::new();
    let mut start = 2;
    loop {
        match bytes.get(start..start + 4) {
            Some(&[0xff, 0xda, ..]) => return Ok(segments),
            Some(&[0xff, marker @ 0xc0..=0xfe, high, low]) if !(0xd0..=0xd9).contains(&marker) => {
                let end = start + 2 + usize::from(u16::from_be_bytes([high, low]));
                if end < start + 4 || end > bytes.len() {
                    return Err(unusual);
                }
                segments.push(Segment { marker, start, end });
                start = end;
            }
            _ => return Err(unusual),
        }
    }
}

fn jpeg(bytes: &[u8], packet: &str) -> Result<Vec<u8>, EmbedError> {
    let segments = segments(bytes)?;
    if segments.iter().any(|segment| segment.data(bytes).starts_with(JPEG_EXTENDED_XMP)) {
        return Err(EmbedError::Extended);
    }
    let old: Vec<&Segment> = segments.iter().filter(|segment| segment.is_xmp(bytes)).collect();
    if old.len() > 1 {
        return Err(EmbedError::Extended);
    }
    // Behind EXIF, which must come first, and before the table of further pictures, whose offsets count from where it stands.
    let head = segments.iter().take_while(|segment| {
        segment.marker == 0xe0 || (segment.marker == 0xe1 && segment.data(bytes).starts_with(b"Exif\0"))
    });
    let (start, end) = match old.first() {
        Some(old) => (old.start, old.end),
        None => {
            let at = head.last().map_or(2, |segment| segment.end);
            (at, at)
        }
    };
    let is_table = |segment: &Segment| segment.marker == 0xe2 && segment.data(bytes).starts_with(b"MPF\0");
    if segments.iter().any(|segment| is_table(segment) && segment.start < start) {
        return Err(EmbedError::Unusual("its table of further pictures comes before its XMP"));
    }
    let packet = [JPEG_XMP, without_padding(packet).as_bytes()].concat();
    let length = u16::try_from(packet.len() + 2).map_err(|_| EmbedError::TooLong)?;
    Ok([&bytes[..start], &[0xff, 0xe1], &length.to_be_bytes(), &packet, &bytes[end..]].concat())
}

/// Programs leave blanks before the end of a packet for others to fill; when it is rewritten nobody needs them.
fn without_padding(packet: &str) -> String {
    match packet.rfind("<?xpacket end") {
        Some(end) => format!("{}\n{}", packet[..end].trim_end(), packet[end..].trim_end()),
        None => packet.trim_end().to_owned(),
    }
}

fn is_png_xmp(kind: [u8; 4], data: &[u8]) -> bool {
    &kind == b"iTXt" && data.starts_with(PNG_XMP)
}

fn png(bytes: &[u8], packet: &str) -> Result<Vec<u8>, EmbedError> {
    let data = [PNG_XMP, &[0, 0, 0, 0], packet.as_bytes()].concat();
    let mut crc = Crc::new();
    crc.update(b"iTXt");
    crc.update(&data);
    let length = u32::try_from(data.len()).map_err(|_| EmbedError::TooLong)?;
    let chunk = [&length.to_be_bytes()[..], b"iTXt", &data, &crc.sum().to_be_bytes()].concat();
    let mut out = bytes[..8].to_vec();
    let mut at = 8;
    for (index, (kind, data)) in png_chunks(bytes).enumerate() {
        let end = at + 12 + data.len();
        let whole = bytes.get(at..end).ok_or(EmbedError::Unusual("it ends in the middle"))?;
        if (index == 0) != (&kind == b"IHDR") {
            return Err(EmbedError::Unusual("its header is not where it should be"));
        }
        if !is_png_xmp(kind, data) {
            out.extend_from_slice(whole);
        }
        if index == 0 {
            out.extend_from_slice(&chunk);
        }
        at = end;
    }
    if at == 8 {
        return Err(EmbedError::Unusual("it has no header"));
    }
    out.extend_from_slice(&bytes[at..]);
    Ok(out)
}

/// The bit of `VP8X` that says that there is XMP, and the one for transparency.
const HAS_XMP: u8 = 0x04;
const HAS_ALPHA: u8 = 0x10;

fn webp(bytes: &[u8], packet: &str) -> Result<Vec<u8>, EmbedError> {
    let unusual = EmbedError::Unusual("its length is not what it says");
    let stated = bytes.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    if stated.map(|length| length as usize + 8) != Some(bytes.len()) {
        return Err(unusual);
    }
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let padding = &[0][..data.len() % 2];
        [&kind[..], &(data.len() as u32).to_le_bytes(), data, padding].concat()
    };
    let mut body = Vec::new();
    let mut read = 12;
    for (index, (kind, data)) in webp_chunks(bytes).enumerate() {
        read += 8 + data.len() + data.len() % 2;
        match (index, &kind) {
            (0, b"VP8X") if data.len() >= 10 => {
                let mut data = data.to_vec();
                data[0] |= HAS_XMP;
                body.extend(chunk(&kind, &data));
                continue;
            }
            // A simple file says only now that there is more in it.
            (0, b"VP8 " | b"VP8L") => {
                let size = header(bytes).map_err(|_| EmbedError::Unusual("its size cannot be read"))?;
                let is_transparent = &kind == b"VP8L" && data.get(4).is_some_and(|byte| byte & 0x10 != 0);
                let flags = HAS_XMP | if is_transparent { HAS_ALPHA } else { 0 };
                let mut data = vec![flags, 0, 0, 0];
                data.extend_from_slice(&(size.width - 1).to_le_bytes()[..3]);
                data.extend_from_slice(&(size.height - 1).to_le_bytes()[..3]);
                body.extend(chunk(b"VP8X", &data));
            }
            (0, _) => return Err(EmbedError::Unusual("its header is not where it should be")),
            (_, b"XMP ") => continue,
            _ => {}
        }
        body.extend(chunk(&kind, data));
    }
    if read != bytes.len() {
        return Err(unusual);
    }
    body.extend(chunk(b"XMP ", packet.as_bytes()));
    let length = u32::try_from(body.len() + 4).map_err(|_| EmbedError::TooLong)?;
    Ok([b"RIFF", &length.to_le_bytes()[..], b"WEBP", &body].concat())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ImageFormat, RgbaImage};

    use super::*;
    use crate::metadata::packets::xmp_packets;
    use crate::photo::{Orientation, decode};

    #[test]
    fn a_packet_goes_in_and_the_picture_stays() {
        let picture = RgbaImage::from_fn(31, 17, |x, y| image::Rgba([x as u8 * 8, y as u8 * 9, 7, 200 + x as u8]));
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let mut bytes = Cursor::new(Vec::new());
            let picture = DynamicImage::from(picture.clone());
            let picture = if format == ImageFormat::Jpeg { picture.to_rgb8().into() } else { picture };
            picture.write_to(&mut bytes, format).unwrap();
            let bytes = bytes.into_inner();
            let with = embed(&bytes, "<first/>").unwrap();
            let again = embed(&with, "<second/>").unwrap();
            assert_eq!(xmp_packets(&with), [b"<first/>"]);
            assert_eq!(xmp_packets(&again), [b"<second/>"]);
            assert!(is_same_picture(&bytes, &again) && is_same_picture(&with, &again));
            let pixels = |bytes: &[u8]| decode(bytes, &header(bytes).unwrap(), Orientation::Normal).unwrap();
            assert_eq!(pixels(&bytes), pixels(&again), "{format:?}");
            let mut other = again.clone();
            let middle = bytes.len() / 2 + again.len() - bytes.len();
            other[if format == ImageFormat::WebP { 40 } else { middle }] ^= 1;
            assert!(!is_same_picture(&bytes, &other), "{format:?}");
            // Nothing fails on a file that is cut.
            for end in 12..bytes.len() {
                let _ = embed(&bytes[..end], "<x/>");
            }
        }
    }

    #[test]
    fn offsets_to_further_pictures_stay_right() {
        let segment =
            |marker: u8, data: &[u8]| [&[0xff, marker], &(data.len() as u16 + 2).to_be_bytes()[..], data].concat();
        let (exif, table) = (segment(0xe1, b"Exif\0\0II"), segment(0xe2, b"MPF\0..."));
        let pixels = [&[0xff, 0xda, 0, 2][..], b"pixels", &[0xff, 0xd9]].concat();
        let file = [&[0xff, 0xd8][..], &exif, &table, &pixels].concat();
        let with = embed(&file, "<x/>").unwrap();
        assert!(with.ends_with(&[table.clone(), pixels.clone()].concat()));
        let xmp = segment(0xe1, &[JPEG_XMP, b"<x/>"].concat());
        let late = [&[0xff, 0xd8][..], &exif, &table, &xmp, &pixels].concat();
        assert!(matches!(embed(&late, "<longer/>"), Err(EmbedError::Unusual(_))));
        assert_eq!(embed(&file, &"x".repeat(70_000)), Err(EmbedError::TooLong));
    }
}
