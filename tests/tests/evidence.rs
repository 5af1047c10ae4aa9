//! What is known of photos: facts beside them, doubts, and whether they are still what was handed in.

use std::process::Command;

use gengwei_tests::scene::{self, Photo, Spot};
use gengwei_tests::{Api, Backend, Demo, Server, on_both};
use reqwest::Method;
use serde_json::{Value, json};

on_both!(
    an_odd_photo_is_marked_and_never_refused,
    a_changed_photo_is_found_out,
    copies_stand_beside_the_original,
    only_an_approved_copy_is_public,
    a_package_goes_out_and_comes_back,
);

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

fn copies_stand_beside_the_original(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (leader, neighbour) = (server.login(demo.group_leader()), server.login(demo.neighbour()));
    let photo = Photo::new();
    leader.send(photo.upload(&leader)).expect(201);
    let path = |kind: &str| format!("{}/{kind}", photo.path());
    let mut tags = Vec::new();
    for kind in ["thumbnail", "watermarked"] {
        let copy = leader.get(&path(kind)).expect(200);
        assert_eq!(copy.header("content-type"), "image/jpeg");
        assert!(copy.body.starts_with(&[0xFF, 0xD8]) && copy.body != photo.bytes);
        let tag = copy.header("etag").to_owned();
        let again = leader.request(Method::GET, &path(kind)).header("if-none-match", &tag);
        leader.send(again).expect(304);
        neighbour.get(&path(kind)).problem(404);
        tags.push(tag);
    }
    // What the camera knew comes later and is written on another copy.
    leader.post(&path("facts"), &facts(spot(&leader, &demo))).expect(201);
    assert_eq!(leader.get(&path("thumbnail")).header("etag"), tags[0]);
    assert_ne!(leader.get(&path("watermarked")).header("etag"), tags[1]);
    assert_eq!(leader.get(&photo.path()).expect(200).body, photo.bytes, "the original is untouched");
}

fn only_an_approved_copy_is_public(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (leader, officer) = (server.login(demo.group_leader()), server.login(demo.township()));
    let public = server.anonymous();
    let report = scene::report(&public, demo.scan_code(), spot(&leader, &demo), "有人倒土");
    let receipt = public.send(report).expect(201).json();
    let tracking = format!("/r/{}", receipt["tracking"].as_str().expect("a number"));
    let case = officer.list("/api/v1/cases?source=report", 50)[0]["id"].clone();
    let photos = officer.get(&format!("/api/v1/evidence?case={}", case.as_str().expect("an id"))).expect(200);
    let sha256 = photos.json()["items"][0]["sha256"].as_str().expect("the reporter's photo").to_owned();
    let redactions = format!("/api/v1/evidence/{sha256}/redactions");

    let face = json!({"rectangles": [{"x": 0.0, "y": 0.0, "width": 0.5, "height": 0.5}]});
    leader.post(&redactions, &face).problem(403);
    server.login(demo.neighbour()).post(&redactions, &face).problem(404);
    let outside = json!({"rectangles": [{"x": 0.8, "y": 0.0, "width": 0.5, "height": 0.5}]});
    officer.post(&redactions, &outside).problem(422);
    let made = officer.post(&redactions, &face).expect(201).json();
    let id = made["id"].as_str().expect("an id");
    assert!(made["public"].is_null());

    // Not before somebody has looked at it.
    public.get(&format!("/p/{id}")).problem(404);
    assert_eq!(public.get(&tracking).json()["photos"], json!([]));
    let copy = officer.get(&format!("{redactions}/{id}")).expect(200);
    assert!(copy.body.starts_with(&[0xFF, 0xD8]));
    let approval = format!("{redactions}/{id}/approval");
    let put = |body: Value| officer.send(officer.request(Method::PUT, &approval).json(&body));
    put(json!({"looked": false})).problem(422);
    let approved = put(json!({"looked": true})).expect(200).json();
    assert_eq!(approved["public"], format!("/p/{id}"));

    assert_eq!(public.get(&format!("/p/{id}")).expect(200).body, copy.body);
    assert_eq!(public.get(&tracking).json()["photos"], json!([format!("/p/{id}")]));
    let browser = public.request(Method::GET, &tracking).header("accept", "text/html");
    assert!(public.send(browser).expect(200).text().contains(&format!("src=\"/p/{id}\"")));
    public.get(&format!("/p/{sha256}")).problem(404);
    public.get(&format!("/api/v1/evidence/{sha256}")).problem(401);

    officer.send(officer.request(Method::DELETE, &approval)).expect(204);
    public.get(&format!("/p/{id}")).problem(404);
    put(json!({"looked": true})).problem(409);
}

fn a_package_goes_out_and_comes_back(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    let spot = spot(&leader, &demo);
    let photos = [Photo::new(), Photo::new()];
    for photo in &photos {
        leader.send(photo.upload(&leader)).expect(201);
    }
    leader.post(&format!("{}/facts", photos[0].path()), &facts(spot)).expect(201);
    let patrol =
        scene::patrol_with_sighting(demo.group_leader(), spot, "building", &[&photos[0], &photos[1]]);
    leader.post("/api/v1/patrols", &patrol).expect(201);

    let file = server.site.path("640502.db");
    let run = |command: &str| {
        server.site.run(["evidence".as_ref(), command.as_ref(), file.as_os_str(), "--json".as_ref()])
    };
    let counted = run("export").done().objects();
    assert_eq!((&counted[0]["photos"], &counted[0]["cases"]), (&json!(2), &json!(1)));
    run("export").failed();
    let query = |sql: &str| {
        let done = Command::new("python3").args(["-c", READ]).arg(&file).arg(sql).output().expect("python3");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    assert_eq!(
        query("select count(*), count(FJ), count(Longitude), sum(JYM like 'SM3:%') from FJ"),
        "2 2 1 2"
    );
    assert_eq!(query("select count(*) from JCTB where TBFW like 'MULTIPOLYGON (((10%'"), "1");
    assert!(query("select SM from GWSM").contains("不是国土调查云签发"));

    let last = |output: gengwei_tests::Output| output.objects().pop().expect("a last line");
    let again = last(run("import").done());
    assert_eq!(again, json!({"read": 2, "imported": 0, "updated": 0, "unchanged": 2, "rejected": 0}));
    // A photo that was altered on the way, and one of a case that is not ours.
    query("update FJ set FJ = cast(FJ || x'00' as blob) where F_ID = 1");
    query("update FJ set TBYBH = 'X1' where F_ID = 2");
    let refused = last(run("import").done());
    assert_eq!((&refused["rejected"], &refused["imported"]), (&json!(2), &json!(0)));
    // Another camera's photo for the same case.
    let case = server.login(demo.township()).list("/api/v1/cases?source=patrol", 50)[0]["id"].clone();
    let case = case.as_str().expect("an id");
    query("delete from FJ where F_ID = 2");
    let fresh = hex::encode(Photo::new().bytes);
    query(&format!(
        "update FJ set FJ = x'{fresh}', JYM = 'A1B2', metaRecord = '?', TBYBH = '{case}', PSJD = 271, \
         PSSJ = '2025-06-01 08:30:00', Longitude = 105.2, Latitude = 37.5"
    ));
    let taken = last(run("import").done());
    assert_eq!((&taken["imported"], &taken["rejected"]), (&json!(1), &json!(0)));
    let shown =
        server.login(demo.township()).get(&format!("/api/v1/evidence?case={case}")).expect(200).json();
    assert_eq!(shown["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(shown["items"][2]["facts"][0]["facts"]["azimuth"], json!(271.0));
    server.site.run(["evidence", "verify"]).done();
}

/// Runs a statement on a SQLite file and prints the rows.
const READ: &str = "import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
for row in connection.execute(sys.argv[2]):
    print(*row)
connection.commit()";

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
