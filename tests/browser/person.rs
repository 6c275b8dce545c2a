//! The page of a person, and of all that was decided.

use crate::browser::browse;
use crate::demo;

const OBAMA: &str = "obama-2012-portrait.jpg";
const OTHER: &str = "obama-2009-congress.jpg";

#[test]
fn faces_that_are_selected_are_moved_to_a_new_name() {
    let library = demo();
    let person = library.name(OBAMA, "Barack");
    let face = library.face_id(OTHER);
    browse(&library, |page| {
        page.open("/people");
        page.click_text(".name a", "Barack");
        page.click_text("nav.chips a", "Faces");
        page.lacks("#selected");
        page.click(&format!("label:has([name=face][value='{face}'])"));
        page.write("#selected [name=name]", "Somebody Else\n");
        page.shows(".done", "Somebody Else");
        assert_eq!(library.main_face(OTHER)["person"]["name"], "Somebody Else");
        assert_eq!(library.person("Barack")["faces"], 6);

        page.click(".done button");
        page.shows(".done", "Undone");
        assert_eq!(library.main_face(OTHER)["person"]["id"].to_string(), person);
    });
}

#[test]
fn those_that_are_not_selected_are_confirmed_and_counted_before() {
    let library = demo();
    let person = library.name(OBAMA, "Barack");
    for photo in ["obama-2011.jpg", "obama-2016.jpg"] {
        library.put(&format!("metadata/{photo}"));
    }
    assert_eq!(library.scan()["tagged"], 2);
    let wrong = library.face_id("obama-2016.jpg");
    browse(&library, |page| {
        page.open(&format!("/person/{person}?view=auto"));
        page.shows("#selected .rest", "2");
        page.lacks("#selected [name=name]");
        page.click(&format!("label:has([name=face][value='{wrong}'])"));
        page.shows("#selected .rest", "1");
        page.find("#selected [name=name]");
        page.click("#selected .primary");
        page.shows(".done", "1 face confirmed as Barack");
        assert_eq!(library.face("obama-2011.jpg")["state"], "confirmed");
        assert_eq!(library.face("obama-2016.jpg")["state"], "auto");
    });
}

/// What is cut does not tell whom it is about.
#[test]
fn no_word_on_a_button_is_cut() {
    let library = demo();
    let person = library.name(OBAMA, "Barack Hussein Obama the Second");
    browse(&library, |page| {
        for (width, lines) in [(390, 3), (1024, 1), (1400, 1)] {
            page.look(width, "light");
            page.open(&format!("/person/{person}?view=faces"));
            page.click(".pick");
            page.until(&format!(
                "const bar = document.querySelector('.faces-bar').getBoundingClientRect(); \
                 return [...document.querySelectorAll('.faces-bar > button')].every((button) => \
                   button.offsetWidth > 0 && button.scrollWidth <= button.offsetWidth && button.offsetHeight < 30 + 26 * {lines}) \
                   && bar.left >= 0 && bar.right <= innerWidth"
            ));
        }
    });
}

#[test]
fn a_decision_is_taken_back_with_those_after_it_without_script_too() {
    let library = demo();
    let before = library.state();
    library.name(OBAMA, "Barack");
    library.name("biden-2010-blue-room.jpg", "Joe");
    browse(&library, |page| {
        page.without_script();
        page.open("/history");
        page.click_text("form button", "Undo this and 1 newer");
        page.shows(".done", "Undone");
        assert_eq!(library.state(), before);
    });
}
