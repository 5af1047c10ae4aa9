//! Counting what a full journal dropped.

use gengwei_proto::wire::{JournalLoss, Kind, Seq, peek_record, read_fields};

use super::Settled;

/// Where the records end that a loss record accounts for; none for another record.
pub(super) fn loss_end(record: &[u8]) -> Option<Seq> {
    if peek_record(record).ok()?.1 != Kind::JOURNAL_LOSS {
        return None;
    }
    read_fields(record).ok().map(|loss: JournalLoss| loss.last.next())
}

/// Counts numbers that were given to records which are gone.
pub(super) struct Lost {
    pub(super) settled: Settled,
    pub(super) cursor: Seq,
    pub(super) count: u32,
    /// The first and the last of them.
    pub(super) ends: Option<(Seq, Seq)>,
}

impl Lost {
    /// The numbers from the cursor up to `end` are gone; those among them that the server has are not lost.
    pub(super) fn add_until(&mut self, end: Seq) {
        for seq in (self.cursor.0..end.0).map(Seq).filter(|seq| !self.settled.contains(*seq)) {
            self.count += 1;
            self.ends = Some((self.ends.map_or(seq, |(first, _)| first), seq));
        }
    }
}
