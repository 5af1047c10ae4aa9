//! Deliveries as stories, on both databases, against a receiver that fails as it is told.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use gengwei_proto::RegionCode;

use super::channels::Algorithm;
use super::*;
use crate::auth::rights::ManageDeliveries;
use crate::auth::{Caller, Scope, Units};
use crate::cases::{Kind, NewCase, Source};
use crate::db::testing::{CountingEntropy, another, both};
use crate::db::{Db, Timestamp};
use crate::env::{Clock, Env};
use crate::state::App;

const VILLAGE: &str = "640502100001";
const COUNTY: &str = "640502";
const SECRET: &str = "between us";

/// A clock that the test moves.
#[derive(Clone)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1_000, Ordering::SeqCst))
    }
}

/// Whoever listens at the other end.
#[derive(Clone, Default)]
struct Receiver {
    /// So many requests fail first.
    failing: Arc<AtomicUsize>,
    /// Bodies by idempotency key, each as often as it came.
    got: Arc<Mutex<BTreeMap<String, Vec<String>>>>,
}

impl Receiver {
    async fn listen(&self) -> String {
        let receiver = self.clone();
        let answer = move |headers: HeaderMap, body: String| {
            let receiver = receiver.clone();
            async move { receiver.take(&headers, body) }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/push", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/push", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn take(&self, headers: &HeaderMap, body: String) -> axum::response::Response {
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let (id, seconds) = (text("idempotency-key"), text("gengwei-timestamp").parse().unwrap());
        let expected = format!("hmac-sm3={}", Algorithm::HmacSm3.sign(SECRET, seconds, &id, &body));
        assert_eq!(text("gengwei-signature"), expected);
        self.got.lock().unwrap().entry(id).or_default().push(body);
        let fails =
            self.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        if fails {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        axum::Json(serde_json::json!({"receipt": "R-1", "status": "accepted"})).into_response()
    }

    fn times(&self) -> Vec<usize> {
        self.got.lock().unwrap().values().map(Vec::len).collect()
    }
}

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

async fn app(db: Db, hand: &Hand, channels: &str) -> App {
    let env = Env::new(hand.clone(), CountingEntropy::default());
    let units = [("6405", "中卫市"), (COUNTY, "沙坡头区"), (VILLAGE, "某村")];
    let channels = Channels::read(channels).unwrap();
    crate::db::testing::app_with(db, env, &units, channels).await
}

fn hand(env: &Env) -> Hand {
    Hand(Arc::new(AtomicI64::new(env.now().0)))
}

fn pushing(url: &str, attempts: i64) -> String {
    format!(
        "[[channel]]\nname = \"platform\"\nsubject = \"case\"\nurl = \"{url}\"\nsecret = \"{SECRET}\"\n\
         attempts = {attempts}\n"
    )
}

async fn opened(app: &App) -> String {
    let at = app.clone();
    app.db()
        .write(move |tx| async move {
            let new = NewCase {
                unit: region(VILLAGE),
                source: Source::Report,
                kind: Kind::Building,
                parcel: None,
                place: None,
                words: Some("群众说的话".to_owned()),
                by: "public".to_owned(),
                name: "群众举报".to_owned(),
                facts: serde_json::Value::Null,
            };
            crate::cases::open(&tx, &at, new).await
        })
        .await
        .unwrap()
}

async fn all(app: &App) -> Vec<sql::Stored> {
    let units = Units::new([region("6405")]);
    sql::list(app.db(), &units, &sql::Filter::default(), 100).await.unwrap()
}

fn manager(app_units: &str) -> Scope<ManageDeliveries> {
    let caller = Caller {
        account: "a".to_owned(),
        login: "officer".to_owned(),
        name: "经办人".to_owned(),
        person: None,
        admin: None,
        held: Vec::new(),
    };
    Scope::of(caller, Units::new([region(app_units)]))
}

both! {
async fn a_case_is_pushed_signed_again_and_again_until_it_arrives(db: Db, env) {
    let (receiver, hand) = (Receiver::default(), hand(&env));
    receiver.failing.store(2, Ordering::SeqCst);
    let app = app(db, &hand, &pushing(&receiver.listen().await, 12)).await;
    let courier = Courier::new(&Channels::default()).unwrap();
    let case = opened(&app).await;
    assert_eq!((fill(&app).await.unwrap(), fill(&app).await.unwrap()), (1, 0));
    assert_eq!(push_due(&app, &courier).await.unwrap(), 1);
    assert_eq!(push_due(&app, &courier).await.unwrap(), 0, "not before its pause is over");
    hand.forward(31);
    push_due(&app, &courier).await.unwrap();
    hand.forward(61);
    push_due(&app, &courier).await.unwrap();
    let [delivery]: [_; 1] = all(&app).await.try_into().unwrap();
    assert_eq!((delivery.state.0, delivery.attempts), (State::Accepted, 3));
    assert_eq!((delivery.receipt.as_deref(), &*delivery.subject_id), (Some("R-1"), &*case));
    assert_eq!(receiver.times(), [3], "one idempotency key");
    assert!(!delivery.body.contains("群众说的话"), "{}", delivery.body);
    // A change is a new version; what did not change is not sent again.
    assert_eq!(fill(&app).await.unwrap(), 0);
    crate::cases::forward_overdue(&app, app.env().now()).await.unwrap();
    assert_eq!(fill(&app).await.unwrap(), 1);
    assert_eq!(all(&app).await[0].version, 2);
}

async fn a_dead_letter_waits_for_a_person_and_the_county_is_told(db: Db, env) {
    let (receiver, hand) = (Receiver::default(), hand(&env));
    receiver.failing.store(2, Ordering::SeqCst);
    let app = app(db, &hand, &pushing(&receiver.listen().await, 2)).await;
    let courier = Courier::new(&Channels::default()).unwrap();
    opened(&app).await;
    fill(&app).await.unwrap();
    push_due(&app, &courier).await.unwrap();
    hand.forward(31);
    push_due(&app, &courier).await.unwrap();
    let [dead]: [_; 1] = all(&app).await.try_into().unwrap();
    assert_eq!(dead.state.0, State::Dead);
    assert!(dead.error.as_deref().unwrap().contains("500"), "{:?}", dead.error);
    let counted = sql::counts(app.db(), &Units::new([region(COUNTY)])).await.unwrap();
    assert_eq!(counted.iter().map(|(_, state, n)| (state.0, *n)).collect::<Vec<_>>(), [(State::Dead, 1)]);
    assert_eq!(sql::counts(app.db(), &Units::new([region("640521")])).await.unwrap(), [], "none of a neighbour's");
    let told = crate::notices::sql::unsent(app.db(), 10).await.unwrap();
    assert_eq!(told.iter().map(|notice| &*notice.recipient).collect::<Vec<_>>(), [region(COUNTY).as_str()]);
    hand.forward(100_000);
    assert_eq!(push_due(&app, &courier).await.unwrap(), 0);
    let now = app.env().now();
    app.db().write(move |tx| async move { sql::resend(&tx, &dead.id, now).await }).await.unwrap();
    push_due(&app, &courier).await.unwrap();
    assert_eq!(all(&app).await[0].state.0, State::Accepted);
}

// A server that is killed between the push and its writing leaves a claim, and the receiver gets the same key again.
async fn of_two_servers_one_pushes_and_a_dead_one_s_claim_ends(db: Db, env) {
    let (receiver, hand) = (Receiver::default(), hand(&env));
    let channels = pushing(&receiver.listen().await, 12);
    let second = another(&db, &env).await;
    let app = app(db, &hand, &channels).await;
    let other = crate::db::testing::app_with(
        second, Env::new(hand.clone(), CountingEntropy::default()), &[], Channels::read(&channels).unwrap()).await;
    for _ in 0..20 {
        opened(&app).await;
    }
    let (one, two) = tokio::join!(fill(&app), fill(&other));
    assert_eq!(one.unwrap() + two.unwrap(), 20);
    // Killed after claiming.
    let now = app.env().now();
    let names = ["platform".to_owned()];
    let claimed = app.db().write(move |tx| async move {
        sql::claim(&tx, &names, now, now.plus_seconds(90), 5).await
    }).await.unwrap();
    assert_eq!(claimed.len(), 5);
    let courier = Courier::new(&Channels::default()).unwrap();
    let (one, two) = tokio::join!(push_due(&app, &courier), push_due(&other, &courier));
    assert_eq!(one.unwrap() + two.unwrap(), 15);
    hand.forward(91);
    assert_eq!(push_due(&other, &courier).await.unwrap(), 5);
    assert_eq!(receiver.times(), [1; 20]);
    assert!(all(&app).await.iter().all(|delivery| delivery.state.0 == State::Accepted));
}

async fn a_package_is_carried_over_and_its_receipts_come_back(db: Db, env) {
    let hand = hand(&env);
    let app = app(db, &hand, "[[channel]]\nname = \"file\"\nsubject = \"case\"\n").await;
    let (one, two) = (opened(&app).await, opened(&app).await);
    fill(&app).await.unwrap();
    let (units, now) = (Units::new([region(COUNTY)]), app.env().now());
    let packed = app.db().write(move |tx| async move { sql::pack(&tx, "file", &units, "P1", now).await });
    assert_eq!(packed.await.unwrap(), 2);
    let deliveries = sql::packed(app.db(), "P1").await.unwrap();
    let bytes = package::pack("P1", "file", &deliveries, now).unwrap();
    assert_eq!(bytes, package::pack("P1", "file", &deliveries, now).unwrap());
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut lines = String::new();
    zip.by_name("deliveries.jsonl").unwrap().read_to_string(&mut lines).unwrap();
    assert!(lines.lines().count() == 2 && lines.contains(&one) && lines.contains(&two));

    let table = format!(
        "线索编号,版本,状态,回执号,原因\n{one},1,接收,宁-001,\n{two},1,退回,,图斑编号不符\n{two},7,接收,,\nx,1,也许,,\n"
    );
    for _ in 0..2 {
        let read = receipts::import(&app, &manager(COUNTY), "file", table.clone().into()).await.unwrap();
        let read = serde_json::to_value(read).unwrap();
        assert_eq!((&read["read"], &read["accepted"], &read["rejected"]), (&4.into(), &1.into(), &1.into()));
        assert_eq!((&read["refused"][0]["row"], &read["refused"][1]["row"]), (&5.into(), &4.into()), "{read}");
    }
    let state = |id: &str, all: &[sql::Stored]| all.iter().find(|d| d.subject_id == id).unwrap().state.0;
    let after = all(&app).await;
    assert_eq!((state(&one, &after), state(&two, &after)), (State::Accepted, State::Rejected));
    let told = crate::notices::sql::unsent(app.db(), 10).await.unwrap();
    assert_eq!(told.len(), 1, "the rejection, once");
    // Somebody else's units.
    let read = receipts::import(&app, &manager("640521"), "file", table.into()).await.unwrap();
    assert_eq!(serde_json::to_value(read).unwrap()["accepted"], 0);
}

async fn a_notice_goes_to_the_messaging_with_the_accounts_that_it_concerns(db: Db, env) {
    let hand = hand(&env);
    let app = app(db, &hand, "[[channel]]\nname = \"sms\"\nsubject = \"notice\"\nurgent_only = true\n").await;
    for urgent in [true, false] {
        let at = app.clone();
        app.db().write(move |tx| async move {
            let new = crate::notices::NewNotice {
                to: crate::notices::To::Unit(region(COUNTY)),
                subject: crate::notices::Subject::Device,
                subject_id: "17".to_owned(),
                urgent,
                title: "警示桩被移动".to_owned(),
                words: None,
                once: None,
            };
            crate::notices::raise(&tx, at.env(), new).await
        }).await.unwrap();
    }
    assert_eq!((fill(&app).await.unwrap(), fill(&app).await.unwrap()), (1, 0));
    let [delivery]: [_; 1] = all(&app).await.try_into().unwrap();
    assert_eq!(delivery.unit.map(|unit| unit.0), Some(region(COUNTY)));
    assert!(delivery.body.contains("警示桩被移动") && delivery.body.contains("\"accounts\":[]"));
}
}
