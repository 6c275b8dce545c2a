//! Looking at photos one after another, and what makes it comfortable.

use serde_json::json;

use crate::browser::{Browser, browse};
use crate::common::Library;
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
    let library = demo();
    library.name(OBAMA, "Barack");
    browse(&library, |page| {
        page.look(1440, "light");
        page.open("/questions");
        if page.count(".answers [value=skip]") == 0 {
            return;
        }
        page.click(".answers [value=no]");
        page.find("main > .done");
        if page.count(".sides .strip img") > 0 {
            page.until(
                "const answers = document.querySelector('.answers').getBoundingClientRect().top; \
                 return [...document.querySelectorAll('.sides .strip img')].every( \
                   (image) => image.getBoundingClientRect().bottom <= answers + 1)",
            );
        }
    });
}

#[test]
fn faces_of_a_crowd_are_folded_behind_the_larger_ones() {
    let library = Library::scanned(&["demo/situation-room-2011.jpg"]);
    browse(&library, |page| {
        page.open(&page_of(&library, "situation-room-2011.jpg"));
        let sizes = page.run(
            "return [...document.querySelectorAll('.stage a rect:not(.under)')].map((box) => box.getAttribute('width') * 1)",
            vec![],
        );
        let sizes: Vec<f64> = sizes.as_array().unwrap().iter().map(|size| size.as_f64().unwrap()).collect();
        assert!(sizes.len() > 3);
        assert!(sizes[0] >= *sizes.last().unwrap());
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
