use std::fmt;

use exif::{Exif, Tag};
use jiff::civil::DateTime;

use super::text;

/// The moment a photo was taken, as the clock on the wall showed it there.
///
/// Displays in the form of RFC 3339, without an offset where none is known: `2024-07-03T18:22:10+01:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Date and time on the spot.
    pub local: DateTime,
    /// How far the spot's time is ahead of UTC, in minutes, if the camera knew.
    pub offset_minutes: Option<i32>,
}

/// The times a photo may have and their offsets, the most telling first: `DateTimeOriginal` (0x9003, 0x9011),
/// `DateTimeDigitized` (0x9004, 0x9012), and the file's last change by a camera or program, `DateTime` (0x0132,
/// 0x9010).
const TIMES: [(Tag, Tag); 3] = [
    (Tag::DateTimeOriginal, Tag::OffsetTimeOriginal),
    (Tag::DateTimeDigitized, Tag::OffsetTimeDigitized),
    (Tag::DateTime, Tag::OffsetTime),
];

impl Taken {
    pub(super) fn of(exif: &Exif) -> Option<Self> {
        TIMES.into_iter().find_map(|(time, offset)| {
            let local = local(&text(exif, time)?)?;
            let offset_minutes = text(exif, offset).and_then(|text| offset_minutes(&text));
            Some(Self { local, offset_minutes })
        })
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.local.strftime("%Y-%m-%dT%H:%M:%S"))?;
        let Some(minutes) = self.offset_minutes else {
            return Ok(());
        };
        let sign = if minutes < 0 { '-' } else { '+' };
        let minutes = minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// Reads "2024:07:03 18:22:10" and what programs made of it: any signs between the numbers, blanks where a zero should
/// be, and anything after.
fn local(text: &str) -> Option<DateTime> {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
    let mut numbers = numbers.map(str::parse);
    let mut next = || numbers.next()?.ok();
    let [year, month, day, hour, minute, second] = [next()?, next()?, next()?, next()?, next()?, next()?];
    let small = |number: i16| i8::try_from(number).ok();
    // The year 0, and 1 to 1825, before the first photograph, come from cameras whose clock was never set.
    if year < 1826 {
        return None;
    }
    DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0).ok()
}

/// Reads "+01:00", "-0330" and "Z". The clocks on Earth are from 12 hours behind to 14 hours ahead of UTC.
fn offset_minutes(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    let offset = sign * (i32::from(hours) * 60 + i32::from(minutes));
    (minutes < 60 && (-12 * 60..=14 * 60).contains(&offset)).then_some(offset)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn times_are_read_as_programs_write_them() {
        let evening = date(2024, 7, 3).at(18, 22, 10, 0);
        for text in
            ["2024:07:03 18:22:10", "2024-07-03T18:22:10", "2024/07/03 18:22:10.250", "2024: 7: 3 18:22:10+01:00"]
        {
            assert_eq!(local(text), Some(evening), "{text}");
        }
    }

    #[test]
    fn times_that_never_were_are_none() {
        for text in [
            "0000:00:00 00:00:00",
            "    :  :     :  :  ",
            "0001:01:01 00:00:00",
            "2023:02:29 12:00:00",
            "2024:07:03 24:22:10",
            "2024:07:03",
            "99999:07:03 18:22:10",
            "yesterday",
        ] {
            assert_eq!(local(text), None, "{text}");
        }
    }

    #[test]
    fn offsets_are_minutes_ahead_of_utc() {
        assert_eq!(offset_minutes("+05:45"), Some(345));
        assert_eq!(offset_minutes("-0330"), Some(-210));
        assert_eq!(offset_minutes("Z"), Some(0));
        for text in ["", "05:45", "+15:00", "-13:00", "+01:60", "+1", "+é:00", "   :  "] {
            assert_eq!(offset_minutes(text), None, "{text}");
        }
    }

    #[test]
    fn the_sign_of_a_short_offset_is_shown() {
        let local = date(1999, 12, 31).at(23, 59, 59, 0);
        let newfoundland = Taken { local, offset_minutes: Some(-30) };
        assert_eq!(newfoundland.to_string(), "1999-12-31T23:59:59-00:30");
    }
}
