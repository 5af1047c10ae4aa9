//! A page's records as they travel, and the server's tasks as a page gets them.

use gengwei_proto::wire::{
    self, Event, MediaKind, Message, Record, SightingKind, TaskKind, Time, TrackPoint, TrackWriter,
};
use gengwei_proto::{ParcelCode, RegionCode};
use serde::Deserialize;
use uuid::Uuid;

use crate::journal::MAX_RECORD;
use crate::shapes::{Failure, Task};

/// What a page appends; `agent.d.ts` describes it.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum PageRecord {
    PatrolStarted {
        at: u64,
        patrol: Uuid,
        region: RegionCode,
        task: Option<Uuid>,
    },
    PatrolFinished {
        at: u64,
        patrol: Uuid,
        note: Option<String>,
    },
    Sighting {
        at: u64,
        id: Uuid,
        sighting: Sighting,
        patrol: Option<Uuid>,
        parcel: Option<ParcelCode>,
        position: Option<Position>,
        stopped: Option<bool>,
        note: Option<String>,
    },
    TrackChunk {
        at: u64,
        patrol: Uuid,
        points: Vec<(i32, f64, f64)>,
    },
    EvidenceReference {
        at: u64,
        subject: Uuid,
        sha256: String,
        length: u32,
        media: Media,
        position: Option<Position>,
        azimuth: Option<u16>,
    },
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sighting {
    Other,
    NonAgricultural,
    NonGrain,
    Abandoned,
    IllegalHouse,
    OversizedFacility,
    DamagedFacility,
    DamagedSign,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Media {
    Jpeg,
    Webp,
    Mp4,
    Audio,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    longitude: f64,
    latitude: f64,
    accuracy: Option<f64>,
}

impl PageRecord {
    /// The bytes that are numbered, stored and sent.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Failure> {
        let mut points = Vec::new();
        let (at, event) = self.event(&mut points)?;
        let mut buffer = vec![0; MAX_RECORD];
        let record = Record { time: Time::Wall(at), event };
        let bytes = wire::encode_record(&record, &mut buffer).map_err(|_| too_long())?;
        Ok(bytes.to_vec())
    }

    fn event<'b>(&'b self, track: &'b mut Vec<u8>) -> Result<(u64, Event<'b>), Failure> {
        Ok(match self {
            Self::PatrolStarted { at, patrol, region, task } => {
                let task = task.as_ref().map(uuid);
                (
                    *at,
                    Event::PatrolStarted(wire::PatrolStarted { patrol: uuid(patrol), region: *region, task }),
                )
            }
            Self::PatrolFinished { at, patrol, note } => {
                let note = note.as_deref();
                (*at, Event::PatrolFinished(wire::PatrolFinished { patrol: uuid(patrol), note }))
            }
            Self::Sighting { at, id, sighting, patrol, parcel, position, stopped, note } => {
                let sighting = wire::Sighting {
                    id: uuid(id),
                    kind: sighting.kind(),
                    patrol: patrol.as_ref().map(uuid),
                    parcel: *parcel,
                    position: position.map(Position::wire).transpose()?,
                    stopped: *stopped,
                    note: note.as_deref(),
                };
                (*at, Event::Sighting(sighting))
            }
            Self::TrackChunk { at, patrol, points } => {
                *track = vec![0; MAX_RECORD];
                let points = write_track(points, track)?;
                (*at, Event::TrackChunk(wire::TrackChunk { patrol: uuid(patrol), points }))
            }
            Self::EvidenceReference { at, subject, sha256, length, media, position, azimuth } => {
                let reference = wire::EvidenceReference {
                    subject: uuid(subject),
                    sha256: digest(sha256)?,
                    length: *length,
                    media: media.kind(),
                    position: position.map(Position::wire).transpose()?,
                    azimuth: *azimuth,
                };
                (*at, Event::EvidenceReference(reference))
            }
        })
    }
}

impl Sighting {
    fn kind(self) -> SightingKind {
        match self {
            Self::Other => SightingKind::OTHER,
            Self::NonAgricultural => SightingKind::NON_AGRICULTURAL,
            Self::NonGrain => SightingKind::NON_GRAIN,
            Self::Abandoned => SightingKind::ABANDONED,
            Self::IllegalHouse => SightingKind::ILLEGAL_HOUSE,
            Self::OversizedFacility => SightingKind::OVERSIZED_FACILITY,
            Self::DamagedFacility => SightingKind::DAMAGED_FACILITY,
            Self::DamagedSign => SightingKind::DAMAGED_SIGN,
        }
    }
}

impl Media {
    fn kind(self) -> MediaKind {
        match self {
            Self::Jpeg => MediaKind::JPEG,
            Self::Webp => MediaKind::WEBP,
            Self::Mp4 => MediaKind::MP4,
            Self::Audio => MediaKind::AUDIO,
        }
    }
}

impl Position {
    fn wire(self) -> Result<wire::Position, Failure> {
        let (longitude_e7, latitude_e7) = place(self.longitude, self.latitude)?;
        let accuracy_m = self.accuracy.map(|metres| metres.ceil().clamp(0.0, f64::from(u16::MAX)) as u16);
        Ok(wire::Position { longitude_e7, latitude_e7, accuracy_m })
    }
}

fn write_track<'b>(points: &[(i32, f64, f64)], buffer: &'b mut [u8]) -> Result<&'b [u8], Failure> {
    let mut writer = TrackWriter::new(buffer);
    for (seconds, longitude, latitude) in points {
        let (longitude_e7, latitude_e7) = place(*longitude, *latitude)?;
        let point = TrackPoint { seconds: *seconds, longitude_e7, latitude_e7 };
        writer.push(point).map_err(|_| too_long())?;
    }
    Ok(writer.finish())
}

/// Degrees × 10⁷.
fn place(longitude: f64, latitude: f64) -> Result<(i32, i32), Failure> {
    if longitude.abs() > 180.0 || latitude.abs() > 90.0 {
        return Err(invalid(format!("{longitude}, {latitude} is not a place in degrees")));
    }
    Ok(((longitude * 1e7).round() as i32, (latitude * 1e7).round() as i32))
}

fn digest(text: &str) -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes)
        .map_err(|_| invalid("sha256 is not 64 hexadecimal digits".to_owned()))?;
    Ok(bytes)
}

fn uuid(id: &Uuid) -> wire::Uuid {
    wire::Uuid(id.into_bytes())
}

fn too_long() -> Failure {
    Failure { code: "too_long", message: format!("a record of more than {MAX_RECORD} bytes") }
}

pub(crate) fn invalid(message: String) -> Failure {
    Failure { code: "invalid", message }
}

/// A task for the page; `None` for what is not meant for a tablet.
pub(crate) fn task(message: &Message<'_>) -> Option<Task> {
    let Message::Task(task) = message else { return None };
    let kind = match task.kind {
        TaskKind::WITHDRAWN => "withdrawn",
        TaskKind::PATROL => "patrol",
        TaskKind::VERIFY => "verify",
        TaskKind::RECTIFY => "rectify",
        TaskKind::UPKEEP => "upkeep",
        _ => "other",
    };
    Some(Task {
        id: Uuid::from_bytes(task.id.0).to_string(),
        kind,
        region: task.region.to_string(),
        parcel: task.parcel.map(|code| code.to_string()),
        due: task.due,
        text: task.text.map(str::to_owned),
    })
}
