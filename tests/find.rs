//! `facetag find`: by people, date, place and folder; as lines, JSON, numbers and albums.

mod common;

use std::fs;
use std::path::Path;

use common::{Library, file_name, fixture, modified, text};
use serde_json::json;

const PHOTOS: [&str; 11] = [
    "metadata/obama-2009.jpg",
    "metadata/obama-2010.jpg",
    "metadata/obama-2012.jpg",
    "metadata/obama-2016.jpg",
    "metadata/biden-2010.jpg",
    "metadata/lisbon.jpg",
    "metadata/tokyo.jpg",
    "metadata/sydney.jpg",
    "metadata/no-offset.jpg",
    "metadata/none.jpg",
    // Biden, Obama and one more.
    "orientation/1.jpg",
];

/// With Barack and Joe by name, who were together once; Grace Hopper has no name.
fn album() -> Library {
    let library = Library::scanned(&PHOTOS);
    library.name("obama-2010.jpg", "Barack Obama");
    library.name("biden-2010.jpg", "Joe Biden");
    library
}

const OBAMA: [&str; 4] = ["obama-2009.jpg", "obama-2010.jpg", "obama-2012.jpg", "obama-2016.jpg"];

#[test]
fn by_people() {
    let library = album();
    // By date, and those without a date last.
    assert_eq!(library.find(&["Barack"]), [&OBAMA[..], &["1.jpg"]].concat());
    assert_eq!(library.find(&["Barack", "Joe"]), ["1.jpg"], "all names must be there");
    assert_eq!(library.find(&["Barack", "--not", "Joe"]), OBAMA);
    assert_eq!(library.find(&["Joe", "--not", "Barack"]), ["biden-2010.jpg"]);
    assert_eq!(library.find(&["--any", "Joe", "--any", "Barack"]).len(), 6);
    assert_eq!(library.find(&["Joe", "--any", "Barack"]), ["1.jpg"]);
    assert_eq!(library.find(&["--not", "Barack", "--not", "Joe"]).len(), 5);
    // Nobody else, known or unknown: a third face is in 1.jpg.
    assert_eq!(library.find(&["Barack", "--only"]), OBAMA);
    assert!(library.find(&["Barack", "Joe", "--only"]).is_empty());
    let third = &library.export()["1.jpg"]["faces"][2]["group"].to_string();
    assert_eq!(library.find(&["Barack", "Joe", third, "--only"]), ["1.jpg"]);
    assert_eq!(library.find(&["Joe", "--any", "Barack", "--any", third, "--only"]), ["1.jpg"]);
    assert!(library.find(&["Barack", "Joe", "--not", third]).is_empty());
    let grace = library.number("none.jpg");
    assert_eq!(library.find(&[&grace]).len(), 5, "groups are found by their number");
}

#[test]
fn by_date() {
    let library = album();
    let between = |since: &str, until: &str| library.find(&["--since", since, "--until", until]);
    assert_eq!(between("2010", "2010"), ["biden-2010.jpg", "obama-2010.jpg"], "of one time, by path");
    assert_eq!(between("2012-12", "2016-03"), ["obama-2012.jpg", "obama-2016.jpg"]);
    assert_eq!(between("2012-12-07", "2016-03-13"), [""; 0]);
    assert_eq!(between("2012-12-06", "2012-12-06"), ["obama-2012.jpg"], "the whole of the last day");
    // The year of the place: in Tokyo it was 2025 already, in Sydney still 2019, whatever it was in UTC.
    assert_eq!(between("2025", "2025"), ["tokyo.jpg"]);
    assert_eq!(between("2019-12-31", "2019-12-31"), ["sydney.jpg"]);
    assert_eq!(between("2023-12-31", "2023"), ["no-offset.jpg"]);
    assert_eq!(library.find(&["--since", "2020"]), ["no-offset.jpg", "lisbon.jpg", "tokyo.jpg"]);
    assert_eq!(library.find(&["--until", "2009"]), ["obama-2009.jpg"], "what has no date is not found by date");
    assert_eq!(library.find(&["Barack", "--since", "2010", "--until", "2012"]), ["obama-2010.jpg", "obama-2012.jpg"]);
    library.facetag(["find", "--since", "2026", "--until", "2009"]).fails_saying(&["2026", "after"]);
}

#[test]
fn by_place() {
    let library = album();
    for place in ["Lisbon", "lisbon", "LISBÖN", "Lisbo\u{302}n", "Portugal", "PT", "pt", " Portugal "] {
        assert_eq!(library.find(&["--place", place]), ["lisbon.jpg"], "{place}");
    }
    assert_eq!(library.find(&["--place", "Japan"]), ["tokyo.jpg"]);
    assert_eq!(library.find(&["--place", "Australia"]), ["sydney.jpg"]);
    for place in ["us", "The United States", "Washington", "washington dc", "Washington, D.C."] {
        assert_eq!(library.find(&["--place", place]).len(), 5, "the White House and the Capitol: {place}");
    }
    assert_eq!(library.find(&["--place", "United States", "--not", "Barack"]), ["biden-2010.jpg"]);
    for (place, photo) in [
        ("Lisbon, Portugal", "lisbon.jpg"),
        ("Lisbon, PT", "lisbon.jpg"),
        ("Portugal, Lissabon", "lisbon.jpg"),
        ("Sydney, New South Wales", "sydney.jpg"),
        ("Sydney, New South Wales, Australia", "sydney.jpg"),
        ("Tokyo,Japan", "tokyo.jpg"),
    ] {
        assert_eq!(library.find(&["--place", place]), [photo], "{place}");
        assert_eq!(library.find(&["--text", place]), [photo], "{place}");
    }
    library.facetag(["find", "--text", "Lisbon Japan"]).fails_saying(&["Japan", "another place"]);
    for nowhere in ["Lisbon, Japan", "Lisbon, IT", "Lisbon, Ohio", ",", "Lis", "isbon", "Atlantis", "%", "P_", "|"] {
        assert!(library.find(&["--place", nowhere]).is_empty(), "{nowhere:?}");
    }
    library.facetag(["find", "--place", ""]).ends(2);
}

#[test]
fn by_folder() {
    let library = Library::new();
    library.put_as("metadata/biden-2010.jpg", "a/biden.jpg");
    library.put_as("metadata/obama-2010.jpg", "a/deep/obama.jpg");
    // A name that begins alike is another folder.
    library.put_as("metadata/none.jpg", "ab/none.jpg");
    library.scan();
    let a = library.photo("a");
    assert_eq!(library.find(&["--in", text(&a)]), ["biden.jpg", "obama.jpg"]);
    assert_eq!(library.find(&["--in", "photos/a/deep/"]), ["obama.jpg"]);
    assert_eq!(library.find(&["--in", "."]).len(), 3);
    assert!(library.find(&["--in", "nowhere"]).is_empty());
    assert_eq!(library.find(&["--in", text(&a), "--until", "2010-05-09"]), [""; 0]);
}

#[test]
fn a_photo_is_listed_once_or_with_all_its_copies() {
    let library = Library::new();
    library.put_as("metadata/biden-2010.jpg", "a/one.jpg");
    library.put_as("metadata/biden-2010.jpg", "b/two.jpg");
    library.scan();
    let joe = library.number("one.jpg");
    assert_eq!(library.find(&[&joe]), ["one.jpg"]);
    assert_eq!(library.find(&[&joe, "--copies"]), ["one.jpg", "two.jpg"]);
    assert_eq!(library.find(&[&joe, "--in", "photos/b"]), ["two.jpg"], "of the folder asked for");
    std::fs::rename(library.photo("b"), library.folder().join("away")).unwrap();
    library.scan();
    for found in [library.find(&["--in", "photos/b"]), library.find(&[&joe, "--in", "photos/b"])] {
        assert!(found.is_empty(), "it has gone from there, and its copy is elsewhere: {found:?}");
    }
}

#[test]
fn as_paths_for_other_programs() {
    let library = album();
    let paths = library.facetag(["find", "Barack", "--not", "Joe", "-0"]).well();
    let expected: String = OBAMA.iter().map(|name| format!("{}\0", library.photo(name).display())).collect();
    assert_eq!(paths.raw, expected.as_bytes());
    let lines = library.facetag(["find", "Barack", "--not", "Joe"]).well().stdout;
    assert_eq!(lines, expected.replace('\0', "\n"));
}

#[test]
fn as_json() {
    let library = album();
    let found = library.facetag(["find", "--place", "Lisbon", "--json"]).well().json();
    let lisbon = json!([{"path": library.photo("lisbon.jpg"), "taken": "2024-07-14T18:30:05+01:00",
        "place": "Lisbon, Portugal", "people": []}]);
    assert_eq!(found, lisbon);
    let found = library.facetag(["find", "Barack", "Joe", "--json"]).well().json();
    assert_eq!(found[0]["people"], json!(["Barack Obama", "Joe Biden"]));
    assert_eq!((&found[0]["taken"], &found[0]["place"]), (&json!(null), &json!(null)));
    assert_eq!(library.facetag(["find", "--place", "Atlantis", "--json"]).ends(1).json(), json!([]));
}

#[test]
fn as_a_number() {
    let library = album();
    assert_eq!(library.facetag(["find", "Barack", "--count"]).well().stdout, "5\n");
    assert_eq!(library.facetag(["find", "--place", "Atlantis", "--count"]).ends(1).stdout, "0\n");
}

#[test]
fn nothing_found_prints_nothing() {
    let library = album();
    let run = library.facetag(["find", "Joe", "--since", "2020"]).ends(1);
    assert_eq!(run.stdout, "");
    // Both of them are in a photo whose date nobody knows.
    assert!(run.stderr.contains("1 photo without a date"), "{}", run.stderr);
    let run = library.facetag(["find", "--not", "Joe", "--place", "Lisbon", "--since", "2025"]).ends(1);
    assert_eq!((&*run.stdout, &*run.stderr), ("", ""));
}

#[test]
fn by_what_names_say_of_the_date() {
    let library = Library::new();
    library.put_as("metadata/none.jpg", "IMG-20220103-WA0007.jpg");
    library.put_as("orientation/1.jpg", "1955/scan.jpg");
    library.put_as("metadata/obama-2010.jpg", "IMG-20210101-WA0001.jpg");
    library.scan();
    assert_eq!(library.find(&["--since", "2022", "--until", "2022"]), ["IMG-20220103-WA0007.jpg"]);
    assert!(library.find(&["--since", "2021", "--until", "2021"]).is_empty(), "EXIF knows better");
    assert_eq!(library.find(&["--until", "1955"]), ["scan.jpg"]);
    assert!(library.find(&["--until", "1955-06"]).is_empty(), "the month is not known");
    assert!(library.find(&["--undated"]).is_empty());
}

#[test]
fn by_more_than_people() {
    let library = album();
    assert_eq!(library.find(&["--undated"]), ["1.jpg", "none.jpg"]);
    assert_eq!(library.find(&["--near", "38.71,-9.14", "--within", "20km"]), ["lisbon.jpg"]);
    assert_eq!(library.find(&["--near=-33.86,151.2", "--within", "50 km"]), ["sydney.jpg"]);
    assert!(library.find(&["--near", "38.71,-9.14", "--within", "1m"]).is_empty());
    assert_eq!(library.find(&["--place", "Lissabon"]), ["lisbon.jpg"]);
    assert_eq!(library.find(&["--place", "里斯本"]), ["lisbon.jpg"]);
    assert_eq!(library.find(&["--place", "Japon"]), ["tokyo.jpg"]);
    assert_eq!(library.find(&["--faces", "3..", "--unnamed"]), ["1.jpg"]);
    assert_eq!(
        library.find(&["--no-faces", "--place", "Lisbon"]).len()
            + library.find(&["--faces", "1..", "--place", "Lisbon"]).len(),
        1
    );
    assert!(library.find(&["Joe", "--state", "manual"]).is_empty());
    assert!(library.find(&["Joe", "--state", "confirmed"]).contains(&"biden-2010.jpg".to_owned()));
    assert_eq!(library.find(&["--text", "barack -joe 2010"]), ["obama-2010.jpg"]);
    library.facetag(["find", "--text", "Barack Nobody"]).fails_saying(&["Nobody"]);
    library.facetag(["find", "--faces", "5..2"]).fails_saying(&["5..2"]);
}

#[test]
fn by_a_spot_as_people_type_it() {
    let library = album();
    for spot in [
        "38.71,-9.14",
        "38.71, -9.14",
        "38.71 -9.14",
        "38,71 -9,14",
        "38,71; -9,14",
        "38.71N, 9.14W",
        "38.71° n, 9.14° w",
    ] {
        assert_eq!(library.find(&["--near", spot, "--within", "20km"]), ["lisbon.jpg"], "{spot}");
    }
    for distance in ["20", "20 km", "20KM", "20,5km", "20000 m", "13mi", "13 miles", "70000ft"] {
        assert_eq!(library.find(&["--near", "38.71,-9.14", "--within", distance]), ["lisbon.jpg"], "{distance}");
    }
    for (spot, saying) in [
        ("100,0", "latitude 100"),
        ("-90.5,0", "latitude -90.5"),
        ("38,-181", "longitude -181"),
        ("38,71,-9,14", "38.71,-9.14"),
        ("38.71", "38.71,-9.14"),
        ("Lisbon", "38.71,-9.14"),
        ("nan,0", "38.71,-9.14"),
        ("-38.71S,9.14E", "38.71,-9.14"),
    ] {
        library.facetag(["find", "--near", spot]).fails_saying(&[saying]);
    }
    for (distance, saying) in [
        ("-5km", "more than 0"),
        ("0", "more than 0"),
        ("2000km", "1000 km"),
        ("1000mi", "1000 km"),
        ("5 parsecs", "500m, 5km or 3mi"),
        ("km", "500m, 5km or 3mi"),
        ("--count", "500m, 5km or 3mi"),
    ] {
        library.facetag(["find", "--near", "38.71,-9.14", "--within", distance]).fails_saying(&[distance, saying]);
    }
    library.facetag(["find", "--within", "5km"]).fails_saying(&["--near"]);
}

#[test]
fn by_a_name_typed_together_or_apart() {
    let library = album();
    let number = library.number("biden-2010.jpg");
    for (name, typed) in [
        ("Jean-Luc Picard", ["jeanluc", "jean luc", "Jean-Luc"]),
        ("Flora MacDonald-Smith", ["macdonaldsmith", "macdonald smith", "MacDonald-Smith"]),
        ("Marco D'Angelo", ["dangelo", "d angelo", "d'angelo"]),
        ("Ann O’Brien", ["o'brien", "obrien", "o brien"]),
        ("Omar al-Hassan", ["alhassan", "al hassan", "al-hassan"]),
        ("Maryann Lee", ["maryann", "mary ann", "mary-ann"]),
        ("Jürgen Groß-Möller", ["grossmoller", "grossmoeller", "groß möller"]),
    ] {
        library.facetag(["rename", &number, name]).well();
        for typed in typed {
            let found = library.find(&[typed]);
            assert!(found.contains(&"biden-2010.jpg".to_owned()), "{typed}: {name}");
            assert_eq!(library.find(&["--text", typed]), found, "{typed}: {name}");
        }
    }
    library.facetag(["find", "grossm"]).ends(2);
    library.facetag(["find", "ross"]).ends(2);
}

#[test]
fn by_a_date_that_you_gave() {
    let library = album();
    let in_1955 = || library.find(&["--since", "1955", "--until", "1955"]);
    library.facetag(["date", "photos/none.jpg", "photos/1.jpg", "June 1955"]).well();
    assert_eq!(in_1955(), ["1.jpg", "none.jpg"]);
    assert_eq!(library.find(&["--text", "1955-06"]), ["1.jpg", "none.jpg"]);
    assert!(library.find(&["--undated"]).is_empty());
    let why = library.facetag(["why", &library.face_id("none.jpg")]).well().stdout;
    assert!(why.contains("taken 1955-06, as you said"), "{why}");
    let shown = library.facetag(["show", &library.number("none.jpg"), "--json"]).well().json();
    assert!(shown.as_array().unwrap().iter().any(|seen| seen["taken_source"] == "decided"), "{shown}");
    // The newest word counts, also over EXIF.
    library.facetag(["date", "photos/lisbon.jpg", "1955-12-24 18:30"]).well();
    assert_eq!(in_1955(), ["1.jpg", "none.jpg", "lisbon.jpg"]);
    library.facetag(["date", "photos/lisbon.jpg", "--unknown"]).well();
    assert_eq!(in_1955(), ["1.jpg", "none.jpg"]);
    assert_eq!(library.find(&["--since", "2024-07-14", "--until", "2024-07-14"]), ["lisbon.jpg"]);
    for wrong in ["yesterday", "55", "1955-13", "1955-02-30", "June", "31 June 1955", "1955-06-03 25:00", "06/03/1955"]
    {
        library.facetag(["date", "photos/none.jpg", wrong]).fails_saying(&[wrong, "1955-06"]);
    }
    library.facetag(["date", "photos/none.jpg", "2150"]).fails_saying(&["yet to come"]);
    library.facetag(["date", "1955"]).fails_saying(&["photos before the date"]);
    let run = library.facetag(["date", "photos/nowhere.jpg", "photos/none.jpg", "1956"]).ends(1);
    assert!(run.stderr.contains("nowhere.jpg") && run.stderr.contains("facetag scan"), "{}", run.stderr);
    assert_eq!(library.find(&["--since", "1956", "--until", "1956"]), ["none.jpg"], "the others are dated");
    // All the photos in a folder.
    library.facetag(["date", "photos", "1957"]).well();
    assert_eq!(library.find(&["--since", "1957", "--until", "1957"]).len(), PHOTOS.len());
}

#[test]
fn a_circle_stands_for_its_people() {
    let library = album();
    library.facetag(["circle"]).ends(1);
    let third = library.export()["1.jpg"]["faces"][2]["group"].to_string();
    library.facetag(["circle", "The Presidents", "Barack", "Joe"]).well();
    library.facetag(["circle", "Others", &third]).fails_saying(&["no name yet"]);
    library.facetag(["circle", "Barack Obama", "Joe"]).fails_saying(&["name of a person"]);
    library.facetag(["circle", "Others"]).fails_saying(&["Others"]);
    library.facetag(["name", &third, "the presidents"]).fails_saying(&["name of a person or circle"]);
    // Somebody of it is in the photo.
    let either = library.find(&["--any", "Joe", "--any", "Barack"]);
    for who in ["The Presidents", "the présidents", "presidents"] {
        assert_eq!(library.find(&[who]), either, "{who}");
    }
    assert_eq!(library.find(&["--text", "presidents -joe"]), OBAMA);
    assert_eq!(library.find(&["--not", "Presidents"]).len(), PHOTOS.len() - either.len());
    assert_eq!(library.find(&["--any", "Presidents"]), either);
    assert_eq!(library.find(&["Presidents", "--only"]), library.find(&["--any", "Joe", "--any", "Barack", "--only"]));
    assert_eq!(library.find(&["Presidents", "Joe"]), library.find(&["Joe"]));
    let shown = library.facetag(["show", "Presidents", "--json"]).well().json();
    assert_eq!(shown.as_array().map(Vec::len), Some(7));
    assert_eq!(library.facetag(["share", "Presidents"]).well().json()["people"].as_array().map(Vec::len), Some(2));
    library.facetag(["review", "Presidents", "--json"]).well();
    // Where one person is meant, it says who may be.
    library.facetag(["rename", "The Presidents", "X"]).fails_saying(&["Barack", "Joe"]);
    library.facetag(["confirm", "The Presidents", "1"]).fails_saying(&["Barack", "Joe"]);

    // Members are who they are, whatever they are called.
    library.facetag(["rename", "Joe", "Joseph"]).well();
    let listed = library.facetag(["circle"]).well().stdout;
    assert!(listed.contains("Joseph"), "{listed}");
    library.facetag(["name", &third, "Somebody"]).well();
    library.facetag(["circle", "Everybody", "Presidents", "Somebody"]).well();
    library.facetag(["merge", "Somebody", "Joseph"]).well();
    let all = library.facetag(["circle", "--json"]).well().json();
    let names = |circle: usize| {
        let people = all[circle]["people"].as_array().unwrap();
        people.iter().map(|who| who["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((names(0), names(1)), (vec!["Barack Obama".into(), "Somebody".into()], names(0)));
    library.facetag(["circle", "Everybody", "--remove", "Carl"]).fails_saying(&["Carl"]);
    library.facetag(["circle", "Everybody", "--remove", "Presidents"]).fails_saying(&["--delete"]);
    library.facetag(["forget", "Somebody", "--yes"]).well();
    let all = library.facetag(["circle"]).well().stdout;
    assert!(!all.contains("Somebody") && all.contains("Barack"), "{all}");
    library.facetag(["circle", "Everybody", "--delete"]).well();
    assert_eq!(library.facetag(["circle", "--json"]).well().json().as_array().map(Vec::len), Some(1));
}

#[test]
fn what_cannot_be_understood_is_refused() {
    let library = album();
    library.facetag(["find"]).fails_saying(&["Usage"]);
    library.facetag(["find", "--json"]).fails_saying(&["Usage"]);
    for date in ["24", "2024-13", "2023-02-29", "July", "2024-7-1"] {
        library.facetag(["find", "--since", date]).fails_saying(&[date, "2024-07"]);
    }
    for mixed in [["--json", "--count"], ["--json", "-0"], ["-0", "--count"], ["--link=a", "--copy=b"]] {
        library.facetag(["find", "Barack"].iter().chain(&mixed)).fails_saying(&["cannot be used with"]);
    }
    assert!(!library.folder().join("a").exists());
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let library = album();
    for args in [&["find", "Barack"][..], &["find", "Barack", "--json"], &["people"], &["export"], &["show", "Barack"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = library.command(args);
        command.stdout(writer);
        // Before the command begins: it will find nobody there whenever it writes.
        drop(reader);
        let run = common::Run::of(command.output().unwrap()).well();
        assert_eq!(run.stderr, "", "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn an_album_of_links_is_numbered_by_date() {
    let library = album();
    let folder = library.folder().join("album");
    let make = || library.facetag(["find", "Barack", "--link", "album"]).well().stdout;
    let said = make();
    assert!(said.contains("5 links"), "{said}");
    let expected = [
        ("0001-2009-09-09-obama-2009.jpg", "obama-2009.jpg"),
        ("0002-2010-05-10-obama-2010.jpg", "obama-2010.jpg"),
        ("0003-2012-12-06-obama-2012.jpg", "obama-2012.jpg"),
        ("0004-2016-03-14-obama-2016.jpg", "obama-2016.jpg"),
        ("0005-1.jpg", "1.jpg"),
    ];
    assert_eq!(names(&folder), expected.map(|(name, _)| name));
    for (name, photo) in expected {
        assert_eq!(fs::read_link(folder.join(name)).unwrap(), library.photo(photo));
    }
    let said = make();
    assert!(said.contains("0 links") && said.contains("5 there already"), "{said}");
    assert_eq!(names(&folder).len(), 5);
}

#[test]
fn an_album_of_copies_never_overwrites() {
    let library = album();
    let folder = library.folder().join("new/album");
    fs::create_dir_all(&folder).unwrap();
    let alien = folder.join("0002-2010-05-10-obama-2010.jpg");
    fs::write(&alien, "mine").unwrap();
    let make = || library.facetag(["find", "Barack", "--not", "Joe", "--copy", "new/album"]).well().stdout;
    let expected = [
        "0001-2009-09-09-obama-2009.jpg",
        "0002-2010-05-10-obama-2010-2.jpg",
        "0002-2010-05-10-obama-2010.jpg",
        "0003-2012-12-06-obama-2012.jpg",
        "0004-2016-03-14-obama-2016.jpg",
    ];
    let said = make();
    assert!(said.contains("4 copies"), "{said}");
    let said = make();
    assert!(said.contains("0 copies") && said.contains("4 there already"), "{said}");

    assert_eq!(names(&folder), expected);
    assert_eq!(fs::read_to_string(alien).unwrap(), "mine");
    let copy = folder.join(expected[1]);
    assert_eq!(fs::read(&copy).unwrap(), fs::read(fixture("metadata/obama-2010.jpg")).unwrap());
    assert_eq!(modified(&copy), modified(&library.photo("obama-2010.jpg")), "a copy is as old as the photo");
    assert!(!fs::symlink_metadata(copy).unwrap().is_symlink());
}

#[test]
fn an_album_that_misses_a_photo_says_so() {
    let library = album();
    fs::remove_file(library.photo("obama-2012.jpg")).unwrap();
    for (how, album) in [("--link", "links"), ("--copy", "copies")] {
        let run = library.facetag(["find", "Barack", how, album]).ends(1);
        assert!(run.stderr.contains("obama-2012.jpg"), "{}", run.stderr);
        assert_eq!(names(&library.folder().join(album)).len(), 4, "the others are there");
    }
    library.facetag(["find", "--place", "Atlantis", "--link", "none"]).ends(1);
}

#[test]
fn an_album_is_made_or_refused_whatever_is_printed() {
    let library = album();
    for how in ["--json", "--count", "-0"] {
        let run = library.facetag(["find", "Joe", how, "--link", "album"]);
        let made = library.folder().join("album").is_dir();
        assert!(run.code == 2 || made, "{how}: the album was forgotten without a word");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| file_name(text(&entry.unwrap().path()))).collect();
    names.sort();
    names
}

/// The situation room has faces at the back that are too small and blurred to say whose they are.
#[test]
fn a_face_that_nobody_can_recognise_is_listed_and_left_to_the_user() {
    let library = album();
    let crowd = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/situation-room-2011.jpg");
    fs::copy(crowd, library.photos().join("crowd.jpg")).unwrap();
    library.scan();
    let count = || library.facetag(["stats", "--json"]).well().json()["unrecognisable"].as_u64().unwrap();
    let left_out = count();
    assert!(left_out > 0);
    assert_eq!(library.find(&["--unrecognisable"]), ["crowd.jpg"]);
    let faces = library.export()["crowd.jpg"]["faces"].clone();
    let groupless: Vec<String> = faces
        .as_array()
        .unwrap()
        .iter()
        .filter(|face| face["group"].is_null())
        .map(|face| face["id"].to_string())
        .collect();
    assert!(groupless.len() as u64 >= left_out, "they keep their boxes, and are in no group: {faces}");

    // Named by hand, they are found, and counted no more.
    for (index, face) in groupless.iter().enumerate() {
        library.facetag(["confirm", &format!("Guest {index}"), face]).well();
    }
    assert_eq!(library.find(&["Guest 0"]), ["crowd.jpg"]);
    assert_eq!(count(), 0);
    assert_eq!(library.find(&["--unrecognisable"]), [""; 0]);
}
