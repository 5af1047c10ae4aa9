//! ST STM32L476 (RM0351), at 4 MHz from its own oscillator and with a watch crystal: it sleeps in Stop 2, where the
//! low-power timer and the low-power serial line run on.
//!
//! Pins: modem PC0 (from it) and PC1 (to it), technician PA2, flash PA4 to PA7, accelerometer PB6 and PB7, battery PA1.

mod buses;

use core::convert::Infallible;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use cortex_m::interrupt;
use cortex_m::peripheral::SYST;
use cortex_m_rt::exception;
use embedded_hal::digital::{ErrorType as PinErrorType, InputPin};
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use gengwei_agent::sensors::Voltmeter;
use gengwei_agent::session::Millis;

use super::registers::Register;
use super::ring::Ring;
use crate::model::{self, Pin};

pub(crate) use buses::{Bus, flash};

/// The journal's flash.
pub(crate) type Flash = gengwei_agent::w25q::W25q<buses::FlashBus>;

const RCC: u32 = 0x4002_1000;
const PWR: u32 = 0x4000_7000;
const EXTI: u32 = 0x4001_0400;
const SYSCFG: u32 = 0x4001_0000;
const LPTIM: u32 = 0x4000_7C00;
const SYSTEM_CONTROL: Register = Register(0xE000_ED10);
const ENABLE: u32 = 0xE000_E100;

/// How many interrupts the chip has.
pub(super) const INTERRUPTS: usize = 82;

/// Interrupts by their numbers.
mod irq {
    pub(super) const EXTI0: u32 = 6;
    pub(super) const EXTI9_5: u32 = 23;
    pub(super) const EXTI15_10: u32 = 40;
    pub(super) const LPTIM1: u32 = 65;
    pub(super) const LPUART1: u32 = 70;
}

/// The low-power timer counts 1024 times a second, to 65,536: how often it has begun anew.
static ROUNDS: AtomicU32 = AtomicU32::new(0);
/// A line has changed or the alarm has rung since the program last looked.
static STIRRED: AtomicBool = AtomicBool::new(false);
static RECEIVED: Ring = Ring::new();

fn enable(irq: u32) {
    Register(ENABLE + irq / 32 * 4).write(1 << (irq % 32));
}

/// What a pin does.
#[derive(Clone, Copy)]
enum Mode {
    Input,
    Output,
    /// Of the peripheral with this number.
    Peripheral(u32),
    Analog,
}

fn port(pin: Pin) -> u32 {
    0x4800_0000 + u32::from(pin.port) * 0x400
}

fn configure(pin: Pin, mode: Mode) {
    let (port, number) = (port(pin), u32::from(pin.number));
    let bits = match mode {
        Mode::Input => 0,
        Mode::Output => 1,
        Mode::Peripheral(function) => {
            let register = Register(port + 0x20 + number / 8 * 4);
            let shift = number % 8 * 4;
            register.write(register.read() & !(0xF << shift) | function << shift);
            2
        }
        Mode::Analog => 3,
    };
    let register = Register(port);
    register.write(register.read() & !(3 << (number * 2)) | bits << (number * 2));
}

const fn pin(port: char, number: u8) -> Pin {
    Pin { port: port as u8 - b'A', number }
}

/// Starts the clock and the lines. To be called once, first.
pub(crate) fn start(_: SYST) {
    Register(RCC + 0x4C).set(0xFF | 1 << 13 | 1 << 18); // ports, converter, random numbers
    Register(RCC + 0x58).set(1 << 17 | 1 << 21 | 1 << 28 | 1 << 31); // USART2, I2C1, power, LPTIM1
    Register(RCC + 0x5C).set(1); // LPUART1
    Register(RCC + 0x60).set(1 | 1 << 12); // line selection, SPI1
    Register(PWR).set(1 << 8); // the crystal may be started
    Register(RCC + 0x90).set(1);
    while !Register(RCC + 0x90).has(2) {}
    // The crystal for LPUART1 and LPTIM1, the system's clock for the converter, the 4 MHz for random numbers.
    Register(RCC + 0x88).set(3 << 10 | 3 << 18 | 3 << 26 | 3 << 28);
    Register(PWR).write(Register(PWR).read() & !7 | 2); // Stop 2
    SYSTEM_CONTROL.set(1 << 2);
    Register(LPTIM + 0x0C).write(5 << 9); // crystal / 32
    Register(LPTIM + 0x08).write(0b11); // interrupts at the alarm and at the end of a round
    Register(LPTIM + 0x10).write(1);
    Register(LPTIM + 0x18).write(0xFFFF);
    Register(LPTIM + 0x10).write(1 | 1 << 2); // round and round
    enable(irq::LPTIM1);
    enable(irq::LPUART1);
    (0..5).for_each(|line| enable(irq::EXTI0 + line));
    enable(irq::EXTI9_5);
    enable(irq::EXTI15_10);
}

/// The timer's count, which may be read while it changes.
fn count() -> u32 {
    loop {
        let count = Register(LPTIM + 0x1C).read();
        if count == Register(LPTIM + 0x1C).read() {
            return count;
        }
    }
}

/// Milliseconds since the boot.
pub(crate) fn now() -> Millis {
    loop {
        let rounds = ROUNDS.load(Ordering::Relaxed);
        let count = count();
        if rounds == ROUNDS.load(Ordering::Relaxed) {
            return (Millis::from(rounds) << 16 | Millis::from(count)) * 125 / 128;
        }
    }
}

/// Sets the alarm, for less than a minute.
fn set_alarm(left: Millis) {
    let alarm = count() + (left as u32 * 128).div_ceil(125).max(4);
    Register(LPTIM + 0x14).write(alarm & 0xFFFF);
}

/// Sleeps until a line speaks, at the latest until `at`; it may return earlier, and does once a minute.
pub(crate) fn sleep(at: Millis) {
    let left = at.saturating_sub(now());
    if left == 0 {
        return;
    }
    if left < 60_000 {
        set_alarm(left);
    }
    // A line that changed since the last look, also during a command to the modem, is looked at before sleeping.
    interrupt::free(|_| {
        if !STIRRED.swap(false, Ordering::Relaxed) && RECEIVED.is_empty() {
            cortex_m::asm::dsb();
            cortex_m::asm::wfi();
        }
    });
}

/// A random number, from the chip's noise.
pub(crate) fn random() -> u32 {
    const RNG: u32 = 0x5006_0800;
    Register(RNG).set(1 << 2);
    while !Register(RNG + 4).has(1) {}
    let number = Register(RNG + 8).read();
    Register(RNG).clear(1 << 2);
    number
}

/// A digital input that wakes the processor when it changes.
pub(crate) struct Line(Pin);

impl Line {
    pub(crate) fn new(pin: Pin) -> Self {
        let (number, bit) = (u32::from(pin.number), 1 << pin.number);
        configure(pin, Mode::Input);
        let source = Register(SYSCFG + 0x08 + number / 4 * 4);
        let shift = number % 4 * 4;
        source.write(source.read() & !(0xF << shift) | u32::from(pin.port) << shift);
        Register(EXTI + 0x08).set(bit);
        Register(EXTI + 0x0C).set(bit);
        Register(EXTI).set(bit);
        Self(pin)
    }
}

impl PinErrorType for Line {
    type Error = Infallible;
}

impl InputPin for Line {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(Register(port(self.0) + 0x10).has(1 << self.0.number))
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|high| !high)
    }
}

const ADC: u32 = 0x5004_0000;

/// The battery behind the converter.
pub(crate) struct Battery;

impl Battery {
    pub(crate) fn new() -> Self {
        let battery = pin('A', 1);
        configure(battery, Mode::Analog);
        Register(port(battery) + 0x2C).set(1 << battery.number);
        Register(ADC + 0x308).set(1 << 16);
        Self
    }
}

impl Voltmeter for Battery {
    type Error = Infallible;

    fn millivolts(&mut self) -> Result<u16, Infallible> {
        let control = Register(ADC + 0x08);
        control.write(1 << 28); // out of deep sleep, the regulator on
        cortex_m::asm::delay(100);
        control.set(1 << 31); // calibrated
        while control.has(1 << 31) {}
        Register(ADC).write(1);
        control.set(1);
        while !Register(ADC).has(1) {}
        let channel = u32::from(model::BATTERY_CHANNEL);
        Register(ADC + 0x14).write(7 << (channel * 3)); // the divider is slow: 640 clocks
        Register(ADC + 0x30).write(channel << 6);
        control.set(1 << 2);
        while !Register(ADC).has(1 << 2) {}
        let value = Register(ADC + 0x40).read();
        control.set(1 << 1);
        while control.has(1) {}
        control.write(1 << 29);
        Ok((value * u32::from(model::BATTERY_FULL_SCALE_MV) / 0xFFF) as u16)
    }
}

const LPUART: u32 = 0x4000_8000;
const USART2: u32 = 0x4000_4400;

fn send(uart: u32, bytes: &[u8]) {
    for byte in bytes {
        while !Register(uart + 0x1C).has(1 << 7) {}
        Register(uart + 0x28).write((*byte).into());
    }
    // Out of the chip before it sleeps.
    while !Register(uart + 0x1C).has(1 << 6) {}
}

/// The modem's serial line: 9600 baud, which it can hear while the chip sleeps.
pub(crate) struct Uart(());

impl Uart {
    pub(crate) fn new() -> Self {
        configure(pin('C', 0), Mode::Peripheral(8));
        configure(pin('C', 1), Mode::Peripheral(8));
        Register(LPUART + 0x0C).write(256 * 32_768 / 9600);
        Register(LPUART + 0x08).write(3 << 20); // a byte wakes the chip
        Register(LPUART).write(1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5);
        Self(())
    }

    /// Whether something has come.
    pub(crate) fn has_line(&self) -> bool {
        !RECEIVED.is_empty()
    }
}

impl ErrorType for Uart {
    type Error = Infallible;
}

impl ReadReady for Uart {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        set_alarm(100);
        interrupt::free(|_| {
            if RECEIVED.is_empty() {
                cortex_m::asm::dsb();
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
        send(LPUART, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The technician's line, 115,200 baud.
pub(crate) struct Console(());

impl Console {
    pub(crate) fn new() -> Self {
        configure(pin('A', 2), Mode::Peripheral(7));
        Register(USART2 + 0x0C).write(4_000_000 / 115_200);
        Register(USART2).write(1 | 1 << 3);
        Self(())
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        send(USART2, bytes);
    }
}

fn on_uart() {
    while Register(LPUART + 0x1C).has(1 << 5) {
        let byte = Register(LPUART + 0x24).read() as u8;
        // At 9600 baud the program is faster than the line; what does not fit would be a line that is too long.
        if !RECEIVED.is_full() {
            RECEIVED.push(byte);
        }
    }
    Register(LPUART + 0x20).write(0xF); // errors of the line
}

fn on_timer() {
    let why = Register(LPTIM).read();
    Register(LPTIM + 0x04).write(why);
    if why & 1 << 1 != 0 {
        ROUNDS.store(ROUNDS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
    STIRRED.store(true, Ordering::Relaxed);
}

/// All interrupts come here; which it is, the number says.
#[exception]
unsafe fn DefaultHandler(number: i16) {
    match number as u32 {
        irq::LPUART1 => on_uart(),
        irq::LPTIM1 => on_timer(),
        _ => {
            Register(EXTI + 0x14).write(0xFFFF);
            STIRRED.store(true, Ordering::Relaxed);
        }
    }
}
