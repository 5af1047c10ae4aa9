use core::fmt;

/// Why bytes could not be written, read or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireError {
    /// The bytes are not what `gengwei.cddl` describes, or end too early.
    Malformed,
    /// The buffer, or the datagram, has no room for this. What was written before stands.
    Full,
    /// The frame names a suite that is not known here.
    UnknownSuite(u8),
    /// The frame was not sealed by the holder of the key, or has changed on its way.
    Forged,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the bytes do not have the form that the protocol describes"),
            Self::Full => f.write_str("the buffer has no room for this"),
            Self::UnknownSuite(number) => write!(f, "cipher suite {number} is not known here"),
            Self::Forged => f.write_str("the frame does not open with this key"),
        }
    }
}

impl core::error::Error for WireError {}

impl From<minicbor::decode::Error> for WireError {
    fn from(_: minicbor::decode::Error) -> Self {
        Self::Malformed
    }
}

impl<E> From<minicbor::encode::Error<E>> for WireError {
    fn from(_: minicbor::encode::Error<E>) -> Self {
        Self::Full
    }
}
