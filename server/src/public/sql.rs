//! SQL of the public pages and of reports.

use gengwei_proto::{ParcelCode, RegionCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Units;
use crate::db::{Session, Text, Timestamp, Tx, sql};

#[derive(sqlx::FromRow)]
pub(super) struct Scanned {
    pub parcel_id: i64,
    pub code: Text<ParcelCode>,
    pub unit: Text<RegionCode>,
    pub dlbm: String,
    pub area: f64,
    pub tbmj: Option<f64>,
    pub permanent: bool,
    pub crop: Option<String>,
    pub retired_on: Option<String>,
}

/// The parcel that a post stands for now.
pub(super) async fn scanned(on: &impl Session, post: i64) -> sqlx::Result<Option<Scanned>> {
    on.first(
        sql("select l.id as parcel_id, l.code, l.unit, l.dlbm, l.area, l.tbmj, l.permanent, l.crop, l.retired_on \
             from posts p join parcels l on l.id = p.parcel_id where p.number = $1 and l.code is not null")
        .bind(post),
    )
    .await
}

/// The parcel with a code.
pub(super) async fn coded(on: &impl Session, code: &ParcelCode) -> sqlx::Result<Option<Scanned>> {
    on.first(
        sql("select id as parcel_id, code, unit, dlbm, area, tbmj, permanent, crop, retired_on \
             from parcels where code = $1")
        .bind(code),
    )
    .await
}

pub(super) async fn successors(on: &impl Session, parcel: i64) -> sqlx::Result<Vec<(Text<ParcelCode>,)>> {
    on.all(
        sql("select l.code from parcel_lineage g join parcels l on l.id = g.child_id \
             where g.parent_id = $1 and l.code is not null order by l.code limit 20")
        .bind(parcel),
    )
    .await
}

/// A report to be stored.
pub(super) struct NewReport<'a> {
    pub tracking: &'a str,
    pub case: &'a str,
    pub parcel: i64,
    pub unit: &'a RegionCode,
    pub post: Option<i64>,
    pub place: &'a str,
    pub words: &'a str,
    pub spot: Option<(f64, f64)>,
    pub phone: Option<&'a [u8]>,
    pub now: Timestamp,
}

pub(super) async fn insert(tx: &Tx, r: NewReport<'_>) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into reports (tracking, case_id, parcel_id, unit, post, place, words, phone, received_at, \
             lon, lat) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(r.tracking)
        .bind(r.case)
        .bind(r.parcel)
        .bind(r.unit)
        .bind(r.post)
        .bind(r.place)
        .bind(r.words)
        .bind(r.phone)
        .bind(r.now)
        .bind(r.spot.map(|(lon, _)| lon))
        .bind(r.spot.map(|(_, lat)| lat)),
    )
    .await
}

/// What whoever has the tracking number is told.
#[derive(sqlx::FromRow)]
pub(super) struct Followed {
    pub case_id: String,
    pub state: String,
    pub received_at: Timestamp,
    pub answer: Option<String>,
    pub answered_at: Option<Timestamp>,
}

pub(super) async fn followed(on: &impl Session, tracking: &str) -> sqlx::Result<Option<Followed>> {
    on.first(
        sql("select r.case_id, c.state, r.received_at, r.answer, r.answered_at \
             from reports r join cases c on c.id = r.case_id where r.tracking = $1")
        .bind(tracking),
    )
    .await
}

/// A report as officers see it; the phone number is not in it.
#[derive(Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = ReportListed)]
pub struct Listed {
    /// The tracking number.
    pub tracking: String,
    /// The case that it opened.
    pub case_id: String,
    /// The unit of the parcel.
    #[schema(value_type = String)]
    pub unit: Text<RegionCode>,
    /// The post whose label was scanned.
    pub post: Option<i64>,
    /// Where, in the reporter's words.
    pub place: String,
    /// What, in the reporter's words.
    pub words: String,
    /// Longitude in degrees, when the reporter's client knew it.
    pub lon: Option<f64>,
    /// Latitude in degrees.
    pub lat: Option<f64>,
    /// Whether a phone number was left.
    pub has_phone: bool,
    /// When it came.
    pub received_at: Timestamp,
    /// What the public is told.
    pub answer: Option<String>,
    /// Since when.
    pub answered_at: Option<Timestamp>,
}

const LISTED: &str = "select tracking, case_id, unit, post, place, words, lon, lat, \
     phone is not null as has_phone, \
     received_at, answer, answered_at from reports where true";

pub(super) async fn list(
    on: &impl Session,
    units: &Units,
    before: Option<&(i64, String)>,
    limit: i64,
) -> sqlx::Result<Vec<Listed>> {
    let mut query = units.filter(sql(LISTED), "unit");
    if let Some((at, tracking)) = before {
        query = query
            .push_bind(" and (received_at, tracking) < (", *at)
            .push_bind(", ", tracking.as_str())
            .push(")");
    }
    on.all(query.push_bind(" order by received_at desc, tracking desc limit ", limit)).await
}

pub(super) async fn find(on: &impl Session, units: &Units, tracking: &str) -> sqlx::Result<Option<Listed>> {
    let query = sql(LISTED).push_bind(" and tracking = ", tracking);
    on.first(units.filter(query, "unit")).await
}

pub(super) async fn phone(on: &impl Session, tracking: &str) -> sqlx::Result<Option<Vec<u8>>> {
    let query = sql("select phone from reports where tracking = $1").bind(tracking);
    Ok(on.first::<(Option<Vec<u8>>,)>(query).await?.and_then(|(phone,)| phone))
}

pub(super) async fn answer(tx: &Tx, tracking: &str, answer: &str, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("update reports set answer = $1, answered_at = $2 where tracking = $3")
            .bind(answer)
            .bind(now)
            .bind(tracking),
    )
    .await
}
