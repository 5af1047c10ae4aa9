//! The server's end of a sync for the Node tests: it keeps what it gets in memory, and gives one task.

#![expect(
    unsafe_code,
    reason = "a function keeps its name for the test only by an attribute that counts as unsafe"
)]
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use gengwei_proto::wire::*;

/// The keys of every device here.
const UP: Key = [1; 32];
const DOWN: Key = [2; 32];
const NOW: u64 = 1_795_449_600;

#[derive(Default)]
struct Server {
    epoch: u32,
    counter: u32,
    stored: BTreeMap<(u32, u32), Vec<u8>>,
    bytes: Vec<u8>,
}

thread_local! {
    static SERVER: RefCell<Server> = RefCell::default();
}

/// Where a request body of this length is to be written, and where an answer stands.
#[unsafe(no_mangle)]
pub extern "C" fn server_bytes(length: usize) -> *mut u8 {
    SERVER.with_borrow_mut(|server| {
        server.bytes.resize(length, 0);
        server.bytes.as_mut_ptr()
    })
}

/// Takes the request; returns the answer's length, 0 for none.
#[unsafe(no_mangle)]
pub extern "C" fn server_take() -> usize {
    SERVER.with_borrow_mut(|server| {
        let body = std::mem::take(&mut server.bytes);
        server.bytes = server.take(body).unwrap_or_default();
        server.bytes.len()
    })
}

/// How many records are stored.
#[unsafe(no_mangle)]
pub extern "C" fn server_stored() -> usize {
    SERVER.with_borrow(|server| server.stored.len())
}

/// Puts the server back to an empty backup.
#[unsafe(no_mangle)]
pub extern "C" fn server_set_back() {
    SERVER.with_borrow_mut(|server| {
        server.stored.clear();
        server.epoch += 1;
    });
}

impl Server {
    fn take(&mut self, mut body: Vec<u8>) -> Option<Vec<u8>> {
        let mut answer = None;
        while !body.is_empty() {
            let frame = Frame::<UplinkHead>::read(&body).ok()?;
            let (mut this, rest) = (body, Vec::new());
            let rest = if frame.length < this.len() { this.split_off(frame.length) } else { rest };
            let (header, records) = read_uplink(frame.open(&Sm4Ccm::new(&UP), &mut this, None).ok()?).ok()?;
            for (seq, record) in records.map(Result::unwrap) {
                self.stored.entry((frame.head.epoch.0, seq.0)).or_insert_with(|| record.to_vec());
            }
            if header.ask {
                answer = Some(self.answer(frame.head, header));
            }
            body = rest;
        }
        answer
    }

    fn answer(&mut self, head: UplinkHead, header: UplinkHeader) -> Vec<u8> {
        let epoch = head.epoch.0;
        let stored = self.stored.range((epoch, 0)..=(epoch, u32::MAX)).map(|((_, seq), _)| Seq(*seq));
        let ack = Ack::new(header.base, stored);
        let answer =
            DownlinkHeader { heard: head.counter, next: ack.next(), arrivals: ack.arrivals(), now: NOW };
        self.counter += 1;
        let down = Sm4Ccm::new(&DOWN);
        let sealed =
            DownlinkHead { suite: down.suite(), key: 0, epoch: Epoch(self.epoch), counter: self.counter };
        let mut buffer = [0; MAX_DATAGRAM];
        let mut writer = DownlinkWriter::new(&mut buffer, &sealed, &answer).unwrap();
        if header.cursor < 1 {
            let task = Task {
                id: Uuid([7; 16]),
                kind: TaskKind::VERIFY,
                region: "640502102210".parse().unwrap(),
                parcel: None,
                due: Some(NOW + 86_400),
                text: Some("核实举证"),
            };
            writer.message(1, &Message::Task(task)).unwrap();
        }
        writer.seal(&down, head.device, head.epoch).unwrap().to_vec()
    }
}
