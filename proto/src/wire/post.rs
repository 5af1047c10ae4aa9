//! What a QR warning post (二维码警示桩) records by itself, and what any device says about its journal and config.

use minicbor::{Decode, Encode};

use super::Seq;
use super::ids::open_numbers;

/// A post's heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct PostHealth {
    /// Battery in millivolts.
    #[n(0)]
    pub battery_mv: u16,
    /// How full the journal is, 0 to 100 percent.
    #[n(1)]
    pub journal_percent: u8,
    /// The version of the config in force, 0 for the one that was built in.
    #[n(2)]
    pub config: u32,
    /// The firmware's version: major × 10 000 + minor × 100 + patch.
    #[n(3)]
    pub firmware: u32,
    /// Degrees Celsius inside the post.
    #[n(4)]
    pub temperature_c: Option<i8>,
    /// The radio's signal (RSRP) in dBm.
    #[n(5)]
    pub signal_dbm: Option<i16>,
}

/// A post's sensor or button spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PostEvent {
    /// Which.
    #[n(0)]
    pub kind: PostEventKind,
    /// How much, in the kind's unit.
    #[n(1)]
    pub value: Option<i32>,
}

open_numbers! {
    /// What a post noticed, and the unit of the event's value.
    PostEventKind {
        /// The enclosure was opened or the post pulled; value: peak acceleration in mg.
        TAMPER = 1,
        /// The post leans; value: degrees from upright.
        TILT = 2,
        /// Someone pressed the button; value: times within the debounce window.
        BUTTON = 3,
        /// The PIR sensor saw warmth move; value: times since the last such event.
        MOTION = 4,
        /// Vibration, as of an excavator; value: peak acceleration in mg.
        VIBRATION = 5,
        /// The battery is nearly empty; value: millivolts.
        LOW_BATTERY = 6,
    }
}

/// Records that this device made and can never send. The numbers between `first` and `last` that the server does
/// not get are the lost ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct JournalLoss {
    /// The first lost record.
    #[n(0)]
    pub first: Seq,
    /// The last lost record.
    #[n(1)]
    pub last: Seq,
    /// How many were lost.
    #[n(2)]
    pub count: u32,
    /// Why.
    #[n(3)]
    pub cause: LossCause,
}

open_numbers! {
    /// Why records were lost.
    LossCause {
        /// The journal was full: the oldest routine records made room.
        FULL = 1,
        /// The flash did not give back what was written.
        DAMAGED = 2,
    }
}

/// A config came down and this is what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ConfigAcknowledged {
    /// The config's version.
    #[n(0)]
    pub version: u32,
    /// What became of it.
    #[n(1)]
    pub outcome: ConfigOutcome,
}

open_numbers! {
    /// What became of a config.
    ConfigOutcome {
        /// In force.
        APPLIED = 0,
        /// Refused: a value is out of its range. The former config stays in force.
        OUT_OF_RANGE = 1,
    }
}
