//! The wall of faces: names typed, people made one, and taken back.

use crate::browser::browse;
use crate::demo;

const OBAMA: &str = "obama-2012-portrait.jpg";
const BIDEN: &str = "biden-2010-blue-room.jpg";

/// The field for the name of a group.
fn field(group: &str) -> String {
    format!("form[data-group='{group}'] [name=name]")
}

#[test]
fn a_group_is_named_where_its_face_is_and_it_is_taken_back() {
    let library = demo();
    let (group, next) = (library.number(OBAMA), library.number(BIDEN));
    let before = library.state();
    browse(&library, |page| {
        page.write(&field(&group), "Barack\n");
        page.shows(".done", "named Barack");
        page.shows(&format!("a[href='/person/{group}']"), "Barack");
        page.lacks(&field(&group));
        assert_eq!(library.person("Barack")["id"].to_string(), group);
        assert_eq!(page.path(), "/people", "a page that is opened again says not again what was done");
        // Where the user was: at the card after this one, whose field tells what was done.
        page.find(&format!("{}:focus[aria-describedby~=done]", field(&next)));

        page.click(".done button");
        page.shows(".done:focus", "Undone");
        page.find(&field(&group));
        assert_eq!(library.state(), before);
        page.click(".done button");
        page.shows(&format!("a[href='/person/{group}']"), "Barack");
    });
}

#[test]
fn a_known_name_is_told_of_as_it_is_typed_and_makes_them_one() {
    let library = demo();
    library.name(OBAMA, "Barack");
    let (group, before) = (library.number(BIDEN), library.state());
    browse(&library, |page| {
        let form = format!("form[data-group='{group}']");
        page.write(&field(&group), "Barac");
        page.shows(&format!("{form} button"), "Name");
        page.write(&field(&group), "barack");
        page.shows(&format!("{form} .note"), "Merges with Barack, who is in 7 photos");
        page.shows(&format!("{form} button"), "Merge");
        assert_eq!(library.state(), before, "what is only told is not done");
        page.click(&format!("{form} button"));
        page.shows(".done", "merged into Barack");
        assert_eq!(library.face(BIDEN)["person"]["name"], "Barack");
        page.click(".done button");
        page.shows(".done", "Undone");
        assert_eq!(library.state(), before);
    });
}

#[test]
fn those_selected_are_made_one_after_a_look_at_them() {
    let library = demo();
    let (one, other) = (library.name(OBAMA, "Barack"), library.number(BIDEN));
    browse(&library, |page| {
        page.lacks("#selected");
        for id in [&one, &other] {
            page.click(&format!("label:has([name=who][value='{id}'])"));
        }
        page.click_text("#selected button", "Merge");
        page.shows("h1", "Are these the same person?");
        page.click("button.primary");
        page.shows(".done", "merged into Barack");
        assert_eq!(library.face(BIDEN)["person"]["name"], "Barack");
    });
}

#[test]
fn without_script_a_name_is_given_and_a_known_one_asked_about() {
    let library = demo();
    let (obama, biden) = (library.number(OBAMA), library.number(BIDEN));
    browse(&library, |page| {
        page.without_script();
        page.open("/people");
        page.write(&field(&obama), "Barack\n");
        page.shows(".done", "named Barack");
        page.write(&field(&biden), "barack\n");
        page.shows("h1", "Are these the same person?");
        assert_eq!(library.person("Barack")["faces"], 7);
        page.click("button.primary");
        page.shows(".done", "merged into Barack");
        assert_eq!(library.person("Barack")["faces"], 10);
        page.click(".done button");
        page.shows(".done", "Undone");
        assert_eq!(library.person("Barack")["faces"], 7);
    });
}

#[test]
fn on_a_phone_a_known_name_is_given_with_the_thumb() {
    let library = demo();
    library.name(OBAMA, "Barack");
    let (group, next) = (library.number(BIDEN), library.number("hopper-1984.jpg"));
    browse(&library, |page| {
        page.phone();
        page.open("/people?show=once");
        page.lacks("#quick");
        page.click(&field(&next));
        page.shows("#quick .names button", "Barack");
        page.open("/people");
        page.click(&field(&group));
        page.click_text("#quick .names button", "Barack");
        page.find(&format!("{}:focus", field(&group)));
        page.shows(&format!("form[data-group='{group}'] .note"), "Merges with Barack");
        page.click_text("#quick .primary", "Merge");
        page.shows(".done", "merged into Barack");
        assert_eq!(library.face(BIDEN)["person"]["name"], "Barack");
    });
}

#[test]
fn people_are_favourites_in_circles_sorted_and_seen_by_place_and_time() {
    let library = demo();
    let barack = library.name(OBAMA, "Barack");
    let joe = library.name(BIDEN, "Joe");
    library.put("metadata/obama-2011.jpg");
    library.scan_to_end(0);
    browse(&library, |page| {
        let first = || {
            let name = page.run("return document.querySelector('.wall .name').textContent", vec![]);
            name.as_str().unwrap().trim().to_owned()
        };
        page.open("/people");
        assert_eq!(first(), "Barack");
        page.click(&format!(".faces li:has([value='{joe}']) .star button"));
        page.shows(".done", "favourite");
        assert_eq!(first(), "Joe");
        page.click_text(".sort", "Sort by name");
        page.shows(".sort", "Sort by");
        page.until("return location.search.includes('sort=name')");
        // A favourite is before the others in each order.
        assert_eq!(first(), "Joe");
        page.click(&format!(".faces li:has([value='{joe}']) .star button"));
        page.shows(".done", "favourite");
        assert_eq!(first(), "Barack");

        for id in [&barack, &joe] {
            page.click(&format!("label:has([name=who][value='{id}'])"));
        }
        page.shows("#selected .number", "2 selected");
        page.click_text("#selected summary", "Hide or Ignore?");
        page.shows("#selected .explained p", "left out of the lists");
        page.write("[name=circle]", "Office\n");
        page.click_text(".circles a", "Office");
        page.shows(".chip.any", "Joe");

        page.open(&format!("/person/{barack}"));
        page.click_text(".timeline a", "May");
        page.until("return location.hash === '#2011-05' && document.querySelector('[id=\"2011-05\"]').getBoundingClientRect().top < innerHeight");
        page.run("scrollTo(0, 0)", vec![]);
        page.click(".world summary");
        page.find(".world circle");
        page.run("document.querySelector('.world a').dispatchEvent(new MouseEvent('click', {bubbles: true}))", vec![]);
        page.shows(".chip", "Barack");
        page.until("return location.search.includes('place=')");
    });
}
