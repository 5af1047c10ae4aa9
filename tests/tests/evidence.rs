//! What is known of photos: facts beside them, doubts, and whether they are still what was handed in.

use gengwei_tests::scene::{self, Photo, Spot};
use gengwei_tests::{Api, Backend, Demo, Server, on_both};
use serde_json::{Value, json};

on_both!(an_odd_photo_is_marked_and_never_refused, a_changed_photo_is_found_out);

fn an_odd_photo_is_marked_and_never_refused(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (leader, officer) = (server.login(demo.group_leader()), server.login(demo.township()));
    let spot = spot(&leader, &demo);
    let (good, odd, bare) = (Photo::new(), Photo::new(), Photo::new());
    for photo in [&good, &odd, &bare] {
        leader.send(photo.upload(&leader)).expect(201);
    }
    let path = |photo: &Photo| format!("{}/facts", photo.path());
    leader.post(&format!("/api/v1/evidence/{}/facts", "0".repeat(64)), &facts(spot)).problem(404);
    leader.post(&path(&good), &facts(spot)).expect(201);
    let mut far = facts(Spot { lat: spot.lat + 0.01, ..spot });
    far["mocked"] = json!(true);
    far["accuracy"] = json!(80);
    far["previous"] = json!("0".repeat(64));
    leader.post(&path(&odd), &far).expect(201);
    leader.post(&path(&odd), &far).expect(200);
    leader.post(&path(&odd), &facts(spot)).problem(409);
    leader.post(&path(&bare), &json!({"azimuth": 400})).problem(422);

    let patrol = scene::patrol_with_sighting(demo.group_leader(), spot, "building", &[&good, &odd, &bare]);
    leader.post("/api/v1/patrols", &patrol).expect(201);
    let cases = officer.list("/api/v1/cases?source=patrol", 50);
    let [case] = cases.as_slice() else { panic!("one case: {cases:?}") };
    let of_case = format!("/api/v1/evidence?case={}", case["id"].as_str().expect("an id"));
    let photos = officer.get(&of_case).expect(200).json();
    let kinds = |photo: &Photo| {
        let items = photos["items"].as_array().expect("items").iter();
        let item = items.clone().find(|item| item["sha256"] == photo.sha256).expect("the photo");
        let doubts = item["doubts"].as_array().expect("doubts").clone();
        assert!(doubts.iter().all(|doubt| doubt["case"] == case["id"] && doubt["reason"].is_string()));
        doubts
    };
    let names =
        |doubts: &[Value]| doubts.iter().map(|d| d["kind"].as_str().map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(kinds(&good), Vec::<Value>::new());
    assert_eq!(names(&kinds(&bare)), [Some("no_facts".to_owned())]);
    let expected = ["rough", "far", "looks_elsewhere", "mocked", "gap"];
    assert_eq!(names(&kinds(&odd)), expected.map(|kind| Some(kind.to_owned())));
    assert_eq!(kinds(&odd)[0]["basis"], "本市未规定（默认值）");

    // The same photo again, for another sighting.
    let again = scene::patrol_with_sighting(demo.group_leader(), spot, "dumping", &[&good]);
    leader.post("/api/v1/patrols", &again).expect(201);
    let about = officer.get(&path(&good)).expect(200).json();
    let doubts = about["doubts"].as_array().expect("doubts");
    assert_eq!(names(doubts), vec![Some("used_before".to_owned()); 2], "in the light of either case");

    let neighbour = server.login(demo.neighbour());
    neighbour.get(&path(&good)).problem(404);
    assert_eq!(neighbour.get(&of_case).expect(200).json()["items"], json!([]));
}

fn a_changed_photo_is_found_out(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    let photos = [Photo::new(), Photo::new(), Photo::new()];
    let spot = spot(&leader, &demo);
    for photo in &photos {
        leader.send(photo.upload(&leader)).expect(201);
        leader.post(&format!("{}/facts", photo.path()), &facts(spot)).expect(201);
    }
    let verified = server.site.run(["evidence", "verify"]).done();
    assert_eq!(verified.last_line(), "evidence 3 photos 3 links ok");
    let name = &photos[1].sha256;
    let file = server.site.data().join("evidence").join(&name[..2]).join(&name[2..4]).join(name);
    std::fs::write(file, &photos[0].bytes).expect("written");
    let found = server.site.run(["evidence", "verify"]).failed();
    assert!(found.stdout.contains(name.as_str()), "{}", found.stdout);
}

/// A photo taken just now, at a spot, looking north.
fn facts(spot: Spot) -> Value {
    json!({
        "taken_at": scene::minutes_ago(0),
        "sent_at": scene::minutes_ago(0),
        "device": "tablet-7",
        "lon": spot.lon,
        "lat": spot.lat,
        "accuracy": 4.5,
        "azimuth": 0,
        "pitch": -3.5,
    })
}

fn spot(leader: &Api, demo: &Demo) -> Spot {
    scene::spot_in(&leader.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json())
}
