//! The wall of faces: names typed, people made one, and taken back.

use crate::browser::browse;
use crate::demo;

const OBAMA: &str = "obama-2012-portrait.jpg";
const BIDEN: &str = "biden-2010-blue-room.jpg";
const HOPPER: &str = "hopper-1984.jpg";

/// The field for the name of a group.
fn field(group: &str) -> String {
    format!("form[data-group='{group}'] [name=name]")
}

#[test]
fn a_group_is_named_where_its_face_is_and_it_is_taken_back() {
    let library = demo();
    let group = library.number(OBAMA);
    let before = library.state();
    browse(&library, |page| {
        page.write(&field(&group), "Barack\n");
        page.shows(".done", "named Barack");
        page.shows(&format!("a[href='/person/{group}']"), "Barack");
        page.lacks(&field(&group));
        assert_eq!(library.person("Barack")["id"].to_string(), group);
        assert_eq!(page.path(), "/people", "a page that is opened again says not again what was done");

        page.click(".done button");
        page.shows(".done", "Taken back");
        page.find(&field(&group));
        assert_eq!(library.state(), before);
        page.click(".done button");
        page.shows(&format!("a[href='/person/{group}']"), "Barack");
    });
}
