//! A warning post: its firmware in QEMU, with a modem, a finger on its button and a hand on its plug.

mod modem;
mod sink;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub use modem::{Link, Modem};
pub use sink::Sink;

/// Where the model keeps who the post is.
const IDENTITY_AT: &str = "0x3fc00";

/// What the post says on the technician's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It has booted: its journal's epoch and the number that the next record gets.
    Epoch(u32, u32),
    /// An event is in the journal: epoch, number, kind, value.
    Recorded(u32, u32, u8, i32),
    /// A heartbeat is in the journal: epoch and number.
    Beat(u32, u32),
}

impl Told {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let word = words.next()?;
        let numbers: Vec<u32> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
        match (word, &*numbers) {
            ("epoch", &[epoch, next]) => Some(Self::Epoch(epoch, next)),
            ("recorded", &[epoch, seq, kind, value]) => {
                Some(Self::Recorded(epoch, seq, u8::try_from(kind).ok()?, value as i32))
            }
            ("beat", &[epoch, seq]) => Some(Self::Beat(epoch, seq)),
            _ => None,
        }
    }
}

/// A post that runs, until it is dropped or its power is cut.
pub struct Post {
    qemu: Child,
    qmp: TcpStream,
    told: Receiver<Told>,
    /// All that it has told so far.
    pub heard: Vec<Told>,
    /// The modem, which outlives no power cut either.
    pub modem: Modem,
}

/// The firmware of the board that QEMU plays; built when it is not what the sources say.
pub fn firmware() -> PathBuf {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let built = Command::new(root.join("scripts/post.sh")).args(["build", "qemu-lm3s"]).output();
    let built = built.expect("scripts/post.sh can be started");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    root.join("target/post/qemu-lm3s.elf")
}

/// Hands an enrolment code in as whoever builds a post does; `file` gets who the post is.
pub fn enrol(url: &str, code: &str, file: &Path) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/post.sh");
    let done = Command::new(script).args(["enrol", url, code, "qemu-lm3s"]).arg(file).output();
    let done = done.expect("scripts/post.sh can be started");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// What enrolment writes: docs/post.md has the form.
pub fn identity(device: u32, up: &[u8; 32], down: &[u8; 32]) -> Vec<u8> {
    let mut bytes = b"GWID\x01\x00\x00\x00".to_vec();
    bytes.extend(device.to_le_bytes());
    bytes.extend(up);
    bytes.extend(down);
    bytes.extend(crc32(&bytes).to_le_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ ((crc & 1) * 0xEDB8_8320);
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

fn accept(listener: &TcpListener, qemu: &mut Child) -> TcpStream {
    listener.set_nonblocking(true).expect("a socket");
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).expect("a socket");
            stream.set_nodelay(true).expect("a socket");
            return stream;
        }
        assert!(!matches!(qemu.try_wait(), Ok(Some(_))), "QEMU ended at once");
        sleep(Duration::from_millis(5));
    }
    panic!("QEMU does not come up");
}

impl Post {
    /// Gives a post power. `folder` holds `identity` and, from the first time on, its flash; its modem's datagrams go
    /// over `link` to `server`.
    pub fn boot(elf: &Path, folder: &Path, server: SocketAddr, link: Link) -> Self {
        let listen = || TcpListener::bind("127.0.0.1:0").expect("a free port");
        let [line, console, qmp] = [listen(), listen(), listen()];
        let to =
            |listener: &TcpListener| format!("tcp:{},nodelay=on", listener.local_addr().expect("an address"));
        let loader =
            format!("loader,file={},addr={IDENTITY_AT},force-raw=on", folder.join("identity").display());
        let semihosting = format!("enable=on,target=native,arg={}", folder.join("flash").display());
        let mut qemu = Command::new("qemu-system-arm")
            .args(["-M", "lm3s6965evb", "-display", "none", "-monitor", "none"])
            .args(["-serial", &to(&line), "-serial", &to(&console), "-qmp", &to(&qmp)])
            .args(["-device", &loader, "-semihosting-config", &semihosting, "-kernel"])
            .arg(elf)
            .stdin(Stdio::null())
            .spawn()
            .expect("qemu-system-arm is installed: scripts/setup.sh test");
        let modem = Modem::start(accept(&line, &mut qemu), server, link);
        let console = accept(&console, &mut qemu);
        let qmp = accept(&qmp, &mut qemu);
        let (tell, told) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(console).lines().map_while(Result::ok) {
                if let Some(word) = Told::parse(line.trim_end()) {
                    let _ = tell.send(word);
                }
            }
        });
        let mut post = Self { qemu, qmp, told, heard: Vec::new(), modem };
        post.command(r#"{"execute":"qmp_capabilities"}"#);
        // QEMU's lines are low, as if pressed, before they are touched for the first time.
        for (name, down) in [("ctrl", true), ("up", true), ("ctrl", false), ("up", false)] {
            post.key(name, down);
        }
        post
    }

    /// Says something to QEMU itself.
    fn command(&mut self, json: &str) {
        // After a power cut nobody listens.
        let _ = self.qmp.write_all(json.as_bytes());
    }

    fn key(&mut self, name: &str, down: bool) {
        self.command(&format!(
            r#"{{"execute":"input-send-event","arguments":{{"events":[{{"type":"key","data":{{"down":{down},"key":{{"type":"qcode","data":"{name}"}}}}}}]}}}}"#
        ));
    }

    /// Presses and releases the button, each for longer than it bounces and than a command to the modem takes.
    pub fn press(&mut self) {
        self.key("ctrl", true);
        sleep(Duration::from_millis(250));
        self.key("ctrl", false);
        sleep(Duration::from_millis(250));
    }

    /// Lets somebody walk past the PIR sensor; a real one's line stays up for longer.
    pub fn walk_past(&mut self) {
        self.key("up", true);
        sleep(Duration::from_millis(500));
        self.key("up", false);
    }

    /// Listens to the technician's line until something that was told satisfies `is_it`.
    #[track_caller]
    pub fn hear(&mut self, within: Duration, is_it: impl Fn(&Told) -> bool) -> Told {
        let end = Instant::now() + within;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.told.recv_timeout(left) {
                Ok(told) => {
                    self.heard.push(told);
                    if is_it(&told) {
                        return told;
                    }
                }
                Err(_) => panic!("the post does not say it within {within:?}; it said {:?}", self.heard),
            }
        }
    }

    /// Takes note of what has been told meanwhile.
    pub fn listen(&mut self) {
        self.heard.extend(self.told.try_iter());
    }

    /// Writes the first `length` bytes of its memory to a file.
    pub fn memory(&mut self, length: usize, file: &Path) -> Vec<u8> {
        let name = file.display();
        self.command(&format!(
            r#"{{"execute":"pmemsave","arguments":{{"val":536870912,"size":{length},"filename":"{name}"}}}}"#
        ));
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            match std::fs::read(file) {
                Ok(bytes) if bytes.len() == length => return bytes,
                _ => assert!(Instant::now() < end, "QEMU does not write its memory"),
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// Cuts the power (SIGKILL) and returns all that it had told.
    pub fn cut(mut self) -> Vec<Told> {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
        // What stands in the socket was told before the cut.
        while let Ok(told) = self.told.recv_timeout(Duration::from_secs(5)) {
            self.heard.push(told);
        }
        std::mem::take(&mut self.heard)
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}
