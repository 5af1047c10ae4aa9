use gengwei_proto::wire::{PostEvent, PostEventKind};

use super::{Acceleration, event};
use crate::session::Millis;
use crate::settings::Settings;

/// So many samples within a [`SPELL`] must be over the threshold to be vibration: an engine, not a bird.
const SAMPLES: u8 = 3;

/// How long what is felt belongs together.
const SPELL: Millis = 2_000;

/// Who carries a post away shakes it for long: one alert is enough for so long.
const TAMPER_PAUSE: Millis = 60_000;

/// Vibration and tampering, told from how acceleration differs from what it is at rest.
#[derive(Debug, Clone, Default)]
pub struct Shake {
    /// What is measured at rest, × 16; follows slowly.
    rest: Option<[i32; 3]>,
    spell: Option<Spell>,
    /// Until when vibration is not told.
    quiet: Millis,
    /// Until when tampering is not told again.
    alerted: Millis,
}

#[derive(Debug, Clone, Copy)]
struct Spell {
    start: Millis,
    /// When it first was as strong as tampering.
    strong: Option<Millis>,
    samples: u8,
    /// In mg.
    peak: u32,
}

impl Shake {
    /// A post at rest.
    #[must_use]
    pub const fn new() -> Self {
        Self { rest: None, spell: None, quiet: 0, alerted: 0 }
    }

    /// How far a sample is from rest along the axis where it is farthest, in mg.
    fn deviation(&mut self, sample: Acceleration) -> u32 {
        let rest = self.rest.get_or_insert(sample.0.map(|axis| i32::from(axis) * 16));
        let mut most = 0;
        for (rest, axis) in rest.iter_mut().zip(sample.0) {
            let difference = i32::from(axis) - *rest / 16;
            most = most.max(difference.unsigned_abs());
            *rest += difference;
        }
        most
    }

    /// Takes a sample. Tampering is told once the debounce time is over, with the highest peak of that time;
    /// vibration when enough samples of a spell say so, and outside the pause after either.
    pub fn sample(&mut self, now: Millis, sample: Acceleration, settings: &Settings) -> Option<PostEvent> {
        let deviation = self.deviation(sample);
        if deviation >= settings.vibration_mg.into() {
            let spell = self.spell.get_or_insert(Spell { start: now, strong: None, samples: 0, peak: 0 });
            spell.samples = spell.samples.saturating_add(1);
            spell.peak = spell.peak.max(deviation);
            if deviation >= settings.tamper_mg.into() {
                spell.strong.get_or_insert(now);
            }
        }
        let spell = self.spell?;
        let kind = match spell.strong {
            Some(since) => (now >= self.alerted && now.saturating_sub(since) >= settings.debounce_ms.into())
                .then_some(PostEventKind::TAMPER),
            None => (spell.samples >= SAMPLES && now >= self.quiet).then_some(PostEventKind::VIBRATION),
        };
        if kind == Some(PostEventKind::TAMPER) {
            self.alerted = now + TAMPER_PAUSE;
        }
        if kind.is_some() {
            self.quiet = now + Millis::from(settings.motion_pause_s) * 1000;
        }
        if kind.is_some() || now.saturating_sub(spell.start) >= SPELL {
            self.spell = None;
        }
        kind.map(|kind| event(kind, spell.peak as i32))
    }

    /// Whether something is being felt, so that samples should come quickly.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.spell.is_some()
    }
}
