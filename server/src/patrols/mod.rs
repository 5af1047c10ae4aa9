//! Patrols (巡查, R17, R29): who went where, what he saw and what he did about it; the ledger (巡查台账, R31).
//!
//! A patrol is filed whole, once, under an id that the client made: the same body again is the same patrol.
//! It is never changed; there is no route that could. Each sighting opens a case.

mod body;
pub(crate) mod file;
mod http;
mod ledger;
mod plan;
pub mod sql;
#[cfg(test)]
mod tests;

pub use body::{Action, Datum, Deed, NewPatrol, NewSighting};
pub use file::{Filed, file};
pub use http::routes;
