//! What a photo tells about itself besides its pixels: when, where, and with which camera it was taken.
//!
//! Read from EXIF 2.32 (CIPA DC-008), wherever a format keeps it (`containers`). Metadata is never worth failing
//! for: what is missing, broken or absurd is left out.

mod ciff;
mod containers;
mod gps;
mod motion;
pub mod packets;
mod place;
mod taken;

use exif::{Exif, In, Reader, Tag, Value};

pub use gps::Gps;
pub use motion::has_video;
pub use place::{Place, kilometres, place, release_memory};
pub use taken::{DateSource, Taken, When};

use crate::photo::{Orientation, contain};

/// The longest make or model that is believed, in characters.
const MAX_NAME: usize = 100;

/// When and where a photo was taken, as far as one source says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Capture {
    pub taken: Option<Taken>,
    pub gps: Option<Gps>,
}

/// What EXIF says about a photo, as far as it can be believed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    /// When the photo was taken, by the camera's clock.
    pub taken: Option<Taken>,
    /// Where it was taken.
    pub gps: Option<Gps>,
    /// The camera's make and model, such as "Canon EOS R5".
    pub camera: Option<String>,
    /// How the stored pixels are to be turned.
    pub orientation: Orientation,
}

impl Metadata {
    /// Reads the metadata of a picture file, given whole; what cannot be read is left at its default.
    pub fn read(bytes: &[u8]) -> Self {
        let metadata = contain(|| exif(bytes).map(|exif| Self::of(&exif)));
        let mut metadata = metadata.ok().flatten().unwrap_or_default();
        let is_vague = metadata.taken.is_none_or(|taken| taken.source == DateSource::Changed);
        if is_vague || metadata.gps.is_none() {
            let packets = packets::xmp_packets(bytes);
            if is_vague {
                metadata.taken = packets.iter().find_map(|packet| Taken::of_xmp(packet)).or(metadata.taken);
            }
            metadata.gps = metadata.gps.or_else(|| packets.iter().find_map(|packet| Gps::of_packet(packet)));
        }
        metadata
    }

    fn of(exif: &Exif) -> Self {
        let taken = Taken::of_exif(exif).or_else(|| Taken::changed(exif));
        Self { taken, gps: Gps::of(exif), camera: camera(exif), orientation: orientation(exif) }
    }
}

fn exif(bytes: &[u8]) -> Option<Exif> {
    let tiff = containers::exif(bytes)?;
    let read = Reader::new().continue_on_error(true).read_raw(tiff);
    read.or_else(|error| error.distill_partial_result(|_| {})).ok()
}

/// Tag 0x0112.
fn orientation(exif: &Exif) -> Orientation {
    let value = exif.get_field(Tag::Orientation, In::PRIMARY).and_then(|field| field.value.get_uint(0));
    value.and_then(|value| u16::try_from(value).ok()).map_or(Orientation::Normal, Orientation::from_exif)
}

/// Tags 0x010f `Make` and 0x0110 `Model`; many models begin with the make already.
fn camera(exif: &Exif) -> Option<String> {
    let name = |tag| text(exif, tag).filter(|name| name.chars().count() <= MAX_NAME);
    match (name(Tag::Make), name(Tag::Model)) {
        (Some(make), Some(model)) if starts_with_make(&model, &make) => Some(model),
        (Some(make), Some(model)) => Some(format!("{make} {model}")),
        (make, model) => model.or(make),
    }
}

/// Compares a word alone: NIKON CORPORATION makes the NIKON D90, Eastman Kodak the KODAK DX7590.
fn starts_with_make(model: &str, make: &str) -> bool {
    let brand = model.split_whitespace().next().unwrap_or_default().to_lowercase();
    make.to_lowercase().split_whitespace().any(|word| word == brand)
}

/// A tag's text without the blanks and NULs that cameras pad it with, if anything is left of it.
fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(parts) = &exif.get_field(tag, In::PRIMARY)?.value else {
        return None;
    };
    let text = String::from_utf8_lossy(parts.first()?);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use exif::experimental::Writer;
    use exif::{Field, Rational};

    use super::*;

    fn ascii(tag: Tag, text: &str) -> Field {
        let value = Value::Ascii(vec![text.as_bytes().to_vec()]);
        Field { tag, ifd_num: In::PRIMARY, value }
    }

    fn degrees(tag: Tag, parts: &[(u32, u32)]) -> Field {
        let parts = parts.iter().map(|&(num, denom)| Rational { num, denom });
        Field { tag, ifd_num: In::PRIMARY, value: Value::Rational(parts.collect()) }
    }

    /// EXIF as it stands in a file, which is a TIFF file in itself.
    fn tiff(fields: &[Field]) -> Vec<u8> {
        let mut writer = Writer::new();
        fields.iter().for_each(|field| writer.push_field(field));
        let mut bytes = Cursor::new(Vec::new());
        writer.write(&mut bytes, true).unwrap();
        bytes.into_inner()
    }

    fn read(fields: &[Field]) -> Metadata {
        Metadata::read(&tiff(fields))
    }

    fn taken(fields: &[Field]) -> String {
        read(fields).taken.map_or("-".into(), |taken| taken.to_string())
    }

    fn camera(make: &str, model: &str) -> Option<String> {
        read(&[ascii(Tag::Make, make), ascii(Tag::Model, model)]).camera
    }

    fn position(latitude: &[(u32, u32)], north: &str, longitude: &[(u32, u32)], east: &str) -> Option<Gps> {
        let fields = [
            ascii(Tag::GPSLatitudeRef, north),
            degrees(Tag::GPSLatitude, latitude),
            ascii(Tag::GPSLongitudeRef, east),
            degrees(Tag::GPSLongitude, longitude),
        ];
        read(&fields).gps
    }

    #[test]
    fn every_container_is_opened() {
        let value = Value::Short(vec![6]);
        let field = Field { tag: Tag::Orientation, ifd_num: In::PRIMARY, value };
        let tiff = tiff(&[field]);
        let length = |extra: usize| (tiff.len() + extra) as u32;
        let jpeg = [b"\xff\xd8\xff\xe1", &length(8).to_be_bytes()[2..], b"Exif\0\0", &tiff, b"\xff\xd9"];
        let png = [b"\x89PNG\r\n\x1a\n", &length(0).to_be_bytes()[..], b"eXIf", &tiff, b"crc!"];
        let webp = [b"RIFF", &length(12).to_le_bytes()[..], b"WEBPEXIF", &length(0).to_le_bytes(), &tiff];
        let digits: String = tiff.iter().map(|byte| format!("{byte:02x}\n")).collect();
        let text = format!("Raw profile type exif\0\nexif\n{:8}\n{digits}", tiff.len());
        let old_png = [b"\x89PNG\r\n\x1a\n", &(text.len() as u32).to_be_bytes()[..], b"tEXt", text.as_bytes(), b"crc!"];
        for file in [tiff.clone(), jpeg.concat(), png.concat(), old_png.concat(), webp.concat()] {
            assert_eq!(Metadata::read(&file).orientation, Orientation::Rotate90, "{file:x?}");
        }
    }

    #[test]
    fn nothing_or_nonsense_gives_the_defaults() {
        let whole = tiff(&[ascii(Tag::Make, "Canon"), ascii(Tag::DateTimeOriginal, "0024")]);
        assert_eq!(Metadata::read(&whole).camera.as_deref(), Some("Canon"));
        for end in 0..whole.len() - 10 {
            let rest = Metadata::read(&whole[..end]);
            assert_eq!(Metadata { camera: None, ..rest }, Metadata::default());
        }
        for byte in 0..whole.len() {
            let mut bent = whole.clone();
            bent[byte] ^= 0xff;
            Metadata::read(&bent);
        }
    }

    #[test]
    fn the_time_comes_with_its_own_offset() {
        let original = ascii(Tag::DateTimeOriginal, "2024:07:03 18:22:10");
        let changed = ascii(Tag::DateTime, "2024:09:01 08:00:00");
        let changed_offset = ascii(Tag::OffsetTime, "+02:00");
        let fields = [original.clone(), changed.clone(), changed_offset.clone()];
        assert_eq!(taken(&fields), "2024-07-03T18:22:10");
        assert_eq!(taken(&[changed, changed_offset]), "2024-09-01T08:00:00+02:00");
        let offset = ascii(Tag::OffsetTimeOriginal, "-03:30");
        assert_eq!(taken(&[original, offset.clone()]), "2024-07-03T18:22:10-03:30");
        // Some programs write it into the time itself.
        for (whole, read) in [
            ("2020:07:04T10:00:00Z", "2020-07-04T10:00:00+00:00"),
            ("2020:07:04 10:00:00+02:00", "2020-07-04T10:00:00+02:00"),
            ("2020-07-04T10:00:00.25-05:00", "2020-07-04T10:00:00-05:00"),
        ] {
            assert_eq!(taken(&[ascii(Tag::DateTimeOriginal, whole)]), read, "{whole}");
            let both = [ascii(Tag::DateTimeOriginal, whole), offset.clone()];
            assert_eq!(taken(&both), "2020-07-04T10:00:00-03:30", "the tag counts more");
        }
    }

    #[test]
    fn a_clock_that_was_never_set_is_passed_over() {
        let unset = ascii(Tag::DateTimeOriginal, "0000:00:00 00:00:00");
        let digitized = ascii(Tag::DateTimeDigitized, "2001:02:03 04:05:06");
        assert_eq!(taken(std::slice::from_ref(&unset)), "-");
        assert_eq!(taken(&[unset, digitized]), "2001-02-03T04:05:06");
    }

    #[test]
    fn the_camera_names_its_make_once() {
        assert_eq!(camera("Canon", "Canon EOS R5").as_deref(), Some("Canon EOS R5"));
        assert_eq!(camera("NIKON CORPORATION", "NIKON D750").as_deref(), Some("NIKON D750"));
        assert_eq!(camera("EASTMAN KODAK COMPANY", "KODAK Z1").as_deref(), Some("KODAK Z1"));
        assert_eq!(camera("Google\0\0", " Pixel 6 ").as_deref(), Some("Google Pixel 6"));
        assert_eq!(camera("", "DSC-1").as_deref(), Some("DSC-1"));
        assert_eq!(camera("Leica", "  ").as_deref(), Some("Leica"));
        assert_eq!(camera("", &"x".repeat(101)), None);
    }

    #[test]
    fn a_position_has_its_side_of_the_globe() {
        let (latitude, longitude) = ([(33, 1), (51, 1), (2052, 100)], [(151, 1), (12, 1), (0, 0)]);
        let sydney = position(&latitude, "S", &longitude, "E").unwrap();
        assert!((sydney.latitude + 33.8557).abs() < 1e-9);
        assert!((sydney.longitude - 151.2).abs() < 1e-9);
        assert!(position(&latitude, "North", &longitude, "w").unwrap().longitude < -151.0);
        assert_eq!(position(&latitude, "", &longitude, "E"), None);
    }

    #[test]
    fn a_position_may_be_in_xmp() {
        let rounded = |degrees: f64| (degrees * 1e6).round() as i64;
        let gps =
            |text: &str| Gps::of_packet(text.as_bytes()).map(|gps| (rounded(gps.latitude), rounded(gps.longitude)));
        let spot = Some((38_710_000, -9_140_000));
        assert_eq!(gps("<a exif:GPSLatitude='38,42.6N' exif:GPSLongitude='9,8.4W'/>"), spot);
        assert_eq!(
            gps("<exif:GPSLatitude>38,42,36N</exif:GPSLatitude><exif:GPSLongitude>9,8,24W</exif:GPSLongitude>"),
            spot
        );
        for wrong in ["38,42.6", "N", "", "38,42,36,1N", "91,0N", "0,0N"] {
            assert_eq!(gps(&format!("<a exif:GPSLatitude='{wrong}' exif:GPSLongitude='0,0W'/>")), None, "{wrong}");
        }
    }

    #[test]
    fn a_position_without_a_fix_is_none() {
        let [zero, ten] = [[(0, 1); 3], [(10, 1), (0, 1), (0, 1)]];
        assert_eq!(position(&zero, "N", &zero, "E"), None);
        assert!(position(&zero, "N", &ten, "E").is_some());
        assert_eq!(position(&[(0, 0); 3], "N", &ten, "E"), None);
        assert_eq!(position(&[(10, 1), (5, 0), (0, 1)], "N", &ten, "E"), None);
        assert_eq!(position(&[(91, 1), (0, 1), (0, 1)], "N", &ten, "E"), None);
        assert_eq!(position(&ten, "N", &[(u32::MAX, 1)], "E"), None);
        assert_eq!(position(&[], "N", &ten, "E"), None);
    }
}
