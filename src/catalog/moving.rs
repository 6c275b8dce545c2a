//! A library copied from a folder into a database, or back: every table, and every row compared afterwards.

use std::path::Path;

use super::engine::{self, Access, Connection, Value, ValueRef};
use super::{Catalog, CatalogError, Library, Result, open};

/// The tables, each after those to which it refers.
const TABLES: [&str; 35] = [
    "settings",
    "roots",
    "places",
    "photos",
    "files",
    "originals",
    "people",
    "faces",
    "embeddings",
    "thumbnails",
    "named_faces",
    "rejections",
    "circles",
    "circle_members",
    "journal",
    "commands",
    "lines",
    "words",
    "line_people",
    "merges",
    "edits",
    "imported",
    "dates",
    "dated_edits",
    "before_people",
    "before_faces",
    "before_rejections",
    "before_embeddings",
    "before_photos",
    "before_circles",
    "before_circle_members",
    "written",
    "written_entries",
    "forgotten_faces",
    "forgotten_folders",
];

/// Rows of one statement.
const BATCH: usize = 200;

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    pub rows: u64,
    pub photos: u64,
    pub decisions: u64,
}

/// Copies a library to where there is none yet, and compares every row. The first one stays as it is.
///
/// # Errors
/// There is a library already; the copy differs; those of either engine.
pub fn move_library(from: &Library, to: &Library) -> Result<Moved> {
    if !from.exists() {
        return Err(CatalogError::Gone { path: from.name() });
    }
    if to.url().is_none() && to.exists() {
        return Err(CatalogError::NotEmpty { path: to.name() });
    }
    let _scan = from.lock_for_scan()?;
    let source = Catalog::open(from)?;
    let target = Catalog::open(to)?;
    for table in ["roots", "photos", "people", "journal"] {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
        if target.connection.query_row(&sql, [], |row| row.get(0))? {
            return Err(CatalogError::NotEmpty { path: to.name() });
        }
    }
    copy(&source.connection, &target.connection)
}

/// Writes a library into a new SQLite file, which appears under its name once it is complete.
pub(super) fn into_new_file(catalog: &Catalog, to: &Path) -> Result<()> {
    let failed = |source| CatalogError::Io { path: to.to_owned(), source };
    let half = to.with_extension(format!("{}.part", std::process::id()));
    if half.exists() {
        std::fs::remove_file(&half).map_err(failed)?;
    }
    drop(Library::private_file(&half)?);
    let copied = open::open_copy(&half)?;
    copy(&catalog.connection, &copied.connection)?;
    open::close_whole(copied.connection)?;
    std::fs::File::open(&half).and_then(|file| file.sync_all()).map_err(failed)?;
    std::fs::rename(&half, to).map_err(failed)
}

fn copy(from: &Connection, to: &Connection) -> Result<Moved> {
    // A connection that is dropped rolls back.
    from.begin(Access::Read)?;
    to.begin(Access::Decide)?;
    to.defer_foreign_keys()?;
    let rows =
        to.without_triggers("files", || TABLES.iter().map(|table| copy_table(from, to, table)).sum::<Result<u64>>())?;
    for table in TABLES {
        if column_names(to, table)?.first().is_some_and(|column| column == "id") {
            let highest = from.query_row(&format!("SELECT coalesce(max(id), 0) FROM {table}"), [], |row| row.get(0))?;
            to.set_last_number(table, from.last_number(table)?.max(highest))?;
        }
        if sum(from, table)? != sum(to, table)? {
            return Err(CatalogError::CopyDiffers { table });
        }
    }
    let count = |table: &str| -> Result<u64> {
        Ok(to.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<i64>(0))? as u64)
    };
    // They are computed again.
    for table in ["clusters", "cluster_cells", "compared_faces", "outdated_clusters"] {
        to.execute(&format!("DELETE FROM {table}"), [])?;
    }
    let moved = Moved { rows, photos: count("photos")?, decisions: count("journal")? };
    to.commit()?;
    from.roll_back()?;
    Ok(moved)
}

fn column_names(connection: &Connection, table: &str) -> Result<Vec<String>> {
    Ok(connection.prepare(&format!("SELECT * FROM {table}"))?.column_names())
}

/// What a table holds, but for what an engine keeps of itself.
fn selection(connection: &Connection, table: &str) -> Result<(Vec<String>, String)> {
    let mut columns = column_names(connection, table)?;
    // Their order may differ; the year of a photo follows from its date.
    columns[1..].sort();
    columns.retain(|column| table != "photos" || column != "year");
    let own = if table == "settings" { "WHERE key NOT IN ('writes', 'version', 'schema', 'clusters')" } else { "" };
    let sql = format!("SELECT {} FROM {table} {own}", columns.join(", "));
    Ok((columns, sql))
}

fn copy_table(from: &Connection, to: &Connection, table: &str) -> Result<u64> {
    let (columns, sql) = selection(to, table)?;
    let (mut batch, mut rows): (Vec<Value>, u64) = (Vec::new(), 0);
    let store = |batch: &mut Vec<Value>| -> Result<()> {
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        let rows = vec![row; batch.len() / columns.len()].join(", ");
        let otherwise = if table == "settings" { "ON CONFLICT (key) DO UPDATE SET value = excluded.value" } else { "" };
        let sql = format!("INSERT INTO {table} ({}) VALUES {rows} {otherwise}", columns.join(", "));
        to.execute(&sql, batch.as_slice())?;
        batch.clear();
        Ok(())
    };
    from.each_row::<CatalogError>(&sql, [], |row| {
        for (index, column) in columns.iter().enumerate() {
            batch.push(value(table, column, row.get_ref(index)?));
        }
        rows += 1;
        if batch.len() >= BATCH * columns.len() { store(&mut batch) } else { Ok(()) }
    })?;
    if !batch.is_empty() {
        store(&mut batch)?;
    }
    Ok(rows)
}

/// A value as SQLite keeps it, where paths are texts unless they are no UTF-8.
fn value(table: &str, column: &str, value: ValueRef) -> Value {
    match value {
        ValueRef::Blob(bytes) if column == "path" && table != "forgotten_folders" => match std::str::from_utf8(bytes) {
            Ok(path) => Value::Text(path.to_owned()),
            Err(_) => Value::Blob(bytes.to_owned()),
        },
        other => Value::try_from(other).unwrap_or(Value::Null),
    }
}

/// The count of a table's rows, and the sum of their hashes, which is the same in whatever order they come.
fn sum(connection: &Connection, table: &str) -> Result<(u64, [u64; 4])> {
    let (columns, sql) = selection(connection, table)?;
    let (mut rows, mut sum) = (0, [0u64; 4]);
    connection.each_row::<engine::Error>(&sql, [], |row| {
        let mut hasher = blake3::Hasher::new();
        for (index, column) in columns.iter().enumerate() {
            hasher.update(format!("{column} {:?};", value(table, column, row.get_ref(index)?)).as_bytes());
        }
        let hash = hasher.finalize();
        for (sum, part) in sum.iter_mut().zip(hash.as_bytes().as_chunks::<8>().0) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*part));
        }
        rows += 1;
        Ok(())
    })?;
    Ok((rows, sum))
}
