//! Questions, answered by one key each.

use serde_json::json;

use crate::browser::browse;
use crate::common::people;

const HIDDEN_FACE: &str = "form[action='/questions'] [name=face]";

#[test]
fn questions_are_answered_skipped_and_taken_back_by_the_keyboard() {
    let library = people();
    for (photo, name) in [("obama-2010.jpg", "Barack"), ("biden-2010.jpg", "Joe"), ("none.jpg", "Grace")] {
        library.name(photo, name);
    }
    let before = library.journal().len();
    browse(&library, |page| {
        page.click_text("header nav a", "Questions");
        let asked = || page.run("return document.querySelector(arguments[0])?.value", vec![json!(HIDDEN_FACE)]);
        let state = |face: &serde_json::Value| {
            let export = library.export();
            let mut faces = export.values().flat_map(|photo| photo["faces"].as_array().unwrap().clone());
            faces.find(|one| one["id"].as_i64() == face.as_str().unwrap().parse().ok()).unwrap()["person"].clone()
        };
        page.find("[data-key=y]");
        let first = asked();
        // Who wants no keys has none, on the next page neither.
        page.click(".keys input");
        page.press('y');
        page.open("/questions");
        page.find(".keys input:not(:checked)");
        page.press('n');
        page.click(".keys input");
        assert_eq!((asked(), library.journal().len()), (first.clone(), before));
        page.press('y');
        page.shows(".done", "Done");
        assert!(state(&first).is_object(), "{first} is nobody's");

        let second = asked();
        assert_ne!(second, first);
        page.press('u');
        page.shows(".done", "Undone");
        assert!(state(&first).is_null(), "{first} is somebody's");
        assert_eq!(asked(), first, "what was taken back is asked again");

        page.press('n');
        page.shows(".done", "Done");
        assert!(state(&first).is_null(), "{first} is somebody's");
        page.find("[data-key=s]");
        let skipped = asked();
        while page.count("[data-key=s]") > 0 {
            let face = asked();
            page.press('s');
            page.changes(HIDDEN_FACE, face.as_str().unwrap());
            page.find("[data-key=s], .empty h1");
        }
        // Yes, taken back, no.
        assert_eq!(library.journal().len(), before + 3);
        page.click_text("button", "Ask again");
        page.find("[data-key=y]");
        assert_eq!(asked(), skipped);
    });
}
