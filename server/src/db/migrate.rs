//! Brings the schema up to date when a process starts.

use std::fs::File;
use std::path::Path;

use sqlx::PgPool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqlitePoolOptions;

use super::dialect;

static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

/// sqlx's migration lock does nothing on SQLite, so processes that start at once queue up at a lock file.
pub(super) async fn sqlite(path: &Path) -> anyhow::Result<()> {
    let lock = File::create(path.with_extension("migrating"))?;
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??;
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect_with(dialect::sqlite_options(path)).await?;
    SQLITE.run(&pool).await?;
    pool.close().await;
    drop(lock);
    Ok(())
}

/// PostgreSQL's migrator takes an advisory lock by itself.
pub(super) async fn postgres(pool: &PgPool) -> anyhow::Result<()> {
    POSTGRES.run(pool).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_have_the_same_migrations() {
        let names =
            |m: &'static Migrator| m.iter().map(|m| (m.version, m.description.clone())).collect::<Vec<_>>();
        assert_eq!(names(&SQLITE), names(&POSTGRES));
        assert!(!names(&SQLITE).is_empty());
    }
}
