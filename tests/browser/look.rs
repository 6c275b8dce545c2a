//! Every page as it is seen, light and dark, on a phone and on a wide screen: pictures are kept in `target/screenshots`, and
//! axe-core finds nothing that would keep somebody out.

use crate::browser::{Browser, browse};
use crate::common::Library;
use crate::demo;

/// See tests/fixtures/README.md.
const AXE: &str = include_str!("../fixtures/axe/axe.min.js");

/// Looks at a page in each way; what axe-core has to say.
fn look(page: &Browser, name: &str, path: &str) -> Vec<String> {
    let mut violations = Vec::new();
    for (scheme, width) in [("light", 390), ("light", 1400), ("dark", 390), ("dark", 1400)] {
        page.look(width, scheme);
        page.open(path);
        let name = format!("{name}-{scheme}-{width}");
        page.screenshot(&name, width);
        let wider = page.run("return document.documentElement.scrollWidth - innerWidth", vec![]);
        if wider.as_i64().unwrap() > 0 {
            violations.push(format!("{name}: wider than the window by {wider}"));
        }
        page.run(AXE, vec![]);
        let found = page.run_to_end(
            "const told = arguments[arguments.length - 1]; \
             axe.run({resultTypes: ['violations']}).then(({violations, passes}) => told(passes.length && violations.map( \
               ({id, help, nodes}) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' ')}`)))",
        );
        let found = found.as_array().unwrap_or_else(|| panic!("axe-core looked at nothing in {name}: {found}"));
        violations.extend(found.iter().map(|violation| format!("{name}: {}", violation.as_str().unwrap())));
    }
    violations
}

#[test]
fn every_page_is_open_to_everybody() {
    let library = demo();
    let person = library.name("obama-2012-portrait.jpg", "Barack Obama");
    let other = library.name("biden-2010-blue-room.jpg", "Joe Biden");
    let once = library.number("hopper-1984.jpg");
    browse(&library, |page| {
        let pages = [
            ("people", "/people".to_owned()),
            ("people-done", "/people?done=1-2".to_owned()),
            ("people-once", "/people?show=once".to_owned()),
            ("merge", format!("/merge?who={person}&who={other}")),
            ("person", format!("/person/{person}")),
            ("person-faces", format!("/person/{person}?view=faces")),
            ("person-once", format!("/person/{once}")),
            ("questions", "/questions".to_owned()),
            ("history", "/history".to_owned()),
        ];
        let violations: Vec<String> = pages.iter().flat_map(|(name, path)| look(page, name, path)).collect();
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    });
}

#[test]
fn empty_pages_and_errors_are_open_to_everybody() {
    browse(&Library::new(), |page| {
        let pages = [("no-photos", "/people"), ("no-questions", "/questions"), ("no-history", "/history")];
        let mut violations: Vec<String> = pages.iter().flat_map(|(name, path)| look(page, name, path)).collect();
        violations.extend(look(page, "nowhere", "/nowhere"));
        assert!(violations.is_empty(), "{}", violations.join("\n"));
        // The browser complains that there is nothing, as it should.
        assert!(page.complaints().iter().all(|line| line.contains("404")));
    });
}
