//! The model that was built in: what `build.rs` made of its file.

#[cfg(accelerometer)]
use gengwei_agent::sensors::Acceleration;
use gengwei_agent::settings::Settings;

/// A pin: port A is 0.
#[derive(Clone, Copy)]
pub(crate) struct Pin {
    pub(crate) port: u8,
    pub(crate) number: u8,
}

/// A digital input.
#[derive(Clone, Copy)]
pub(crate) struct Input {
    pub(crate) pin: Pin,
    pub(crate) active_low: bool,
}

/// A LIS2DH12.
#[cfg(accelerometer)]
#[derive(Clone, Copy)]
pub(crate) struct Accelerometer {
    pub(crate) address: u8,
    pub(crate) interrupt: Pin,
    /// What it measures while the post stands.
    pub(crate) upright: Acceleration,
}

include!(concat!(env!("OUT_DIR"), "/model.rs"));
