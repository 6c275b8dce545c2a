use exif::{Exif, In, Tag, Value};
use serde::{Deserialize, Serialize};

use super::taken::values;
use super::text;

/// A place on Earth, in degrees (WGS 84): north and east are positive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gps {
    /// -90 to 90.
    pub latitude: f64,
    /// -180 to 180.
    pub longitude: f64,
}

impl Gps {
    /// From the GPS tags 1 to 4: `GPSLatitudeRef`, `GPSLatitude`, `GPSLongitudeRef` and `GPSLongitude`.
    pub(super) fn of(exif: &Exif) -> Option<Self> {
        let latitude = coordinate(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, ["N", "S"])?;
        let longitude = coordinate(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, ["E", "W"])?;
        Self::believed(latitude, longitude)
    }

    /// From an XMP packet.
    pub(super) fn of_packet(packet: &[u8]) -> Option<Self> {
        let packet = String::from_utf8_lossy(packet);
        let value = |property| values(&packet, property).next();
        Self::of_xmp(value("exif:GPSLatitude")?, value("exif:GPSLongitude")?)
    }

    /// As XMP has them: `38,42.6N` or `38,42,36N`.
    pub fn of_xmp(latitude: &str, longitude: &str) -> Option<Self> {
        let number = |text: &str, sides: [char; 2]| {
            let text = text.trim();
            let sign = match sides.iter().position(|&side| text.ends_with(side))? {
                0 => 1.0,
                _ => -1.0,
            };
            let parts: Vec<f64> =
                text[..text.len() - 1].split(',').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
            let degrees: f64 = parts.iter().zip([1.0, 60.0, 3600.0]).map(|(part, unit)| part / unit).sum();
            (1..=3).contains(&parts.len()).then_some(sign * degrees)
        };
        Self::believed(number(latitude, ['N', 'S'])?, number(longitude, ['E', 'W'])?)
    }

    /// `None` where no fix can be so.
    pub fn believed(latitude: f64, longitude: f64) -> Option<Self> {
        // Exactly 0, 0 is what cameras write when they have no fix; the spot itself is open sea.
        let fix = (latitude, longitude) != (0.0, 0.0);
        let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        (fix && on_earth).then_some(Self { latitude, longitude })
    }
}

/// Degrees, minutes and seconds as one number, negative on the second side of `sides`. `None` without a side: the
/// number alone would put half of all photos on the wrong half of the globe.
fn coordinate(exif: &Exif, number: Tag, side: Tag, sides: [&str; 2]) -> Option<f64> {
    let side = text(exif, side)?.to_uppercase();
    let sign = match sides.iter().position(|&known| side.starts_with(known))? {
        0 => 1.0,
        _ => -1.0,
    };
    let Value::Rational(parts) = &exif.get_field(number, In::PRIMARY)?.value else {
        return None;
    };
    let part = |at: usize| match parts.get(at) {
        Some(part) if part.denom != 0 => Some(part.to_f64()),
        // Some cameras leave out the seconds, and the minutes with them, as 0/0 or altogether.
        Some(part) if part.num != 0 => None,
        _ => Some(0.0),
    };
    let known = parts.first().is_some_and(|degrees| degrees.denom != 0);
    known.then_some(sign * (part(0)? + part(1)? / 60.0 + part(2)? / 3600.0))
}
