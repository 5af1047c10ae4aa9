//! Time and randomness come in from outside (invariant 8), so that a test can hold both still.
//!
//! [`Env`] is handed to whoever needs "now" or a new id; nobody else may ask the operating system, and
//! `clippy.toml` sees to it.

use std::sync::Arc;

use jiff::civil::Date;
use rand::TryRng;
use uuid::Uuid;

use crate::db::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Gives unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// The clock and the source of randomness that a process runs with.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Env {
    /// An environment of the given parts.
    pub fn new(clock: impl Clock + 'static, entropy: impl Entropy + 'static) -> Self {
        Self { clock: Arc::new(clock), entropy: Arc::new(entropy) }
    }

    /// The operating system's clock and randomness.
    pub fn system() -> Self {
        Self::new(SystemClock, SystemEntropy)
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Today's date in China (UTC+8, no summer time).
    pub fn today(&self) -> Date {
        self.now().date()
    }

    /// `N` random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A new UUIDv7: sorts by the time of its making.
    pub fn new_id(&self) -> String {
        let millis = (self.now().0 / 1_000).max(0).unsigned_abs();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.random()).into_uuid().to_string()
    }
}

/// Whether `text` is a UUID of version 7, the form in which clients make ids.
pub fn is_uuid_v7(text: &str) -> bool {
    text.len() == 36 && Uuid::parse_str(text).is_ok_and(|id| id.get_version_num() == 7)
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system's clock")]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_microsecond())
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        rand::rngs::SysRng.try_fill_bytes(buffer).expect("the operating system gives random bytes");
    }
}
