//! Every page as it is seen, light and dark, on a phone and on a wide screen, in English and Chinese: pictures are kept in `target/screenshots`, and
//! axe-core finds nothing that would keep somebody out.

use std::fs;

use crate::browser::{Browser, browse, browse_with};
use crate::common::{Library, people, text};
use crate::{demo, page_of};

/// See tests/fixtures/README.md.
const AXE: &str = include_str!("../fixtures/axe/axe.min.js");

/// In each way that a page is seen; Chinese once light and once dark.
const WAYS: [(&str, &str, u32); 6] = [
    ("en", "light", 390),
    ("en", "light", 1400),
    ("en", "dark", 390),
    ("en", "dark", 1400),
    ("zh", "dark", 390),
    ("zh", "light", 1400),
];

/// Has `see` open what it likes in each way, and says what is wrong with it: it is given the end of each name.
fn each_way(page: &Browser, mut see: impl FnMut(&str, u32) -> Vec<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (language, scheme, width) in WAYS {
        page.speak(language);
        page.look(width, scheme);
        wrong.extend(see(&format!("{language}-{scheme}-{width}"), width));
    }
    page.speak("en");
    wrong
}

/// Opens pages by their paths, and says what is wrong with them.
fn look(page: &Browser, pages: &[(&str, String)]) -> Vec<String> {
    each_way(page, |way, width| {
        let wrong = pages.iter().flat_map(|(name, path)| {
            page.open(path);
            judge(page, &format!("{name}-{way}"), width)
        });
        wrong.collect()
    })
}

/// What is wrong with the page that is open.
fn judge(page: &Browser, name: &str, width: u32) -> Vec<String> {
    page.screenshot(name, width);
    page.run(AXE, vec![]);
    let found = page.run_to_end(
        "const told = arguments[arguments.length - 1]; \
         axe.run({resultTypes: ['violations']}).then(({violations, passes}) => told(passes.length && violations.map( \
           ({id, help, nodes}) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' ')}`)))",
    );
    let found = found.as_array().unwrap_or_else(|| panic!("axe-core looked at nothing in {name}: {found}"));
    let mut wrong: Vec<String> = found.iter().map(|one| format!("{name}: {}", one.as_str().unwrap())).collect();
    let wider = page.run("return document.documentElement.scrollWidth - innerWidth", vec![]).as_i64().unwrap();
    if wider > 0 {
        wrong.push(format!("{name}: wider than the window by {wider} pixels"));
    }
    wrong
}

#[track_caller]
fn nothing(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_is_open_to_everybody() {
    let library = demo();
    let person = library.name("obama-2012-portrait.jpg", "Barack Obama");
    let other = library.name("biden-2010-blue-room.jpg", "Joe Biden");
    let long = library.name("collins-sts93.jpg", &"Wolfeschlegelsteinhausenbergerdorff ".repeat(3));
    library.facetag(["circle", "Office", &person, &other]).well();
    library.facetag(["circle", "Of all who have long names", &long]).well();
    let once = library.number("hopper-1984.jpg");
    let face = library.face_id("obama-2012-portrait.jpg");
    fs::write(library.photo("broken.jpg"), "no photo").unwrap();
    library.put("metadata/obama-2011.jpg");
    library.scan_to_end(1);
    browse(&library, |page| {
        let pages = [
            ("people", "/people".to_owned()),
            ("people-done", "/people?done=1-3".to_owned()),
            ("people-once", "/people?show=once".to_owned()),
            ("circles", "/circles".to_owned()),
            ("merge", format!("/merge?who={person}&who={other}")),
            ("person", format!("/person/{person}")),
            ("person-faces", format!("/person/{person}?view=faces")),
            ("person-auto", format!("/person/{person}?view=auto")),
            ("person-once", format!("/person/{once}")),
            ("person-long", format!("/person/{long}")),
            ("questions", "/questions".to_owned()),
            ("photo", page_of(&library, "situation-room-2011.jpg")),
            ("photo-one", format!("{}?all={person}", page_of(&library, "obama-2012-portrait.jpg"))),
            ("why", format!("/face/{face}/why")),
            ("search", "/search".to_owned()),
            ("search-chips", format!("/search?all={person}&not={other}&not={long}")),
            ("search-nobody", "/search?as=all&who=Barak".to_owned()),
            ("search-nothing", format!("/search?all={person}&all={long}")),
            ("scan", "/scan".to_owned()),
            ("history", "/history".to_owned()),
            ("remove", format!("/scan/remove?folder={}", text(&library.photos()))),
            ("browse", format!("/scan/browse?folder={}", text(library.folder()))),
            ("forget", format!("/forget?who={person}")),
        ];
        let mut wrong = look(page, &pages);
        // These are made by a click, and have no address.
        let clicked = each_way(page, |way, width| {
            page.open(&format!("/search?all={person}"));
            page.click("form.head button");
            page.find("[name=folder]");
            let mut wrong = judge(page, &format!("album-{way}"), width);
            page.open("/people");
            page.click(".pick");
            wrong.extend(judge(page, &format!("people-selected-{way}"), width));
            page.open(&format!("/person/{person}?view=auto"));
            page.click(".pick");
            wrong.extend(judge(page, &format!("person-selected-{way}"), width));
            page.click(".menu summary");
            wrong.extend(judge(page, &format!("person-menu-{way}"), width));
            page.open(&format!("/person/{person}"));
            page.run("document.querySelector('.world').open = true", vec![]);
            wrong.extend(judge(page, &format!("person-map-{way}"), width));
            page.open(&page_of(&library, "situation-room-2011.jpg"));
            page.click("#enlarge");
            page.find("#lightbox[open] img[src*='screen.jpg']");
            wrong.extend(judge(page, &format!("lightbox-{way}"), width));
            wrong
        });
        wrong.extend(clicked);
        nothing(&wrong);
    });
}

#[test]
fn questions_are_asked_openly() {
    let library = people();
    for (photo, name) in [("obama-2010.jpg", "Barack"), ("biden-2010.jpg", "Joe"), ("none.jpg", "Grace")] {
        library.name(photo, name);
    }
    browse(&library, |page| {
        nothing(&each_way(page, |way, width| {
            page.open("/questions");
            page.find("[data-key=y]");
            let mut wrong = judge(page, &format!("question-{way}"), width);
            page.click("[data-key=n]");
            page.find("main > .done");
            wrong.extend(judge(page, &format!("question-answered-{way}"), width));
            page.click("main > .done button");
            page.find("[data-key=y]");
            wrong
        }));
    });
}

#[test]
fn photos_that_are_away_are_told_of_openly() {
    let library = demo();
    let person = library.name("obama-2012-portrait.jpg", "Barack Obama");
    let photo = page_of(&library, "obama-2012-portrait.jpg");
    fs::rename(library.photos(), library.folder().join("elsewhere")).unwrap();
    browse(&library, |page| {
        let pages = [
            ("away-photo", photo),
            ("away-person", format!("/person/{person}")),
            ("away-questions", "/questions".to_owned()),
            ("away-search", "/search".to_owned()),
            ("away-scan", "/scan".to_owned()),
        ];
        nothing(&look(page, &pages));
    });
}

#[test]
fn empty_pages_and_errors_are_open_to_everybody() {
    browse(&Library::new(), |page| {
        let pages = ["people", "questions", "search", "scan", "history", "nowhere"];
        let pages = pages.map(|name| (format!("empty-{name}"), format!("/{name}")));
        nothing(&look(page, &pages.each_ref().map(|(name, path)| (name.as_str(), path.clone()))));
        // The browser complains that there is nothing, as it should.
        assert!(page.complaints().iter().all(|line| line.contains("404")));
    });
}

#[test]
fn the_password_is_asked_for_openly() {
    let library = Library::new();
    let hash = library.typing(["serve", "--hash-password"], "correct horse\n").well().stdout;
    let file = library.folder().join("password");
    crate::common::write_private(&file, &hash);
    browse_with(&library, &["--password-file", text(&file)], |page| {
        nothing(&look(page, &[("password", "/enter".to_owned())]));
        page.write("#password", "correct horse\n");
        page.shows("h2", "No photos yet");
    });
}
