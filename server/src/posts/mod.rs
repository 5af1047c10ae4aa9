//! QR posts and their labels.

pub mod qr;
pub mod tag;
