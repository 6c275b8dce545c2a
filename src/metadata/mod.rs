//! What a photo tells about itself besides its pixels: when, where, and with which camera it was taken.
//!
//! Read from EXIF 2.32 (CIPA DC-008), wherever JPEG, PNG, WebP and TIFF files keep it. Metadata is never worth failing
//! for: what is missing, broken or absurd is left out.

mod gps;
mod place;
mod taken;

use std::io::Cursor;

use exif::{Exif, In, Reader, Tag, Value};

pub use gps::Gps;
pub use place::{Place, place};
pub use taken::Taken;

use crate::photo::{Format, Orientation, contain};

/// The largest file whose EXIF is read where the file is one TIFF or where a chunk of EXIF can be of any size, in bytes.
/// The reader copies what it reads. A JPEG's EXIF is 64 KB at most.
const MAX_BYTES: usize = 256 << 20;

/// The longest make or model that is believed, in characters.
const MAX_NAME: usize = 100;

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
        if Format::sniff(bytes) != Some(Format::Jpeg) && bytes.len() > MAX_BYTES {
            return Self::default();
        }
        let metadata = contain(|| exif(bytes).map(|exif| Self::of(&exif)));
        metadata.ok().flatten().unwrap_or_default()
    }

    fn of(exif: &Exif) -> Self {
        Self { taken: Taken::of(exif), gps: Gps::of(exif), camera: camera(exif), orientation: orientation(exif) }
    }
}

fn exif(bytes: &[u8]) -> Option<Exif> {
    Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut Cursor::new(bytes))
        .or_else(|error| error.distill_partial_result(|_| {}))
        .ok()
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

/// Compares the first word alone: NIKON CORPORATION makes the NIKON D90.
fn starts_with_make(model: &str, make: &str) -> bool {
    let first = |name: &str| name.split_whitespace().next().map(str::to_lowercase);
    first(model) == first(make)
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
