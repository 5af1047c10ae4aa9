//! The whole wire contract: codes, records, frames.
//!
//! The crate needs neither `std` nor an allocator, so that the server, a tablet and a warning post at a
//! field's edge all link the same rules.

#![no_std]

mod code;

pub use code::{CodeError, Level, ParcelCode, RegionCode};
