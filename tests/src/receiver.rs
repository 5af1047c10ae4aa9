//! The next platform, as the program's pushes see it: it takes what comes, and sometimes hangs up instead.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// Everything that came, by idempotency key. Of the first thirty requests every third is answered by hanging up.
#[derive(Clone, Debug, Default)]
pub struct Receiver(Arc<Mutex<BTreeMap<String, Value>>>);

impl Receiver {
    /// Listens from now on; answers a channel that leads here, for `channels.toml`.
    #[must_use]
    pub fn channel(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/cases", listener.local_addr().expect("an address"));
        let receiver = self.clone();
        thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let receiver = receiver.clone();
                thread::spawn(move || receiver.answer(stream.expect("a connection"), n < 30 && n % 3 == 0));
            }
        });
        let (name, secret) = ("平台", "s");
        format!(
            "[[channel]]\nname = \"{name}\"\nsubject = \"case\"\nurl = \"{url}\"\nsecret = \"{secret}\"\nattempts = 50\n"
        )
    }

    fn answer(&self, mut stream: TcpStream, hang_up: bool) {
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let (mut key, mut length) = (String::new(), 0);
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 0) && !line.trim().is_empty() {
            let (name, value) = line.split_once(':').unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "idempotency-key" => key = value.trim().to_owned(),
                "content-length" => length = value.trim().parse().expect("a length"),
                _ => {}
            }
            line.clear();
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() || hang_up {
            return;
        }
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let known = self.0.lock().expect("no panic").insert(key, body.clone());
        assert!(known.is_none_or(|known| known == body), "one key, one content");
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
        // The server may have been killed meanwhile.
        let _ = stream.write_all(answer.as_bytes());
    }

    /// The newest version that came of each of these cases; the demo's own come beside them.
    #[must_use]
    pub fn latest(&self, of: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
        let mut latest = BTreeMap::new();
        for body in self.0.lock().expect("no panic").values() {
            let id = body["external_id"].as_str().expect("an id").to_owned();
            if !of.contains_key(&id) {
                continue;
            }
            let version = body["version"].as_i64().expect("a version");
            let newest = latest.entry(id).or_insert(version);
            *newest = version.max(*newest);
        }
        latest
    }
}
