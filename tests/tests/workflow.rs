//! The whole life of a case through the API by accounts of five levels, and at every state on the way every
//! step that the table does not give them.

use std::collections::{BTreeMap, BTreeSet};

use gengwei_tests::scene::{self, Photo};
use gengwei_tests::{Api, Backend, Reply, Server, on_both};
use reqwest::Method;
use serde_json::{Value, json};

on_both!(
    a_case_lives_through_five_levels_and_every_forbidden_step_is_refused,
    a_grave_case_is_judged_by_the_county_and_what_the_county_does_by_the_city,
    a_task_reaches_the_field_and_returns,
    an_officer_s_forty_take_one_call_each_to_read_and_one_to_decide,
);

/// Everybody on the chain, the city first; then those who have nothing to do with it.
struct Chain(Vec<(&'static str, Api)>, Vec<Api>);

impl Chain {
    fn new(server: &Server, demo: &gengwei_tests::Demo) -> Self {
        let accounts = [
            ("city", demo.city()),
            ("county", demo.county()),
            ("township", demo.township()),
            ("village", demo.village()),
            ("group", demo.group_leader()),
        ];
        let administrators = demo.accounts.iter().filter(|account| account.level.is_none());
        let outsiders = administrators.chain([demo.neighbour()]).map(|account| server.login(account));
        let on_it = accounts.into_iter().map(|(name, account)| (name, server.login(account)));
        Self(on_it.collect(), outsiders.collect())
    }

    fn of(&self, name: &str) -> &Api {
        &self.0.iter().find(|(at, _)| *at == name).expect("somebody on the chain").1
    }
}

fn a_case_lives_through_five_levels_and_every_forbidden_step_is_refused(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let chain = Chain::new(&server, &demo);
    let actions = actions(&server);
    let path = opened(&chain, &demo, "building");
    let mut visited = BTreeSet::new();
    // Who does what, from finding to closing, the city's spot check, and the recurrence.
    let life = [
        ("village", "accept"),
        ("village", "stop"),
        ("village", "suspect"),
        ("village", "confirm"),
        ("county", "return"),
        ("township", "refute"),
        ("county", "determine"),
        ("county", "order"),
        ("township", "extend"),
        ("county", "grant"),
        ("county", "suspend"),
        ("county", "resume"),
        ("city", "supervise"),
        ("township", "rectify"),
        ("township", "check"),
        ("city", "lift"),
        ("county", "enforce"),
        ("county", "enforced"),
        ("township", "rectify"),
        ("township", "check"),
        ("county", "close"),
        ("city", "spot_fail"),
        ("township", "rectify"),
        ("township", "check"),
        ("county", "close"),
        ("city", "spot_pass"),
        ("township", "reopen"),
    ];
    for (who, action) in life {
        let state = forbidden(&chain, &path, &actions);
        visited.insert(state);
        act(chain.of(who), &path, action).expect(201);
    }
    visited.insert(forbidden(&chain, &path, &actions));
    assert_eq!(visited.len(), 12, "every state was on the way: {visited:?}");

    let whole = chain.of("county").get(&path).expect(200).json();
    assert_eq!(whole["round"], 2);
    let done: Vec<_> =
        whole["events"].as_array().expect("events")[1..].iter().map(|e| &e["action"]).collect();
    assert_eq!(
        done,
        life.iter().map(|(_, action)| *action).collect::<Vec<_>>(),
        "nothing lost, nothing twice"
    );
}

/// 乱占耕地建房: nothing below the county ends it, and where the county has put it right itself, the city judges.
fn a_grave_case_is_judged_by_the_county_and_what_the_county_does_by_the_city(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let chain = Chain::new(&server, &demo);
    let actions = actions(&server);
    let path = opened(&chain, &demo, "illegal_house");
    let life = [
        ("township", "suspect"),
        ("township", "confirm"),
        ("county", "determine"),
        ("county", "order"),
        ("county", "rectify"),
        ("county", "check"),
        ("city", "close"),
        ("city", "spot_fail"),
        ("township", "extend"),
        ("county", "deny"),
        ("township", "rectify"),
        ("township", "check"),
        ("county", "close"),
        ("township", "reopen"),
        ("township", "refute"),
        ("county", "close"),
    ];
    for (who, action) in life {
        forbidden(&chain, &path, &actions);
        let may = chain.of(who).get(&path).expect(200).json()["possible"].to_string();
        let ends = ["\"close\"", "\"reclassify\""].into_iter().any(|word| may.contains(word));
        assert!(!ends || matches!(who, "county" | "city"), "{who} may {may}");
        act(chain.of(who), &path, action).expect(201);
    }
    forbidden(&chain, &path, &actions);
}

/// Everybody tries everything that he is not offered; each is refused in Chinese, and nothing changes. Whoever has
/// nothing to do with the case tries what is possible in its state.
fn forbidden(chain: &Chain, path: &str, actions: &BTreeMap<String, Vec<String>>) -> String {
    let before = chain.of("city").get(path).expect(200);
    let state = before.json()["state"].as_str().expect("a state").to_owned();
    let mut refused = 0;
    for (who, api) in &chain.0 {
        let seen = api.get(path).expect(200);
        let offered: BTreeSet<String> = names(&seen.json()["may"], "action");
        for action in actions.keys().filter(|action| !offered.contains(*action)) {
            let reply = event(api, path, seen.header("etag"), action, None);
            assert!(matches!(reply.status, 403 | 409), "{who} {action} at {state}: {}", reply.text());
            let problem = reply.json();
            let why = problem["detail"].as_str().unwrap_or_default();
            assert!(why.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{who} {action}: {problem}");
            refused += 1;
        }
    }
    for api in &chain.1 {
        for (action, _) in actions.iter().filter(|(_, from)| from.contains(&state)) {
            let reply = event(api, path, before.header("etag"), action, None);
            assert!(matches!(reply.status, 403 | 404), "an outsider's {action} at {state}: {}", reply.text());
            let title = reply.json()["title"].to_string();
            assert!(title.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{title}");
        }
    }
    let after = chain.of("city").get(path).expect(200);
    assert_eq!(
        after.header("etag"),
        before.header("etag"),
        "{refused} refusals at {state} changed something"
    );
    assert!(refused > 100, "{refused}");
    state
}

/// Does what is offered, with what `may` says it needs: one call to read, one to decide.
fn act(api: &Api, path: &str, action: &str) -> Reply {
    let seen = api.get(path).expect(200);
    let whole = seen.json();
    let offered = whole["may"].as_array().expect("may").iter().find(|may| may["action"] == action);
    let offered = offered.unwrap_or_else(|| panic!("{action} is not offered: {}", whole["may"]));
    event(api, path, seen.header("etag"), action, Some(offered))
}

fn event(api: &Api, path: &str, etag: &str, action: &str, offered: Option<&Value>) -> Reply {
    let mut body = json!({"action": action, "words": "已到现场核实，情况如上。"});
    if let Some(offered) = offered {
        let photos: Vec<_> =
            (0..offered["photos"].as_u64().expect("a number")).map(|_| upload(api)).collect();
        body["photos"] = json!(photos);
        for field in offered["fields"].as_array().expect("fields") {
            let name = field["name"].as_str().expect("a name");
            body["fields"][name] = match field["form"].as_str().expect("a form") {
                "choice" => field["choices"][0]["value"].clone(),
                "date" => json!(scene::days_ahead(20)),
                _ => json!("卫自然资〔2026〕1号"),
            };
        }
    }
    let request = api.request(Method::POST, &format!("{path}/events")).header("If-Match", etag).json(&body);
    api.send(request)
}

fn upload(api: &Api) -> String {
    let photo = Photo::new();
    let reply = api.send(photo.upload(api));
    assert!(matches!(reply.status, 200 | 201 | 204), "{}", reply.text());
    photo.sha256
}

/// Every action of the table, with the states in which it is possible.
fn actions(server: &Server) -> BTreeMap<String, Vec<String>> {
    let mut actions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in server.site.run(["workflow", "--json"]).done().objects() {
        let text = |key: &str| line[key].as_str().expect("a word").to_owned();
        actions.entry(text("action")).or_default().push(text("from"));
    }
    assert!(actions.len() > 30, "{actions:?}");
    actions
}

fn names(list: &Value, key: &str) -> BTreeSet<String> {
    let items = list.as_array().expect("a list");
    items.iter().map(|item| item[key].as_str().expect("a word").to_owned()).collect()
}

/// A case that the group leader's patrol opened.
fn opened(chain: &Chain, demo: &gengwei_tests::Demo, kind: &str) -> String {
    let (leader, officer) = (chain.of("group"), chain.of("township"));
    let parcel = officer.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let patrol = scene::patrol_with_sighting(demo.group_leader(), scene::spot_in(&parcel), kind, &[]);
    leader.post("/api/v1/patrols", &patrol).expect(201);
    let case = officer.list("/api/v1/cases?source=patrol", 10)[0]["id"].as_str().expect("an id").to_owned();
    format!("/api/v1/cases/{case}")
}

fn a_task_reaches_the_field_and_returns(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let chain = Chain::new(&server, &demo);
    let (leader, officer) = (chain.of("group"), chain.of("township"));
    // The demo has cases of its own.
    let counts = |api: &Api| api.get("/api/v1/cases/counts").expect(200).json();
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let mine = |counts: &Value| number(&counts["turn"]["opened"]);
    let (before, turn) = (number(&counts(officer)["open"]), mine(&counts(chain.of("village"))));
    let path = opened(&chain, &demo, "building");
    assert_eq!(number(&counts(officer)["open"]), before + 1);
    assert_eq!(mine(&counts(chain.of("village"))), turn + 1);
    let start = leader.get("/api/v1/tasks").expect(200).json();
    assert_eq!((start["items"].as_array().map(Vec::len), &start["next"]), (Some(0), &Value::Null));

    act(officer, &path, "accept").expect(201);
    act(officer, &path, "suspect").expect(201);
    let seen = officer.get(&path).expect(200);
    let assign = json!({"action": "assign", "words": "请到现场拍照。",
        "fields": {"unit": demo.group_leader().region, "due": scene::days_ahead(3)}});
    let request =
        officer.request(Method::POST, &format!("{path}/events")).header("If-Match", seen.header("etag"));
    officer.send(request.json(&assign)).expect(201);

    let resume = start["resume"].as_str().expect("a cursor");
    let changes = leader.get(&format!("/api/v1/tasks?cursor={resume}")).expect(200).json();
    let task = &changes["items"][0];
    assert_eq!((&task["parcels"][0], &task["photos"]), (&json!(demo.scan_code()), &json!(1)));
    assert_eq!(task["outline"]["type"], "MultiPolygon", "{task}");
    let known: BTreeSet<_> = task.as_object().expect("a task").keys().map(String::as_str).collect();
    assert!(
        !known.contains("case_id") && !known.contains("events"),
        "no more than the task needs: {known:?}"
    );
    let mine = leader.get("/api/v1/notices").expect(200).json();
    assert_eq!((&mine["unread"], &mine["items"][0]["subject"]), (&json!(1), &json!("task")));

    let task = format!("/api/v1/tasks/{}", task["id"].as_str().expect("an id"));
    leader.get(&task).expect(200);
    server.login(demo.neighbour()).get(&task).problem(404);
    let outcome = json!({"id": scene::new_id(), "words": "已停工。", "photos": [upload(leader)]});
    leader.post(&format!("{task}/outcome"), &outcome).expect(201);
    leader.post(&format!("{task}/outcome"), &outcome).expect(200);
    let again = json!({"id": scene::new_id(), "words": "又看了一次。", "photos": [upload(leader)]});
    leader.post(&format!("{task}/outcome"), &again).problem(409);

    // The officer who had the case open is told, and needs no photo of his own any more.
    let stale =
        officer.request(Method::POST, &format!("{path}/events")).header("If-Match", seen.header("etag"));
    let problem = officer.send(stale.json(&json!({"action": "comment", "words": "x"}))).problem(412);
    assert!(problem["detail"].as_str().is_some_and(|why| why.contains("提交任务结果")), "{problem}");
    let whole = officer.get(&path).expect(200).json();
    let confirm = whole["may"].as_array().expect("may").iter().find(|may| may["action"] == "confirm");
    assert_eq!(confirm.expect("confirm is offered")["photos"], 0);
    act(officer, &path, "confirm").expect(201);
    let changes = leader.get(&format!("/api/v1/tasks?cursor={resume}")).expect(200).json();
    assert_eq!(changes["items"].as_array().map(Vec::len), Some(1), "one task, in its present state");
    assert_eq!(changes["items"][0]["state"], "done");
}

fn an_officer_s_forty_take_one_call_each_to_read_and_one_to_decide(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (leader, officer) = (server.login(demo.group_leader()), server.login(demo.township()));
    let parcel = officer.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let spot = scene::spot_in(&parcel);
    for _ in 0..40 {
        let patrol = scene::patrol_with_sighting(demo.group_leader(), spot, "illegal_house", &[]);
        leader.post("/api/v1/patrols", &patrol).expect(201);
    }
    let queue = officer.list("/api/v1/cases?state=opened&source=patrol", 50);
    assert_eq!(queue.len(), 40);
    for case in &queue {
        let path = format!("/api/v1/cases/{}", case["id"].as_str().expect("an id"));
        act(&officer, &path, "accept").expect(201);
    }
    let counts = officer.get("/api/v1/cases/counts").expect(200).json();
    assert_eq!(counts["state"]["accepted"], 40);
    let xlsx = officer.get("/api/v1/cases.xlsx?state=accepted").expect(200);
    assert!(xlsx.body.starts_with(b"PK"));
    let pdf = officer.get(&format!("/api/v1/cases/{}/dossier.pdf", queue[0]["id"].as_str().expect("an id")));
    assert!(pdf.expect(200).body.starts_with(b"%PDF-"));
}
