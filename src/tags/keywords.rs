//! Names without boxes: keywords below "People", and lists of the people in a photo.

use super::rdf::{Namespace, Properties, Value};
use super::usable_name;

pub const DIGIKAM: Namespace = ("digiKam", "http://www.digikam.org/ns/1.0/");
pub const LIGHTROOM: Namespace = ("lr", "http://ns.adobe.com/lightroom/1.0/");
pub const IPTC: Namespace = ("Iptc4xmpExt", "http://iptc.org/std/Iptc4xmpExt/2008-02-29/");
const MICROSOFT: Namespace = ("MicrosoftPhoto", "http://ns.microsoft.com/photo/1.0/");
const MEDIAPRO: Namespace = ("mediapro", "http://ns.iview-multimedia.com/mediapro/1.0/");

/// What programs call the keyword above those of people, in lower case.
const ROOTS: [&str; 14] = [
    "people",
    "persons",
    "person",
    "faces",
    "personen",
    "leute",
    "personnes",
    "gens",
    "personas",
    "persone",
    "pessoas",
    "ludzie",
    "люди",
    "人物",
];

/// The names in each field that is there.
pub fn read(properties: &Properties) -> Vec<(&'static str, Vec<String>)> {
    let paths = |namespace, local, separator| Some(below_root(&texts(properties.get(namespace, local)?), separator));
    let names = |namespace, local| Some(texts(properties.get(namespace, local)?));
    let fields = [
        ("digiKam:TagsList", paths(DIGIKAM, "TagsList", '/')),
        ("lr:hierarchicalSubject", paths(LIGHTROOM, "hierarchicalSubject", '|')),
        ("MicrosoftPhoto:LastKeywordXMP", paths(MICROSOFT, "LastKeywordXMP", '/')),
        ("mediapro:CatalogSets", paths(MEDIAPRO, "CatalogSets", '|')),
        ("mediapro:People", names(MEDIAPRO, "People")),
        ("Iptc4xmpExt:PersonInImage", names(IPTC, "PersonInImage")),
        ("Iptc4xmpExt:PersonInImageWDetails", details(properties)),
    ];
    let usable = |names: Vec<String>| names.iter().filter_map(|name| usable_name(name)).collect();
    fields.into_iter().filter_map(|(field, names)| Some((field, usable(names?)))).collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.items().iter().filter_map(Value::text).map(str::to_owned).collect()
}

fn details(properties: &Properties) -> Option<Vec<String>> {
    let people = properties.get(IPTC, "PersonInImageWDetails")?.items();
    Some(people.iter().filter_map(|person| person.get(IPTC, "PersonName")?.text()).map(str::to_owned).collect())
}

/// The last parts of the keywords below "People"; of `People/Family` and `People/Family/Anna` only the second is a name.
fn below_root(keywords: &[String], separator: char) -> Vec<String> {
    let paths: Vec<Vec<&str>> =
        keywords.iter().map(|keyword| keyword.split(separator).map(str::trim).collect()).collect();
    let is_above = |path: &[&str]| paths.iter().any(|other| other.len() > path.len() && other.starts_with(path));
    let is_person = |path: &Vec<&str>| path.len() > 1 && ROOTS.contains(&path[0].to_lowercase().as_str());
    let people = paths.iter().filter(|path| is_person(path) && !is_above(path));
    people.filter_map(|path| path.last()).map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_below_people_are_names() {
        let keywords = ["Travel/Rome", "People", "People/Family", "People/Family/Anna", "personen/Ben", "Anna"];
        let keywords = keywords.map(str::to_owned);
        assert_eq!(below_root(&keywords, '/'), ["Anna", "Ben"]);
    }
}
