//! Sync: what devices send, exactly once.
//!
//! ```text
//! bytes → frame → open → records ─┐
//!   (any number of requests)      ├→ one job: inbox, what follows, audit → commit → sealed answers
//!                                 ┘
//! ```
//!
//! A record's identity is (device, epoch, seq): the inbox has it once, however often it arrives ([`store`]). What
//! cannot be applied is quarantined with its reason and acknowledged all the same, so that no record blocks a
//! queue (invariant 5). Requests that arrive while a transaction is under way share the next one ([`desk`]).

mod answer;
pub mod coap;
mod desk;
mod field;
mod http;
mod live;
mod place;
mod post;
pub mod quarantine;
mod receive;
pub mod sql;
mod store;
#[cfg(test)]
mod tests;

use axum::body::Bytes;
use gengwei_proto::wire::{Epoch, Refusal};

use crate::db::Db;
use crate::env::Env;
use crate::error::{self, Problem};
use crate::state::App;

pub use desk::Desk;
pub use field::file_unended;
pub use http::routes;

/// The most bytes of frames in one request.
pub const LARGEST: usize = 256 * 1024;

/// What became of the frames of a request.
#[derive(Debug)]
pub enum Outcome {
    /// Sealed answers, one after another.
    Answered(Bytes),
    /// Stored; no frame asked for an answer.
    Stored,
    /// Nothing was taken.
    Refused(Refusal),
}

/// Takes frames from a device and answers once what they bring is durable. An answer is no longer than `room`.
///
/// Frames that cannot be read or opened are counted and passed over; when there is no other, the first one's
/// refusal is the outcome.
pub async fn take(app: &App, mut bytes: Vec<u8>, room: usize) -> Outcome {
    match receive::receive(app, &mut bytes).await {
        Ok(received) if received.frames.is_empty() => Outcome::Refused(received.refusal()),
        Ok(received) => match exchange(app, received, room).await {
            Ok(answers) if answers.is_empty() => Outcome::Stored,
            Ok(answers) => Outcome::Answered(answers.into()),
            Err(problem) => busy(&problem),
        },
        Err(problem) => busy(&problem),
    }
}

async fn exchange(app: &App, received: receive::Received, room: usize) -> Result<Vec<u8>, Problem> {
    let mut waiting = Vec::new();
    let mut answers = Vec::new();
    for frame in received.frames {
        match desk::hand_in(app, frame).await? {
            desk::Handed::Push(push) => waiting.push(push),
            desk::Handed::Again(answer) => answers.extend_from_slice(&answer),
        }
    }
    // Of several frames of one device epoch that ask, the last is answered: it speaks for all of them.
    let mut asking: Vec<desk::Stored> = Vec::new();
    for push in waiting {
        let Some(stored) = push.stored().await? else { continue };
        asking.retain(|other| !other.same_journal(&stored));
        asking.push(stored);
    }
    for stored in &asking {
        answers.extend_from_slice(&answer::seal(app, stored, room).await?);
    }
    Ok(answers)
}

/// Nothing was stored; the device tries again.
fn busy(problem: &Problem) -> Outcome {
    if problem.kind() != error::UNAVAILABLE {
        tracing::error!(problem = problem.kind().name, "frames could not be stored");
    }
    receive::count("busy");
    Outcome::Refused(Refusal {
        code: gengwei_proto::wire::RefusalCode::BUSY,
        retry_after_s: u32::try_from(problem.seconds().unwrap_or(10)).unwrap_or(10),
    })
}

/// Begins a new life of the database: after a restore, so that devices send again what it lacks.
pub async fn begin_epoch(db: &Db, env: &Env) -> sqlx::Result<Epoch> {
    let epoch = Epoch(u32::from_be_bytes(env.random()));
    db.write(move |tx| async move { sql::set_epoch(&tx, epoch).await }).await?;
    Ok(epoch)
}
