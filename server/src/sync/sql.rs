//! SQL of the inbox and of what devices say of themselves.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use gengwei_proto::wire::{Epoch, PostEvent};

use super::desk::Push;
use super::post::Fare;
use super::store::Item;
use crate::db::{Bulk, Session, Timestamp, Tx, sql};

/// The most numbers of a journal that are read back into memory; beyond, records are only known by the inbox.
const MOST_SEQS: i64 = 100_000;

/// A column of ours as the unsigned number that it was written from.
fn unsigned(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

pub(super) async fn epoch(on: &impl Session) -> sqlx::Result<Option<Epoch>> {
    let found = on.first::<(i64,)>(sql("select epoch from server_epoch where id = 1")).await?;
    Ok(found.map(|(epoch,)| Epoch(unsigned(epoch))))
}

/// Begins the first epoch unless there is one; answers the one that counts.
pub(super) async fn first_epoch(tx: &Tx, epoch: Epoch) -> sqlx::Result<Epoch> {
    tx.execute(
        sql("insert into server_epoch (id, epoch) values (1, $1) on conflict (id) do nothing").bind(epoch.0),
    )
    .await?;
    Ok(self::epoch(tx).await?.unwrap_or(epoch))
}

pub(super) async fn set_epoch(tx: &Tx, epoch: Epoch) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into server_epoch (id, epoch) values (1, $1) \
             on conflict (id) do update set epoch = excluded.epoch")
        .bind(epoch.0),
    )
    .await
}

/// The numbers of a journal that are in the inbox, from one on, ascending.
pub(super) async fn stored_from(
    on: &impl Session,
    device: u32,
    epoch: u32,
    base: u32,
) -> sqlx::Result<Vec<u32>> {
    let query =
        sql("select seq from inbox where device = $1 and epoch = $2 and seq >= $3 order by seq limit $4")
            .bind(device)
            .bind(epoch)
            .bind(base)
            .bind(MOST_SEQS);
    Ok(on.all::<(i64,)>(query).await?.into_iter().map(|(seq,)| unsigned(seq)).collect())
}

/// The highest counter seen of a journal's frames, if the device spoke in that epoch last.
pub(super) async fn last_counter(on: &impl Session, device: u32, epoch: u32) -> sqlx::Result<Option<u32>> {
    let query =
        sql("select counter from device_states where device = $1 and epoch = $2").bind(device).bind(epoch);
    Ok(on.first::<(i64,)>(query).await?.map(|(counter,)| unsigned(counter)))
}

/// When a device booted, as far as was heard of.
pub(super) async fn boots(
    on: &impl Session,
    device: u32,
    epoch: u32,
) -> sqlx::Result<BTreeMap<u32, Timestamp>> {
    let query = sql("select boot, started_at from device_boots where device = $1 and epoch = $2 \
                     order by boot desc limit 16")
    .bind(device)
    .bind(epoch);
    let rows: Vec<(i64, Timestamp)> = on.all(query).await?;
    Ok(rows.into_iter().map(|(boot, started)| (unsigned(boot), started)).collect())
}

pub(super) async fn insert_boots(tx: &Tx, pushes: &[Arc<Push>]) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into device_boots (device, epoch, boot, started_at)",
        " on conflict (device, epoch, boot) do nothing",
    );
    for push in pushes {
        let Some((boot, started)) = push.boot else { continue };
        let (device, epoch) = push.journal();
        rows.row(vec![device.into(), epoch.into(), boot.into(), started.into()]);
    }
    tx.insert(rows).await
}

/// Rows for the inbox: the records of some pushes.
fn inbox(pushes: &[Arc<Push>], tail: &'static str) -> Bulk {
    let mut rows =
        Bulk::new("insert into inbox (device, epoch, seq, kind, at, spread, received_at, record)", tail);
    for push in pushes {
        let (device, epoch) = push.journal();
        for (record, placed) in push.frame.records.iter().zip(&push.placed) {
            rows.row(vec![
                device.into(),
                epoch.into(),
                record.seq.into(),
                record.kind.into(),
                placed.at.into(),
                placed.spread.into(),
                push.frame.at.into(),
                record.bytes.clone().into(),
            ]);
        }
    }
    rows
}

/// Puts records of which none is there into the inbox; false, and nothing is changed, when one was.
pub(super) async fn insert_new_records(tx: &Tx, pushes: &[Arc<Push>]) -> sqlx::Result<bool> {
    let rows = inbox(pushes, " on conflict (device, epoch, seq) do nothing");
    let count = rows.len() as u64;
    let inserted = tx.attempt(async {
        let inserted = tx.insert_counted(rows).await.map_err(Some)?;
        if inserted == count { Ok(()) } else { Err(None) }
    });
    match inserted.await? {
        Ok(()) => Ok(true),
        Err(None) => Ok(false),
        Err(Some(error)) => Err(error),
    }
}

/// Puts records into the inbox; answers which of them are new.
pub(super) async fn insert_records(tx: &Tx, pushes: &[Arc<Push>]) -> sqlx::Result<HashSet<(u32, u32, u32)>> {
    let rows = inbox(pushes, " on conflict (device, epoch, seq) do nothing returning device, epoch, seq");
    let new: Vec<(i64, i64, i64)> = tx.insert_returning(rows).await?;
    Ok(new
        .into_iter()
        .map(|(device, epoch, seq)| (unsigned(device), unsigned(epoch), unsigned(seq)))
        .collect())
}

/// Some records of a journal by number.
pub(super) async fn records(
    on: &impl Session,
    device: u32,
    epoch: u32,
    seqs: &[u32],
) -> sqlx::Result<HashMap<u32, Vec<u8>>> {
    let mut found = HashMap::with_capacity(seqs.len());
    for seqs in seqs.chunks(1_000) {
        let query = sql("select seq, record from inbox where device = $1 and epoch = $2 and seq in ")
            .bind(device)
            .bind(epoch)
            .push_list(seqs.iter().copied());
        let rows: Vec<(i64, Vec<u8>)> = on.all(query).await?;
        found.extend(rows.into_iter().map(|(seq, record)| (unsigned(seq), record)));
    }
    Ok(found)
}

pub(super) async fn upsert_states(tx: &Tx, fares: BTreeMap<u32, Fare>) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into device_states (device, seen_at, epoch, counter, battery_mv, journal_percent, firmware, \
         temperature_c, signal_dbm, config, config_refused, lost)",
        " on conflict (device) do update set seen_at = excluded.seen_at, epoch = excluded.epoch, \
         counter = excluded.counter, battery_mv = coalesce(excluded.battery_mv, device_states.battery_mv), \
         journal_percent = coalesce(excluded.journal_percent, device_states.journal_percent), \
         firmware = coalesce(excluded.firmware, device_states.firmware), \
         temperature_c = coalesce(excluded.temperature_c, device_states.temperature_c), \
         signal_dbm = coalesce(excluded.signal_dbm, device_states.signal_dbm), \
         config = coalesce(excluded.config, device_states.config), \
         config_refused = coalesce(excluded.config_refused, device_states.config_refused), \
         lost = device_states.lost + excluded.lost, silent_since = null",
    );
    for (device, fare) in fares {
        let health = fare.health;
        rows.row(vec![
            device.into(),
            fare.seen_at.into(),
            fare.epoch.into(),
            fare.counter.into(),
            health.map(|h| i64::from(h.battery_mv)).into(),
            health.map(|h| i64::from(h.journal_percent)).into(),
            health.map(|h| h.firmware).into(),
            health.and_then(|h| h.temperature_c).map(i64::from).into(),
            health.and_then(|h| h.signal_dbm).map(i64::from).into(),
            fare.config.into(),
            fare.refused.into(),
            fare.lost.into(),
        ]);
    }
    tx.insert(rows).await
}

pub(super) async fn insert_post_events(tx: &Tx, noticed: &[(Item<'_>, PostEvent)]) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into post_events (device, epoch, seq, post, kind, value, at)",
        " on conflict (device, epoch, seq) do nothing",
    );
    for (item, event) in noticed {
        rows.row(vec![
            item.device.number.into(),
            item.epoch.into(),
            item.record.seq.into(),
            item.device.post.into(),
            i64::from(event.kind.0).into(),
            event.value.into(),
            item.placed.at.into(),
        ]);
    }
    tx.insert(rows).await
}

/// Takes blocks of counters for this process's answers, by device.
pub(super) async fn reserve_answers(
    tx: &Tx,
    blocks: impl Iterator<Item = (u32, u32)>,
) -> sqlx::Result<BTreeMap<u32, Range<u32>>> {
    let mut rows = Bulk::new(
        "insert into device_answers (device, reserved)",
        " on conflict (device) do update set reserved = device_answers.reserved + excluded.reserved \
         returning device, reserved",
    );
    let blocks: BTreeMap<u32, u32> = blocks.collect();
    for (device, count) in &blocks {
        rows.row(vec![(*device).into(), (*count).into()]);
    }
    let reserved: Vec<(i64, i64)> = tx.insert_returning(rows).await?;
    let range = |(device, end): (i64, i64)| {
        let device = unsigned(device);
        let start = end - i64::from(blocks.get(&device).copied().unwrap_or_default());
        // When a device has had 2³² answers, it needs a new key.
        Some((device, u32::try_from(start).ok()?..u32::try_from(end).ok()?))
    };
    Ok(reserved.into_iter().filter_map(range).collect())
}

/// A record of the inbox.
#[derive(sqlx::FromRow)]
pub struct Dumped {
    /// The device.
    pub device: i64,
    /// Its epoch.
    pub epoch: i64,
    /// The record's number.
    pub seq: i64,
    /// As the device sent it.
    pub record: Vec<u8>,
}

/// Records of the inbox in order, after one.
pub async fn dump(on: &impl Session, after: (i64, i64, i64), limit: i64) -> sqlx::Result<Vec<Dumped>> {
    let (device, epoch, seq) = after;
    on.all(
        sql("select device, epoch, seq, record from inbox where (device, epoch, seq) > ($1, $2, $3) \
             order by device, epoch, seq limit $4")
        .bind(device)
        .bind(epoch)
        .bind(seq)
        .bind(limit),
    )
    .await
}
