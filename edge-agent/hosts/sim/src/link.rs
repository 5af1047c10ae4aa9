//! What happens to datagrams on their way.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};

/// How bad the link is. Shares are of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// Datagrams that do not arrive.
    pub loss: f64,
    /// Datagrams that arrive twice.
    pub double: f64,
    /// Datagrams that arrive after later ones.
    pub reorder: f64,
    /// Datagrams in which a bit is turned.
    pub damage: f64,
    /// How long a datagram takes at least.
    pub delay: Duration,
    /// The mean time between two outages of the network; zero for none. Each lasts a fifth of that.
    pub outages: Duration,
}

impl Default for Weather {
    /// A good link.
    fn default() -> Self {
        Self {
            loss: 0.0,
            double: 0.0,
            reorder: 0.0,
            damage: 0.0,
            delay: Duration::ZERO,
            outages: Duration::ZERO,
        }
    }
}

/// A datagram that will arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) after: Duration,
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_damaged: bool,
}

/// One device's link, either direction.
#[derive(Debug)]
pub(crate) struct Link {
    weather: Weather,
    rng: StdRng,
    /// Where in its rhythm of outages this device began, 0 to 1.
    phase: f64,
}

impl Link {
    pub(crate) fn new(weather: Weather, mut rng: StdRng) -> Self {
        let phase = rng.random();
        Self { weather, rng, phase }
    }

    /// What arrives of these datagrams, earliest first, when they are sent at `time` after the start.
    pub(crate) fn carry(&mut self, time: Duration, datagrams: Vec<Vec<u8>>) -> Vec<Arrival> {
        if self.is_out(time) {
            return Vec::new();
        }
        let mut arrivals = Vec::new();
        for mut bytes in datagrams {
            if self.chance(self.weather.loss) {
                continue;
            }
            let mut is_damaged = false;
            if self.chance(self.weather.double) {
                arrivals.push(Arrival { after: self.delay(), bytes: bytes.clone(), is_damaged });
            }
            if self.chance(self.weather.damage) {
                let at = self.rng.next_u32() as usize;
                let length = bytes.len();
                bytes[at % length] ^= 1 << (at >> 16 & 7);
                is_damaged = true;
            }
            let late = if self.chance(self.weather.reorder) { 3 } else { 1 };
            arrivals.push(Arrival { after: self.delay() * late, bytes, is_damaged });
        }
        arrivals.sort_by_key(|arrival| arrival.after);
        arrivals
    }

    fn is_out(&self, time: Duration) -> bool {
        let rhythm = self.weather.outages.as_secs_f64();
        rhythm > 0.0 && (time.as_secs_f64() / rhythm + self.phase).fract() > 0.8
    }

    fn chance(&mut self, share: f64) -> bool {
        self.rng.random::<f64>() < share
    }

    fn delay(&mut self) -> Duration {
        self.weather.delay.mul_f64(1.0 + self.rng.random::<f64>() / 4.0)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn carried(weather: Weather) -> Vec<Arrival> {
        let sent = (0..1000u32).map(|n| n.to_be_bytes().to_vec()).collect();
        Link::new(weather, StdRng::seed_from_u64(1)).carry(Duration::ZERO, sent)
    }

    #[test]
    fn each_fault_comes_about_as_often_as_it_was_asked_for() {
        let near = |count: usize, expected: usize| count.abs_diff(expected) < 50;
        assert_eq!(carried(Weather::default()).len(), 1000);
        assert!(near(carried(Weather { loss: 0.2, ..Weather::default() }).len(), 800));
        assert!(near(carried(Weather { double: 0.1, ..Weather::default() }).len(), 1100));
        let damaged = carried(Weather { damage: 0.1, ..Weather::default() });
        assert!(near(damaged.iter().filter(|arrival| arrival.is_damaged).count(), 100));
        let delay = Duration::from_millis(100);
        let late = carried(Weather { reorder: 0.1, delay, ..Weather::default() });
        assert!(near(late.iter().filter(|arrival| arrival.after >= delay * 3).count(), 100));
    }

    #[test]
    fn in_an_outage_nothing_arrives() {
        let weather = Weather { outages: Duration::from_secs(10), ..Weather::default() };
        let mut link = Link::new(weather, StdRng::seed_from_u64(1));
        let arrived = |second: u64| link.carry(Duration::from_secs(second), vec![vec![0]]).len();
        assert_eq!((0..100).map(arrived).sum::<usize>(), 80);
    }
}
