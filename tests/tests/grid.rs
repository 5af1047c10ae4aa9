//! The net of five levels: who is appointed where, who is missing, what a unit has to keep.

use gengwei_tests::{Api, Backend, Output, Reply, Server, on_both};
use reqwest::Method;
use serde_json::{Value, json};

on_both!(
    a_post_passes_on_and_its_history_stays,
    a_township_edits_what_lies_below_it_and_nothing_else,
    a_unit_changes_only_as_it_was_read,
    targets_rest_on_documents,
    divisions_and_rosters_come_from_the_command_line
);

/// A village of the demo's township with nobody in it.
fn vacant_village(officer: &Api, township: &str) -> String {
    let vacancies = officer.list(&format!("/api/v1/vacancies?region={township}"), 500);
    let village = vacancies.iter().find(|unit| unit["role"] == "village_head").expect("a vacancy");
    village["unit"].as_str().expect("a code").to_owned()
}

fn head(village: &str, name: &str, starts: &str) -> Value {
    json!({"unit": village, "role": "village_head", "name": name, "starts": starts, "source": "任命文件"})
}

fn put(api: &Api, path: &str, if_match: Option<&str>, body: &Value) -> Reply {
    let request = api.request(Method::PUT, path).json(body);
    api.send(if_match.into_iter().fold(request, |request, tag| request.header("If-Match", tag)))
}

fn a_post_passes_on_and_its_history_stays(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let officer = server.login(demo.township());
    let township = &demo.township().region;
    let village = vacant_village(&officer, township);

    let first = officer.post("/api/v1/appointments", &head(&village, "甲", "2024-01-01")).expect(201).json();
    officer.post("/api/v1/appointments", &head(&village, "甲", "2024-01-01")).expect(200);
    let second = officer.post("/api/v1/appointments", &head(&village, "乙", "2025-01-01")).expect(201).json();
    let early = officer.post("/api/v1/appointments", &head(&village, "丙", "2023-01-01")).problem(422);
    assert!(early["detail"].as_str().expect("a reason").contains("任期重叠"), "{early}");
    assert!(
        !officer
            .list(&format!("/api/v1/vacancies?region={village}"), 500)
            .iter()
            .any(|unit| unit["unit"] == *village)
    );

    officer.post("/api/v1/appointments", &head(&village, "丁\u{0}", "2026-01-01")).problem(422);
    officer
        .post("/api/v1/appointments/%00/end", &json!({"ends": "2026-06-01", "source": "文件"}))
        .problem(404);

    let id = second["id"].as_str().expect("an id");
    let end = |ends: &str| json!({"ends": ends, "source": "免职文件"});
    officer.post(&format!("/api/v1/appointments/{id}/end"), &end("2024-06-01")).problem(422);
    officer.post(&format!("/api/v1/appointments/{id}/end"), &end("2026-06-01")).expect(200);
    officer.post(&format!("/api/v1/appointments/{id}/end"), &end("2026-07-01")).problem(409);

    let history = officer.list(&format!("/api/v1/regions/{village}/appointments"), 500);
    let told: Vec<_> = history.iter().map(|term| (term["name"].clone(), term["ends"].clone())).collect();
    assert_eq!(told, [(json!("乙"), json!("2026-06-01")), (json!("甲"), json!("2025-01-01"))]);
    assert_eq!(history[1]["id"], first["id"]);
    assert_eq!(vacant_village(&officer, &village), village);
    let responsible =
        officer.get(&format!("/api/v1/regions/{village}/responsible?on=2024-12-31")).expect(200).json();
    assert!(
        responsible.to_string().contains("甲") && !responsible.to_string().contains("乙"),
        "{responsible}"
    );
}

fn a_township_edits_what_lies_below_it_and_nothing_else(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (officer, neighbour) = (server.login(demo.township()), server.login(demo.neighbour()));
    let township = &demo.township().region;
    let village = vacant_village(&officer, township);
    neighbour.post("/api/v1/appointments", &head(&village, "甲", "2024-01-01")).problem(404);
    neighbour.get(&format!("/api/v1/regions/{village}/appointments")).problem(404);
    neighbour.get(&format!("/api/v1/vacancies?region={village}")).problem(404);
    neighbour.get(&format!("/api/v1/regions/{village}/targets")).problem(404);
    put(&neighbour, &format!("/api/v1/regions/{village}"), Some("\"1\""), &json!({"takes_part": false}))
        .problem(404);

    let term = officer.post("/api/v1/appointments", &head(&village, "甲", "2024-01-01")).expect(201).json();
    let end = format!("/api/v1/appointments/{}/end", term["id"].as_str().expect("an id"));
    neighbour.post(&end, &json!({"ends": "2024-02-01", "source": "文件"})).problem(404);
    // A person of another township is nobody, even to one who knows his id.
    let own = vacant_village(&neighbour, &demo.neighbour().region);
    let mut stolen = head(&own, "甲", "2024-01-01");
    stolen["person"] = term["person_id"].clone();
    stolen.as_object_mut().expect("an object").remove("name");
    let problem = neighbour.post("/api/v1/appointments", &stolen).problem(422);
    assert!(!problem.to_string().contains('甲'), "{problem}");

    // Nobody makes himself the one who reads reporters' numbers: not by his unit, not by his person.
    let county = server.login(demo.county());
    let region = &demo.county().region;
    let me = county.get("/api/v1/me").expect(200).json();
    let held = county.list(&format!("/api/v1/regions/{region}/appointments"), 500);
    let own = held.iter().find(|term| term["name"] == me["name"]).expect("his own term");
    let mut handler = head(region, "", "2024-01-01");
    handler["role"] = json!("report_handler");
    handler["person"] = own["person_id"].clone();
    handler["name"] = me["name"].clone();
    county.post("/api/v1/appointments", &handler).problem(403);
    let mut handler = head(township, "孙红梅", "2024-01-01");
    handler["role"] = json!("report_handler");
    officer.post("/api/v1/appointments", &handler).problem(403);
    let leader = server.login(demo.group_leader());
    leader.post("/api/v1/appointments", &head(&village, "甲", "2024-01-01")).problem(403);
}

fn a_unit_changes_only_as_it_was_read(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let officer = server.login(demo.township());
    let path = format!("/api/v1/regions/{}", vacant_village(&officer, &demo.township().region));
    let read = officer.get(&path).expect(200);
    let tag = read.header("etag").to_owned();
    let change = json!({"office_phone": "0955-7650001", "takes_part": true});
    put(&officer, &path, None, &change).problem(428);
    put(&officer, &path, Some("\"1\""), &change).problem(412);
    put(&officer, &path, Some(&tag), &json!({"office_phone": "13909550000", "takes_part": true}))
        .problem(422);
    let changed = put(&officer, &path, Some(&tag), &change).expect(200);
    assert_eq!(changed.json()["office_phone"], "0955-7650001");
    put(&officer, &path, Some(&tag), &change).problem(412);
    let again = officer.get(&path).expect(200);
    assert_eq!((again.header("etag"), again.json()), (changed.header("etag"), changed.json()));
    let known = officer.request(Method::GET, &path).header("If-None-Match", changed.header("etag"));
    officer.send(known).expect(304);
}

fn targets_rest_on_documents(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let county = server.login(demo.county());
    let region = &demo.county().region;
    let path = format!("/api/v1/regions/{region}/targets");
    let enter = |path: &str, body: Value| put(&county, path, None, &body);
    enter(&format!("{path}/2024/cropland"), json!({"mu": 900_000.0, "document": " "})).problem(422);
    enter(&format!("{path}/2024/forest"), json!({"mu": 1.0, "document": "文件"})).problem(404);
    enter(&format!("{path}/2024/cropland"), json!({"mu": -1.0, "document": "文件"})).problem(422);
    enter(&format!("{path}/2024/cropland"), json!({"mu": 900_000.0, "document": "县级文件"})).expect(200);
    let city = "/api/v1/regions/6405/targets/2024/cropland";
    enter(city, json!({"mu": 1.0, "document": "文件"})).problem(404);
    server.login(demo.township()).get(&path).problem(404);

    let progress = county.get(&format!("{path}?year=2026")).expect(200).json();
    let cropland = &progress["items"][0];
    assert_eq!((&cropland["target"]["year"], &cropland["target"]["mu"]), (&json!(2024), &json!(900_000.0)));
    let (mu, gap) = (cropland["mu"].as_f64().expect("a sum"), cropland["gap"].as_f64().expect("a gap"));
    assert!(mu > 0.0 && (mu + gap - 900_000.0).abs() < 1e-6, "{cropland}");
    let earlier = county.get(&format!("{path}?year=2023")).expect(200).json();
    assert_eq!(earlier["items"][0]["target"], Value::Null);
}

fn divisions_and_rosters_come_from_the_command_line(backend: Backend) {
    let (server, _) = Server::demo(backend);
    let import = |kind: &str, text: &str, more: &[&str]| {
        let file = server.site.path("table.csv");
        std::fs::write(&file, text).expect("written");
        let words = ["import", kind, file.to_str().expect("a name in UTF-8")];
        server.site.run(words.iter().chain(more)).done()
    };
    let last = |output: Output| output.last_line().to_owned();
    let units =
        "code,name,parent,level\n640522999,新镇,640522,4\n640522999201,新村,640522999,5\n64052,坏,,\n";
    let rejects = server.site.path("rejects.csv");
    let rejects = rejects.to_str().expect("UTF-8");
    let told = "read 3 imported 2 updated 0 unchanged 0 rejected 1";
    assert_eq!(last(import("divisions", units, &["--dry-run"])), told);
    assert_eq!(last(import("divisions", units, &["--rejects", rejects])), told);
    let reasons = std::fs::read_to_string(rejects).expect("a reject file");
    assert!(reasons.contains("64052") && reasons.lines().count() == 2, "{reasons}");
    assert_eq!(last(import("divisions", units, &[])), "read 3 imported 0 updated 0 unchanged 2 rejected 1");
    let people =
        "区划代码,姓名,角色,确定方式\n64052299920101,甲,村民小组责任人,组长\n640522999201,乙,村级责任人,\n";
    let told = "read 2 imported 2 updated 0 unchanged 0 rejected 0";
    assert_eq!(last(import("roster", people, &["--starts", "2024-01-01"])), told);
    let again = "read 2 imported 0 updated 0 unchanged 2 rejected 0";
    assert_eq!(last(import("roster", people, &[])), again);
    let targets = "区划代码,年份,指标,面积（亩）,依据\n640522,2024,耕地保有量,1500000.5,县级文件\n";
    assert!(last(import("targets", targets, &[])).starts_with("read 1 imported 1"));
}
