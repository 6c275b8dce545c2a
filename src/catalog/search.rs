//! Photos by person, date, place and folder.

use std::path::PathBuf;

use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use super::photos::{ONLINE, below, taken_text};
use super::text::{SqlPath, fold_place, path_value};
use super::{Catalog, PersonId, PhotoId, Result};

/// What to look for; every part that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Each of them is in the photo.
    pub all: Vec<PersonId>,
    /// At least one of them is; empty for whoever.
    pub any: Vec<PersonId>,
    /// None of them is.
    pub not: Vec<PersonId>,
    /// Nobody is in the photo but those of `all` and `any`: no other person or group. A face so doubtful that it is in no
    /// group does not count, nor does a stranger whom the user ignores.
    pub only: bool,
    pub span: Span,
    /// A city, region or country, by name or country code.
    pub place: Option<String>,
    /// Absolute; the photo lies below it.
    pub folder: Option<PathBuf>,
    /// Every file of a photo, not just the first.
    pub copies: bool,
}

/// From the first day to the last, both included, in the local time of the photo.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    pub since: Option<Date>,
    pub until: Option<Date>,
}

/// A photo that fits a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub photo: PhotoId,
    pub path: PathBuf,
    /// Local time with its offset where known.
    pub taken: Option<String>,
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
}

/// Where a photo stands among those that fit a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// From 1 on.
    pub number: usize,
    pub total: usize,
    pub before: Option<PhotoId>,
    pub after: Option<PhotoId>,
}

impl Catalog {
    /// The photos that fit, by date, then path; those without a date last; missing files, and those
    /// of a root that is offline, never.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn find(&self, query: &Query) -> Result<Vec<Hit>> {
        self.fitting(query, "taken, taken_offset, width, height", |row| {
            Ok(Hit {
                photo: row.get(0)?,
                path: row.get::<_, SqlPath<_>>(1)?.0,
                taken: taken_text(row.get(2)?, row.get(3)?),
                width: row.get(4)?,
                height: row.get(5)?,
            })
        })
    }

    /// Where a photo stands among those that fit; `None` where it is none of them.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn standing(&self, query: &Query, photo: PhotoId) -> Result<Option<Standing>> {
        let photos = self.fitting(query, "taken", |row| row.get::<_, PhotoId>(0))?;
        let index = photos.iter().position(|&other| other == photo);
        Ok(index.map(|index| Standing {
            number: index + 1,
            total: photos.len(),
            before: index.checked_sub(1).map(|before| photos[before]),
            after: photos.get(index + 1).copied(),
        }))
    }

    /// The towns in which photos were taken, by name, at most so many.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn towns(&self, limit: usize) -> Result<Vec<String>> {
        let mut statement =
            self.connection.prepare_cached("SELECT DISTINCT city FROM places ORDER BY city LIMIT ?1")?;
        let rows = statement.query_map([limit as i64], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Rows of the photos that fit: id and path, then `columns`.
    fn fitting<T>(
        &self,
        query: &Query,
        columns: &str,
        read: impl FnMut(&Row) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut conditions = Conditions::default();
        for &person in &query.all {
            conditions.add("photos.id IN (SELECT photo_id FROM faces WHERE person_id = ?)", [person]);
        }
        if !query.any.is_empty() {
            let sql =
                format!("photos.id IN (SELECT photo_id FROM faces WHERE person_id IN ({}))", marks(query.any.len()));
            conditions.add(&sql, query.any.iter().copied());
        }
        for &person in &query.not {
            conditions.add("NOT EXISTS (SELECT 1 FROM faces WHERE photo_id = photos.id AND person_id = ?)", [person]);
        }
        if query.only {
            let named: Vec<PersonId> = query.all.iter().chain(&query.any).copied().collect();
            let sql = format!(
                "NOT EXISTS (SELECT 1 FROM faces WHERE photo_id = photos.id AND person_id NOT IN ({})
                             AND person_id NOT IN (SELECT id FROM people WHERE ignored))",
                marks(named.len())
            );
            conditions.add(&sql, named);
        }
        if let Some(since) = query.span.since {
            conditions.add("taken >= ?", [since.to_string()]);
        }
        if let Some(until) = query.span.until {
            // A time on that day is greater than the day alone and less than the day with a letter behind it.
            conditions.add("taken < ?", [format!("{until}U")]);
        }
        if let Some(place) = &query.place {
            let key = fold_place(place);
            conditions.add(
                "place_id IN (SELECT id FROM places WHERE instr(key, ?) OR instr(key, ?))",
                [format!("|{key}|"), format!("|{key} ")],
            );
        }
        if let Some(folder) = &query.folder {
            let (first, end) = below(folder);
            conditions.add(
                "(path = ? OR (path >= ? AND path < ?) OR (path >= CAST(? AS BLOB) AND path < CAST(? AS BLOB)))",
                [folder, &first, &end, &first, &end].map(|path| path_value(path)),
            );
        }

        let path = if query.copies { "path" } else { "min(path)" };
        let group = if query.copies { "" } else { "GROUP BY photos.id" };
        let sql = format!(
            "SELECT photos.id, {path} AS shown, {columns}
             FROM photos JOIN files ON photo_id = photos.id AND missing_since IS NULL AND problem IS NULL
             WHERE {ONLINE} AND {} {group} ORDER BY taken IS NULL, taken, shown",
            conditions.sql()
        );
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map(params_from_iter(conditions.values), read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// SQL conditions with the values for their question marks.
#[derive(Default)]
struct Conditions {
    parts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn add<T: Into<Value>>(&mut self, sql: &str, values: impl IntoIterator<Item = T>) {
        self.parts.push(sql.to_owned());
        self.values.extend(values.into_iter().map(Into::into));
    }

    fn sql(&self) -> String {
        if self.parts.is_empty() { "true".to_owned() } else { self.parts.join(" AND ") }
    }
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}
