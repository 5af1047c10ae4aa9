//! Patrols as devices file them: again and again, and page by page.

use gengwei_tests::scene;
use gengwei_tests::{Backend, Server, on_both};
use serde_json::json;

on_both!(
    the_same_patrol_again_changes_nothing,
    a_list_comes_page_by_page,
    a_patrol_that_cannot_be_is_refused_in_words
);

fn the_same_patrol_again_changes_nothing(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    let parcel = leader.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let spot = scene::spot_in(&parcel);
    let patrol = scene::patrol_with_sighting(demo.group_leader(), spot, "building", &[]);

    let first = leader.post("/api/v1/patrols", &patrol).expect(201).json();
    let again = leader.post("/api/v1/patrols", &patrol).expect(200).json();
    assert_eq!(first, again, "the same resource");

    let mut other = patrol.clone();
    other["ended_at"] = json!(scene::minutes_ago(20));
    leader.post("/api/v1/patrols", &other).problem(409);

    // Nothing doubled on the way: one patrol, one case.
    let region = &demo.group_leader().region;
    let patrols = leader.list(&format!("/api/v1/patrols?region={region}"), 50);
    assert_eq!(patrols.iter().filter(|listed| listed["id"] == patrol["id"]).count(), 1);
    let officer = server.login(demo.township());
    assert_eq!(officer.list("/api/v1/cases?source=patrol", 50).len(), 1);
}

fn a_list_comes_page_by_page(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    let region = &demo.group_leader().region;
    let path = format!("/api/v1/patrols?region={region}");
    let before = leader.list(&path, 100).len();
    let mut filed: Vec<String> = (0..23)
        .map(|_| {
            let patrol = scene::patrol(demo.group_leader());
            leader.post("/api/v1/patrols", &patrol).expect(201);
            patrol["id"].as_str().expect("an id").to_owned()
        })
        .collect();

    let listed = leader.list(&path, 5);
    assert_eq!(listed.len(), before + filed.len());
    let mut ids: Vec<_> =
        listed.iter().map(|patrol| patrol["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), listed.len(), "no patrol on two pages");
    filed.retain(|id| !ids.contains(id));
    assert!(filed.is_empty(), "on no page: {filed:?}");

    // A patrol filed while somebody pages neither repeats nor hides another.
    let first = leader.get(&format!("{path}&limit=5")).expect(200).json();
    leader.post("/api/v1/patrols", &scene::patrol(demo.group_leader())).expect(201);
    let cursor = first["next"].as_str().expect("there are more");
    let second = leader.get(&format!("{path}&limit=5&cursor={cursor}")).expect(200).json();
    let of = |page: &serde_json::Value| page["items"].as_array().expect("items").clone();
    assert!(of(&second).iter().all(|patrol| !of(&first).contains(patrol)), "a patrol came twice");

    leader.get(&format!("{path}&cursor=not-a-cursor")).problem(422);
}

fn a_patrol_that_cannot_be_is_refused_in_words(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut patrol = scene::patrol(demo.group_leader());
        change(&mut patrol);
        let problem = leader.post("/api/v1/patrols", &patrol).problem(422);
        let words = problem["detail"].as_str().or(problem["errors"][0]["message"].as_str());
        assert!(words.is_some_and(|words| !words.is_empty()), "{problem}");
    };
    refused(&|patrol| patrol["ended_at"] = json!(scene::minutes_ago(600)));
    refused(&|patrol| patrol["started_at"] = json!("yesterday"));
    refused(&|patrol| patrol["id"] = json!("7"));
    refused(&|patrol| {
        patrol["sightings"] = json!([{"kind": "no such kind", "seen_at": scene::minutes_ago(50)}])
    });
    // Somebody else's grid does not exist for him.
    let mut elsewhere = scene::patrol(demo.group_leader());
    elsewhere["unit"] = json!(demo.neighbour().region);
    leader.post("/api/v1/patrols", &elsewhere).problem(404);
}
