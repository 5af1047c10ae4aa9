//! Sealing: one trait, so that a certified cryptographic module (密码模块) can take a suite's place.

use super::WireError;

/// A frame's nonce: the sender's epoch and the frame's counter. Never the same twice under one key, because an epoch
/// is drawn anew when a counter could be set back.
pub type Nonce = [u8; 12];

/// A key's bytes. The suites with 128-bit keys use the first 16. A device has one key for each direction.
pub type Key = [u8; 32];

/// The longest tag of any suite in bytes.
pub const MAX_TAG: usize = 16;

/// A suite's number in a frame. 0 is never a suite: it marks a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SuiteId {
    /// SM4-CCM (RFC 8998) with a tag of 8 bytes.
    Sm4Ccm = 1,
    /// AES-128-CCM (RFC 6655) with a tag of 8 bytes.
    Aes128Ccm = 2,
    /// ChaCha20-Poly1305 (RFC 8439), its tag is 16 bytes.
    ChaCha20Poly1305 = 3,
}

impl SuiteId {
    /// The suite of a number.
    ///
    /// # Errors
    /// [`WireError::UnknownSuite`].
    pub fn from_number(number: u8) -> Result<Self, WireError> {
        [Self::Sm4Ccm, Self::Aes128Ccm, Self::ChaCha20Poly1305]
            .into_iter()
            .find(|suite| *suite as u8 == number)
            .ok_or(WireError::UnknownSuite(number))
    }

    /// How many bytes a sealed message is longer.
    ///
    /// 8 bytes are what OSCORE takes on the same kind of radio: whoever guesses has one try in 2⁶⁴, each of them a
    /// frame that the server counts.
    #[must_use]
    pub const fn tag_length(self) -> usize {
        match self {
            Self::Sm4Ccm | Self::Aes128Ccm => 8,
            Self::ChaCha20Poly1305 => MAX_TAG,
        }
    }
}

/// A cipher suite with a key.
pub trait Cipher {
    /// Which suite it is.
    fn suite(&self) -> SuiteId;

    /// Encrypts `message` in place and writes the tag over it and `aad` into `tag`, which has the suite's length.
    ///
    /// # Errors
    /// [`WireError::Full`] when the message is longer than the suite can seal.
    fn seal(&self, nonce: &Nonce, aad: &[u8], message: &mut [u8], tag: &mut [u8]) -> Result<(), WireError>;

    /// Checks the tag and decrypts `message` in place. After an error the message's bytes mean nothing.
    ///
    /// # Errors
    /// [`WireError::Forged`] when the tag does not match.
    fn open(&self, nonce: &Nonce, aad: &[u8], message: &mut [u8], tag: &[u8]) -> Result<(), WireError>;
}

/// Declares a suite over an implementation of `aead::AeadInOut`.
macro_rules! suite {
    ($feature:literal, $(#[$doc:meta])* $name:ident, $aead:ty) => {
        $(#[$doc])*
        #[cfg(feature = $feature)]
        pub struct $name($aead);

        #[cfg(feature = $feature)]
        impl $name {
            /// The suite with this key.
            #[must_use]
            pub fn new(key: &Key) -> Self {
                let mut short = aead::Key::<$aead>::default();
                let length = short.len();
                short.copy_from_slice(&key[..length]);
                Self(<$aead as aead::KeyInit>::new(&short))
            }
        }

        #[cfg(feature = $feature)]
        impl Cipher for $name {
            fn suite(&self) -> SuiteId {
                SuiteId::$name
            }

            fn seal(&self, nonce: &Nonce, aad: &[u8], message: &mut [u8], tag: &mut [u8]) -> Result<(), WireError> {
                let made = aead::AeadInOut::encrypt_inout_detached(&self.0, &(*nonce).into(), aad, message.into())
                    .map_err(|_| WireError::Full)?;
                tag.copy_from_slice(&made);
                Ok(())
            }

            fn open(&self, nonce: &Nonce, aad: &[u8], message: &mut [u8], tag: &[u8]) -> Result<(), WireError> {
                let tag = tag.try_into().map_err(|_| WireError::Forged)?;
                aead::AeadInOut::decrypt_inout_detached(&self.0, &(*nonce).into(), aad, message.into(), tag)
                    .map_err(|_| WireError::Forged)
            }
        }

        #[cfg(feature = $feature)]
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(key withheld)"))
            }
        }
    };
}

suite! {
    "sm4-ccm",
    /// SM4-CCM, the default.
    Sm4Ccm, ccm::Ccm<sm4::Sm4, aead::consts::U8, aead::consts::U12>
}
suite! {
    "aes-ccm",
    /// AES-128-CCM, for a radio module or a processor that has AES in hardware.
    Aes128Ccm, ccm::Ccm<aes::Aes128, aead::consts::U8, aead::consts::U12>
}
suite! {
    "chacha20-poly1305",
    /// ChaCha20-Poly1305, the fastest without hardware.
    ChaCha20Poly1305, chacha20poly1305::ChaCha20Poly1305
}
