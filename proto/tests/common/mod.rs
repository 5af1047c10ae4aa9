//! Records of every kind, built from arbitrary values.

use gengwei_proto::wire::*;
use gengwei_proto::{ParcelCode, RegionCode};
use proptest::prelude::*;

/// The values that a record is built from; owned, so that the record can borrow.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    pub(crate) which: u8,
    pub(crate) numbers: [u32; 5],
    pub(crate) bytes: Vec<u8>,
    pub(crate) text: String,
    pub(crate) some: bool,
}

pub(crate) fn values() -> impl Strategy<Value = Values> {
    let bytes = prop::collection::vec(any::<u8>(), 0..80);
    (0..9u8, any::<[u32; 5]>(), bytes, "\\PC{0,40}", any::<bool>())
        .prop_map(|(which, numbers, bytes, text, some)| Values { which, numbers, bytes, text, some })
}

impl Values {
    pub(crate) fn record(&self) -> Record<'_> {
        let [a, b, c, d, e] = self.numbers;
        let uuid = Uuid([a as u8; 16]);
        let some = |value| self.some.then_some(value);
        let text = self.some.then_some(&*self.text);
        let position = self.some.then_some(Position {
            longitude_e7: b as i32,
            latitude_e7: c as i32,
            accuracy_m: (d % 2 == 0).then_some(e as u16),
        });
        let village = RegionCode::parse("640502102210").expect("a village");
        let event = match self.which {
            0 => Event::PatrolStarted(PatrolStarted { patrol: uuid, region: village, task: some(uuid) }),
            1 => Event::PatrolFinished(PatrolFinished { patrol: uuid, note: text }),
            2 => Event::Sighting(Sighting {
                id: uuid,
                kind: SightingKind(b as u8),
                patrol: some(uuid),
                parcel: ParcelCode::mint(&village, 7, c % 99_999 + 1).ok().filter(|_| d % 3 > 0),
                position,
                stopped: (e % 3 > 0).then_some(e % 3 == 1),
                note: text,
            }),
            3 => Event::TrackChunk(TrackChunk { patrol: uuid, points: &self.bytes }),
            4 => Event::EvidenceReference(EvidenceReference {
                subject: uuid,
                sha256: [b as u8; 32],
                length: c,
                media: MediaKind(d as u8),
                position,
                azimuth: (e % 2 == 0).then_some(e as u16),
            }),
            5 => Event::PostHealth(PostHealth {
                battery_mv: a as u16,
                journal_percent: b as u8,
                config: c,
                firmware: d,
                temperature_c: self.some.then_some(e as i8),
                signal_dbm: (e % 2 == 0).then_some(e as i16),
            }),
            6 => Event::PostEvent(PostEvent {
                kind: PostEventKind(a as u8),
                value: self.some.then_some(b as i32),
            }),
            7 => Event::JournalLoss(JournalLoss {
                first: Seq(a),
                last: Seq(b),
                count: c,
                cause: LossCause(d as u8),
            }),
            _ => {
                Event::ConfigAcknowledged(ConfigAcknowledged { version: a, outcome: ConfigOutcome(b as u8) })
            }
        };
        let time = if e % 2 == 0 { Time::Wall(d.into()) } else { Time::SinceBoot { boot: c, seconds: d } };
        Record { time, event }
    }
}
