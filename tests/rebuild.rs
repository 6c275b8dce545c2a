//! `facetag scan --rebuild`: all that was found is forgotten and found again, and all that was said comes back out of the
//! journal alone.

mod common;

use std::fs;

use common::{BIDEN, Library, OBAMA_BLURRED, people, text, touch_up};
use image::imageops;
use serde_json::Value;

/// What the user said, as the tables have it, in words that do not depend on the numbers of rows.
fn said(library: &Library) -> Vec<String> {
    let sqlite = library.sqlite();
    let face = "substr(hex(hash), 1, 8) || printf(' %.3f %.3f %.3f %.3f ', x, y, faces.width, faces.height)";
    let rows_of = |what: &str| -> Vec<String> {
        let mut statement = sqlite.prepare(what).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let people =
        "SELECT id || ' ' || quote(name) || quote(key) || hidden || ignored || quote(born) || quote(cover) FROM people
                  WHERE name IS NOT NULL OR hidden OR ignored OR born IS NOT NULL OR cover IS NOT NULL ORDER BY id";
    let faces = format!(
        "SELECT {face} || quote(person_id) || quote(state) || removed FROM faces
         JOIN photos ON photos.id = photo_id AND EXISTS (SELECT 1 FROM files WHERE files.photo_id = photos.id)
         WHERE state IS NOT NULL OR removed ORDER BY 1"
    );
    let rejections = format!(
        "SELECT 'not ' || {face} || rejections.person_id FROM rejections JOIN faces ON faces.id = face_id
         JOIN photos ON photos.id = photo_id AND EXISTS (SELECT 1 FROM files WHERE files.photo_id = photos.id) ORDER BY 1"
    );
    let circles =
        "SELECT name || ' ' || quote(person) FROM circles LEFT JOIN circle_members ON circle = id ORDER BY id, person";
    let dates = "SELECT hex(hash) || ' ' || taken FROM photos WHERE taken_source = 'decided' ORDER BY hash";
    [people, &faces, &rejections, circles, dates].iter().flat_map(|what| rows_of(what)).collect()
}

fn rebuild(library: &Library) -> Value {
    library.facetag(["scan", "--rebuild", "--json"]).well().json()
}

fn name_in(library: &Library, photo: &str) -> Value {
    library.main_face(photo)["person"]["name"].clone()
}

/// Everything that can be said, each once and more; what stood after each.
fn say_all(library: &Library) -> Vec<Vec<String>> {
    let face = |photo: &str| library.face_id(photo);
    let group = |photo: &str| library.main_face(photo)["group"].to_string();
    let mut stood = vec![said(library)];
    let mut say = |args: &[&str]| {
        library.facetag(args).well();
        stood.push(said(library));
        let [.., before, after] = stood.as_slice() else { unreachable!() };
        assert_ne!(before, after, "{args:?} says nothing");
    };
    say(&["reject", &group("obama-2010.jpg"), &face(OBAMA_BLURRED)]);
    say(&["name", &group("obama-2010.jpg"), "Barack"]);
    say(&["name", &group("biden-2010.jpg"), "Joe"]);
    say(&["rename", "Joe", "Joe Biden"]);
    say(&["confirm", "Barack", &face(OBAMA_BLURRED)]);
    say(&["reject", "Joe", &face("biden-blurred.png")]);
    say(&["split", "Barack", &face("obama-2012.jpg")]);
    say(&["split", "Barack", &face(OBAMA_BLURRED), "--name", "A Gardener"]);
    say(&["merge", "Gardener", &group("obama-2012.jpg")]);
    say(&["hide", "Gardener"]);
    say(&["ignore", &group("hopper-blurred.png")]);
    say(&["born", "Barack", "1961-08-04"]);
    say(&["cover", "Barack", &face("obama-2010.jpg")]);
    say(&["face", "remove", &face("none.jpg")]);
    say(&["face", "add", "photos/biden-2010.jpg", "--box", "0,0,0.2,0.2", "--person", "A Ghost"]);
    say(&["face", "add", "photos/obama-2010.jpg", "--box", "0,0,0.2,0.2", "--person", "Barack"]);
    say(&["confirm", "Somebody", &face("biden-blurred.png")]);
    say(&["date", "photos/none.jpg", "1955-06"]);
    say(&["circle", "Family", "Barack", "Somebody", "Joe"]);
    say(&["merge", "Joe", "Somebody"]);
    stood
}

#[test]
fn all_that_was_said_is_said_again() {
    let library = people();
    let stood = say_all(&library);
    let known = stood.last().unwrap();
    let journal = library.journal();
    let summary = rebuild(&library);
    assert_eq!((&summary["photos"], &summary["unchanged"]), (&7.into(), &0.into()), "{summary}");
    assert_eq!(&said(&library), known);
    assert_eq!(library.journal(), journal, "nothing new was said");
    // Hand-drawn faces have embeddings again, and a second time is as good as the first.
    assert_eq!(library.number_of("faces WHERE id NOT IN (SELECT face_id FROM embeddings)"), 0);
    assert_eq!(library.scan()["unchanged"], 7);
    assert_eq!(&said(&library), known);
    rebuild(&library);
    assert_eq!(&said(&library), known);
}

#[test]
fn what_was_taken_back_stays_so_and_comes_back_when_done_again() {
    let library = people();
    let stood = say_all(&library);
    let last = stood.len() - 1;
    library.facetag(["undo", "7"]).well();
    rebuild(&library);
    assert_eq!(said(&library), stood[last - 7]);
    // The journal still tells what was taken back, though nothing is known any more of how.
    for back in (1..=7).rev() {
        library.facetag(["redo"]).well();
        assert_eq!(said(&library), stood[last - back + 1], "{back} taken back");
    }
    library.facetag(["redo"]).ends(1);
}

#[test]
fn what_was_said_before_it_can_still_be_taken_back() {
    let library = people();
    let stood = say_all(&library);
    rebuild(&library);
    for (index, before) in stood.iter().enumerate().rev().skip(1) {
        let told = library.facetag(["undo"]).well().stdout;
        assert_eq!(&said(&library), before, "after {index} decisions: {told}");
    }
    library.facetag(["undo"]).ends(1);
    assert_eq!(library.number_of("faces"), 7, "no drawn face is left");
    for (index, after) in stood.iter().enumerate().skip(1) {
        let told = library.facetag(["redo"]).well().stdout;
        assert_eq!(&said(&library), after, "with {index} decisions: {told}");
    }
}

#[test]
fn tags_made_by_similarity_come_back_as_such() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.put("metadata/obama-2009.jpg");
    library.put("metadata/obama-2011.jpg");
    library.scan();
    library.name("biden-2010.jpg", "Joe");
    let known = said(&library);
    rebuild(&library);
    assert_eq!(said(&library), known);
    assert_eq!(library.face("obama-2011.jpg")["state"], "auto");
    // Taking back what nothing is known of any more looks again who is like whom, and leaves that to no later command.
    library.facetag(["undo"]).well();
    let tagged = "SELECT count(*) FROM faces WHERE state = 'auto'";
    assert!(library.sqlite().query_row(tagged, [], |row| row.get::<_, i64>(0)).unwrap() > 0);
    let state = |photo: &str| (name_in(&library, photo), library.face(photo)["state"].clone());
    assert_eq!(state("obama-2011.jpg"), ("Barack".into(), "auto".into()));
    assert_eq!(state("biden-2010.jpg"), (Value::Null, Value::Null));
    library.facetag(["undo"]).well();
    assert_eq!(state("obama-2011.jpg"), (Value::Null, Value::Null));
    library.facetag(["redo", "2"]).well();
    assert_eq!(said(&library), known);
}

#[test]
fn a_photo_edited_in_place_keeps_what_was_said_of_it_before_and_since() {
    let library = people();
    library.name("biden-2010.jpg", "Joe");
    library.name("none.jpg", "Grace");
    library.name("obama-2012.jpg", "Barack");
    library.facetag(["face", "remove", &library.face_id("none.jpg")]).well();
    library.facetag(["reject", "Joe", &library.face_id("biden-blurred.png")]).well();
    for photo in ["biden-2010.jpg", "none.jpg", "biden-blurred.png"] {
        touch_up(&library.photo(photo));
    }
    // Cut so far that the face is somewhere else in the photo.
    let cut = library.photo("obama-2012.jpg");
    imageops::crop_imm(&image::open(&cut).unwrap().to_rgb8(), 50, 20, 142, 172).to_image().save(&cut).unwrap();
    assert_eq!(library.scan()["photos"], 4);
    let edited = said(&library);
    assert_eq!(edited.iter().filter(|row| row.contains("'confirmed'")).count(), 3, "{edited:#?}");
    assert_eq!(edited.iter().filter(|row| row.starts_with("not ")).count(), 1, "{edited:#?}");
    library.facetag(["rename", "Joe", "Joe Biden"]).well();
    library.facetag(["reject", "Barack", &library.face_id("obama-2012.jpg")]).well();
    let known = said(&library);

    rebuild(&library);
    assert_eq!(said(&library), known);
    library.facetag(["undo", "2"]).well();
    assert_eq!(said(&library), edited);
    // Edited a second time, and rebuilt from that.
    touch_up(&library.photo("biden-2010.jpg"));
    library.scan();
    rebuild(&library);
    assert_eq!([name_in(&library, "biden-2010.jpg"), name_in(&library, "obama-2012.jpg")], ["Joe", "Barack"]);
    assert!(library.export()["none.jpg"]["faces"].as_array().unwrap().is_empty());
    library.facetag(["undo", "5"]).well();
    assert!(said(&library).is_empty(), "{:#?}", said(&library));
}

#[test]
fn a_photo_restored_after_an_edit_has_the_newest_names() {
    let library = people();
    library.name("biden-2010.jpg", "Joe");
    let (path, before) = (library.photo("biden-2010.jpg"), library.folder().join("before.jpg"));
    let drawn = ["face", "add", text(&path), "--box", "0.05,0.05,0.2,0.2", "--person", "Grace"];
    library.facetag(drawn).well();
    fs::copy(&path, &before).unwrap();
    touch_up(&path);
    library.scan();
    let face = |name: &str| {
        let faces = library.export()["biden-2010.jpg"]["faces"].as_array().unwrap().clone();
        let found = faces.iter().find(|face| face["person"]["name"] == name).expect("they are in it").clone();
        (faces.len(), found["id"].to_string())
    };
    library.facetag(["confirm", "Ben", &face("Joe").1]).well();

    for _ in 0..2 {
        let edited = fs::read(&path).unwrap();
        fs::copy(&before, &path).unwrap();
        assert_eq!(library.scan()["photos"], 0, "it is known");
        assert_eq!((face("Ben").0, face("Grace").0), (2, 2), "nothing is drawn twice");
        let known = said(&library);
        rebuild(&library);
        assert_eq!(said(&library), known);
        fs::write(&path, edited).unwrap();
        library.scan();
    }
    assert_eq!((face("Ben").0, face("Grace").0), (2, 2));
}

#[test]
fn a_photo_that_is_away_meanwhile_has_its_names_when_it_is_back() {
    let library = people();
    let known = say_all(&library).pop().unwrap();
    let away = library.folder().join("away");
    fs::create_dir(&away).unwrap();
    let photos = ["biden-2010.jpg", "none.jpg", OBAMA_BLURRED, "hopper-blurred.png"];
    for photo in photos {
        fs::rename(library.photo(photo), away.join(photo)).unwrap();
    }
    assert_eq!(rebuild(&library)["photos"], 3);
    assert!(said(&library).len() < known.len());
    // Said while they are away: it holds for what comes back.
    library.facetag(["rename", "Barack", "Barack Obama"]).well();
    for photo in photos {
        fs::rename(away.join(photo), library.photo(photo)).unwrap();
    }
    assert_eq!(library.scan()["photos"], 4);
    library.facetag(["undo"]).well();
    assert_eq!(said(&library), known);
}

#[test]
fn a_folder_that_is_away_is_not_forgotten() {
    let library = people();
    library.name("biden-2010.jpg", "Joe");
    let (known, state) = (said(&library), library.state());
    let away = library.folder().join("away");
    fs::rename(library.photos(), &away).unwrap();
    library.facetag(["scan", "--rebuild"]).fails_saying(&[text(&library.photos()), "--rebuild"]);
    assert_eq!(library.state(), state);
    // An empty one, on which no disk is mounted.
    fs::create_dir(library.photos()).unwrap();
    library.facetag(["scan", "--rebuild"]).fails_saying(&[text(&library.photos()), "--rebuild"]);
    assert_eq!(library.state(), state);
    fs::remove_dir(library.photos()).unwrap();
    fs::rename(&away, library.photos()).unwrap();
    rebuild(&library);
    assert_eq!(said(&library), known);
}

#[test]
fn it_needs_a_library_and_no_folder() {
    let library = Library::with(&[BIDEN]);
    library.facetag(["scan", "--rebuild"]).fails_saying(&["no folder"]);
    library.facetag(["scan", "--rebuild", text(&library.photos())]).fails_saying(&["--rebuild"]);
    library.scan();
    assert_eq!(rebuild(&library)["photos"], 1);
    assert_eq!(library.export().len(), 1);
}

#[test]
fn copies_and_new_photos_are_found_with_it() {
    let library = people();
    library.name("biden-2010.jpg", "Joe");
    library.put_as(BIDEN, "copy.jpg");
    library.put("metadata/biden-2011.jpg");
    let summary = rebuild(&library);
    assert_eq!(
        (&summary["photos"], &summary["copies"], &summary["tagged"]),
        (&8.into(), &1.into(), &2.into()),
        "the blurred one is like the new one: {summary}"
    );
    let found = ["biden-2010.jpg", "copy.jpg", "biden-2011.jpg", "biden-blurred.png"];
    assert_eq!(library.find(&["Joe", "--copies"]), found);
}

#[test]
fn what_is_decided_while_all_is_found_anew_holds() {
    let library = people();
    let joe = library.name("biden-2010.jpg", "Joe");
    for round in 0..3 {
        let mut rebuild = library.command(["scan", "--rebuild", "--quiet", "--threads", "1"]).spawn().unwrap();
        let mut last = String::new();
        let mut renamed = 0;
        // It waits for nobody: some are before the tables are rebuilt, some while they are, some after.
        while rebuild.try_wait().unwrap().is_none() {
            let name = format!("Joe {round} {renamed}");
            let back = renamed % 3 == 2;
            if back {
                library.facetag(["undo"]).well();
            } else {
                library.facetag(["rename", &joe, &name]).well();
                last = if renamed % 3 == 0 { name } else { last };
            }
            renamed += 1;
        }
        assert_eq!(rebuild.wait().unwrap().code(), Some(0));
        if renamed % 3 == 2 {
            library.facetag(["undo"]).well();
        }
        assert!(renamed > 2, "or it is no test");
        assert_eq!(name_in(&library, "biden-2010.jpg"), last.as_str(), "after {renamed}");
        assert_eq!(library.main_face("biden-2010.jpg")["state"], "confirmed");
    }
}
