//! `facetag serve`: the page, request by request, and what is not let through.

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

use common::server::{Answer, Server, routes};
use common::{BIDEN, HOPPER, Library, people, text, write_private};
use image::GenericImageView;
use ureq::http::Method;

const OBAMA: &str = "obama-2010.jpg";

/// A form that would hide somebody, from whomever it comes.
fn hide(server: &Server, headers: &[(&str, &str)]) -> Answer {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    server.bare(Method::POST, "/people/hide", &[&form, headers].concat(), "who=1")
}

#[test]
fn the_printed_address_lets_in_and_leaves_the_address_bar() {
    let library = people();
    let server = Server::start_with(&library, &[]);
    server.bare(Method::GET, "/people", &[], "").is(401).says(&["Open the address that facetag serve printed"]);
    server.bare(Method::GET, "/enter", &[], "").is(401);
    server.bare(Method::GET, "/enter?token=", &[], "").is(401);
    server.bare(Method::GET, &server.entry.replace("token=", "token=0"), &[], "").is(401);

    let entered = server.bare(Method::GET, &server.entry, &[], "");
    let cookie = entered.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let token = server.entry.split('=').next_back().unwrap();
    assert!(!cookie.contains(token), "the cookie gives the token away");
    entered.is(200).says(&["url=/people"]);
    server.bare(Method::GET, &server.entry, &[], "").is(401);

    let value = cookie.split(';').next().unwrap();
    server.bare(Method::GET, "/people", &[("cookie", value)], "").is(200);
    server.bare(Method::GET, "/people", &[("cookie", &value.replace('=', "=0"))], "").is(401);
}

#[test]
fn nothing_of_the_library_is_shown_to_who_is_not_let_in() {
    let library = people();
    let server = Server::start_with(&library, &[]);
    let paths = routes().into_iter().map(|path| path.replace("{id}", "1"));
    let ours = [("origin", server.origin.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    for path in paths {
        for (method, headers) in [(Method::GET, &[][..]), (Method::POST, &ours)] {
            let answer = server.bare(method, &path, headers, "");
            assert_eq!(answer.status, 401, "{path}: {}", answer.text());
        }
    }
    hide(&server, &[("origin", &server.origin)]).is(401);
    assert!(library.journal().is_empty());
}

#[test]
fn another_name_that_points_here_is_refused() {
    let library = people();
    let server = Server::start(&library);
    let port = server.origin.rsplit(':').next().unwrap();
    for host in ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1:1".to_owned()] {
        server.get_with("/people", &[("host", &host)]).is(421).says_not(&["/face/"]);
    }
    server.get_with("/people", &[("host", &format!("localhost:{port}"))]).is(200);
}

#[test]
fn another_page_changes_nothing() {
    let library = people();
    let server = Server::start(&library);
    let cookie = ("cookie", server.cookie.as_str());
    let ours = ("origin", server.origin.as_str());
    for attack in [
        &[cookie][..],
        &[cookie, ("origin", "http://evil.example")],
        &[cookie, ("origin", "null")],
        &[cookie, ("origin", "http://127.0.0.1:1")],
        &[cookie, ("sec-fetch-site", "cross-site")],
        &[cookie, ("sec-fetch-site", "same-site")],
        &[cookie, ours, ("sec-fetch-site", "same-site")],
    ] {
        assert_eq!(hide(&server, attack).status, 403, "{attack:?}");
    }
    assert!(library.journal().is_empty());
    let hidden = hide(&server, &[cookie, ours]);
    // A browser that does not tell where it was is told what was done all the same.
    assert_eq!(hidden.leads_to(), "/people?done=1-1");
    assert_eq!(library.journal().len(), 1);
    // Nor does a link.
    server.get("/people/hide?who=1").is(405);
    server.get("/undo?first=1&last=1").is(405);
    assert_eq!(library.journal().len(), 1);
}

#[test]
fn every_answer_forbids_what_the_page_does_not_need() {
    let library = people();
    let server = Server::start(&library);
    for path in ["/people", "/face/1", "/nothing", "/assets/style.css", "/assets/page.js", "/assets/icon.svg", "/enter"]
    {
        let answer = server.get(path);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        let text = answer.text();
        assert!(
            !text.contains("style=\"") && !text.contains("onclick") && !text.contains("https://"),
            "{path}: {text}"
        );
    }
}

#[test]
fn pictures_are_had_by_their_numbers_alone() {
    let library = people();
    let secret = library.folder().join("secret.jpg");
    fs::copy(library.photo(OBAMA), &secret).unwrap();
    let server = Server::start(&library);
    for path in [
        "/face/../people",
        "/face/..%2f..%2fsecret.jpg",
        &format!("/face/{}", text(&secret).replace('/', "%2f")),
        "/face/999999",
        "/face/-1",
        "/photo/999999/grid.jpg",
        "/photo/1/..%2f..%2fsecret.jpg",
        "/photo/..%2fsecret/grid.jpg",
        "/assets/..%2f..%2fCargo.toml",
    ] {
        let answer = server.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
}

#[test]
fn a_form_that_is_too_large_or_none_is_refused() {
    let library = people();
    let server = Server::start(&library);
    let much = "1".repeat(50_000);
    server.post_from("/people", "/people/1/name", &[("name", &much)]).is(413).says(&["too much at once"]);
    server.post_from("/people", "/people/1/name", &[]).is(422).says(&["reload the page"]);
    server.post_from("/people", "/people/hide", &[]).is(422).says(&["Select"]);
    server.post_from("/people", "/people/99/name", &[("name", "Nobody")]).is(404);
    server.post_from("/people", "/undo", &[("first", "x"), ("last", "")]).is(422);
    assert!(library.journal().is_empty());
}

#[test]
fn names_are_text_and_nothing_else() {
    let library = people();
    let server = Server::start(&library);
    let group = library.number(OBAMA);
    let name = "<script>alert(\"1\")</script>' onload=x";
    server.change(&format!("/people/{group}/name"), &[("name", name)]).says_not(&["<script>alert", "alert(\"1\")"]);
    assert_eq!(library.face(OBAMA)["person"]["name"], name);
    let other = library.number("none.jpg");
    server.get(&format!("/merge?who={group}&who={other}")).is(200).says_not(&["<script>alert"]);
    server.get("/people").says(&["&#60;script&#62;alert"]);
}

#[test]
fn others_are_served_only_with_a_password() {
    let library = people();
    library.facetag(["serve", "--listen", "0.0.0.0"]).fails_saying(&["--password-file"]);
    let file = library.folder().join("password");
    write_private(&file, "correct horse");
    let serve = ["serve", "--listen", "0.0.0.0", "--password-file", text(&file)];
    library.facetag(serve).fails_saying(&["--hash-password"]);
    library.typing(["serve", "--hash-password"], "short\n").fails_saying(&["8"]);

    let hash = library.typing(["serve", "--hash-password"], "correct horse\n").well().stdout;
    assert!(hash.starts_with("$argon2id$") && !hash.contains("horse"), "{hash}");
    #[cfg(unix)]
    {
        fs::write(&file, &hash).unwrap();
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        library.facetag(serve).fails_saying(&["chmod 600"]);
    }
    write_private(&file, &hash);
    let server = Server::start_with(&library, &["--password-file", text(&file)]);
    assert_eq!(server.bare(Method::GET, "/people", &[], "").leads_to(), "/enter");
    server.bare(Method::GET, "/face/1", &[], "").is(303);
    server.get("/enter?token=").is(200).says(&["type=\"password\""]);
    let let_in = server.post_from("/enter", "/enter", &[("password", "correct horse")]);
    let cookie = let_in.header("set-cookie").split(';').next().unwrap().to_owned();
    server.bare(Method::GET, "/people", &[("cookie", &cookie)], "").is(200);
}

#[test]
fn at_all_addresses_the_one_printed_can_be_opened() {
    let library = Library::new();
    let file = library.folder().join("password");
    write_private(&file, &library.typing(["serve", "--hash-password"], "correct horse\n").well().stdout);
    let server = Server::start_with(&library, &["--listen", "0.0.0.0", "--password-file", text(&file)]);
    assert!(server.origin.starts_with("http://127.0.0.1:"), "{}", server.origin);
    assert_eq!(server.bare(Method::GET, &server.entry, &[], "").leads_to(), "/enter");
}

#[test]
fn passwords_cannot_be_tried_for_long() {
    let library = people();
    let file = library.folder().join("password");
    write_private(&file, &library.typing(["serve", "--hash-password"], "correct horse\n").well().stdout);
    let server = Server::start_with(&library, &["--password-file", text(&file)]);
    for attempt in 0..5 {
        let password = format!("guess {attempt}");
        // Another page says so: reloading it must not try once more.
        let told = server.post_from("/enter", "/enter", &[("password", &password)]).leads_to();
        server.get(&told).is(200).says(&["Wrong password"]);
    }
    server.post_from("/enter", "/enter", &[("password", "correct horse")]).is(429).says(&["five minutes"]);
}

#[test]
fn an_empty_library_says_how_to_begin() {
    let library = Library::new();
    let server = Server::start(&library);
    server.get("/people").is(200).says(&["No photos yet", "facetag scan", "href=\"/scan\""]);
    assert_eq!(server.get("/").leads_to(), "/people");
    server.get("/nowhere").is(404).says(&["There is nothing at this address"]);
}

#[test]
fn people_are_shown_in_the_order_and_number_that_the_command_line_lists() {
    let library = people();
    library.name("biden-2010.jpg", "Joe");
    let server = Server::start(&library);
    let mut shown = Vec::new();
    for path in ["/people", "/people?show=once", "/people?show=once&page=99"] {
        let text = server.get(path).is(200).text();
        let cards = text.split("form=\"selected\" name=\"who\" value=\"").skip(1);
        shown.push(cards.map(|card| card.split('"').next().unwrap().to_owned()).collect::<Vec<_>>());
    }
    let listed: Vec<String> = library.people().iter().map(|person| person["id"].to_string()).collect();
    assert_eq!(shown[..2].concat(), listed);
    // Beyond the last page is the last.
    assert_eq!(shown[2], shown[1]);
}

#[test]
fn the_browsers_language_is_spoken() {
    let library = people();
    let server = Server::start(&library);
    let chinese = [("accept-language", "zh-CN,zh;q=0.9,en;q=0.8")];
    server.get_with("/people", &chinese).says(&["lang=\"zh-Hans\"", "这是谁？", "2 张照片"]).says_not(&["Who is this"]);
    server.get_with("/nowhere", &chinese).is(404).says(&["这里什么也没有"]);
}

#[test]
fn a_group_gets_a_name_and_it_can_be_taken_back() {
    let library = people();
    let server = Server::start(&library);
    let group = library.number(OBAMA);
    let before = library.state();
    let named = server.change(&format!("/people/{group}/name"), &[("name", "Barack")]);
    let lines = [("first", named.hidden("first")), ("last", named.hidden("last"))];
    let lines = lines.each_ref().map(|(name, value)| (*name, value.as_str()));
    named.says(&["Done:", "named Barack", "action=\"/undo\"", ">Barack</a>"]);
    assert_eq!(library.face(OBAMA)["person"]["name"], "Barack");

    let undone = server.change("/undo", &lines);
    assert_eq!(library.state(), before);
    let again = [("first", undone.hidden("first")), ("last", undone.hidden("last"))];
    undone.says(&["Undone:", "action=\"/redo\""]);
    server.change("/redo", &again.each_ref().map(|(name, value)| (*name, value.as_str()))).says(&[">Barack</a>"]);
    assert_eq!(library.face(OBAMA)["person"]["name"], "Barack");
}

#[test]
fn what_others_decided_since_is_not_taken_back() {
    let library = people();
    let server = Server::start(&library);
    let group = library.number(OBAMA);
    let named = server.change(&format!("/people/{group}/name"), &[("name", "Barack")]);
    let (first, last) = (named.hidden("first"), named.hidden("last"));
    library.name("biden-2010.jpg", "Joe");
    server.post_from("/people", "/undo", &[("first", &first), ("last", &last)]).is(409);
    server.get(&format!("/people?done={first}-{last}")).says_not(&["Done:"]);
    assert_eq!(library.person_count(), 2);
}

#[test]
fn a_known_name_merges_and_says_so_before() {
    let library = people();
    let server = Server::start(&library);
    let (obama, biden) = (library.name(OBAMA, "Anna"), library.number("biden-2010.jpg"));

    // With script, as it is typed.
    let asked = server.get(&format!("/people/known?name=aNNa&group={biden}")).is(200).text();
    let known: serde_json::Value = serde_json::from_str(&asked).unwrap();
    assert_eq!(known["id"].to_string(), obama);
    assert!(known["note"].as_str().unwrap().contains("Merges with Anna, who is in 2 photos"), "{known}");
    server.get(&format!("/people/known?name=Ann&group={biden}")).is(204);

    // Without, on a page of its own; nothing is done until it is answered.
    let path = format!("/people/{biden}/name");
    let journal = library.journal().len();
    let ask = server.post_from("/people", &path, &[("name", "anna"), ("joins", "")]).leads_to();
    assert_eq!(ask, format!("/merge?who={obama}&who={biden}"));
    server.get(&ask).is(200).says(&["Are these the same person?", "All of them become Anna"]);
    server.post_from("/people", &path, &[("name", "anna"), ("joins", &biden)]).leads_to();
    assert_eq!(library.journal().len(), journal);

    server.change(&path, &[("name", "anna"), ("joins", &obama)]).says(&["Done:", "merged into Anna"]);
    assert_eq!(library.face("biden-2010.jpg")["person"]["name"], "Anna");
}

#[test]
fn those_selected_become_one_under_the_name_there_is() {
    let library = people();
    let server = Server::start(&library);
    let (group, person) = (library.number(OBAMA), library.name("biden-2010.jpg", "Joe"));
    let who = [("who", group.as_str()), ("who", person.as_str())];
    server.get(&format!("/merge?who={group}&who={person}")).is(200).says(&["All of them become Joe", "/face/"]);
    server.get(&format!("/merge?who={group}")).is(422);
    server.get(&format!("/merge?who={group}&who={group}")).is(422);
    let merged = server.change("/merge", &who);
    let (first, last) = (merged.hidden("first"), merged.hidden("last"));
    assert_eq!(library.face(OBAMA)["person"]["name"], "Joe");
    server.change("/undo", &[("first", &first), ("last", &last)]);
    assert!(library.face(OBAMA)["person"].is_null());
}

#[test]
fn those_selected_are_hidden_or_ignored_at_once_and_shown_again() {
    let library = people();
    let server = Server::start(&library);
    let before = library.state();
    let (one, other) = (library.number(OBAMA), library.number("biden-2010.jpg"));
    let who = [("who", one.as_str()), ("who", other.as_str())];
    for (path, show) in [("/people/hide", "hidden"), ("/people/ignore", "ignored")] {
        let done = server.change(path, &who);
        let (first, last) = (done.hidden("first"), done.hidden("last"));
        let card = format!("name=\"who\" value=\"{one}\"");
        server.get(&format!("/people?show={show}")).is(200).says(&[&card]);
        server.get("/people").says_not(&[&card]);
        // Both are taken back by one undo.
        server.change("/undo", &[("first", &first), ("last", &last)]).says(&[&card]);
        assert_eq!(library.state(), before);

        server.change(path, &who);
        let back = [who[0], who[1], ("undo", "true")];
        let to = server.post_from(&format!("/people?show={show}"), path, &back).leads_to();
        assert!(to.starts_with(&format!("/people?show={show}&done=")), "{to}");
        server.get("/people").says(&[&card]);
        // One command is one undo.
        library.facetag(["undo", "2"]).well();
    }
}

#[test]
fn names_that_cannot_be_are_refused() {
    let library = people();
    let server = Server::start(&library);
    for (name, why) in [("  ", "Type a name"), ("42", "at least one letter"), ("a\nb", "control characters")] {
        server.post_from("/people", "/people/1/name", &[("name", name)]).is(422).says(&[why]);
    }
    library.name(OBAMA, "Barack");
    let path = format!("/people/{}/name", library.number(OBAMA));
    server.post_from("/people", &path, &[("name", "Somebody")]).is(409).says(&["has changed since"]);
}

#[test]
fn faces_are_kept_when_their_photos_are_away_and_photos_are_not() {
    let library = people();
    let face = library.face_id(OBAMA);
    let photo: i64 =
        library.sqlite().query_row("SELECT photo_id FROM faces WHERE id = ?1", [&face], |row| row.get(0)).unwrap();
    let server = Server::start(&library);
    let picture = server.get(&format!("/face/{face}")).is(200);
    assert_eq!(image::load_from_memory(&picture.bytes).unwrap().dimensions(), (160, 160));
    let tag = picture.header("etag").to_owned();
    assert!(server.get_with(&format!("/face/{face}"), &[("if-none-match", &tag)]).is(304).bytes.is_empty());

    for (size, longest) in [("grid", 400), ("screen", 1600)] {
        let path = format!("/photo/{photo}/{size}.jpg");
        let preview = server.get(&path).is(200);
        let shown = image::load_from_memory(&preview.bytes).unwrap();
        let original = image::open(library.photo(OBAMA)).unwrap();
        let longest = longest.min(original.width().max(original.height()));
        assert_eq!(shown.width().max(shown.height()), longest);
        server.get_with(&path, &[("if-none-match", preview.header("etag"))]).is(304);
    }

    #[cfg(unix)]
    assert_eq!(fs::metadata(library.home().join("previews")).unwrap().permissions().mode() & 0o077, 0);

    fs::remove_file(library.photo(OBAMA)).unwrap();
    server.get(&format!("/photo/{photo}/grid.jpg")).is(200);
    fs::remove_dir_all(library.home().join("previews")).unwrap();
    let away = server.get(&format!("/photo/{photo}/grid.jpg")).is(200);
    assert_eq!((away.header("content-type"), away.header("cache-control")), ("image/svg+xml", "no-store"));
    server.get(&format!("/face/{face}")).is(200);
}

#[test]
fn a_face_of_an_older_library_gets_its_picture_when_it_is_looked_at() {
    let library = people();
    let face = library.face_id(OBAMA);
    rusqlite::Connection::open(library.file()).unwrap().execute("DELETE FROM thumbnails", []).unwrap();
    let server = Server::start(&library);
    server.get(&format!("/face/{face}")).is(200).header("etag");
    assert_eq!(library.number_of("thumbnails"), 1);
    fs::remove_file(library.photo("none.jpg")).unwrap();
    let away = server.get(&format!("/face/{}", library.face_id("none.jpg"))).is(200);
    assert_eq!(away.header("content-type"), "image/svg+xml");
}

#[test]
fn photos_are_upright() {
    let library = Library::scanned(&[BIDEN]);
    let rotated = library.photo("rotated.jpg");
    let original = image::open(library.photo("biden-2010.jpg")).unwrap();
    // Stored lying, with the orientation that turns it back.
    let mut jpeg = Vec::new();
    let lying = original.rotate270();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new(&mut jpeg);
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    image::ImageEncoder::set_exif_metadata(&mut encoder, exif.to_vec()).unwrap();
    encoder.encode_image(&lying).unwrap();
    fs::write(&rotated, jpeg).unwrap();
    library.scan();
    let photo: i64 = library
        .sqlite()
        .query_row("SELECT photo_id FROM files WHERE path = ?1", [text(&rotated)], |row| row.get(0))
        .unwrap();
    let server = Server::start(&library);
    let shown = image::load_from_memory(&server.get(&format!("/photo/{photo}/grid.jpg")).is(200).bytes).unwrap();
    let (shown, upright) = (shown.to_rgb8(), original.to_rgb8());
    assert_eq!(shown.dimensions(), upright.dimensions());
    let off: u64 = shown.iter().zip(upright.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(off / (shown.len() as u64) < 8, "{}", off / shown.len() as u64);
}

#[test]
fn it_answers_while_a_scan_writes() {
    let library = people();
    let server = Server::start(&library);
    let writer = rusqlite::Connection::open(library.file()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; UPDATE roots SET offline = offline").unwrap();
    server.get("/people").is(200);
    server.get("/face/1").is(200);
    writer.execute_batch("COMMIT").unwrap();
}

#[test]
fn a_change_whose_end_fails_keeps_nobody_from_writing() {
    let library = people();
    let server = Server::start(&library);
    let writer = rusqlite::Connection::open(library.file()).unwrap();
    // What it checks only when all is written.
    let trap = "CREATE TABLE trap (nobody REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED); \
                CREATE TRIGGER caught AFTER INSERT ON journal BEGIN INSERT INTO trap VALUES (-1); END";
    writer.execute_batch(trap).unwrap();
    server.post_from("/people", "/people/hide", &[("who", "1")]).is(500);
    writer.execute_batch("DROP TRIGGER caught; DROP TABLE trap").unwrap();
    server.post_from("/people", "/people/hide", &[("who", "1")]).is(303);
    assert_eq!(library.journal().len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn it_ends_though_a_disk_does_not_answer() {
    let Some(disk) = common::network_disk::NetworkDisk::mount() else { return };
    fs::copy(common::fixture(HOPPER), disk.path().join("none.jpg")).unwrap();
    let library = Library::new();
    library.facetag(["scan", text(&disk.path())]).well();
    let server = Server::start(&library);
    let host = server.origin.trim_start_matches("http://");
    let mut browser = TcpStream::connect(host).unwrap();
    disk.cut();
    write!(browser, "GET /photo/1/grid.jpg HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\n\r\n", server.cookie).unwrap();
    browser.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    assert!(browser.read(&mut [0]).is_err(), "it was answered, and this is no test");
    // The kernel buries nobody whom a disk still owes an answer: it has ended when only its body is left.
    let process = server.process();
    let ended = thread::spawn(move || server.stop());
    let is_over = || fs::read_to_string(format!("/proc/{process}/stat")).unwrap().contains(") Z ");
    // As long as this takes on a busy machine; while it waits for the disk, for ever.
    let since = Instant::now();
    while !is_over() {
        assert!(since.elapsed() < Duration::from_secs(120), "it waits for the disk");
        thread::sleep(Duration::from_millis(100));
    }
    disk.mend();
    assert_eq!(ended.join().unwrap(), 0);
}

#[cfg(unix)]
#[test]
fn it_ends_tidily_at_ctrl_c_and_a_taken_port_is_told_of() {
    let library = Library::scanned(&[HOPPER]);
    let server = Server::start(&library);
    server.get("/people").is(200);
    let port = server.origin.rsplit(':').next().unwrap().to_owned();
    library.facetag(["serve", "--port", &port]).fails_saying(&[&port, "another --port"]);
    assert_eq!(server.stop(), 0);
    // The log of SQLite is written back: the one file is whole.
    library.bytes();
}

/// A browser without script that sent a form is sent back to it: the answer is no page that would send it again.
#[test]
fn a_form_that_fails_is_shown_again_with_what_was_typed() {
    let library = people();
    let joe = library.name("biden-2010.jpg", "Joe");
    let server = Server::start(&library);
    let page = format!("/person/{joe}");
    let send = |cookie: &str, path: &str, form: &str, accepts: &str| {
        let referer = format!("{}{page}?done=1-1&problem=0", server.origin);
        let headers = [
            ("cookie", cookie),
            ("origin", &server.origin),
            ("referer", &referer),
            ("accept", accepts),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        server.bare(Method::POST, path, &headers, form)
    };
    let (rename, form, html) = (format!("{page}/rename"), "name=%221%22%3Cb%3E%01", "text/html,*/*;q=0.8");
    send(&server.cookie, &rename, form, "*/*").is(422);
    let back = send(&server.cookie, &rename, form, html).is(303).header("location").to_owned();
    assert!(back.starts_with(&format!("{page}?problem=")), "{back}");
    for _ in 0..2 {
        let shown = server.get(&back).is(200);
        shown.says(&[
            "<p class=\"warning told\" id=\"told\" role=\"alert\">",
            "value=\"&#34;1&#34;&#60;b&#62;",
            "aria-invalid",
        ]);
    }
    // Nobody else is told of it.
    server.get(&format!("{page}?problem={}", "0".repeat(64))).is(200).says_not(&["aria-invalid"]);
    // A form that is not there any more is told of above the page.
    let back = send(&server.cookie, "/people/hide", "", html).is(303).header("location").to_owned();
    server.get(&back).is(200).says(&["role=\"alert\""]);
    // Who is logged out logs in first.
    assert_eq!(send("", &rename, form, html).is(303).header("location"), "/enter");
    // What another site sends gets nothing.
    let evil = [("cookie", server.cookie.as_str()), ("origin", "http://evil.example"), ("accept", html)];
    server.bare(Method::POST, &rename, &evil, form).is(403);
}
