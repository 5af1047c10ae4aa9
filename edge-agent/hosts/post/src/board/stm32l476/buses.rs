//! The two buses of the post: SPI for the flash, I²C for the accelerometer.

use core::convert::Infallible;

use embedded_hal::i2c::{self, I2c};
use embedded_hal::spi::{self, SpiDevice};
use gengwei_agent::w25q::W25q;

use super::super::registers::Register;
use super::{Flash, Mode, Pin, configure, pin, port};

const SPI: u32 = 0x4001_3000;
const I2C: u32 = 0x4000_5400;
const SELECT: Pin = pin('A', 4);

/// Starts the journal's flash.
pub(crate) fn flash() -> Option<Flash> {
    W25q::start(FlashBus::new()).ok()
}

/// The flash's bus: SPI1 at 2 MHz, selected by PA4.
pub(crate) struct FlashBus(());

impl FlashBus {
    fn new() -> Self {
        select(false);
        configure(SELECT, Mode::Output);
        (5..8).for_each(|number| configure(pin('A', number), Mode::Peripheral(5)));
        Register(SPI + 0x04).write(7 << 8 | 1 << 12); // bytes
        Register(SPI).write(1 << 2 | 1 << 8 | 1 << 9); // master, mode 0, half the clock
        Register(SPI).set(1 << 6);
        Self(())
    }
}

fn select(selected: bool) {
    let bit = 1 << SELECT.number;
    Register(port(SELECT) + 0x18).write(if selected { bit << 16 } else { bit });
}

/// One byte out, one in.
fn exchange(byte: u8) -> u8 {
    while !Register(SPI + 0x08).has(1 << 1) {}
    // SAFETY: the data register; a write of one byte sends one, where a whole word would send two.
    unsafe { core::ptr::write_volatile((SPI + 0x0C) as *mut u8, byte) };
    while !Register(SPI + 0x08).has(1) {}
    // SAFETY: the same register; a read of one byte takes one.
    unsafe { core::ptr::read_volatile((SPI + 0x0C) as *const u8) }
}

impl spi::ErrorType for FlashBus {
    type Error = Infallible;
}

impl SpiDevice for FlashBus {
    fn transaction(&mut self, operations: &mut [spi::Operation<'_, u8>]) -> Result<(), Infallible> {
        select(true);
        for operation in operations {
            match operation {
                spi::Operation::Write(bytes) => bytes.iter().for_each(|byte| _ = exchange(*byte)),
                spi::Operation::Read(bytes) => bytes.iter_mut().for_each(|byte| *byte = exchange(0)),
                spi::Operation::TransferInPlace(bytes) => {
                    bytes.iter_mut().for_each(|byte| *byte = exchange(*byte));
                }
                spi::Operation::Transfer(read, write) => {
                    for at in 0..read.len().max(write.len()) {
                        let byte = exchange(write.get(at).copied().unwrap_or_default());
                        if let Some(place) = read.get_mut(at) {
                            *place = byte;
                        }
                    }
                }
                // Each operation of this clock is some microseconds; nothing here waits for less.
                spi::Operation::DelayNs(nanoseconds) => cortex_m::asm::delay(*nanoseconds / 250 + 1),
            }
        }
        select(false);
        Ok(())
    }
}

/// The accelerometer's bus: I2C1 at 100 kHz.
pub(crate) struct Bus(());

/// What can go wrong on the bus.
#[derive(Debug)]
pub(crate) enum BusError {
    /// Nobody acknowledged.
    Nobody,
    /// The bus hangs.
    Stuck,
}

impl i2c::Error for BusError {
    fn kind(&self) -> i2c::ErrorKind {
        match self {
            Self::Nobody => i2c::ErrorKind::NoAcknowledge(i2c::NoAcknowledgeSource::Unknown),
            Self::Stuck => i2c::ErrorKind::Bus,
        }
    }
}

/// Of the status register.
mod status {
    pub(super) const MAY_SEND: u32 = 1 << 1;
    pub(super) const HAS_BYTE: u32 = 1 << 2;
    pub(super) const REFUSED: u32 = 1 << 4;
    pub(super) const STOPPED: u32 = 1 << 5;
    pub(super) const COMPLETE: u32 = 1 << 6;
}

impl Bus {
    pub(crate) fn new() -> Self {
        for number in [6, 7] {
            let pin = pin('B', number);
            Register(port(pin) + 0x04).set(1 << number); // open drain
            configure(pin, Mode::Peripheral(4));
        }
        Register(I2C + 0x10).write(0x0042_0F13); // 100 kHz from 4 MHz
        Register(I2C).write(1);
        Self(())
    }

    /// Waits for a bit of the status; frees the bus when it does not come.
    fn wait(&self, bit: u32) -> Result<(), BusError> {
        for _ in 0..100_000 {
            let status = Register(I2C + 0x18).read();
            if status & status::REFUSED != 0 {
                Register(I2C + 0x1C).write(status::REFUSED | status::STOPPED);
                return Err(BusError::Nobody);
            }
            if status & bit != 0 {
                return Ok(());
            }
        }
        // Switched off and on it begins anew.
        Register(I2C).write(0);
        Register(I2C).write(1);
        Err(BusError::Stuck)
    }
}

impl i2c::ErrorType for Bus {
    type Error = BusError;
}

impl I2c for Bus {
    fn transaction(&mut self, address: u8, operations: &mut [i2c::Operation<'_>]) -> Result<(), BusError> {
        const READ: u32 = 1 << 10;
        const START: u32 = 1 << 13;
        const STOP: u32 = 1 << 14;
        for operation in operations {
            let (length, direction) = match operation {
                i2c::Operation::Read(bytes) => (bytes.len(), READ),
                i2c::Operation::Write(bytes) => (bytes.len(), 0),
            };
            let command = u32::from(address) << 1 | (length as u32 & 0xFF) << 16 | direction | START;
            Register(I2C + 0x04).write(command);
            match operation {
                i2c::Operation::Read(bytes) => {
                    for byte in bytes.iter_mut() {
                        self.wait(status::HAS_BYTE)?;
                        *byte = Register(I2C + 0x24).read() as u8;
                    }
                }
                i2c::Operation::Write(bytes) => {
                    for byte in bytes.iter() {
                        self.wait(status::MAY_SEND)?;
                        Register(I2C + 0x28).write((*byte).into());
                    }
                }
            }
            self.wait(status::COMPLETE)?;
        }
        Register(I2C + 0x04).write(STOP);
        self.wait(status::STOPPED)?;
        Register(I2C + 0x1C).write(status::STOPPED);
        Ok(())
    }
}
