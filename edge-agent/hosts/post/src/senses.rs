//! The sensors that the model names, together.

use gengwei_agent::sensors::{Battery, Button, Pir};
use gengwei_agent::session::Millis;
use gengwei_agent::settings::Settings;
use gengwei_proto::wire::PostEvent;

use crate::board::{self, Line};
use crate::model;

/// How often the battery is measured besides for a heartbeat: it takes hours to run down.
const BATTERY_EVERY: Millis = 6 * 3_600_000;

/// All that the post feels.
pub(crate) struct Senses {
    button: Option<Button<Line>>,
    pir: Option<Pir<Line>>,
    battery: Battery<board::Battery>,
    battery_at: Millis,
    /// In millivolts, when it was last measured.
    pub(crate) battery_mv: u16,
    #[cfg(accelerometer)]
    movement: movement::Movement,
}

impl Senses {
    pub(crate) fn new(settings: &Settings) -> Self {
        #[cfg(not(accelerometer))]
        let _ = settings;
        Self {
            button: model::BUTTON.map(|input| Button::new(Line::new(input.pin), input.active_low)),
            pir: model::PIR.map(|input| Pir::new(Line::new(input.pin), input.active_low)),
            battery: Battery::new(board::Battery::new()),
            battery_at: 0,
            battery_mv: 0,
            #[cfg(accelerometer)]
            movement: movement::Movement::new(settings),
        }
    }

    /// Looks at every sensor; `tell` takes what happened.
    pub(crate) fn poll(&mut self, now: Millis, settings: &Settings, mut tell: impl FnMut(PostEvent)) {
        if let Some(button) = &mut self.button {
            button.poll(now, settings).ok().flatten().into_iter().for_each(&mut tell);
        }
        if let Some(pir) = &mut self.pir {
            pir.poll(now, settings).ok().flatten().into_iter().for_each(&mut tell);
        }
        #[cfg(accelerometer)]
        self.movement.poll(now, settings, &mut tell);
        if now >= self.battery_at {
            self.measure(now, settings).into_iter().for_each(&mut tell);
        }
    }

    /// Measures the battery now.
    pub(crate) fn measure(&mut self, now: Millis, settings: &Settings) -> Option<PostEvent> {
        self.battery_at = now + BATTERY_EVERY;
        let (millivolts, event) = self.battery.measure(settings).ok()?;
        self.battery_mv = millivolts;
        event
    }

    /// When to look again although no line changes.
    pub(crate) fn poll_at(&self, settings: &Settings) -> Millis {
        let button = self.button.as_ref().and_then(|button| button.poll_at(settings));
        let pir = self.pir.as_ref().and_then(|pir| pir.poll_at(settings));
        let next = [button, pir].into_iter().flatten().fold(self.battery_at, Millis::min);
        #[cfg(accelerometer)]
        let next = next.min(self.movement.poll_at());
        next
    }
}

#[cfg(accelerometer)]
mod movement {
    use gengwei_agent::sensors::{Lean, Lis2dh12, Shake};
    use gengwei_agent::session::Millis;
    use gengwei_agent::settings::Settings;
    use gengwei_proto::wire::PostEvent;

    use crate::board::{Bus, Line};
    use crate::model;

    /// Between samples while something is felt: the chip measures ten times a second.
    const QUICK: Millis = 100;
    /// Between samples at rest; a post that is pushed over wakes the chip.
    const SLOW: Millis = 600_000;
    /// How long samples stay quick after the chip has felt something.
    const AWAKE: Millis = 2_000;

    /// What the accelerometer says.
    pub(super) struct Movement {
        chip: Lis2dh12<Bus, Line>,
        lean: Lean,
        shake: Shake,
        threshold_mg: u16,
        next: Millis,
        awake_until: Millis,
    }

    impl Movement {
        pub(super) fn new(settings: &Settings) -> Self {
            let model = model::ACCELEROMETER;
            let mut chip = Lis2dh12::new(Bus::new(), model.address, Line::new(model.interrupt));
            // A chip that does not answer is tried again with every sample.
            let is_started = chip.start(settings.vibration_mg).is_ok();
            Self {
                chip,
                lean: Lean::new(model.upright),
                shake: Shake::new(),
                threshold_mg: if is_started { settings.vibration_mg } else { 0 },
                next: 0,
                awake_until: 0,
            }
        }

        pub(super) fn poll(&mut self, now: Millis, settings: &Settings, tell: &mut impl FnMut(PostEvent)) {
            if self.threshold_mg != settings.vibration_mg && self.chip.start(settings.vibration_mg).is_ok() {
                self.threshold_mg = settings.vibration_mg;
            }
            if self.chip.has_stirred().unwrap_or(false) {
                self.awake_until = now + AWAKE;
                self.next = now;
            }
            if now < self.next {
                return;
            }
            match self.chip.acceleration() {
                Ok(sample) => {
                    self.lean.sample(now, sample, settings).into_iter().for_each(&mut *tell);
                    self.shake.sample(now, sample, settings).into_iter().for_each(&mut *tell);
                }
                // Started anew next time.
                Err(_) => self.threshold_mg = 0,
            }
            let is_quick = now < self.awake_until || self.lean.is_unsure() || self.shake.is_unsure();
            self.next = now + if is_quick { QUICK } else { SLOW };
        }

        pub(super) fn poll_at(&self) -> Millis {
            self.next
        }
    }
}
