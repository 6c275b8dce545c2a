//! Opening a library in a PostgreSQL database: its tables are created or migrated by one process at a time, while others wait.

use super::engine::{self, Access, Connection, Postgres};
use super::open::{OURS, set_setting, too_new};
use super::{Catalog, Library, Result, Writer, changes};

/// In the order of their dates; one that was released is never edited. What a migration of SQLite changes of the tables has its
/// counterpart here.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/postgres/2026-11-29-first.sql"),
    include_str!("migrations/postgres/2026-11-29-clusters.sql"),
    include_str!("migrations/postgres/2026-11-29-person-changes.sql"),
    include_str!("migrations/postgres/2026-11-29-face-years.sql"),
];

/// The setting with the number of migrations that were carried out.
const SCHEMA: &str = "schema";

pub(super) fn open(library: &Library, url: &str) -> Result<Catalog> {
    library.create()?;
    let connection = Postgres::connect(url)?;
    let catalog = |connection| Ok(Catalog { connection, file: None });
    match schema(&connection)? {
        Some(version) if version == MIGRATIONS.len() => return catalog(connection),
        Some(version) if version > MIGRATIONS.len() => {
            return Err(too_new(&connection, &library.name(), (version, MIGRATIONS.len()), "")?);
        }
        _ => {}
    }
    connection.begin(Access::Decide)?;
    // Somebody else may have done it meanwhile.
    let version = schema(&connection)?.unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(version) {
        connection.execute_batch(migration)?;
    }
    connection.execute_batch(&changes::lasting_triggers())?;
    set_setting(&connection, SCHEMA, &MIGRATIONS.len().to_string())?;
    set_setting(&connection, "written_by", OURS)?;
    Writer { connection: &connection }.index_journal()?;
    connection.commit()?;
    catalog(connection)
}

/// How many migrations were carried out; `None` before the first.
fn schema(connection: &Connection) -> engine::Result<Option<usize>> {
    let has_settings = "SELECT to_regclass('settings') IS NOT NULL";
    if !connection.query_row(has_settings, [], |row| row.get(0))? {
        return Ok(None);
    }
    let sql = "SELECT value FROM settings WHERE key = ?1";
    let found: Vec<String> =
        connection.prepare(sql)?.query_map([SCHEMA], |row| row.get(0))?.collect::<engine::Result<_>>()?;
    Ok(found.first().and_then(|version| version.parse().ok()))
}
