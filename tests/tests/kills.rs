//! Cases, photos in pieces, imports and deliveries at once, on a server that is killed at random moments: no event is
//! lost, none is there twice, everything arrives, the audit chain verifies. `KILL_SECONDS` makes it longer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gengwei_tests::scene::{self, Photo};
use gengwei_tests::{Api, Backend, Receiver, Reply, Server, on_both};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use reqwest::blocking::multipart::{Form, Part};
use serde_json::{Value, json};

on_both!(nothing_is_lost_and_nothing_twice_when_the_server_is_killed_again_and_again);

/// Patches that are imported while the server dies.
const PATCHES: usize = 1_500;

fn nothing_is_lost_and_nothing_twice_when_the_server_is_killed_again_and_again(backend: Backend) {
    let seconds = std::env::var("KILL_SECONDS").map_or(12, |text| text.parse().expect("seconds"));
    let seed = scene::new_id().as_u128() as u64;
    println!("seed {seed}");
    let receiver = Receiver::default();
    let (mut server, demo) = Server::demo(backend);
    std::fs::write(server.site.path("channels.toml"), receiver.channel()).expect("a file");
    server.restart();
    let (county, officer) = (server.login(demo.county()), server.login(demo.township()));
    let leader = server.login(demo.group_leader());
    let cases = opened(&leader, &officer, &demo);
    let batch = import(&county, &officer, &demo);

    let over = AtomicBool::new(false);
    let (decided, photos, killed) = thread::scope(|scope| {
        let over = &over;
        let officers: Vec<_> = cases
            .chunks(cases.len().div_ceil(3))
            .map(|mine| (mine, officer.clone()))
            .map(|(mine, api)| scope.spawn(move || decide(&api, mine, over)))
            .collect();
        let uploads: Vec<_> =
            (0..2).map(|_| leader.clone()).map(|api| scope.spawn(move || upload(&api, over))).collect();
        let killed = kill(&mut server, StdRng::seed_from_u64(seed), Duration::from_secs(seconds));
        over.store(true, Ordering::Relaxed);
        let decided: Vec<_> = officers.into_iter().flat_map(|o| o.join().expect("an officer ends")).collect();
        let photos: Vec<_> = uploads.into_iter().flat_map(|u| u.join().expect("an upload ends")).collect();
        (decided, photos, killed)
    });
    println!("killed {killed} times, {} decisions and {} photos acknowledged", decided.len(), photos.len());
    assert!(killed >= 3 && decided.len() > 20 && !photos.is_empty());

    // Nothing acknowledged is missing, nothing is there twice, and no number is left out.
    let mut expected = BTreeMap::new();
    for case in &cases {
        let whole = officer.get(&format!("/api/v1/cases/{case}")).expect(200).json();
        let events = whole["events"].as_array().expect("events");
        let numbers: Vec<_> = events.iter().map(|e| e["seq"].as_u64().expect("a number")).collect();
        assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>(), "{case}");
        assert_eq!(whole["version"], events.len());
        let words: Vec<_> = events.iter().filter_map(|e| e["words"].as_str()).collect();
        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len(), "an event twice: {words:?}");
        for (_, said) in decided.iter().filter(|(of, _)| of == case) {
            assert!(words.contains(&said.as_str()), "{said} was acknowledged and is lost: {words:?}");
        }
        expected.insert(case.clone(), events.len() as i64);
    }
    for photo in &photos {
        assert_eq!(leader.get(&photo.path()).expect(200).body, photo.bytes);
    }
    let imported = finished(&county, &batch);
    assert_eq!((&imported["state"], &imported["read"]), (&json!("done"), &json!(PATCHES)), "{imported}");
    let patches = county.list(&format!("/api/v1/patches?batch={batch}"), 500);
    let numbers: BTreeSet<_> = patches.iter().map(|patch| patch["number"].to_string()).collect();
    let of_patches: BTreeSet<_> = patches.iter().map(|patch| patch["case"]["id"].to_string()).collect();
    assert_eq!((patches.len(), numbers.len(), of_patches.len()), (PATCHES, PATCHES, PATCHES));
    let counts = county.get("/api/v1/cases/counts").expect(200).json();
    let listed = county.list("/api/v1/cases", 500);
    let open = listed.iter().filter(|case| case["state"] != "closed").count();
    assert_eq!(counts["open"], open, "what is counted is what is there");

    // A push that was hung up on is due again after half a minute, a dead process's after a minute and a half.
    let started = Instant::now();
    while receiver.latest(&expected) != expected && started.elapsed() < Duration::from_secs(240) {
        thread::sleep(Duration::from_secs(1));
    }
    assert_eq!(receiver.latest(&expected), expected, "every case's last version has arrived");
    server.stop();
    let verified = server.site.run(["audit", "verify"]).done();
    assert!(verified.last_line().ends_with("entries ok"), "{}", verified.stdout);
    server.site.run(["evidence", "verify"]).done();
}

/// Cases of the group's own patrols.
fn opened(leader: &Api, officer: &Api, demo: &gengwei_tests::Demo) -> Vec<String> {
    let parcel = officer.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let spot = scene::spot_in(&parcel);
    for _ in 0..12 {
        let patrol = scene::patrol_with_sighting(demo.group_leader(), spot, "building", &[]);
        leader.post("/api/v1/patrols", &patrol).expect(201);
    }
    let cases = officer.list("/api/v1/cases?source=patrol&state=opened", 100);
    cases.iter().map(|case| case["id"].as_str().expect("an id").to_owned()).collect()
}

/// Hands in a batch; answers its id.
fn import(county: &Api, officer: &Api, demo: &gengwei_tests::Demo) -> String {
    let field = officer.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let feature = |n: usize| {
        let properties = json!({"JCBH": format!("D{n:05}"), "HSX": "20260715", "BGDL": "0601"});
        json!({"type": "Feature", "geometry": field["geometry"], "properties": properties})
    };
    let features: Vec<_> = (0..PATCHES).map(feature).collect();
    let crs = json!({"type": "name", "properties": {"name": "EPSG:4490"}});
    let layer = json!({"type": "FeatureCollection", "crs": crs, "features": features}).to_string();
    let file = Part::bytes(layer.into_bytes()).file_name("变化图斑.geojson");
    let post =
        county.request(Method::POST, "/api/v1/patch-batches").multipart(Form::new().part("file", file));
    county.send(post).expect(202).json()["id"].as_str().expect("an id").to_owned()
}

fn finished(county: &Api, batch: &str) -> Value {
    for _ in 0..1_200 {
        let now = county.get(&format!("/api/v1/patch-batches/{batch}")).expect(200).json();
        if !matches!(now["state"].as_str(), Some("waiting" | "running")) {
            return now;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{batch} does not end");
}

/// Kills the server and starts it again until the time is over; answers how often.
fn kill(server: &mut Server, mut chance: impl Rng, time: Duration) -> usize {
    let (begun, mut killed) = (Instant::now(), 0);
    while begun.elapsed() < time {
        thread::sleep(Duration::from_millis(chance.random_range(150..2_500)));
        server.kill_hard();
        server.restart();
        killed += 1;
    }
    killed
}

/// Asks until there is an answer: the server may be dead at the moment. `None` when it is over.
fn ask(over: &AtomicBool, mut send: impl FnMut() -> Option<Reply>) -> Option<Reply> {
    loop {
        match send() {
            // Stopping and starting it answers so.
            Some(reply) if reply.status == 503 => {}
            Some(reply) => return Some(reply),
            None => {}
        }
        if over.load(Ordering::Relaxed) {
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// One officer: reads a case, decides on it, reads it again. What was answered by silence is not said again when it
/// is there already. Answers what was acknowledged: the case and the words.
fn decide(api: &Api, cases: &[String], over: &AtomicBool) -> Vec<(String, String)> {
    let mut acknowledged = Vec::new();
    for (n, case) in cases.iter().cycle().enumerate() {
        let path = format!("/api/v1/cases/{case}");
        let Some(seen) = ask(over, || api.try_send(api.request(Method::GET, &path))) else { break };
        let whole = seen.expect(200).json();
        let steps = ["accept", "suspect", "comment"];
        let offered = whole["possible"].to_string();
        let action =
            steps.into_iter().find(|step| offered.contains(&format!("\"{step}\""))).expect("a comment");
        let words = format!("第 {n} 次办理 {}", scene::new_id());
        let etag = format!("\"{}\"", whole["version"]);
        let post = || {
            let request = api.request(Method::POST, &format!("{path}/events")).header("If-Match", &etag);
            api.try_send(request.json(&json!({"action": action, "words": words})))
        };
        let Some(reply) = ask(over, post) else { break };
        match reply.status {
            201 => acknowledged.push((case.clone(), words)),
            // It stood before the answer could be given; the version that it was for is gone.
            412 => {
                let Some(seen) = ask(over, || api.try_send(api.request(Method::GET, &path))) else { break };
                let whole = seen.expect(200).json();
                assert!(whole["events"].to_string().contains(&words), "412 and nothing there: {whole}");
            }
            _ => panic!("{} {}", reply.status, reply.text()),
        }
        if over.load(Ordering::Relaxed) {
            break;
        }
    }
    acknowledged
}

/// One camera: a photo in pieces of 40 kB, each sent from where the server says it is. Answers what was acknowledged.
fn upload(api: &Api, over: &AtomicBool) -> Vec<Photo> {
    let mut acknowledged = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let photo = Photo::of_size(300_000);
        let tus = |method: Method, path: &str| api.request(method, path).header("tus-resumable", "1.0.0");
        let metadata = format!("sha256 {}", STANDARD.encode(&photo.sha256));
        let create = || {
            let create = tus(Method::POST, "/api/v1/uploads").header("upload-length", photo.bytes.len());
            api.try_send(create.header("upload-metadata", &metadata))
        };
        let Some(created) = ask(over, create) else { break };
        let place = created.expect(201).header("location").to_owned();
        loop {
            let Some(head) = ask(over, || api.try_send(tus(Method::HEAD, &place))) else {
                return acknowledged;
            };
            // Locked: the request that was cut off is still being put away.
            if head.status == 423 {
                thread::sleep(Duration::from_millis(20));
                continue;
            }
            let offset: usize = head.expect(200).header("upload-offset").parse().expect("a number");
            if offset == photo.bytes.len() {
                break;
            }
            let end = photo.bytes.len().min(offset + 40_000);
            let patch = tus(Method::PATCH, &place).header("upload-offset", offset);
            let patch = patch.header("content-type", "application/offset+octet-stream");
            api.try_send(patch.body(photo.bytes[offset..end].to_vec()));
        }
        acknowledged.push(photo);
    }
    acknowledged
}
