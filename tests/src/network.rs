//! A network between a client and a server that is slow and breaks as it is told to.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What happens to one connection.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It breaks after so many bytes from the client.
    Cut(u64),
    /// A request with this method arrives whole; its answer is lost and the connection breaks.
    LoseAnswer(&'static str),
}

/// A proxy that every byte passes through.
pub struct Network {
    /// `http://127.0.0.1:<port>`, for the client.
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    server: Mutex<String>,
    faults: Mutex<VecDeque<Fault>>,
    sent: AtomicU64,
    pause: Duration,
}

impl Network {
    /// Leads to a server; the first connections have these faults, one each. Every 64 KiB from the client take
    /// `pause`.
    pub fn to(server: &str, faults: impl IntoIterator<Item = Fault>, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            server: Mutex::new(address(server)),
            faults: Mutex::new(faults.into_iter().collect()),
            sent: AtomicU64::new(0),
            pause,
        });
        let serving = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let shared = serving.clone();
                thread::spawn(move || shared.carry(client));
            }
        });
        Self { url, shared }
    }

    /// Leads to another server from now on.
    pub fn leads_to(&self, server: &str) {
        *self.shared.server.lock().expect("no panic while held") = address(server);
    }

    /// Bytes that the client has sent through so far.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// Faults that have not happened yet.
    pub fn faults_left(&self) -> usize {
        self.shared.faults.lock().expect("no panic while held").len()
    }
}

fn address(url: &str) -> String {
    url.trim_start_matches("http://").to_owned()
}

impl Shared {
    fn carry(&self, mut client: TcpStream) {
        let address = self.server.lock().expect("no panic while held").clone();
        let Ok(mut server) = TcpStream::connect(address) else { return };
        let fault = self.faults.lock().expect("no panic while held").pop_front();
        let losing = Arc::new(Mutex::new(false));
        let answers = {
            let (from, to) = (server.try_clone().expect("a handle"), client.try_clone().expect("a handle"));
            let losing = losing.clone();
            thread::spawn(move || carry_answers(from, to, &losing))
        };
        let mut left = if let Some(Fault::Cut(bytes)) = fault { bytes } else { u64::MAX };
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            let part = &buffer[..count.min(usize::try_from(left).unwrap_or(usize::MAX))];
            if let Some(Fault::LoseAnswer(method)) = fault
                && part.starts_with(method.as_bytes())
            {
                *losing.lock().expect("no panic while held") = true;
            }
            if server.write_all(part).is_err() {
                break;
            }
            self.sent.fetch_add(part.len() as u64, Ordering::Relaxed);
            left -= part.len() as u64;
            if left == 0 {
                break;
            }
            thread::sleep(self.pause);
        }
        // What is on its way still arrives; nothing comes back.
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Write);
        let _ = answers.join();
    }
}

fn carry_answers(mut from: TcpStream, mut to: TcpStream, losing: &Mutex<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if *losing.lock().expect("no panic while held") || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
