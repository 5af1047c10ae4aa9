//! Who a device is to the server.

use std::path::Path;

use anyhow::Context as _;
use gengwei_proto::wire::{Aes128Ccm, ChaCha20Poly1305, Cipher, DeviceId, Key, Sm4Ccm, SuiteId};
use serde::{Deserialize, Serialize};

/// A device's number and keys, as the server gives them at enrolment.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// The device's number.
    pub device: u32,
    /// Which of its keys these are.
    #[serde(default)]
    pub key: u8,
    /// The cipher suite's number.
    #[serde(rename = "suite_number", default = "sm4_ccm")]
    pub suite: u8,
    /// The key for what the device sends: 64 hexadecimal digits.
    pub up: String,
    /// The key for what the server sends.
    pub down: String,
}

fn sm4_ccm() -> u8 {
    SuiteId::Sm4Ccm as u8
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("device", &self.device).finish_non_exhaustive()
    }
}

/// The ciphers of both directions.
pub(crate) struct Keys {
    pub(crate) up: Box<dyn Cipher + Send>,
    pub(crate) down: Box<dyn Cipher + Send>,
}

impl Credentials {
    /// Reads a file with one JSON object a line.
    ///
    /// # Errors
    /// When it cannot be read or a line is something else.
    pub fn read(path: &Path) -> anyhow::Result<Vec<Self>> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| serde_json::from_str(line).context("a line is not a device's credentials")).collect()
    }

    pub(crate) fn id(&self) -> DeviceId {
        DeviceId(self.device)
    }

    /// # Errors
    /// When the suite is unknown or a key has another length.
    pub(crate) fn keys(&self) -> anyhow::Result<Keys> {
        let suite = SuiteId::from_number(self.suite).map_err(anyhow::Error::new)?;
        Ok(Keys { up: cipher(suite, &self.up)?, down: cipher(suite, &self.down)? })
    }
}

fn cipher(suite: SuiteId, hex: &str) -> anyhow::Result<Box<dyn Cipher + Send>> {
    let mut key = Key::default();
    hex::decode_to_slice(hex, &mut key).context("a key has 64 hexadecimal digits")?;
    Ok(match suite {
        SuiteId::Sm4Ccm => Box::new(Sm4Ccm::new(&key)),
        SuiteId::Aes128Ccm => Box::new(Aes128Ccm::new(&key)),
        SuiteId::ChaCha20Poly1305 => Box::new(ChaCha20Poly1305::new(&key)),
    })
}
