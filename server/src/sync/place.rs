//! When a record happened, by our clock.

use std::collections::BTreeMap;

use gengwei_proto::wire::Time;

use crate::db::Timestamp;

/// A wall clock that is off by no more than this is taken for right.
const TRUSTED_SECONDS: i64 = 300;
/// A post's crystal runs off by a second in so many at the most.
const DRIFT: i64 = 10_000;

/// A moment and by how many seconds it may be off; none when it may have been any time before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) at: Timestamp,
    pub(super) spread: Option<i64>,
}

/// When the device booted, if the frame says so: its boot count and the moment.
pub(super) fn boot(now: Time, received: Timestamp) -> Option<(u32, Timestamp)> {
    match now {
        Time::SinceBoot { boot, seconds } => Some((boot, received.plus_seconds(-i64::from(seconds)))),
        Time::Wall(_) => None,
    }
}

/// Places a record's time. `now` is the frame's on the same clock, `received` ours when it arrived, `boots` what is
/// known of the device's boots, this frame's among them. Nothing happened after it was told of.
pub(super) fn place(
    time: Option<Time>,
    now: Time,
    received: Timestamp,
    boots: &BTreeMap<u32, Timestamp>,
) -> Placed {
    let placed = match time {
        None => Placed { at: received, spread: None },
        Some(Time::Wall(seconds)) => {
            let off = match now {
                Time::Wall(now) => received.seconds_since(wall(now)),
                Time::SinceBoot { .. } => 0,
            };
            let off = if off.abs() > TRUSTED_SECONDS { off } else { 0 };
            Placed { at: wall(seconds).plus_seconds(off), spread: Some(off.abs()) }
        }
        Some(Time::SinceBoot { boot, seconds }) => match boots.get(&boot) {
            Some(started) => {
                let at = started.plus_seconds(seconds.into());
                Placed { at, spread: Some(1 + received.seconds_since(at).max(0) / DRIFT) }
            }
            // Before the next boot that we know of.
            None => {
                let next = boots.range(boot..).next().map_or(received, |(_, started)| *started);
                Placed { at: next, spread: None }
            }
        },
    };
    Placed { at: placed.at.min(received), ..placed }
}

fn wall(seconds: u64) -> Timestamp {
    Timestamp(0).plus_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED: Timestamp = Timestamp(1_795_449_600_000_000);

    fn since(boot: u32, seconds: u32) -> Time {
        Time::SinceBoot { boot, seconds }
    }

    #[test]
    fn a_post_without_a_date_is_placed_by_the_frame() {
        let now = since(3, 1_000);
        let boots = boot(now, RECEIVED).into_iter().collect();
        let placed = place(Some(since(3, 400)), now, RECEIVED, &boots);
        assert_eq!(placed, Placed { at: RECEIVED.plus_seconds(-600), spread: Some(1) });
    }

    #[test]
    fn a_record_of_an_earlier_boot_is_placed_if_that_boot_was_heard_of() {
        let now = since(3, 1_000);
        let mut boots: BTreeMap<_, _> = boot(now, RECEIVED).into_iter().collect();
        let unknown = place(Some(since(2, 50)), now, RECEIVED, &boots);
        assert_eq!(unknown, Placed { at: RECEIVED.plus_seconds(-1_000), spread: None });
        boots.insert(2, RECEIVED.plus_seconds(-90_000));
        let known = place(Some(since(2, 50)), now, RECEIVED, &boots);
        assert_eq!(known, Placed { at: RECEIVED.plus_seconds(-89_950), spread: Some(9) });
    }

    #[test]
    fn a_wall_clock_that_is_off_is_put_right() {
        let seconds = 1_795_449_600;
        let placed = |now, time| place(Some(Time::Wall(time)), Time::Wall(now), RECEIVED, &BTreeMap::new());
        assert_eq!(
            placed(seconds - 20, seconds - 90),
            Placed { at: RECEIVED.plus_seconds(-90), spread: Some(0) }
        );
        let early = placed(seconds - 86_400, seconds - 86_460);
        assert_eq!(early, Placed { at: RECEIVED.plus_seconds(-60), spread: Some(86_400) });
        assert_eq!(placed(seconds, u64::MAX).at, RECEIVED, "nothing happens in the future");
    }
}
