//! Everything in which SQLite and PostgreSQL differ, and nothing else.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Arguments, PgPool, SqlitePool};

use super::query::{Query, refuse_nul};
use super::types::Value;

/// How long a statement waits for another process's SQLite write before it fails.
const BUSY: Duration = Duration::from_secs(30);

/// The pool that only reads. WAL lets any number of readers work beside the writer.
pub(super) async fn sqlite_readers(path: &Path) -> sqlx::Result<SqlitePool> {
    let options = sqlite_options(path).read_only(true);
    SqlitePoolOptions::new().max_connections(8).acquire_timeout(BUSY).connect_with(options).await
}

/// The one connection that writes; a pool, so that a broken connection is replaced.
pub(super) async fn sqlite_writer(path: &Path) -> sqlx::Result<SqlitePool> {
    SqlitePoolOptions::new().max_connections(1).connect_with(sqlite_options(path)).await
}

/// A consistent copy of a SQLite database in use, as a file of its own.
pub(super) async fn vacuum_into(path: &Path, copy: &Path) -> sqlx::Result<()> {
    let options = sqlite_options(path).create_if_missing(false);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    sqlx::query("vacuum into $1").bind(copy.to_string_lossy().into_owned()).execute(&pool).await?;
    pool.close().await;
    Ok(())
}

pub(super) fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(200)
        .pragma("cache_size", "-65536")
        .pragma("mmap_size", "1073741824")
        .pragma("temp_store", "memory")
}

/// The pool for both reading and writing on PostgreSQL.
pub(super) async fn postgres_pool(url: &str) -> sqlx::Result<PgPool> {
    let options: PgConnectOptions = url.parse()?;
    let options = options.application_name("gengwei").statement_cache_capacity(200);
    PgPoolOptions::new().max_connections(16).acquire_timeout(BUSY).connect_with(options).await
}

/// The statement that opens a write transaction on SQLite: it takes the write lock at once, so that it can
/// never fail half-way for want of it.
pub(super) const SQLITE_BEGIN: &str = "begin immediate";

/// SQLITE_BUSY, SQLITE_LOCKED; PostgreSQL's classes 08 (connection), 40 (rollback), 53 (resources), 57
/// (operator intervention).
pub(super) fn is_temporary_code(code: &str) -> bool {
    matches!(code, "5" | "6" | "261" | "517") || ["08", "40", "53", "57"].iter().any(|c| code.starts_with(c))
}

/// A bulk insert: rows of equal shape into one table, in as few statements as the database likes.
///
/// SQLite is given statements of `values` lists, PostgreSQL the columns as arrays to `unnest`, which it takes
/// two to three times as fast.
pub struct Bulk {
    head: &'static str,
    tail: &'static str,
    rows: Vec<Vec<Value<'static>>>,
}

impl Bulk {
    /// `head` is `insert into t (a, b)`, `tail` what follows the rows (`on conflict …`) or empty.
    pub fn new(head: &'static str, tail: &'static str) -> Self {
        Self { head, tail, rows: Vec::new() }
    }

    /// Adds a row. The values of a column are of one type in all rows.
    pub fn row(&mut self, values: Vec<Value<'static>>) {
        self.rows.push(values);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is nothing to insert.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// SQLite's statements to run, in order. Placeholders are `?`: SQLite finds the name of a named one by walking
    /// past all before it, and sqlx asks for each.
    pub(super) fn lists(self) -> impl Iterator<Item = Query<'static>> {
        const VALUES_A_STATEMENT: usize = 4_000;
        let width = self.rows.first().map_or(1, |row| row.len().max(1));
        let size = (VALUES_A_STATEMENT / width).max(1);
        let row = format!("(?{})", ", ?".repeat(width - 1));
        let (head, tail) = (self.head, self.tail);
        let mut rows = self.rows.into_iter();
        // Powers of two, so that a handful of texts serves every number of rows and stays prepared.
        std::iter::from_fn(move || {
            let count = 1 << rows.len().min(size).checked_ilog2()?;
            let batch = rows.by_ref().take(count).flatten().collect();
            let lists = vec![row.as_str(); count].join(", ");
            Some(Query::whole(format!("{head} values {lists}{tail}"), batch))
        })
    }

    /// PostgreSQL's statements to run, in order: the same text for any number of rows.
    pub(super) fn columns(self) -> impl Iterator<Item = sqlx::Result<(String, PgArguments)>> {
        const ROWS_A_STATEMENT: usize = 10_000;
        let (head, tail) = (self.head, self.tail);
        let mut rows = self.rows.into_iter();
        std::iter::from_fn(move || {
            let batch: Vec<_> = rows.by_ref().take(ROWS_A_STATEMENT).collect();
            (!batch.is_empty()).then(|| unnest(head, batch, tail))
        })
    }
}

fn unnest(
    head: &'static str,
    rows: Vec<Vec<Value<'static>>>,
    tail: &'static str,
) -> sqlx::Result<(String, PgArguments)> {
    let mut columns: Vec<Vec<Value<'static>>> = vec![Vec::new(); rows.first().map_or(0, Vec::len)];
    for row in rows {
        refuse_nul(&row)?;
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let mut text = format!("{head} select * from unnest(");
    let mut arguments = PgArguments::default();
    for (number, column) in (1..).zip(columns) {
        let kind = add_column(&mut arguments, column).map_err(sqlx::Error::Encode)?;
        let comma = if number == 1 { "" } else { ", " };
        let _ = write!(text, "{comma}${number}::{kind}[]");
    }
    text.push(')');
    text.push_str(tail);
    Ok((text, arguments))
}

/// Adds a column as an array; answers the type of what is in it.
fn add_column(arguments: &mut PgArguments, column: Vec<Value<'static>>) -> Result<&'static str, BoxDynError> {
    macro_rules! add {
        ($variant:ident, $kind:literal, $own:expr) => {{
            let values = column.into_iter().map(|value| match value {
                Value::$variant(value) => Ok(value.map($own)),
                _ => Err("a column of a bulk insert holds values of several types"),
            });
            arguments.add(values.collect::<Result<Vec<_>, _>>()?)?;
            Ok($kind)
        }};
    }
    match column.first() {
        None | Some(Value::Int(_)) => add!(Int, "bigint", |v| v),
        Some(Value::Real(_)) => add!(Real, "double precision", |v| v),
        Some(Value::Bool(_)) => add!(Bool, "boolean", |v| v),
        Some(Value::Text(_)) => add!(Text, "text", Cow::into_owned),
        Some(Value::Bytes(_)) => add!(Bytes, "bytea", Cow::into_owned),
    }
}
