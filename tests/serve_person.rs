//! The page of a person, over HTTP: their photos by date, and what is said of them and of their faces.

mod common;

use common::server::{Answer, Server};
use common::{BIDEN, HOPPER, Library, OBAMA_BLURRED, people};

const OBAMA: &str = "obama-2010.jpg";
const OTHER: &str = "obama-2012.jpg";

/// Two photos of Barack, one of which is tagged by itself.
/// Tagged by itself, and found later.
const SURE: &str = "obama-2011.jpg";
const LATER: &str = "obama-2012-portrait.jpg";

fn tagged_by_itself() -> Library {
    let library = people();
    library.name(OBAMA, "Barack");
    library.put("metadata/obama-2011.jpg");
    assert_eq!(library.scan()["tagged"], 1);
    library
}

fn name_in(library: &Library, photo: &str) -> serde_json::Value {
    library.main_face(photo)["person"]["name"].clone()
}

/// Sends a form from a person's page, and opens the page that it leads to.
fn say(server: &Server, person: &str, what: &str, form: &[(&str, &str)]) -> Answer {
    let page = format!("/person/{person}?view=faces");
    let to = server.post_from(&page, &format!("/person/{person}/{what}"), form).leads_to();
    server.get(&to).is(200)
}

/// Presses the button that takes back what was just done.
fn take_back(server: &Server, done: &Answer) -> Answer {
    server.change("/undo", &[("first", &done.hidden("first")), ("last", &done.hidden("last"))])
}

#[test]
fn photos_are_shown_by_month_with_a_way_to_each() {
    let library = people();
    let person = library.name(OBAMA, "Barack");
    let server = Server::start(&library);
    let page = server.get(&format!("/person/{person}")).is(200);
    page.says(&[
        "<h1>Barack</h1>",
        "2 photos · 2010 to 2012",
        "<section class=\"month few one\" id=\"2012-",
        "<section class=\"month few one\" id=\"2010-",
        "/grid.jpg",
    ]);
    let faces = server.get(&format!("/person/{person}?view=faces")).is(200);
    for photo in [OBAMA, OTHER] {
        let face = format!("src=\"/face/{}\"", library.face_id(photo));
        assert!(faces.text().contains(&face), "no {face}");
    }
    // The newest comes first.
    let text = faces.text();
    assert!(text.find("id=\"2012-").unwrap() < text.find("id=\"2010-").unwrap());
    server.get("/person/999").is(404).says(&["There is nothing at this address"]);
    server.get("/person/x").is(400);
    server.get(&format!("/person/{person}?view=nonsense")).is(400);
    server.get(&format!("/person/{person}?page=77")).is(200).says(&["id=\"2010-"]);
}

#[test]
fn who_is_with_them_and_where_is_shown() {
    let library = Library::scanned(&[
        "demo/situation-room-2011.jpg",
        "demo/situation-room-2011-left.jpg",
        BIDEN,
        "metadata/obama-2010.jpg",
    ]);
    let biden = library.name("biden-2010.jpg", "Joe");
    let obama = library.name(OBAMA, "Barack");
    let server = Server::start(&library);
    let meetings = library.find(&["Joe", "Barack"]).len();
    assert!(meetings > 0);
    let page = server.get(&format!("/person/{obama}")).is(200);
    page.says(&["Often together with", &format!("href=\"/person/{biden}\"")]);
    server.get(&format!("/people/hide?who={biden}")).is(405);
    server.post_from("/people", "/people/hide", &[("who", &biden)]).leads_to();
    server.get(&format!("/person/{obama}")).says_not(&[&format!("href=\"/person/{biden}\"")]);
}

#[test]
fn a_group_without_a_name_gets_one_on_its_page() {
    let library = people();
    let server = Server::start(&library);
    let group = library.number(OBAMA);
    let page = format!("/person/{group}");
    server
        .get(&page)
        .is(200)
        .says(&[&format!("<h1>Group {group}</h1>"), "class=\"naming\""])
        .says_not(&["/rename", "/born"]);
    let path = format!("/people/{group}/name");
    let to = server.post_from(&page, &path, &[("name", "Barack")]).leads_to();
    assert!(to.starts_with(&format!("{page}?done=")), "{to}");
    server.get(&to).is(200).says(&["Done:", "<h1>Barack</h1>", "/rename"]);
}

#[test]
fn who_has_become_another_is_found_there() {
    let library = people();
    let server = Server::start(&library);
    let (obama, biden) = (library.name(OBAMA, "Barack"), library.number("biden-2010.jpg"));
    let page = format!("/person/{biden}");
    let form = [("name", "barack"), ("joins", obama.as_str())];
    let gone = server.post_from(&page, &format!("/people/{biden}/name"), &form).leads_to();
    let to = server.get(&gone).leads_to();
    assert!(to.starts_with(&format!("/person/{obama}?done=")), "{to}");
    let done = server.get(&to).is(200).says(&["Done:", "merged into Barack"]);
    assert_eq!(server.get(&page).leads_to(), format!("/person/{obama}"));
    take_back(&server, &done);
    server.get(&page).is(200).says(&[&format!("<h1>Group {biden}</h1>")]);
}

#[test]
fn somebody_is_renamed_unless_another_has_the_name() {
    let library = people();
    let server = Server::start(&library);
    let (obama, biden) = (library.name(OBAMA, "Barack"), library.name("biden-2010.jpg", "Joe"));
    say(&server, &obama, "rename", &[("name", "Barack Obama")]).says(&["Done:", "<h1>Barack Obama</h1>"]);
    let page = format!("/person/{obama}");
    let path = format!("{page}/rename");
    server.post_from(&page, &path, &[("name", " ")]).is(422);
    let ask = server.post_from(&page, &path, &[("name", "joe")]).leads_to();
    assert_eq!(ask, format!("/merge?who={biden}&who={obama}"));
    let group = library.number("none.jpg");
    server.post_from(&page, &format!("/person/{group}/rename"), &[("name", "Grace")]).is(409);
    server.post_from(&page, "/person/999/rename", &[("name", "Nobody")]).is(404);
    assert_eq!((name_in(&library, OBAMA), name_in(&library, "biden-2010.jpg")), ("Barack Obama".into(), "Joe".into()));
}

#[test]
fn somebody_is_made_one_with_whom_the_user_types() {
    let library = people();
    let server = Server::start(&library);
    let (obama, biden) = (library.name(OBAMA, "Barack"), library.name("biden-2010.jpg", "Joe"));
    let ask = server.get(&format!("/person/{obama}/merge?name=JOE")).leads_to();
    assert_eq!(ask, format!("/merge?who={obama}&who={biden}"));
    server.get(&format!("/person/{obama}/merge?name=Barack")).is(422).says(&["Nobody else has this name"]);
    server.get(&format!("/person/{obama}/merge?name=Nobody")).is(422);
    server.get("/person/999/merge?name=Joe").is(404);
}

#[test]
fn a_birth_date_is_told_and_forgotten() {
    let library = people();
    let server = Server::start(&library);
    let obama = library.name(OBAMA, "Barack");
    let born =
        |date: &str| server.post_from(&format!("/person/{obama}"), &format!("/person/{obama}/born"), &[("date", date)]);
    server.get(&born("1961-08-04").leads_to()).says(&["Done:", "born 1961-08-04", "value=\"1961-08-04\""]);
    for wrong in ["soon", "1961", "1961-13-01", "2999-01-01"] {
        born(wrong).is(422).says(&["not a date of birth"]);
    }
    server.get(&born("").leads_to()).says_not(&["born 1961-08-04"]).says(&["value=\"\""]);
    let group = library.number("none.jpg");
    server.post_from("/", &format!("/person/{group}/born"), &[("date", "1906-12-09")]).is(409);
    assert_eq!(library.journal().len(), 3);
}

#[test]
fn what_was_tagged_by_itself_is_confirmed_but_for_what_is_selected() {
    let library = tagged_by_itself();
    let server = Server::start(&library);
    let obama = library.person("Barack")["id"].to_string();
    let shown = |photo: &str| format!("name=\"shown\" value=\"{}\"", library.face_id(photo));
    let page = server.get(&format!("/person/{obama}?view=auto")).is(200);
    page.says(&[&shown(SURE), "Confirm the rest"]).says_not(&[&shown(OBAMA), "person/confirm\""]);
    let sure = library.face_id(SURE);
    // Another is found while the user looks: they have not seen it.
    library.put(&format!("demo/{LATER}"));
    assert_eq!(library.scan()["tagged"], 1);

    let path = format!("/person/{obama}/confirm-rest");
    server.post_from("/", &path, &[("shown", &sure), ("face", &sure)]).is(422).says(&["Select"]);
    assert_eq!(library.face(SURE)["state"], "auto");
    let done = say(&server, &obama, "confirm-rest", &[("shown", &sure)]).says(&["Done:", "1 face confirmed as Barack"]);
    assert_eq!((&library.face(SURE)["state"], &library.face(LATER)["state"]), (&"confirmed".into(), &"auto".into()));
    server.post_from("/", &path, &[("shown", &sure)]).is(409);
    take_back(&server, &done);

    let later = library.face_id(LATER);
    say(&server, &obama, "confirm-rest", &[("shown", &sure), ("shown", &later), ("face", &sure)]);
    assert_eq!((&library.face(SURE)["state"], &library.face(LATER)["state"]), (&"auto".into(), &"confirmed".into()));
    say(&server, &obama, "confirm", &[("face", &sure)]);
    assert_eq!(library.face(SURE)["state"], "confirmed");
}

#[test]
fn wrong_faces_are_rejected_moved_or_split_off() {
    let library = people();
    let server = Server::start(&library);
    let obama = library.name(OBAMA, "Barack");
    let joe = library.name("biden-2010.jpg", "Joe");
    let face = library.face_id(OTHER);
    let before = library.state();

    let done = say(&server, &obama, "reject", &[("face", &face)]).says(&["1 face marked as not Barack"]);
    assert_ne!(name_in(&library, OTHER), "Barack");
    take_back(&server, &done);
    assert_eq!(library.state(), before);

    let done = say(&server, &obama, "split", &[("face", &face), ("name", "")]).says(&["Done:", "split from Barack"]);
    assert_ne!(library.number(OTHER), obama);
    assert!(name_in(&library, OTHER).is_null());
    take_back(&server, &done);
    assert_eq!(library.state(), before);

    // To somebody known, in any case, and to somebody new.
    let done = say(&server, &obama, "move", &[("face", &face), ("name", "joe")]).says(&["now Joe"]);
    assert_eq!(library.number(OTHER), joe);
    take_back(&server, &done);
    say(&server, &obama, "move", &[("face", &face), ("name", "Bert")]).says(&["now Bert"]);
    assert_eq!(name_in(&library, OTHER), "Bert");
}

#[test]
fn what_cannot_be_said_of_faces_is_refused_with_the_reason() {
    let library = people();
    let server = Server::start(&library);
    let obama = library.name(OBAMA, "Barack");
    let (face, other) = (library.face_id(OBAMA), library.face_id(OTHER));
    let strange = library.face_id("none.jpg");
    let lines = library.journal().len();
    let post = |what: &str, form: &[(&str, &str)]| server.post_from("/", &format!("/person/{obama}/{what}"), form);
    for what in ["confirm", "reject", "split", "cover"] {
        post(what, &[]).is(422).says(&["Select some faces"]);
        post(what, &[("face", &strange)]).is(409);
        post(what, &[("face", "9999")]).is(404);
        post(what, &[("face", "x")]).is(422);
    }
    post("move", &[("face", &face)]).is(422).says(&["Type a name"]);
    post("move", &[("face", &face), ("name", "12")]).is(422);
    post("move", &[("face", &face), ("name", "BARACK")]).is(422).says(&["already"]);
    post("split", &[("face", &face), ("face", &other)]).is(422).says(&["all of their faces"]);
    post("move", &[("face", &face), ("face", &other), ("name", "Bert")]).is(422).says(&["all of their faces"]);
    post("cover", &[("face", &face), ("face", &other)]).is(422).says(&["one face"]);
    server.post_from("/", "/person/999/reject", &[("face", &face)]).is(404);
    let group = library.number("none.jpg");
    server.post_from("/", &format!("/person/{group}/cover"), &[("face", &strange)]).is(409);
    assert_eq!(library.journal().len(), lines);
}

#[test]
fn a_person_is_shown_by_the_face_that_was_chosen() {
    let library = people();
    let server = Server::start(&library);
    let obama = library.name(OBAMA, "Barack");
    let cover = |face: &str| format!("class=\"cover\" src=\"/face/{face}\"");
    let page = format!("/person/{obama}");
    let shown = server.get(&page).text();
    let other =
        [OBAMA, OTHER].map(|photo| library.face_id(photo)).into_iter().find(|face| !shown.contains(&cover(face)));
    let other = other.expect("one of the two is not the cover");
    let done = say(&server, &obama, "cover", &[("face", &other)]).says(&["Done:", &cover(&other)]);
    server.get("/people").says(&[&format!("href=\"/person/{obama}\"><img src=\"/face/{other}\"")]);
    take_back(&server, &done);
    server.get(&page).says_not(&[&cover(&other)]);
}

#[test]
fn a_person_of_thousands_of_photos_is_shown_in_pages() {
    let library = Library::scanned(&[HOPPER]);
    let grace = library.name("none.jpg", "Grace");
    // As if so many photos of her had been scanned, two a day.
    let sqlite = rusqlite::Connection::open(library.file()).unwrap();
    sqlite
        .execute_batch(&format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
             INSERT INTO photos (id, hash, width, height, taken, detector, scanned_at)
             SELECT 1000 + i, randomblob(32), 400, 300,
                    strftime('%Y-%m-%dT%H:%M:%S', '2010-01-01', '+' || (i / 2) || ' days', '+' || i || ' seconds'),
                    'open', '2026-01-01T00:00:00Z' FROM n;
             INSERT INTO files (path, size, modified, photo_id) SELECT '/nowhere/' || id, 1, 1, id FROM photos WHERE id > 1000;
             INSERT INTO faces (photo_id, x, y, width, height, landmarks, score, quality, person_id, state)
             SELECT id, 0.1, 0.1, 0.2, 0.2, zeroblob(40), 0.9, 0.1, {grace}, 'confirmed' FROM photos WHERE id > 1000;"
        ))
        .unwrap();
    let server = Server::start(&library);
    let page = server.get(&format!("/person/{grace}")).is(200).says(&["1,001 photos", "Page 1 of 6"]);
    assert_eq!(page.text().matches("/grid.jpg").count(), 180);
    // A month that goes on overleaf.
    for number in [1, 2] {
        let page = server.get(&format!("/person/{grace}?page={number}"));
        page.says(&["February 2011 <span class=\"count\">56</span>"]);
    }
    // The timeline leads to the page on which a month begins.
    let text = page.text();
    let jump = text.split("href=\"").find(|link| link.contains("#2010-03\"")).expect("March is in the timeline");
    let jump = jump.split('"').next().unwrap().replace("&amp;", "&");
    let (path, month) = jump.split_once('#').unwrap();
    server.get(path).is(200).says(&[&format!("id=\"{month}\"")]);
    page.says(&[&format!("rel=\"next\" href=\"/person/{grace}?view=photos&#38;page=2\"")]).says_not(&["rel=\"prev\""]);
    let last = server.get(&format!("/person/{grace}?page=6")).says(&["id=\"undated\""]);
    last.says(&[&format!("rel=\"prev\" href=\"/person/{grace}?view=photos&#38;page=5\"")]).says_not(&["rel=\"next\""]);
    server.get(&format!("/person/{grace}?view=faces&page=6")).says(&["Select face: Without a date"]);
}

#[test]
fn names_are_text_on_their_page_too() {
    let library = people();
    let name = "<script>alert(\"1\")</script>' onload=x";
    let obama = library.name(OBAMA, name);
    let server = Server::start(&library);
    for path in ["", "?view=faces", "?view=auto"] {
        server.get(&format!("/person/{obama}{path}")).is(200).says_not(&["<script>alert", "alert(\"1\")"]);
    }
    let doubtful = library.face_id(OBAMA_BLURRED);
    server.get(&format!("/face/{doubtful}/scene.jpg")).is(200);
    server.get(&format!("/questions?who={obama}")).is(200).says_not(&["<script>alert"]).says(&["&#60;script"]);
    server.get("/history").is(200).says_not(&["<script>alert"]).says(&["&#60;script"]);
}

#[test]
fn favourites_come_first_until_they_are_none_any_more() {
    let library = people();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    let grace = library.name("none.jpg", "Grace");
    let server = Server::start(&library);
    let first = |path: &str| {
        let text = server.get(path).is(200).text();
        text.split("form=\"selected\" name=\"who\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    assert_ne!(first("/people"), grace);
    server.change("/people/favourite", &[("who", &grace), ("undo", "false")]).says(&["made a favourite"]);
    assert_eq!((first("/people"), first("/people?sort=name")), (grace.clone(), grace.clone()));
    assert_eq!(library.people()[0]["name"], "Grace");
    server.get(&format!("/person/{grace}")).is(200).says(&["aria-pressed=\"true\""]);
    // In a library that is rebuilt from the journal too.
    library.facetag(["scan", "--rebuild"]).well();
    assert_eq!(library.people()[0]["name"], "Grace");
    let grace = library.person("Grace")["id"].to_string();
    library.facetag(["favourite", "Grace", "--undo"]).well();
    assert_ne!(first("/people"), grace);
}

#[test]
fn people_are_put_in_a_circle_and_searched_for_by_it() {
    let library = people();
    let (barack, joe) = (library.name("obama-2010.jpg", "Barack"), library.name("biden-2010.jpg", "Joe"));
    let server = Server::start(&library);
    server
        .change("/people/circle", &[("who", &barack), ("circle", "Office")])
        .says(&["Office", "class=\"chips circles\""]);
    server.change("/people/circle", &[("who", &joe), ("circle", "office")]).says(&["Office <span class=\"count\">2"]);
    let search = server.get("/search?as=all&who=Office+2012").leads_to();
    for part in [format!("any={barack}"), format!("any={joe}"), "since=2012-01-01".to_owned()] {
        assert!(search.contains(&part), "{search}");
    }
    server.post_from("/people", "/people/circle", &[("circle", "Office")]).is(422);
}

#[test]
fn circles_are_renamed_and_deleted_and_people_taken_out_of_them() {
    let library = people();
    let (barack, joe) = (library.name("obama-2010.jpg", "Barack"), library.name("biden-2010.jpg", "Joe"));
    for circle in ["Office", "Friends"] {
        library.facetag(["circle", circle, "Barack", "Joe"]).well();
    }
    let server = Server::start(&library);
    server.get("/people").says(&["href=\"/circles\""]);
    let circles = || library.facetag(["circle", "--json"]).well().json();
    let id = circles().as_array().unwrap().iter().find(|circle| circle["name"] == "Office").unwrap()["id"].to_string();
    let post = |what: &str, form: &[(&str, &str)]| server.post_from("/circles", &format!("/circles/{id}/{what}"), form);
    let then = |what: &str, form: &[(&str, &str)]| server.get(&post(what, form).leads_to()).is(200);

    then("rename", &[("name", "White House")]).says(&["White House", "Friends"]).says_not(&["value=\"Office\""]);
    for taken in ["friends", "Barack"] {
        post("rename", &[("name", taken)]).is(422);
    }
    post("rename", &[("name", "  ")]).is(422);
    then("remove", &[("who", &joe)]).says(&["White House</a> <span class=\"count\">1"]);
    post("remove", &[("who", &joe)]).is(409);
    let done = then("delete", &[]).says(&["Friends"]).says_not(&["value=\"White House\""]);
    assert_eq!(circles().as_array().unwrap().len(), 1);
    post("rename", &[("name", "Gone")]).is(404);

    // Each can be taken back, and the last to leave takes the circle with them.
    take_back(&server, &done);
    assert_eq!(circles().as_array().unwrap().len(), 2);
    then("remove", &[("who", &barack)]).says_not(&["value=\"White House\""]);
    assert_eq!(circles().as_array().unwrap().len(), 1);
}
