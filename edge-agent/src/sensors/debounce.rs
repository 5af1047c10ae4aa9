use embedded_hal::digital::InputPin;

use crate::session::Millis;

/// A change that has held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The input became active.
    Active,
    /// The input is no longer active.
    Idle,
}

/// A digital input whose changes count once they have held for a while.
#[derive(Debug)]
pub struct Debounced<P> {
    pin: P,
    active_low: bool,
    is_active: bool,
    /// Since when the input is other than `is_active` says.
    since: Option<Millis>,
}

impl<P: InputPin> Debounced<P> {
    /// An input that is idle so far.
    pub const fn new(pin: P, active_low: bool) -> Self {
        Self { pin, active_low, is_active: false, since: None }
    }

    /// Looks at the input; a change counts once it has held for `hold` milliseconds.
    ///
    /// # Errors
    /// When the pin cannot be read.
    pub fn poll(&mut self, now: Millis, hold: u16) -> Result<Option<Edge>, P::Error> {
        if (self.pin.is_high()? != self.active_low) == self.is_active {
            self.since = None;
            return Ok(None);
        }
        let since = *self.since.get_or_insert(now);
        if now.saturating_sub(since) < hold.into() {
            return Ok(None);
        }
        self.since = None;
        self.is_active = !self.is_active;
        Ok(Some(if self.is_active { Edge::Active } else { Edge::Idle }))
    }

    /// When to look again although the line does not change; none while it is quiet.
    #[must_use]
    pub fn poll_at(&self, hold: u16) -> Option<Millis> {
        self.since.map(|since| since + Millis::from(hold))
    }
}
