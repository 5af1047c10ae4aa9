//! A case changes only for somebody who has seen its present state.

use gengwei_tests::scene;
use gengwei_tests::{Api, Backend, Reply, Server, on_both};
use reqwest::Method;
use serde_json::json;

on_both!(two_officers_cannot_overwrite_each_other);

fn two_officers_cannot_overwrite_each_other(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (leader, officer) = (server.login(demo.group_leader()), server.login(demo.township()));
    let parcel = officer.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let patrol = scene::patrol_with_sighting(demo.group_leader(), scene::spot_in(&parcel), "building", &[]);
    leader.post("/api/v1/patrols", &patrol).expect(201);
    let case = officer.list("/api/v1/cases?source=patrol", 10)[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/cases/{case}");

    let seen = officer.get(&path).expect(200);
    let etag = seen.header("etag").to_owned();
    assert!(etag.starts_with('"'), "a strong ETag: {etag}");

    comment(&officer, &path, None).problem(428);
    comment(&officer, &path, Some("\"something else\"")).problem(412);
    // Without If-Match the body is not even read.
    let unread = officer.request(Method::POST, &format!("{path}/events")).body("{not json");
    officer.send(unread.header("content-type", "application/json")).problem(428);

    assert!(matches!(comment(&officer, &path, Some(&etag)).status, 200 | 201));
    comment(&officer, &path, Some(&etag)).problem(412);
    let now = officer.get(&path).expect(200);
    assert_ne!(now.header("etag"), etag);

    // What has not changed is not sent again.
    let unchanged = officer.request(Method::GET, &path).header("If-None-Match", now.header("etag"));
    assert_eq!(officer.send(unchanged).expect(304).body, b"");
}

fn comment(api: &Api, case: &str, etag: Option<&str>) -> Reply {
    let event = json!({"action": "comment", "words": "已电话联系村委会。"});
    let request = api.request(Method::POST, &format!("{case}/events")).json(&event);
    api.send(match etag {
        Some(etag) => request.header("If-Match", etag),
        None => request,
    })
}
