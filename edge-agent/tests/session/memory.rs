//! A journal in memory, and a server that stores what it gets.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use gengwei_agent::journal::{Journal, JournalError, Settled};
use gengwei_proto::wire::*;

pub(crate) const DEVICE: DeviceId = DeviceId(40_123);
pub(crate) const EPOCH: Epoch = Epoch(0x1234_5678);

pub(crate) struct Memory {
    pub(crate) records: BTreeMap<Seq, (Priority, Vec<u8>)>,
    pub(crate) settled: Settled,
    pub(crate) counter: u32,
    server: Option<Epoch>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self { records: BTreeMap::new(), settled: Settled::below(Seq(0)), counter: 500, server: None }
    }
}

impl Journal for Memory {
    type Error = Infallible;

    fn epoch(&self) -> Epoch {
        EPOCH
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

pub(crate) struct Server {
    pub(crate) epoch: Epoch,
    pub(crate) stored: BTreeMap<Seq, Vec<u8>>,
    counter: u32,
    nonces: BTreeSet<u32>,
}

impl Server {
    pub(crate) fn new(epoch: u32) -> Self {
        Self { epoch: Epoch(epoch), stored: BTreeMap::new(), counter: 0, nonces: BTreeSet::new() }
    }

    /// Stores what a datagram brings and answers when asked; a damaged one changes nothing.
    pub(crate) fn take(
        &mut self,
        mut datagram: Vec<u8>,
        up: &dyn Cipher,
        down: &dyn Cipher,
    ) -> Option<Vec<u8>> {
        assert!(datagram.len() <= MAX_DATAGRAM);
        let frame = Frame::<UplinkHead>::read(&datagram).ok()?;
        let head = frame.head;
        let (header, records) = read_uplink(frame.open(up, &mut datagram, None).ok()?).unwrap();
        self.nonces.insert(head.counter);
        for record in records {
            let (seq, bytes) = record.unwrap();
            let kept = self.stored.entry(seq).or_insert_with(|| bytes.to_vec());
            assert_eq!(kept, bytes, "{seq:?} was sent as two different records");
        }
        header.ask.then(|| {
            let ack = Ack::new(header.base, self.stored.keys().copied());
            let answer = DownlinkHeader {
                heard: head.counter,
                next: ack.next(),
                arrivals: ack.arrivals(),
                now: 1_795_449_600,
            };
            self.counter += 1;
            let head = DownlinkHead { suite: down.suite(), key: 0, epoch: self.epoch, counter: self.counter };
            let mut buffer = [0; MAX_DATAGRAM];
            let writer = DownlinkWriter::new(&mut buffer, &head, &answer).unwrap();
            writer.seal(down, DEVICE, EPOCH).unwrap().to_vec()
        })
    }
}
