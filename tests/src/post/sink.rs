//! A server made of `proto` alone: it stores what comes over CoAP and answers.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gengwei_proto::wire::*;

/// The server of one post.
pub struct Sink {
    address: SocketAddr,
    stored: Arc<Mutex<Store>>,
}

#[derive(Default)]
struct Store {
    records: BTreeMap<(Epoch, Seq), Vec<u8>>,
    /// (epoch, counter) of every frame that opened.
    frames: BTreeMap<(Epoch, u32), Vec<u8>>,
    wrong: Vec<String>,
    answers: u32,
    config: Option<PostConfig>,
}

impl Sink {
    /// Listens for the post of this number and these keys.
    pub fn start(device: u32, up: [u8; 32], down: [u8; 32]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a socket");
        let address = socket.local_addr().expect("an address");
        let stored = Arc::new(Mutex::new(Store::default()));
        let weak = Arc::downgrade(&stored);
        std::thread::spawn(move || {
            let (up, down) = (Sm4Ccm::new(&up), Sm4Ccm::new(&down));
            let mut datagram = [0; 2048];
            while let Some(stored) = weak.upgrade() {
                let Ok((length, from)) = socket.recv_from(&mut datagram) else { continue };
                let mut store = stored.lock().expect("no panic");
                match store.take(&datagram[..length], DeviceId(device), &up, &down) {
                    Ok(Some(answer)) => _ = socket.send_to(&answer, from),
                    Ok(None) => {}
                    Err(wrong) => store.wrong.push(wrong),
                }
            }
        });
        Self { address, stored }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has this to hand out.
    pub fn configure(&self, config: PostConfig) {
        self.stored.lock().expect("no panic").config = Some(config);
    }

    /// What is stored, as bytes by epoch and number; asserts that nothing strange has come.
    #[track_caller]
    pub fn records(&self) -> BTreeMap<(u32, u32), Vec<u8>> {
        let store = self.stored.lock().expect("no panic");
        assert!(store.wrong.is_empty(), "{:?}", store.wrong);
        store.records.iter().map(|((epoch, seq), bytes)| ((epoch.0, seq.0), bytes.clone())).collect()
    }
}

impl Store {
    fn take(
        &mut self,
        datagram: &[u8],
        device: DeviceId,
        up: &dyn Cipher,
        down: &dyn Cipher,
    ) -> Result<Option<Vec<u8>>, String> {
        let (header, sealed) = datagram.split_at_checked(10).ok_or("too short")?;
        if header[..2] != [0x50, 0x02] || header[4..] != *b"\xB4sync\xFF" {
            return Err(format!("no NON POST /sync: {}", hex::encode(header)));
        }
        let mut bytes = sealed.to_vec();
        let frame = Frame::<UplinkHead>::read(&bytes).map_err(|error| error.to_string())?;
        let head = frame.head;
        let message = frame.open(up, &mut bytes, None).map_err(|error| error.to_string())?;
        if *self.frames.entry((head.epoch, head.counter)).or_insert_with(|| sealed.to_vec()) != sealed {
            return Err(format!("counter {} came twice", head.counter));
        }
        let (header, records) = read_uplink(message).map_err(|error| error.to_string())?;
        for record in records {
            let (seq, bytes) = record.map_err(|error| error.to_string())?;
            let kept = self.records.entry((head.epoch, seq)).or_insert_with(|| bytes.to_vec());
            if kept != bytes {
                return Err(format!("{seq:?} came as two different records"));
            }
        }
        if !header.ask {
            return Ok(None);
        }
        let of_epoch = self.records.keys().filter(|(epoch, _)| *epoch == head.epoch);
        let ack = Ack::new(header.base, of_epoch.map(|(_, seq)| *seq));
        let answer = DownlinkHeader {
            heard: head.counter,
            next: ack.next(),
            arrivals: ack.arrivals(),
            now: 1_795_449_600,
        };
        self.answers += 1;
        let down_head = DownlinkHead { suite: down.suite(), key: 0, epoch: Epoch(7), counter: self.answers };
        let mut buffer = [0; MAX_DATAGRAM];
        let mut writer =
            DownlinkWriter::new(&mut buffer, &down_head, &answer).map_err(|error| error.to_string())?;
        if let Some(config) = self.config.filter(|_| header.cursor < 1) {
            writer.message(1, &Message::Config(config)).map_err(|error| error.to_string())?;
        }
        let sealed = writer.seal(down, device, head.epoch).map_err(|error| error.to_string())?;
        Ok(Some([&[0x50, 0x44, datagram[2], datagram[3], 0xFF], sealed].concat()))
    }
}
