//! SQL of redactions.

use crate::db::{Session, Timestamp, Tx, sql};

/// A blackened copy.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Stored {
    pub(super) id: String,
    /// The photo.
    pub(super) sha256: String,
    /// SHA-256 of the copy's bytes.
    pub(super) copy: String,
    /// JSON.
    pub(super) rectangles: String,
    pub(super) name: String,
    pub(super) made_at: Timestamp,
    pub(super) approver_name: Option<String>,
    pub(super) approved_at: Option<Timestamp>,
    pub(super) withdrawn_at: Option<Timestamp>,
}

const STORED: &str = "select id, sha256, copy, rectangles, name, made_at, approver_name, approved_at, withdrawn_at \
                      from redactions where true";

pub(super) async fn insert(tx: &Tx, new: &Stored, account: &str) -> sqlx::Result<()> {
    let query = sql("insert into redactions (id, sha256, copy, rectangles, account, name, made_at) \
                     values ($1, $2, $3, $4, $5, $6, $7)")
    .bind(&new.id)
    .bind(&new.sha256)
    .bind(&new.copy)
    .bind(&new.rectangles)
    .bind(account)
    .bind(&new.name)
    .bind(new.made_at);
    tx.execute(query).await.map(drop)
}

pub(super) async fn find(on: &impl Session, sha256: &str, id: &str) -> sqlx::Result<Option<Stored>> {
    on.first(sql(STORED).push_bind(" and sha256 = ", sha256).push_bind(" and id = ", id)).await
}

/// The copies of a photo, the oldest first.
pub(super) async fn list(on: &impl Session, sha256: &str) -> sqlx::Result<Vec<Stored>> {
    on.all(sql(STORED).push_bind(" and sha256 = ", sha256).push(" order by made_at, id")).await
}

/// Approves a copy; answers whether that changed something.
pub(super) async fn approve(
    tx: &Tx,
    id: &str,
    account: &str,
    name: &str,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let query = sql("update redactions set approver = $1, approver_name = $2, approved_at = $3 \
                     where id = $4 and approved_at is null and withdrawn_at is null")
    .bind(account)
    .bind(name)
    .bind(now)
    .bind(id);
    Ok(tx.execute(query).await? == 1)
}

/// Takes a copy back; answers whether that changed something.
pub(super) async fn withdraw(tx: &Tx, id: &str, now: Timestamp) -> sqlx::Result<bool> {
    let query = sql("update redactions set withdrawn_at = $1 where id = $2 and withdrawn_at is null");
    Ok(tx.execute(query.bind(now).bind(id)).await? == 1)
}

/// The bytes' hash of a copy that anybody may see.
pub(super) async fn public(on: &impl Session, id: &str) -> sqlx::Result<Option<String>> {
    let query = sql("select copy from redactions \
                     where id = $1 and approved_at is not null and withdrawn_at is null");
    Ok(on.first::<(String,)>(query.bind(id)).await?.map(|(copy,)| copy))
}

/// The copies that anybody may see of the photos of a case, the oldest first.
pub async fn public_of_case(on: &impl Session, case: &str) -> sqlx::Result<Vec<String>> {
    let query = sql("select distinct r.id, r.made_at from redactions r \
                     join evidence_links l on l.sha256 = r.sha256 \
                     where l.subject = 'case' and l.subject_id = $1 \
                     and r.approved_at is not null and r.withdrawn_at is null order by r.made_at, r.id");
    let rows: Vec<(String, i64)> = on.all(query.bind(case)).await?;
    Ok(rows.into_iter().map(|(id, _)| id).collect())
}
