use gengwei_proto::wire::{Ack, Arrivals, Seq};

/// Which records the server has: all below a number, and some of those beyond it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    base: Seq,
    /// Bit `i` stands for `base + i`. What lies beyond its reach counts as not settled, which costs a resend.
    beyond: [u8; Ack::REACH as usize / 8],
}

impl Settled {
    /// All below `base` and none beyond.
    #[must_use]
    pub fn below(base: Seq) -> Self {
        Self { base, beyond: [0; Ack::REACH as usize / 8] }
    }

    /// The lowest number that may not be settled.
    #[must_use]
    pub fn base(&self) -> Seq {
        self.base
    }

    /// Whether the server has this record.
    #[must_use]
    pub fn contains(&self, seq: Seq) -> bool {
        match seq.0.checked_sub(self.base.0) {
            None => true,
            Some(bit) => self.beyond.get(bit as usize / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1),
        }
    }

    /// Adds what an acknowledgement says, as far as `end`, the first number never given to a record.
    pub fn add(&mut self, next: Seq, arrivals: Arrivals<'_>, end: Seq) {
        if next > self.base {
            self.advance(next.min(end));
        }
        let bits = 1..=arrivals.0.len() as u32 * 8;
        for beyond in bits.filter(|beyond| arrivals.contains(*beyond)) {
            self.insert(Seq(next.0.saturating_add(beyond)), end);
        }
    }

    fn insert(&mut self, seq: Seq, end: Seq) {
        let Some(bit) = seq.0.checked_sub(self.base.0).filter(|_| seq < end) else { return };
        if let Some(byte) = self.beyond.get_mut(bit as usize / 8) {
            *byte |= 1 << (bit % 8);
        }
    }

    /// Moves the base up: no record below `base` remains to be sent.
    pub fn advance(&mut self, base: Seq) {
        let mut moved = Self::below(base);
        for ahead in 0..Ack::REACH {
            let seq = Seq(base.0.saturating_add(ahead));
            if seq >= self.base && self.contains(seq) {
                moved.insert(seq, Seq(u32::MAX));
            }
        }
        *self = moved;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_add_up_and_never_take_away() {
        let mut settled = Settled::below(Seq(10));
        settled.add(Seq(12), Arrivals(&[0b101]), Seq(100));
        assert_eq!(settled.base(), Seq(12));
        let held: [u32; 5] = [11, 12, 13, 14, 15];
        assert_eq!(held.map(|seq| settled.contains(Seq(seq))), [true, false, true, false, true]);
        settled.add(Seq(5), Arrivals(&[0b1000_0000]), Seq(100));
        assert_eq!(held.map(|seq| settled.contains(Seq(seq))), [true, false, true, false, true]);
        settled.add(Seq(15), Arrivals(&[]), Seq(100));
        assert!(settled.contains(Seq(15)) && !settled.contains(Seq(16)));
    }

    #[test]
    fn nothing_is_settled_that_was_never_written() {
        let mut settled = Settled::below(Seq(0));
        settled.add(Seq(1000), Arrivals(&[0xFF; 32]), Seq(7));
        assert_eq!(settled.base(), Seq(7));
        assert!(!settled.contains(Seq(7)) && !settled.contains(Seq(1001)));
    }
}
