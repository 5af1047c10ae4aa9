//! One SQL text for both databases.
//!
//! A query is static text with `$1` placeholders plus bound [`Value`]s; a list with optional filters grows
//! by [`Query::push`], which numbers its placeholders by itself. Text never comes from outside: pieces are
//! `&'static str`, values are always bound.

use std::borrow::Cow;
use std::fmt::Write;
use std::future::Future;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, FromRow, PgConnection, SqliteConnection};

use super::types::Value;

/// A row type that both databases can fill.
pub trait Record: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// Something that queries can be put to: the pool of readers ([`super::Db`]) or a transaction
/// ([`super::Tx`]).
pub trait Session: Sync {
    /// All rows.
    fn all<T: Record>(&self, query: Query<'_>) -> impl Future<Output = sqlx::Result<Vec<T>>> + Send;

    /// The first row, if there is one.
    fn first<T: Record>(&self, query: Query<'_>) -> impl Future<Output = sqlx::Result<Option<T>>> + Send;

    /// The first row's only column; [`sqlx::Error::RowNotFound`] when there is no row.
    fn scalar<T: Send + Unpin>(&self, query: Query<'_>) -> impl Future<Output = sqlx::Result<T>> + Send
    where
        (T,): Record,
    {
        async { Ok(self.first::<(T,)>(query).await?.ok_or(sqlx::Error::RowNotFound)?.0) }
    }
}

/// Text that was to be bound holds a NUL, which only an attacker or a fault puts there.
#[derive(Debug, thiserror::Error)]
#[error("text must not contain a NUL character")]
struct NulInText;

/// Whether an error says that text with a NUL was handed in.
pub fn is_nul_in_text(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Encode(e) if e.is::<NulInText>())
}

/// PostgreSQL cannot store a NUL in text, so neither database takes one.
pub(super) fn refuse_nul(values: &[Value<'_>]) -> sqlx::Result<()> {
    let nul = |v: &Value<'_>| matches!(v, Value::Text(Some(text)) if text.contains('\0'));
    if values.iter().any(nul) { Err(sqlx::Error::Encode(Box::new(NulInText))) } else { Ok(()) }
}

/// A statement under construction.
#[derive(Clone, Debug)]
pub struct Query<'q> {
    text: Cow<'static, str>,
    values: Vec<Value<'q>>,
}

/// Starts a query from a whole statement, or from its beginning.
pub fn sql<'q>(text: &'static str) -> Query<'q> {
    Query { text: Cow::Borrowed(text), values: Vec::new() }
}

impl<'q> Query<'q> {
    /// Binds the next `$n` that stands in the text already.
    pub fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Appends text without a value.
    pub fn push(mut self, text: &'static str) -> Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Appends text followed by a placeholder for `value`: `push_bind(" and state = ", "open")`.
    pub fn push_bind(mut self, text: &'static str, value: impl Into<Value<'q>>) -> Self {
        self.text.to_mut().push_str(text);
        self.values.push(value.into());
        let number = self.values.len();
        let _ = write!(self.text.to_mut(), "${number}");
        self
    }

    /// As [`Query::push_bind`], if there is a value: an optional filter.
    pub fn push_if(self, text: &'static str, value: Option<impl Into<Value<'q>>>) -> Self {
        match value {
            Some(value) => self.push_bind(text, value),
            None => self,
        }
    }

    /// Appends a parenthesised list of placeholders: `($4, $5, $6)`. An empty list becomes `(null)`, which
    /// nothing equals.
    pub fn push_list(mut self, values: impl IntoIterator<Item = impl Into<Value<'q>>>) -> Self {
        let mut separator = "(";
        for value in values {
            self = self.push_bind(separator, value);
            separator = ", ";
        }
        if separator == "(" { self.push("(null)") } else { self.push(")") }
    }

    /// A statement with all its values.
    pub(super) fn whole(text: String, values: Vec<Value<'q>>) -> Self {
        Self { text: Cow::Owned(text), values }
    }

    fn sqlite(&self) -> sqlx::Result<SqliteArguments> {
        refuse_nul(&self.values)?;
        let mut arguments = SqliteArguments::default();
        for value in &self.values {
            match value.clone() {
                Value::Int(v) => arguments.add(v),
                Value::Real(v) => arguments.add(v),
                Value::Bool(v) => arguments.add(v),
                Value::Text(v) => arguments.add(v.map(Cow::into_owned)),
                Value::Bytes(v) => arguments.add(v.map(Cow::into_owned)),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(arguments)
    }

    fn postgres(&self) -> sqlx::Result<PgArguments> {
        refuse_nul(&self.values)?;
        let mut arguments = PgArguments::default();
        for value in &self.values {
            match value {
                Value::Int(v) => arguments.add(v),
                Value::Real(v) => arguments.add(v),
                Value::Bool(v) => arguments.add(v),
                Value::Text(v) => arguments.add(v.as_deref()),
                Value::Bytes(v) => arguments.add(v.as_deref()),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(arguments)
    }

    pub(super) async fn all_sqlite<T: Record>(self, on: &mut SqliteConnection) -> sqlx::Result<Vec<T>> {
        let arguments = self.sqlite()?;
        sqlx::query_as_with(AssertSqlSafe(self.text), arguments).fetch_all(on).await
    }

    pub(super) async fn all_postgres<T: Record>(self, on: &mut PgConnection) -> sqlx::Result<Vec<T>> {
        let arguments = self.postgres()?;
        sqlx::query_as_with(AssertSqlSafe(self.text), arguments).fetch_all(on).await
    }

    pub(super) async fn first_sqlite<T: Record>(self, on: &mut SqliteConnection) -> sqlx::Result<Option<T>> {
        let arguments = self.sqlite()?;
        sqlx::query_as_with(AssertSqlSafe(self.text), arguments).fetch_optional(on).await
    }

    pub(super) async fn first_postgres<T: Record>(self, on: &mut PgConnection) -> sqlx::Result<Option<T>> {
        let arguments = self.postgres()?;
        sqlx::query_as_with(AssertSqlSafe(self.text), arguments).fetch_optional(on).await
    }

    pub(super) async fn execute_sqlite(self, on: &mut SqliteConnection) -> sqlx::Result<u64> {
        let arguments = self.sqlite()?;
        Ok(sqlx::query_with(AssertSqlSafe(self.text), arguments).execute(on).await?.rows_affected())
    }

    pub(super) async fn execute_postgres(self, on: &mut PgConnection) -> sqlx::Result<u64> {
        let arguments = self.postgres()?;
        Ok(sqlx::query_with(AssertSqlSafe(self.text), arguments).execute(on).await?.rows_affected())
    }
}
