//! What somebody who can reach the port tries, or a guest, or somebody who swaps files: each gets nothing by it, and the page
//! goes on.

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use common::server::{Answer, Server, routes};
use common::{HOPPER, Library, fingerprint, grey_jpeg, left_out, people, text, write_private};
use ureq::http::Method;

const OBAMA: &str = "obama-2010.jpg";

fn photo(library: &Library, name: &str) -> i64 {
    let sql = "SELECT photo_id FROM files WHERE path LIKE '%/' || ?1";
    library.sqlite().query_row(sql, [name], |row| row.get(0)).unwrap()
}

fn address(server: &Server) -> &str {
    server.origin.strip_prefix("http://").unwrap()
}

/// What the server says to a request that is sent by hand, over a connection of its own.
fn ask(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(address(server)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nConnection: close\r\n\r\n",
        address(server),
        server.cookie
    )
    .unwrap();
    let mut answer = Vec::new();
    // One that was closed on purpose tells nothing.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The most memory that the server had so far, in megabytes.
#[cfg(target_os = "linux")]
fn peak(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}

#[test]
fn the_address_that_was_printed_logs_in_once_and_the_next_is_told() {
    let library = people();
    let server = Server::start_with(&library, &[]);
    server.bare(Method::GET, &server.entry, &[], "").is(200);
    let again = server.bare(Method::GET, &server.entry, &[], "");
    again.is(401).says(&["You are not logged in", "name=\"address\""]);
}

#[cfg(unix)]
#[test]
fn a_browser_is_started_without_the_token_on_its_command_line() {
    use std::os::unix::fs::PermissionsExt;
    let library = people();
    let programs = library.folder().join("bin");
    fs::create_dir(&programs).unwrap();
    let told = library.folder().join("told");
    let browser = programs.join("xdg-open");
    fs::write(&browser, format!("#!/bin/sh\necho \"$1\" > {0}.new && mv {0}.new {0}\n", told.display())).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut child = library.command(["serve", "--port", "0", "--open"]).env("PATH", path).spawn().unwrap();
    while !told.exists() {
        thread::sleep(Duration::from_millis(20));
    }
    let argument = fs::read_to_string(&told).unwrap();
    let file = Path::new(argument.trim());
    let page = fs::read_to_string(file).unwrap();
    let mode = fs::metadata(file).unwrap().permissions().mode();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!argument.contains("token") && !argument.contains("http"), "{argument}");
    assert!(page.contains("/enter?token="), "{page}");
    assert_eq!(mode & 0o077, 0, "others can read {argument}");
}

/// Where no more files may be open, as for most users: some are closed, to be able to ask.
fn leave_some(held: &mut Vec<TcpStream>) {
    assert!(held.len() > 500);
    if held.len() < 1100 {
        held.truncate(held.len() - 50);
    }
}

#[test]
fn half_open_requests_and_slow_bodies_do_not_stop_the_page() {
    let library = people();
    let server = Server::start(&library);
    let mut held = Vec::new();
    for number in 0..1100 {
        let Ok(mut stream) = TcpStream::connect(address(&server)) else { break };
        let _ = match number % 3 {
            0 => write!(stream, "GET /people HTTP/1.1\r\nHost: {}\r\n", address(&server)),
            1 => write!(
                stream,
                "POST /enter HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nContent-Length: 100\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na",
                address(&server)
            ),
            _ => Ok(()),
        };
        held.push(stream);
    }
    leave_some(&mut held);
    for _ in 0..20 {
        let answer = ask(&server, "/people");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[test]
fn many_guesses_at_once_do_not_stop_the_page_and_are_counted() {
    let library = people();
    let file = library.folder().join("password");
    write_private(&file, &library.typing(["serve", "--hash-password"], "correct horse\n").well().stdout);
    let server = Server::start_with(&library, &["--password-file", text(&file)]);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let guesses: Vec<_> = (0..24)
            .map(|_| scope.spawn(|| server.post_from("/enter", "/enter", &[("password", "guess")]).status))
            .collect();
        server.bare(Method::GET, "/enter", &[], "").is(200);
        guesses.into_iter().map(|guess| guess.join().unwrap()).collect()
    });
    assert!(statuses.iter().filter(|&&status| status == 303).count() <= 5, "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[test]
fn what_is_read_only_changes_nothing() {
    let library = people();
    let before = library.state();
    let server = Server::entered(&library, &["--read-only"]);
    let person = library.number(OBAMA);
    server.get("/people").is(200).says(&["class=\"read-only\""]);
    for path in [
        format!("/people/{person}/name"),
        "/people/hide".to_owned(),
        "/people/ignore".to_owned(),
        "/merge".to_owned(),
        format!("/person/{person}/rename"),
        format!("/person/{person}/reject"),
        "/questions".to_owned(),
        "/undo".to_owned(),
        "/scan/add".to_owned(),
        "/scan/start".to_owned(),
        "/album/x/copy".to_owned(),
        "/album/x/link".to_owned(),
        "/scan/remove".to_owned(),
        "/people/favourite".to_owned(),
    ] {
        let form = [("name", "Anna"), ("who", person.as_str()), ("folder", text(library.folder()))];
        server.post_from("/people", &path, &form).is(403).says(&["read-only"]);
    }
    let page = server.post_from("/search", "/album", &[("wanted", "")]).leads_to();
    server.get(&format!("{page}/list")).is(200);
    assert_eq!(library.state(), before);
}

#[test]
fn who_logs_out_is_out() {
    let library = people();
    let server = Server::start(&library);
    server.get("/people").is(200).says(&["Log out"]);
    // To a page of its own: reloading that must not log out once more.
    assert_eq!(server.post_from("/people", "/leave", &[]).leads_to(), "/enter");
    server.get("/people").is(401);
    server.get("/enter").is(401).says(&["name=\"address\""]);
}

#[test]
fn guests_see_the_photos_of_their_people_and_nothing_else() {
    let library = people();
    let barack = library.name(OBAMA, "Barack");
    let joe = library.name("biden-2010.jpg", "Joe");
    let mut server = Server::start_with(&library, &["--guest", "Barack"]);
    server.enter(&server.guests.clone());
    // The address is for all guests.
    server.enter(&server.guests.clone());
    let (theirs, other) = (photo(&library, OBAMA), photo(&library, "biden-2010.jpg"));
    let (face, other_face) = (library.face_id(OBAMA), library.face_id("biden-2010.jpg"));

    let found = |query: &str| -> serde_json::Value {
        let answer = server.get(&format!("/search/photos{query}")).is(200).text();
        serde_json::from_str::<serde_json::Value>(&answer).unwrap()["total"].clone()
    };
    let all = library.find(&["Barack"]).len();
    for query in ["", &format!("?all={joe}"), &format!("?any={joe}&not={barack}&any={barack}"), "?only=true&folder=/"] {
        assert!(found(query).as_u64().unwrap() <= all as u64, "{query}");
    }
    assert_eq!(found(""), all);
    server.get("/search").is(200).says(&["class=\"read-only\""]).says_not(&[
        "Joe",
        text(&library.photos()),
        "/people\">People",
    ]);
    server.get("/search?as=all&who=Joe").is(200).says(&["Nobody is named Joe"]);
    server.get(&format!("/photo/{theirs}")).is(200).says(&["Barack"]).says_not(&[text(&library.photos()), "Joe"]);
    server.get(&format!("/photo/{theirs}/grid.jpg")).is(200);
    server.get(&format!("/face/{face}")).is(200);
    let original = server.get(&format!("/photo/{theirs}/original")).is(200);
    assert_eq!(original.bytes, fs::read(library.photo(OBAMA)).unwrap());
    for path in ["", "/grid.jpg", "/screen.jpg", "/full.jpg", "/original"] {
        server.get(&format!("/photo/{other}{path}")).is(404);
    }
    server.get(&format!("/face/{other_face}")).is(404);
    server.get(&format!("/face/{other_face}/scene.jpg")).is(404);
    for path in [
        "/questions",
        "/scan",
        "/history",
        "/merge?who=1&who=2",
        &format!("/person/{barack}"),
        &format!("/face/{face}/why"),
        "/scan/progress",
    ] {
        server.get(path).is(403);
    }
    for path in [
        format!("/person/{barack}/rename"),
        "/undo".to_owned(),
        "/scan/start".to_owned(),
        format!("/photo/{theirs}/draw"),
        format!("/face/{face}/name"),
        format!("/face/{face}/remove"),
        "/album/x/copy".to_owned(),
        "/scan/remove".to_owned(),
    ] {
        server.post_from("/search", &path, &[("name", "Eve"), ("wanted", "")]).is(403);
    }
    let page = server.post_from("/search", "/album", &[("wanted", "")]).leads_to();
    server.get(&format!("{page}/list")).is(403);
    let archive = server.get(&format!("{page}/zip")).is(200);
    let archive = zip::ZipArchive::new(std::io::Cursor::new(archive.bytes)).unwrap();
    assert_eq!(archive.len(), all);
    assert!(archive.file_names().all(|name| !name.unwrap().contains("biden")));

    // Who was renamed is theirs no more, and nobody else instead.
    library.facetag(["rename", "Barack", "Somebody"]).well();
    server.get("/search").is(403);
    library.facetag(["serve", "--port", "0", "--guest", "Nobody At All"]).fails_saying(&["Nobody At All"]);
}

/// A library of which guests may see one person: others have names, a circle, a place and photos of their own.
fn shared_with_guests() -> Library {
    let library = people();
    library.put("metadata/tokyo.jpg");
    library.scan_to_end(0);
    for (photo, name) in [(OBAMA, "Barack"), ("biden-2010.jpg", "Joe"), ("none.jpg", "Grace")] {
        library.name(photo, name);
    }
    library.facetag(["circle", "Office", "Joe", "Grace"]).well();
    library
}

fn ids(library: &Library, sql: &str) -> Vec<i64> {
    let sqlite = library.sqlite();
    let mut statement = sqlite.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The numbers that come after a text.
fn numbers_after(text: &str, mark: &str) -> Vec<i64> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    text.split(mark).skip(1).filter_map(digits).collect()
}

const METHODS: [Method; 6] = [Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS];

/// Sends what fits some form of each page, by any method.
fn send(server: &Server, method: Method, path: &str, id: i64) -> Answer {
    let headers = [
        ("cookie", server.cookie.as_str()),
        ("origin", &server.origin),
        ("referer", &format!("{}/search?done=1-9", server.origin)),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let form = format!(
        "name=Eve&who={id}&who=1&who=2&face={id}&shown={id}&photo={id}&folder=%2Ftmp&first=1&last=9&of={id}&answer=yes&date=1990-01-01\
         &left=1&top=1&width=9&height=9&circle=Eves&retry=true&undo=false&joins={id}&wanted=all%3D{id}"
    );
    let takes = matches!(method, Method::POST | Method::PUT | Method::PATCH);
    server.bare(method, path, &headers, if takes { &form } else { "" })
}

/// Every page and picture there is, with every number.
#[test]
fn guests_get_nothing_of_others_whatever_they_ask_for() {
    let library = shared_with_guests();
    let barack = library.person("Barack")["id"].as_i64().unwrap();
    let photos = ids(&library, &format!("SELECT DISTINCT photo_id FROM faces WHERE person_id = {barack}"));
    let faces = ids(&library, &format!("SELECT id FROM faces WHERE person_id = {barack}"));
    let last =
        ids(&library, "SELECT max(id) FROM photos UNION SELECT max(id) FROM faces UNION SELECT max(id) FROM people");
    let last = last.into_iter().max().unwrap() + 1;
    let (state, journal, files) = (library.state(), library.journal(), fingerprint(&library.photos()));

    let mut server = Server::start_with(&library, &["--guest", "Barack"]);
    server.enter(&server.entry.clone());
    let of_owner = server.post_from("/search", "/album", &[("wanted", "")]).leads_to();
    server.get(&of_owner).is(200);
    let owner = server.cookie.clone();
    server.enter(&server.guests.clone());
    let of_guest = server.post_from("/search", "/album", &[("wanted", "")]).leads_to();

    let (home, folder) = (library.home(), library.photos());
    let secrets =
        ["Joe", "Grace", "Office", "Tokyo", "35.6", "biden", "none.jpg", "Group ", text(&folder), text(&home)];
    let check = |asked: &str, answer: &Answer| {
        let told = format!("{:?} {}", answer.headers, answer.text());
        if answer.headers.get("content-type").is_none_or(|kind| !kind.to_str().unwrap().contains("image/jpeg")) {
            // Pictures are of any bytes.
            for secret in secrets {
                assert!(!told.contains(secret), "{asked} tells of {secret}: {told}");
            }
        }
        for (mark, seen) in [
            ("\"/photo/", &photos),
            ("\"/face/", &faces),
            ("=\"photo\" value=\"", &photos),
            ("/person/", &vec![barack]),
            ("/people/", &vec![barack]),
            ("all=", &vec![barack]),
            ("any=", &vec![barack]),
            ("not=", &vec![barack]),
        ] {
            let others: Vec<i64> =
                numbers_after(&answer.text(), mark).into_iter().filter(|id| !seen.contains(id)).collect();
            assert!(others.is_empty(), "{asked} tells of {mark}{others:?}: {told}");
        }
    };
    for route in routes() {
        let numbered = route.contains("{id}");
        for id in if numbered { 0..=last } else { 1..=1 } {
            let path = route.replace("{id}", &id.to_string());
            let keys = if path.contains("{key}") { vec![&of_owner[7..], &of_guest[7..], "x"] } else { vec![""] };
            for key in keys {
                let path = path.replace("{key}", key);
                let answer = server.get(&path);
                check(&path, &answer);
                let may = match route.split('/').nth(1).unwrap() {
                    "photo" => photos.contains(&id),
                    "face" => faces.contains(&id) && !route.ends_with("/why"),
                    "album" => key == &of_guest[7..] && !route.ends_with("/list"),
                    "search" => true,
                    "" | "people" => matches!(route.as_str(), "/" | "/people") && answer.status == 303,
                    _ => false,
                };
                assert!(may || answer.status >= 400, "{path}: {}", answer.status);
                for method in METHODS.into_iter().filter(|_| id < 3) {
                    let asked = format!("{method} {path}");
                    let answer = send(&server, method.clone(), &path, id);
                    check(&asked, &answer);
                    assert!(
                        answer.status >= 400
                            || method == Method::HEAD
                            // To the search.
                            || (answer.status == 303 && matches!(path.as_str(), "/" | "/people")) || (method == Method::POST && path == "/album"),
                        "{asked}: {}",
                        answer.status
                    );
                }
            }
        }
    }
    // What stands in addresses; and numbers, names and paths of others in what is searched for.
    let photo = format!("/photo/{}", photos[0]);
    for page in ["/search", "/search/photos", &photo] {
        for id in 0..=last {
            for query in
                ["all", "any", "not", "of", "who", "page", "from", "done=1-"].map(|name| format!("{name}={id}"))
            {
                let asked = format!("{page}?{}", query.replace("1-=", "1-"));
                let answer = server.get(&asked);
                check(&asked, &answer);
                if page == "/search/photos" {
                    let found: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
                    assert!(found["total"].as_u64().unwrap() <= photos.len() as u64, "{asked}");
                    let told = found["photos"].as_array().unwrap().iter().map(|photo| photo[0].as_i64().unwrap());
                    assert!(told.into_iter().all(|photo| photos.contains(&photo)), "{asked}");
                }
            }
        }
        for query in
            ["only=true", "folder=%2F", "since=1900-01-01", "until=2100-01-01&show=hidden&sort=name&view=faces"]
        {
            check(query, &server.get(&format!("{page}?{query}")));
        }
    }
    // As it is spelled otherwise.
    for path in [
        format!("/face/{}/wh%79", faces[0]),
        format!("{of_guest}/lis%74"),
        "//people".into(),
        "/search/../people".into(),
    ] {
        let answer = server.get(&path);
        check(&path, &answer);
        assert!(answer.status >= 400, "{path}: {}", answer.status);
    }
    assert_eq!((library.state(), library.journal()), (state, journal));
    assert_eq!(fingerprint(&library.photos()), files);
    assert!(!library.folder().join("album").exists());
    // Nor do they take the owner's selection away.
    for _ in 0..20 {
        server.post_from("/search", "/album", &[("wanted", "")]).leads_to();
    }
    server.cookie = owner;
    server.get(&of_owner).is(200);
}

/// A name, a circle and a place of others are answered as what nobody knows.
#[test]
fn guests_cannot_find_out_names_and_places_by_trying() {
    let library = shared_with_guests();
    library.facetag(["circle", "Friends", "Joe"]).well();
    let mut server = Server::start_with(&library, &["--guest", "Barack"]);
    server.enter(&server.guests.clone());
    let unknown = "Xqz";
    let number = format!("#{}", library.person("Joe")["id"]);
    let ask = |shape: &str, word: &str| {
        let path = format!("/search?as=all&who={}", shape.replace("{}", word).replace(' ', "+").replace('#', "%23"));
        let answer = server.get(&path);
        format!("{} {:?} {}", answer.status, answer.headers.get("location"), answer.text())
    };
    for shape in [
        "{}",
        "Barack {}",
        "{} Barack",
        "{} 2012",
        "2012 {}",
        "Barack -{}",
        "-{}",
        "{} Washington",
        "Friends {}",
        "Barack 2010 {}",
    ] {
        let expected = ask(shape, unknown);
        assert!(expected.starts_with("200") && expected.contains("id=\"unknown\""), "{shape}: {expected}");
        for word in ["Joe", "Grace", "Office", "Tokyo", "Gra"] {
            assert_eq!(ask(shape, word), expected.replace(unknown, word), "{shape} {word}");
        }
        assert_eq!(ask(shape, &number), ask(shape, "#98765").replace("#98765", &number), "{shape}");
    }
    // What is theirs is found.
    let barack = library.person("Barack")["id"].to_string();
    for (typed, found) in [
        ("Barack", ""),
        ("Barack+2012", "&since=2012-01-01&until=2012-12-31"),
        ("Barack+Washington", "&place=Washington"),
    ] {
        assert_eq!(
            server.get(&format!("/search?as=any&who={typed}")).leads_to(),
            format!("/search?any={barack}{found}")
        );
    }
    server.get("/search?as=any&who=Bar").is(200).says(&["Did you mean", ">Barack</a>"]);
    // So it is where somebody else has all of the text as their name, or is called nearly the same.
    for (other, name) in [("Joe", "Barack Washington"), ("Grace", "Barack 2012")] {
        library.facetag(["rename", other, name]).well();
    }
    for (typed, found) in
        [("Barack+2012", "&since=2012-01-01&until=2012-12-31"), ("Barack+Washington", "&place=Washington")]
    {
        assert_eq!(
            server.get(&format!("/search?as=any&who={typed}")).leads_to(),
            format!("/search?any={barack}{found}")
        );
    }
    library.facetag(["rename", "Barack Washington", "Barack Biden"]).well();
    library.facetag(["rename", "Barack", "Barack Obama"]).well();
    server.get("/search").is(403);
    drop(server);
    let mut server = Server::start_with(&library, &["--guest", "Barack Obama"]);
    server.enter(&server.guests.clone());
    let year = "&since=2012-01-01&until=2012-12-31";
    assert_eq!(server.get("/search?as=any&who=Barack+2012").leads_to(), format!("/search?any={barack}{year}"));
}

#[test]
fn what_is_read_only_changes_nothing_whatever_is_sent() {
    let library = shared_with_guests();
    let last = ids(&library, "SELECT max(id) FROM faces")[0].min(4);
    let everything = || {
        (
            library.state(),
            library.journal(),
            fingerprint(&library.photos()),
            ids(&library, "SELECT count(*) FROM roots"),
        )
    };
    let before = everything();
    let server = Server::entered(&library, &["--read-only"]);
    let export = server.post_from("/search", "/album", &[("wanted", "")]).leads_to();
    for route in routes() {
        for id in 1..=last {
            let path = route.replace("{id}", &id.to_string()).replace("{key}", &export[7..]);
            if path != "/scan/progress" {
                server.get(&path);
            }
            for method in METHODS {
                if method == Method::HEAD {
                    continue;
                }
                let answer = send(&server, method.clone(), &path, id);
                let may = method == Method::POST && path == "/album";
                assert!(may || answer.status >= 400, "{method} {path}: {}", answer.status);
            }
            if !route.contains('{') {
                break;
            }
        }
    }
    assert!(everything() == before, "something was changed");
    // Nothing that would is offered.
    server.get("/scan").is(200).says(&["class=\"changes\"><a class=\"button\" href=\"/scan/browse\""]);
}

/// A circle can be given wherever people can, and whoever leaves it is not shown any more.
#[test]
fn guests_of_a_circle_see_the_photos_of_its_people() {
    let library = people();
    library.name(OBAMA, "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.name("none.jpg", "Grace");
    library.facetag(["circle", "Friends", "Barack", "Joe"]).well();
    let mut server = Server::start_with(&library, &["--guest", "friends"]);
    server.enter(&server.guests.clone());
    let found = || -> serde_json::Value {
        serde_json::from_str::<serde_json::Value>(&server.get("/search/photos").is(200).text()).unwrap()["total"]
            .clone()
    };
    assert_eq!(found(), library.find(&["Friends"]).len());
    server.get(&format!("/photo/{}", photo(&library, "biden-2010.jpg"))).is(200).says(&["Joe"]);
    server.get(&format!("/photo/{}", photo(&library, "none.jpg"))).is(404);
    library.facetag(["circle", "Friends", "--remove", "Joe"]).well();
    assert_eq!(found(), library.find(&["Barack"]).len());
    server.get(&format!("/photo/{}", photo(&library, "biden-2010.jpg"))).is(404);
}

#[test]
fn folders_are_allowed_where_they_truly_are() {
    let library = people();
    let home = library.folder().join("home");
    fs::create_dir_all(home.join("album")).unwrap();
    let mut server = Server::start_plainly(&library, &[]);
    server.enter(&server.entry.clone());
    let scan = |folder: &Path| server.post_from("/scan", "/scan/add", &[("folder", text(folder))]);
    let page = server.post_from("/search", "/album", &[("wanted", "")]).leads_to();
    let copy = |folder: &Path| server.post_from(&page, &format!("{page}/copy"), &[("folder", text(folder))]);
    scan(Path::new("/etc")).is(422).says(&["is outside the folders", "--allow"]);
    scan(&home.join("../../../../../../../../etc")).is(422).says(&["is outside the folders"]);
    scan(&library.home()).is(422).says(&["is outside the folders"]);
    copy(&library.folder().join("elsewhere")).is(422).says(&["is outside the folders"]);
    copy(&home.join("new/../../elsewhere")).is(422).says(&["is outside the folders"]);
    copy(&library.home().join("previews")).is(422).says(&["is outside the folders"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(library.folder(), home.join("link")).unwrap();
        copy(&home.join("link/elsewhere")).is(422).says(&["is outside the folders"]);
        // Among the photos, however it is called.
        std::os::unix::fs::symlink(library.photos(), home.join("photos")).unwrap();
        copy(&home.join("photos")).is(422).says(&["contains photos of yours"]);
    }
    assert!(!library.folder().join("elsewhere").exists());
    copy(&home.join("album")).leads_to();
    server.get(&page).is(200).says(&["copied to"]);
}

#[test]
fn lists_are_limited_in_words() {
    let library = people();
    let server = Server::start(&library);
    let list = |name: &str, count: usize| vec![format!("{name}=1"); count].join("&");
    // A circle may be larger than any list that somebody types.
    for (query, most) in
        [("all", 3000, "at most 100 can"), ("any", 6000, "at most 1,000"), ("not", 101, "at most 100 can")]
            .map(|(name, count, most)| (list(name, count), most))
    {
        for path in ["/search", "/search/photos", "/photo/1"] {
            let answer = server.get(&format!("{path}?{query}")).is(422);
            assert!(answer.bytes.len() < 100_000);
            answer.says(&[most]);
        }
        server.post_from("/search", "/album", &[("wanted", &query)]).is(422).says(&[most]);
    }
    server.get(&format!("/search?place={}", "x".repeat(5000))).is(422).says(&["200 letters"]);
    server.get(&format!("/search?folder=/{}", "x".repeat(5000))).is(422).says(&["4,096"]);
    server.get(&format!("/merge?{}", list("who", 101))).is(422).says(&["at most 100"]);
    let many: Vec<(&str, &str)> = vec![("who", "1"); 2001];
    server.post_from("/people", "/people/hide", &many).is(422).says(&["at most 2,000"]);
    let many: Vec<(&str, &str)> = vec![("face", "1"); 2001];
    server.post_from("/people", "/person/1/reject", &many).is(422).says(&["at most 2,000"]);
}

/// Numbers, dates and boxes that are far beyond what there is.
#[test]
fn what_is_beyond_all_bounds_is_refused_or_is_as_the_last_there_is() {
    let library = people();
    let barack = library.name(OBAMA, "Barack");
    let server = Server::start(&library);
    let shown = server.get("/search").is(200).text().matches("=\"photo\" value=").count();
    for most in [u64::MAX.to_string(), i64::MAX.to_string(), "1000000000000".to_owned()] {
        let last = server.get(&format!("/search?page={most}")).is(200).text();
        assert_eq!(last.matches("=\"photo\" value=").count(), shown);
        server.get(&format!("/search/photos?from={most}")).is(200).says(&["\"photos\":[]"]);
        for path in ["/people?show=named&page=", "/history?page=", &format!("/person/{barack}?view=faces&page=")] {
            server.get(&format!("{path}{most}")).is(200);
        }
    }
    for number in ["-1", "9223372036854775807", "-9223372036854775808"] {
        for path in ["/photo/", "/face/", "/person/", "/questions?who=", "/forget?who="] {
            server.get(&format!("{path}{number}")).is(404);
        }
        server.get(&format!("/search?all={number}&of={number}")).is(200);
        server.get(&format!("/people?done={number}-{number}")).is(200);
        server.get(&format!("/people?done=-9223372036854775808-{number}")).is(200);
        server.post_from("/questions", "/questions/again", &[("who", number)]).is(404);
    }
    for path in
        ["/photo/99999999999999999999", "/search?all=99999999999999999999", "/search?page=-1", "/search?page=1e9"]
    {
        server.get(path).is(400);
    }
    for dates in [
        "since=9999-12-31",
        "until=9999-12-31",
        "since=-009999-01-01&until=9999-12-31",
        "until=0000-01-01",
        "who=9999",
        "who=0001..9999",
    ] {
        let answer = server.get(&format!("/search?{dates}"));
        assert!(matches!(answer.status, 200 | 303), "{dates}: {}", answer.text());
        if answer.status == 303 {
            server.get(&answer.leads_to()).is(200);
        }
    }
    let page = format!("/photo/{}", photo(&library, OBAMA));
    for number in ["NaN", "inf", "-inf", "1e38", "-1", "1e-40"] {
        for side in ["left", "top", "width", "height"] {
            let form = ["left", "top", "width", "height"].map(|name| (name, if name == side { number } else { "10" }));
            let answer = server.post_from(&page, &format!("{page}/draw"), &[&form[..], &[("name", "Ada")]].concat());
            // A place that is as good as zero is one.
            let may = number == "1e-40" && matches!(side, "left" | "top");
            assert!(may || answer.status == 422, "{side} {number}: {} {}", answer.status, answer.text());
        }
    }
    let long = "x".repeat(30_000);
    for (path, field) in [
        (format!("/people/{barack}/name"), "name"),
        (format!("/person/{barack}/rename"), "name"),
        (format!("/person/{barack}/born"), "date"),
        ("/scan/add".to_owned(), "folder"),
        ("/people/circle".to_owned(), "circle"),
    ] {
        server.post_from("/people", &path, &[("who", &barack), (field, &long)]).is(422);
    }
    // A banner tells of a few decisions, however many the address asks for.
    library.facetag(["circle", "Office", "Barack"]).well();
    for number in 0..30 {
        library
            .facetag([
                "rename",
                if number % 2 == 0 { "Barack" } else { "Ben" },
                if number % 2 == 0 { "Ben" } else { "Barack" },
            ])
            .well();
    }
    let lines = library.journal().len();
    server.get(&format!("/people?done=1-{lines}")).is(200).says(&[&format!("and {} more", lines - 20)]);
    server.get(&format!("/people?done=-9000000000000000000-{lines}")).is(200);
}

/// Large photos: baseline and progressive, of 24 and of 100 megapixels.
fn large() -> Library {
    let library = Library::new();
    for (name, width, height, progressive) in
        [("24.jpg", 6000, 4000, false), ("24-progressive.jpg", 6000, 4000, true), ("100.jpg", 11_600, 8700, false)]
    {
        fs::write(library.photo(name), grey_jpeg(width, height, progressive)).unwrap();
    }
    library.scan_to_end(0);
    library
}

/// Whatever is asked for at once.
#[cfg(target_os = "linux")]
#[test]
fn neither_drawing_nor_large_photos_take_more_memory_than_is_set_aside_for_them() {
    let library = large();
    let server = Server::start(&library);
    let photos = ["24.jpg", "24-progressive.jpg", "100.jpg"].map(|name| photo(&library, name));
    thread::scope(|scope| {
        for number in 0..8 {
            let (server, page) = (&server, format!("/photo/{}", photos[number % 2]));
            scope.spawn(move || {
                let at = (2 + number * 2).to_string();
                let form = [("left", at.as_str()), ("top", "2"), ("width", "1.5"), ("height", "1.5"), ("name", "Ada")];
                server.post_from(&page, &format!("{page}/draw"), &form).is(303);
            });
        }
        for photo in photos {
            for picture in ["grid.jpg", "screen.jpg", "full.jpg"] {
                let server = &server;
                let preview = move || {
                    server.get(&format!("/photo/{photo}/{picture}")).is(200).header("content-type") == "image/jpeg"
                };
                scope.spawn(move || assert!(preview(), "{photo} {picture}"));
            }
        }
        for _ in 0..4 {
            scope.spawn(|| {
                let page = server.post_from("/search", "/album", &[("wanted", "")]).leads_to();
                server.get(&format!("{page}/zip")).is(200);
            });
        }
    });
    let drawn: Vec<i64> = photos[..2].iter().map(|photo| faces_in(&library, *photo)).collect();
    assert_eq!(drawn, [4, 4]);
    assert!(peak(&server) < 300, "{} MB", peak(&server));
}

#[cfg(target_os = "linux")]
fn faces_in(library: &Library, photo: i64) -> i64 {
    library.sqlite().query_row("SELECT count(*) FROM faces WHERE photo_id = ?1", [photo], |row| row.get(0)).unwrap()
}

/// Even those who may see it can stop to read what they asked for.
#[cfg(target_os = "linux")]
#[test]
fn who_reads_nothing_of_large_answers_holds_neither_threads_nor_memory_nor_the_owner_back() {
    let library = people();
    library.name(OBAMA, "Barack");
    let path = library.photo(OBAMA);
    // What follows the end of a JPEG is part of its file.
    let bytes = [fs::read(&path).unwrap(), vec![0; 30 << 20]].concat();
    fs::write(&path, bytes).unwrap();
    library.scan_to_end(0);
    let mut server = Server::start_with(&library, &["--guest", "Barack"]);
    server.enter(&server.guests.clone());
    let number = photo(&library, OBAMA);
    let archive = server.post_from("/search", "/album", &[("wanted", "")]).leads_to();
    let mut held = Vec::new();
    for request in 0..160 {
        let path = match request % 4 {
            0 => format!("{archive}/zip"),
            1 => format!("/photo/{number}/full.jpg"),
            _ => format!("/photo/{number}/original"),
        };
        let mut stream = TcpStream::connect(address(&server)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n", address(&server), server.cookie)
            .unwrap();
        if request < 100 && request % 4 != 0 {
            // It is being sent.
            stream.read_exact(&mut [0; 1000]).unwrap();
        }
        held.push(stream);
    }
    for _ in 0..4 {
        server.get("/search").is(200);
        server.get(&format!("/photo/{number}")).is(200);
    }
    // The owner comes in too.
    server.enter(&server.entry.clone());
    server.get("/people").is(200).says(&["Barack"]);
    assert!(peak(&server) < 280, "{} MB", peak(&server));
}

#[cfg(target_os = "linux")]
#[test]
fn forms_of_many_fields_are_refused_without_taking_memory() {
    let library = people();
    let server = Server::start(&library);
    let fields = "a&".repeat(1_000_000);
    let headers = [
        ("cookie", server.cookie.as_str()),
        ("origin", &server.origin),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| server.bare(Method::POST, "/album", &headers, &fields).is(422).says(&["at most 100,000"]));
        }
    });
    let many = "photo=1234567&".repeat(100_000);
    server.bare(Method::POST, "/album", &headers, &many[..many.len() - 1]).is(422).says(&["no longer found"]);
    assert!(peak(&server) < 280, "{} MB", peak(&server));
}

#[test]
fn a_jpeg_is_shown_pixel_for_pixel_as_it_is_and_others_as_jpeg() {
    let library = Library::scanned(&[HOPPER]);
    let bytes = fs::read(library.photo("none.jpg")).unwrap();
    library.put("formats/lzw.tif");
    library.scan_to_end(0);
    let server = Server::start(&library);
    let full = |name: &str| server.get(&format!("/photo/{}/full.jpg", photo(&library, name))).is(200);
    let shown = full("none.jpg");
    assert_eq!((shown.header("content-type"), &shown.bytes), ("image/jpeg", &bytes));
    let tag = shown.header("etag").to_owned();
    let again = format!("/photo/{}/full.jpg", photo(&library, "none.jpg"));
    assert!(server.get_with(&again, &[("if-none-match", &tag)]).is(304).bytes.is_empty());
    let other = full("lzw.tif");
    assert_eq!(other.header("content-type"), "image/jpeg");
    assert!(other.bytes.starts_with(&[0xff, 0xd8]));
}

#[cfg(unix)]
#[test]
fn a_photo_that_was_swapped_for_something_else_is_not_given_out() {
    let library = people();
    let server = Server::start(&library);
    let original = format!("/photo/{}/original", photo(&library, OBAMA));
    let path = library.photo(OBAMA);
    server.get(&original).is(200);
    for swap in ["ln -s /etc/passwd", "ln -s /dev/zero", "mkfifo", "mkdir", "socket"] {
        fs::remove_file(&path).or_else(|_| fs::remove_dir(&path)).unwrap();
        if swap == "socket" {
            // It is answered by nobody, and stays when the listener is dropped.
            drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        } else {
            let command = format!("{swap} '{}'", path.display());
            assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
        }
        server.get(&original).is(422).says_not(&["root:"]);
        // Whatever would read the photo answers, and gives nothing of what lies there now.
        let (number, face) = (photo(&library, OBAMA), library.face_id(OBAMA));
        for preview in ["grid.jpg", "screen.jpg", "full.jpg"] {
            server.get(&format!("/photo/{number}/{preview}")).says_not(&["root:"]);
        }
        server.get(&format!("/face/{face}/scene.jpg")).says_not(&["root:"]);
        let at = [("left", "2"), ("top", "2"), ("width", "9"), ("height", "9"), ("name", "Ada")];
        server.post_from(&format!("/photo/{number}"), &format!("/photo/{number}/draw"), &at).is(422);
        let number = number.to_string();
        let export = server.post_from("/search", "/album", &[("wanted", ""), ("photo", &number)]).leads_to();
        let album = library.folder().join("album");
        server.post_from(&export, &format!("{export}/copy"), &[("folder", text(&album))]).leads_to();
        server.get(&export).is(200).says(&["0 photos copied", "1 photo could not be exported"]);
        assert!(fs::read_dir(&album).map_or(0, Iterator::count) == 0, "something was copied from {swap}");
        let archive = server.get(&format!("{export}/zip")).is(200);
        let archive = zip::ZipArchive::new(std::io::Cursor::new(archive.bytes)).unwrap();
        assert_eq!(archive.file_names().map(Result::unwrap).collect::<Vec<_>>(), ["not-available.txt"]);
        // Others are as they were.
        let other = photo(&library, "biden-2010.jpg");
        assert_eq!(server.get(&format!("/photo/{other}/grid.jpg")).is(200).header("content-type"), "image/jpeg");
    }
    #[cfg(target_os = "linux")]
    assert!(peak(&server) < 300, "{} MB", peak(&server));
}

/// A certificate and its key; `None` where there is nothing to make them with, or to ask the page with.
fn certificate(library: &Library) -> Option<[PathBuf; 2]> {
    if let Some(missing) =
        ["openssl", "curl"].into_iter().find(|program| Command::new(program).arg("--version").output().is_err())
    {
        left_out(missing);
        return None;
    }
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| library.folder().join(name));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", text(&key), "-out", text(&certificate)])
        .output();
    assert!(made.unwrap().status.success());
    Some([certificate, key])
}

/// The process, and the address that it printed.
fn encrypted(library: &Library, options: &[&str]) -> (Child, String) {
    let mut child = library.command(options).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let address = line.trim().strip_prefix("Open ").unwrap().to_owned();
    assert!(address.starts_with("https://127.0.0.1:"), "{line}");
    (child, address)
}

#[test]
fn handshakes_that_are_never_finished_do_not_stop_the_page() {
    let library = people();
    let Some([certificate, key]) = certificate(&library) else { return };
    let (mut child, address) =
        encrypted(&library, &["serve", "--port", "0", "--tls-cert", text(&certificate), "--tls-key", text(&key)]);
    let (origin, _) = address.split_once("/enter").unwrap();
    let jar = library.folder().join("jar");
    let curl = |arguments: &[&str]| {
        let answer = Command::new("curl")
            .args(["-s", "--max-time", "60", "--cacert", text(&certificate)])
            .args(arguments)
            .output();
        String::from_utf8_lossy(&answer.unwrap().stdout).into_owned()
    };
    assert!(curl(&["-c", text(&jar), &address]).contains("url=/people"));
    // A greeting as a client begins with: how long it is, and some of it.
    let greeting = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 100]].concat();
    let mut held = Vec::new();
    for number in 0..1100 {
        let Ok(mut stream) = TcpStream::connect(origin.strip_prefix("https://").unwrap()) else { break };
        let _ = match number % 3 {
            0 => stream.write_all(&greeting),
            1 => stream.write_all(&greeting[..5]),
            _ => Ok(()),
        };
        held.push(stream);
    }
    leave_some(&mut held);
    let answers: Vec<String> = (0..10).map(|_| curl(&["-b", text(&jar), "-i", &format!("{origin}/people")])).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answers.iter().all(|answer| answer.contains("200 OK")), "{answers:?}");
}

#[test]
fn the_page_is_encrypted_with_a_certificate() {
    let library = people();
    let Some([certificate, key]) = certificate(&library) else { return };
    let options = ["serve", "--port", "0", "--tls-cert", text(&certificate), "--tls-key", text(&key)];
    let (mut child, address) = encrypted(&library, &options);
    let answer = Command::new("curl").args(["-si", "--cacert", text(&certificate), &address]).output().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.contains("200 OK") && answer.contains("Secure"), "{answer}");
    fs::write(&key, "no key").unwrap();
    library.facetag(options).fails_saying(&["key.pem"]);
    library.facetag(["serve", "--tls-cert", text(&certificate)]).fails_saying(&["--tls-key"]);
}
