//! 耕卫 server.

pub mod crypto;
pub mod exchange;
pub mod geo;
pub mod posts;
