//! Names of people that other programs keep with photos: read, compared, and written so that they can read ours.
//!
//! | file | what |
//! |---|---|
//! | `xml`, `rdf` | an XMP packet -> its properties, and back byte for byte |
//! | `mwg`, `microsoft`, `acdsee` | regions in XMP: names with boxes |
//! | `keywords` | names without boxes in XMP |
//! | `picasa` | Picasa's `.picasa.ini` and `contacts.xml` |
//! | `takeout` | the JSON beside each photo of a Google Takeout |
//! | `beside` | the files beside a photo -> when and where it was taken |
//! | `sidecar` | which files beside a photo are about it |
//! | `read` | all of these for one photo, and which of them counts |
//! | `matching` | named regions -> detected faces, one to one |
//! | `assign` | names without boxes -> faces, by who is seen with whom |
//! | `similar` | names that may mean one person |
//! | `compose` | our names -> an XMP packet in which all else stays as it was |
//! | `share` | names by photo hash and box, for another library |
//! | `write` | the names in the library -> sidecars, or the photos themselves |
//! | `embed` | a packet -> a JPEG, PNG or WebP of which all else stays as it was |

//!
//! To add a format: read it in a file of its own into [`Region`]s of the stored photo, or names; give it a place in `Layer` in `read.rs`,
//! where the order says what counts more; to write it too, add a `Field` in `compose.rs`.

mod acdsee;
mod assign;
mod beside;
mod compose;
mod embed;
mod keywords;
mod matching;
mod microsoft;
mod mwg;
mod picasa;
mod rdf;
mod read;
mod share;
mod sidecar;
mod similar;
mod takeout;
mod write;
mod xml;

pub use assign::{AssignedName, PhotoName, assign_names};
pub use beside::{BesideReader, is_beside, is_picasa};
pub use compose::{ComposeError, Composed, NamedFace, Ours, Packets, compose};
pub use embed::{EmbedError, embed, is_same_picture};
pub use matching::{assigned, matched};
pub use picasa::Contacts;
pub use read::{Problem, Reader, Source, Tags};
pub use share::{ShareError, Shared, SharedFace, SharedPerson, share};
pub use similar::{Similar, similar};
pub use write::{Conflict, Target, Unwritten, WriteOptions, Written, write_names};

use crate::catalog::tidy;
use crate::face::BoundingBox;
use crate::people::check_name;
use crate::photo::Orientation;

/// A face that another program knows by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    pub name: String,
    /// In fractions of the photo: as stored while a file is read, upright in [`Tags`].
    pub bounds: BoundingBox,
    /// facetag wrote it itself.
    pub ours: bool,
}

impl Region {
    fn new(name: String, bounds: BoundingBox) -> Self {
        Self { name, bounds, ours: false }
    }
}

/// Names that programs keep for faces of which they know no name.
const NO_NAMES: [&str; 5] = ["unknown", "unconfirmed", "ignored", "unnamed", "people"];

/// A name as it can be used: tidy, and `None` where it is none.
fn usable_name(name: &str) -> Option<String> {
    let visible = |letter: char| if letter.is_control() { ' ' } else { letter };
    let name: String = name.chars().map(visible).collect();
    let name = tidy(&name);
    let is_name = check_name(&name).is_ok() && !NO_NAMES.contains(&name.to_lowercase().as_str());
    is_name.then_some(name)
}

/// A box by its left upper corner, cut at the edges of the photo; `None` where nothing is left of it.
fn cut([x, y, width, height]: [f32; 4]) -> Option<BoundingBox> {
    let (left, top) = (x.clamp(0.0, 1.0), y.clamp(0.0, 1.0));
    let (right, bottom) = ((x + width).clamp(0.0, 1.0), (y + height).clamp(0.0, 1.0));
    let bounds = BoundingBox { x: left, y: top, width: right - left, height: bottom - top };
    (width > 0.0 && height > 0.0 && bounds.width > 0.0 && bounds.height > 0.0).then_some(bounds)
}

/// A box by its centre, as MWG and ACDSee write it.
fn centred([x, y, width, height]: [f32; 4]) -> Option<BoundingBox> {
    cut([x - width / 2.0, y - height / 2.0, width, height])
}

/// A box of the stored photo in the upright one.
pub fn to_upright(bounds: BoundingBox, orientation: Orientation) -> BoundingBox {
    use Orientation::{
        MirrorHorizontal, MirrorVertical, Normal, Rotate90, Rotate180, Rotate270, Transpose, Transverse,
    };
    let BoundingBox { x, y, width, height } = bounds;
    let (right, bottom) = (1.0 - x - width, 1.0 - y - height);
    let (x, y) = match orientation {
        Normal => (x, y),
        MirrorHorizontal => (right, y),
        Rotate180 => (right, bottom),
        MirrorVertical => (x, bottom),
        Transpose => (y, x),
        Rotate90 => (bottom, x),
        Transverse => (bottom, right),
        Rotate270 => (y, right),
    };
    let (width, height) = match orientation {
        Normal | MirrorHorizontal | Rotate180 | MirrorVertical => (width, height),
        Transpose | Rotate90 | Transverse | Rotate270 => (height, width),
    };
    BoundingBox { x, y, width, height }
}

/// A box of the upright photo in the stored one.
pub fn to_stored(bounds: BoundingBox, orientation: Orientation) -> BoundingBox {
    let inverse = match orientation {
        Orientation::Rotate90 => Orientation::Rotate270,
        Orientation::Rotate270 => Orientation::Rotate90,
        same => same,
    };
    to_upright(bounds, inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The samples of pigallery2 (MIT, bpatrik/pigallery2): one face in nine files, each stored in another way by Lightroom.
    #[test]
    fn lightrooms_regions_are_one_box_in_the_upright_photo() {
        for (value, area) in [
            (1, [0.44057, 0.64208, 0.10246, 0.07377]),
            (2, [0.55943, 0.64208, 0.10246, 0.07377]),
            (3, [0.55943, 0.35792, 0.10246, 0.07377]),
            (4, [0.44057, 0.35792, 0.10246, 0.07377]),
            (5, [0.64208, 0.44057, 0.07377, 0.10246]),
            (6, [0.64208, 0.55943, 0.07377, 0.10246]),
            (7, [0.35792, 0.55943, 0.07377, 0.10246]),
            (8, [0.35792, 0.44057, 0.07377, 0.10246]),
        ] {
            let BoundingBox { x, y, width, height } = to_upright(centred(area).unwrap(), Orientation::from_exif(value));
            let pixels = [x * 1200.0, y * 1800.0, width * 1200.0, height * 1800.0].map(f32::round);
            assert!(
                pixels == [467.0, 1089.0, 123.0, 133.0] || pixels == [467.0, 1089.0, 123.0, 132.0],
                "{value}: {pixels:?}"
            );
        }
    }

    #[test]
    fn a_box_is_turned_as_its_photo_is() {
        let stored = image::RgbImage::from_fn(40, 24, |x, y| {
            image::Rgb([if (4..12).contains(&x) && (6..9).contains(&y) { 255 } else { 0 }; 3])
        });
        let bounds = BoundingBox { x: 0.1, y: 0.25, width: 0.2, height: 0.125 };
        for value in 1..=8 {
            let orientation = Orientation::from_exif(value);
            let upright = orientation.apply(stored.clone());
            let turned = to_upright(bounds, orientation);
            let (across, down) = (upright.width() as f32, upright.height() as f32);
            let inside = |x: u32, y: u32| {
                let (x, y) = ((x as f32 + 0.5) / across, (y as f32 + 0.5) / down);
                x > turned.x && x < turned.x + turned.width && y > turned.y && y < turned.y + turned.height
            };
            assert!(upright.enumerate_pixels().all(|(x, y, pixel)| (pixel.0[0] == 255) == inside(x, y)), "{value}");
            let back = to_stored(turned, orientation);
            assert!((back.x - bounds.x).abs() < 1e-6 && (back.y - bounds.y).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn what_is_no_name_is_none() {
        for none in ["", " ", "Unknown", "unconfirmed", "12", "\u{200b}", "People"] {
            assert_eq!(usable_name(none), None, "{none}");
        }
        assert_eq!(usable_name(" Anna\n Maria ").as_deref(), Some("Anna Maria"));
    }
}
