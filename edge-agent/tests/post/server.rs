//! A server that stores what it gets, answers, and has configs to hand out.

use std::collections::BTreeMap;

use gengwei_proto::wire::*;

pub(crate) const DEVICE: DeviceId = DeviceId(40_123);
pub(crate) const NOW: u64 = 1_795_449_600;

#[derive(Default)]
pub(crate) struct Server {
    stored: BTreeMap<Seq, Vec<u8>>,
    /// Each with the cursor that it brings the post to.
    pub(crate) messages: Vec<(u32, PostConfig)>,
    /// What the post says it has taken.
    pub(crate) cursor: u32,
    /// Hears nothing.
    pub(crate) is_deaf: bool,
    counter: u32,
}

impl Server {
    pub(crate) fn take(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        if self.is_deaf {
            return None;
        }
        let (mut bytes, up, down) = (frame.to_vec(), Sm4Ccm::new(&[1; 32]), Sm4Ccm::new(&[2; 32]));
        let frame = Frame::<UplinkHead>::read(&bytes).unwrap();
        let head = frame.head;
        let (header, records) = read_uplink(frame.open(&up, &mut bytes, None).unwrap()).unwrap();
        self.cursor = header.cursor;
        for record in records {
            let (seq, bytes) = record.unwrap();
            let kept = self.stored.entry(seq).or_insert_with(|| bytes.to_vec());
            assert_eq!(kept, bytes, "{seq:?} was sent as two different records");
        }
        header.ask.then(|| {
            let ack = Ack::new(header.base, self.stored.keys().copied());
            let answer =
                DownlinkHeader { heard: head.counter, next: ack.next(), arrivals: ack.arrivals(), now: NOW };
            self.counter += 1;
            let down_head =
                DownlinkHead { suite: down.suite(), key: 0, epoch: Epoch(9), counter: self.counter };
            let mut buffer = [0; MAX_DATAGRAM];
            let mut writer = DownlinkWriter::new(&mut buffer, &down_head, &answer).unwrap();
            for (cursor, config) in self.messages.iter().filter(|(cursor, _)| *cursor > header.cursor) {
                writer.message(*cursor, &Message::Config(*config)).unwrap();
            }
            writer.seal(&down, DEVICE, head.epoch).unwrap().to_vec()
        })
    }

    pub(crate) fn records(&self) -> Vec<Record<'_>> {
        self.stored.values().map(|bytes| Record::decode(bytes).unwrap().unwrap()).collect()
    }

    pub(crate) fn events(&self) -> Vec<Event<'_>> {
        self.records().iter().map(|record| record.event).collect()
    }

    /// What became of the configs, in the order of the records.
    pub(crate) fn outcomes(&self) -> Vec<(u32, ConfigOutcome)> {
        let outcome = |event| match event {
            Event::ConfigAcknowledged(fields) => Some((fields.version, fields.outcome)),
            _ => None,
        };
        self.events().into_iter().filter_map(outcome).collect()
    }
}
