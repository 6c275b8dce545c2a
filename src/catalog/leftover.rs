//! What a library knows beside decisions and what scans find again. Where a backup replaces the library, this is carried over.

use std::path::{Path, PathBuf};

use rusqlite_migration::Migrations;

use super::engine::{Connection, FromSql, Value};
use super::photos::Writer;
use super::salvage::Salvaged;
use super::text::SqlPath;
use super::{Result, read_only};

/// A table with what is carried over from it.
struct Part {
    /// What is lost without it, in words.
    what: &'static str,
    read: &'static str,
    /// Carried out once before the rows are written, where they are the whole truth: the library is the backup's continuation.
    clear: Option<&'static str>,
    write: &'static str,
    /// It holds whatever the history of the library is.
    of_any: bool,
}

/// What a library that is replaced by a backup has to do with it, as their journals tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kinship {
    /// It is what became of the backup.
    Continued,
    /// It has no decisions that the backup has too, and none that contradict it: a new library, or one of which little is left.
    Unknown,
    /// Another history: the numbers of people mean others in it.
    None,
}

const SETTINGS: usize = 0;
const ROOTS: usize = 1;

const PARTS: [Part; 9] = [
    Part {
        what: "the model pack, albums that follow a search, and what is imported after scans",
        read: "SELECT key, value FROM settings
               WHERE key NOT IN ('writes', 'version', 'written_by', 'schema', 'clusters', 'ungrouped', 'rebuild_groups',
                                 'embedded')",
        clear: None,
        write: "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        of_any: false,
    },
    Part {
        what: "folders, and what is excluded in them",
        read: "SELECT path, added_at, excluded, follow_links FROM roots",
        clear: None,
        write: "INSERT INTO roots (path, added_at, excluded, follow_links) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (path, machine) DO UPDATE SET excluded = excluded.excluded, follow_links = excluded.follow_links",
        of_any: false,
    },
    Part {
        what: "what `facetag write` has written of which photo",
        read: "SELECT hash FROM written JOIN photos ON photos.id = photo_id",
        clear: Some("DELETE FROM written"),
        write: "INSERT INTO written (photo_id) SELECT id FROM photos WHERE hash = ?1",
        of_any: false,
    },
    Part {
        what: "what `facetag write` has written into which file",
        read: "SELECT hash, file, place, entry FROM written_entries JOIN photos ON photos.id = photo_id",
        clear: Some("DELETE FROM written_entries"),
        write: "INSERT INTO written_entries (photo_id, file, place, entry) SELECT id, ?2, ?3, ?4 FROM photos WHERE hash = ?1",
        of_any: false,
    },
    Part {
        what: "the content of newer photos at their first scan, for `facetag check --photos-untouched`",
        read: "SELECT path, hash FROM originals",
        clear: None,
        write: "INSERT INTO originals (path, hash) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        of_any: false,
    },
    Part {
        what: "which faces were forgotten",
        read: "SELECT photo, x, y, width, height FROM forgotten_faces",
        clear: None,
        write: "INSERT INTO forgotten_faces (photo, x, y, width, height) SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS
                (SELECT 1 FROM forgotten_faces WHERE (photo, x, y, width, height) = (?1, ?2, ?3, ?4, ?5))",
        of_any: true,
    },
    Part {
        what: "which folders were forgotten",
        read: "SELECT path FROM forgotten_folders",
        clear: None,
        write: "INSERT INTO forgotten_folders (path) VALUES (?1) ON CONFLICT DO NOTHING",
        of_any: true,
    },
    Part {
        what: "which folders were removed",
        read: "SELECT folder, forgotten FROM removed_roots",
        clear: Some("DELETE FROM removed_roots"),
        write: "INSERT INTO removed_roots (folder, forgotten) VALUES (?1, ?2)
                ON CONFLICT (folder) DO UPDATE SET forgotten = excluded.forgotten",
        of_any: true,
    },
    // A line of the journal that was forgotten must not leave its number to another: a backup may still have it.
    Part {
        what: "the numbers that were given to people and decisions",
        read: "SELECT name, seq FROM sqlite_sequence",
        clear: None,
        write: "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
        of_any: true,
    },
];

/// The rows of each of [`PARTS`]; `None` where they cannot be read.
pub(super) struct Leftover(Vec<Option<Vec<Vec<Value>>>>);

impl Leftover {
    /// Reads what a library has, however damaged it is: first as SQLite does, then as its pages still have it.
    pub fn read(file: &Path, migrations: &Migrations, salvaged: &Salvaged) -> Self {
        let connection = read_only::connect(file, migrations).ok();
        let mut parts: Vec<_> =
            PARTS.iter().map(|part| connection.as_ref().and_then(|library| rows(library, part.read).ok())).collect();
        if parts[SETTINGS].is_none() && !salvaged.settings.is_empty() {
            let row = |(key, value): (&String, &String)| vec![Value::Text(key.clone()), Value::Text(value.clone())];
            parts[SETTINGS] = Some(salvaged.settings.iter().map(row).collect());
        }
        if parts[ROOTS].is_none() && !salvaged.roots.is_empty() {
            let text = |text: &String| Value::Text(text.clone());
            let row = |root: &super::salvage::Root| {
                vec![
                    text(&root.path),
                    text(&root.added_at),
                    text(&root.excluded),
                    Value::Integer(root.follow_links.into()),
                ]
            };
            parts[ROOTS] = Some(salvaged.roots.iter().map(row).collect());
        }
        Self(parts)
    }

    /// The folders that were scanned, as far as they are known.
    pub fn roots(&self) -> Vec<PathBuf> {
        let path = |row: &Vec<Value>| Some(SqlPath::column_result(row.first()?.into()).ok()?.0);
        self.0[ROOTS].iter().flatten().filter_map(path).collect()
    }

    /// What could not be read, in words.
    pub fn lost(&self) -> Vec<&'static str> {
        PARTS.iter().zip(&self.0).filter(|(_, rows)| rows.is_none()).map(|(part, _)| part.what).collect()
    }
}

/// All rows of a query, or an error where one of them cannot be read.
fn rows(library: &Connection, sql: &str) -> Result<Vec<Vec<Value>>> {
    let mut statement = library.prepare(sql)?;
    let columns = statement.column_names().len();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
    Ok(rows.collect::<super::engine::Result<_>>()?)
}

impl Writer<'_> {
    /// Carries over what a library that is replaced knew; of one with another history than the backup's, what was forgotten in it.
    pub(super) fn add_leftover(&mut self, leftover: &Leftover, kinship: Kinship) -> Result<()> {
        for (part, rows) in PARTS.iter().zip(&leftover.0) {
            let Some(rows) = rows.as_ref().filter(|_| kinship != Kinship::None || part.of_any) else { continue };
            if let Some(clear) = part.clear.filter(|_| kinship == Kinship::Continued) {
                self.connection.execute(clear, [])?;
            }
            let mut statement = self.connection.prepare(part.write)?;
            for row in rows {
                statement.execute(row.as_slice())?;
            }
        }
        Ok(())
    }
}
