//! `facetag import`, `write` and `share`: names of other programs in, and ours out.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{Library, fixture, modified};
use serde_json::{Value, json};

/// digiKam's regions: Obama, McDonough, Clinton and Biden.
const DIGIKAM: &str = "metadata/regions-digikam.jpg";

/// From the left Biden, Obama and Webb, stored in eight ways.
const ORIENTATIONS: [&str; 8] = [
    "orientation/1.jpg",
    "orientation/2.jpg",
    "orientation/3.jpg",
    "orientation/4.jpg",
    "orientation/5.jpg",
    "orientation/6.jpg",
    "orientation/7.jpg",
    "orientation/8.jpg",
];

/// The names of the people, in order.
fn names(library: &Library) -> Vec<String> {
    let people = library.people();
    let mut names: Vec<String> =
        people.iter().filter_map(|person| person["name"].as_str()).map(str::to_owned).collect();
    names.sort();
    names
}

/// The names in a photo from the left to the right.
fn names_in(library: &Library, photo: &str) -> Vec<String> {
    let mut faces = library.export()[photo]["faces"].as_array().unwrap().clone();
    faces.sort_by(|a, b| a["box"][0].as_f64().unwrap().total_cmp(&b["box"][0].as_f64().unwrap()));
    faces.iter().filter_map(|face| face["person"]["name"].as_str()).map(str::to_owned).collect()
}

fn import(library: &Library, args: &[&str]) -> Value {
    library.facetag(["import", "--json"].iter().chain(args)).well().json()
}

/// Writes a sidecar beside a photo, see [`common::sidecar`].
fn sidecar(photo: &Path, extra: &str, regions: &[(&str, [f64; 4])]) {
    fs::write(beside(photo), common::sidecar(extra, regions)).unwrap();
}

/// `IMG.jpg` -> `IMG.jpg.xmp`
fn beside(photo: &Path) -> std::path::PathBuf {
    let mut name = photo.file_name().unwrap().to_owned();
    name.push(".xmp");
    photo.with_file_name(name)
}

/// The box of the largest face of a photo.
fn main_box(library: &Library, photo: &str) -> [f64; 4] {
    let bounds = library.main_face(photo)["box"].clone();
    std::array::from_fn(|index| bounds[index].as_f64().unwrap())
}

/// What exiftool reads from a file, if it is there.
fn exiftool(path: &Path) -> Option<Value> {
    let output = Command::new("exiftool").args(["-json", "-struct", "-n", "-XMP:all"]).arg(path).output();
    let output = match output {
        Ok(output) => output,
        Err(_) if std::env::var_os("FACETAG_NEEDS_BROWSER").is_none() => {
            eprintln!("exiftool is not installed: what it reads is left out");
            return None;
        }
        Err(error) => panic!("exiftool: {error}"),
    };
    Some(serde_json::from_slice::<Value>(&output.stdout).unwrap()[0].clone())
}

#[test]
fn one_import_is_one_decision() {
    let library = Library::scanned(&[DIGIKAM]);
    let before = library.state();
    let found = import(&library, &["--dry-run"]);
    assert_eq!((&found["tagged"], &found["drawn"]), (&json!(4), &json!(0)), "{found}");
    assert_eq!(library.state(), before);

    import(&library, &[]);
    assert_eq!(names(&library), ["Barack Obama", "Denis McDonough", "Hillary Clinton", "Joseph R Biden"]);
    assert_eq!(library.journal().len(), 1);
    let again = import(&library, &[]);
    assert_eq!((&again["tagged"], &again["known"]), (&json!(0), &json!(4)));
    assert_eq!(library.journal().len(), 1);

    library.facetag(["undo"]).well();
    assert!(names(&library).is_empty());
    library.facetag(["redo"]).well();
    assert_eq!(names(&library).len(), 4);
    library.facetag(["scan", "--rebuild", "--quiet"]).well();
    assert_eq!(names(&library).len(), 4);
}

#[test]
fn what_you_decided_later_stays() {
    let library = Library::scanned(&[DIGIKAM]);
    import(&library, &[]);
    let obama = library.person("Barack Obama");
    let shown = library.facetag(["find", "Barack Obama", "--json"]).well().json();
    assert_eq!(shown.as_array().map(Vec::len), Some(1), "{shown}");
    let faces = library.export()["regions-digikam.jpg"]["faces"].as_array().unwrap().clone();
    let face = faces.iter().find(|face| face["person"]["name"] == "Barack Obama").unwrap()["id"].to_string();
    library.facetag(["reject", &obama["id"].to_string(), &face]).well();
    let again = import(&library, &[]);
    assert_eq!((&again["tagged"], &again["kept"]), (&json!(0), &json!(1)), "{again}");
    assert!(!names_in(&library, "regions-digikam.jpg").contains(&"Barack Obama".to_owned()));
}

#[test]
fn a_later_scan_imports_what_is_new() {
    let library = Library::scanned(&[DIGIKAM]);
    let offered = library.facetag(["scan"]).well().stdout;
    assert!(!offered.contains("import"), "nothing was read: {offered}");
    import(&library, &[]);
    let photo = library.put("orientation/6.jpg");
    fs::copy(fixture("orientation/6.jpg"), &photo).unwrap();
    sidecar(&photo, "", &[("Marshall Webb", [0.28, 0.1, 0.2, 0.1]), ("Rex", [0.9, 0.9, 0.05, 0.05])]);
    let scanned = library.facetag(["scan"]).well().stdout;
    assert!(scanned.contains("imported"), "{scanned}");
    assert!(names(&library).contains(&"Rex".to_owned()), "what no detector saw is drawn");
    library.facetag(["undo"]).well();
    assert!(!names(&library).contains(&"Rex".to_owned()));
    library.facetag(["scan"]).well();
    assert!(!names(&library).contains(&"Rex".to_owned()), "whoever takes it back does not want it again");
}

#[test]
fn whole_heads_and_other_sidecars_are_matched() {
    let library = Library::scanned(&["metadata/none.jpg", "metadata/obama-2010.jpg"]);
    let [x, y, width, height] = main_box(&library, "none.jpg");
    let (left, top) = ((x - 0.4 * width).max(0.0), (y - 0.6 * height).max(0.0));
    let head = [left, top, x + 1.4 * width - left, y + 1.2 * height - top];
    // The double of a region, and names for regions that are none.
    let photo = library.photo("none.jpg");
    sidecar(&photo, "", &[("Grace Hopper", head), ("Grace Hopper", head), ("Unknown", [0.0, 0.0, 0.1, 0.1])]);
    let other = library.photo("obama-2010.jpg");
    let derived = "<m:DerivedFrom xmlns:m='http://ns.adobe.com/xap/1.0/mm/'>obama.jpg</m:DerivedFrom>";
    sidecar(&other, derived, &[("Somebody Else", main_box(&library, "obama-2010.jpg"))]);
    let found = import(&library, &[]);
    assert_eq!((&found["tagged"], &found["drawn"]), (&json!(1), &json!(0)), "{found}");
    assert_eq!(names(&library), ["Grace Hopper"]);
}

#[test]
fn picasas_folders_are_understood() {
    let library = Library::scanned(&["metadata/none.jpg"]);
    let [x, y, width, height] = main_box(&library, "none.jpg");
    let corner = |number: f64| format!("{:04x}", (number.clamp(0.0, 0.9999) * 65536.0) as u16);
    let rectangle = [x, y, x + width, y + height].map(corner).concat();
    let ini = format!("[Contacts2]\nabc1=Grace Hopper;;\n[none.jpg]\nfaces=rect64({rectangle}),abc1\n");
    fs::write(library.photos().join(".picasa.ini"), ini).unwrap();
    assert_eq!(import(&library, &["--from", "xmp", "--dry-run"])["tagged"], 0);
    import(&library, &["--from", "picasa"]);
    assert_eq!(names_in(&library, "none.jpg"), ["Grace Hopper"]);
}

#[test]
fn names_without_boxes_find_their_faces() {
    let library = Library::scanned(&["metadata/obama-2009.jpg", "metadata/obama-2012.jpg", "metadata/none.jpg"]);
    for (photo, name) in [("obama-2009.jpg", "Barack"), ("obama-2012.jpg", "Barack"), ("none.jpg", "Grace")] {
        let json = json!({"title": photo, "people": [{"name": name}]});
        fs::write(library.photos().join(format!("{photo}.supplemental-metadata.json")), json.to_string()).unwrap();
    }
    let found = import(&library, &["--from", "takeout"]);
    assert_eq!(found["inferred"], 3, "{found}");
    assert_eq!(names(&library), ["Barack", "Grace"]);
    let why = library.facetag(["why", &library.face_id("obama-2012.jpg")]).well().stdout;
    assert!(why.contains("without saying where"), "{why}");
    assert_eq!(import(&library, &["--from", "takeout"])["inferred"], 0);
}

#[test]
fn damaged_metadata_is_told_and_passed_over() {
    let library = Library::scanned(&["metadata/none.jpg", DIGIKAM]);
    fs::write(beside(&library.photo("none.jpg")), "<x:xmpmeta><rdf").unwrap();
    let run = library.facetag(["import"]).ends(1);
    assert!(run.stderr.contains("none.jpg.xmp"), "{}", run.stderr);
    assert_eq!(names(&library).len(), 4);
    let other = library.photos().join("other.json");
    fs::write(&other, "{\"facetag\": \"names\", \"version\": 99, \"people\": []}").unwrap();
    library.facetag(["import", other.to_str().unwrap()]).fails_saying(&["other.json", "newer"]);
}

#[test]
fn regions_are_right_in_all_orientations() {
    let library = Library::scanned(&ORIENTATIONS);
    let biden = library.export()["1.jpg"]["faces"][0]["group"].to_string();
    library.facetag(["name", &biden, "Joe & Co"]).well();
    library.facetag(["write", "--all"]).well();
    for photo in ORIENTATIONS {
        let photo = library.photo(photo.rsplit('/').next().unwrap());
        let Some(read) = exiftool(&beside(&photo)) else { return };
        assert_eq!(read["RegionInfo"]["RegionList"][0]["Name"], "Joe & Co", "{read}");
        for field in ["PersonInImage", "TagsList", "HierarchicalSubject"] {
            let name = read[field][0].as_str().unwrap();
            assert!(name.ends_with("Joe & Co"), "{field}: {read}");
        }
        let rectangle = read["RegionInfoMP"]["Regions"][0]["Rectangle"].as_str().unwrap();
        assert_eq!(rectangle.split(',').count(), 4);
        let exiv2 = Command::new("exiv2").args(["-q", "-PXkt", "pr"]).arg(beside(&photo)).output();
        if let Ok(exiv2) = exiv2 {
            assert!(String::from_utf8_lossy(&exiv2.stdout).contains("Joe & Co"), "{exiv2:?}");
        }
    }
    // Read back by a library that knows nothing: each region lies on the face.
    let fresh = Library::scanned(&ORIENTATIONS);
    for photo in ORIENTATIONS {
        let name = photo.rsplit('/').next().unwrap();
        fs::copy(beside(&library.photo(name)), beside(&fresh.photo(name))).unwrap();
    }
    let found = import(&fresh, &[]);
    assert_eq!((&found["tagged"], &found["drawn"]), (&json!(8), &json!(0)), "{found}");
}

#[test]
fn a_photo_with_names_in_it_is_the_same_photo() {
    let library =
        Library::scanned(&["orientation/6.jpg", "formats/rgb8.png", "formats/lossless.webp", "formats/lzw.tif"]);
    let faces = library.export()["6.jpg"]["faces"].as_array().unwrap().clone();
    library.facetag(["name", &faces[0]["group"].to_string(), "Anna"]).well();
    library.facetag(["name", &library.number("rgb8.png"), "Grace"]).well();
    let photo = library.photo("6.jpg");
    let (before, time) = (fs::read(&photo).unwrap(), modified(&photo));
    let untouched = fs::read(library.photo("lzw.tif")).unwrap();

    library.facetag(["write", "--all", "--into-files", "--dry-run"]);
    assert_eq!(fs::read(&photo).unwrap(), before);
    let run = library.facetag(["write", "--all", "--into-files"]).ends(1);
    assert!(run.stderr.contains("lzw.tif") && run.stderr.contains("sidecar"), "{}", run.stderr);
    assert_eq!(fs::read(library.photo("lzw.tif")).unwrap(), untouched);
    assert!(beside(&library.photo("lzw.tif")).exists());

    let after = fs::read(&photo).unwrap();
    assert_ne!(after, before);
    assert_eq!(modified(&photo), time);
    let pixels = before.windows(2).position(|two| two == [0xff, 0xdb]).unwrap();
    assert!(after.ends_with(&before[pixels..]), "every byte behind the metadata is as it was");
    for name in ["6.jpg", "rgb8.png", "lossless.webp"] {
        let path = library.photo(name);
        if let Some(read) = exiftool(&path) {
            assert!(read["RegionInfo"]["RegionList"][0]["Name"].is_string(), "{name}: {read}");
        }
    }

    // The same faces with the same numbers, for the next scan too; and what was decided can be taken back.
    let same = |library: &Library| {
        let now = library.export()["6.jpg"]["faces"].as_array().unwrap().clone();
        let ids = |faces: &[Value]| faces.iter().map(|face| face["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&now), ids(&faces));
    };
    same(&library);
    let scanned = library.scan();
    assert_eq!((&scanned["photos"], &scanned["unchanged"]), (&json!(0), &json!(4)), "{scanned}");
    same(&library);
    let rebuilt = library.facetag(["scan", "--rebuild", "--quiet"]).well();
    assert_eq!(names(&library), ["Anna", "Grace"], "{}", rebuilt.stderr);

    library.facetag(["rename", "Anna", "Anne"]).well();
    library.facetag(["write", "Anne", "--into-files"]).well();
    if let Some(read) = exiftool(&photo) {
        assert_eq!(read["PersonInImage"], json!(["Anne"]));
        assert_eq!(read["RegionInfo"]["RegionList"].as_array().map(Vec::len), Some(1), "{read}");
    }
    assert_eq!(names_in(&library, "6.jpg"), ["Anne"]);
}

#[test]
fn what_other_programs_wrote_stays() {
    let library = Library::scanned(&["metadata/none.jpg"]);
    let photo = library.photo("none.jpg");
    let bounds = main_box(&library, "none.jpg");
    let keep = "<dc:title xmlns:dc='http://purl.org/dc/elements/1.1/'><rdf:Alt><rdf:li xml:lang='x-default'>Amazing</rdf:li>\
                </rdf:Alt></dc:title><iptc:PersonInImage><rdf:Bag><rdf:li>Somebody</rdf:li></rdf:Bag></iptc:PersonInImage>";
    sidecar(&photo, keep, &[("Grace", bounds), ("Dog", [0.0, 0.9, 0.1, 0.1])]);
    library.name("none.jpg", "grace");
    library.facetag(["write", "grace"]).well();
    let Some(read) = exiftool(&beside(&photo)) else { return };
    assert_eq!(read["RegionInfo"]["RegionList"].as_array().map(Vec::len), Some(2), "no region twice: {read}");
    assert_eq!((&read["Title"], &read["Rating"]), (&json!("Amazing"), &json!(4)));
    assert_eq!(read["PersonInImage"], json!(["Somebody", "grace"]));
    let written = fs::read(beside(&photo)).unwrap();
    library.facetag(["write", "--all"]).well();
    assert_eq!(fs::read(beside(&photo)).unwrap(), written, "again changes nothing");

    library.facetag(["reject", "grace", &library.face_id("none.jpg")]).well();
    library.facetag(["write", "--all"]).well();
    let read = exiftool(&beside(&photo)).unwrap();
    assert_eq!(read["PersonInImage"], json!(["Somebody"]));
    assert_eq!(read["RegionInfo"]["RegionList"].as_array().map(Vec::len), Some(2), "theirs stay: {read}");
}

/// `orientation/6.jpg` with entries of another program.
const OTHERS: &str = "metadata/regions-of-others.jpg";

/// The names in each field, sorted: regions of MWG and of Microsoft, PersonInImage, digiKam's and Lightroom's keywords.
fn fields(path: &Path) -> Option<[Vec<String>; 5]> {
    let read = exiftool(path)?;
    let texts = |list: &Value, field: &str, start: &str| -> Vec<String> {
        let items = list.as_array().cloned().unwrap_or_default();
        let text = |item: &Value| match field {
            "" => item.as_str().map(str::to_owned),
            field => item[field].as_str().map(str::to_owned),
        };
        let mut texts: Vec<String> = items.iter().filter_map(text).collect();
        texts.retain(|text| text.starts_with(start));
        texts.iter_mut().for_each(|text| drop(text.drain(..start.len())));
        texts.sort();
        texts
    };
    Some([
        texts(&read["RegionInfo"]["RegionList"], "Name", ""),
        texts(&read["RegionInfoMP"]["Regions"], "PersonDisplayName", ""),
        texts(&read["PersonInImage"], "", ""),
        texts(&read["TagsList"], "", "People/"),
        texts(&read["HierarchicalSubject"], "", "People|"),
    ])
}

/// What each field must hold: the names of the library in the photo, and what another program has there.
fn expected(library: &Library) -> [Vec<String>; 5] {
    let listed = names(library);
    let ours: Vec<String> =
        names_in(library, "regions-of-others.jpg").into_iter().filter(|name| listed.contains(name)).collect();
    [(&["Rex"][..], true), (&["Rex"], true), (&["Somebody"], false), (&["Somebody"], false), (&[], false)].map(
        |(theirs, has_boxes)| {
            let theirs = theirs.iter().map(|&name| name.to_owned()).filter(|name| !ours.contains(name));
            let mut all: Vec<String> = theirs.chain(ours.iter().cloned()).collect();
            all.sort();
            if !has_boxes {
                all.dedup();
            }
            all
        },
    )
}

/// A packet as a program leaves it that rounds, and keeps nothing that it does not know.
fn rewritten(packet: &str) -> String {
    let end = "</facetag:Written>";
    let packet = match (packet.find("<facetag:Written"), packet.find(end)) {
        (Some(from), Some(to)) => format!("{}{}", &packet[..from], &packet[to + end.len()..]),
        _ => packet.to_owned(),
    };
    let parts = packet.split("0.").enumerate().map(|(index, part)| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        if index == 0 || digits <= 4 { part.to_owned() } else { format!("{}{}", &part[..4], &part[digits..]) }
    });
    parts.collect::<Vec<_>>().join("0.")
}

/// In whatever order names are written into files and sidecars, and changed in between: in the end both say what the library says,
/// and what another program wrote.
#[test]
fn files_and_sidecars_follow_the_library() {
    let name = "regions-of-others.jpg";
    let mut named = None;
    for sequence in [
        "files reject",
        "sidecar files rename sidecar rename",
        "sidecar merge files undo",
        "sidecar files undo undo",
        "files hide sidecar undo",
        "files forget",
        "sidecar delete rename",
        "sidecar files delete rename files",
        "files edit-file rename",
        "sidecar edit-sidecar reject files",
        "files rating rename",
        "rating sidecar reject files undo",
        "sidecar files other-library reject",
        "files touch rename",
    ] {
        let mut library = Library::scanned(&[OTHERS]);
        named.get_or_insert_with(|| {
            let faces = library.export()[name]["faces"].as_array().unwrap().clone();
            for (face, person) in faces.iter().zip(["Anna", "Ben", "Carl"]) {
                library.facetag(["name", &face["group"].to_string(), person]).well();
            }
            (library.photos(), library.bytes())
        });
        if let Some((then, bytes)) = &named {
            library = Library::from_elsewhere(bytes, then);
            library.put(OTHERS);
        }
        let mut who = "Anna".to_owned();
        for step in sequence.split(' ').chain(["sidecar", "files"]) {
            let photo = library.photo(name);
            match step {
                "sidecar" => drop(library.facetag(["write", "--all"]).well()),
                "files" => drop(library.facetag(["write", "--all", "--into-files"]).well()),
                "rename" => {
                    let renamed = format!("{who} Renamed");
                    library.facetag(["rename", &who, &renamed]).well();
                    who = renamed;
                }
                "reject" => {
                    let faces = library.export()[name]["faces"].as_array().unwrap().clone();
                    let face =
                        faces.iter().find(|face| face["person"]["name"] == who.as_str()).unwrap()["id"].to_string();
                    library.facetag(["reject", &who, &face]).well();
                }
                "merge" => drop(library.facetag(["merge", "Anna", "Ben"]).well()),
                "hide" => drop(library.facetag(["hide", &who]).well()),
                "forget" => drop(library.facetag(["forget", &who, "--yes"]).well()),
                "undo" => drop(library.facetag(["undo"]).well()),
                "delete" => drop(fs::remove_file(beside(&photo))),
                "edit-sidecar" => {
                    fs::write(beside(&photo), rewritten(&fs::read_to_string(beside(&photo)).unwrap())).unwrap();
                }
                "edit-file" => {
                    let Ok(read) = Command::new("exiftool").args(["-b", "-XMP"]).arg(&photo).output() else { return };
                    let packet = library.folder().join("packet.xmp");
                    fs::write(&packet, rewritten(&String::from_utf8(read.stdout).unwrap())).unwrap();
                    let from = format!("-XMP<={}", packet.display());
                    let run = Command::new("exiftool").args(["-q", "-overwrite_original", &from]).arg(&photo).status();
                    assert!(run.unwrap().success());
                    library.scan();
                }
                // A sidecar in which another program keeps something else.
                "rating" => {
                    let packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF \
                                  xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' \
                                  xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='3'/></rdf:RDF></x:xmpmeta>";
                    fs::write(beside(&photo), packet).unwrap();
                }
                // The same photo in a library that knows nothing of the first one.
                "other-library" => {
                    let other = Library::new();
                    fs::copy(&photo, other.photo(name)).unwrap();
                    let _ = fs::copy(beside(&photo), beside(&other.photo(name)));
                    other.scan();
                    import(&other, &[]);
                    library = other;
                }
                "touch" => {
                    fs::write(&photo, [&fs::read(&photo).unwrap()[..], b"more"].concat()).unwrap();
                    library.scan();
                }
                unknown => panic!("{unknown}"),
            }
        }
        let photo = library.photo(name);
        for path in [photo.clone(), beside(&photo)].into_iter().filter(|path| path.exists()) {
            let Some(found) = fields(&path) else { return };
            assert_eq!(found, expected(&library), "{sequence}: {}", path.display());
        }
        if sequence.contains("rating") {
            assert_eq!(exiftool(&beside(&photo)).unwrap()["Rating"], 3, "{sequence}");
        }
    }
}

/// A sidecar hides what is in the photo, list by list: what it says must be whole, for programs that look at nothing else.
#[test]
fn a_sidecar_says_all_that_the_photo_says() {
    let library = Library::scanned(&[OTHERS]);
    let photo = library.photo("regions-of-others.jpg");
    let packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
                  <rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='3'/></rdf:RDF></x:xmpmeta>";
    let face = &library.export()["regions-of-others.jpg"]["faces"][0];
    library.facetag(["name", &face["group"].to_string(), "Anna"]).well();
    library.facetag(["write", "--all", "--into-files"]).well();
    fs::write(beside(&photo), packet).unwrap();
    library.facetag(["write", "--all"]).well();
    let Some(read) = fields(&beside(&photo)) else { return };
    assert_eq!(read, expected(&library));

    // A name that is no longer right stays in a file that nobody asked to change, and is hidden there.
    library.facetag(["reject", "Anna", &face["id"].to_string()]).well();
    let before = fs::read(&photo).unwrap();
    let said = library.facetag(["write", "--all"]).well().stdout;
    assert!(said.contains("1 photo still has names") && said.contains("--into-files"), "{said}");
    assert_eq!((fs::read(&photo).unwrap() == before, fields(&beside(&photo)).unwrap()), (true, expected(&library)));
    let other = Library::new();
    fs::copy(&photo, other.photo("regions-of-others.jpg")).unwrap();
    fs::copy(beside(&photo), beside(&other.photo("regions-of-others.jpg"))).unwrap();
    other.scan();
    import(&other, &[]);
    assert!(!names(&other).contains(&"Anna".to_owned()), "{:?}", names(&other));
    library.facetag(["write", "--all", "--into-files"]).well();
    assert_eq!(fields(&photo).unwrap(), expected(&library));
}

/// `IMG.xmp` beside `IMG.jpg` and another photo of this name is the one's as much as the other's.
#[test]
fn two_photos_do_not_share_a_sidecar() {
    let library = Library::new();
    for (fixture, name) in [("metadata/obama-2010.jpg", "a.jpg"), ("formats/rgb8.png", "a.png")] {
        library.put_as(fixture, name);
    }
    library.scan();
    for photo in ["a.jpg", "a.png"] {
        library.name(photo, &photo.replace('.', " "));
    }
    let shared = library.photo("a.xmp");
    sidecar(&shared.with_extension(""), "", &[("Rex", [0.0, 0.0, 0.1, 0.1])]);
    let before = fs::read(&shared).unwrap();
    for _ in 0..2 {
        library.facetag(["write", "--all"]).well();
        assert_eq!(fs::read(&shared).unwrap(), before);
        for photo in ["a.jpg", "a.png"] {
            let Some([regions, ..]) = fields(&beside(&library.photo(photo))) else { return };
            assert_eq!(regions, ["Rex".to_owned(), photo.replace('.', " ")]);
        }
    }
    assert!(library.facetag(["write", "--all"]).well().stdout.contains("written before"));
}

/// Two copies of one photo, beside one of which another program has the same entries that facetag writes beside the other.
#[test]
fn copies_of_a_photo_have_sidecars_of_their_own() {
    let library = Library::new();
    for name in ["a.jpg", "b.jpg"] {
        library.put_as("metadata/obama-2010.jpg", name);
    }
    library.scan();
    library.name("a.jpg", "Anna");
    let theirs = beside(&library.photo("b.jpg"));
    library.facetag(["write", "--all"]).well();
    let text = rewritten(&fs::read_to_string(&theirs).unwrap());
    fs::remove_file(beside(&library.photo("a.jpg"))).unwrap();
    fs::remove_file(&theirs).unwrap();
    // As if nothing had been written there.
    library.facetag(["reject", "Anna", &library.face_id("a.jpg")]).well();
    library.facetag(["write", "--all"]).well();
    library.facetag(["undo"]).well();
    fs::write(&theirs, &text).unwrap();
    for _ in 0..2 {
        library.facetag(["write", "--all"]).well();
        assert_eq!(fs::read_to_string(&theirs).unwrap(), text, "nothing there is facetag's");
    }
    library.facetag(["rename", "Anna", "Anne"]).well();
    library.facetag(["write", "--all"]).well();
    let Some(read) = fields(&theirs) else { return };
    assert_eq!(read[0], ["Anna"], "another program's stays");
    assert_eq!(fields(&beside(&library.photo("a.jpg"))).unwrap()[0], ["Anne"]);
}

/// Of a name without a box that is in the photo, the boxes are still news to other programs.
#[test]
fn names_in_one_more_form_are_counted() {
    let library = Library::scanned(&[OTHERS]);
    let photo = library.photo("regions-of-others.jpg");
    let face = library.export()["regions-of-others.jpg"]["faces"][0].clone();
    library.facetag(["name", &face["group"].to_string(), "Anna"]).well();
    let [x, y, width, height] = std::array::from_fn(|index| face["box"][index].as_f64().unwrap());
    // Stored with orientation 6: upright (x, y) was (y, 1 - x) there.
    sidecar(&photo, "", &[("Anna", [y, 1.0 - x - width, height, width])]);
    let said = library.facetag(["write", "--all"]).well().stdout;
    assert!(said.contains("1 sidecar written: 1 name added"), "{said}");
}

#[test]
fn names_are_shared_by_photo_and_box() {
    let photos = ["metadata/none.jpg", "metadata/obama-2010.jpg"];
    let library = Library::scanned(&photos);
    library.name("none.jpg", "Grace");
    library.name("obama-2010.jpg", "Barack");
    // Written into the photo, its content is another; the other library has the old one.
    library.facetag(["write", "Grace", "--into-files"]).well();
    let shared = library.facetag(["share"]).well();
    assert_eq!(shared.json()["people"].as_array().map(Vec::len), Some(2));
    let only = library.facetag(["share", "Grace"]).well().json();
    assert_eq!(only["people"].as_array().map(Vec::len), Some(1));

    let other = Library::scanned(&photos);
    let file = other.folder().join("names.json");
    fs::write(&file, &shared.stdout).unwrap();
    let found = import(&other, &[file.to_str().unwrap()]);
    assert_eq!(found["tagged"], 2, "{found}");
    assert_eq!(
        (names_in(&other, "none.jpg"), names_in(&other, "obama-2010.jpg")),
        (vec!["Grace".into()], vec!["Barack".into()])
    );
}

#[test]
fn what_lies_beside_a_photo_says_when_and_where() {
    let library = Library::scanned(&["metadata/none.jpg", "metadata/obama-2010.jpg", "orientation/1.jpg"]);
    let taken = |photo: &str| library.export()[photo]["taken"].as_str().unwrap_or("-").to_owned();
    let obama = taken("obama-2010.jpg");
    for photo in ["none.jpg", "obama-2010.jpg"] {
        let json = json!({"title": photo, "photoTakenTime": {"timestamp": "1655389200"},
            "geoData": {"latitude": 38.7139, "longitude": -9.1394}});
        fs::write(library.photos().join(format!("{photo}.supplemental-metadata.json")), json.to_string()).unwrap();
    }
    let scanned = library.scan();
    assert_eq!((&scanned["photos"], &scanned["reread"]), (&json!(0), &json!(2)), "{scanned}");
    assert_eq!((taken("none.jpg"), taken("obama-2010.jpg")), ("2022-06-16T14:20:00+00:00".into(), obama.clone()));
    assert!(library.find(&["--place", "Lisbon"]).contains(&"none.jpg".to_owned()));
    let why = library.facetag(["why", &library.face_id("none.jpg")]).well().stdout;
    assert!(why.contains("as Google Takeout says"), "{why}");
    assert_eq!(library.scan()["reread"], 0);

    // A sidecar counts more than Takeout, and less than EXIF.
    let sidecar = |photo: &str, date: &str| {
        let packet = format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description \
             xmlns:exif='http://ns.adobe.com/exif/1.0/' exif:DateTimeOriginal='{date}' exif:GPSLatitude='48,51.5N' \
             exif:GPSLongitude='2,17.7E'/></rdf:RDF></x:xmpmeta>"
        );
        fs::write(beside(&library.photo(photo)), packet).unwrap();
    };
    for photo in ["none.jpg", "obama-2010.jpg", "1.jpg"] {
        sidecar(photo, "1955-06");
    }
    assert_eq!(library.scan()["reread"], 3);
    assert_eq!(
        (taken("none.jpg"), taken("1.jpg"), taken("obama-2010.jpg")),
        ("1955-06".into(), "1955-06".into(), obama.clone())
    );
    assert_eq!(library.find(&["--place", "Paris"]), ["1.jpg", "none.jpg"]);
    sidecar("1.jpg", "1956-07-08T09:10:11+02:00");
    assert_eq!(library.scan()["reread"], 1);
    assert_eq!(taken("1.jpg"), "1956-07-08T09:10:11+02:00");
    library.facetag(["scan", "--rebuild"]).well();
    assert_eq!((taken("none.jpg"), taken("1.jpg")), ("1955-06".into(), "1956-07-08T09:10:11+02:00".into()));
    fs::remove_file(beside(&library.photo("1.jpg"))).unwrap();
    fs::remove_file(beside(&library.photo("none.jpg"))).unwrap();
    library.scan();
    assert_eq!((taken("1.jpg"), taken("none.jpg")), ("-".into(), "2022-06-16T14:20:00+00:00".into()));
    assert!(library.find(&["--place", "Paris"]).is_empty());
}

/// A sidecar that another program edits without a change of size and time.
#[test]
fn an_edit_that_keeps_size_and_time_is_noticed() {
    let library = Library::scanned(&["metadata/none.jpg"]);
    let photo = library.photo("none.jpg");
    let write = |date: &str| {
        let extra = format!(
            "<photoshop:DateCreated xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/'>{date}</photoshop:DateCreated>"
        );
        sidecar(&photo, &extra, &[]);
        common::set_times(&beside(&photo), fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH));
    };
    let taken = || library.export()["none.jpg"]["taken"].clone();
    write("1955-06");
    library.scan();
    assert_eq!(taken(), "1955-06");
    write("1956-07");
    library.scan();
    assert_eq!(taken(), "1956-07");
}

/// A circle is no person: where one person is meant, facetag says so; and no import makes a person of its name.
#[test]
fn a_circle_keeps_its_name() {
    let library = Library::scanned(&[DIGIKAM]);
    let faces = library.export()["regions-digikam.jpg"]["faces"].as_array().unwrap().clone();
    library.facetag(["name", &faces[0]["group"].to_string(), "Anna"]).well();
    library.facetag(["circle", "Barack Obama", "Anna"]).well();
    let said = library.facetag(["import"]).well().stdout;
    assert!(said.contains("Barack Obama is the name of a circle"), "{said}");
    assert!(!names(&library).contains(&"Barack Obama".to_owned()), "{said}");
}
