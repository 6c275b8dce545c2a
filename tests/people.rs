//! `facetag people` and `show`.

mod common;

use common::{Library, text};
use serde_json::{Value, json};

const PHOTOS: [&str; 6] = [
    "metadata/obama-2010.jpg",
    "metadata/obama-2012.jpg",
    "metadata/biden-2010.jpg",
    "metadata/biden-2011.jpg",
    "metadata/none.jpg",
    "orientation/1.jpg",
];

fn library() -> Library {
    Library::scanned(&PHOTOS)
}

#[test]
fn groups_are_listed_by_size_and_persons_before_them() {
    let library = library();
    let faces = |people: &[Value]| people.iter().map(|person| person["faces"].clone()).collect::<Vec<_>>();
    let people = library.people();
    assert_eq!(faces(&people), [3, 3, 1, 1], "{people:?}");
    let numbers: Vec<_> = people.iter().map(|person| person["id"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3, 4], "the largest group has the lowest number");
    library.name("none.jpg", "Grace");
    assert_eq!(library.people()[0]["name"], "Grace");
}

#[test]
fn a_person_has_dates_and_a_best_photo() {
    let library = library();
    library.name("obama-2010.jpg", "Barack");
    let person = library.person("Barack");
    assert_eq!((&person["faces"], &person["photos"]), (&3.into(), &3.into()));
    assert_eq!((&person["first"], &person["last"]), (&"2010-05-10T10:04:01".into(), &"2012-12-06T15:46:01".into()));
    assert_eq!(person["hidden"], false);
    // A portrait, and not the small face between others.
    assert_eq!(person["best_photo"], text(&library.photo("obama-2012.jpg")));
    assert_eq!(person["best_face"], library.face("obama-2012.jpg")["id"]);
}

#[test]
fn those_seen_once_are_told_in_a_line() {
    let library = library();
    let listed = library.facetag(["people"]).well().stdout;
    assert!(listed.contains("2 seen once") && listed.contains("--all"), "{listed}");
    assert!(listed.contains("facetag name 1 NAME"), "it says what to do next: {listed}");
    assert!(!listed.contains("none.jpg"), "{listed}");
    assert!(library.facetag(["people", "--all"]).well().stdout.contains("none.jpg"));
    let json = library.facetag(["people", "--json"]).well().json();
    assert_eq!(json.as_array().unwrap().len(), 2);
    // A name makes somebody worth a line.
    library.name("none.jpg", "Grace");
    let listed = library.facetag(["people"]).well().stdout;
    assert!(listed.contains("Grace") && listed.contains("1 seen once"), "{listed}");
}

#[test]
fn wide_names_keep_the_columns_straight() {
    let library = library();
    library.name("obama-2010.jpg", "王小明");
    let listed = library.facetag(["people"]).well().stdout;
    let heads = listed.lines().next().unwrap();
    let line = listed.lines().find(|line| line.contains("王小明")).unwrap();
    // Each of the three is two columns wide.
    let column = |line: &str, what: &str| line.find(what).map(|at| line[..at].chars().count());
    let shown = column(line, "2010-05-10").unwrap() + 3;
    assert_eq!(Some(shown), column(heads, "FIRST"), "{listed}");
}

#[test]
fn show_lists_the_photos_by_date() {
    let library = library();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    let shown = library.facetag(["show", "barack", "--json"]).well().json();
    let shown = shown.as_array().unwrap();
    let paths: Vec<_> = shown.iter().map(|line| line["path"].clone()).collect();
    assert_eq!(paths, ["obama-2010.jpg", "obama-2012.jpg", "1.jpg"].map(|name| json!(library.photo(name))));
    assert_eq!(shown[0]["taken"], "2010-05-10T10:04:01");
    assert_eq!(shown[0]["state"], "confirmed");
    assert_eq!((&shown[0]["with"], &shown[2]["with"]), (&json!([]), &json!(["Joe"])));
    assert_eq!(shown[0]["face"], library.face("obama-2010.jpg")["id"]);

    let told = library.facetag(["show", "Barack"]).well().stdout;
    assert!(told.starts_with("Barack (") && told.contains("3 faces"), "{told}");
    assert!(told.contains("confirmed") && told.contains("Joe"), "{told}");
    let group = library.facetag(["show", &library.number("none.jpg")]).well().stdout;
    assert!(group.contains("1 face\n") && group.contains("none.jpg"), "{group}");
}

#[test]
fn two_faces_of_one_photo_are_two_people() {
    let library = library();
    let faces = library.export()["1.jpg"]["faces"].clone();
    let mut groups: Vec<_> = faces.as_array().unwrap().iter().map(|face| face["group"].to_string()).collect();
    groups.dedup();
    assert_eq!(groups.len(), 3, "{faces}");
    assert_eq!(groups[0], library.number("biden-2010.jpg"), "from left to right");
}

#[test]
fn nobody_is_said_to_be_nobody() {
    let library = Library::new();
    let run = library.facetag(["people"]).ends(1);
    assert!(run.stdout.contains("facetag scan"), "{}", run.stdout);
    assert_eq!(library.facetag(["people", "--json"]).ends(1).json(), json!([]));
    let library = self::library();
    let run = library.facetag(["people", "--hidden"]).ends(1);
    assert!(run.stdout.contains("Nobody is hidden"), "{}", run.stdout);
}
