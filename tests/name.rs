//! `facetag name`, `rename`, `merge` and `hide`: what the user says is done, kept and written down.

mod common;

use std::fs;

use common::Library;
use serde_json::{Value, json};

/// Three people: Obama twice, Biden, Hopper.
const PEOPLE: [&str; 4] =
    ["metadata/obama-2010.jpg", "metadata/obama-2012.jpg", "metadata/biden-2010.jpg", "metadata/none.jpg"];

fn people() -> Library {
    Library::scanned(&PEOPLE)
}

fn name_in(library: &Library, photo: &str) -> Value {
    library.face(photo)["person"]["name"].clone()
}

#[test]
fn a_group_gets_a_name_by_its_number() {
    let library = people();
    let number = library.number("obama-2010.jpg");
    let said = library.facetag(["name", &number, "Barack Obama"]).well().stdout;
    assert!(said.contains("Barack Obama") && said.contains("2 faces in 2 photos"), "{said}");

    for photo in ["obama-2010.jpg", "obama-2012.jpg"] {
        let face = library.face(photo);
        assert_eq!(face["person"], json!({"id": number.parse::<i64>().unwrap(), "name": "Barack Obama"}));
        assert_eq!(face["state"], "confirmed");
    }
    assert!(name_in(&library, "biden-2010.jpg").is_null());

    let journal = library.journal();
    assert_eq!(journal.len(), 1);
    assert_eq!((&journal[0]["do"], &journal[0]["name"]), (&"name".into(), &"Barack Obama".into()));
    let faces = journal[0]["faces"].as_array().unwrap();
    let hashes = ["obama-2010.jpg", "obama-2012.jpg"].map(|photo| library.export()[photo]["hash"].clone());
    assert!(hashes.iter().all(|hash| faces.iter().any(|face| &face["photo"] == hash)), "{faces:?}");
}

#[test]
fn to_say_a_name_once_more_changes_nothing_and_warns_of_nothing() {
    let library = people();
    let number = library.name("obama-2010.jpg", "Zoë");
    for command in [["name", &number, "Zoë"], ["name", "zoe", " Zoe\u{308} "], ["rename", &number, "Zoë"]] {
        let run = library.facetag(command).well();
        assert!(run.stdout.contains("Zoë") && run.stderr.is_empty(), "{run:?}");
    }
    assert_eq!(library.journal().len(), 1);
}

#[test]
fn a_number_may_have_a_sign_before_it() {
    let library = people();
    let number = format!("#{}", library.number("obama-2010.jpg"));
    library.facetag(["name", &number, "Barack"]).well();
    assert_eq!(name_in(&library, "obama-2010.jpg"), "Barack");
}

#[test]
fn a_name_is_found_in_any_case_and_form() {
    let library = people();
    // As some programs and file systems write it: é as e with an accent behind it.
    library.name("obama-2010.jpg", "Jose\u{301}  Álvarez ");
    library.name("biden-2010.jpg", "Γιώργος");
    library.name("none.jpg", "王小明");

    let obama: &[_] = &["obama-2010.jpg", "obama-2012.jpg"];
    let (biden, hopper): (&[_], &[_]) = (&["biden-2010.jpg"], &["none.jpg"]);
    for (who, photos) in [
        ("José Álvarez", obama),
        ("JOSÉ ÁLVAREZ", obama),
        ("jose\u{301} a\u{301}lvarez", obama),
        ("josé", obama),
        ("Γιώργος", biden),
        ("ΓΙΏΡΓΟΣ", biden),
        ("γιω\u{301}ργοσ", biden),
        ("王小明", hopper),
    ] {
        assert_eq!(library.find(&[who]), photos, "{who}");
    }
    // As it is kept: composed, tidied, in the case that was typed.
    assert_eq!(name_in(&library, "obama-2010.jpg"), "José Álvarez");
}

#[test]
fn an_ambiguous_name_is_asked_back() {
    let library = people();
    library.name("obama-2010.jpg", "Barack Obama");
    library.name("biden-2010.jpg", "Michelle Obama");
    for command in [&["find", "Obama"][..], &["show", "obama"], &["rename", "OBAMA", "X"], &["hide", "Obama"]] {
        library.facetag(command).fails_saying(&["Barack Obama", "Michelle Obama"]);
    }
    library.facetag(["merge", "Barack", "Obama"]).fails_saying(&["Barack Obama", "Michelle Obama"]);
    assert_eq!(library.journal().len(), 2, "nothing was decided");
    // A whole name is nobody else's, and a word of one name alone will do.
    library.name("none.jpg", "Obama");
    assert_eq!(library.find(&["Obama"]), ["none.jpg"]);
    assert_eq!(library.find(&["michelle"]), ["biden-2010.jpg"]);
}

#[test]
fn somebody_unknown_is_said_to_be_so() {
    let library = people();
    library.name("obama-2010.jpg", "Barack Obama");
    library.facetag(["show", "Carl"]).fails_saying(&["Carl", "facetag people"]);
    library.facetag(["find", "--not", "Carl"]).fails_saying(&["Carl"]);
    library.facetag(["name", "99", "Carl"]).fails_saying(&["99", "facetag people"]);
    library.facetag(["show", ""]).fails_saying(&["nobody"]);
    library.facetag(["show", "Bar"]).fails_saying(&["did you mean", "Barack Obama"]);
    // A part of a word is no word.
    library.facetag(["show", "arack"]).fails_saying(&["nobody"]);
}

#[test]
fn the_name_of_somebody_else_joins_the_two() {
    let library = people();
    let barack = library.name("obama-2010.jpg", "Barack");
    let said = library.facetag(["name", &library.number("none.jpg"), "BARACK"]).well().stdout;
    assert!(said.contains("is Barack") && said.contains("too"), "{said}");
    assert_eq!(library.number("none.jpg"), barack);
    assert_eq!(name_in(&library, "none.jpg"), "Barack", "the name stays as it was first typed");
    assert_eq!(library.person("Barack")["faces"], 3);
    assert_eq!(library.journal()[1]["do"], "merge");
}

#[test]
fn a_person_is_renamed_and_not_named_again() {
    let library = people();
    let number = library.name("obama-2010.jpg", "Barack");
    library.facetag(["name", &number, "Joe"]).fails_saying(&["facetag rename"]);
    library.facetag(["rename", &library.number("none.jpg"), "Joe"]).fails_saying(&["facetag name"]);

    library.facetag(["rename", "barack", "Barack H. Obama"]).well();
    assert_eq!(name_in(&library, "obama-2010.jpg"), "Barack H. Obama");
    assert_eq!(library.number("obama-2010.jpg"), number, "the number stays");
    library.facetag(["rename", &number, "barack h. obama"]).well();
    assert_eq!(name_in(&library, "obama-2010.jpg"), "barack h. obama", "only the case may change");
    let line = &library.journal()[1];
    assert_eq!(
        (&line["do"], &line["from"], &line["to"]),
        (&"rename".into(), &"Barack".into(), &"Barack H. Obama".into())
    );
}

#[test]
fn a_person_does_not_get_the_name_of_another() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.facetag(["rename", "Barack", "JOE"]).fails_saying(&["Joe", "facetag merge"]);
    assert_eq!(name_in(&library, "obama-2010.jpg"), "Barack");
    assert_eq!(library.journal().len(), 2);
}

#[test]
fn what_is_no_name_is_refused() {
    let library = people();
    let number = library.number("obama-2010.jpg");
    library.name("biden-2010.jpg", "Joe");
    for (wrong, why) in [
        ("", "empty"),
        ("  \t", "empty"),
        ("12", "number"),
        ("#3", "number"),
        ("An\nna", "control"),
        ("A\u{7}", "control"),
        ("\u{202e}", "empty"),
        (&"a".repeat(201), "longer"),
    ] {
        library.facetag(["name", &number, wrong]).fails_saying(&[why]);
        library.facetag(["rename", "Joe", wrong]).fails_saying(&[why]);
    }
    library.facetag(["name", &number]).fails_saying(&["Usage"]);
    assert_eq!(library.journal().len(), 1);
    library.facetag(["name", &number, "Agent 47"]).well();
}

#[test]
fn merging_keeps_the_name_and_its_number() {
    let library = people();
    let joe = library.name("biden-2010.jpg", "Joe");
    let group = library.number("none.jpg");
    // The group comes first, but the name is worth more.
    library.facetag(["merge", &group, "Joe"]).well();
    assert_eq!((library.number("none.jpg"), name_in(&library, "none.jpg")), (joe, "Joe".into()));
    assert_eq!(library.face("none.jpg")["state"], "confirmed");
    library.facetag(["show", &group]).fails_saying(&[&group]);

    let line = library.journal()[1].clone();
    assert_eq!(
        (&line["do"], &line["from"].to_string(), &line["into"]),
        (&"merge".into(), &group, &library.person("Joe")["id"])
    );
}

#[test]
fn of_two_names_the_first_is_kept() {
    let library = people();
    library.name("biden-2010.jpg", "Joe");
    library.name("obama-2010.jpg", "Barack");
    library.facetag(["merge", "Barack", "Joe"]).well();
    assert_eq!(library.person("Barack")["faces"], 3);
    library.facetag(["find", "Joe"]).fails_saying(&["Joe"]);
    // The name is free again.
    library.name("none.jpg", "Joe");
    assert_eq!(library.find(&["Joe"]), ["none.jpg"]);
}

#[test]
fn several_are_merged_at_once_and_nobody_with_himself() {
    let library = people();
    let numbers = ["obama-2010.jpg", "biden-2010.jpg", "none.jpg"].map(|photo| library.number(photo));
    library.facetag(["merge", &numbers[0], &numbers[1], &numbers[0]]).fails_saying(&[&numbers[0], "twice"]);
    library.facetag(["merge", &numbers[0], "Nobody"]).fails_saying(&["Nobody"]);
    assert!(library.journal().is_empty(), "a merge that fails does nothing");
    library.facetag(["merge", &numbers[0], &numbers[1], &numbers[2]]).well();
    let people = library.people();
    assert_eq!(people.len(), 1);
    assert_eq!((&people[0]["faces"], &people[0]["name"]), (&4.into(), &Value::Null));
    // Together they stay, whatever else is found.
    library.put("metadata/obama-2009.jpg");
    library.scan();
    let numbers = ["obama-2010.jpg", "biden-2010.jpg", "none.jpg"].map(|photo| library.number(photo));
    assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
}

#[test]
fn the_hidden_are_not_listed_until_they_are_shown_again() {
    let library = people();
    let number = library.number("none.jpg");
    library.name("biden-2010.jpg", "Joe");
    library.facetag(["hide", &number]).well();
    library.facetag(["hide", "Joe"]).well();
    let listed = |args: &[&str]| -> Vec<String> {
        let lines = library.facetag(["people", "--all", "--json"].iter().chain(args)).well().json();
        lines.as_array().unwrap().iter().map(|line| line["id"].to_string()).collect()
    };
    let joe = library.number("biden-2010.jpg");
    assert_eq!(listed(&[]), [library.number("obama-2010.jpg")]);
    assert_eq!(listed(&["--hidden"]), [joe.clone(), number.clone()]);

    // Another face of somebody hidden stays hidden.
    library.put("metadata/biden-2011.jpg");
    library.scan();
    assert_eq!(listed(&[]), [library.number("obama-2010.jpg")]);
    assert_eq!(library.number("biden-2011.jpg"), joe);

    library.facetag(["hide", "--undo", "Joe"]).well();
    assert_eq!(listed(&["--hidden"]), [number]);
    let done: Vec<_> = library.journal().iter().map(|line| line["hidden"].clone()).collect();
    assert_eq!(done, [Value::Null, true.into(), true.into(), false.into()]);
}

#[test]
fn a_name_reaches_the_faces_that_are_surely_the_same() {
    // Two groups of one person: the photos came one by one, and the user merged nothing.
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.put("metadata/obama-2009.jpg");
    library.put("metadata/obama-2011.jpg");
    library.scan();
    let states = ["obama-2009.jpg", "obama-2011.jpg"].map(|photo| library.face(photo)["state"].clone());
    assert_eq!(states, ["auto", "auto"]);
    // What facetag did by itself is not what the user said.
    library.facetag(["rename", "Barack", "Barack Obama"]).well();
    assert_eq!(library.face("obama-2009.jpg")["state"], "auto");
}

#[test]
fn a_decision_outlives_scans_of_changed_folders() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.facetag(["merge", "Joe", &library.number("none.jpg")]).well();
    fs::remove_file(library.photo("obama-2012.jpg")).unwrap();
    library.put("metadata/obama-2009.jpg");
    library.put("metadata/lisbon.jpg");
    library.scan();
    // Hopper goes by the name of Joe, because the user said so; a new photo of hers does too.
    let names =
        ["obama-2010.jpg", "obama-2009.jpg", "biden-2010.jpg", "none.jpg"].map(|photo| name_in(&library, photo));
    assert_eq!(names, ["Barack", "Barack", "Joe", "Joe"]);
    assert_eq!(library.journal().len(), 3, "a scan decides nothing in the user's name");
}

#[test]
fn nothing_is_decided_in_an_empty_library() {
    let library = Library::new();
    for args in
        [&["name", "1", "Anna"][..], &["rename", "1", "Anna"], &["merge", "1", "2"], &["hide", "1"], &["show", "1"]]
    {
        library.facetag(args).fails_saying(&["no group 1"]);
    }
}

/// The faces of somebody, as `show --json` has them.
fn faces_of(library: &Library, who: &str) -> Vec<String> {
    let shown = library.facetag(["show", who, "--json"]);
    if shown.code == 0 {
        shown.json().as_array().unwrap().iter().map(|face| face["face"].to_string()).collect()
    } else {
        Vec::new()
    }
}

/// The newest word about a face wins: it was told apart, then it was made one again.
#[test]
fn what_was_split_off_comes_back_with_a_merge_whichever_way_it_is_said() {
    let library = people();
    let obama = library.name("obama-2010.jpg", "Anna");
    let theirs = |who: &str| library.person(who)["faces"].clone();
    for (round, way) in ["Anna Ben", "Ben Anna", "named"].into_iter().enumerate() {
        let kept = if round == 1 { "Ben" } else { "Anna" };
        let (before, face) = (library.state(), library.face_id("obama-2012.jpg"));
        library.facetag(["split", &obama, &face, "--name", "Ben"]).well();
        match way {
            "named" => {
                // A group by a name that somebody has.
                library.facetag(["undo"]).well();
                library.facetag(["split", &obama, &face]).well();
                library.facetag(["name", &library.number("obama-2012.jpg"), "Anna"]).well();
            }
            way => drop(library.facetag(["merge"].into_iter().chain(way.split(' '))).well()),
        }
        assert_eq!(theirs(kept), 2, "{way}");
        assert_eq!(library.number_of("rejections"), 0, "{way}");
        library.facetag(["scan", "--rebuild"]).well();
        assert_eq!(theirs(kept), 2, "{way}, found anew");
        library.facetag(["undo", "2"]).well();
        library.facetag(["redo", "2"]).well();
        assert_eq!(theirs(kept), 2, "{way}, taken back and done again");
        library.facetag(["undo", "2"]).well();
        assert_eq!(library.state().len(), before.len());
        assert_eq!(theirs("Anna"), 2);
    }
}

#[test]
fn an_empty_person_of_a_typing_mistake_takes_nobody_along() {
    let library = people();
    let (one, other) = (library.face_id("obama-2010.jpg"), library.face_id("obama-2012.jpg"));
    library.name("obama-2010.jpg", "Barak Obama");
    library.facetag(["reject", "Barak", &one, &other]).well();
    library.facetag(["confirm", "Barack Obama", &one, &other]).well();
    // Nobody is left whom it could mean beside him.
    for who in ["obama", "Obama", "barack"] {
        assert_eq!(library.find(&[who]), ["obama-2010.jpg", "obama-2012.jpg"], "{who}");
    }
    library.facetag(["merge", "Barack Obama", "Barak Obama"]).well();
    assert_eq!(library.person("Barack Obama")["faces"], 2);
    library.facetag(["undo"]).well();
    library.facetag(["merge", "Barak Obama", "Barack Obama"]).well();
    assert_eq!(library.person("Barak Obama")["faces"], 2, "the mistake may be the one that is kept");
    library.facetag(["scan", "--rebuild"]).well();
    assert_eq!(library.person("Barak Obama")["faces"], 2);
}

#[test]
fn whoever_has_no_face_left_gives_way_to_whoever_has_even_with_the_whole_name() {
    let library = people();
    library.name("none.jpg", "Anna");
    library.facetag(["reject", "Anna", &library.face_id("none.jpg")]).well();
    library.name("biden-2010.jpg", "Anna Miller");
    assert_eq!(library.find(&["anna"]), ["biden-2010.jpg"]);
    // Whoever decides about her means the one of exactly this name.
    library.facetag(["rename", "Anna", "Mistake"]).well();
    assert_eq!(name_in(&library, "biden-2010.jpg"), "Anna Miller");
    // Alone, she is found for what she is.
    library.facetag(["find", "Mistake"]).ends(1);
}

#[test]
fn a_no_about_a_group_is_overruled_by_its_name() {
    let library = people();
    library.name("none.jpg", "Grace");
    let faces = faces_of(&library, &library.number("obama-2010.jpg"));
    assert_eq!(faces.len(), 2);
    for (round, name) in ["Grace", "Barack"].into_iter().enumerate() {
        let group = library.number("obama-2010.jpg");
        library.facetag(["reject", "Grace", &faces[0], &faces[1]]).well();
        library.facetag(["name", &group, name]).well();
        assert_eq!(["obama-2010.jpg", "obama-2012.jpg"].map(|photo| name_in(&library, photo)), [name, name]);
        assert_eq!(library.person(name)["faces"], 3 - round);
        library.facetag(["undo", "2"]).well();
    }
}

#[test]
fn nobody_is_tagged_before_a_birth_that_came_with_a_merge() {
    // Whose birth it was, of the one who stays or of the other.
    for [kept, other] in [["Barack", "Grace"], ["Grace", "Barack"]] {
        let library = people();
        library.name("obama-2010.jpg", "Barack");
        library.put("metadata/obama-2009.jpg");
        library.put("metadata/obama-2011.jpg");
        assert_eq!(library.scan()["tagged"], 2);
        library.name("none.jpg", "Grace");
        library.facetag(["born", "Grace", "2010-02-01"]).well();
        library.facetag(["merge", kept, other]).well();
        assert!(library.face("obama-2009.jpg")["person"].is_null(), "it was tagged by itself, from before the birth");
        assert_eq!(name_in(&library, "obama-2011.jpg"), kept);
        assert_eq!(name_in(&library, "obama-2010.jpg"), kept, "the user said so");
        let state = library.state();
        library.facetag(["undo"]).well();
        assert_eq!(library.face("obama-2009.jpg")["state"], "auto");
        library.facetag(["redo"]).well();
        assert_eq!(library.state(), state);
    }
}

#[test]
fn two_birth_dates_are_not_made_one_unsaid() {
    let library = people();
    let barack = library.name("obama-2010.jpg", "Barack");
    let joe = library.name("biden-2010.jpg", "Joe");
    library.facetag(["born", "Barack", "1961-08-04"]).well();
    library.facetag(["born", "Joe", "1942-11-20"]).well();
    let before = library.state();
    library.facetag(["merge", "Barack", "Joe"]).fails_saying(&[
        "1961-08-04",
        "1942-11-20",
        "Barack",
        "Joe",
        &format!("facetag born {joe}"),
        "--unknown",
    ]);
    assert_eq!(library.state(), before);
    let server = common::server::Server::start(&library);
    server
        .post_from("/people", "/merge", &[("who", &barack), ("who", &joe)])
        .is(409)
        .says(&["1961-08-04", "1942-11-20"]);
    assert_eq!(library.state(), before);
    // The same date is no conflict, and one that is forgotten is none either.
    library.facetag(["born", &joe, "1961-08-04"]).well();
    library.facetag(["merge", "Barack", "Joe"]).well();
    library.facetag(["undo"]).well();
    library.facetag(["born", "Barack", "--unknown"]).well();
    library.facetag(["merge", "Barack", "Joe"]).well();
    let born = "SELECT born FROM people WHERE name = 'Barack'";
    assert_eq!(library.sqlite().query_row(born, [], |row| row.get::<_, String>(0)).unwrap(), "1961-08-04");
}

#[test]
fn whoever_gets_a_name_is_listed() {
    let library = people();
    let unlisted = |args: &[&str], photo: &str, name: &str| {
        let number = library.number(photo);
        library.facetag([args, &[number.as_str()]].concat()).well();
        assert!(library.people().iter().all(|person| person["id"] != number.parse::<i64>().unwrap()));
        library.facetag(["name", &number, name]).well();
        assert_eq!(library.person(name)["id"].to_string(), number);
        library.facetag(["undo"]).well();
        assert!(library.people().iter().all(|person| person["id"] != number.parse::<i64>().unwrap()));
        library.facetag(["redo"]).well();
        library.facetag(["scan", "--rebuild"]).well();
        assert_eq!(library.person(name)["id"].to_string(), number);
    };
    unlisted(&["hide"], "obama-2010.jpg", "Barack");
    unlisted(&["ignore"], "biden-2010.jpg", "Joe");
    // Whoever was hidden under their name stays so, and the user is told.
    library.facetag(["hide", "Joe"]).well();
    let told = library.facetag(["name", &library.number("none.jpg"), "Joe"]).well().stderr;
    assert!(told.contains("hidden") && told.contains("facetag hide --undo"), "{told}");
}

#[test]
fn a_cover_that_is_theirs_wins_over_one_that_is_not() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.facetag(["cover", "Barack", &library.face_id("obama-2010.jpg")]).well();
    library.facetag(["cover", "Joe", &library.face_id("biden-2010.jpg")]).well();
    let cover = |who: &str| library.person(who)["best_face"].to_string();
    // Both are valid: that of the one who stays is kept.
    library.facetag(["merge", "Barack", "Joe"]).well();
    assert_eq!(cover("Barack"), library.face_id("obama-2010.jpg"));
    library.facetag(["undo"]).well();
    // The face that showed him is somebody else's now.
    library.facetag(["split", "Barack", &library.face_id("obama-2010.jpg"), "--name", "Somebody"]).well();
    library.facetag(["merge", "Barack", "Joe"]).well();
    assert_eq!(cover("Barack"), library.face_id("biden-2010.jpg"));
    library.facetag(["scan", "--rebuild"]).well();
    assert_eq!(cover("Barack"), library.face_id("biden-2010.jpg"));
}

#[test]
fn nobody_who_was_merged_comes_back_to_life() {
    let library = people();
    let (barack, joe) = (library.name("obama-2010.jpg", "Barack"), library.name("biden-2010.jpg", "Joe"));
    for round in 0..4 {
        // Each is resolved before the other is done, or sees what it did.
        let commands = [
            library.command(["merge", &barack, &joe]).spawn().unwrap(),
            library.command(["rename", &joe, "Joseph"]).spawn().unwrap(),
            library.command(["born", &joe, "1942"]).spawn().unwrap(),
            library.command(["confirm", &joe, &library.face_id("none.jpg")]).spawn().unwrap(),
        ];
        for command in commands {
            let run = common::Run::of(command.wait_with_output().unwrap());
            assert!(run.code == 0 || run.stderr.contains(&format!("no group {joe}")), "{run:?}");
        }
        let people = library.number_of(&format!("people WHERE id = {joe}"));
        assert_eq!(people, 0, "round {round}");
        assert_eq!(name_in(&library, "biden-2010.jpg"), "Barack", "round {round}");
        while library.number_of(&format!("people WHERE id = {joe} AND name = 'Joe'")) == 0 {
            library.facetag(["undo"]).well();
        }
    }
}
