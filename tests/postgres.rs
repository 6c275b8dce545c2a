//! A library in a PostgreSQL database does what one in a folder does.

#![cfg(feature = "postgres")]

mod common;

use std::process::Command;

use serde_json::Value;

use common::postgres_server::PostgresServer;
use common::{BIDEN, HOPPER, Library, Run, file_name, people, text};

const OBAMA: [&str; 2] = ["metadata/obama-2010.jpg", "metadata/obama-2012.jpg"];

/// The library of some photos, in a folder or in a database.
struct Place<'a> {
    library: &'a Library,
    /// The database; the library's own folder where there is none.
    url: Option<String>,
}

impl Place<'_> {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.library.command(args);
        if let Some(url) = &self.url {
            command.env("FACETAG_LIBRARY", url);
        }
        command.env_remove("XDG_CACHE_HOME");
        command
    }

    fn facetag(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    fn scan(&self) -> Value {
        self.facetag(&["scan", "--json", text(&self.library.photos())]).well().json()
    }

    fn find(&self, args: &[&str]) -> Vec<String> {
        self.facetag(&[&["find"], args].concat()).stdout.lines().map(file_name).collect()
    }

    /// The number of whoever is in a photo alone.
    fn number(&self, photo: &str) -> String {
        let export = self.facetag(&["export"]).well().json();
        let photos = export["photos"].as_array().unwrap();
        let photo = photos.iter().find(|other| file_name(other["path"].as_str().unwrap()) == photo).unwrap();
        photo["faces"][0]["group"].to_string()
    }

    /// Who is known, with how many faces and photos, without numbers, which depend on the order in which threads were ready.
    fn people(&self) -> Vec<String> {
        let people = self.facetag(&["people", "--all", "--json"]).well().json();
        let line = |person: &Value| format!("{} {} {}", person["name"], person["faces"], person["photos"]);
        let mut people: Vec<String> = people.as_array().unwrap().iter().map(line).collect();
        people.sort();
        people
    }
}

#[test]
fn a_library_in_a_database_does_what_one_in_a_folder_does() {
    let Some(server) = PostgresServer::start() else { return };
    let fixtures = [OBAMA[0], OBAMA[1], BIDEN, HOPPER];
    let (one, other) = (Library::with(&fixtures), Library::with(&fixtures));
    let places = [Place { library: &one, url: None }, Place { library: &other, url: Some(server.database()) }];
    let [in_folder, in_database] = places.map(|place| {
        let mut seen: Vec<String> = Vec::new();
        let mut see = |what: &str, value: String| seen.push(format!("{what}: {value}"));
        let summary = place.scan();
        see("photos", summary["photos"].to_string());
        see("people", place.people().join(", "));
        for (photo, name) in
            [("obama-2010.jpg", "Barack Obama"), ("biden-2010.jpg", "Joe Biden"), ("none.jpg", "Grace")]
        {
            place.facetag(&["name", &place.number(photo), name]).well();
        }
        see("named", place.people().join(", "));
        see("one", place.find(&["Barack Obama"]).join(" "));
        see("without", place.find(&["--not", "Joe Biden"]).join(" "));
        see("dated", place.find(&["--since", "2011", "--until", "2012-12-31"]).join(" "));
        see("folder", place.find(&["--in", text(&place.library.photos())]).join(" "));
        place.facetag(&["merge", "Grace", "Joe Biden"]).well();
        see("merged", place.people().join(", "));
        place.facetag(&["undo"]).well();
        see("undone", place.people().join(", "));
        place.facetag(&["redo"]).well();
        see("redone", place.people().join(", "));
        place.facetag(&["undo"]).well();
        place.facetag(&["born", "Joe Biden", "1942-11-20"]).well();
        place.facetag(&["hide", "Grace"]).well();
        place.facetag(&["circle", "Presidents", "Barack Obama", "Joe Biden"]).well();
        see("circle", place.find(&["Presidents"]).join(" "));
        let log = place.facetag(&["log"]).well().stdout;
        let words: String = log.lines().map(|line| line.split("  ").last().unwrap_or("")).collect();
        // Without the numbers of groups, as above.
        see("log", words.replace(|letter: char| letter.is_ascii_digit(), ""));
        see("again", place.scan()["photos"].to_string());
        place.library.put_as("metadata/obama-2009.jpg", "new.jpg");
        place.scan();
        see("recognised", place.find(&["Barack Obama"]).join(" "));
        std::fs::remove_file(place.library.photo("new.jpg")).unwrap();
        place.scan();
        see("gone", place.find(&["Barack Obama"]).join(" "));
        place.facetag(&["check", "--quick"]).well();
        place.facetag(&["scan", "--rebuild", "--json"]).well();
        see("rebuilt", place.people().join(", "));
        place.facetag(&["forget", "Joe Biden", "--yes"]).well();
        see("forgotten", place.people().join(", "));
        seen
    });
    for (in_folder, in_database) in in_folder.iter().zip(&in_database) {
        assert_eq!(in_folder, in_database);
    }
    assert!(in_database.iter().any(|line| line.contains("Barack Obama")), "{in_database:?}");
}

#[test]
fn a_library_moves_into_a_database_and_back() {
    let Some(server) = PostgresServer::start() else { return };
    let library = people();
    library.name("obama-2010.jpg", "Barack Obama");
    library.name("biden-2010.jpg", "Joe Biden");
    library.facetag(["merge", "Barack Obama", "Joe Biden"]).well();
    library.facetag(["undo"]).well();
    library.facetag(["hide", &library.number("none.jpg")]).well();
    let before = library.state();
    let (url, back) = (server.database(), library.folder().join("back"));
    let moved = library.facetag(["move-library", text(&library.home()), &url]).well();
    assert!(moved.stdout.contains("every row was compared"), "{}", moved.stdout);
    library.facetag(["move-library", text(&library.home()), &url]).fails_saying(&["there is a library already"]);

    let database = Place { library: &library, url: Some(url.clone()) };
    assert_eq!(
        database.facetag(&["people", "--json"]).well().json(),
        library.facetag(["people", "--json"]).well().json()
    );
    // What was kept to take decisions back went with it.
    for place in [&database, &Place { library: &library, url: None }] {
        place.facetag(&["undo"]).well();
        place.facetag(&["redo"]).well();
        place.facetag(&["name", &place.number("none.jpg"), "Grace"]).well();
    }
    let after = library.state();
    assert_ne!(before, after);

    library.facetag(["move-library", &url, text(&back)]).well();
    let mut files = [back.join("library.sqlite"), library.file()];
    let [there, here] = files.each_mut().map(|file| {
        // Made at other times.
        let sqlite = rusqlite::Connection::open(&*file).unwrap();
        let rows = "SELECT group_concat(id || coalesce(person_id, '') || coalesce(state, '') || x || hex(landmarks) || score) FROM
                    (SELECT * FROM faces ORDER BY id)";
        let faces: String = sqlite.query_row(rows, [], |row| row.get(0)).unwrap();
        let people = "SELECT group_concat(id || coalesce(name, '') || hidden) FROM (SELECT * FROM people ORDER BY id)";
        let paths = "SELECT group_concat(typeof(path) || path) FROM (SELECT * FROM files ORDER BY path)";
        let text = |sql| sqlite.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
        [faces, text(people), text(paths)]
    });
    assert_eq!(there, here);
    let mut check = library.command(["check", "--quick"]);
    Run::of(check.env("FACETAG_LIBRARY", &back).output().unwrap()).well();
}

#[test]
fn the_page_shows_a_library_in_a_database() {
    let Some(server) = PostgresServer::start() else { return };
    let library = Library::with(&[OBAMA[0], BIDEN]);
    let place = Place { library: &library, url: Some(server.database()) };
    place.scan();
    place.facetag(&["name", &place.number("obama-2010.jpg"), "Barack Obama"]).well();
    let url = place.url.as_deref().unwrap();
    let page = common::server::Server::entered(&library, &["--library", url]);
    assert!(page.get("/people").text().contains("Barack Obama"));
}

#[test]
fn what_a_database_cannot_do_is_said() {
    let library = Library::new();
    let nowhere = Place { library: &library, url: Some("postgres://anna:secret@127.0.0.1:1/library".to_owned()) };
    let failed = nowhere.facetag(&["people"]).fails_saying(&["postgres://anna@127.0.0.1:1/library"]);
    assert!(!failed.stderr.contains("secret"), "{}", failed.stderr);
    let Some(server) = PostgresServer::start() else { return };
    let place = Place { library: &library, url: Some(server.database()) };
    place.facetag(&["restore"]).fails_saying(&["move-library"]);
    // Another program's tables are left alone.
    let url = server.database();
    server.connect(&url).batch_execute("CREATE TABLE people (recipe TEXT)").unwrap();
    let foreign = Place { library: &library, url: Some(url.clone()) };
    foreign.facetag(&["people"]).fails_saying(&["people"]);
    assert!(
        server.connect(&url).query("SELECT to_regclass('settings')::text", &[]).unwrap()[0]
            .get::<_, Option<String>>(0)
            .is_none()
    );
}
