//! Google Takeout: a JSON file beside each photo says who is in it, not where.

use std::path::PathBuf;

use serde::Deserialize;

use super::sidecar::Folder;
use super::usable_name;
use crate::metadata::{Capture, Gps, Taken};

/// What Takeout calls the JSON of a photo besides the photo's name.
const SUFFIX: &str = ".supplemental-metadata";

/// The longest name of a JSON without its extension. In which unit Google counts is not known: hence [`belongs`] allows for more.
const LONGEST: usize = 46;

/// A name is cut by at most so much more, for a number and for what is not known of Google's counting.
const SHORTEST_CUT: usize = 10;

#[derive(Deserialize)]
struct Json {
    #[serde(default)]
    people: Vec<Person>,
    #[serde(default, rename = "photoTakenTime")]
    taken: Option<Time>,
    #[serde(default, rename = "geoData")]
    geo: Option<Spot>,
    #[serde(default, rename = "geoDataExif")]
    geo_exif: Option<Spot>,
}

#[derive(Deserialize)]
struct Time {
    /// Seconds since 1970, UTC, as text.
    #[serde(default)]
    timestamp: serde_json::Value,
}

/// Degrees; 0, 0 where it is not known.
#[derive(Deserialize)]
struct Spot {
    #[serde(default)]
    latitude: f64,
    #[serde(default)]
    longitude: f64,
}

#[derive(Deserialize)]
struct Person {
    #[serde(default)]
    name: Option<String>,
}

/// The names in the JSON of a photo.
///
/// # Errors
/// It is none.
pub fn read(bytes: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    Ok(parse(bytes)?.people.iter().filter_map(|person| usable_name(person.name.as_deref()?)).collect())
}

/// When and where a photo was taken, as its JSON says.
///
/// # Errors
/// It is none.
pub fn capture(bytes: &[u8]) -> Result<Capture, serde_json::Error> {
    let json = parse(bytes)?;
    let seconds = json.taken.and_then(|taken| taken.timestamp.as_str()?.parse().ok());
    let mut spots = [json.geo, json.geo_exif].into_iter().flatten();
    Ok(Capture {
        taken: seconds.and_then(Taken::of_takeout),
        gps: spots.find_map(|spot| Gps::believed(spot.latitude, spot.longitude)),
    })
}

fn parse(bytes: &[u8]) -> Result<Json, serde_json::Error> {
    serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

/// The JSON of a photo in its folder. A photo that was edited in Google Photos has that of its original.
pub fn json_of(photo: &str, folder: &Folder) -> Option<PathBuf> {
    let stem = photo.rsplit_once('.').map_or(photo, |(stem, _)| stem);
    // As much of the name as is never cut.
    let start: String = numbered(stem).0.chars().take(LONGEST - SHORTEST_CUT).collect();
    let own = folder.beginning(&start).filter_map(|file| Some((belongs(photo, file)?, file))).max();
    let own = own.and_then(|(_, file)| folder.find(file));
    own.or_else(|| original(photo).and_then(|original| json_of(&original, folder)))
}

/// Whether a file is the JSON of a photo: the length of what the names have in common.
fn belongs(photo: &str, file: &str) -> Option<usize> {
    let json = strip_suffix_any_case(file, ".json")?;
    if json == photo {
        return Some(usize::MAX);
    }
    // "IMG(1).jpg" has "IMG.jpg.supplemental-metadata(1).json" or "IMG.jpg(1).json".
    let (stem, extension) = photo.rsplit_once('.').unwrap_or((photo, ""));
    let (json, number) = numbered(json);
    let (bare, wanted) = match numbered(stem) {
        (bare, Some(wanted)) if number == Some(wanted) => (format!("{bare}.{extension}"), Some(wanted)),
        _ => (photo.to_owned(), None),
    };
    let full = format!("{bare}{SUFFIX}");
    let digits = number.map_or(0, |number| number.len() + 2);
    let is_cut = json.chars().count() + digits + 3 >= LONGEST;
    let fits = number == wanted && full.starts_with(json) && (json.len() >= bare.len() || is_cut);
    fits.then_some(json.len())
}

/// A name and the number in parentheses at its end.
fn numbered(name: &str) -> (&str, Option<&str>) {
    let split = name.strip_suffix(')').and_then(|name| name.rsplit_once('('));
    match split {
        Some((bare, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            (bare, Some(number))
        }
        _ => (name, None),
    }
}

/// "IMG-edited.jpg" -> "IMG.jpg". Google writes the word in the user's language.
fn original(photo: &str) -> Option<String> {
    let (stem, extension) = photo.rsplit_once('.')?;
    let (stem, number) = numbered(stem);
    let (stem, word) = stem.rsplit_once('-')?;
    let number = number.map(|number| format!("({number})")).unwrap_or_default();
    let is_word = word.chars().count() > 2 && word.chars().all(char::is_alphabetic);
    is_word.then(|| format!("{stem}{number}.{extension}"))
}

fn strip_suffix_any_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(suffix.len())?;
    text.get(at..)?.eq_ignore_ascii_case(suffix).then(|| &text[..at])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn found(photo: &str, files: &[&str]) -> String {
        let folder = Folder::of(Path::new(""), files.iter().map(|&file| file.to_owned()));
        json_of(photo, &folder).unwrap_or_default().display().to_string()
    }

    #[test]
    fn when_and_where_are_those_of_the_photo() {
        let json = br#"{"photoTakenTime":{"timestamp":"1655389200","formatted":"16 Jun 2022"},"creationTime":{"timestamp":"1"},
                        "geoData":{"latitude":0.0,"longitude":0.0},"geoDataExif":{"latitude":38.71,"longitude":-9.14}}"#;
        let Capture { taken, gps } = capture(json).unwrap();
        assert_eq!(taken.unwrap().to_string(), "2022-06-16T14:20:00+00:00");
        assert_eq!(gps.unwrap(), Gps { latitude: 38.71, longitude: -9.14 });
        assert_eq!(capture(br#"{"photoTakenTime":{"timestamp":"0"}}"#).unwrap(), Capture::default());
    }

    #[test]
    fn a_photo_finds_its_json() {
        let long = "PXL_20230101_123456789.NIGHT.LONGEXPOSURE-01.COVER.jpg";
        for (photo, json) in [
            ("IMG_1.jpg", "IMG_1.jpg.json"),
            ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"),
            ("IMG_1.jpg", "IMG_1.jpg.supplemental-metad.json"),
            ("IMG_1(2).jpg", "IMG_1.jpg.supplemental-metadata(2).json"),
            ("IMG_1(2).jpg", "IMG_1.jpg(2).json"),
            ("IMG_1(2).jpg", "IMG_1(2).jpg.json"),
            ("IMG_1-edited.jpg", "IMG_1.jpg.supplemental-metadata.json"),
            ("IMG_1-bearbeitet(2).jpg", "IMG_1.jpg(2).json"),
            (long, "PXL_20230101_123456789.NIGHT.LONGEXPOSURE-01.C.json"),
            ("20240101_ein_sehr_langer_name_von_hand_x.jpg", "20240101_ein_sehr_langer_name_von_hand_x.jpg.s.json"),
        ] {
            let files = ["IMG_2.jpg.json", "metadata.json", json, "IMG_11.jpg.json"];
            assert_eq!(found(photo, &files), json, "{photo}");
        }
        let files = ["IMG_1.jpg.json", "IMG_1.jpg(1).json", "IMG_12.jpg.json"];
        assert_eq!(found("IMG_1.jpg", &files), "IMG_1.jpg.json");
        assert_eq!(found("IMG_1(1).jpg", &files), "IMG_1.jpg(1).json");
        assert_eq!(found("IMG_1(3).jpg", &files), "");
        assert_eq!(found("IMG.jpg", &files), "");
    }

    #[test]
    fn the_names_are_those_of_the_people() {
        let json = br#"{"title":"a.jpg","people":[{"name":"Anna"},{"name":" "},{}]}"#;
        assert_eq!(read(json).unwrap(), ["Anna"]);
        assert!(read(br#"{"title":"album"}"#).unwrap().is_empty());
        assert!(read(b"[").is_err());
    }
}
