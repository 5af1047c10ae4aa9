//! SQL of cases.

use gengwei_proto::{ParcelCode, RegionCode};
use serde_json::Value as Json;

use super::{Kind, NewCase, Severity, Source, State};
use crate::auth::Units;
use crate::db::{Session, Text, Timestamp, Tx, sql};

/// A case as it is stored, with its parcel's code.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Stored {
    /// UUIDv7; sorts by the time of opening.
    pub id: String,
    /// Where it is.
    pub unit: Text<RegionCode>,
    /// Where it comes from.
    pub source: Text<Source>,
    /// What is wrong.
    pub kind: Text<Kind>,
    /// How grave it is.
    pub severity: Text<Severity>,
    /// Where it stands.
    pub state: Text<State>,
    /// Whose turn it is.
    pub holder: Text<RegionCode>,
    /// The parcel's code; none when it lies in none, or in one without code.
    pub parcel: Option<Text<ParcelCode>>,
    /// Degrees.
    pub lon: Option<f64>,
    /// Degrees.
    pub lat: Option<f64>,
    /// What the one who saw it said.
    pub words: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The number of its events.
    pub version: i64,
    /// When the last event happened.
    pub updated_at: Timestamp,
}

const STORED: &str = "select c.id, c.unit, c.source, c.kind, c.severity, c.state, c.holder, p.code as parcel, \
     c.lon, c.lat, c.words, c.opened_at, c.version, c.updated_at \
     from cases c left join parcels p on p.id = c.parcel_id where true";

const COLUMNS: [&str; 5] = ["c.city", "c.county", "c.township", "c.village", "c.unit"];

pub(super) async fn insert(
    tx: &Tx,
    id: &str,
    unit: &RegionCode,
    holder: &RegionCode,
    new: &NewCase,
    now: Timestamp,
) -> sqlx::Result<u64> {
    let [village, township, county, city] = super::ancestors(unit);
    tx.execute(
        sql("insert into cases (id, unit, village, township, county, city, source, kind, severity, state, \
             holder, parcel_id, lon, lat, words, opened_at, opened_by, version, updated_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1, $16)")
        .bind(id)
        .bind(unit)
        .bind(village)
        .bind(township)
        .bind(county)
        .bind(city)
        .bind(new.source.name())
        .bind(new.kind.name())
        .bind(new.kind.severity().name())
        .bind(State::Opened.name())
        .bind(holder)
        .bind(new.parcel)
        .bind(new.place.map(|(lon, _)| lon))
        .bind(new.place.map(|(_, lat)| lat))
        .bind(new.words.as_deref())
        .bind(now)
        .bind(&new.by),
    )
    .await
}

/// Which cases are asked for.
#[derive(Debug, Default)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this source.
    pub source: Option<Source>,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only those opened before the one with this id.
    pub before: Option<String>,
}

/// The newest cases in some units.
pub async fn list(
    on: &impl Session,
    units: &Units,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let query = units
        .filter_ancestors(sql(STORED), &COLUMNS)
        .push_if(" and c.state = ", filter.state.map(State::name))
        .push_if(" and c.source = ", filter.source.map(Source::name))
        .push_if(" and c.kind = ", filter.kind.map(Kind::name))
        .push_if(" and c.id < ", filter.before.as_deref());
    on.all(query.push_bind(" order by c.id desc limit ", limit)).await
}

/// One case.
pub async fn find(on: &impl Session, id: &str) -> sqlx::Result<Option<Stored>> {
    on.first(sql(STORED).push_bind(" and c.id = ", id)).await
}

/// An event as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StoredEvent {
    /// 1, 2, 3…: the case's version after it.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Whose account.
    pub account: String,
    /// His name as it was then.
    pub name: String,
    /// `open`, or a word of [`super::Action`].
    pub action: String,
    /// The state before.
    pub from_state: Text<State>,
    /// The state after.
    pub to_state: Text<State>,
    /// What he said.
    pub words: Option<String>,
    /// JSON.
    pub detail: String,
}

/// A case's events in their order, after `seq`.
pub async fn events(on: &impl Session, case: &str, seq: i64) -> sqlx::Result<Vec<StoredEvent>> {
    on.all(
        sql("select seq, at, account, name, action, from_state, to_state, words, detail \
             from case_events where case_id = $1 and seq > $2 order by seq")
        .bind(case)
        .bind(seq),
    )
    .await
}

pub(super) struct NewEvent<'a> {
    pub case: &'a str,
    pub seq: i64,
    pub at: Timestamp,
    pub account: &'a str,
    pub name: &'a str,
    pub action: &'static str,
    pub from: State,
    pub to: State,
    pub words: Option<&'a str>,
    pub detail: Json,
}

pub(super) async fn insert_event(tx: &Tx, event: NewEvent<'_>) -> sqlx::Result<u64> {
    tx.execute(
        sql(
            "insert into case_events (case_id, seq, at, account, name, action, from_state, to_state, words, \
             detail) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(event.case)
        .bind(event.seq)
        .bind(event.at)
        .bind(event.account)
        .bind(event.name)
        .bind(event.action)
        .bind(event.from.name())
        .bind(event.to.name())
        .bind(event.words)
        .bind(event.detail.to_string()),
    )
    .await
}

/// Moves a case from the version that was read to the next; false when somebody else was faster.
pub(super) async fn advance(
    tx: &Tx,
    case: &Stored,
    to: State,
    holder: &RegionCode,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let query = sql("update cases set state = $1, holder = $2, version = version + 1, updated_at = $3 \
                     where id = $4 and version = $5")
    .bind(to.name())
    .bind(holder)
    .bind(now)
    .bind(&case.id)
    .bind(case.version);
    Ok(tx.execute(query).await? == 1)
}

/// Cases that a village has had since before a moment without accepting them, the oldest first.
pub(super) async fn waiting_since(
    on: &impl Session,
    before: Timestamp,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    on.all(
        sql(STORED)
            .push_bind(" and c.state = ", State::Opened.name())
            .push_bind(" and c.opened_at <= ", before)
            .push(" and c.holder = c.village and c.village <> c.township")
            .push_bind(" order by c.opened_at limit ", limit),
    )
    .await
}
