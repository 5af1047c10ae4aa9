//! The envelope: a head in clear, then what is sealed, as one CBOR array that says where it ends.
//!
//! ```text
//! up    [suite, key, device, epoch, counter, sealed]     associated data: the bytes before `sealed`
//! down  [suite, key, epoch, counter, sealed]             the same, then [device, device's epoch]
//! ```
//! `sealed` is a byte string: the message encrypted, then the tag. The message is a CBOR sequence.

use core::ops::Range;

use minicbor::encode::write::Cursor;
use minicbor::{Decoder, Encode, Encoder};

use super::{Cipher, DeviceId, Epoch, Nonce, SuiteId, WireError};

/// The longest frame over UDP in bytes; what the common modems send in one command.
pub const MAX_DATAGRAM: usize = 512;

/// The most that the head of a byte string takes here: its length is below 65,536.
const MAX_STRING_HEAD: usize = 3;

/// The most bytes of associated data: array head, five numbers, and the two that a frame down adds.
const MAX_AAD: usize = 1 + 2 + 2 + 5 + 5 + 5 + 11;

/// What both directions' heads have in common.
pub trait Head: Sized {
    /// The cipher suite.
    fn suite(&self) -> SuiteId;
    /// The sender's epoch and the frame's counter, of which the nonce is made.
    fn nonce(&self) -> Nonce;
    /// Writes the head.
    ///
    /// # Errors
    /// [`WireError::Full`].
    fn write(&self, e: &mut Encoder<Cursor<&mut [u8]>>) -> Result<(), WireError>;
    /// Reads the head.
    ///
    /// # Errors
    /// [`WireError::Malformed`], [`WireError::UnknownSuite`].
    fn read(d: &mut Decoder<'_>) -> Result<Self, WireError>;
}

/// The head of a frame from a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UplinkHead {
    /// The cipher suite.
    pub suite: SuiteId,
    /// Which of the device's keys: 0 at enrolment, one more with each rotation.
    pub key: u8,
    /// The device.
    pub device: DeviceId,
    /// The device's epoch.
    pub epoch: Epoch,
    /// The frame's counter, never the same twice in an epoch.
    pub counter: u32,
}

/// The head of a frame from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownlinkHead {
    /// The cipher suite.
    pub suite: SuiteId,
    /// Which of the device's keys.
    pub key: u8,
    /// The server's epoch.
    pub epoch: Epoch,
    /// The frame's counter, never the same twice for one device in a server's epoch.
    pub counter: u32,
}

fn nonce(epoch: Epoch, counter: u32) -> Nonce {
    let mut nonce = Nonce::default();
    nonce[..4].copy_from_slice(&epoch.0.to_be_bytes());
    nonce[8..].copy_from_slice(&counter.to_be_bytes());
    nonce
}

fn array_of(length: u64, d: &mut Decoder<'_>) -> Result<SuiteId, WireError> {
    if d.array()? != Some(length) {
        return Err(WireError::Malformed);
    }
    SuiteId::from_number(d.u8()?)
}

impl Head for UplinkHead {
    fn suite(&self) -> SuiteId {
        self.suite
    }

    fn nonce(&self) -> Nonce {
        nonce(self.epoch, self.counter)
    }

    fn write(&self, e: &mut Encoder<Cursor<&mut [u8]>>) -> Result<(), WireError> {
        e.array(6)?.u8(self.suite as u8)?.u8(self.key)?.encode(self.device)?.encode(self.epoch)?;
        e.u32(self.counter)?;
        Ok(())
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, WireError> {
        let suite = array_of(6, d)?;
        Ok(Self { suite, key: d.u8()?, device: d.decode()?, epoch: d.decode()?, counter: d.u32()? })
    }
}

impl Head for DownlinkHead {
    fn suite(&self) -> SuiteId {
        self.suite
    }

    fn nonce(&self) -> Nonce {
        nonce(self.epoch, self.counter)
    }

    fn write(&self, e: &mut Encoder<Cursor<&mut [u8]>>) -> Result<(), WireError> {
        e.array(5)?.u8(self.suite as u8)?.u8(self.key)?.encode(self.epoch)?.u32(self.counter)?;
        Ok(())
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, WireError> {
        let suite = array_of(5, d)?;
        Ok(Self { suite, key: d.u8()?, epoch: d.decode()?, counter: d.u32()? })
    }
}

/// The associated data: the head's bytes, and for a frame down whom it is for.
struct Aad([u8; MAX_AAD], usize);

impl Aad {
    fn new(head: &[u8], addressee: Option<(DeviceId, Epoch)>) -> Result<Self, WireError> {
        let mut bytes = [0; MAX_AAD];
        bytes.get_mut(..head.len()).ok_or(WireError::Malformed)?.copy_from_slice(head);
        let mut length = head.len();
        if let Some(addressee) = addressee {
            let mut e = Encoder::new(Cursor::new(&mut bytes[length..]));
            e.encode(addressee)?;
            length += e.writer().position();
        }
        Ok(Self(bytes, length))
    }

    fn bytes(&self) -> &[u8] {
        &self.0[..self.1]
    }
}

/// Writes a frame into a buffer, item by item, and seals it at the end.
#[derive(Debug)]
pub struct FrameWriter<'b> {
    buffer: &'b mut [u8],
    head: usize,
    length: usize,
    limit: usize,
    suite: SuiteId,
    nonce: Nonce,
}

impl<'b> FrameWriter<'b> {
    /// Writes the head. The frame will not be longer than the buffer.
    ///
    /// # Errors
    /// [`WireError::Full`] when the buffer has no room for an empty frame.
    pub fn new(buffer: &'b mut [u8], head: &impl Head) -> Result<Self, WireError> {
        let mut e = Encoder::new(Cursor::new(&mut *buffer));
        head.write(&mut e)?;
        let written = e.writer().position();
        let limit = buffer.len().min(usize::from(u16::MAX)).saturating_sub(head.suite().tag_length());
        let length = written + MAX_STRING_HEAD;
        if length > limit {
            return Err(WireError::Full);
        }
        Ok(Self { buffer, head: written, length, limit, suite: head.suite(), nonce: head.nonce() })
    }

    /// Adds an item to the message, whole or not at all.
    ///
    /// # Errors
    /// [`WireError::Full`].
    pub fn encode(&mut self, item: impl Encode<()>) -> Result<(), WireError> {
        let mut e = Encoder::new(Cursor::new(&mut self.buffer[self.length..self.limit]));
        e.encode(item)?;
        self.length += e.writer().position();
        Ok(())
    }

    /// Adds the bytes of an item that is encoded already, whole or not at all.
    ///
    /// # Errors
    /// [`WireError::Full`].
    pub fn push(&mut self, item: &[u8]) -> Result<(), WireError> {
        if item.len() > self.room() {
            return Err(WireError::Full);
        }
        self.buffer[self.length..][..item.len()].copy_from_slice(item);
        self.length += item.len();
        Ok(())
    }

    /// How many bytes can still be added.
    #[must_use]
    pub fn room(&self) -> usize {
        self.limit - self.length
    }

    /// Seals the message and returns the frame. A frame down names its addressee.
    ///
    /// # Errors
    /// [`WireError::UnknownSuite`] when the cipher is not of the head's suite, or what the cipher reports.
    pub fn seal(
        self,
        cipher: &dyn Cipher,
        addressee: Option<(DeviceId, Epoch)>,
    ) -> Result<&'b [u8], WireError> {
        if cipher.suite() != self.suite {
            return Err(WireError::UnknownSuite(self.suite as u8));
        }
        let aad = Aad::new(&self.buffer[..self.head], addressee)?;
        let message = self.head + MAX_STRING_HEAD;
        let end = self.length + self.suite.tag_length();
        let (text, tag) = self.buffer[message..end].split_at_mut(self.length - message);
        cipher.seal(&self.nonce, aad.bytes(), text, tag)?;

        // A string's head is as short as its length allows, so what was sealed moves up to it.
        let mut e = Encoder::new(Cursor::new(&mut self.buffer[self.head..message]));
        e.bytes_len((end - message) as u64)?;
        let string = self.head + e.writer().position();
        self.buffer.copy_within(message..end, string);
        Ok(&self.buffer[..string + end - message])
    }
}

/// A frame that was read but not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<H> {
    /// The head, not yet to be trusted.
    pub head: H,
    /// How many of the bytes the frame takes; another may follow in a body over HTTP.
    pub length: usize,
    aad: usize,
    sealed: Range<usize>,
}

impl<H: Head> Frame<H> {
    /// Reads the frame at the start of `bytes`.
    ///
    /// # Errors
    /// [`WireError::Malformed`], [`WireError::UnknownSuite`].
    pub fn read(bytes: &[u8]) -> Result<Self, WireError> {
        let mut d = Decoder::new(bytes);
        let head = H::read(&mut d)?;
        let aad = d.position();
        let sealed = d.bytes()?.len();
        let length = d.position();
        if sealed < head.suite().tag_length() {
            return Err(WireError::Malformed);
        }
        Ok(Self { head, length, aad, sealed: length - sealed..length })
    }

    /// Opens the frame in the bytes that it was read from and returns the message.
    ///
    /// # Errors
    /// [`WireError::Forged`] when the key, the addressee or any bit is another.
    pub fn open<'b>(
        &self,
        cipher: &dyn Cipher,
        bytes: &'b mut [u8],
        addressee: Option<(DeviceId, Epoch)>,
    ) -> Result<&'b [u8], WireError> {
        if cipher.suite() != self.head.suite() || self.length > bytes.len() {
            return Err(WireError::Forged);
        }
        let aad = Aad::new(&bytes[..self.aad], addressee)?;
        let sealed = &mut bytes[self.sealed.clone()];
        let (text, tag) = sealed.split_at_mut(sealed.len() - cipher.suite().tag_length());
        cipher.open(&self.head.nonce(), aad.bytes(), text, tag)?;
        Ok(text)
    }
}
