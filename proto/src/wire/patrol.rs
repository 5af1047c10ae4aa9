//! What a person on patrol records on a tablet.

use minicbor::{Decode, Encode};

use super::ids::open_numbers;
use super::{Position, Uuid};
use crate::{ParcelCode, RegionCode};

/// A patrol (巡查) begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PatrolStarted {
    /// Names the patrol in what follows.
    #[n(0)]
    pub patrol: Uuid,
    /// The unit that is patrolled.
    #[n(1)]
    pub region: RegionCode,
    /// The task that asked for it, when one did.
    #[n(2)]
    pub task: Option<Uuid>,
}

/// A patrol ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PatrolFinished<'b> {
    /// Which patrol.
    #[n(0)]
    pub patrol: Uuid,
    /// A remark for the ledger (巡查台账).
    #[b(1)]
    pub note: Option<&'b str>,
}

/// Something found (发现), on patrol or in passing; the server opens a case for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Sighting<'b> {
    /// Names the sighting, so that evidence can refer to it.
    #[n(0)]
    pub id: Uuid,
    /// What was found.
    #[n(1)]
    pub kind: SightingKind,
    /// The patrol on which it was found.
    #[n(2)]
    pub patrol: Option<Uuid>,
    /// The parcel, when its code is known.
    #[n(3)]
    pub parcel: Option<ParcelCode>,
    /// Where.
    #[n(4)]
    pub position: Option<Position>,
    /// Whether it was stopped on the spot (制止); absent when nothing was said.
    #[n(5)]
    pub stopped: Option<bool>,
    /// What the finder says.
    #[b(6)]
    pub note: Option<&'b str>,
}

open_numbers! {
    /// What a sighting is about, in the words of the notice.
    SightingKind {
        /// Anything else.
        OTHER = 0,
        /// 非农化: farmland put to a use that is not agriculture.
        NON_AGRICULTURAL = 1,
        /// 非粮化: farmland that no longer grows grain.
        NON_GRAIN = 2,
        /// 撂荒: farmland left untilled.
        ABANDONED = 3,
        /// 乱占耕地建房: a house on farmland; goes to village and township at once.
        ILLEGAL_HOUSE = 4,
        /// 设施超标: an agricultural facility larger than or other than filed.
        OVERSIZED_FACILITY = 5,
        /// 农田设施损坏: a damaged field facility.
        DAMAGED_FACILITY = 6,
        /// 标识牌或警示桩损坏: a damaged sign or warning post.
        DAMAGED_SIGN = 7,
    }
}

/// A photo or another file that the tablet holds and uploads by itself; this ties it to what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct EvidenceReference {
    /// The sighting, patrol or task that it belongs to.
    #[n(0)]
    pub subject: Uuid,
    /// SHA-256 of the file's original bytes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub sha256: [u8; 32],
    /// The file's length in bytes.
    #[n(2)]
    pub length: u32,
    /// What kind of file it is.
    #[n(3)]
    pub media: MediaKind,
    /// Where the camera stood.
    #[n(4)]
    pub position: Option<Position>,
    /// Where it looked, in whole degrees from north (方位角, PSJD).
    #[n(5)]
    pub azimuth: Option<u16>,
}

open_numbers! {
    /// The kind of a file.
    MediaKind {
        /// image/jpeg
        JPEG = 1,
        /// image/webp
        WEBP = 2,
        /// video/mp4
        MP4 = 3,
        /// audio, any
        AUDIO = 4,
    }
}
