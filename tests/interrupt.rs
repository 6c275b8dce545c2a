//! A scan that is stopped, politely or not, at any moment: the next one goes on, and nothing is lost or double.

#![cfg(unix)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use common::{Library, Run, text};
use serde_json::Value;

/// In the order of the scan: two photos, then so many broken files that what was read is written for certain, then
/// photos enough to be interrupted in.
fn fill(library: &Library) {
    for (name, fixture) in ["obama-2009", "biden-2010"].iter().zip(["a1", "a2"]) {
        library.put_as(&format!("metadata/{name}.jpg"), &format!("{fixture}.jpg"));
    }
    for number in 0..BROKEN {
        fs::write(library.photo(&format!("b{number:02}.jpg")), format!("broken {number}")).unwrap();
    }
    let rest = ["obama-2010", "obama-2011", "obama-2012", "obama-2016", "biden-2011", "lisbon", "tokyo", "sydney"];
    for (number, name) in rest.iter().enumerate() {
        library.put_as(&format!("metadata/{name}.jpg"), &format!("c{number}.jpg"));
    }
}

/// More than a batch of the writer.
const BROKEN: usize = 70;
const PHOTOS: usize = 10;

/// What a scan makes of the photos, but for the numbers, which depend on who was read first.
#[derive(Debug, PartialEq)]
struct Contents {
    photos: BTreeMap<String, Value>,
    /// Who is with whom.
    groups: Vec<Vec<String>>,
}

impl Contents {
    fn of(library: &Library) -> Self {
        let mut photos = library.export();
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, photo) in &mut photos {
            photo["path"] = name.as_str().into();
            for face in photo["faces"].as_array_mut().unwrap() {
                face["id"] = Value::Null;
                groups.entry(face["group"].take().to_string()).or_default().push(name.clone());
            }
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort();
        Self { photos, groups }
    }
}

fn start(library: &Library) -> Child {
    // Two threads, so that most photos are still unread at the first warning, on any machine.
    library.command(["scan", "--json", "--threads", "2", text(&library.photos())]).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(common::signal(child.id(), name));
}

/// Waits until a warning of a broken file shows that the scan is under way.
fn wait_for_a_warning(child: &mut Child) -> BufReader<std::process::ChildStderr> {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("warning: "), "{line}");
    stderr
}

/// Waits until the library holds a photo: a part of the scan has been written then.
fn wait_for_a_photo(library: &Library, child: &mut Child) {
    let patience = Instant::now() + Duration::from_secs(120);
    let photos = || {
        let sqlite = rusqlite::Connection::open_with_flags(library.file(), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
        sqlite.and_then(|sqlite| sqlite.query_row("SELECT count(*) FROM photos", [], |row| row.get::<_, i64>(0)))
    };
    while !photos().is_ok_and(|count| count > 0) {
        assert!(child.try_wait().unwrap().is_none(), "the scan ended before it was stopped");
        assert!(Instant::now() < patience, "no photo was written");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Makes the scan hold its breath, at a moment when others may write to the library.
fn pause(library: &Library, child: &mut Child) {
    // That of [`Library::sqlite`] may only read, and would not be told that somebody writes.
    let sqlite = rusqlite::Connection::open(library.file()).unwrap();
    sqlite.busy_timeout(Duration::ZERO).unwrap();
    loop {
        signal(child, "-STOP");
        assert!(child.try_wait().unwrap().is_none(), "the scan ended before it was stopped");
        if sqlite.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
            return;
        }
        signal(child, "-CONT");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// SQLite and the tables' own rules find nothing wrong.
fn check(library: &Library) {
    let sqlite = library.sqlite();
    let sound: String = sqlite.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    assert!(!sqlite.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());
    let half = "photos WHERE id NOT IN (SELECT photo_id FROM files WHERE photo_id IS NOT NULL)";
    assert_eq!(library.number_of(half), 0, "a photo without its file");
    assert_eq!(
        library.number_of("faces WHERE id NOT IN (SELECT face_id FROM embeddings)"),
        0,
        "a face without an embedding"
    );
}

/// The scan after an interruption ends well, and the library is as if there had been none.
fn ends_as_if_nothing_had_been(library: &Library) {
    let last = library.scan_to_end(1);
    assert_eq!(last["unreadable"], BROKEN, "{last}");
    assert_eq!((&last["copies"], &last["moved"], &last["missing"]), (&0.into(), &0.into(), &0.into()), "{last}");
    check(library);
    assert_eq!(library.number_of("photos"), PHOTOS as i64);
    assert_eq!(library.number_of("files"), (PHOTOS + BROKEN) as i64);

    static WHOLE: OnceLock<Contents> = OnceLock::new();
    let whole = WHOLE.get_or_init(|| {
        let whole = Library::new();
        fill(&whole);
        whole.scan_to_end(1);
        Contents::of(&whole)
    });
    assert_eq!(&Contents::of(library), whole);
    assert_eq!(library.scan_to_end(1)["unchanged"], PHOTOS);
}

#[test]
fn ctrl_c_keeps_what_was_read() {
    let library = Library::new();
    fill(&library);
    let mut child = start(&library);
    let mut rest = wait_for_a_warning(&mut child);
    signal(&child, "-INT");
    let mut warnings = String::new();
    rest.read_to_string(&mut warnings).unwrap();
    let run = Run::of(child.wait_with_output().unwrap()).ends(130);
    assert_eq!(run.json()["interrupted"], true);
    let photos = run.json()["photos"].as_u64().unwrap();
    assert!((1..PHOTOS as u64).contains(&photos), "{photos} photos were read before the end");
    check(&library);
    assert_eq!(library.number_of("photos"), photos as i64, "what was read is kept");
    // It can be used as it is, and says that it is not at its end.
    assert!(!library.people().is_empty());
    let stats = library.facetag(["stats"]).well().stdout;
    assert!(stats.contains("not scanned to its end"), "{stats}");
    let known = library.export();

    ends_as_if_nothing_had_been(&library);
    let now = library.export();
    assert!(known.iter().all(|(name, photo)| now[name]["faces"] == photo["faces"]), "faces keep ids and groups");
}

#[test]
fn a_polite_end_by_the_system_is_the_same() {
    let library = Library::new();
    fill(&library);
    let mut child = start(&library);
    let stderr = wait_for_a_warning(&mut child);
    signal(&child, "-TERM");
    std::io::copy(&mut { stderr }, &mut std::io::sink()).unwrap();
    let run = Run::of(child.wait_with_output().unwrap()).ends(130);
    assert_eq!(library.number_of("photos"), run.json()["photos"].as_i64().unwrap());
}

#[test]
fn kill_at_any_moment_loses_nothing_that_was_written() {
    let library = Library::new();
    fill(&library);
    let kill = |moment: &dyn Fn(&mut Child)| {
        let mut child = start(&library);
        moment(&mut child);
        child.kill().unwrap();
        assert_eq!(Run::of(child.wait_with_output().unwrap()).code, -1, "it ended before it was killed");
    };
    // While the library is being made, or just after.
    kill(&|_| while !library.file().exists() {});
    library.facetag(["stats"]).well();
    // While the first photos are read, and nothing has been written.
    kill(&|child| drop(wait_for_a_warning(child)));
    check(&library);
    // When a part has been written and the rest is being read.
    kill(&|child| wait_for_a_photo(&library, child));
    check(&library);
    let written = library.number_of("photos");
    assert!((1..PHOTOS as i64).contains(&written), "{written} photos were written");

    ends_as_if_nothing_had_been(&library);
}

#[test]
fn a_second_scan_at_once_says_so_and_ends() {
    let library = Library::new();
    fill(&library);
    let mut first = start(&library);
    let stderr = wait_for_a_warning(&mut first);
    // It holds its breath, so that it is there for as long as it takes.
    signal(&first, "-STOP");
    library.facetag(["scan", text(&library.photos())]).fails_saying(&["another facetag is scanning"]);
    library.facetag(["models", "use", "open"]).fails_saying(&["another facetag is scanning"]);
    // Another library is another matter.
    let other = Library::new();
    other.scan();
    signal(&first, "-CONT");
    std::io::copy(&mut { stderr }, &mut std::io::sink()).unwrap();
    let run = Run::of(first.wait_with_output().unwrap()).ends(1);
    assert_eq!((&run.json()["photos"], &run.json()["unreadable"]), (&PHOTOS.into(), &BROKEN.into()));
    check(&library);
}

#[test]
fn a_name_given_during_a_scan_stays() {
    let library = Library::new();
    fill(&library);
    let mut child = start(&library);
    wait_for_a_photo(&library, &mut child);
    // So that naming comes before the rest of the scan, however busy the machine is.
    pause(&library, &mut child);
    // Whoever was read first: another photo of his comes later.
    let first = library.export().into_keys().next().unwrap();
    let later = if first == "a1.jpg" { "c0.jpg" } else { "c4.jpg" };
    // Nothing is grouped yet, but whose a face is can be said.
    library.facetag(["confirm", "Somebody", &library.face_id(&first)]).well();
    let number = library.number(&first);
    signal(&child, "-CONT");
    Run::of(child.wait_with_output().unwrap()).ends(1);
    let face = library.face(&first);
    assert_eq!((face["group"].to_string(), &face["state"]), (number, &"confirmed".into()));
    // And the scan knows of it.
    let face = library.face(later);
    assert_eq!((&face["person"]["name"], &face["state"]), (&"Somebody".into(), &"auto".into()));
    check(&library);
}

#[test]
fn a_scan_whose_warnings_nobody_reads_goes_on() {
    let library = Library::new();
    fill(&library);
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = library.command(["scan", "--quiet", text(&library.photos())]);
    command.stderr(writer);
    drop(reader);
    Run::of(command.output().unwrap()).ends(1);
    assert_eq!(library.number_of("photos"), PHOTOS as i64);
    assert_eq!(library.number_of("files"), (PHOTOS + BROKEN) as i64);
}
