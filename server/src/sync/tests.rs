//! Pushes as stories, on both databases: frames sealed as a device seals them, handed to [`take`].

use gengwei_proto::RegionCode;
use gengwei_proto::wire::{DeviceId, SuiteId};
use gengwei_proto::wire::{
    DownlinkHead, Event, Frame, Key, Message, PostEvent, PostEventKind, PostHealth, Record, Seq, Sm4Ccm,
    Time, UplinkHead, UplinkHeader, UplinkWriter, encode_record, read_downlink,
};

use super::*;
use crate::auth::Caller;
use crate::db::testing::{app, both};
use crate::db::{Session, Timestamp, sql as query};
use crate::devices::{self, Enrolment, Place, messages};

const VILLAGE: &str = "640502102210";
const EPOCH: Epoch = Epoch(77);

fn operator() -> Caller {
    Caller {
        account: "cli".to_owned(),
        login: "cli".to_owned(),
        name: "命令行".to_owned(),
        person: None,
        admin: None,
        held: Vec::new(),
    }
}

struct Device {
    number: u32,
    up: Sm4Ccm,
    down: Sm4Ccm,
    counter: u32,
    cursor: u32,
}

/// What an answer says.
struct Told {
    next: Seq,
    configs: Vec<(u32, gengwei_proto::wire::PostConfig)>,
}

impl Device {
    async fn new(app: &App) -> Self {
        let env = app.env().clone();
        let place = Place::Unit(RegionCode::parse(VILLAGE).unwrap());
        let issued =
            app.db()
                .write(move |tx| async move {
                    devices::register(&tx, &env, &operator(), None, &place, None, 5).await
                })
                .await
                .unwrap();
        let handed = Enrolment { code: issued.code.to_string(), suite: None };
        let told = devices::enrol(app, handed).await.unwrap();
        let cipher = |hexadecimal: &str| {
            let mut key = Key::default();
            hex::decode_to_slice(hexadecimal, &mut key).unwrap();
            Sm4Ccm::new(&key)
        };
        Self { number: told.device, up: cipher(&told.up), down: cipher(&told.down), counter: 0, cursor: 0 }
    }

    fn frame(&mut self, base: u32, records: &[(u32, Vec<u8>)]) -> Vec<u8> {
        self.counter += 1;
        let head = UplinkHead {
            suite: SuiteId::Sm4Ccm,
            key: 0,
            device: DeviceId(self.number),
            epoch: EPOCH,
            counter: self.counter,
        };
        let now = Time::SinceBoot { boot: 1, seconds: 500 };
        let header = UplinkHeader { now, ask: true, base: Seq(base), cursor: self.cursor };
        let mut buffer = vec![0; 8_192];
        let mut writer = UplinkWriter::new(&mut buffer, &head, &header).unwrap();
        for (seq, record) in records {
            writer.record(Seq(*seq), record).unwrap();
        }
        writer.seal(&self.up).unwrap().to_vec()
    }

    /// Pushes a frame and reads its answer.
    async fn push(&mut self, app: &App, base: u32, records: &[(u32, Vec<u8>)]) -> Told {
        let frame = self.frame(base, records);
        let Outcome::Answered(answer) = take(app, frame, LARGEST).await else { panic!("no answer") };
        let mut answer = answer.to_vec();
        let frame = Frame::<DownlinkHead>::read(&answer).unwrap();
        let addressee = Some((DeviceId(self.number), EPOCH));
        let (header, messages) =
            read_downlink(frame.open(&self.down, &mut answer, addressee).unwrap()).unwrap();
        assert_eq!(header.heard, self.counter);
        let configs = messages.map(|message| match message.unwrap() {
            (cursor, Message::Config(config)) => (cursor, config),
            other => panic!("{other:?}"),
        });
        Told { next: header.next, configs: configs.collect() }
    }
}

fn record(event: Event<'_>) -> Vec<u8> {
    let record = Record { time: Time::SinceBoot { boot: 1, seconds: 400 }, event };
    encode_record(&record, &mut [0; 200]).unwrap().to_vec()
}

fn health(battery_mv: u16) -> Vec<u8> {
    record(Event::PostHealth(PostHealth { battery_mv, ..PostHealth::default() }))
}

async fn kept(app: &App) -> Vec<quarantine::sql::Quarantined> {
    let waiting = Some(quarantine::State::Waiting);
    quarantine::sql::list(app.db(), None, waiting, None, 100).await.unwrap()
}

async fn found(app: &App, device: &Device) -> devices::sql::Device {
    devices::sql::find(app.db(), i64::from(device.number)).await.unwrap().unwrap()
}

both! {
async fn a_silent_post_is_told_of_once_until_it_speaks_again(db: Db, env) {
    let app = app(db.clone(), env.clone(), &[("640502102210", "滨河村")]).await;
    let mut post = Device::new(&app).await;
    post.push(&app, 0, &[(0, health(3_600))]).await;
    let silent = || devices::note_silent(&db, &env, Timestamp(i64::MAX));
    assert_eq!(devices::note_silent(&db, &env, Timestamp(0)).await.unwrap(), 0);
    assert_eq!(silent().await.unwrap(), 1);
    assert_eq!(silent().await.unwrap(), 0);
    assert!(found(&app, &post).await.silent_since.is_some());
    let notices: i64 = db.scalar(query("select count(*) from notices")).await.unwrap();
    assert_eq!(notices, 2, "village and township");
    post.push(&app, 1, &[]).await;
    assert!(found(&app, &post).await.silent_since.is_none());
    assert_eq!(silent().await.unwrap(), 1);
}

async fn a_post_that_never_spoke_is_silent_too(db: Db, env) {
    let app = app(db.clone(), env.clone(), &[("640502102210", "滨河村")]).await;
    let post = Device::new(&app).await;
    assert_eq!(devices::note_silent(&db, &env, Timestamp(0)).await.unwrap(), 0);
    assert_eq!(devices::note_silent(&db, &env, Timestamp(i64::MAX)).await.unwrap(), 1);
    assert!(found(&app, &post).await.silent_since.is_some());
}

async fn settings_come_with_answers_until_they_are_taken(db: Db, env) {
    let app = app(db.clone(), env, &[("640502102210", "滨河村")]).await;
    let mut post = Device::new(&app).await;
    assert!(post.push(&app, 0, &[(0, health(3_600))]).await.configs.is_empty());
    let number = i64::from(post.number);
    let order = |config: messages::Config| {
        let (db, now) = (db.clone(), app.env().now());
        async move {
            db.write(move |tx| async move {
                let device = devices::sql::find(&tx, number).await?.unwrap();
                messages::configure(&tx, &operator(), &device, config, now).await
            })
            .await
        }
    };
    let wanted = messages::Config { tilt_degrees: Some(30), ..Default::default() };
    let first = order(wanted).await.unwrap();
    let second = order(messages::Config { health_period_s: Some(3_600), ..wanted }).await.unwrap();
    assert!(order(messages::Config::default()).await.is_err());
    assert!(order(messages::Config { tilt_degrees: Some(91), ..wanted }).await.is_err());
    app.refresh().await.unwrap();
    for _ in 0..2 {
        let told = post.push(&app, 1, &[]).await.configs;
        let versions: Vec<_> = told.iter().map(|(_, config)| (config.version, config.health_period_s)).collect();
        assert_eq!(versions, [(first.version, None), (second.version, Some(3_600))]);
    }
    post.cursor = second.version;
    assert!(post.push(&app, 1, &[]).await.configs.is_empty());
}

async fn what_cannot_be_applied_waits_for_somebody_to_mend_it(db: Db, env) {
    let app = app(db.clone(), env, &[("640502102210", "滨河村")]).await;
    let mut post = Device::new(&app).await;
    let unknown = vec![0x83, 0x00, 0x18, 0xc8, 0x81, 0x07];
    let told = post.push(&app, 0, &[(0, unknown.clone()), (1, health(3_600))]).await;
    assert_eq!(told.next, Seq(2), "acknowledged all the same");
    // The same number with other bytes: a journal that was copied. The first one stays.
    let told = post.push(&app, 0, &[(1, health(1)), (2, health(3_500))]).await;
    assert_eq!(told.next, Seq(3));
    let waiting = kept(&app).await;
    let reasons: Vec<_> = waiting.iter().map(|kept| (kept.seq, kept.reason.0)).collect();
    assert_eq!(reasons, [(0, quarantine::Reason::UnknownKind), (1, quarantine::Reason::Conflict)]);
    assert_eq!(found(&app, &post).await.battery_mv, Some(3_500));
    let inbox = sql::records(&db, post.number, EPOCH.0, &[0, 1]).await.unwrap();
    assert_eq!((&inbox[&0], &inbox[&1]), (&unknown, &health(3_600)));

    let id = &waiting[0].id;
    let problem = quarantine::retry(&app, &operator(), id, None).await.unwrap_err();
    assert_eq!(problem.kind(), error::INVALID);
    assert_eq!(kept(&app).await.len(), 2, "a retry that fails leaves it waiting");
    let tilt = record(Event::PostEvent(PostEvent { kind: PostEventKind::TILT, value: Some(40) }));
    quarantine::retry(&app, &operator(), id, Some(tilt)).await.unwrap();
    let events: Vec<(i64, i64)> = db.all(query("select kind, value from post_events")).await.unwrap();
    assert_eq!(events, [(2, 40)]);
    let again = quarantine::retry(&app, &operator(), id, None).await.unwrap_err();
    assert_eq!(again.kind(), error::CONFLICT);
    quarantine::dismiss(&app, &operator(), &waiting[1].id).await.unwrap();
    assert!(kept(&app).await.is_empty());
    assert!(matches!(crate::audit::verify(&db).await.unwrap(), crate::audit::Verdict::Sound(_)));
}

async fn pushes_that_meet_share_a_commit_and_each_gets_its_answer(db: Db, env) {
    let app = app(db.clone(), env, &[("640502102210", "滨河村")]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut post = Device::new(&app).await;
        let app = app.clone();
        tasks.spawn(async move {
            for seq in 0..40 {
                // Each record comes twice, in frames of their own.
                for _ in 0..2 {
                    let told = post.push(&app, seq, &[(seq, health(seq as u16))]).await;
                    assert_eq!(told.next, Seq(seq + 1));
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let records: i64 = db.scalar(query("select count(*) from inbox")).await.unwrap();
    assert_eq!(records, 320);
    assert!(kept(&app).await.is_empty());
    assert!(matches!(crate::audit::verify(&db).await.unwrap(), crate::audit::Verdict::Sound(_)));
}

async fn a_server_that_began_anew_knows_what_it_has(db: Db, env) {
    let app = app(db.clone(), env.clone(), &[("640502102210", "滨河村")]).await;
    let mut post = Device::new(&app).await;
    post.push(&app, 0, &[(0, health(1)), (2, health(2))]).await;
    let (number, epoch) = (post.number, app.sync().epoch());
    assert_eq!(Desk::open(&db, &env).await.unwrap().epoch(), epoch);
    assert_eq!(sql::stored_from(&db, number, EPOCH.0, 0).await.unwrap(), [0, 2]);
    let begun = begin_epoch(&db, &Env::system()).await.unwrap();
    assert_eq!(Desk::open(&db, &env).await.unwrap().epoch(), begun);
    assert_ne!(begun, epoch);
}
}
