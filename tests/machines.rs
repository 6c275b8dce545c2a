//! Several machines work on one library in a PostgreSQL database. A machine is a home folder of its own.

#![cfg(feature = "postgres")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use common::postgres_server::PostgresServer;
use common::{BIDEN, HOPPER, Library, Run, file_name, text};

const OBAMA: [&str; 2] = ["metadata/obama-2010.jpg", "metadata/obama-2012.jpg"];

/// A machine with photos of its own, which works on the library at `url`.
struct Machine {
    own: Library,
    url: String,
}

impl Machine {
    fn new(url: &str, fixtures: &[&str]) -> Self {
        Self { own: Library::with(fixtures), url: url.to_owned() }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.own.command(args);
        command.env("FACETAG_LIBRARY", &self.url).env_remove("XDG_CACHE_HOME").env_remove("XDG_STATE_HOME");
        command
    }

    fn facetag(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    fn scan(&self) -> Value {
        self.scan_of(&self.own.photos())
    }

    fn scan_of(&self, folder: &Path) -> Value {
        self.facetag(&["scan", "--json", text(folder)]).well().json()
    }

    fn start_scan(&self, folder: &Path) -> Child {
        self.command(&["scan", "--json", text(folder)]).spawn().unwrap()
    }

    /// The file that this machine is known by.
    fn key(&self) -> PathBuf {
        self.own.folder().join("home/.local/state/facetag/machine")
    }

    fn find(&self, args: &[&str]) -> Vec<String> {
        self.facetag(&[&["find"], args].concat()).stdout.lines().map(str::to_owned).collect()
    }

    fn number(&self, photo: &str) -> String {
        let export = self.facetag(&["export"]).well().json();
        let photos = export["photos"].as_array().unwrap();
        let photo = photos.iter().find(|other| file_name(other["path"].as_str().unwrap()) == photo).unwrap();
        photo["faces"][0]["group"].to_string()
    }

    fn machines(&self) -> Vec<Value> {
        self.facetag(&["machines", "--json"]).well().json().as_array().unwrap().clone()
    }
}

/// Which faces a library has, and which of them are in one group or person: by photo and box.
fn groups(library: &Machine) -> (BTreeMap<String, String>, Vec<Vec<String>>) {
    let export = library.facetag(&["export"]).well().json();
    let (mut faces, mut groups) = (BTreeMap::new(), BTreeMap::<String, Vec<String>>::new());
    for photo in export["photos"].as_array().unwrap() {
        for face in photo["faces"].as_array().unwrap() {
            let name = format!("{} {}", photo["hash"], face["box"]);
            if faces.insert(name.clone(), face["score"].to_string()).is_none() && !face["group"].is_null() {
                groups.entry(face["group"].to_string()).or_default().push(name);
            }
        }
    }
    let mut groups: Vec<Vec<String>> = groups.into_values().collect();
    groups.iter_mut().for_each(|group| group.sort());
    groups.sort();
    (faces, groups)
}

#[test]
fn each_machine_decides_about_its_own_files() {
    let Some(server) = PostgresServer::start() else { return };
    let url = server.database();
    let anna = Machine::new(&url, &[OBAMA[0], BIDEN]);
    let ben = Machine::new(&url, &[OBAMA[0], OBAMA[1]]);
    assert_eq!(anna.scan()["photos"], 2);
    // What is in the library already is known by its content, and read by nobody again.
    let scanned = ben.scan();
    assert_eq!((&scanned["photos"], &scanned["copies"]), (&1.into(), &1.into()));
    assert_eq!(anna.scan()["missing"], 0, "files of other machines are not looked for");

    anna.facetag(&["name", &anna.number("obama-2010.jpg"), "Barack"]).well();
    let found = anna.find(&["Barack"]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], text(&anna.own.photo("obama-2010.jpg")), "this machine's file stands before the other's");
    assert!(found[1].ends_with(&format!(":{}", text(&ben.own.photo("obama-2012.jpg")))), "{found:?}");

    // Each has what it has: the one deletes a file, and the other still has the photo.
    std::fs::remove_file(anna.own.photo("obama-2010.jpg")).unwrap();
    assert_eq!(anna.scan()["missing"], 1);
    assert_eq!(ben.scan()["missing"], 0);
    let found = anna.find(&["Barack"]);
    assert!(found.len() == 2 && found[0].ends_with(text(&ben.own.photo("obama-2010.jpg"))), "{found:?}");
    // A folder that is not there on this machine is somebody else's, and not an unmounted disk.
    assert_eq!(ben.facetag(&["scan", "--json"]).well().json()["offline"], serde_json::json!([]));

    let machines = ben.machines();
    assert_eq!(machines.len(), 2);
    let this = machines.iter().find(|machine| machine["this"] == true).unwrap();
    assert_eq!(this["folders"], serde_json::json!([text(&ben.own.photos())]));
    assert_eq!(this["files"], 2);
    assert!(this["last_seen"].is_string() && machines.iter().all(|machine| machine["doing"] == serde_json::json!([])));
    assert!(anna.facetag(&["machines"]).well().stdout.contains("(this one)"));
}

#[test]
fn a_library_goes_from_machine_to_machine_in_a_folder_or_a_backup() {
    let Some(server) = PostgresServer::start() else { return };
    let url = server.database();
    let (anna, ben) = (Machine::new(&url, &[OBAMA[0]]), Machine::new(&url, &[BIDEN]));
    anna.scan();
    ben.scan();
    // In a folder, what was this machine's is that of whoever opens it.
    let folder = anna.own.folder().join("moved");
    anna.facetag(&["move-library", &url, text(&folder)]).well();
    let mut again = anna.own.command(["scan", "--json", text(&anna.own.photos())]);
    let scanned = Run::of(again.env("FACETAG_LIBRARY", &folder).output().unwrap()).well().json();
    assert_eq!((&scanned["photos"], &scanned["unchanged"], &scanned["missing"]), (&0.into(), &1.into(), &0.into()));
    // And back in a database by another machine, it is that one's.
    let other = server.database();
    ben.facetag(&["move-library", text(&folder), &other]).well();
    let moved = Machine { own: Library::new(), url: other.clone() };
    let has = |machine: &Machine| machine.facetag(&["export"]).well().json()["photos"].as_array().unwrap().len();
    assert_eq!(has(&moved), 2);
    let ben = Machine { url: other, ..ben };
    let scanned = ben.scan();
    assert_eq!((&scanned["missing"], &scanned["offline"]), (&0.into(), &serde_json::json!([])), "{scanned}");
    // A backup keeps whose files they are, whoever brings it back.
    let backup = anna.own.folder().join("backup.sqlite");
    anna.facetag(&["backup", text(&backup)]).well();
    let back = server.database();
    ben.facetag(&["move-library", text(&backup), &back]).well();
    let (anna, ben) = (Machine { url: back.clone(), ..anna }, Machine { url: back, ..ben });
    for machine in [anna, ben] {
        let scanned = machine.scan();
        assert_eq!((&scanned["unchanged"], &scanned["missing"]), (&1.into(), &0.into()), "{scanned}");
    }
}

#[test]
fn another_version_or_other_models_are_refused() {
    let Some(server) = PostgresServer::start() else { return };
    let url = server.database();
    let (anna, ben) = (Machine::new(&url, &[HOPPER]), Machine::new(&url, &[BIDEN]));
    anna.scan();
    ben.scan();
    let mut database = server.connect(&url);
    let mut at_work = |version: &str, pack: &str| {
        let sql = "DELETE FROM sessions; INSERT INTO sessions (id, machine, task, version, pack, until)
                   SELECT 1, max(id), 'scan', 'VERSION', 'PACK', now() + INTERVAL '1 hour' FROM machines";
        database.batch_execute(&sql.replace("VERSION", version).replace("PACK", pack)).unwrap();
    };
    let ours = env!("CARGO_PKG_VERSION");
    at_work("0.0.1", "open");
    anna.facetag(&["scan", "--json"]).fails_saying(&["facetag 0.0.1", &format!("facetag {ours}"), "same version"]);
    at_work(ours, "twin 0123");
    anna.facetag(&["scan", "--json"]).fails_saying(&["twin 0123", "install the same"]);
    at_work(ours, "open");
    anna.scan();
    database
        .batch_execute("DELETE FROM sessions; UPDATE settings SET value = '99.0.0' WHERE key = 'written_by'")
        .unwrap();
    anna.facetag(&["people"]).fails_saying(&["99.0.0"]);
}

/// Photos enough that several machines are at work at once: crops of the same few, each with bytes of its own.
fn many(folder: &Path, count: usize) {
    let photos: Vec<Vec<u8>> =
        ["metadata/obama-2009.jpg", OBAMA[0], OBAMA[1], BIDEN, "metadata/biden-2011.jpg", HOPPER]
            .iter()
            .map(|name| std::fs::read(common::fixture(name)).unwrap())
            .collect();
    std::fs::create_dir_all(folder).unwrap();
    for number in 0..count {
        let mut bytes = photos[number % photos.len()].clone();
        bytes.extend(format!("{number}").bytes());
        std::fs::write(folder.join(format!("{number:03}.jpg")), bytes).unwrap();
    }
}

/// How many contents machines have claimed; none before there are tables.
fn claims(database: &mut postgres::Client) -> i64 {
    database.query_one("SELECT count(*) FROM claims", &[]).map_or(0, |row| row.get(0))
}

/// Waits until some machine reads.
fn until_claimed(database: &mut postgres::Client) {
    let end = Instant::now() + Duration::from_secs(120);
    while Instant::now() < end && claims(database) == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn machines_scan_at_once_and_one_is_killed() {
    let Some(server) = PostgresServer::start() else { return };
    let photos = Library::new();
    let all = photos.folder().join("all");
    many(&all, 24);
    let alone = Machine::new(&server.database(), &[]);
    alone.scan_of(&all);

    let url = server.database();
    let [anna, ben, carl] = [(); 3].map(|()| Machine::new(&url, &[]));
    let mut killed = carl.start_scan(&all);
    // It reads, and is gone; what it had claimed is free again once its session has ended.
    let mut database = server.connect(&url);
    until_claimed(&mut database);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(claims(&mut database) > 0, "nothing was claimed");
    database.batch_execute("UPDATE sessions SET until = now() - INTERVAL '1 second'").unwrap();

    let scans = [&anna, &ben].map(|machine| machine.start_scan(&all));
    let summaries = scans.map(|scan| Run::of(scan.wait_with_output().unwrap()).well().json());
    let read: u64 = summaries.iter().map(|summary| summary["photos"].as_u64().unwrap()).sum();
    let stored = database.query_one("SELECT count(*) FROM photos", &[]).unwrap().get::<_, i64>(0);
    assert_eq!(stored, 24);
    assert!(read <= 24, "no photo is read twice: {summaries:?}");
    for table in ["sessions", "claims"] {
        let left = database.query_one(&format!("SELECT count(*) FROM {table}"), &[]).unwrap().get::<_, i64>(0);
        assert_eq!(left, 0, "{table}");
    }
    carl.scan_of(&all);
    let (expected, found) = (groups(&alone), groups(&anna));
    assert_eq!(found.0, expected.0);
    assert_eq!(found.1, expected.1, "they were grouped as by one machine");
}

#[test]
fn a_scan_goes_on_after_the_server_was_restarted() {
    let Some(mut server) = PostgresServer::start() else { return };
    let photos = Library::new();
    let all = photos.folder().join("all");
    many(&all, 16);
    let url = server.database();
    let anna = Machine::new(&url, &[]);
    let mut scan = anna.command(&["scan", "--json", text(&all)]);
    let scan = scan.stderr(Stdio::piped()).spawn().unwrap();
    let mut database = server.connect(&url);
    until_claimed(&mut database);
    server.restart();
    let scanned = Run::of(scan.wait_with_output().unwrap()).well();
    assert_eq!(scanned.json()["photos"], 16, "{}", scanned.stderr);
    let alone = Machine::new(&server.database(), &[]);
    alone.scan_of(&all);
    assert_eq!(groups(&anna), groups(&alone));
    anna.facetag(&["check", "--quick"]).well();
}

#[test]
fn two_machines_decide_about_one_person_at_once() {
    let Some(server) = PostgresServer::start() else { return };
    let url = server.database();
    let (anna, ben) = (Machine::new(&url, &[OBAMA[0], OBAMA[1], BIDEN]), Machine::new(&url, &[]));
    anna.scan();
    let group = anna.number("obama-2010.jpg");
    anna.facetag(&["name", &group, "Barack"]).well();
    let decisions = |machine: &Machine, year: &str| {
        (0..5).map(|day| machine.command(&["born", "Barack", &format!("{year}-08-0{}", day + 1)])).collect::<Vec<_>>()
    };
    let running: Vec<Child> = decisions(&anna, "1961")
        .into_iter()
        .zip(decisions(&ben, "1962"))
        .flat_map(|(one, other)| [one, other])
        .map(|mut command| command.spawn().unwrap())
        .collect();
    for child in running {
        Run::of(child.wait_with_output().unwrap()).well();
    }
    let mut database = server.connect(&url);
    // Every one of them is in the journal, and the newest line is what holds.
    let lines: i64 = database.query_one("SELECT count(*) FROM journal", &[]).unwrap().get(0);
    assert_eq!(lines, 11);
    let last: String = database
        .query_one("SELECT decision ->> 'date' FROM journal ORDER BY id DESC LIMIT 1", &[])
        .unwrap()
        .try_get(0)
        .unwrap_or_default();
    let born: String = database.query_one("SELECT born FROM people WHERE name = 'Barack'", &[]).unwrap().get(0);
    assert_eq!(last, born);
    ben.facetag(&["check", "--quick"]).well();
    assert!(anna.key().is_file() && ben.key().is_file());
}

#[test]
fn the_page_shows_photos_of_other_machines_and_outlives_the_server() {
    let Some(mut server) = PostgresServer::start() else { return };
    let url = server.database();
    let (anna, ben) = (Machine::new(&url, &[OBAMA[0]]), Machine::new(&url, &[]));
    anna.scan();
    let photo: i64 = server.connect(&url).query_one("SELECT id FROM photos", &[]).unwrap().get(0);
    let page = common::server::Server::entered(&ben.own, &["--library", &url]);
    let shown = page.get(&format!("/photo/{photo}")).is(200).text();
    assert!(shown.contains("on the computer") && shown.contains(text(&anna.own.photo("obama-2010.jpg"))), "{shown}");
    let preview = page.get(&format!("/photo/{photo}/screen.jpg")).is(200);
    assert_eq!(preview.header("content-type"), "image/jpeg");
    let serving = ben.machines().into_iter().find(|machine| machine["this"] == true).unwrap();
    assert_eq!(serving["doing"][0]["task"], "serve");

    server.stop();
    let refused = page.get("/people").is(503).text();
    assert!(refused.contains("cannot be reached now; nothing was changed"), "{refused}");
    page.get(&format!("/photo/{photo}")).is(503);
    server.start_again();
    page.get("/people").is(200);
    page.get(&format!("/photo/{photo}")).is(200);
}
