use gengwei_proto::wire::{PostEvent, PostEventKind};

use super::event;
use crate::settings::Settings;

/// Measures a voltage. `embedded-hal` 1.0 has no trait for it.
pub trait Voltmeter {
    /// Why it could not measure.
    type Error;

    /// The voltage in millivolts, with what lies between the battery and the converter reckoned in.
    ///
    /// # Errors
    /// When the converter does not answer.
    fn millivolts(&mut self) -> Result<u16, Self::Error>;
}

/// How far the voltage must rise before the battery can be nearly empty once more: a new battery, not a warm day.
const RECOVERED_MV: u16 = 150;

/// How many measurements make one; the radio's bursts pull the voltage down for moments.
const AVERAGED: u16 = 4;

/// The post's battery.
#[derive(Debug)]
pub struct Battery<V> {
    voltmeter: V,
    is_low: bool,
}

impl<V: Voltmeter> Battery<V> {
    /// A battery behind this converter, not low so far.
    pub const fn new(voltmeter: V) -> Self {
        Self { voltmeter, is_low: false }
    }

    /// Measures: the millivolts, and an event when the battery has become nearly empty.
    ///
    /// # Errors
    /// When the converter does not answer.
    pub fn measure(&mut self, settings: &Settings) -> Result<(u16, Option<PostEvent>), V::Error> {
        let mut sum = 0;
        for _ in 0..AVERAGED {
            sum += u32::from(self.voltmeter.millivolts()?);
        }
        let millivolts = (sum / u32::from(AVERAGED)) as u16;
        let was_low = self.is_low;
        self.is_low = match was_low {
            true => millivolts < settings.low_battery_mv.saturating_add(RECOVERED_MV),
            false => millivolts < settings.low_battery_mv,
        };
        let became_low = self.is_low && !was_low;
        Ok((millivolts, became_low.then(|| event(PostEventKind::LOW_BATTERY, millivolts.into()))))
    }
}
