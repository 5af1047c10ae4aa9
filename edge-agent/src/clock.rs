//! The clock of a device that has no calendar.
//!
//! It counts seconds since the boot, and boots. What the server says of the time places it, with an uncertainty: the
//! answer was written somewhere between the question and its arrival, the server tells whole seconds, and a crystal
//! drifts. Records made while that is small carry the date, so that a power cut before they are sent does not cost
//! them their place; the others carry seconds since the boot, and the server places them.

use gengwei_proto::wire::Time;

use crate::session::Millis;

/// A record carries the date when it is known this well.
pub const GOOD_ENOUGH: Millis = 30_000;

/// A watch crystal between −30 °C and 60 °C keeps within 200 ppm: one second in so many.
const DRIFT: Millis = 5_000;

/// Where the clock's count lies in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Placed {
    /// The count.
    at: Millis,
    /// Milliseconds since 1970-01-01 UTC then, the middle of what is possible.
    wall: Millis,
    /// How far off that may be to either side.
    within: Millis,
}

impl Placed {
    /// The same one later, less certain.
    fn later(self, now: Millis) -> Self {
        let passed = now.saturating_sub(self.at);
        Self { at: now, wall: self.wall + passed, within: self.within + passed / DRIFT }
    }
}

/// Seconds since boot, and the date once a server has told it.
#[derive(Debug, Clone)]
pub struct Clock {
    boot: u32,
    placed: Option<Placed>,
}

impl Clock {
    /// A clock that does not know the date. `boot` says how often the device has booted.
    #[must_use]
    pub const fn new(boot: u32) -> Self {
        Self { boot, placed: None }
    }

    /// The time for a frame: always since the boot, so that the server can place all that carries such a time.
    #[must_use]
    pub fn since_boot(&self, now: Millis) -> Time {
        Time::SinceBoot { boot: self.boot, seconds: (now / 1000) as u32 }
    }

    /// The time for a record: the date where it is known within [`GOOD_ENOUGH`].
    #[must_use]
    pub fn stamp(&self, now: Millis) -> Time {
        match self.wall(now) {
            Some((wall, within)) if within <= GOOD_ENOUGH => Time::Wall(wall / 1000),
            _ => self.since_boot(now),
        }
    }

    /// Milliseconds since 1970-01-01 UTC and how far off they may be; none before a server has told the time.
    #[must_use]
    pub fn wall(&self, now: Millis) -> Option<(Millis, Millis)> {
        self.placed.map(|placed| placed.later(now)).map(|placed| (placed.wall, placed.within))
    }

    /// Takes the server's time, in seconds since 1970-01-01 UTC, from an answer that came at `now` to a question sent
    /// at `asked`. A slow answer does not replace a better one, unless the two contradict each other: then the
    /// server's clock was set.
    pub fn place(&mut self, asked: Millis, now: Millis, server: u64) {
        let within = (now.saturating_sub(asked) + 1000) / 2;
        let told = Placed { at: now, wall: server.saturating_mul(1000).saturating_add(within), within };
        let is_better = self.placed.is_none_or(|placed| {
            let known = placed.later(now);
            told.within <= known.within || told.wall.abs_diff(known.wall) > told.within + known.within
        });
        if is_better {
            self.placed = Some(told);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: u64 = 1_795_449_600;

    #[test]
    fn a_clock_without_a_server_counts_from_its_boot() {
        let clock = Clock::new(7);
        assert_eq!(clock.stamp(86_400_999), Time::SinceBoot { boot: 7, seconds: 86_400 });
        assert_eq!(clock.wall(0), None);
    }

    #[test]
    fn the_true_time_is_always_within_what_is_said() {
        for (rtt, answered) in [(200, 0), (200, 199), (9000, 4500), (9000, 0), (9000, 8999)] {
            for part in [0, 999] {
                let mut clock = Clock::new(1);
                // The server wrote its answer `answered` ms after the question, at a time of which it tells the seconds.
                clock.place(5000, 5000 + rtt, SERVER);
                let truth = SERVER * 1000 + part + rtt - answered;
                let (wall, within) = clock.wall(5000 + rtt).expect("placed");
                assert!(wall.abs_diff(truth) <= within, "{rtt} {answered} {part}: {wall} ± {within}");
            }
        }
    }

    #[test]
    fn certainty_fades_and_a_record_then_counts_from_the_boot_again() {
        let mut clock = Clock::new(2);
        clock.place(0, 1000, SERVER);
        assert_eq!(clock.stamp(61_000), Time::Wall(SERVER + 61));
        let two_days = 2 * 86_400_000;
        assert_eq!(clock.stamp(two_days), Time::SinceBoot { boot: 2, seconds: 172_800 });
        assert_eq!(clock.since_boot(61_000), Time::SinceBoot { boot: 2, seconds: 61 });
    }

    #[test]
    fn a_slow_answer_replaces_no_better_one_unless_they_contradict() {
        let mut clock = Clock::new(1);
        clock.place(0, 100, SERVER);
        let known = clock.wall(10_000);
        clock.place(2000, 10_000, SERVER + 5);
        assert_eq!(clock.wall(10_000), known);
        clock.place(2000, 10_000, SERVER + 3600);
        assert_eq!(clock.wall(10_000), Some(((SERVER + 3600) * 1000 + 4500, 4500)));
    }
}
