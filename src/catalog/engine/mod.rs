//! The interface to the database, below the catalog: one SQL text, which an engine carries out.
//!
//! | file | what |
//! |---|---|
//! | `sqlite` | the library in a file |
//!
//! Values are the five kinds of SQLite: NULL, integers, floats, text and bytes; a boolean is read and written as an integer.
//! Parameters are `?1`, `?2`, and so on. What an engine has a way of its own for (opening, migrations, backups) is not here.

mod sqlite;

pub(super) use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
pub(super) use sqlite::{Sqlite, WRITES};

/// What an engine answers when it cannot do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("a value of another type was expected: {0}")]
    Value(#[from] FromSqlError),
    #[error("no row was found where there should be one")]
    NoRow,
}

impl Error {
    /// What SQLite calls it.
    pub fn sqlite_code(&self) -> Option<rusqlite::ErrorCode> {
        if let Self::Sqlite(error) = self { error.sqlite_error_code() } else { None }
    }
}

pub(super) type Result<T> = std::result::Result<T, Error>;

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

/// A connection to a library.
pub(super) enum Connection {
    Sqlite(Sqlite),
}

impl Connection {
    /// A statement, which the connection keeps for the next time.
    pub fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        match self {
            Self::Sqlite(sqlite) => Ok(Statement::Sqlite(sqlite.connection.prepare_cached(sql)?)),
        }
    }

    /// Carries out one statement, and tells how many rows it changed.
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare(sql)?.execute(params)
    }

    /// The first row, or [`Error::NoRow`].
    pub fn query_row<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row) -> Result<T>) -> Result<T> {
        self.prepare(sql)?.query_row(params, read)
    }

    /// Carries out several statements without parameters.
    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => Ok(sqlite.connection.execute_batch(sql)?),
        }
    }

    pub fn begin(&self, access: Access) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.begin(access),
        }
    }

    pub fn commit(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.commit(),
        }
    }

    pub fn roll_back(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.roll_back(),
        }
    }

    /// Whether no transaction is going on.
    pub fn is_at_rest(&self) -> bool {
        match self {
            Self::Sqlite(sqlite) => sqlite.connection.is_autocommit(),
        }
    }

    /// A number that changes whenever another connection has written.
    pub fn version(&self) -> Result<i64> {
        match self {
            Self::Sqlite(_) => self.query_row("PRAGMA data_version", [], |row| row.get(0)),
        }
    }

    /// Until the transaction ends, rows may refer to others that are not there yet, or not any more.
    pub fn defer_foreign_keys(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.execute_batch("PRAGMA defer_foreign_keys = ON"),
        }
    }

    /// The highest number that a row of `table` ever had.
    pub fn last_number(&self, table: &str) -> Result<i64> {
        match self {
            Self::Sqlite(_) => {
                let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?1";
                self.query_row(sql, [table], |row| row.get(0))
            }
        }
    }

    /// The tables and their columns that refer to `table`.
    pub fn references_to(&self, table: &str) -> Result<Vec<(String, String)>> {
        let sql = match self {
            Self::Sqlite(_) => {
                "SELECT tables.name, keys.\"from\" FROM sqlite_schema AS tables, pragma_foreign_key_list(tables.name) AS keys
                 WHERE tables.type = 'table' AND keys.\"table\" = ?1"
            }
        };
        self.prepare(sql)?.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// Carries out `work` while the triggers of `table` are off.
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
        }
    }

    /// Overwrites what is deleted from now on, see [`Connection::wipe`].
    pub fn delete_for_good(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => Ok(sqlite.connection.pragma_update(None, "secure_delete", true)?),
        }
    }

    /// Rewrites what is stored without what was deleted.
    pub fn wipe(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => {
                self.execute_batch("VACUUM")?;
                sqlite.empty_log()
            }
        }
    }

    /// The connection of SQLite, for what only it has.
    pub fn sqlite(&self) -> Option<&rusqlite::Connection> {
        match self {
            Self::Sqlite(sqlite) => Some(&sqlite.connection),
        }
    }
}

/// A prepared statement.
pub(super) enum Statement<'c> {
    Sqlite(rusqlite::CachedStatement<'c>),
}

impl Statement<'_> {
    pub fn execute(&mut self, params: impl Params) -> Result<usize> {
        match self {
            Self::Sqlite(statement) => Ok(statement.execute(rusqlite::params_from_iter(params.list()))?),
        }
    }

    pub fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        match self {
            Self::Sqlite(statement) => Ok(Rows::Sqlite(statement.query(rusqlite::params_from_iter(params.list()))?)),
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
        }
    }
}

/// What a query found.
pub(super) enum Rows<'s> {
    Sqlite(rusqlite::Rows<'s>),
}

impl Rows<'_> {
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        match self {
            Self::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
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
}

impl Row<'_> {
    pub fn get<T: FromSql>(&self, column: usize) -> Result<T> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
        }
    }

    pub fn get_ref(&self, column: usize) -> Result<ValueRef<'_>> {
        match self {
            Self::Sqlite(row) => Ok(row.get_ref(column)?),
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
