//! One transaction for many pushes: the inbox, what follows from each new record, the audit log.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use serde_json::json;

use super::desk::Push;
use super::place::Placed;
use super::quarantine::{Kept, Reason};
use super::receive::{Arrived, Meaning};
use super::{field, post, quarantine, sql};
use crate::audit::Entry;
use crate::db::{Timestamp, Topic, Tx};
use crate::devices::{self, Known};
use crate::env::Env;
use crate::error::Problem;
use crate::grid::Grid;
use crate::parcels::Locator;
use crate::state::App;

/// Counters of answers that are reserved at a time.
const ANSWERS: u32 = 256;

/// What records are applied with.
pub(super) struct Context {
    pub(super) app: App,
    pub(super) env: Env,
    pub(super) grid: Arc<Grid>,
    pub(super) locator: Arc<Locator>,
    pub(super) now: Timestamp,
}

impl Context {
    pub(super) fn new(app: &App) -> Self {
        let env = app.env().clone();
        Self { app: app.clone(), grid: app.grid(), locator: app.locator(), now: env.now(), env }
    }
}

/// A record to be applied, with what it is known by.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) device: &'a Known,
    pub(super) epoch: u32,
    pub(super) record: &'a Arrived,
    pub(super) placed: Placed,
}

/// Stores pushes; answers the counters of answers that were reserved, by device. `lacking` says how many are wanted.
pub(super) async fn store(
    tx: &Tx,
    context: &Context,
    pushes: &[Arc<Push>],
    lacking: &BTreeMap<u32, u32>,
    as_they_are: bool,
) -> Result<BTreeMap<u32, Range<u32>>, Problem> {
    let (new, mut kept) = sort(tx, pushes).await?;
    if as_they_are {
        kept.extend(new.iter().map(|item| Kept::new(item, Reason::Refused, "could not be applied")));
    } else {
        kept.extend(apply(tx, context, &new).await?);
    }
    quarantine::sql::insert(tx, &context.env, &kept, context.now).await?;
    post::note_seen(tx, pushes, if as_they_are { &[] } else { &new }).await?;
    sql::insert_boots(tx, pushes).await?;
    end_old_keys(tx, pushes, context.now).await?;
    audit(tx, pushes, &new, &kept);
    metrics::counter!("gengwei_sync_records_total", "outcome" => "new").increment(new.len() as u64);
    metrics::counter!("gengwei_sync_records_total", "outcome" => "quarantined").increment(kept.len() as u64);
    let blocks = lacking.iter().map(|(device, count)| (*device, count.next_multiple_of(ANSWERS)));
    Ok(sql::reserve_answers(tx, blocks).await?)
}

/// Puts all records into the inbox and tells the new ones from those that are there: of these, one with other bytes
/// is kept, because two journals share an identity (a tablet was copied).
async fn sort<'a>(tx: &Tx, pushes: &'a [Arc<Push>]) -> Result<(Vec<Item<'a>>, Vec<Kept>), Problem> {
    // To be told which rows are new takes as long as to write them, so that is asked only when one is not.
    if sql::insert_new_records(tx, pushes).await? {
        return Ok((pushes.iter().flat_map(|push| items(push)).collect(), Vec::new()));
    }
    let mut fresh = sql::insert_records(tx, pushes).await?;
    let (mut new, mut kept) = (Vec::new(), Vec::new());
    for push in pushes {
        let (device, epoch) = push.journal();
        let mut known = Vec::new();
        for item in items(push) {
            if fresh.remove(&(device, epoch, item.record.seq)) {
                new.push(item);
            } else {
                known.push(item);
            }
        }
        if known.is_empty() {
            continue;
        }
        let seqs: Vec<u32> = known.iter().map(|item| item.record.seq).collect();
        let there = sql::records(tx, device, epoch, &seqs).await?;
        for item in known {
            if there.get(&item.record.seq).is_some_and(|bytes| *bytes != item.record.bytes) {
                kept.push(Kept::new(&item, Reason::Conflict, "another record has this number"));
            }
        }
        let duplicates = seqs.len() as u64;
        metrics::counter!("gengwei_sync_records_total", "outcome" => "duplicate").increment(duplicates);
    }
    Ok((new, kept))
}

fn items(push: &Push) -> impl Iterator<Item = Item<'_>> {
    let (_, epoch) = push.journal();
    let records = push.frame.records.iter().zip(&push.placed);
    records.map(move |(record, placed)| Item { device: &push.frame.device, epoch, record, placed: *placed })
}

/// Does what follows from new records; answers those from which nothing could follow.
pub(super) async fn apply(tx: &Tx, context: &Context, items: &[Item<'_>]) -> Result<Vec<Kept>, Problem> {
    let mut kept = Vec::new();
    let mut noticed = Vec::new();
    for item in items {
        match item.record.meaning {
            // These are about the device as a whole: see [`post::note_seen`].
            Meaning::Health(_) | Meaning::Config(_) | Meaning::Loss(_) => {}
            Meaning::Noticed(event) => noticed.push((*item, event)),
            Meaning::Field => {
                // By itself: what is wrong with it must not undo the others.
                if let Err(problem) = tx.attempt(field::apply(tx, context, item)).await? {
                    kept.push(Kept::new(item, Reason::Refused, &problem.sentence()));
                }
            }
            Meaning::Unknown => {
                let detail = format!("kind {}", item.record.kind);
                kept.push(Kept::new(item, Reason::UnknownKind, &detail));
            }
            Meaning::Malformed => kept.push(Kept::new(item, Reason::Malformed, "")),
        }
    }
    post::apply(tx, context, &noticed).await?;
    Ok(kept)
}

/// A device that speaks under its new key has it for certain: the older ones end.
async fn end_old_keys(tx: &Tx, pushes: &[Arc<Push>], now: Timestamp) -> sqlx::Result<()> {
    let heads = pushes.iter().filter(|push| push.frame.device.supersedes(push.frame.head.key));
    let ended: BTreeSet<_> = heads.map(|push| (push.frame.device.number, push.frame.head.key)).collect();
    for (device, key) in &ended {
        devices::sql::end_keys(tx, i64::from(*device), Some(*key), now).await?;
    }
    if !ended.is_empty() {
        tx.touch(Topic::Devices).await?;
    }
    Ok(())
}

/// One entry for each push that brought something.
fn audit(tx: &Tx, pushes: &[Arc<Push>], new: &[Item<'_>], kept: &[Kept]) {
    // New records stand in the order of their pushes.
    let mut new = new;
    for push in pushes {
        let records = push.frame.records.as_ptr_range();
        let count = new.iter().take_while(|item| records.contains(&std::ptr::from_ref(item.record))).count();
        let (of_push, rest) = new.split_at(count);
        new = rest;
        let Some(first) = of_push.first() else { continue };
        let (device, epoch) = push.journal();
        let mut detail = json!({"epoch": epoch, "first": first.record.seq, "records": count});
        let quarantined = kept.iter().filter(|kept| kept.is_one_of(of_push)).count();
        if quarantined > 0 {
            detail["quarantined"] = quarantined.into();
        }
        tx.audit(Entry::new(format!("device/{device}"), "sync.push", device.to_string()).detail(detail));
    }
}
