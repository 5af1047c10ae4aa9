//! QR posts and their labels.

mod drawing;
pub mod label;
pub mod qr;
pub mod sheet;
pub mod tag;
