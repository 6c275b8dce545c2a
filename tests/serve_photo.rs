//! The page of a photo, over HTTP: who is in it, what can be said of each face, and why a face has its name.

mod common;

use std::fs;

use common::server::{Answer, Server};
use common::{BIDEN, HOPPER, Library, OBAMA_BLURRED, people, text};
use serde_json::Value;

const OBAMA: &str = "obama-2010.jpg";
const OTHER: &str = "obama-2012.jpg";

/// The number of a photo.
fn photo(library: &Library, name: &str) -> i64 {
    let sql = "SELECT photo_id FROM files WHERE path = ?1";
    library.sqlite().query_row(sql, [text(&library.photo(name))], |row| row.get(0)).unwrap()
}

/// Sends a form from a photo's page, and opens the page that it leads to, which is the same.
fn say(server: &Server, page: &str, path: &str, form: &[(&str, &str)]) -> Answer {
    let to = server.post_from(page, path, form).leads_to();
    assert!(to.starts_with(page), "{to}");
    server.get(&to).is(200)
}

fn take_back(server: &Server, done: &Answer) {
    server.change("/undo", &[("first", &done.hidden("first")), ("last", &done.hidden("last"))]);
}

/// The box of the only face in a photo, in the fields of the form, with a name.
fn drawing<'a>(bounds: &'a [String; 4], name: &'a str) -> [(&'static str, &'a str); 5] {
    let [left, top, width, height] = bounds.each_ref().map(String::as_str);
    [("left", left), ("top", top), ("width", width), ("height", height), ("name", name)]
}

fn percent(face: &Value) -> [String; 4] {
    [0, 1, 2, 3].map(|side| (face["box"][side].as_f64().unwrap() * 100.0).to_string())
}

#[test]
fn a_photo_is_shown_with_its_boxes_and_what_is_known_of_it() {
    let library = people();
    let person = library.name(OBAMA, "Barack & <Co>");
    let server = Server::start(&library);
    let (id, face) = (photo(&library, OBAMA), library.face_id(OBAMA));
    let page = server.get(&format!("/photo/{id}")).is(200);
    page.says(&[
        &format!("href=\"/photo/{id}/screen.jpg\""),
        &format!("href=\"#face-{face}\" aria-label=\"Barack &#38; &#60;Co&#62;\""),
        &format!("src=\"/face/{face}\""),
        &format!("href=\"/person/{person}\""),
        "confirmed by you",
        "10 May 2010",
        text(&library.photo(OBAMA)),
    ])
    .says_not(&["<Co>"]);
    server.get("/photo/999").is(404);
    server.get("/photo/x").is(400);
    server.get(&format!("/photo/{id}?since=yesterday")).is(400);
    let chinese = [("accept-language", "zh")];
    server.get_with(&format!("/photo/{id}"), &chinese).says(&["照片中的人物", "您已确认"]);
}

#[test]
fn the_next_photo_is_the_next_of_those_one_came_from() {
    let library = people();
    let person = library.name(OBAMA, "Barack");
    let server = Server::start(&library);
    let all: Vec<i64> = library.find(&["--since", "1900"]).iter().map(|name| photo(&library, name)).collect();
    let (first, last) = (all[0], all[all.len() - 1]);
    assert!(all.len() > 2);
    server
        .get(&format!("/photo/{first}?until=2100-01-01&since=1900-01-01"))
        .says(&[&format!("1 of {}", all.len()), &format!("rel=\"next\" href=\"/photo/{}", all[1])])
        .says_not(&["rel=\"prev\""]);
    server
        .get(&format!("/photo/{last}?since=1900-01-01"))
        .says(&[&format!("rel=\"prev\" href=\"/photo/{}?since=1900-01-01\"", all[all.len() - 2])])
        .says_not(&["rel=\"next\""]);

    let (one, other) = (photo(&library, OBAMA), photo(&library, OTHER));
    server
        .get(&format!("/photo/{one}?all={person}"))
        .says(&["1 of 2", &format!("rel=\"next\" href=\"/photo/{other}?all={person}\"")]);
    // One that does not fit is shown all the same, and is before none.
    let stranger = photo(&library, "none.jpg");
    server.get(&format!("/photo/{stranger}?all={person}")).is(200).says_not(&["rel=\"next\"", "rel=\"prev\""]);
}

#[test]
fn a_face_is_said_to_be_somebodys() {
    let library = people();
    library.name(OBAMA, "Barack");
    let before = library.state();
    let server = Server::start(&library);
    let (page, face) = (format!("/photo/{}", photo(&library, OTHER)), library.face_id(OTHER));
    let path = format!("/face/{face}/name");

    let done = say(&server, &page, &path, &[("name", "Joe")]);
    done.clone().says(&["Done:", "Joe", "action=\"/undo\""]);
    assert_eq!(library.face(OTHER)["person"]["name"], "Joe");
    assert_eq!(library.face(OBAMA)["person"]["name"], "Barack");
    take_back(&server, &done);
    assert_eq!(library.state(), before);

    // Somebody whose name is known; and the last face of whoever had it before.
    let hopper = library.face_id("none.jpg");
    let (hopper_page, hopper_path) =
        (format!("/photo/{}", photo(&library, "none.jpg")), format!("/face/{hopper}/name"));
    say(&server, &hopper_page, &hopper_path, &[("name", "barack")]).says(&["Done:"]);
    assert_eq!(library.face("none.jpg")["person"]["name"], "Barack");

    let said = library.journal().len();
    server.post_from(&page, &path, &[("name", " ")]).is(422);
    server.post_from(&page, &path, &[]).is(422);
    server.post_from(&page, "/face/999/name", &[("name", "Joe")]).is(404);
    assert_eq!(library.journal().len(), said);
}

#[test]
fn what_is_no_face_is_removed_and_comes_back() {
    let library = people();
    let before = library.state();
    let server = Server::start(&library);
    let (page, face) = (format!("/photo/{}", photo(&library, OBAMA)), library.face_id(OBAMA));
    let done = say(&server, &page, &format!("/face/{face}/remove"), &[]);
    done.clone().says(&["No faces were found in this photo", "Done:"]).says_not(&[&format!("id=\"face-{face}\"")]);
    take_back(&server, &done);
    assert_eq!(library.state(), before);
    server.post_from(&page, "/face/999/remove", &[]).is(404);
    server.get(&format!("/face/{face}/remove")).is(405);
    assert_eq!(library.state(), before);
}

#[test]
fn a_box_is_drawn_and_is_somebodys() {
    let library = people();
    let face = library.face("none.jpg");
    let bounds = percent(&face);
    library.facetag(["face", "remove", &face["id"].to_string()]).well();
    let before = library.state();
    let server = Server::start(&library);
    let page = format!("/photo/{}", photo(&library, "none.jpg"));
    let path = format!("{page}/draw");
    let done = say(&server, &page, &path, &drawing(&bounds, "Grace"));
    done.clone().says(&["Done:", "drawn by you", ">Grace</a>"]);
    assert_eq!(library.face("none.jpg")["person"]["name"], "Grace");
    // Twice is once too often.
    server.post_from(&page, &path, &drawing(&bounds, "Grace")).is(409).says(&["There is already a face in this box"]);
    take_back(&server, &done);
    assert_eq!(library.state(), before);
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let library = people();
    let before = library.state();
    let server = Server::start(&library);
    let page = format!("/photo/{}", photo(&library, "none.jpg"));
    let path = format!("{page}/draw");
    let draw =
        |bounds: [&str; 4], name: &str| server.post_from(&page, &path, &drawing(&bounds.map(str::to_owned), name));
    for bounds in [
        ["90", "10", "20", "5"],
        ["10", "90", "5", "20"],
        ["-1", "10", "5", "5"],
        ["10", "10", "0", "5"],
        ["10", "10", "5", "-5"],
        ["NaN", "10", "5", "5"],
        ["10", "10", "inf", "5"],
    ] {
        draw(bounds, "Grace").is(422).says(&["within the photo"]);
    }
    draw(["10", "10", "5", "5"], "").is(422).says(&["Type a name"]);
    draw(["ten", "10", "5", "5"], "Grace").is(422);
    server.post_from(&page, "/photo/999/draw", &drawing(&["10", "10", "5", "5"].map(str::to_owned), "Grace")).is(404);
    fs::copy(library.photo(OBAMA), library.photo("none.jpg")).unwrap();
    draw(["10", "10", "5", "5"], "Grace").is(422).says(&["has changed since it was scanned", "none.jpg"]);
    fs::remove_file(library.photo("none.jpg")).unwrap();
    draw(["10", "10", "5", "5"], "Grace").is(422).says(&["not available now"]);
    assert_eq!(library.state(), before);
    assert!(library.journal().is_empty());
}

#[test]
fn a_photo_that_is_away_says_so() {
    let library = people();
    let server = Server::start(&library);
    let page = format!("/photo/{}", photo(&library, OBAMA));
    fs::rename(library.photos(), library.folder().join("elsewhere")).unwrap();
    library.scan_to_end(1);
    let shown = server.get(&page).is(200);
    shown.says(&["folder not available now", "cannot be shown"]).says_not(&["id=\"draw\""]);
    fs::rename(library.folder().join("elsewhere"), library.photos()).unwrap();
    fs::remove_file(library.photo(OBAMA)).unwrap();
    library.scan();
    server.get(&page).is(200).says(&["file not found"]).says_not(&["folder not available now"]);
}

#[test]
fn somebody_in_a_photo_twice_is_pointed_out() {
    let library = Library::scanned(&["demo/situation-room-2011-left.jpg", BIDEN, HOPPER]);
    let faces = library.export()["situation-room-2011-left.jpg"]["faces"].as_array().unwrap().clone();
    assert!(faces.len() > 1);
    let server = Server::start(&library);
    let page = format!("/photo/{}", photo(&library, "situation-room-2011-left.jpg"));
    server.get(&page).says_not(&["more than once"]);
    for face in &faces[..2] {
        say(&server, &page, &format!("/face/{}/name", face["id"]), &[("name", "Barack")]);
    }
    server.get(&page).says(&["Barack appears more than once in this photo."]);
}

#[test]
fn the_photo_says_where_its_date_is_from() {
    let library = people();
    let server = Server::start(&library);
    let says = |name: &str, source: &str| {
        server.get(&format!("/photo/{}", photo(&library, name))).is(200).says(&[source]);
    };
    says(OBAMA, "from EXIF");
    says(OBAMA_BLURRED, "from the file name");
    library.facetag(["date", text(&library.photo("none.jpg")), "1984-01-20"]).well();
    says("none.jpg", "as you said");
}

#[test]
fn a_tag_tells_why() {
    let library = people();
    let server = Server::start(&library);
    let face = library.face_id(OBAMA);
    let why = format!("/face/{face}/why");
    server.get(&why).is(200).says(&["grouped it with similar faces", "% likely", "Probability"]);
    let nobody = library.face_id("biden-blurred.png");
    let sqlite = rusqlite::Connection::open(library.file()).unwrap();
    sqlite.execute("UPDATE faces SET person_id = NULL, state = NULL WHERE id = ?1", [&nobody]).unwrap();
    server.get(&format!("/face/{nobody}/why")).says(&["Why is this face unknown?"]);
    server
        .get(&format!("/photo/{}", photo(&library, "biden-blurred.png")))
        .says(&["aria-label=\"Who is it?\""])
        .says_not(&["Name of Nobody"]);
    let person = library.name(OBAMA, "Barack");
    server.get(&why).says(&["Why Barack?", "You decided this.", "In History: ", &format!("/person/{person}\">Barack")]);
    library.put("metadata/obama-2011.jpg");
    library.scan();
    let auto = library.face_id("obama-2011.jpg");
    server.get(&format!("/face/{auto}/why")).says(&["tagged this face automatically"]);
    server.get("/face/999/why").is(404);
}
