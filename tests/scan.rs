//! `facetag scan`: what it finds, what it leaves alone, and what lives on when files change, move and vanish.

mod common;

use std::fs::{self, FileTimes};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::time::{Duration, SystemTime};

use facetag::catalog::Library as Place;
use facetag::scan::{Event, Options, scan_folders};
use image::{Rgb, RgbImage};

use common::{Library, fixture, modified, overlap, set_times, text, touch_up};
use image::imageops::{self, FilterType};

const PORTRAITS: [&str; 3] = ["metadata/obama-2010.jpg", "metadata/obama-2012.jpg", "metadata/biden-2010.jpg"];

#[test]
fn a_first_scan_finds_the_faces_and_a_second_one_nothing_new() {
    let library = Library::with(&PORTRAITS);
    let first = library.scan();
    assert_eq!((&first["photos"], &first["faces"], &first["new_groups"]), (&3.into(), &3.into(), &2.into()), "{first}");
    assert_eq!(first["interrupted"], false);
    let known = library.export();

    let second = library.scan();
    assert_eq!((&second["photos"], &second["faces"], &second["unchanged"]), (&0.into(), &0.into(), &3.into()));
    assert_eq!(second["new_groups"], 0, "{second}");
    assert_eq!(library.export(), known);
}

/// As `exiftool -P` writes it.
#[cfg(unix)]
#[test]
fn an_edit_that_keeps_size_and_time_is_noticed() {
    let library = Library::with(&PORTRAITS);
    touch_up(&library.photo("biden-2010.jpg"));
    library.scan();
    library.name("biden-2010.jpg", "Joe");
    let edited = library.photo("biden-2010.jpg");
    let times = FileTimes::new().set_modified(modified(&edited));
    let mut bytes = fs::read(&edited).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::thread::sleep(Duration::from_millis(20));
    fs::write(&edited, bytes).unwrap();
    set_times(&edited, times);

    let second = library.scan();
    assert_eq!((&second["photos"], &second["unchanged"]), (&1.into(), &2.into()), "{second}");
    assert_eq!(library.find(&["Joe"]), ["biden-2010.jpg"]);
}

#[test]
fn a_file_of_which_only_the_time_changed_is_no_copy() {
    let library = Library::scanned(&PORTRAITS);
    for name in ["obama-2010.jpg", "obama-2012.jpg", "biden-2010.jpg"] {
        let later = modified(&library.photo(name)) + Duration::from_secs(60);
        set_times(&library.photo(name), FileTimes::new().set_modified(later));
    }
    let second = library.scan();
    assert_eq!(
        (&second["unchanged"], &second["copies"], &second["photos"]),
        (&3.into(), &0.into(), &0.into()),
        "{second}"
    );
}

#[test]
fn metadata_is_read_again_without_looking_for_faces() {
    let library = Library::scanned(&PORTRAITS);
    library.name("biden-2010.jpg", "Joe");
    let known = library.export();
    let sqlite = rusqlite::Connection::open(library.file()).unwrap();
    sqlite.execute("UPDATE photos SET taken = NULL, place_id = NULL, camera = 'a bad camera'", []).unwrap();
    drop(sqlite);
    assert_ne!(library.export(), known);

    let run = library.facetag(["scan", "--reread", "--json", "photos"]).well().json();
    assert_eq!((&run["reread"], &run["photos"], &run["unchanged"]), (&3.into(), &0.into(), &3.into()), "{run}");
    assert_eq!(library.export(), known);
}

#[test]
fn the_system_sees_no_unchanged_file_opened_either() {
    let library = Library::scanned(&PORTRAITS);
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let names = ["obama-2010.jpg", "obama-2012.jpg", "biden-2010.jpg"];
    touch_up(&library.photo("biden-2010.jpg"));
    for name in names {
        set_times(&library.photo(name), FileTimes::new().set_accessed(long_ago));
    }
    // That was a change of the files, which the library is to know of already.
    #[cfg(unix)]
    for name in ["obama-2010.jpg", "obama-2012.jpg"] {
        use std::os::unix::fs::MetadataExt;
        let about = fs::metadata(library.photo(name)).unwrap();
        let changed = about.ctime() * 1_000_000_000 + about.ctime_nsec();
        let sqlite = rusqlite::Connection::open(library.file()).unwrap();
        let sql = "UPDATE files SET changed = ?1 WHERE path = ?2";
        assert_eq!(sqlite.execute(sql, (changed, text(&library.photo(name)))).unwrap(), 1);
    }
    assert_eq!(library.scan()["photos"], 1);

    let opened = names.map(|name| fs::metadata(library.photo(name)).unwrap().accessed().unwrap() != long_ago);
    // The changed one was read. Where the disk does not note that, it proves nothing of the others.
    if opened[2] {
        assert_eq!(opened, [false, false, true]);
    } else {
        eprintln!("left out: times of access, which the disk with the temporary files does not note");
    }
}

#[test]
fn a_moved_photo_keeps_its_faces_and_its_name() {
    let library = Library::scanned(&PORTRAITS);
    library.name("biden-2010.jpg", "Joe");
    let before = library.face("biden-2010.jpg");
    assert_eq!(before["state"], "confirmed");

    fs::create_dir(library.photo("2010")).unwrap();
    fs::rename(library.photo("biden-2010.jpg"), library.photo("2010/joe.jpg")).unwrap();
    let summary = library.scan();
    assert_eq!((&summary["moved"], &summary["photos"], &summary["copies"]), (&1.into(), &0.into(), &0.into()));
    assert_eq!(summary["missing"], 0, "what has moved is not gone");

    assert_eq!(library.face("joe.jpg"), before);
    assert_eq!(library.find(&["Joe"]), ["joe.jpg"]);
    assert_eq!(library.export().len(), 3, "the old path is forgotten");
    assert_eq!(library.scan()["unchanged"], 3);
}

#[test]
fn photos_that_swap_their_names_keep_their_people() {
    let library = Library::scanned(&PORTRAITS);
    library.name("biden-2010.jpg", "Joe");
    library.name("obama-2010.jpg", "Barack");
    let (joe, barack, aside) = (library.photo("biden-2010.jpg"), library.photo("obama-2010.jpg"), library.photo("x"));
    for (from, to) in [(&joe, &aside), (&barack, &joe), (&aside, &barack)] {
        fs::rename(from, to).unwrap();
    }
    library.scan();
    assert_eq!(library.find(&["Joe"]), ["obama-2010.jpg"]);
    assert_eq!(library.face("biden-2010.jpg")["person"]["name"], "Barack");
    assert_eq!(library.person("Joe")["faces"], 1);
    assert_eq!(library.person("Barack")["faces"], 2);
}

#[test]
fn a_photo_with_new_metadata_keeps_its_names() {
    let library = Library::scanned(&PORTRAITS);
    library.name("biden-2010.jpg", "Joe");
    let before = library.face("biden-2010.jpg");

    touch_up(&library.photo("biden-2010.jpg"));
    assert_eq!(library.scan()["photos"], 1);
    let after = library.face("biden-2010.jpg");
    assert_eq!(after["person"], before["person"]);
    assert_eq!(after["state"], "confirmed", "what the user said is still what the user said");
    assert_eq!(library.find(&["Joe"]), ["biden-2010.jpg"]);
}

#[test]
fn a_photo_saved_again_smaller_or_cut_keeps_its_names() {
    let library = Library::scanned(&PORTRAITS);
    library.name("biden-2010.jpg", "Joe");
    library.name("obama-2012.jpg", "Barack");
    let edit = |name: &str, edit: &dyn Fn(image::DynamicImage) -> image::DynamicImage| {
        let path = library.photo(name);
        edit(image::open(&path).unwrap()).save(&path).unwrap();
    };
    edit("biden-2010.jpg", &|photo| photo.resize(150, 150, FilterType::CatmullRom));
    // Cut so far that the face is somewhere else in the photo.
    edit("obama-2012.jpg", &|photo| imageops::crop_imm(&photo.to_rgb8(), 50, 20, 142, 172).to_image().into());
    let before = [library.face("biden-2010.jpg"), library.face("obama-2012.jpg")];

    assert_eq!(library.scan()["photos"], 2);
    let after = [library.face("biden-2010.jpg"), library.face("obama-2012.jpg")];
    assert!(overlap(&before[0]["box"], &after[0]["box"]) > 0.8);
    assert!(overlap(&before[1]["box"], &after[1]["box"]) < 0.5, "or the cut is no test");
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((&after["person"], &after["state"]), (&before["person"], &before["state"]));
    }
}

#[test]
fn what_a_photo_was_before_an_edit_is_not_counted() {
    let library = Library::scanned(&PORTRAITS);
    library.name("biden-2010.jpg", "Joe");
    touch_up(&library.photo("biden-2010.jpg"));
    library.scan();

    let joe = library.person("Joe");
    assert_eq!((&joe["faces"], &joe["photos"]), (&1.into(), &1.into()), "{joe}");
    let shown = library.facetag(["show", "Joe", "--json"]).well().json();
    let paths: Vec<_> = shown.as_array().unwrap().iter().map(|line| line["path"].clone()).collect();
    assert_eq!(paths, [text(&library.photo("biden-2010.jpg"))]);
    let stats = library.facetag(["stats", "--json"]).well().json();
    assert_eq!((&stats["photos"], &stats["faces"]), (&3.into(), &3.into()), "{stats}");
}

#[test]
fn another_photo_under_the_same_name_is_not_the_same_person() {
    let library = Library::scanned(&PORTRAITS);
    library.name("biden-2010.jpg", "Joe");
    let joe_was_at = library.face("biden-2010.jpg")["box"].clone();
    // Cameras count from 0001 again: here is Barack, where Joe was a moment ago.
    let replaced = library.put_as("metadata/obama-2009.jpg", "biden-2010.jpg");
    set_times(&replaced, FileTimes::new().set_modified(modified(&replaced) + Duration::from_secs(5)));
    library.scan();

    let barack = library.face("biden-2010.jpg");
    assert!(overlap(&joe_was_at, &barack["box"]) > 0.5, "at the same place, or it is no test");
    assert_eq!(barack["person"], serde_json::Value::Null, "Barack goes by Joe's name");
}

#[test]
fn a_photo_that_vanishes_keeps_its_names_until_it_returns() {
    let library = Library::scanned(&PORTRAITS);
    library.name("biden-2010.jpg", "Joe");
    let before = library.face("biden-2010.jpg");
    let (photo, away) = (library.photo("biden-2010.jpg"), library.folder().join("away.jpg"));

    fs::rename(&photo, &away).unwrap();
    assert_eq!(library.scan()["missing"], 1);
    assert_eq!(library.number_of("files WHERE missing_since IS NOT NULL"), 1);
    assert!(library.find(&["Joe"]).is_empty(), "what is not there is not found");
    assert_eq!(library.person("Joe")["faces"], 1, "and is not forgotten");
    assert_eq!(library.scan()["missing"], 0, "it is news only once");

    fs::rename(&away, &photo).unwrap();
    let summary = library.scan();
    assert_eq!((&summary["photos"], &summary["unchanged"]), (&0.into(), &3.into()), "{summary}");
    assert_eq!(library.face("biden-2010.jpg"), before);
    assert_eq!(library.number_of("files WHERE missing_since IS NOT NULL"), 0);

    // The same under another name, later.
    fs::remove_file(library.photo("biden-2010.jpg")).unwrap();
    library.scan();
    library.put_as("metadata/biden-2010.jpg", "restored.jpg");
    assert_eq!(library.scan()["moved"], 1);
    assert_eq!(library.face("restored.jpg"), before);
}

#[test]
fn a_root_that_is_away_or_empty_loses_nothing() {
    let library = Library::scanned(&PORTRAITS);
    library.name("biden-2010.jpg", "Joe");
    let known = library.export();
    let away = library.folder().join("away");

    // A disk that is not there leaves no folder, or the empty one that it is mounted on.
    for leave_empty in [false, true] {
        fs::rename(library.photos(), &away).unwrap();
        if leave_empty {
            fs::create_dir(library.photos()).unwrap();
        }
        for args in [vec!["scan", "--json"], vec!["scan", "--json", text(&library.photos())]] {
            let run = library.facetag(args).ends(1);
            assert_eq!(run.json()["offline"], serde_json::json!([library.photos()]));
            assert_eq!(run.json()["missing"], 0);
            assert!(run.stderr.contains(text(&library.photos())), "{}", run.stderr);
        }
        assert_eq!(library.export(), known);
        assert!(library.find(&["Joe"]).is_empty(), "no path is printed that leads nowhere");
        assert_eq!(library.number_of("files WHERE missing_since IS NOT NULL"), 0);

        if leave_empty {
            fs::remove_dir(library.photos()).unwrap();
        }
        fs::rename(&away, library.photos()).unwrap();
        assert_eq!(library.scan()["unchanged"], 3);
        assert_eq!(library.export(), known);
    }
}

#[test]
fn photos_of_a_renamed_folder_are_found_where_they_are() {
    let library = Library::scanned(&PORTRAITS);
    library.name("biden-2010.jpg", "Joe");
    let renamed = library.folder().join("renamed");
    fs::rename(library.photos(), &renamed).unwrap();
    library.facetag(["scan", text(&renamed)]).well();
    // The old root is away, but none of its photos are: nothing to complain of.
    library.facetag(["scan"]).well();

    let found = library.facetag(["find", "Joe"]).well().stdout;
    assert_eq!(found.trim_end(), text(&renamed.join("biden-2010.jpg")));
}

#[test]
fn new_photos_of_a_named_person_are_tagged_by_themselves() {
    let library = Library::scanned(&PORTRAITS);
    library.name("obama-2010.jpg", "Barack");
    library.put("metadata/obama-2009.jpg");
    library.put("metadata/biden-2011.jpg");
    library.put("metadata/none.jpg");

    let summary = library.scan();
    assert_eq!((&summary["photos"], &summary["tagged"]), (&3.into(), &1.into()), "{summary}");
    let face = library.face("obama-2009.jpg");
    assert_eq!((&face["person"]["name"], &face["state"]), (&"Barack".into(), &"auto".into()));
    assert_eq!(library.face("obama-2010.jpg")["state"], "confirmed");
    assert_eq!(library.number("biden-2011.jpg"), library.number("biden-2010.jpg"), "unnamed groups grow too");
    assert!(library.face("none.jpg")["person"].is_null());
}

#[test]
fn names_survive_scans_and_renames() {
    let library = Library::scanned(&PORTRAITS);
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    let known = library.export();
    library.put("metadata/obama-2009.jpg");
    library.scan();
    library.facetag(["scan", "--retry-failed"]).well();
    let mut now = library.export();
    now.remove("obama-2009.jpg");
    assert_eq!(now, known);
}

#[test]
fn a_copy_is_the_same_photo_in_another_place() {
    let library = Library::with(&PORTRAITS);
    library.put_as("metadata/biden-2010.jpg", "copy.jpg");
    let summary = library.scan();
    assert_eq!((&summary["photos"], &summary["copies"], &summary["faces"]), (&3.into(), &1.into(), &3.into()));
    library.name("biden-2010.jpg", "Joe");

    let export = library.export();
    assert_eq!(export["copy.jpg"]["faces"], export["biden-2010.jpg"]["faces"]);
    assert_eq!(library.person("Joe")["photos"], 1);
    // One of them is gone, the other is as good.
    fs::remove_file(library.photo("biden-2010.jpg")).unwrap();
    assert_eq!(library.scan()["missing"], 1);
    assert_eq!(library.find(&["Joe"]), ["copy.jpg"]);
}

#[test]
fn what_is_named_twice_is_counted_once() {
    let library = Library::with(&PORTRAITS);
    fs::create_dir(library.photo("inner")).unwrap();
    fs::rename(library.photo("obama-2010.jpg"), library.photo("inner/obama-2010.jpg")).unwrap();
    let (outer, inner) = (library.photos(), library.photo("inner"));
    let scan = || library.facetag(["scan", "--json", text(&outer), text(&inner), text(&outer)]).well().json();
    let first = scan();
    assert_eq!((&first["photos"], &first["copies"], &first["unchanged"]), (&3.into(), &0.into(), &0.into()), "{first}");
    assert_eq!(scan()["unchanged"], 3);
}

#[test]
fn a_root_inside_another_is_part_of_it() {
    let library = Library::with(&["metadata/biden-2010.jpg"]);
    library.put_as("metadata/obama-2010.jpg", "inner/obama-2010.jpg");
    let roots = || {
        let stats = library.facetag(["stats", "--json"]).well().json();
        stats["roots"].as_array().unwrap().iter().map(|root| root["path"].clone()).collect::<Vec<_>>()
    };
    let inner = library.photo("inner");
    assert_eq!(library.facetag(["scan", "--json", text(&inner)]).well().json()["photos"], 1);
    assert_eq!(roots(), [text(&inner)]);

    let summary = library.scan();
    assert_eq!((&summary["photos"], &summary["unchanged"]), (&1.into(), &1.into()), "{summary}");
    assert_eq!(roots(), [text(&library.photos())]);

    // A part of a root may be scanned alone, and what is outside is not missing then.
    let part = library.facetag(["scan", "--json", text(&inner)]).well().json();
    assert_eq!((&part["unchanged"], &part["missing"]), (&1.into(), &0.into()));
    assert_eq!(roots(), [text(&library.photos())]);
}

#[test]
fn several_folders_are_scanned_at_once_and_again_without_naming_them() {
    let library = Library::new();
    library.put_as("metadata/biden-2010.jpg", "a/biden-2010.jpg");
    library.put_as("metadata/obama-2010.jpg", "b/obama-2010.jpg");
    let run = library.facetag(["scan", "--json", "photos/a", "photos/b/"]).well();
    assert_eq!(run.json()["photos"], 2);
    assert_eq!(library.facetag(["scan", "--json"]).well().json()["unchanged"], 2);
    // A folder is the same however it is written.
    assert_eq!(library.facetag(["scan", "--json", "photos/../photos/a"]).well().json()["unchanged"], 1);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(library.photos(), library.folder().join("link")).unwrap();
        assert_eq!(library.facetag(["scan", "--json", "link/a"]).well().json()["unchanged"], 1);
    }
}

#[test]
fn a_photo_that_moves_to_another_root_is_moved() {
    let library = Library::new();
    let from = library.put_as("metadata/biden-2010.jpg", "a/biden-2010.jpg");
    library.put_as("metadata/obama-2010.jpg", "b/obama-2010.jpg");
    library.facetag(["scan", "photos/a", "photos/b"]).well();
    library.name("biden-2010.jpg", "Joe");
    fs::rename(from, library.photo("b/joe.jpg")).unwrap();
    library.put_as("metadata/none.jpg", "a/none.jpg");

    let summary = library.facetag(["scan", "--json"]).well().json();
    assert_eq!((&summary["moved"], &summary["photos"]), (&1.into(), &1.into()), "{summary}");
    assert_eq!(library.find(&["Joe"]), ["joe.jpg"]);
}

#[test]
fn hidden_files_links_and_others_are_passed_over() {
    let library = Library::with(&["metadata/biden-2010.jpg"]);
    for hidden in [".obama.jpg", ".hidden/obama.jpg", "@eaDir/obama.jpg"] {
        library.put_as("metadata/obama-2010.jpg", hidden);
    }
    fs::write(library.photo("notes.txt"), "not a photo").unwrap();
    fs::write(library.photo("clip.mp4"), "nor this").unwrap();
    #[cfg(unix)]
    {
        let outside = library.folder().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::copy(fixture("metadata/none.jpg"), outside.join("none.jpg")).unwrap();
        std::os::unix::fs::symlink(outside.join("none.jpg"), library.photo("link.jpg")).unwrap();
        std::os::unix::fs::symlink(&outside, library.photo("folder")).unwrap();
        // A walk that follows this one never ends.
        std::os::unix::fs::symlink(library.photos(), library.photo("loop")).unwrap();
        std::os::unix::fs::symlink("nowhere", library.photo("nowhere.jpg")).unwrap();
    }
    let summary = library.scan();
    assert_eq!((&summary["photos"], &summary["unreadable"]), (&1.into(), &0.into()), "{summary}");
    assert_eq!(library.export().into_keys().collect::<Vec<_>>(), ["biden-2010.jpg"]);
    // None of it is passed over in silence.
    let links = if cfg!(unix) { 4 } else { 0 };
    for (reason, count) in [("hidden", 2), ("system", 1), ("video", 1), ("other", 1), ("link", links)] {
        assert_eq!(summary["skipped"][reason]["count"].as_u64().unwrap_or(0), count, "{reason}: {summary}");
    }
    let told = library.facetag(["scan"]).well();
    for words in ["hidden file", "--follow-links", "1 video", "1 .txt"] {
        assert!(told.stdout.contains(words) || (words.contains("links") && links == 0), "no {words}: {}", told.stdout);
    }
    assert_eq!(told.stderr, "", "nothing of it is worth a warning");
    let stats = library.facetag(["stats", "--json"]).well().json();
    assert_eq!(stats["roots"][0]["skipped"], summary["skipped"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_when_asked_and_loops_end() {
    use std::os::unix::fs::symlink;
    let library = Library::with(&["metadata/biden-2010.jpg"]);
    let outside = library.folder().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::copy(fixture("metadata/none.jpg"), outside.join("none.jpg")).unwrap();
    fs::copy(fixture("metadata/obama-2010.jpg"), library.folder().join("single.jpg")).unwrap();
    symlink(&outside, library.photo("folder")).unwrap();
    symlink(library.folder().join("single.jpg"), library.photo("single.jpg")).unwrap();
    symlink("biden-2010.jpg", library.photo("same.jpg")).unwrap();
    symlink(library.photos(), library.photo("loop")).unwrap();
    symlink(library.photos(), outside.join("back")).unwrap();
    symlink("nowhere", library.photo("nowhere.jpg")).unwrap();

    let summary = library.facetag(["scan", "--json", "--follow-links", "photos"]).well().json();
    assert_eq!((&summary["photos"], &summary["copies"]), (&3.into(), &0.into()), "{summary}");
    assert_eq!(summary["skipped"]["dead_link"]["count"], 1);
    let names: Vec<_> = library.export().into_keys().collect();
    assert_eq!(names, ["biden-2010.jpg", "none.jpg", "single.jpg"]);
    // It is remembered, until it is taken back.
    assert_eq!(library.scan()["unchanged"], 3);
    let summary = library.facetag(["scan", "--json", "--no-follow-links"]).well().json();
    assert_eq!((&summary["unchanged"], &summary["missing"]), (&1.into(), &2.into()), "{summary}");
}

/// What lies in another folder of the library is scanned there.
#[cfg(unix)]
#[test]
fn a_link_into_another_root_makes_no_copy() {
    let library = Library::with(&["metadata/biden-2010.jpg"]);
    let other = library.folder().join("other");
    fs::create_dir_all(other.join("inner")).unwrap();
    fs::copy(fixture("metadata/obama-2010.jpg"), other.join("inner/obama.jpg")).unwrap();
    for (to, link) in
        [(other.clone(), "all"), (other.join("inner"), "part"), (other.join("inner/obama.jpg"), "one.jpg")]
    {
        std::os::unix::fs::symlink(to, library.photo(link)).unwrap();
    }
    let summary = library.facetag(["scan", "--json", "--follow-links", "photos", "other"]).well().json();
    assert_eq!((&summary["photos"], &summary["copies"]), (&2.into(), &0.into()), "{summary}");
    assert_eq!(library.facetag(["find", "--since", "1900", "--copies"]).well().stdout.lines().count(), 2);
}

#[test]
fn what_is_excluded_is_not_scanned() {
    let library = Library::with(&["metadata/biden-2010.jpg"]);
    for name in ["cache/a.jpg", "work/b.jpg", "work/keep/c.jpg", "phone/d.jpg", "marked/e.jpg"] {
        library.put_as("metadata/obama-2010.jpg", name);
    }
    fs::write(library.photo("work/.facetagignore"), "*.jpg\n!keep/*.jpg\n").unwrap();
    fs::write(library.photo("marked/.nomedia"), "").unwrap();
    let summary =
        library.facetag(["scan", "--json", "--exclude", "cache/", "--exclude", "d.*", "photos"]).well().json();
    let paths = |library: &Library| {
        let found = library.facetag(["find", "--in", "photos", "--copies"]).stdout;
        let mut names: Vec<String> = found.lines().map(common::file_name).collect();
        names.sort();
        names
    };
    assert_eq!(paths(&library), ["biden-2010.jpg", "c.jpg"], "{summary}");
    assert_eq!(summary["skipped"]["excluded"]["count"], 3, "{summary}");
    assert_eq!(summary["skipped"]["no_media"]["count"], 1, "{summary}");
    // Remembered, also for a part of the root, until it is forgotten.
    assert_eq!(library.scan()["unchanged"], 2);
    library.facetag(["scan", "photos/phone"]).well();
    assert_eq!(paths(&library), ["biden-2010.jpg", "c.jpg"]);
    library.facetag(["scan", "--no-exclude"]).well();
    assert_eq!(paths(&library), ["a.jpg", "biden-2010.jpg", "c.jpg", "d.jpg"]);
    library.facetag(["scan", "--exclude", "a{", "photos"]).fails_saying(&["a{"]);
    library.facetag(["scan", "--exclude", " ", "photos"]).fails_saying(&["empty"]);
    // The whole path of something, as it is typed or pasted.
    let phone = library.photo("phone");
    library.facetag(["scan", "--exclude", text(&phone), "photos"]).well();
    assert_eq!(paths(&library), ["a.jpg", "biden-2010.jpg", "c.jpg"]);
    assert_eq!(
        library.facetag(["stats", "--json"]).well().json()["roots"][0]["excluded"],
        serde_json::json!(["/phone"])
    );
}

#[test]
fn originals_of_apple_photos_are_scanned_and_derivatives_are_not() {
    let library = Library::new();
    let bundle = "Photos Library.photoslibrary";
    library.put_as("metadata/obama-2010.jpg", &format!("{bundle}/originals/0/A.jpg"));
    library.put_as("metadata/obama-2012.jpg", &format!("{bundle}/resources/derivatives/0/A_1_105_c.jpg"));
    let summary = library.scan();
    assert_eq!((&summary["photos"], &summary["skipped"]["derived"]["count"]), (&1.into(), &1.into()), "{summary}");
}

#[test]
fn previews_are_no_photos_wherever_they_lie() {
    let library = Library::with(&["metadata/biden-2010.jpg"]);
    let inside = library.photo("library");
    let scan = ["--library", text(&inside), "scan", "--json", text(&library.photos())].map(str::to_owned);
    library.facetag(&scan).well();
    let preview = format!("{}-grid.jpg", "0a".repeat(32));
    library.put_as("metadata/obama-2010.jpg", &format!("library/previews/0a/{preview}"));
    library.put_as("metadata/obama-2010.jpg", &format!("old copy/0a/{preview}"));
    // A folder that is only called so.
    library.put_as("metadata/none.jpg", "previews/none.jpg");
    let summary = library.facetag(&scan).well().json();
    assert_eq!((&summary["photos"], &summary["unchanged"]), (&1.into(), &1.into()), "{summary}");
    assert_eq!(summary["skipped"]["own"]["count"], 2, "{summary}");
}

#[cfg(unix)]
#[test]
fn a_name_cannot_give_orders_to_the_terminal() {
    let library = Library::with(&["metadata/biden-2010.jpg"]);
    for name in ["a\nwarning: b.jpg", "c\u{1b}[31m.jpg", "d\u{202e}gpj.jpg"] {
        fs::write(library.photo(name), "").unwrap();
    }
    let run = library.facetag(["scan", "photos"]).ends(1);
    assert_eq!(run.stderr.lines().count(), 3, "{}", run.stderr);
    for words in ["a\\nwarning", "c\\u{1b}[31m", "d\\u{202e}gpj"] {
        assert!(run.stderr.contains(words), "no {words} in {}", run.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_in_place_of_a_photo_stops_nothing() {
    let library = Library::with(&PORTRAITS);
    let (pipe, device) = (library.photo("pipe.jpg"), library.photo("zero.jpg"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
    let run = library.facetag(["scan", "--json", "--follow-links", "photos"]).well().json();
    assert_eq!((&run["photos"], &run["skipped"]["special"]["count"]), (&3.into(), &2.into()), "{run}");

    // Replaced after they were scanned: neither albums nor drawing wait for them.
    library.name("biden-2010.jpg", "Joe");
    let photo = library.photo("biden-2010.jpg");
    fs::remove_file(&photo).unwrap();
    fs::rename(&pipe, &photo).unwrap();
    let run = library.facetag(["find", "Joe", "--copy", "album"]).ends(1);
    assert!(run.stderr.contains("named pipe"), "{}", run.stderr);
    let run = library.facetag(["face", "add", text(&photo), "--box", "0.1,0.1,0.2,0.2", "--person", "Joe"]);
    assert!(run.code == 2 && run.stderr.contains("named pipe"), "{}", run.stderr);
    fs::remove_file(&photo).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &photo).unwrap();
    let run = library.facetag(["find", "Joe", "--copy", "album"]).ends(1);
    assert!(run.stderr.contains("changed since"), "{}", run.stderr);
    assert_eq!(fs::read_dir(library.folder().join("album")).unwrap().count(), 0);
}

#[test]
fn people_of_deleted_photos_are_marked() {
    let library = Library::scanned(&PORTRAITS);
    library.name("biden-2010.jpg", "Joe");
    for name in ["biden-2010.jpg", "obama-2010.jpg", "obama-2012.jpg"] {
        fs::remove_file(library.photo(name)).unwrap();
    }
    library.put("metadata/none.jpg");
    library.scan();
    let people = library.facetag(["people", "--all"]).well().stdout;
    assert!(people.contains("1 (1 missing)") && people.contains("1 group without a name"), "{people}");
    assert!(!people.contains("biden-2010.jpg") && !people.contains("obama"), "{people}");
    let shown = library.facetag(["show", "Joe"]).well().stdout;
    assert!(shown.contains("biden-2010.jpg (missing)"), "{shown}");
    let found = library.facetag(["find", "Joe"]).ends(1);
    assert!(found.stdout.is_empty() && found.stderr.contains("1 photo missing"), "{}", found.stderr);
}

#[test]
fn photos_of_an_unplugged_disk_are_left_out() {
    let library = Library::new();
    library.put_as("metadata/biden-2010.jpg", "usb/a.jpg");
    library.put_as("metadata/biden-2010.jpg", "usb2/copy.jpg");
    library.put_as("metadata/obama-2010.jpg", "usb/b.jpg");
    library.facetag(["scan", "photos/usb", "photos/usb2"]).well();
    library.name("a.jpg", "Joe");
    library.name("b.jpg", "Barack");
    fs::rename(library.photo("usb"), library.photo("away")).unwrap();
    assert_eq!(library.find(&["Joe"]), ["copy.jpg"], "the copy is still there");
    let found = library.facetag(["find", "Barack"]).ends(1);
    assert!(found.stdout.is_empty() && found.stderr.contains("usb: not there now"), "{}", found.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn names_of_any_bytes_are_found_again() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let library = Library::new();
    let folder = library.photos().join(OsStr::from_bytes(b"Urlaub \xe4"));
    fs::create_dir(&folder).unwrap();
    let path = folder.join(OsStr::from_bytes(b"\xff\xfe\n.jpg"));
    fs::copy(fixture("metadata/biden-2010.jpg"), &path).unwrap();

    assert_eq!(library.scan()["photos"], 1);
    let again = library.scan();
    assert_eq!((&again["unchanged"], &again["missing"]), (&1.into(), &0.into()), "{again}");
    // The folder itself may be named, too, and the path is given back byte for byte.
    let args = [OsStr::new("scan"), OsStr::new("--json"), folder.as_os_str()];
    assert_eq!(library.facetag(args).well().json()["unchanged"], 1);
    let args = [OsStr::new("find"), OsStr::new("--in"), folder.as_os_str(), OsStr::new("-0")];
    let found = library.facetag(args).well();
    assert_eq!(found.raw, [path.as_os_str().as_bytes(), b"\0"].concat());
    library.facetag(["export"]).well().json();

    fs::rename(&path, folder.join("plain.jpg")).unwrap();
    assert_eq!(library.scan()["moved"], 1);
    assert_eq!(library.number_of("files"), 1);
}

/// Known files are read in parts, and compared with a walk in the order of their bytes, where a space, a hyphen and a dot stand before a slash.
#[cfg(unix)]
#[test]
fn more_files_than_are_read_at_once_are_found_again_in_any_order() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let library = Library::new();
    let names: [&[u8]; 9] = [b"a", b"a b", b"a-b", b"a.jpg.d", b"a0", b"a\xff", b"A", "ä".as_bytes(), b"a/b"];
    let folders = names.map(|name| library.photos().join(OsStr::from_bytes(name)));
    fs::write(library.photo("a.jpg"), "no photo").unwrap();
    for folder in &folders {
        fs::create_dir(folder).unwrap();
        for number in 0..1200 {
            fs::hard_link(library.photo("a.jpg"), folder.join(format!("{number}.jpg"))).unwrap();
        }
    }
    let all: u64 = 9 * 1200 + 1;
    let scan = || library.facetag(["scan", "--json", text(&library.photos())]).ends(1);
    assert_eq!(scan().json()["unreadable"], all);
    // None is new, so none is named.
    let again = scan();
    assert_eq!((&again.json()["unreadable"], &again.json()["missing"]), (&all.into(), &0.into()), "{}", again.stdout);
    assert!(!again.stderr.contains("a-b"), "{}", again.stderr);

    for folder in &folders {
        fs::rename(folder.join("7.jpg"), folder.join("8 b.jpg")).unwrap();
    }
    let again = scan();
    assert_eq!((&again.json()["unreadable"], &again.json()["missing"]), (&all.into(), &9.into()), "{}", again.stdout);
    assert_eq!(again.stderr.matches("8 b.jpg").count(), 9, "{}", again.stderr);
    // Those that are gone are not counted among the unreadable.
    let stats = library.facetag(["stats"]).well().stdout;
    assert!(stats.contains(&format!("{all} not readable")), "{stats}");
    assert_eq!(stats.matches("this is not a picture").count(), 10, "{stats}");
    let stats = library.facetag(["stats", "--json"]).well().json();
    assert_eq!((&stats["unreadable"], &stats["missing"]), (&all.into(), &9.into()));
    assert_eq!(stats["unreadable_files"][0]["path"], text(&library.photo("A/0.jpg")));
}

#[test]
fn a_photo_without_faces_is_a_photo() {
    let library = Library::new();
    image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8 * 2, y as u8 * 2, 99]))
        .save(library.photo("sky.png"))
        .unwrap();
    let summary = library.scan();
    assert_eq!((&summary["photos"], &summary["faces"]), (&1.into(), &0.into()));
    assert_eq!(library.export()["sky.png"]["faces"], serde_json::json!([]));
    assert_eq!(library.scan()["unchanged"], 1);
    library.facetag(["people"]).ends(1);
}

#[test]
fn an_empty_folder_is_scanned_as_well() {
    let library = Library::new();
    let summary = library.scan();
    assert_eq!((&summary["photos"], &summary["offline"]), (&0.into(), &serde_json::json!([])));
}

#[test]
fn without_a_folder_there_must_be_a_known_one() {
    let library = Library::new();
    library.facetag(["scan"]).fails_saying(&["facetag scan ~/Pictures"]);
    let nowhere = library.folder().join("nowhere");
    library.facetag(["scan", text(&nowhere)]).fails_saying(&[text(&nowhere)]);
    let file = library.put("metadata/none.jpg");
    library.facetag(["scan", text(&file)]).fails_saying(&[text(&file), "file"]);
    library.facetag(["scan", "--threads", "0", "photos"]).fails_saying(&["--threads"]);
    library.facetag(["scan", "--quiet", "--json", "photos"]).fails_saying(&["--json"]);
    assert_eq!(library.facetag(["stats", "--json"]).well().json()["roots"], serde_json::json!([]));
}

#[test]
fn the_summary_says_what_to_do_next_and_quiet_says_nothing() {
    let library = Library::with(&["metadata/biden-2010.jpg"]);
    let quiet = library.facetag(["scan", "--quiet", "photos"]).well();
    assert_eq!((&*quiet.stdout, &*quiet.stderr), ("", ""));
    library.put("metadata/obama-2010.jpg");
    library.put("broken/empty.jpg");
    let told = library.facetag(["scan", "photos"]).ends(1);
    for word in ["1 photo read, 1 face found", "1 unchanged", "--retry-failed", "facetag people", "facetag name"] {
        assert!(told.stdout.contains(word), "no {word:?} in {}", told.stdout);
    }
    let quiet = library.facetag(["scan", "--quiet", "--retry-failed"]).ends(1);
    assert_eq!(quiet.stdout, "");
    assert!(quiet.stderr.contains("empty.jpg"), "a warning is not to be silenced: {}", quiet.stderr);
}

#[test]
fn the_librarys_own_folder_may_lie_among_the_photos() {
    let library = Library::with(&["metadata/biden-2010.jpg"]);
    let inside = library.photo("library");
    let scan = ["--library", text(&inside), "scan", "--json", text(&library.photos())].map(str::to_owned);
    assert_eq!(library.facetag(&scan).well().json()["photos"], 1);
    assert_eq!(library.facetag(&scan).well().json()["unchanged"], 1);
    assert!(!Path::new(&library.home()).exists(), "--library counts more than the environment");
}

/// As a decision on the page needs one while a scan goes on behind it.
#[test]
fn others_find_a_core_while_a_scan_goes_on() {
    let library = Library::new();
    fs::create_dir_all(library.photos()).unwrap();
    // More than may wait for the writer.
    for shade in 0..100 {
        RgbImage::from_pixel(32, 32, Rgb([shade; 3])).save(library.photos().join(format!("{shade}.png"))).unwrap();
    }
    let mut found = 0;
    let tell = |event: Event| {
        if matches!(event, Event::Read { .. }) && found == 0 {
            let (done, is_done) = channel();
            rayon::spawn(move || done.send(()).unwrap());
            is_done.recv_timeout(Duration::from_secs(60)).expect("a core is found");
            found += 1;
        }
    };
    let (place, on) = (Place::at(library.home()), AtomicBool::new(false));
    let summary = scan_folders(&place, &[library.photos()], Options::default(), &on, tell).unwrap();
    assert_eq!((summary.photos, found), (100, 1));
}
