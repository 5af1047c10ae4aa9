//! SQL of deliveries.

use gengwei_proto::RegionCode;

use super::{State, Subject};
use crate::auth::Units;
use crate::auth::units::ANCESTORS;
use crate::db::{Session, Text, Timestamp, Tx, sql};

pub(super) struct NewDelivery<'a> {
    pub id: &'a str,
    pub channel: &'a str,
    /// None for what is one account's own.
    pub unit: Option<RegionCode>,
    pub subject: Subject,
    pub subject_id: &'a str,
    pub version: i64,
    pub body: String,
    pub now: Timestamp,
}

/// Adds a delivery; 0 when this version was put in for this channel before.
pub(super) async fn insert(tx: &Tx, new: NewDelivery<'_>) -> sqlx::Result<u64> {
    let ancestors = new.unit.as_ref().map(crate::cases::ancestors);
    let [village, township, county, city] = match ancestors {
        Some(ancestors) => ancestors.map(Some),
        None => [const { None }; 4],
    };
    tx.execute(
        sql("insert into deliveries (id, channel, unit, village, township, county, city, subject, subject_id, \
             version, body, state, next_at, made_at, updated_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13) \
             on conflict (channel, subject, subject_id, version) do nothing")
        .bind(new.id)
        .bind(new.channel)
        .bind(new.unit.map(|unit| unit.as_str().to_owned()))
        .bind(village)
        .bind(township)
        .bind(county)
        .bind(city)
        .bind(new.subject.name())
        .bind(new.subject_id)
        .bind(new.version)
        .bind(new.body)
        .bind(State::Waiting.name())
        .bind(new.now),
    )
    .await
}

/// A delivery as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Stored {
    /// UUIDv7; the idempotency key.
    pub id: String,
    /// Which way it goes.
    pub channel: String,
    /// Whose matter it is; none for a notice to one account.
    pub unit: Option<Text<RegionCode>>,
    /// What it tells of.
    pub subject: Text<Subject>,
    /// The external id.
    pub subject_id: String,
    /// Of the thing.
    pub version: i64,
    /// JSON, exactly as it is sent.
    pub body: String,
    /// Where it stands.
    pub state: Text<State>,
    /// Pushes so far.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// What went wrong last.
    pub error: Option<String>,
    /// The file package that it went out in.
    pub package: Option<String>,
    /// What the other side calls it.
    pub receipt: Option<String>,
    /// Why it was rejected.
    pub answer: Option<String>,
    /// When it was put into the outbox.
    pub made_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

const STORED: &str = "select id, channel, unit, subject, subject_id, version, body, state, attempts, next_at, error, \
     package, receipt, answer, made_at, updated_at from deliveries where true";

/// Takes what is due and nobody has taken, until a moment.
pub(super) async fn claim(
    tx: &Tx,
    channels: &[String],
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let due = sql(STORED)
        .push_bind(" and state = 'waiting' and next_at <= ", now)
        .push(" and channel in ")
        .push_list(channels.iter().map(String::as_str))
        .push_bind(" order by next_at, id limit ", limit);
    let mut claimed = Vec::new();
    for delivery in tx.all::<Stored>(due).await? {
        let query =
            sql("update deliveries set next_at = $1 where id = $2 and state = 'waiting' and next_at = $3")
                .bind(until)
                .bind(&delivery.id)
                .bind(delivery.next_at);
        if tx.execute(query).await? == 1 {
            claimed.push(delivery);
        }
    }
    Ok(claimed)
}

/// A push or a receipt says that it is there.
pub(super) async fn arrived(
    tx: &Tx,
    id: &str,
    state: State,
    receipt: Option<&str>,
    answer: Option<&str>,
    attempts: i64,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("update deliveries set state = $1, receipt = coalesce($2, receipt), answer = $3, error = null, \
             attempts = $4, updated_at = $5 where id = $6")
        .bind(state.name())
        .bind(receipt)
        .bind(answer)
        .bind(attempts)
        .bind(now)
        .bind(id),
    )
    .await
}

pub(super) async fn failed(
    tx: &Tx,
    id: &str,
    state: State,
    attempts: i64,
    next_at: Timestamp,
    error: &str,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("update deliveries set state = $1, attempts = $2, next_at = $3, error = $4, updated_at = $5 \
             where id = $6 and state = 'waiting'")
        .bind(state.name())
        .bind(attempts)
        .bind(next_at)
        .bind(error)
        .bind(now)
        .bind(id),
    )
    .await
}

/// Sends it again, from the first attempt on.
pub(super) async fn resend(tx: &Tx, id: &str, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("update deliveries set state = 'waiting', attempts = 0, next_at = $1, updated_at = $1 \
             where id = $2 and state in ('dead', 'rejected', 'delivered')")
        .bind(now)
        .bind(id),
    )
    .await
}

/// Which deliveries are asked for.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub state: Option<State>,
    pub channel: Option<String>,
    pub subject_id: Option<String>,
    /// Only those older than the one with this id.
    pub before: Option<String>,
}

/// Deliveries of some units, the newest first.
pub(super) async fn list(
    on: &impl Session,
    units: &Units,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let query = units
        .filter_ancestors(sql(STORED), &ANCESTORS)
        .push_if(" and state = ", filter.state.map(State::name))
        .push_if(" and channel = ", filter.channel.as_deref())
        .push_if(" and subject_id = ", filter.subject_id.as_deref())
        .push_if(" and id < ", filter.before.as_deref());
    on.all(query.push_bind(" order by id desc limit ", limit)).await
}

/// How many deliveries of some units stand where, by channel.
pub(super) async fn counts(
    on: &impl Session,
    units: &Units,
) -> sqlx::Result<Vec<(String, Text<State>, i64)>> {
    let query =
        units.filter_ancestors(sql("select channel, state, count(*) from deliveries where true"), &ANCESTORS);
    on.all(query.push(" group by channel, state order by channel, state")).await
}

pub(super) async fn find(on: &impl Session, id: &str) -> sqlx::Result<Option<Stored>> {
    on.first(sql(STORED).push_bind(" and id = ", id)).await
}

/// Puts what waits on a channel into a package; answers how many.
pub(super) async fn pack(
    tx: &Tx,
    channel: &str,
    units: &Units,
    package: &str,
    now: Timestamp,
) -> sqlx::Result<u64> {
    let query = sql("update deliveries set state = 'packed', package = $1, updated_at = $2 \
                     where state = 'waiting' and channel = $3")
    .bind(package)
    .bind(now)
    .bind(channel);
    tx.execute(units.filter_ancestors(query, &ANCESTORS)).await
}

/// What went out in a package, in order.
pub(super) async fn packed(on: &impl Session, package: &str) -> sqlx::Result<Vec<Stored>> {
    on.all(sql(STORED).push_bind(" and package = ", package).push(" order by id")).await
}

/// The delivery of a thing's version on a channel.
pub(super) async fn of_version(
    on: &impl Session,
    channel: &str,
    subject_id: &str,
    version: i64,
) -> sqlx::Result<Option<Stored>> {
    let query = sql(STORED)
        .push_bind(" and channel = ", channel)
        .push_bind(" and subject_id = ", subject_id)
        .push_bind(" and version = ", version);
    on.first(query).await
}
