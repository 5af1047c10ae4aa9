//! The thread through everything: a group leader's patrol, the township's queue, a passer-by's scan.

use gengwei_tests::scene::{self, Photo};
use gengwei_tests::{Backend, Reply, Server, on_both};
use serde_json::Value;

on_both!(the_whole_chain_works, the_demo_can_be_loaded_twice, the_page_hides_what_is_nobodys_business);

fn the_whole_chain_works(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (leader, officer) = (server.login(demo.group_leader()), server.login(demo.township()));
    let neighbour = server.login(demo.neighbour());
    let before = neighbour.list("/api/v1/cases", 100).len();

    // The group leader sees sand on a field and files his patrol, photo first.
    let parcel = leader.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let photo = Photo::new();
    let uploaded = leader.send(photo.upload(&leader));
    assert!(matches!(uploaded.status, 200 | 201 | 204), "{}", uploaded.text());
    let spot = scene::spot_in(&parcel);
    let patrol = scene::patrol_with_sighting(demo.group_leader(), spot, "building", &[&photo]);
    leader.post("/api/v1/patrols", &patrol).expect(201);

    // It is in the township officer's queue, with the parcel found by its place.
    let case =
        only(officer.list(&format!("/api/v1/cases?source=patrol&region={}", demo.township().region), 100));
    assert_eq!(case["parcel"], demo.scan_code(), "{case}");
    let id = case["id"].as_str().expect("a case has an id");
    officer.get(&format!("/api/v1/cases/{id}")).expect(200);
    assert_eq!(officer.get(&photo.path()).expect(200).body, photo.bytes, "the officer sees the photo");

    // The neighbour is told nothing.
    assert_eq!(neighbour.list("/api/v1/cases", 100).len(), before);
    neighbour.get(&format!("/api/v1/cases/{id}")).problem(404);
    neighbour.get(&photo.path()).problem(404);

    // A passer-by scans the label, reports something, and follows it by its number.
    let public = server.anonymous();
    let page = public.get(demo.scan_path()).expect(200);
    assert!(page.text().contains("<form"), "the page has a report form");
    let words = "田里有人挖坑";
    let receipt = public.send(scene::report(&public, demo.scan_code(), spot, words)).expect(201).json();
    let tracking = receipt["tracking"].as_str().expect("a tracking number");
    let answer = public.get(&format!("/r/{tracking}")).expect(200);
    assert!(!answer.text().contains(scene::REPORTER_PHONE), "a tracking page shows no phone");
    only(officer.list(&format!("/api/v1/cases?source=report&region={}", demo.township().region), 100));
    public.get("/r/000000000000").expect(404);
}

fn the_demo_can_be_loaded_twice(backend: Backend) {
    let (server, first) = Server::demo(backend);
    let city = server.login(first.city());
    let (parcels, units) = ("/api/v1/parcels", format!("/api/v1/regions/{}/children", first.city().region));
    let count = |path: &str| city.list(path, 500).len();
    let before = (count(parcels), count(&units));

    let second = gengwei_tests::Demo::load(&server.site);

    assert_eq!(second.scan_url, first.scan_url);
    assert_eq!(second.accounts.len(), first.accounts.len());
    assert_eq!((count(parcels), count(&units)), before);
    assert_eq!(before.1, 3, "中卫市 has three counties");
    server.login(second.township());
}

/// workflow-and-assessment §6: what is on the page, and what must never be.
fn the_page_hides_what_is_nobodys_business(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let officer = server.login(demo.township());
    let path = format!("/api/v1/parcels/{}", demo.scan_code());
    let parcel = officer.get(&path).expect(200).json();
    let spot = scene::spot_in(&parcel);
    let leader = server.login(demo.group_leader());
    let patrol = scene::patrol_with_sighting(demo.group_leader(), spot, "building", &[]);
    leader.post("/api/v1/patrols", &patrol).expect(201);

    let page = server.anonymous().get(demo.scan_path()).expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.body.len() <= 20_000, "{} bytes", page.body.len());
    let text = page.text();
    let code = demo.scan_code();
    assert!(text.contains(code) || text.replace([' ', '\u{a0}'], "").contains(code), "the code is shown");
    for shown in ["亩", "永久基本农田", "12345", "村"] {
        assert!(text.contains(shown), "{shown} is not shown:\n{text}");
    }
    let area = parcel["mu"].as_f64().expect("an area in 亩");
    assert!(text.contains(&format!("{area:.1}")), "the area, {area:.1} 亩, is not shown");
    for level in [5, 4, 3] {
        let name = responsible(&officer.get(&format!("{path}/responsible")).expect(200), level);
        assert!(text.contains(&name), "{name} of level {level} is not shown");
    }

    // One script, which comes last and only adds: a browser test reads the page without it.
    assert_eq!(text.matches("<script").count(), text.matches("<script src=\"/g/report.js\" defer>").count());
    for secret in
        ["砂石", &format!("{:.4}", spot.lon), &format!("{:.4}", spot.lat), "身份证", "东至", "承包方"]
    {
        assert!(!text.contains(secret), "{secret} is shown");
    }
    assert_eq!(mobile_number(&text), None, "a private mobile number is shown");

    // A forged tag and a made-up code look alike.
    let forged = server.anonymous().get(&format!("/g/{code}?t=AAAAAAAA"));
    assert_eq!(forged.status, 404, "{}", forged.text());
}

/// The first person responsible at a level.
fn responsible(reply: &Reply, level: u64) -> String {
    let answer = reply.json();
    let levels = answer["levels"].as_array().expect("five levels");
    let at = levels.iter().find(|at| at["level"] == level);
    let name = at.and_then(|at| at["people"][0]["name"].as_str());
    name.unwrap_or_else(|| panic!("nobody at level {level} in {answer}")).to_owned()
}

/// The first run of eleven digits that begins like a mainland mobile number.
fn mobile_number(text: &str) -> Option<&str> {
    let runs = text.split(|character: char| !character.is_ascii_digit());
    runs.into_iter().find(|run| run.len() == 11 && run.starts_with('1') && &run[1..2] >= "3")
}

#[track_caller]
fn only(mut items: Vec<Value>) -> Value {
    assert_eq!(items.len(), 1, "{items:#?}");
    items.remove(0)
}
