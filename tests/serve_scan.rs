//! Scanning from the page, over HTTP: a folder added, followed, paused and gone on with, and what could not be read.

mod common;

use std::fs::{self, File};

use common::server::{Answer, Server};
use common::{BIDEN, HOPPER, Library, text};
use serde_json::Value;

fn begin(library: &Library, server: &Server) {
    assert_eq!(server.post_from("/scan", "/scan/add", &[("folder", text(&library.photos()))]).leads_to(), "/scan");
}

/// What is told of the scan until it ends.
fn follow(server: &Server) -> Vec<Value> {
    let told = server.get("/scan/progress").is(200);
    assert_eq!(told.header("content-type"), "text/event-stream");
    let text = told.text();
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    events.map(|event| serde_json::from_str(event).unwrap()).collect()
}

fn page(server: &Server) -> Answer {
    server.get("/scan").is(200)
}

#[test]
fn a_folder_is_added_and_scanned() {
    let library = Library::with(&[BIDEN, HOPPER]);
    let server = Server::start(&library);
    page(&server).says(&["Add a folder", "name=\"folder\""]).says_not(&["Look for new photos", "<progress"]);
    begin(&library, &server);
    let told = follow(&server);
    assert_eq!(told.last().unwrap()["goes_on"], false, "{told:?}");
    page(&server).says(&[
        "2 photos read, 2 faces found.",
        "Look for new photos",
        text(&library.photos()),
        "2 photos · scanned",
    ]);
    assert_eq!(library.people().len(), 2);

    // Nothing is new; then something is. What is skipped is told from then on, whoever scanned.
    std::fs::write(library.photo("notes.txt"), "none").unwrap();
    library.scan();
    page(&server).says(&["Skipped: 1 file of other formats (1 .txt)"]);
    assert_eq!(server.post_from("/scan", "/scan/start", &[]).leads_to(), "/scan");
    follow(&server);
    page(&server).says(&["No new photos."]);
    library.put("metadata/obama-2010.jpg");
    server.post_from("/scan", "/scan/start", &[]).leads_to();
    follow(&server);
    page(&server).says(&["1 photo read, 1 face found."]);
    assert_eq!(server.stop(), 0);
    assert_eq!(library.scan()["unchanged"], 3);
}

#[test]
fn a_scan_that_goes_on_is_shown_and_is_the_only_one() {
    let library = Library::with(&[BIDEN, HOPPER]);
    let server = Server::start(&library);
    let held = library.hold();
    begin(&library, &server);
    page(&server).says(&["<progress", "data-follow=\"/scan/progress\"", "Pause", "Looking for new photos"]);
    let again = server.post_from("/scan", "/scan/add", &[("folder", text(&library.photos()))]);
    again.is(409).says(&["A scan is already running"]);
    // The same lock keeps the command line out.
    library.facetag(["scan"]).fails_saying(&["another facetag is scanning"]);
    drop(held);
    follow(&server);
    page(&server).says(&["2 photos read"]).says_not(&["<progress"]);
}

#[test]
fn a_scan_is_paused_and_goes_on() {
    let library = Library::with(&[BIDEN, HOPPER]);
    let server = Server::start(&library);
    let held = library.hold();
    begin(&library, &server);
    assert_eq!(server.post_from("/scan", "/scan/pause", &[]).leads_to(), "/scan");
    page(&server).says(&["Pausing…"]);
    drop(held);
    follow(&server);
    page(&server).says(&["The scan is paused.", "Continue", "scan not finished"]);
    // Another server knows too.
    assert_eq!(server.stop(), 0);
    let server = Server::start(&library);
    page(&server).says(&["The scan is paused.", "Continue"]);
    server.post_from("/scan", "/scan/start", &[]).leads_to();
    follow(&server);
    page(&server).says(&["2 photos read, 2 faces found.", "Look for new photos"]).says_not(&["Continue"]);
    // Where none goes on there is nothing to pause.
    server.post_from("/scan", "/scan/pause", &[]).leads_to();
    page(&server).says_not(&["Pausing"]);
}

#[test]
fn a_scan_elsewhere_is_told() {
    let library = Library::with(&[BIDEN]);
    let server = Server::start(&library);
    let lock = File::create(library.home().join("scan.lock")).unwrap();
    lock.try_lock().unwrap();
    begin(&library, &server);
    follow(&server);
    page(&server).says(&["Another facetag is scanning into this library"]);
    drop(lock);
    begin(&library, &server);
    follow(&server);
    page(&server).says(&["1 photo read"]).says_not(&["Another facetag"]);
}

#[test]
fn the_server_ends_and_the_scan_with_it() {
    let library = Library::with(&[BIDEN, HOPPER, "metadata/obama-2010.jpg", "metadata/obama-2012.jpg"]);
    let server = Server::start(&library);
    begin(&library, &server);
    assert_eq!(server.stop(), 0);
    // Wherever it was: what was read is whole, and the rest is read now.
    library.scan();
    assert_eq!(library.export().len(), 4);
    assert_eq!(library.scan()["unchanged"], 4);
}

#[test]
fn what_could_not_be_read_is_listed_and_tried_again() {
    let library = Library::with(&[BIDEN, "broken/empty.jpg"]);
    fs::write(library.photo("<b>.jpg"), "no picture").unwrap();
    let server = Server::start(&library);
    begin(&library, &server);
    follow(&server);
    page(&server)
        .says(&["2 files could not be read", "empty.jpg", "the file is empty", "&#60;b&#62;.jpg", "Try them again"])
        .says_not(&["<b>"]);
    server
        .get_with("/scan", &[("accept-language", "zh-CN")])
        .is(200)
        .says(&["文件是空的", "facetag 不认识这种图片"])
        .says_not(&["the file is"]);
    // Only when it is asked for.
    let tried = || -> String {
        library.sqlite().query_row("SELECT group_concat(problem) FROM files", [], |row| row.get(0)).unwrap()
    };
    let sqlite = rusqlite::Connection::open(library.file()).unwrap();
    sqlite.execute("UPDATE files SET problem = 'as before' WHERE problem IS NOT NULL", []).unwrap();
    server.post_from("/scan", "/scan/start", &[]).leads_to();
    follow(&server);
    assert_eq!(tried(), "as before,as before");
    server.post_from("/scan", "/scan/start", &[("retry", "true")]).leads_to();
    follow(&server);
    assert!(tried().contains("the file is empty") && !tried().contains("as before"), "{}", tried());
}

#[test]
fn a_folder_that_is_away_is_told_and_kept() {
    let library = Library::scanned(&[BIDEN]);
    let server = Server::start(&library);
    let away = library.folder().join("away");
    fs::rename(library.photos(), &away).unwrap();
    server.post_from("/scan", "/scan/start", &[]).leads_to();
    follow(&server);
    page(&server).says(&["Not available now", "is not available now. Its photos and names are kept", "1 photo ·"]);
    server
        .post_from("/scan", "/scan/add", &[("folder", text(&library.photos()))])
        .is(422)
        .says(&["this folder does not exist"]);
}

#[test]
fn what_is_no_folder_is_refused() {
    let library = Library::with(&[BIDEN]);
    let server = Server::start(&library);
    let add = |folder: &str| server.post_from("/scan", "/scan/add", &[("folder", folder)]);
    add(text(&library.folder().join("nowhere"))).is(422).says(&["this folder does not exist"]);
    add(text(&library.photo("biden-2010.jpg"))).is(422).says(&["this folder does not exist"]);
    add("photos").is(422).says(&["full path"]);
    add("").is(422).says(&["full path"]);
    server.post_from("/scan", "/scan/add", &[]).is(422);
    server.post_from("/scan", "/scan/start", &[]).is(422).says(&["There are no folders yet"]);
    server.post_from("/scan", "/scan/start", &[("retry", "perhaps")]).is(422);
    server.get("/scan/add?folder=%2F").is(405);
    server.get("/scan/start").is(405);
    server.get("/scan/pause").is(405);
    page(&server).says(&["Add a folder"]).says_not(&[text(&library.photos())]);
    assert!(library.people().is_empty());
}

#[test]
fn a_folder_is_removed_with_an_explanation_and_nothing_that_was_decided_is_lost() {
    let library = Library::scanned(&[BIDEN, HOPPER]);
    library.name("none.jpg", "Grace");
    let (journal, state) = (library.journal(), library.state());
    let server = Server::start(&library);
    let folder = text(&library.photos()).to_owned();
    let asked = server.get(&format!("/scan/remove?folder={}", folder.replace('/', "%2F"))).is(200);
    asked.says(&[&folder, "2 photos are no longer shown", "No file is deleted", "If you add the folder again"]);
    server.get("/scan/remove?folder=%2Fetc").is(422);
    let removed = server.post_from("/scan", "/scan/remove", &[("folder", &folder)]).leads_to();
    server.get(&removed).is(200).says(&[&format!("{folder} was removed. Its names and decisions are kept.")]);
    page(&server).says_not(&[&folder]);
    server.get("/scan?removed=%2Fetc").is(200).says_not(&["/etc"]);
    server.get("/search").is(200).says(&["No photos"]);
    assert_eq!((library.export().len(), library.journal()), (0, journal));
    assert!(library.photo("none.jpg").exists());

    begin(&library, &server);
    follow(&server);
    assert_eq!(library.state(), state);
    assert_eq!(library.face("none.jpg")["person"]["name"], "Grace");

    // One outside the home folder comes back too, as that page promises.
    drop(server);
    let mut server = Server::start_plainly(&library, &[]);
    server.enter(&server.entry.clone());
    let elsewhere = tempfile::tempdir().unwrap();
    let add = || server.post_from("/scan", "/scan/add", &[("folder", text(elsewhere.path()))]);
    fs::copy(library.photo("none.jpg"), elsewhere.path().join("again.jpg")).unwrap();
    add().is(422);
    library.facetag(["scan", text(elsewhere.path())]).well();
    server.post_from("/scan", "/scan/remove", &[("folder", text(elsewhere.path()))]).leads_to();
    assert_eq!(add().leads_to(), "/scan");
    follow(&server);
}
