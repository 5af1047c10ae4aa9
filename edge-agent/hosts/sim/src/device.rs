//! One device: it makes records, syncs, and loses power.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use gengwei_agent::journal::{FlashJournal, Journal, JournalError, Layout};
use gengwei_agent::session::{Ciphers, Identity, Millis, Received, Session, SessionError};
use gengwei_proto::wire::{Epoch, MAX_DATAGRAM, Message, Priority, Seq, Time};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::sleep_until;

use crate::carrier::Carrier;
use crate::credentials::{Credentials, Keys};
use crate::flash::{FileFlash, PAGE, Power, PowerCut};
use crate::fleet::{Fleet, Summary};
use crate::link::Link;
use crate::now;
use crate::records::{self, Making};

/// What IP and UDP add to a datagram.
const IP_UDP: u64 = 28;
/// With so many records that the server lacks, a device makes no more; no answer could speak of them.
const BACKLOG: u32 = 200;

/// What a device remembers beside its journal.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Memory {
    boot: u32,
    /// Up to where it has taken the server's messages.
    cursor: u32,
}

/// What lives until the next power cut.
struct Running {
    journal: FlashJournal<FileFlash>,
    session: Session,
    booted: Duration,
    made: u32,
}

/// Why a device stopped in the middle of something.
enum Halt {
    /// It will boot again.
    PowerCut,
    /// The simulation itself does not work.
    Broken(anyhow::Error),
}

impl From<JournalError<PowerCut>> for Halt {
    fn from(error: JournalError<PowerCut>) -> Self {
        match error {
            // A flash that reads damaged is opened anew, as after a power cut; a post would do the same.
            JournalError::Storage(PowerCut) | JournalError::Damaged => Self::PowerCut,
            JournalError::Full | JournalError::TooLong => Self::Broken(anyhow::Error::new(error)),
        }
    }
}

impl From<SessionError<PowerCut>> for Halt {
    fn from(error: SessionError<PowerCut>) -> Self {
        match error {
            SessionError::Journal(error) => error.into(),
            SessionError::Wire(error) => Self::Broken(anyhow::Error::new(error)),
        }
    }
}

impl From<std::io::Error> for Halt {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<anyhow::Error> for Halt {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

pub(crate) struct Device {
    fleet: Arc<Fleet>,
    identity: Identity,
    keys: Keys,
    folder: PathBuf,
    memory: Memory,
    power: Power,
    running: Option<Running>,
    carrier: Carrier,
    answers: UnboundedReceiver<Vec<u8>>,
    /// Answers on their way down, and when they arrive.
    inbox: Vec<(Duration, Vec<u8>)>,
    up: Link,
    down: Link,
    rng: StdRng,
    /// When the next record is made, or the power comes back.
    next: Duration,
    is_last_made: bool,
    summary: Summary,
}

impl Device {
    pub(crate) async fn new(
        fleet: Arc<Fleet>,
        credentials: &Credentials,
        client: &reqwest::Client,
        mut rng: StdRng,
    ) -> anyhow::Result<Self> {
        let folder = fleet.options.folder.join(credentials.device.to_string());
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (sender, answers) = unbounded_channel();
        let carrier = Carrier::new(&fleet.options.address, client, sender).await?;
        let memory = match std::fs::read(folder.join("memory.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(_) => Memory::default(),
        };
        let weather = fleet.options.weather;
        Ok(Self {
            identity: Identity { device: credentials.id(), key: credentials.key },
            keys: credentials.keys()?,
            folder,
            memory,
            power: Power::steady(),
            running: None,
            carrier,
            answers,
            inbox: Vec::new(),
            up: Link::new(weather, rng.fork()),
            down: Link::new(weather, rng.fork()),
            next: Duration::from_secs_f64(rng.random::<f64>() * fleet.options.period.as_secs_f64()),
            rng,
            is_last_made: false,
            summary: Summary::default(),
            fleet,
        })
    }

    /// Lives until all that it made is with the server, or the fleet's time is over.
    pub(crate) async fn live(mut self) -> anyhow::Result<Summary> {
        loop {
            let wake = match self.work() {
                Ok(wake) => wake,
                Err(Halt::PowerCut) => self.lose_power(),
                Err(Halt::Broken(error)) => {
                    return Err(error.context(format!("device {}", self.identity.device.0)));
                }
            };
            if self.is_done() || self.fleet.time() >= self.fleet.end() {
                break;
            }
            tokio::select! {
                () = sleep_until(self.fleet.started + wake.min(self.fleet.end())) => {}
                Some(answer) = self.answers.recv() => {
                    let time = self.fleet.time();
                    let arrivals = self.down.carry(time, vec![answer]);
                    self.inbox.extend(arrivals.into_iter().map(|arrival| (time + arrival.after, arrival.bytes)));
                }
            }
        }
        if let Some(Running { journal, .. }) = &self.running {
            self.summary.waiting = u64::from(waiting(journal));
        }
        Ok(self.summary)
    }

    /// Does all that is due and returns when there is more to do.
    fn work(&mut self) -> Result<Duration, Halt> {
        let time = self.fleet.time();
        if self.running.is_none() {
            if time < self.next {
                return Ok(self.next);
            }
            self.boot(time)?;
        }
        self.inbox.sort_by_key(|(at, _)| *at);
        let later = self.inbox.split_off(self.inbox.partition_point(|(at, _)| *at <= time));
        for (_, datagram) in std::mem::replace(&mut self.inbox, later) {
            self.receive(time, datagram)?;
        }
        self.make_records(time)?;
        self.send(time)?;
        let Some(running) = &self.running else { return Ok(self.next) };
        let session = Duration::from_millis(running.session.poll_at());
        let inbox = self.inbox.iter().map(|(at, _)| *at).min();
        let made = if self.is_last_made { None } else { Some(self.next) };
        Ok([inbox, made].into_iter().flatten().fold(session, Duration::min).max(time))
    }

    fn boot(&mut self, time: Duration) -> Result<(), Halt> {
        self.memory.boot += 1;
        self.remember()?;
        let page = |number: usize| (number * PAGE) as u32;
        let layout =
            Layout { numbers: page(0)..page(2), urgent: page(2)..page(6), routine: page(6)..page(16) };
        // A flash is formatted where the post is built, on mains power.
        self.power.steady_now();
        if self.memory.boot > 1 {
            self.plan_power_cut(time);
        }
        let flash = FileFlash::open(&self.folder.join("flash"), self.power.clone())?;
        let journal = now(FlashJournal::open(flash, layout, Epoch(self.fleet.fresh())))?;
        if self.memory.boot == 1 {
            self.plan_power_cut(time);
        }
        let policy = self.fleet.options.policy();
        let mut session = Session::new(self.identity, policy, self.memory.cursor, self.rng.next_u32());
        session.schedule(millis(time));
        self.running = Some(Running { journal, session, booted: time, made: 0 });
        Ok(())
    }

    fn plan_power_cut(&mut self, time: Duration) {
        if let Some(mean) = self.fleet.options.power_cuts.filter(|_| time < self.fleet.options.time) {
            self.power.fail_after((-self.rng.random::<f64>().ln() * mean as f64) as u64);
        }
    }

    /// Turns the device off; returns when it comes back.
    fn lose_power(&mut self) -> Duration {
        self.running = None;
        self.inbox.clear();
        self.summary.power_cuts += 1;
        self.next = self.fleet.time() + Duration::from_millis(self.rng.random_range(50..500));
        self.next
    }

    fn make_records(&mut self, time: Duration) -> Result<(), Halt> {
        let options = &self.fleet.options;
        if let Some(count) = options.once {
            while !self.is_last_made {
                self.append(time, Making::Sample)?;
                self.is_last_made = self.summary.sent >= u64::from(count);
            }
            return Ok(());
        }
        if time >= options.time && !self.is_last_made {
            // The last one makes the device talk to the server once more, whatever became of it meanwhile.
            self.append(time, Making::Heartbeat)?;
            self.schedule(time);
            self.is_last_made = true;
        }
        while time >= self.next && !self.is_last_made {
            let pause = -self.rng.random::<f64>().ln() / self.fleet.options.rate;
            self.next += Duration::from_secs_f64(pause.min(3600.0));
            if self.running.as_ref().is_some_and(|running| waiting(&running.journal) < BACKLOG) {
                let making = Making::any(&mut self.rng);
                self.append(time, making)?;
            }
        }
        Ok(())
    }

    /// Appends a record and, once it is durable, enters it in the ledger: the user has been told.
    fn append(&mut self, time: Duration, making: Making) -> Result<(), Halt> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let clock = clock(self.memory.boot, running.booted, time);
        let mut buffer = [0; 64];
        let (priority, record) =
            records::write(making, clock, running.made, &mut buffer).map_err(anyhow::Error::new)?;
        running.made += 1;
        self.summary.sent += 1;
        let seq = match now(running.journal.append(priority, record)) {
            Err(JournalError::Full) => return Ok(()),
            appended => appended?,
        };
        self.fleet.ledger.add(self.identity.device, running.journal.epoch(), seq, record)?;
        self.summary.acked += 1;
        self.summary.record_bytes += record.len() as u64;
        if priority == Priority::Urgent {
            self.schedule(time);
        }
        Ok(())
    }

    fn schedule(&mut self, time: Duration) {
        if let Some(running) = &mut self.running {
            running.session.schedule(millis(time));
        }
    }

    /// Sends the burst that is due, if one is.
    fn send(&mut self, time: Duration) -> Result<(), Halt> {
        let Some(Running { journal, session, booted, .. }) = &mut self.running else { return Ok(()) };
        let ciphers = Ciphers { up: &*self.keys.up, down: &*self.keys.down };
        let clock = clock(self.memory.boot, *booted, time);
        let (mut burst, mut buffer) = (Vec::new(), [0; MAX_DATAGRAM]);
        while let Some(datagram) =
            now(session.poll_transmit(millis(time), clock, journal, ciphers, &mut buffer))?
        {
            self.summary.datagrams += 1;
            self.summary.uplink_bytes += datagram.len() as u64 + IP_UDP;
            burst.push(datagram.to_vec());
        }
        if !burst.is_empty() {
            self.summary.bursts += 1;
            self.carrier.send(self.up.carry(time, burst));
        }
        Ok(())
    }

    fn receive(&mut self, time: Duration, mut datagram: Vec<u8>) -> Result<(), Halt> {
        let Some(Running { journal, session, .. }) = &mut self.running else { return Ok(()) };
        let ciphers = Ciphers { up: &*self.keys.up, down: &*self.keys.down };
        let messages: Vec<_> = match now(session.handle(millis(time), journal, ciphers, &mut datagram))? {
            Received::Answer { messages, .. } => {
                messages.flatten().map(|(cursor, m)| (cursor, version(&m))).collect()
            }
            Received::Refused(_) => {
                self.summary.refused += 1;
                return Ok(());
            }
            Received::Ignored => return Ok(()),
        };
        self.summary.answers += 1;
        for (cursor, version) in messages {
            if cursor <= self.memory.cursor {
                continue;
            }
            if let Some(version) = version {
                self.append(time, Making::Applied(version))?;
            }
            self.memory.cursor = cursor;
            self.remember()?;
            if let Some(running) = &mut self.running {
                running.session.taken(cursor);
            }
        }
        Ok(())
    }

    fn remember(&self) -> Result<(), Halt> {
        let written = self.folder.join("memory.new");
        std::fs::write(&written, serde_json::to_vec(&self.memory).map_err(anyhow::Error::new)?)?;
        Ok(std::fs::rename(written, self.folder.join("memory.json"))?)
    }

    fn is_done(&self) -> bool {
        let is_settled = |running: &Running| running.session.is_idle() && waiting(&running.journal) == 0;
        self.is_last_made && self.running.as_ref().is_some_and(is_settled)
    }
}

fn version(message: &Message<'_>) -> Option<u32> {
    if let Message::Config(config) = message { Some(config.version) } else { None }
}

/// About how many records the server does not have.
fn waiting(journal: &FlashJournal<FileFlash>) -> u32 {
    let Seq(base) = journal.settled().base();
    journal.next().0 - base
}

fn millis(time: Duration) -> Millis {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn clock(boot: u32, booted: Duration, time: Duration) -> Time {
    let seconds = time.saturating_sub(booted).as_secs();
    Time::SinceBoot { boot, seconds: u32::try_from(seconds).unwrap_or(u32::MAX) }
}
