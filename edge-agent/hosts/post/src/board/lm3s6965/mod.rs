//! TI Stellaris LM3S6965 as QEMU's `lm3s6965evb` plays it; its flash for the journal is a file on the host.

mod flash;

use core::convert::Infallible;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use cortex_m::interrupt;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use embedded_hal::digital::{ErrorType as PinErrorType, InputPin};
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use gengwei_agent::sensors::Voltmeter;
use gengwei_agent::session::Millis;

use super::registers::Register;
use super::ring::Ring;
use crate::model::{self, Pin};

pub(crate) use flash::{Flash, flash, random};

/// The processor's clock after a reset, in QEMU's reckoning.
const CLOCK_KHZ: u32 = 12_500;

const RCGC0: Register = Register(0x400F_E100);
const RCGC1: Register = Register(0x400F_E104);
const RCGC2: Register = Register(0x400F_E108);
const ENABLE_0: Register = Register(0xE000_E100);

/// How many interrupts the chip has.
pub(super) const INTERRUPTS: usize = 44;

/// Interrupts by their numbers.
mod irq {
    pub(super) const GPIO_A_TO_E: u32 = 0x1F;
    pub(super) const UART0: u32 = 5;
    pub(super) const TIMER0: u32 = 19;
    pub(super) const GPIO_F: u32 = 30;
}

static SECONDS: AtomicU32 = AtomicU32::new(0);
/// A line has changed or the alarm has rung since the program last looked.
static STIRRED: AtomicBool = AtomicBool::new(false);
static RECEIVED: Ring = Ring::new();

/// Starts the clock and the lines. To be called once, first.
pub(crate) fn start(mut systick: SYST) {
    RCGC0.set(1 << 16); // the converter
    RCGC1.set(0b11 | 0b11 << 16); // two serial lines, two timers
    RCGC2.set(0x7F); // all ports
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(CLOCK_KHZ * 1000 - 1);
    systick.clear_current();
    systick.enable_interrupt();
    systick.enable_counter();
    ENABLE_0.write(irq::GPIO_A_TO_E | 1 << irq::UART0 | 1 << irq::TIMER0 | 1 << irq::GPIO_F);
}

/// Milliseconds since the boot.
pub(crate) fn now() -> Millis {
    loop {
        let seconds = SECONDS.load(Ordering::Relaxed);
        let passed = (CLOCK_KHZ * 1000 - 1).saturating_sub(SYST::get_current());
        if seconds == SECONDS.load(Ordering::Relaxed) {
            return Millis::from(seconds) * 1000 + Millis::from(passed / CLOCK_KHZ);
        }
    }
}

#[exception]
fn SysTick() {
    SECONDS.store(SECONDS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

const TIMER0: u32 = 0x4003_0000;
const TIMER1: u32 = 0x4003_1000;

/// Lets a timer run once; `control` has more bits for its control register.
fn run_once(timer: u32, milliseconds: u32, control: u32) {
    Register(timer + 0x00C).write(0);
    Register(timer).write(0); // 32 bits
    Register(timer + 0x004).write(1); // once
    Register(timer + 0x028).write(milliseconds.max(1) * CLOCK_KHZ);
    Register(timer + 0x018).write(1); // interrupt at the end
    Register(timer + 0x00C).write(1 | control);
}

/// Sleeps until a line speaks, at the latest until `at`; it may return earlier.
pub(crate) fn sleep(at: Millis) {
    let left = at.saturating_sub(now());
    if left == 0 {
        return;
    }
    // The system timer wakes once a second anyway.
    if left < 1000 {
        run_once(TIMER0, left as u32, 0);
    }
    // A line that changed since the last look, also during a command to the modem, is looked at before sleeping.
    interrupt::free(|_| {
        if !STIRRED.swap(false, Ordering::Relaxed) && RECEIVED.is_empty() {
            cortex_m::asm::wfi();
        }
    });
}

fn port(pin: Pin) -> u32 {
    // Ports E and above lie elsewhere.
    let port = u32::from(pin.port);
    if port < 4 { 0x4000_4000 + port * 0x1000 } else { 0x4002_4000 + (port - 4) * 0x1000 }
}

/// A digital input that wakes the processor when it changes.
pub(crate) struct Line(Register);

impl Line {
    pub(crate) fn new(pin: Pin) -> Self {
        let (port, bit) = (port(pin), 1 << pin.number);
        Register(port + 0x400).clear(bit); // input
        Register(port + 0x510).set(bit); // pulled up
        Register(port + 0x51C).set(bit); // digital
        Register(port + 0x404).clear(bit); // edges
        Register(port + 0x408).set(bit); // both
        Register(port + 0x41C).write(bit);
        Register(port + 0x410).set(bit);
        // An address of its own shows this bit alone.
        Self(Register(port + (bit << 2)))
    }
}

impl PinErrorType for Line {
    type Error = Infallible;
}

impl InputPin for Line {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.read() != 0)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.read() == 0)
    }
}

const ADC: u32 = 0x4003_8000;

/// The battery behind the converter, whose sample a timer starts.
pub(crate) struct Battery;

/// The converter gave no value.
#[derive(Debug)]
pub(crate) struct NoValue;

impl Battery {
    pub(crate) fn new() -> Self {
        Register(ADC).write(0);
        Register(ADC + 0x014).write(5 << 12); // sequence 3 at the timer's end
        Register(ADC + 0x0A0).write(model::BATTERY_CHANNEL.into());
        Register(ADC + 0x0A4).write(0b0110); // one sample, then the flag
        Register(ADC).write(1 << 3);
        Self
    }
}

impl Voltmeter for Battery {
    type Error = NoValue;

    fn millivolts(&mut self) -> Result<u16, NoValue> {
        Register(ADC + 0x00C).write(1 << 3);
        run_once(TIMER1, 1, 1 << 5);
        let end = now() + 10;
        while !Register(ADC + 0x004).has(1 << 3) {
            if now() > end {
                return Err(NoValue);
            }
        }
        let value = Register(ADC + 0x0A8).read() & 0x3FF;
        Ok((value * u32::from(model::BATTERY_FULL_SCALE_MV) / 0x3FF) as u16)
    }
}

const UART0: u32 = 0x4000_C000;
const UART1: u32 = 0x4000_D000;

fn send(uart: u32, bytes: &[u8]) {
    for byte in bytes {
        while Register(uart + 0x018).has(1 << 5) {}
        Register(uart).write((*byte).into());
    }
}

/// The modem's serial line.
pub(crate) struct Uart(());

impl Uart {
    pub(crate) fn new() -> Self {
        // 115,200 baud, 8N1 with FIFOs: 12.5 MHz / 16 / 115,200 = 6 + 50/64.
        Register(UART0 + 0x024).write(6);
        Register(UART0 + 0x028).write(50);
        Register(UART0 + 0x02C).write(0x70);
        Register(UART0 + 0x030).write(0x301);
        Register(UART0 + 0x038).write(RECEIVE);
        Self(())
    }

    /// Whether something has come.
    pub(crate) fn has_line(&self) -> bool {
        !RECEIVED.is_empty()
    }
}

/// The interrupts for a FIFO that fills and for one that does not go on.
const RECEIVE: u32 = 1 << 4 | 1 << 6;

impl ErrorType for Uart {
    type Error = Infallible;
}

impl ReadReady for Uart {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        interrupt::free(|_| {
            if RECEIVED.is_empty() {
                cortex_m::asm::wfi();
            }
        });
        Ok(!RECEIVED.is_empty())
    }
}

impl Read for Uart {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let mut length = 0;
        for (place, byte) in buffer.iter_mut().zip(core::iter::from_fn(|| RECEIVED.pop())) {
            *place = byte;
            length += 1;
        }
        Register(UART0 + 0x038).write(RECEIVE); // there is room again
        Ok(length)
    }
}

impl WriteReady for Uart {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

impl Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        send(UART0, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The technician's line: what the post does, for whoever plugs in.
pub(crate) struct Console(());

impl Console {
    pub(crate) fn new() -> Self {
        Register(UART1 + 0x024).write(6);
        Register(UART1 + 0x028).write(50);
        Register(UART1 + 0x02C).write(0x70);
        Register(UART1 + 0x030).write(0x101);
        Self(())
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        send(UART1, bytes);
    }
}

fn on_uart() {
    while !Register(UART0 + 0x018).has(1 << 4) {
        if RECEIVED.is_full() {
            Register(UART0 + 0x038).write(0); // the rest waits in the line
            return;
        }
        RECEIVED.push(Register(UART0).read() as u8);
    }
    Register(UART0 + 0x044).write(RECEIVE);
}

fn on_lines() {
    for port in (0..6).map(port_of) {
        Register(port + 0x41C).write(0xFF);
    }
    STIRRED.store(true, Ordering::Relaxed);
}

fn port_of(number: u8) -> u32 {
    port(Pin { port: number, number: 0 })
}

/// All interrupts come here; which it is, the registers say.
#[exception]
unsafe fn DefaultHandler(number: i16) {
    match number as u32 {
        irq::UART0 => on_uart(),
        irq::TIMER0 => {
            Register(TIMER0 + 0x024).write(1);
            STIRRED.store(true, Ordering::Relaxed);
        }
        _ => on_lines(),
    }
}
