//! `bench-peer ADDRESS DATABASE ROWS`: an axum server over SQLite (WAL, synchronous=FULL) with
//! `GET /p/{key}`, one primary-key read a request, and `POST /p`, one insert and one commit a request, and
//! `POST /batch`, many inserts and one commit a request.
//! Reads have a pool; writes have one connection, which is faster than a pool of writers that wait for
//! each other's lock.

use std::str::FromStr;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Clone)]
struct Peer {
    readers: SqlitePool,
    writer: SqlitePool,
}

type Failure = (StatusCode, String);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, database, rows] = &arguments[..] else {
        return Err("usage: bench-peer ADDRESS DATABASE ROWS".into());
    };
    let options = SqliteConnectOptions::from_str(&format!("sqlite://{database}"))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = |size| SqlitePoolOptions::new().min_connections(size).max_connections(size);
    let writer = pool(1).connect_with(options.clone()).await?;
    fill(&writer, rows.parse()?).await?;
    let readers = pool(4).connect_with(options.pragma("query_only", "on")).await?;
    let routes =
        Router::new().route("/p/{key}", get(read)).route("/p", post(write)).route("/batch", post(write_all));
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, routes.with_state(Peer { readers, writer })).await?;
    Ok(())
}

/// Pages of about the size of a scan page, under the keys 1, 2, 3…
async fn fill(writer: &SqlitePool, rows: i64) -> sqlx::Result<()> {
    sqlx::raw_sql(
        "create table page (key text primary key, body text not null) without rowid;
         create table record (id text primary key, body text not null) without rowid;",
    )
    .execute(writer)
    .await?;
    sqlx::query(
        "with recursive n(n) as (select 1 union all select n + 1 from n where n < $1)
         insert into page select n, hex(zeroblob(100)) from n",
    )
    .bind(rows)
    .execute(writer)
    .await?;
    Ok(())
}

async fn read(State(peer): State<Peer>, Path(key): Path<String>) -> Result<String, Failure> {
    let body: Option<String> = sqlx::query_scalar("select body from page where key = $1")
        .bind(key)
        .fetch_optional(&peer.readers)
        .await
        .map_err(failed)?;
    body.ok_or((StatusCode::NOT_FOUND, String::new()))
}

async fn write(State(peer): State<Peer>, Json(record): Json<Value>) -> Result<StatusCode, Failure> {
    sqlx::query("insert into record (id, body) values ($1, $2)")
        .bind(record["id"].as_str())
        .bind(record.to_string())
        .execute(&peer.writer)
        .await
        .map_err(failed)?;
    Ok(StatusCode::CREATED)
}

/// One statement a record, one transaction a request.
async fn write_all(State(peer): State<Peer>, Json(records): Json<Vec<Value>>) -> Result<StatusCode, Failure> {
    let mut transaction = peer.writer.begin().await.map_err(failed)?;
    for record in records {
        sqlx::query("insert into record (id, body) values ($1, $2)")
            .bind(record["id"].as_str())
            .bind(record.to_string())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::CREATED)
}

fn failed(error: sqlx::Error) -> Failure {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
