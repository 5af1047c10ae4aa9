//! A device as the server sees one: the agent's own session over a journal in memory, carried by HTTP.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use gengwei_agent::journal::{Journal, JournalError, Settled};
use gengwei_agent::session::{Ciphers, Identity, Millis, Policy, Received, Session};
use gengwei_proto::wire::{
    Arrivals, DeviceId, Epoch, Event, Key, MAX_DATAGRAM, Priority, Record, Seq, Sm4Ccm, Time, encode_record,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Api, Reply, Site};

const POLICY: Policy =
    Policy { answer: 1_000, waits: 3, retry_first: 1_000, retry_most: 10_000, period: 60_000 };

/// A device with keys.
pub struct Device {
    /// What the server told it at enrolment.
    pub told: Value,
    /// Its records.
    pub journal: Memory,
    /// Milliseconds since it booted.
    pub time: Millis,
    session: Session,
    up: Sm4Ccm,
    down: Sm4Ccm,
}

impl Device {
    /// Makes a device on the command line (`device enrol …`) and brings it to its keys.
    pub fn enrol(site: &Site, api: &Api, args: &[&str]) -> Self {
        let made = [&["device", "enrol", "--json"], args].concat();
        let code = site.run(made).done().objects().remove(0);
        Self::by_code(api, code["code"].as_str().expect("a code"))
    }

    /// Hands in a code.
    pub fn by_code(api: &Api, code: &str) -> Self {
        let told = api.post("/api/v1/enrolments", &json!({"code": code})).expect(201).json();
        Self::told(told, Memory::new(crate::scene::new_id().as_u128() as u32))
    }

    /// A device that was told its keys, over a journal.
    pub fn told(told: Value, journal: Memory) -> Self {
        let key = |name: &str| {
            let mut key = Key::default();
            hex::decode_to_slice(told[name].as_str().expect("a key"), &mut key).expect("64 digits");
            Sm4Ccm::new(&key)
        };
        let number = |name: &str| told[name].as_u64().expect("a number");
        let identity = Identity { device: DeviceId(number("device") as u32), key: number("key") as u8 };
        let session = Session::new(identity, POLICY, 0, 7);
        Self { up: key("up"), down: key("down"), told, journal, time: 1_000_000, session }
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.told["device"].as_u64().expect("a number")
    }

    /// Writes what happened now into the journal.
    pub fn append(&mut self, event: Event<'_>) {
        let time = self.clock();
        self.append_at(time, event);
    }

    /// Writes what happened at some time into the journal.
    pub fn append_at(&mut self, time: Time, event: Event<'_>) {
        let priority = event.priority();
        let record = Record { time, event };
        let mut buffer = vec![0; 8 * 1024];
        let bytes = encode_record(&record, &mut buffer).expect("it fits");
        self.append_bytes(priority, bytes);
    }

    /// Writes bytes into the journal, records or not.
    pub fn append_bytes(&mut self, priority: Priority, bytes: &[u8]) {
        now(self.journal.append(priority, bytes)).expect("memory does not fail");
    }

    fn clock(&self) -> Time {
        Time::SinceBoot { boot: 1, seconds: (self.time / 1_000) as u32 }
    }

    /// The next frame, if one is to go out now.
    pub fn frame(&mut self) -> Option<Vec<u8>> {
        let mut buffer = [0; MAX_DATAGRAM];
        let (clock, ciphers) = (self.clock(), Ciphers { up: &self.up, down: &self.down });
        let sent = self.session.poll_transmit(self.time, clock, &mut self.journal, ciphers, &mut buffer);
        now(sent).expect("a frame").map(<[u8]>::to_vec)
    }

    /// Takes an answer; whether it was one.
    pub fn hear(&mut self, mut answer: Vec<u8>) -> bool {
        let ciphers = Ciphers { up: &self.up, down: &self.down };
        let received = now(self.session.handle(self.time, &mut self.journal, ciphers, &mut answer));
        matches!(received.expect("memory does not fail"), Received::Answer { .. })
    }

    /// Pushes one frame.
    pub fn push(api: &Api, frame: &[u8]) -> Option<Reply> {
        let request = api.request(reqwest::Method::POST, "/sync");
        api.try_send(request.header("content-type", "application/cbor").body(frame.to_vec()))
    }

    /// Exchanges frames and answers until the server has all.
    #[track_caller]
    pub fn sync(&mut self, api: &Api) {
        self.session.schedule(self.time);
        for _ in 0..1_000 {
            self.time = self.time.max(self.session.poll_at());
            while let Some(frame) = self.frame() {
                let Some(reply) = Self::push(api, &frame) else { continue };
                assert!(matches!(reply.status, 200 | 204), "{} {:?}", reply.status, reply.body);
                if reply.status == 200 {
                    self.hear(reply.body);
                }
            }
            if self.is_done() && self.session.is_idle() {
                return;
            }
        }
        panic!("the server does not take all");
    }

    /// How many records it made.
    pub fn journal_len(&self) -> usize {
        self.journal.records.len()
    }

    /// Pushes until it is refused, which another process's change may bring about a moment later; answers that refusal.
    #[track_caller]
    pub fn refused(&mut self, api: &Api) -> Reply {
        for _ in 0..50 {
            self.time += 600_000;
            let frame = self.frame().expect("a frame");
            let reply = Self::push(api, &frame).expect("an answer");
            if !matches!(reply.status, 200 | 204) {
                return reply;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("it is not refused");
    }

    /// Whether the server has all.
    pub fn is_done(&self) -> bool {
        self.journal.settled.base() == self.journal.next()
    }

    /// What `gengwei sync dump` must print of it, by number.
    pub fn hashes(&self) -> BTreeMap<u64, String> {
        let hash = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
        self.journal.records.iter().map(|(seq, (_, bytes))| (seq.0.into(), hash(bytes))).collect()
    }

    /// What `gengwei sync dump` prints of it, by number; asserts that no number comes twice.
    #[track_caller]
    pub fn dumped(&self, site: &Site) -> BTreeMap<u64, String> {
        let mut found = BTreeMap::new();
        for line in site.run(["sync", "dump", "--json"]).done().objects() {
            if line["device"] == self.number() && line["epoch"] == self.journal.epoch().0 {
                let seq = line["seq"].as_u64().expect("a number");
                let hash = line["sha256"].as_str().expect("a hash").to_owned();
                assert_eq!(found.insert(seq, hash), None, "{seq} is there twice");
            }
        }
        found
    }
}

/// Runs a future that never has to wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("memory never has to wait"),
    }
}

/// A journal that forgets nothing.
#[derive(Clone)]
pub struct Memory {
    epoch: Epoch,
    records: BTreeMap<Seq, (Priority, Vec<u8>)>,
    settled: Settled,
    counter: u32,
    server: Option<Epoch>,
}

impl Memory {
    /// An empty journal in a fresh epoch.
    pub fn new(epoch: u32) -> Self {
        let (epoch, settled) = (Epoch(epoch), Settled::below(Seq(0)));
        Self { epoch, records: BTreeMap::new(), settled, counter: 0, server: None }
    }
}

impl Journal for Memory {
    type Error = Infallible;

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn settled(&self) -> &Settled {
        &self.settled
    }

    fn next(&self) -> Seq {
        self.records.last_key_value().map_or(Seq(0), |(seq, _)| seq.next())
    }

    async fn append(&mut self, priority: Priority, record: &[u8]) -> Result<Seq, JournalError<Infallible>> {
        let seq = self.next();
        self.records.insert(seq, (priority, record.to_vec()));
        Ok(seq)
    }

    async fn visit(
        &mut self,
        priority: Priority,
        from: Seq,
        visitor: &mut dyn FnMut(Seq, &[u8]) -> bool,
    ) -> Result<(), JournalError<Infallible>> {
        for (seq, (of, record)) in self.records.range(from..) {
            if *of == priority && !self.settled.contains(*seq) && !visitor(*seq, record) {
                break;
            }
        }
        Ok(())
    }

    async fn settle(&mut self, next: Seq, arrivals: Arrivals<'_>) -> Result<(), JournalError<Infallible>> {
        let end = self.next();
        self.settled.add(next, arrivals, end);
        let lowest = self.records.keys().copied().find(|seq| !self.settled.contains(*seq));
        self.settled.advance(lowest.unwrap_or(end));
        Ok(())
    }

    async fn note_server(&mut self, epoch: Epoch) -> Result<bool, JournalError<Infallible>> {
        let is_other = self.server.is_some_and(|known| known != epoch);
        self.server = Some(epoch);
        if is_other {
            self.settled = Settled::below(self.records.keys().next().copied().unwrap_or_default());
        }
        Ok(is_other)
    }

    async fn counter(&mut self) -> Result<u32, JournalError<Infallible>> {
        self.counter += 1;
        Ok(self.counter)
    }
}
