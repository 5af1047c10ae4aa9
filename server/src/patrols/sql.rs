//! SQL of patrols, plans and the ledger.

use gengwei_proto::{Level, ParcelCode, RegionCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::file::Located;
use super::{Action, NewPatrol};
use crate::auth::Caller;
use crate::auth::units::{ANCESTORS, Units, ancestor};
use crate::cases::Kind;
use crate::db::{Bulk, Query, Session, Text, Timestamp, Tx, sql};

/// What is known of an id.
#[derive(sqlx::FromRow)]
pub struct Known {
    /// Who filed it.
    pub account_id: String,
    /// Over its body.
    pub body_hash: String,
}

pub(super) async fn known(on: &impl Session, id: &str) -> sqlx::Result<Option<Known>> {
    on.first(sql("select account_id, body_hash from patrols where id = $1").bind(id)).await
}

/// Adds a patrol; false when one is there under its id, were it only since a moment ago from another process.
pub(crate) async fn insert(
    tx: &Tx,
    p: &NewPatrol,
    unit: &RegionCode,
    by: &Caller,
    hash: &str,
    now: Timestamp,
) -> sqlx::Result<bool> {
    // The level is that of the appointment which covers the unit most closely.
    let covering = by.held.iter().filter(|h| h.unit.contains(unit)).map(|h| h.unit.level()).max();
    let track =
        p.track.as_ref().map(|points| serde_json::json!({"type": "LineString", "coordinates": points}));
    let query = sql(
        "insert into patrols (id, unit, village, township, county, city, level, account_id, person_id, name, \
             started_at, ended_at, words, track, body_hash, received_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
             on conflict (id) do nothing",
    )
    .bind(&p.id)
    .bind(unit)
    .bind(ancestor(unit, Level::Village))
    .bind(ancestor(unit, Level::Township))
    .bind(ancestor(unit, Level::County))
    .bind(ancestor(unit, Level::City))
    .bind(i64::from(covering.unwrap_or(unit.level()).number()))
    .bind(&by.account)
    .bind(by.person.as_deref())
    .bind(&by.name)
    .bind(p.started_at)
    .bind(p.ended_at)
    .bind(p.words.as_deref())
    .bind(track.map(|t| t.to_string()))
    .bind(hash)
    .bind(now);
    Ok(tx.execute(query).await? == 1)
}

pub(super) async fn insert_sightings(
    tx: &Tx,
    patrol: &NewPatrol,
    first: i64,
    located: &[Located],
    cases: &[String],
) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into sightings (patrol_id, seq, kind, parcel_id, unit, lon, lat, accuracy, words, seen_at, case_id, \
         datum, raw_lon, raw_lat)",
        "",
    );
    for (seq, ((s, at), case)) in (first..).zip(patrol.sightings.iter().zip(located).zip(cases)) {
        rows.row(vec![
            patrol.id.clone().into(),
            seq.into(),
            s.kind.name().into(),
            at.parcel.into(),
            at.unit.as_str().to_owned().into(),
            at.place.map(|p| p.0).into(),
            at.place.map(|p| p.1).into(),
            s.accuracy.into(),
            s.words.clone().into(),
            s.seen_at.into(),
            case.clone().into(),
            s.lon.map(|_| s.datum.name()).into(),
            s.lon.into(),
            s.lat.into(),
        ]);
    }
    tx.insert(rows).await
}

/// Each deed is numbered after the sighting that `first` begins with, so that those of later sightings find room.
pub(super) async fn insert_deeds(tx: &Tx, patrol: &NewPatrol, first: i64) -> sqlx::Result<()> {
    let mut rows = Bulk::new("insert into patrol_actions (patrol_id, seq, action, at, sighting, words)", "");
    for (seq, deed) in (first..).zip(&patrol.actions) {
        let sighting = deed.sighting.and_then(|n| i64::try_from(n).ok()).map(|n| first + n);
        rows.row(vec![
            patrol.id.clone().into(),
            seq.into(),
            deed.action.name().into(),
            deed.at.into(),
            sighting.into(),
            deed.words.clone().into(),
        ]);
    }
    tx.insert(rows).await
}

/// A patrol in a list.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = PatrolListed)]
pub struct Listed {
    /// The id that the client made.
    pub id: String,
    /// The unit that was patrolled.
    #[schema(value_type = String)]
    pub unit: Text<RegionCode>,
    /// The level of whoever patrolled, 2 to 6.
    pub level: i64,
    /// His name when he filed it.
    pub name: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The remark.
    pub words: Option<String>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// How many sightings it has.
    pub sightings: i64,
}

const LISTED: &str = "select p.id, p.unit, p.level, p.name, p.started_at, p.ended_at, p.words, p.received_at, \
     (select count(*) from sightings s where s.patrol_id = p.id) as sightings from patrols p where true";

/// Which patrols.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Begun at or after.
    pub from: Option<Timestamp>,
    /// Begun before.
    pub to: Option<Timestamp>,
    /// Of this level, 4 to 6.
    pub level: Option<i64>,
}

fn filtered<'q>(query: Query<'q>, units: &'q Units, filter: &Filter) -> Query<'q> {
    units
        .filter_ancestors(query, &ANCESTORS)
        .push_if(" and started_at >= ", filter.from)
        .push_if(" and started_at < ", filter.to)
        .push_if(" and level = ", filter.level)
}

/// A page, the newest first.
pub(super) async fn list(
    on: &impl Session,
    units: &Units,
    filter: &Filter,
    before: Option<&(i64, String)>,
    limit: i64,
) -> sqlx::Result<Vec<Listed>> {
    let mut query = filtered(sql(LISTED), units, filter);
    if let Some((at, id)) = before {
        query = query.push_bind(" and (started_at, id) < (", *at).push_bind(", ", id.as_str()).push(")");
    }
    on.all(query.push_bind(" order by started_at desc, id desc limit ", limit)).await
}

/// A patrol by itself, and what else there is of it: most have neither sightings nor a track, and whoever files
/// one waits for this answer.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct One {
    #[sqlx(flatten)]
    pub(super) listed: Listed,
    /// How many things were done.
    pub(super) actions: i64,
    /// GeoJSON LineString.
    pub(super) track: Option<String>,
}

pub(super) async fn one(on: &impl Session, units: &Units, id: &str) -> sqlx::Result<Option<One>> {
    let query =
        sql("select p.id, p.unit, p.level, p.name, p.started_at, p.ended_at, p.words, p.received_at, \
         (select count(*) from sightings s where s.patrol_id = p.id) as sightings, \
         (select count(*) from patrol_actions a where a.patrol_id = p.id) as actions, p.track \
         from patrols p where true")
        .push_bind(" and p.id = ", id);
    on.first(units.filter_ancestors(query, &ANCESTORS)).await
}

/// Puts another track in place of the one that a patrol was filed with, as pieces of it arrive.
pub(crate) async fn set_track(tx: &Tx, id: &str, points: &[[f64; 2]]) -> sqlx::Result<u64> {
    let line = serde_json::json!({"type": "LineString", "coordinates": points}).to_string();
    tx.execute(sql("update patrols set track = $1 where id = $2").bind(line).bind(id)).await
}

/// Puts the end that came late in place of the one that a patrol was filed with.
pub(crate) async fn set_end(tx: &Tx, id: &str, at: Timestamp, words: Option<&str>) -> sqlx::Result<u64> {
    let query = sql("update patrols set ended_at = case when $1 < started_at then started_at else $1 end, \
                     words = $2 where id = $3");
    tx.execute(query.bind(at).bind(words).bind(id)).await
}

/// A sighting.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Sighting {
    /// Which patrol's.
    #[serde(skip)]
    pub patrol_id: String,
    /// 0, 1, 2…
    pub seq: i64,
    /// What was seen.
    #[schema(value_type = Kind)]
    pub kind: Text<Kind>,
    /// The code of the parcel that it lies in; null outside the reader's area.
    #[schema(value_type = Option<String>)]
    pub parcel: Option<Text<ParcelCode>>,
    /// The unit that it lies in; null outside the reader's area.
    #[schema(value_type = Option<String>)]
    pub unit: Option<Text<RegionCode>>,
    /// Longitude in degrees.
    pub lon: Option<f64>,
    /// Latitude in degrees.
    pub lat: Option<f64>,
    /// Metres.
    pub accuracy: Option<f64>,
    /// In words.
    pub words: Option<String>,
    /// When.
    pub seen_at: Timestamp,
    /// The case that it opened.
    pub case_id: Option<String>,
}

/// The sightings of some patrols. Who sees across the border of his area is not told what lies there.
pub(super) async fn sightings(
    on: &impl Session,
    units: &Units,
    patrols: &[String],
) -> sqlx::Result<Vec<Sighting>> {
    let query = sql(
        "select s.patrol_id, s.seq, s.kind, l.code as parcel, s.unit, s.lon, s.lat, s.accuracy, s.words, \
                     s.seen_at, s.case_id from sightings s left join parcels l on l.id = s.parcel_id \
                     where s.patrol_id in ",
    )
    .push_list(patrols.iter().map(String::as_str));
    let mut sightings: Vec<Sighting> = on.all(query.push(" order by s.patrol_id, s.seq")).await?;
    for sighting in &mut sightings {
        if !sighting.unit.is_some_and(|unit| units.contain(&unit)) {
            (sighting.unit, sighting.parcel) = (None, None);
        }
    }
    Ok(sightings)
}

/// Something that was done.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Done {
    /// Which patrol's.
    #[serde(skip)]
    pub patrol_id: String,
    /// 0, 1, 2…
    pub seq: i64,
    /// What.
    #[schema(value_type = Action)]
    pub action: Text<Action>,
    /// When.
    pub at: Timestamp,
    /// About which sighting.
    pub sighting: Option<i64>,
    /// In words.
    pub words: Option<String>,
}

pub(super) async fn deeds(on: &impl Session, patrols: &[String]) -> sqlx::Result<Vec<Done>> {
    let query =
        sql("select patrol_id, seq, action, at, sighting, words from patrol_actions where patrol_id in ")
            .push_list(patrols.iter().map(String::as_str));
    on.all(query.push(" order by patrol_id, seq")).await
}

/// How many patrols each person made at each level in a period: (person, level, count).
pub(super) async fn counts(
    on: &impl Session,
    units: &Units,
    since: Timestamp,
    until: Timestamp,
) -> sqlx::Result<Vec<(String, i64, i64)>> {
    let filter = Filter { from: Some(since), to: Some(until), level: None };
    let query = filtered(
        sql("select person_id, level, count(*) from patrols where person_id is not null"),
        units,
        &filter,
    );
    on.all(query.push(" group by person_id, level")).await
}
