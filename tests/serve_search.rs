//! Searching over HTTP: the address holds what is looked for, it finds what `facetag find` finds, and what was found can be
//! taken along.

mod common;

use std::fs;

use common::server::Server;
use common::{Library, fingerprint, people, text};
use serde_json::Value;
use ureq::http::Method;

const OBAMA: &str = "obama-2010.jpg";

fn numbers(library: &Library, names: &[String]) -> Vec<i64> {
    let sqlite = library.sqlite();
    let number = |name: &String| {
        let path = library.photo(name);
        sqlite.query_row("SELECT photo_id FROM files WHERE path = ?1", [text(&path)], |row| row.get(0)).unwrap()
    };
    names.iter().map(number).collect()
}

/// The photos that the script is told of.
fn told(server: &Server, query: &str) -> Vec<i64> {
    let chunk: Value = serde_json::from_str(&server.get(&format!("/search/photos?{query}")).is(200).text()).unwrap();
    let photos: Vec<i64> = chunk["photos"].as_array().unwrap().iter().map(|photo| photo[0].as_i64().unwrap()).collect();
    assert_eq!(chunk["total"], photos.len());
    photos
}

/// The photos on the page.
fn shown(server: &Server, query: &str) -> Vec<i64> {
    let text = server.get(&format!("/search?{query}")).is(200).text();
    let boxes = text.split("name=\"photo\" value=\"").skip(1);
    boxes.map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
}

/// The situation room has faces at the back that are too small and blurred to say whose they are.
#[test]
fn the_page_counts_and_lists_faces_that_nobody_can_recognise() {
    let library = people();
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/demo/situation-room-2011.jpg"), library.photo("crowd.jpg")).unwrap();
    let server = Server::start(&library);
    server.get("/people").is(200).says_not(&["unclear to recognise"]);
    library.scan();
    let count = || library.facetag(["stats", "--json"]).well().json()["unrecognisable"].as_u64().unwrap();
    let said =
        |faces: u64| format!("{faces} face{} too small or unclear to recognise", if faces == 1 { "" } else { "s" });
    let before = count();
    server.get("/people").is(200).says(&[&said(before), "/search?unrecognisable=true"]);
    let crowd = numbers(&library, &["crowd.jpg".to_owned()]);
    assert_eq!((shown(&server, "unrecognisable=true"), told(&server, "unrecognisable=true")), (crowd.clone(), crowd));
    server.get("/search?unrecognisable=true").is(200).says(&["Faces that nobody can recognise"]);

    // One that was named by hand counts no more.
    let faces = library.export()["crowd.jpg"]["faces"].clone();
    let faces = faces.as_array().unwrap().iter().filter(|face| face["group"].is_null());
    let faces: Vec<String> = faces.map(|face| face["id"].to_string()).collect();
    faces.iter().for_each(|face| drop(library.facetag(["confirm", &format!("Guest {face}"), face])));
    assert!(count() < before);
    match count() {
        0 => server.get("/people").is(200).says_not(&["unclear to recognise"]),
        left => server.get("/people").is(200).says(&[&said(left)]),
    };
}

#[test]
fn the_page_finds_what_the_command_line_finds() {
    let library = people();
    let barack = library.name(OBAMA, "Barack");
    let joe = library.name("biden-2010.jpg", "Joe");
    let server = Server::start(&library);
    let photos = text(&library.photos()).to_owned();
    for (query, args) in [
        (format!("all={barack}"), vec!["Barack"]),
        (format!("any={barack}&any={joe}"), vec!["--any", "Barack", "--any", "Joe"]),
        (format!("all={barack}&all={joe}"), vec!["Barack", "Joe"]),
        (format!("not={barack}&since=1900-01-01"), vec!["--not", "Barack", "--since", "1900"]),
        (format!("all={barack}&only=true"), vec!["Barack", "--only"]),
        ("since=2011-01-01&until=2012-12-31".to_owned(), vec!["--since", "2011", "--until", "2012"]),
        ("place=washington".to_owned(), vec!["--place", "washington"]),
        (format!("folder={}", photos.replace('/', "%2F")), vec!["--in", &photos]),
        ("folder=%2Fnowhere".to_owned(), vec!["--in", "/nowhere"]),
    ] {
        let expected = numbers(&library, &library.find(&args));
        assert_eq!(shown(&server, &query), expected, "{query}");
        assert_eq!(told(&server, &query), expected, "{query}");
    }
    // All of them, each once, however many files it lies in.
    library.put_as("metadata/obama-2012.jpg", "a-copy.jpg");
    assert_eq!(library.scan()["copies"], 1);
    let all = numbers(&library, &library.find(&["--in", &photos]));
    assert_eq!((shown(&server, ""), told(&server, "")), (all.clone(), all));
    server.get("/search?place=Atlantis").is(200).says(&["No photos found"]);
    // Whoever is there no more is in no photo.
    assert!(shown(&server, "all=999").is_empty());
}

#[test]
fn a_name_that_is_typed_becomes_a_chip() {
    let library = people();
    let barack = library.name(OBAMA, "Barack Obama");
    let joe = library.name("biden-2010.jpg", "Joe");
    let server = Server::start(&library);
    let typed = |query: &str| server.get(&format!("/search?{query}")).leads_to();
    assert_eq!(typed("who=barack&as=all&since=&until=&place=&folder="), format!("/search?all={barack}"));
    assert_eq!(typed(&format!("all={barack}&who=Joe&as=not")), format!("/search?all={barack}&not={joe}"));
    // The same person has one role.
    assert_eq!(
        typed(&format!("all={barack}&who=Barack&as=any&place=Rome")),
        format!("/search?any={barack}&place=Rome")
    );

    let chips = server.get(&format!("/search?all={barack}&not={joe}")).is(200);
    chips.says(&[
        &format!("href=\"/search?not={joe}\" aria-label=\"Remove Barack Obama\""),
        &format!("href=\"/search?any={barack}&#38;not={joe}\" aria-label=\"with Barack Obama: change condition\""),
        &format!("<input type=\"hidden\" name=\"not\" value=\"{joe}\">"),
    ]);
    server.get(&format!("/search?all={joe}&who=Bar")).is(200).says(&[
        "Nobody is named Bar.",
        "Did you mean",
        &format!("href=\"/search?all={joe}&#38;all={barack}\""),
    ]);
    server
        .get("/search?who=%3Cscript%3E")
        .is(200)
        .says(&["named &#60;script&#62;.", "value=\"&#60;script&#62;\""])
        .says_not(&["<script>"]);
    library.facetag(["rename", "Joe", "Barack Biden"]).well();
    server.get("/search?who=barack").is(200).says(&["Several people are named barack."]);
}

#[test]
fn the_address_holds_what_is_looked_for_and_no_more() {
    let library = people();
    let server = Server::start(&library);
    assert_eq!(server.get("/search?since=&until=&place=&folder=").leads_to(), "/search");
    assert_eq!(server.get("/search?since=2010-01-01&until=&place=&folder=").leads_to(), "/search?since=2010-01-01");
    server.get("/search?since=2010-01-01").is(200).says(&["value=\"2010-01-01\""]);
    for query in ["since=soon", "all=x", "only=perhaps", "as=friend&who=x"] {
        server.get(&format!("/search?{query}")).is(400);
    }
    // Beyond the last page is the last.
    server.get("/search?page=99").is(200).says(&["name=\"photo\""]);
}

#[test]
fn the_script_is_told_shapes_and_names_a_part_at_a_time() {
    let library = people();
    let server = Server::start(&library);
    let all: Value = serde_json::from_str(&server.get("/search/photos").is(200).text()).unwrap();
    let all = all["photos"].as_array().unwrap().clone();
    assert!(all.iter().any(|photo| photo[2] == "Photo of 10 May 2010"), "{all:?}");
    let shapes = server.get("/search/shapes").is(200).bytes;
    assert_eq!(shapes.len(), 2 * all.len());
    for (photo, shape) in all.iter().zip(shapes.chunks_exact(2)) {
        let shape = f64::from(u16::from_le_bytes([shape[0], shape[1]])) / 1000.0;
        assert!((photo[1].as_f64().unwrap() - shape).abs() < 0.002, "{photo} {shape}");
        let (width, height): (f64, f64) = library
            .sqlite()
            .query_row("SELECT width, height FROM photos WHERE id = ?1", [photo[0].as_i64()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert!((photo[1].as_f64().unwrap() - width / height).abs() < 0.001, "{photo}");
    }
    let rest: Value = serde_json::from_str(&server.get("/search/photos?from=3").is(200).text()).unwrap();
    assert_eq!(rest["photos"].as_array().unwrap()[..], all[3..]);
    let none: Value = serde_json::from_str(&server.get("/search/photos?from=9999").is(200).text()).unwrap();
    assert_eq!((none["photos"].as_array().unwrap().len(), none["total"].as_u64()), (0, Some(all.len() as u64)));
    server.get("/search/photos?from=x").is(400);
}

#[test]
fn a_text_is_people_a_place_and_dates() {
    let library = people();
    let barack = library.name(OBAMA, "Barack Obama");
    let joe = library.name("biden-2010.jpg", "Joe");
    let server = Server::start(&library);
    let typed = |text: &str| server.get(&format!("/search?as=all&who={}", text.replace(' ', "+"))).leads_to();
    assert_eq!(
        typed("Barack Obama -Joe 2009..2012 Washington"),
        format!("/search?all={barack}&not={joe}&since=2009-01-01&until=2012-12-31&place=Washington")
    );
    assert_eq!(typed("-Joe"), format!("/search?not={joe}"));
    assert_eq!(typed("-Barack Obama"), format!("/search?not={barack}"));
    assert_eq!(typed("2012-12"), "/search?since=2012-12-01&until=2012-12-31");
    // All that was looked for before stays.
    assert_eq!(
        server.get(&format!("/search?all={joe}&place=Rome&as=any&who=Obama+2012")).leads_to(),
        format!("/search?all={joe}&any={barack}&since=2012-01-01&until=2012-12-31&place=Rome")
    );
    let told = server.get("/search?as=all&who=Joe+Atlantis+2012").is(200);
    told.says(&["Atlantis is not a person, place or date", "value=\"Joe Atlantis 2012\""]);
    server.get(&format!("/search?as=all&who={}", "x".repeat(401))).is(422);
}

#[test]
fn what_was_found_is_copied_linked_and_listed() {
    let library = people();
    let barack = library.name(OBAMA, "Barack");
    let server = Server::start(&library);
    let originals = fingerprint(&library.photos());
    let wanted = format!("all={barack}");
    let found = library.find(&["Barack"]);
    assert_eq!(found.len(), 2);
    let folder = library.folder().join("for Anna");
    let form = [("wanted", wanted.as_str()), ("folder", text(&folder))];

    let page = server.post_from("/search", "/album", &form[..1]).leads_to();
    server.get(&page).is(200).says(&["Export 2 photos"]);
    assert!(!folder.exists());
    let copy = || server.post_from(&page, &format!("{page}/copy"), &form[1..]).leads_to();
    assert_eq!(copy(), page);
    server.get(&page).is(200).says(&["2 photos copied to", "for Anna"]);
    let copies: Vec<_> = fingerprint(&folder).into_values().collect();
    let expected: Vec<_> = found.iter().map(|name| originals[&library.photo(name)]).collect();
    assert_eq!(copies, expected);
    copy();
    server.get(&page).is(200).says(&["0 photos copied", "2 already there"]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);

    let links = library.folder().join("links");
    // Of those found, the one selected.
    let one = numbers(&library, &found)[1].to_string();
    let form = [("wanted", wanted.as_str()), ("photo", &one), ("folder", text(&links))];
    let other = server.post_from("/search", "/album", &form[..2]).leads_to();
    server.post_from(&other, &format!("{other}/link"), &form[2..]).leads_to();
    server.get(&other).is(200).says(&["1 photo linked in"]);
    let made: Vec<_> =
        fs::read_dir(&links).unwrap().map(|entry| fs::read_link(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(made, [library.photo(&found[1])]);

    let list = server.get(&format!("{page}/list")).is(200);
    assert!(list.header("content-disposition").contains("photos.txt"));
    assert!(list.header("content-type").starts_with("text/plain"));
    assert_eq!(list.text(), library.facetag(["find", "Barack"]).well().stdout);
    assert_eq!(fingerprint(&library.photos()), originals);
}

#[test]
fn nothing_is_written_where_it_should_not_be() {
    let library = people();
    let server = Server::start(&library);
    let originals = fingerprint(&library.photos());
    let there = library.folder().join("a file");
    fs::write(&there, "text").unwrap();
    let page = server.post_from("/search", "/album", &[("wanted", "")]).leads_to();
    let copy = |folder: &str| server.post_from(&page, &format!("{page}/copy"), &[("folder", folder)]);
    copy(text(&library.photos())).is(422).says(&["contains photos of yours"]);
    copy(text(library.folder())).is(422).says(&["contains photos of yours"]);
    copy("album").is(422).says(&["full path"]);
    copy("").is(422).says(&["full path"]);
    copy(text(&there)).is(422).says(&["cannot be written to"]);
    assert_eq!(fs::read_to_string(&there).unwrap(), "text");
    server.post_from("/search", "/album", &[("wanted", "all=999")]).is(422).says(&["no longer found"]);
    // A photo that is none of those found.
    server.post_from("/search", "/album", &[("wanted", ""), ("photo", "999")]).is(422);
    server.post_from("/search", "/album", &[("wanted", ""), ("photo", "x")]).is(422);
    server.post_from("/search", "/album", &[("wanted", "since=soon")]).is(400);
    server.get(&format!("{page}/copy?folder=%2Ftmp")).is(405);
    // Only the newest selections are kept.
    for _ in 0..16 {
        server.post_from("/search", "/album", &[("wanted", "")]).leads_to();
    }
    server.get(&page).is(409);
    assert_eq!(fingerprint(&library.photos()), originals);
}

#[test]
fn home_is_where_the_tilde_leads() {
    let library = people();
    let server = Server::start(&library);
    fs::create_dir_all(library.folder().join("home")).unwrap();
    let page = server.post_from("/search", "/album", &[("wanted", "")]).leads_to();
    server.post_from(&page, &format!("{page}/link"), &[("folder", "~/album")]).leads_to();
    assert!(library.folder().join("home/album").is_dir());
}

#[test]
fn a_hundred_thousand_photos_that_were_selected_are_taken_along_and_more_are_refused_in_words() {
    let library = people();
    let server = Server::start(&library);
    let first = shown(&server, "")[0];
    let send = |photos: std::ops::Range<i64>| {
        let photos = photos.map(|photo| format!("&photo={photo}")).collect::<String>();
        let headers = [
            ("cookie", server.cookie.as_str()),
            ("origin", &server.origin),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        server.bare(Method::POST, "/album", &headers, &format!("wanted=&photo={first}{photos}"))
    };
    let page = send(100_000_000_000..100_000_099_999).leads_to();
    server.get(&page).is(200).says(&["Export 1 photo"]);
    send(100_000_000_000..100_000_100_000).is(422).says(&["at most 100,000"]);
}

#[test]
fn each_photo_has_the_same_name_with_script_and_without_in_the_language_asked_for() {
    let library = people();
    library.put("metadata/date-zero.jpg");
    library.scan();
    let server = Server::start(&library);
    for (language, undated) in [("en", "Photo without a date"), ("zh", "没有日期")] {
        let get = |path: &str| server.get_with(path, &[("accept-language", language)]).is(200).text();
        let chunk: Value = serde_json::from_str(&get("/search/photos")).unwrap();
        let names: Vec<&str> =
            chunk["photos"].as_array().unwrap().iter().map(|photo| photo[2].as_str().unwrap()).collect();
        let page = get("/search");
        let alts: Vec<&str> =
            page.split("grid.jpg\" alt=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(names, alts);
        assert!(names.iter().any(|name| name.contains(undated)), "{names:?}");
    }
}

/// A circle may have more people than anybody types: it leads to its photos all the same.
#[test]
fn a_circle_of_hundreds_is_searched_for() {
    let library = people();
    let barack = library.name(OBAMA, "Barack");
    let sqlite = rusqlite::Connection::open(library.file()).unwrap();
    for number in 0..150 {
        let sql = "INSERT INTO people (name, key, created_at) VALUES (?1, lower(?1), '')";
        sqlite.execute(sql, [format!("Somebody {number}")]).unwrap();
    }
    let mut command = vec!["circle".to_owned(), "Crowd".to_owned(), "Barack".to_owned()];
    command.extend((0..150).map(|number| format!("Somebody {number}")));
    library.facetag(&command).well();
    let server = Server::start(&library);
    let page = server.get("/people").is(200).text();
    let link =
        page.split("href=\"").find(|rest| rest.matches("any=").count() == 151).expect("the circle leads to a search");
    let query = link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let found = server.get(&query).is(200).text();
    assert_eq!(found.matches("class=\"chip any\"").count(), 100);
    assert!(found.contains("and 51 more"));
    assert_eq!(shown(&server, query.split_once('?').unwrap().1), shown(&server, &format!("all={barack}")));
    let too_many: String = (0..1001).map(|number| format!("&any={number}")).collect();
    server.get(&format!("/search?{}", &too_many[1..])).is(422).says(&["1,000"]);
}
