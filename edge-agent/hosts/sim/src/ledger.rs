//! What the devices acknowledged to their users, in a file that outlives them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Mutex;

use gengwei_proto::wire::{DeviceId, Epoch, Seq};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One acknowledged record, as in a line of `gengwei sync dump --json`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// The device's number.
    pub device: u32,
    /// The epoch of its journal.
    pub epoch: u32,
    /// The record's number in it.
    pub seq: u32,
    /// SHA-256 of the record's bytes, in hexadecimal.
    pub sha256: String,
}

/// A file with a line of JSON for each acknowledged record; lines are only ever added.
#[derive(Debug)]
pub struct Ledger(Mutex<File>);

impl Ledger {
    /// Opens the file for more lines, or makes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(path: &Path) -> io::Result<Self> {
        File::options().create(true).append(true).open(path).map(|file| Self(Mutex::new(file)))
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&self, device: DeviceId, epoch: Epoch, seq: Seq, record: &[u8]) -> io::Result<()> {
        let sha256 = hex::encode(Sha256::digest(record));
        let entry = Entry { device: device.0, epoch: epoch.0, seq: seq.0, sha256 };
        let line = serde_json::to_string(&entry)? + "\n";
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.write_all(line.as_bytes())
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// When it cannot be read or a line is something else.
    pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
        BufReader::new(File::open(path)?).lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
    }
}
