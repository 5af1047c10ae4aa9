//! A post's settings: built in, then amended by what comes down, whole or not at all.

use core::ops::RangeInclusive;

use gengwei_proto::wire::PostConfig;

use crate::session::{Millis, Policy};

/// All settings of a post, with the units of [`PostConfig`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Of the config that was applied last, 0 for what was built in.
    pub version: u32,
    /// Seconds between heartbeats.
    pub health_period_s: u32,
    /// Seconds before the first retry of an exchange that got no answer.
    pub retry_first_s: u32,
    /// The most seconds between retries.
    pub retry_most_s: u32,
    /// Degrees from upright at which the post leans.
    pub tilt_degrees: u8,
    /// Acceleration in mg that counts as vibration.
    pub vibration_mg: u16,
    /// Acceleration in mg that counts as tampering.
    pub tamper_mg: u16,
    /// Milliseconds for which an input must hold to count.
    pub debounce_ms: u16,
    /// Seconds after a motion or vibration event in which further ones are only counted.
    pub motion_pause_s: u16,
    /// Millivolts below which the battery is nearly empty.
    pub low_battery_mv: u16,
}

/// A setting is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfRange(
    /// The setting's name.
    pub &'static str,
);

impl core::fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} is out of its range", self.0)
    }
}

impl core::error::Error for OutOfRange {}

/// A month, in seconds: a post that is silent for longer is not at work.
const MONTH: u32 = 31 * 86_400;
/// The accelerometer measures up to 4 g, and tells 32 mg apart.
const MILLI_G: RangeInclusive<u32> = 32..=4000;

fn within(name: &'static str, value: u32, range: RangeInclusive<u32>) -> Result<(), OutOfRange> {
    if range.contains(&value) { Ok(()) } else { Err(OutOfRange(name)) }
}

impl Settings {
    /// These settings with what a config changes.
    ///
    /// # Errors
    /// [`OutOfRange`] when the outcome would not pass [`check`](Self::check): nothing is changed then.
    pub fn amended(self, config: &PostConfig) -> Result<Self, OutOfRange> {
        let amended = Self {
            version: config.version,
            health_period_s: config.health_period_s.unwrap_or(self.health_period_s),
            retry_first_s: config.retry_first_s.unwrap_or(self.retry_first_s),
            retry_most_s: config.retry_most_s.unwrap_or(self.retry_most_s),
            tilt_degrees: config.tilt_degrees.unwrap_or(self.tilt_degrees),
            vibration_mg: config.vibration_mg.unwrap_or(self.vibration_mg),
            tamper_mg: config.tamper_mg.unwrap_or(self.tamper_mg),
            debounce_ms: config.debounce_ms.unwrap_or(self.debounce_ms),
            motion_pause_s: config.motion_pause_s.unwrap_or(self.motion_pause_s),
            low_battery_mv: config.low_battery_mv.unwrap_or(self.low_battery_mv),
        };
        amended.check().map(|()| amended)
    }

    /// Whether every value is one that a post can work with.
    ///
    /// # Errors
    /// [`OutOfRange`] with the first that is not.
    pub fn check(&self) -> Result<(), OutOfRange> {
        within("health_period_s", self.health_period_s, 60..=MONTH)?;
        within("retry_first_s", self.retry_first_s, 1..=self.retry_most_s)?;
        within("retry_most_s", self.retry_most_s, 1..=MONTH)?;
        within("tilt_degrees", self.tilt_degrees.into(), 1..=90)?;
        within("vibration_mg", self.vibration_mg.into(), *MILLI_G.start()..=self.tamper_mg.into())?;
        within("tamper_mg", self.tamper_mg.into(), MILLI_G)?;
        within("debounce_ms", self.debounce_ms.into(), 1..=10_000)?;
        within("low_battery_mv", self.low_battery_mv.into(), 1000..=20_000)
    }

    /// All of them as a config; amending any settings by it gives these.
    #[must_use]
    pub const fn whole(&self) -> PostConfig {
        PostConfig {
            version: self.version,
            health_period_s: Some(self.health_period_s),
            retry_first_s: Some(self.retry_first_s),
            retry_most_s: Some(self.retry_most_s),
            tilt_degrees: Some(self.tilt_degrees),
            vibration_mg: Some(self.vibration_mg),
            tamper_mg: Some(self.tamper_mg),
            debounce_ms: Some(self.debounce_ms),
            motion_pause_s: Some(self.motion_pause_s),
            low_battery_mv: Some(self.low_battery_mv),
        }
    }

    /// How patient the session is. `answer` is how long the radio may take to bring one, and after `waits` of them
    /// an exchange is given up.
    #[must_use]
    pub fn policy(&self, answer: Millis, waits: u8) -> Policy {
        let millis = |seconds: u32| Millis::from(seconds) * 1000;
        Policy {
            answer,
            waits,
            retry_first: millis(self.retry_first_s),
            retry_most: millis(self.retry_most_s),
            period: millis(self.health_period_s),
        }
    }
}
