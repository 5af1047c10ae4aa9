//! Nothing acknowledged is lost when the server is killed under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gengwei_tests::scene::{self, Photo, Spot};
use gengwei_tests::{Api, Backend, Demo, Server, on_both};
use serde_json::Value;

on_both!(a_killed_server_keeps_what_it_acknowledged, a_stopped_server_answers_what_it_took);

/// What the server has acknowledged to one client.
#[derive(Default)]
struct Acknowledged {
    patrols: Vec<Value>,
    photos: Vec<Photo>,
    reports: Vec<String>,
}

fn a_killed_server_keeps_what_it_acknowledged(backend: Backend) {
    let (mut server, demo) = Server::demo(backend);
    let spot = spot_of(&server, &demo);
    let mut reports = 0;
    for round in 0..3 {
        let acknowledged =
            load_until(&mut server, &demo, spot, Duration::from_millis(1500 + 700 * round), true);
        assert!(acknowledged.iter().any(|client| !client.patrols.is_empty()), "no patrol was acknowledged");
        assert!(acknowledged.iter().any(|client| !client.photos.is_empty()), "no photo was acknowledged");
        reports += acknowledged.iter().map(|client| client.reports.len()).sum::<usize>();
        server.restart();
        check(&server, &demo, &acknowledged);
    }
    assert!(reports > 0, "no report was acknowledged");
    let verified = server.site.run(["audit", "verify"]).done();
    assert!(verified.last_line().ends_with("entries ok"), "{}", verified.stdout);
}

fn a_stopped_server_answers_what_it_took(backend: Backend) {
    let (mut server, demo) = Server::demo(backend);
    let spot = spot_of(&server, &demo);
    let acknowledged = load_until(&mut server, &demo, spot, Duration::from_secs(1), false);
    server.restart();
    check(&server, &demo, &acknowledged);
}

/// Eight clients file patrols, photos and reports until the server is gone; it goes after `time`.
fn load_until(server: &mut Server, demo: &Demo, spot: Spot, time: Duration, hard: bool) -> Vec<Acknowledged> {
    let (leader, public) = (server.login(demo.group_leader()), server.anonymous());
    let gone = AtomicBool::new(false);
    thread::scope(|scope| {
        let client = || client(&leader, &public, demo, spot, &gone);
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(client)).collect();
        thread::sleep(time);
        if hard {
            server.kill_hard();
        } else {
            assert!(server.stop().success(), "a graceful end");
        }
        gone.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().expect("a client ends")).collect()
    })
}

fn client(leader: &Api, public: &Api, demo: &Demo, spot: Spot, gone: &AtomicBool) -> Acknowledged {
    let mut acknowledged = Acknowledged::default();
    while !gone.load(Ordering::Relaxed) {
        let photo = Photo::new();
        let patrol = scene::patrol_with_sighting(demo.group_leader(), spot, "building", &[&photo]);
        let Some(reply) = leader.try_send(photo.upload(leader)) else { break };
        assert!(matches!(reply.status, 200 | 201 | 204), "{}", reply.text());
        acknowledged.photos.push(photo);
        let request = leader.request(reqwest::Method::POST, "/api/v1/patrols").json(&patrol);
        let Some(reply) = leader.try_send(request) else { break };
        reply.expect(201);
        acknowledged.patrols.push(patrol);
        let Some(reply) = public.try_send(scene::report(public, demo.scan_code(), spot, "有人倒土"))
        else {
            break;
        };
        match reply.status {
            201 => acknowledged.reports.push(reply.json()["tracking"].as_str().expect("a number").to_owned()),
            429 => {} // the public form is rate-limited; nothing was promised
            _ => panic!("{} {}", reply.status, reply.text()),
        }
    }
    acknowledged
}

fn check(server: &Server, demo: &Demo, acknowledged: &[Acknowledged]) {
    let (leader, public) = (server.login(demo.group_leader()), server.anonymous());
    let listed = leader.list(&format!("/api/v1/patrols?region={}", demo.group_leader().region), 200);
    let times = |id: &Value| listed.iter().filter(|patrol| patrol["id"] == *id).count();
    for client in acknowledged {
        for patrol in &client.patrols {
            assert_eq!(times(&patrol["id"]), 1, "acknowledged patrol {}", patrol["id"]);
            // 201 would mean that it had been lost.
            leader.post("/api/v1/patrols", patrol).expect(200);
        }
        for photo in &client.photos {
            assert_eq!(leader.get(&photo.path()).expect(200).body, photo.bytes);
        }
        for tracking in &client.reports {
            public.get(&format!("/r/{tracking}")).expect(200);
        }
    }
}

fn spot_of(server: &Server, demo: &Demo) -> Spot {
    let leader = server.login(demo.group_leader());
    scene::spot_in(&leader.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json())
}
