//! The interface to the database, below the catalog: one SQL text, which an engine carries out.
//!
//! | file | what |
//! |---|---|
//! | `sqlite` | the library in a file |
//! | `postgres` | the library in a database server |
//!
//! Values are the five kinds of SQLite: NULL, integers, floats, text and bytes; a boolean is read and written as an integer.
//! Parameters are `?1`, `?2`, and so on. What an engine has a way of its own for (opening, migrations, backups) is not here.

#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

#[cfg(feature = "postgres")]
pub(super) use self::postgres::Postgres;
pub(super) use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
pub(super) use sqlite::{Sqlite, WRITES};

/// What an engine answers when it cannot do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[cfg(feature = "postgres")]
    #[error("{}", self::postgres::words(.0))]
    Postgres(#[from] ::postgres::Error),
    #[error("a value of another type was expected: {0}")]
    Value(#[from] FromSqlError),
    #[error("no row was found where there should be one")]
    NoRow,
}

impl Error {
    /// Whether the server cannot be reached, or has been restarted: what was begun can be done again once it is back.
    pub fn is_cut_off(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(error) => self::postgres::is_cut_off(error),
            _ => false,
        }
    }

    /// What SQLite calls it.
    pub fn sqlite_code(&self) -> Option<rusqlite::ErrorCode> {
        if let Self::Sqlite(error) = self { error.sqlite_error_code() } else { None }
    }
}

pub(super) type Result<T> = std::result::Result<T, Error>;

/// What a connection may have to itself, until it ends; of a library in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// Of one of those who scan.
    Scan,
    /// While nobody else scans, on any machine.
    Alone,
    /// Of the one who groups.
    Group,
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Reading at one state, whatever others write meanwhile.
    Read,
    /// Writing, while nobody else does; on disk once it is committed.
    Decide,
    /// The same, but on disk soon after: what a scan finds can be found again.
    Ingest,
}

/// Longer statements, in bytes, are not kept for the next time.
const LONGEST_KEPT: usize = 4096;

/// A connection to a library.
pub(super) enum Connection {
    Sqlite(Box<Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(Box<Postgres>),
}

impl Connection {
    /// A statement, which the connection keeps for the next time.
    pub fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        match self {
            Self::Sqlite(sqlite) => Ok(Statement::Sqlite(sqlite.connection.prepare_cached(sql)?)),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => Ok(Statement::Postgres(postgres, postgres.prepare(sql)?)),
        }
    }

    /// Carries out one statement, and tells how many rows it changed.
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        match self {
            // Seldom the same again, and large to keep.
            Self::Sqlite(sqlite) if sql.len() > LONGEST_KEPT => {
                Ok(sqlite.connection.execute(sql, rusqlite::params_from_iter(params.list()))?)
            }
            _ => self.prepare(sql)?.execute(params),
        }
    }

    /// The first row, or [`Error::NoRow`].
    pub fn query_row<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row) -> Result<T>) -> Result<T> {
        self.prepare(sql)?.query_row(params, read)
    }

    /// All rows, each read by a function, which asks the database nothing else.
    pub fn query_all<T, C: FromIterator<T>>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<C> {
        #[cfg(feature = "postgres")]
        if let Self::Postgres(postgres) = self {
            let (mut read, mut found) = (read, Vec::new());
            postgres.run_each(&postgres.prepare(sql)?, &params, |row| {
                found.push(read(&Row::Postgres(&row))?);
                Ok(())
            })?;
            return Ok(found.into_iter().collect());
        }
        self.prepare(sql)?.query_map(params, read)?.collect()
    }

    /// Carries out several statements without parameters.
    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => Ok(sqlite.connection.execute_batch(sql)?),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.execute_batch(sql),
        }
    }

    pub fn begin(&self, access: Access) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.begin(access),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.begin(access),
        }
    }

    pub fn commit(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.commit(),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.commit(),
        }
    }

    pub fn roll_back(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.roll_back(),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.roll_back(),
        }
    }

    /// Whether no transaction is going on.
    pub fn is_at_rest(&self) -> bool {
        match self {
            Self::Sqlite(sqlite) => sqlite.connection.is_autocommit(),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.is_at_rest(),
        }
    }

    /// Whether [`Connection::move_log`] has much to do.
    pub fn has_long_log(&self) -> Result<bool> {
        match self {
            Self::Sqlite(sqlite) => sqlite.has_long_log(),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(false),
        }
    }

    /// Moves what is on disk in a log to where it stays.
    pub fn move_log(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.move_log(),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(()),
        }
    }

    /// A number that changes whenever another connection has written.
    pub fn version(&self) -> Result<i64> {
        match self {
            Self::Sqlite(_) => self.query_row("PRAGMA data_version", [], |row| row.get(0)),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => {
                let sql = "SELECT CAST(value AS BIGINT) FROM settings WHERE key = 'version'";
                Ok(postgres.version(self.query_row(sql, [], |row| row.get(0))?))
            }
        }
    }

    /// Until the transaction ends, rows may refer to others that are not there yet, or not any more.
    pub fn defer_foreign_keys(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.execute_batch("PRAGMA defer_foreign_keys = ON"),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => self.execute_batch("SET CONSTRAINTS ALL DEFERRED"),
        }
    }

    /// The highest number that a row of `table` ever had.
    pub fn last_number(&self, table: &str) -> Result<i64> {
        let sql = match self {
            Self::Sqlite(_) => "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?1",
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                "SELECT coalesce(pg_sequence_last_value(CAST(pg_get_serial_sequence(?1, 'id') AS REGCLASS)), 0)"
            }
        };
        self.query_row(sql, [table], |row| row.get(0))
    }

    /// Makes that the highest number that a row of `table` ever had, where numbers are not given again.
    pub fn set_last_number(&self, table: &str, number: i64) -> Result<()> {
        match self {
            Self::Sqlite(_) => {
                self.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table])?;
                let sql = "INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2 FROM sqlite_schema
                           WHERE name = ?1 AND sql LIKE '%AUTOINCREMENT%' AND ?2 > 0";
                self.execute(sql, params![table, number])?;
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                let sql = "SELECT setval(CAST(pg_get_serial_sequence(?1, 'id') AS REGCLASS), greatest(?2, 1), ?2 > 0)";
                self.query_row(sql, params![table, number], |_| Ok(()))?;
            }
        }
        Ok(())
    }

    /// Reads all rows of a query, which need not be in memory at once.
    pub fn each_row<E: From<Error>>(
        &self,
        sql: &str,
        params: impl Params,
        mut see: impl FnMut(&Row) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        match self {
            Self::Sqlite(_) => {
                let mut statement = self.prepare(sql)?;
                let mut rows = statement.query(params)?;
                while let Some(row) = rows.next()? {
                    see(&row)?;
                }
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.each_row(sql, &params, |row| see(&Row::Postgres(row))),
        }
    }

    /// The tables and their columns that refer to `table`.
    pub fn references_to(&self, table: &str) -> Result<Vec<(String, String)>> {
        let sql = match self {
            Self::Sqlite(_) => {
                "SELECT tables.name, keys.\"from\" FROM sqlite_schema AS tables, pragma_foreign_key_list(tables.name) AS keys
                 WHERE tables.type = 'table' AND keys.\"table\" = ?1"
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                "SELECT CAST(CAST(conrelid AS REGCLASS) AS TEXT), attname FROM pg_constraint
                 JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
                 WHERE contype = 'f' AND confrelid = CAST(CAST(?1 AS TEXT) AS REGCLASS)"
            }
        };
        self.prepare(sql)?.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// Carries out `work`, in a transaction, while the triggers of `table` are off.
    pub fn without_triggers<T, E: From<Error>>(
        &self,
        table: &str,
        work: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        match self {
            Self::Sqlite(_) => {
                let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1";
                let mut statement = self.prepare(sql)?;
                let triggers = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
                let triggers = triggers.collect::<Result<Vec<(String, String)>>>()?;
                triggers.iter().try_for_each(|(name, _)| self.execute_batch(&format!("DROP TRIGGER {name}")))?;
                let done = work()?;
                triggers.iter().try_for_each(|(_, sql)| self.execute_batch(sql))?;
                Ok(done)
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                // Not `ALTER TABLE`, which waits for keys that are checked at the end of the transaction.
                self.execute_batch("SET LOCAL facetag.quiet = 'yes'")?;
                let done = work()?;
                self.execute_batch("SET LOCAL facetag.quiet = ''")?;
                Ok(done)
            }
        }
    }

    /// Overwrites what is deleted from now on, see [`Connection::wipe`].
    pub fn delete_for_good(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => Ok(sqlite.connection.pragma_update(None, "secure_delete", true)?),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Rewrites what is stored without what was deleted.
    pub fn wipe(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => {
                self.execute_batch("VACUUM")?;
                sqlite.empty_log()
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => self.execute_batch("VACUUM FULL"),
        }
    }

    /// Closes a file with everything in it, and no log beside it.
    pub fn close(self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.close(),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(()),
        }
    }

    /// From now on, what is of this machine has this number, see `machines.rs`.
    pub fn set_machine(&self, number: i64) -> Result<()> {
        match (self, number) {
            (Self::Sqlite(_), _) => Ok(()),
            #[cfg(feature = "postgres")]
            (Self::Postgres(postgres), number) => postgres.set_machine(number),
        }
    }

    /// Takes a lock, unless another connection has it.
    pub fn try_lock(&self, lock: Lock) -> Result<bool> {
        match (self, lock) {
            (Self::Sqlite(_), _) => Ok(true),
            #[cfg(feature = "postgres")]
            (Self::Postgres(postgres), lock) => postgres.try_lock(lock),
        }
    }

    /// Lets go of a lock.
    pub fn unlock(&self, lock: Lock) -> Result<()> {
        match (self, lock) {
            (Self::Sqlite(_), _) => Ok(()),
            #[cfg(feature = "postgres")]
            (Self::Postgres(postgres), lock) => postgres.unlock(lock),
        }
    }

    /// How often the connection was made anew, whereupon its locks are lost.
    pub fn reconnected(&self) -> u64 {
        match self {
            Self::Sqlite(_) => 0,
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.reconnected(),
        }
    }

    /// The connection of SQLite, for what only it has.
    pub fn sqlite(&self) -> Option<&rusqlite::Connection> {
        match self {
            Self::Sqlite(sqlite) => Some(&sqlite.connection),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
        }
    }
}

/// A prepared statement.
pub(super) enum Statement<'c> {
    Sqlite(rusqlite::CachedStatement<'c>),
    #[cfg(feature = "postgres")]
    Postgres(&'c Postgres, postgres::Prepared),
}

impl Statement<'_> {
    pub fn execute(&mut self, params: impl Params) -> Result<usize> {
        match self {
            Self::Sqlite(statement) => Ok(statement.execute(rusqlite::params_from_iter(params.list()))?),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres, statement) => Ok(postgres.run(statement, &params)?.0),
        }
    }

    pub fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        match self {
            Self::Sqlite(statement) => Ok(Rows::Sqlite(statement.query(rusqlite::params_from_iter(params.list()))?)),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres, statement) => {
                Ok(Rows::Postgres { coming: postgres.run(statement, &params)?.1.into_iter(), current: None })
            }
        }
    }

    pub fn query_map<T, F: FnMut(&Row) -> Result<T>>(&mut self, params: impl Params, read: F) -> Result<Mapped<'_, F>> {
        Ok(Mapped { rows: self.query(params)?, read })
    }

    /// The first row, or [`Error::NoRow`].
    pub fn query_row<T>(&mut self, params: impl Params, read: impl FnOnce(&Row) -> Result<T>) -> Result<T> {
        read(&self.query(params)?.next()?.ok_or(Error::NoRow)?)
    }

    pub fn column_names(&self) -> Vec<String> {
        match self {
            Self::Sqlite(statement) => statement.column_names().into_iter().map(str::to_owned).collect(),
            #[cfg(feature = "postgres")]
            Self::Postgres(_, statement) => statement.column_names(),
        }
    }
}

/// What a query found.
pub(super) enum Rows<'s> {
    Sqlite(rusqlite::Rows<'s>),
    #[cfg(feature = "postgres")]
    Postgres {
        coming: std::vec::IntoIter<::postgres::Row>,
        current: Option<::postgres::Row>,
    },
}

impl Rows<'_> {
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        match self {
            Self::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
            #[cfg(feature = "postgres")]
            Self::Postgres { coming, current } => {
                *current = coming.next();
                Ok(current.as_ref().map(Row::Postgres))
            }
        }
    }
}

/// What a query found, each row read by a function.
pub(super) struct Mapped<'s, F> {
    rows: Rows<'s>,
    read: F,
}

impl<T, F: FnMut(&Row) -> Result<T>> Iterator for Mapped<'_, F> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        self.rows.next().transpose().map(|row| (self.read)(&row?))
    }
}

/// One row. Columns are counted from 0.
pub(super) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    #[cfg(feature = "postgres")]
    Postgres(&'r ::postgres::Row),
}

impl Row<'_> {
    pub fn get<T: FromSql>(&self, column: usize) -> Result<T> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(T::column_result(self.get_ref(column)?)?),
        }
    }

    pub fn get_ref(&self, column: usize) -> Result<ValueRef<'_>> {
        match self {
            Self::Sqlite(row) => Ok(row.get_ref(column)?),
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => Ok(row.try_get::<_, postgres::Value>(column)?.0),
        }
    }
}

/// The values of a statement's parameters: an array or slice of values of one type, or [`params!`].
pub(super) trait Params {
    fn list(&self) -> Vec<&dyn ToSql>;
}

impl<T: ToSql> Params for &[T] {
    fn list(&self) -> Vec<&dyn ToSql> {
        self.iter().map(|value| value as &dyn ToSql).collect()
    }
}

macro_rules! arrays {
    ($($length:literal)*) => {$(
        impl<T: ToSql> Params for [T; $length] {
            fn list(&self) -> Vec<&dyn ToSql> {
                self.iter().map(|value| value as &dyn ToSql).collect()
            }
        }
    )*};
}

arrays!(1 2 3 4 5);

// Of one type alone, so that `[]` has one.
impl Params for [i64; 0] {
    fn list(&self) -> Vec<&dyn ToSql> {
        Vec::new()
    }
}

/// Parameters of different types.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$(&$value as &dyn $crate::catalog::engine::ToSql),*] as &[&dyn $crate::catalog::engine::ToSql]
    };
}

pub(super) use params;

/// No row is no error.
pub(super) trait Optional<T> {
    fn optional(self) -> Result<Option<T>>;
}

impl<T> Optional<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Err(Error::NoRow) => Ok(None),
            found => found.map(Some),
        }
    }
}
