//! SQL of cases.

use gengwei_proto::{ParcelCode, RegionCode};
use serde::Deserialize;
use serde_json::Value as Json;

use super::change::Change;
use super::count::Counted;
use super::workflow::Fields;
use super::{Kind, NewCase, Severity, Source, State};
use crate::auth::Units;
use crate::db::{Order, Session, Sortable, Text, Timestamp, Tx, sql};

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
    /// Whether its parcel is permanent basic farmland (永久基本农田).
    pub permanent: bool,
    /// What the one who saw it said.
    pub words: Option<String>,
    /// From when on the present step is overdue; none while nothing is to be done.
    pub due_at: Option<Timestamp>,
    /// The unit that supervises it (挂牌督办).
    pub supervised: Option<Text<RegionCode>>,
    /// Extensions granted in this round.
    pub extensions: i64,
    /// 2 after the first reopening (R32).
    pub round: i64,
    /// When it was found, in this round; the first clock of R33.
    pub found_at: Timestamp,
    /// When somebody stopped it.
    pub stopped_at: Option<Timestamp>,
    /// When putting it right was last reported.
    pub rectified_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Since when the batch of patches that it came with is withdrawn.
    pub withdrawn_at: Option<Timestamp>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The number of its events.
    pub version: i64,
    /// When the last event happened.
    pub updated_at: Timestamp,
}

/// What is read of a case, behind `from …` that names cases `c` and parcels `p`.
macro_rules! stored {
    ($from:literal) => {
        concat!(
            "select c.id, c.unit, c.source, c.kind, c.severity, c.state, c.holder, p.code as parcel, c.lon, \
             c.lat, c.permanent, c.words, c.due_at, c.supervised, c.extensions, c.round, c.found_at, \
             c.stopped_at, c.rectified_at, c.closed_at, c.withdrawn_at, c.opened_at, c.version, c.updated_at \
             from ",
            $from
        )
    };
}

const STORED: &str = stored!("cases c left join parcels p on p.id = c.parcel_id where true");
/// A page of the queue: its ids are found in an index and put in order, and only then are rows read.
const PAGE: &str = stored!("(select c.id from cases c where true");
const PAGE_END: &str = ") page join cases c on c.id = page.id left join parcels p on p.id = c.parcel_id";

const COLUMNS: [&str; 5] = ["c.city", "c.county", "c.township", "c.village", "c.unit"];

pub(super) async fn insert(
    tx: &Tx,
    id: &str,
    counted: &Counted,
    new: &NewCase,
    now: Timestamp,
) -> sqlx::Result<u64> {
    let [village, township, county, city] = super::ancestors(&counted.place);
    tx.execute(
        sql("insert into cases (id, unit, village, township, county, city, source, kind, severity, state, \
             holder, parcel_id, lon, lat, words, opened_at, opened_by, due_at, permanent, found_at, version, \
             updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
             $18, $19, $16, 1, $16)")
        .bind(id)
        .bind(&counted.place)
        .bind(village)
        .bind(township)
        .bind(county)
        .bind(city)
        .bind(new.source.name())
        .bind(new.kind.name())
        .bind(new.kind.severity().name())
        .bind(State::Opened.name())
        .bind(&counted.holder)
        .bind(new.parcel)
        .bind(new.place.map(|(lon, _)| lon))
        .bind(new.place.map(|(_, lat)| lat))
        .bind(new.words.as_deref())
        .bind(now)
        .bind(&new.by)
        .bind(counted.due_at)
        .bind(counted.permanent),
    )
    .await
}

/// What the queue is sorted by; words by their spelling, so that like stands by like.
pub(super) static SORTABLE: Sortable = Sortable {
    table: "cases c",
    id: "c.id",
    keys: &[
        ("opened", "c.opened_at"),
        ("updated", "c.updated_at"),
        // What has no deadline comes behind all that has one.
        ("due", "coalesce(c.due_at, 9000000000000000000)"),
        ("where", "c.unit"),
        ("turn", "c.holder"),
        ("state", "c.state"),
        ("kind", "c.kind"),
        ("source", "c.source"),
    ],
};

/// Which cases are asked for.
#[derive(Debug, Default)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this source.
    pub source: Option<Source>,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only those whose turn it is of this unit.
    pub holder: Option<RegionCode>,
    /// Only on permanent basic farmland, or only off it.
    pub permanent: Option<bool>,
    /// Only those due after, and at or before; see [`super::deadline::span`].
    pub due: [Option<Timestamp>; 2],
    /// Only those behind the one with this id, in the order.
    pub before: Option<String>,
    /// The newest first when not given.
    pub order: Option<Order>,
}

/// The newest cases in some units.
pub async fn list(
    on: &impl Session,
    units: &Units,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let query = units
        .filter_ancestors(sql(PAGE), &COLUMNS)
        .push_if(" and c.state = ", filter.state.map(State::name))
        .push_if(" and c.source = ", filter.source.map(Source::name))
        .push_if(" and c.kind = ", filter.kind.map(Kind::name))
        .push_if(" and c.holder = ", filter.holder.as_ref())
        .push_if(" and c.permanent = ", filter.permanent)
        .push_if(" and c.due_at > ", filter.due[0])
        .push_if(" and c.due_at <= ", filter.due[1]);
    let order = filter.order.unwrap_or_else(|| SORTABLE.newest());
    let page = order.page(query, filter.before.as_deref(), limit).push(PAGE_END);
    on.all(order.by(page)).await
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

/// What an event keeps beside its words.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Detail {
    /// The unit that was acted for.
    #[serde(default)]
    pub unit: Option<RegionCode>,
    /// Whose turn it was then.
    #[serde(default)]
    pub holder: Option<RegionCode>,
    /// SHA-256 of the photos that came with it.
    #[serde(default)]
    pub photos: Vec<String>,
    /// What was filled in.
    #[serde(default)]
    pub fields: Fields,
    /// From when on the step after it is overdue, in microseconds.
    #[serde(default)]
    pub due_at: Option<i64>,
    /// What the source knew, in the opening event.
    #[serde(default)]
    pub facts: Json,
}

impl StoredEvent {
    /// What it keeps beside its words.
    pub fn detail(&self) -> Detail {
        serde_json::from_str(&self.detail).unwrap_or_default()
    }
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
pub(super) async fn advance(tx: &Tx, case: &Stored, change: &Change, now: Timestamp) -> sqlx::Result<bool> {
    let query = sql("update cases set state = $1, holder = $2, kind = $3, severity = $4, due_at = $5, \
                     supervised = $6, extensions = $7, round = $8, found_at = $9, stopped_at = $10, \
                     rectified_at = $11, closed_at = $12, version = version + 1, updated_at = $13 \
                     where id = $14 and version = $15")
    .bind(change.state.name())
    .bind(&change.holder)
    .bind(change.kind.name())
    .bind(change.kind.severity().name())
    .bind(change.due_at)
    .bind(change.supervised.as_ref().map(|unit| unit.as_str().to_owned()))
    .bind(change.extensions)
    .bind(change.round)
    .bind(change.found_at)
    .bind(change.stopped_at)
    .bind(change.rectified_at)
    .bind(change.closed_at)
    .bind(now)
    .bind(&case.id)
    .bind(case.version);
    let moved = tx.execute(query).await? == 1;
    if moved {
        Counted::from(case).tally(tx, -1);
        change.counted(case).tally(tx, 1);
    }
    Ok(moved)
}

/// Marks cases whose source was withdrawn.
pub(super) async fn withdraw_source(tx: &Tx, ids: &[String], now: Timestamp) -> sqlx::Result<()> {
    for part in ids.chunks(500) {
        let query = sql("update cases set withdrawn_at = $1 where withdrawn_at is null and id in ").bind(now);
        tx.execute(query.push_list(part.iter().map(String::as_str))).await?;
    }
    Ok(())
}

/// The open ones of some cases, each with whose turn it is.
pub(super) async fn open_holders(
    on: &impl Session,
    ids: &[String],
) -> sqlx::Result<Vec<(String, Text<RegionCode>)>> {
    let mut all = Vec::new();
    for part in ids.chunks(500) {
        let query =
            sql("select id, holder from cases where state <> $1 and id in ").bind(State::Closed.name());
        let query = query.push_list(part.iter().map(String::as_str)).push(" order by id");
        all.extend(on.all::<(String, Text<RegionCode>)>(query).await?);
    }
    Ok(all)
}

/// Other cases of the same parcel, the newest first: what happened there before.
pub(super) async fn same_place(on: &impl Session, id: &str, limit: i64) -> sqlx::Result<Vec<Stored>> {
    let query = sql(STORED)
        .push_bind(" and c.parcel_id = (select parcel_id from cases where id = ", id)
        .push_bind(") and c.id <> ", id);
    on.all(query.push_bind(" order by c.id desc limit ", limit)).await
}

/// Cases whose present version is not in the outbox.
pub(crate) async fn unsent(on: &impl Session, limit: i64) -> sqlx::Result<Vec<Stored>> {
    let query = sql(STORED).push(" and c.sent_version < c.version");
    on.all(query.push_bind(" order by c.id limit ", limit)).await
}

pub(crate) async fn set_sent(tx: &Tx, id: &str, version: i64) -> sqlx::Result<u64> {
    tx.execute(sql("update cases set sent_version = $1 where id = $2").bind(version).bind(id)).await
}

/// Cases due after a moment (and the case there) up to another, in that order.
pub(super) async fn due_within(
    on: &impl Session,
    (after, id): &(Timestamp, String),
    upto: Timestamp,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let query = sql(STORED)
        .push_bind(" and c.due_at >= ", *after)
        .push_bind(" and c.due_at <= ", upto)
        .push_bind(" and (c.due_at, c.id) > (", *after)
        // Without an id all of that moment were handled.
        .push_bind(", ", if id.is_empty() { "~" } else { id.as_str() });
    on.all(query.push_bind(") order by c.due_at, c.id limit ", limit)).await
}

/// Up to which deadline a reminder was raised.
pub(super) async fn reminded_upto(on: &impl Session, name: &str) -> sqlx::Result<Timestamp> {
    let found = on.first::<(Timestamp,)>(sql("select upto from case_reminders where name = $1").bind(name));
    Ok(found.await?.map_or(Timestamp(0), |(upto,)| upto))
}

pub(super) async fn set_reminded_upto(tx: &Tx, name: &str, upto: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into case_reminders (name, upto) values ($1, $2) on conflict (name) do update \
             set upto = excluded.upto where case_reminders.upto < excluded.upto")
        .bind(name)
        .bind(upto),
    )
    .await
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
