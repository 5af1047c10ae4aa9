//! What the process remembers of a device's journal between pushes.

use std::collections::BTreeMap;
use std::ops::Range;

use axum::body::Bytes;
use gengwei_proto::wire::{Ack, ReplayWindow, Seq};

use crate::db::Timestamp;

/// One device epoch. Losing it costs a read of the inbox, never a record.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) stored: Runs,
    pub(super) window: ReplayWindow,
    /// Counters of answers that are this process's alone.
    pub(super) answers: Range<u32>,
    /// The last answer, with the counter of the frame that it answers: a frame that comes again gets it again.
    pub(super) last: Option<(u32, Bytes)>,
    /// When the device booted: boot count → moment.
    pub(super) boots: BTreeMap<u32, Timestamp>,
}

/// Numbers that are in the inbox, as runs: start → end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs(BTreeMap<u32, u32>);

impl Runs {
    /// Adds a number.
    pub(super) fn insert(&mut self, seq: u32) {
        let next = seq.saturating_add(1);
        let before = self.0.range(..=seq).next_back().map(|(start, end)| (*start, *end));
        let start = match before {
            Some((_, end)) if end > seq => return,
            Some((start, end)) if end == seq => start,
            _ => seq,
        };
        let end = self.0.remove(&next).unwrap_or(next);
        self.0.insert(start, end);
    }

    /// Forgets the numbers below one; a run that reaches beyond it stays whole.
    pub(super) fn forget_below(&mut self, base: u32) {
        while let Some(first) = self.0.first_entry().filter(|run| *run.get() <= base) {
            first.remove();
        }
    }

    /// The acknowledgement of a frame with this `base`.
    pub(super) fn ack(&self, base: Seq) -> Ack {
        let first = self.0.range(..=base.0).next_back().map_or(base.0, |(start, _)| *start);
        let runs = self.0.range(first..);
        let mut next = base.0;
        let all = runs.flat_map(|(start, end)| (*start).max(base.0)..*end).take_while(|seq| {
            // Nothing beyond the reach can be said.
            let is_near = *seq <= next.saturating_add(Ack::REACH);
            next = if *seq == next { seq.saturating_add(1) } else { next };
            is_near
        });
        Ack::new(base, all.map(Seq))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_are_a_set(seqs in prop::collection::vec(0..600u32, 0..300), base in 0..600u32) {
            let mut runs = Runs::default();
            let mut set = BTreeSet::new();
            for seq in seqs {
                runs.insert(seq);
                set.insert(seq);
            }
            let expected = Ack::new(Seq(base), set.range(base..).copied().map(Seq));
            prop_assert_eq!(runs.ack(Seq(base)), expected);
            runs.forget_below(base);
            prop_assert_eq!(runs.ack(Seq(base)), expected);
        }
    }

    #[test]
    fn the_last_number_of_all_is_no_trouble() {
        let mut runs = Runs::default();
        runs.insert(u32::MAX - 1);
        runs.insert(u32::MAX);
        assert_eq!(runs.ack(Seq(u32::MAX - 1)).next(), Seq(u32::MAX));
    }
}
