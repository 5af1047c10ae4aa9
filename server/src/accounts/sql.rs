//! SQL of accounts and sessions.

use serde::Serialize;
use utoipa::ToSchema;

use super::{AdminRole, NewAccount};
use crate::db::{Session, Text, Timestamp, Tx, sql};

#[derive(sqlx::FromRow)]
pub(super) struct Stored {
    pub id: String,
    pub login: String,
    pub password: String,
    pub failures: i64,
    pub failed_at: Option<Timestamp>,
    pub locked_at: Option<Timestamp>,
}

pub(super) async fn by_login(on: &impl Session, login: &str) -> sqlx::Result<Option<Stored>> {
    on.first(
        sql("select id, login, password, failures, failed_at, locked_at from accounts where login = $1")
            .bind(login),
    )
    .await
}

pub(super) async fn insert(
    tx: &Tx,
    id: &str,
    new: &NewAccount,
    password: &str,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into accounts (id, login, name, person_id, admin, password, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7)")
        .bind(id)
        .bind(&new.login)
        .bind(&new.name)
        .bind(new.person.as_deref())
        .bind(new.admin.map(|a| a.to_string()))
        .bind(password)
        .bind(now),
    )
    .await
}

pub(super) async fn failed(tx: &Tx, id: &str, failures: i64, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("update accounts set failures = $1, failed_at = $2 where id = $3")
            .bind(failures)
            .bind(now)
            .bind(id),
    )
    .await
}

pub(super) async fn open_session(
    tx: &Tx,
    digest: &str,
    account: &str,
    now: Timestamp,
    ends_at: Timestamp,
    agent: &str,
) -> sqlx::Result<()> {
    tx.execute(sql("update accounts set failures = 0, failed_at = null where id = $1").bind(account)).await?;
    tx.execute(
        sql("insert into sessions (token, account_id, created_at, seen_at, ends_at, agent) \
             values ($1, $2, $3, $3, $4, $5)")
        .bind(digest)
        .bind(account)
        .bind(now)
        .bind(ends_at)
        .bind(agent),
    )
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
pub(super) struct Open {
    pub account_id: String,
    pub login: String,
    pub name: String,
    pub person_id: Option<String>,
    pub admin: Option<Text<AdminRole>>,
    pub locked_at: Option<Timestamp>,
    pub seen_at: Timestamp,
    pub ends_at: Timestamp,
    pub device: Option<i64>,
}

pub(super) async fn session(on: &impl Session, digest: &str) -> sqlx::Result<Option<Open>> {
    on.first(
        sql(
            "select s.account_id, a.login, a.name, a.person_id, a.admin, a.locked_at, s.seen_at, s.ends_at, \
             s.device \
             from sessions s join accounts a on a.id = s.account_id where s.token = $1",
        )
        .bind(digest),
    )
    .await
}

pub(super) async fn seen(tx: &Tx, digest: &str, now: Timestamp) -> sqlx::Result<()> {
    tx.execute(sql("update sessions set seen_at = $1 where token = $2").bind(now).bind(digest)).await?;
    Ok(())
}

pub(super) async fn close_session(tx: &Tx, digest: &str) -> sqlx::Result<u64> {
    tx.execute(sql("delete from sessions where token = $1").bind(digest)).await
}

/// Opens a tablet's session.
pub async fn open_device_session(
    tx: &Tx,
    digest: &str,
    account: &str,
    device: i64,
    now: Timestamp,
    ends_at: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into sessions (token, account_id, created_at, seen_at, ends_at, agent, device) \
             values ($1, $2, $3, $3, $4, 'tablet', $5)")
        .bind(digest)
        .bind(account)
        .bind(now)
        .bind(ends_at)
        .bind(device),
    )
    .await
}

/// Ends a tablet's sessions.
pub async fn close_device_sessions(tx: &Tx, device: i64) -> sqlx::Result<u64> {
    tx.execute(sql("delete from sessions where device = $1").bind(device)).await
}

/// An account's login and name.
pub async fn name_of(on: &impl Session, id: &str) -> sqlx::Result<Option<(String, String)>> {
    on.first(sql("select login, name from accounts where id = $1").bind(id)).await
}

/// Ends all sessions of an account but the one with the digest `kept`.
pub(super) async fn close_other_sessions(tx: &Tx, account: &str, kept: &str) -> sqlx::Result<u64> {
    tx.execute(sql("delete from sessions where account_id = $1 and token <> $2").bind(account).bind(kept))
        .await
}

/// An account as administrators see it.
#[derive(Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = AccountListed)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// The name to log in with.
    #[serde(rename = "account")]
    pub login: String,
    /// The name to show.
    pub name: String,
    /// The person behind it.
    pub person_id: Option<String>,
    /// One of the three administrators.
    #[schema(value_type = Option<AdminRole>)]
    pub admin: Option<Text<AdminRole>>,
    /// Since when it is locked.
    pub locked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

const LISTED: &str =
    "select id, login, name, person_id, admin, locked_at, created_at from accounts where true";

/// Accounts by login, after `after`.
pub async fn list(on: &impl Session, after: Option<&str>, limit: i64) -> sqlx::Result<Vec<Listed>> {
    let query = sql(LISTED).push_if(" and login > ", after);
    on.all(query.push_bind(" order by login limit ", limit)).await
}

/// One account by login.
pub async fn find(on: &impl Session, login: &str) -> sqlx::Result<Option<Listed>> {
    on.first(sql(LISTED).push_bind(" and login = ", login)).await
}

pub(super) async fn set_locked(tx: &Tx, id: &str, at: Option<Timestamp>) -> sqlx::Result<u64> {
    tx.execute(
        sql("update accounts set locked_at = $1, failures = 0, failed_at = null where id = $2")
            .bind(at)
            .bind(id),
    )
    .await
}

pub(super) async fn set_password(tx: &Tx, id: &str, password: &str) -> sqlx::Result<u64> {
    tx.execute(sql("update accounts set password = $1 where id = $2").bind(password).bind(id)).await
}
