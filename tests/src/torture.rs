//! Devices on bad links with failing power against a server that is killed again and again, and what became of what
//! they promised to keep.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use gengwei_sim::{Credentials, Entry, Ledger, Options, Summary, Weather};
use tokio::runtime::Runtime;

use crate::{Server, Site};

/// The demo's village; the devices belong there.
const UNIT: &str = "640502102210";

/// How hard it is made.
#[derive(Debug, Clone, Copy)]
pub struct Torture {
    /// How many devices; half of them speak CoAP, the others HTTP.
    pub devices: usize,
    /// Share of datagrams that are lost in either direction.
    pub loss: f64,
    /// For how long records are made, power fails and the server is killed.
    pub time: Duration,
    /// How long the rest may take to go out afterwards.
    pub drain: Duration,
}

impl Torture {
    /// Twenty devices for fifteen seconds.
    #[must_use]
    pub fn short() -> Self {
        let (time, drain) = (Duration::from_secs(15), Duration::from_secs(90));
        Self { devices: 20, loss: 0.2, time, drain }
    }

    /// Enrols devices and lets them work while `meanwhile` does to the server what it likes; then counts.
    ///
    /// # Panics
    /// When the server cannot be used at all, or its audit chain does not verify.
    pub fn run(self, server: &mut Server, meanwhile: impl FnOnce(&mut Server, Duration)) -> Verdict {
        let runtime = Runtime::new().expect("a runtime");
        let devices = enrolled(server, &runtime, self.devices);
        let (half, other) = devices.split_at(devices.len() / 2);
        let folder = tempfile::tempdir().expect("a folder");
        let options = |address: &str, name: &str| Options {
            address: address.parse().expect("an address"),
            weather: self.weather(),
            ledger: folder.path().join(format!("{name}.jsonl")),
            folder: folder.path().join(name),
            time: self.time,
            drain: self.drain,
            rate: 1.0,
            once: None,
            period: Duration::from_secs(2),
            power_cuts: Some(1500),
            seed: 1,
        };
        let fleets = [
            (options(&format!("coap://{}", server.coap()), "coap"), half),
            (options(server.url(), "http"), other),
        ];
        let work = |(options, devices): (Options, &[Credentials])| {
            let kept = options.ledger.clone();
            let done = runtime.block_on(gengwei_sim::run(options, devices)).expect("a fleet that works");
            (done, Ledger::read(&kept).expect("a ledger"))
        };
        let work = &work;
        let mut summary = Summary::default();
        let mut ledger = Vec::new();
        thread::scope(|scope| {
            let fleets = fleets.map(|fleet| scope.spawn(move || work(fleet)));
            meanwhile(server, self.time);
            for fleet in fleets {
                let (done, acked) = fleet.join().expect("a fleet that ends");
                summary += done;
                ledger.extend(acked);
            }
        });
        let verified = server.site.run(["audit", "verify"]).done();
        Verdict::new(summary, &ledger, &stored(&server.site, &devices), verified.last_line())
    }

    fn weather(&self) -> Weather {
        let (delay, outages) = (Duration::from_millis(30), Duration::from_secs(10));
        Weather { loss: self.loss, double: 0.1, reorder: 0.1, damage: 0.02, delay, outages }
    }
}

/// Kills the server every few seconds and starts it again, until the time is over; returns how often.
pub fn kill_often(server: &mut Server, time: Duration) -> u32 {
    let started = Instant::now();
    for kills in 0.. {
        let pause = Duration::from_millis(2000 + u64::from(kills) * 1700 % 3000);
        if started.elapsed() + pause > time {
            thread::sleep(time.saturating_sub(started.elapsed()));
            return kills;
        }
        thread::sleep(pause);
        server.restart();
    }
    unreachable!("a time ends")
}

/// Takes a backup, and later puts the server back to it, while the devices go on.
pub fn set_back(server: &mut Server, time: Duration) {
    thread::sleep(time / 3);
    let folder = server.site.path("backup");
    server.site.run(["backup".as_ref(), folder.as_os_str()]).done();
    thread::sleep(time / 3);
    let empty = Site::new(server.site.backend());
    empty.run(["restore".as_ref(), folder.as_os_str()]).done();
    server.move_to(empty);
}

fn enrolled(server: &Server, runtime: &Runtime, count: usize) -> Vec<Credentials> {
    let count = count.to_string();
    let made = server.site.run(["device", "enrol", "--unit", UNIT, "--count", &count, "--json"]).done();
    let code = |line: &serde_json::Value| line["code"].as_str().expect("a code").to_owned();
    let codes: Vec<_> = made.objects().iter().map(code).collect();
    runtime.block_on(gengwei_sim::enrol(server.url(), &codes)).expect("devices enrol")
}

fn stored(site: &Site, devices: &[Credentials]) -> Vec<Entry> {
    let ours: HashSet<_> = devices.iter().map(|device| device.device).collect();
    let dump = site.run(["sync", "dump", "--json"]).done();
    let entry = |line: &str| serde_json::from_str::<Entry>(line).expect("a line of the dump");
    dump.stdout.lines().map(entry).filter(|entry| ours.contains(&entry.device)).collect()
}

/// What became of the records.
#[derive(Debug)]
pub struct Verdict {
    /// What the devices counted themselves.
    pub summary: Summary,
    /// Records that the server has.
    pub stored: usize,
    /// Acknowledged to a user, and the server does not have them.
    pub lost: usize,
    /// Stored twice, under one number or under two.
    pub duplicated: usize,
    /// Stored as other bytes than were acknowledged.
    pub corrupted: usize,
    /// What `gengwei audit verify` said.
    pub audit: String,
    /// The first of those that are lost, duplicated or corrupted.
    pub samples: Vec<Entry>,
}

impl Verdict {
    fn new(summary: Summary, acked: &[Entry], stored: &[Entry], audit: &str) -> Self {
        fn identity(entry: &Entry) -> (u32, u32, u32) {
            (entry.device, entry.epoch, entry.seq)
        }
        let kept: HashMap<_, _> = stored.iter().map(|entry| (identity(entry), &entry.sha256)).collect();
        let mut seen = HashSet::new();
        let duplicated: Vec<_> =
            stored.iter().filter(|entry| !seen.insert((entry.device, entry.sha256.as_str()))).collect();
        let lost: Vec<_> = acked.iter().filter(|entry| !kept.contains_key(&identity(entry))).collect();
        let is_other =
            |entry: &&Entry| kept.get(&identity(entry)).is_some_and(|sha256| **sha256 != entry.sha256);
        let corrupted: Vec<_> = acked.iter().filter(is_other).collect();
        let samples = [&lost, &duplicated, &corrupted].into_iter().flat_map(|found| found.iter().take(3));
        Self {
            summary,
            stored: stored.len(),
            lost: lost.len(),
            duplicated: duplicated.len(),
            corrupted: corrupted.len(),
            audit: audit.to_owned(),
            samples: samples.map(|entry| (*entry).clone()).collect(),
        }
    }

    /// Whether every promise was kept.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.lost + self.duplicated + self.corrupted == 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { summary: Summary { sent, acked, .. }, stored, lost, duplicated, corrupted, .. } = self;
        write!(
            f,
            "sent {sent} acked {acked} stored {stored} lost {lost} duplicated {duplicated} corrupted {corrupted}"
        )
    }
}
