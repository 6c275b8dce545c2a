//! `facetag undo`, `redo` and `log`: whatever was decided is taken back row for row, and done again.

mod common;

use std::fs;

use common::{BIDEN, Library, OBAMA_BLURRED, people, text};
use serde_json::Value;

/// Carries out a decision, takes it back and does it again, and looks at the rows each time.
#[track_caller]
fn there_and_back(library: &Library, decision: &[&str]) {
    let before = library.state();
    library.facetag(decision).well();
    back_and_there(library, &before);
}

/// The same for a decision that is made already.
#[track_caller]
fn back_and_there(library: &Library, before: &[String]) {
    let after = library.state();
    assert_ne!(before, after, "a decision that changes nothing is no test");
    library.facetag(["undo"]).well();
    assert_eq!(library.state(), before);
    library.facetag(["redo"]).well();
    assert_eq!(library.state(), after);
    library.facetag(["undo"]).well();
    assert_eq!(library.state(), before);
    library.facetag(["redo"]).well();
    assert_eq!(library.state(), after);
}

#[test]
fn every_decision_is_taken_back_row_for_row() {
    let library = people();
    let face = |photo: &str| library.face_id(photo);
    let group = |photo: &str| library.main_face(photo)["group"].to_string();
    let start = library.state();

    there_and_back(&library, &["name", &group("obama-2010.jpg"), "Barack"]);
    there_and_back(&library, &["name", &group("biden-2010.jpg"), "Joe"]);
    there_and_back(&library, &["rename", "Joe", "Joe Biden"]);
    there_and_back(&library, &["confirm", "Barack", &face(OBAMA_BLURRED)]);
    there_and_back(&library, &["reject", "Barack", &face("obama-2012.jpg")]);
    there_and_back(&library, &["confirm", "Barack", &face("obama-2012.jpg")]);
    there_and_back(&library, &["split", "Barack", &face("obama-2012.jpg")]);
    there_and_back(&library, &["split", "Barack", &face(OBAMA_BLURRED), "--name", "A Gardener"]);
    there_and_back(&library, &["merge", "Barack", "Gardener"]);
    // A group that gets the name of somebody joins them.
    there_and_back(&library, &["name", &group("obama-2012.jpg"), "Barack"]);
    there_and_back(&library, &["hide", &group("none.jpg")]);
    there_and_back(&library, &["hide", "--undo", &group("none.jpg")]);
    there_and_back(&library, &["ignore", &group("hopper-blurred.png")]);
    there_and_back(&library, &["ignore", "--undo", &group("hopper-blurred.png")]);
    there_and_back(&library, &["born", "Barack", "1961-08-04"]);
    there_and_back(&library, &["born", "Barack", "--unknown"]);
    there_and_back(&library, &["cover", "Barack", &face("obama-2010.jpg")]);
    there_and_back(&library, &["confirm", "Somebody New", &face("biden-blurred.png")]);
    there_and_back(&library, &["date", "photos/none.jpg", "photos/obama-2012.jpg", "June 1955"]);
    there_and_back(&library, &["date", "photos/none.jpg", "--unknown"]);
    there_and_back(&library, &["circle", "Family", "Barack", "Joe"]);
    there_and_back(&library, &["circle", "Family", "Somebody New"]);
    // Several decisions, and one command.
    there_and_back(&library, &["hide", "Family", &group("none.jpg")]);
    there_and_back(&library, &["hide", "--undo", "Family", &group("none.jpg")]);
    there_and_back(&library, &["favourite", "Family"]);
    there_and_back(&library, &["favourite", "--undo", "Family"]);
    there_and_back(&library, &["circle", "Family", "--remove", "Joe", "--rename", "Friends"]);
    there_and_back(&library, &["merge", "Joe", "Somebody"]);
    there_and_back(&library, &["circle", "Friends", "--delete"]);
    there_and_back(&library, &["face", "remove", &face("none.jpg"), &face("hopper-blurred.png")]);
    there_and_back(&library, &["face", "add", "photos/biden-2010.jpg", "--box", "0,0,0.2,0.2", "--person", "A Ghost"]);
    there_and_back(&library, &["face", "add", "photos/none.jpg", "--box", "0,0,0.2,0.2", "--person", "Joe"]);

    let end = library.state();
    library.facetag(["undo", "32"]).well();
    assert_eq!(library.state(), start);
    library.facetag(["redo", "32"]).well();
    assert_eq!(library.state(), end);
    assert_eq!(library.facetag(["redo"]).ends(1).stdout, "There is nothing to do again.\n");
}

#[test]
fn tags_that_follow_from_a_decision_are_taken_back_with_it() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.put("metadata/obama-2009.jpg");
    library.put("metadata/obama-2011.jpg");
    assert_eq!(library.scan()["tagged"], 2);
    // One of the tags is from before the birth that is told now.
    there_and_back(&library, &["born", "Barack", "2010-01-01"]);
    assert!(library.face("obama-2009.jpg")["person"].is_null());
    assert_eq!(library.face("obama-2011.jpg")["state"], "auto");
    there_and_back(&library, &["born", "Barack", "--unknown"]);
    // Two groups of one person, of which one decision makes one.
    let before = library.state();
    let said = library.facetag(["confirm", "Barack", &library.face_id("obama-2009.jpg")]).well().stdout;
    assert!(said.contains("Barack"), "{said}");
    back_and_there(&library, &before);
    there_and_back(&library, &["confirm", "Barack"]);
    assert_eq!(library.face("obama-2011.jpg")["state"], "confirmed");
}

#[test]
fn answers_are_taken_back_too() {
    let library = people();
    library.name("biden-2010.jpg", "Joe");
    for answer in ["y\n", "n\n"] {
        let before = library.state();
        library.typing(["review", "Joe", "--limit", "1", "--no-pictures"], answer).well();
        back_and_there(&library, &before);
        library.facetag(["undo"]).well();
        assert_eq!(library.state(), before);
    }
    // Of two groups without names.
    let before = library.state();
    let group = library.main_face(OBAMA_BLURRED)["group"].to_string();
    library.typing(["review", &group, "--limit", "1", "--no-pictures"], "n\n").well();
    back_and_there(&library, &before);
}

#[test]
fn undoing_leaves_alone_what_scans_found_in_between() {
    let library = people();
    let group = library.name("obama-2010.jpg", "Barack");
    library.facetag(["confirm", "A Gardener", &library.face_id(OBAMA_BLURRED)]).well();
    library.put("metadata/obama-2009.jpg");
    library.scan();
    assert_eq!(library.face("obama-2009.jpg")["state"], "auto");
    let known = library.state();

    let said = library.facetag(["undo", "2"]).well().stdout;
    assert!(said.contains("Barack") && said.contains("Gardener"), "{said}");
    for photo in ["obama-2009.jpg", "obama-2010.jpg", "obama-2012.jpg"] {
        let face = library.face(photo);
        assert_eq!(
            (face["group"].to_string(), &face["person"], &face["state"]),
            (group.clone(), &Value::Null, &Value::Null)
        );
    }
    library.facetag(["show", "Gardener"]).fails_saying(&["nobody"]);
    library.facetag(["redo", "2"]).well();
    assert_eq!(library.state(), known, "and the tags that a scan made come back");
}

/// What came to two people while they were one is each one's own once they are two again.
#[test]
fn what_scans_found_of_two_who_were_one_is_compared_again() {
    for since in ["found", "edited", "rebuilt"] {
        let library = Library::scanned(&["metadata/obama-2010.jpg", "metadata/obama-2012.jpg", BIDEN]);
        library.name("obama-2010.jpg", "Barack");
        library.name("biden-2010.jpg", "Joe");
        library.facetag(["merge", "Joe", "Barack"]).well();
        let (of_barack, of_joe) = (["obama-2009.jpg", "obama-2011.jpg"], "biden-2011.jpg");
        for photo in of_barack.into_iter().chain([of_joe]) {
            library.put(&format!("metadata/{photo}"));
        }
        library.scan();
        match since {
            "edited" => {
                common::touch_up(&library.photo("obama-2009.jpg"));
                library.scan();
            }
            "rebuilt" => _ = library.facetag(["scan", "--rebuild"]).well(),
            _ => {}
        }
        let known = library.state();
        let tag = |photo: &str| {
            let face = library.main_face(photo);
            (face["person"]["name"].as_str().unwrap_or_default().to_owned(), face["state"].clone())
        };
        assert_eq!(tag("obama-2009.jpg"), ("Joe".to_owned(), "auto".into()));

        library.facetag(["undo"]).well();
        for photo in of_barack {
            assert_eq!(tag(photo), ("Barack".to_owned(), "auto".into()), "{photo}, {since}");
        }
        assert_eq!(tag(of_joe), ("Joe".to_owned(), "auto".into()), "{since}");
        library.facetag(["check"]).well();
        library.facetag(["redo"]).well();
        assert_eq!(library.state(), known, "{since}");
    }
}

#[test]
fn a_name_done_again_finds_its_group_which_was_forgotten_in_between() {
    let library = people();
    library.name("biden-2010.jpg", "Joe");
    library.facetag(["undo"]).well();
    let group = library.number("biden-2010.jpg");
    // All groups without a name are rebuilt, with new numbers.
    library.use_another_pack();
    assert_ne!(library.number("biden-2010.jpg"), group);
    library.facetag(["redo"]).well();
    let face = library.face("biden-2010.jpg");
    assert_eq!((&face["person"]["name"], &face["state"]), (&"Joe".into(), &"confirmed".into()));
}

#[test]
fn a_no_of_a_group_that_has_grown_is_taken_back_all_the_same() {
    let blurred = [("metadata/obama-2009.jpg", "obama-blurred.png", 28)];
    let library = Library::scanned_and_blurred(&["metadata/obama-2010.jpg"], &blurred);
    let (of, face) = (library.number("obama-2010.jpg"), library.face_id("obama-blurred.png"));
    library.facetag(["reject", &of, &face]).well();
    library.put("metadata/obama-2009.jpg");
    library.put("demo/obama-2009-congress.jpg");
    library.scan();
    assert_eq!(library.number("obama-2010.jpg"), of);
    assert_eq!(library.number_of("rejections"), 1);
    let known = library.state();
    library.facetag(["undo"]).well();
    assert_eq!(library.number_of("rejections"), 0);
    library.facetag(["redo"]).well();
    assert_eq!(library.state(), known);
}

#[test]
fn somebody_new_whom_a_scan_found_again_becomes_a_group_when_taken_back() {
    let library = people();
    library
        .facetag(["confirm", "Barack", &library.face_id("obama-2010.jpg"), &library.face_id("obama-2012.jpg")])
        .well();
    library.put("metadata/obama-2009.jpg");
    assert_eq!(library.scan()["tagged"], 1);
    library.facetag(["undo"]).well();
    // The photo that came in between is of nobody now, and is still grouped with those that it is like.
    library.scan();
    let group = library.number("obama-2009.jpg");
    let faces: Vec<Value> = ["obama-2009.jpg", "obama-2010.jpg"].iter().map(|photo| library.face(photo)).collect();
    assert!(faces.iter().all(|face| face["person"].is_null() && face["state"].is_null()), "{faces:?}");
    assert!(library.people().iter().all(|person| person["name"].is_null()));
    library.facetag(["show", &group]).well();
}

#[test]
fn a_photo_edited_in_between_loses_what_is_taken_back_and_gets_what_is_done_again() {
    let library = people();
    library.name("biden-2010.jpg", "Joe");
    let group = library.number("biden-2010.jpg");
    common::touch_up(&library.photo("biden-2010.jpg"));
    library.scan();
    assert_eq!(library.face("biden-2010.jpg")["person"]["name"], "Joe");

    library.facetag(["undo"]).well();
    let face = library.face("biden-2010.jpg");
    assert_eq!((&face["person"], &face["state"]), (&Value::Null, &Value::Null));
    assert_eq!(face["group"].to_string(), group);
    library.facetag(["redo"]).well();
    let face = library.face("biden-2010.jpg");
    assert_eq!((&face["person"]["name"], &face["state"]), (&"Joe".into(), &"confirmed".into()));
}

/// A tag that nobody said follows its face into the edited photo, and back.
#[test]
fn a_tagged_photo_edited_in_between_is_whose_it_was() {
    let library = Library::scanned(&["metadata/obama-2010.jpg", "metadata/obama-2012.jpg", BIDEN]);
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.put("metadata/obama-2011.jpg");
    library.scan();
    let tag = || {
        let face = library.main_face("obama-2011.jpg");
        (face["person"]["name"].clone(), face["state"].clone())
    };
    assert_eq!(tag(), ("Barack".into(), "auto".into()));
    library.facetag(["merge", "Joe", "Barack"]).well();
    for _ in 0..2 {
        common::touch_up(&library.photo("obama-2011.jpg"));
        library.scan();
    }
    assert_eq!(tag(), ("Joe".into(), "auto".into()));
    library.facetag(["undo"]).well();
    assert_eq!(tag(), ("Barack".into(), "auto".into()));
    library.facetag(["redo"]).well();
    assert_eq!(tag(), ("Joe".into(), "auto".into()));
}

#[test]
fn a_drawn_face_outlives_new_metadata_of_its_photo() {
    let library = people();
    library.facetag(["face", "add", "photos/none.jpg", "--box", "0,0,0.25,0.2", "--person", "A Ghost"]).well();
    // Nobody else is in it any more, but it was taken at the same time.
    library.facetag(["face", "remove", &library.face_id("biden-2010.jpg")]).well();
    library.facetag(["face", "add", "photos/biden-2010.jpg", "--box", "0,0,0.25,0.2", "--person", "Ghost"]).well();
    let ghosts = || {
        let show = library.facetag(["show", "Ghost", "--json"]);
        if show.code == 0 { show.json().as_array().unwrap().len() } else { 0 }
    };
    for _ in 0..2 {
        common::touch_up(&library.photo("none.jpg"));
        common::touch_up(&library.photo("biden-2010.jpg"));
        assert_eq!(library.scan()["photos"], 2);
        assert_eq!(library.find(&["Ghost"]), ["biden-2010.jpg", "none.jpg"]);
        assert_eq!(ghosts(), 2);
    }
    let known = library.state();
    for rebuild in [false, true] {
        let faces = library.facetag(["stats", "--json"]).well().json()["faces"].as_i64().unwrap();
        for (left, photos) in [(1, &["none.jpg"][..]), (1, &["none.jpg"]), (0, &[])] {
            library.facetag(["undo"]).well();
            assert_eq!(ghosts(), left);
            assert_eq!(library.find_if_known("Ghost"), photos);
        }
        let now = library.facetag(["stats", "--json"]).well().json()["faces"].as_i64().unwrap();
        assert_eq!(now, faces - 1, "two drawn ones are gone, and one that was removed is back");
        library.facetag(["redo", "3"]).well();
        assert_eq!(ghosts(), 2);
        if !rebuild {
            assert_eq!(library.state(), known);
            library.facetag(["scan", "--rebuild"]).well();
            assert_eq!(ghosts(), 2);
        }
    }
    // Another photo in its place is another photo.
    library.put_as("metadata/obama-2009.jpg", "biden-2010.jpg");
    library.scan();
    assert_eq!(library.find(&["Ghost"]), ["none.jpg"]);
}

#[test]
fn there_is_nothing_to_take_back_in_a_library_without_decisions() {
    let library = people();
    let before = library.state();
    assert_eq!(library.facetag(["undo"]).ends(1).stdout, "There is nothing to take back.\n");
    assert_eq!(library.facetag(["redo"]).ends(1).stdout, "There is nothing to do again.\n");
    assert_eq!(library.facetag(["log"]).ends(1).stdout, "Nothing was decided yet.\n");
    assert_eq!(library.facetag(["log", "--json"]).well().json(), serde_json::json!([]));
    // What could not be done is nothing either.
    library.facetag(["merge", "1", "999"]).fails_saying(&["999"]);
    library.facetag(["undo"]).ends(1);
    assert!(library.journal().is_empty());
    assert_eq!(library.state(), before);
    for wrong in ["0", "-1", "all"] {
        library.facetag(["undo", wrong]).ends(2);
    }
}

#[test]
fn more_than_there_is_takes_back_all_and_says_so() {
    let library = people();
    let start = library.state();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    let run = library.facetag(["undo", "5"]).ends(1);
    let said: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("Joe") && said[1].contains("Barack") && said[2].contains("nothing"), "{said:?}");
    assert_eq!(library.state(), start);
}

#[test]
fn only_what_nothing_was_decided_after_is_done_again() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.facetag(["undo", "2"]).well();
    library.facetag(["redo"]).well();
    assert_eq!(library.person("Barack")["faces"], 2, "the first taken back last comes back first");
    library.name("none.jpg", "Grace");
    assert_eq!(library.facetag(["redo"]).ends(1).stdout, "There is nothing to do again.\n");
    // What is taken back now is the new one, then the one that was done again.
    let said = library.facetag(["undo", "2"]).well().stdout;
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].contains("Grace") && lines[1].contains("Barack"), "{said}");
    assert!(library.people().iter().all(|person| person["name"].is_null()));
}

#[test]
fn the_log_tells_the_newest_first_and_what_does_not_stand() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.facetag(["undo"]).well();
    // Not said by the user, so not told.
    common::touch_up(&library.photo("obama-2010.jpg"));
    library.scan();
    assert_eq!(library.journal().len(), 4);

    let log = library.facetag(["log"]).well().stdout;
    let lines: Vec<&str> =
        log.lines().filter(|line| line.trim_start().starts_with(|first: char| first.is_ascii_digit())).collect();
    assert_eq!(lines.len(), 3, "{log}");
    assert!(lines[0].contains("line 2 taken back"), "{log}");
    assert!(lines[1].contains("Joe") && lines[1].ends_with("(taken back)"), "{log}");
    assert!(lines[2].contains("Barack") && lines[2].ends_with("2 faces"), "{log}");

    let json = library.facetag(["log", "--json"]).well().json();
    let done: Vec<_> = json.as_array().unwrap().iter().map(|line| (line["id"].clone(), line["do"].clone())).collect();
    assert_eq!(
        done,
        [(3.into(), "undo".into()), (2.into(), "name".into()), (1.into(), "name".into())] as [(Value, Value); 3]
    );
    let newest = library.facetag(["log", "--limit", "1", "--json"]).well().json();
    assert_eq!(newest.as_array().unwrap(), &json.as_array().unwrap()[..1]);
    library.facetag(["redo"]).well();
    assert!(!library.facetag(["log"]).well().stdout.contains("(taken back)"));
}

#[test]
fn a_file_that_is_gone_is_no_obstacle() {
    let library = people();
    let before = library.state();
    library.name("biden-2010.jpg", "Joe");
    fs::remove_file(library.photo("biden-2010.jpg")).unwrap();
    library.facetag(["scan", text(&library.photos())]).well();
    library.facetag(["undo"]).well();
    assert_eq!(library.state(), before);
}

#[test]
fn a_date_that_you_gave_lasts() {
    let library = people();
    let taken = |photo: &str| library.export()[photo]["taken"].clone();
    let (obama, none) = (taken("obama-2010.jpg"), taken("none.jpg"));
    library.facetag(["date", "photos/none.jpg", "photos/obama-2010.jpg", "1955"]).well();
    let dated = || (taken("none.jpg"), taken("obama-2010.jpg")) == ("1955".into(), "1955".into());
    assert!(dated());
    library.facetag(["scan", "--reread"]).well();
    assert!(dated(), "no scan overrules you");
    library.facetag(["scan", "--rebuild"]).well();
    assert!(dated());
    // Edited in place, by a program and by facetag itself.
    common::touch_up(&library.photo("none.jpg"));
    library.scan();
    assert!(dated());
    library.name("obama-2010.jpg", "Barack");
    library.facetag(["write", "Barack", "--into-files"]).well();
    library.facetag(["scan"]).well();
    assert!(dated());
    library.facetag(["scan", "--rebuild"]).well();
    assert!(dated());
    library.facetag(["undo", "2"]).well();
    assert_eq!((taken("none.jpg"), taken("obama-2010.jpg")), (none.clone(), obama.clone()));
    library.facetag(["redo"]).well();
    assert!(dated());
    library.facetag(["date", "photos", "--unknown"]).well();
    assert_eq!((taken("none.jpg"), taken("obama-2010.jpg")), (none, obama));
    // Another photo in its place is another photo.
    library.facetag(["date", "photos/biden-2010.jpg", "1955"]).well();
    library.put_as("metadata/obama-2009.jpg", "biden-2010.jpg");
    library.scan();
    assert_eq!(taken("biden-2010.jpg").as_str().map(|taken| &taken[..4]), Some("2009"));
}
