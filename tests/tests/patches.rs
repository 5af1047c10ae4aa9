//! A month's change patches: from the file to the township's queue, and through a `kill -9` in the middle.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use gengwei_tests::{Api, Backend, Reply, Server, on_both, scene};
use reqwest::Method;
use reqwest::blocking::multipart::{Form, Part};
use serde_json::{Value, json};

on_both!(
    the_demo_s_patches_stand_in_the_township_s_queue,
    a_batch_is_uploaded_followed_and_withdrawn,
    a_killed_import_leaves_nothing_half_done,
    forty_patches_take_one_call_each_to_read_and_one_to_decide,
    an_upload_that_waits_is_part_of_a_backup,
    a_task_of_a_patch_shows_the_patch_and_not_the_field,
);

#[test]
fn an_upload_may_take_longer_than_any_other_request() {
    slow_upload(Backend::Sqlite);
}

fn the_demo_s_patches_stand_in_the_township_s_queue(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (officer, neighbour) = (server.login(demo.township()), server.login(demo.neighbour()));
    let patches = officer.list("/api/v1/patches", 50);
    assert!(!patches.is_empty(), "the township has patches");
    let patch = officer.get(&format!("/api/v1/patches/{}", id(&patches[0]))).expect(200).json();
    let sum = |list: &str, field: &str| {
        patch[list].as_array().expect("a list").iter().map(|i| i[field].as_f64().unwrap_or(0.0)).sum::<f64>()
    };
    let area = patch["area"].as_f64().expect("an area");
    let outside = patch["outside"].as_f64().expect("an area");
    assert!((sum("parcels", "area") + outside - area).abs() < 0.1, "{patch}");
    assert!(patch["suggestion"]["says"].as_str().is_some_and(|says| !says.is_empty()), "{patch}");
    assert!(patch["suggestion"]["article"].as_str().is_some_and(|article| !article.is_empty()), "{patch}");

    let case = patch["case"]["id"].as_str().expect("a case");
    let read = officer.get(&format!("/api/v1/cases/{case}")).expect(200);
    assert_eq!(read.header("etag"), format!("\"{}\"", patch["case"]["version"]));
    assert_eq!(read.json()["source"], "change_patch");
    let queue = officer.list("/api/v1/cases?source=change_patch", 100);
    assert_eq!(queue.len(), patches.len(), "each patch is a case");

    for path in [format!("/api/v1/patches/{}", id(&patches[0])), format!("/api/v1/cases/{case}")] {
        neighbour.get(&path).problem(404);
    }
    let features = officer.get("/ogc/collections/patches/items?limit=2000").expect(200).json();
    assert_eq!(features["features"].as_array().map(Vec::len), Some(patches.len()));

    // Loading the demo again changes nothing.
    let before = server.login(demo.city()).list("/api/v1/patches", 500).len();
    server.site.run(["demo", "--json"]).done();
    assert_eq!(server.login(demo.city()).list("/api/v1/patches", 500).len(), before);
}

fn a_batch_is_uploaded_followed_and_withdrawn(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (county, officer) = (server.login(demo.county()), server.login(demo.township()));
    let field = officer.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let layer = layer(&[
        feature("T1", "0702", &field["geometry"]),
        feature("T2", "0601", &field["geometry"]),
        feature("T2", "0601", &field["geometry"]),
    ]);
    // A checking run first, which leaves no patch behind.
    let checked = follow(&county, &upload(&county, &layer, &[("dry_run", "true")]).expect(202));
    assert_eq!((&checked["imported"], &checked["rejected"]), (&json!(2), &json!(1)), "{checked}");
    assert_eq!(mine(&officer).len(), 0);

    let batch = follow(&county, &upload(&county, &layer, &[]).expect(202));
    assert_eq!(batch["state"], "done", "{batch}");
    assert_eq!((&batch["read"], &batch["imported"], &batch["rejected"]), (&json!(3), &json!(2), &json!(1)));
    let rejects = county.list(&format!("/api/v1/patch-batches/{}/rejects", id(&batch)), 10);
    assert_eq!((&rejects[0]["code"], &rejects[0]["line"]), (&json!("duplicate"), &json!(3)));
    let again = upload(&county, &layer, &[]).expect(200).json();
    assert_eq!((id(&again), &again["state"]), (id(&batch), &json!("done")));

    let patches = mine(&officer);
    assert_eq!(patches.len(), 2);
    let house = patches.iter().find(|patch| patch["number"] == "T1").expect("T1");
    assert_eq!(house["suggestion"]["verdict"], "illegal_house");
    let whole = officer.get(&format!("/api/v1/patches/{}", id(house))).expect(200).json();
    let met = &whole["parcels"][0];
    assert_eq!(met["code"], demo.scan_code(), "{whole}");
    assert!(met["share_of_parcel"].as_f64().is_some_and(|share| share > 0.999), "{met}");
    let case = format!("/api/v1/cases/{}", house["case"]["id"].as_str().expect("a case"));
    assert_eq!(officer.get(&case).expect(200).json()["severity"], "grave");

    // Both lie on one field: offered as one, joined by a person, split again.
    let other = patches.iter().find(|patch| patch["number"] == "T2").expect("T2");
    let together = officer.get(&format!("{case}/together")).expect(200).json();
    let offered = together["offered"].as_array().expect("a list");
    let found = offered.iter().find(|offer| offer["case"] == other["case"]["id"]).expect("T2 is offered");
    assert_eq!((&found["distance"], &found["reason"]), (&json!(0.0), &json!("位于图斑范围内，在同一地块")));
    let member = json!({"member": other["case"]["id"]});
    let joined = officer.post(&format!("{case}/members"), &member).expect(200).json();
    assert_eq!(joined["members"][0]["case"], other["case"]["id"]);
    officer.post(&format!("{case}/members"), &member).problem(409);
    server.login(demo.neighbour()).post(&format!("{case}/members"), &member).problem(404);
    let split = format!("{case}/members/{}?why=不是同一问题", other["case"]["id"].as_str().expect("an id"));
    let apart = officer.send(officer.request(Method::DELETE, &split)).expect(200).json();
    assert_eq!(apart["members"], json!([]));

    // Only a county or the city imports; a township is told so.
    upload(&officer, &layer, &[]).problem(403);
    upload(&county, "不是图层", &[("period", "2026-07")]).expect(202);
    let without = Form::new().text("period", "2026-07");
    county.send(county.request(Method::POST, "/api/v1/patch-batches").multipart(without)).problem(422);

    // A task in the field, which nobody shall go for in vain once the batch is withdrawn.
    let seen = officer.get(&case).expect(200);
    let task = json!({"action": "assign", "words": "请到现场看看。",
        "fields": {"unit": demo.group_leader().region, "due": scene::days_ahead(3)}});
    decide(&officer, &case, &seen.json()["version"], &task).expect(201);
    let leader = server.login(demo.group_leader());
    assert_eq!(leader.get("/api/v1/tasks").expect(200).json()["items"][0]["state"], "open");

    let withdrawal = format!("/api/v1/patch-batches/{}/withdrawal", id(&batch));
    county.post(&withdrawal, &json!({"why": " "})).problem(422);
    county.post(&withdrawal, &json!({"why": "下发有误"})).expect(200);
    county.post(&withdrawal, &json!({"why": "下发有误"})).problem(409);
    assert!(mine(&officer).iter().all(|patch| !patch["withdrawn_at"].is_null()));
    let read = officer.get(&case).expect(200).json();
    assert!(read["events"].to_string().contains("来源批次已撤回：下发有误"), "{read}");
    assert!(
        !read["withdrawn_at"].is_null() && read["state"] == "opened",
        "marked, and closed by nobody: {read}"
    );
    let tasks = leader.get("/api/v1/tasks").expect(200).json();
    assert!(tasks["items"].as_array().is_some_and(|all| all.iter().all(|t| t["state"] != "open")), "{tasks}");
    let notices = leader.get("/api/v1/notices").expect(200).json();
    let of_task = notices["items"].as_array().and_then(|all| all.iter().find(|n| n["subject"] == "task"));
    assert!(of_task.is_some_and(|notice| !notice["withdrawn_at"].is_null()), "{notices}");
    let told = officer.get("/api/v1/notices").expect(200).json();
    assert!(told.to_string().contains("变化图斑批次已撤回"), "{told}");
}

/// Does something with a case that stands at a version.
fn decide(api: &Api, case: &str, version: &Value, event: &Value) -> Reply {
    let post = api.request(Method::POST, &format!("{case}/events"));
    api.send(post.header("if-match", format!("\"{version}\"")).json(event))
}

fn forty_patches_take_one_call_each_to_read_and_one_to_decide(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (county, officer) = (server.login(demo.county()), server.login(demo.township()));
    let field = officer.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let rows: Vec<_> = (0..40)
        .map(|n| feature(&format!("T{n:02}"), if n % 2 == 0 { "0601" } else { "0201" }, &field["geometry"]))
        .collect();
    follow(&county, &upload(&county, &layer(&rows), &[]).expect(202));
    let queue = mine(&officer);
    assert_eq!(queue.len(), 40);
    let mut calls = 0;
    for (n, listed) in queue.iter().enumerate() {
        // Everything that a verdict needs is in one answer: what it touches, what is likely, what he may do.
        let patch = officer.get(&format!("/api/v1/patches/{}", id(listed))).expect(200).json();
        let (action, fields) =
            if n % 4 == 0 { ("refute", json!({"ground": "lawful"})) } else { ("suspect", json!({})) };
        let may = patch["may"].as_array().expect("what he may do");
        let offered =
            may.iter().find(|may| may["action"] == action).unwrap_or_else(|| panic!("{action}: {patch}"));
        assert_eq!(offered["photos"], 0);
        let event = json!({"action": action, "words": "内业叠加判定。", "fields": fields});
        let case = format!("/api/v1/cases/{}", patch["case"]["id"].as_str().expect("a case"));
        let decided = decide(&officer, &case, &patch["case"]["version"], &event).expect(201).json();
        assert_eq!(decided["state"], offered["to"]);
        calls += 2;
    }
    assert_eq!(calls, 80, "one to read and one to decide for each of forty");
    let left = mine(&officer).into_iter().filter(|patch| patch["case"]["state"] == "opened").count();
    assert_eq!(left, 0);
    // Whoever may not act is told what there is, and offered nothing.
    let leader = server.login(demo.group_leader());
    let seen = leader.get(&format!("/api/v1/patches/{}", id(&queue[1])));
    if seen.status == 200 {
        let may = seen.json()["may"].clone();
        assert!(!may.to_string().contains("determine"), "{may}");
    }
}

fn an_upload_that_waits_is_part_of_a_backup(backend: Backend) {
    let (mut server, demo) = Server::demo(backend);
    let officer = server.login(demo.township());
    let field = officer.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let rows: Vec<_> = (0..2_000).map(|n| feature(&format!("B{n:05}"), "0601", &field["geometry"])).collect();
    let batch = upload(&server.login(demo.county()), &layer(&rows), &[]).expect(202).json();
    server.kill_hard();
    let folder = server.site.path("backup");
    server.site.run(["backup".as_ref(), folder.as_os_str()]).done();
    assert_eq!(std::fs::read_dir(folder.join("imports")).expect("a folder").count(), 1);

    let empty = gengwei_tests::Site::new(backend);
    empty.run(["restore".as_ref(), folder.as_os_str()]).done();
    let restored = Server::at(empty);
    let county = restored.login(demo.county());
    let done = follow_at(&county, &format!("/api/v1/patch-batches/{}", id(&batch)));
    assert_eq!((&done["state"], &done["read"]), (&json!("done"), &json!(2_000)), "{done}");
    assert_eq!(whole(&county, id(&batch)), 2_000);
}

fn a_task_of_a_patch_shows_the_patch_and_not_the_field(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (county, officer) = (server.login(demo.county()), server.login(demo.township()));
    let field = officer.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let spot = scene::spot_in(&field);
    // About ten metres around a place in the field.
    let (west, east, south, north) = (spot.lon - 5e-5, spot.lon + 5e-5, spot.lat - 5e-5, spot.lat + 5e-5);
    let ring = json!([[west, south], [east, south], [east, north], [west, north], [west, south]]);
    let small = json!({"type": "Polygon", "coordinates": [ring]});
    follow(&county, &upload(&county, &layer(&[feature("T1", "0601", &small)]), &[]).expect(202));
    let patch = officer.get(&format!("/api/v1/patches/{}", id(&mine(&officer)[0]))).expect(200).json();
    let case = format!("/api/v1/cases/{}", patch["case"]["id"].as_str().expect("a case"));
    let assign = json!({"action": "assign", "words": "请到现场看看。",
        "fields": {"unit": demo.group_leader().region, "due": scene::days_ahead(3)}});
    decide(&officer, &case, &patch["case"]["version"], &assign).expect(201);
    let leader = server.login(demo.group_leader());
    let task = leader.get("/api/v1/tasks").expect(200).json()["items"][0].clone();
    assert_eq!(task["outline"], patch["geometry"], "{task}");
    assert_ne!(task["outline"], field["geometry"]);
    assert_eq!(task["parcels"], json!([demo.scan_code()]));
    let pdf = officer.get(&format!("{case}/dossier.pdf")).expect(200);
    assert!(pdf.body.starts_with(b"%PDF-"));
}

/// A file that comes a little at a time for longer than the minute that other requests have.
fn slow_upload(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let county = server.login(demo.county());
    let field = server.login(demo.township());
    let field = field.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let layer = layer(&[feature("S1", "0601", &field["geometry"])]);
    let part = "Content-Disposition: form-data; name=\"file\"; filename=\"slow.geojson\"";
    let body = format!("--slow\r\n{part}\r\n\r\n{layer}\r\n--slow--\r\n");
    let host = server.url().trim_start_matches("http://");
    let head = format!(
        "POST /api/v1/patch-batches HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nContent-Type: \
         multipart/form-data; boundary=slow\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        county.token(),
        body.len()
    );
    let mut stream = TcpStream::connect(host).expect("connected");
    stream.write_all(head.as_bytes()).expect("sent");
    for piece in body.as_bytes().chunks(body.len().div_ceil(32)) {
        thread::sleep(Duration::from_secs(2));
        stream.write_all(piece).expect("taken");
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).expect("a location");
    assert_eq!(follow_at(&county, location)["imported"], 1);
}

fn a_killed_import_leaves_nothing_half_done(backend: Backend) {
    let (mut server, demo) = Server::demo(backend);
    let field = server.login(demo.township());
    let field = field.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let rows: Vec<_> = (0..3_000).map(|n| feature(&format!("K{n:05}"), "0601", &field["geometry"])).collect();
    let layer = layer(&rows);
    let mut killed = 0;
    let batch = upload(&server.login(demo.county()), &layer, &[]).expect(202).json();
    let begun = Instant::now();
    loop {
        thread::sleep(Duration::from_millis(400 + 150 * killed));
        let county = server.login(demo.county());
        let now = county.get(&format!("/api/v1/patch-batches/{}", id(&batch))).expect(200).json();
        if now["state"] == "done" {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "{now}");
        if killed < 5 {
            server.kill_hard();
            server.restart();
            killed += 1;
            whole(&server.login(demo.county()), id(&batch));
        }
    }
    assert!(killed > 0, "the import was over before it could be killed");
    let county = server.login(demo.county());
    assert_eq!(whole(&county, id(&batch)), 3_000);
    let verified = server.site.run(["audit", "verify"]).done();
    assert!(verified.last_line().ends_with("entries ok"), "{}", verified.stdout);
    // The same rows by hand: each is known.
    let file = server.site.path("again.geojson");
    std::fs::write(&file, &layer).expect("written");
    let again = server.site.run(["import", "patches", file.to_str().expect("UTF-8")]).done();
    assert_eq!(again.last_line(), "read 3000 imported 0 updated 0 unchanged 3000 rejected 0");
}

/// How many patches of a batch there are; each is whole: it knows its parcel, and its case exists and is its own.
fn whole(county: &Api, batch: &str) -> usize {
    let patches = county.list(&format!("/api/v1/patches?batch={batch}"), 500);
    let mut cases: Vec<_> = patches.iter().map(|p| p["case"]["id"].as_str().expect("a case")).collect();
    cases.sort_unstable();
    cases.dedup();
    assert_eq!(cases.len(), patches.len(), "a case of its own for each");
    let mut numbers: Vec<_> = patches.iter().map(|p| p["number"].to_string()).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), patches.len(), "no patch twice");
    for patch in patches.iter().step_by(97) {
        let read = county.get(&format!("/api/v1/patches/{}", id(patch))).expect(200).json();
        assert!(read["parcels"].as_array().is_some_and(|parcels| !parcels.is_empty()), "{read}");
        county.get(&format!("/api/v1/cases/{}", patch["case"]["id"].as_str().expect("a case"))).expect(200);
    }
    patches.len()
}

fn id(thing: &Value) -> &str {
    thing["id"].as_str().expect("an id")
}

/// The township's patches that this story has brought.
fn mine(officer: &Api) -> Vec<Value> {
    let mut patches = officer.list("/api/v1/patches", 200);
    patches.retain(|patch| patch["number"].as_str().is_some_and(|number| number.starts_with('T')));
    patches
}

fn feature(number: &str, to: &str, geometry: &Value) -> Value {
    json!({"type": "Feature", "geometry": geometry, "properties": {"JCBH": number, "TBLX": "1", "XZQDM": "640502",
        "QSX": "20260412", "HSX": "20260715", "TZ": to, "BGDL": to}})
}

fn layer(features: &[Value]) -> String {
    json!({"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "EPSG:4490"}},
        "features": features})
    .to_string()
}

fn upload(api: &Api, layer: &str, words: &[(&str, &str)]) -> Reply {
    let file = Part::bytes(layer.as_bytes().to_vec()).file_name("变化图斑.geojson");
    let form = words
        .iter()
        .fold(Form::new(), |form, (name, text)| form.text((*name).to_owned(), (*text).to_owned()));
    api.send(api.request(Method::POST, "/api/v1/patch-batches").multipart(form.part("file", file)))
}

/// Reads a batch until it has ended.
fn follow(api: &Api, accepted: &Reply) -> Value {
    follow_at(api, accepted.header("location"))
}

fn follow_at(api: &Api, location: &str) -> Value {
    for _ in 0..600 {
        let batch = api.get(location).expect(200).json();
        if !matches!(batch["state"].as_str(), Some("waiting" | "running")) {
            return batch;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{location} does not end");
}
