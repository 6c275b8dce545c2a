//! A library over the years: read where it may not be written, backed up, damaged, mended, and people forgotten for good.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{BIDEN, HOPPER, Library, Run, fixture, set_times, text, touch_up};

const OBAMA: &str = "metadata/obama-2010.jpg";

fn library() -> Library {
    let library = Library::scanned(&[OBAMA, "metadata/obama-2012.jpg", BIDEN, HOPPER]);
    library.name("obama-2010.jpg", "Barack Obama");
    library.name("biden-2010.jpg", "Józef Biden");
    library
}

/// The files of a library that hold these bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|file| file.file_type().is_file());
    let has = |file: &walkdir::DirEntry| fs::read(file.path()).unwrap().windows(bytes.len()).any(|part| part == bytes);
    files.filter(has).map(walkdir::DirEntry::into_path).collect()
}

/// A name in every form in which a file might hold it.
fn forms(name: &str) -> Vec<Vec<u8>> {
    let utf16: Vec<u16> = name.encode_utf16().collect();
    let escaped: String = utf16
        .iter()
        .map(|&unit| if unit < 128 { char::from(unit as u8).to_string() } else { format!("\\u{unit:04x}") })
        .collect();
    vec![
        name.as_bytes().to_vec(),
        name.to_lowercase().into_bytes(),
        escaped.into_bytes(),
        utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
    ]
}

#[test]
fn nothing_is_left_of_somebody_who_is_forgotten() {
    let library = library();
    let obama = library.number("obama-2010.jpg");
    // Mentioned everywhere: split off, merged, renamed, with a birth, taken back and done again, in backups.
    library.facetag(["rename", &obama, "Bärack Hussein"]).well();
    library.facetag(["born", &obama, "1961-08-04"]).well();
    library.facetag(["undo"]).well();
    library.facetag(["redo"]).well();
    library.facetag(["reject", "Józef Biden", &library.face_id("obama-2012.jpg")]);
    library.facetag(["backup"]).well();
    library.facetag(["confirm", &obama, &library.face_id("obama-2012.jpg")]).well();
    fs::create_dir_all(library.home().join("previews/ab")).unwrap();
    fs::write(library.home().join("previews/ab/abcd-grid.jpg"), "Barack Obama").unwrap();
    let (embeddings, thumbnails): (Vec<Vec<u8>>, Vec<Vec<u8>>) = {
        let sqlite = library.sqlite();
        let of = |sql: &str| {
            let mut statement = sqlite.prepare(sql).unwrap();
            statement.query_map([&obama], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        (
            of("SELECT vector FROM embeddings JOIN faces ON id = face_id WHERE person_id = ?1"),
            of("SELECT jpeg FROM thumbnails JOIN faces ON id = face_id WHERE person_id = ?1"),
        )
    };
    assert_eq!((embeddings.len(), thumbnails.len()), (2, 2));
    for (name, expected) in [("Barack Obama", true), ("Bärack Hussein", true), ("Somebody Else", false)] {
        assert_eq!(
            !holding(&library.home(), name.as_bytes()).is_empty(),
            expected,
            "{name}: or the search proves nothing"
        );
    }
    assert!(!holding(&library.home(), &embeddings[0][..64]).is_empty());

    library.typing(["forget", &obama], "no\n").ends(2);
    assert_eq!(library.find(&["hussein"]).len(), 2, "nobody was forgotten");
    library.facetag(["forget", &obama]).fails_saying(&["--yes"]);
    let forgotten = library.facetag(["forget", &obama, "--yes", "--json"]).well().json();
    assert_eq!((&forgotten["people"], &forgotten["faces"]), (&1.into(), &2.into()));

    for name in ["Barack Obama", "Bärack Hussein", "1961-08-04"] {
        for form in forms(name) {
            assert_eq!(holding(&library.home(), &form), Vec::<PathBuf>::new(), "{name} as {form:?}");
        }
    }
    // The tables at the start of a JPEG are in all of them.
    let pictures = thumbnails.iter().map(|jpeg| &jpeg[800..]);
    for bytes in embeddings.iter().map(Vec::as_slice).chain(pictures) {
        // Parts too: pages of a file cut it into pieces.
        for part in bytes.chunks_exact(64) {
            assert_eq!(holding(&library.home(), part), Vec::<PathBuf>::new());
        }
    }
    assert_eq!(library.find(&["biden"]), ["biden-2010.jpg"], "others are as they were");
    library.facetag(["check"]).well();

    // Neither a scan nor a rebuild finds them again, and what was decided before can still be taken back.
    touch_up(&library.photo("biden-2010.jpg"));
    library.scan();
    library.facetag(["scan", "--rebuild"]).well();
    assert!(library.export()["obama-2010.jpg"]["faces"].as_array().unwrap().is_empty());
    assert_eq!(library.find(&["biden"]), ["biden-2010.jpg"]);
    let said = |run: Run| run.stderr.contains("cannot be brought back");
    assert!(said(library.facetag(["undo"]).well()), "that this is not about what was forgotten");
    assert!(library.find_if_known("biden").is_empty());
    library.facetag(["redo"]).well();
    assert!(!said(library.facetag(["undo"]).well()), "once is enough");
}

/// An import is one decision about many people, and one that is forgotten leaves the others in it.
#[test]
fn somebody_whose_name_was_imported_can_be_forgotten() {
    let library = Library::with(&[OBAMA, BIDEN, HOPPER]);
    let ini = "[obama-2010.jpg]\nfaces=rect64(0),aaaaaaaaaaaaaaaa\n[biden-2010.jpg]\nfaces=rect64(0),bbbbbbbbbbbbbbbb\n\
               [Contacts2]\naaaaaaaaaaaaaaaa=Barack Obama;;\nbbbbbbbbbbbbbbbb=Joe Biden;;\n";
    library.scan();
    let rect = |photo: &str| {
        let at = library.face(photo)["box"].clone();
        let part = |index: usize| at[index].as_f64().unwrap();
        let sides = [part(0), part(1), part(0) + part(2), part(1) + part(3)];
        sides.map(|side| format!("{:04x}", (side.clamp(0.0, 1.0) * 65535.0) as u16)).concat()
    };
    let ini = ini.replacen("rect64(0)", &format!("rect64({})", rect("obama-2010.jpg")), 1);
    let ini = ini.replacen("rect64(0)", &format!("rect64({})", rect("biden-2010.jpg")), 1);
    fs::write(library.photo(".picasa.ini"), ini).unwrap();
    library.facetag(["import"]).well();
    library.name("none.jpg", "Grace Hopper");
    let journal = library.journal();
    let forgotten = library.facetag(["forget", "Barack Obama", "--yes", "--json"]).well().json();
    assert_eq!(forgotten["lines"], 1, "{forgotten}");
    assert_eq!(library.journal()[1..], journal[1..], "a line about somebody else is as it was");
    for form in forms("Barack Obama") {
        assert_eq!(holding(&library.home(), &form), Vec::<PathBuf>::new());
    }
    assert_eq!(library.find(&["biden"]), ["biden-2010.jpg"]);
    library.facetag(["check"]).well();
    library.facetag(["undo"]).well();
    library.facetag(["undo"]).well();
    assert!(library.find_if_known("biden").is_empty());
}

#[test]
fn strangers_folders_missing_files_and_everything_can_be_forgotten() {
    let library = Library::with(&[BIDEN]);
    library.put_as(HOPPER, "private/none.jpg");
    library.put_as(OBAMA, "private/deep/obama.jpg");
    library.scan();
    library.name("none.jpg", "Grace Hopper");
    library.facetag(["ignore", &library.number("biden-2010.jpg")]).well();
    assert_eq!(library.facetag(["forget", "--strangers", "--yes", "--json"]).well().json()["faces"], 1);
    library.facetag(["forget", "--strangers", "--yes"]).ends(1);

    let folder = library.photo("private");
    let forgotten = library.facetag(["forget", "--folder", text(&folder), "--yes", "--json"]).well().json();
    assert_eq!((&forgotten["files"], &forgotten["photos"]), (&2.into(), &2.into()));
    assert!(holding(&library.home(), b"private").is_empty());
    library.scan();
    assert_eq!(library.export().len(), 1, "a scan of what is around it leaves it out");
    library.facetag(["scan", text(&folder)]).well();
    assert_eq!(library.export().len(), 3, "one that the user asks for does not");

    fs::remove_file(library.photo("private/none.jpg")).unwrap();
    library.scan();
    assert_eq!(library.facetag(["forget", "--missing", "--yes", "--json"]).well().json()["files"], 1);
    assert_eq!(library.facetag(["stats", "--json"]).well().json()["missing"], 0);

    library.facetag(["forget", "--all", "--yes"]).well();
    assert!(!library.file().exists() && !library.home().join("backups").exists());
    assert!(library.photo("biden-2010.jpg").exists());
}

#[test]
fn a_backup_is_complete_private_and_can_be_searched() {
    let library = library();
    let folder = library.folder().join("usb");
    fs::create_dir(&folder).unwrap();
    let made = library.facetag(["backup", text(&folder), "--json"]).well().json();
    let backup = made["backup"].as_str().unwrap();
    assert!(backup.starts_with(text(&folder)), "{backup}");
    let found = library.facetag(["--library", backup, "find", "Barack Obama", "--count"]).well().stdout;
    assert_eq!(found.trim(), "2");
    library
        .facetag(["--library", backup, "name", &library.number("none.jpg"), "Grace"])
        .fails_saying(&["cannot be written", "--library"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(backup).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is created beside it");
    library.facetag(["backup", backup]).fails_saying(&[backup, "a file of that name"]);
    library.facetag(["backup", "gone/away"]).fails_saying(&["gone", "no such folder"]);
    #[cfg(unix)]
    library.facetag(["backup", "/dev/null"]).fails_saying(&["/dev/null", "a file of that name"]);
    library.facetag(["backup", "new/"]).well();
    assert_eq!(fs::read_dir(library.folder().join("new")).unwrap().count(), 1);
    for _ in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(1100));
        library.facetag(["backup", "--keep", "2"]).well();
    }
    let backups = fs::read_dir(library.home().join("backups")).unwrap().count();
    assert_eq!(backups, 2, "the last two are kept");
}

/// What was set after a backup outlives going back to it.
#[test]
fn settings_outlive_going_back_to_a_backup() {
    type Spoil = fn(&mut Vec<u8>);
    let damages: [(&str, Spoil); 3] = [
        ("none", |_| {}),
        ("zeros at the start", |bytes| bytes[..4096].fill(0)),
        ("truncated", |bytes| bytes.truncate(bytes.len() / 2)),
    ];
    for (damage, spoil) in damages {
        let library = library();
        let made = library.facetag(["backup", "--json"]).well().json();
        let backup = made["backup"].as_str().unwrap();
        library.facetag(["album", "Barack Obama", "--to", "album", "--follow"]).well();
        library.facetag(["scan", text(&library.photos()), "--exclude", "*.bak", "--follow-links"]).well();
        let other = library.folder().join("other");
        fs::create_dir(&other).unwrap();
        library.facetag(["scan", text(&other)]).well();
        library.facetag(["import"]).well();
        library.facetag(["write", "--all"]).well();
        let mut bytes = library.bytes();
        spoil(&mut bytes);
        fs::write(library.file(), bytes).unwrap();
        let restored = library.facetag(["restore", backup, "--json"]).well().json();
        // What is in the half of the file that is gone is said to be lost.
        let lost = restored["lost"].to_string();
        let settings = "settings WHERE key IN ('albums', 'import_from', 'imported_at')";
        let rules = "roots WHERE excluded = '[\"*.bak\"]' AND follow_links";
        for (what, rows, expected) in [("albums", settings, 3), ("folders", rules, 1), ("folders", "roots", 2)] {
            let told = damage == "truncated" && lost.contains(what);
            assert!(told || library.number_of(rows) == expected, "{damage}, {rows}: {restored}");
        }
        if damage == "none" {
            assert_eq!(lost, "[]");
            assert!(library.number_of("written_entries") > 0);
        }
        library.facetag(["check", "--quick"]).well();
    }
}

/// What the user forgot or removed after a backup does not come back with it, and what they decided since stays.
#[test]
fn what_was_forgotten_since_a_backup_stays_forgotten_when_it_comes_back() {
    let library = Library::new();
    for (fixture, to) in [
        (OBAMA, "all/a.jpg"),
        ("metadata/obama-2012.jpg", "all/b.jpg"),
        (BIDEN, "all/joe.jpg"),
        (HOPPER, "all/private/grace.jpg"),
        ("metadata/lisbon.jpg", "forgotten/c.jpg"),
        ("metadata/tokyo.jpg", "removed/d.jpg"),
    ] {
        library.put_as(fixture, to);
    }
    for folder in ["all", "forgotten", "removed"] {
        library.facetag(["scan", text(&library.photo(folder))]).well();
    }
    library.name("joe.jpg", "Joe");
    library.name("grace.jpg", "Grace Hopper");
    library.facetag(["name", &library.number("a.jpg"), "Barack Obama"]).well();
    let embedding: Vec<u8> = library
        .sqlite()
        .query_row(
            "SELECT vector FROM embeddings JOIN faces ON faces.id = face_id JOIN people ON people.id = person_id WHERE name LIKE 'Bar%'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let usb = library.folder().join("usb.sqlite");
    let backup = text(&usb);
    library.facetag(["backup", backup]).well();
    assert!(!holding(&usb, &embedding[..64]).is_empty(), "or the search proves nothing");

    library.facetag(["forget", "Barack Obama", "--yes"]).well();
    library.facetag(["forget", "--folder", text(&library.photo("all/private")), "--yes"]).well();
    let forgotten = library.photo("forgotten");
    library.facetag(["forget", "--folder", text(&forgotten), "--yes"]).well();
    let server = common::server::Server::start(&library);
    server.post_from("/scan", "/scan/remove", &[("folder", text(&library.photo("removed")))]).leads_to();
    drop(server);
    library.facetag(["rename", "Joe", "Joe Biden"]).well();

    let restored = library.facetag(["restore", backup, "--json"]).well().json();
    // She was not forgotten, only photos of her.
    assert_eq!(restored["names"], serde_json::json!(["Grace Hopper", "Joe Biden"]), "{restored}");
    assert_eq!((&restored["decisions"], &restored["left_out"]), (&1.into(), &0.into()), "{restored}");
    assert_eq!(
        (&restored["forgotten"]["people"], &restored["forgotten"]["photos"]),
        (&1.into(), &2.into()),
        "{restored}"
    );
    fs::remove_dir_all(library.home().join("backups")).unwrap();
    for name in ["Barack Obama", "private", "forgotten/c.jpg"] {
        assert_eq!(holding(&library.home(), name.as_bytes()), Vec::<PathBuf>::new(), "{name}");
    }
    for part in embedding.chunks_exact(64) {
        assert_eq!(holding(&library.home(), part), Vec::<PathBuf>::new());
    }
    library.facetag(["check", "--quick"]).well();
    library.facetag(["scan"]).well();
    assert_eq!(library.export().into_keys().collect::<Vec<_>>(), ["a.jpg", "b.jpg", "joe.jpg"]);
    assert!(library.export()["a.jpg"]["faces"].as_array().unwrap().is_empty());
    // A folder that is scanned again is as it was.
    library.facetag(["scan", text(&library.photo("removed"))]).well();
    library.facetag(["restore", backup]).well();
    assert!(library.export().contains_key("d.jpg"));
}

/// A library that was made anew, after the old one was deleted by accident, takes nothing from the backup.
#[test]
fn a_new_library_takes_nothing_from_a_backup() {
    let library = library();
    library.facetag(["write", "--all"]).well();
    library.facetag(["forget", "Barack Obama", "--yes"]).well();
    let made = library.facetag(["backup", "usb.sqlite", "--json"]).well().json();
    let (written, forgotten) = (library.number_of("written_entries"), library.number_of("forgotten_faces"));
    assert!(written > 0 && forgotten == 2);
    fs::remove_dir_all(library.home()).unwrap();
    let other = library.folder().join("other");
    fs::create_dir(&other).unwrap();
    library.facetag(["scan", text(&other)]).well();
    library.facetag(["restore", made["backup"].as_str().unwrap()]).well();
    assert_eq!((library.number_of("written_entries"), library.number_of("forgotten_faces")), (written, forgotten));
    assert_eq!(library.find(&["biden"]), ["biden-2010.jpg"]);
    assert_eq!(library.number_of("roots"), 2, "the folder that was scanned since stays");
}

/// Decisions of another library are about other people under the same numbers: they are kept apart, and can be brought along by name.
#[test]
fn the_decisions_of_another_library_are_not_mixed_into_a_backup() {
    let library = library();
    let made = library.facetag(["backup", "usb.sqlite", "--json"]).well().json();
    // Another history from here on, in which the numbers mean others.
    fs::remove_dir_all(library.home()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    library.scan();
    library.name("none.jpg", "Grace Hopper");
    for round in 0..5 {
        library.facetag(["rename", &library.number("none.jpg"), &format!("Admiral {round}")]).well();
    }
    let restored = library.facetag(["restore", made["backup"].as_str().unwrap(), "--json"]).well().json();
    assert_eq!(restored["names"], serde_json::json!(["Barack Obama", "Józef Biden"]), "{restored}");
    assert_eq!((&restored["decisions"], &restored["left_out"]), (&0.into(), &6.into()), "{restored}");
    library.facetag(["check", "--quick"]).well();
    let shared = library.facetag(["--library", restored["replaced"].as_str().unwrap(), "share"]).well().stdout;
    fs::write(library.folder().join("names.json"), shared).unwrap();
    library.facetag(["import", "names.json"]).well();
    assert_eq!(library.find(&["admiral"]), ["none.jpg"]);
}

/// Damage that a disk, a broken copy or a well-meant hand does.
#[test]
fn every_kind_of_damage_is_told_and_mended() {
    let good = library();
    let bytes = good.bytes();
    type Spoil = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(&str, Spoil); 6] = [
        ("truncated", |mut bytes| {
            bytes.truncate(bytes.len() / 2);
            bytes
        }),
        ("truncated by one byte", |mut bytes| {
            bytes.pop();
            bytes
        }),
        ("empty", |_| Vec::new()),
        ("nearly empty", |_| vec![b'S']),
        ("zeros at the start", |mut bytes| {
            bytes[..65536].fill(0);
            bytes
        }),
        ("zeros in the middle", |mut bytes| {
            bytes[16384..16384 + 65536].fill(0);
            bytes
        }),
    ];
    for (damage, spoil) in damages {
        let library = Library::from(&bytes);
        library.facetag(["backup"]).well();
        library.facetag(["rename", "Józef Biden", "Joe Biden"]).well();
        let journal = library.journal().len();
        fs::write(library.file(), spoil(fs::read(library.file()).unwrap())).unwrap();
        for command in [
            &["find", "Obama"][..],
            &["people"],
            &["stats"],
            &["name", "3", "Grace"],
            &["check"],
            &["backup"],
            &["scan"],
        ] {
            library.facetag(command).fails_saying(&["damaged", "facetag restore", "library-2"]);
        }
        let restored = library.facetag(["restore", "--json"]).well().json();
        assert!(restored["from"].is_string(), "{damage}: {restored}");
        let names = restored["names"].to_string();
        assert!(names.contains("Barack Obama") && names.contains("Biden"), "{damage}: {names}");
        if damage.starts_with("trunc") {
            assert!(library.journal().len() >= journal - 1, "{damage}");
        }
        library.facetag(["check", "--quick"]).well();
        assert_eq!(library.number_of("faces"), 4);
    }
}

/// No new library is made where one was lost.
#[test]
fn a_file_that_is_gone_is_missed_as_long_as_there_are_backups() {
    let library = library();
    library.facetag(["backup"]).well();
    fs::remove_file(library.file()).unwrap();
    for command in [&["find", "Obama"][..], &["stats"], &["scan", text(&library.photos())], &["backup"]] {
        library.facetag(command).fails_saying(&["is gone", "facetag restore", "library-2"]);
    }
    // A log that was left has nothing to follow on.
    fs::write(library.home().join("library.sqlite-wal"), vec![7; 9000]).unwrap();
    library.facetag(["restore"]).well();
    assert!(!library.home().join("library.sqlite-wal").exists());
    assert_eq!(library.find(&["Barack Obama"]).len(), 2);
    // Whoever wants a new one gets it.
    fs::remove_file(library.file()).unwrap();
    library.facetag(["forget", "--all", "--yes"]).well();
    library.facetag(["scan", text(&library.photos())]).well();
    assert_eq!(library.person_count(), 0);
}

#[test]
fn names_are_recovered_where_there_is_no_backup() {
    let library = library();
    let mut bytes = library.bytes();
    let _ = fs::remove_dir_all(library.home().join("backups"));
    // Not a page of the catalog of tables is left.
    bytes[..8192].fill(0);
    fs::write(library.file(), bytes).unwrap();
    library.facetag(["scan"]).fails_saying(&["damaged", "no backup", "facetag restore"]);
    let restored = library.facetag(["restore", "--json"]).well().json();
    assert_eq!(restored["names"], serde_json::json!(["Barack Obama", "Józef Biden"]));
    library.facetag(["scan"]).well();
    assert_eq!(library.find(&["biden"]), ["biden-2010.jpg"]);
    assert_eq!(library.find(&["obama"]).len(), 2);
}

#[test]
fn the_log_of_another_library_is_told_and_left_out() {
    let (library, other) = (library(), library());
    let hold = other.sqlite();
    let _: i64 = hold.query_row("SELECT count(*) FROM people", [], |row| row.get(0)).unwrap();
    // As long as somebody reads, the log stays.
    other.facetag(["rename", "Barack Obama", "Somebody Else"]).well();
    let log = |library: &Library| library.home().join("library.sqlite-wal");
    fs::copy(log(&other), log(&library)).unwrap();
    library.facetag(["people"]).fails_saying(&["damaged", "of another library", "facetag restore"]);
    library.facetag(["restore"]).well();
    assert_eq!(library.find(&["Barack Obama"]).len(), 2);
    assert!(library.find_if_known("Somebody Else").is_empty());
}

#[test]
fn changed_bytes_under_an_unchanged_date_are_found() {
    let library = library();
    library.facetag(["check"]).well();
    library.facetag(["check", "--photos-untouched"]).well();
    let photo = library.photo("none.jpg");
    let mut bytes = fs::read(&photo).unwrap();
    let modified = common::modified(&photo);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&photo, bytes).unwrap();
    set_times(&photo, fs::FileTimes::new().set_modified(modified));
    let checked = library.facetag(["check", "--json"]).ends(1).json();
    assert_eq!(checked["photos"]["changed"], serde_json::json!([text(&photo)]));

    // An edit that a scan has seen is no fault, and is not what was there first.
    fs::write(&photo, fs::read(fixture(HOPPER)).unwrap()).unwrap();
    touch_up(&photo);
    library.scan();
    library.facetag(["check"]).well();
    library.facetag(["scan", "--rebuild"]).well();
    let untouched = library.facetag(["check", "--photos-untouched", "--json"]).ends(1).json();
    assert_eq!(untouched["photos"]["changed"], serde_json::json!([text(&photo)]));
    assert_eq!(untouched["photos"]["unchanged"], 3);
}

#[test]
fn a_table_that_differs_from_the_journal_is_found() {
    let library = library();
    let sqlite = rusqlite::Connection::open(library.file()).unwrap();
    sqlite.execute("UPDATE people SET name = 'Eve', key = 'eve' WHERE name LIKE 'Barack%'", []).unwrap();
    drop(sqlite);
    let checked = library.facetag(["check", "--quick", "--json"]).ends(1).json();
    let journal = checked["journal"].to_string();
    assert!(journal.contains("Eve") && journal.contains("Barack Obama"), "{journal}");
}

/// As another user sees it, who may read and not write.
#[cfg(target_os = "linux")]
#[test]
fn a_library_that_may_not_be_written_can_be_searched() {
    use std::os::unix::fs::PermissionsExt;
    let is_root = std::process::Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if !is_root {
        return eprintln!("left out: only root can be somebody else");
    }
    for with_log in [false, true] {
        let library = library();
        let copy = library.folder().join("copy?100% #1");
        fs::create_dir(&copy).unwrap();
        let hold = with_log.then(|| {
            let hold = library.sqlite();
            let _: i64 = hold.query_row("SELECT count(*) FROM people", [], |row| row.get(0)).unwrap();
            hold
        });
        // What is only in the log is found too.
        library.facetag(["rename", "Barack Obama", "Barry"]).well();
        for end in ["", "-wal"] {
            let name = format!("library.sqlite{end}");
            if library.home().join(&name).exists() {
                fs::copy(library.home().join(&name), copy.join(&name)).unwrap();
            }
        }
        assert_eq!(copy.join("library.sqlite-wal").exists(), with_log);
        drop(hold);
        let binary = library.folder().join("facetag");
        fs::copy(env!("CARGO_BIN_EXE_facetag"), &binary).unwrap();
        for path in walkdir::WalkDir::new(library.folder()).into_iter().map(|entry| entry.unwrap().into_path()) {
            let mode = if path.is_dir() || path == binary { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let as_nobody = |args: &[&str]| {
            let mut command = std::process::Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&binary).args(args);
            common::Run::of(command.env("FACETAG_LIBRARY", &copy).env("HOME", "/nonexistent").output().unwrap())
        };
        let before = common::fingerprint(&copy);
        assert_eq!(as_nobody(&["find", "Barry", "--count"]).well().stdout.trim(), "2", "log: {with_log}");
        for look in [&["people"][..], &["show", "Barry"], &["export"], &["stats"], &["log"], &["models"]] {
            as_nobody(look).well();
        }
        for change in [&["rename", "Barry", "Eve"][..], &["scan"], &["undo"], &["forget", "Barry", "--yes"]] {
            as_nobody(change).fails_saying(&[text(&copy)]);
        }
        assert_eq!(common::fingerprint(&copy), before);
    }
}

/// A disk with no room left: the message says which, and what was done before is kept.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mount = |command: &mut std::process::Command| command.status().is_ok_and(|status| status.success());
    let disk = folder.path();
    if !mount(std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs", text(disk)])) {
        return eprintln!("left out: nothing may be mounted here");
    }
    let library = library();
    let there = disk.join("library");
    fs::create_dir(&there).unwrap();
    fs::copy(library.file(), there.join("library.sqlite")).unwrap();
    let filled = fs::write(disk.join("filler"), vec![1; 1 << 20]);
    let run = library.facetag(["--library", text(&there), "name", "4", "Grace"]);
    let export = library.facetag(["export", "-o", text(&disk.join("export.json"))]);
    fs::remove_file(disk.join("filler")).unwrap();
    let after = library.facetag(["--library", text(&there), "find", "Barack Obama", "--count"]);
    let left = fs::read_dir(disk).unwrap().count();
    assert!(mount(std::process::Command::new("umount").arg(disk)));
    assert!(filled.is_err(), "the disk is too large for this test");
    run.fails_saying(&["is full", text(disk)]);
    export.fails_saying(&["is full", text(disk)]);
    assert_eq!(after.well().stdout.trim(), "2");
    assert_eq!(left, 1, "no half export is left");
}

#[test]
fn the_page_asks_before_it_forgets_somebody() {
    let library = library();
    let obama = library.number("obama-2010.jpg");
    let server = common::server::Server::start(&library);
    let ask = format!("/forget?who={obama}");
    server.get(&format!("/person/{obama}")).is(200).says(&[&format!("href=\"{ask}\"")]);
    server.get(&ask).is(200).says(&["Barack Obama", "2 faces", "cannot undo", "action=\"/forget\""]);
    assert_eq!(library.find(&["Barack Obama"]).len(), 2, "to ask forgets nobody");
    assert_eq!(server.post_from(&ask, "/forget", &[("who", &obama)]).leads_to(), "/people");
    server.get(&ask).is(404);
    for form in forms("Barack Obama") {
        assert_eq!(holding(&library.home(), &form), Vec::<PathBuf>::new());
    }
}

#[test]
fn the_doctor_says_what_is_there_and_what_is_wrong() {
    let library = library();
    library.facetag(["backup"]).well();
    let report = library.facetag(["doctor", "--json"]).well().json();
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&report["pack"], &report["problems"]), (&"open".into(), &serde_json::json!([])));
    assert!(report["free_bytes"].as_u64().is_some() == cfg!(unix), "{report}");
    fs::rename(library.photos(), library.folder().join("away")).unwrap();
    let told = library.facetag(["doctor"]).ends(1).stdout;
    assert!(told.contains(text(&library.photos())) && told.contains("Problem"), "{told}");
    let empty = Library::new();
    empty.facetag(["doctor"]).well();
    assert!(!empty.home().exists(), "to ask creates nothing");
}

#[test]
fn shells_and_man_know_every_command() {
    let library = Library::new();
    let help = library.facetag(["--help"]).well().stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let commands: Vec<&str> = commands.into_iter().filter(|name| !name.is_empty() && *name != "help").collect();
    assert!(commands.len() > 25, "{commands:?}");
    library.facetag(["man", "man"]).well();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = library.facetag(["completions", shell]).well().stdout;
        assert!(commands.iter().all(|command| script.contains(command)), "{shell}");
    }
    for command in commands {
        assert!(library.folder().join(format!("man/facetag-{command}.1")).is_file(), "{command}");
    }
    assert!(!library.home().exists());
}
