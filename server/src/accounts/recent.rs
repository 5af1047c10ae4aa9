//! Callers of the last second, so that a tablet's burst of requests asks the database once who it is.
//!
//! What this process changes (logout, lock, password, appointments) empties it at once; what another process
//! changes counts within [`FRESH`].

use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;

use crate::auth::Caller;
use crate::db::Timestamp;

/// How long an answer of the database is believed, in microseconds.
const FRESH: i64 = 1_000_000;

/// The most that are kept; beyond it the least useful go.
const MOST: usize = 20_000;

/// Who stood behind which token, and when the database said so.
pub struct Recent {
    callers: Cache<String, (Caller, Timestamp)>,
    generation: AtomicU64,
}

impl Default for Recent {
    fn default() -> Self {
        Self { callers: Cache::new(MOST), generation: AtomicU64::new(0) }
    }
}

impl Recent {
    /// The caller behind a token's digest, if the database was asked just now.
    pub fn get(&self, digest: &str, now: Timestamp) -> Option<Caller> {
        let (caller, at) = self.callers.get(digest)?;
        (0..FRESH).contains(&(now.0 - at.0)).then_some(caller)
    }

    /// To be read before the database is asked, and handed to [`Recent::keep`].
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Keeps what the database said, unless something has been forgotten since it was asked.
    pub fn keep(&self, digest: String, caller: Caller, now: Timestamp, generation: u64) {
        if generation == self.generation() {
            self.callers.insert(digest, (caller, now));
        }
    }

    /// To be called when an account, a session or an appointment has changed, before anybody is told.
    pub fn forget(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.callers.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        Caller {
            account: "1".to_owned(),
            login: "group".to_owned(),
            name: "组长".to_owned(),
            person: None,
            admin: None,
            held: Vec::new(),
        }
    }

    #[test]
    fn believes_for_a_second_and_no_longer() {
        let (recent, then) = (Recent::default(), Timestamp(5_000_000));
        recent.keep("a".to_owned(), caller(), then, recent.generation());
        assert!(recent.get("a", Timestamp(then.0 + FRESH - 1)).is_some());
        assert!(recent.get("a", Timestamp(then.0 + FRESH)).is_none());
        assert!(recent.get("a", Timestamp(then.0 - 1)).is_none(), "a clock that was set back");
        assert!(recent.get("b", then).is_none());
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept() {
        let (recent, now) = (Recent::default(), Timestamp(5_000_000));
        let generation = recent.generation();
        recent.forget();
        recent.keep("a".to_owned(), caller(), now, generation);
        assert!(recent.get("a", now).is_none());
        recent.keep("a".to_owned(), caller(), now, recent.generation());
        recent.forget();
        assert!(recent.get("a", now).is_none());
    }
}
