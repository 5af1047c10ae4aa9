//! Where records wait until the server has them.
//!
//! A journal numbers records, keeps them over power cuts, remembers what is acknowledged, and hands out frame
//! counters that never come twice. There are two backends: a post's flash ([`FlashJournal`]) and what a tablet's
//! host gives.

#[cfg(feature = "flash")]
mod flash;
#[cfg(feature = "flash")]
mod loss;
mod settled;
#[cfg(feature = "flash")]
mod words;

use core::fmt;

use gengwei_proto::wire::{Arrivals, Epoch, Priority, Seq};

#[cfg(feature = "flash")]
pub use flash::{FlashJournal, Layout};
pub use settled::Settled;

/// Why a journal could not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalError<E> {
    /// The storage failed. Nothing that was acknowledged is lost; try again.
    Storage(E),
    /// There is no room, and nothing that may be dropped for it.
    Full,
    /// The record is longer than this journal can hold.
    TooLong,
    /// The storage does not give back what was written.
    Damaged,
}

impl<E: fmt::Debug> fmt::Display for JournalError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(error) => write!(f, "the journal's storage failed: {error:?}"),
            Self::Full => f.write_str("the journal is full of records that may not be dropped"),
            Self::TooLong => f.write_str("the record is longer than the journal can hold"),
            Self::Damaged => f.write_str("the journal's storage does not give back what was written"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for JournalError<E> {}

/// A store of records. A future that was begun must be driven to its end: never `select!` over one.
#[expect(async_fn_in_trait, reason = "the agent runs on one task; nobody needs the futures to be Send")]
pub trait Journal {
    /// What the storage reports when it fails.
    type Error: fmt::Debug;

    /// This journal's life: the identity of a record is (device, epoch, seq).
    fn epoch(&self) -> Epoch;

    /// Which records the server has.
    fn settled(&self) -> &Settled;

    /// The number that the next record gets.
    fn next(&self) -> Seq;

    /// Stores a record durably and returns its number.
    ///
    /// # Errors
    /// After any error the record is not acknowledged to the caller, but it may survive all the same.
    async fn append(&mut self, priority: Priority, record: &[u8]) -> Result<Seq, JournalError<Self::Error>>;

    /// Shows the unsettled records of one priority from number `from` on, in ascending order, until `visitor` says
    /// `false`.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn visit(
        &mut self,
        priority: Priority,
        from: Seq,
        visitor: &mut dyn FnMut(Seq, &[u8]) -> bool,
    ) -> Result<(), JournalError<Self::Error>>;

    /// Takes an acknowledgement: all below `next` are settled, and the `arrivals` beyond it.
    ///
    /// # Errors
    /// When the storage cannot be written; the acknowledgement may be given again.
    async fn settle(&mut self, next: Seq, arrivals: Arrivals<'_>) -> Result<(), JournalError<Self::Error>>;

    /// Notes which epoch the server is in. When it is another than before, the server was set back: all that the
    /// journal still holds becomes unsettled and goes out again. Returns whether it was another, which it is not at the first meeting.
    ///
    /// # Errors
    /// When the storage cannot be written; the epoch may be noted again.
    async fn note_server(&mut self, epoch: Epoch) -> Result<bool, JournalError<Self::Error>>;

    /// A frame counter that was never handed out in this epoch, whatever happened to the power.
    ///
    /// # Errors
    /// When the storage cannot be written.
    async fn counter(&mut self) -> Result<u32, JournalError<Self::Error>>;
}

/// What a post's journal keeps beside the records.
#[expect(async_fn_in_trait, reason = "as for `Journal`")]
pub trait PostJournal: Journal {
    /// Counts a boot; returns how many there were in this epoch, this one included.
    ///
    /// # Errors
    /// When the storage fails; the count may be missing one then.
    async fn count_boot(&mut self) -> Result<u32, JournalError<Self::Error>>;

    /// Keeps a note in place of the one before, wholly or not at all. It has at most [`NOTE`] bytes.
    ///
    /// # Errors
    /// When the storage fails: the note is this one or the one before.
    async fn keep(&mut self, note: &[u8]) -> Result<(), JournalError<Self::Error>>;

    /// The note kept last, and how long it is; none in a new journal.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn kept(&mut self) -> Result<Option<([u8; NOTE], usize)>, JournalError<Self::Error>>;

    /// About how many bytes of records it can hold.
    fn capacity(&self) -> u32;
}

/// The longest note of a post in bytes.
pub const NOTE: usize = 64;
