//! Motion photos: a still picture with a short video behind it in the same file.
//!
//! Google's, also by other makers, say so in XMP (<https://developer.android.com/media/platform/motion-photo-format>), those in HEIC have
//! a box `mpvd` as well; Samsung's have a directory of what was appended at the end of the file.

use super::packets::xmp_packets;
use crate::photo::Format;
use crate::photo::segments::boxes;

/// What Samsung's directory calls a video.
const SAMSUNG_VIDEO: u16 = 0x0a30;

/// Whether a photo, given whole, has a video in it that belongs to it.
pub fn has_video(bytes: &[u8]) -> bool {
    match Format::sniff(bytes) {
        Some(Format::Jpeg) => samsung(bytes) || (says_so(bytes) && holds_video(bytes)),
        Some(Format::Heic | Format::Avif) => {
            boxes(bytes).any(|(kind, _)| &kind == b"mpvd")
                || samsung(bytes)
                || (says_so(bytes) && holds_video(&bytes[8..]))
        }
        _ => false,
    }
}

/// Editors that drop the video often keep the words.
fn says_so(bytes: &[u8]) -> bool {
    const WORDS: [&str; 4] = [r#"MotionPhoto="1""#, r#"MicroVideo="1""#, "MotionPhoto>1<", "MicroVideo>1<"];
    xmp_packets(bytes).iter().any(|packet| {
        let packet = String::from_utf8_lossy(packet);
        WORDS.iter().any(|words| packet.contains(words))
    })
}

/// The start of an MP4 or QuickTime file.
fn holds_video(bytes: &[u8]) -> bool {
    bytes.windows(8).any(|window| matches!(window, [0, 0, 0, 8..=64, b'f', b't', b'y', b'p']))
}

/// `SEFH`, a version, how many entries; of each its kind, place and length; then the length of all that, and `SEFT`.
fn samsung(bytes: &[u8]) -> bool {
    let directory = || {
        let rest = bytes.strip_suffix(b"SEFT")?;
        let (rest, length) = rest.split_last_chunk::<4>()?;
        let start = rest.len().checked_sub(u32::from_le_bytes(*length) as usize)?;
        rest[start..].strip_prefix(b"SEFH")?.get(8..)
    };
    directory().unwrap_or_default().as_chunks::<12>().0.iter().any(|entry| entry[2..4] == SAMSUNG_VIDEO.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIDEO: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";

    fn jpeg(packet: &str) -> Vec<u8> {
        let segment = [super::super::packets::JPEG_XMP, packet.as_bytes()].concat();
        let length = (segment.len() as u16 + 2).to_be_bytes();
        [&[0xff, 0xd8, 0xff, 0xe1][..], &length, &segment, &[0xff, 0xd9]].concat()
    }

    #[test]
    fn googles_have_a_flag_and_a_video() {
        let says = jpeg(r#"<x GCamera:MotionPhoto="1"/>"#);
        assert!(has_video(&[&says, VIDEO].concat()));
        assert!(!has_video(&says), "an editor has dropped the video");
        assert!(!has_video(&[&jpeg("<x/>"), VIDEO].concat()));
    }

    #[test]
    fn samsungs_have_a_directory_at_the_end() {
        let entry = |kind: u16| [&[0, 0][..], &kind.to_le_bytes(), &[0; 8]].concat();
        let with = |kind: u16| {
            let directory = [&b"SEFH"[..], &[106, 0, 0, 0, 2, 0, 0, 0], &entry(0x0a01), &entry(kind)].concat();
            let length = (directory.len() as u32).to_le_bytes();
            [&jpeg(""), VIDEO, &directory, &length, b"SEFT"].concat()
        };
        assert!(has_video(&with(0x0a30)));
        assert!(!has_video(&with(0x0b41)));
        assert!(!has_video(b"\xff\xd8\xff\xe0SEFT"));
    }

    #[test]
    fn those_in_heic_have_a_box() {
        let file = [&b"\0\0\0\x10ftypheic\0\0\0\0"[..], b"\0\0\0\x10mpvd", VIDEO].concat();
        assert!(has_video(&file));
        assert!(!has_video(&file[..16]));
    }
}
