//! The whole wire contract: codes, records, frames.
//!
//! The crate needs neither `std` nor an allocator, so that the server, a tablet and a warning post at a
//! field's edge all link the same rules. What travels is written down for other languages in
//! `gengwei.cddl`, with golden bytes in `vectors/`.

#![no_std]

mod code;
#[cfg(feature = "wire")]
pub mod wire;

pub use code::{CodeError, Level, ParcelCode, RegionCode};
