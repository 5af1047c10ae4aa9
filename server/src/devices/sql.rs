//! SQL of devices, their keys and codes.

use gengwei_proto::RegionCode;
use gengwei_proto::wire::SuiteId;
use serde::Serialize;
use utoipa::ToSchema;

use super::keys::Seed;
use super::{Kind, Owner, State};
use crate::auth::{Caller, Units};
use crate::db::{Session, Text, Timestamp, Tx, sql};

/// A device, and how it fares.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Device {
    /// Its number; what a frame names.
    pub number: i64,
    /// What it is.
    #[schema(value_type = Kind)]
    pub kind: Text<Kind>,
    /// What people call it.
    pub name: String,
    /// The unit of its post or its account.
    #[schema(value_type = String)]
    pub unit: Text<RegionCode>,
    /// The post that it sits in.
    pub post: Option<i64>,
    /// The account that it speaks for.
    #[serde(skip)]
    pub account_id: Option<String>,
    /// The login of that account.
    pub account: Option<String>,
    /// How it stands with us.
    #[schema(value_type = State)]
    pub state: Text<State>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last got keys.
    pub enrolled_at: Option<Timestamp>,
    /// When it was last heard of; its enrolment counts.
    pub seen_at: Option<Timestamp>,
    /// Since when a post is silent for longer than its schedule.
    pub silent_since: Option<Timestamp>,
    /// Battery in millivolts.
    pub battery_mv: Option<i64>,
    /// How full its journal is, in percent.
    pub journal_percent: Option<i64>,
    /// Its firmware: major × 10 000 + minor × 100 + patch.
    pub firmware: Option<i64>,
    /// Degrees Celsius inside.
    pub temperature_c: Option<i64>,
    /// The radio's signal (RSRP) in dBm.
    pub signal_dbm: Option<i64>,
    /// The version of the config in force there.
    pub config: Option<i64>,
    /// The version of the config that it refused last.
    pub config_refused: Option<i64>,
    /// How many records it lost before it could send them.
    pub lost: Option<i64>,
    /// The cursor of the last message meant for it.
    #[serde(skip)]
    pub message: i64,
}

const DEVICE: &str = "select d.number, d.kind, d.name, d.unit, d.post, d.account_id, a.login as account, d.state, \
     d.created_at, d.enrolled_at, s.seen_at, s.silent_since, s.battery_mv, s.journal_percent, s.firmware, \
     s.temperature_c, s.signal_dbm, s.config, s.config_refused, s.lost, d.message from devices d \
     left join accounts a on a.id = d.account_id left join device_states s on s.device = d.number where true";

/// The device with this number.
pub async fn find(on: &impl Session, number: i64) -> sqlx::Result<Option<Device>> {
    on.first(sql(DEVICE).push_bind(" and d.number = ", number)).await
}

/// Which devices are asked for.
#[derive(Debug, Default)]
pub struct Filter {
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only of the account with this id.
    pub account: Option<String>,
    /// Only those after the one with this number.
    pub after: Option<i64>,
}

/// Devices by number, in some units; `None` is the command line, which sees all.
pub async fn list(
    on: &impl Session,
    units: Option<&Units>,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<Device>> {
    let query = match units {
        Some(units) => units.filter(sql(DEVICE), "d.unit"),
        None => sql(DEVICE),
    };
    let query = query
        .push_if(" and d.kind = ", filter.kind.map(Kind::name))
        .push_if(" and d.state = ", filter.state.map(State::name))
        .push_if(" and d.account_id = ", filter.account.as_deref())
        .push_if(" and d.number > ", filter.after);
    on.all(query.push_bind(" order by d.number limit ", limit)).await
}

pub(super) async fn next_number(tx: &Tx) -> sqlx::Result<i64> {
    let next: i64 = tx
        .scalar(sql("insert into serials (prefix, next) values ('device', 2) \
             on conflict (prefix) do update set next = serials.next + 1 returning next"))
        .await?;
    Ok(next - 1)
}

pub(super) async fn insert(
    tx: &Tx,
    number: i64,
    owner: &Owner,
    name: &str,
    by: &Caller,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into devices (number, kind, name, unit, post, account_id, state, message, created_at, \
             created_by, updated_at) values ($1, $2, $3, $4, $5, $6, 'waiting', 0, $7, $8, $7)")
        .bind(number)
        .bind(owner.kind.name())
        .bind(name)
        .bind(&owner.unit)
        .bind(owner.post)
        .bind(owner.account.as_deref())
        .bind(now)
        .bind(&by.login),
    )
    .await
}

pub(super) async fn set_state(tx: &Tx, number: i64, state: State, now: Timestamp) -> sqlx::Result<u64> {
    let enrolled = (state == State::Active).then_some(now);
    let query = sql("update devices set")
        .push_bind(" state = ", state.name())
        .push_bind(", updated_at = ", now)
        .push_if(", enrolled_at = ", enrolled);
    tx.execute(query.push_bind(" where number = ", number)).await
}

/// A post's devices move with it.
pub async fn move_post(tx: &Tx, post: i64, unit: &str, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("update devices set unit = $1, updated_at = $2 where post = $3").bind(unit).bind(now).bind(post),
    )
    .await
}

pub(super) async fn insert_code(
    tx: &Tx,
    device: i64,
    digest: &str,
    by: &Caller,
    now: Timestamp,
    expires_at: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into device_codes (digest, device, made_at, made_by, expires_at) \
             values ($1, $2, $3, $4, $5)")
        .bind(digest)
        .bind(device)
        .bind(now)
        .bind(&by.login)
        .bind(expires_at),
    )
    .await
}

/// Uses a code up; answers its device, or none when the code is unknown, used or expired.
pub(super) async fn use_code(tx: &Tx, digest: &str, now: Timestamp) -> sqlx::Result<Option<i64>> {
    let found = tx
        .first::<(i64,)>(
            sql("update device_codes set used_at = $1 where digest = $2 and used_at is null \
                 and expires_at > $1 returning device")
            .bind(now)
            .bind(digest),
        )
        .await?;
    Ok(found.map(|(device,)| device))
}

/// Codes that were not used can be used no more.
pub(super) async fn void_codes(tx: &Tx, device: i64, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("update device_codes set expires_at = $1 where device = $2 and used_at is null and expires_at > $1")
            .bind(now)
            .bind(device),
    )
    .await
}

/// What a key follows from, as it is stored.
#[derive(sqlx::FromRow)]
pub struct StoredSeed {
    device: i64,
    key: i64,
    suite: i64,
    salt: Vec<u8>,
    ring: i64,
}

impl StoredSeed {
    /// The seed; none when the row is not of our making.
    pub fn into_seed(self) -> Option<Seed> {
        Some(Seed {
            device: u32::try_from(self.device).ok()?,
            key: u8::try_from(self.key).ok()?,
            suite: SuiteId::from_number(u8::try_from(self.suite).ok()?).ok()?,
            salt: self.salt.try_into().ok()?,
            ring: u8::try_from(self.ring).ok()?,
        })
    }
}

/// A device's keys that are good, the newest first.
pub async fn good_keys(on: &impl Session, device: i64) -> sqlx::Result<Vec<StoredSeed>> {
    on.all(
        sql("select device, key, suite, salt, ring from device_keys where device = $1 and ended_at is null \
             order by key desc")
        .bind(device),
    )
    .await
}

pub(super) async fn last_key(on: &impl Session, device: i64) -> sqlx::Result<Option<i64>> {
    let query = sql("select max(key) from device_keys where device = $1").bind(device);
    on.scalar::<Option<i64>>(query).await
}

pub(super) async fn insert_key(tx: &Tx, seed: &Seed, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into device_keys (device, key, suite, salt, ring, made_at) values ($1, $2, $3, $4, $5, $6)")
            .bind(seed.device)
            .bind(i64::from(seed.key))
            .bind(i64::from(seed.suite as u8))
            .bind(&seed.salt[..])
            .bind(i64::from(seed.ring))
            .bind(now),
    )
    .await
}

/// Ends a device's keys, all or those before one.
pub async fn end_keys(tx: &Tx, device: i64, before: Option<u8>, now: Timestamp) -> sqlx::Result<u64> {
    let query = sql("update device_keys set ended_at = $1 where device = $2 and ended_at is null")
        .bind(now)
        .bind(device);
    tx.execute(query.push_if(" and key < ", before.map(i64::from))).await
}

/// Puts a message on its way to a device.
pub(super) async fn insert_message(
    tx: &Tx,
    device: i64,
    cursor: i64,
    body: &str,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into device_messages (device, cursor, body, made_at) values ($1, $2, $3, $4)")
            .bind(device)
            .bind(cursor)
            .bind(body)
            .bind(now),
    )
    .await?;
    tx.execute(sql("update devices set message = $1 where number = $2").bind(cursor).bind(device)).await
}

/// What a device is to be told after a cursor, in order: (cursor, JSON).
pub async fn messages(
    on: &impl Session,
    device: u32,
    after: u32,
    limit: i64,
) -> sqlx::Result<Vec<(i64, String)>> {
    on.all(
        sql("select cursor, body from device_messages where device = $1 and cursor > $2 \
             order by cursor limit $3")
        .bind(device)
        .bind(after)
        .bind(limit),
    )
    .await
}

/// Says that a device was heard of without a frame, so that one that never sends any falls silent too. No frame
/// has the epoch -1.
pub(super) async fn heard(tx: &Tx, number: i64, now: Timestamp) -> sqlx::Result<u64> {
    let query =
        sql("insert into device_states (device, seen_at, epoch, counter, lost) values ($1, $2, -1, 0, 0) \
                     on conflict (device) do update set seen_at = excluded.seen_at, silent_since = null");
    tx.execute(query.bind(number).bind(now)).await
}

/// Posts that were heard of last before a moment and are not known to be silent: (device, post, unit, seen).
pub(super) async fn silent_since(
    on: &impl Session,
    before: Timestamp,
    limit: i64,
) -> sqlx::Result<Vec<(i64, Option<i64>, Text<RegionCode>, Timestamp)>> {
    on.all(
        sql("select d.number, d.post, d.unit, s.seen_at from device_states s join devices d on d.number = s.device \
             where s.seen_at < $1 and s.silent_since is null and d.kind = 'post' and d.state = 'active' \
             order by s.seen_at limit $2")
        .bind(before)
        .bind(limit),
    )
    .await
}

/// Marks a post as silent; false when it is already, or has spoken.
pub(super) async fn set_silent(
    tx: &Tx,
    device: i64,
    before: Timestamp,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let query = sql("update device_states set silent_since = $1 \
                     where device = $2 and silent_since is null and seen_at < $3")
    .bind(now)
    .bind(device)
    .bind(before);
    Ok(tx.execute(query).await? == 1)
}
