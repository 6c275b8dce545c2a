//! Search: people as chips, photos by the thousand, some of them taken along.

use std::fs;

use facetag::catalog::{Catalog, Library as Place};

use crate::browser::{Browser, browse};
use crate::common::{Library, text};
use crate::{demo, rows};

fn named() -> Library {
    let library = demo();
    library.name("obama-2012-portrait.jpg", "Barack");
    library.name("biden-2010-blue-room.jpg", "Joe");
    library
}

/// Says that somebody is to be there, or not.
fn want(page: &Browser, how: &str, who: &str) {
    page.choose("[name=as]", how);
    page.write("[name=who]", &format!("{who}\n"));
    page.shows(&format!(".chip.{how}"), who);
}

#[test]
fn people_are_wanted_as_chips_and_the_address_holds_them() {
    let library = named();
    let (barack, joe) = (library.person("Barack")["id"].to_string(), library.person("Joe")["id"].to_string());
    browse(&library, |page| {
        page.click_text("header nav a", "Search");
        want(page, "all", "Barack");
        page.shows("h2", "7 photos");
        want(page, "all", "Joe");
        page.shows("h2", "2 photos");
        assert_eq!(page.path(), format!("/search?all={barack}&all={joe}"));
        page.click(".chip:has(+ .adding) .remove");
        page.shows("h2", "7 photos");
        want(page, "not", "Joe");
        page.shows("h2", "5 photos");
        assert_eq!(page.path(), format!("/search?all={barack}&not={joe}"));
        assert_eq!(page.count("#grid li"), library.find(&["Barack", "--not", "Joe"]).len());

        page.open(&page.path());
        page.shows(".chip.not", "Joe");
        page.write("[name=who]", "Nobody Known\n");
        page.shows("[role=alert]", "Nobody is named Nobody Known");
    });
}

#[test]
fn those_selected_are_copied_where_the_user_says() {
    let library = named();
    let album = library.folder().join("album");
    browse(&library, |page| {
        page.open("/search");
        want(page, "all", "Joe");
        page.shows("h2", "3 photos");
        page.lacks("#chosen");
        for number in [1, 2] {
            page.click(&format!("#grid.laid li:nth-child({number}) .pick"));
        }
        page.shows("#chosen .number", "2");
        page.click("#chosen [type=reset]");
        page.lacks("#chosen");
        page.find("#grid input:focus:not(:checked)");
        for number in [1, 2] {
            page.click(&format!("#grid.laid li:nth-child({number}) .pick"));
        }
        page.shows("#chosen .number", "2");
        page.find("#grid [aria-label^='Select: ']");
        page.click("#chosen .primary");
        page.write("[name=folder]", &format!("{}\n", text(&library.photos())));
        page.shows("form .told", "contains photos of yours");
        assert!(page.complaints().iter().all(|line| line.contains("422")));
        page.write("[name=folder]", &format!("{}\n", text(&album)));
        page.shows("[role=status]", "2 photos copied");
        // The page has an address of its own, and can be left and opened again.
        page.open(&page.path());
        page.shows("[role=status]", "2 photos copied");
        assert_eq!(fs::read_dir(&album).unwrap().count(), 2);
    });
}

#[test]
fn without_script_a_search_is_a_form_and_its_photos_are_paged() {
    let library = named();
    browse(&library, |page| {
        page.without_script();
        page.open("/search");
        want(page, "all", "Barack");
        page.write("[name=place]", "Washington, D.C.\n");
        page.shows("h2", "7 photos");
        page.find("#grid:not(.laid) li a img");
        page.click("#grid li:last-child a");
        page.find("#stage");
    });
}

#[test]
fn ten_thousand_photos_are_scrolled_through_with_few_in_the_page() {
    let library = Library::new();
    drop(Catalog::open(&Place::at(library.home())).unwrap());
    rows::fill(&library.file(), 10_000).unwrap();
    browse(&library, |page| {
        page.open("/search");
        page.shows("h2", "10,000 photos");
        page.find("#grid.laid li");
        for part in ["1", ".5", "1"] {
            page.run(&format!("scrollTo(0, document.body.scrollHeight * {part})"), vec![]);
            page.shows("#grid li img[src]", "");
            assert!(page.count("#grid li") < 200, "{} in the page", page.count("#grid li"));
        }
        // The newest is the last, and its page knows that too.
        page.click("#grid li:last-child a");
        page.shows(".pager", "10,000 of 10,000");
    });
}

#[test]
fn a_search_grows_by_what_is_typed_and_clicked_and_loses_nothing() {
    let library = named();
    let (barack, joe) = (library.person("Barack")["id"].to_string(), library.person("Joe")["id"].to_string());
    browse(&library, |page| {
        page.open("/search");
        page.write("[name=who]", "Barack -Joe 2009..2012 Washington\n");
        page.shows(".chip.all", "Barack");
        page.shows(".chip.not", "Joe");
        let asked = format!("/search?all={barack}&not={joe}&since=2009-01-01&until=2012-12-31&place=Washington");
        assert_eq!(page.path(), asked);
        // A year, and then a month of it.
        page.click_text(".periods a", "2010");
        page.until("return location.search.includes('since=2010-01-01')");
        page.click_text(".periods a", "May 2010");
        page.until("return location.search.includes('until=2010-05-31')");
        assert_eq!(
            page.path(),
            format!("/search?all={barack}&not={joe}&since=2010-05-01&until=2010-05-31&place=Washington")
        );

        // After the first, those who are often with them are offered; what is typed meanwhile is added too.
        page.open("/search?since=2009-01-01");
        page.shows(".undated", "1 photo without a date would fit too");
        page.click_text(".often a", "Barack");
        page.shows(".often h2", "Often together with");
        page.write("[name=place]", "Washington");
        page.write("[name=who]", "2011");
        page.click_text(".often a", "Joe");
        page.shows(".chip.all", "Joe");
        page.until("return location.search.includes('until=2011-12-31')");
        assert_eq!(
            page.path(),
            format!("/search?all={barack}&all={joe}&since=2011-01-01&until=2011-12-31&place=Washington")
        );
        page.shows("h2", "2 photos");
        // So it is with a year, and who is taken away.
        page.open(&format!("/search?all={barack}"));
        page.write("[name=place]", "Washington");
        page.click_text(".periods a", "2010");
        page.until(
            "return location.search.includes('place=Washington') && location.search.includes('since=2010-01-01')",
        );
        page.click(".chip .remove");
        page.until("return !location.search.includes('all=') && location.search.includes('place=Washington')");
    });
}
