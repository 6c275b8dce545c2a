//! What was acknowledged is kept: whatever other programs read or copy the library meanwhile, however facetag ends, and
//! however many commands begin at once.

#![cfg(unix)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command};

use common::server::Server;
use common::{BIDEN, HOPPER, Library, Run, text};

/// What other people run on a library that is in use.
fn others(library: &Library) -> Vec<Command> {
    let copy = library.folder().join("copy.sqlite");
    let sqlite3 = |args: &[&str]| {
        let mut command = Command::new("sqlite3");
        command.args(args);
        command
    };
    let mut cp = Command::new("cp");
    cp.arg(library.file()).arg(&copy);
    vec![
        sqlite3(&[text(&library.file()), "SELECT count(*) FROM photos"]),
        sqlite3(&["-readonly", text(&library.file()), "SELECT count(*) FROM people"]),
        sqlite3(&[text(&library.file()), &format!(".backup '{}'", copy.display())]),
        cp,
    ]
}

/// Whether there is a `sqlite3` to test with; `.ci/run` installs it.
fn has_sqlite3() -> bool {
    let has = Command::new("sqlite3").arg("--version").output().is_ok_and(|run| run.status.success());
    assert!(has || std::env::var_os("FACETAG_NEEDS_SQLITE3").is_none(), "sqlite3 is not installed");
    if !has {
        eprintln!("left out: sqlite3 is not installed");
    }
    has
}

fn run(mut command: Command) {
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, 0, "{command:?}: {}{}", run.stdout, run.stderr);
}

fn signal(child: &Child, name: &str) {
    assert!(common::signal(child.id(), name));
}

/// SQLite finds nothing wrong with it.
fn check(library: &Library) {
    let sound: String = library.sqlite().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

/// Three people, of whom one has a name.
fn people() -> (Library, String) {
    let library = Library::scanned(&["metadata/obama-2010.jpg", BIDEN, HOPPER]);
    let number = library.name("biden-2010.jpg", "Joe");
    (library, number)
}

/// The newest name of the one person who has any.
fn name(library: &Library) -> String {
    let sql = "SELECT name FROM people WHERE name IS NOT NULL";
    library.sqlite().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn the_library_is_locked_for_as_long_as_the_page_has_it_open() {
    use std::os::unix::fs::MetadataExt;
    let (library, _) = people();
    let server = Server::start(&library);
    for page in ["/people", "/history", "/search", "/people"] {
        server.get(page).is(200);
    }
    let locks = fs::read_to_string("/proc/locks").unwrap();
    let inode = format!(":{}", fs::metadata(library.file()).unwrap().ino());
    let pid = server.pid().to_string();
    let held = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.contains(&pid.as_str()) && words.iter().any(|word| word.ends_with(&inode))
    };
    assert!(locks.lines().any(held), "no lock of {pid} on {inode} in:\n{locks}");
}

#[test]
fn renames_are_kept_whatever_reads_along_and_however_the_page_ends() {
    if !has_sqlite3() {
        return;
    }
    let (library, joe) = people();
    for end in ["-KILL", "-TERM", "-INT"] {
        let server = Server::start(&library);
        for (number, other) in others(&library).into_iter().enumerate() {
            server.change(&format!("/person/{joe}/rename"), &[("name", &format!("Page {end} {number}"))]);
            run(other);
            // The page and the terminal take turns.
            let named = format!("Terminal {end} {number}");
            library.facetag(["rename", &joe, &named]).well();
        }
        let last = format!("Last {end}");
        server.change(&format!("/person/{joe}/rename"), &[("name", &last)]);
        server.end_by(end);
        assert_eq!(name(&library), last);
        check(&library);
    }
    let renamed = library.journal().iter().filter(|line| line["do"] == "rename").count();
    assert_eq!(renamed, 3 * (2 * others(&library).len() + 1));
}

#[test]
fn names_given_during_a_scan_outlive_its_end() {
    if !has_sqlite3() {
        return;
    }
    let (library, joe) = people();
    for (round, end) in ["-KILL", "-INT"].into_iter().enumerate() {
        // Enough for it to be under way, and the first of them says that it is.
        for number in 0..60 {
            fs::write(library.photo(&format!("{round}-a{number:02}.jpg")), format!("broken {round} {number}")).unwrap();
        }
        for number in 0..20 {
            let photo = library.put_as("metadata/tokyo.jpg", &format!("{round}-b{number:02}.jpg"));
            let mut bytes = fs::read(&photo).unwrap();
            bytes.extend(format!("{round} {number}").bytes());
            fs::write(&photo, bytes).unwrap();
        }
        let photos = library.photos();
        let args = ["scan", "--threads", "1", text(&photos)];
        let mut scan = library.command(args).spawn().unwrap();
        let mut stderr = BufReader::new(scan.stderr.take().unwrap());
        stderr.read_line(&mut String::new()).unwrap();
        for (number, other) in others(&library).into_iter().enumerate() {
            let named = format!("Joe {round} {number}");
            library.facetag(["rename", &joe, &named]).well();
            run(other);
        }
        assert!(scan.try_wait().unwrap().is_none(), "it ended before, and this is no test");
        signal(&scan, end);
        std::io::copy(&mut stderr, &mut std::io::sink()).unwrap();
        scan.wait().unwrap();
        assert_eq!(name(&library), format!("Joe {round} 3"));
        check(&library);
    }
}

/// A library as the first facetag made it.
fn old_library() -> Library {
    let library = Library::new();
    fs::create_dir(library.home()).unwrap();
    let sqlite = rusqlite::Connection::open(library.file()).unwrap();
    sqlite.pragma_update(None, "journal_mode", "wal").unwrap();
    sqlite.execute_batch(include_str!("../src/catalog/migrations/2026-11-23-first.sql")).unwrap();
    sqlite.execute("INSERT INTO people (name, key, created_at) VALUES ('Anna', 'anna', '')", []).unwrap();
    sqlite.pragma_update(None, "user_version", 1).unwrap();
    drop(sqlite);
    library
}

#[test]
fn many_commands_at_once_on_a_new_or_an_older_library_all_succeed() {
    const AT_ONCE: usize = 16;
    for library in [Library::new(), old_library()] {
        let was_old = library.file().exists();
        let commands: Vec<Child> = (0..AT_ONCE)
            .map(|number| match number % 4 {
                0 => library.command(["stats"]),
                1 => library.command(["people", "--all", "--json"]),
                2 => library.command(["log", "--json"]),
                _ => library.command(["models"]),
            })
            .map(|mut command| command.spawn().unwrap())
            .collect();
        for command in commands {
            let run = Run::of(command.wait_with_output().unwrap());
            // Nobody yet is a 1.
            assert!((0..=1).contains(&run.code) && run.stderr.is_empty(), "{run:?}");
        }
        check(&library);
        let backups = fs::read_dir(library.home().join("backups")).map_or(0, Iterator::count);
        assert_eq!(backups, usize::from(was_old), "it is backed up once");
        assert_eq!(library.number_of("people"), i64::from(was_old));
        let left: Vec<_> = fs::read_dir(library.home()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().contains(".new")), "{left:?}");
    }
}

#[test]
fn what_a_kill_left_of_a_new_library_is_no_obstacle() {
    let library = Library::new();
    fs::create_dir(library.home()).unwrap();
    for (name, bytes) in [("library.new", "half"), ("library.new-wal", "of it"), ("open.lock", "")] {
        fs::write(library.home().join(name), bytes).unwrap();
    }
    library.facetag(["stats"]).well();
    check(&library);
    // An empty file is no new library: there may have been names in it.
    let library = Library::new();
    fs::create_dir(library.home()).unwrap();
    fs::write(library.file(), "").unwrap();
    library.facetag(["stats"]).fails_saying(&["it is empty", "facetag restore"]);
}

/// Takes the folder away as a file manager does: at once.
fn delete(folder: &Path) {
    let away = folder.with_extension("deleted");
    fs::rename(folder, &away).unwrap();
    // What is written meanwhile goes nowhere, but may be in the way of the deletion.
    let _ = fs::remove_dir_all(away);
}

#[test]
fn a_library_that_is_deleted_while_it_is_served_is_missed() {
    let (library, joe) = people();
    let server = Server::start(&library);
    server.get("/people").is(200);
    delete(&library.home());
    for page in ["/people", "/search", "/history"] {
        server.get(page).is(500).says(&["is gone", text(&library.file())]);
    }
    server.post_from("/people", &format!("/person/{joe}/rename"), &[("name", "Joseph")]).is(500).says(&["is gone"]);
    server.post_from("/scan", "/scan/add", &[("folder", text(&library.photos()))]).is(500).says(&["is gone"]);
    assert!(!library.file().exists(), "no new one is made in its place");
    assert_eq!(server.stop(), 2);
}

#[test]
fn a_library_that_is_brought_back_is_served_again() {
    let (library, _) = people();
    let away = library.folder().join("away");
    let server = Server::start(&library);
    server.get("/people").is(200).says(&["Joe"]);
    let mut cp = Command::new("cp");
    cp.arg("-r").arg(library.home()).arg(&away);
    run(cp);
    delete(&library.home());
    server.get("/people").is(500);
    fs::rename(&away, library.home()).unwrap();
    server.get("/people").is(200).says(&["Joe"]);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_library_that_is_deleted_during_a_scan_is_missed() {
    for photos in [1, 40] {
        let library = Library::new();
        library.put(HOPPER);
        fs::write(library.photo("a.jpg"), "broken").unwrap();
        for number in 0..photos {
            fs::write(library.photo(&format!("b{number:02}.jpg")), format!("broken {number}")).unwrap();
        }
        let mut scan = library.command(["scan", "--threads", "1", text(&library.photos())]).spawn().unwrap();
        let mut stderr = BufReader::new(scan.stderr.take().unwrap());
        let mut said = String::new();
        stderr.read_line(&mut said).unwrap();
        signal(&scan, "-STOP");
        delete(&library.home());
        signal(&scan, "-CONT");
        std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
        assert_eq!(scan.wait().unwrap().code(), Some(2), "{said}");
        assert!(said.contains("is gone") && said.contains(text(&library.file())), "{said}");
    }
}
