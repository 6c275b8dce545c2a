//! Opening a library in a PostgreSQL database: its tables are created or migrated by one process at a time, while others wait.

use super::engine::{self, Access, Connection, Postgres};
use super::open::{OURS, set_setting, setting, too_new};
use super::{Catalog, Library, Result, Writer, changes, machines};

/// In the order of their dates; one that was released is never edited. What a migration of SQLite changes of the tables has its
/// counterpart here.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/postgres/2026-11-29-first.sql"),
    include_str!("migrations/postgres/2026-11-29-clusters.sql"),
    include_str!("migrations/postgres/2026-11-29-person-changes.sql"),
    include_str!("migrations/postgres/2026-11-29-face-years.sql"),
    include_str!("migrations/postgres/2026-11-29-machines.sql"),
    include_str!("migrations/postgres/2026-11-29-said.sql"),
    include_str!("migrations/postgres/2026-11-29-removed-roots.sql"),
    include_str!("migrations/postgres/2026-11-29-photos-version.sql"),
    include_str!("migrations/postgres/2026-11-29-faces-of-person.sql"),
    include_str!("migrations/postgres/2026-11-29-unrecognisable.sql"),
    include_str!("migrations/postgres/2026-11-30-gained-clusters.sql"),
    include_str!("migrations/postgres/2026-11-30-regrouped-faces.sql"),
];

/// The setting with the number of migrations that were carried out.
const SCHEMA: &str = "schema";

pub(super) fn open(library: &Library, url: &str) -> Result<Catalog> {
    library.create()?;
    let connection = Postgres::connect(url)?;
    let catalog = |connection| Ok(Catalog { connection, file: None });
    if let Some(version) = schema(&connection)?
        && version >= MIGRATIONS.len()
    {
        let written_by = setting(&connection, "written_by")?.unwrap_or_default();
        if version > MIGRATIONS.len() || numbers(&written_by) > numbers(OURS) {
            return Err(too_new(&connection, &library.name(), (version, MIGRATIONS.len()), "")?);
        }
        if written_by == OURS {
            machines::register(&connection)?;
            return catalog(connection);
        }
    }
    connection.begin(Access::Decide)?;
    // Somebody else may have done it meanwhile.
    let version = schema(&connection)?.unwrap_or(0);
    if connection.query_row("SELECT to_regclass('sessions') IS NOT NULL", [], |row| row.get(0))? {
        machines::refuse_beside_others(&connection, None)?;
    }
    for migration in MIGRATIONS.iter().skip(version) {
        connection.execute_batch(migration)?;
    }
    machines::register(&connection)?;
    // What a library that did not know of machines has is this one's.
    for table in ["roots", "files", "originals"] {
        connection
            .execute(&format!("UPDATE {table} SET machine = (SELECT machine FROM here) WHERE machine = 0"), [])?;
    }
    connection.execute_batch(&changes::lasting_triggers())?;
    set_setting(&connection, SCHEMA, &MIGRATIONS.len().to_string())?;
    set_setting(&connection, "written_by", OURS)?;
    Writer { connection: &connection }.index_journal()?;
    connection.commit()?;
    catalog(connection)
}

/// The numbers of a version, in the order of versions.
fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|number| number.parse().ok()).collect()
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
