//! The page of the history, over HTTP: the journal in words, taken back as far as the user wants.

mod common;

use common::people;
use common::server::{Answer, Server};

/// The form that takes back a decision, by the words of it.
fn lines(page: &Answer, what: &str) -> (String, String) {
    let text = page.text();
    let from = text.find(what).unwrap_or_else(|| panic!("no {what:?} in: {text}"));
    let field = |name: &str| {
        let mark = format!("name=\"{name}\" value=\"");
        let start = from + text[from..].find(&mark).unwrap() + mark.len();
        text[start..].split('"').next().unwrap().to_owned()
    };
    (field("first"), field("last"))
}

#[test]
fn decisions_are_listed_newest_first_with_their_faces() {
    let library = people();
    let server = Server::start(&library);
    server.get("/history").is(200).says(&["Nothing has been decided yet"]);
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.facetag(["rename", "Joe", "Joseph"]).well();
    library.facetag(["undo"]).well();
    let page = server.get("/history").is(200);
    let text = page.text();
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what:?} in: {text}"));
    assert!(place("Undone: Joe") < place("<s>Joe"));
    assert!(
        place("<s>Joe") < place("named Joe, 1 face") && place("named Joe, 1 face") < place("named Barack, 2 faces")
    );
    for photo in ["obama-2010.jpg", "obama-2012.jpg", "biden-2010.jpg"] {
        let face = library.face_id(photo);
        assert!(text.contains(&format!("src=\"/face/{face}\"")), "no face {face} in: {text}");
    }
    page.says(&[">Undo</button>", ">Undo this and 1 newer</button>", "action=\"/redo\""]);
}

#[test]
fn the_last_decisions_are_taken_back_up_to_the_one_meant_and_done_again() {
    let library = people();
    let before = library.state();
    library.name("obama-2010.jpg", "Barack");
    let one = library.state();
    library.name("biden-2010.jpg", "Joe");
    library.facetag(["hide", "Joe"]).well();
    let end = library.state();
    let server = Server::start(&library);
    let (first, last) = lines(&server.get("/history"), "named Joe");
    let to = server.post_from("/history", "/undo", &[("first", &first), ("last", &last)]).leads_to();
    assert_eq!(library.state(), one, "the newer one goes too, and the older stays");
    let done = server.get(&to).is(200).says(&["Undone:", "hidden", "named Joe"]);

    // All of it is done again at once, or one by one.
    let form = [("first", done.hidden("first")), ("last", done.hidden("last"))];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let to = server.post_from("/history", "/redo", &form).leads_to();
    assert_eq!(library.state(), end);
    let page = server.get(&to).is(200).says(&["Redone: "]);
    // A line that was done again is taken back where it was done again.
    let (first, last) = lines(&page, "Redone: ");
    assert_eq!(first, last);
    let (first, last) = lines(&page, "named Barack, 2 faces");
    server.post_from("/history", "/undo", &[("first", &first), ("last", &last)]).leads_to();
    assert_eq!(library.state(), before);
    server.post_from("/history", "/undo", &[("first", &first), ("last", &last)]).is(409);
    let page = server.get("/history").says(&["Last undone: "]);
    let (first, last) = (page.hidden("first"), page.hidden("last"));
    server.post_from("/history", "/redo", &[("first", &first), ("last", &last)]).leads_to();
    assert_eq!(library.state(), one);
}

#[test]
fn a_long_history_is_shown_in_pages() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    for name in 0..30 {
        library.facetag(["rename", "Barack", &format!("Barack {name}")]).well();
        library.facetag(["rename", &format!("Barack {name}"), "Barack"]).well();
    }
    let server = Server::start(&library);
    server
        .get("/history")
        .says(&["Page 1 of 2", "renamed Barack 29", "and 49 newer"])
        .says_not(&["named Barack, 2 faces"]);
    server.get("/history?page=2").says(&["named Barack, 2 faces", "Undo this and 60 newer"]);
    server.get("/history?page=99").says(&["Page 2 of 2"]);
    server.get("/history?page=x").is(400);
}

#[test]
fn faces_that_a_new_scan_found_are_shown_by_what_was_said() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.facetag(["cover", "Barack", &library.face_id("obama-2012.jpg")]).well();
    let before = library.face_id("obama-2012.jpg");
    library.facetag(["scan", "--rebuild"]).well();
    let after = library.face_id("obama-2012.jpg");
    assert_ne!(before, after, "the numbers of faces are new");
    let server = Server::start(&library);
    let shown = format!("src=\"/face/{after}\"");
    let page = server.get("/history").says(&["cover of Barack", &shown]);
    assert_eq!(page.text().matches(&shown).count(), 2);
}
