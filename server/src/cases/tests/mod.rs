//! Cases as stories, on both databases, and the workflow's table on its own.

mod matrix;
mod stories;

use gengwei_proto::RegionCode;

use super::*;
use crate::auth::{Caller, Held};
use crate::db::Db;
use crate::env::Env;
use crate::grid::appointments::Role;
use crate::state::App;
use workflow::{Fields, Finding, Ground, Measure};

const CITY: &str = "6405";
const COUNTY: &str = "640502";
const TOWNSHIP: &str = "640502100";
const VILLAGE: &str = "640502100001";
const GROUP: &str = "64050210000103";

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

fn caller(login: &str, role: Role, unit: &str) -> Caller {
    Caller {
        account: login.to_owned(),
        login: login.to_owned(),
        name: login.to_owned(),
        person: None,
        admin: None,
        held: vec![Held { unit: region(unit), role }],
    }
}

fn village() -> Caller {
    caller("村", Role::VillageHead, VILLAGE)
}

fn township() -> Caller {
    caller("乡", Role::Officer, TOWNSHIP)
}

fn county() -> Caller {
    caller("县", Role::Officer, COUNTY)
}

fn city() -> Caller {
    caller("市", Role::OfficeDirector, CITY)
}

async fn app(db: Db, env: Env) -> App {
    let units =
        [(CITY, "中卫市"), (COUNTY, "沙坡头区"), (TOWNSHIP, "滨河镇"), (VILLAGE, "某村"), (GROUP, "三组")];
    crate::db::testing::app(db, env, &units).await
}

async fn opened(app: &App, kind: Kind) -> String {
    let at = app.clone();
    app.db()
        .write(move |tx| async move {
            let new = NewCase {
                unit: region(GROUP),
                source: Source::Patrol,
                kind,
                parcel: None,
                place: Some((105.19, 37.51)),
                words: Some("路边新堆砂石".to_owned()),
                by: "leader".to_owned(),
                name: "组长".to_owned(),
                facts: serde_json::Value::Null,
            };
            open(&tx, &at, new).await
        })
        .await
        .unwrap()
}

/// A photo that was handed in.
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

/// What the action needs, filled in; photos only where asked for.
async fn complete(app: &App, action: Action) -> Event {
    let photos = match action {
        Action::Confirm | Action::Rectify => vec![photo(app).await],
        _ => Vec::new(),
    };
    Event {
        action, words: Some("情况属实".to_owned()), photos, fields: fields(app.env().today(), action)
    }
}

fn fields(today: jiff::civil::Date, action: Action) -> Fields {
    let mut fields = Fields::default();
    let in_days = |days: i64| Some(today.saturating_add(jiff::Span::new().days(days)));
    let wanted = workflow::TABLE.iter().find(|rule| rule.action == action).unwrap().fields;
    for field in wanted {
        match field {
            workflow::Field::Unit => fields.unit = Some(region(VILLAGE)),
            workflow::Field::Due => fields.due = in_days(20),
            workflow::Field::Ground => fields.ground = Some(Ground::Pseudo),
            workflow::Field::Finding => fields.finding = Some(Finding::NonAgricultural),
            workflow::Field::Measure => fields.measure = Some(Measure::Restore),
            workflow::Field::Responsible => fields.responsible = Some("张三".to_owned()),
            workflow::Field::Document => fields.document = Some("卫自然资〔2026〕1号".to_owned()),
            workflow::Field::Kind => fields.kind = Some(Kind::Dumping),
        }
    }
    fields
}

async fn tried(app: &App, by: &Caller, id: &str, version: i64, action: Action) -> Result<(), Problem> {
    let event = complete(app, action).await;
    tried_with(app, by, id, version, event).await
}

async fn tried_with(app: &App, by: &Caller, id: &str, version: i64, event: Event) -> Result<(), Problem> {
    let (at, by, id) = (app.clone(), by.clone(), id.to_owned());
    app.db().write(move |tx| async move { act(&tx, &at, &by, &id, version, &event).await }).await
}

/// Does something with the case as it is now.
async fn done(app: &App, by: &Caller, id: &str, action: Action) {
    let version = found(app, id).await.version;
    if let Err(problem) = tried(app, by, id, version, action).await {
        panic!("{} {action}: {}", by.login, problem.sentence());
    }
}

/// What is answered to somebody who may not.
async fn refused(app: &App, by: &Caller, id: &str, action: Action) -> (crate::error::Kind, String) {
    let version = found(app, id).await.version;
    let problem = tried(app, by, id, version, action).await.expect_err(action.name());
    (problem.kind(), problem.sentence())
}

async fn found(app: &App, id: &str) -> sql::Stored {
    sql::find(app.db(), id).await.unwrap().unwrap()
}
