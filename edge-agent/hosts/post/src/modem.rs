//! A modem that speaks like Quectel's BC95: datagrams in hexadecimal digits, by `AT+NSOSTF` and `AT+NSORF`.

use core::cell::RefCell;

use atat::blocking::{AtatClient, SimpleClient};
use atat::{AtatCmd, AtatResp, Config, DigestResult, Digester, Error, InternalError};
use embassy_time::Duration;
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use gengwei_proto::wire::MAX_DATAGRAM;
use heapless::Vec;

use crate::board::Uart;
use crate::model::{APN, SERVER};

/// The longest line: a datagram in hexadecimal digits, and what is said around it.
pub(crate) const LINE: usize = 2 * MAX_DATAGRAM + 80;

/// Writes into a buffer that is long enough for every command here.
struct Text<'b>(&'b mut [u8], usize);

impl Text<'_> {
    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.0[self.1..self.1 + bytes.len()].copy_from_slice(bytes);
        self.1 += bytes.len();
        self
    }

    fn number(&mut self, value: u32) -> &mut Self {
        if value > 9 {
            self.number(value / 10);
        }
        self.put(&[b'0' + (value % 10) as u8])
    }

    fn hex(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'A' - 10 + nibble };
            self.put(&[digit(byte >> 4), digit(byte & 0xF)]);
        }
        self
    }
}

/// Lines end with `\r\n`; a response is the lines up to `OK` or an error. What comes unasked is passed over here.
struct Lines;

impl Digester for Lines {
    fn digest<'a>(&mut self, bytes: &'a [u8]) -> (DigestResult<'a>, usize) {
        let mut start = 0;
        for end in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1) {
            let before = &bytes[..start];
            match bytes[start..end].trim_ascii() {
                b"OK" => return (DigestResult::Response(Ok(before)), end),
                line if line.ends_with(b"ERROR") || line.starts_with(b"+CME ERROR") => {
                    return (DigestResult::Response(Err(InternalError::Error)), end);
                }
                _ => start = end,
            }
        }
        (DigestResult::None, 0)
    }
}

/// What the modem says when a datagram has come.
const ANNOUNCEMENT: &[u8] = b"+NSONMI";

/// The serial line, watched for announcements: they come when they like, and the client drops what follows a response.
struct Watched {
    uart: Uart,
    /// How many bytes of an announcement have passed.
    matched: usize,
    announced: bool,
}

impl ErrorType for Watched {
    type Error = <Uart as ErrorType>::Error;
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        let length = self.uart.read(buffer)?;
        for byte in &buffer[..length] {
            self.matched = match *byte == ANNOUNCEMENT[self.matched] {
                true => self.matched + 1,
                false => usize::from(*byte == ANNOUNCEMENT[0]),
            };
            if self.matched == ANNOUNCEMENT.len() {
                (self.matched, self.announced) = (0, true);
            }
        }
        Ok(length)
    }
}

impl ReadReady for Watched {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        self.uart.read_ready()
    }
}

impl Write for Watched {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        self.uart.write(bytes)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.uart.flush()
    }
}

impl WriteReady for Watched {
    fn write_ready(&mut self) -> Result<bool, Self::Error> {
        self.uart.write_ready()
    }
}

/// A command: one kind for all, since the client is compiled for each.
struct Command<'c> {
    /// What is written, then `\r\n`.
    text: &'c [&'c [u8]],
    /// What is written after the text as hexadecimal digits.
    digits: &'c [u8],
    /// Takes a number, or whatever it wants, from the response.
    read: &'c dyn Fn(&[u8]) -> Option<i32>,
}

struct Number(i32);
impl AtatResp for Number {}

impl AtatCmd for Command<'_> {
    type Response = Number;
    const MAX_TIMEOUT_MS: u32 = 3000;

    fn write(&self, buffer: &mut [u8]) -> usize {
        let mut text = Text(buffer, 0);
        self.text.iter().for_each(|part| _ = text.put(part));
        text.hex(self.digits).put(b"\r\n").1
    }

    fn parse(&self, response: Result<&[u8], InternalError<'_>>) -> Result<Number, Error> {
        let response = response.map_err(|_| Error::Error)?;
        (self.read)(response).map(Number).ok_or(Error::Parse)
    }
}

/// The number behind `after`.
fn number(response: &[u8], after: &[u8]) -> Option<i32> {
    let at = response.windows(after.len()).position(|window| window == after)?;
    let digits = response[at + after.len()..].trim_ascii_start();
    let (sign, digits) = digits.strip_prefix(b"-").map_or((1, digits), |rest| (-1, rest));
    let length = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
    let sum =
        digits[..length].iter().fold(0_i32, |sum, digit| sum.wrapping_mul(10) + i32::from(digit - b'0'));
    (length > 0).then_some(sign * sum)
}

/// The datagram in a response of `socket,address,port,length,digits,rest`: the line that has six parts, since others
/// came unasked.
fn datagram(response: &[u8], datagram: &mut Vec<u8, MAX_DATAGRAM>) -> Option<i32> {
    let mut lines = response.split(|byte| *byte == b'\n');
    let line = lines.find(|line| line.iter().filter(|byte| **byte == b',').count() == 5)?;
    let nibble = |digit: u8| (digit as char).to_digit(16);
    for pair in line.split(|byte| *byte == b',').nth(4)?.chunks(2) {
        let &[high, low] = pair else { return None };
        datagram.push((nibble(high)? << 4 | nibble(low)?) as u8).ok()?;
    }
    Some(0)
}

/// How far the modem is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is known of it.
    Unknown,
    /// It is set up and looks for the network.
    Searching,
    /// It has a socket of this number, which is a digit.
    Connected(u8),
}

/// The modem on its serial line.
pub(crate) struct Modem<'b> {
    client: SimpleClient<'b, Watched, Lines>,
    state: State,
    /// RSRP in dBm, when it was last asked.
    pub(crate) signal_dbm: Option<i16>,
}

impl<'b> Modem<'b> {
    pub(crate) fn new(uart: Uart, buffer: &'b mut [u8; LINE]) -> Self {
        let config = Config::new().cmd_cooldown(Duration::from_ticks(0));
        let line = Watched { uart, matched: 0, announced: false };
        Self {
            client: SimpleClient::new(line, Lines, buffer, config),
            state: State::Unknown,
            signal_dbm: None,
        }
    }

    /// Whether it can send.
    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected(_))
    }

    /// Goes on towards a connection by what can be done at once; call again after a while.
    pub(crate) fn connect(&mut self) {
        self.state = match self.state {
            State::Unknown => self.set_up().map_or(State::Unknown, |()| State::Searching),
            State::Searching => self.open().unwrap_or(State::Searching),
            connected @ State::Connected(_) => connected,
        };
        if self.state == State::Searching {
            self.state = self.open().unwrap_or(State::Searching);
        }
    }

    /// Begins anew with the next [`connect`](Self::connect), as after a modem that does not answer.
    pub(crate) fn reset(&mut self) {
        self.state = State::Unknown;
    }

    fn ask(&mut self, text: &[&[u8]], after: &[u8]) -> Result<i32, Error> {
        let read = |response: &[u8]| number(response, after);
        self.client.send(&Command { text, digits: &[], read: &read }).map(|Number(number)| number)
    }

    fn tell(&mut self, text: &[&[u8]], digits: &[u8]) -> Result<(), Error> {
        self.client.send(&Command { text, digits, read: &|_| Some(0) }).map(|_| ())
    }

    fn set_up(&mut self) -> Result<(), Error> {
        // It may be asleep, in the middle of a line, or echo: the first commands wake it.
        let _ = self.tell(&[b"AT"], &[]);
        self.tell(&[b"ATE0"], &[])?;
        self.tell(&[b"AT+CGDCONT=1,\"IP\",\"", APN.as_bytes(), b"\""], &[])?;
        self.tell(&[b"AT+CFUN=1"], &[])
    }

    fn open(&mut self) -> Result<State, Error> {
        // Registered at home (1) or roaming (5).
        if !matches!(self.ask(&[b"AT+CEREG?"], b"+CEREG:0,")?, 1 | 5) {
            return Err(Error::Parse);
        }
        // A socket from before a power cut would take the datagrams.
        let _ = self.tell(&[b"AT+NSOCL=0"], &[]);
        let socket = self.ask(&[b"AT+NSOCR=DGRAM,17,0,1"], b"\n")?;
        let signal = self.ask(&[b"AT+NUESTATS"], b"Signal power:");
        self.signal_dbm = signal.ok().map(|tenths| (tenths / 10) as i16);
        Ok(State::Connected(b'0' + socket as u8))
    }

    /// Sends a datagram; whether the modem took it. With `is_last` the radio is released as soon as the answer has
    /// come.
    pub(crate) fn send(&mut self, datagram: &[u8], is_last: bool) -> bool {
        let State::Connected(socket) = self.state else { return false };
        let flag: &[u8] = if is_last { b",0x400," } else { b",0x000," };
        let mut length = [0; 5];
        let end = Text(&mut length, 0).number(datagram.len() as u32).put(b",").1;
        let text = [b"AT+NSOSTF=", &[socket][..], b",", SERVER.as_bytes(), flag, &length[..end]];
        let sent = self.tell(&text, datagram).is_ok();
        if !sent {
            self.reset();
        }
        sent
    }

    /// Whether a datagram may have come since it was last asked for one.
    pub(crate) fn has_spoken(&mut self) -> bool {
        let line = self.client.inner();
        line.announced || line.uart.has_line()
    }

    /// Passes over what a modem says that is not connected, such as a greeting.
    fn skip(&mut self) {
        let line = self.client.inner();
        while line.uart.has_line() {
            // It has bytes, so it does not wait for some.
            let Ok(_) = line.uart.read(&mut [0; 16]);
        }
    }

    /// Takes a datagram, if one has come.
    pub(crate) fn receive(&mut self) -> Option<Vec<u8, MAX_DATAGRAM>> {
        self.client.inner().announced = false;
        let State::Connected(socket) = self.state else {
            self.skip();
            return None;
        };
        let received = RefCell::new(Vec::new());
        let read = |response: &[u8]| datagram(response, &mut received.borrow_mut());
        let text = [b"AT+NSORF=", &[socket][..], b",512"];
        match self.client.send(&Command { text: &text, digits: &[], read: &read }) {
            Ok(_) => Some(received.into_inner()),
            Err(Error::Timeout) => {
                self.reset();
                None
            }
            Err(_) => None,
        }
    }
}
