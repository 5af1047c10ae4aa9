//! What the server answers: `[heard, next, arrivals, now]`, then messages `[cursor, number, fields]`.

use minicbor::{Decode, Decoder, Encode};

use super::ids::open_numbers;
use super::{Arrivals, Cipher, DeviceId, DownlinkHead, Epoch, FrameWriter, Seq, Uuid, WireError};
use crate::{ParcelCode, RegionCode};

/// The acknowledgement, and the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct DownlinkHeader<'b> {
    /// The counter of the device's frame that this answers. A device takes only answers to frames of the exchange
    /// under way, so nobody can play an old answer to it after a server was set back.
    #[n(0)]
    pub heard: u32,
    /// Of the records from that frame's `base` on, the first that the server has not stored.
    #[n(1)]
    pub next: Seq,
    /// Those beyond `next` that it has stored.
    #[cbor(b(2), with = "arrivals")]
    pub arrivals: Arrivals<'b>,
    /// The server's time, seconds since 1970-01-01 UTC.
    #[n(3)]
    pub now: u64,
}

mod arrivals {
    use minicbor::decode::{Decoder, Error};
    use minicbor::encode::{self, Encoder, Write};

    use super::Arrivals;

    pub(super) fn encode<C, W: Write>(
        value: &Arrivals<'_>,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.bytes(value.0)?.ok()
    }

    pub(super) fn decode<'b, C>(d: &mut Decoder<'b>, _: &mut C) -> Result<Arrivals<'b>, Error> {
        d.bytes().map(Arrivals)
    }
}

/// Something the server wants of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'b> {
    /// 1: settings for a post.
    Config(PostConfig),
    /// 2: something for the person with the tablet to do.
    Task(Task<'b>),
    /// Of a number that this version does not know: skipped.
    Unknown(u8),
}

/// A post's settings. What is absent stays as it was; all that is present takes effect together or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct PostConfig {
    /// Ascends; a device passes over a version that is not above its own.
    #[n(0)]
    pub version: u32,
    /// Seconds between heartbeats, 60 and more.
    #[n(1)]
    pub health_period_s: Option<u32>,
    /// Seconds before the first retry of an exchange that got no answer, 1 and more.
    #[n(2)]
    pub retry_first_s: Option<u32>,
    /// The most seconds between retries.
    #[n(3)]
    pub retry_most_s: Option<u32>,
    /// Degrees from upright at which a post leans, 1 to 90.
    #[n(4)]
    pub tilt_degrees: Option<u8>,
    /// Acceleration in mg that counts as vibration.
    #[n(5)]
    pub vibration_mg: Option<u16>,
    /// Acceleration in mg that counts as tampering.
    #[n(6)]
    pub tamper_mg: Option<u16>,
    /// Milliseconds for which an input must hold to count.
    #[n(7)]
    pub debounce_ms: Option<u16>,
    /// Seconds after a motion event in which further ones are only counted.
    #[n(8)]
    pub motion_pause_s: Option<u16>,
    /// Battery voltage in millivolts below which it is nearly empty.
    #[n(9)]
    pub low_battery_mv: Option<u16>,
}

/// Something for the person with the tablet to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Task<'b> {
    /// Names the task; the same name again replaces it.
    #[n(0)]
    pub id: Uuid,
    /// What is to be done.
    #[n(1)]
    pub kind: TaskKind,
    /// Where, as a unit.
    #[n(2)]
    pub region: RegionCode,
    /// Where, as a parcel.
    #[n(3)]
    pub parcel: Option<ParcelCode>,
    /// Until when, seconds since 1970-01-01 UTC.
    #[n(4)]
    pub due: Option<u64>,
    /// What to show the person.
    #[b(5)]
    pub text: Option<&'b str>,
}

open_numbers! {
    /// The kind of a task.
    TaskKind {
        /// The task is withdrawn.
        WITHDRAWN = 0,
        /// 巡查: go on patrol.
        PATROL = 1,
        /// 核实举证: check a place and collect evidence.
        VERIFY = 2,
        /// 整改: see to it that something is put right.
        RECTIFY = 3,
        /// 管护: mend a sign, a post or a facility.
        UPKEEP = 4,
    }
}

const CONFIG: u8 = 1;
const TASK: u8 = 2;

/// Writes a frame to a device.
#[derive(Debug)]
pub struct DownlinkWriter<'b>(FrameWriter<'b>);

impl<'b> DownlinkWriter<'b> {
    /// Starts a frame that will not be longer than `buffer`.
    ///
    /// # Errors
    /// [`WireError::Full`] when the buffer has no room for the acknowledgement.
    pub fn new(
        buffer: &'b mut [u8],
        head: &DownlinkHead,
        header: &DownlinkHeader<'_>,
    ) -> Result<Self, WireError> {
        let mut frame = FrameWriter::new(buffer, head)?;
        frame.encode(header)?;
        Ok(Self(frame))
    }

    /// Adds a message, whole or not at all. The device's cursor stands at `cursor` once it has taken it.
    ///
    /// # Errors
    /// [`WireError::Full`]; [`WireError::Malformed`] for a message of unknown number.
    pub fn message(&mut self, cursor: u32, message: &Message<'_>) -> Result<(), WireError> {
        match message {
            Message::Config(config) => self.0.encode((cursor, CONFIG, config)),
            Message::Task(task) => self.0.encode((cursor, TASK, task)),
            Message::Unknown(_) => Err(WireError::Malformed),
        }
    }

    /// Seals the frame for one device's epoch and returns its bytes.
    ///
    /// # Errors
    /// As [`FrameWriter::seal`].
    pub fn seal(self, cipher: &dyn Cipher, device: DeviceId, epoch: Epoch) -> Result<&'b [u8], WireError> {
        self.0.seal(cipher, Some((device, epoch)))
    }
}

/// Reads an opened message from the server.
///
/// # Errors
/// [`WireError::Malformed`] when it has no acknowledgement.
pub fn read_downlink(message: &[u8]) -> Result<(DownlinkHeader<'_>, Messages<'_>), WireError> {
    let mut decoder = Decoder::new(message);
    Ok((decoder.decode()?, Messages(decoder)))
}

/// The messages after an acknowledgement, each with the cursor that it brings the device to; ends after the first that is malformed.
#[derive(Debug, Clone)]
pub struct Messages<'b>(Decoder<'b>);

impl<'b> Messages<'b> {
    /// Reads a message: its cursor, and what `fields` makes of its number and fields.
    fn read<T>(
        &mut self,
        fields: impl FnOnce(u8, &mut Decoder<'b>) -> Result<T, WireError>,
    ) -> Result<(u32, T), WireError> {
        let start = self.0.position();
        let Some(3..) = self.0.array()? else { return Err(WireError::Malformed) };
        let cursor = self.0.u32()?;
        let number = self.0.u8()?;
        let message = fields(number, &mut self.0)?;
        self.0.set_position(start);
        self.0.skip()?;
        Ok((cursor, message))
    }

    fn step<T>(
        &mut self,
        fields: impl FnOnce(u8, &mut Decoder<'b>) -> Result<T, WireError>,
    ) -> Option<Result<(u32, T), WireError>> {
        if self.0.position() >= self.0.input().len() {
            return None;
        }
        let message = self.read(fields);
        if message.is_err() {
            self.0.set_position(self.0.input().len());
        }
        Some(message)
    }

    /// The next message as a post sees it: a config, or `None` for what it has no use for and need not know how to
    /// read.
    pub fn next_config(&mut self) -> Option<Result<(u32, Option<PostConfig>), WireError>> {
        self.step(|number, d| if number == CONFIG { Ok(Some(d.decode()?)) } else { Ok(None) })
    }
}

impl<'b> Iterator for Messages<'b> {
    type Item = Result<(u32, Message<'b>), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(|number, d| {
            Ok(match number {
                CONFIG => Message::Config(d.decode()?),
                TASK => Message::Task(d.decode()?),
                unknown => Message::Unknown(unknown),
            })
        })
    }
}
