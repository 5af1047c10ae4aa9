//! The agent on a tablet, for a page in a browser. README.md says how a page uses it; this is its inside.
//!
//! Nothing here waits: the journal is held in memory, and each call returns what the page has to store, before it may
//! tell anybody of the call's result. When the page could not store it, it opens the agent anew from what it has.

pub mod abi;
mod agent;
mod journal;
mod records;
mod shapes;

pub use agent::Agent;
pub use journal::{Batch, TabletJournal};

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs a future of the agent to its end, which on a journal in memory is at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("memory never has to wait"),
    }
}
