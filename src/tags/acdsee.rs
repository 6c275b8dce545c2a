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

#[cfg(test)]
mod tests {
    use super::super::rdf::RDF;
    use super::*;

    #[test]
    fn the_area_that_the_user_drew_counts_and_a_denied_name_does_not() {
        let area = |name: &str, x: f32| {
            format!(
                "<acdsee-rs:{name} acdsee-stArea:h='0.2' acdsee-stArea:w='0.1' acdsee-stArea:x='{x}' acdsee-stArea:y='0.5'/>"
            )
        };
        let item = |name: &str, how: &str, areas: &str| {
            format!(
                "<rdf:li><rdf:Description acdsee-rs:Name='{name}' acdsee-rs:Type='Face' acdsee-rs:NameAssignType='{how}'>{areas}\
                 </rdf:Description></rdf:li>"
            )
        };
        let items = [
            item("Anna", "manual", &(area("DLYArea", 0.5) + &area("ALGArea", 0.1))),
            item("Ben", "auto", &area("ALGArea", 0.25)),
            item("Carl", "denied", &area("ALGArea", 0.7)),
            item("Dora", "manual", ""),
        ]
        .concat();
        let packet = format!(
            "<rdf:RDF xmlns:rdf='{}' xmlns:acdsee-rs='{}' xmlns:acdsee-stArea='{}'><rdf:Description><acdsee-rs:Regions \
             rdf:parseType='Resource'><acdsee-rs:RegionList><rdf:Bag>{items}</rdf:Bag></acdsee-rs:RegionList></acdsee-rs:Regions>\
             </rdf:Description></rdf:RDF>",
            RDF.1, ACDSEE.1, AREA.1
        );
        let (regions, people) = read(&Properties::parse(packet.as_bytes()).unwrap()).unwrap();
        let found: Vec<_> = regions.iter().map(|region| (region.name.as_str(), region.bounds.x)).collect();
        assert_eq!(found, [("Anna", 0.45), ("Ben", 0.2)]);
        assert_eq!(people, ["Dora"]);
    }
}
