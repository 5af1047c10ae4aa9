use embedded_hal::digital::InputPin;
use gengwei_proto::wire::{PostEvent, PostEventKind};

use super::debounce::{Debounced, Edge};
use super::event;
use crate::session::Millis;
use crate::settings::Settings;

/// A passive infrared sensor: its line is active while warmth moves.
#[derive(Debug)]
pub struct Pir<P> {
    input: Debounced<P>,
    /// Until when motion is only counted.
    quiet: Millis,
    times: i32,
}

impl<P: InputPin> Pir<P> {
    /// A sensor on this pin.
    pub const fn new(pin: P, active_low: bool) -> Self {
        Self { input: Debounced::new(pin, active_low), quiet: 0, times: 0 }
    }

    /// Looks at the sensor. The event says how often it spoke since the last event, this time included.
    ///
    /// # Errors
    /// When the pin cannot be read.
    pub fn poll(&mut self, now: Millis, settings: &Settings) -> Result<Option<PostEvent>, P::Error> {
        if self.input.poll(now, settings.debounce_ms)? != Some(Edge::Active) {
            return Ok(None);
        }
        self.times += 1;
        if now < self.quiet {
            return Ok(None);
        }
        self.quiet = now + Millis::from(settings.motion_pause_s) * 1000;
        Ok(Some(event(PostEventKind::MOTION, core::mem::take(&mut self.times))))
    }

    /// When to look again although the line does not change.
    #[must_use]
    pub fn poll_at(&self, settings: &Settings) -> Option<Millis> {
        self.input.poll_at(settings.debounce_ms)
    }
}
