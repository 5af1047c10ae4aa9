//! A pin, a converter and an accelerometer that a test moves.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::rc::Rc;

use embedded_hal::digital::{ErrorType as PinErrorType, InputPin};
use embedded_hal::i2c::{Error, ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};
use gengwei_agent::sensors::Voltmeter;

/// A digital line, low at first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Rc<Cell<bool>>);

impl Line {
    pub(crate) fn set(&self, high: bool) {
        self.0.set(high);
    }
}

impl PinErrorType for Line {
    type Error = Infallible;
}

impl InputPin for Line {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.get())
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.0.get())
    }
}

/// A converter that tells four voltages in turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Volts(Rc<Cell<([u16; 4], usize)>>);

impl Volts {
    pub(crate) fn set(&self, millivolts: [u16; 4]) {
        self.0.set((millivolts, 0));
    }
}

impl Voltmeter for Volts {
    type Error = Infallible;

    fn millivolts(&mut self) -> Result<u16, Infallible> {
        let (millivolts, at) = self.0.get();
        self.0.set((millivolts, at + 1));
        Ok(millivolts[at % 4])
    }
}

/// The registers of a LIS2DH12 at address 0x19.
#[derive(Debug, Clone)]
pub(crate) struct Chip {
    registers: Rc<RefCell<[u8; 64]>>,
    /// How often it was asked why its line is up.
    pub(crate) asked: Rc<Cell<u32>>,
}

/// Nobody acknowledged the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoChip;

impl Error for NoChip {
    fn kind(&self) -> ErrorKind {
        ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address)
    }
}

impl Default for Chip {
    fn default() -> Self {
        let chip = Self { registers: Rc::new(RefCell::new([0; 64])), asked: Rc::default() };
        chip.pretend(0x33);
        chip
    }
}

impl Chip {
    pub(crate) fn register(&self, number: usize) -> u8 {
        self.registers.borrow()[number]
    }

    /// Answers with another identity.
    pub(crate) fn pretend(&self, identity: u8) {
        self.registers.borrow_mut()[0x0F] = identity;
    }

    /// Measures so many mg: ten bits at the top of sixteen, 8 mg each at ±4 g.
    pub(crate) fn measure(&self, axes: [i16; 3]) {
        for (axis, mg) in axes.into_iter().enumerate() {
            let bytes = (mg / 8 * 64).to_le_bytes();
            self.registers.borrow_mut()[0x28 + axis * 2..][..2].copy_from_slice(&bytes);
        }
    }
}

impl ErrorType for Chip {
    type Error = NoChip;
}

impl I2c for Chip {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), NoChip> {
        if address != 0x19 {
            return Err(NoChip);
        }
        let mut registers = self.registers.borrow_mut();
        let mut at = 0;
        for operation in operations {
            match operation {
                Operation::Write(bytes) => {
                    at = usize::from(bytes[0]);
                    assert!(bytes.len() < 3, "one register at a time");
                    if let [register, value] = **bytes {
                        registers[usize::from(register)] = value;
                    }
                }
                Operation::Read(bytes) => {
                    assert!(bytes.len() == 1 || at & 0x80 != 0, "it would read one register again and again");
                    let from = at & 0x7F;
                    self.asked.set(self.asked.get() + u32::from(from == 0x31));
                    bytes.copy_from_slice(&registers[from..][..bytes.len()]);
                }
            }
        }
        Ok(())
    }
}
