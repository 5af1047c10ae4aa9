//! SQL of patrols that come in pieces.

use gengwei_proto::RegionCode;
use gengwei_proto::wire::EvidenceReference;

use super::degrees;
use crate::cases::Kind;
use crate::db::{Session, Text, Timestamp, Tx, sql};
use crate::patrols::file::Located;
use crate::patrols::{Datum, NewSighting};
use crate::sync::store::Item;

/// A patrol as far as it has come.
#[derive(sqlx::FromRow)]
pub(super) struct Patrol {
    pub(super) id: String,
    device: i64,
    pub(super) account_id: String,
    pub(super) unit: Option<Text<RegionCode>>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) words: Option<String>,
    pub(super) filed_at: Option<Timestamp>,
}

impl Patrol {
    /// The device that told of it first.
    pub(super) fn device(&self) -> u32 {
        u32::try_from(self.device).unwrap_or(u32::MAX)
    }
}

const PATROL: &str =
    "select id, device, account_id, unit, started_at, ended_at, words, filed_at from field_patrols where ";

pub(super) async fn patrol(on: &impl Session, id: &str) -> sqlx::Result<Option<Patrol>> {
    on.first(sql(PATROL).push_bind("id = ", id)).await
}

/// Patrols that began before a moment and have neither an end nor a place in the ledger, by id.
pub(super) async fn unended(
    on: &impl Session,
    before: Timestamp,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<Patrol>> {
    let query = sql(PATROL)
        .push("filed_at is null and ended_at is null and unit is not null")
        .push_bind(" and started_at < ", before)
        .push_bind(" and id > ", after)
        .push_bind(" order by id limit ", limit);
    on.all(query).await
}

/// When the last sighting or piece of track of a patrol was.
pub(super) async fn last_known(on: &impl Session, id: &str) -> sqlx::Result<Option<Timestamp>> {
    let query = sql("select max(at) from (select seen_at as at from field_sightings where patrol = $1 \
                     union all select at from field_tracks where patrol = $1) as known");
    on.scalar(query.bind(id)).await
}

/// Makes a patrol known, unless it is.
pub(super) async fn claim(tx: &Tx, id: &str, device: u32, account: &str) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into field_patrols (id, device, account_id) values ($1, $2, $3) on conflict (id) do nothing")
            .bind(id)
            .bind(device)
            .bind(account),
    )
    .await
}

pub(super) async fn start(tx: &Tx, id: &str, unit: &RegionCode, at: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("update field_patrols set unit = $1, started_at = $2 where id = $3 and started_at is null")
            .bind(unit)
            .bind(at)
            .bind(id),
    )
    .await
}

pub(super) async fn finish(tx: &Tx, id: &str, words: Option<&str>, at: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("update field_patrols set words = $1, ended_at = $2 where id = $3 and ended_at is null")
            .bind(words)
            .bind(at)
            .bind(id),
    )
    .await
}

pub(super) async fn filed(tx: &Tx, id: &str, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(sql("update field_patrols set filed_at = $1 where id = $2").bind(now).bind(id)).await
}

pub(super) async fn insert_track(tx: &Tx, item: &Item<'_>, patrol: &str, points: &[u8]) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into field_tracks (device, epoch, seq, patrol, at, points) values ($1, $2, $3, $4, $5, $6)")
            .bind(item.device.number)
            .bind(item.epoch)
            .bind(item.record.seq)
            .bind(patrol)
            .bind(item.placed.at)
            .bind(points),
    )
    .await
}

/// The pieces of a track with what their seconds count from.
pub(super) async fn tracks(on: &impl Session, patrol: &str) -> sqlx::Result<Vec<(Timestamp, Vec<u8>)>> {
    on.all(sql("select at, points from field_tracks where patrol = $1 order by at").bind(patrol)).await
}

/// A sighting as it was located.
#[derive(sqlx::FromRow)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) patrol: Option<String>,
    pub(super) case_id: String,
    kind: Text<Kind>,
    parcel_id: Option<i64>,
    pub(super) unit: Text<RegionCode>,
    lon: Option<f64>,
    lat: Option<f64>,
    accuracy: Option<f64>,
    words: Option<String>,
    pub(super) seen_at: Timestamp,
    pub(super) stopped: Option<bool>,
    pub(super) seq: Option<i64>,
}

const SEEN: &str = "select id, patrol, case_id, kind, parcel_id, unit, lon, lat, accuracy, words, seen_at, stopped, \
     seq from field_sightings where ";

impl Seen {
    pub(super) fn located(&self) -> Located {
        Located { parcel: self.parcel_id, unit: self.unit.0, place: self.lon.zip(self.lat) }
    }

    pub(super) fn to_new(&self, photos: Vec<String>) -> NewSighting {
        NewSighting {
            kind: self.kind.0,
            lon: self.lon,
            lat: self.lat,
            accuracy: self.accuracy,
            datum: Datum::Wgs84,
            parcel: None,
            words: self.words.clone(),
            seen_at: self.seen_at,
            photos,
        }
    }
}

pub(super) async fn sighting(on: &impl Session, id: &str) -> sqlx::Result<Option<Seen>> {
    on.first(sql(SEEN).push_bind("id = ", id)).await
}

/// The sightings of a patrol that are not yet in the ledger.
pub(super) async fn waiting_sightings(on: &impl Session, patrol: &str) -> sqlx::Result<Vec<Seen>> {
    on.all(sql(SEEN).push_bind("patrol = ", patrol).push(" and seq is null order by seen_at, id")).await
}

pub(super) async fn insert_sighting(
    tx: &Tx,
    id: &str,
    patrol: Option<&str>,
    new: &NewSighting,
    located: &Located,
    case: &str,
    stopped: Option<bool>,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into field_sightings (id, patrol, case_id, kind, parcel_id, unit, lon, lat, accuracy, words, \
             seen_at, stopped) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(id)
        .bind(patrol)
        .bind(case)
        .bind(new.kind.name())
        .bind(located.parcel)
        .bind(&located.unit)
        .bind(located.place.map(|(lon, _)| lon))
        .bind(located.place.map(|(_, lat)| lat))
        .bind(new.accuracy)
        .bind(new.words.as_deref())
        .bind(new.seen_at)
        .bind(stopped),
    )
    .await
}

/// The number that the next sighting of a filed patrol gets.
pub(super) async fn next_seq(on: &impl Session, patrol: &str) -> sqlx::Result<i64> {
    on.scalar(sql("select coalesce(max(seq) + 1, 0) from field_sightings where patrol = $1").bind(patrol))
        .await
}

pub(super) async fn number_sighting(tx: &Tx, id: &str, seq: i64) -> sqlx::Result<u64> {
    tx.execute(sql("update field_sightings set seq = $1 where id = $2").bind(seq).bind(id)).await
}

pub(super) async fn insert_photo(
    tx: &Tx,
    subject: &str,
    sha256: &str,
    reference: &EvidenceReference,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into field_photos (subject, sha256, azimuth, lon, lat) values ($1, $2, $3, $4, $5) \
             on conflict (subject, sha256) do nothing")
        .bind(subject)
        .bind(sha256)
        .bind(reference.azimuth.map(i64::from))
        .bind(reference.position.map(|position| degrees(position.longitude_e7)))
        .bind(reference.position.map(|position| degrees(position.latitude_e7))),
    )
    .await
}

/// The photos that were named for something.
pub(super) async fn photos(on: &impl Session, subject: &str) -> sqlx::Result<Vec<String>> {
    let query = sql("select sha256 from field_photos where subject = $1 order by sha256").bind(subject);
    Ok(on.all::<(String,)>(query).await?.into_iter().map(|(hash,)| hash).collect())
}
