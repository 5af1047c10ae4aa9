//! The whole wire contract: codes, records, frames.
