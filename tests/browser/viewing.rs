//! Looking at photos one after another, and what makes it comfortable.

use serde_json::json;

use crate::browser::{Browser, browse};
use crate::common::{Library, people};
use crate::{demo, page_of};

const OBAMA: &str = "obama-2012-portrait.jpg";
const BIDEN: &str = "biden-2010-blue-room.jpg";

/// The keys of WebDriver.
const ESCAPE: char = '\u{e00c}';
const LEFT: char = '\u{e012}';
const RIGHT: char = '\u{e014}';

fn number(page: &Browser) -> String {
    page.run("return document.querySelector('#lightbox .number').textContent", vec![]).as_str().unwrap().to_owned()
}

#[test]
fn photos_fill_the_screen_one_after_another_in_the_order_of_the_page_before() {
    let library = demo();
    let person = library.name(OBAMA, "Barack");
    browse(&library, |page| {
        page.open(&format!("/person/{person}"));
        let order = page.run(
            "return [...document.querySelectorAll('.month a[href^=\"/photo/\"]')].map((a) => a.getAttribute('href'))",
            vec![],
        );
        let order: Vec<&str> = order.as_array().unwrap().iter().map(|link| link.as_str().unwrap()).collect();
        page.click(".month a[href^='/photo/']");
        page.shows(".pager", "1 of 7");
        page.press('f');
        page.find("#lightbox[open] img[src*='screen.jpg']");
        page.press(RIGHT);
        page.shows("#lightbox .number", "2 of 7");
        page.press(RIGHT);
        page.shows("#lightbox .number", "3 of 7");
        page.press(LEFT);
        page.shows("#lightbox .number", "2 of 7");
        // By themselves, and not back by the button that would have the focus.
        page.press(' ');
        page.find("#lightbox [data-act=play][aria-pressed=true]");
        page.press(' ');
        page.find("#lightbox [data-act=play][aria-pressed=false]");
        page.shows("#lightbox .number", "2 of 7");
        // Pixel for pixel, and back.
        page.press('1');
        page.find("#lightbox.zoomed img[src*='full.jpg']");
        page.press('1');
        page.lacks("#lightbox.zoomed");
        page.drag("#lightbox .frame", (0.8, 0.5), (0.2, 0.5));
        page.shows("#lightbox .number", "3 of 7");
        page.drag_by_touch("#lightbox .frame", (0.2, 0.5), (0.8, 0.5));
        page.shows("#lightbox .number", "2 of 7");
        assert_eq!(number(page), "2 of 7");
        page.press(ESCAPE);
        page.lacks("#lightbox");
        page.shows(".photo-head .pager", "2 of 7");
        assert_eq!(page.path(), order[1]);
    });
}

#[test]
fn back_leads_to_where_one_was() {
    let library = demo();
    let person = library.name(OBAMA, "Barack");
    browse(&library, |page| {
        page.look(390, "light");
        page.open(&format!("/person/{person}"));
        page.run("scrollTo(0, 400)", vec![]);
        page.until("return scrollY > 300");
        page.run("[...document.querySelectorAll('.month a[href^=\"/photo/\"]')].at(-1).click()", vec![]);
        page.find("#stage");
        page.click(".photo-head a[data-back]");
        page.find(".month");
        page.until("return scrollY > 300");
        // What was decided far down leads back there too.
        page.open(&format!("/person/{person}?view=faces"));
        page.run("scrollTo(0, 300)", vec![]);
        page.until("return scrollY > 200");
        page.run("document.querySelectorAll('.pick input')[5].click()", vec![]);
        page.click("#selected [formaction$=reject]");
        page.find(".done");
        page.until("return scrollY > 200");
    });
}

#[test]
fn what_cannot_be_done_is_told_beside_the_field_which_keeps_its_text() {
    let library = demo();
    browse(&library, |page| {
        page.open("/scan");
        page.write("#folder", "somewhere/else\n");
        page.shows("form .told", "Give the full path");
        assert_eq!(page.path(), "/scan");
        assert_eq!(page.run("return document.querySelector('#folder').value", vec![]), json!("somewhere/else"));
        page.find("#folder[aria-invalid=true]:focus");
        // The browser says so too.
        assert!(page.complaints().iter().all(|line| line.contains("422")));
    });
}

#[test]
fn people_are_merged_by_dragging_and_selected_by_the_row() {
    let library = demo();
    let (one, other) = (library.name(OBAMA, "Barack"), library.name(BIDEN, "Joe"));
    browse(&library, |page| {
        page.open("/people");
        // As a mouse would: chromedriver drags no links.
        page.run(
            "const card = (id) => document.querySelector(`[name=who][value='${id}']`).closest('li'); \
             const data = new DataTransfer(); \
             for (const [on, name] of [[arguments[1], 'dragstart'], [arguments[0], 'dragover'], [arguments[0], 'drop']]) \
               card(on).dispatchEvent(new DragEvent(name, {dataTransfer: data, bubbles: true, cancelable: true}))",
            vec![json!(one), json!(other)],
        );
        page.shows("h1", "Are these the same person?");
        assert_eq!(page.path(), format!("/merge?who={one}&who={other}"));

        page.open("/people");
        page.run(
            "const boxes = [...document.querySelectorAll('.pick input')]; boxes[0].click(); \
             boxes[2].dispatchEvent(new MouseEvent('click', {bubbles: true, shiftKey: true}))",
            vec![],
        );
        page.shows("#selected .number", "3 selected");
    });
}

#[test]
fn menus_close_and_pictures_fetched_ahead_stay_hidden() {
    let library = demo();
    let person = library.name(OBAMA, "Barack");
    browse(&library, |page| {
        page.open(&format!("/person/{person}"));
        page.click(".menu summary");
        page.find(".menu[open]");
        page.press(ESCAPE);
        page.lacks(".menu[open] .sheet");
        page.open("/questions");
        assert_eq!(
            page.run(
                "return [...document.querySelectorAll('[hidden]')].filter((e) => e.checkVisibility()).length",
                vec![]
            ),
            json!(0)
        );
    });
}

#[test]
fn the_answers_do_not_cover_the_faces_with_a_banner_at_a_usual_size() {
    let library = people();
    for (photo, name) in [("obama-2010.jpg", "Barack"), ("biden-2010.jpg", "Joe"), ("none.jpg", "Grace")] {
        library.name(photo, name);
    }
    browse(&library, |page| {
        page.look(1440, "light");
        page.open("/questions");
        let uncovered = || {
            page.find(".answers [data-key=y]");
            page.until(
                "const answers = document.querySelector('.answers').getBoundingClientRect(); \
                 const pictures = [...document.querySelectorAll('.sides :is(svg, .large, .strip img)')]; \
                 return pictures.length >= 2 && answers.bottom <= innerHeight \
                   && pictures.every((image) => image.getBoundingClientRect().bottom <= answers.top + 1)",
            );
            page.count(".sides .strip img")
        };
        let before = uncovered();
        page.click(".answers [data-key=n]");
        page.find("main > .done");
        assert!(before + uncovered() > 0, "no question had more faces to compare with");
    });
}

#[test]
fn faces_of_a_crowd_are_folded_behind_the_larger_ones() {
    let library = Library::scanned(&["demo/situation-room-2011.jpg"]);
    // As if some far behind had been found too.
    let sqlite = rusqlite::Connection::open(library.file()).unwrap();
    let crowd = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 26)
         INSERT INTO faces (photo_id, x, y, width, height, landmarks, score, quality, recognisability)
         SELECT photos.id, i * 0.03, 0.02, 0.01, 0.01, zeroblob(40), 0.9, 0.1, 0.0 FROM n, photos";
    assert_eq!(sqlite.execute(crowd, []).unwrap(), 26);
    drop(sqlite);
    browse(&library, |page| {
        page.open(&page_of(&library, "situation-room-2011.jpg"));
        let sizes = page.run(
            "return [...document.querySelectorAll('.stage a:not(.far) rect:not(.under)')].map((box) => Math.min(box.getAttribute('width'), box.getAttribute('height')))",
            vec![],
        );
        let sizes: Vec<f64> = sizes.as_array().unwrap().iter().map(|size| size.as_f64().unwrap()).collect();
        assert!(sizes.len() > 5 && sizes.is_sorted_by(|one, next| one >= next), "{sizes:?}");
        let far = page.count(".stage a.far");
        assert!(far >= 26, "{far}");
        page.shows(".crowd summary", &format!("{far} more in the crowd"));
        page.lacks(".crowd li");
        page.click(".crowd summary");
        page.shows(".crowd li", "Unknown");
    });
}

#[test]
fn years_are_clicked_and_what_is_typed_is_kept_when_somebody_is_added() {
    let library = demo();
    let barack = library.name(OBAMA, "Barack");
    browse(&library, |page| {
        page.open("/search");
        page.click_text(".periods a", "2011");
        page.until("return location.search.includes('since=2011-01-01')");
        page.open("/search");
        page.write("[name=place]", "Washington");
        page.click_text(".often a", "Barack");
        page.shows(".chip", "Barack");
        assert_eq!(page.path(), format!("/search?all={barack}&place=Washington"));
    });
}

fn scrolled(page: &Browser) -> f64 {
    page.run("return scrollY", vec![]).as_f64().unwrap()
}

/// Waits until the page is scrolled as it was, to a few pixels.
fn is_back_at(page: &Browser, place: f64) {
    page.until(&format!("return Math.abs(scrollY - {place}) < 40"));
}

#[test]
fn the_browsers_own_back_leads_to_where_one_was_too() {
    let library = Library::new();
    drop(facetag::catalog::Catalog::open(&facetag::catalog::Library::at(library.home())).unwrap());
    crate::rows::fill(&library.file(), 3000).unwrap();
    browse(&library, |page| {
        // Of a search, by its own link and by the browser's button.
        page.open("/search");
        page.find("#grid.laid li");
        // Deep down, and where the page is as high even before its script has laid it out.
        for (own, depth) in [(true, 20_000), (false, 20_000), (true, 700), (false, 700)] {
            page.run(&format!("scrollTo(0, {depth})"), vec![]);
            page.until(&format!(
                "return scrollY > {depth} - 100 && document.querySelector('#grid li img[src]') !== null"
            ));
            let place = scrolled(page);
            page.run(
                "[...document.querySelectorAll('#grid li a')].find((a) => a.getBoundingClientRect().top > 100).click()",
                vec![],
            );
            page.find("#stage");
            assert!(scrolled(page) < 100.0);
            if own {
                page.click(".photo-head a[data-back]")
            } else {
                page.back()
            }
            page.find("#grid.laid li img[src]");
            is_back_at(page, place);
            page.run("scrollTo(0, 0)", vec![]);
        }
        // Deep in the faces of somebody, where some are rejected.
        let most = library.people().into_iter().max_by_key(|person| person["faces"].as_u64()).unwrap();
        page.open(&format!("/person/{}?view=faces", most["id"]));
        page.find(".pick");
        page.run("[...document.querySelectorAll('.pick')].at(-3).scrollIntoView({block: 'center'})", vec![]);
        page.until("return scrollY > 300");
        page.run("[...document.querySelectorAll('.pick input')].at(-3).click()", vec![]);
        let place = scrolled(page);
        page.click("#selected [formaction$=reject]");
        page.find(".done");
        // One row may have gone.
        page.until(&format!("return Math.abs(scrollY - {place}) < 250"));
    });
}

/// The number of the photo that fills the screen.
fn shown(page: &Browser) -> String {
    let source = page.run("return document.querySelector('#lightbox img').getAttribute('src')", vec![]);
    source.as_str().unwrap().split('/').nth(2).unwrap().to_owned()
}

/// How many pixels of the screen one of the photo is.
const SCALE: &str = "const image = document.querySelector('#lightbox img'); \
    const box = document.querySelector('#lightbox').dataset; \
    const by = new DOMMatrix(getComputedStyle(image).transform).a; \
    const scale = by * Math.min(image.clientWidth / box.width, image.clientHeight / box.height) * devicePixelRatio;";

#[test]
fn on_the_whole_screen_photos_are_zoomed_shown_by_themselves_and_downloaded() {
    let library = demo();
    browse(&library, |page| {
        page.open("/search");
        page.find("#grid.laid li");
        let order = page.run("return [...document.querySelectorAll('#grid li input')].map((box) => box.value)", vec![]);
        let order: Vec<&str> = order.as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        page.click("#grid li a");
        page.find("#stage");
        page.click("#enlarge");
        page.shows("#lightbox .number", "1 of 10");
        page.until("return document.fullscreenElement !== null");
        // A pixel for a pixel, whether the photo is larger than the screen or smaller; and nearer and farther.
        page.press('1');
        page.until(&format!("{SCALE} return Math.abs(scale - 1) < 0.01"));
        page.press('1');
        page.until(&format!("{SCALE} return by === 1"));
        page.press('+');
        page.until(&format!("{SCALE} return by > 1.4"));
        page.press('-');
        page.until(&format!("{SCALE} return by < 1.1"));
        page.press('1');
        page.click("#lightbox [data-act=zoom]");
        page.until(&format!("{SCALE} return by === 1"));
        page.run("document.querySelector('#lightbox .frame').dispatchEvent(new WheelEvent('wheel', {deltaY: -300, bubbles: true, cancelable: true}))", vec![]);
        page.find("#lightbox.zoomed");
        // By themselves, in the order of the search, until somebody wants no more or the last is there.
        page.run("document.querySelector('#lightbox').dataset.seconds = 0.3", vec![]);
        // Stopped from within the page: however slow this test is, the last has not come by then.
        page.run_to_end(
            "const told = arguments[arguments.length - 1]; const play = document.querySelector('#lightbox [data-act=play]'); play.click(); \
             const look = setInterval(() => { \
               if (parseInt(document.querySelector('#lightbox .number').textContent) < 3) return; \
               clearInterval(look); play.click(); told(true); }, 10)",
        );
        page.find("#lightbox [data-act=play][aria-pressed=false]");
        let at: usize = number(page).split(' ').next().unwrap().parse().unwrap();
        assert_eq!(shown(page), order[at - 1]);
        page.run("document.querySelector('#lightbox [data-act=play]').click()", vec![]);
        page.shows("#lightbox .number", "10 of 10");
        page.find("#lightbox [data-act=play][aria-pressed=false]");
        assert_eq!(shown(page), order[9]);
        let told = page.run_to_end(
            "const told = arguments[arguments.length - 1]; const link = document.querySelector('#lightbox [data-act=download]'); \
             fetch(link.href).then(async (answer) => told([new URL(link.href).pathname, answer.headers.get('content-disposition'), (await answer.arrayBuffer()).byteLength]))",
        );
        assert_eq!(told[0], format!("/photo/{}/original", order[9]));
        assert!(told[1].as_str().unwrap().starts_with("attachment"), "{told}");
        assert!(told[2].as_u64() > Some(10_000), "{told}");
        page.press(ESCAPE);
        page.lacks("#lightbox");

        // Some of them in one file.
        page.open("/search");
        for number in [2, 4, 5] {
            page.click(&format!("#grid.laid li:nth-child({number}) .pick"));
        }
        page.click("#chosen .primary");
        page.find("a[href$='/zip']");
        let archive = page.run_to_end(
            "const told = arguments[arguments.length - 1]; \
             fetch(document.querySelector('a[href$=\"/zip\"]').href).then(async (answer) => told([...new Uint8Array(await answer.arrayBuffer())] \
               .reduce((count, byte, at, all) => count + (byte === 0x50 && all[at + 1] === 0x4b && all[at + 2] === 1 && all[at + 3] === 2), 0)))",
        );
        assert_eq!(archive, json!(3), "photos in the archive");
    });
}

#[test]
fn on_a_phone_nothing_is_said_of_keys_photos_are_pinched_and_the_page_can_be_installed() {
    let library = crate::common::people();
    for (photo, name) in [("obama-2010.jpg", "Barack"), ("biden-2010.jpg", "Joe"), ("none.jpg", "Grace")] {
        library.name(photo, name);
    }
    let photo = page_of(&library, "obama-2010.jpg");
    browse(&library, |page| {
        page.phone();
        for path in ["/people", "/questions", &photo, "/search", "/scan", "/history"] {
            page.open(path);
            page.find("main");
            page.lacks("kbd, .keys");
        }
        assert_eq!(page.not_installable(), json!([]));
        page.open(&photo);
        page.click("#enlarge");
        page.find("#lightbox[open] img[src*='screen.jpg']");
        // Every button is on the screen, and none lies over another.
        let apart = "const boxes = [...document.querySelectorAll('#lightbox :is(button, .button)')].map((button) => button.getBoundingClientRect()); \
            return boxes.every((box) => box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight && box.width >= 32 && box.height >= 32) \
              && boxes.every((one, at) => boxes.every((other, beside) => at === beside || one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top))";
        page.until(apart);
        // All of the photo is above them.
        page.until("return document.querySelector('#lightbox img').getBoundingClientRect().bottom <= document.querySelector('#lightbox .controls').getBoundingClientRect().top + 1");
        page.pinch();
        page.find("#lightbox.zoomed");
        page.until(&format!("{SCALE} return by > 1.5"));
    });
}

#[test]
fn what_is_wrong_is_told_beside_its_field_on_every_form() {
    let library = demo();
    let barack = library.name(OBAMA, "Barack");
    library.name(BIDEN, "Joe");
    let typed =
        |page: &Browser, css: &str| page.run("return document.querySelector(arguments[0]).value", vec![json!(css)]);
    browse(&library, |page| {
        // One alone cannot be merged, and it is no field's fault.
        page.open("/people");
        page.click(".pick");
        page.click_text("#selected button", "Merge");
        page.shows("#selected .told", "select two or more");
        assert_eq!((page.path(), page.count("[aria-invalid]")), ("/people".to_owned(), 0));
        page.write("[name=circle]", "Joe");
        page.click("#selected [formaction$=circle]");
        page.shows("#selected .told", "has that name already");
        assert_eq!(typed(page, "[name=circle]"), "Joe");
        page.find("[name=circle][aria-invalid]");

        let person = format!("/person/{barack}");
        page.open(&person);
        page.click(".menu summary");
        page.write("#merge", "Nobody Known\n");
        page.shows("form:has(#merge) .told", "Nobody else has this name");
        page.find("#merge[aria-invalid]:focus");
        assert_eq!((page.path(), typed(page, "#merge")), (person.clone(), json!("Nobody Known")));
        // Once it is right, it goes on.
        page.write("#merge", "joe\n");
        page.shows("h1", "Are these the same person?");

        // As when the server was started anew.
        page.open(&format!("{person}?view=faces"));
        page.run_to_end("fetch('/leave', {method: 'POST'}).then(arguments[arguments.length - 1])");
        page.click(".pick");
        page.write("#selected [name=name]", "Somebody New\n");
        page.shows("#selected .told", "You are not logged in");
        page.find("#selected .told a[href='/enter'][target]");
        assert_eq!(typed(page, "#selected [name=name]"), "Somebody New");
        page.open("/people");
        page.shows(".problem", "You are not logged in");
        page.find("form[action='/enter'] [name=address]");
        assert!(page.complaints().iter().all(|line| ["401", "409", "422"].iter().any(|status| line.contains(status))));
    });
    browse(&library, |page| {
        let photo = page_of(&library, "collins-sts93.jpg");
        page.open(&photo);
        page.click("#draw summary");
        page.write("#whose", "12\n");
        page.shows("#draw .told", "number");
        page.find("#whose[aria-invalid]:focus");
        page.write("#draw [name=left]", "95");
        page.write("#whose", "Ada\n");
        page.shows("#draw .told", "within the photo");
        page.find("#draw [name=left][aria-invalid]:focus");
        assert_eq!(page.count("[aria-invalid]"), 1);
        assert_eq!((page.path(), typed(page, "#whose")), (photo, json!("Ada")));
        assert!(page.complaints().iter().all(|line| line.contains("422") || line.contains("409")));
    });
}

#[test]
fn reloading_after_a_wrong_password_does_not_try_it_again() {
    let library = demo();
    let file = library.folder().join("password");
    let hash = library.typing(["serve", "--hash-password"], "correct horse\n").well().stdout;
    crate::common::write_private(&file, &hash);
    for script in [true, false] {
        crate::browser::browse_with(&library, &["--password-file", crate::common::text(&file)], |page| {
            if !script {
                page.without_script();
            }
            page.open("/enter");
            page.write("#password", "wrong horse\n");
            page.shows("#wrong", "Wrong password");
            // More often than wrong passwords may be typed.
            for _ in 0..6 {
                page.reload();
            }
            page.shows("#wrong", "Wrong password");
            page.write("#password", "correct horse\n");
            page.find("nav a[href='/people'][aria-current]");
            page.click(".leave button");
            page.find("#password");
            page.reload();
            page.find("#password");
            page.open("/people");
            page.find("#password");
        });
    }
}

#[test]
fn the_pictures_of_the_next_question_are_fetched_and_not_seen() {
    let library = crate::common::people();
    for (photo, name) in [("obama-2010.jpg", "Barack"), ("biden-2010.jpg", "Joe"), ("none.jpg", "Grace")] {
        library.name(photo, name);
    }
    browse(&library, |page| {
        page.open("/questions");
        page.find("[data-key=y]");
        assert_eq!(page.count("main > img[hidden]"), 2);
        page.lacks("main > img[hidden]");
    });
}

#[test]
fn the_history_has_one_redo_and_keeps_names_as_they_are_written() {
    let library = demo();
    library.name(OBAMA, "de la Cruz");
    browse(&library, |page| {
        page.open("/history");
        page.shows(".lines p", "named de la Cruz");
        page.click(".lines button");
        page.shows(".done", "de la Cruz");
        let redo =
            "return [...document.querySelectorAll('button')].filter((button) => button.textContent === 'Redo').length";
        assert_eq!(page.run(redo, vec![]), json!(1));
        page.reload();
        page.find(".done");
        assert_eq!(page.run(redo, vec![]), json!(1));
        page.click_text(".done button", "Redo");
        page.shows(".done", "named de la Cruz");
        assert_eq!(
            page.run("return getComputedStyle(document.querySelector('.done p')).textTransform", vec![]),
            json!("none")
        );
    });
}

#[test]
fn months_of_one_photo_share_a_row_and_nothing_is_blank_once_the_rest_is_confirmed() {
    let library = demo();
    let person = library.name(OBAMA, "Barack");
    library.put("metadata/obama-2011.jpg");
    assert_eq!(library.scan()["tagged"], 1);
    browse(&library, |page| {
        page.open(&format!("/person/{person}"));
        page.until("const tops = [...document.querySelectorAll('.month.few')].map((month) => month.offsetTop); return tops.length > 3 && new Set(tops).size < tops.length - 1");
        page.open(&format!("/person/{person}?view=auto"));
        page.click("#selected .primary");
        page.shows(".done", "1 face confirmed");
        page.shows(".empty p", "confirmed");
        page.click(".empty a.button");
        page.shows(".month", "2011");
    });
}
