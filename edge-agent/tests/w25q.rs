//! The journal's flash chip over a mock of its bus.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use embedded_hal::spi::{ErrorType, Operation, SpiDevice};
use embedded_storage_async::nor_flash::{NorFlash, ReadNorFlash};
use gengwei_agent::journal::{FlashJournal, Journal, Layout};
use gengwei_agent::w25q::{W25q, W25qError};
use gengwei_proto::wire::{Epoch, Priority, Seq};
use proptest::prelude::*;

const CAPACITY: usize = 65_536;

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the bus never has to wait"),
    }
}

/// A W25Q512 as its data sheet describes it.
struct Chip {
    bytes: Vec<u8>,
    is_asleep: bool,
    is_writable: bool,
    /// For so many more questions it is busy.
    busy: u32,
    /// Where its capacity's logarithm is asked for.
    logarithm: u8,
}

impl Chip {
    fn new() -> Self {
        Self { bytes: vec![0xFF; CAPACITY], is_asleep: true, is_writable: false, busy: 0, logarithm: 16 }
    }

    fn change(&mut self, command: u8, at: usize, data: &[u8]) {
        assert!(self.busy == 0, "it would not hear {command:#04x}");
        assert!(std::mem::take(&mut self.is_writable), "it would not do {command:#04x}");
        match command {
            0x20 => self.bytes[at / 4096 * 4096..][..4096].fill(0xFF),
            _ => {
                // The address wraps within the page.
                for (offset, byte) in data.iter().enumerate() {
                    self.bytes[at / 256 * 256 + (at + offset) % 256] &= byte;
                }
            }
        }
        self.busy = 3;
    }
}

impl ErrorType for Chip {
    type Error = Infallible;
}

impl SpiDevice for Chip {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Infallible> {
        let mut sent = Vec::new();
        for operation in operations.iter() {
            if let Operation::Write(bytes) = operation {
                sent.extend_from_slice(bytes);
            }
        }
        let mut answer = |answer: &mut dyn FnMut(usize) -> u8| {
            for operation in operations.iter_mut() {
                if let Operation::Read(bytes) = operation {
                    bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = answer(at));
                }
            }
        };
        if self.is_asleep && sent[0] != 0xAB {
            answer(&mut |_| 0xFF);
            return Ok(());
        }
        let place = sent
            .get(1..4)
            .map(|bytes| usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2]));
        match sent[0] {
            0xAB => self.is_asleep = false,
            0xB9 => self.is_asleep = true,
            0x06 if self.busy == 0 => self.is_writable = true,
            0x06 => {}
            0x05 => {
                let status = u8::from(self.busy > 0) | u8::from(self.is_writable) << 1;
                self.busy = self.busy.saturating_sub(1);
                answer(&mut |_| status);
            }
            0x9F => answer(&mut |at| [0xEF, 0x40, self.logarithm][at]),
            0x03 => {
                assert!(self.busy == 0, "it would not answer");
                let bytes = &self.bytes;
                answer(&mut |at| bytes[place.unwrap() + at]);
            }
            command @ (0x02 | 0x20) => self.change(command, place.unwrap(), &sent[4..]),
            other => panic!("{other:#04x} is no command"),
        }
        Ok(())
    }
}

#[test]
fn a_chip_that_is_none_is_told() {
    for logarithm in [0, 0xFF] {
        let chip = Chip { logarithm, ..Chip::new() };
        assert_eq!(W25q::start(chip).map(|_| ()), Err(W25qError::Silent));
    }
}

#[test]
fn what_lies_outside_is_refused() {
    let mut flash = W25q::start(Chip::new()).unwrap();
    assert_eq!(flash.capacity(), CAPACITY);
    assert_eq!(now(flash.read(CAPACITY as u32 - 1, &mut [0; 2])), Err(W25qError::Outside));
    assert_eq!(now(flash.write(u32::MAX, &[0; 2])), Err(W25qError::Outside));
    assert_eq!(now(flash.erase(0, 4095)), Err(W25qError::Outside));
    assert_eq!(now(flash.erase(4096, 0)), Err(W25qError::Outside));
    assert_eq!(now(flash.erase(0, CAPACITY as u32 + 4096)), Err(W25qError::Outside));
}

#[test]
fn a_journal_lives_on_it() {
    let layout = Layout { numbers: 0..8192, urgent: 8192..16_384, routine: 16_384..32_768 };
    let flash = W25q::start(Chip::new()).unwrap();
    let mut journal = now(FlashJournal::open(flash, layout.clone(), Epoch(5))).unwrap();
    (0..400_u32).for_each(|mark| _ = now(journal.append(Priority::Routine, &mark.to_be_bytes())).unwrap());
    let mut journal = now(FlashJournal::open(journal.into_flash(), layout, Epoch(6))).unwrap();
    assert_eq!((journal.epoch(), journal.next()), (Epoch(5), Seq(400)));
    let mut marks = Vec::new();
    now(journal.visit(Priority::Routine, Seq(0), &mut |_, bytes| {
        marks.push(u32::from_be_bytes(bytes.try_into().unwrap()));
        true
    }))
    .unwrap();
    assert_eq!(marks, (0..400).collect::<Vec<_>>());
}

proptest! {
    #[test]
    fn it_holds_what_nor_flash_holds(
        changes in prop::collection::vec((0..CAPACITY, prop::collection::vec(any::<u8>(), 0..600), 0..7_u8), 1..20),
    ) {
        let mut flash = W25q::start(Chip::new()).unwrap();
        let mut wanted = vec![0xFF; CAPACITY];
        for (at, bytes, what) in changes {
            let bytes = &bytes[..bytes.len().min(CAPACITY - at)];
            match what {
                0 => {
                    let sector = at / 4096 * 4096;
                    now(flash.erase(sector as u32, sector as u32 + 4096)).unwrap();
                    wanted[sector..sector + 4096].fill(0xFF);
                }
                _ => {
                    now(flash.write(at as u32, bytes)).unwrap();
                    wanted[at..].iter_mut().zip(bytes).for_each(|(held, byte)| *held &= byte);
                }
            }
        }
        let mut held = vec![0; CAPACITY];
        now(flash.read(0, &mut held)).unwrap();
        prop_assert!(held == wanted);
    }
}
