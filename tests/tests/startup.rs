//! Processes that start, and run, beside each other on one database.

use std::thread::sleep;
use std::time::{Duration, Instant};

use gengwei_tests::scene::{self, Spot};
use gengwei_tests::{Api, Backend, Demo, Process, Server, Site};

/// Open country in the south of the city, where the demo has no field.
const NOWHERE: Spot = Spot { lon: 105.62, lat: 36.62 };

#[test]
fn processes_that_start_at_once_migrate_once() {
    let site = Site::new(Backend::Postgres);
    let processes = Process::start_together(&site, 6);
    assert_eq!(processes.len(), 6);
    for process in &processes {
        Api::anonymous(&process.url).get("/readyz").expect(200);
    }
}

#[test]
fn what_one_process_learns_the_others_know() {
    let (first, demo) = Server::demo(Backend::Postgres);
    let second = first.another();
    let here = first.login(demo.city());
    let there = here.at(&second.url); // the session holds on every process
    there.get("/api/v1/me").expect(200);

    let patrol = scene::patrol(demo.group_leader());
    first.login(demo.group_leader()).post("/api/v1/patrols", &patrol).expect(201);
    Api::login(&second.url, demo.group_leader()).post("/api/v1/patrols", &patrol).expect(200);

    // Each process keeps its own index of the parcels in memory.
    let at = format!("/api/v1/parcels/at?lon={}&lat={}", NOWHERE.lon + 0.0002, NOWHERE.lat + 0.0002);
    here.get(&at).problem(404);
    there.get(&at).problem(404);
    let layer = first.site.path("fields.geojson");
    scene::write_fields(&layer, &village(&demo), NOWHERE, 3);
    first.site.run(["import".as_ref(), "parcels".as_ref(), layer.as_os_str()]).done();
    let started = Instant::now();
    while [&here, &there].iter().any(|api| api.get(&at).status != 200) {
        assert!(started.elapsed() < Duration::from_secs(10), "an index does not learn of the new parcels");
        sleep(Duration::from_millis(100));
    }
}

fn village(demo: &Demo) -> String {
    demo.village().region[..12].to_owned()
}
