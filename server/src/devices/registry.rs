//! What the process remembers of devices, so that a frame is opened without asking the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use gengwei_proto::RegionCode;
use gengwei_proto::wire::{Cipher, SuiteId};
use quick_cache::sync::Cache;

use super::keys::Direction;
use super::{Kind, State, sql};
use crate::crypto::{CryptoProvider, Keyring};
use crate::db::Db;
use crate::error::{Problem, Result};

/// Devices that are kept in memory; the others are read when they speak.
const REMEMBERED: usize = 100_000;

/// A device as far as its frames are concerned.
pub struct Known {
    /// Its number.
    pub number: u32,
    /// What it is.
    pub kind: Kind,
    /// Where it belongs.
    pub unit: RegionCode,
    /// The post that it sits in.
    pub post: Option<i64>,
    /// The account that it speaks for.
    pub account: Option<String>,
    /// How it stands with us.
    pub state: State,
    /// The cursor of the last message meant for it.
    pub message: u32,
    /// Its keys that are good, the newest first.
    pub keys: Vec<KeyPair>,
}

/// The ciphers of the two directions.
pub struct KeyPair {
    /// Which of the device's keys.
    pub key: u8,
    /// What they are used with.
    pub suite: SuiteId,
    /// Opens what the device sends.
    pub up: Box<dyn Cipher + Send + Sync>,
    /// Seals what the server sends.
    pub down: Box<dyn Cipher + Send + Sync>,
}

impl Known {
    /// Whether a frame under this key ends older ones: the device has its new key for certain.
    pub fn supersedes(&self, key: u8) -> bool {
        self.keys.iter().any(|pair| pair.key < key)
    }
}

/// The devices that spoke lately. An entry is of a revision of the registry, so that a change of any device in any
/// process makes all of them be read again.
pub struct Registry {
    revision: AtomicI64,
    known: Cache<(i64, u32), Option<Arc<Known>>>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { revision: AtomicI64::new(0), known: Cache::new(REMEMBERED) }
    }
}

impl Registry {
    /// Notes the revision that the database is at.
    pub fn advance(&self, revision: i64) {
        self.revision.store(revision, Ordering::Relaxed);
    }

    /// The device with this number.
    pub async fn get(&self, db: &Db, keys: &Keyring, number: u32) -> Result<Option<Arc<Known>>> {
        // Read before the rows: they are of this revision or of a later one.
        let revision = self.revision.load(Ordering::Relaxed);
        let load = async { Ok(load(db, keys, number).await?.map(Arc::new)) };
        self.known.get_or_insert_async(&(revision, number), load).await
    }
}

async fn load(db: &Db, ring: &Keyring, number: u32) -> Result<Option<Known>> {
    let Some(device) = sql::find(db, i64::from(number)).await? else { return Ok(None) };
    let mut keys = Vec::new();
    for seed in sql::good_keys(db, device.number).await? {
        let seed = seed.into_seed().ok_or_else(|| Problem::internal("a device's key is not readable"))?;
        if !ring.knows(crate::crypto::Purpose::Device, seed.ring) {
            continue;
        }
        let up = seed.cipher(ring, Direction::Up).map_err(Problem::internal)?;
        let down = seed.cipher(ring, Direction::Down).map_err(Problem::internal)?;
        keys.push(KeyPair { key: seed.key, suite: seed.suite, up, down });
    }
    Ok(Some(Known {
        number,
        kind: device.kind.0,
        unit: device.unit.0,
        post: device.post,
        account: device.account_id,
        state: device.state.0,
        message: u32::try_from(device.message).unwrap_or(u32::MAX),
        keys,
    }))
}
