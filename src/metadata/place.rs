//! The town that a spot lies in, from a table of all towns on Earth. Nothing is asked of any server.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

use super::Gps;

/// A town and what it lies in, in the names that GeoNames has first: English ones where they are common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub city: String,
    /// A part of the city, such as Montmartre; empty where GeoNames has none nearby.
    pub district: String,
    /// The first level below the country, such as a state or a canton; empty where GeoNames has none.
    pub region: String,
    /// The country's everyday English name.
    pub country: String,
    /// ISO 3166-1 alpha-2, and XK for Kosovo.
    pub country_code: String,
    /// All names of the city, district, county, region and country in many languages, with the country's code.
    pub names: Vec<String>,
}

/// How far from a town a photo can be and still be said to be taken there.
const NEAR_KM: f64 = 100.0;

/// How far a town reaches: so many km, and so many more for each square root of its people. Paris 16 km, London 32 km.
const REACH_KM: f64 = 2.0;
const REACH_KM_PER_ROOT: f64 = 0.01;

/// The spot of a town in the table is not exactly its middle.
const BLUR_KM: f64 = 0.3;

/// Fewer people than that are counted as so many: of many villages GeoNames does not know the number.
const FEWEST: f64 = 300.0;

const KM_PER_DEGREE: f64 = 111.195;

/// See places.md.
const TABLE: &[u8] = include_bytes!("places.bin.gz");

static TOWNS: LazyLock<Towns> = LazyLock::new(|| Towns::read(TABLE));

/// The town in which a spot lies, if one is within 100 km; at sea and in the wilderness there is none.
///
/// The first call unpacks the table, which then stays in memory (30 MB).
pub fn place(gps: Gps) -> Option<Place> {
    if !(gps.latitude.is_finite() && gps.longitude.is_finite()) {
        return None;
    }
    TOWNS.place(gps)
}

/// The distance between two spots in km, as the crow flies.
pub fn kilometres(one: Gps, other: Gps) -> f64 {
    let [a, b] = [one.latitude, other.latitude].map(f64::to_radians);
    let (latitude, longitude) = (b - a, (other.longitude - one.longitude).to_radians());
    let chord = (latitude / 2.0).sin().powi(2) + a.cos() * b.cos() * (longitude / 2.0).sin().powi(2);
    2.0 * chord.sqrt().min(1.0).asin() * KM_PER_DEGREE.to_degrees()
}

/// The table as `tools/places.py` writes it: columns of little-endian numbers, a row for each town, in the order of the cells of
/// one degree that they lie in, from south to north and from west to east.
struct Towns {
    /// The first town of each cell, and behind the last.
    cells: Vec<u8>,
    /// Where the names of a cell's towns begin.
    texts: Vec<u8>,
    /// In thousandths of a degree from the corner of the cell.
    latitude: Vec<u8>,
    longitude: Vec<u8>,
    /// 1000 times the binary logarithm of the number of people and one.
    people: Vec<u8>,
    region: Vec<u8>,
    county: Vec<u8>,
    /// Bytes of names.
    length: Vec<u8>,
    /// Pairs of a section and its city, by section.
    sections: Vec<u8>,
    /// Each with its country's code and a tab before its names.
    regions: Vec<String>,
    counties: Vec<String>,
    countries: Vec<String>,
    /// The names of each town, with bars between them.
    names: Vec<u8>,
}

/// A town near a spot.
struct Near {
    town: u32,
    cell: usize,
    km: f64,
    people: f64,
}

impl Near {
    fn reach(&self) -> f64 {
        REACH_KM + REACH_KM_PER_ROOT * self.people.sqrt()
    }

    /// How far away it seems, where a large town seems nearer than a small one.
    fn seems(&self, power: f64) -> f64 {
        (self.km + BLUR_KM) / self.people.max(FEWEST).powf(power)
    }
}

impl Towns {
    fn read(table: &[u8]) -> Self {
        let mut bytes = Vec::new();
        GzDecoder::new(table).read_to_end(&mut bytes).expect("the table is whole");
        let mut rest = bytes.as_slice();
        let mut part = || {
            let (length, behind) = rest.split_first_chunk::<4>().expect("the table has thirteen parts");
            let (part, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
            rest = behind;
            part.to_vec()
        };
        let lines = |part: Vec<u8>| -> Vec<String> {
            String::from_utf8(part).expect("names are UTF-8").split('\n').map(str::to_owned).collect()
        };
        Self {
            cells: part(),
            texts: part(),
            latitude: part(),
            longitude: part(),
            people: part(),
            region: part(),
            county: part(),
            length: part(),
            sections: part(),
            regions: lines(part()),
            counties: lines(part()),
            countries: lines(part()),
            names: part(),
        }
    }

    fn place(&self, gps: Gps) -> Option<Place> {
        let near = self.near(gps);
        let own: Vec<&Near> = near.iter().filter(|near| self.city_of(near.town).is_none()).collect();
        let closest = |power: f64, reached: bool| {
            let candidates = own.iter().filter(|near| !reached || near.km <= near.reach());
            candidates.min_by(|a, b| a.seems(power).total_cmp(&b.seems(power)))
        };
        // Between towns it is the next one, be it small.
        let city = closest(0.5, true).or_else(|| closest(0.15, false))?;
        let district = near
            .iter()
            .filter(|near| self.city_of(near.town) == Some(city.town) && near.km <= near.reach())
            .min_by(|a, b| a.seems(0.15).total_cmp(&b.seems(0.15)));
        let city_names = self.town_names(city);
        let district_names = district.map(|district| self.town_names(district)).unwrap_or_default();
        let (code, region_names) = self.regions.get(number(&self.region, city.town))?.split_once('\t')?;
        let county = self.counties.get(number(&self.county, city.town)).map(String::as_str).unwrap_or_default();
        let country = self.countries.iter().filter_map(|line| line.split_once('\t')).find(|(known, _)| *known == code);
        let country_names = country.map_or(code, |(_, names)| names);
        let first = |names: &str| names.split('|').next().unwrap_or_default().to_owned();
        let all = [&city_names, &district_names, county, region_names, country_names, code];
        let names = all.iter().flat_map(|names| names.split('|')).filter(|name| !name.is_empty());
        Some(Place {
            city: first(&city_names),
            district: first(&district_names),
            region: first(region_names),
            country: first(country_names),
            country_code: code.to_owned(),
            names: names.map(str::to_owned).collect(),
        })
    }

    /// The towns within [`NEAR_KM`].
    fn near(&self, gps: Gps) -> Vec<Near> {
        let mut near = Vec::new();
        let row = (gps.latitude.floor() as i32 + 90).clamp(0, 179);
        let column = gps.longitude.floor() as i32 + 180;
        for row in (row - 1).max(0)..=(row + 1).min(179) {
            // Degrees of longitude are short near the poles.
            let widest = (row - 90).abs().max((row - 89).abs()).min(89);
            let width = NEAR_KM / KM_PER_DEGREE / f64::from(widest).to_radians().cos();
            let width = (width.ceil() as i32).min(179);
            for column in column - width..=column + width {
                let column = column.rem_euclid(360);
                let cell = (row * 360 + column) as usize;
                for town in long(&self.cells, cell)..long(&self.cells, cell + 1) {
                    let part = |column: &[u8]| (number(column, town) as f64 + 0.5) / 1000.0;
                    let at = Gps {
                        latitude: f64::from(row - 90) + part(&self.latitude),
                        longitude: f64::from(column - 180) + part(&self.longitude),
                    };
                    let km = kilometres(gps, at);
                    if km <= NEAR_KM {
                        let people = (number(&self.people, town) as f64 / 1000.0).exp2() - 1.0;
                        near.push(Near { town, cell, km, people });
                    }
                }
            }
        }
        near
    }

    /// The city of which a town is a section.
    fn city_of(&self, town: u32) -> Option<u32> {
        let (mut first, mut end) = (0, self.sections.len() / 8);
        while first < end {
            let middle = usize::midpoint(first, end);
            match long(&self.sections, 2 * middle).cmp(&town) {
                std::cmp::Ordering::Less => first = middle + 1,
                std::cmp::Ordering::Equal => return Some(long(&self.sections, 2 * middle + 1)),
                std::cmp::Ordering::Greater => end = middle,
            }
        }
        None
    }

    fn town_names(&self, near: &Near) -> String {
        let before: usize = (long(&self.cells, near.cell)..near.town).map(|town| number(&self.length, town)).sum();
        let start = long(&self.texts, near.cell) as usize + before;
        String::from_utf8_lossy(&self.names[start..start + number(&self.length, near.town)]).into_owned()
    }
}

/// A column's 16 bits in a row.
fn number(column: &[u8], row: u32) -> usize {
    let at = 2 * row as usize;
    u16::from_le_bytes([column[at], column[at + 1]]).into()
}

/// A column's 32 bits in a row.
fn long(column: &[u8], row: usize) -> u32 {
    let at = 4 * row;
    u32::from_le_bytes([column[at], column[at + 1], column[at + 2], column[at + 3]])
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
        for name in ["Lisboa", "Lissabon", "Lisbonne", "里斯本", "葡萄牙", "PT"] {
            assert!(lisbon.names.iter().any(|known| known == name), "{name}: {:?}", lisbon.names);
        }
    }

    /// Sights and small towns: where a photo there is said to be taken.
    #[test]
    fn sights_are_in_their_towns() {
        let mut wrong = Vec::new();
        for line in include_str!("sights.tsv").lines().filter(|line| !line.is_empty()) {
            let [latitude, longitude, names, sight] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let city = at(latitude.parse().unwrap(), longitude.parse().unwrap()).unwrap();
            let is_so =
                names.split('|').any(|name| city.names.iter().any(|known| known == name) && known_by(&city, name));
            if !is_so {
                wrong.push(format!("{sight} in {}, {} instead of {names}", city.district, city.city));
            }
        }
        // Of 135.
        assert!(wrong.len() <= 6, "{} wrong: {wrong:#?}", wrong.len());
    }

    /// Its city or district is called so, not only a county or region.
    fn known_by(place: &Place, name: &str) -> bool {
        let region = place.names.iter().position(|known| *known == place.region).unwrap_or(place.names.len());
        place.city == name
            || place.district == name
            || place.names.iter().position(|known| known == name) < Some(region)
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
        assert_eq!(at(-90.0, 180.0), None);
        assert_eq!(at(f64::NAN, 0.0), None);
    }

    #[test]
    fn distances_are_as_the_crow_flies() {
        let [paris, london] =
            [(48.8566, 2.3522), (51.5074, -0.1278)].map(|(latitude, longitude)| Gps { latitude, longitude });
        assert!((kilometres(paris, london) - 343.6).abs() < 1.0);
    }
}
