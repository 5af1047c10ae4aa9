//! 耕卫 server.

pub mod exchange;
pub mod geo;
pub mod posts;
