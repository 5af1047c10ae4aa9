//! A device's two keys, derived when its code is handed in and again whenever they are needed.

use gengwei_proto::wire::{Aes128Ccm, ChaCha20Poly1305, Cipher, Key, Sm4Ccm, SuiteId};
use zeroize::Zeroizing;

use crate::crypto::{CryptoError, CryptoProvider, KeyVersion, Purpose};

/// Bytes of the salt that is drawn at enrolment.
pub const SALT: usize = 16;

/// What one enrolment's keys follow from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The device's number.
    pub device: u32,
    /// Which of its keys.
    pub key: u8,
    /// What they are used with; a key never serves two suites.
    pub suite: SuiteId,
    /// Random, so that no two enrolments share a key, even when an old backup brings a number back.
    pub salt: [u8; SALT],
    /// Which of the server's device keys.
    pub ring: KeyVersion,
}

/// Who seals with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The device.
    Up = 0,
    /// The server.
    Down = 1,
}

impl Seed {
    /// The key of a direction: HMAC-SM3 under the server's device key.
    ///
    /// # Errors
    /// When the keyring has no such key any more.
    pub fn derive(
        &self,
        keys: &impl CryptoProvider,
        direction: Direction,
    ) -> Result<Zeroizing<Key>, CryptoError> {
        let device = self.device.to_be_bytes();
        let numbers = [self.key, self.suite as u8];
        let message: [&[u8]; 5] =
            [b"gengwei device", &[direction as u8], &device, &numbers[..1], &numbers[1..]];
        let message = [message.concat(), self.salt.to_vec()].concat();
        Ok(Zeroizing::new(keys.mac(Purpose::Device, self.ring, &message)?))
    }

    /// The cipher of a direction.
    ///
    /// # Errors
    /// As [`Seed::derive`].
    pub fn cipher(
        &self,
        keys: &impl CryptoProvider,
        direction: Direction,
    ) -> Result<Box<dyn Cipher + Send + Sync>, CryptoError> {
        let key = self.derive(keys, direction)?;
        Ok(match self.suite {
            SuiteId::Sm4Ccm => Box::new(Sm4Ccm::new(&key)),
            SuiteId::Aes128Ccm => Box::new(Aes128Ccm::new(&key)),
            SuiteId::ChaCha20Poly1305 => Box::new(ChaCha20Poly1305::new(&key)),
        })
    }
}

/// A suite's name in JSON, and its number on the wire.
pub const SUITES: [(&str, SuiteId); 3] = [
    ("sm4-ccm", SuiteId::Sm4Ccm),
    ("aes-128-ccm", SuiteId::Aes128Ccm),
    ("chacha20-poly1305", SuiteId::ChaCha20Poly1305),
];

/// The name of a suite.
pub fn suite_name(suite: SuiteId) -> &'static str {
    SUITES.iter().find(|(_, id)| *id == suite).map_or("", |(name, _)| name)
}
