use std::sync::LazyLock;

use reverse_geocoder::{ReverseGeocoder, SearchResult};

use super::Gps;

/// A town and what it lies in, named in Latin letters.
///
/// The towns are those of [GeoNames](https://www.geonames.org) with more than 1,000 people, used under
/// [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/), as the crate `reverse_geocoder` brings them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub city: String,
    /// The first level below the country, such as a state or a canton; empty where GeoNames has none.
    pub region: String,
    /// The country's everyday English name.
    pub country: String,
    /// ISO 3166-1 alpha-2, and XK for Kosovo.
    pub country_code: String,
}

/// How far from a town a photo can be and still be said to be taken there.
const NEAR_KM: f64 = 100.0;

const EARTH_RADIUS_KM: f64 = 6371.0;

/// One country a line: its code, a blank, its name. The names follow ISO 3166-1 and, where that is formal, custom.
const COUNTRIES: &str = include_str!("countries.txt");

static TOWNS: LazyLock<ReverseGeocoder> = LazyLock::new(ReverseGeocoder::new);

/// The town nearest to a spot, if one is within 100 km; at sea and in the wilderness there is none.
///
/// Nothing is asked of any server. The first call loads the towns, which then stay in memory.
pub fn place(gps: Gps) -> Option<Place> {
    if !(gps.latitude.is_finite() && gps.longitude.is_finite()) {
        return None;
    }
    let nearest = TOWNS.search((gps.latitude, gps.longitude));
    if kilometres(&nearest) > NEAR_KM {
        return None;
    }
    let town = nearest.record;
    Some(Place {
        city: town.name.clone(),
        region: town.admin1.clone(),
        country: country(&town.cc).to_owned(),
        country_code: town.cc.clone(),
    })
}

/// The geocoder measures with the square of the straight line through a globe of radius 1.
fn kilometres(nearest: &SearchResult) -> f64 {
    2.0 * (nearest.distance.sqrt() / 2.0).min(1.0).asin() * EARTH_RADIUS_KM
}

/// The country's name, or the code itself for one too new to be in the list.
fn country(code: &str) -> &str {
    let named = COUNTRIES.lines().filter_map(|line| line.split_once(' ')).find(|&(known, _)| known == code);
    named.map_or(code, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> Option<Place> {
        place(Gps { latitude, longitude })
    }

    #[test]
    fn a_spot_is_named_by_its_town() {
        let lisbon = at(38.7139, -9.1394).unwrap();
        assert_eq!((&*lisbon.city, &*lisbon.region), ("Lisbon", "Lisbon"));
        assert_eq!((&*lisbon.country, &*lisbon.country_code), ("Portugal", "PT"));
    }

    #[test]
    fn the_date_line_is_no_border() {
        assert_eq!(at(-16.8, 179.99).unwrap().country_code, "FJ");
        assert_eq!(at(-16.8, -179.99).unwrap().country_code, "FJ");
    }

    #[test]
    fn far_from_any_town_there_is_no_place() {
        assert_eq!(at(30.0, -40.0), None);
        assert_eq!(at(90.0, 0.0), None);
        assert_eq!(at(f64::NAN, 0.0), None);
    }

    #[test]
    fn countries_have_names() {
        assert_eq!(country("CI"), "Ivory Coast");
        assert_eq!(country("??"), "??");
        for line in COUNTRIES.lines() {
            let (code, name) = line.split_once(' ').unwrap();
            assert!(code.len() == 2 && name.len() > 2, "{line}");
        }
    }
}
