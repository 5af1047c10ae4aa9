//! The firmware of a QR warning post: it looks at its sensors, keeps what happens, speaks through its modem when
//! something is due, and sleeps.

#![no_std]
#![no_main]

mod board;
mod identity;
mod model;
mod modem;
mod senses;

use core::panic::PanicInfo;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use cortex_m_rt::entry;
use gengwei_agent::coap;
use gengwei_agent::journal::{FlashJournal, Journal, Layout};
use gengwei_agent::post::{Post, Profile, Vitals};
use gengwei_agent::session::{Ciphers, Millis};
use gengwei_proto::wire::{Cipher, Epoch, Event, MAX_DATAGRAM, PostEvent, Seq};
use heapless::Vec;

use crate::board::Console;
use crate::identity::Enrolled;
use crate::modem::Modem;
use crate::senses::Senses;

#[cfg(feature = "aes-ccm")]
use gengwei_proto::wire::Aes128Ccm as Suite;
#[cfg(feature = "chacha20-poly1305")]
use gengwei_proto::wire::ChaCha20Poly1305 as Suite;
#[cfg(feature = "sm4-ccm")]
use gengwei_proto::wire::Sm4Ccm as Suite;

/// Of `Cargo.toml`, as heartbeats tell it.
const FIRMWARE: u32 = {
    const fn number(text: &str) -> u32 {
        let (bytes, mut at, mut sum) = (text.as_bytes(), 0, 0);
        while at < bytes.len() {
            sum = sum * 10 + (bytes[at] - b'0') as u32;
            at += 1;
        }
        sum
    }
    number(env!("CARGO_PKG_VERSION_MAJOR")) * 10_000
        + number(env!("CARGO_PKG_VERSION_MINOR")) * 100
        + number(env!("CARGO_PKG_VERSION_PATCH"))
};

/// For so long the modem may look for the network before the datagrams count as lost; the session then waits longer.
const SEARCH: Millis = 60_000;
/// Between looks whether the modem has found it.
const LOOK_AGAIN: Millis = 500;

/// The time for `embassy-time`, which `atat` measures its patience with.
struct Ticks;

impl embassy_time_driver::Driver for Ticks {
    fn now(&self) -> u64 {
        board::now()
    }

    fn schedule_wake(&self, _: u64, _: &Waker) {
        // Nothing here waits for a timer: the serial line is looked at until its time is over.
    }
}

embassy_time_driver::time_driver_impl!(static TICKS: Ticks = Ticks);

/// Runs a future of the journal, whose flash answers at once.
fn finish<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!(),
    }
}

#[entry]
fn main() -> ! {
    if let Some(peripherals) = cortex_m::Peripherals::take() {
        board::start(peripherals.SYST);
    }
    let mut console = Console::new();
    let enrolled = identity::read();
    let (Some(enrolled), Some(flash)) = (enrolled, board::flash()) else {
        console.write(b"not enrolled, or no flash\n");
        loop {
            board::sleep(board::now() + 3_600_000);
        }
    };
    let layout = Layout { numbers: model::NUMBERS, urgent: model::URGENT, routine: model::ROUTINE };
    let Ok(journal) = finish(FlashJournal::open(flash, layout, Epoch(board::random()))) else { restart() };
    let profile = Profile {
        identity: enrolled.identity,
        settings: model::SETTINGS,
        answer: model::ANSWER_MS,
        waits: model::WAITS,
        firmware: FIRMWARE,
    };
    let Ok(post) = finish(Post::start(profile, journal, board::random())) else { restart() };
    let mut line = [0; modem::LINE];
    let modem = Modem::new(board::Uart::new(), &mut line);
    let senses = Senses::new(post.settings());
    Firmware::new(post, &enrolled, modem, senses, console).run()
}

/// What runs after the start.
struct Firmware<'b> {
    post: Post<FlashJournal<board::Flash>>,
    up: Suite,
    down: Suite,
    modem: Modem<'b>,
    senses: Senses,
    console: Console,
    /// What happened and is not in the journal yet.
    waiting: Vec<PostEvent, 8>,
    /// Since when the modem looks for the network.
    searching: Option<Millis>,
    look_at: Millis,
    messages: u16,
}

impl<'b> Firmware<'b> {
    fn new(
        post: Post<FlashJournal<board::Flash>>,
        enrolled: &Enrolled,
        modem: Modem<'b>,
        senses: Senses,
        mut console: Console,
    ) -> Self {
        let (up, down) = (Suite::new(&enrolled.up), Suite::new(&enrolled.down));
        if up.suite() as u8 != enrolled.suite {
            console.write(b"enrolled for another suite\n");
        }
        let waiting = Vec::new();
        Self { post, up, down, modem, senses, console, waiting, searching: None, look_at: 0, messages: 0 }
    }

    fn run(mut self) -> ! {
        say(&mut self.console, b"epoch", &[self.post.journal().epoch().0, self.post.journal().next().0]);
        loop {
            let now = board::now();
            self.feel(now);
            self.speak(now);
            if !self.modem.has_spoken() {
                board::sleep(self.next());
            }
        }
    }

    /// When something is to be done again although no line speaks.
    fn next(&self) -> Millis {
        let sensors = self.senses.poll_at(self.post.settings());
        let session = if self.searching.is_some() { self.look_at } else { self.post.poll_at() };
        let retry = if self.waiting.is_empty() { Millis::MAX } else { board::now() + LOOK_AGAIN };
        sensors.min(session).min(retry)
    }

    /// Looks at the sensors and records what happened.
    fn feel(&mut self, now: Millis) {
        let (waiting, settings) = (&mut self.waiting, *self.post.settings());
        // With eight that wait the flash is full or broken: what comes then is lost.
        self.senses.poll(now, &settings, |event| _ = waiting.push(event));
        while let Some(event) = self.waiting.first().copied() {
            match finish(self.post.record(now, Event::PostEvent(event))) {
                Ok(seq) => self.recorded(seq, event),
                Err(_) => break,
            }
            self.waiting.remove(0);
        }
    }

    /// Tells the technician's line what is in the journal.
    fn recorded(&mut self, Seq(seq): Seq, event: PostEvent) {
        let value = event.value.unwrap_or_default() as u32;
        say(
            &mut self.console,
            b"recorded",
            &[self.post.journal().epoch().0, seq, event.kind.0.into(), value],
        );
    }

    /// Does what the session wants.
    fn speak(&mut self, now: Millis) {
        if self.modem.has_spoken() {
            self.listen();
        }
        if self.post.poll_at() > now {
            return;
        }
        if self.post.wants_beat(now) {
            let settings = *self.post.settings();
            self.senses.measure(now, &settings).map(|event| self.waiting.push(event));
            let battery_mv = self.senses.battery_mv;
            let vitals = Vitals { battery_mv, temperature_c: None, signal_dbm: self.modem.signal_dbm };
            if let Ok(Seq(seq)) = finish(self.post.beat(now, vitals)) {
                say(&mut self.console, b"beat", &[self.post.journal().epoch().0, seq]);
            }
        }
        if !self.is_ready(now) {
            return;
        }
        while self.send() {}
    }

    /// Whether datagrams may go out: the modem has found the network, or it has been given long enough.
    fn is_ready(&mut self, now: Millis) -> bool {
        if !self.modem.is_connected() && now >= self.look_at {
            self.modem.connect();
            self.look_at = board::now() + LOOK_AGAIN;
        }
        let since = *self.searching.get_or_insert(now);
        let is_ready = self.modem.is_connected() || now >= since + SEARCH;
        if is_ready {
            self.searching = None;
        }
        is_ready
    }

    /// Sends one datagram; whether there may be another.
    fn send(&mut self) -> bool {
        let mut datagram = [0; MAX_DATAGRAM];
        let (header, rest) = datagram.split_at_mut(coap::OVERHEAD);
        let ciphers = Ciphers { up: &self.up, down: &self.down };
        let Ok(Some(frame)) = finish(self.post.poll_transmit(board::now(), ciphers, rest)) else {
            return false;
        };
        let length = coap::OVERHEAD + frame.len();
        if let Ok(header) = header.try_into() {
            coap::write_header(header, self.messages);
        }
        self.messages = self.messages.wrapping_add(1);
        self.modem.send(&datagram[..length], self.post.is_waiting())
    }

    /// Takes all datagrams that have come.
    fn listen(&mut self) {
        while let Some(mut datagram) = self.modem.receive() {
            let ciphers = Ciphers { up: &self.up, down: &self.down };
            let Some(frame) = coap::payload(&mut datagram) else { continue };
            // What a failing journal could not take comes again.
            let _ = finish(self.post.handle(board::now(), ciphers, frame));
        }
    }
}

/// A word and numbers on the technician's line.
fn say(console: &mut Console, word: &[u8], numbers: &[u32]) {
    console.write(word);
    for number in numbers {
        let (mut digits, mut at, mut rest) = ([0; 11], 11, *number);
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        digits[at - 1] = b' ';
        console.write(&digits[at - 1..]);
    }
    console.write(b"\n");
}

/// Boots again: everything that matters is in the journal.
fn restart() -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    restart()
}
