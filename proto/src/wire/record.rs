//! One thing that a device saw: `[time, kind, fields]`.

use minicbor::encode::write::Cursor;
use minicbor::{Decode, Decoder, Encoder};

use super::ids::open_numbers;
use super::{
    ConfigAcknowledged, EvidenceReference, JournalLoss, PatrolFinished, PatrolStarted, PostEvent,
    PostEventKind, PostHealth, Sighting, Time, TrackChunk, WireError,
};

/// The longest record of a post in bytes, so that any fits into one datagram beside the frame's own bytes.
pub const MAX_POST_RECORD: usize = 440;

/// What a full journal may drop, and what goes out at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Sent with the next scheduled burst; the oldest make room in a post's full journal.
    Routine,
    /// Sent at once and never dropped.
    Urgent,
}

/// A record that this version understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'b> {
    /// When it happened.
    pub time: Time,
    /// What happened.
    pub event: Event<'b>,
}

macro_rules! events {
    ($($(#[$doc:meta])* $kind:ident = $number:literal => $variant:ident($fields:ty)),+ $(,)?) => {
        open_numbers! {
            /// The number of a record's kind.
            Kind { $($(#[$doc])* $kind = $number),+ }
        }

        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Event<'b> { $($(#[$doc])* $variant($fields)),+ }

        impl<'b> Event<'b> {
            /// The number of its kind.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$kind),+ }
            }

            fn encode_fields(&self, e: &mut Encoder<Cursor<&mut [u8]>>) -> Result<(), WireError> {
                match self { $(Self::$variant(fields) => e.encode(fields)?),+ };
                Ok(())
            }

            fn decode_fields(kind: Kind, d: &mut Decoder<'b>) -> Result<Option<Self>, WireError> {
                match kind {
                    $(Kind::$kind => Ok(Some(Self::$variant(d.decode()?))),)+
                    _ => Ok(None),
                }
            }
        }
    };
}

events! {
    /// A patrol begins.
    PATROL_STARTED = 1 => PatrolStarted(PatrolStarted),
    /// A patrol ends.
    PATROL_FINISHED = 2 => PatrolFinished(PatrolFinished<'b>),
    /// Something was found.
    SIGHTING = 3 => Sighting(Sighting<'b>),
    /// Where the patrol went.
    TRACK_CHUNK = 4 => TrackChunk(TrackChunk<'b>),
    /// A file that belongs to a sighting, patrol or task.
    EVIDENCE_REFERENCE = 5 => EvidenceReference(EvidenceReference),
    /// A post's heartbeat.
    POST_HEALTH = 16 => PostHealth(PostHealth),
    /// A post's sensor or button.
    POST_EVENT = 17 => PostEvent(PostEvent),
    /// Records that can never be sent.
    JOURNAL_LOSS = 18 => JournalLoss(JournalLoss),
    /// What became of a config.
    CONFIG_ACKNOWLEDGED = 19 => ConfigAcknowledged(ConfigAcknowledged),
}

impl Event<'_> {
    /// How urgent it is on a post.
    #[must_use]
    pub fn priority(&self) -> Priority {
        match self {
            Self::JournalLoss(_)
            | Self::PostEvent(PostEvent {
                kind: PostEventKind::TAMPER | PostEventKind::TILT | PostEventKind::BUTTON,
                ..
            }) => Priority::Urgent,
            _ => Priority::Routine,
        }
    }
}

impl<'b> Record<'b> {
    /// Reads a record; `None` when it is of a kind that this version does not know, which is to be kept as it is.
    ///
    /// # Errors
    /// [`WireError::Malformed`] when it is no record, or a known kind lacks a field.
    pub fn decode(bytes: &'b [u8]) -> Result<Option<Self>, WireError> {
        let mut d = Decoder::new(bytes);
        let (time, kind) = head(&mut d)?;
        Ok(Event::decode_fields(kind, &mut d)?.map(|event| Self { time, event }))
    }
}

/// Reads only when a record happened and of what kind it is, which every version understands.
///
/// # Errors
/// [`WireError::Malformed`] when it is no record.
pub fn peek_record(bytes: &[u8]) -> Result<(Time, Kind), WireError> {
    head(&mut Decoder::new(bytes))
}

/// Reads the fields of a record whose kind [`peek_record`] has told: a post that looks for one kind in its journal need
/// not know how to read all others.
///
/// # Errors
/// [`WireError::Malformed`] when it is no record, or not of such fields.
pub fn read_fields<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, WireError> {
    let mut d = Decoder::new(bytes);
    head(&mut d)?;
    Ok(d.decode()?)
}

fn head(d: &mut Decoder<'_>) -> Result<(Time, Kind), WireError> {
    match d.array()? {
        Some(3..) => Ok((d.decode()?, d.decode()?)),
        _ => Err(WireError::Malformed),
    }
}

/// Writes a record into `buffer` and returns its bytes.
///
/// # Errors
/// [`WireError::Full`] when the buffer is too short.
pub fn encode_record<'o>(record: &Record<'_>, buffer: &'o mut [u8]) -> Result<&'o [u8], WireError> {
    let mut e = Encoder::new(Cursor::new(&mut *buffer));
    e.array(3)?.encode(record.time)?.encode(record.event.kind())?;
    record.event.encode_fields(&mut e)?;
    let length = e.writer().position();
    Ok(&buffer[..length])
}
