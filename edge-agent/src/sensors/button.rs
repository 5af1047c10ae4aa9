use embedded_hal::digital::InputPin;
use gengwei_proto::wire::{PostEvent, PostEventKind};

use super::debounce::{Debounced, Edge};
use super::event;
use crate::session::Millis;
use crate::settings::Settings;

/// For so long after the first press further ones belong to the same event: who wants help presses more than once.
const TOGETHER: Millis = 2_000;

/// The button that a passer-by presses.
#[derive(Debug)]
pub struct Button<P> {
    input: Debounced<P>,
    /// Until when presses are counted, and how many there were.
    pressed: Option<(Millis, i32)>,
}

impl<P: InputPin> Button<P> {
    /// A button on this pin.
    pub const fn new(pin: P, active_low: bool) -> Self {
        Self { input: Debounced::new(pin, active_low), pressed: None }
    }

    /// Looks at the button. The event comes when its time is over, with the number of presses.
    ///
    /// # Errors
    /// When the pin cannot be read.
    pub fn poll(&mut self, now: Millis, settings: &Settings) -> Result<Option<PostEvent>, P::Error> {
        if self.input.poll(now, settings.debounce_ms)? == Some(Edge::Active) {
            let (until, times) = self.pressed.unwrap_or((now + TOGETHER, 0));
            self.pressed = Some((until, times + 1));
        }
        let over = self.pressed.take_if(|(until, _)| now >= *until);
        Ok(over.map(|(_, times)| event(PostEventKind::BUTTON, times)))
    }

    /// When to look again although the line does not change.
    #[must_use]
    pub fn poll_at(&self, settings: &Settings) -> Option<Millis> {
        let over = self.pressed.map(|(until, _)| until);
        [self.input.poll_at(settings.debounce_ms), over].into_iter().flatten().min()
    }
}
