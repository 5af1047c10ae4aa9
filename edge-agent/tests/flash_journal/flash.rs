//! A NOR flash in memory whose power can be cut at any byte.

use std::cell::Cell;
use std::rc::Rc;

use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

pub(crate) const PAGE: usize = 256;
pub(crate) const SIZE: usize = PAGE * 8;

/// Writes can only clear bits, and the power goes off after so many bytes have been written or erased.
#[derive(Debug, Clone)]
pub(crate) struct Flash {
    pub(crate) bytes: Vec<u8>,
    /// Shared, so that a test can switch the power on again while a journal holds the flash.
    pub(crate) power: Rc<Cell<Option<usize>>>,
    pub(crate) worn: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PowerCut;

impl NorFlashError for PowerCut {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl Flash {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0xFF; SIZE], power: Rc::default(), worn: 0 }
    }

    /// The same flash with power for so many bytes more.
    pub(crate) fn with_power(mut self, power: Option<usize>) -> Self {
        self.power = Rc::new(Cell::new(power));
        self
    }

    fn spend(&mut self) -> Result<(), PowerCut> {
        self.worn += 1;
        if self.power.get() == Some(0) {
            return Err(PowerCut);
        }
        self.power.set(self.power.get().map(|left| left - 1));
        Ok(())
    }
}

impl ErrorType for Flash {
    type Error = PowerCut;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerCut> {
        if self.power.get() == Some(0) {
            return Err(PowerCut);
        }
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerCut> {
        for at in from as usize..to as usize {
            self.spend()?;
            self.bytes[at] = 0xFF;
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerCut> {
        for (at, byte) in (offset as usize..).zip(bytes) {
            self.spend()?;
            self.bytes[at] &= byte;
        }
        Ok(())
    }
}

impl MultiwriteNorFlash for Flash {}
