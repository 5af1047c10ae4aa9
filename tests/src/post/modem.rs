//! A modem like Quectel's BC95 on the other end of a serial line, and the radio link behind it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The radio link, in percent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Link {
    /// Datagrams that get lost, either way.
    pub loss: u32,
    /// Datagrams that arrive twice.
    pub double: u32,
    /// Whatever else differs from run to run.
    pub seed: u64,
}

/// What went through a modem.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Datagrams from the post, and their bytes without IP and UDP.
    pub sent: (usize, usize),
    /// Datagrams to the post.
    pub received: (usize, usize),
    /// Datagrams after which the post wanted the radio released.
    pub released: usize,
    /// Lines that were no command of this modem.
    pub strange: usize,
}

struct Shared {
    traffic: Traffic,
    arrived: VecDeque<Vec<u8>>,
    random: u64,
    line: TcpStream,
}

impl Shared {
    fn chance(&mut self, percent: u32) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 33) % 100 < u64::from(percent)
    }

    fn say(&mut self, lines: &[&str]) {
        let text: String = lines.iter().map(|line| format!("\r\n{line}\r\n")).collect();
        // The post may have lost its power.
        let _ = self.line.write_all(text.as_bytes());
    }
}

/// A modem with power.
pub struct Modem(Arc<Mutex<Shared>>);

impl Modem {
    pub(super) fn start(line: TcpStream, server: SocketAddr, link: Link) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(server).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a socket");
        let random = link.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let shared = Arc::new(Mutex::new(Shared {
            traffic: Traffic::default(),
            arrived: VecDeque::new(),
            random,
            line: line.try_clone().expect("a socket"),
        }));
        let radio = socket.try_clone().expect("a socket");
        let (weak, commands) = (Arc::downgrade(&shared), Arc::clone(&shared));
        std::thread::spawn(move || {
            let mut datagram = [0; 2048];
            while let Some(shared) = weak.upgrade() {
                if let Ok(length) = radio.recv(&mut datagram) {
                    bring(&mut shared.lock().expect("no panic"), link, &datagram[..length]);
                }
            }
        });
        std::thread::spawn(move || {
            for line in BufReader::new(line).lines().map_while(Result::ok) {
                obey(&mut commands.lock().expect("no panic"), link, &socket, line.trim());
            }
        });
        Self(shared)
    }

    /// What has gone through it.
    pub fn traffic(&self) -> Traffic {
        self.0.lock().expect("no panic").traffic
    }
}

/// A datagram has come over the air, or not.
fn bring(shared: &mut Shared, link: Link, datagram: &[u8]) {
    if shared.chance(link.loss) {
        return;
    }
    for _ in 0..=u32::from(shared.chance(link.double)) {
        shared.traffic.received.0 += 1;
        shared.traffic.received.1 += datagram.len();
        shared.arrived.push_back(datagram.to_vec());
        let length = datagram.len();
        shared.say(&[&format!("+NSONMI:0,{length}")]);
    }
}

/// Does what a line asks for.
fn obey(shared: &mut Shared, link: Link, socket: &UdpSocket, line: &str) {
    let (command, arguments) = line.split_once('=').unwrap_or((line, ""));
    match command {
        "AT" | "ATE0" | "AT+CGDCONT" | "AT+CFUN" | "AT+NSOCL" => shared.say(&["OK"]),
        "AT+CEREG?" => shared.say(&["+CEREG:0,1", "OK"]),
        "AT+NSOCR" => shared.say(&["0", "OK"]),
        "AT+NUESTATS" => shared.say(&["Signal power:-842\r\nTotal power:-781\r\nTX power:80", "OK"]),
        "AT+NSOSTF" => match datagram(arguments) {
            Some((flag, bytes)) => {
                shared.traffic.sent.0 += 1;
                shared.traffic.sent.1 += bytes.len();
                shared.traffic.released += usize::from(flag == "0x400");
                if !shared.chance(link.loss) {
                    for _ in 0..=u32::from(shared.chance(link.double)) {
                        // A server that is down hears nothing.
                        let _ = socket.send(&bytes);
                    }
                }
                shared.say(&[&format!("0,{}", bytes.len()), "OK"]);
            }
            None => shared.say(&["ERROR"]),
        },
        "AT+NSORF" => match shared.arrived.pop_front() {
            Some(bytes) => {
                let line = format!("0,192.0.2.1,5683,{},{},0", bytes.len(), hex::encode_upper(&bytes));
                shared.say(&[&line, "OK"]);
            }
            None => shared.say(&["OK"]),
        },
        "" => {}
        _ => {
            shared.traffic.strange += 1;
            shared.say(&["ERROR"]);
        }
    }
}

/// `socket,address,port,flag,length,digits`
fn datagram(arguments: &str) -> Option<(&str, Vec<u8>)> {
    let parts: Vec<_> = arguments.split(',').collect();
    let [_, _, _, flag, length, digits] = *parts else { return None };
    let bytes = hex::decode(digits).ok()?;
    (length.parse() == Ok(bytes.len()) && bytes.len() <= 512).then_some((flag, bytes))
}
