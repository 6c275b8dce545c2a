//! A library in a PostgreSQL database: connecting, transactions, values, and the few words in which its SQL differs.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use postgres::config::{Host, SslMode};
use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{Access, Connection, Error, Lock, Params, Result, ToSqlOutput, ValueRef};

/// Advisory locks, one for each database: of whoever writes (as with SQLite, one at a time), of whoever scans, which many may at once,
/// and of whoever groups.
const WRITER: i64 = 0x6661_6365_7461_6701;
const SCAN: i64 = WRITER + 1;
const GROUP: i64 = WRITER + 2;

/// How many statements a connection keeps.
const KEPT: usize = 500;

/// After so long without a statement, the server is asked whether it is still there; it has so long to answer.
const IDLE: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(5);

/// How many rows are read at a time where there may be very many.
const FETCHED: usize = 2000;

pub struct Postgres {
    config: Config,
    client: RefCell<Client>,
    statements: RefCell<HashMap<String, Prepared>>,
    is_at_rest: Cell<bool>,
    /// Rows that the transaction that is going on has changed.
    changes: Cell<u64>,
    /// How often this connection has raised the version of the library.
    raised: Cell<i64>,
    /// When it was last used, and whether the server could not be reached then.
    used: Cell<Instant>,
    is_lost: Cell<bool>,
    /// How often it was made anew, whereupon the server has forgotten its locks.
    reconnected: Cell<u64>,
    /// The number of this machine, see `machines.rs`; 0 until it has one.
    machine: Cell<i64>,
}

#[derive(Clone)]
pub struct Prepared {
    statement: postgres::Statement,
    /// Whether it changes anything.
    writes: bool,
}

impl Prepared {
    pub fn column_names(&self) -> Vec<String> {
        self.statement.columns().iter().map(|column| column.name().to_owned()).collect()
    }
}

impl Postgres {
    pub(in crate::catalog) fn connect(url: &str) -> Result<Connection> {
        let config = config(url)?;
        Ok(Connection::Postgres(Box::new(Self {
            client: RefCell::new(client(&config)?),
            config,
            statements: RefCell::default(),
            is_at_rest: Cell::new(true),
            changes: Cell::new(0),
            raised: Cell::new(0),
            used: Cell::new(Instant::now()),
            is_lost: Cell::new(false),
            reconnected: Cell::new(0),
            machine: Cell::new(0),
        })))
    }

    pub(super) fn set_machine(&self, machine: i64) -> Result<()> {
        self.execute_batch(&format!("SET facetag.machine = '{machine}'"))?;
        self.machine.set(machine);
        Ok(())
    }

    pub(super) fn try_lock(&self, lock: Lock) -> Result<bool> {
        let (key, kind) = key(lock);
        self.reconnect()?;
        let sql = format!("SELECT pg_try_advisory_lock{kind}({key})");
        let found = self.noted(self.client.borrow_mut().query_one(&sql, &[]))?;
        Ok(found.try_get(0)?)
    }

    pub(super) fn unlock(&self, lock: Lock) -> Result<()> {
        let (key, kind) = key(lock);
        self.execute_batch(&format!("SELECT pg_advisory_unlock{kind}({key})"))
    }

    pub(super) fn reconnected(&self) -> u64 {
        self.reconnected.get()
    }

    /// The server may have been restarted since the last statement, or the network have been cut.
    fn reconnect(&self) -> Result<()> {
        if !self.is_at_rest.get() {
            return Ok(());
        }
        let is_idle = self.used.replace(Instant::now()).elapsed() > IDLE;
        let is_there = !self.is_lost.get() && {
            let mut client = self.client.borrow_mut();
            !(client.is_closed() || is_idle && client.is_valid(ANSWER).is_err())
        };
        if !is_there {
            self.is_lost.set(true);
            let mut client = client(&self.config)?;
            client.batch_execute(&format!("SET facetag.machine = '{}'", self.machine.get()))?;
            self.statements.borrow_mut().clear();
            self.client.replace(client);
            self.is_lost.set(false);
            self.reconnected.set(self.reconnected.get() + 1);
        }
        Ok(())
    }

    /// A connection that was lost is made anew before the next statement.
    fn noted<T>(&self, done: std::result::Result<T, postgres::Error>) -> Result<T> {
        if done.as_ref().is_err_and(is_cut_off) {
            self.is_lost.set(true);
        }
        Ok(done?)
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<Prepared> {
        self.reconnect()?;
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.noted(self.client.borrow_mut().prepare(&translated(sql)))?;
        let prepared = Prepared { statement, writes: !sql.starts_with("SELECT") && !sql.starts_with("WITH") };
        let mut statements = self.statements.borrow_mut();
        // Those of searches are all different.
        if statements.len() >= KEPT {
            statements.clear();
        }
        statements.insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }

    /// How many rows were changed or read, and those that were read.
    pub(super) fn run(&self, prepared: &Prepared, params: &impl Params) -> Result<(usize, Vec<postgres::Row>)> {
        let mut rows = Vec::new();
        let count = self.run_each(prepared, params, |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok((count, rows))
    }

    /// The same, where each row is read as it comes, by what asks the database nothing else meanwhile: rows as they come take several
    /// times the memory of what is in them.
    pub(super) fn run_each(
        &self,
        prepared: &Prepared,
        params: &impl Params,
        mut see: impl FnMut(postgres::Row) -> Result<()>,
    ) -> Result<usize> {
        let list = params.list();
        let values = list.iter().map(|value| Ok(Parameter(value.to_sql()?))).collect::<Result<Vec<_>>>()?;
        let mut client = self.client.borrow_mut();
        let mut found = self.noted(client.query_raw(&prepared.statement, values))?;
        while let Some(row) = self.noted(found.next())? {
            see(row)?;
        }
        let count = found.rows_affected().unwrap_or(0);
        if prepared.writes {
            self.changes.set(self.changes.get() + count);
        }
        Ok(count as usize)
    }

    /// By a cursor, some rows at a time.
    pub(super) fn each_row<E: From<Error>>(
        &self,
        sql: &str,
        params: &impl Params,
        mut see: impl FnMut(&postgres::Row) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let is_alone = self.is_at_rest();
        if is_alone {
            self.begin(Access::Read)?;
        }
        let done = self.run(&self.prepare(&format!("DECLARE every CURSOR FOR {sql}"))?, params).map_err(E::from);
        let done = done.and_then(|_| {
            let fetch = format!("FETCH {FETCHED} FROM every");
            loop {
                let rows = self.noted(self.client.borrow_mut().query(&fetch, &[]))?;
                rows.iter().try_for_each(&mut see)?;
                if rows.len() < FETCHED {
                    return Ok(());
                }
            }
        });
        if is_alone {
            let end = self.roll_back();
            if done.is_ok() {
                end?;
            }
        } else if done.is_ok() {
            self.execute_batch("CLOSE every")?;
        }
        done
    }

    pub(super) fn execute_batch(&self, sql: &str) -> Result<()> {
        self.reconnect()?;
        self.noted(self.client.borrow_mut().batch_execute(sql))
    }

    pub(super) fn begin(&self, access: Access) -> Result<()> {
        let lock = format!("SELECT pg_advisory_xact_lock({WRITER})");
        let begun = self.execute_batch(&match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned(),
            Access::Decide => format!("BEGIN; {lock}"),
            Access::Ingest => format!("BEGIN; SET LOCAL synchronous_commit = off; {lock}"),
        });
        if begun.is_err() && !self.is_lost.get() {
            let _ = self.execute_batch("ROLLBACK");
        }
        begun?;
        self.is_at_rest.set(false);
        self.changes.set(0);
        Ok(())
    }

    pub(super) fn commit(&self) -> Result<()> {
        let raises = self.changes.get() > 0;
        if raises {
            let sql = "UPDATE settings SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = 'version'";
            self.execute_batch(sql)?;
        }
        self.execute_batch("COMMIT")?;
        self.is_at_rest.set(true);
        self.raised.set(self.raised.get() + i64::from(raises));
        Ok(())
    }

    pub(super) fn roll_back(&self) -> Result<()> {
        let done = self.execute_batch("ROLLBACK");
        self.is_at_rest.set(true);
        done
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.is_at_rest.get()
    }

    /// How often others have raised it, and a number that differs from connection to connection.
    pub(super) fn version(&self, stored: i64) -> i64 {
        stored - self.raised.get()
    }
}

/// The number of a lock, and what the functions for its kind end in.
fn key(lock: Lock) -> (i64, &'static str) {
    match lock {
        Lock::Scan => (SCAN, "_shared"),
        Lock::Alone => (SCAN, ""),
        Lock::Group => (GROUP, ""),
    }
}

/// Whether it is the way to the server that failed, or the server that ends or begins.
pub(super) fn is_cut_off(error: &postgres::Error) -> bool {
    let is_io =
        std::iter::successors(error.source(), |&cause| cause.source()).any(|cause| cause.is::<std::io::Error>());
    let passes = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        // Two have waited for each other, and the server has ended one of them.
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    error.is_closed()
        || is_io
        || error.code().is_some_and(|code| passes.contains(code) || code.code().starts_with("08"))
}

/// What went wrong, in the words of the server where it has any.
pub(super) fn words(error: &postgres::Error) -> String {
    let cause = std::iter::successors(error.source(), |&cause| cause.source()).last();
    match (error.as_db_error(), cause) {
        (Some(server), _) => server.message().to_owned(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

/// Other words for the same. Hints for the planner of SQLite are left out.
fn translated(sql: &str) -> String {
    let mut translated = String::with_capacity(sql.len());
    let (mut is_quoted, mut next) = (false, 1);
    let mut signs = sql.chars().peekable();
    while let Some(sign) = signs.next() {
        is_quoted ^= sign == '\'';
        if sign == '?' && !is_quoted {
            translated.push('$');
            if !signs.peek().is_some_and(char::is_ascii_digit) {
                translated += &next.to_string();
                next += 1;
            }
        } else {
            translated.push(sign);
        }
    }
    while let Some(at) = translated.find(" INDEXED BY ") {
        let end = at + " INDEXED BY ".len();
        let name = translated[end..].find(char::is_whitespace).unwrap_or(translated.len() - end);
        translated.replace_range(at..end + name, "");
    }
    translated.replace(" CROSS JOIN ", " JOIN ").replace(" AS BLOB)", " AS BYTEA)")
}

/// A parameter, in the type that the statement expects.
#[derive(Debug)]
struct Parameter<'a>(ToSqlOutput<'a>);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let value = match &self.0 {
            ToSqlOutput::Borrowed(value) => *value,
            ToSqlOutput::Owned(value) => ValueRef::from(value),
            _ => return Err("a value of this kind cannot be stored".into()),
        };
        match (value, kind) {
            (ValueRef::Null, _) => return Ok(IsNull::Yes),
            (ValueRef::Integer(number), &Type::BOOL) => (number != 0).to_sql(kind, out)?,
            (ValueRef::Integer(number), &Type::INT8) => number.to_sql(kind, out)?,
            (ValueRef::Integer(number), &Type::INT4) => i32::try_from(number)?.to_sql(kind, out)?,
            (ValueRef::Integer(number), &Type::FLOAT8) => (number as f64).to_sql(kind, out)?,
            (ValueRef::Real(number), &Type::FLOAT8) => number.to_sql(kind, out)?,
            // PostgreSQL cannot store the sign 0 in a text; cameras write it.
            (ValueRef::Text(text), &Type::TEXT | &Type::JSON) if text.contains(&0) => {
                let text: Vec<u8> = text.iter().copied().filter(|&byte| byte != 0).collect();
                out.extend_from_slice(&text);
                IsNull::No
            }
            (ValueRef::Text(bytes), &Type::TEXT | &Type::NAME | &Type::JSON | &Type::BYTEA)
            | (ValueRef::Blob(bytes), &Type::BYTEA) => {
                out.extend_from_slice(bytes);
                IsNull::No
            }
            (value, kind) => return Err(format!("{} where {kind} is expected", value.data_type()).into()),
        };
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value of a row.
pub(super) struct Value<'a>(pub ValueRef<'a>);

impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(match *kind {
            Type::BOOL => ValueRef::Integer(bool::from_sql(kind, raw)?.into()),
            Type::INT2 => ValueRef::Integer(i16::from_sql(kind, raw)?.into()),
            Type::INT4 => ValueRef::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => ValueRef::Integer(i64::from_sql(kind, raw)?),
            Type::FLOAT8 => ValueRef::Real(f64::from_sql(kind, raw)?),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::JSON => ValueRef::Text(raw),
            Type::BYTEA => ValueRef::Blob(raw),
            _ => return Err(format!("a value of type {kind} cannot be read").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(ValueRef::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// How to connect: by the URL, and by what PostgreSQL's own programs read (`PGPASSWORD`, `PGPASSFILE`).
fn config(url: &str) -> Result<Config> {
    // Certificates are always verified.
    let url = url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let mut config: Config = url.parse()?;
    config.application_name("facetag").connect_timeout(Duration::from_secs(20));
    // A network that is cut is found out within half a minute, and not after hours.
    config.keepalives_idle(Duration::from_secs(15)).keepalives_interval(Duration::from_secs(5)).keepalives_retries(3);
    config.tcp_user_timeout(Duration::from_secs(30));
    if config.get_password().is_none()
        && let Some(password) = std::env::var("PGPASSWORD").ok().or_else(|| password(&config))
    {
        config.password(password);
    }
    Ok(config)
}

fn client(config: &Config) -> Result<Client> {
    let is_local = config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)));
    let mut client = if is_local || config.get_ssl_mode() == SslMode::Disable {
        config.connect(NoTls)?
    } else {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.connect(MakeRustlsConnect::new(tls))?
    };
    // Nor must a machine that is gone hold its locks for hours.
    client.batch_execute(
        "SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
         SET tcp_user_timeout = 30000",
    )?;
    Ok(client)
}

/// The password in the password file, <https://www.postgresql.org/docs/current/libpq-pgpass.html>.
fn password(config: &Config) -> Option<String> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".pgpass"));
    let file = std::env::var_os("PGPASSFILE").map(PathBuf::from).or_else(home)?;
    let host = config.get_hosts().first().map_or_else(String::new, |host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(_) => "localhost".to_owned(),
    });
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let user = config.get_user().unwrap_or_default();
    let wanted = [host.as_str(), &port, config.get_dbname().unwrap_or(user), user];
    password_in(&std::fs::read_to_string(file).ok()?, wanted)
}

fn password_in(file: &str, wanted: [&str; 4]) -> Option<String> {
    file.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (mut fields, mut signs) = (vec![String::new()], line.chars());
        while let Some(sign) = signs.next() {
            match sign {
                ':' if fields.len() < 5 => fields.push(String::new()),
                '\\' => fields.last_mut()?.extend(signs.next()),
                sign => fields.last_mut()?.push(sign),
            }
        }
        let fits =
            fields.len() == 5 && fields.iter().zip(wanted).all(|(field, wanted)| field == "*" || field == wanted);
        fits.then(|| fields.pop()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_sqlite_are_translated() {
        let sql = "SELECT '?' FROM a INDEXED BY b CROSS JOIN c ON x = ?1 WHERE CAST(?2 AS BLOB) < y";
        assert_eq!(translated(sql), "SELECT '?' FROM a JOIN c ON x = $1 WHERE CAST($2 AS BYTEA) < y");
        assert_eq!(translated("x = ? AND y IN (?, ?)"), "x = $1 AND y IN ($2, $3)");
    }

    #[test]
    fn the_password_is_found_in_the_password_file() {
        let file = "# comment\nother:5432:db:anna:no\n*:5432:my\\:db:anna:a:b\\\\c\n";
        assert_eq!(password_in(file, ["host", "5432", "my:db", "anna"]).as_deref(), Some("a:b\\c"));
        assert_eq!(password_in(file, ["host", "5432", "my:db", "ben"]), None);
    }
}
