//! Values in the forms that the catalog keeps: paths, and names as they are compared.

use std::path::{Path, PathBuf};

use super::engine::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

/// A path in SQLite: TEXT where it is UTF-8, BLOB where a Unix file system holds other bytes.
pub(super) struct SqlPath<P>(pub P);

impl<P: AsRef<Path>> ToSql for SqlPath<P> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(path_value(self.0.as_ref())))
    }
}

/// The value that stands for a path.
pub(super) fn path_value(path: &Path) -> Value {
    match path.to_str() {
        Some(text) => Value::Text(text.to_owned()),
        None => Value::Blob(path.as_os_str().as_encoded_bytes().to_vec()),
    }
}

impl FromSql for SqlPath<PathBuf> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Text(text) => {
                let text = std::str::from_utf8(text).map_err(FromSqlError::other)?;
                Ok(Self(PathBuf::from(text)))
            }
            #[cfg(unix)]
            ValueRef::Blob(bytes) => {
                use std::os::unix::ffi::OsStrExt;
                Ok(Self(PathBuf::from(std::ffi::OsStr::from_bytes(bytes))))
            }
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A name as it is kept: NFC, without invisible letters, with single spaces between the words and none around them.
pub fn tidy(name: &str) -> String {
    let mut before = '\0';
    let visible = name.chars().filter(|&letter| {
        // The two joiners shape letters of Arabic, Persian and Indian scripts, and emoji.
        let is_joiner = matches!(letter, '\u{200c}' | '\u{200d}') && before >= '\u{590}';
        let is_picture = is_variation(letter) && before >= '\u{203c}';
        let kept = is_joiner || is_picture || !is_invisible(letter);
        if kept {
            before = letter;
        }
        kept
    });
    visible.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name of a person or place as it is compared: in any case, width and form, without accents, apostrophes, hyphens and the
/// like, and with those letters as their base that many keyboards do not have. Words are separated by single spaces.
///
/// Vowel signs of Indian scripts and the marks of Japanese kana stay: without them a name is another.
pub fn fold(name: &str) -> String {
    let plain = tidy(name).chars().filter_map(plain_sign).collect::<String>();
    let folded = UniCase::unicode(plain.nfkc().collect::<String>()).to_folded_case();
    let mut key = String::with_capacity(folded.len());
    for letter in folded.nfkd().filter(|&letter| !is_accent(letter) && !is_invisible(letter)) {
        match base(letter) {
            Some(base) => key.push_str(base),
            None => key.extend(plain_sign(letter)),
        }
    }
    let key = key.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    // A name of signs alone.
    if key.is_empty() { UniCase::unicode(tidy(name)).to_folded_case() } else { key }
}

/// The same, with German and Nordic letters as they are spelled out: "Müller" -> "mueller".
pub(super) fn fold_spelled_out(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len());
    for letter in tidy(name).chars() {
        match letter {
            'ä' | 'Ä' => spelled.push_str("ae"),
            'ö' | 'Ö' | 'ø' | 'Ø' => spelled.push_str("oe"),
            'ü' | 'Ü' => spelled.push_str("ue"),
            'å' | 'Å' => spelled.push_str("aa"),
            other => spelled.push(other),
        }
    }
    fold(&spelled)
}

/// Signs that few type alike: apostrophes and full stops are left out, hyphens, commas and the dots between Chinese or Japanese
/// words are spaces.
fn plain_sign(letter: char) -> Option<char> {
    match letter {
        '\''
        | '’'
        | '‘'
        | '‚'
        | '‛'
        | '`'
        | '´'
        | '\u{2b0}'..='\u{2ff}'
        | '′'
        | '″'
        | '＇'
        | '"'
        | '“'
        | '”'
        | '„'
        | '‟'
        | '«'
        | '»'
        | '\u{5f3}'
        | '\u{5f4}'
        | '\u{a78b}'
        | '\u{a78c}'
        | '.'
        | '．'
        | '。' => None,
        '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹘' | '﹣' | '－' | '\u{58a}' | '\u{5be}' | '⁃' | '_'
        | ',' | '，' | '、' | '،' | '·' | '・' | '･' | '•' | '‧' => Some(' '),
        other => Some(other),
    }
}

/// A mark on a letter of a script in which names are also written without: Latin, Greek, Cyrillic, Hebrew and Arabic.
fn is_accent(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'..='\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}' | '\u{8d3}'..='\u{8ff}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// What is typed for a letter that has no accent to take off, in folded case.
fn base(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ı' | 'ɩ' => "i",
        'ȷ' => "j",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' | 'ɖ' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'ŋ' => "n",
        'ĸ' => "k",
        'þ' => "th",
        'æ' => "ae",
        'œ' => "oe",
        'ə' => "e",
        'ß' => "ss",
        'ſ' => "s",
        // Letters of Arabic and Persian keyboards for the same sound.
        'ى' | 'ی' => "ي",
        'ک' => "ك",
        'ة' => "ه",
        'ٱ' => "ا",
        _ => return None,
    })
}

/// A letter that leaves no trace: zero-width ones, marks of direction, fillers, variation selectors, tags.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}')
        || is_variation(letter)
}

fn is_variation(letter: char) -> bool {
    matches!(letter, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether `words` are in `name`, both as [`fold`] gives them, each word whole; of names that are written without spaces, the
/// family name or the given name.
pub(super) fn has_words(name: &str, words: &str) -> bool {
    !words.is_empty()
        && (format!(" {name} ").contains(&format!(" {words} ")) || name.split(' ').any(|word| is_part(word, words)))
}

/// Whether `words`, whatever spaces are between their letters, are one or more whole words of `name` that stand together, both as
/// [`fold`] gives them: "jeanluc" and "jean luc picard" are in "jean luc picard", and "d angelo" in "marco dangelo".
pub(super) fn has_joined_words(name: &str, words: &str) -> bool {
    let (name, words): (Vec<&str>, String) = (name.split(' ').collect(), words.replace(' ', ""));
    !words.is_empty()
        && (0..name.len()).any(|first| {
            let mut rest = words.as_str();
            for word in &name[first..] {
                match rest.strip_prefix(word) {
                    Some("") => return true,
                    Some(behind) => rest = behind,
                    None => return false,
                }
            }
            false
        })
}

/// Whether `part` is the family name, of one or two letters, or the given name in a Chinese, Japanese or Korean name. In one of
/// three letters the family name has one, as nearly all have.
fn is_part(name: &str, part: &str) -> bool {
    let (letters, length) = (name.chars().count(), part.chars().count());
    if !(2..=6).contains(&letters) || length >= letters || !name.chars().all(is_east_asian) {
        return false;
    }
    let families = match letters {
        2 | 3 => 1..=1,
        4 | 5 => 1..=2,
        _ => 1..=3,
    };
    (name.starts_with(part) && families.contains(&length))
        || (name.ends_with(part) && families.contains(&(letters - length)))
}

fn is_east_asian(letter: char) -> bool {
    matches!(letter, '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_as_people_type_them() {
        for (name, typed) in [
            ("  ÉLODIE \t Brown", "e\u{301}lodie brown"),
            ("José Müller", "jose muller"),
            ("ΜΑΡΊΑ Σταύρος", "μαρια σταυροσ"),
            ("Groß", "GROSS"),
            ("İlker Işık", "ilker isik"),
            ("ILKER", "ılker"),
            ("Søren Łukasz Đorđe", "soren lukasz dorde"),
            ("Þóra Æsa Œuvre", "thora aesa oeuvre"),
            ("Nguyễn Thị Ánh", "nguyen thi anh"),
            ("Ａｎｎａ　Ｂｒｏｗｎ", "anna brown"),
            ("ｶﾅ", "カナ"),
            ("ｶﾞﾅ", "ガナ"),
            ("Jean-Luc", "jean luc"),
            ("Jean–Luc", "Jean‑Luc"),
            ("O’Brien", "o'brien"),
            ("O`Brien", "obrien"),
            ("Anna\u{a0}Brown", "anna brown"),
            ("\u{200e}Eva\u{feff}", "eva"),
            ("E\u{ad}va\u{200b}", "Eva"),
            ("Алёна", "алена"),
            ("שָׂרָה", "שרה"),
            ("مُحَمَّد", "محمد"),
            ("أحمد", "احمد"),
            ("علی", "علي"),
            ("J. R. Smith, Jr.", "j r smith jr"),
            ("安娜·布朗", "安娜 布朗"),
            ("ﬁona", "Fiona"),
            ("Washington, D.C.", "washington dc"),
            ("São  Paulo", "sao paulo"),
        ] {
            assert_eq!(fold(name), fold(typed), "{name}");
        }
        assert_eq!(fold_spelled_out("Jürgen Größe"), "juergen groesse");
    }

    #[test]
    fn other_names_are_others() {
        for (one, other) in
            [("Anna", "Anne"), ("राम", "रोम"), ("かな", "がな"), ("สมชาย", "สมชัย"), ("👨", "👩"), ("!", "?")]
        {
            assert_ne!(fold(one), fold(other), "{one}");
        }
        assert_eq!(fold("小明"), "小明");
        assert!(!fold("--").is_empty());
    }

    #[test]
    fn folding_again_changes_nothing() {
        for name in ["İlker", "Ǆ", "ŉ", "ẞ", "ﷺ", "ΐ", "O’´Brien", "½ ﬃ", "가나", "Å\u{327}"] {
            assert_eq!(fold(&fold(name)), fold(name), "{name}");
        }
    }

    #[test]
    fn names_are_kept_as_they_were_given() {
        assert_eq!(tidy(" e\u{301}lodie  Brown "), "élodie Brown");
        assert_eq!(tidy("\u{200e}Eva"), "Eva");
        assert_eq!(tidy("\u{202b}دنیا\u{200c}ها\u{202c}"), "دنیا\u{200c}ها");
        assert_eq!(tidy("👨\u{200d}👩"), "👨\u{200d}👩");
    }

    #[test]
    fn whole_words_and_given_names_are_in_a_name() {
        for (name, words) in [
            ("Jean-Luc Picard", "jean"),
            ("Ann O’Brien", "O'Brien"),
            ("王小明", "小明"),
            ("王小明", "王"),
            ("李明", "明"),
            ("欧阳娜娜", "娜娜"),
            ("欧阳娜娜", "欧阳"),
            ("山田太郎", "太郎"),
            ("김민수", "민수"),
            ("山田　太郎", "太郎"),
        ] {
            assert!(has_words(&fold(name), &fold(words)), "{name} {words}");
        }
        for (name, words) in [("Anna", "Ann"), ("王小明", "明"), ("王小明", "小"), ("Anna", ""), ("王小明", "王小明明")]
        {
            assert!(!has_words(&fold(name), &fold(words)), "{name} {words}");
        }
    }

    #[test]
    fn words_may_be_typed_together_or_apart() {
        for (name, words) in [
            ("Jean-Luc Picard", "jeanluc"),
            ("Jean-Luc Picard", "jeanlucpicard"),
            ("Jean-Luc Picard", "jean lucpicard"),
            ("Flora MacDonald-Smith", "macdonaldsmith"),
            ("Flora MacDonald-Smith", "mac donald smith"),
            ("Marco D'Angelo", "d angelo"),
            ("Marco D Angelo", "d'angelo"),
            ("Ann O’Brien", "o brien"),
            ("Ann O Brien", "obrien"),
            ("Omar al-Hassan", "alhassan"),
            ("Omar Alhassan", "al-hassan"),
            ("Mary-Ann Lee", "maryann"),
            ("Maryann Lee", "mary ann"),
            ("Jan van der Berg", "vanderberg"),
            ("Jan Vanderberg", "van der Berg"),
        ] {
            assert!(has_joined_words(&fold(name), &fold(words)), "{name} {words}");
        }
        for (name, words) in [
            ("Mary-Ann Lee", "marya"),
            ("Mary-Ann Lee", "ryann"),
            ("Mary-Ann Lee", "annle"),
            ("Mary-Ann Lee", "mary lee"),
            ("Jean-Luc Picard", "luc jean"),
            ("Anna", "ann"),
            ("Anna", "an"),
            ("Anna", ""),
        ] {
            assert!(!has_joined_words(&fold(name), &fold(words)), "{name} {words}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_of_any_bytes_comes_back() {
        use std::os::unix::ffi::OsStrExt;
        let connection = crate::catalog::engine::Connection::from(rusqlite::Connection::open_in_memory().unwrap());
        for bytes in [&b"/photos/Anna \xc3\xa9.jpg"[..], b"/photos/\xff\xfe.jpg"] {
            let path = Path::new(std::ffi::OsStr::from_bytes(bytes));
            let back: SqlPath<PathBuf> = connection.query_row("SELECT ?1", [SqlPath(path)], |row| row.get(0)).unwrap();
            assert_eq!(back.0, path);
        }
    }
}
