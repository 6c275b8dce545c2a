//! The page of questions, over HTTP: one at a time, answered, skipped, taken back.

mod common;

use std::fs;

use common::server::{Answer, Server};
use common::{HOPPER, Library, OBAMA_BLURRED, people};
use serde_json::Value;

/// Three questions: whether the blurred and the doubtful ones are these.
fn named() -> Library {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.name("none.jpg", "Grace");
    library
}

/// What is asked: of whom, and about which face.
fn asked(page: &Answer) -> (String, String) {
    (page.hidden("of"), page.hidden("face"))
}

/// Answers what a page asks, and opens the page that it leads to.
fn answer(server: &Server, page: &Answer, answer: &str) -> Answer {
    let (of, face) = asked(page);
    let to =
        server.post_from("/questions", "/questions", &[("of", &of), ("face", &face), ("answer", answer)]).leads_to();
    assert!(to.starts_with("/questions"), "{to}");
    server.get(&to).is(200)
}

/// Presses U.
fn take_back(server: &Server, page: &Answer) -> Answer {
    let form = [("first", page.hidden("first")), ("last", page.hidden("last"))];
    let to = server.post_from("/questions", "/undo", &form.each_ref().map(|(name, value)| (*name, value.as_str())));
    server.get(&to.leads_to()).is(200)
}

fn state_of(library: &Library, face: &str) -> Value {
    let photos = library.export();
    let mut faces = photos.values().flat_map(|photo| photo["faces"].as_array().unwrap());
    faces.find(|one| one["id"] == face.parse::<i64>().unwrap()).unwrap().clone()
}

#[test]
fn questions_come_one_at_a_time_and_answers_hold() {
    let library = named();
    let expected: Vec<Value> = library.facetag(["review", "--json"]).well().json().as_array().unwrap().clone();
    let server = Server::start(&library);
    let first = server.get("/questions").is(200).says(&["3 answers settle 3 photos.", "% likely", "settles 1 photo"]);
    let first =
        first.says(&["data-key=\"y\"", "data-key=\"n\"", "data-key=\"s\"", "/scene.jpg"]).says_not(&["data-key=\"u\""]);
    let (of, face) = asked(&first);
    assert_eq!((&of, &face), (&expected[0]["of"].to_string(), &expected[0]["faces"][0].to_string()));

    let second = answer(&server, &first, "yes").says(&["Done:", "2 answers settle 2 photos.", "data-key=\"u\""]);
    assert_ne!(asked(&second), (of.clone(), face.clone()));
    let (yes, person) = (state_of(&library, &face), of);
    assert_eq!((&yes["state"], yes["person"]["id"].to_string()), (&"confirmed".into(), person));

    let (of, face) = asked(&second);
    let third = answer(&server, &second, "no").says(&["1 answer settles 1 photo."]);
    assert_ne!(state_of(&library, &face)["person"]["id"].to_string(), of);
    assert_eq!(library.number_of("rejections"), 1);

    let end = answer(&server, &third, "yes")
        .says(&["All questions are answered", "data-key=\"u\""])
        .says_not(&["data-key=\"y\""]);
    assert_eq!(library.journal().len(), 6);
    assert!(library.facetag(["review"]).ends(1).stdout.contains("nothing to ask"));
    // The last is asked again once it is taken back.
    let again = take_back(&server, &end);
    assert_eq!(asked(&again), asked(&third));
}

#[test]
fn each_answer_is_taken_back_in_turn_and_asked_again() {
    let library = named();
    let before = library.state();
    let server = Server::start(&library);
    let first = server.get("/questions");
    let second = answer(&server, &first, "yes");
    let third = answer(&server, &second, "no");
    let back = take_back(&server, &third);
    assert_eq!(asked(&back), asked(&second));
    // The banner offers to redo; the key U goes on taking back.
    let text = back.text();
    let undo = text.rsplit("action=\"/undo\"").next().unwrap();
    let line = undo.split("name=\"last\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let to = server.post_from("/questions", "/undo", &[("first", line), ("last", line)]).leads_to();
    assert_eq!(asked(&server.get(&to)), asked(&first));
    assert_eq!(library.state(), before);
}

#[test]
fn what_is_skipped_is_asked_again_when_wanted() {
    let library = named();
    let server = Server::start(&library);
    let mut page = server.get("/questions");
    for left in ["2 answers settle", "1 answer settles", "3 questions were skipped"] {
        page = answer(&server, &page, "skip").says(&[left]).says_not(&["Done:"]);
    }
    page.says(&["No questions"]);
    assert_eq!(library.journal().len(), 3, "to skip decides nothing");
    let to = server.post_from("/questions", "/questions/again", &[]).leads_to();
    server.get(&to).is(200).says(&["3 answers settle"]);
}

#[test]
fn what_is_asked_about_one_person_changes_nothing_of_what_is_asked_about_all() {
    let library = named();
    let server = Server::start(&library);
    let page = answer(&server, &server.get("/questions"), "skip").says(&["2 answers settle"]);
    let grace = library.person("Grace")["id"].to_string();
    server.get(&format!("/questions?who={grace}")).is(200).says(&["Only questions about Grace"]);
    // As in another window, which was open all the time.
    let next = answer(&server, &page, "skip").says(&["1 answer settles"]);
    server.get(&format!("/questions?who={grace}")).is(200);
    assert_eq!(asked(&server.get("/questions").says(&["1 answer settles"])), asked(&next));
    let (of, face) = asked(&next);
    answer(&server, &next, "yes").says(&["Done:"]);
    assert_eq!(state_of(&library, &face)["person"]["id"].to_string(), of);
}

#[test]
fn an_answer_that_comes_twice_says_nothing() {
    let library = named();
    let server = Server::start(&library);
    let page = server.get("/questions");
    answer(&server, &page, "yes");
    let lines = library.journal();
    answer(&server, &page, "no").says_not(&["Done:"]);
    assert_eq!(library.journal(), lines);
    for form in [&[("of", "1"), ("face", "1")][..], &[("of", "1"), ("face", "1"), ("answer", "perhaps")], &[]] {
        server.post_from("/questions", "/questions", form).is(422);
    }
    answer(&server, &page, "yes").says_not(&["Done:"]);
    assert_eq!(library.journal(), lines);
}

#[test]
fn what_changes_elsewhere_is_noticed() {
    let library = named();
    let server = Server::start(&library);
    let page = server.get("/questions");
    let (of, face) = asked(&page);
    // The same is answered in a terminal meanwhile.
    library.facetag(["confirm", &of, &face]).well();
    let lines = library.journal();
    let next = answer(&server, &page, "no").says_not(&["Done:"]).says(&["2 answers settle"]);
    assert_eq!(library.journal(), lines);
    assert_ne!(asked(&next), (of, face));
}

#[test]
fn one_person_may_be_asked_about_alone() {
    let library = named();
    let server = Server::start(&library);
    let grace = library.person("Grace")["id"].to_string();
    let path = format!("/questions?who={grace}");
    let page =
        server.get(&path).is(200).says(&["Is this Grace?", "Only questions about Grace", "1 answer settles 1 photo."]);
    let form = [("of", page.hidden("of")), ("face", page.hidden("face")), ("who", grace), ("answer", "no".to_owned())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let to = server.post_from(&path, "/questions", &form).leads_to();
    assert!(to.starts_with(&format!("{path}&done=")), "{to}");
    server.get(&to).says(&["All questions are answered"]);
    server.get("/questions").says(&["2 answers settle"]);
    server.get("/questions?who=999").is(404);
}

#[test]
fn nothing_to_ask_says_so() {
    let library = Library::new();
    let server = Server::start(&library);
    server.get("/questions").is(200).says(&["No faces have been found yet."]);
    drop(server);
    let library = Library::scanned(&[HOPPER]);
    let server = Server::start(&library);
    server.get("/questions").is(200).says(&["No questions", "new questions will appear"]);
    // And what is named later is asked about.
    let named = named();
    let server = Server::start(&named);
    named.facetag(["undo", "3"]).well();
    let before = server.get("/questions").is(200);
    named.facetag(["redo", "3"]).well();
    let after = server.get("/questions").says(&["Is this "]);
    assert!(before.text() != after.text());
}

#[test]
fn a_photo_that_is_away_is_told_of() {
    let library = named();
    fs::remove_file(library.photo(OBAMA_BLURRED)).unwrap();
    let server = Server::start(&library);
    let barack = library.person("Barack")["id"].to_string();
    let page = server
        .get(&format!("/questions?who={barack}"))
        .is(200)
        .says(&["Is this Barack?", "The photo is not available now"]);
    let face = page.hidden("face");
    server.get(&format!("/face/{face}")).is(200).header("etag");
    assert_eq!(server.get(&format!("/face/{face}/scene.jpg")).is(200).header("content-type"), "image/svg+xml");
    server.get("/face/9999/scene.jpg").is(404);
}

#[test]
fn a_face_is_shown_with_what_is_around_it() {
    let library = named();
    let server = Server::start(&library);
    let face = library.face_id("obama-2010.jpg");
    let scene = server.get(&format!("/face/{face}/scene.jpg")).is(200);
    let shown = image::load_from_memory(&scene.bytes).unwrap();
    assert_eq!((shown.width(), shown.height()), (480, 480));
    let path = format!("/face/{face}/scene.jpg");
    server.get_with(&path, &[("if-none-match", scene.header("etag"))]).is(304);
}

#[test]
fn the_questions_are_asked_in_chinese_too() {
    let library = named();
    let server = Server::start(&library);
    let chinese = [("accept-language", "zh-CN")];
    server
        .get_with("/questions", &chinese)
        .says(&["3 个回答可确定 3 张照片。", "吗？", "可能性"])
        .says_not(&["likely"]);
    server.get_with("/history", &chinese).says(&["分组", "命名为Barack", "撤销此项及其后 2 项"]).says_not(&["Undo"]);
    let barack = library.person("Barack")["id"].to_string();
    server.get_with(&format!("/person/{barack}"), &chinese).says(&["更改", "2 张照片"]).says_not(&["Change"]);
}
