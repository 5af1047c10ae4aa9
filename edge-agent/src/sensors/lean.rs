use gengwei_proto::wire::{PostEvent, PostEventKind};

use super::{Acceleration, event};
use crate::session::Millis;
use crate::settings::Settings;

/// A post that leans stands again when it leans so many degrees less than what counts.
const STANDS_AGAIN: u8 = 3;

/// cos × 16,384 of 0 to 90 degrees.
const COSINES: [u16; 91] = cosines();

/// By the recurrence cos((n+1)°) = 2·cos 1°·cos(n°) − cos((n−1)°), in 2⁻⁶⁰.
const fn cosines() -> [u16; 91] {
    const ONE: i128 = 1 << 60;
    /// cos 1° in 2⁻⁶⁰.
    const COS_1: i128 = 1_152_745_909_077_394_653;
    let mut table = [0; 91];
    let (mut before, mut this, mut degree) = (COS_1, ONE, 0);
    while degree < 91 {
        table[degree] = ((this + (1 << 45)) >> 46) as u16;
        (before, this) = (this, ((2 * COS_1 * this) >> 60) - before);
        degree += 1;
    }
    table
}

/// Whether the post leans, told from the direction of gravity.
#[derive(Debug, Clone)]
pub struct Lean {
    upright: Acceleration,
    is_leaning: bool,
    /// Since when it is other than `is_leaning` says.
    since: Option<Millis>,
}

impl Lean {
    /// A post that stands. `upright` is what the sensor measures then; it says how the board is mounted.
    #[must_use]
    pub const fn new(upright: Acceleration) -> Self {
        Self { upright, is_leaning: false, since: None }
    }

    /// Whole degrees between gravity and upright, 0 to 180; none in free fall.
    #[must_use]
    pub fn degrees(&self, sample: Acceleration) -> Option<u8> {
        let amounts = u64::from(sample.amount() * self.upright.amount());
        let dot = sample.dot(self.upright);
        let cosine = (u64::from(dot.unsigned_abs()) << 14).checked_div(amounts)?;
        let acute = COSINES.partition_point(|known| u64::from(*known) >= cosine).saturating_sub(1) as u8;
        Some(if dot < 0 { 180 - acute } else { acute })
    }

    /// Takes a sample. Leaning counts once it has held for the debounce time.
    pub fn sample(&mut self, now: Millis, sample: Acceleration, settings: &Settings) -> Option<PostEvent> {
        let degrees = self.degrees(sample)?;
        let least = if self.is_leaning {
            settings.tilt_degrees.saturating_sub(STANDS_AGAIN)
        } else {
            settings.tilt_degrees
        };
        if (degrees >= least.max(1)) == self.is_leaning {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(now);
        if now.saturating_sub(since) < settings.debounce_ms.into() {
            return None;
        }
        self.since = None;
        self.is_leaning = !self.is_leaning;
        self.is_leaning.then(|| event(PostEventKind::TILT, degrees.into()))
    }

    /// Whether a change is about to count, so that samples should come quickly.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.since.is_some()
    }
}
