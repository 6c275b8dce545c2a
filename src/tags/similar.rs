//! Names that may mean one person.

use serde::Serialize;

use crate::catalog::fold;

/// Two names that may mean one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Similar {
    /// The one that is new to the library.
    pub name: String,
    /// The one that it is like.
    pub like: String,
}

/// The pairs of names that may mean one person: each of `new` with those of `known`, and with those of `new` before it.
pub fn similar(new: &[String], known: &[String]) -> Vec<Similar> {
    let words = |name: &String| (name.clone(), words(name));
    let mut seen: Vec<(String, Vec<String>)> = known.iter().map(words).collect();
    let mut pairs = Vec::new();
    for (name, words) in new.iter().map(words) {
        let like = seen.iter().filter(|(_, other)| may_be_one(&words, other));
        pairs.extend(like.map(|(like, _)| Similar { name: name.clone(), like: like.clone() }));
        seen.push((name, words));
    }
    pairs
}

/// Folded, without accents and punctuation; of "Smith, Anna" the given name first.
fn words(name: &str) -> Vec<String> {
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;
    let turned = match name.split_once(',') {
        Some((family, given)) => format!("{given} {family}"),
        None => name.to_owned(),
    };
    let plain: String = fold(&turned).nfd().filter(|&letter| !is_combining_mark(letter)).collect();
    plain.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// One is the beginning of the other, word by word, where a word may be its first letter ("Anna S." and "Anna Smith"); or they
/// differ by a slip of the pen.
fn may_be_one(a: &[String], b: &[String]) -> bool {
    if a.is_empty() || b.is_empty() {
        return false;
    }
    let is_word = |(a, b): (&String, &String)| {
        let is_initial = |short: &str, long: &str| short.chars().count() == 1 && long.starts_with(short);
        a == b || is_initial(a, b) || is_initial(b, a)
    };
    // A single letter alone says nothing.
    let begins = a.iter().zip(b).all(is_word) && a[0] == b[0];
    let (a, b) = (a.join(" "), b.join(" "));
    begins || (a.chars().count().min(b.chars().count()) >= 5 && is_slip(&a, &b))
}

/// Whether one letter more, less, other or moved makes one of the other.
fn is_slip(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let before = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let after = a[before..].iter().rev().zip(b[before..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[before..a.len() - after], &b[before..b.len() - after]);
    match (a, b) {
        ([first, second], [other, another]) => first == another && second == other,
        _ => a.len() <= 1 && b.len() <= 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_similar_where_they_may_mean_one_person() {
        let alike = |a: &str, b: &str| may_be_one(&words(a), &words(b));
        for (a, b) in [
            ("Anna", "Anna S."),
            ("Anna S.", "Anna Smith"),
            ("Smith, Anna", "Anna Smith"),
            ("Jonathan", "Johnathan"),
            ("Zoë Müller", "Zoe Muller"),
            ("Micheal", "Michael"),
        ] {
            assert!(alike(a, b) && alike(b, a), "{a}, {b}");
        }
        for (a, b) in [("Anna", "Anne"), ("Ben", "Bob"), ("Anna Smith", "Anna Brown"), ("A", "Anna"), ("Li", "Lin")] {
            assert!(!alike(a, b), "{a}, {b}");
        }
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let pairs = similar(&names(&["Anna S.", "Anna Smith"]), &names(&["Anna", "Ben"]));
        assert_eq!(pairs.len(), 3);
    }
}
