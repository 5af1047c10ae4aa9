//! The agent on a warning post or a tablet: it queues what it sees and syncs it exactly once.
//!
//! Pure: no clock, no radio, no flash of its own. The host gives time, storage and datagrams.

#![no_std]

pub mod journal;
pub mod session;
