//! The codes of places: administrative divisions (行政区划) and parcels (一地一码).

#[cfg(feature = "wire")]
mod cbor;
mod digits;
mod error;
mod parcel;
mod region;
#[cfg(feature = "serde")]
mod serde;

pub use error::CodeError;
pub use parcel::ParcelCode;
pub use region::{Level, RegionCode};
