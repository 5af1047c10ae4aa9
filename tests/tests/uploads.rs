//! Photos in pieces: tus-js-client over a network that breaks, a server that is killed, and the protocol itself.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gengwei_tests::network::{Fault, Network};
use gengwei_tests::scene::Photo;
use gengwei_tests::{Api, Backend, Reply, Server, Site, on_both};
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde_json::Value;

on_both!(
    a_photo_arrives_over_a_network_that_breaks,
    a_photo_arrives_though_the_server_is_killed,
    a_whole_photo_is_stored_before_it_is_called_done,
    pieces_are_taken_as_tus_says,
    what_is_no_photo_or_another_one_is_refused,
    nobody_touches_another_s_upload,
);

const MB: usize = 1024 * 1024;

fn a_photo_arrives_over_a_network_that_breaks(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    let photo = Photo::of_size(3 * MB);
    let faults = [
        Fault::LoseAnswer("POST"),
        Fault::Cut(100_000),
        Fault::Cut(700_001),
        Fault::Cut(1),
        Fault::Cut(1_300_003),
        Fault::LoseAnswer("PATCH"),
    ];
    let network = Network::to(server.url(), faults, Duration::ZERO);
    let told = finished(client(&server.site, &network, &leader, &photo, 0));
    assert_eq!(told["sha256"], photo.sha256);
    assert_eq!(network.faults_left(), 0, "every fault has happened");
    assert_eq!(leader.get(&photo.path()).expect(200).body, photo.bytes);
    let spared = network.sent() < (photo.bytes.len() + 7 * 64 * 1024) as u64;
    assert!(spared, "{} bytes were sent for a photo of {}", network.sent(), photo.bytes.len());
    assert_eq!(spooled(&server.site), 1, "only the upload whose Location was lost is left");
}

fn a_photo_arrives_though_the_server_is_killed(backend: Backend) {
    let (mut server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    let photo = Photo::of_size(4 * MB);
    // About 4 MB a second.
    let network = Network::to(server.url(), [], Duration::from_millis(16));
    let upload = client(&server.site, &network, &leader, &photo, 300_000);
    for sent in [MB, 2 * MB, 3 * MB] {
        until(|| network.sent() >= sent as u64);
        server.kill_hard();
        server.restart();
        network.leads_to(server.url());
    }
    finished(upload);
    let leader = leader.at(server.url());
    assert_eq!(leader.get(&photo.path()).expect(200).body, photo.bytes);
    assert!(network.sent() < (photo.bytes.len() * 3 / 2) as u64, "{} bytes were sent", network.sent());
    assert_eq!(spooled(&server.site), 0);
    server.site.run(["audit", "verify"]).done();
}

/// The last byte is there and the server dies before it has stored the photo: HEAD must not call it done.
fn a_whole_photo_is_stored_before_it_is_called_done(backend: Backend) {
    let (mut server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    let photo = Photo::of_size(1000);
    let upload = begin(&leader, &photo);
    piece(&leader, &upload, 0, &photo.bytes[..999]).expect(204);
    server.kill_hard();
    let file = server.site.data().join("uploads").join(upload.rsplit('/').next().expect("an id"));
    std::fs::write(file, &photo.bytes).expect("written");
    server.restart();
    let leader = leader.at(server.url());
    let head = leader.send(tus(&leader, Method::HEAD, &upload)).expect(200);
    assert_eq!(head.header("upload-offset"), "1000");
    assert_eq!(head.header("content-location"), photo.path());
    assert_eq!(leader.get(&photo.path()).expect(200).body, photo.bytes);
}

fn pieces_are_taken_as_tus_says(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    let options = leader.send(leader.request(Method::OPTIONS, "/api/v1/uploads")).expect(204);
    assert_eq!(options.header("tus-version"), "1.0.0");
    let extensions: Vec<_> = options.header("tus-extension").split(',').collect();
    for extension in ["creation", "creation-with-upload", "termination", "checksum", "expiration"] {
        assert!(extensions.contains(&extension), "{extensions:?}");
    }
    let photo = Photo::of_size(1000);
    let refused = leader.send(leader.request(Method::POST, "/api/v1/uploads")).expect(412);
    assert_eq!(refused.header("tus-version"), "1.0.0");

    let upload = begin(&leader, &photo);
    let first = piece(&leader, &upload, 0, &photo.bytes[..600]).expect(204);
    assert_eq!(first.header("upload-offset"), "600");
    assert!(first.header("upload-expires").ends_with(" GMT"));
    // The answer was lost and the client sends it again.
    piece(&leader, &upload, 0, &photo.bytes[..600]).problem(409);
    piece(&leader, &upload, 700, &photo.bytes[700..]).problem(409);
    let damaged = checked(&leader, &upload, 600, &photo.bytes[600..], "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=");
    damaged.problem(460);
    let head = leader.send(tus(&leader, Method::HEAD, &upload)).expect(200);
    assert_eq!((head.header("upload-offset"), head.header("upload-length")), ("600", "1000"));
    assert_eq!(head.header("cache-control"), "no-store");
    checked(&leader, &upload, 600, &photo.bytes[600..], "crc32 AAAA").problem(400);
    let last = piece(&leader, &upload, 600, &photo.bytes[600..]).expect(204);
    assert_eq!(last.header("content-location"), photo.path());
    // The last answer was lost: nothing more to send, and nothing is stored twice.
    piece(&leader, &upload, 1000, &[]).expect(204);
    assert_eq!(leader.get(&photo.path()).expect(200).body, photo.bytes);
    leader.send(photo.upload(&leader)).expect(200);

    let other = Photo::of_size(900);
    let upload = begin(&leader, &other);
    piece(&leader, &upload, 0, &other.bytes[..400]).expect(204);
    leader.send(tus(&leader, Method::DELETE, &upload)).expect(204);
    leader.send(tus(&leader, Method::HEAD, &upload)).expect(404);
    assert_eq!(spooled(&server.site), 0);

    // All at once, and by POST alone.
    let created = creation(&leader, &other).header("content-type", PIECE).body(other.bytes.clone());
    assert_eq!(leader.send(created).expect(201).header("upload-offset"), "900");
    let third = Photo::of_size(800);
    let upload = begin(&leader, &third);
    let patch = tus(&leader, Method::POST, &upload).header("x-http-method-override", "PATCH");
    let patch = patch.header("upload-offset", 0).header("content-type", PIECE).body(third.bytes.clone());
    leader.send(patch).expect(204);
    leader.get(&third.path()).expect(200);
}

fn what_is_no_photo_or_another_one_is_refused(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    let (photo, other) = (Photo::of_size(1000), Photo::of_size(1000));
    let upload = begin(&leader, &photo);
    piece(&leader, &upload, 0, &other.bytes).problem(422);
    leader.send(tus(&leader, Method::HEAD, &upload)).expect(404);
    leader.get(&other.path()).problem(404);

    // Known by its first bytes, long before the last.
    let upload = begin(&leader, &photo);
    piece(&leader, &upload, 0, b"<svg xmlns='http://www.w3.org/2000/svg'>").problem(422);
    leader.send(tus(&leader, Method::HEAD, &upload)).expect(404);

    let large = tus(&leader, Method::POST, "/api/v1/uploads").header("upload-length", 10_u64.pow(12));
    leader.send(large).problem(413);
    leader.send(tus(&leader, Method::POST, "/api/v1/uploads").header("upload-length", 0)).problem(422);
    leader.send(tus(&leader, Method::POST, "/api/v1/uploads")).problem(400);
    assert_eq!(spooled(&server.site), 0);
}

fn nobody_touches_another_s_upload(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (leader, neighbour) = (server.login(demo.group_leader()), server.login(demo.neighbour()));
    let photo = Photo::of_size(1000);
    let upload = begin(&leader, &photo);
    neighbour.send(tus(&neighbour, Method::HEAD, &upload)).expect(404);
    piece(&neighbour, &upload, 0, &photo.bytes).problem(404);
    neighbour.send(tus(&neighbour, Method::DELETE, &upload)).problem(404);
    let nobody = server.anonymous();
    nobody.send(tus(&nobody, Method::HEAD, &upload)).expect(401);
    piece(&leader, &upload, 0, &photo.bytes).expect(204);
}

const PIECE: &str = "application/offset+octet-stream";

fn tus(api: &Api, method: Method, path: &str) -> RequestBuilder {
    api.request(method, path).header("tus-resumable", "1.0.0")
}

fn creation(api: &Api, photo: &Photo) -> RequestBuilder {
    let metadata = format!("sha256 {}", STANDARD.encode(&photo.sha256));
    let request = tus(api, Method::POST, "/api/v1/uploads").header("upload-length", photo.bytes.len());
    request.header("upload-metadata", metadata)
}

fn begin(api: &Api, photo: &Photo) -> String {
    api.send(creation(api, photo)).expect(201).header("location").to_owned()
}

fn piece(api: &Api, upload: &str, offset: usize, bytes: &[u8]) -> Reply {
    let request =
        tus(api, Method::PATCH, upload).header("upload-offset", offset).header("content-type", PIECE);
    api.send(request.body(bytes.to_vec()))
}

fn checked(api: &Api, upload: &str, offset: usize, bytes: &[u8], checksum: &'static str) -> Reply {
    let request =
        tus(api, Method::PATCH, upload).header("upload-offset", offset).header("content-type", PIECE);
    api.send(request.header("upload-checksum", checksum).body(bytes.to_vec()))
}

/// tus-js-client at work.
fn client(site: &Site, network: &Network, api: &Api, photo: &Photo, chunk: usize) -> Child {
    let file = site.path("photo.jpg");
    std::fs::write(&file, &photo.bytes).expect("written");
    Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/node.sh"))
        .args(["upload.mjs", &network.url, api.token()])
        .arg(file)
        .arg(chunk.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tests/node.sh can be started (scripts/setup.sh test)")
}

fn finished(client: Child) -> Value {
    let done = client.wait_with_output().expect("a child can be waited for");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("one object")
}

/// Files in the spool.
fn spooled(site: &Site) -> usize {
    site.data().join("uploads").read_dir().map_or(0, Iterator::count)
}

fn until(happened: impl Fn() -> bool) {
    let started = Instant::now();
    while !happened() {
        assert!(started.elapsed() < Duration::from_secs(60), "it did not happen within a minute");
        sleep(Duration::from_millis(5));
    }
}
