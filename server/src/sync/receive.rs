//! Bytes → frames → opened → records, without touching the database but for devices not spoken to lately.

use std::sync::Arc;

use gengwei_proto::wire::{
    ConfigAcknowledged, Event, Frame, JournalLoss, PostEvent, PostHealth, Record, Refusal, RefusalCode, Time,
    UplinkHead, UplinkHeader, WireError, peek_record, read_uplink,
};

use crate::db::Timestamp;
use crate::devices::{Known, State};
use crate::error::Problem;
use crate::state::App;

/// What came in one request.
#[derive(Default)]
pub(super) struct Received {
    /// The frames that opened.
    pub(super) frames: Vec<Opened>,
    refusal: Option<RefusalCode>,
}

impl Received {
    /// Why the first frame that was passed over was.
    pub(super) fn refusal(&self) -> Refusal {
        Refusal { code: self.refusal.unwrap_or(RefusalCode::MALFORMED), retry_after_s: 0 }
    }
}

/// A frame that its device sealed.
pub(super) struct Opened {
    pub(super) device: Arc<Known>,
    pub(super) head: UplinkHead,
    pub(super) header: UplinkHeader,
    /// When it arrived.
    pub(super) at: Timestamp,
    pub(super) records: Vec<Arrived>,
}

/// A record as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    pub(super) seq: u32,
    /// Of the record; -1 when it cannot be read.
    pub(super) kind: i64,
    /// When it happened, on the device's clock; none when it cannot be read.
    pub(super) time: Option<Time>,
    pub(super) bytes: Vec<u8>,
    pub(super) meaning: Meaning,
}

/// What a record says, as far as this version understands it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    Health(PostHealth),
    Noticed(PostEvent),
    Config(ConfigAcknowledged),
    Loss(JournalLoss),
    /// Of a person on patrol: read again where it is applied.
    Field,
    /// Of a kind that this version does not know.
    Unknown,
    /// No record, or a known kind that lacks a field.
    Malformed,
}

impl Arrived {
    /// Looks at a record's bytes.
    pub(super) fn new(seq: u32, bytes: &[u8]) -> Self {
        let (time, kind) = match peek_record(bytes) {
            Ok((time, kind)) => (Some(time), i64::from(kind.0)),
            Err(_) => (None, -1),
        };
        let meaning = match Record::decode(bytes) {
            Ok(Some(record)) => match record.event {
                Event::PostHealth(health) => Meaning::Health(health),
                Event::PostEvent(event) => Meaning::Noticed(event),
                Event::ConfigAcknowledged(config) => Meaning::Config(config),
                Event::JournalLoss(loss) => Meaning::Loss(loss),
                _ => Meaning::Field,
            },
            Ok(None) => Meaning::Unknown,
            Err(_) => Meaning::Malformed,
        };
        Self { seq, kind, time, bytes: bytes.to_vec(), meaning }
    }
}

/// Counts a frame by what became of it.
pub(super) fn count(outcome: &'static str) {
    metrics::counter!("gengwei_sync_frames_total", "outcome" => outcome).increment(1);
}

/// Reads and opens all frames of a request.
pub(super) async fn receive(app: &App, bytes: &mut [u8]) -> Result<Received, Problem> {
    let mut received = Received::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let frame = match Frame::<UplinkHead>::read(rest) {
            Ok(frame) => frame,
            // Where the next frame begins cannot be told.
            Err(error) => {
                received.refuse(match error {
                    WireError::UnknownSuite(_) => RefusalCode::UNKNOWN_SUITE,
                    _ => RefusalCode::MALFORMED,
                });
                break;
            }
        };
        let (this, following) = std::mem::take(&mut rest).split_at_mut(frame.length);
        rest = following;
        match open(app, &frame, this).await? {
            Ok(opened) => received.frames.push(opened),
            Err(code) => received.refuse(code),
        }
    }
    Ok(received)
}

impl Received {
    fn refuse(&mut self, code: RefusalCode) {
        count(match code {
            RefusalCode::UNKNOWN_SUITE => "unknown_suite",
            RefusalCode::UNKNOWN_DEVICE => "unknown_device",
            RefusalCode::FORGED => "forged",
            RefusalCode::REVOKED => "revoked",
            _ => "malformed",
        });
        self.refusal.get_or_insert(code);
    }
}

async fn open(
    app: &App,
    frame: &Frame<UplinkHead>,
    bytes: &mut [u8],
) -> Result<Result<Opened, RefusalCode>, Problem> {
    let head = frame.head;
    let Some(device) = app.registry().get(app.db(), app.keys(), head.device.0).await? else {
        return Ok(Err(RefusalCode::UNKNOWN_DEVICE));
    };
    if matches!(device.state, State::Revoked | State::Lost) {
        return Ok(Err(RefusalCode::REVOKED));
    }
    let Some(pair) = device.keys.iter().find(|pair| pair.key == head.key) else {
        return Ok(Err(RefusalCode::UNKNOWN_DEVICE));
    };
    if pair.suite != head.suite {
        return Ok(Err(RefusalCode::UNKNOWN_SUITE));
    }
    let Ok(message) = frame.open(&*pair.up, bytes, None) else { return Ok(Err(RefusalCode::FORGED)) };
    let Ok((header, mut records)) = read_uplink(message) else { return Ok(Err(RefusalCode::MALFORMED)) };
    let mut arrived: Vec<Arrived> =
        records.by_ref().map_while(Result::ok).map(|(seq, bytes)| Arrived::new(seq.0, bytes)).collect();
    let (seq, rest) = records.rest();
    if !rest.is_empty() {
        arrived.push(Arrived::new(seq.0, rest));
    }
    Ok(Ok(Opened { head, header, at: app.env().now(), records: arrived, device }))
}
