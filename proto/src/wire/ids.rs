//! The small things that records and frames are made of.

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};

/// A device's number in the server's registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct DeviceId(#[n(0)] pub u32);

/// One life of a journal, or of a server's database: a random number, drawn anew when either is lost or set back,
/// so that no record's identity and no nonce ever comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Epoch(#[n(0)] pub u32);

/// A record's number within its device's epoch, from 0 without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Seq(#[n(0)] pub u32);

impl Seq {
    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A patrol, sighting or task, named by whoever made it (UUIDv7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Uuid(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

/// When something happened, on the clock that the device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// Seconds since 1970-01-01 UTC.
    Wall(u64),
    /// The device has no idea of the date: the server places it by the frame's own time on the same clock.
    SinceBoot {
        /// How often the device has booted.
        boot: u32,
        /// Seconds since that boot.
        seconds: u32,
    },
}

impl<C> Encode<C> for Time {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        match *self {
            Self::Wall(seconds) => e.u64(seconds)?.ok(),
            Self::SinceBoot { boot, seconds } => e.array(2)?.u32(boot)?.u32(seconds)?.ok(),
        }
    }
}

impl<C> Decode<'_, C> for Time {
    fn decode(d: &mut Decoder<'_>, _: &mut C) -> Result<Self, Error> {
        if d.datatype()? != Type::Array {
            return Ok(Self::Wall(d.u64()?));
        }
        match d.array()? {
            Some(2) => Ok(Self::SinceBoot { boot: d.u32()?, seconds: d.u32()? }),
            _ => Err(Error::message("a time since boot has two parts")),
        }
    }
}

/// A place as a satellite receiver gives it (CGCS2000, which WGS 84 equals within its accuracy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Position {
    /// Degrees east × 10⁷.
    #[n(0)]
    pub longitude_e7: i32,
    /// Degrees north × 10⁷.
    #[n(1)]
    pub latitude_e7: i32,
    /// Radius of the stated accuracy in metres, rounded up.
    #[n(2)]
    pub accuracy_m: Option<u16>,
}

/// Declares an open set of numbers: the known ones have names, the others are carried as they are.
macro_rules! open_numbers {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $number:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] pub u8);

        impl $name {
            $($(#[$item_doc])* pub const $item: Self = Self($number);)+
        }
    };
}
pub(super) use open_numbers;
