//! Codes as numbers on the wire: 9 bytes with their CBOR head.

use minicbor::decode::{Decode, Decoder, Error};
use minicbor::encode::{self, Encode, Encoder, Write};

use super::{ParcelCode, RegionCode};

impl<C> Encode<C> for RegionCode {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.u64(self.number())?.ok()
    }
}

impl<C> Decode<'_, C> for RegionCode {
    fn decode(d: &mut Decoder<'_>, _: &mut C) -> Result<Self, Error> {
        Self::from_number(d.u64()?).map_err(|_| Error::message("no administrative code"))
    }
}

impl<C> Encode<C> for ParcelCode {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.u64(self.body_number())?.ok()
    }
}

impl<C> Decode<'_, C> for ParcelCode {
    fn decode(d: &mut Decoder<'_>, _: &mut C) -> Result<Self, Error> {
        Self::from_body_number(d.u64()?).map_err(|_| Error::message("no parcel code"))
    }
}
