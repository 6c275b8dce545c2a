//! ACDSee's regions: like those of MWG, with the area that the user drew (`DLYArea`) and the one that was detected.

use super::rdf::{Namespace, Properties, Value};
use super::{Region, centred, usable_name};

const ACDSEE: Namespace = ("acdsee-rs", "http://ns.acdsee.com/regions/");
const AREA: Namespace = ("acdsee-stArea", "http://ns.acdsee.com/sType/Area#");

/// The named faces, but for names that the user denied.
pub fn read(properties: &Properties) -> Option<(Vec<Region>, Vec<String>)> {
    let list = properties.get(ACDSEE, "Regions")?.get(ACDSEE, "RegionList")?;
    let (mut regions, mut people) = (Vec::new(), Vec::new());
    for item in list.items() {
        let text = |field| item.get(ACDSEE, field).and_then(Value::text);
        let is_face = text("Type").is_none_or(|kind| kind.is_empty() || kind.eq_ignore_ascii_case("face"));
        let is_denied = text("NameAssignType").is_some_and(|how| how.eq_ignore_ascii_case("denied"));
        let Some(name) = text("Name").and_then(usable_name).filter(|_| is_face && !is_denied) else { continue };
        let area = |field| item.get(ACDSEE, field).and_then(area).and_then(centred);
        match area("DLYArea").or_else(|| area("ALGArea")) {
            Some(bounds) => regions.push(Region::new(name, bounds)),
            None => people.push(name),
        }
    }
    Some((regions, people))
}

fn area(area: &Value) -> Option<[f32; 4]> {
    let number = |field| area.get(AREA, field).and_then(Value::number);
    Some([number("x")?, number("y")?, number("w")?, number("h")?])
}
