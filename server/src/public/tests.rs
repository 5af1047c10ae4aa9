//! What a passer-by is shown and may hand in, on both databases.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use gengwei_proto::{ParcelCode, RegionCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::accounts::{self, NewAccount};
use crate::auth::{Caller, Units};
use crate::db::testing::{app, both};
use crate::db::{Db, Session, Topic, sql};
use crate::env::Env;
use crate::grid::appointments::{NewTerm, Role};
use crate::parcels::import;
use crate::state::App;
use crate::{grid, posts, router};

const UNITS: [(&str, &str); 6] = [
    ("6405", "中卫市"),
    ("640502", "沙坡头区"),
    ("640502102", "东园镇"),
    ("640502102210", "白桥村"),
    ("64050210221003", "第3村民小组"),
    ("640502103", "柔远镇"),
];
const GROUP: &str = "64050210221003";
const PHONE: &str = "13995550137";
const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 0, 2, 0xFF, 0xD9];

/// Two neighbouring fields of a village group, each with a post, and who is responsible for them.
struct Place {
    app: App,
    router: Router,
    codes: Vec<ParcelCode>,
    labels: Vec<String>,
}

/// The parts of a form: name and content.
type Parts<'a> = Vec<(&'a str, &'a [u8])>;

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }
}

fn unit(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

fn operator() -> Caller {
    Caller {
        account: "test".into(),
        login: "test".into(),
        name: "test".into(),
        person: None,
        admin: None,
        held: Vec::new(),
    }
}

impl Place {
    async fn new(db: Db, env: Env) -> Self {
        let app = app(db, env, &UNITS).await;
        import_fields(&app).await;
        app.db()
            .write(|tx| async move {
                tx.execute(sql("update parcels set unit = $1").bind(GROUP)).await?;
                tx.execute(sql(
                    "update regions set office_phone = '0955-7012345' where code = '640502102000'",
                ))
                .await
            })
            .await
            .unwrap();
        for (code, role, title, name, shown) in [
            ("640502", Role::Chief, Some("区长"), "丁志军", true),
            ("640502102", Role::Chief, Some("镇党委书记"), "魏东升", true),
            ("640502102210", Role::VillageHead, None, "白永福", true),
            (GROUP, Role::GroupLeader, None, "马占山", false),
            ("640502102210", Role::GridWorker, None, "李秀英", true),
        ] {
            appoint(&app, code, role, title, name, shown).await;
        }
        app.refresh().await.unwrap();
        let units = Units::new([unit("6405")]);
        let labels = posts::labels(&app, &operator(), &units).await.unwrap();
        let labels = labels.iter().map(|l| l.url().replace("https://gengwei.example", "")).collect();
        let codes: Vec<(String,)> =
            app.db().all(sql("select code from parcels order by code")).await.unwrap();
        let codes = codes.into_iter().map(|(c,)| c.parse().unwrap()).collect();
        Self { router: router::router(app.clone()), app, codes, labels }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// As a browser gets it.
    async fn browse(&self, path: &str) -> Answer {
        let request = Request::get(path).header(header::ACCEPT, "text/html,*/*");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn get(&self, path: &str, token: &str) -> Answer {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends the report form of the first field.
    async fn report(&self, accept: &str, parts: &[(&str, &[u8])]) -> Answer {
        let (path, tag) = self.labels[0].split_once('?').unwrap();
        let request = Request::post(format!("{path}/reports?{tag}"))
            .header(header::ACCEPT, accept)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=xxSEAMxx");
        self.send(request.body(multipart(parts).into()).unwrap()).await
    }

    async fn count(&self, query: &'static str) -> i64 {
        self.app.db().scalar(sql(query)).await.unwrap()
    }

    /// Somebody who holds a role, logged in.
    async fn token(&self, code: &str, role: Role) -> String {
        let login = format!("{role}@{code}");
        let person = appoint(&self.app, code, role, None, &login, true).await;
        let new = NewAccount {
            login: login.clone(),
            name: login.clone(),
            password: "a long password".into(),
            person: Some(person),
            admin: None,
        };
        accounts::create(self.app.db(), self.app.env(), operator(), new).await.unwrap();
        let session = accounts::log_in(&self.app, &login, "a long password", "").await.unwrap();
        session.token.reveal().to_owned()
    }
}

async fn import_fields(app: &App) {
    let field = |n: u32| {
        let (w, s) = (105.2 + f64::from(n) * 0.0012, 37.5);
        let (e, n_) = (w + 0.001, s + 0.001);
        json!({"type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n_], [w, n_], [w, s]]]},
            "properties": {"BSM": format!("6405022110{n:08}"), "DLBM": "0102", "ZZSXDM": "LS",
                "ZLDWDM": "6405021022100000000", "DKDZ": "东邻赵六家", "ZJRXM": "钱七", "CBFMC": "孙八"}})
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fields.geojson");
    let layer = json!({"type": "FeatureCollection", "features": [field(0), field(1)]});
    std::fs::write(&file, layer.to_string()).unwrap();
    let mut options = import::Options::default();
    options.layer.crs = Some("EPSG:4490".to_owned());
    import::run(app, &operator(), &file, &options, |_, _| {}).await.unwrap();
}

async fn appoint(app: &App, code: &str, role: Role, title: Option<&str>, name: &str, shown: bool) -> String {
    let term = NewTerm {
        unit: unit(code),
        role,
        title: title.map(str::to_owned),
        portfolio: None,
        basis: (role == Role::GroupLeader).then(|| "组长".to_owned()),
        department: None,
        starts: jiff::civil::date(2024, 1, 1),
        source: "示例".to_owned(),
    };
    let (person, id, now) = (app.env().new_id(), app.env().new_id(), app.env().now());
    let (answer, name) = (person.clone(), name.to_owned());
    app.db()
        .write(move |tx| async move {
            grid::sql::insert_person(&tx, &person, &name, shown, now).await?;
            grid::sql::insert_term(&tx, &id, &person, &term, now, "test").await?;
            tx.touch(Topic::Grid).await
        })
        .await
        .unwrap();
    answer
}

/// A form as a browser sends it; parts called `photo` are files.
fn multipart(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let file = if *name == "photo" { "; filename=\"a.jpg\"\r\nContent-Type: image/jpeg" } else { "" };
        let head = format!("--xxSEAMxx\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend(head.as_bytes());
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--xxSEAMxx--\r\n");
    body
}

/// Every group of digits and dots that could be one of the fields' coordinates.
fn tells_a_coordinate(text: &str) -> bool {
    text.contains("105.2") || text.contains("37.5")
}

both! {
async fn the_page_says_what_is_public_and_nothing_else(db: Db, env) {
    let place = Place::new(db, env).await;
    let page = place.browse(&place.labels[0]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.len() <= 20_000, "{} bytes", page.text.len());
    let code = place.codes[0].display().to_string();
    for shown in [
        &*code, "沙坡头区东园镇白桥村", "亩", "水浇地", "永久基本农田", "区长", "丁志军", "镇党委书记",
        "魏东升", "白永福", "第3村民小组责任人", "东园镇人民政府", "0955-7012345", "12345", "建坟", "<form",
    ] {
        assert!(page.text.contains(shown), "{shown} is missing:\n{}", page.text);
    }
    for hidden in ["马占山", "李秀英", "赵六", "钱七", "孙八", "//"] {
        assert!(!page.text.contains(hidden), "{hidden} is shown:\n{}", page.text);
    }
    assert!(!tells_a_coordinate(&page.text));
    assert_eq!(page.text.matches("<script").count(), 1, "the one that is ours");
    // Nothing is chosen for the reporter: the first kind is the gravest.
    assert!(!page.text.contains("checked") && !page.text.contains("selected"));

    let sketch = place.browse(&place.labels[0].replace("?t=", "/sketch.svg?t=")).await;
    assert!(sketch.status == StatusCode::OK && sketch.text.contains("<path"), "{}", sketch.text);
    assert!(!tells_a_coordinate(&sketch.text), "{}", sketch.text);
    let forged = place.browse(&format!("/g/{}/sketch.svg?t=1", place.codes[0].as_str())).await;
    assert_eq!(forged.status, StatusCode::NOT_FOUND);

    let head = Request::head(&*place.labels[0]).body(Body::empty()).unwrap();
    let head = place.send(head).await;
    assert_eq!((head.status, head.text.len()), (StatusCode::OK, 0));
}

async fn whatever_is_no_label_of_ours_gets_one_and_the_same_page(db: Db, env) {
    let place = Place::new(db, env).await;
    let (path, tag) = place.labels[0].split_once("?t=").unwrap();
    let (code, other) = (place.codes[0].as_str(), place.codes[1].as_str());
    let last = tag.chars().last().unwrap();
    let forged = format!("{}{}", &tag[..tag.len() - 1], if last == '0' { '1' } else { '0' });
    let check = if code.ends_with('0') { '1' } else { '0' };
    let refused = [
        path.to_owned(),
        format!("{path}?t="),
        format!("{path}?t={forged}"),
        format!("{path}?t={tag}&t={tag}"),
        format!("{path}?t=%FF%00'--"),
        format!("/g/{other}?t={tag}"),
        format!("/g/{}{check}?t={tag}", &code[..19]),
        format!("/g/64050210299900001?t={tag}"),
        format!("/g/x?t={tag}"),
    ];
    let pages = futures::future::join_all(refused.iter().map(|path| place.browse(path))).await;
    for (path, page) in refused.iter().zip(&pages) {
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(page.text, pages[0].text, "{path}");
    }

    // As people and scanners write it.
    let grouped = place.codes[0].display().to_string().replace(' ', "%20").to_lowercase();
    let wide: String = code.bytes().map(|b| format!("%EF%BC%{:02X}", b - b'0' + 0x90)).take(19).collect();
    for spelling in [grouped, format!("{wide}{}", &code[19..])] {
        assert_eq!(place.browse(&format!("/g/{spelling}?t={tag}")).await.status, StatusCode::OK, "{spelling}");
    }
}

async fn a_moved_posts_old_label_leads_to_where_it_stands_now(db: Db, env) {
    let place = Place::new(db, env).await;
    let (code, now, units) = (place.codes[1], place.app.env().now(), Units::new([unit("6405")]));
    place.app.db().write(move |tx| async move {
        posts::move_to(&tx, &operator(), &units, 1, &code, "田埂改道", now).await
    }).await.unwrap();
    let page = place.browse(&place.labels[0]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains(&code.display().to_string()) && page.text.contains("此桩已移位"));
    // The form goes back to the address that the label proves.
    let answer = place.report("*/*", &[("words", "有人倒土".as_bytes())]).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let parcel = place.count("select parcel_id from reports").await;
    assert_eq!(parcel, place.count("select parcel_id from posts where number = 1").await);
    assert_eq!(place.count("select count(*) from post_moves where number = 1").await, 1);
}

async fn a_retired_parcel_says_so_and_takes_no_new_post(db: Db, env) {
    let place = Place::new(db, env).await;
    let retire = sql("update parcels set retired_on = '2026-11-01'");
    place.app.db().write(|tx| async move { tx.execute(retire).await }).await.unwrap();
    let page = place.browse(&place.labels[0]).await;
    assert!(page.status == StatusCode::OK && page.text.contains("已停用"));
    let units = Units::new([unit("6405")]);
    let change = posts::Change::default();
    let refused = posts::register(&place.app, &operator(), &units, &place.codes[0], change).await;
    assert_eq!(refused.unwrap_err().kind(), crate::error::NOT_FOUND);
}

async fn planning_posts_again_plans_none(db: Db, env) {
    let place = Place::new(db, env).await;
    let units = Units::new([unit("640502102")]);
    let again = posts::labels(&place.app, &operator(), &units).await.unwrap();
    let urls: Vec<_> = again.iter().map(|l| l.url().replace("https://gengwei.example", "")).collect();
    assert_eq!(urls, place.labels);
    assert_eq!(place.count("select count(*) from posts").await, 2);
    assert_eq!(place.count("select count(*) from audit where action = 'post.plan'").await, 1);
    let elsewhere = Units::new([unit("640502103")]);
    assert!(posts::labels(&place.app, &operator(), &elsewhere).await.unwrap().is_empty());
}

async fn a_report_joins_the_queue_of_its_place_and_hides_its_reporter(db: Db, env) {
    let place = Place::new(db, env).await;
    // Seen from the first field's post, but at a spot within the second field.
    let parts: &[(&str, &[u8])] = &[
        ("lon", b"105.2017"), ("lat", b"37.5005"), ("place", "渠东".as_bytes()),
        ("words", "有人倒土".as_bytes()), ("kind", b"dumping"), ("phone", PHONE.as_bytes()), ("photo", JPEG),
    ];
    let taken = place.report("application/json", parts).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text);
    let tracking = taken.json()["tracking"].as_str().unwrap().to_owned();
    let second = place.app.db()
        .scalar::<String>(sql("select l.code from cases c join parcels l on l.id = c.parcel_id"))
        .await.unwrap();
    assert_eq!(second, place.codes[1].as_str());
    assert_eq!(place.count("select count(*) from evidence_links").await, 2, "of the report and of its case");

    let phone: Vec<u8> = place.app.db().scalar(sql("select phone from reports")).await.unwrap();
    assert!(!phone.windows(PHONE.len()).any(|w| w == PHONE.as_bytes()), "stored in clear");

    // Anyone with the number may follow it, typed as people type it.
    let typed = tracking.to_lowercase().replace('-', "");
    let followed = place.browse(&format!("/r/{typed}")).await;
    assert!(followed.status == StatusCode::OK && followed.text.contains("等待村里或乡镇签收"));
    assert!(!followed.text.contains(PHONE) && !tells_a_coordinate(&followed.text));
    assert_eq!(place.browse("/r/0000000000000000").await.status, StatusCode::NOT_FOUND);

    // The township sees the report, its neighbour does not, and neither sees the phone.
    let (officer, neighbour) =
        (place.token("640502102", Role::Officer).await, place.token("640502103", Role::Officer).await);
    let (one, its_phone) = (format!("/api/v1/reports/{tracking}"), format!("/api/v1/reports/{tracking}/phone"));
    let seen = place.get(&one, &officer).await;
    assert!(seen.json()["has_phone"] == true && !seen.text.contains(PHONE));
    assert_eq!(place.get(&one, &neighbour).await.status, StatusCode::NOT_FOUND);
    assert_eq!(place.get("/api/v1/reports", &neighbour).await.json()["items"], json!([]));
    assert_eq!(place.get(&its_phone, &officer).await.status, StatusCode::FORBIDDEN);

    // A named role does, and every look is logged, without the number.
    let handler = place.token("640502102", Role::ReportHandler).await;
    for _ in 0..2 {
        assert_eq!(place.get(&its_phone, &handler).await.json()["phone"], PHONE);
    }
    assert_eq!(place.count("select count(*) from audit where action = 'report.phone'").await, 2);
    assert_eq!(place.count("select count(*) from audit where detail like '%139955%'").await, 0);

    // The answer reaches the reporter.
    let answer = Request::post(format!("{one}/answer"))
        .header(header::AUTHORIZATION, format!("Bearer {officer}"))
        .header(header::CONTENT_TYPE, "application/json");
    let answer = answer.body(json!({"answer": "土已清走，谢谢。"}).to_string().into()).unwrap();
    assert_eq!(place.send(answer).await.status, StatusCode::NO_CONTENT);
    assert!(place.browse(&format!("/r/{tracking}")).await.text.contains("土已清走"));
}

async fn what_was_typed_is_not_lost_when_something_is_refused(db: Db, env) {
    let place = Place::new(db, env).await;
    let long = "长".repeat(1_001);
    let (large, zip) = (vec![0xFF; 10 * 1024 * 1024 + 1], b"PK\x03\x04 no photo".to_vec());
    let cases: [(StatusCode, Parts); 6] = [
        (StatusCode::UNPROCESSABLE_ENTITY, vec![("words", b"  ")]),
        (StatusCode::UNPROCESSABLE_ENTITY, vec![("words", long.as_bytes())]),
        (StatusCode::UNPROCESSABLE_ENTITY, vec![("words", b"ok"), ("photo", &zip)]),
        (StatusCode::UNPROCESSABLE_ENTITY, vec![("words", b"ok"), ("lon", b"east"), ("lat", b"37")]),
        (StatusCode::UNPROCESSABLE_ENTITY, [vec![("words", &b"ok"[..])], vec![("photo", JPEG); 4]].concat()),
        (StatusCode::PAYLOAD_TOO_LARGE, vec![("words", b"ok"), ("photo", &large)]),
    ];
    for (status, mut parts) in cases {
        parts.extend([("place", "<渠东>".as_bytes()), ("phone", PHONE.as_bytes())]);
        let page = place.report("text/html", &parts).await;
        assert_eq!(page.status, status, "{}", page.text);
        assert!(page.text.contains("没有提交成功"), "{}", page.text);
        assert!(page.text.contains("&#60;渠东&#62;") && page.text.contains(PHONE), "{}", page.text);
    }
    let (path, _) = place.labels[0].split_once('?').unwrap();
    let json = Request::post(format!("{path}/reports")).header(header::CONTENT_TYPE, "application/json");
    let wrong = place.send(json.body("{}".into()).unwrap()).await;
    assert_eq!(wrong.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let broken = Request::post(format!("{path}/reports"))
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .body(Body::from("no seam anywhere")).unwrap();
    assert_eq!(place.send(broken).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(place.count("select count(*) from reports").await, 0);

    let taken = place.report("text/html", &[("words", b"ok"), ("photo", b""), ("unknown", b"1")]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text);
    assert!(taken.headers[header::LOCATION].to_str().unwrap().starts_with("/r/"));
}

async fn a_form_with_a_forged_label_is_refused_and_one_without_is_taken(db: Db, env) {
    let place = Place::new(db, env).await;
    for (query, code, status) in [
        ("?t=1", place.codes[0].as_str(), StatusCode::NOT_FOUND),
        ("", "64050210221000999990", StatusCode::NOT_FOUND),
        ("", place.codes[0].as_str(), StatusCode::CREATED),
    ] {
        let request = Request::post(format!("/g/{code}/reports{query}"))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=xxSEAMxx");
        let request = request.body(multipart(&[("words", b"ok")]).into()).unwrap();
        assert_eq!(place.send(request).await.status, status, "{query} {code}");
    }
    assert_eq!(place.count("select count(*) from cases").await, 1);
}

async fn one_address_may_report_ten_times_an_hour(db: Db, env) {
    let place = Place::new(db, env).await;
    let parts: &[(&str, &[u8])] = &[("words", "有人倒土".as_bytes())];
    for _ in 0..10 {
        assert_eq!(place.report("*/*", parts).await.status, StatusCode::CREATED);
    }
    let refused = place.report("text/html", parts).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
    assert!(refused.text.contains("分钟后再试") && refused.text.contains("有人倒土"));
    let refused = place.report("*/*", parts).await;
    assert_eq!(refused.headers[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(place.count("select count(*) from reports").await, 10);
    // Whoever only tries is stopped too, before his form is read.
    for _ in 0..40 {
        place.report("*/*", &[]).await;
    }
    assert_eq!(place.report("*/*", &[]).await.status, StatusCode::TOO_MANY_REQUESTS);
}
}
