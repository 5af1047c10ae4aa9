//! What the server answers when it cannot seal an answer: `[0, code, retry_after?]`.

use minicbor::encode::write::Cursor;
use minicbor::{Decoder, Encoder};

use super::WireError;
use super::ids::open_numbers;

/// An unsealed answer. Anybody may forge it, so a device takes it as a hint to wait and for nothing else: it never
/// erases a record and never gives up its key because of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: RefusalCode,
    /// After how many seconds it makes sense to try again; 0 for at the next scheduled time.
    pub retry_after_s: u32,
}

open_numbers! {
    /// Why the server refused a frame.
    RefusalCode {
        /// The bytes are no frame.
        MALFORMED = 1,
        /// The suite is not spoken here.
        UNKNOWN_SUITE = 2,
        /// No device of this number, or its key is not of this number.
        UNKNOWN_DEVICE = 3,
        /// The frame does not open with the device's key.
        FORGED = 4,
        /// The device is revoked (吊销).
        REVOKED = 5,
        /// The server is busy and has stored nothing.
        BUSY = 6,
    }
}

impl RefusalCode {
    /// The status for an HTTP response.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::UNKNOWN_DEVICE | Self::FORGED => 401,
            Self::REVOKED => 403,
            Self::BUSY => 503,
            _ => 400,
        }
    }

    /// The code for a CoAP response, class × 32 + detail (RFC 7252).
    #[must_use]
    pub const fn coap_code(self) -> u8 {
        match self {
            Self::UNKNOWN_DEVICE | Self::FORGED => 4 << 5 | 1,
            Self::REVOKED => 4 << 5 | 3,
            Self::BUSY => 5 << 5 | 3,
            _ => 4 << 5,
        }
    }
}

impl Refusal {
    /// The most bytes that a refusal takes.
    pub const MAX_LENGTH: usize = 9;

    /// Writes the refusal and returns its bytes.
    ///
    /// # Errors
    /// [`WireError::Full`] when the buffer is too short.
    pub fn encode<'o>(&self, buffer: &'o mut [u8]) -> Result<&'o [u8], WireError> {
        let mut e = Encoder::new(Cursor::new(&mut *buffer));
        e.array(3)?.u8(0)?.encode(self.code)?.u32(self.retry_after_s)?;
        let length = e.writer().position();
        Ok(&buffer[..length])
    }

    /// Reads a refusal; `None` when the bytes are something else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut d = Decoder::new(bytes);
        let length = d.array().ok()??;
        if length < 2 || d.u8().ok()? != 0 {
            return None;
        }
        let code = d.decode().ok()?;
        let retry_after_s = if length > 2 { d.u32().ok()? } else { 0 };
        Some(Self { code, retry_after_s })
    }
}
