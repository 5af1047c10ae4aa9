//! A stand-in for an S3-compatible store: objects in memory, the few requests that photos need, and who asks is looked
//! at as far as the key goes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The key that is let in.
pub const KEY: &str = "GENGWEITESTKEY";

/// A store with one bucket, `photos`.
#[derive(Clone, Debug, Default)]
pub struct S3(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

/// A request as far as it matters here.
struct Asked {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    known: bool,
    body: Vec<u8>,
}

impl S3 {
    /// Listens from now on; answers its endpoint.
    #[must_use]
    pub fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let store = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let store = store.clone();
                thread::spawn(move || store.serve(&stream.expect("a connection")));
            }
        });
        url
    }

    /// The keys of all objects.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.0.lock().expect("no panic").keys().cloned().collect()
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(asked) = read(&mut reader) {
            let (status, body) = self.answer(&asked);
            let length = body.len();
            let body = if asked.method == "HEAD" { Vec::new() } else { body };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: \"{length}\"\r\n\
                 Last-Modified: Sat, 28 Nov 2026 08:00:00 GMT\r\nContent-Type: application/xml\r\n\r\n"
            );
            let mut out = stream;
            if out.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, asked: &Asked) -> (&'static str, Vec<u8>) {
        if !asked.known {
            return ("403 Forbidden", b"<Error><Code>AccessDenied</Code></Error>".to_vec());
        }
        let mut objects = self.0.lock().expect("no panic");
        let Some(key) = asked.path.strip_prefix("/photos").map(|key| key.trim_start_matches('/').to_owned())
        else {
            return ("404 Not Found", b"<Error><Code>NoSuchBucket</Code></Error>".to_vec());
        };
        match asked.method.as_str() {
            "PUT" => {
                objects.insert(key, asked.body.clone());
                ("200 OK", Vec::new())
            }
            "DELETE" => {
                objects.remove(&key);
                ("204 No Content", Vec::new())
            }
            "GET" if key.is_empty() => ("200 OK", listed(&objects, &asked.query)),
            _ => match objects.get(&key) {
                Some(bytes) => ("200 OK", bytes.clone()),
                None => ("404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
            },
        }
    }
}

/// `ListObjectsV2`, all on one page.
fn listed(objects: &BTreeMap<String, Vec<u8>>, query: &BTreeMap<String, String>) -> Vec<u8> {
    let prefix = query.get("prefix").map_or("", String::as_str);
    let found = objects.iter().filter(|(key, _)| key.starts_with(prefix));
    let mut xml = "<ListBucketResult><IsTruncated>false</IsTruncated>".to_owned();
    for (key, bytes) in found {
        let _ = write!(
            xml,
            "<Contents><Key>{key}</Key><LastModified>2026-11-28T08:00:00.000Z</LastModified><ETag>x</ETag>\
             <Size>{}</Size></Contents>",
            bytes.len()
        );
    }
    xml.push_str("</ListBucketResult>");
    xml.into_bytes()
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let (mut length, mut known) = (0, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => known = value.contains(&format!("AWS4-HMAC-SHA256 Credential={KEY}/")),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = query.map(|(name, value)| (name.to_owned(), value.replace("%2F", "/"))).collect();
    Some(Asked { method, path: path.to_owned(), query, known, body })
}
