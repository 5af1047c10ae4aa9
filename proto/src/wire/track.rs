//! Where a patrol went, in chunks.

use minicbor::encode::write::Cursor;
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::{Uuid, WireError};

/// A piece of a patrol's track. It is recorded during a patrol only (行踪轨迹 is sensitive personal data).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct TrackChunk<'b> {
    /// Which patrol.
    #[n(0)]
    pub patrol: Uuid,
    /// The points: three integers each, the difference to the point before in seconds, longitude × 10⁷ and
    /// latitude × 10⁷; the first point differs from the record's time and from 0° E 0° N.
    #[cbor(b(1), with = "minicbor::bytes")]
    pub points: &'b [u8],
}

impl<'b> TrackChunk<'b> {
    /// Reads the points one by one; ends after the first that is malformed.
    pub fn points(&self) -> TrackPoints<'b> {
        TrackPoints { decoder: Decoder::new(self.points), last: TrackPoint::default() }
    }
}

/// One point of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrackPoint {
    /// Seconds after the record's time.
    pub seconds: i32,
    /// Degrees east × 10⁷.
    pub longitude_e7: i32,
    /// Degrees north × 10⁷.
    pub latitude_e7: i32,
}

/// Writes the points of a [`TrackChunk`].
#[derive(Debug)]
pub struct TrackWriter<'b> {
    buffer: &'b mut [u8],
    length: usize,
    last: TrackPoint,
}

impl<'b> TrackWriter<'b> {
    /// Starts a chunk in `buffer`.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, length: 0, last: TrackPoint::default() }
    }

    /// Adds a point.
    ///
    /// # Errors
    /// [`WireError::Full`] when the buffer has no room: the chunk stays as it was.
    pub fn push(&mut self, point: TrackPoint) -> Result<(), WireError> {
        let difference = |now: i32, before: i32| i64::from(now) - i64::from(before);
        let mut e = Encoder::new(Cursor::new(&mut self.buffer[self.length..]));
        e.i64(difference(point.seconds, self.last.seconds))?
            .i64(difference(point.longitude_e7, self.last.longitude_e7))?
            .i64(difference(point.latitude_e7, self.last.latitude_e7))?;
        self.length += e.writer().position();
        self.last = point;
        Ok(())
    }

    /// The bytes for [`TrackChunk::points`].
    pub fn finish(self) -> &'b [u8] {
        &self.buffer[..self.length]
    }
}

/// The points of a chunk.
#[derive(Debug, Clone)]
pub struct TrackPoints<'b> {
    decoder: Decoder<'b>,
    last: TrackPoint,
}

impl TrackPoints<'_> {
    fn read(&mut self) -> Result<TrackPoint, WireError> {
        let mut add = |before: i32| -> Result<i32, WireError> {
            let sum = self.decoder.i64()?.checked_add(before.into()).ok_or(WireError::Malformed)?;
            i32::try_from(sum).map_err(|_| WireError::Malformed)
        };
        self.last = TrackPoint {
            seconds: add(self.last.seconds)?,
            longitude_e7: add(self.last.longitude_e7)?,
            latitude_e7: add(self.last.latitude_e7)?,
        };
        Ok(self.last)
    }
}

impl Iterator for TrackPoints<'_> {
    type Item = Result<TrackPoint, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.decoder.position() >= self.decoder.input().len() {
            return None;
        }
        let point = self.read();
        if point.is_err() {
            self.decoder.set_position(self.decoder.input().len());
        }
        Some(point)
    }
}
