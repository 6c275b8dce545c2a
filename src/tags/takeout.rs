//! Google Takeout: a JSON file beside each photo says who is in it, not where.

use serde::Deserialize;

use super::usable_name;

/// What Takeout calls the JSON of a photo besides the photo's name.
const SUFFIX: &str = ".supplemental-metadata";

/// The longest name of a JSON without its extension. In which unit Google counts is not known: hence [`belongs`] allows for more.
const LONGEST: usize = 46;

#[derive(Deserialize)]
struct Json {
    #[serde(default)]
    people: Vec<Person>,
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
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let json: Json = serde_json::from_slice(bytes)?;
    Ok(json.people.iter().filter_map(|person| usable_name(person.name.as_deref()?)).collect())
}

/// The JSON of a photo among the names of files in its folder. A photo that was edited in Google Photos has that of its original.
pub fn json_of<'a>(photo: &str, files: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let own = files.clone().filter_map(|file| Some((belongs(photo, file)?, file))).max();
    let own = own.map(|(_, file)| file);
    own.or_else(|| original(photo).and_then(|original| json_of(&original, files)))
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
    use super::*;

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
            assert_eq!(json_of(photo, files.into_iter()), Some(json), "{photo}");
        }
        let files = ["IMG_1.jpg.json", "IMG_1.jpg(1).json", "IMG_12.jpg.json"];
        assert_eq!(json_of("IMG_1.jpg", files.into_iter()), Some("IMG_1.jpg.json"));
        assert_eq!(json_of("IMG_1(1).jpg", files.into_iter()), Some("IMG_1.jpg(1).json"));
        assert_eq!(json_of("IMG_1(3).jpg", files.into_iter()), None);
        assert_eq!(json_of("IMG.jpg", files.into_iter()), None);
    }

    #[test]
    fn the_names_are_those_of_the_people() {
        let json = br#"{"title":"a.jpg","people":[{"name":"Anna"},{"name":" "},{}]}"#;
        assert_eq!(read(json).unwrap(), ["Anna"]);
        assert!(read(br#"{"title":"album"}"#).unwrap().is_empty());
        assert!(read(b"[").is_err());
    }
}
