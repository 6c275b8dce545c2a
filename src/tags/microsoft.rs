//! Microsoft's regions, of Windows Live Photo Gallery: rectangles by their left upper corner, in fractions of the stored
//! pixels. digiKam writes them beside those of MWG.

use super::rdf::{Namespace, Properties, Value};
use super::{Region, cut, usable_name};

pub const MP: Namespace = ("MP", "http://ns.microsoft.com/photo/1.2/");
pub const MPRI: Namespace = ("MPRI", "http://ns.microsoft.com/photo/1.2/t/RegionInfo#");
pub const MPREG: Namespace = ("MPReg", "http://ns.microsoft.com/photo/1.2/t/Region#");

/// The named faces, and the names of people without a rectangle.
pub fn read(properties: &Properties) -> Option<(Vec<Region>, Vec<String>)> {
    let list = properties.get(MP, "RegionInfo")?.get(MPRI, "Regions")?;
    let (mut regions, mut people) = (Vec::new(), Vec::new());
    for item in list.items() {
        let Some(name) = item.get(MPREG, "PersonDisplayName").and_then(Value::text).and_then(usable_name) else {
            continue;
        };
        match item.get(MPREG, "Rectangle").and_then(rectangle).and_then(cut) {
            Some(bounds) => regions.push(Region::new(name, bounds)),
            None => people.push(name),
        }
    }
    Some((regions, people))
}

/// `x, y, width, height`.
pub fn rectangle(value: &Value) -> Option<[f32; 4]> {
    let numbers: Option<Vec<f32>> = value.text()?.split(',').map(|number| number.trim().parse().ok()).collect();
    let numbers = <[f32; 4]>::try_from(numbers?).ok()?;
    numbers.iter().all(|number| number.is_finite()).then_some(numbers)
}
