//! `facetag confirm`, `reject`, `split`, `ignore`, `born`, `face` and `why`: what is said of single faces holds.

mod common;

use std::fs;

use common::{BIDEN, HOPPER, Library, OBAMA_BLURRED, overlap, people};
use serde_json::{Value, json};

fn name_in(library: &Library, photo: &str) -> Value {
    library.main_face(photo)["person"]["name"].clone()
}

fn group(library: &Library, photo: &str) -> String {
    library.main_face(photo)["group"].to_string()
}

/// The faces that are asked about, with the person or group that they may be of.
fn asked(library: &Library) -> Vec<(String, String)> {
    let questions = library.facetag(["review", "--json"]).well().json();
    let questions = questions.as_array().unwrap().clone();
    questions
        .iter()
        .flat_map(|one| {
            let of = one["of"].to_string();
            one["faces"].as_array().unwrap().iter().map(move |face| (face.to_string(), of.clone())).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a_face_in_doubt_is_confirmed_by_its_number() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    assert!(name_in(&library, OBAMA_BLURRED).is_null(), "in doubt, or it is no test");
    let said = library.facetag(["confirm", "barack", &library.face_id(OBAMA_BLURRED)]).well().stdout;
    assert!(said.contains("Barack") && said.contains("3 faces in 3 photos"), "{said}");
    assert_eq!(
        (name_in(&library, OBAMA_BLURRED), &library.main_face(OBAMA_BLURRED)["state"]),
        ("Barack".into(), &"confirmed".into())
    );
    assert_eq!(library.find(&["Barack"]), [OBAMA_BLURRED, "obama-2010.jpg", "obama-2012.jpg"]);
}

#[test]
fn somebody_new_is_made_by_confirming() {
    let library = people();
    let faces = [library.face_id("none.jpg"), library.face_id("hopper-blurred.png")];
    // The number is said twice, and meant once.
    library.facetag(["confirm", "Grace Hopper", &faces[0], &faces[1], &faces[0]]).well();
    let grace = library.person("Grace Hopper");
    assert_eq!((&grace["faces"], &grace["photos"]), (&2.into(), &2.into()));
    assert_eq!(library.journal()[0]["faces"].as_array().unwrap().len(), 2);
    // Known now, by a word too.
    library.facetag(["confirm", "Grace", &library.face_id("biden-2010.jpg")]).well();
    assert_eq!(library.person("Grace Hopper")["faces"], 3);
    for (wrong, why) in [("", "empty"), ("A\tB", "control"), ("99", "no group 99"), ("#99", "no group 99")] {
        library.facetag(["confirm", wrong, &faces[0]]).fails_saying(&[why]);
    }
    library.facetag(["confirm", "Grace", "9999"]).fails_saying(&["no face 9999", "facetag show"]);
    library.facetag(["confirm", "Grace", "face"]).fails_saying(&["face"]);
    assert_eq!(library.journal().len(), 2);
}

#[test]
fn all_that_was_tagged_by_itself_is_confirmed_at_once() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.facetag(["confirm", "Barack"]).fails_saying(&["Barack", "automatically"]);
    library.put("metadata/obama-2009.jpg");
    library.put("metadata/obama-2011.jpg");
    library.scan();
    assert_eq!(library.face("obama-2011.jpg")["state"], "auto");
    library.facetag(["confirm", "Barack"]).well();
    for photo in ["obama-2009.jpg", "obama-2011.jpg"] {
        assert_eq!(library.face(photo)["state"], "confirmed");
    }
    library.facetag(["confirm", "Barack"]).fails_saying(&["automatically"]);
}

#[test]
fn a_person_twice_in_a_photo_is_warned_of() {
    let library = people();
    library.name("none.jpg", "Grace");
    library.facetag(["face", "add", "photos/none.jpg", "--box", "0,0,0.2,0.2", "--person", "A Ghost"]).well();
    let faces = library.export()["none.jpg"]["faces"].as_array().unwrap().clone();
    let ghost = faces.iter().find(|face| face["state"] == "manual").unwrap()["id"].to_string();
    let run = library.facetag(["confirm", "Grace", &ghost]).well();
    assert!(
        run.stderr.contains("warning") && run.stderr.contains("Grace") && run.stderr.contains("already"),
        "{}",
        run.stderr
    );
    assert_eq!(library.facetag(["confirm", "Grace", &library.face_id("hopper-blurred.png")]).well().stderr, "");
}

#[test]
fn who_is_rejected_is_never_tagged_or_asked_again() {
    let library = people();
    let barack = library.name("obama-2010.jpg", "Barack");
    let (sure, doubtful) = (library.face_id("obama-2012.jpg"), library.face_id(OBAMA_BLURRED));
    assert!(asked(&library).contains(&(doubtful.clone(), barack.clone())), "or it is no test");
    let said = library.facetag(["reject", "Barack", &sure, &doubtful]).well().stdout;
    assert!(said.contains("2 faces are not Barack"), "{said}");

    let holds = |when: &str| {
        for photo in ["obama-2012.jpg", OBAMA_BLURRED] {
            assert_ne!(name_in(&library, photo), "Barack", "{photo} {when}");
        }
        assert!(!library.find(&["Barack"]).contains(&"obama-2012.jpg".to_owned()), "{when}");
        let asked = asked(&library);
        for face in [&sure, &doubtful] {
            assert!(!asked.contains(&(face.clone(), barack.clone())), "{face} {when}: {asked:?}");
        }
    };
    holds("at once");
    library.put("metadata/obama-2009.jpg");
    library.put("metadata/obama-2011.jpg");
    library.scan();
    assert_eq!(name_in(&library, "obama-2011.jpg"), "Barack", "others are found as before");
    holds("after a scan");
    library.use_another_pack();
    holds("with another pack");
    library.scan();
    holds("after a scan with another pack");
    let why = library.facetag(["why", &sure, "--json"]).well().json();
    let id = &library.person("Barack")["id"];
    let resembles = why["resembles"].as_array().unwrap();
    assert!(resembles.iter().any(|one| &one["person"] == id && one["rejected"] == true), "{why}");
    assert!(library.facetag(["why", &sure]).well().stdout.contains("you said no"));

    // The newest word counts.
    library.facetag(["confirm", "Barack", &sure]).well();
    assert_eq!(name_in(&library, "obama-2012.jpg"), "Barack");
    library.scan();
    assert_eq!(library.face("obama-2012.jpg")["state"], "confirmed");
}

#[test]
fn groups_told_apart_are_not_asked_of_again_with_another_pack() {
    let library = people();
    let (of, face) = (library.number("obama-2010.jpg"), library.face_id(OBAMA_BLURRED));
    assert!(asked(&library).contains(&(face.clone(), of.clone())), "or it is no test");
    library.facetag(["reject", &of, &face]).well();
    let holds = || {
        let of = library.number("obama-2010.jpg");
        assert!(!asked(&library).contains(&(face.clone(), of.clone())));
        assert_ne!(group(&library, OBAMA_BLURRED), of);
    };
    holds();
    library.use_another_pack();
    holds();
    library.scan();
    holds();
}

#[test]
fn groups_told_apart_stay_so_when_one_of_them_grows_into_another() {
    let blurred = [("metadata/obama-2009.jpg", "obama-blurred.png", 28)];
    let library = Library::scanned_and_blurred(&["metadata/obama-2010.jpg"], &blurred);
    let (of, face) = (library.number("obama-2010.jpg"), library.face_id("obama-blurred.png"));
    assert_eq!(asked(&library).len(), 1, "or it is no test");
    library.facetag(["reject", &of, &face]).well();
    assert!(asked(&library).is_empty());
    // These two are more like each other than like the one that was there.
    library.put("metadata/obama-2009.jpg");
    library.put("demo/obama-2009-congress.jpg");
    library.scan();
    // The user spoke of it: it keeps its number, whatever joins it.
    assert_eq!(library.number("obama-2010.jpg"), of);
    assert!(asked(&library).is_empty(), "{:?}", asked(&library));
    library.facetag(["scan", "--rebuild"]).well();
    assert!(asked(&library).is_empty());
    library.facetag(["undo"]).well();
    assert_eq!(asked(&library).len(), 1);
}

#[test]
fn rejecting_needs_a_person_and_faces() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.facetag(["reject", "Barack"]).fails_saying(&["FACE"]);
    library.facetag(["reject", "Nobody", "1"]).fails_saying(&["Nobody"]);
    library.facetag(["reject", "Barack", "1", "9999"]).fails_saying(&["no face 9999"]);
    library.facetag(["split", "Barack"]).fails_saying(&["FACE"]);
    assert_eq!(library.journal().len(), 1, "what fails does nothing");
}

#[test]
fn a_group_is_split() {
    let library = people();
    let obama = library.number("obama-2010.jpg");
    let face = library.face_id("obama-2012.jpg");
    library.facetag(["split", &obama, &library.face_id("none.jpg")]).fails_saying(&["not of group", "facetag show"]);
    let said = library.facetag(["split", &obama, &face, &face]).well().stdout;
    assert!(said.contains("1 face is not group") && said.contains("1 face in 1 photo"), "{said}");
    let apart = library.number("obama-2012.jpg");
    assert_ne!(apart, obama);
    library.facetag(["split", &apart, &face]).fails_saying(&["all the faces"]);
    // However alike they are.
    library.put("metadata/obama-2011.jpg");
    library.scan();
    assert_eq!((library.number("obama-2010.jpg"), library.number("obama-2012.jpg")), (obama.clone(), apart.clone()));
    assert!(!asked(&library).contains(&(face, obama)));
}

#[test]
fn a_person_is_shown_by_the_face_that_was_chosen() {
    let library = people();
    let number = library.number("obama-2010.jpg");
    let photos = ["obama-2010.jpg", "obama-2012.jpg"];
    let shown = || {
        library.people().iter().find(|one| one["id"] == number.parse::<i64>().unwrap()).unwrap()["best_face"]
            .to_string()
    };
    let other = photos.into_iter().find(|photo| library.face_id(photo) != shown()).unwrap();
    library.facetag(["cover", &number, &library.face_id(other)]).fails_saying(&["no name yet", "facetag name"]);
    library.name("obama-2010.jpg", "Barack");
    library.facetag(["cover", "Barack", &library.face_id("none.jpg")]).fails_saying(&["not of Barack"]);
    library.facetag(["cover", "Barack", "9999"]).fails_saying(&["no face 9999"]);
    library.facetag(["cover", "Barack", &library.face_id(other)]).well();
    assert_eq!(shown(), library.face_id(other));
    // It holds through a new scan of all, and an edit of its photo.
    library.facetag(["scan", "--rebuild"]).well();
    assert_eq!(shown(), library.face_id(other));
    common::touch_up(&library.photo(other));
    library.scan();
    assert_eq!(shown(), library.face_id(other));
    library.facetag(["scan", "--rebuild"]).well();
    assert_eq!(shown(), library.face_id(other));
    // One that is not theirs any more shows them no more.
    library.facetag(["reject", "Barack", &library.face_id(other)]).well();
    assert_ne!(shown(), library.face_id(other));
    library.facetag(["undo", "2"]).well();
    assert_ne!(shown(), library.face_id(other));
}

#[test]
fn what_is_split_off_gets_a_name() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    let face = library.face_id("obama-2012.jpg");
    library.facetag(["split", "Barack", &face, "--name", "barack"]).fails_saying(&["Barack"]);
    library.facetag(["split", "Barack", &face, "--name", "12"]).fails_saying(&["number"]);
    library.facetag(["split", "Barack", &face, "--name", "Bert"]).well();
    assert_eq!([name_in(&library, "obama-2010.jpg"), name_in(&library, "obama-2012.jpg")], ["Barack", "Bert"]);
    // Somebody who is there already.
    library.name("none.jpg", "Grace");
    library.facetag(["confirm", "Barack", &library.face_id(OBAMA_BLURRED)]).well();
    library.facetag(["split", "Barack", &library.face_id(OBAMA_BLURRED), "--name", "grace"]).well();
    assert_eq!(name_in(&library, OBAMA_BLURRED), "Grace");
    library.scan();
    assert_eq!([name_in(&library, "obama-2010.jpg"), name_in(&library, "obama-2012.jpg")], ["Barack", "Bert"]);
}

#[test]
fn strangers_are_neither_listed_nor_asked_about_nor_company() {
    // Biden and Obama in one photo with a third.
    let library = Library::scanned(&["metadata/obama-2010.jpg", BIDEN, "demo/situation-room-2011-left.jpg"]);
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    let room = "situation-room-2011-left.jpg";
    let faces = || library.export()[room]["faces"].as_array().unwrap().clone();
    let strangers: Vec<String> = faces()
        .iter()
        .filter(|face| face["person"].is_null() && !face["group"].is_null())
        .map(|face| face["group"].to_string())
        .collect();
    assert!(!strangers.is_empty());
    assert_eq!(library.find(&["Barack", "Joe"]), [room]);
    assert!(library.find(&["Barack", "Joe", "--only"]).is_empty());

    let args: Vec<&str> = ["ignore"].into_iter().chain(strangers.iter().map(String::as_str)).collect();
    let said = library.facetag(&args).well().stdout;
    assert_eq!(said.lines().count(), strangers.len(), "{said}");
    assert_eq!(library.find(&["Barack", "Joe", "--only"]), [room]);
    assert!(library.find(&["Barack", "--only"]).iter().all(|photo| photo != room), "Joe is no stranger");
    let listed = |args: &[&str]| -> Vec<String> {
        let lines = library.facetag(["people", "--json", "--all"].iter().chain(args)).well().json();
        lines.as_array().unwrap().iter().map(|line| line["id"].to_string()).collect()
    };
    let mut ignored = listed(&["--ignored"]);
    ignored.sort();
    let mut expected = strangers.clone();
    expected.sort();
    assert_eq!(ignored, expected);
    assert!(listed(&[]).iter().all(|id| !strangers.contains(id)));
    library.facetag(["people", "--ignored", "--hidden"]).ends(2);
    // In another photo they are the same strangers.
    library.put("orientation/1.jpg");
    library.scan();
    assert_eq!(library.find(&["Barack", "Joe", "--only"]), [room, "1.jpg"]);

    library.facetag(["ignore", "--undo", &strangers[0]]).well();
    assert!(!library.find(&["Barack", "Joe", "--only"]).contains(&room.to_owned()));
    assert!(listed(&[]).contains(&strangers[0]));
}

#[test]
fn an_ignored_group_is_not_asked_about() {
    let library = people();
    let grace = library.name("none.jpg", "Grace");
    let blurred = library.face_id("hopper-blurred.png");
    assert!(asked(&library).contains(&(blurred.clone(), grace)), "or it is no test");
    let group = library.number("hopper-blurred.png");
    library.facetag(["ignore", &group]).well();
    assert!(asked(&library).iter().all(|(face, _)| *face != blurred));
    let listed = library.facetag(["people", "--ignored"]).well().stdout;
    assert!(listed.contains("hopper-blurred.png"), "seen once: {listed}");
    library.facetag(["ignore", "--undo", &group]).well();
    assert!(asked(&library).iter().any(|(face, _)| *face == blurred));
    library.facetag(["ignore", "Nobody", &group]).fails_saying(&["Nobody"]);
    library.facetag(["ignore"]).fails_saying(&["WHO"]);
    assert_eq!(library.journal().len(), 3, "nobody is ignored where one of them is unknown");
    assert_eq!(library.facetag(["people", "--ignored"]).ends(1).stdout, "Nobody is ignored.\n");
}

#[test]
fn nobody_is_in_a_photo_from_before_their_birth() {
    let library = people();
    let barack = library.name("obama-2010.jpg", "Barack");
    let doubtful = library.face_id(OBAMA_BLURRED);
    assert!(asked(&library).contains(&(doubtful.clone(), barack.clone())), "or it is no test");
    let said = library.facetag(["born", "Barack", "2011"]).well();
    assert!(said.stdout.contains("2011-01-01"), "{}", said.stdout);
    assert!(said.stderr.contains("in 1 photo from before"), "the one that they said is his: {}", said.stderr);
    // The one in doubt is of 2009; what the user said themselves is left alone.
    assert!(!asked(&library).contains(&(doubtful.clone(), barack.clone())));
    assert_eq!(name_in(&library, "obama-2010.jpg"), "Barack");
    library.put("metadata/obama-2011.jpg");
    library.scan();
    library.put("metadata/obama-2009.jpg");
    library.scan();
    assert_eq!(name_in(&library, "obama-2011.jpg"), "Barack");
    assert!(name_in(&library, "obama-2009.jpg").is_null());

    library.facetag(["born", "Barack", "--unknown"]).well();
    assert!(asked(&library).contains(&(doubtful, barack)));
    for wrong in [
        &["born", "Barack"][..],
        &["born", "Barack", "soon"],
        &["born", "Barack", "2011", "--unknown"],
        &["born", "Nobody", "2011"],
    ] {
        library.facetag(wrong).ends(2);
    }
    assert_eq!(library.journal().len(), 3);
}

#[test]
fn a_face_is_drawn_where_no_detector_saw_one() {
    let library = people();
    let before = library.export()["none.jpg"]["faces"].clone();
    let add =
        |bounds: &str, who: &str| library.facetag(["face", "add", "photos/none.jpg", "--box", bounds, "--person", who]);
    let said = add("0,0,0.25,0.2", "A Ghost").well().stdout;
    // Where nothing is, nothing can be recognised elsewhere: the rose garden has something else that is no face.
    assert!(said.contains("A Ghost") && said.contains("1 face in 1 photo"), "{said}");
    let faces = || library.export()["none.jpg"]["faces"].as_array().unwrap().clone();
    let ghost = faces().into_iter().find(|face| face["person"]["name"] == "A Ghost").unwrap();
    assert!(overlap(&ghost["box"], &json!([0.0, 0.0, 0.25, 0.2])) > 0.99, "{ghost}");
    assert_eq!(ghost["state"], "manual");
    assert_eq!(library.find(&["Ghost"]), ["none.jpg"]);
    // In pixels: the photo has 160 x 200 of them.
    add("120,160,40,40", "Ghost").well();
    let second = faces().into_iter().find(|face| face["state"] == "manual" && face["id"] != ghost["id"]).unwrap();
    assert!(overlap(&second["box"], &json!([0.75, 0.8, 0.25, 0.2])) > 0.99, "{second}");
    assert!(faces().contains(&before[0]), "the face that was there is as it was");
    let state = library.state();
    library.scan();
    assert_eq!(library.state(), state);
    // With another pack they have embeddings too.
    library.use_another_pack();
    assert_eq!(library.number_of("faces WHERE id NOT IN (SELECT face_id FROM embeddings WHERE pack = 'twin')"), 0);
    assert_eq!(library.person("A Ghost")["faces"], 2);
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let library = people();
    let add = |photo: &str, bounds: &str, who: &str| {
        library.facetag(["face", "add", photo, "--box", bounds, "--person", who])
    };
    let photo = "photos/none.jpg";
    for wrong in [
        "",
        "a,b,c,d",
        "0.1,0.1,0.2",
        "0.1,0.1,0.2,0.2,0.2",
        "-0.1,0.1,0.2,0.2",
        "0.1,0.1,0,0.2",
        "0,0,inf,1",
        "0,0,nan,1",
    ] {
        add(photo, wrong, "Grace").fails_saying(&["box"]);
    }
    add(photo, "0.9,0.9,0.2,0.2", "Grace").fails_saying(&["beyond", "160 x 200"]);
    add(photo, "0,0,161,10", "Grace").fails_saying(&["beyond", "160 x 200"]);
    add("photos/nowhere.jpg", "0,0,0.2,0.2", "Grace").fails_saying(&["nowhere.jpg", "facetag scan"]);
    add(photo, "0,0,0.2,0.2", "99").fails_saying(&["no group 99"]);
    add(photo, "0,0,0.2,0.2", "").fails_saying(&["empty"]);
    // There is one: the answer can be typed as it stands, for somebody new too.
    let face = library.face("none.jpg");
    let bounds: Vec<String> = face["box"].as_array().unwrap().iter().map(ToString::to_string).collect();
    let id = face["id"].to_string();
    let confirm = format!("`facetag confirm \"Grace Hopper\" {id}`");
    add(photo, &bounds.join(","), "Grace Hopper").fails_saying(&[&format!("face {id} already"), &confirm]);
    let number = library.number("biden-2010.jpg");
    add(photo, &bounds.join(","), &number).fails_saying(&[&format!("`facetag confirm \"{number}\" {id}`")]);
    assert!(library.journal().is_empty());
    assert_eq!(library.person_count(), 0);
    // A photo that has changed since, or is away.
    fs::write(library.photo("none.jpg"), fs::read(library.photo("biden-2010.jpg")).unwrap()).unwrap();
    add(photo, "0,0,0.2,0.2", "Grace").fails_saying(&["none.jpg"]);
    fs::remove_file(library.photo("none.jpg")).unwrap();
    add(photo, "0,0,0.2,0.2", "Grace").fails_saying(&["none.jpg"]);
    assert!(library.journal().is_empty());
}

#[test]
fn what_was_removed_does_not_come_back() {
    let library = people();
    let grace = library.name("none.jpg", "Grace");
    let id = library.face_id("none.jpg");
    let said = library.facetag(["face", "remove", &id, &id]).well().stdout;
    assert!(said.contains("1 face removed") && said.contains("brings it back"), "{said}");
    let gone = || {
        assert!(library.export()["none.jpg"]["faces"].as_array().unwrap().is_empty());
        assert!(library.find(&["Grace"]).is_empty());
        assert!(asked(&library).iter().all(|(face, _)| *face != id));
    };
    gone();
    assert_eq!(library.scan()["unchanged"], 7);
    gone();
    library.facetag(["scan", "--retry-failed"]).well();
    gone();
    // A copy of the photo is the same photo.
    library.put_as(HOPPER, "copy.jpg");
    library.scan();
    gone();
    library.use_another_pack();
    gone();
    // An edited one has the same faces.
    common::touch_up(&library.photo("none.jpg"));
    assert_eq!(library.scan()["photos"], 1);
    gone();

    library.facetag(["face", "remove", &id]).fails_saying(&[&format!("no face {id}")]);
    library.facetag(["confirm", &grace, &id]).fails_saying(&[&format!("no face {id}")]);
    library.facetag(["why", &id]).fails_saying(&[&format!("no face {id}")]);
    library.facetag(["face", "remove"]).fails_saying(&["FACE"]);
    library.facetag(["face"]).fails_saying(&["add", "remove"]);
}

#[test]
fn why_tells_who_said_so_or_whom_it_is_like() {
    let library = people();
    let (sharp, blurred) = (library.face_id("none.jpg"), library.face_id("hopper-blurred.png"));
    let told = |face: &str| library.facetag(["why", face]).well().stdout;
    assert!(told(&sharp).contains("grouped it with the faces"), "{}", told(&sharp));

    let grace = library.name("none.jpg", "Grace");
    let named = told(&sharp);
    assert!(named.contains("Grace") && named.contains("You said so") && named.contains("Line 1 of"), "{named}");
    assert!(named.contains("none.jpg"), "{named}");
    library.facetag(["ignore", "Grace"]).well();
    library.facetag(["ignore", "--undo", "Grace"]).well();
    assert!(told(&sharp).contains("Line 1 of"), "that says whose it is: {}", told(&sharp));
    let why = library.facetag(["why", &blurred, "--json"]).well().json();
    assert_eq!(why["decision"], Value::Null);
    let first = &why["resembles"][0];
    assert_eq!((first["person"].to_string(), first["nearest"].to_string()), (grace, sharp));
    let probability = first["probability"].as_f64().unwrap();
    assert!((0.1..1.0).contains(&probability), "{first}");
    let [similarity, cosine] = ["similarity", "cosine"].map(|what| first[what].as_f64().unwrap());
    assert!((0.1..1.0).contains(&similarity) && (0.1..1.0).contains(&cosine), "{first}");

    library.name("obama-2010.jpg", "Barack");
    library.put("metadata/obama-2009.jpg");
    library.scan();
    let auto = told(&library.face_id("obama-2009.jpg"));
    assert!(auto.contains("Barack") && auto.contains("automatically"), "{auto}");
    library.facetag(["why", "9999"]).fails_saying(&["no face 9999"]);
    library.facetag(["why"]).fails_saying(&["FACE"]);
}

#[test]
fn a_face_drawn_over_one_that_was_removed_is_the_one_that_was_drawn() {
    let library = people();
    let removed = library.face("none.jpg");
    let bounds: Vec<f64> = removed["box"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
    library.facetag(["face", "remove", &removed["id"].to_string()]).well();
    // Not quite the same.
    let [x, y, width, height] = [bounds[0], bounds[1], bounds[2] * 0.9, bounds[3] * 0.9];
    let drawn = format!("{x},{y},{width},{height}");
    library.facetag(["face", "add", "photos/none.jpg", "--box", &drawn, "--person", "Grace"]).well();
    let check = || {
        let face = library.face("none.jpg");
        assert!(overlap(&face["box"], &json!([x, y, width, height])) > 0.999, "{face}");
        assert_eq!((&face["person"]["name"], &face["state"]), (&"Grace".into(), &"manual".into()));
        face["id"].to_string()
    };
    let id = check();
    assert_ne!(id, removed["id"].to_string());
    let embedding = |face: &str| -> Vec<u8> {
        let sql = "SELECT vector FROM embeddings WHERE face_id = ?1";
        library.sqlite().query_row(sql, [face], |row| row.get(0)).unwrap()
    };
    assert_ne!(embedding(&id), embedding(&removed["id"].to_string()), "its own, of what is in the box");
    let state = library.state();
    library.facetag(["undo", "2"]).well();
    assert_eq!(library.face("none.jpg")["id"], removed["id"]);
    library.facetag(["redo", "2"]).well();
    assert_eq!(library.state(), state);
    library.facetag(["scan", "--rebuild"]).well();
    check();
    library.facetag(["undo"]).well();
    assert!(library.export()["none.jpg"]["faces"].as_array().unwrap().is_empty(), "the removal still stands");
    library.facetag(["undo"]).well();
    assert!(overlap(&library.face("none.jpg")["box"], &removed["box"]) > 0.999);
}

#[test]
fn a_drawn_face_stays_one_that_was_drawn_whatever_is_said_of_it() {
    let library = people();
    library.facetag(["face", "add", "photos/none.jpg", "--box", "0,0,0.25,0.2", "--person", "A Ghost"]).well();
    let faces = || library.export()["none.jpg"]["faces"].as_array().unwrap().clone();
    let id = faces().iter().find(|face| face["state"] == "manual").unwrap()["id"].clone();
    let ghost = id.to_string();
    let state = || {
        let face = faces().into_iter().find(|face| face["id"] == id).unwrap();
        (face["person"]["name"].clone(), face["state"].clone())
    };
    library.facetag(["reject", "A Ghost", &ghost]).well();
    assert_eq!(state(), (Value::Null, Value::Null));
    library.facetag(["confirm", "Grace", &ghost]).well();
    assert_eq!(state(), ("Grace".into(), "manual".into()));
    library.facetag(["split", "Grace", &ghost]).ends(2);
    library.facetag(["confirm", "Somebody", &ghost]).well();
    assert_eq!(state(), ("Somebody".into(), "manual".into()));
    library.facetag(["scan", "--rebuild"]).well();
    assert!(faces().iter().any(|face| face["person"]["name"] == "Somebody" && face["state"] == "manual"));
    // All of it taken back, nothing is there; and a detector that is as sure of a face as can be has drawn none.
    rusqlite::Connection::open(library.file()).unwrap().execute("UPDATE faces SET score = 1.0", []).unwrap();
    library.facetag(["undo", "4"]).well();
    assert_eq!(faces().len(), 1, "the one that the detector saw");
    library.facetag(["name", &library.number("none.jpg"), "Grace"]).well();
    assert_eq!(library.face("none.jpg")["state"], "confirmed");
}

#[test]
fn a_face_that_no_detector_finds_any_more_keeps_its_name() {
    let library = people();
    let photo = library.export()["none.jpg"]["hash"].clone();
    let corner = json!({"x": 0.0, "y": 0.0, "width": 0.2, "height": 0.15});
    let decision = json!({"do": "confirm", "person": 500, "name": "Grace", "faces": [{"photo": photo, "box": corner}]});
    // As another detector had found it, when the user named it.
    let sqlite = rusqlite::Connection::open(library.file()).unwrap();
    let sql = "INSERT INTO journal (at, decision) VALUES ('2026-01-01T00:00:00Z', ?1)";
    sqlite.execute(sql, [decision.to_string()]).unwrap();
    drop(sqlite);
    library.facetag(["scan", "--rebuild"]).well();
    let faces = library.export()["none.jpg"]["faces"].as_array().unwrap().clone();
    let kept = faces.iter().find(|face| face["person"]["name"] == "Grace").unwrap_or_else(|| panic!("{faces:?}"));
    assert!(overlap(&kept["box"], &json!([0.0, 0.0, 0.2, 0.15])) > 0.999, "{kept}");
    assert_eq!(library.find(&["Grace"]), ["none.jpg"]);
    assert_eq!(library.number_of("faces WHERE id NOT IN (SELECT face_id FROM embeddings)"), 0);
    library.facetag(["scan", "--rebuild"]).well();
    assert_eq!(library.find(&["Grace"]), ["none.jpg"]);
    library.facetag(["undo"]).well();
    assert_eq!(library.export()["none.jpg"]["faces"].as_array().unwrap().len(), 1);
}
