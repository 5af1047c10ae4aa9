//! What leaves the house arrives, whatever dies on the way.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gengwei_tests::scene;
use gengwei_tests::{Backend, Server, on_both};
use serde_json::{Value, json};

on_both!(a_killed_server_delivers_everything_after_all);

/// Everything that came, by idempotency key. Of the first thirty requests every third is answered by hanging up.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<BTreeMap<String, Value>>>);

impl Receiver {
    fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/cases", listener.local_addr().expect("an address"));
        let receiver = self.clone();
        thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let receiver = receiver.clone();
                thread::spawn(move || receiver.answer(stream.expect("a connection"), n < 30 && n % 3 == 0));
            }
        });
        url
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
    fn latest(&self, of: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
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

fn a_killed_server_delivers_everything_after_all(backend: Backend) {
    let receiver = Receiver::default();
    let (mut server, demo) = Server::demo(backend);
    let channel = format!(
        "[[channel]]\nname = \"平台\"\nsubject = \"case\"\nurl = \"{}\"\nsecret = \"s\"\nattempts = 50\n",
        receiver.listen()
    );
    std::fs::write(server.site.path("channels.toml"), channel).expect("a file");
    server.restart();
    let mut expected = BTreeMap::new();
    for round in 0..3 {
        let (leader, officer) = (server.login(demo.group_leader()), server.login(demo.township()));
        let parcel = officer.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
        for _ in 0..10 {
            let patrol =
                scene::patrol_with_sighting(demo.group_leader(), scene::spot_in(&parcel), "building", &[]);
            leader.post("/api/v1/patrols", &patrol).expect(201);
        }
        for case in officer.list("/api/v1/cases?state=opened&source=patrol", 100).iter().take(5) {
            let path = format!("/api/v1/cases/{}/events", case["id"].as_str().expect("an id"));
            let request = officer
                .request(reqwest::Method::POST, &path)
                .header("If-Match", format!("\"{}\"", case["version"]));
            officer.send(request.json(&json!({"action": "accept"}))).expect(201);
        }
        for case in officer.list("/api/v1/cases?source=patrol", 100) {
            expected.insert(
                case["id"].as_str().expect("an id").to_owned(),
                case["version"].as_i64().expect("a version"),
            );
        }
        // Somewhere within a round of deliveries.
        thread::sleep(Duration::from_millis(700 + 900 * round));
        server.kill_hard();
        server.restart();
    }
    let officer = server.login(demo.county());
    let started = Instant::now();
    // A hung-up push is due again after half a minute, a claim of a dead process after a minute and a half.
    while receiver.latest(&expected) != expected && started.elapsed() < Duration::from_secs(200) {
        for dead in officer.list("/api/v1/deliveries?state=delivered", 100) {
            assert_eq!(dead["channel"], "平台");
        }
        thread::sleep(Duration::from_secs(1));
    }
    assert_eq!(receiver.latest(&expected), expected);
    let township = server.login(demo.township());
    assert!(!township.list("/api/v1/deliveries", 100).is_empty(), "a township sees what has arrived");
    let told = server.login(demo.neighbour()).list("/api/v1/deliveries", 100);
    let foreign = told.iter().filter(|sent| expected.keys().any(|case| sent.to_string().contains(case)));
    assert_eq!(foreign.count(), 0, "a neighbour sees only what his own township sent: {told:?}");
    let verified = server.site.run(["audit", "verify"]).done();
    assert!(verified.last_line().ends_with("entries ok"), "{}", verified.stdout);
}
