//! Regions of the Metadata Working Group (MWG guidelines 2.0, p. 51): what digiKam, Lightroom, Picasa and Immich use.
//!
//! Areas are centres and sizes in fractions of the stored pixels. `AppliedToDimensions` is not looked at: many files have
//! the size of another picture there, and the fractions are right all the same.

use super::rdf::{Namespace, Properties, Value};
use super::{Region, centred, usable_name};

pub const MWG: Namespace = ("mwg-rs", "http://www.metadataworkinggroup.com/schemas/regions/");
pub const AREA: Namespace = ("stArea", "http://ns.adobe.com/xmp/sType/Area#");
pub const DIMENSIONS: Namespace = ("stDim", "http://ns.adobe.com/xap/1.0/sType/Dimensions#");

/// The named faces, and the names of faces without a usable area.
pub fn read(properties: &Properties) -> Option<(Vec<Region>, Vec<String>)> {
    let list = properties.get(MWG, "Regions")?.get(MWG, "RegionList")?;
    let (mut regions, mut people) = (Vec::new(), Vec::new());
    for item in list.items().iter().filter(|item| is_face(item)) {
        let Some(name) = item.get(MWG, "Name").and_then(Value::text).and_then(usable_name) else { continue };
        match item.get(MWG, "Area").and_then(area).and_then(centred) {
            Some(bounds) => regions.push(Region::new(name, bounds)),
            None => people.push(name),
        }
    }
    Some((regions, people))
}

/// Pets, focus points and bar codes are none; where no type is given, it is one.
pub fn is_face(item: &Value) -> bool {
    item.get(MWG, "Type").and_then(Value::text).is_none_or(|kind| kind.is_empty() || kind.eq_ignore_ascii_case("face"))
}

/// Centre and size.
pub fn area(area: &Value) -> Option<[f32; 4]> {
    let number = |field| area.get(AREA, field).and_then(Value::number);
    Some([number("x")?, number("y")?, number("w")?, number("h")?])
}
