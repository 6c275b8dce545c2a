//! When a photo was taken: by its EXIF or XMP, or by what its file and folders are called.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use exif::{Exif, Tag};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::text;

/// When a photo was taken, as the clock on the wall showed it there.
///
/// Displays in the form of RFC 3339, without an offset where none is known, and as far as it is known:
/// `2024-07-03T18:22:10+01:00`, `1955-06`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Date and time on the spot.
    pub when: When,
    /// How far the spot's time is ahead of UTC, in minutes, if that is known.
    pub offset_minutes: Option<i32>,
    pub source: DateSource,
}

/// A date as far as it is known. Displays as `1955`, `1955-06`, `1955-06-03` or `1955-06-03T18:22:10`, with fractions of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum When {
    Year(i16),
    Month(i16, i8),
    Day(Date),
    Time(DateTime),
}

/// Where a date is from, the most reliable first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateSource {
    /// The user said so.
    Decided,
    /// EXIF `DateTimeOriginal` or `DateTimeDigitized`.
    Exif,
    Xmp,
    /// The JSON that Google Takeout puts beside a photo.
    Takeout,
    FileName,
    /// EXIF `DateTime`: the last change by a camera or program.
    Changed,
    FolderName,
}

/// The times a photo may have, their fractions and their offsets, the most telling first.
const TIMES: [(Tag, Tag, Tag); 2] = [
    (Tag::DateTimeOriginal, Tag::SubSecTimeOriginal, Tag::OffsetTimeOriginal),
    (Tag::DateTimeDigitized, Tag::SubSecTimeDigitized, Tag::OffsetTimeDigitized),
];

/// XMP's, likewise.
const PROPERTIES: [&str; 3] = ["exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate"];

/// Years before the first photograph come from cameras whose clock was never set.
const FIRST_YEAR: i16 = 1826;
const LAST_YEAR: i16 = 2200;

const MONTHS: [&[&str]; 12] = [
    &["january", "januar", "janvier", "enero", "gennaio", "janeiro", "jan"],
    &["february", "februar", "février", "febrero", "febbraio", "fevereiro", "feb"],
    &["march", "märz", "mars", "marzo", "março", "mar"],
    &["april", "avril", "abril", "aprile", "apr"],
    &["may", "mai", "mayo", "maggio", "maio"],
    &["june", "juni", "juin", "junio", "giugno", "junho", "jun"],
    &["july", "juli", "juillet", "julio", "luglio", "julho", "jul"],
    &["august", "août", "agosto", "aug"],
    &["september", "septembre", "septiembre", "settembre", "setembro", "sep", "sept"],
    &["october", "oktober", "octobre", "octubre", "ottobre", "outubro", "oct", "okt"],
    &["november", "novembre", "noviembre", "novembro", "nov"],
    &["december", "dezember", "décembre", "diciembre", "dicembre", "dezembro", "dec", "dez"],
];

impl DateSource {
    pub const ALL: [Self; 7] =
        [Self::Decided, Self::Exif, Self::Xmp, Self::Takeout, Self::FileName, Self::Changed, Self::FolderName];

    /// As the library keeps it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Exif => "exif",
            Self::Xmp => "xmp",
            Self::Takeout => "takeout",
            Self::FileName => "file-name",
            Self::Changed => "changed",
            Self::FolderName => "folder-name",
        }
    }

    /// In English, behind a date.
    pub fn words(self) -> &'static str {
        match self {
            Self::Decided => "as you said",
            Self::Exif => "as its EXIF data says",
            Self::Xmp => "as its XMP data says",
            Self::Takeout => "as Google Takeout says",
            Self::FileName => "as its file name says",
            Self::Changed => "or changed then: its EXIF data says no more",
            Self::FolderName => "as the name of its folder says",
        }
    }

    /// In English, in a list.
    pub fn label(self) -> &'static str {
        match self {
            Self::Decided => "you",
            Self::Exif => "EXIF",
            Self::Xmp => "XMP",
            Self::Takeout => "Takeout",
            Self::FileName => "file name",
            Self::Changed => "EXIF, changed",
            Self::FolderName => "folder name",
        }
    }

    pub fn called(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

impl Taken {
    /// The time at which EXIF says that the photo was taken or digitized.
    pub(super) fn of_exif(exif: &Exif) -> Option<Self> {
        TIMES
            .into_iter()
            .find_map(|(time, fraction, offset)| Self::of_tags(exif, time, fraction, offset, DateSource::Exif))
    }

    /// The time at which EXIF says that the file was changed.
    pub(super) fn changed(exif: &Exif) -> Option<Self> {
        Self::of_tags(exif, Tag::DateTime, Tag::SubSecTime, Tag::OffsetTime, DateSource::Changed)
    }

    fn of_tags(exif: &Exif, time: Tag, fraction: Tag, offset: Tag, source: DateSource) -> Option<Self> {
        // Some programs write all of it in one, as in XMP.
        let whole = Self::of_iso(&text(exif, time)?)?;
        let offset_minutes = text(exif, offset).and_then(|text| offset_minutes(&text)).or(whole.offset_minutes);
        let when = text(exif, fraction).map_or(whole.when, |fraction| whole.when.with_fraction(&fraction));
        Some(Self { when, offset_minutes, source })
    }

    /// The time in an XMP packet.
    pub(super) fn of_xmp(packet: &[u8]) -> Option<Self> {
        let packet = String::from_utf8_lossy(packet);
        PROPERTIES.into_iter().find_map(|property| values(&packet, property).find_map(Self::of_iso))
    }

    /// ISO 8601, whole or in part, as XMP has it, and what is like it: "2020:07:04 10:00:00.25 +02:00".
    pub fn of_iso(text: &str) -> Option<Self> {
        let text = text.trim();
        let when = When::read(text)?;
        // Behind the day, whose signs may be those of an offset.
        let clock = text.char_indices().nth(8).map_or("", |(at, _)| &text[at..]);
        let clock = clock.find(':').map_or("", |minutes| &clock[minutes..]);
        let fraction = clock.split_once('.').map_or("", |(_, fraction)| fraction);
        let fraction: String = fraction.chars().take_while(char::is_ascii_digit).collect();
        let behind = clock.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ':' | '.'));
        let offset_minutes = offset_minutes(behind).filter(|_| matches!(when, When::Time(_)));
        Some(Self { when: when.with_fraction(&fraction), offset_minutes, source: DateSource::Xmp })
    }

    /// Seconds since 1970, UTC, as Google Takeout has them.
    pub fn of_takeout(seconds: i64) -> Option<Self> {
        let local = Timestamp::from_second(seconds).ok()?.to_zoned_datetime(TimeZone::UTC).datetime();
        let is_real = (FIRST_YEAR..LAST_YEAR).contains(&local.year()) && seconds != 0;
        is_real.then_some(Self { when: When::Time(local), offset_minutes: Some(0), source: DateSource::Takeout })
    }

    /// What the name of the file says, or else those of its folders, if that is a day that has been.
    pub fn of_path(path: &Path) -> Option<Self> {
        let stem = path.file_stem()?.to_string_lossy();
        let folders: Vec<_> =
            path.ancestors().skip(1).filter_map(Path::file_name).map(|name| name.to_string_lossy()).collect();
        let of = |when: When, source| Self { when, offset_minutes: None, source };
        let tomorrow = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date().saturating_add(1.day());
        let has_been = |taken: &Self| taken.when.first_day().is_some_and(|day| day <= tomorrow);
        let by_file =
            file_name(&stem).map(|(when, offset_minutes)| Self { offset_minutes, ..of(when, DateSource::FileName) });
        let by_folder = || folder_names(&folders).map(|when| of(when, DateSource::FolderName));
        by_file.filter(has_been).or_else(|| by_folder().filter(has_been))
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.when {
            When::Time(time) => write!(f, "{}", time.strftime("%Y-%m-%dT%H:%M:%S"))?,
            when => write!(f, "{when}")?,
        }
        let Some(minutes) = self.offset_minutes.filter(|_| matches!(self.when, When::Time(_))) else {
            return Ok(());
        };
        let sign = if minutes < 0 { '-' } else { '+' };
        let minutes = minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Day(day) => write!(f, "{day}"),
            Self::Time(time) => write!(f, "{time}"),
        }
    }
}

impl FromStr for When {
    type Err = ();

    /// What it displays as.
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T'));
        let when = Self::read(text).filter(|when| is_plain && when.is_all_of(text)).ok_or(())?;
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        Ok(when.with_fraction(fraction))
    }
}

impl From<When> for String {
    fn from(when: When) -> Self {
        when.to_string()
    }
}

impl TryFrom<String> for When {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|()| format!("{text:?} is no date"))
    }
}

impl When {
    /// Reads what a user types, and nothing less: `1955`, `1955-06`, `1955-06-03`, `3.6.1955`, `1955-06-03 18:30`, `June 1955`,
    /// `3 June 1955`; and what facetag prints, `1955-06-03T18:30:00+01:00`, whose offset is left out.
    pub fn typed(text: &str) -> Option<Self> {
        let text = text.trim();
        let without_offset = text.split_once('T').and_then(|(_, clock)| {
            let end = clock.find(['+', '-', 'Z'])?;
            offset_minutes(&clock[end..]).map(|_| &text[..text.len() - clock.len() + end])
        });
        let text = without_offset.unwrap_or(text);
        if let [day, month, year] = text.split('.').collect::<Vec<_>>()[..]
            && (day.len() <= 2 && month.len() <= 2 && year.len() == 4)
        {
            let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
            return date.ok().map(Self::Day);
        }
        let (day, clock) = text.split_once(['T', ' ']).unwrap_or((text, ""));
        let lengths = |text: &str, sign: &[char]| -> Option<Vec<usize>> {
            let parts: Vec<&str> = text.split(sign).collect();
            let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
            parts.iter().all(is_number).then(|| parts.iter().map(|part| part.len()).collect())
        };
        let parts = lengths(day, &['-', '.', '/', ':']).unwrap_or_default();
        let is_clock = matches!(lengths(clock, &[':']).as_deref(), Some([1 | 2, 2] | [1 | 2, 2, 2]));
        match (parts.as_slice(), clock) {
            ([4] | [4, 2] | [4, 2, 2], "") => Self::read(text).filter(|when| when.is_all_of(text)),
            ([4, 2, 2], _) if is_clock => Self::read(text).filter(|when| matches!(when, Self::Time(_))),
            _ => {
                let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
                let (numbers, months): (Vec<&str>, Vec<&str>) =
                    words.partition(|word| word.starts_with(|c: char| c.is_ascii_digit()));
                let is_suffix = |word: &str| {
                    ["", "st", "nd", "rd", "th"].contains(&word.trim_start_matches(|c: char| c.is_ascii_digit()))
                };
                let when =
                    written_out(text).filter(|_| months.len() == 1 && numbers.iter().all(|word| is_suffix(word)))?;
                matches!((numbers.len(), when), (1, Self::Month(..)) | (2, Self::Day(_))).then_some(when)
            }
        }
    }

    pub fn first_day(self) -> Option<Date> {
        match self {
            Self::Year(year) => Date::new(year, 1, 1).ok(),
            Self::Month(year, month) => Date::new(year, month, 1).ok(),
            Self::Day(day) => Some(day),
            Self::Time(time) => Some(time.date()),
        }
    }

    pub fn last_day(self) -> Option<Date> {
        match self {
            Self::Year(year) => Date::new(year, 12, 31).ok(),
            Self::Month(year, month) => Some(Date::new(year, month, 1).ok()?.last_of_month()),
            Self::Day(_) | Self::Time(_) => self.first_day(),
        }
    }

    /// Reads "2024:07:03 18:22:10" and what programs made of it: any signs between the numbers, blanks or zeros for what is
    /// not known, "June 1955", and anything after. Of a day that never was, its month and year are kept.
    fn read(text: &str) -> Option<Self> {
        if let Some(when) = written_out(text) {
            return Some(when);
        }
        // What is ahead of UTC is no time.
        let local = text.split('+').next().unwrap_or_default();
        let numbers = local.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
        let mut numbers = numbers.map(str::parse::<i16>);
        let mut next = || numbers.next()?.ok();
        let year = next().filter(|year| (FIRST_YEAR..=LAST_YEAR).contains(year))?;
        // Two blanks are a month or a day that is not known.
        let is_blank = |at: std::ops::Range<usize>| text.get(at).is_some_and(|part| part.trim().is_empty());
        let small = |number: i16| i8::try_from(number).ok();
        let month = match next() {
            Some(0) | None => return Some(Self::Year(year)),
            Some(_) if is_blank(5..7) => return Some(Self::Year(year)),
            Some(month) => match small(month).filter(|month| (1..=12).contains(month)) {
                Some(month) => month,
                None => return Some(Self::Year(year)),
            },
        };
        let day = match next() {
            Some(0) | None => return Some(Self::Month(year, month)),
            Some(_) if is_blank(8..10) => return Some(Self::Month(year, month)),
            Some(day) => match small(day).and_then(|day| Date::new(year, month, day).ok()) {
                Some(day) => day,
                None => return Some(Self::Month(year, month)),
            },
        };
        let clock = match (next(), next(), next()) {
            (Some(hour), Some(minute), second) => clock(hour, minute, second.unwrap_or(0)),
            _ => None,
        };
        Some(clock.map_or(Self::Day(day), |[hour, minute, second]| Self::Time(day.at(hour, minute, second, 0))))
    }

    /// Whether nothing was left out of a text that names a date by numbers.
    fn is_all_of(self, text: &str) -> bool {
        let day = text.split(['T', ' ']).next().unwrap_or_default();
        let numbers = day.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()).count();
        match self {
            Self::Year(_) => numbers == 1,
            Self::Month(..) => numbers == 2,
            Self::Day(_) | Self::Time(_) => numbers == 3,
        }
    }

    fn with_fraction(self, digits: &str) -> Self {
        let digits: String = digits.trim().chars().chain("000000000".chars()).take(9).collect();
        match (self, digits.parse::<i32>()) {
            (Self::Time(time), Ok(nanoseconds)) if nanoseconds >= 0 => {
                Self::Time(time.with().subsec_nanosecond(nanoseconds).build().unwrap_or(time))
            }
            _ => self,
        }
    }
}

fn clock(hour: i16, minute: i16, second: i16) -> Option<[i8; 3]> {
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    is_time.then_some([hour as i8, minute as i8, second as i8])
}

/// "June 1955", "3 June 1955", "Jun 3rd, 1955": a month by name, a year, and perhaps a day.
fn written_out(text: &str) -> Option<When> {
    let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let month = words.iter().find_map(|word| MONTHS.iter().position(|names| names.contains(&word.as_str())))?;
    let month = month as i8 + 1;
    let numbers = words.iter().map(|word| word.trim_end_matches(|c: char| c.is_alphabetic()));
    let year = numbers.clone().filter(|number| number.len() == 4).find_map(|number| number.parse().ok());
    let year = year.filter(|year| (FIRST_YEAR..=LAST_YEAR).contains(year))?;
    let day = numbers.filter(|number| number.len() <= 2).find_map(|number| number.parse().ok());
    let day = day.and_then(|day| Date::new(year, month, day).ok());
    Some(day.map_or(When::Month(year, month), When::Day))
}

/// The values of an XMP property, be it an attribute or an element.
pub(super) fn values<'a>(packet: &'a str, property: &'a str) -> impl Iterator<Item = &'a str> {
    packet.match_indices(property).filter_map(|(at, _)| {
        let rest = packet[at + property.len()..].trim_start();
        if let Some(attribute) = rest.strip_prefix('=') {
            let quote = attribute.trim_start().chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            return attribute.trim_start()[1..].split(quote).next();
        }
        rest.strip_prefix('>')?.split('<').next()
    })
}

/// Reads "+01:00", "+1:00", "-0330", "+1", "5:30", "UTC+3", "GMT" and "Z". The clocks on Earth are from 12 hours behind to 14 hours
/// ahead of UTC.
fn offset_minutes(text: &str) -> Option<i32> {
    let text = text.trim().trim_start_matches('(').trim_end_matches(')').to_ascii_uppercase();
    let zone = ["UTC", "GMT", "Z"].into_iter().find_map(|zone| text.strip_prefix(zone));
    let text = zone.unwrap_or(&text).trim();
    if zone.is_some() && text.is_empty() {
        return Some(0);
    }
    let sign = text.chars().next()?;
    let (sign, rest) = match sign {
        '+' | '±' => (1, &text[sign.len_utf8()..]),
        '-' | '−' | '–' => (-1, &text[sign.len_utf8()..]),
        // Without a sign it is an offset only where it looks like one.
        '0'..='9' if text.contains(':') => (1, text),
        _ => return None,
    };
    let rest = rest.trim();
    let (hours, minutes) = match rest.split_once([':', '.']) {
        Some((hours, minutes)) => (hours, minutes.split([':', '.']).next().unwrap_or_default()),
        None if rest.len() > 2 => rest.split_at_checked(rest.len() - 2)?,
        None => (rest, "0"),
    };
    let number = |text: &str| text.trim().parse::<u8>().ok().filter(|_| text.trim().len() <= 2);
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let offset = sign * (i32::from(hours) * 60 + i32::from(minutes));
    (minutes < 60 && (-12 * 60..=14 * 60).contains(&offset)).then_some(offset)
}

/// Digits that stand together in a name, and what is between them and those before.
struct Run<'a> {
    digits: &'a str,
    gap: &'a str,
    end: usize,
}

fn runs(name: &str) -> Vec<Run<'_>> {
    let (mut runs, mut before, mut at) = (Vec::new(), 0, 0);
    let bytes = name.as_bytes();
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length > 0 {
            runs.push(Run { digits: &name[at..at + length], gap: &name[before..at], end: at + length });
            before = at + length;
        }
        at += length.max(1);
    }
    runs
}

/// What a file's name says of the date, without its extension, and the offset where the program that named it writes UTC:
/// "IMG-20220103-WA0007", "PXL_20220606_121212345", "signal-2022-01-03-182210", "2019-07-04 18.22.10",
/// "WhatsApp Image 2022-01-03 at 1.11.12 PM", "FB_IMG_1641234567890", "1955-06 picnic", "1955 Oma".
fn file_name(stem: &str) -> Option<(When, Option<i32>)> {
    let runs = runs(stem);
    if let Some(run) = runs.iter().find(|run| run.digits.len() == 13)
        && ["FB_IMG_", "mmexport", "wx_camera_"].iter().any(|program| run.gap.ends_with(program))
    {
        let time = Timestamp::from_millisecond(run.digits.parse().ok()?).ok()?;
        return Some((When::Time(time.to_zoned_datetime(TimeZone::UTC).datetime()), Some(0)));
    }
    if let Some(when) = (0..runs.len()).find_map(|index| day_and_time(stem, &runs, index)) {
        let utc = stem.starts_with("PXL_") && matches!(when, When::Time(_));
        return Some((when, utc.then_some(0)));
    }
    let written = written_out(stem).or_else(|| year_and_month(stem));
    // A year alone is the number of a photo as often, unless words follow.
    let year = || {
        year_before(stem).filter(|(_, rest)| {
            rest.starts_with([' ', '-', '_'])
                && rest[1..].trim_start_matches([' ', '-']).starts_with(char::is_alphabetic)
        })
    };
    written.or_else(|| year().map(|(year, _)| When::Year(year))).map(|when| (when, None))
}

/// The names of the folders that a file is in, the inner one first: "2019-07-04 Porto", "2019/07", "June 1955", "1955".
fn folder_names(folders: &[std::borrow::Cow<str>]) -> Option<When> {
    (0..folders.len().min(3)).find_map(|index| {
        let name = folders[index].trim();
        let day = |text: &str| {
            let runs = runs(text);
            (0..runs.len()).find_map(|index| day_and_time(text, &runs, index)).and_then(When::first_day).map(When::Day)
        };
        let number = |at: usize| {
            let name = folders.get(at)?;
            let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
            (digits.len() <= 2 && !name[digits.len()..].starts_with(char::is_alphabetic))
                .then(|| digits.parse::<i8>().ok())?
        };
        let year =
            |at: usize| folders.get(at)?.parse::<i16>().ok().filter(|year| (FIRST_YEAR..=LAST_YEAR).contains(year));
        let nested = match (number(index), number(index + 1), year(index + 1), year(index + 2)) {
            (Some(month), _, Some(year), _) if (1..=12).contains(&month) => Some(When::Month(year, month)),
            (Some(day), Some(month), _, Some(year)) => Date::new(year, month, day).ok().map(When::Day),
            _ => None,
        };
        let year_alone = || {
            let first =
                year_before(name).filter(|(_, rest)| !rest.starts_with(char::is_alphanumeric)).map(|(year, _)| year);
            let last =
                || name.rsplit_once(' ').and_then(|(_, year)| year_before(year).filter(|(_, rest)| rest.is_empty()));
            first.or_else(|| last().map(|(year, _)| year)).map(When::Year)
        };
        day(name).or(nested).or_else(|| written_out(name)).or_else(|| year_and_month(name)).or_else(year_alone)
    })
}

/// A year that a name begins with, and the rest.
fn year_before(name: &str) -> Option<(i16, &str)> {
    let (year, rest) = name.split_at_checked(4)?;
    let is_year = year.bytes().all(|byte| byte.is_ascii_digit()) && !rest.starts_with(|c: char| c.is_ascii_digit());
    let year = year.parse().ok().filter(|year| is_year && (FIRST_YEAR..=LAST_YEAR).contains(year))?;
    Some((year, rest))
}

/// "1955-06", alone or before other words.
fn year_and_month(name: &str) -> Option<When> {
    let (year, rest) = year_before(name)?;
    let rest = rest.strip_prefix(['-', '_', '.', ' '])?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let month = digits.parse().ok().filter(|month| digits.len() == 2 && (1..=12).contains(month))?;
    (!rest[2..].starts_with(char::is_alphanumeric)).then_some(When::Month(year, month))
}

/// A day that begins with the run of digits at `index`, and the time behind it.
fn day_and_time(name: &str, runs: &[Run], index: usize) -> Option<When> {
    let run = &runs[index];
    let day = |year: &str, month: &str, day: &str| {
        let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        (FIRST_YEAR..=LAST_YEAR).contains(&date.year()).then_some(date)
    };
    let (day, clock) = match run.digits.len() {
        8 => (day(&run.digits[..4], &run.digits[4..6], &run.digits[6..])?, time(name, runs, index + 1)),
        14 | 17 => {
            let clock = together(&run.digits[8..])?;
            (day(&run.digits[..4], &run.digits[4..6], &run.digits[6..8])?, Some(clock))
        }
        4 => {
            let [month, date] = runs.get(index + 1..index + 3)? else { return None };
            let is_date = month.digits.len() == 2 && date.digits.len() == 2 && month.gap == date.gap;
            let is_sign = matches!(month.gap, "-" | "_" | "." | ":" | " " | "/");
            if !(is_date && is_sign) {
                return None;
            }
            (day(run.digits, month.digits, date.digits)?, time(name, runs, index + 3))
        }
        _ => return None,
    };
    Some(clock.map_or(When::Day(day), |[hour, minute, second]| When::Time(day.at(hour, minute, second, 0))))
}

/// "182210", with milliseconds behind it in some names.
fn together(digits: &str) -> Option<[i8; 3]> {
    let part = |at: usize| digits.get(at..at + 2)?.parse().ok();
    matches!(digits.len(), 6 | 8 | 9).then(|| clock(part(0)?, part(2)?, part(4)?))?
}

/// The time that follows a day.
fn time(name: &str, runs: &[Run], index: usize) -> Option<[i8; 3]> {
    let first = runs.get(index)?;
    let follows = matches!(first.gap.trim(), "" | "-" | "_" | "T" | "t" | "at" | "," | "." | "um" | "à" | "--" | "__");
    if !follows {
        return None;
    }
    if first.digits.len() >= 6 {
        return together(first.digits);
    }
    let [hour, minute, second] = runs.get(index..index + 3)? else { return None };
    let is_clock = [hour, minute, second].iter().all(|run| run.digits.len() <= 2)
        && minute.gap == second.gap
        && matches!(minute.gap, "." | "-" | "_" | ":" | "h");
    let number = |run: &Run| run.digits.parse::<i16>().ok();
    let half = name[second.end..].trim_start().get(..2).unwrap_or_default().to_uppercase();
    let hour = match (number(hour)?, half.as_str()) {
        (12, "AM") => 0,
        (hour, "PM") if hour < 12 => hour + 12,
        (hour, _) => hour,
    };
    if is_clock { clock(hour, number(minute)?, number(second)?) } else { None }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn times_are_read_as_programs_write_them() {
        let evening = When::Time(date(2024, 7, 3).at(18, 22, 10, 0));
        for text in
            ["2024:07:03 18:22:10", "2024-07-03T18:22:10", "2024/07/03 18:22:10.250", "2024: 7: 3 18:22:10+01:00"]
        {
            assert_eq!(When::read(text), Some(evening), "{text}");
        }
    }

    #[test]
    fn what_is_known_of_a_date_is_kept() {
        for (text, known) in [
            ("1955:00:00 00:00:00", "1955"),
            ("1955:  :     :  :  ", "1955"),
            ("1955:  :  ", "1955"),
            ("1955", "1955"),
            ("1955:06:00 00:00:00", "1955-06"),
            ("1955:06:  ", "1955-06"),
            ("1955-06", "1955-06"),
            ("June 1955", "1955-06"),
            ("Juni 1955", "1955-06"),
            ("3rd June 1955", "1955-06-03"),
            ("1955:06:03", "1955-06-03"),
            ("1955:06:03   :  :  ", "1955-06-03"),
            ("1955:06:03 24:22:10", "1955-06-03"),
            ("1955:06:31", "1955-06"),
            ("2023:02:29 12:00:00", "2023-02"),
            ("2023:02:99 12:00:00", "2023-02"),
            ("2023:13:01 12:00:00", "2023"),
            ("1955:06:03 18:22", "1955-06-03T18:22:00"),
        ] {
            assert_eq!(When::read(text).map(|when| when.to_string()).as_deref(), Some(known), "{text}");
            assert_eq!(known.parse(), Ok(When::read(text).unwrap()));
        }
    }

    #[test]
    fn times_that_never_were_are_none() {
        for text in
            ["0000:00:00 00:00:00", "    :  :     :  :  ", "0001:01:01 00:00:00", "99999:07:03 18:22:10", "yesterday"]
        {
            assert_eq!(When::read(text), None, "{text}");
        }
    }

    #[test]
    fn offsets_are_minutes_ahead_of_utc() {
        for (text, minutes) in [
            ("+05:45", 345),
            ("-0330", -210),
            ("Z", 0),
            ("+1:00", 60),
            ("-5:00", -300),
            ("+01", 60),
            ("+1", 60),
            ("−03:00", -180),
            ("5:30", 330),
            ("05:45", 345),
            ("GMT+1", 60),
            ("UTC+3", 180),
            ("UTC +03:00", 180),
            ("(GMT-3:30)", -210),
            ("utc", 0),
            ("GMT", 0),
            ("+01:00:00", 60),
        ] {
            assert_eq!(offset_minutes(text), Some(minutes), "{text}");
        }
        for text in ["", "0545", "+15:00", "-13:00", "+01:60", "+", "+é:00", "   :  ", "CET", "UTC+", "Zürich"] {
            assert_eq!(offset_minutes(text), None, "{text}");
        }
    }

    #[test]
    fn the_sign_of_a_short_offset_is_shown() {
        let when = When::Time(date(1999, 12, 31).at(23, 59, 59, 0));
        let newfoundland = Taken { when, offset_minutes: Some(-30), source: DateSource::Exif };
        assert_eq!(newfoundland.to_string(), "1999-12-31T23:59:59-00:30");
    }

    #[test]
    fn names_of_files_and_folders_tell_the_date() {
        for (path, taken) in [
            ("IMG-20220103-WA0007.jpg", "2022-01-03"),
            ("VID-20220103-WA0007.mp4", "2022-01-03"),
            ("PXL_20220606_121212345.jpg", "2022-06-06T12:12:12+00:00"),
            ("PXL_20220606_121212345.PORTRAIT-01.jpg", "2022-06-06T12:12:12+00:00"),
            ("IMG_20220606_121212.jpg", "2022-06-06T12:12:12"),
            ("20220606_121212(1).jpg", "2022-06-06T12:12:12"),
            ("20220606121212.jpg", "2022-06-06T12:12:12"),
            ("signal-2022-01-03-182210.jpg", "2022-01-03T18:22:10"),
            ("signal-2022-01-03-18-22-10-123.jpg", "2022-01-03T18:22:10"),
            ("2019-07-04 18.22.10.jpg", "2019-07-04T18:22:10"),
            ("2019-07-04 18.22.10-1.jpg", "2019-07-04T18:22:10"),
            ("Screenshot_2022-01-03-10-11-12-123_com.app.jpg", "2022-01-03T10:11:12"),
            ("Screenshot_20220103-101112.png", "2022-01-03T10:11:12"),
            ("Screenshot 2022-01-03 at 1.11.12 PM.png", "2022-01-03T13:11:12"),
            ("WhatsApp Image 2022-01-03 at 10.11.12.jpeg", "2022-01-03T10:11:12"),
            ("Photo 2022-01-03.jpg", "2022-01-03"),
            ("FB_IMG_1641234567890.jpg", "2022-01-03T18:29:27+00:00"),
            ("1955-06 picnic.jpg", "1955-06"),
            ("1955 Oma.jpg", "1955"),
            ("Oma June 1955.jpg", "1955-06"),
            ("/photos/2019-07-04 Porto/a.jpg", "2019-07-04"),
            ("/photos/2019/07/a.jpg", "2019-07"),
            ("/photos/2019/07/04/a.jpg", "2019-07-04"),
            ("/photos/1955/a.jpg", "1955"),
            ("/photos/1955/Oma/a.jpg", "1955"),
            ("/photos/Summer 1955/a.jpg", "1955"),
            ("/photos/1955/IMG-20220103-WA0007.jpg", "2022-01-03"),
        ] {
            let found = Taken::of_path(Path::new(path));
            assert_eq!(found.map(|taken| taken.to_string()).as_deref(), Some(taken), "{path}");
        }
        for path in [
            "IMG_2015.jpg",
            "DSC02019.jpg",
            "2048x1536.jpg",
            "IMG_99991231.jpg",
            "20221350.jpg",
            "photo 12345678.jpg",
            "1641234567890.jpg",
            "1920x1080.jpg",
            "obama-2010.jpg",
            "/photos/2048x1536/a.jpg",
            "/photos/100CANON/IMG_0001.jpg",
        ] {
            assert_eq!(Taken::of_path(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn xmp_tells_the_date() {
        for (packet, taken) in [
            (r#"<rdf:Description exif:DateTimeOriginal="2022-01-03T10:11:12.25+02:00"/>"#, "2022-01-03T10:11:12+02:00"),
            ("<xmp:CreateDate>2022-01-03T10:11:12Z</xmp:CreateDate>", "2022-01-03T10:11:12+00:00"),
            ("<xmp:CreateDate>2022:01:03 10:11:12.5 -05:00</xmp:CreateDate>", "2022-01-03T10:11:12-05:00"),
            ("<xmp:CreateDate>2022-01-03T10:11+0530</xmp:CreateDate>", "2022-01-03T10:11:00+05:30"),
            ("<xmp:CreateDate>2022-01-03T10:11:12GMT+1</xmp:CreateDate>", "2022-01-03T10:11:12+01:00"),
            ("<xmp:CreateDate>1955-06-31</xmp:CreateDate>", "1955-06"),
            ("<xmp:CreateDate>2022-01-03+02:00</xmp:CreateDate>", "2022-01-03"),
            ("<photoshop:DateCreated>1955-06</photoshop:DateCreated>", "1955-06"),
            ("<a xmp:CreateDate='2020-01-01' photoshop:DateCreated='1955'/>", "1955"),
        ] {
            assert_eq!(Taken::of_xmp(packet.as_bytes()).unwrap().to_string(), taken);
        }
        assert_eq!(Taken::of_xmp(b"<xmp:CreateDate/>"), None);
    }

    #[test]
    fn what_is_typed_is_a_date_and_nothing_else() {
        for (typed, date) in [
            ("1955", "1955"),
            ("1955-06", "1955-06"),
            ("1955.06.03", "1955-06-03"),
            (" 1955-06-03 18:30 ", "1955-06-03T18:30:00"),
            ("1955-06-03T18:30:05", "1955-06-03T18:30:05"),
            ("June 1955", "1955-06"),
            ("juin 1955", "1955-06"),
            ("3 June 1955", "1955-06-03"),
            ("June 3rd, 1955", "1955-06-03"),
            ("3. Juni 1955", "1955-06-03"),
            ("3.6.1955", "1955-06-03"),
            ("1955-06-03T18:30:05+01:00", "1955-06-03T18:30:05"),
            ("1955-06-03T18:30:05Z", "1955-06-03T18:30:05"),
        ] {
            assert_eq!(When::typed(typed).map(|when| when.to_string()).as_deref(), Some(date), "{typed}");
        }
        for wrong in [
            "",
            "55",
            "1955-6",
            "1955-13",
            "1955-02-29",
            "June",
            "31 June 1955",
            "31.6.1955",
            "3/6/1955",
            "1955-06-03 25:00",
            "1955 or so",
            "June July 1955",
        ] {
            assert_eq!(When::typed(wrong), None, "{wrong}");
        }
    }
}
