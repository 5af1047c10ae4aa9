//! SQL of evidence.

use super::MediaType;
use crate::auth::Units;
use crate::db::{Bulk, Session, Text, Timestamp, Tx, sql};

pub(super) async fn insert(
    tx: &Tx,
    sha256: &str,
    sm3: &str,
    size: usize,
    media: MediaType,
    account: &str,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let query = sql("insert into evidence (sha256, sm3, size, media_type, account, stored_at) \
                     values ($1, $2, $3, $4, $5, $6) on conflict (sha256) do nothing")
    .bind(sha256)
    .bind(sm3)
    .bind(i64::try_from(size).unwrap_or(i64::MAX))
    .bind(media.name())
    .bind(account)
    .bind(now);
    Ok(tx.execute(query).await? == 1)
}

/// A photo that was handed in.
#[derive(sqlx::FromRow)]
pub struct Stored {
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// SM3, hexadecimal.
    pub sm3: String,
    /// Bytes.
    pub size: i64,
    /// What kind of picture.
    pub media_type: Text<MediaType>,
    /// Who handed it in.
    pub account: String,
    /// When.
    pub stored_at: Timestamp,
}

pub(super) async fn find(on: &impl Session, sha256: &str) -> sqlx::Result<Option<Stored>> {
    on.first(
        sql("select sha256, sm3, size, media_type, account, stored_at from evidence where sha256 = $1")
            .bind(sha256),
    )
    .await
}

/// Photos in the order of their hashes, behind one: SHA-256 and SM3.
pub(super) async fn page(on: &impl Session, after: &str, limit: i64) -> sqlx::Result<Vec<(String, String)>> {
    let query = sql("select sha256, sm3 from evidence where sha256 > $1 order by sha256 limit $2");
    on.all(query.bind(after).bind(limit)).await
}

pub(super) async fn known(on: &impl Session, hashes: &[String]) -> sqlx::Result<Vec<String>> {
    let query =
        sql("select sha256 from evidence where sha256 in ").push_list(hashes.iter().map(String::as_str));
    Ok(on.all::<(String,)>(query).await?.into_iter().map(|(hash,)| hash).collect())
}

/// Says what photos belong to: `subject` is `sighting`, `report` or `case`.
pub async fn link(
    tx: &Tx,
    hashes: &[String],
    subject: &'static str,
    subject_id: &str,
    unit: &str,
) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into evidence_links (sha256, subject, subject_id, unit)",
        " on conflict (sha256, subject, subject_id) do nothing",
    );
    for hash in hashes {
        let (subject_id, unit) = (subject_id.to_owned(), unit.to_owned());
        rows.row(vec![hash.clone().into(), subject.into(), subject_id.into(), unit.into()]);
    }
    tx.insert(rows).await
}

/// The photos of several things of one sort: (thing, hash).
pub async fn photos_of(
    on: &impl Session,
    subject: &'static str,
    ids: &[String],
) -> sqlx::Result<Vec<(String, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = sql("select subject_id, sha256 from evidence_links where subject = $1 and subject_id in ")
        .bind(subject)
        .push_list(ids.iter().map(String::as_str))
        .push(" order by subject_id, sha256");
    on.all(query).await
}

pub(super) async fn linked_within(on: &impl Session, sha256: &str, units: &Units) -> sqlx::Result<bool> {
    let query = sql("select sha256 from evidence_links where sha256 = $1").bind(sha256);
    Ok(on.first::<(String,)>(units.filter(query, "unit").push(" limit 1")).await?.is_some())
}
