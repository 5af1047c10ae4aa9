//! What a post feels: drivers over `embedded-hal`, and what makes an event of their readings.
//!
//! Nothing here waits. The host calls each sensor when its line changes and at the latest when it asked to be called
//! (`poll_at`), with the time and the settings in force, and records the events that come out.

mod battery;
mod button;
mod debounce;
mod lean;
mod lis2dh12;
mod pir;
mod shake;

use gengwei_proto::wire::{PostEvent, PostEventKind};

pub use battery::{Battery, Voltmeter};
pub use button::Button;
pub use debounce::{Debounced, Edge};
pub use lean::Lean;
pub use lis2dh12::{Lis2dh12, Lis2dh12Error};
pub use pir::Pir;
pub use shake::Shake;

/// Acceleration in mg along x, y and z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Acceleration(pub [i16; 3]);

impl Acceleration {
    /// The sum of the products of the axes, in mg².
    fn dot(self, other: Self) -> i32 {
        self.0.iter().zip(other.0).map(|(a, b)| i32::from(*a) * i32::from(b)).sum()
    }

    /// Its amount in mg.
    fn amount(self) -> u32 {
        self.dot(self).unsigned_abs().isqrt()
    }
}

fn event(kind: PostEventKind, value: i32) -> PostEvent {
    PostEvent { kind, value: Some(value) }
}
