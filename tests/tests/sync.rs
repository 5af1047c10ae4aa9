//! What devices send arrives once, is applied, and whatever else comes changes nothing.

use std::time::{Duration, Instant};

use gengwei_proto::wire::{
    Event, EvidenceReference, MediaKind, PatrolFinished, PatrolStarted, Position, PostEvent, PostEventKind,
    PostHealth, Priority, Sighting, SightingKind, Time, TrackChunk, TrackPoint, TrackWriter, Uuid,
};
use gengwei_proto::{ParcelCode, RegionCode};
use gengwei_tests::device::{Device, Memory};
use gengwei_tests::scene::{self, Photo};
use gengwei_tests::{Api, Backend, Server, Site, on_both};
use serde_json::{Value, json};

on_both!(
    a_posts_records_arrive_once_and_are_applied,
    what_is_not_the_devices_own_changes_nothing,
    a_patrol_in_pieces_is_one_in_the_ledger,
    a_patrol_that_never_ends_is_in_the_ledger_all_the_same,
    a_code_works_once_and_new_keys_end_old_ones,
    a_restored_server_gets_again_what_devices_still_have,
    a_killed_server_forgets_nothing_that_it_acknowledged,
);

fn health(battery_mv: u16) -> Event<'static> {
    Event::PostHealth(PostHealth {
        battery_mv,
        journal_percent: 3,
        firmware: 10_203,
        ..PostHealth::default()
    })
}

fn tamper() -> Event<'static> {
    Event::PostEvent(PostEvent { kind: PostEventKind::TAMPER, value: Some(2_400) })
}

/// A post of the demo's village, installed.
fn post_of(officer: &Api, village: &str) -> i64 {
    let parcels = officer.list(&format!("/api/v1/parcels?region={village}"), 10);
    let code = parcels.iter().find_map(|parcel| parcel["code"].as_str()).expect("a coded parcel");
    let post = json!({"parcel": code, "state": "installed"});
    officer.post("/api/v1/posts", &post).expect(201).json()["number"].as_i64().expect("a number")
}

fn a_posts_records_arrive_once_and_are_applied(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (officer, village) = (server.login(demo.township()), server.login(demo.village()));
    let number = post_of(&officer, &demo.village().region);
    let mut post = Device::enrol(&server.site, &server.anonymous(), &["--post", &number.to_string()]);
    for battery in 0..60 {
        post.append(health(3_600 - battery));
    }
    post.append(tamper());
    // A kind of the future, and something that is no record.
    post.append_bytes(Priority::Routine, &[0x83, 0x1a, 0x6b, 0x01, 0x23, 0x45, 0x18, 0xc8, 0x81, 0x07]);
    post.append_bytes(Priority::Routine, &[0x01 << 5 | 3]);
    post.sync(&server.anonymous());
    assert_eq!(post.dumped(&server.site), post.hashes());

    let device = officer.get(&format!("/api/v1/devices/{}", post.number())).expect(200).json();
    assert_eq!(device["battery_mv"], 3_541, "{device}");
    assert_eq!(device["firmware"], 10_203);
    assert!(device["seen_at"].is_string(), "{device}");
    assert_eq!(officer.list("/api/v1/devices?kind=post", 1).len(), 1);
    server.login(demo.neighbour()).get(&format!("/api/v1/devices/{}", post.number())).problem(404);
    assert_eq!(officer.get(&format!("/api/v1/posts/{number}")).expect(200).json()["state"], "damaged");
    for told in [&officer, &village] {
        let notices = told.list("/api/v1/notices", 50);
        let of_post = notices.iter().filter(|notice| notice["subject"] == "device").count();
        assert_eq!(of_post, 1, "{notices:?}");
    }

    let kept = officer.list("/api/v1/quarantine", 50);
    // Both came within a millisecond: the list's order is by chance.
    let mut reasons: Vec<_> = kept.iter().map(|kept| kept["reason"].as_str().expect("a reason")).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["malformed", "unknown_kind"], "{kept:?}");
    assert_eq!(server.site.run(["quarantine", "list", "--json"]).done().objects().len(), 2);
    server.site.run(["audit", "verify"]).done();
}

fn what_is_not_the_devices_own_changes_nothing(backend: Backend) {
    let server = Server::start(backend);
    let api = server.anonymous();
    let unit = ["--unit", "640502102210"];
    let mut device = Device::enrol(&server.site, &api, &unit);
    device.append(health(3_600));
    let frame = device.frame().expect("a frame");
    let first = Device::push(&api, &frame).expect("an answer").expect(200);
    let stored = device.dumped(&server.site);
    let state = || server.site.run(["device", "list", "--json"]).done().stdout;
    let before = state();

    // Again: the same answer, byte for byte, so that no nonce comes twice.
    assert_eq!(Device::push(&api, &frame).expect("an answer").expect(200).body, first.body);
    for length in 0..frame.len() {
        let reply = Device::push(&api, &frame[..length]).expect("an answer");
        assert!(matches!(reply.status, 400 | 401), "{length} bytes: {}", reply.status);
    }
    for bit in 0..frame.len() * 8 {
        let mut flipped = frame.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let reply = Device::push(&api, &flipped).expect("an answer");
        assert!(matches!(reply.status, 400 | 401), "bit {bit}: {}", reply.status);
    }
    // Of a device elsewhere with this number.
    let mut told = device.told.clone();
    told["up"] = json!("11".repeat(32));
    let mut foreign = Device::told(told, Memory::new(1));
    foreign.append(health(1));
    Device::push(&api, &foreign.frame().expect("a frame")).expect("an answer").expect(401);
    Device::push(&api, &[0; 300_000]).expect("an answer").expect(413);
    assert_eq!(device.dumped(&server.site), stored);
    assert_eq!(state(), before);
    let metrics = reqwest::blocking::get(format!("{}/metrics", server.metrics_url())).expect("metrics");
    let metrics = metrics.text().expect("text");
    let counted = |outcome: &str| {
        let line = format!("gengwei_sync_frames_total{{outcome=\"{outcome}\"}} ");
        let count = metrics.lines().find_map(|text| text.strip_prefix(&line)).unwrap_or("0");
        count.parse::<u64>().expect("a count")
    };
    assert_eq!((counted("stored"), counted("replayed")), (1, 1), "{metrics}");
    assert!(counted("malformed") > 0 && counted("forged") > 0 && counted("unknown_device") > 0, "{metrics}");

    assert!(device.hear(first.body) && device.is_done());
    server.site.run(["device", "revoke", &device.number().to_string(), "--lost"]).done();
    // The command line is another process: the server hears of it within a second.
    let refused = device.refused(&api).expect(403);
    assert_eq!(refused.body, [0x83, 0, 5, 0]);
    assert_eq!(device.dumped(&server.site), stored);
}

fn id() -> Uuid {
    Uuid(scene::new_id().into_bytes())
}

fn a_patrol_in_pieces_is_one_in_the_ledger(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (leader, officer) = (server.login(demo.group_leader()), server.login(demo.township()));
    let public = server.anonymous();
    let code = leader.post("/api/v1/me/devices", &json!({"name": "组长的平板"})).expect(201).json();
    assert!(code["svg"].as_str().is_some_and(|svg| svg.starts_with("<svg")), "{code}");
    let mut tablet = Device::by_code(&public, code["code"].as_str().expect("a code"));
    let parcel = leader.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let spot = scene::spot_in(&parcel);
    let position = Position {
        longitude_e7: (spot.lon * 1e7).round() as i32,
        latitude_e7: (spot.lat * 1e7).round() as i32,
        accuracy_m: Some(4),
    };
    let (patrol, sighting, late) = (id(), id(), id());
    let name = |id: Uuid| uuid::Uuid::from_bytes(id.0).to_string();
    let photo = Photo::new();
    let photo_id = photo.path().rsplit('/').next().expect("a hash").to_owned();
    let mut sha256 = [0; 32];
    hex::decode_to_slice(&photo_id, &mut sha256).expect("a hash");
    let region = RegionCode::parse(&demo.group_leader().region).expect("a unit");
    let seen = |id| Sighting {
        id,
        kind: SightingKind::ILLEGAL_HOUSE,
        patrol: Some(patrol),
        parcel: ParcelCode::parse(demo.scan_code()).ok(),
        position: Some(position),
        stopped: Some(true),
        note: Some("新盖的房"),
    };
    tablet.append(Event::PatrolStarted(PatrolStarted { patrol, region, task: None }));
    let mut buffer = [0; 200];
    let mut track = TrackWriter::new(&mut buffer);
    for seconds in 0..10 {
        let (longitude_e7, latitude_e7) = (position.longitude_e7 + seconds, position.latitude_e7);
        track.push(TrackPoint { seconds, longitude_e7, latitude_e7 }).expect("room");
    }
    tablet.append(Event::TrackChunk(TrackChunk { patrol, points: track.finish() }));
    tablet.append(Event::EvidenceReference(EvidenceReference {
        subject: sighting,
        sha256,
        length: photo.bytes.len() as u32,
        media: MediaKind::JPEG,
        position: None,
        azimuth: Some(90),
    }));
    tablet.append(Event::Sighting(seen(sighting)));
    tablet.sync(&public);
    // The case is there before the patrol ends.
    let cases =
        || officer.list(&format!("/api/v1/cases?source=patrol&region={}", demo.township().region), 100);
    assert_eq!(cases().len(), 1);
    assert_eq!(cases()[0]["parcel"], demo.scan_code());
    tablet.append(Event::PatrolFinished(PatrolFinished { patrol, note: Some("走了一圈") }));
    tablet.append(Event::Sighting(seen(late)));
    // Somebody else's unit, and a sighting whose number was used.
    let elsewhere = RegionCode::parse(&demo.neighbour().region).expect("a unit");
    tablet.append(Event::PatrolStarted(PatrolStarted { patrol: id(), region: elsewhere, task: None }));
    tablet.append(Event::Sighting(seen(late)));
    tablet.sync(&public);
    assert_eq!(tablet.dumped(&server.site), tablet.hashes());
    assert_eq!(cases().len(), 2);

    let filed = leader.get(&format!("/api/v1/patrols/{}", name(patrol))).expect(200).json();
    assert_eq!(filed["words"], "走了一圈", "{filed}");
    assert_eq!(filed["sightings"].as_array().map(Vec::len), Some(2), "{filed}");
    assert_eq!(filed["actions"].as_array().map(Vec::len), Some(2), "{filed}");
    assert_eq!(filed["track"]["coordinates"].as_array().map(Vec::len), Some(10), "{filed}");
    let reasons: Vec<Value> =
        officer.list("/api/v1/quarantine", 50).iter().map(|kept| kept["reason"].clone()).collect();
    assert_eq!(reasons, ["refused", "refused"]);

    // The tablet's token is its account's, also for photos, until the tablet is lost.
    let token = tablet.told["token"].as_str().expect("a token");
    let by_tablet = Api::with_token(server.url(), token);
    assert_eq!(by_tablet.get("/api/v1/me").expect(200).json()["account"], demo.group_leader().name);
    assert!(matches!(by_tablet.send(photo.upload(&by_tablet)).status, 200 | 201 | 204));
    assert_eq!(officer.get(&photo.path()).expect(200).body, photo.bytes, "linked to the case");
    let revocation = format!("/api/v1/devices/{}/revocation", tablet.number());
    server.login(demo.neighbour()).post(&revocation, &json!({"lost": true})).problem(404);
    leader.post(&revocation, &json!({"lost": true})).expect(200);
    by_tablet.get("/api/v1/me").problem(401);
    tablet.append(Event::PatrolFinished(PatrolFinished { patrol: id(), note: None }));
    tablet.time += 600_000;
    Device::push(&public, &tablet.frame().expect("a frame")).expect("an answer").expect(403);
    server.site.run(["audit", "verify"]).done();
}

fn a_patrol_that_never_ends_is_in_the_ledger_all_the_same(backend: Backend) {
    let (mut server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    let code = leader.post("/api/v1/me/devices", &json!({"name": "组长的平板"})).expect(201).json();
    let mut tablet = Device::by_code(&server.anonymous(), code["code"].as_str().expect("a code"));
    let region = RegionCode::parse(&demo.group_leader().region).expect("a unit");
    let patrol = id();
    tablet.append(Event::PatrolStarted(PatrolStarted { patrol, region, task: None }));
    tablet.append(Event::Sighting(Sighting {
        id: id(),
        kind: SightingKind::ABANDONED,
        patrol: Some(patrol),
        parcel: None,
        position: None,
        stopped: None,
        note: None,
    }));
    tablet.sync(&server.anonymous());
    let path = format!("/api/v1/patrols/{}", uuid::Uuid::from_bytes(patrol.0));
    leader.get(&path).problem(404);

    // Three days later.
    assert_eq!(server.site.tamper("update field_patrols set started_at = started_at - 259200000000"), 1);
    server.restart();
    let leader = server.login(demo.group_leader());
    let started = Instant::now();
    while leader.get(&path).status == 404 {
        assert!(started.elapsed() < Duration::from_secs(20), "filed by itself");
        std::thread::sleep(Duration::from_millis(100));
    }
    let filed = leader.get(&path).expect(200).json();
    assert!(filed["words"].as_str().is_some_and(|words| words.contains("没有收到结束记录")), "{filed}");
    assert_eq!(filed["sightings"].as_array().map(Vec::len), Some(1), "{filed}");
    // The tablet was found after all.
    tablet.append(Event::PatrolFinished(PatrolFinished { patrol, note: Some("走了一圈") }));
    tablet.sync(&server.anonymous());
    let filed = leader.get(&path).expect(200).json();
    assert_eq!(filed["words"], "走了一圈", "{filed}");
    assert_eq!(filed["sightings"].as_array().map(Vec::len), Some(1), "{filed}");
    server.site.run(["audit", "verify"]).done();
}

fn a_code_works_once_and_new_keys_end_old_ones(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (api, officer) = (server.anonymous(), server.login(demo.township()));
    let new = json!({"kind": "post", "unit": demo.village().region, "name": "备用 1 号"});
    let code = officer.post("/api/v1/devices", &new).expect(201).json();
    server.login(demo.neighbour()).post("/api/v1/devices", &new).problem(404);
    let above = json!({"kind": "tablet", "account": demo.county().name});
    officer.post("/api/v1/devices", &above).problem(404);
    let text = code["code"].as_str().expect("a code");
    let mut old = Device::by_code(&api, &text.to_lowercase().replace('-', " "));
    api.post("/api/v1/enrolments", &json!({"code": text})).problem(404);
    api.post("/api/v1/enrolments", &json!({"code": "00000-00000"})).problem(404);
    old.append(health(3_600));
    old.sync(&api);

    let codes = format!("/api/v1/devices/{}/codes", old.number());
    let void = officer.post(&codes, &json!({})).expect(201).json();
    let code = officer.post(&codes, &json!({})).expect(201).json();
    api.post("/api/v1/enrolments", &json!({"code": void["code"]})).problem(404);
    old.append(health(3_500));
    old.sync(&api);
    let mut new = Device::by_code(&api, code["code"].as_str().expect("a code"));
    assert_eq!((new.number(), new.told["key"].as_u64()), (old.number(), Some(1)));
    old.append(health(3_400));
    old.time += 600_000;
    old.sync(&api);
    new.append(health(3_300));
    new.sync(&api);
    old.append(health(3_200));
    old.refused(&api).expect(401); // it ended with the first frame under the new one
    assert_eq!(new.dumped(&server.site), new.hashes());
}

fn a_restored_server_gets_again_what_devices_still_have(backend: Backend) {
    let server = Server::start(backend);
    let mut device = Device::enrol(&server.site, &server.anonymous(), &["--unit", "640502102210"]);
    for battery in 0..30 {
        device.append(health(3_600 - battery));
    }
    device.sync(&server.anonymous());
    let folder = server.site.path("backup");
    server.site.run(["backup".as_ref(), folder.as_os_str()]).done();
    for battery in 30..60 {
        device.append(health(3_600 - battery));
    }
    device.sync(&server.anonymous());

    let empty = Site::new(backend);
    empty.run(["restore".as_ref(), folder.as_os_str()]).done();
    let restored = Server::at(empty);
    assert_eq!(device.dumped(&restored.site).len(), 30);
    device.append(health(3_000));
    device.time += 60_000;
    device.sync(&restored.anonymous());
    assert_eq!(device.dumped(&restored.site), device.hashes());
    restored.site.run(["audit", "verify"]).done();
}

fn a_killed_server_forgets_nothing_that_it_acknowledged(backend: Backend) {
    let mut server = Server::start(backend);
    let unit = ["--unit", "640502102210"];
    let mut devices: Vec<_> =
        (0..4).map(|_| Device::enrol(&server.site, &server.anonymous(), &unit)).collect();
    for round in 0..3 {
        let api = server.anonymous();
        std::thread::scope(|scope| {
            for device in &mut devices {
                let api = api.clone();
                scope.spawn(move || {
                    // Until the server is gone.
                    while device.journal_len() < 4_000 * (round + 1) {
                        device.append(health(3_600));
                        device.time += 120_000;
                        let Some(frame) = device.frame() else { continue };
                        let Some(reply) = Device::push(&api, &frame) else { return };
                        if reply.status == 200 {
                            device.hear(reply.body);
                        }
                    }
                });
            }
            std::thread::sleep(std::time::Duration::from_millis(400));
            server.kill_hard();
        });
        server.restart();
    }
    for device in &mut devices {
        let sent = device.journal_len();
        assert!(sent > 10, "only {sent} records were sent");
        device.time += 600_000;
        device.append_at(Time::Wall(1_795_449_600), health(3_000));
        device.sync(&server.anonymous());
        assert_eq!(device.dumped(&server.site), device.hashes());
    }
    server.site.run(["audit", "verify"]).done();
}
