//! What leaves the house: notices to the city's messaging (宁政通, SMS, mail: whatever adapter listens), and
//! cases to the region's platform (R30), whose interface is not public.
//!
//! The outbox: a notice or a case that changed is found by its own row (`notices.sent`, `cases.sent_version`),
//! which stands in the transaction of the change; [`fill`] turns it into one delivery a channel. A delivery is
//! pushed at least once with its id as the idempotency key, again after longer and longer pauses, and lies
//! with the dead letters when the policy's attempts are used up, until a person sends it again. A channel
//! without an address collects its deliveries for a file package that somebody carries over. Receipts come back
//! in the answer to a push or by import, so that a township sees what has arrived.

pub mod channels;
mod fill;
mod http;
mod package;
mod push;
mod receipts;
pub mod sql;
#[cfg(test)]
mod tests;

use crate::cases::words;

pub use channels::{Channel, Channels};
pub use fill::fill;
pub use http::{routes, uploads};
pub use push::{Courier, push_due};

words! {
    /// Where a delivery stands.
    #[schema(as = DeliveryState)]
    State {
        Waiting = "waiting" "待发送",
        Packed = "packed" "已打包，待人工报送",
        Delivered = "delivered" "已送达，待回执",
        Dead = "dead" "发送失败，待人工处理",
        Accepted = "accepted" "对方已接收",
        Rejected = "rejected" "对方退回",
    }
}

words! {
    /// What a channel carries.
    #[schema(as = DeliverySubject)]
    Subject {
        Case = "case" "问题线索",
        Notice = "notice" "通知",
    }
}
