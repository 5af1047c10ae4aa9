//! Outside your scope a thing does not exist: a neighbouring township's officer tries every door.

use gengwei_tests::scene::{self, Photo};
use gengwei_tests::{Api, Backend, Server, on_both};
use reqwest::Method;
use serde_json::{Value, json};

on_both!(a_neighbour_is_told_nothing, nobody_is_told_anything, administrators_keep_each_other_in_check);

/// Every path that leads to something of the chain's township.
fn doors(api: &Api, region: &str, code: &str, photo: &Photo) -> Vec<String> {
    let cases = api.list("/api/v1/cases", 100);
    let case = cases[0]["id"].as_str().expect("an id").to_owned();
    vec![
        format!("/api/v1/regions/{region}"),
        format!("/api/v1/regions/{region}/children"),
        format!("/api/v1/regions/{region}/responsible"),
        format!("/api/v1/parcels?region={region}"),
        format!("/api/v1/parcels/{code}"),
        format!("/api/v1/parcels/{code}/responsible"),
        format!("/api/v1/patrols?region={region}"),
        format!("/api/v1/cases?region={region}"),
        format!("/api/v1/cases/{case}"),
        photo.path(),
    ]
}

fn a_neighbour_is_told_nothing(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (leader, officer) = (server.login(demo.group_leader()), server.login(demo.township()));
    let neighbour = server.login(demo.neighbour());
    let photo = Photo::new();
    leader.send(photo.upload(&leader));
    let parcel = officer.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let spot = scene::spot_in(&parcel);
    let patrol = scene::patrol_with_sighting(demo.group_leader(), spot, "building", &[&photo]);
    leader.post("/api/v1/patrols", &patrol).expect(201);

    for door in doors(&officer, &demo.township().region, demo.scan_code(), &photo) {
        officer.get(&door).expect(200);
        let told = neighbour.get(&door).problem(404);
        let not_there = neighbour.get(&door.replace("6405", "6499")).status;
        assert_eq!(not_there, 404, "what is not there looks different from what is another's: {door}");
        assert!(!told.to_string().contains("砂石"), "{told}");
    }
    let at = format!("/api/v1/parcels/at?lon={}&lat={}", spot.lon, spot.lat);
    officer.get(&at).expect(200);
    neighbour.get(&at).problem(404);

    // Lists, searches and boxes without a region leave out what is not theirs.
    let (w, s, e, n) = (spot.lon - 0.001, spot.lat - 0.001, spot.lon + 0.001, spot.lat + 0.001);
    let boxed = format!("/api/v1/parcels?bbox={w},{s},{e},{n}");
    let searched = format!("/api/v1/parcels?q={}", demo.scan_code());
    for path in [&boxed, &searched] {
        assert!(!officer.list(path, 100).is_empty(), "{path}");
        assert_eq!(neighbour.list(path, 100), Vec::<Value>::new(), "{path}");
    }
    let foreign = |item: &Value| item.to_string().contains(&demo.township().region[..9]);
    for path in ["/api/v1/parcels", "/api/v1/patrols", "/api/v1/cases"] {
        assert_eq!(neighbour.list(path, 100).iter().find(|item| foreign(item)), None, "{path}");
    }

    // Nor can he write there.
    let case = officer.list("/api/v1/cases", 100)[0]["id"].as_str().expect("an id").to_owned();
    let event = neighbour.request(Method::POST, &format!("/api/v1/cases/{case}/events"));
    let event = event.header("If-Match", "\"1\"").json(&json!({"action": "comment", "words": "…"}));
    neighbour.send(event).problem(404);
    neighbour.post("/api/v1/patrols", &scene::patrol(demo.group_leader())).problem(404);
}

fn nobody_is_told_anything(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let public = server.anonymous();
    for path in ["/api/v1/me", "/api/v1/parcels", "/api/v1/patrols", "/api/v1/cases"] {
        public.get(path).problem(401);
    }
    let account = &demo.township().name;
    let wrong = |account: &str| {
        let words = json!({"account": account, "password": "not this one"});
        public.post("/api/v1/sessions", &words).problem(401)
    };
    assert_eq!(wrong(account)["type"], wrong("nobody")["type"], "an account's existence is not told");

    // A session that has ended is no session.
    let officer = server.login(demo.township());
    officer.get("/api/v1/me").expect(200);
    officer.send(officer.request(Method::DELETE, "/api/v1/sessions")).expect(204);
    officer.get("/api/v1/me").problem(401);
}

fn administrators_keep_each_other_in_check(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let admins: Vec<_> = ["system", "security", "audit"]
        .iter()
        .map(|kind| {
            demo.accounts.iter().find(|account| account.role.contains(kind)).expect("an administrator")
        })
        .collect();
    for (index, admin) in admins.iter().enumerate() {
        assert!(
            admins[..index].iter().all(|other| other.name != admin.name),
            "{} holds two roles",
            admin.name
        );
        let api = server.login(admin);
        assert_eq!(api.get("/api/v1/me").expect(200).json()["account"], admin.name.as_str());
        api.get("/api/v1/cases").problem(403);
    }
}
