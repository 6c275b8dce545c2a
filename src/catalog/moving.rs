//! A library copied from a folder into a database, or back: every table, and every row compared afterwards.

use std::path::Path;

use super::engine::{Access, Connection, Value, ValueRef};
use super::{Catalog, CatalogError, Library, Result, machines, open};

/// The tables, each after those to which it refers.
const TABLES: [&str; 38] = [
    "machines",
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
    "regrouped_faces",
    "written",
    "written_entries",
    "forgotten_faces",
    "forgotten_folders",
    "removed_roots",
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
    let _scan = from.lock_alone()?;
    let source = Catalog::open(from)?;
    let target = Catalog::open(to)?;
    for table in ["roots", "photos", "people", "journal"] {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
        if target.connection.query_row(&sql, [], |row| row.get(0))? {
            return Err(CatalogError::NotEmpty { path: to.name() });
        }
    }
    copy(&source.connection, &target.connection, Here::Moves)
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
    copy(&catalog.connection, &copied.connection, Here::Stays)?;
    open::close_whole(copied.connection)?;
    std::fs::File::open(&half).and_then(|file| file.sync_all()).map_err(failed)?;
    std::fs::rename(&half, to).map_err(failed)
}

/// Whether what is of this machine is to be so in the copy too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Here {
    /// In a database it has the machine's number, in a folder 0.
    Moves,
    /// The numbers stay, as in a backup that may be brought back by whichever machine.
    Stays,
}

/// One number of a machine that becomes another.
type Renumbered = Option<(i64, i64)>;

fn copy(from: &Connection, to: &Connection, here: Here) -> Result<Moved> {
    // A connection that is dropped rolls back.
    from.begin(Access::Read)?;
    to.begin(Access::Decide)?;
    to.defer_foreign_keys()?;
    // That of this machine, which has just opened it.
    to.execute("DELETE FROM machines", [])?;
    let mut machine = None;
    let rows = to.without_triggers("files", || {
        let mut rows = 0;
        for table in TABLES {
            rows += copy_table(from, to, table, machine)?;
            if table == "machines" && here == Here::Moves {
                machine = Some(renumber(from, to)?);
            }
        }
        Ok::<_, CatalogError>(rows)
    })?;
    for table in TABLES {
        if column_names(to, table)?.first().is_some_and(|column| column == "id") {
            let highest = from.query_row(&format!("SELECT coalesce(max(id), 0) FROM {table}"), [], |row| row.get(0))?;
            to.set_last_number(table, from.last_number(table)?.max(highest))?;
        }
        if table != "machines" || to.sqlite().is_some() {
            compare(from, to, table, machine)?;
        }
    }
    let count = |table: &str| -> Result<u64> {
        Ok(to.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<i64>(0))? as u64)
    };
    // They are computed again.
    for table in ["clusters", "cluster_cells", "compared_faces", "outdated_clusters", "gained_clusters"] {
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
    let own = if table == "settings" {
        "WHERE key NOT IN ('writes', 'version', 'schema', 'clusters', 'ungrouped')"
    } else {
        ""
    };
    let sql = format!("SELECT {} FROM {table} {own}", columns.join(", "));
    Ok((columns, sql))
}

fn copy_table(from: &Connection, to: &Connection, table: &str, machine: Renumbered) -> Result<u64> {
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
            batch.push(value(table, column, row.get_ref(index)?, machine));
        }
        rows += 1;
        if batch.len() >= BATCH * columns.len() { store(&mut batch) } else { Ok(()) }
    })?;
    if !batch.is_empty() {
        store(&mut batch)?;
    }
    Ok(rows)
}

/// The number that what is of this machine has, and the one that it has in the copy, to which the machines were just copied.
fn renumber(from: &Connection, to: &Connection) -> Result<(i64, i64)> {
    let number = |connection: &Connection| match connection.sqlite() {
        // A backup of a library in a database has the numbers that it had there.
        Some(_) => Ok(machines::number(connection)?.unwrap_or(0)),
        None => {
            let here = connection.query_row("SELECT machine FROM here", [], |row| row.get(0));
            here.map_err(CatalogError::from)
        }
    };
    let ours = number(from)?;
    if to.sqlite().is_some() {
        return Ok((ours, 0));
    }
    // Before this machine is among them.
    compare(from, to, "machines", None)?;
    to.set_last_number("machines", from.last_number("machines")?)?;
    machines::register(to)?;
    let new = number(to)?;
    Ok((if ours == new { 0 } else { ours }, new))
}

/// A value as SQLite keeps it, where paths are texts unless they are no UTF-8.
fn value(table: &str, column: &str, value: ValueRef, machine: Renumbered) -> Value {
    match value {
        ValueRef::Integer(number) if column == "machine" => {
            Value::Integer(machine.filter(|machine| machine.0 == number).map_or(number, |machine| machine.1))
        }
        ValueRef::Blob(bytes) if column == "path" && table != "forgotten_folders" => match std::str::from_utf8(bytes) {
            Ok(path) => Value::Text(path.to_owned()),
            Err(_) => Value::Blob(bytes.to_owned()),
        },
        other => Value::try_from(other).unwrap_or(Value::Null),
    }
}

/// By what the rows of a table are put in an order that is the same in both engines; MACHINE is the number that a machine has in the copy.
fn order(table: &str) -> &'static str {
    match table {
        "settings" => "key",
        "originals" => "CAST(path AS BLOB), MACHINE",
        "embeddings" => "face_id, pack",
        "thumbnails" => "face_id",
        "named_faces" => "face_id, name",
        "rejections" => "face_id, person_id",
        "circle_members" => "circle, person",
        "commands" => "first",
        "regrouped_faces" => "line, face_id",
        "lines" | "merges" => "line",
        "line_people" => "person, line",
        "dates" => "line, photo, date",
        "dated_edits" => "line, old_photo, new_photo",
        "before_rejections" => "line, face_id, person_id",
        "before_embeddings" => "line, face_id, pack",
        "before_circle_members" => "line, circle, person",
        "before_people" | "before_faces" | "before_photos" | "before_circles" => "line, id",
        "written" => "photo_id",
        "written_entries" => "photo_id, file, place, entry",
        "forgotten_faces" => "photo, x, y, width, height",
        "forgotten_folders" => "path",
        "removed_roots" => "folder",
        _ => "id",
    }
}

/// Compares a table row by row. Of the rows of a database only a few are in memory at once.
fn compare(from: &Connection, to: &Connection, table: &'static str, machine: Renumbered) -> Result<()> {
    let differs = || CatalogError::CopyDiffers { table };
    // Read by a cursor, and the other row by row beside it.
    let (first, second, machines) =
        if from.sqlite().is_some() { (to, from, (None, machine)) } else { (from, to, (machine, None)) };
    let (columns, sql) = selection(first, table)?;
    let order = |machine: Renumbered| {
        let number = |(old, new)| format!("CASE WHEN machine = {old} THEN {new} ELSE machine END");
        order(table).replace("MACHINE", &machine.map_or_else(|| "machine".to_owned(), number))
    };
    let mut statement = second.prepare(&format!("{} ORDER BY {}", selection(second, table)?.1, order(machines.1)))?;
    let mut rows = statement.query([])?;
    first.each_row::<CatalogError>(&format!("{sql} ORDER BY {}", order(machines.0)), [], |one| {
        let other = rows.next()?.ok_or_else(differs)?;
        for (index, column) in columns.iter().enumerate() {
            let other = value(table, column, other.get_ref(index)?, machines.1);
            if value(table, column, one.get_ref(index)?, machines.0) != other {
                return Err(differs());
            }
        }
        Ok(())
    })?;
    if rows.next()?.is_some() { Err(differs()) } else { Ok(()) }
}
