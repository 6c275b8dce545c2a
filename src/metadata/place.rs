//! The town that a spot lies in, from a table of all towns on Earth and outlines of countries, states and, around large cities,
//! municipalities. Nothing is asked of any server.

use std::collections::HashSet;
use std::io::{BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use brotli_decompressor::Decompressor;
use country_boundaries::{BOUNDARIES_ODBL_60X30, CountryBoundaries, LatLon};

use super::Gps;

/// A town and what it lies in, in the names that GeoNames has first: English ones where they are common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub city: String,
    /// A part of the city, such as Montmartre; empty where none is known.
    pub district: String,
    /// The first level below the country, such as a state or a canton; empty where GeoNames has none.
    pub region: String,
    /// The country's everyday English name.
    pub country: String,
    /// ISO 3166-1 alpha-2, and XK for Kosovo.
    pub country_code: String,
    /// All names of the city, its districts here, the county, region and country in many languages, with the codes of the region
    /// (ISO 3166-2, and that of a state alone in the US, Canada and Australia) and the country.
    pub names: Vec<String>,
}

/// How far from a town a photo can be and still be said to be taken there; further inside a country.
const NEAR_KM: f64 = 100.0;
const NEAR_INLAND_KM: f64 = 150.0;

/// How far a town reaches: so many km, and so many more for each square root of its people. Paris 16 km, London 32 km.
const REACH_KM: f64 = 2.0;
const REACH_KM_PER_ROOT: f64 = 0.01;

/// The spot of a town in the table is not exactly its middle.
const BLUR_KM: f64 = 0.3;

/// How much further away a town seems that lies in another state than the spot, and one of another municipality.
const ELSEWHERE: f64 = 5.0;

/// How much further away a town seems beyond the border of a country, where none reaches the spot.
const ABROAD: f64 = 4.0;

/// Outlines are simplified: where a spot is in none, those so many degrees of latitude away count.
const COAST: f64 = 0.003;

/// A part of a city may reach beyond its outline, by at most so many km from its middle.
const BEYOND_KM: f64 = 2.0;

/// So many people live in a part of a city that has parts itself.
const LARGE_DISTRICT: f64 = 500_000.0;

/// Fewer people than that are counted as so many: of many villages GeoNames does not know the number.
const FEWEST: f64 = 300.0;

const KM_PER_DEGREE: f64 = 111.195;

/// Bytes of a packed table that are read at a time.
const BUFFER: usize = 64 * 1024;

/// The tables, unpacked.
static TOWNS: Mutex<Option<Arc<Towns>>> = Mutex::new(None);

fn towns() -> Arc<Towns> {
    let mut towns = TOWNS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(towns.get_or_insert_with(|| Arc::new(Towns::read(facetag_places::TOWNS, facetag_places::AREAS))))
}

/// Gives back the memory of the tables; the next spot has them unpacked again.
pub fn release_memory() {
    *TOWNS.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// The town in which a spot lies, if one is within 100 km; at sea and in the wilderness there is none.
///
/// The first call unpacks the tables, which stay in memory (about 40 MB) until [`release_memory`].
pub fn place(gps: Gps) -> Option<Place> {
    if !(gps.latitude.is_finite() && gps.longitude.is_finite()) {
        return None;
    }
    towns().place(gps)
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
    /// The number of the municipality, or of the district for a section; 0 where there is no outline of it.
    area: Vec<u8>,
    /// Bytes of names.
    length: Vec<u8>,
    /// Pairs of a section and its city, by section.
    sections: Vec<u8>,
    /// Each with its country's code, that of ISO 3166-2 and a tab behind each of them before its names.
    regions: Vec<String>,
    /// The same of regions in which no town of the table lies.
    townless: Vec<String>,
    counties: Vec<String>,
    /// Each with its code and a tab before its names.
    countries: Vec<String>,
    /// The names of each town, with bars between them.
    names: Vec<u8>,
    /// Called by ISO 3166-1 and, where they are states and the like, ISO 3166-2.
    boundaries: CountryBoundaries,
    /// Called by their numbers, as in `area`: those of municipalities, and for districts of a large city that of the city, that of
    /// the district and its names, with bars between them.
    areas: CountryBoundaries,
}

/// What a spot lies in by the outlines, where there are any.
struct Within<'a> {
    /// ISO 3166-1; none at sea.
    countries: Vec<&'a str>,
    /// ISO 3166-2, of states that the table of towns has too.
    states: Vec<&'a str>,
    areas: HashSet<usize>,
    /// The names of the district, with bars between them.
    district: &'a str,
}

/// A town near a spot.
struct Near {
    town: u32,
    cell: usize,
    km: f64,
    people: f64,
    /// How many times further away it seems than it is.
    factor: f64,
}

impl Near {
    fn reach(&self) -> f64 {
        REACH_KM + REACH_KM_PER_ROOT * self.people.sqrt()
    }

    /// How far away it seems, where a large town seems nearer than a small one.
    fn seems(&self, power: f64) -> f64 {
        self.factor * (self.km + BLUR_KM) / self.people.max(FEWEST).powf(power)
    }
}

/// The three parts of a region, see [`Towns::regions`].
fn parts(region: &str) -> [&str; 3] {
    let mut parts = region.split('\t');
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// Adds the names of `regions.txt` to regions, see there.
fn with_more_names(mut regions: Vec<String>, more: &str) -> Vec<String> {
    for line in more.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.splitn(3, '\t');
        let [country, first, names] = std::array::from_fn(|_| parts.next().unwrap_or_default());
        for region in &mut regions {
            let Some((place, known)) = region.rsplit_once('\t') else { continue };
            if place.split('\t').next() == Some(country) && known.split('|').next() == Some(first) {
                *region = match names.strip_prefix('=') {
                    Some(names) => format!("{place}\t{names}"),
                    None => format!("{region}|{names}"),
                };
            }
        }
    }
    regions
}

impl Towns {
    fn read(table: &[u8], areas: &[u8]) -> Self {
        let mut table = Decompressor::new(table, BUFFER);
        // Part by part: all of it twice would be much for a moment.
        let mut part = || {
            let mut length = [0; 4];
            table.read_exact(&mut length).expect("the table has fourteen parts");
            let mut part = vec![0; u32::from_le_bytes(length) as usize];
            table.read_exact(&mut part).expect("the table is whole");
            part
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
            area: part(),
            length: part(),
            sections: part(),
            regions: with_more_names(lines(part()), facetag_places::REGIONS),
            townless: facetag_places::REGIONS
                .lines()
                .filter(|line| line.contains("\t+"))
                .map(|line| line.replace("\t+", "\t"))
                .collect(),
            counties: lines(part()),
            countries: lines(part()),
            names: part(),
            boundaries: outlines(BOUNDARIES_ODBL_60X30),
            areas: outlines(BufReader::new(Decompressor::new(areas, BUFFER))),
        }
    }

    fn place(&self, gps: Gps) -> Option<Place> {
        let within = self.within(gps)?;
        let mut near = self.near(gps);
        near.iter_mut().for_each(|near| near.factor = self.factor(near.town, &within));
        let city = self.city(&near, &within)?;
        let [small, large] = self.districts(&near, city, &within);
        let city_names = self.town_names(city);
        let [code, _, region_names] = self.townless_region(&within).unwrap_or_else(|| self.region(city.town));
        let county = self.counties.get(number(&self.county, city.town)).map(String::as_str).unwrap_or_default();
        let country = self.countries.iter().filter_map(|line| line.split_once('\t')).find(|(known, _)| *known == code);
        let country_names = country.map_or(code, |(_, names)| names);
        let first = |names: &str| names.split('|').next().unwrap_or_default().to_owned();
        let all = [&city_names, &small, &large, county, region_names, country_names, code];
        let names = all.iter().flat_map(|names| names.split('|')).filter(|name| !name.is_empty());
        Some(Place {
            city: first(&city_names),
            district: first(if small.is_empty() { &large } else { &small }),
            region: first(region_names),
            country: first(country_names),
            country_code: code.to_owned(),
            names: names.map(str::to_owned).collect(),
        })
    }

    /// The town whose reach a spot lies in, or else the next one.
    fn city<'a>(&self, near: &'a [Near], within: &Within) -> Option<&'a Near> {
        let is_abroad =
            |near: &Near| !within.countries.is_empty() && !within.countries.contains(&self.region(near.town)[0]);
        let is_inland = |near: &Near| !within.countries.is_empty() && !is_abroad(near);
        let own = || near.iter().filter(|near| self.city_of(near.town).is_none());
        let reaching = own().filter(|near| near.km <= near.reach() && !is_abroad(near));
        reaching.min_by(|a, b| a.seems(0.5).total_cmp(&b.seems(0.5))).or_else(|| {
            // Between towns it may be a small one, and one abroad where that is much nearer.
            let seems = |near: &Near| near.seems(0.15) * if is_abroad(near) { ABROAD } else { 1.0 };
            let close = own().filter(|near| near.km <= NEAR_KM || is_inland(near));
            close.min_by(|a, b| seems(a).total_cmp(&seems(b)))
        })
    }

    /// The names of the part of a city that a spot lies in, and of a large part around that: Hell's Kitchen, Manhattan.
    fn districts(&self, near: &[Near], city: &Near, within: &Within) -> [String; 2] {
        let sections = || {
            let of_city = near.iter().filter(|near| self.city_of(near.town) == Some(city.town));
            of_city.filter(|near| {
                let beyond = BEYOND_KM.min(near.reach() / 2.0);
                near.km <= near.reach() && (near.km <= beyond || !self.is_in_other_area(near.town, within))
            })
        };
        let names = |section: Option<&Near>| section.map(|near| self.town_names(near)).unwrap_or_default();
        let small = sections().min_by(|a, b| a.seems(0.15).total_cmp(&b.seems(0.15)));
        if !within.district.is_empty() {
            return [names(small), within.district.to_owned()];
        }
        let large = sections().filter(|near| near.people >= LARGE_DISTRICT);
        [names(small), names(large.min_by(|a, b| a.seems(1.0).total_cmp(&b.seems(1.0))))]
    }

    fn within(&self, gps: Gps) -> Option<Within<'_>> {
        let at = LatLon::new(gps.latitude, gps.longitude).ok()?;
        let (countries, mut states): (Vec<_>, Vec<_>) =
            self.boundaries.ids(at).into_iter().partition(|code| !code.contains('-'));
        states.retain(|state| self.regions.iter().chain(&self.townless).any(|region| parts(region)[1] == *state));
        let mut within = Within { countries, states, areas: HashSet::new(), district: "" };
        let around =
            [(0.0, COAST), (0.0, -COAST), (COAST, 0.0), (-COAST, 0.0)].into_iter().filter_map(|(north, east)| {
                let east = east / gps.latitude.to_radians().cos().max(0.01);
                LatLon::new(gps.latitude + north, gps.longitude + east).ok()
            });
        for at in std::iter::once(at).chain(around) {
            for area in self.areas.ids(at) {
                let mut parts = area.splitn(3, '|');
                within.areas.extend(parts.by_ref().take(2).filter_map(|number| number.parse::<usize>().ok()));
                within.district = parts.next().unwrap_or(within.district);
            }
            if !within.areas.is_empty() {
                break;
            }
        }
        Some(within)
    }

    /// How many times further away a town seems for lying in another state or municipality.
    fn factor(&self, town: u32, within: &Within) -> f64 {
        let [country, state, _] = self.region(town);
        let is_other_state = !state.is_empty()
            && !within.states.contains(&state)
            && within.states.iter().any(|state| state.starts_with(country));
        let is_elsewhere = [is_other_state, self.is_in_other_area(town, within)];
        is_elsewhere.map(|is_elsewhere| if is_elsewhere { ELSEWHERE } else { 1.0 }).into_iter().product()
    }

    /// Whether a town has an outline, and the spot lies in another.
    fn is_in_other_area(&self, town: u32, within: &Within) -> bool {
        let area = number(&self.area, town);
        area != 0 && !within.areas.is_empty() && !within.areas.contains(&area)
    }

    /// The region that a spot lies in, if no town of the table does.
    fn townless_region(&self, within: &Within) -> Option<[&str; 3]> {
        self.townless.iter().map(|region| parts(region)).find(|[_, state, _]| within.states.contains(state))
    }

    /// The country's code, the region's and the region's names.
    fn region(&self, town: u32) -> [&str; 3] {
        parts(self.regions.get(number(&self.region, town)).map(String::as_str).unwrap_or_default())
    }

    /// The towns within [`NEAR_INLAND_KM`].
    fn near(&self, gps: Gps) -> Vec<Near> {
        let mut near = Vec::new();
        let row = (gps.latitude.floor() as i32 + 90).clamp(0, 179);
        let column = gps.longitude.floor() as i32 + 180;
        for row in (row - 2).max(0)..=(row + 2).min(179) {
            // Degrees of longitude are short near the poles.
            let widest = (row - 90).abs().max((row - 89).abs()).min(89);
            let width = NEAR_INLAND_KM / KM_PER_DEGREE / f64::from(widest).to_radians().cos();
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
                    if km <= NEAR_INLAND_KM {
                        let people = (number(&self.people, town) as f64 / 1000.0).exp2() - 1.0;
                        near.push(Near { town, cell, km, people, factor: 1.0 });
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

fn outlines(packed: impl Read) -> CountryBoundaries {
    CountryBoundaries::from_reader(packed).expect("the outlines are whole")
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
    use std::collections::BTreeSet;

    use super::*;

    const DISTRICTS: [(f64, f64, &str); 26] = [
        (40.758, -73.9855, "New York City|Manhattan|Times Square"),
        (40.7061, -74.0087, "New York City|Manhattan"),
        (40.8116, -73.9465, "New York City|Manhattan|Harlem"),
        (40.7081, -73.9571, "New York City|Brooklyn|Williamsburg"),
        (40.8296, -73.9262, "New York City|The Bronx"),
        (51.5007, -0.1246, "London|Westminster"),
        (51.5415, -0.1466, "London|Camden|Camden Town"),
        (51.5137, -0.1337, "London|Soho|Westminster"),
        (22.2946, 114.1684, "Hong Kong|Kowloon|Tsim Sha Tsui"),
        (38.6977, -9.2063, "Lisbon|Belém"),
        (38.7116, -9.13, "Lisbon|Alfama"),
        (40.9905, 29.0241, "Istanbul|Kadıköy"),
        (41.0369, 28.985, "Istanbul|Beyoğlu"),
        (41.403, 2.156, "Barcelona|Gràcia"),
        (48.8867, 2.3431, "Paris|Montmartre"),
        (52.499, 13.418, "Berlin|Kreuzberg"),
        (52.4811, 13.435, "Berlin|Neukölln"),
        (35.6595, 139.7005, "Tokyo|Shibuya"),
        (35.6938, 139.7034, "Tokyo|Shinjuku"),
        (35.7148, 139.7967, "Tokyo|Asakusa"),
        (41.889, 12.469, "Rome|Trastevere"),
        (59.315, 18.072, "Stockholm|Södermalm"),
        (19.35, -99.1624, "Mexico City|Coyoacán"),
        (-22.9711, -43.1822, "Rio de Janeiro|Copacabana"),
        (48.1845, 16.3122, "Vienna|Hietzing"),
        (38.7107, -9.1423, "Lisbon|Bairro Alto"),
    ];

    fn at(latitude: f64, longitude: f64) -> Option<Place> {
        place(Gps { latitude, longitude })
    }

    #[test]
    fn regions_have_local_names_and_those_of_today() {
        for (latitude, longitude, name) in [
            (48.5734, 7.7521, "Grand Est"),
            (45.764, 4.8357, "Auvergne-Rhône-Alpes"),
            (50.6292, 3.0573, "Hauts-de-France"),
            (43.6047, 1.4442, "Occitanie"),
            (44.8378, -0.5792, "Nouvelle-Aquitaine"),
            (49.4431, 1.0993, "Normandie"),
            (46.4983, 11.3548, "Südtirol"),
            (43.263, -2.935, "Euskadi"),
            (39.4699, -0.3763, "Comunitat Valenciana"),
            (40.9526, -4.1325, "Castilla y León"),
            (50.0614, 19.9366, "Małopolska"),
            (51.1079, 17.0385, "Dolnośląskie"),
            (51.0536, 3.7304, "Vlaanderen"),
            (37.0194, -7.9322, "Algarve"),
            (60.3913, 5.3221, "Vestland"),
            (49.1951, 16.6068, "Jihomoravský kraj"),
            (48.7758, 9.1829, "Baden-Württemberg"),
            (23.1291, 113.2644, "广东省"),
            (30.5728, 104.0668, "四川"),
            (38.9072, -77.0369, "DC"),
            (47.6205, -122.3493, "WA"),
        ] {
            let place = at(latitude, longitude).unwrap();
            assert!(place.names.iter().any(|known| known == name), "{name}: {place:?}");
        }
        let strasbourg = at(48.5734, 7.7521).unwrap();
        assert_eq!(
            (strasbourg.region.as_str(), strasbourg.names.contains(&"Lorraine".to_owned())),
            ("Grand Est", false)
        );
        // Each line is about a region that there is.
        let plain = with_more_names(Towns::read(facetag_places::TOWNS, facetag_places::AREAS).regions, "");
        for line in facetag_places::REGIONS.lines().filter(|line| !line.starts_with('#')) {
            let added = with_more_names(plain.clone(), line);
            let changed = added.iter().zip(&plain).filter(|(added, plain)| added != plain).count();
            // The names of a merged region stand there already.
            assert!(changed > 0 || line.contains("\t=") || line.contains("\t+"), "{line}");
        }
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
        // Of 335.
        assert!(wrong.len() <= 12, "{} wrong: {wrong:#?}", wrong.len());
    }

    /// A photo there is found by the names of the part of the city, small and large, as well as by that of the city.
    #[test]
    fn parts_of_cities_are_known_by_their_names() {
        let mut wrong = Vec::new();
        for (latitude, longitude, names) in DISTRICTS {
            let place = at(latitude, longitude).unwrap();
            let missing = |name: &&str| !place.names.iter().any(|known| known == name);
            wrong.extend(
                names.split('|').filter(missing).map(|name| format!("{name}: {}, {}", place.district, place.city)),
            );
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_town_in_another_country_is_not_meant_however_large_and_near() {
        for (latitude, longitude, city, code) in [
            (42.3149, -83.0364, "Windsor", "CA"),
            (41.9065, 12.4536, "Vatican City", "VA"),
            (47.4211, 10.9853, "Grainau", "DE"),
            (-17.9243, 25.8572, "Victoria Falls", "ZW"),
            (36.1408, -5.3536, "Gibraltar", "GI"),
            (43.7384, 7.4246, "Monaco", "MC"),
        ] {
            let place = at(latitude, longitude).unwrap();
            assert_eq!((&*place.city, &*place.country_code), (city, code));
        }
    }

    #[test]
    fn regions_have_their_codes() {
        let is_called = |place: &Place, name: &str| place.names.iter().any(|known| known == name);
        let chicago = at(41.8827, -87.6233).unwrap();
        assert!(["Illinois", "US-IL", "IL", "US"].iter().all(|name| is_called(&chicago, name)), "{:?}", chicago.names);
        let seattle = at(47.6205, -122.3493).unwrap();
        assert!(["Washington", "US-WA", "WA"].iter().all(|name| is_called(&seattle, name)), "{:?}", seattle.names);
        let hangzhou = at(30.2500, 120.1500).unwrap();
        assert!(["Zhejiang", "浙江", "浙江省"].iter().all(|name| is_called(&hangzhou, name)), "{:?}", hangzhou.names);
        let munich = at(48.1374, 11.5755).unwrap();
        assert!(["Bavaria", "Bayern", "DE-BY", "DE"].iter().all(|name| is_called(&munich, name)), "{:?}", munich.names);
        assert!(!is_called(&munich, "BY"), "that is Belarus");
        // Whatever the country is called for short in another language: "RU" is Russia.
        let london = at(51.5007, -0.1246).unwrap();
        let short: BTreeSet<&str> = london.names.iter().map(String::as_str).filter(|name| name.len() < 3).collect();
        assert_eq!(short, ["GB", "UK"].into());
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
