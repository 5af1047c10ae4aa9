//! SQL of uploads.

use crate::db::{Session, Timestamp, Tx, sql};

/// An upload, under way or finished.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Upload {
    /// Its id, the last part of its address.
    pub id: String,
    /// Who began it.
    pub account: String,
    /// Bytes of the whole.
    pub length: i64,
    /// Upload-Metadata as it came.
    pub metadata: String,
    /// The SHA-256 that the whole is to have.
    pub declared: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it is forgotten.
    pub expires_at: Timestamp,
    /// The photo that became of it.
    pub sha256: Option<String>,
}

pub(super) async fn insert(tx: &Tx, upload: &Upload) -> sqlx::Result<()> {
    let query = sql("insert into uploads (id, account, length, metadata, declared, created_at, expires_at) \
                     values ($1, $2, $3, $4, $5, $6, $7)")
    .bind(&upload.id)
    .bind(&upload.account)
    .bind(upload.length)
    .bind(&upload.metadata)
    .bind(upload.declared.clone())
    .bind(upload.created_at)
    .bind(upload.expires_at);
    tx.execute(query).await.map(drop)
}

pub(super) async fn find(on: &impl Session, id: &str) -> sqlx::Result<Option<Upload>> {
    on.first(
        sql("select id, account, length, metadata, declared, created_at, expires_at, sha256 from uploads \
             where id = $1")
        .bind(id),
    )
    .await
}

/// Uploads of an account that are neither finished nor forgotten.
pub(super) async fn open(on: &impl Session, account: &str, now: Timestamp) -> sqlx::Result<i64> {
    on.scalar(
        sql("select count(*) from uploads where account = $1 and expires_at > $2 and sha256 is null")
            .bind(account)
            .bind(now),
    )
    .await
}

pub(super) async fn finish(tx: &Tx, id: &str, sha256: &str) -> sqlx::Result<()> {
    tx.execute(sql("update uploads set sha256 = $1 where id = $2").bind(sha256).bind(id)).await.map(drop)
}

pub(super) async fn delete(tx: &Tx, id: &str) -> sqlx::Result<()> {
    tx.execute(sql("delete from uploads where id = $1").bind(id)).await.map(drop)
}

pub(super) async fn delete_expired(tx: &Tx, before: Timestamp) -> sqlx::Result<u64> {
    tx.execute(sql("delete from uploads where expires_at < $1").bind(before)).await
}
