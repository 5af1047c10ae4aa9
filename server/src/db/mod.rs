//! The database: SQLite by default, PostgreSQL by `DATABASE_URL`, one SQL text for both.
//!
//! - Reads go straight to a pool ([`Db`] is a [`Session`]).
//! - Writes go through [`Db::write`], which hands a job to the process's one writer (see [`writer`]). It
//!   runs many clients' jobs in one transaction, each in its own savepoint, and answers them after the
//!   commit: an answer means durable.
//! - Whatever differs between the databases stands in [`dialect`].

pub mod copy;
mod dialect;
mod migrate;
mod order;
mod query;
mod tally;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
mod types;
mod writer;

use std::path::Path;
use std::sync::Arc;

use sqlx::{PgPool, SqlitePool};

pub use dialect::Bulk;
pub use order::{Order, Sortable};
pub use query::{Query, Record, Session, is_nul_in_text, sql};
pub use tally::{Tally, tallies};
pub use types::{Text, Timestamp, Value};
pub use writer::{Priority, Tx};

use crate::env::Env;

/// Which state of which topic the process has in memory: the writer bumps a topic inside the transaction
/// that changes it, and snapshots (grid, parcel index) refresh when the number moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Regions, appointments, contacts.
    Grid,
    /// Parcels.
    Parcels,
    /// Posts.
    Posts,
    /// Tasks; what tablets pull them by.
    Tasks,
    /// Devices, their keys and what they are to be told.
    Devices,
}

impl Topic {
    /// The name in the table `revisions`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Parcels => "parcels",
            Self::Posts => "posts",
            Self::Tasks => "tasks",
            Self::Devices => "devices",
        }
    }
}

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    readers: Readers,
    writer: writer::Writer,
    changed: Arc<tokio::sync::Notify>,
}

#[derive(Clone)]
enum Readers {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Where the data lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    File(std::path::PathBuf),
    /// A PostgreSQL URL.
    Postgres(String),
}

impl Location {
    /// `DATABASE_URL` if there is one, else `gengwei.db` in the data directory.
    pub fn new(database_url: Option<&str>, data: &Path) -> Result<Self, String> {
        match database_url {
            None => Ok(Self::File(data.join("gengwei.db"))),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Self::Postgres(url.to_owned()))
            }
            Some(url) => match url.strip_prefix("sqlite:") {
                Some(path) => Ok(Self::File(path.trim_start_matches("//").into())),
                None => Err("DATABASE_URL must begin with postgres:// or sqlite:".to_owned()),
            },
        }
    }
}

impl Db {
    /// Opens the database, brings its schema up to date and starts the writer.
    ///
    /// Safe when several processes start at once: migrations run under a lock.
    pub async fn open(location: &Location, env: &Env) -> anyhow::Result<Self> {
        let changed = Arc::new(tokio::sync::Notify::new());
        let (readers, writer) = match location {
            Location::File(path) => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                migrate::sqlite(path).await?;
                let readers = dialect::sqlite_readers(path).await?;
                let writer = writer::Backend::Sqlite(dialect::sqlite_writer(path).await?);
                (Readers::Sqlite(readers), writer)
            }
            Location::Postgres(url) => {
                let pool = dialect::postgres_pool(url).await?;
                migrate::postgres(&pool).await?;
                (Readers::Postgres(pool.clone()), writer::Backend::Postgres(pool))
            }
        };
        let writer = writer::Writer::start(writer, env.clone(), changed.clone());
        Ok(Self { readers, writer, changed })
    }

    /// Runs `job` in a transaction and answers after the commit. The job's error rolls back its own work
    /// only, not that of the jobs that share the transaction.
    ///
    /// The job goes on even if the caller is dropped (a client that hangs up), so it must not count on
    /// being watched.
    pub async fn write<T, E, F, W>(&self, job: F) -> Result<T, E>
    where
        F: FnOnce(Tx) -> W + Send + 'static,
        W: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<sqlx::Error> + Send + 'static,
    {
        self.writer.submit(Priority::Urgent, job).await
    }

    /// As [`Db::write`] for imports and other bulk work, which give way to everybody else.
    pub async fn write_bulk<T, E, F, W>(&self, job: F) -> Result<T, E>
    where
        F: FnOnce(Tx) -> W + Send + 'static,
        W: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<sqlx::Error> + Send + 'static,
    {
        self.writer.submit(Priority::Bulk, job).await
    }

    /// Resolves after this process has committed a change to any [`Topic`].
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self.readers, Readers::Postgres(_))
    }

    /// Waits for the writer to finish what it has taken on, then closes all connections.
    pub async fn close(&self) {
        self.writer.stop().await;
        match &self.readers {
            Readers::Sqlite(pool) => pool.close().await,
            Readers::Postgres(pool) => pool.close().await,
        }
    }
}

impl Session for Db {
    async fn all<T: Record>(&self, query: Query<'_>) -> sqlx::Result<Vec<T>> {
        match &self.readers {
            Readers::Sqlite(pool) => query.all_sqlite(&mut *pool.acquire().await?).await,
            Readers::Postgres(pool) => query.all_postgres(&mut *pool.acquire().await?).await,
        }
    }

    async fn first<T: Record>(&self, query: Query<'_>) -> sqlx::Result<Option<T>> {
        match &self.readers {
            Readers::Sqlite(pool) => query.first_sqlite(&mut *pool.acquire().await?).await,
            Readers::Postgres(pool) => query.first_postgres(&mut *pool.acquire().await?).await,
        }
    }
}

/// Whether an error says that a row with this key is there already.
pub fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|e| e.is_unique_violation())
}

/// Whether an error says that the database is busy or away and the same request may succeed later.
pub fn is_temporary(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        sqlx::Error::Database(e) => dialect::is_temporary_code(e.code().as_deref().unwrap_or_default()),
        _ => false,
    }
}
