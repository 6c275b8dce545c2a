//! The order of all photos in memory, about 50 bytes each: in a large library it takes seconds to read them in order, and every page of
//! the web needs a part of that order. A search is then a set of places in it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::engine::Value;
use super::photos::{HERE, ONLINE, below};
use super::search::READABLE;
use super::sightings::Spot;
use super::text::path_value;
use super::{Catalog, CatalogError, FaceId, PhotoId, Result, ResultPosition};
use crate::metadata::Place;

/// No place in the order: no file of the photo can be read now.
const NOWHERE: u32 = u32::MAX;

/// The moment of photos without a date: after all others.
const UNDATED: u32 = u32::MAX;

/// Photos in more folders than these are not counted for each.
const FOLDERS: usize = 200;

/// Year, and month from 1 on; 0 where only the year is known.
pub type YearMonth = (i16, i8);

/// All photos in the order in which [`Catalog::find`] lists them.
#[derive(Debug, Default, PartialEq)]
pub struct Listing {
    /// Those with a file that can be read now, the oldest first, those without a date last; all photos of a shot.
    order: Vec<PhotoId>,
    /// By number of the photo.
    photos: Vec<Known>,
    /// By place in `order`: where in the world the photo was taken, as [`Known::place`] has it, side by side to be gone through quickly.
    places: Vec<u32>,
    /// The places in `order` of the photos that are not a shot of their own.
    of_shots: Bits,
    /// The months of all dates. A moment is a place in it: photos of one moment have the same date.
    months: Vec<Option<YearMonth>>,
    /// Where in `order` another month begins, and which.
    turns: Vec<(u32, Option<YearMonth>)>,
    /// The places in `order` of what is listed if nothing is asked for.
    all: Vec<u32>,
    /// The folders that were scanned on this machine.
    folders: Vec<Folder>,
    /// Some photo has more than one file that can be read.
    has_copies: bool,
}

/// What is known of a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Known {
    /// Its place in the order, or [`NOWHERE`].
    rank: u32,
    /// Or [`UNDATED`].
    moment: u32,
    /// 0 for none.
    place: u32,
    /// The number of the photo that stands for all of its shot; 0 for one that is a shot of its own.
    shot: u32,
    /// Latitude and longitude in degrees.
    spot: Option<[f32; 2]>,
    /// Width by height in thousandths.
    shape: u16,
    /// It is or was in a file.
    has_file: bool,
}

const UNKNOWN: Known =
    Known { rank: NOWHERE, moment: UNDATED, place: 0, shot: 0, spot: None, shape: 1000, has_file: false };

#[derive(Debug, PartialEq)]
struct Folder {
    path: PathBuf,
    /// Photos in it, missing ones too.
    photos: u64,
    /// Those that can be read.
    readable: Bits,
}

/// A set of small numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    fn with(numbers: usize) -> Self {
        Self(vec![0; numbers.div_ceil(64)])
    }

    /// Of numbers below `end`.
    fn of(end: usize, numbers: impl Iterator<Item = u32>) -> Self {
        let mut bits = Self::with(end);
        for number in numbers {
            bits.add(number);
        }
        bits
    }

    /// All from `first` to before `last`, of numbers below `end`.
    fn between(first: usize, last: usize, end: usize) -> Self {
        let mut bits = Self::with(end);
        for (start, word) in (0..last).step_by(64).zip(&mut bits.0) {
            let below = |number: usize| match number.saturating_sub(start) {
                0 => 0,
                count => u64::MAX >> 64usize.saturating_sub(count),
            };
            *word = below(last) & !below(first);
        }
        bits
    }

    /// Returns whether it is new.
    fn add(&mut self, number: u32) -> bool {
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }

    fn has(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    /// From the lowest on.
    fn iter(&self) -> impl Iterator<Item = u32> {
        (0u32..).step_by(64).zip(&self.0).flat_map(|(first, &word)| {
            std::iter::successors((word != 0).then_some(word), |word| Some(word & (word - 1)).filter(|&word| word != 0))
                .map(move |word| first + word.trailing_zeros())
        })
    }

    pub fn keep(&mut self, others: &Self) {
        self.0.truncate(others.0.len());
        self.0.iter_mut().zip(&others.0).for_each(|(word, other)| *word &= other);
    }

    pub fn drop(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(word, other)| *word &= !other);
    }
}

/// The photos that fit a query, in order.
#[derive(Debug)]
pub struct Found<'a> {
    listing: &'a Listing,
    ranks: Cow<'a, [u32]>,
}

/// A face of somebody, in order of time; see [`Listing::by_date`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub face: FaceId,
    pub photo: PhotoId,
    /// It was tagged automatically.
    pub is_auto: bool,
    pub month: Option<YearMonth>,
}

impl Catalog {
    /// A number that changes whenever [`Catalog::listing`] does.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photos_version(&self) -> Result<i64> {
        Ok(self.connection.query_row("SELECT version FROM photos_version", [], |row| row.get(0))?)
    }

    /// All photos in order.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn listing(&self) -> Result<Listing> {
        let mut listing = Listing::default();
        self.moments(&mut listing)?;
        let mut of_shots = Vec::new();
        let sql = "SELECT id, place_id, latitude, longitude, width, height, shot_of FROM photos";
        self.connection.each_row::<CatalogError>(sql, [], |row| {
            let known = listing.known_mut(row.get(0)?);
            known.place = row.get::<Option<i64>>(1)?.and_then(|place| u32::try_from(place).ok()).unwrap_or(0);
            let spot = row.get::<Option<f64>>(2)?.zip(row.get::<Option<f64>>(3)?);
            known.spot = spot.map(|(latitude, longitude)| [latitude as f32, longitude as f32]);
            let (width, height): (i64, i64) = (row.get(4)?, row.get(5)?);
            known.shape = (width.max(1) * 1000 / height.max(1)).clamp(1, i64::from(u16::MAX)) as u16;
            if let Some(shot) = row.get::<Option<PhotoId>>(6)? {
                of_shots.push((row.get::<PhotoId>(0)?, shot));
            }
            Ok(())
        })?;
        for (photo, shot) in of_shots {
            for photo in [photo, shot] {
                listing.known_mut(photo).shot = shot.0 as u32;
            }
        }
        self.places_in_files(&mut listing)?;
        let everything = (0..listing.order.len() as u32).collect();
        listing.all = listing.without_doubles(everything);
        Ok(listing)
    }

    /// When each photo was taken.
    fn moments(&self, listing: &mut Listing) -> Result<()> {
        // From the index alone, in its order.
        let sql = "SELECT id, taken FROM photos WHERE taken IS NOT NULL ORDER BY taken";
        let mut before = String::new();
        self.connection.each_row(sql, [], |row| {
            let taken: String = row.get(1)?;
            if taken != before || listing.months.is_empty() {
                listing.months.push(year_month(&taken));
                before = taken;
            }
            let moment = listing.months.len() as u32 - 1;
            listing.known_mut(row.get(0)?).moment = moment;
            Ok(())
        })
    }

    /// The order of photos by moment and path, and which of them are in which folder.
    fn places_in_files(&self, listing: &mut Listing) -> Result<()> {
        let roots = self.roots()?;
        listing.folders = roots
            .iter()
            .take(FOLDERS)
            .map(|root| Folder { path: root.path.clone(), photos: 0, readable: Bits::default() })
            .collect();
        let mut values = Vec::new();
        let cases: String = listing
            .folders
            .iter()
            .enumerate()
            .map(|(number, folder)| {
                values.extend(under(&folder.path));
                format!(" WHEN {IN_FOLDER} THEN {number}")
            })
            .collect();
        let folder =
            if cases.is_empty() { "-1".to_owned() } else { format!("CASE WHEN NOT {HERE} THEN -1{cases} ELSE -1 END") };
        let sql = format!(
            "SELECT photo_id, {READABLE} AND {ONLINE}, {folder} FROM files WHERE photo_id IS NOT NULL ORDER BY path"
        );
        let mut counted: Vec<Bits> = listing.folders.iter().map(|_| Bits::with(listing.photos.len())).collect();
        let mut readable = Vec::new();
        let mut keys: Vec<(u32, u32, PhotoId)> = Vec::new();
        self.connection.each_row::<CatalogError>(&sql, values.as_slice(), |row| {
            let (photo, is_readable, folder): (PhotoId, bool, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let folder = usize::try_from(folder).ok();
            if let Some(folder) = folder
                && counted[folder].add(photo.0 as u32)
            {
                listing.folders[folder].photos += 1;
            }
            let known = listing.known_mut(photo);
            known.has_file = true;
            if !is_readable {
                return Ok(());
            }
            readable.extend(folder.map(|folder| (folder, photo)));
            if known.rank == NOWHERE {
                // For now the place of its first path.
                known.rank = keys.len() as u32;
                keys.push((known.moment, known.rank, photo));
            } else {
                listing.has_copies = true;
            }
            Ok(())
        })?;
        keys.sort_unstable();
        listing.order = keys.into_iter().map(|(_, _, photo)| photo).collect();
        for (rank, &photo) in (0u32..).zip(&listing.order) {
            let known = &mut listing.photos[photo.0 as usize];
            known.rank = rank;
            listing.places.push(known.place);
            if known.shot != 0 {
                listing.of_shots.add(rank);
            }
            let month = listing.months.get(known.moment as usize).copied().flatten();
            if listing.turns.last().is_none_or(|(_, before)| *before != month) {
                listing.turns.push((rank, month));
            }
        }
        for (folder, photo) in readable {
            listing.folders[folder].readable.add(listing.photos[photo.0 as usize].rank);
        }
        Ok(())
    }

    /// The places of the photos that a statement lists.
    pub(super) fn ranks(&self, listing: &Listing, sql: &str, values: &[Value]) -> Result<Bits> {
        let mut bits = Bits::with(listing.order.len());
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            let rank = listing.known(row.get(0)?).rank;
            if rank != NOWHERE {
                bits.add(rank);
            }
        }
        Ok(bits)
    }

    /// Where photos of somebody were taken most often, and in how many.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn places_among(&self, listing: &Listing, seen: &[Seen], limit: usize) -> Result<Vec<(Place, u64)>> {
        let places = self.all_places()?;
        // Towns have districts: one of the places stands for all of its town.
        let mut towns: HashMap<(&str, &str, &str), u32> = HashMap::new();
        let mut town = Vec::new();
        for (&id, place) in &places {
            *entry(&mut town, id) = *towns.entry((&place.city, &place.region, &place.country_code)).or_insert(id);
        }
        let of = |seen: &Seen| town.get(listing.known(seen.photo).place as usize).copied().filter(|&town| town > 0);
        let counts = listing.count(seen.iter().filter_map(|seen| Some((of(seen)?, seen.photo))));
        let counts = counts.filter_map(|(id, photos)| Some((places.get(&id)?, photos)));
        let mut counts: Vec<(&Place, u64)> = counts.collect();
        counts.sort_by(|(a, less), (b, more)| {
            more.cmp(less).then_with(|| a.city.cmp(&b.city)).then_with(|| a.region.cmp(&b.region))
        });
        Ok(counts.into_iter().take(limit).map(|(place, photos)| (place.clone(), photos)).collect())
    }

    /// Where on the globe somebody is seen, the place with most photos first.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn spots_among(&self, listing: &Listing, seen: &[Seen], limit: usize) -> Result<Vec<Spot>> {
        let places = self.all_places()?;
        let known = |seen: &Seen| {
            let known = listing.known(seen.photo);
            known.spot.map(|spot| (known.place, spot))
        };
        let mut sums: Vec<(f64, f64, f64)> = Vec::new();
        for (place, [latitude, longitude]) in seen.iter().filter_map(known) {
            let sum = entry(&mut sums, place);
            *sum = (sum.0 + f64::from(latitude), sum.1 + f64::from(longitude), sum.2 + 1.0);
        }
        let counts = listing.count(seen.iter().filter_map(|seen| Some((known(seen)?.0, seen.photo))));
        let mut spots: Vec<(u32, Spot)> = counts
            .filter_map(|(place, photos)| {
                let (latitude, longitude, faces) = sums[place as usize];
                let city = places.get(&place)?.city.clone();
                Some((place, Spot { latitude: latitude / faces, longitude: longitude / faces, city, photos }))
            })
            .collect();
        spots.sort_by(|(a, one), (b, other)| {
            other.photos.cmp(&one.photos).then_with(|| one.city.cmp(&other.city)).then(a.cmp(b))
        });
        spots.truncate(limit);
        Ok(spots.into_iter().map(|(_, spot)| spot).collect())
    }

    fn all_places(&self) -> Result<HashMap<u32, Place>> {
        let sql = "SELECT id, city, region, country, country_code FROM places ORDER BY id DESC";
        Ok(self.connection.query_all(sql, [], |row| {
            let place = Place {
                city: row.get(1)?,
                region: row.get(2)?,
                country: row.get(3)?,
                country_code: row.get(4)?,
                ..Place::default()
            };
            Ok((row.get::<i64>(0)? as u32, place))
        })?)
    }
}

/// SQL: a file lies below a folder, with values of [`under`].
const IN_FOLDER: &str =
    "(path = ? OR (path >= ? AND path < ?) OR (path >= CAST(? AS BLOB) AND path < CAST(? AS BLOB)))";

fn under(folder: &Path) -> [Value; 5] {
    let (first, end) = below(folder);
    [folder, &first, &end, &first, &end].map(path_value)
}

/// What a list has for a number; it grows where it is too short. A map would take most of the time that counting takes.
pub(super) fn entry<T: Clone + Default>(list: &mut Vec<T>, number: u32) -> &mut T {
    let number = number as usize;
    if number >= list.len() {
        list.resize(number + 1, T::default());
    }
    &mut list[number]
}

/// Of a date as the library keeps it.
fn year_month(taken: &str) -> Option<YearMonth> {
    let year = taken.get(..4)?.parse().ok()?;
    let month = taken.get(5..7).and_then(|month| month.parse().ok()).filter(|month| (1..=12).contains(month));
    Some((year, month.unwrap_or(0)))
}

impl Listing {
    fn known(&self, photo: PhotoId) -> &Known {
        usize::try_from(photo.0).ok().and_then(|number| self.photos.get(number)).unwrap_or(&UNKNOWN)
    }

    fn known_mut(&mut self, photo: PhotoId) -> &mut Known {
        let number = photo.0 as usize;
        if number >= self.photos.len() {
            self.photos.resize(number + 1, UNKNOWN);
        }
        &mut self.photos[number]
    }

    /// The photo that stands for a photo: most often itself.
    pub fn shot(&self, photo: PhotoId) -> PhotoId {
        match self.known(photo).shot {
            0 => photo,
            shot => PhotoId(shot.into()),
        }
    }

    /// Whether a photo is a shot of its own.
    pub fn is_alone(&self, photo: PhotoId) -> bool {
        self.known(photo).shot == 0
    }

    /// The places of photos that can be read.
    pub(super) fn places_of(&self, photos: impl IntoIterator<Item = PhotoId>) -> Bits {
        Bits::of(self.order.len(), self.ranks_of(photos.into_iter()))
    }

    fn ranks_of(&self, photos: impl Iterator<Item = PhotoId>) -> impl Iterator<Item = u32> {
        photos.map(|photo| self.known(photo).rank).filter(|&rank| rank != NOWHERE)
    }

    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Everything that is listed.
    pub fn all(&self) -> Found<'_> {
        Found { listing: self, ranks: Cow::Borrowed(&self.all) }
    }

    /// How many photos are in a folder that was scanned on this machine, missing ones too; `None` if it is not known here.
    pub fn photos_in(&self, root: &Path) -> Option<u64> {
        self.folders.iter().find(|folder| folder.path == root).map(|folder| folder.photos)
    }

    /// The places of what can be read in a folder; `None` if it must be asked elsewhere: its photos may have another path outside of it.
    pub(super) fn ranks_in(&self, root: &Path) -> Option<&Bits> {
        let folder = self.folders.iter().find(|folder| folder.path == root)?;
        (!self.has_copies).then_some(&folder.readable)
    }

    /// The places of photos with a moment from `first` to before `end`.
    pub(super) fn between(&self, first: u32, end: u32) -> Bits {
        self.places(self.first_of(first), self.first_of(end))
    }

    /// The places of photos without a date.
    pub(super) fn undated(&self) -> Bits {
        self.places(self.first_of(UNDATED), self.order.len())
    }

    /// All places.
    pub(super) fn everything(&self) -> Bits {
        self.places(0, self.order.len())
    }

    fn places(&self, first: usize, end: usize) -> Bits {
        Bits::between(first, end, self.order.len())
    }

    /// The first place of a moment or of a later one.
    fn first_of(&self, moment: u32) -> usize {
        self.order.partition_point(|&photo| self.known(photo).moment < moment)
    }

    /// The moment of a photo.
    pub(super) fn moment(&self, photo: PhotoId) -> u32 {
        self.known(photo).moment
    }

    /// How many moments there are.
    pub(super) fn moments(&self) -> u32 {
        self.months.len() as u32
    }

    /// The places of those of `ranks` of whose photo something holds.
    pub(super) fn those(&self, ranks: &Bits, holds: impl Fn(PhotoId) -> bool) -> Bits {
        Bits::of(self.order.len(), ranks.iter().filter(|&rank| holds(self.order[rank as usize])))
    }

    /// The places of those of `ranks` that were taken in some places of the world.
    pub(super) fn those_in(&self, ranks: &Bits, places: &[i64]) -> Bits {
        let places = Bits::of(0, places.iter().filter_map(|&place| u32::try_from(place).ok()));
        let is_there = |&rank: &u32| {
            let place = self.places[rank as usize];
            place != 0 && places.has(place)
        };
        Bits::of(self.order.len(), ranks.iter().filter(is_there))
    }

    /// What is found at places.
    pub(super) fn found(&self, ranks: &Bits) -> Found<'_> {
        Found { listing: self, ranks: self.without_doubles(ranks.iter().collect()).into() }
    }

    /// Those that were found otherwise, in their order.
    pub(super) fn found_so(&self, photos: impl Iterator<Item = PhotoId>) -> Found<'_> {
        Found { listing: self, ranks: self.ranks_of(photos).collect() }
    }

    /// Of the photos of each shot the one that stands for the others is listed where it is among them, otherwise the first.
    fn without_doubles(&self, mut ranks: Vec<u32>) -> Vec<u32> {
        if self.of_shots.0.is_empty() {
            return ranks;
        }
        let all = Bits::of(self.order.len(), ranks.iter().copied());
        let mut listed = std::collections::HashSet::new();
        ranks.retain(|&rank| {
            if !self.of_shots.has(rank) {
                return true;
            }
            let photo = self.order[rank as usize];
            let shot = self.shot(photo);
            let stands = self.known(shot).rank;
            shot == photo || !(stands != NOWHERE && all.has(stands)) && listed.insert(shot)
        });
        ranks
    }

    /// Of small keys with photos: in how many photos each is. Photos of one shot count once, and a photo that comes several times in
    /// succession.
    fn count(&self, photos: impl Iterator<Item = (u32, PhotoId)>) -> impl Iterator<Item = (u32, u64)> {
        let mut counts: Vec<u64> = Vec::new();
        let mut count = |key: u32| *entry(&mut counts, key) += 1;
        let (mut of_shots, mut before) = (Vec::new(), None);
        for (key, photo) in photos {
            if !self.is_alone(photo) {
                of_shots.push((key, self.shot(photo)));
            } else if before.replace((key, photo)) != Some((key, photo)) {
                count(key);
            }
        }
        of_shots.sort_unstable();
        of_shots.dedup();
        of_shots.into_iter().for_each(|(key, _)| count(key));
        (0u32..).zip(counts).filter(|&(_, count)| count > 0)
    }

    /// Whether a photo is, or was, in a file: otherwise it was removed, and nobody in it is seen.
    pub fn has_file(&self, photo: PhotoId) -> bool {
        self.known(photo).has_file
    }

    /// Faces by the date of their photos, the newest first, those without a date last.
    pub(super) fn by_date(&self, faces: Vec<(FaceId, PhotoId, bool)>) -> Vec<Seen> {
        let mut keys: Vec<(u32, PhotoId, FaceId, bool)> = faces
            .into_iter()
            .filter(|&(_, photo, _)| self.has_file(photo))
            // From the last moment to the first; undated ones stay behind all.
            .map(|(face, photo, is_auto)| match self.known(photo).moment {
                UNDATED => (UNDATED, photo, face, is_auto),
                moment => (self.moments() - 1 - moment, photo, face, is_auto),
            })
            .collect();
        keys.sort_unstable();
        let month = |photo| self.months.get(self.known(photo).moment as usize).copied().flatten();
        keys.into_iter().map(|(_, photo, face, is_auto)| Seen { face, photo, is_auto, month: month(photo) }).collect()
    }
}

impl Found<'_> {
    pub fn len(&self) -> usize {
        self.ranks.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ranks.is_empty()
    }

    /// Those after the first `skip`, at most `take`.
    pub fn some(&self, skip: usize, take: usize) -> impl Iterator<Item = PhotoId> {
        self.ranks.iter().skip(skip).take(take).map(|&rank| self.listing.order[rank as usize])
    }

    /// Where a photo is among them; `None` where it is none of them.
    pub fn position(&self, photo: PhotoId) -> Option<ResultPosition> {
        let rank = self.listing.known(photo).rank;
        let index = self.ranks.iter().position(|&other| other == rank && rank != NOWHERE)?;
        let at = |index: usize| self.ranks.get(index).map(|&rank| self.listing.order[rank as usize]);
        Some(ResultPosition {
            number: index + 1,
            total: self.len(),
            before: index.checked_sub(1).and_then(at),
            after: at(index + 1),
        })
    }

    /// How many of them are of each month, in order; of those without a date nothing is said.
    pub fn months(&self) -> BTreeMap<YearMonth, usize> {
        let mut months = BTreeMap::new();
        let mut left = &*self.ranks;
        for (index, &(_, month)) in self.listing.turns.iter().enumerate() {
            let end = self.listing.turns.get(index + 1).map_or(NOWHERE, |&(next, _)| next);
            // Only photos of one moment may be in another order than their places.
            let (here, rest) = left.split_at(left.partition_point(|&rank| rank < end));
            left = rest;
            if let Some(month) = month.filter(|_| !here.is_empty()) {
                *months.entry(month).or_default() += here.len();
            }
        }
        months
    }

    /// Width by height of each in thousandths.
    pub fn shapes(&self) -> impl Iterator<Item = u16> {
        self.ranks.iter().map(|&rank| self.listing.known(self.listing.order[rank as usize]).shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_its_numbers_in_order() {
        let mut bits = Bits::with(10);
        assert_eq!([64, 3, 200, 3, 63].map(|number| bits.add(number)), [true, true, true, false, true]);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [3, 63, 64, 200]);
        let mut few = Bits::of(0, [3, 64, 5].into_iter());
        few.keep(&bits);
        assert_eq!(few.iter().collect::<Vec<_>>(), [3, 64]);
        bits.drop(&few);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [63, 200]);
        for (first, last) in [(0, 0), (0, 64), (3, 64), (63, 65), (70, 128), (5, 9), (100, 130), (0, 130)] {
            let bits = Bits::between(first, last, 130);
            assert_eq!(bits, Bits::of(130, first as u32..last as u32), "{first} to {last}");
        }
    }
}
