//! Where pushes meet: those that arrive while a transaction is under way share the next one.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::Bytes;
use gengwei_proto::wire::{Epoch, UplinkHead, UplinkHeader};
use quick_cache::sync::Cache;
use tokio::sync::oneshot;

use super::live::Live;
use super::place::{self, Placed};
use super::receive::{Opened, count};
use super::{sql, store};
use crate::db::{Db, Timestamp};
use crate::devices::Known;
use crate::env::Env;
use crate::error::{self, Problem};
use crate::state::App;

/// Journals that are kept in memory; the others are read when their device speaks.
const REMEMBERED: usize = 100_000;
/// A batch closes after so many records: more would make the first device wait without making the commit cheaper.
const RECORDS_A_BATCH: usize = 4_096;

/// What all pushes of a process share.
pub struct Desk {
    epoch: Epoch,
    live: Cache<(u32, u32), Arc<Mutex<Live>>>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<(Arc<Push>, Reply)>,
    is_busy: bool,
}

type Reply = oneshot::Sender<Result<Option<u32>, Problem>>;

/// A frame on its way into the database.
pub(super) struct Push {
    pub(super) frame: Opened,
    /// When each of its records happened.
    pub(super) placed: Vec<Placed>,
    /// A boot that was not heard of before.
    pub(super) boot: Option<(u32, Timestamp)>,
    live: Arc<Mutex<Live>>,
}

impl Push {
    /// Device and epoch.
    pub(super) fn journal(&self) -> (u32, u32) {
        (self.frame.device.number, self.frame.head.epoch.0)
    }

    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().expect("no panic while held")
    }
}

/// What becomes of a frame that was handed in.
pub(super) enum Handed {
    /// It is on its way into the database.
    Push(Waiting),
    /// It came before: the answer that it got then, or nothing.
    Again(Bytes),
}

/// A push that waits for its commit.
pub(super) struct Waiting {
    push: Arc<Push>,
    reply: oneshot::Receiver<Result<Option<u32>, Problem>>,
}

/// A push that is durable and is to be answered.
pub(super) struct Stored {
    push: Arc<Push>,
    /// The answer's counter.
    pub(super) counter: u32,
}

impl Waiting {
    /// Waits for the commit; none when the frame wants no answer.
    pub(super) async fn stored(self) -> Result<Option<Stored>, Problem> {
        let reply = self.reply.await.unwrap_or_else(|_| Err(Problem::new(error::UNAVAILABLE)));
        Ok(reply?.map(|counter| Stored { push: self.push, counter }))
    }
}

impl Stored {
    pub(super) fn device(&self) -> &Known {
        &self.push.frame.device
    }

    pub(super) fn head(&self) -> &UplinkHead {
        &self.push.frame.head
    }

    pub(super) fn header(&self) -> &UplinkHeader {
        &self.push.frame.header
    }

    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.push.live()
    }

    /// Whether both are of one device epoch, so that one answer speaks for both.
    pub(super) fn same_journal(&self, other: &Self) -> bool {
        self.push.journal() == other.push.journal()
    }
}

impl Desk {
    /// Reads the life of the database, or begins its first.
    pub async fn open(db: &Db, env: &Env) -> sqlx::Result<Self> {
        let epoch = match sql::epoch(db).await? {
            Some(epoch) => epoch,
            None => {
                // Another process may be first; what is stored counts.
                let drawn = Epoch(u32::from_be_bytes(env.random()));
                db.write(move |tx| async move { sql::first_epoch(&tx, drawn).await }).await?
            }
        };
        Ok(Self { epoch, live: Cache::new(REMEMBERED), queue: Mutex::default() })
    }

    /// The life of the database that answers are sealed in.
    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no panic while held")
    }

    async fn live(&self, db: &Db, frame: &Opened) -> Result<Arc<Mutex<Live>>, Problem> {
        let (device, epoch) = (frame.device.number, frame.head.epoch.0);
        let load = async { Ok(Arc::new(Mutex::new(load(db, device, epoch, frame.header.base.0).await?))) };
        self.live.get_or_insert_async(&(device, epoch), load).await
    }
}

async fn load(db: &Db, device: u32, epoch: u32, base: u32) -> Result<Live, Problem> {
    let mut live = Live::default();
    for seq in sql::stored_from(db, device, epoch, base).await? {
        live.stored.insert(seq);
    }
    if let Some(counter) = sql::last_counter(db, device, epoch).await? {
        live.window.accept(counter);
    }
    live.boots = sql::boots(db, device, epoch).await?;
    Ok(live)
}

/// Puts a frame on its way into the database, unless it came before.
pub(super) async fn hand_in(app: &App, frame: Opened) -> Result<Handed, Problem> {
    let desk = app.sync();
    let live = desk.live(app.db(), &frame).await?;
    let boot = place::boot(frame.header.now, frame.at);
    let (boots, is_new) = {
        let live = live.lock().expect("no panic while held");
        // It counts as seen once it is stored, so that what fails can come again.
        let mut window = live.window;
        if !window.accept(frame.head.counter) {
            count("replayed");
            let last = live.last.as_ref().filter(|(heard, _)| *heard == frame.head.counter);
            return Ok(Handed::Again(last.map(|(_, answer)| answer.clone()).unwrap_or_default()));
        }
        let mut boots = live.boots.clone();
        let is_new = boot.is_some_and(|(boot, started)| match boots.entry(boot) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(started);
                true
            }
            std::collections::btree_map::Entry::Occupied(_) => false,
        });
        (boots, is_new)
    };
    let place = |time| place::place(time, frame.header.now, frame.at, &boots);
    let placed = frame.records.iter().map(|record| place(record.time)).collect();
    let push = Arc::new(Push { frame, placed, boot: boot.filter(|_| is_new), live });
    let (sender, reply) = oneshot::channel();
    let must_start = {
        let mut queue = desk.queue();
        queue.waiting.push((push.clone(), sender));
        !std::mem::replace(&mut queue.is_busy, true)
    };
    if must_start {
        // A task of its own, because the client of this request may hang up.
        tokio::spawn(drain(app.clone()));
    }
    Ok(Handed::Push(Waiting { push, reply }))
}

/// Should the task panic, the pushes that wait are refused and the next one starts it anew.
struct Working<'a>(&'a Desk);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0.queue() = Queue::default();
        }
    }
}

async fn drain(app: App) {
    let working = Working(app.sync());
    loop {
        let batch = {
            let mut queue = working.0.queue();
            let mut records = 0;
            let mut fits = |(push, _): &(Arc<Push>, Reply)| {
                records += push.frame.records.len().max(1);
                records <= RECORDS_A_BATCH
            };
            let count = queue.waiting.iter().take_while(|push| fits(push)).count().max(1);
            if queue.waiting.is_empty() {
                queue.is_busy = false;
                return;
            }
            queue.waiting.drain(..count).collect::<Vec<_>>()
        };
        commit(&app, batch).await;
    }
}

async fn commit(app: &App, batch: Vec<(Arc<Push>, Reply)>) {
    let (pushes, replies): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    match write(app, &pushes, false).await {
        Err(problem) if problem.kind() != error::UNAVAILABLE => {
            // One of them spoils it for all, so each goes by itself; the one that still fails is kept unapplied.
            for (push, reply) in pushes.into_iter().zip(replies) {
                let alone = [push];
                let mut result = write(app, &alone, false).await;
                if result.as_ref().is_err_and(|problem| problem.kind() != error::UNAVAILABLE) {
                    result = write(app, &alone, true).await;
                }
                let counter = result.map(|counters| counters.into_iter().next().flatten());
                let _ = reply.send(counter);
            }
        }
        Err(problem) => {
            for reply in replies {
                let _ = reply.send(Err(problem.clone()));
            }
        }
        Ok(counters) => {
            for (reply, counter) in replies.into_iter().zip(counters) {
                let _ = reply.send(Ok(counter));
            }
        }
    }
}

/// Writes pushes in one transaction; answers the counter of each one's answer. With `as_they_are` nothing is applied:
/// all new records go to the quarantine.
async fn write(app: &App, pushes: &[Arc<Push>], as_they_are: bool) -> Result<Vec<Option<u32>>, Problem> {
    let mut counters: Vec<Option<u32>> = pushes
        .iter()
        .map(|push| if push.frame.header.ask { push.live().answers.next() } else { None })
        .collect();
    let mut lacking = BTreeMap::new();
    for (push, counter) in pushes.iter().zip(&counters) {
        if push.frame.header.ask && counter.is_none() {
            *lacking.entry(push.frame.device.number).or_insert(0) += 1;
        }
    }
    let context = store::Context::new(app);
    let batch = pushes.to_vec();
    let mut reserved: BTreeMap<u32, Range<u32>> = app
        .db()
        .write(move |tx| async move { store::store(&tx, &context, &batch, &lacking, as_they_are).await })
        .await?;
    for (push, counter) in pushes.iter().zip(&mut counters) {
        let range = reserved.get_mut(&push.frame.device.number);
        if push.frame.header.ask && counter.is_none() {
            *counter = range.and_then(Iterator::next);
        }
        let mut live = push.live();
        live.window.accept(push.frame.head.counter);
        live.boots.extend(push.boot);
        live.stored.forget_below(push.frame.header.base.0);
        for record in &push.frame.records {
            live.stored.insert(record.seq);
        }
        count("stored");
    }
    for push in pushes {
        if let Some(rest) = reserved.remove(&push.frame.device.number) {
            push.live().answers = rest;
        }
    }
    Ok(counters)
}
