//! What devices and the server say to each other.
//!
//! A **record** is one thing a device saw; it is numbered, stored, sent and acknowledged as the same bytes. A
//! **frame** carries records up, or an acknowledgement and messages down, sealed by a **cipher suite**. The identity
//! of a record is (device, epoch, seq): the server stores it once, however often it arrives.
//!
//! # Evolution
//! Posts stay in the field for ten years, so old and new must read each other:
//! - a field is only ever appended to its array; a reader skips fields it does not know, and a field that is absent
//!   or null has its documented default;
//! - a new kind of record or message takes a new number; a reader keeps an unknown record as it is (the server
//!   stores and quarantines it) and skips an unknown message;
//! - numbers of kinds, causes and categories are open: an unknown one is carried, never refused;
//! - a change of the frame itself takes new suite numbers;
//! - lengths are definite, so that a reader without an allocator can skip what it does not know.

mod ack;
mod cipher;
mod downlink;
mod error;
mod frame;
mod ids;
mod patrol;
mod post;
mod record;
mod refusal;
mod replay;
mod track;
mod uplink;

pub use ack::{Ack, Arrivals};
#[cfg(feature = "aes-ccm")]
pub use cipher::Aes128Ccm;
#[cfg(feature = "chacha20-poly1305")]
pub use cipher::ChaCha20Poly1305;
#[cfg(feature = "sm4-ccm")]
pub use cipher::Sm4Ccm;
pub use cipher::{Cipher, Key, MAX_TAG, Nonce, SuiteId};
pub use downlink::{
    DownlinkHeader, DownlinkWriter, Message, Messages, PostConfig, Task, TaskKind, read_downlink,
};
pub use error::WireError;
pub use frame::{DownlinkHead, Frame, FrameWriter, Head, MAX_DATAGRAM, UplinkHead};
pub use ids::{DeviceId, Epoch, Position, Seq, Time, Uuid};
pub use patrol::{EvidenceReference, MediaKind, PatrolFinished, PatrolStarted, Sighting, SightingKind};
pub use post::{
    ConfigAcknowledged, ConfigOutcome, JournalLoss, LossCause, PostEvent, PostEventKind, PostHealth,
};
pub use record::{Event, Kind, MAX_POST_RECORD, Priority, Record, encode_record, peek_record, read_fields};
pub use refusal::{Refusal, RefusalCode};
pub use replay::ReplayWindow;
pub use track::{TrackChunk, TrackPoint, TrackPoints, TrackWriter};
pub use uplink::{Records, UplinkHeader, UplinkWriter, read_uplink};
