//! Values in the forms that the catalog keeps: paths, and names as they are compared.

use std::path::{Path, PathBuf};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

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

/// A name as it is kept: NFC, without white space around it, inner white space as single spaces.
pub(super) fn tidy(name: &str) -> String {
    name.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name as it is compared: tidy, and folded so that case does not matter in any script.
pub fn fold(name: &str) -> String {
    UniCase::unicode(tidy(name)).to_folded_case().nfc().collect()
}

/// A place's name as it is compared: folded, and without accents, which few type abroad, nor full stops and commas.
pub(super) fn fold_place(name: &str) -> String {
    fold(name).nfd().filter(|&letter| !is_combining_mark(letter) && !matches!(letter, '.' | ',')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_any_case_and_form() {
        assert_eq!(fold("  ÉLODIE \t Brown"), fold("e\u{301}lodie brown"));
        assert_eq!(fold("ΜΑΡΊΑ"), fold("μαρία"));
        assert_eq!(fold("Groß"), fold("GROSS"));
        assert_eq!(fold("小明"), "小明");
        assert_ne!(fold("Anna"), fold("Anne"));
        assert_eq!(fold_place("São  Paulo"), "sao paulo");
        assert_eq!(fold_place("Washington, D.C."), "washington dc");
        assert_eq!(tidy(" e\u{301}lodie  Brown "), "élodie Brown");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_of_any_bytes_comes_back() {
        use std::os::unix::ffi::OsStrExt;
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for bytes in [&b"/photos/Anna \xc3\xa9.jpg"[..], b"/photos/\xff\xfe.jpg"] {
            let path = Path::new(std::ffi::OsStr::from_bytes(bytes));
            let back: SqlPath<PathBuf> = connection.query_row("SELECT ?1", [SqlPath(path)], |row| row.get(0)).unwrap();
            assert_eq!(back.0, path);
        }
    }
}
