use core::fmt;

use embedded_hal::digital::InputPin;
use embedded_hal::i2c::I2c;

use super::Acceleration;

/// The chip's registers (ST DS10694).
mod register {
    pub(super) const WHO_AM_I: u8 = 0x0F;
    pub(super) const CTRL_1: u8 = 0x20;
    pub(super) const CTRL_2: u8 = 0x21;
    pub(super) const CTRL_3: u8 = 0x22;
    pub(super) const CTRL_4: u8 = 0x23;
    pub(super) const CTRL_5: u8 = 0x24;
    pub(super) const REFERENCE: u8 = 0x26;
    pub(super) const OUT_X_L: u8 = 0x28;
    pub(super) const INT1_CFG: u8 = 0x30;
    pub(super) const INT1_SRC: u8 = 0x31;
    pub(super) const INT1_THS: u8 = 0x32;
    pub(super) const INT1_DURATION: u8 = 0x33;
    /// With this bit a transfer goes on to the next register by itself.
    pub(super) const INCREMENT: u8 = 0x80;
}

/// What `WHO_AM_I` holds.
const IDENTITY: u8 = 0x33;

/// Milli-g per step of the interrupt's threshold at ±4 g.
const THRESHOLD_MG: u16 = 32;

/// Why the chip could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lis2dh12Error<B, P> {
    /// The bus failed, as when there is no chip.
    Bus(B),
    /// The interrupt's pin cannot be read.
    Pin(P),
    /// Another chip answers, with this identity.
    Other(u8),
}

impl<B: fmt::Debug, P: fmt::Debug> fmt::Display for Lis2dh12Error<B, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bus(error) => write!(f, "the accelerometer's bus failed: {error:?}"),
            Self::Pin(error) => write!(f, "the accelerometer's interrupt cannot be read: {error:?}"),
            Self::Other(identity) => write!(f, "a chip {identity:#04x} answers in the accelerometer's place"),
        }
    }
}

impl<B: fmt::Debug, P: fmt::Debug> core::error::Error for Lis2dh12Error<B, P> {}

/// An accelerometer LIS2DH12 (or LIS3DH, the same in all that is used here).
///
/// It measures ten times a second for about 4 µA, compares by itself, and raises its line when acceleration differs
/// from rest by the threshold, so that the processor sleeps until then.
#[derive(Debug)]
pub struct Lis2dh12<B, P> {
    bus: B,
    address: u8,
    interrupt: P,
}

impl<B: I2c, P: InputPin> Lis2dh12<B, P> {
    /// A chip at this address of the bus (0x18 or 0x19) whose INT1 is on this pin.
    pub const fn new(bus: B, address: u8, interrupt: P) -> Self {
        Self { bus, address, interrupt }
    }

    /// Starts measuring, and watching for `threshold_mg` (in steps of 32 mg, at least one).
    ///
    /// # Errors
    /// When the chip does not answer or is another.
    pub fn start(&mut self, threshold_mg: u16) -> Result<(), Lis2dh12Error<B::Error, P::Error>> {
        use register::*;
        match self.read(WHO_AM_I)? {
            IDENTITY => {}
            other => return Err(Lis2dh12Error::Other(other)),
        }
        let threshold = (threshold_mg / THRESHOLD_MG).clamp(1, 0x7F) as u8;
        for (register, value) in [
            (CTRL_1, 0x27), // 10 Hz, 10 bits, all axes
            (CTRL_2, 0x01), // the interrupt compares behind the high-pass filter: without gravity
            (CTRL_3, 0x40), // the comparison goes to INT1
            (CTRL_4, 0x90), // ±4 g; both bytes of an axis are of one measurement
            (CTRL_5, 0x08), // the line stays up until it is asked why
            (INT1_THS, threshold),
            (INT1_DURATION, 0),
            (INT1_CFG, 0x2A), // any axis over the threshold
        ] {
            self.write(register, value)?;
        }
        // Reading the reference sets the filter to what is measured now.
        self.read(REFERENCE)?;
        self.read(INT1_SRC).map(|_| ())
    }

    /// Whether the chip has felt something since it was last asked.
    ///
    /// # Errors
    /// When the pin cannot be read or the chip does not answer.
    pub fn has_stirred(&mut self) -> Result<bool, Lis2dh12Error<B::Error, P::Error>> {
        if !self.interrupt.is_high().map_err(Lis2dh12Error::Pin)? {
            return Ok(false);
        }
        self.read(register::INT1_SRC)?;
        Ok(true)
    }

    /// The latest measurement.
    ///
    /// # Errors
    /// When the chip does not answer.
    pub fn acceleration(&mut self) -> Result<Acceleration, Lis2dh12Error<B::Error, P::Error>> {
        let mut bytes = [0; 6];
        let from = [register::OUT_X_L | register::INCREMENT];
        self.bus.write_read(self.address, &from, &mut bytes).map_err(Lis2dh12Error::Bus)?;
        let [x, y, z] = [0, 2, 4].map(|at| i16::from_le_bytes([bytes[at], bytes[at + 1]]));
        // Ten bits at the top of sixteen, 8 mg each.
        Ok(Acceleration([x, y, z].map(|axis| (axis >> 6) * 8)))
    }

    fn read(&mut self, register: u8) -> Result<u8, Lis2dh12Error<B::Error, P::Error>> {
        let mut value = [0];
        self.bus.write_read(self.address, &[register], &mut value).map_err(Lis2dh12Error::Bus)?;
        Ok(value[0])
    }

    fn write(&mut self, register: u8, value: u8) -> Result<(), Lis2dh12Error<B::Error, P::Error>> {
        self.bus.write(self.address, &[register, value]).map_err(Lis2dh12Error::Bus)
    }
}
