//! SQL of posts.

use gengwei_proto::{ParcelCode, RegionCode};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Change, State};
use crate::auth::{Caller, Units};
use crate::db::{Session, Text, Timestamp, Tx, sql};

/// A post.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Post {
    /// Its number, for ever.
    pub number: i64,
    /// The code of the parcel that it stands for now.
    #[schema(value_type = Option<String>)]
    pub parcel: Option<Text<ParcelCode>>,
    /// The parcel's unit.
    #[schema(value_type = String)]
    pub unit: Text<RegionCode>,
    /// Where it stands, in words.
    pub place: Option<String>,
    /// Longitude in degrees.
    pub lon: Option<f64>,
    /// Latitude in degrees.
    pub lat: Option<f64>,
    /// What it is in.
    #[schema(value_type = State)]
    pub state: Text<State>,
    /// When it was set up.
    #[schema(value_type = Option<String>, format = Date)]
    pub installed_on: Option<Text<Date>>,
    /// The device inside it.
    pub device: Option<String>,
    /// Grows with every change.
    pub version: i64,
    /// When it was registered.
    pub created_at: Timestamp,
}

const POST: &str = "select p.number, l.code as parcel, l.unit, p.place, p.lon, p.lat, p.state, p.installed_on, \
     p.device, p.version, p.created_at from posts p join parcels l on l.id = p.parcel_id where true";

/// The post with this number.
pub async fn find(on: &impl Session, number: i64) -> sqlx::Result<Option<Post>> {
    on.first(sql(POST).push_bind(" and p.number = ", number)).await
}

pub(super) async fn list(
    on: &impl Session,
    units: &Units,
    state: Option<State>,
    after: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Post>> {
    let query = units
        .filter(sql(POST), "l.unit")
        .push_if(" and p.state = ", state.map(State::name))
        .push_if(" and p.number > ", after);
    on.all(query.push_bind(" order by p.number limit ", limit)).await
}

/// Takes so many numbers; answers the first.
pub(super) async fn next_numbers(tx: &Tx, count: i64) -> sqlx::Result<i64> {
    let next: i64 = tx
        .scalar(
            sql("insert into serials (prefix, next) values ('post', 1 + $1) \
                 on conflict (prefix) do update set next = serials.next + $1 returning next")
            .bind(count),
        )
        .await?;
    Ok(next - count)
}

pub(super) async fn insert(
    tx: &Tx,
    number: i64,
    parcel: i64,
    unit: &str,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into posts (number, parcel_id, unit, state, version, created_at, updated_at) \
             values ($1, $2, $3, 'planned', 1, $4, $4)")
        .bind(number)
        .bind(parcel)
        .bind(unit)
        .bind(now),
    )
    .await
}

pub(super) async fn change(tx: &Tx, number: i64, change: &Change, now: Timestamp) -> sqlx::Result<u64> {
    let query = sql("update posts set version = version + 1")
        .push_if(", place = ", change.place.as_deref())
        .push_if(", lon = ", change.lon)
        .push_if(", lat = ", change.lat)
        .push_if(", state = ", change.state.map(State::name))
        .push_if(", installed_on = ", change.installed_on)
        .push_if(", device = ", change.device.as_deref())
        .push_bind(", updated_at = ", now);
    tx.execute(query.push_bind(" where number = ", number)).await
}

/// Installed posts of which a device says that they lean or were tampered with must be looked after.
pub async fn damaged(tx: &Tx, numbers: &[i64], now: Timestamp) -> sqlx::Result<u64> {
    let query = sql("update posts set state = 'damaged', version = version + 1, updated_at = $1 \
                     where state = 'installed' and number in ")
    .bind(now);
    tx.execute(query.push_list(numbers.iter().copied())).await
}

pub(super) async fn move_to(
    tx: &Tx,
    number: i64,
    parcel: i64,
    unit: &str,
    by: &Caller,
    why: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    tx.execute(
        sql("insert into post_moves (number, version, parcel_id, at, account, why) \
             select number, version, parcel_id, $1, $2, $3 from posts where number = $4")
        .bind(now)
        .bind(&by.account)
        .bind(why)
        .bind(number),
    )
    .await?;
    tx.execute(
        sql("update posts set parcel_id = $1, unit = $2, version = version + 1, updated_at = $3 where number = $4")
            .bind(parcel)
            .bind(unit)
            .bind(now)
            .bind(number),
    )
    .await?;
    crate::devices::sql::move_post(tx, number, unit, now).await?;
    Ok(())
}

/// The posts of several parcels: (parcel, number).
pub(super) async fn of_parcels(on: &impl Session, parcels: &[i64]) -> sqlx::Result<Vec<(i64, i64)>> {
    let query = sql("select parcel_id, number from posts where state <> 'removed' and parcel_id in ")
        .push_list(parcels.iter().copied());
    on.all(query.push(" order by parcel_id, number")).await
}

pub(super) async fn parcels_with_posts(on: &impl Session, parcels: &[i64]) -> sqlx::Result<Vec<i64>> {
    let query = sql("select distinct parcel_id from posts where state <> 'removed' and parcel_id in ")
        .push_list(parcels.iter().copied());
    Ok(on.all::<(i64,)>(query).await?.into_iter().map(|(id,)| id).collect())
}

/// Where a post stood before: the newest first.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = PostMove)]
pub struct Move {
    /// When it left.
    pub at: Timestamp,
    /// The parcel that it left.
    #[schema(value_type = Option<String>)]
    pub parcel: Option<Text<ParcelCode>>,
    /// Why.
    pub why: String,
}

pub(super) async fn moves(on: &impl Session, number: i64) -> sqlx::Result<Vec<Move>> {
    on.all(
        sql("select m.at, l.code as parcel, m.why from post_moves m join parcels l on l.id = m.parcel_id \
             where m.number = $1 order by m.version desc")
        .bind(number),
    )
    .await
}
