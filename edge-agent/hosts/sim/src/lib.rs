//! Many devices on one machine: the agent of a post, each with a journal on a flash of its own, behind a link that
//! loses, delays, doubles, reorders and damages, and a power supply that fails in the middle of a write.
//!
//! Every device tells a [`Ledger`] what it promised its user to keep; whoever asks the server what it stored can then
//! say what was lost. The same fleet, on a good link, is a load generator.

mod carrier;
mod credentials;
mod device;
mod enrolment;
mod flash;
mod fleet;
mod ledger;
mod link;
mod records;

pub use carrier::Address;
pub use credentials::Credentials;
pub use enrolment::{Office, enrol};
pub use flash::{FileFlash, PAGE, PAGES, Power, PowerCut};
pub use fleet::{Options, Summary, run};
pub use ledger::{Entry, Ledger};
pub use link::Weather;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs a future of the agent to its end. A simulated flash never has to wait.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a simulated flash never has to wait"),
    }
}
