//! The page of a photo: boxes drawn, clicked and named.

use serde_json::{Value, json};

use crate::browser::browse;
use crate::common::{Library, overlap};
use crate::{demo, page_of};

const COLLINS: &str = "collins-sts93.jpg";

fn faces(library: &Library, photo: &str) -> Vec<Value> {
    library.export()[photo]["faces"].as_array().unwrap().clone()
}

#[test]
fn a_box_is_drawn_with_the_mouse_and_named() {
    let library = demo();
    let before = library.state();
    browse(&library, |page| {
        page.open(&page_of(&library, COLLINS));
        page.drag("#stage image", (0.05, 0.55), (0.25, 0.85));
        page.write("#whose", "Ada\n");
        page.shows(".done", "Ada");
        let drawn = faces(&library, COLLINS).into_iter().find(|face| face["person"]["name"] == "Ada").unwrap();
        assert_eq!(drawn["state"], "manual");
        let meant = json!([0.05, 0.55, 0.2, 0.3]);
        assert!(overlap(&drawn["box"], &meant) > 0.9, "{drawn}");
        page.click(".done button");
        page.shows(".done", "Undone");
        assert_eq!(library.state(), before);
    });
}

#[test]
fn a_box_is_drawn_with_a_finger_once_the_form_is_open() {
    let library = demo();
    browse(&library, |page| {
        page.look(390, "light");
        page.open(&page_of(&library, COLLINS));
        // As it scrolls, a finger draws nothing.
        page.drag_by_touch("#stage image", (0.2, 0.55), (0.2, 0.3));
        page.lacks("#draw[open]");
        page.click("#draw summary");
        page.drag_by_touch("#stage image", (0.05, 0.55), (0.25, 0.85));
        page.find("#whose:focus");
        let side =
            |name: &str| page.run(&format!("return document.querySelector('#draw [name={name}]').value"), vec![]);
        let drawn = ["left", "top", "width", "height"].map(|name| side(name).as_str().unwrap().parse().unwrap());
        let drawn = drawn.map(|percent: f64| percent / 100.0);
        assert!(overlap(&json!(drawn), &json!([0.05, 0.55, 0.2, 0.3])) > 0.9, "{drawn:?}");
    });
}

#[test]
fn without_script_a_box_is_typed_in_numbers() {
    let library = demo();
    browse(&library, |page| {
        page.without_script();
        page.open(&page_of(&library, COLLINS));
        page.click("#draw summary");
        for (side, percent) in [("left", "5"), ("top", "55"), ("width", "20"), ("height", "30")] {
            page.write(&format!("#draw [name={side}]"), percent);
        }
        page.write("#whose", "Ada\n");
        page.shows(".done", "Ada");
        let drawn = faces(&library, COLLINS).into_iter().find(|face| face["person"]["name"] == "Ada").unwrap();
        assert!(overlap(&drawn["box"], &json!([0.05, 0.55, 0.2, 0.3])) > 0.99, "{drawn}");
    });
}

#[test]
fn a_box_that_is_clicked_is_named_and_one_that_is_no_face_is_taken_away() {
    let library = demo();
    let face = library.face_id(COLLINS);
    browse(&library, |page| {
        page.open(&page_of(&library, COLLINS));
        page.click(&format!("#stage a[href='#face-{face}']"));
        page.shows(&format!("#face-{face} :focus"), "");
        for key in "Eileen\u{e007}".chars() {
            page.press(key);
        }
        page.shows(".done", "named Eileen");
        assert_eq!(library.face(COLLINS)["person"]["name"], "Eileen");

        page.click_text(&format!("#face-{face} button"), "Not a face");
        page.shows(".done", "Done");
        page.lacks(&format!("#stage a[href='#face-{face}']"));
        assert!(faces(&library, COLLINS).is_empty());
        page.click(".done button");
        page.find("#stage a");
        assert_eq!(library.face(COLLINS)["person"]["name"], "Eileen");
    });
}
