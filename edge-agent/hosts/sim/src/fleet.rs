//! All devices together: a time in which they make records, then one in which the rest goes out.

use std::ops::AddAssign;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use gengwei_agent::session::Policy;
use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng as _, TryRng as _};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::carrier::Address;
use crate::credentials::Credentials;
use crate::device::Device;
use crate::ledger::Ledger;
use crate::link::Weather;

/// Ten records of 40 bytes, and what IP, UDP and a frame add to them.
const BATCH_BYTES: u64 = 400;
const BATCH_OVERHEAD: u64 = 54;

/// How a fleet is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where frames go.
    pub address: Address,
    /// What the link does to them, in both directions.
    pub weather: Weather,
    /// The file that gets a line for each record that a device acknowledged to its user.
    pub ledger: PathBuf,
    /// Where the devices keep their flashes; a later run with the same goes on with them.
    pub folder: PathBuf,
    /// For how long records are made.
    pub time: Duration,
    /// How long after that the rest may take to go out.
    pub drain: Duration,
    /// Records a second that each device makes on average.
    pub rate: f64,
    /// So many records at the start and no more; for measuring what a burst costs.
    pub once: Option<u32>,
    /// Between two exchanges of a device that has nothing urgent.
    pub period: Duration,
    /// The power of each device fails after so many bytes written or erased on average.
    pub power_cuts: Option<u64>,
    /// What all that happens by chance follows from, except epochs.
    pub seed: u64,
}

impl Options {
    pub(crate) fn policy(&self) -> Policy {
        // A burst is measured with a post's patience; the others are to meet as many faults as possible.
        let least = Duration::from_secs(if self.once.is_some() { 10 } else { 2 });
        let answer = (self.weather.delay * 8).max(least);
        Policy {
            answer: answer.as_millis() as u64,
            waits: 4,
            retry_first: 1_000,
            retry_most: 8_000,
            period: self.period.as_millis() as u64,
        }
    }
}

/// What became of it, over all devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Records that were to be appended.
    pub sent: u64,
    /// Those that were durable and acknowledged to the user; the ledger has them.
    pub acked: u64,
    /// Those that the server has not acknowledged at the end.
    pub waiting: u64,
    /// How often a device lost its power.
    pub power_cuts: u64,
    /// Bursts of datagrams, each followed by one wait.
    pub bursts: u64,
    /// Datagrams sent.
    pub datagrams: u64,
    /// What they took with IP and UDP.
    pub uplink_bytes: u64,
    /// What the records alone took.
    pub record_bytes: u64,
    /// Answers that a device took.
    pub answers: u64,
    /// Unsealed refusals.
    pub refused: u64,
}

impl Summary {
    /// The bytes that a link with this loss needs for the records, were every datagram full and no answer lost.
    #[must_use]
    pub fn bound(&self, loss: f64) -> f64 {
        let batches = self.record_bytes.div_ceil(BATCH_BYTES);
        (self.record_bytes + batches * BATCH_OVERHEAD) as f64 / (1.0 - loss)
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.acked += other.acked;
        self.waiting += other.waiting;
        self.power_cuts += other.power_cuts;
        self.bursts += other.bursts;
        self.datagrams += other.datagrams;
        self.uplink_bytes += other.uplink_bytes;
        self.record_bytes += other.record_bytes;
        self.answers += other.answers;
        self.refused += other.refused;
    }
}

/// What all devices share.
pub(crate) struct Fleet {
    pub(crate) options: Options,
    pub(crate) ledger: Ledger,
    pub(crate) started: Instant,
}

impl Fleet {
    pub(crate) fn time(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn end(&self) -> Duration {
        self.options.time + self.options.drain
    }

    /// A number that no journal had before, whatever the seed.
    pub(crate) fn fresh(&self) -> u32 {
        SysRng.try_next_u32().expect("the operating system gives random bytes")
    }
}

/// Runs devices with these credentials until all that they made is with the server, or the time is over.
///
/// # Errors
/// When a file or socket cannot be had, or a device does what no device should.
pub async fn run(options: Options, credentials: &[Credentials]) -> anyhow::Result<Summary> {
    std::fs::create_dir_all(&options.folder)?;
    let ledger = Ledger::open(&options.ledger)
        .with_context(|| format!("cannot write the ledger {}", options.ledger.display()))?;
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
    let fleet = Arc::new(Fleet { options, ledger, started: Instant::now() });
    let mut living = JoinSet::new();
    for credentials in credentials {
        let seed = fleet.options.seed ^ u64::from(credentials.device) << 32;
        let device =
            Device::new(Arc::clone(&fleet), credentials, &client, StdRng::seed_from_u64(seed)).await?;
        living.spawn(device.live());
    }
    let mut summary = Summary::default();
    while let Some(ended) = living.join_next().await {
        summary += ended??;
    }
    Ok(summary)
}
