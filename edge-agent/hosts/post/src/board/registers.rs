//! Registers by their addresses.

/// A register of 32 bits.
#[derive(Clone, Copy)]
pub(super) struct Register(pub(super) u32);

impl Register {
    pub(super) fn read(self) -> u32 {
        // SAFETY: the chip's manual has a register at this address; reading one touches no memory of ours.
        unsafe { core::ptr::read_volatile(self.0 as *const u32) }
    }

    pub(super) fn write(self, value: u32) {
        // SAFETY: as above; none of the registers here makes the hardware write to memory.
        unsafe { core::ptr::write_volatile(self.0 as *mut u32, value) }
    }

    pub(super) fn set(self, bits: u32) {
        self.write(self.read() | bits);
    }

    pub(super) fn clear(self, bits: u32) {
        self.write(self.read() & !bits);
    }

    /// Whether any of the bits is 1.
    pub(super) fn has(self, bits: u32) -> bool {
        self.read() & bits != 0
    }
}
