//! The library itself: where it lies, who may read it, what is refused, and that no photo is ever touched.

mod common;

use std::fs;
use std::path::Path;

use common::{Library, fingerprint, text};
use serde_json::json;

#[test]
fn it_lies_in_the_users_data_folder_or_where_told() {
    let library = Library::with(&["metadata/none.jpg"]);
    let elsewhere = library.folder().join("elsewhere");
    let mut command = library.command(["scan", "--quiet", "photos"]);
    command.env_remove("FACETAG_LIBRARY").env("XDG_DATA_HOME", &elsewhere);
    assert!(command.status().unwrap().success());
    if cfg!(target_os = "linux") {
        assert!(elsewhere.join("facetag/library.sqlite").is_file());
    }
    assert!(!library.home().exists());
    // The option counts more than the environment, before or after the command.
    library.facetag(["--library", "one", "stats"]).well();
    library.facetag(["stats", "--library", "two"]).well();
    for name in ["one", "two"] {
        assert!(library.folder().join(name).join("library.sqlite").is_file(), "{name}");
    }
    assert!(!library.home().exists());
}

#[test]
fn a_new_library_is_told_as_it_is() {
    let library = Library::new();
    let stats = library.facetag(["stats", "--json"]).well().json();
    assert_eq!(stats["library"], text(&library.home()));
    assert_eq!((&stats["photos"], &stats["pack"], &stats["roots"]), (&0.into(), &"open".into(), &json!([])));
}

#[test]
fn stats_tell_what_it_holds() {
    let library = Library::scanned(&["metadata/obama-2010.jpg", "metadata/obama-2012.jpg", "metadata/biden-2010.jpg"]);
    library.name("biden-2010.jpg", "Joe");
    fs::write(library.photo("empty.jpg"), "").unwrap();
    fs::remove_file(library.photo("obama-2012.jpg")).unwrap();
    library.scan_to_end(1);
    let stats = library.facetag(["stats", "--json"]).well().json();
    for (what, number) in [
        ("photos", 3),
        ("files", 3),
        ("missing", 1),
        ("unreadable", 1),
        ("faces", 3),
        ("tagged", 1),
        ("persons", 1),
        ("groups", 1),
    ] {
        assert_eq!(stats[what], number, "{what} in {stats}");
    }
    assert!(stats["bytes"].as_u64().unwrap() > 10_000, "{stats}");
    let root = &stats["roots"][0];
    assert_eq!((&root["path"], &root["offline"]), (&text(&library.photos()).into(), &false.into()));
    assert!(root["scanned_at"].is_string(), "{root}");
    let told = library.facetag(["stats"]).well().stdout;
    assert!(told.contains("3, 1 with a name") && told.contains(text(&library.photos())), "{told}");
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_it() {
    let library = Library::with(&["metadata/none.jpg"]);
    library.scan();
    let others = others_may_read(&library.home());
    assert!(others.is_empty(), "{others:?}");
    assert!(library.home().join("scan.lock").is_file(), "or there was little to look at");
}

#[cfg(unix)]
#[test]
fn nor_may_others_read_a_library_that_the_demo_made_room_for() {
    let library = Library::new();
    let mut demo = library.command(["demo"]).spawn().unwrap();
    // By then it has made its folders; the scan itself is not of interest here.
    while !library.home().join("demo/library/scan.lock").exists() {
        assert!(demo.try_wait().unwrap().is_none(), "the demo left no library");
    }
    demo.kill().unwrap();
    demo.wait().unwrap();
    library.facetag(["stats"]).well();
    let others = others_may_read(&library.home());
    assert!(others.is_empty(), "{others:?}");
}

/// The files below a folder, and it itself, that somebody else may reach and read or write.
#[cfg(unix)]
fn others_may_read(folder: &Path) -> Vec<std::path::PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let is_open = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o077 != 0;
    // Behind a closed door it does not matter what is open.
    let mut entries = walkdir::WalkDir::new(folder).into_iter();
    let mut open = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry.unwrap();
        if is_open(entry.path()) {
            open.push(entry.into_path());
        } else if entry.file_type().is_dir() {
            entries.skip_current_dir();
        }
    }
    open
}

#[test]
fn one_of_a_newer_facetag_is_refused_and_left_alone() {
    let library = Library::scanned(&["metadata/none.jpg"]);
    let sqlite = rusqlite::Connection::open(library.file()).unwrap();
    sqlite.execute("UPDATE settings SET value = '9.8.7' WHERE key = 'written_by'", []).unwrap();
    sqlite.pragma_update(None, "user_version", 99).unwrap();
    drop(sqlite);
    let before = library.bytes();
    for command in [&["scan"][..], &["people"], &["name", "1", "Anna"], &["export"], &["stats"], &["models"]] {
        library.facetag(command).fails_saying(&["9.8.7", text(&library.file())]);
    }
    assert!(library.bytes() == before, "it was changed");
}

#[test]
fn what_is_no_library_is_refused_and_left_alone() {
    let library = Library::new();
    fs::create_dir(library.home()).unwrap();
    fs::write(library.file(), "a text that somebody keeps under this name, for whatever reason").unwrap();
    for command in [&["scan", "photos"][..], &["people"], &["stats"]] {
        library.facetag(command).fails_saying(&["not a facetag library", text(&library.file())]);
    }
    assert!(fs::read_to_string(library.file()).unwrap().starts_with("a text"));

    // A file where the folder should be.
    let file = library.folder().join("file");
    fs::write(&file, "").unwrap();
    library.facetag(["--library", text(&file), "stats"]).fails_saying(&[text(&file)]);
}

#[test]
fn a_part_of_it_that_is_damaged_is_no_panic() {
    let library = Library::scanned(&["metadata/none.jpg"]);
    let mut bytes = library.bytes();
    bytes[4096..].fill(0x55);
    fs::write(library.file(), bytes).unwrap();
    library.facetag(["people"]).fails_saying(&["library"]);
}

#[test]
fn names_are_there_while_a_program_reads_along() {
    let library = Library::scanned(&["metadata/none.jpg"]);
    // Another program that has the file open, as the README invites it to.
    let reader = library.sqlite();
    let transaction = reader.unchecked_transaction().unwrap();
    let _: i64 = transaction.query_row("SELECT count(*) FROM people", [], |row| row.get(0)).unwrap();
    library.name("none.jpg", "Grace");
    assert_eq!(library.find(&["Grace"]), ["none.jpg"]);
}

#[test]
fn no_command_changes_a_photo() {
    let photos = ["metadata/obama-2010.jpg", "metadata/biden-2010.jpg", "metadata/none.jpg", "broken/noise.jpg"];
    let library = Library::with(&photos);
    fs::write(library.photo("notes.txt"), "mine").unwrap();
    let before = fingerprint(&library.photos());
    assert_eq!(before.len(), 5);
    let photos = library.photos();
    for args in [
        &["scan", text(&photos)][..],
        &["people", "--all"],
        &["name", "1", "Anna"],
        &["name", "2", "Ben"],
        &["show", "Anna"],
        &["rename", "Ben", "Carl"],
        &["find", "Anna", "--link", "links"],
        &["find", "Anna", "--copy", "copies"],
        &["find", "--not", "Anna", "--json"],
        &["hide", "Carl"],
        &["merge", "Anna", "3"],
        &["export", "--embeddings"],
        &["stats"],
        &["models"],
        &["models", "use", "open"],
        &["scan", "--retry-failed"],
    ] {
        let run = library.facetag(args);
        assert!(run.code < 2, "{args:?}: {}", run.stderr);
        assert_eq!(fingerprint(&photos), before, "{args:?}");
    }
}

#[test]
fn wrong_use_is_told_with_its_code() {
    let library = Library::new();
    for args in [&["fly"][..], &["scan", "--fast"], &["show"], &[]] {
        library.facetag(args).fails_saying(&["Usage"]);
    }
    let help = library.facetag(["--help"]).well().stdout;
    for word in ["scan", "people", "name", "find", "export", "models", "demo", "130"] {
        assert!(help.contains(word), "no {word} in {help}");
    }
    let version = library.facetag(["--version"]).well().stdout;
    assert_eq!(version.trim(), format!("facetag {}", env!("CARGO_PKG_VERSION")));
    assert!(!library.home().exists(), "asking for help makes no library");
}

#[cfg(target_os = "linux")]
#[test]
fn a_library_on_a_network_disk_is_refused_with_a_way_out() {
    let Some(disk) = common::network_disk::NetworkDisk::mount() else { return };
    let refused = Library::new().facetag(["--library", text(&disk.path().join("library")), "stats"]);
    refused.fails_saying(&["network disk (fuse.sshfs)", "--library DIR"]);
    assert!(std::fs::read_dir(disk.remote()).unwrap().next().is_none(), "nothing is written there");
}
