//! All words of the page: a file a page, with both languages side by side. A language that lacks a word does not compile.

mod access;
mod decisions;
mod errors;
mod forget;
mod frame;
mod history;
mod merge;
mod people;
mod person;
mod photo;
mod questions;
mod reasons;
mod scan;
mod search;

use std::collections::HashMap;

use jiff::civil::Date;

use crate::catalog::{Decision, PersonId, Who};

/// The words of one language.
pub(super) struct Words {
    /// As HTML names it.
    pub language: &'static str,
    pub frame: frame::Words,
    pub access: access::Words,
    pub errors: errors::Words,
    pub people: people::Words,
    pub merge: merge::Words,
    pub forget: forget::Words,
    pub person: person::Words,
    pub photo: photo::Words,
    pub questions: questions::Words,
    pub search: search::Words,
    pub scan: scan::Words,
    pub history: history::Words,
    /// A decision, people by the names that they have now.
    pub describe: fn(&Decision, &HashMap<PersonId, String>) -> String,
    /// Why a file was not read or scanned, as the library keeps it.
    pub reason: fn(&str) -> String,
}

static ENGLISH: Words = Words {
    language: "en",
    frame: frame::ENGLISH,
    access: access::ENGLISH,
    errors: errors::ENGLISH,
    people: people::ENGLISH,
    merge: merge::ENGLISH,
    forget: forget::ENGLISH,
    person: person::ENGLISH,
    photo: photo::ENGLISH,
    questions: questions::ENGLISH,
    search: search::ENGLISH,
    scan: scan::ENGLISH,
    history: history::ENGLISH,
    describe: Decision::describe_by_name,
    reason: str::to_owned,
};

static CHINESE: Words = Words {
    language: "zh-Hans",
    frame: frame::CHINESE,
    access: access::CHINESE,
    errors: errors::CHINESE,
    people: people::CHINESE,
    merge: merge::CHINESE,
    forget: forget::CHINESE,
    person: person::CHINESE,
    photo: photo::CHINESE,
    questions: questions::CHINESE,
    search: search::CHINESE,
    scan: scan::CHINESE,
    history: history::CHINESE,
    describe: decisions::chinese,
    reason: reasons::chinese,
};

impl Words {
    /// The day of a time that a photo was taken, or its month or year where no more is known.
    pub fn day(&self, taken: &str) -> Option<String> {
        let words = &self.person;
        let number = |at: std::ops::Range<usize>| taken.get(at)?.parse::<i16>().ok();
        match taken.get(..10).map(str::parse::<Date>) {
            Some(day) => day.ok().map(words.day),
            None => {
                let year = number(0..4)?;
                let month = number(5..7).filter(|month| (1..=12).contains(month));
                Some(month.map_or_else(|| (words.years)(&year, &year), |month| (words.month)(year, month as i8)))
            }
        }
    }

    /// What somebody is called: by name, or as a group by number.
    pub fn label(&self, who: &Who) -> String {
        who.name.clone().unwrap_or_else(|| (self.people.group)(who.id))
    }

    /// The language that a browser likes best of those there are (Accept-Language, RFC 9110); English where it likes none.
    pub fn of(accepted: &str) -> &'static Self {
        let mut best = (0.0, &ENGLISH);
        for range in accepted.split(',') {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let words = match tag.trim().to_ascii_lowercase().split('-').next() {
                Some("zh") => &CHINESE,
                Some("en") => &ENGLISH,
                _ => continue,
            };
            let quality = weight.trim().strip_prefix("q=").and_then(|quality| quality.parse().ok()).unwrap_or(0.0);
            // Of equals the first.
            if quality > best.0 {
                best = (quality, words);
            }
        }
        best.1
    }
}

/// "1 photo", "2,345 photos".
fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// Digits in threes.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_first_language_counts() {
        for (accepted, language) in [
            ("", "en"),
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
            ("en-GB,en;q=0.9,zh;q=0.1", "en"),
            ("en;q=0.2, zh-TW;q=0.7", "zh-Hans"),
            ("fr,de;q=0.5", "en"),
            ("fr,zh;q=0.1", "zh-Hans"),
            ("zh;q=0", "en"),
            ("zh; q=0.1, en;q=0.5", "en"),
            ("ZH-hans", "zh-Hans"),
        ] {
            assert_eq!(Words::of(accepted).language, language, "{accepted}");
        }
    }

    #[test]
    fn a_day_is_told_as_far_as_it_is_known() {
        for (taken, day) in [
            ("2024-07-03T18:22:10+01:00", Some("3 July 2024")),
            ("2024-07-03", Some("3 July 2024")),
            ("1955-06", Some("June 1955")),
            ("1955", Some("1955")),
            ("1955-13", Some("1955")),
            ("", None),
        ] {
            assert_eq!(ENGLISH.day(taken).as_deref(), day, "{taken}");
        }
    }

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(counted(1, "photo", "photos"), "1 photo");
        assert_eq!(counted(0, "photo", "photos"), "0 photos");
        assert_eq!(counted(1_234_567, "photo", "photos"), "1,234,567 photos");
        assert_eq!(grouped(999), "999");
    }
}
