//! The agent on a warning post or a tablet: it queues what it sees and syncs it exactly once.
//!
//! Pure: no clock, no radio, no flash of its own. The host gives time, storage and datagrams.

#![no_std]

pub mod clock;
pub mod coap;
pub mod journal;
#[cfg(feature = "post")]
pub mod post;
#[cfg(feature = "post")]
pub mod sensors;
pub mod session;
pub mod settings;
#[cfg(all(feature = "flash", feature = "post"))]
pub mod w25q;
