//! What a device sends: `[now, ask, base, cursor]`, then its records in the order of their numbers.
//!
//! The first record is number `base`, each next one the number after. An unsigned integer between two records says
//! how many numbers are left out before the next. So a dense run costs no byte but its records.

use minicbor::data::Type;
use minicbor::{Decode, Decoder, Encode};

use super::{Cipher, FrameWriter, Seq, Time, UplinkHead, WireError};

/// What a frame from a device says before its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct UplinkHeader {
    /// The device's time when it sealed the frame, on the clock of its records' times.
    #[n(0)]
    pub now: Time,
    /// Whether the device waits for an acknowledgement now.
    #[n(1)]
    pub ask: bool,
    /// The lowest number that the device still has to get acknowledged. Of those below none will come again, so the
    /// answer speaks of the numbers from here on.
    #[n(2)]
    pub base: Seq,
    /// Up to where the device has taken the messages meant for it, in the server's count.
    #[n(3)]
    #[cbor(default)]
    pub cursor: u32,
}

/// Writes a frame of records.
#[derive(Debug)]
pub struct UplinkWriter<'b> {
    frame: FrameWriter<'b>,
    next: Seq,
}

impl<'b> UplinkWriter<'b> {
    /// Starts a frame that will not be longer than `buffer`.
    ///
    /// # Errors
    /// [`WireError::Full`] when the buffer has no room for a frame without records.
    pub fn new(buffer: &'b mut [u8], head: &UplinkHead, header: &UplinkHeader) -> Result<Self, WireError> {
        let mut frame = FrameWriter::new(buffer, head)?;
        frame.encode(header)?;
        Ok(Self { frame, next: header.base })
    }

    /// Adds a record, whole or not at all. Numbers ascend from the header's `base`.
    ///
    /// # Errors
    /// [`WireError::Full`]; [`WireError::Malformed`] when the number does not ascend.
    pub fn record(&mut self, seq: Seq, record: &[u8]) -> Result<(), WireError> {
        let skip = seq.0.checked_sub(self.next.0).ok_or(WireError::Malformed)?;
        if record.len() + if skip == 0 { 0 } else { minicbor::len(skip) } > self.frame.room() {
            return Err(WireError::Full);
        }
        if skip > 0 {
            self.frame.encode(skip)?;
        }
        self.frame.push(record)?;
        self.next = seq.next();
        Ok(())
    }

    /// Seals the frame and returns its bytes.
    ///
    /// # Errors
    /// As [`FrameWriter::seal`].
    pub fn seal(self, cipher: &dyn Cipher) -> Result<&'b [u8], WireError> {
        self.frame.seal(cipher, None)
    }
}

/// Reads an opened message from a device.
///
/// # Errors
/// [`WireError::Malformed`] when it has no header.
pub fn read_uplink(message: &[u8]) -> Result<(UplinkHeader, Records<'_>), WireError> {
    let mut decoder = Decoder::new(message);
    let header: UplinkHeader = decoder.decode()?;
    Ok((header, Records { decoder, next: header.base, is_over: false }))
}

/// The records of a message with their numbers, as bytes to be kept; ends after the first item that is malformed.
#[derive(Debug, Clone)]
pub struct Records<'b> {
    decoder: Decoder<'b>,
    next: Seq,
    is_over: bool,
}

impl<'b> Records<'b> {
    /// Once the records are read: what could not be read as one, with the number that it would have; empty when all
    /// was well. The server keeps it under that number, so that it blocks no queue.
    #[must_use]
    pub fn rest(&self) -> (Seq, &'b [u8]) {
        (self.next, &self.decoder.input()[self.decoder.position()..])
    }

    /// Reads an item: a record, or `None` for numbers that are left out.
    fn item(&mut self) -> Result<Option<(Seq, &'b [u8])>, WireError> {
        let start = self.decoder.position();
        match self.decoder.datatype()? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
                let next = self.next.0.checked_add(self.decoder.u32()?).ok_or(WireError::Malformed)?;
                self.next = Seq(next);
                Ok(None)
            }
            _ => {
                self.decoder.skip()?;
                let seq = self.next;
                self.next = Seq(seq.0.checked_add(1).ok_or(WireError::Malformed)?);
                Ok(Some((seq, &self.decoder.input()[start..self.decoder.position()])))
            }
        }
    }
}

impl<'b> Iterator for Records<'b> {
    type Item = Result<(Seq, &'b [u8]), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over && self.decoder.position() < self.decoder.input().len() {
            let start = self.decoder.position();
            match self.item() {
                Ok(Some(record)) => return Some(Ok(record)),
                Ok(None) => {}
                Err(error) => {
                    self.decoder.set_position(start);
                    self.is_over = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
