//! Copies of the whole database while it is in use: `VACUUM INTO` on SQLite, `pg_dump` and `pg_restore` on
//! PostgreSQL.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::process::Command;

use super::{Location, dialect};

/// The copy's name in a backup's folder.
fn file(location: &Location, folder: &Path) -> PathBuf {
    folder.join(match location {
        Location::File(_) => "gengwei.db",
        Location::Postgres(_) => "gengwei.pgdump",
    })
}

/// Writes a consistent copy into a folder.
pub async fn backup(location: &Location, folder: &Path) -> anyhow::Result<()> {
    let copy = file(location, folder);
    match location {
        Location::File(path) => {
            if !path.exists() {
                bail!("{} does not exist: there is nothing to back up", path.display());
            }
            dialect::vacuum_into(path, &copy).await?;
            std::fs::File::open(&copy)?.sync_all()?;
        }
        Location::Postgres(url) => {
            let mut dump = tool("pg_dump")?;
            dump.args(["--format=custom", "--no-owner", "--file"]).arg(&copy).arg(url);
            run(dump).await?;
        }
    }
    Ok(())
}

/// Brings a copy back; the place must be empty.
pub async fn restore(location: &Location, folder: &Path) -> anyhow::Result<()> {
    let copy = file(location, folder);
    if !copy.is_file() {
        bail!("{} is missing: the backup is of the other kind of database, or none", copy.display());
    }
    match location {
        Location::File(path) => {
            if path.exists() {
                bail!("{} exists: restore into an empty data directory", path.display());
            }
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::copy(&copy, path)?;
            std::fs::File::open(path)?.sync_all()?;
        }
        Location::Postgres(url) => {
            let mut restore = tool("pg_restore")?;
            restore
                .args(["--exit-on-error", "--single-transaction", "--no-owner", "--dbname"])
                .arg(url)
                .arg(&copy);
            run(restore).await.context("pg_restore (the database must be empty)")?;
        }
    }
    Ok(())
}

/// PostgreSQL's own tools: on the PATH, or where Debian keeps them.
fn tool(name: &str) -> anyhow::Result<Command> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<_> = versions.flatten().map(|v| v.path().join("bin")).collect();
        versions.sort();
        folders.splice(0..0, versions.into_iter().rev());
    }
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    found
        .map(Command::new)
        .with_context(|| format!("{name} is not installed: it comes with postgresql-client"))
}

async fn run(mut command: Command) -> anyhow::Result<()> {
    let output = command.output().await?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
