//! SQL of capture facts.

use super::Facts;
use super::chain::Link;
use crate::auth::Units;
use crate::db::{Session, Text, Timestamp, Tx, sql};
use crate::evidence::MediaType;

pub(super) async fn known(on: &impl Session, sha256: &str, account: &str) -> sqlx::Result<Option<String>> {
    let query = sql("select body from capture_facts where sha256 = $1 and account = $2");
    Ok(on.first::<(String,)>(query.bind(sha256).bind(account)).await?.map(|(body,)| body))
}

/// The last link of a chain: its number and hash.
pub(super) async fn head(on: &impl Session, chain: &str) -> sqlx::Result<Option<(i64, String)>> {
    on.first(
        sql("select seq, hash from capture_facts where chain = $1 order by seq desc limit 1").bind(chain),
    )
    .await
}

pub(super) async fn insert(tx: &Tx, link: &Link, name: &str) -> sqlx::Result<()> {
    let query =
        sql("insert into capture_facts (sha256, account, name, chain, seq, hash, body, received_at) \
                     values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(&link.sha256)
        .bind(&link.account)
        .bind(name)
        .bind(&link.chain)
        .bind(link.seq)
        .bind(&link.hash)
        .bind(&link.body)
        .bind(link.received_at);
    tx.execute(query).await.map(drop)
}

/// Links in the order of their chains, behind one of them.
pub(super) async fn links(on: &impl Session, chain: &str, seq: i64, limit: i64) -> sqlx::Result<Vec<Link>> {
    on.all(
        sql("select f.chain, f.seq, f.account, f.sha256, e.sm3, f.body, f.received_at, f.hash \
             from capture_facts f join evidence e on e.sha256 = f.sha256 \
             where f.chain > $1 or (f.chain = $1 and f.seq > $2) order by f.chain, f.seq limit $3")
        .bind(chain)
        .bind(seq)
        .bind(limit),
    )
    .await
}

/// Facts as they were handed in.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Kept {
    /// The photo.
    pub sha256: String,
    /// Who.
    pub name: String,
    /// The chain.
    pub chain: String,
    /// The link's number in it.
    pub seq: i64,
    /// The link's hash.
    pub hash: String,
    /// What.
    pub body: String,
    /// When.
    pub received_at: Timestamp,
}

impl Kept {
    /// The facts themselves.
    pub fn facts(&self) -> Facts {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A photo as far as its bytes go.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Photographed {
    /// SHA-256.
    pub sha256: String,
    /// SM3.
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

pub(super) async fn photos(on: &impl Session, hashes: &[String]) -> sqlx::Result<Vec<Photographed>> {
    let query =
        sql("select sha256, sm3, size, media_type, account, stored_at from evidence where sha256 in ");
    on.all(query.push_list(hashes.iter().map(String::as_str)).push(" order by stored_at, sha256")).await
}

/// The facts of some photos, the first handed in first.
pub async fn of_photos(on: &impl Session, hashes: &[String]) -> sqlx::Result<Vec<Kept>> {
    let query =
        sql("select sha256, name, chain, seq, hash, body, received_at from capture_facts where sha256 in ");
    on.all(query.push_list(hashes.iter().map(String::as_str)).push(" order by received_at, chain, seq")).await
}

/// A case that a photo belongs to, and where it is.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Subject {
    pub(super) sha256: String,
    pub(super) case_id: String,
    pub(super) unit: String,
    pub(super) lon: Option<f64>,
    pub(super) lat: Option<f64>,
    /// The outline as it was drawn, else of its patch, else of its parcel, packed.
    pub(super) shape: Option<Vec<u8>>,
}

/// The cases that some photos belong to, whoever may see them; the oldest first.
pub(super) async fn subjects(on: &impl Session, hashes: &[String]) -> sqlx::Result<Vec<Subject>> {
    let query = sql("select l.sha256, l.subject_id as case_id, l.unit, c.lon, c.lat, \
                     coalesce((select o.shape from case_outlines o where o.case_id = c.id \
                     order by o.seq desc limit 1), (select q.shape from patches q where q.case_id = c.id and q.withdrawn_at is null \
                     order by q.id limit 1), p.shape) as shape \
                     from evidence_links l join cases c on c.id = l.subject_id \
                     left join parcels p on p.id = c.parcel_id where l.subject = 'case' and l.sha256 in ");
    on.all(query.push_list(hashes.iter().map(String::as_str)).push(" order by l.subject_id")).await
}

/// The photos of a case in some units.
pub(super) async fn of_case(on: &impl Session, case: &str, units: &Units) -> sqlx::Result<Vec<String>> {
    let query = sql("select distinct sha256 from evidence_links where subject = 'case' and subject_id = $1");
    let rows: Vec<(String,)> =
        on.all(units.filter(query.bind(case), "unit").push(" order by sha256")).await?;
    Ok(rows.into_iter().map(|(sha256,)| sha256).collect())
}

/// The code of the parcel that a photo is about: that of the oldest case which it belongs to.
pub async fn parcel_of(on: &impl Session, sha256: &str) -> sqlx::Result<Option<String>> {
    let query = sql("select p.code from evidence_links l join cases c on c.id = l.subject_id \
                     join parcels p on p.id = c.parcel_id \
                     where l.subject = 'case' and l.sha256 = $1 and p.code is not null \
                     order by l.subject_id limit 1");
    Ok(on.first::<(String,)>(query.bind(sha256)).await?.map(|(code,)| code))
}
