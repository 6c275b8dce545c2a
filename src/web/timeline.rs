//! Months of photos: what a page shows of them, and on which page each begins.

use crate::catalog::{Seen, Sighting, YearMonth};

/// A month of a year, 0 where only the year is known; `None` for what has no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Month(pub Option<YearMonth>);

impl Month {
    fn of(sighting: &Sighting) -> Self {
        let number = |at: std::ops::Range<usize>| sighting.taken.as_deref()?.get(at)?.parse::<i16>().ok();
        let month = number(5..7).and_then(|month| i8::try_from(month).ok()).filter(|month| (1..=12).contains(month));
        Self(number(0..4).map(|year| (year, month.unwrap_or(0))))
    }

    /// As it stands in an address.
    pub fn key(self) -> String {
        self.0.map_or_else(|| "undated".to_owned(), |(year, month)| format!("{year}-{month:02}"))
    }

    /// Sightings by month, in the order in which they come.
    pub fn split(sightings: impl Iterator<Item = Sighting>) -> Vec<(Self, Vec<Sighting>)> {
        let mut months: Vec<(Self, Vec<Sighting>)> = Vec::new();
        for sighting in sightings {
            let month = Self::of(&sighting);
            match months.last_mut() {
                Some((last, sightings)) if *last == month => sightings.push(sighting),
                _ => months.push((month, vec![sighting])),
            }
        }
        months
    }
}

/// All months in which there is something, by year.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Timeline {
    pub years: Vec<Year>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Year {
    /// `None` for what has no date.
    pub year: Option<i16>,
    pub months: Vec<Jump>,
}

/// The way to a month.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Jump {
    pub month: Month,
    pub count: usize,
    /// The page on which it begins, from 1 on.
    pub page: usize,
}

impl Timeline {
    /// Of faces or photos in the order in which they are shown, so many on a page.
    pub fn of(seen: &[Seen], page: usize) -> Self {
        let mut years: Vec<Year> = Vec::new();
        for (index, seen) in seen.iter().enumerate() {
            let month = Month(seen.month);
            let year = month.0.map(|(year, _)| year);
            if years.last().is_none_or(|last| last.year != year) {
                years.push(Year { year, months: Vec::new() });
            }
            let months = &mut years.last_mut().expect("one was just pushed").months;
            match months.last_mut() {
                Some(jump) if jump.month == month => jump.count += 1,
                _ => months.push(Jump { month, count: 1, page: index / page + 1 }),
            }
        }
        Self { years }
    }

    /// How many there are of a month, on all pages.
    pub fn count(&self, month: &Month) -> usize {
        let months = self.years.iter().flat_map(|year| &year.months);
        months.filter(|jump| jump.month == *month).map(|jump| jump.count).sum()
    }

    pub fn has_several(&self) -> bool {
        self.years.iter().map(|year| year.months.len()).sum::<usize>() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{FaceId, PhotoId};

    fn sighting(taken: Option<&str>) -> Sighting {
        Sighting {
            face: FaceId(1),
            photo: PhotoId(1),
            taken: taken.map(str::to_owned),
            width: 4,
            height: 3,
            state: None,
        }
    }

    #[test]
    fn each_month_is_found_on_the_page_where_it_begins() {
        let taken =
            ["2024-07-03T18:00:00", "2024-07-01T10:00:00", "2024-02-29T10:00:00", "2019-12-31T23:59:59", "2019"];
        let mut sightings: Vec<Sighting> = taken.map(|taken| sighting(Some(taken))).into();
        sightings.push(sighting(None));
        let seen: Vec<Seen> = sightings
            .iter()
            .map(|sighting| Seen {
                face: sighting.face,
                photo: sighting.photo,
                is_auto: false,
                month: Month::of(sighting).0,
            })
            .collect();
        let timeline = Timeline::of(&seen, 2);
        let jumps = timeline.years.iter().flat_map(|year| &year.months);
        let jumps: Vec<_> = jumps.map(|jump| (jump.month.key(), jump.count, jump.page)).collect();
        let expected = [("2024-07", 2, 1), ("2024-02", 1, 2), ("2019-12", 1, 2), ("2019-00", 1, 3), ("undated", 1, 3)];
        assert_eq!(jumps, expected.map(|(key, count, page)| (key.to_owned(), count, page)));
        assert_eq!(timeline.years.iter().map(|year| year.year).collect::<Vec<_>>(), [Some(2024), Some(2019), None]);
        let split = Month::split(sightings.into_iter());
        assert_eq!(split.iter().map(|(_, sightings)| sightings.len()).collect::<Vec<_>>(), [2, 1, 1, 1, 1]);
    }
}
