//! The journal: in memory, with what changed since it was last stored.

use std::collections::BTreeMap;
use std::convert::Infallible;

use gengwei_agent::journal::{Journal, JournalError, Settled};
use gengwei_proto::wire::{Arrivals, Epoch, Priority, Seq};
use minicbor::{Decode, Encode};

/// The longest record in bytes: a note of two thousand characters, or a few hundred points of a track.
pub(crate) const MAX_RECORD: usize = 8 * 1024;

/// How many frame counters one stored state reserves.
const COUNTER_BLOCK: u32 = 64;

const STATE: &str = "state";
const RECORD: &str = "record:";

type Outcome<T> = Result<T, JournalError<Infallible>>;

/// What is stored beside the records.
#[derive(Debug, Clone, Copy, Encode, Decode)]
struct State {
    /// Drawn when the journal was made.
    #[n(0)]
    epoch: u32,
    /// All records below are settled.
    #[n(1)]
    base: u32,
    /// The number of the next record.
    #[n(2)]
    next: u32,
    /// The first frame counter that is not reserved.
    #[n(3)]
    reserved: u32,
    /// The server's epoch, once it is known.
    #[n(4)]
    server: Option<u32>,
    /// Up to where the server's messages are taken.
    #[n(5)]
    cursor: u32,
}

/// What is to be stored, all of it or nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Entries to write.
    pub put: Vec<(String, Vec<u8>)>,
    /// Keys to remove.
    pub remove: Vec<String>,
}

/// A tablet's journal. It keeps settled records while there is room, refuses new ones when there is none, and drops
/// nothing that the server lacks.
#[derive(Debug)]
pub struct TabletJournal {
    records: BTreeMap<Seq, Vec<u8>>,
    settled: Settled,
    next: Seq,
    epoch: Epoch,
    server: Option<Epoch>,
    cursor: u32,
    counter: u32,
    reserved: u32,
    used: usize,
    capacity: usize,
    batch: Batch,
    is_state_stored: bool,
}

fn key(seq: Seq) -> String {
    format!("{RECORD}{:010}", seq.0)
}

impl TabletJournal {
    /// Takes up what was stored; without anything stored, a new journal in the epoch `fresh`, a random number.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] when the entries are not what a journal stored.
    pub fn open<'e>(
        entries: impl IntoIterator<Item = (&'e str, &'e [u8])>,
        fresh: Epoch,
        capacity: usize,
    ) -> Outcome<Self> {
        let (mut state, mut records) = (None, BTreeMap::new());
        for (key, value) in entries {
            if key == STATE {
                state = Some(minicbor::decode::<State>(value).map_err(|_| JournalError::Damaged)?);
            } else if let Some(number) = key.strip_prefix(RECORD) {
                records.insert(Seq(number.parse().map_err(|_| JournalError::Damaged)?), value.to_vec());
            }
        }
        if state.is_none() && !records.is_empty() {
            return Err(JournalError::Damaged);
        }
        let is_state_stored = state.is_some();
        let state =
            state.unwrap_or(State { epoch: fresh.0, base: 0, next: 0, reserved: 0, server: None, cursor: 0 });
        if records.last_key_value().is_some_and(|(seq, _)| seq.0 >= state.next) {
            return Err(JournalError::Damaged);
        }
        Ok(Self {
            used: records.values().map(Vec::len).sum(),
            records,
            settled: Settled::below(Seq(state.base)),
            next: Seq(state.next),
            epoch: Epoch(state.epoch),
            server: state.server.map(Epoch),
            cursor: state.cursor,
            counter: state.reserved,
            reserved: state.reserved,
            capacity,
            batch: Batch::default(),
            is_state_stored,
        })
    }

    /// Up to where the server's messages are taken.
    pub fn cursor(&self) -> u32 {
        self.cursor
    }

    /// Notes that the messages up to this cursor are stored in the same batch.
    pub fn take_messages(&mut self, cursor: u32) {
        if cursor > self.cursor {
            self.cursor = cursor;
            self.is_state_stored = false;
        }
    }

    /// Bytes of records, and how many there may be.
    pub fn room(&self) -> (usize, usize) {
        (self.used, self.capacity)
    }

    /// How many records the server lacks.
    pub fn waiting(&self) -> usize {
        self.records.keys().filter(|seq| !self.settled.contains(**seq)).count()
    }

    /// Makes room for so many bytes by dropping settled records, oldest first.
    ///
    /// # Errors
    /// [`JournalError::Full`] when that is not enough; then nothing was dropped.
    pub fn make_room(&mut self, bytes: usize) -> Outcome<()> {
        let mut excess = (self.used + bytes).saturating_sub(self.capacity);
        let mut dropped = Vec::new();
        for (seq, record) in &self.records {
            if excess == 0 {
                break;
            }
            if self.settled.contains(*seq) {
                excess = excess.saturating_sub(record.len());
                dropped.push(*seq);
            }
        }
        if excess > 0 {
            return Err(JournalError::Full);
        }
        for seq in dropped {
            self.used -= self.records.remove(&seq).map_or(0, |record| record.len());
            self.batch.remove.push(key(seq));
        }
        Ok(())
    }

    /// What changed since the last call. Until it is stored nothing may go out.
    pub fn take_batch(&mut self) -> Batch {
        if !self.is_state_stored {
            let state = State {
                epoch: self.epoch.0,
                base: self.settled.base().0,
                next: self.next.0,
                reserved: self.reserved,
                server: self.server.map(|epoch| epoch.0),
                cursor: self.cursor,
            };
            let mut bytes = [0; 64];
            let mut e = minicbor::Encoder::new(minicbor::encode::write::Cursor::new(&mut bytes[..]));
            e.encode(state).expect("a state takes less than 64 bytes");
            let length = e.writer().position();
            self.batch.put.push((STATE.to_owned(), bytes[..length].to_vec()));
            self.is_state_stored = true;
        }
        std::mem::take(&mut self.batch)
    }

    fn lowest_unsettled(&self) -> Seq {
        self.records.keys().copied().find(|seq| !self.settled.contains(*seq)).unwrap_or(self.next)
    }
}

impl Journal for TabletJournal {
    type Error = Infallible;

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn settled(&self) -> &Settled {
        &self.settled
    }

    fn next(&self) -> Seq {
        self.next
    }

    async fn append(&mut self, _: Priority, record: &[u8]) -> Outcome<Seq> {
        if record.len() > MAX_RECORD {
            return Err(JournalError::TooLong);
        }
        self.make_room(record.len())?;
        let seq = self.next;
        self.next = seq.next();
        self.used += record.len();
        self.records.insert(seq, record.to_vec());
        self.batch.put.push((key(seq), record.to_vec()));
        self.is_state_stored = false;
        Ok(seq)
    }

    /// A person waits for nothing on a tablet: all records are routine.
    async fn visit(
        &mut self,
        priority: Priority,
        from: Seq,
        visitor: &mut dyn FnMut(Seq, &[u8]) -> bool,
    ) -> Outcome<()> {
        if priority == Priority::Routine {
            for (seq, record) in self.records.range(from.max(self.settled.base())..) {
                if !self.settled.contains(*seq) && !visitor(*seq, record) {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn settle(&mut self, next: Seq, arrivals: Arrivals<'_>) -> Outcome<()> {
        let before = self.settled.base();
        self.settled.add(next, arrivals, self.next);
        self.settled.advance(self.lowest_unsettled());
        self.is_state_stored &= self.settled.base() == before;
        Ok(())
    }

    async fn note_server(&mut self, epoch: Epoch) -> Outcome<bool> {
        let is_other = self.server.is_some_and(|known| known != epoch);
        if self.server != Some(epoch) {
            self.server = Some(epoch);
            self.is_state_stored = false;
        }
        if is_other {
            self.settled = Settled::below(self.records.keys().next().copied().unwrap_or(self.next));
        }
        Ok(is_other)
    }

    async fn counter(&mut self) -> Outcome<u32> {
        if self.counter == self.reserved {
            self.reserved = self.counter.checked_add(COUNTER_BLOCK).ok_or(JournalError::Full)?;
            self.is_state_stored = false;
        }
        self.counter += 1;
        Ok(self.counter - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now;

    const FRESH: Epoch = Epoch(7);

    fn append(journal: &mut TabletJournal, mark: u8) -> Outcome<Seq> {
        now(journal.append(Priority::Routine, &[mark; 10]))
    }

    fn shown(journal: &mut TabletJournal) -> Vec<u32> {
        let mut shown = Vec::new();
        now(journal.visit(Priority::Routine, Seq(0), &mut |seq, _| {
            shown.push(seq.0);
            true
        }))
        .unwrap();
        shown
    }

    /// Stores batches as a page would, and opens from them.
    #[derive(Default)]
    struct Page(BTreeMap<String, Vec<u8>>);

    impl Page {
        fn store(&mut self, batch: Batch) {
            self.0.extend(batch.put);
            batch.remove.iter().for_each(|key| _ = self.0.remove(key));
        }

        fn open(&self, fresh: Epoch) -> Outcome<TabletJournal> {
            let entries = self.0.iter().map(|(key, value)| (key.as_str(), value.as_slice()));
            TabletJournal::open(entries, fresh, 100)
        }
    }

    #[test]
    fn what_was_stored_is_there_again_and_what_was_not_is_as_if_it_never_was() {
        let mut page = Page::default();
        let mut journal = page.open(FRESH).unwrap();
        (0..3).for_each(|mark| _ = append(&mut journal, mark).unwrap());
        assert_eq!(now(journal.counter()), Ok(0));
        page.store(journal.take_batch());
        append(&mut journal, 3).unwrap();

        let mut journal = page.open(Epoch(8)).unwrap();
        assert_eq!((journal.epoch(), shown(&mut journal)), (FRESH, vec![0, 1, 2]));
        assert_eq!(now(journal.counter()), Ok(COUNTER_BLOCK), "those handed out before may have been used");
        assert_eq!(append(&mut journal, 4), Ok(Seq(3)));
    }

    #[test]
    fn a_full_journal_drops_what_the_server_has_and_refuses_the_rest() {
        let mut page = Page::default();
        let mut journal = page.open(FRESH).unwrap();
        (0..10).for_each(|mark| _ = append(&mut journal, mark).unwrap());
        assert_eq!(append(&mut journal, 10), Err(JournalError::Full));
        now(journal.settle(Seq(1), Arrivals(&[0b10]))).unwrap();
        assert_eq!(journal.make_room(21), Err(JournalError::Full));
        page.store(journal.take_batch());
        assert_eq!(page.0.len(), 11, "ten records and the state");
        assert_eq!(append(&mut journal, 11), Ok(Seq(10)));
        assert_eq!(append(&mut journal, 12), Ok(Seq(11)));
        assert_eq!(append(&mut journal, 13), Err(JournalError::Full));
        page.store(journal.take_batch());
        let mut journal = page.open(FRESH).unwrap();
        assert_eq!(shown(&mut journal), [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn a_server_that_was_set_back_gets_all_that_is_left() {
        let mut journal = Page::default().open(FRESH).unwrap();
        (0..4).for_each(|mark| _ = append(&mut journal, mark).unwrap());
        assert_eq!(now(journal.note_server(Epoch(1))), Ok(false));
        now(journal.settle(Seq(4), Arrivals(&[]))).unwrap();
        assert_eq!((shown(&mut journal).len(), journal.waiting()), (0, 0));
        assert_eq!(now(journal.note_server(Epoch(2))), Ok(true));
        assert_eq!(shown(&mut journal), [0, 1, 2, 3]);
    }

    #[test]
    fn entries_that_no_journal_stored_are_not_taken_for_one() {
        let record = [("record:0000000000", &[1][..])];
        assert_eq!(TabletJournal::open(record, FRESH, 100).err(), Some(JournalError::Damaged));
        let state = [("state", &[0xFF][..])];
        assert_eq!(TabletJournal::open(state, FRESH, 100).err(), Some(JournalError::Damaged));
    }
}
