//! Places on a map of the world, which is a picture within the program: nothing is asked of the network.

use crate::catalog::Spot;

/// Degrees on the map, around the places and no less than these.
const MARGIN: f64 = 6.0;
const SMALLEST: f64 = 100.0;

/// A part of the world with places in it. x is the longitude plus 180, y is 90 minus the latitude.
pub(super) struct Map {
    /// Left, top, width and height of what is shown.
    pub view: [f64; 4],
    pub marks: Vec<Mark>,
}

pub(super) struct Mark {
    pub x: f64,
    pub y: f64,
    pub radius: f64,
    pub city: String,
    pub photos: u64,
}

impl Map {
    /// `None` where there are no places.
    pub fn of(spots: &[Spot]) -> Option<Self> {
        let at: Vec<(f64, f64)> = spots.iter().map(|spot| (spot.longitude + 180.0, 90.0 - spot.latitude)).collect();
        let &(x, y) = at.first()?;
        let ends = at.iter().fold([x, y, x, y], |[left, top, right, bottom], &(x, y)| {
            [left.min(x), top.min(y), right.max(x), bottom.max(y)]
        });
        let width = (ends[2] - ends[0] + 2.0 * MARGIN).clamp(SMALLEST, 360.0);
        let height = (ends[3] - ends[1] + 2.0 * MARGIN).max(width / 2.5).min(180.0);
        let start =
            |first: f64, last: f64, length: f64, whole: f64| ((first + last - length) / 2.0).clamp(0.0, whole - length);
        let view = [start(ends[0], ends[2], width, 360.0), start(ends[1], ends[3], height, 180.0), width, height];
        let most = spots.iter().map(|spot| spot.photos).max().unwrap_or(1).max(1) as f64;
        // The area of a mark grows with its photos; the smallest can be hit.
        let radius = |photos: u64| width / 60.0 * (0.6 + 1.4 * (photos as f64 / most).sqrt());
        let marks = spots.iter().zip(at);
        let marks = marks.map(|(spot, (x, y))| Mark {
            x,
            y,
            radius: radius(spot.photos),
            city: spot.city.clone(),
            photos: spot.photos,
        });
        Some(Self { view, marks: marks.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_places_are_on_the_part_that_is_shown() {
        let spot = |latitude, longitude| Spot { latitude, longitude, city: "a".into(), photos: 1 };
        for spots in [
            vec![spot(38.7, -9.1)],
            vec![spot(90.0, -180.0), spot(-90.0, 180.0)],
            vec![spot(35.7, 139.7), spot(-33.9, 151.2), spot(38.7, -9.1)],
            vec![spot(-54.8, -68.3)],
        ] {
            let map = Map::of(&spots).unwrap();
            let [left, top, width, height] = map.view;
            assert!(left >= 0.0 && top >= 0.0 && left + width <= 360.0 && top + height <= 180.0);
            for mark in map.marks {
                assert!((left..=left + width).contains(&mark.x) && (top..=top + height).contains(&mark.y));
            }
        }
        assert!(Map::of(&[]).is_none());
    }
}
