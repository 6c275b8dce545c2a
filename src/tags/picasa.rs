//! Picasa's face names: `.picasa.ini` in each folder, and contacts in it or in `contacts.xml`.

use std::collections::HashMap;

use super::xml::{Document, XmlError};
use super::{Region, cut, usable_name};

/// The faces of one folder, by file name in lower case: boxes of the stored photo, and the contact of each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ini {
    faces: HashMap<String, Vec<([f32; 4], String)>>,
    contacts: Contacts,
}

/// Names by the number of their contact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contacts(HashMap<String, String>);

/// A face that nobody has named.
const NOBODY: &str = "ffffffffffffffff";

impl Ini {
    /// Reads the bytes of a `.picasa.ini`.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = super::xml::decoded(bytes);
        let mut ini = Self::default();
        let mut section = "";
        for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name;
            } else if let Some((key, value)) = line.split_once('=') {
                let (key, value) = (key.trim(), value.trim());
                if section.eq_ignore_ascii_case("Contacts2") || section.eq_ignore_ascii_case("Contacts") {
                    ini.contacts.insert(key, value.split(';').next().unwrap_or_default());
                } else if key.eq_ignore_ascii_case("faces") {
                    let faces = value.split(';').filter_map(face);
                    ini.faces.entry(section.to_lowercase()).or_default().extend(faces);
                }
            }
        }
        ini
    }

    /// The named faces of a file, with the contacts of the folder before those of `others`; `None` where it has no faces.
    pub fn regions(&self, file: &str, others: &Contacts) -> Option<Vec<Region>> {
        let faces = self.faces.get(&file.to_lowercase())?;
        let name = |contact: &str| self.contacts.0.get(contact).or_else(|| others.0.get(contact)).cloned();
        let region = |(bounds, contact): &([f32; 4], String)| Some(Region::new(name(contact)?, cut(*bounds)?));
        Some(faces.iter().filter_map(region).collect())
    }
}

/// `rect64(3f845bcb59418507),8e62398ebda8c1a5`: left, top, right and bottom, 16 bits each; leading zeros are left out.
fn face(text: &str) -> Option<([f32; 4], String)> {
    let (rectangle, contact) = text.trim().split_once(',')?;
    let digits = rectangle.trim().strip_prefix("rect64(")?.strip_suffix(')')?;
    let bits = u64::from_str_radix(digits, 16).ok()?;
    let [left, top, right, bottom] = [48, 32, 16, 0].map(|shift| (bits >> shift & 0xffff) as f32 / 65536.0);
    let contact = number(contact);
    (contact != number(NOBODY)).then_some(([left, top, right - left, bottom - top], contact))
}

/// A contact's number as it is compared.
fn number(text: &str) -> String {
    text.trim().trim_start_matches('0').to_lowercase()
}

impl Contacts {
    /// Reads a `contacts.xml`, in both layouts: contacts with attributes, and an Atom feed.
    ///
    /// # Errors
    /// It is no XML.
    pub fn parse(bytes: &[u8]) -> Result<Self, XmlError> {
        let mut contacts = Self::default();
        Document::parse(bytes)?.each(&mut |element| {
            let attribute = |wanted: &str| {
                let found = element.attributes.iter().find(|(name, _)| &*name.local == wanted);
                found.map(|(_, value)| value.as_str()).filter(|value| !value.trim().is_empty())
            };
            if let (Some(id), Some(name)) = (attribute("id"), attribute("name").or_else(|| attribute("display"))) {
                contacts.insert(id, name);
            }
            let child = |wanted: &str| element.elements().find(|child| &*child.name.local == wanted);
            let full = child("name").and_then(|name| name.elements().find(|part| &*part.name.local == "fullName"));
            let name = child("title").or(full).or_else(|| child("nickname"));
            if let (Some(id), Some(name)) = (child("personid"), name) {
                contacts.insert(&id.text(), &name.text());
            }
        });
        Ok(contacts)
    }

    fn insert(&mut self, id: &str, name: &str) {
        if let Some(name) = usable_name(name) {
            self.0.insert(number(id), name);
        }
    }

    /// Adds contacts that are not known yet.
    pub fn add(&mut self, others: Self) {
        for (id, name) in others.0 {
            self.0.entry(id).or_insert(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INI: &str = "[Contacts2]\r\n1a2b=Anna Smith;;\r\n[IMG_1.JPG]\r\nrotate=rotate(1)\r\n\
        faces=rect64(4000800080009999),1a2b;rect64(1000200030004),00cd;rect64(4000800080009999),ffffffffffffffff\r\n";

    #[test]
    fn faces_have_boxes_and_names() {
        let contacts = br#"<contacts><contact id="cd" name="Ben" display="B"/></contacts>"#;
        let regions = Ini::parse(INI.as_bytes()).regions("img_1.jpg", &Contacts::parse(contacts).unwrap()).unwrap();
        assert_eq!(regions.len(), 2);
        assert_eq!(regions[0].name, "Anna Smith");
        let bounds = regions[0].bounds;
        assert_eq!([bounds.x, bounds.y, bounds.width], [0.25, 0.5, 0.25]);
        assert!((bounds.height - 0.1).abs() < 1e-4);
        assert_eq!((regions[1].name.as_str(), regions[1].bounds.x), ("Ben", 1.0 / 65536.0));
        assert_eq!(Ini::parse(INI.as_bytes()).regions("IMG_2.JPG", &Contacts::default()), None);
    }

    #[test]
    fn contacts_come_as_a_feed_too() {
        let feed = "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:gphoto='http://schemas.google.com/photos/2007'>
            <entry><title>Zoë</title><gphoto:personid>1A2B</gphoto:personid></entry></feed>";
        let contacts = Contacts::parse(feed.as_bytes()).unwrap();
        assert_eq!(contacts.0.get("1a2b").map(String::as_str), Some("Zoë"));
    }
}
