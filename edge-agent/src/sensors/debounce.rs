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
    /// None before the first look.
    is_active: Option<bool>,
    /// Since when the input is other than `is_active` says.
    since: Option<Millis>,
}

impl<P: InputPin> Debounced<P> {
    /// An input. What is active at the first look does not count before it has been idle: a PIR sensor that warms up, a
    /// button that was pressed when the power came.
    pub const fn new(pin: P, active_low: bool) -> Self {
        Self { pin, active_low, is_active: None, since: None }
    }

    /// Looks at the input; a change counts once it has held for `hold` milliseconds.
    ///
    /// # Errors
    /// When the pin cannot be read.
    pub fn poll(&mut self, now: Millis, hold: u16) -> Result<Option<Edge>, P::Error> {
        let is_active = self.pin.is_high()? != self.active_low;
        if *self.is_active.get_or_insert(is_active) == is_active {
            self.since = None;
            return Ok(None);
        }
        let since = *self.since.get_or_insert(now);
        if now.saturating_sub(since) < hold.into() {
            return Ok(None);
        }
        self.since = None;
        self.is_active = Some(is_active);
        Ok(Some(if is_active { Edge::Active } else { Edge::Idle }))
    }

    /// When to look again although the line does not change; none while it is quiet.
    #[must_use]
    pub fn poll_at(&self, hold: u16) -> Option<Millis> {
        self.since.map(|since| since + Millis::from(hold))
    }
}
