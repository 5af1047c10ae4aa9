//! What follows from a post's records.

use std::collections::BTreeMap;
use std::sync::Arc;

use gengwei_proto::wire::{ConfigOutcome, PostEvent, PostEventKind, PostHealth};

use super::desk::Push;
use super::receive::Meaning;
use super::sql;
use super::store::{Context, Item};
use crate::db::{Timestamp, Tx};
use crate::error::Problem;
use crate::notices::{self, NewNotice, Subject};
use crate::posts;

/// How a device fares, by what came of it in one batch.
#[derive(Clone, Debug)]
pub(super) struct Fare {
    pub(super) seen_at: Timestamp,
    pub(super) epoch: u32,
    pub(super) counter: u32,
    pub(super) health: Option<PostHealth>,
    /// The config that is in force.
    pub(super) config: Option<u32>,
    /// The config that was refused.
    pub(super) refused: Option<u32>,
    /// Records that it can never send.
    pub(super) lost: u32,
}

/// Notes that devices were heard of, and how they say they fare.
pub(super) async fn note_seen(tx: &Tx, pushes: &[Arc<Push>], new: &[Item<'_>]) -> sqlx::Result<()> {
    let mut fares: BTreeMap<u32, Fare> = BTreeMap::new();
    for push in pushes {
        let (device, epoch) = push.journal();
        let counter = push.frame.head.counter;
        let fare = fares.entry(device).or_insert_with(|| Fare {
            seen_at: push.frame.at,
            epoch,
            counter,
            health: None,
            config: None,
            refused: None,
            lost: 0,
        });
        fare.seen_at = fare.seen_at.max(push.frame.at);
        fare.counter = if fare.epoch == epoch { fare.counter.max(counter) } else { counter };
        fare.epoch = epoch;
    }
    for item in new {
        let Some(fare) = fares.get_mut(&item.device.number) else { continue };
        match item.record.meaning {
            Meaning::Health(health) => {
                fare.health = Some(health);
                fare.config = Some(health.config);
            }
            Meaning::Config(config) if config.outcome == ConfigOutcome::APPLIED => {
                fare.config = Some(config.version);
            }
            Meaning::Config(config) => fare.refused = Some(config.version),
            Meaning::Loss(loss) => fare.lost = fare.lost.saturating_add(loss.count),
            _ => {}
        }
    }
    sql::upsert_states(tx, fares).await
}

/// Keeps what posts noticed. A post that leans or was tampered with must be looked after; of tampering, those
/// responsible are told at once.
pub(super) async fn apply(
    tx: &Tx,
    context: &Context,
    noticed: &[(Item<'_>, PostEvent)],
) -> Result<(), Problem> {
    if noticed.is_empty() {
        return Ok(());
    }
    sql::insert_post_events(tx, noticed).await?;
    let is_damage = |kind| matches!(kind, PostEventKind::TAMPER | PostEventKind::TILT);
    let damaged = noticed.iter().filter(|(_, event)| is_damage(event.kind));
    let damaged: Vec<i64> = damaged.filter_map(|(item, _)| item.device.post).collect();
    if !damaged.is_empty() {
        posts::sql::damaged(tx, &damaged, context.now).await?;
    }
    for (item, event) in noticed.iter().filter(|(_, event)| event.kind == PostEventKind::TAMPER) {
        tell(tx, context, item, event).await?;
    }
    Ok(())
}

/// The village and the township hear of it; the record's identity sees to it that they hear it once.
async fn tell(tx: &Tx, context: &Context, item: &Item<'_>, event: &PostEvent) -> Result<(), Problem> {
    let device = item.device;
    let title = match device.post {
        Some(post) => format!("警示桩 {post} 可能被移动或破坏"),
        None => format!("设备 {} 可能被移动或破坏", device.number),
    };
    let words = event.value.map(|mg| format!("加速度峰值 {mg} mg，{}", item.placed.at));
    for to in notices::of_place(&device.unit) {
        let once = format!("tamper/{}/{}/{}/{}", device.number, item.epoch, item.record.seq, to.key());
        let notice = NewNotice {
            to,
            subject: Subject::Device,
            subject_id: device.number.to_string(),
            urgent: true,
            title: title.clone(),
            words: words.clone(),
            once: Some(once),
        };
        notices::raise(tx, &context.env, notice).await?;
    }
    Ok(())
}
