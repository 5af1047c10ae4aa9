//! What has arrived: a run of numbers and a bitmap of what lies beyond it.

use super::Seq;

/// Which records beyond [`Ack::next`] are stored. Bit `i` of the bytes, lowest bit of the first byte first, stands
/// for `next + 1 + i`; `next` itself is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arrivals<'b>(pub &'b [u8]);

impl Arrivals<'_> {
    /// Whether the record `beyond` places after `next` has arrived.
    #[must_use]
    pub fn contains(&self, beyond: u32) -> bool {
        let Some(bit) = beyond.checked_sub(1) else { return false };
        self.0.get(bit as usize / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }
}

/// An acknowledgement in the making; the server fills it from what it has stored durably.
///
/// It speaks of the records from the `base` of the frame that it answers, not of those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    next: Seq,
    bits: [u8; Self::BYTES],
}

impl Ack {
    const BYTES: usize = 32;
    /// How many records beyond `next` an acknowledgement can speak of.
    pub const REACH: u32 = Self::BYTES as u32 * 8;

    /// Makes the acknowledgement for a frame with this `base` from the numbers stored, in ascending order. Numbers
    /// below `base` and beyond the reach are passed over.
    pub fn new(base: Seq, stored: impl IntoIterator<Item = Seq>) -> Self {
        let mut ack = Self { next: base, bits: [0; Self::BYTES] };
        for seq in stored {
            if seq == ack.next {
                ack.next = seq.next();
            } else if let Some(bit) = seq.0.checked_sub(ack.next.0).and_then(|beyond| beyond.checked_sub(1)) {
                if bit >= Self::REACH {
                    break;
                }
                ack.bits[bit as usize / 8] |= 1 << (bit % 8);
            }
        }
        ack
    }

    /// The first record from `base` on that is not stored.
    #[must_use]
    pub fn next(&self) -> Seq {
        self.next
    }

    /// What is stored beyond it; no byte of zeros at the end.
    #[must_use]
    pub fn arrivals(&self) -> Arrivals<'_> {
        let length = self.bits.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Arrivals(&self.bits[..length])
    }
}
