//! Records that could not be applied: acknowledged, kept with the reason, shown to somebody who can mend them
//! (invariant 5).

mod http;
mod mend;
pub mod sql;

use crate::cases::words;

use super::store::Item;
use crate::db::Timestamp;

pub use http::routes;
pub use mend::{dismiss, retry};

words! {
    /// Why a record could not be applied.
    #[schema(as = QuarantineReason)]
    Reason {
        UnknownKind = "unknown_kind" "不认识的记录类型",
        Malformed = "malformed" "记录格式有误",
        Conflict = "conflict" "同一编号下已有另一条记录",
        Refused = "refused" "无法入账",
    }
}

words! {
    /// What became of a record in quarantine.
    #[schema(as = QuarantineState)]
    State {
        Waiting = "waiting" "待处理",
        Applied = "applied" "已入账",
        Dismissed = "dismissed" "已作废",
    }
}

/// A record that goes to the quarantine.
pub(super) struct Kept {
    device: u32,
    epoch: u32,
    seq: u32,
    unit: String,
    kind: i64,
    at: Timestamp,
    bytes: Vec<u8>,
    reason: Reason,
    detail: String,
}

impl Kept {
    pub(super) fn new(item: &Item<'_>, reason: Reason, detail: &str) -> Self {
        Self {
            device: item.device.number,
            epoch: item.epoch,
            seq: item.record.seq,
            unit: item.device.unit.as_str().to_owned(),
            kind: item.record.kind,
            at: item.placed.at,
            bytes: item.record.bytes.clone(),
            reason,
            // What a database cannot hold must not come back in the reason.
            detail: detail.replace('\0', "\u{fffd}"),
        }
    }

    /// The reason in a sentence.
    pub(super) fn why(&self) -> String {
        if self.detail.is_empty() {
            self.reason.title().to_owned()
        } else {
            format!("{}：{}", self.reason.title(), self.detail)
        }
    }

    /// Whether it is one of these.
    pub(super) fn is_one_of(&self, items: &[Item<'_>]) -> bool {
        let is_it = |item: &Item<'_>| {
            (item.device.number, item.epoch, item.record.seq) == (self.device, self.epoch, self.seq)
        };
        items.iter().any(is_it)
    }
}
