//! A folder added and scanned under the user's eyes.

use std::fs;

use serde_json::json;

use crate::browser::browse;
use crate::common::{Library, fixtures, text};
use crate::demo;

fn photos() -> Library {
    let library = Library::new();
    for name in fixtures("demo") {
        library.put(&format!("demo/{name}"));
    }
    library
}

#[test]
fn a_new_folder_is_scanned_with_live_progress_paused_and_gone_on_with() {
    let library = photos();
    fs::write(library.photo("broken.jpg"), "no photo").unwrap();
    browse(&library, |page| {
        page.shows("h2", "No photos yet");
        page.click_text("a.button", "Add a folder");
        let held = library.hold();
        page.write("[name=folder]", &format!("{}\n", text(&library.photos())));
        page.shows(".said", "Looking");
        page.find("#scanning progress");
        page.click_text("#scanning button", "Pause");
        page.find("#scanning button:disabled");
        drop(held);
        page.shows("form.start p", "The scan is paused");
        page.shows(".roots", "scan not finished");

        // What changes is told while the page stays. Photos are read and cannot be stored, so it is reading however long this takes.
        let held = library.hold();
        page.click("form.start button");
        page.shows(".said", "of 11 photos");
        page.run("window.stays = true; fetch('/scan/pause', {method: 'POST'})", vec![]);
        page.until("return window.stays && document.querySelector('.said').textContent.includes('Pausing')");
        drop(held);
        // All photos may have been read by now, however slow this test is: then it has ended instead.
        page.lacks("#scanning");
        if page.count("form.start") > 0 {
            page.click("form.start button");
        }
        page.lacks("form.start, #scanning");
        page.shows("[role=status]", "found");
        page.shows("h2", "1 file could not be read");
        page.shows(".problems", "broken.jpg");
        page.click_text("a.button", "Go to People");
        page.shows("h2", "Who is this?");
        assert_eq!(library.export().len(), 10);
        assert_eq!(library.scan_to_end(1)["photos"], json!(0), "nothing was left to read");
    });
}

/// What was typed stays in its field with what is wrong beside it, on a page that can be loaded again.
#[test]
fn without_script_a_form_that_fails_is_where_it_was() {
    let library = demo();
    let barack = library.name("obama-2012-portrait.jpg", "Barack").to_string();
    browse(&library, |page| {
        page.without_script();
        page.open("/scan");
        page.write("#folder", "/no/such folder\n");
        page.shows(".told", "/no/such folder");
        page.find("#folder[aria-invalid][value='/no/such folder'][aria-describedby=told]");
        page.open(&format!("/person/{barack}"));
        page.click("details.menu summary");
        page.click("#rename");
        page.write("#rename", " 1234567 \n");
        page.shows("details[open] .told", "");
        page.find("#rename[aria-invalid][value*='1234567']");
    });
}

#[test]
fn without_script_a_folder_is_scanned_too() {
    let library = Library::with(&["metadata/none.jpg"]);
    browse(&library, |page| {
        page.without_script();
        page.open("/scan");
        page.write("[name=folder]", &format!("{}\n", text(&library.photos())));
        page.find("#scanning, [role=status]");
        while page.count("#scanning") > 0 {
            page.open("/scan");
        }
        page.shows("[role=status]", "1 photo read, 1 face found");
    });
}
