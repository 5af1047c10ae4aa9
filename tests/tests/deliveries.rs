//! What leaves the house arrives, whatever dies on the way.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gengwei_tests::scene;
use gengwei_tests::{Backend, Receiver, Server, on_both};
use serde_json::json;

on_both!(a_killed_server_delivers_everything_after_all, a_push_over_tls_goes_only_to_whom_the_city_trusts,);

fn a_killed_server_delivers_everything_after_all(backend: Backend) {
    let receiver = Receiver::default();
    let (mut server, demo) = Server::demo(backend);
    std::fs::write(server.site.path("channels.toml"), receiver.channel()).expect("a file");
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

fn a_push_over_tls_goes_only_to_whom_the_city_trusts(backend: Backend) {
    let (mut server, demo) = Server::demo(backend);
    let place = server.site.path("tls");
    std::fs::create_dir(&place).expect("a folder");
    certificates(&place);
    let receiver = Https::listen(&place, "server");
    let stranger = Https::listen(&place, "stranger");
    let channel = |name: &str, url: &str| {
        format!(
            "[[channel]]\nname = \"{name}\"\nsubject = \"case\"\nurl = \"{url}\"\nsecret = \"s\"\nattempts = 2\n"
        )
    };
    // The trusted one, one whose certificate somebody else has issued, and the trusted one under another name.
    let channels = format!(
        "ca_file = \"{}\"\n{}{}{}",
        place.join("ca.pem").display(),
        channel("平台", &format!("https://127.0.0.1:{}/cases", receiver.port)),
        channel("陌生", &format!("https://127.0.0.1:{}/cases", stranger.port)),
        channel("改名", &format!("https://localhost:{}/cases", receiver.port)),
    );
    std::fs::write(server.site.path("channels.toml"), channels).expect("a file");
    server.restart();
    let (leader, county) = (server.login(demo.group_leader()), server.login(demo.county()));
    let parcel = leader.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let patrol = scene::patrol_with_sighting(demo.group_leader(), scene::spot_in(&parcel), "building", &[]);
    leader.post("/api/v1/patrols", &patrol).expect(201);
    let case = county.list("/api/v1/cases?source=patrol", 10)[0]["id"].as_str().expect("an id").to_owned();
    let started = Instant::now();
    let (mut arrived, mut failed) = (Vec::new(), 0);
    while (arrived.is_empty() || failed < 2) && started.elapsed() < Duration::from_secs(60) {
        let told = county.list("/api/v1/deliveries", 500);
        let of_case: Vec<_> = told.iter().filter(|sent| sent["subject_id"] == case.as_str()).collect();
        let errors = of_case.iter().filter(|sent| sent["channel"] != "平台" && !sent["error"].is_null());
        failed = errors.count();
        arrived = of_case
            .iter()
            .filter(|sent| sent["state"] == "delivered")
            .map(|s| s["channel"].clone())
            .collect();
        thread::sleep(Duration::from_millis(300));
    }
    assert_eq!((arrived, failed), (vec![json!("平台")], 2));
    assert!(receiver.told().contains(&case), "the body has come");
    assert_eq!(stranger.told(), "");
    // A file that holds no certificate is no reason to trust everybody: the server does not start.
    std::fs::write(place.join("ca.pem"), "nothing").expect("written");
    server.site.run(["demo"]).failed();
}

/// `ca.pem`, a certificate of it for 127.0.0.1 (`server`), and one that has signed itself (`stranger`).
fn certificates(place: &Path) {
    let openssl = |words: &[&str]| {
        let made =
            Command::new("openssl").args(words).current_dir(place).output().expect("openssl is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    let names = "subjectAltName=IP:127.0.0.1";
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    let make = |words: &[&str]| openssl(&[&["req", "-x509"], &key[..], words].concat());
    make(&["-subj", "/CN=city", "-keyout", "ca.key", "-out", "ca.pem"]);
    make(&["-subj", "/CN=s", "-addext", names, "-keyout", "stranger.key", "-out", "stranger.pem"]);
    make(&[
        "-subj",
        "/CN=r",
        "-addext",
        names,
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-keyout",
        "server.key",
        "-out",
        "server.pem",
    ]);
}

/// A receiver that speaks TLS, in a process of its own.
struct Https {
    child: Child,
    port: u16,
    out: Arc<Mutex<String>>,
}

impl Https {
    fn listen(place: &Path, name: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/https_receiver.py");
        let mut python = Command::new("python3");
        python.arg(script).arg(place.join(format!("{name}.pem"))).arg(place.join(format!("{name}.key")));
        let mut child =
            python.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("python3 is installed");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines.next().expect("a port").expect("UTF-8").parse().expect("a port");
        let out = Arc::new(Mutex::new(String::new()));
        let told = out.clone();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                told.lock().expect("no panic").push_str(&line);
            }
        });
        Self { child, port, out }
    }

    fn told(&self) -> String {
        self.out.lock().expect("no panic").clone()
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
