//! The hardware: one chip's registers each, behind the same names.
//!
//! A chip has `start`, `now` and `sleep` (time), `random`, `flash` (the journal's), `Uart` (the modem's line), `Console`
//! (the technician's line), `Line` (a digital input that wakes the processor), `Battery`, and with an accelerometer `Bus`.

mod registers;
mod ring;

#[cfg(feature = "lm3s6965")]
mod lm3s6965;
#[cfg(feature = "lm3s6965")]
pub(crate) use lm3s6965::*;

#[cfg(feature = "stm32l476")]
mod stm32l476;
#[cfg(feature = "stm32l476")]
pub(crate) use stm32l476::*;

unsafe extern "C" {
    fn DefaultHandler();
}

/// Where the processor finds the handler of each interrupt: the same for all.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [unsafe extern "C" fn(); INTERRUPTS] = [DefaultHandler; INTERRUPTS];
