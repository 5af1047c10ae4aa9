//! Bytes on their way from an interrupt to the program.

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

const LENGTH: usize = 256;

/// A queue of bytes with one writer, an interrupt, and one reader, the program.
pub(super) struct Ring {
    bytes: [AtomicU8; LENGTH],
    /// How many bytes have been written and read; both only grow.
    written: AtomicUsize,
    read: AtomicUsize,
}

impl Ring {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [const { AtomicU8::new(0) }; LENGTH],
            written: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.written.load(Ordering::Acquire) == self.read.load(Ordering::Relaxed)
    }

    pub(super) fn is_full(&self) -> bool {
        self.written.load(Ordering::Relaxed).wrapping_sub(self.read.load(Ordering::Acquire)) == LENGTH
    }

    /// Only for the interrupt, and when the ring is not full.
    pub(super) fn push(&self, byte: u8) {
        let at = self.written.load(Ordering::Relaxed);
        self.bytes[at % LENGTH].store(byte, Ordering::Relaxed);
        self.written.store(at.wrapping_add(1), Ordering::Release);
    }

    /// Only for the program.
    pub(super) fn pop(&self) -> Option<u8> {
        if self.is_empty() {
            return None;
        }
        let at = self.read.load(Ordering::Relaxed);
        let byte = self.bytes[at % LENGTH].load(Ordering::Relaxed);
        self.read.store(at.wrapping_add(1), Ordering::Release);
        Some(byte)
    }
}
