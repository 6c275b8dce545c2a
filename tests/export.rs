//! `facetag export` and `--json`: the contract with other programs, as docs/export.md and docs/json.md have it.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};

use common::{BIDEN, HOPPER, Library, overlap, people, text};
use serde_json::{Value, json};

const PHOTOS: [&str; 4] =
    ["metadata/lisbon.jpg", "metadata/obama-2010.jpg", "metadata/obama-2009.jpg", "metadata/regions-digikam.jpg"];

fn library() -> Library {
    Library::scanned(&PHOTOS)
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn it_has_what_the_contract_says_and_no_more() {
    let library = library();
    let number: i64 = library.name("obama-2010.jpg", "Barack Obama").parse().unwrap();
    let export = library.facetag(["export", "--format", "json"]).well().json();
    assert_eq!(keys(&export), ["version", "pack", "photos"].into());
    assert_eq!((&export["version"], &export["pack"]), (&1.into(), &"open".into()));
    let photos = export["photos"].as_array().unwrap();
    assert_eq!(photos.len(), 4);
    let mut ids = BTreeSet::new();
    for photo in photos {
        assert_eq!(keys(photo), ["path", "hash", "width", "height", "taken", "gps", "faces"].into());
        for face in photo["faces"].as_array().unwrap() {
            assert_eq!(keys(face), ["id", "box", "score", "quality", "group", "person", "state"].into());
            let bounds: Vec<f64> = face["box"].as_array().unwrap().iter().map(|side| side.as_f64().unwrap()).collect();
            let [x, y, width, height] = bounds[..] else { panic!("{face}") };
            assert!(width > 0.0 && height > 0.0 && x >= 0.0 && y >= 0.0, "{face}");
            assert!(x + width <= 1.00001 && y + height <= 1.00001, "{face}");
            for part in ["score", "quality"] {
                assert!((0.0..=1.0).contains(&face[part].as_f64().unwrap()), "{face}");
            }
            // A face that shows too little to know anybody by is in no group.
            assert!(face["group"].is_null() || face["group"].as_i64().unwrap() > 0, "{face}");
            assert_eq!(face["person"].is_null(), face["state"].is_null(), "{face}");
            assert!(ids.insert(face["id"].as_i64().unwrap()), "an id is one face");
        }
    }
    let face = library.face("obama-2010.jpg");
    assert_eq!(face["person"], json!({"id": number, "name": "Barack Obama"}));
    assert_eq!((&face["group"], &face["state"]), (&number.into(), &"confirmed".into()));
}

#[test]
fn a_photo_is_described_as_it_is() {
    let library = library();
    let export = library.export();
    for (name, photo) in &export {
        let path = library.photo(name);
        assert_eq!(photo["path"], path.to_str().unwrap());
        assert_eq!(photo["hash"], blake3::hash(&fs::read(path).unwrap()).to_hex().as_str(), "{name}");
    }
    let lisbon = &export["lisbon.jpg"];
    assert_eq!((&lisbon["width"], &lisbon["height"]), (&160.into(), &200.into()));
    assert_eq!(lisbon["taken"], "2024-07-14T18:30:05+01:00");
    let gps = [0, 1].map(|axis| lisbon["gps"][axis].as_f64().unwrap());
    assert!((gps[0] - 38.7139).abs() < 1e-4 && (gps[1] + 9.1394).abs() < 1e-4, "latitude, then longitude: {gps:?}");
    assert_eq!(export["obama-2010.jpg"]["taken"], "2010-05-10T10:04:01", "no offset is none");
    assert_eq!(export["regions-digikam.jpg"]["gps"], Value::Null);
}

/// Where digiKam's user drew the faces in the same photo, see tests/fixtures/README.md.
#[test]
fn boxes_lie_where_the_people_are() {
    let library = library();
    let portrait = library.face("obama-2010.jpg")["group"].clone();
    let faces = library.export()["regions-digikam.jpg"]["faces"].as_array().unwrap().clone();
    for (name, region) in [
        ("Joseph R Biden", json!([0.07, 0.372, 0.0433333, 0.094])),
        ("Barack Obama", json!([0.313333, 0.354, 0.0386667, 0.072])),
        ("Denis McDonough", json!([0.47, 0.105, 0.0386667, 0.079])),
        ("Hillary Clinton", json!([0.749333, 0.43, 0.0626667, 0.108])),
    ] {
        let found = faces.iter().filter(|face| overlap(&face["box"], &region) > 0.5).collect::<Vec<_>>();
        assert_eq!(found.len(), 1, "{name} in {faces:?}");
        let is_barack = found[0]["group"] == portrait;
        assert_eq!(is_barack, name == "Barack Obama", "{name} is {}", found[0]);
    }
}

#[test]
fn embeddings_are_of_length_one_and_near_for_one_person() {
    let library = library();
    let export = library.facetag(["export", "--embeddings"]).well().json();
    let mut portraits = Vec::new();
    for photo in export["photos"].as_array().unwrap() {
        let faces = photo["faces"].as_array().unwrap();
        for face in faces {
            let embedding: Vec<f64> = serde_json::from_value(face["embedding"].clone()).unwrap();
            assert_eq!(embedding.len(), 128);
            let length = dot(&embedding, &embedding).sqrt();
            assert!((length - 1.0).abs() < 1e-4, "{length}");
            if faces.len() == 1 {
                portraits.push(embedding);
            }
        }
    }
    // By path: Lisbon is Hopper, then Obama twice.
    assert!(dot(&portraits[1], &portraits[2]) > 0.6);
    assert!(dot(&portraits[0], &portraits[1]) < 0.3);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn it_goes_into_a_file_that_is_not_there_yet() {
    let library = library();
    let told = library.facetag(["export"]).well().stdout;
    let written = library.facetag(["export", "-o", "export.json"]).well();
    assert_eq!(written.stdout, "");
    let file = library.folder().join("export.json");
    assert_eq!(fs::read_to_string(&file).unwrap(), told);
    fs::write(&file, "mine").unwrap();
    library.facetag(["export", "--output", "export.json"]).fails_saying(&["export.json"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    library.facetag(["export", "--format", "yaml"]).fails_saying(&["yaml", "json"]);
}

#[test]
fn an_empty_library_is_exported_as_one() {
    let library = Library::new();
    assert_eq!(library.facetag(["export"]).well().json(), json!({"version": 1, "pack": "open", "photos": []}));
}

/// The shapes in docs/json.md, by command.
fn shapes() -> Vec<(String, Value)> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let sections = page.split("\n## ").skip(1).flat_map(|section| {
        let (commands, rest) = section.split_once('\n').unwrap();
        let (shape, _) = rest.split_once("```json\n").unwrap().1.split_once("```").unwrap();
        let shape: Value = serde_json::from_str(shape).unwrap_or_else(|error| panic!("{commands}: {error}"));
        commands.split(", ").map(|command| (command.to_owned(), shape.clone())).collect::<Vec<_>>()
    });
    sections.collect()
}

/// What a command that goes on prints first.
fn first_json(library: &Library, args: &[&str]) -> Value {
    let mut child = library.command(args).spawn().unwrap();
    let (mut out, mut text) = (BufReader::new(child.stdout.take().unwrap()), String::new());
    let mut value = None;
    while value.is_none() && out.read_line(&mut text).unwrap() > 0 {
        value = serde_json::from_str(&text).ok();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    value.unwrap_or_else(|| panic!("{args:?} ended: {text}"))
}

#[track_caller]
fn fits(command: &str, shape: &Value, value: &Value) {
    assert!(value.as_array().is_none_or(|values| !values.is_empty()), "{command} has nothing to be compared");
    let mut found = Vec::new();
    misfits(shape, value, command, &mut found);
    assert!(found.is_empty(), "docs/json.md is not what {command} prints: {found:#?}");
}

/// Where a value is not of a shape.
fn misfits(shape: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    match (shape, value) {
        (Value::String(kind), value) => {
            let fits = match kind.trim_end_matches('?') {
                "any" => true,
                _ if value.is_null() => kind.ends_with('?'),
                "string" => value.is_string(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                _ => false,
            };
            if !fits {
                found.push(format!("{at}: {value} is no {kind}"));
            }
        }
        (Value::Array(shape), Value::Array(values)) => {
            values.iter().for_each(|value| misfits(&shape[0], value, &format!("{at}[]"), found));
        }
        (Value::Object(shape), Value::Object(values)) => {
            for key in shape.keys().filter(|key| *key != "*" && !key.ends_with('?') && !values.contains_key(*key)) {
                found.push(format!("{at}.{key} is not there"));
            }
            for (key, value) in values {
                let at = format!("{at}.{key}");
                match (shape.get(key), shape.get(&format!("{key}?")), shape.get("*")) {
                    (Some(shape), _, _) => misfits(shape, value, &at, found),
                    (None, Some(_), _) if value.is_null() => {}
                    (None, Some(shape), _) | (None, None, Some(shape)) => misfits(shape, value, &at, found),
                    (None, None, None) => found.push(format!("{at} is not described")),
                }
            }
        }
        (_, value) => found.push(format!("{at}: {value}, not of the shape {shape}")),
    }
}

/// What decides something, see [`decisions_print_json_as_described`].
const DECIDE: [&str; 15] = [
    "name",
    "rename",
    "merge",
    "hide",
    "ignore",
    "favourite",
    "born",
    "date",
    "reject",
    "confirm",
    "split",
    "cover",
    "face",
    "undo",
    "redo",
];

#[test]
fn every_command_prints_json_as_described() {
    let library = people();
    fs::write(library.photo("clip.mov"), "a video").unwrap();
    fs::write(library.photo("notes.txt"), "a text").unwrap();
    library.put("metadata/regions-digikam.jpg");
    let scan = library.scan();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.facetag(["circle", "Family", "Barack", "Joe"]).well();
    library.put("metadata/obama-2009.jpg");
    let face = library.face_id("obama-2010.jpg");
    let (photos, home, moved) = (library.photos(), library.home(), library.folder().join("moved"));
    for (command, shape) in shapes() {
        if DECIDE.contains(&command.as_str()) {
            continue;
        }
        let args: &[&str] = match command.as_str() {
            "scan" => {
                fits(&command, &shape, &scan);
                continue;
            }
            "watch" | "serve" => {
                let value = first_json(&library, &[&command, "--json"]);
                assert!(command == "serve" || value["photos"][0]["people"] == json!(["Barack"]), "{value}");
                fits(&command, &shape, &value);
                continue;
            }
            "service" => {
                // It may be running for whoever runs the tests.
                fits(&command, &shape, &library.facetag(["service", "status", "--json"]).json());
                continue;
            }
            "show" | "find" => &[&command, "Barack", "--json"],
            "album" => &["album", "Barack", "--to", "album", "--follow", "--json"],
            "why" => &["why", &face, "--json"],
            "import" => &["import", "--dry-run", "--json", text(&photos)],
            "write" => &["write", "--all", "--dry-run", "--json"],
            "move-library" => &["move-library", text(&home), text(&moved), "--json"],
            "forget" => &["forget", "Joe", "--yes", "--json"],
            "export" => &["export", "--embeddings"],
            "share" => &["share"],
            command => &[command, "--json"],
        };
        fits(&command, &shape, &library.facetag(args).well().json());
    }
    // Every command has --json, and is on the page.
    let described: BTreeSet<String> = shapes().into_iter().map(|(command, _)| command).collect();
    let help = library.facetag(["--help"]).well().stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for command in
        commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|name| !name.is_empty())
    {
        if !["completions", "help"].contains(&command) {
            assert!(described.contains(command), "{command} --json is not described");
            let is_json_anyway = ["export", "share"].contains(&command);
            let help = library.facetag([command, "--help"]).stdout;
            assert!(is_json_anyway || help.contains("--json"), "{command} has no --json");
        }
    }
}

#[test]
fn decisions_print_json_as_described() {
    let library = people();
    library.scan();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    let photo = library.photo("none.jpg");
    let shapes = shapes();
    for command in DECIDE {
        let face = |photo: &str| library.face_id(photo);
        let rest: &[&str] = match command {
            "name" => &[&library.number("none.jpg"), "Grace"],
            "rename" => &["Grace", "Grace Hopper"],
            "merge" => &["Barack", &library.number(common::OBAMA_BLURRED)],
            "hide" | "ignore" | "favourite" => &["Grace"],
            "born" => &["Grace", "2000"],
            "date" => &[text(&photo), "1984"],
            "confirm" => &["Barack", &face("obama-2012.jpg")],
            "reject" => &["Barack", &face("obama-2012.jpg")],
            "split" => &["Barack", &face("obama-2012.jpg"), "--name", "Barry"],
            "cover" => &["Barack", &face("obama-2010.jpg")],
            "face" => &["remove", &face("hopper-blurred.png")],
            _ => &[],
        };
        let before = library.journal().len();
        let value = library.facetag([&[command], rest, &["--json"]].concat()).well().json();
        let (_, shape) = shapes.iter().find(|(name, _)| name == command).unwrap();
        fits(command, shape, &value);
        let said: Vec<&Value> = value["decisions"].as_array().unwrap().iter().map(|line| &line["do"]).collect();
        let journal = library.journal();
        assert_eq!(said, journal[before..].iter().map(|line| &line["do"]).collect::<Vec<_>>(), "{command}");
        assert!(!said.is_empty(), "{command}");
    }
    let again = library.facetag(["favourite", "Grace", "--json"]).well().json();
    assert_eq!(again["decisions"], json!([]));
    let circle = library.facetag(["circle", "Family", "Barack", "--json"]).well().json();
    assert_eq!(circle["decisions"][0]["do"], "circle");
}

/// Whatever files are called, no command gives orders to a terminal. Only `find`, asked by another program, prints paths as they are.
#[cfg(unix)]
#[test]
fn names_of_files_are_escaped_by_every_command() {
    let library = Library::with(&[]);
    library.put_as(BIDEN, "a\u{1b}[31m\nb\u{202e}gpj.jpg");
    library.put_as(HOPPER, "dir\t\u{2066}\u{9b}/c\u{7f}.jpg");
    fs::write(library.photo("bad\r\u{200e}.jpg"), "broken").unwrap();
    fs::write(library.photo(".\u{202e}hidden.jpg"), "").unwrap();
    let scan = library.facetag(["scan", text(&library.photos())]).ends(1);
    let faces: Vec<String> = library.export().values().map(|photo| photo["faces"][0]["id"].to_string()).collect();
    let number = library.people()[0]["id"].to_string();
    let album = library.folder().join("album");
    let commands: [&[&str]; 18] = [
        &["people", "--all"],
        &["people", "--all", "--json"],
        &["show", &number],
        &["show", &number, "--json"],
        &["find", "--undated", "--json"],
        &["find", &number, "--json"],
        &["why", &faces[0]],
        &["why", &faces[1]],
        &["why", &faces[0], "--json"],
        &["stats"],
        &["stats", "--json"],
        &["export"],
        &["check"],
        &["doctor"],
        &["import", "--dry-run"],
        &["album", &number, "--to", text(&album)],
        &["scan", "--retry-failed"],
        &["scan", "--retry-failed", "--json"],
    ];
    let is_order = |letter: char| {
        (letter.is_control() && letter != '\n')
            || matches!(letter, '\u{200e}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let runs = commands.iter().map(|command| (command.join(" "), library.facetag(*command)));
    for (command, run) in runs.chain([("scan".to_owned(), scan)]) {
        assert!(run.code < 2, "{command}: {}", run.stderr);
        assert!(!run.stdout.contains(is_order) && !run.stderr.contains(is_order), "{command}: {run:?}");
    }
    let listed = library.facetag(["find", "--undated"]).well();
    assert!(listed.stdout.contains('\u{1b}') || listed.stdout.contains('\u{7f}'), "{listed:?}");
}
