//! The journal's flash on a post: a Winbond W25Q (or one that takes the same commands) over SPI.
//!
//! The chip clears bits of single bytes as often as one likes, so it is a flash as the journal wants it. Programming a
//! page takes about 0.7 ms and erasing a sector 45 ms, in which the driver asks until the chip is done. Between accesses the chip sleeps.

use embedded_hal::spi::{Operation, SpiDevice};
use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

const PAGE: usize = 256;
const SECTOR: u32 = 4096;

/// The chip's commands.
mod command {
    pub(super) const PROGRAM: u8 = 0x02;
    pub(super) const READ: u8 = 0x03;
    pub(super) const STATUS: u8 = 0x05;
    pub(super) const ENABLE_WRITE: u8 = 0x06;
    pub(super) const ERASE_SECTOR: u8 = 0x20;
    pub(super) const IDENTITY: u8 = 0x9F;
    pub(super) const SLEEP: u8 = 0xB9;
    pub(super) const WAKE: u8 = 0xAB;
}

/// Of the status: a write or an erasure is under way; a write is allowed.
const BUSY: u8 = 1;
const WRITABLE: u8 = 2;

/// How often the status is asked before the chip counts as dead: two seconds and more at 1 MHz.
const PATIENCE: u32 = 200_000;

/// Why the flash could not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum W25qError<E> {
    /// The bus failed.
    Bus(E),
    /// The chip does not answer, or not as such a chip.
    Silent,
    /// The place is not in the chip, or not on a sector's boundary.
    Outside,
}

impl<E: core::fmt::Debug> NorFlashError for W25qError<E> {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Outside => NorFlashErrorKind::OutOfBounds,
            _ => NorFlashErrorKind::Other,
        }
    }
}

/// The chip.
#[derive(Debug)]
pub struct W25q<S> {
    bus: S,
    capacity: u32,
}

impl<S: SpiDevice> W25q<S> {
    /// Wakes the chip and asks how much it holds.
    ///
    /// # Errors
    /// [`W25qError::Silent`] when there is none.
    pub fn start(mut bus: S) -> Result<Self, W25qError<S::Error>> {
        bus.write(&[command::WAKE]).map_err(W25qError::Bus)?;
        let mut identity = [0; 3];
        // It takes some microseconds to wake; meanwhile it does not answer.
        for _ in 0..PATIENCE {
            let mut ask = [Operation::Write(&[command::IDENTITY]), Operation::Read(&mut identity)];
            bus.transaction(&mut ask).map_err(W25qError::Bus)?;
            // The last byte is the capacity's logarithm: 64 KiB to 16 MiB, which three bytes of address reach.
            if (16..=24).contains(&identity[2]) && identity[0] != 0xFF {
                let mut flash = Self { bus, capacity: 1 << identity[2] };
                flash.sleep()?;
                return Ok(flash);
            }
        }
        Err(W25qError::Silent)
    }

    /// Lets the chip sleep until the next access: 1 µA in place of 25.
    fn sleep(&mut self) -> Result<(), W25qError<S::Error>> {
        self.bus.write(&[command::SLEEP]).map_err(W25qError::Bus)
    }

    fn status(&mut self) -> Result<u8, W25qError<S::Error>> {
        let mut status = [0];
        let mut ask = [Operation::Write(&[command::STATUS]), Operation::Read(&mut status)];
        self.bus.transaction(&mut ask).map_err(W25qError::Bus)?;
        Ok(status[0])
    }

    /// Waits until the chip is done.
    fn finish(&mut self) -> Result<(), W25qError<S::Error>> {
        for _ in 0..PATIENCE {
            if self.status()? & BUSY == 0 {
                return Ok(());
            }
        }
        Err(W25qError::Silent)
    }

    /// Allows one write or erasure; a chip that does not take it would lose the write in silence.
    fn allow(&mut self) -> Result<(), W25qError<S::Error>> {
        self.bus.write(&[command::WAKE]).map_err(W25qError::Bus)?;
        for _ in 0..PATIENCE {
            self.bus.write(&[command::ENABLE_WRITE]).map_err(W25qError::Bus)?;
            if self.status()? & (BUSY | WRITABLE) == WRITABLE {
                return Ok(());
            }
        }
        Err(W25qError::Silent)
    }

    fn within(&self, from: u32, length: usize) -> Result<(), W25qError<S::Error>> {
        let fits = (from as usize).checked_add(length).is_some_and(|end| end <= self.capacity as usize);
        if fits { Ok(()) } else { Err(W25qError::Outside) }
    }
}

/// A command with the address of a byte.
fn at(command: u8, address: u32) -> [u8; 4] {
    let [_, high, middle, low] = address.to_be_bytes();
    [command, high, middle, low]
}

impl<S: SpiDevice> ErrorType for W25q<S> {
    type Error = W25qError<S::Error>;
}

impl<S: SpiDevice> ReadNorFlash for W25q<S> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.within(offset, bytes.len())?;
        self.bus.write(&[command::WAKE]).map_err(W25qError::Bus)?;
        self.finish()?;
        let mut ask = [Operation::Write(&at(command::READ, offset)), Operation::Read(bytes)];
        self.bus.transaction(&mut ask).map_err(W25qError::Bus)?;
        self.sleep()
    }

    fn capacity(&self) -> usize {
        self.capacity as usize
    }
}

impl<S: SpiDevice> NorFlash for W25q<S> {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR as usize;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        if from > to || !from.is_multiple_of(SECTOR) || !to.is_multiple_of(SECTOR) {
            return Err(W25qError::Outside);
        }
        self.within(from, (to - from) as usize)?;
        for sector in (from..to).step_by(SECTOR as usize) {
            self.allow()?;
            self.bus.write(&at(command::ERASE_SECTOR, sector)).map_err(W25qError::Bus)?;
            self.finish()?;
        }
        self.sleep()
    }

    async fn write(&mut self, mut offset: u32, mut bytes: &[u8]) -> Result<(), Self::Error> {
        self.within(offset, bytes.len())?;
        while !bytes.is_empty() {
            // Within a page: the chip would begin it anew.
            let (part, rest) = bytes.split_at(bytes.len().min(PAGE - offset as usize % PAGE));
            self.allow()?;
            let mut program = [Operation::Write(&at(command::PROGRAM, offset)), Operation::Write(part)];
            self.bus.transaction(&mut program).map_err(W25qError::Bus)?;
            self.finish()?;
            (offset, bytes) = (offset + part.len() as u32, rest);
        }
        self.sleep()
    }
}

impl<S: SpiDevice> MultiwriteNorFlash for W25q<S> {}
