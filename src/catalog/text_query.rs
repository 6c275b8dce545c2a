//! A search typed as text: `Anna Ben -Carl 2024 Lisbon`.

use super::engine::Value;
use super::search::{marks, place_called};
use super::{Among, Catalog, Query, WhoError, Whom};
use crate::metadata::When;

/// Why a text cannot be searched for.
#[derive(Debug, thiserror::Error)]
pub enum TextQueryError {
    #[error("{0:?} is no person, place or date that facetag knows")]
    Unknown(String),
    #[error("{0:?} and another place: a photo is taken in one place")]
    SecondPlace(String),
    #[error(transparent)]
    Who(#[from] WhoError),
}

/// Names have at most so many words.
const MOST_WORDS: usize = 5;

/// A word, or words in quotation marks.
struct Word {
    text: String,
    is_not: bool,
    is_quoted: bool,
}

impl Catalog {
    /// Reads words as people, a place and dates: names need quotation marks only where two of them could be one, a minus before a
    /// name leaves that person out, and `2024`, `2024-07`, `2024-07-15` and `2019..2021` are dates.
    ///
    /// # Errors
    /// What could not be understood; those of SQLite.
    pub fn text_query(&self, text: &str) -> std::result::Result<Query, TextQueryError> {
        self.text_query_among(text, Among::Everybody)
    }

    /// The same, where only some people can be meant, and places where one of them is in a photo: as if there were no others.
    ///
    /// # Errors
    /// Those of [`Catalog::text_query`].
    pub fn text_query_among(&self, text: &str, among: Among) -> std::result::Result<Query, TextQueryError> {
        let mut query = Query::default();
        let words = words(text);
        let mut at = 0;
        while let Some(word) = words.get(at) {
            if !word.is_quoted
                && !word.is_not
                && let Some((first, last)) = dates(&word.text)
            {
                query.span.since = first.first_day();
                query.span.until = last.last_day();
                at += 1;
                continue;
            }
            // The longest name that the words can be; those in quotation marks stand for themselves.
            let together = words[at + 1..].iter().take_while(|next| !next.is_not && !next.is_quoted).count();
            let longest = if word.is_quoted { 1 } else { (1 + together).min(MOST_WORDS) };
            let phrase = |length: usize| {
                words[at..at + length].iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
            };
            let mut found = None;
            for length in (1..=longest).rev() {
                if self.put(&mut query, (&phrase(length), word.is_not), among)? {
                    found = Some(length);
                    break;
                }
            }
            at += found.ok_or_else(|| TextQueryError::Unknown(phrase(1)))?;
        }
        Ok(query)
    }

    /// Adds a person or a place to a query; `false` where it is neither.
    fn put(
        &self,
        query: &mut Query,
        (name, is_not): (&str, bool),
        among: Among,
    ) -> std::result::Result<bool, TextQueryError> {
        match self.whom_among(name, among) {
            Ok(whom) => {
                match whom {
                    _ if is_not => query.not.extend(whom.people().iter().map(|who| who.id)),
                    Whom::One(who) => query.all.push(who.id),
                    Whom::Circle(circle) => query.circles.push(circle.people.iter().map(|who| who.id).collect()),
                }
                return Ok(true);
            }
            Err(WhoError::Unknown { .. } | WhoError::NoSuchNumber(_)) => {}
            Err(error) => return Err(error.into()),
        }
        if is_not || !self.is_place(name, among).map_err(WhoError::from)? {
            return Ok(false);
        }
        let place = match query.place.take() {
            None => name.to_owned(),
            Some(first) => {
                let both = format!("{first}, {name}");
                if !self.is_place(&both, among).map_err(WhoError::from)? {
                    return Err(TextQueryError::SecondPlace(name.to_owned()));
                }
                both
            }
        };
        query.place = Some(place);
        Ok(true)
    }

    /// Whether photos were taken in a place of this name.
    fn is_place(&self, name: &str, among: Among) -> super::Result<bool> {
        let (called, keys) = place_called(name);
        let mut values: Vec<Value> = keys.into_iter().map(Value::from).collect();
        let seen = match among {
            Among::Everybody => String::new(),
            Among::These(people) => {
                values.extend(people.iter().map(|&person| Value::from(person)));
                format!(
                    " AND EXISTS (SELECT 1 FROM photos JOIN seen_faces ON photo_id = photos.id
                                  WHERE place_id = places.id AND person_id IN ({}))",
                    marks(people.len())
                )
            }
        };
        let sql = format!("SELECT EXISTS (SELECT 1 FROM places WHERE {called}{seen})");
        Ok(self.connection.prepare(&sql)?.query_row(values.as_slice(), |row| row.get(0))?)
    }
}

fn words(text: &str) -> Vec<Word> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let is_not = rest.starts_with(['-', '−']) && rest.chars().nth(1).is_some_and(|next| !next.is_whitespace());
        let start = if is_not { rest.chars().next().map_or(0, char::len_utf8) } else { 0 };
        let after = &rest[start..];
        let quote = after.chars().next().filter(|sign| matches!(sign, '"' | '“' | '”' | '„'));
        let (text, behind) = match quote {
            Some(quote) => {
                let inner = &after[quote.len_utf8()..];
                let end = inner.find(['"', '“', '”']).unwrap_or(inner.len());
                (&inner[..end], inner[end..].trim_start_matches(['"', '“', '”']))
            }
            None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
        };
        let text = text.trim_matches(|sign: char| sign.is_whitespace() || sign == ',');
        if !text.is_empty() {
            words.push(Word { text: text.to_owned(), is_not, is_quoted: quote.is_some() });
        }
        rest = behind.trim_start();
    }
    words
}

/// The first and the last of a word's dates.
fn dates(word: &str) -> Option<(When, When)> {
    let (first, last) = word.split_once("..").unwrap_or((word, word));
    let date = |text: &str| text.parse().ok().filter(|_| text.len() >= 4 && !text.contains([':', '.', 'T']));
    Some((date(first)?, date(last)?))
}

#[cfg(test)]
mod tests {
    use super::super::PersonId;
    use super::super::text::fold;
    use super::*;

    #[test]
    fn a_text_is_words_names_in_quotes_and_what_is_left_out() {
        let words = words(r#"  Anna "Ben Smith", -Carl -"Eva M." Jean-Luc 2024"#);
        let told: Vec<_> = words.iter().map(|word| (word.text.as_str(), word.is_not, word.is_quoted)).collect();
        assert_eq!(
            told,
            [
                ("Anna", false, false),
                ("Ben Smith", false, true),
                ("Carl", true, false),
                ("Eva M.", true, true),
                ("Jean-Luc", false, false),
                ("2024", false, false)
            ]
        );
    }

    #[test]
    fn dates_are_years_months_days_and_spans() {
        let days = |text| {
            dates(text).map(|(first, last)| format!("{} {}", first.first_day().unwrap(), last.last_day().unwrap()))
        };
        assert_eq!(days("2024").as_deref(), Some("2024-01-01 2024-12-31"));
        assert_eq!(days("2024-02").as_deref(), Some("2024-02-01 2024-02-29"));
        assert_eq!(days("2019..2021-06").as_deref(), Some("2019-01-01 2021-06-30"));
        for text in ["12", "Anna", "2024-13", "20", "#2024", "2024:07"] {
            assert_eq!(days(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_is_people_a_place_and_dates() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&super::super::Library::at(folder.path())).unwrap();
        for (id, name) in [(1, "Anna"), (2, "Ben Smith"), (3, "Carl"), (4, "Ben Brown")] {
            let sql = "INSERT INTO people (id, name, key, created_at) VALUES (?1, ?2, ?3, '')";
            catalog.connection.execute(sql, crate::catalog::engine::params![id, name, fold(name)]).unwrap();
        }
        let sql = "INSERT INTO places (city, district, region, country, country_code, key)
                   VALUES ('New York City', '', '', 'United States', 'US', '|new york city|new york|us|')";
        catalog.connection.execute(sql, []).unwrap();
        let query = catalog.text_query("anna Ben Smith -carl 2024 New York").unwrap();
        assert_eq!(
            (query.all, query.not, query.place.as_deref()),
            (vec![PersonId(1), PersonId(2)], vec![PersonId(3)], Some("New York"))
        );
        assert_eq!(query.span.until.unwrap().to_string(), "2024-12-31");
        let query = catalog.text_query("New York, US").unwrap();
        assert_eq!(query.place.as_deref(), Some("New York, US"), "a place and what it lies in");
        assert!(matches!(catalog.text_query("Anna Dora"), Err(TextQueryError::Unknown(name)) if name == "Dora"));
        assert!(matches!(catalog.text_query("Ben"), Err(TextQueryError::Who(WhoError::Ambiguous { .. }))));
        assert!(catalog.text_query("").unwrap().all.is_empty());
    }
}
