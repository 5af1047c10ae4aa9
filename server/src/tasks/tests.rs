//! Tasks as stories, on both databases.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gengwei_proto::RegionCode;
use jiff::civil::date;

use super::*;
use crate::auth::Units;
use crate::cases::{Kind, NewCase, Source};
use crate::db::Db;
use crate::db::testing::{another, both};
use crate::env::Env;

const VILLAGE: &str = "640502100001";

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

async fn app(db: Db, env: Env) -> App {
    crate::db::testing::app(db, env, &[("6405", "中卫市"), (VILLAGE, "某村")]).await
}

fn officer() -> Caller {
    Caller {
        account: "a".to_owned(),
        login: "officer".to_owned(),
        name: "经办人".to_owned(),
        person: None,
        admin: None,
        held: Vec::new(),
    }
}

async fn case(app: &App) -> Case {
    let at = app.clone();
    let id = app
        .db()
        .write(move |tx| async move {
            let new = NewCase {
                unit: region(VILLAGE),
                source: Source::ChangePatch,
                kind: Kind::Building,
                parcel: None,
                place: Some((105.19, 37.51)),
                words: None,
                by: "a".to_owned(),
                name: "经办人".to_owned(),
                facts: json!({ "outline": { "type": "Polygon", "coordinates": [] }, "parcels": ["P1"] }),
            };
            cases::open(&tx, &at, new).await
        })
        .await
        .unwrap();
    cases::sql::find(app.db(), &id).await.unwrap().unwrap()
}

async fn assigned(app: &App, on: &Db, case: &Case) -> String {
    let (at, case) = (app.clone(), case.clone());
    let due = date(2026, 12, 1);
    on.write(move |tx| async move {
        assign(&tx, &at, &officer(), &case, region(VILLAGE), due, Some("请核实")).await
    })
    .await
    .unwrap()
}

async fn photo(app: &App) -> String {
    let bytes = [b"\xff\xd8\xff\xe0".to_vec(), app.env().random::<16>().to_vec()].concat();
    let photo = crate::evidence::Photo::new(bytes.into(), 1_000).unwrap();
    let (sha256, now) = (photo.sha256.clone(), app.env().now());
    app.db()
        .write(move |tx| async move { crate::evidence::record(&tx, &photo, "a", now).await })
        .await
        .unwrap();
    sha256
}

async fn brought(app: &App, task: &str, outcome: Outcome) -> Result<bool, Problem> {
    let task = sql::find(app.db(), task).await.unwrap().unwrap();
    let at = app.clone();
    app.db().write(move |tx| async move { finish(&tx, &at, &officer(), &task, outcome).await }).await
}

both! {
async fn a_task_carries_what_is_needed_and_its_outcome_joins_the_case_once(db: Db, env) {
    let app = app(db, env).await;
    let case = case(&app).await;
    let id = assigned(&app, app.db(), &case).await;
    let task = sql::find(app.db(), &id).await.unwrap().unwrap();
    assert_eq!((task.photos, &*task.parcels), (1, "[\"P1\"]"));
    assert!(task.outline.unwrap().contains("Polygon"));

    let outcome = Outcome { id: app.env().new_id(), words: Some("已停工".to_owned()), photos: Vec::new() };
    assert!(brought(&app, &id, outcome.clone()).await.is_err(), "a photo is missing");
    let outcome = Outcome { photos: vec![photo(&app).await], ..outcome };
    assert!(brought(&app, &id, outcome.clone()).await.unwrap());
    assert!(!brought(&app, &id, outcome.clone()).await.unwrap(), "the same again is the same");
    let other = Outcome { words: None, ..outcome };
    assert_eq!(brought(&app, &id, other).await.unwrap_err().kind(), error::CONFLICT);

    let events = cases::sql::events(app.db(), &case.id, 0).await.unwrap();
    let [_, brought] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((&*brought.action, brought.detail().photos.len()), ("evidence", 1));
    assert_eq!(brought.detail().unit, Some(region(VILLAGE)));
}

async fn what_is_no_longer_needed_is_taken_back(db: Db, env) {
    let app = app(db, env).await;
    let case = case(&app).await;
    let (done, open) = (assigned(&app, app.db(), &case).await, assigned(&app, app.db(), &case).await);
    let outcome = Outcome { id: app.env().new_id(), words: None, photos: vec![photo(&app).await] };
    brought(&app, &done, outcome).await.unwrap();
    let of = case.id.clone();
    app.db().write(move |tx| async move { withdraw(&tx, &of).await }).await.unwrap();
    let state = async |id: &str| sql::find(app.db(), id).await.unwrap().unwrap().state.0;
    assert_eq!((state(&done).await, state(&open).await), (State::Done, State::Withdrawn));
    let units = Units::new([region("6405")]);
    let changes = sql::changed_after(app.db(), &units, 0, 10).await.unwrap();
    assert_eq!(changes.iter().map(|task| &task.id).collect::<Vec<_>>(), [&done, &open], "by their last change");
}

// Two server processes write at once while a tablet pulls: the revision is taken inside each transaction, so
// numbers taken early by a slow one must not become visible after later ones.
async fn a_cursor_neither_skips_nor_repeats_while_two_servers_write(db: Db, env) {
    const EACH: usize = 60;
    let app = app(db, env.clone()).await;
    let case = case(&app).await;
    let second = another(app.db(), &env).await;
    let running = Arc::new(AtomicUsize::new(0));
    let mut writers = Vec::new();
    for writer in 0..4 {
        let on = if writer % 2 == 0 { app.db().clone() } else { second.clone() };
        let (app, case, running) = (app.clone(), case.clone(), running.clone());
        running.fetch_add(1, Ordering::SeqCst);
        writers.push(tokio::spawn(async move {
            let mut made = Vec::new();
            for _ in 0..EACH {
                made.push(assigned(&app, &on, &case).await);
            }
            running.fetch_sub(1, Ordering::SeqCst);
            made
        }));
    }
    let units = Units::new([region(VILLAGE)]);
    let (mut cursor, mut pulled, mut pulls) = (0, Vec::new(), 0);
    loop {
        let last = running.load(Ordering::SeqCst) == 0;
        let page = sql::changed_after(app.db(), &units, cursor, 7).await.unwrap();
        pulls += 1;
        let empty = page.is_empty();
        for task in page {
            assert!(task.revision > cursor);
            cursor = task.revision;
            pulled.push(task.id);
        }
        if last && empty {
            break;
        }
    }
    let mut made = BTreeSet::new();
    for writer in writers {
        made.extend(writer.await.unwrap());
    }
    assert_eq!(made.len(), 4 * EACH);
    assert_eq!(pulled.len(), made.len(), "nothing twice");
    assert_eq!(pulled.into_iter().collect::<BTreeSet<_>>(), made, "nothing left out");
    assert!(pulls > 4 * EACH / 7, "the tablet pulled meanwhile: {pulls}");
    second.close().await;
}
}
