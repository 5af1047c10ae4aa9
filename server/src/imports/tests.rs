//! Imports as a job makes them, on both databases.

use std::io::Write;

use serde_json::json;

use super::*;
use crate::db::testing::{app, both, somebody};

const UNITS: [(&str, &str); 6] = [
    ("6405", "中卫市"),
    ("640502", "沙坡头区"),
    ("640502102", "东园镇"),
    ("640502102210", "白桥村"),
    ("640502103", "柔远镇"),
    ("640502103200", "邻村"),
];

/// Uploads text as a file would come.
async fn upload(app: &App, kind: Kind, name: &str, text: &str, options: &Options) -> (String, bool) {
    let mut file = tempfile::NamedTempFile::new_in(app.work()).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    accept(app, &somebody(), kind, name, file.into_temp_path(), options.clone()).await.unwrap()
}

async fn found(app: &App, id: &str) -> sql::Job {
    sql::find(app.db(), id).await.unwrap().unwrap()
}

fn counts(job: &sql::Job) -> [i64; 5] {
    [job.read, job.imported, job.updated, job.unchanged, job.rejected]
}

fn of(unit: &str) -> Options {
    Options { units: vec![unit.to_owned()], ..Options::default() }
}

const ROSTER: &str = "区划代码,姓名,角色,确定方式\n640502102210,张三,村级责任人,\n64050210221001,李四,村民小组责任人,组长\n\
    640502103200,王五,村级责任人,\n640502102,赵六,总责任人,\n";

both! {
async fn a_township_enters_its_villages_and_groups_and_nothing_else(db: Db, env) {
    let app = app(db, env, &UNITS).await;
    let (id, again) = upload(&app, Kind::Roster, "名册.csv", ROSTER, &of("640502102")).await;
    assert!(!again);
    assert_eq!(upload(&app, Kind::Roster, "名册.csv", ROSTER, &of("640502102")).await, (id.clone(), true));
    assert_eq!(found(&app, &id).await.state.0, State::Waiting);
    assert_eq!(run_waiting(&app).await.unwrap(), 1);

    let job = found(&app, &id).await;
    assert_eq!((job.state.0, counts(&job)), (State::Done, [4, 2, 0, 0, 2]), "{}", job.said);
    let rejects = sql::rejects(app.db(), &id, 0, 10).await.unwrap();
    assert_eq!(rejects.iter().map(|r| r.line).collect::<Vec<_>>(), [4, 5], "the neighbour, and the township itself");
    assert!(rejects[0].reason.contains("不在导入单位的辖区内"), "{}", rejects[0].reason);
    assert_eq!(run_waiting(&app).await.unwrap(), 0, "nothing is left in the folder");
    app.refresh().await.unwrap();
    assert!(app.grid().resolve(&RegionCode::parse("64050210221001").unwrap()).is_some(), "the group is there");

    // The same file again is a job of its own that changes nothing.
    let (next, again) = upload(&app, Kind::Roster, "名册.csv", ROSTER, &of("640502102")).await;
    assert!(!again && next != id);
    run_waiting(&app).await.unwrap();
    assert_eq!(counts(&found(&app, &next).await), [4, 0, 0, 2, 2]);
}

async fn a_file_that_cannot_be_read_fails_with_its_reason_and_a_killed_job_goes_on(db: Db, env) {
    let app = app(db, env, &UNITS).await;
    let (id, _) = upload(&app, Kind::Roster, "名册.csv", "姓名\n张三\n", &of("6405")).await;
    run_waiting(&app).await.unwrap();
    let job = found(&app, &id).await;
    assert_eq!(job.state.0, State::Failed);
    assert!(job.said.contains("区划代码"), "{}", job.said);

    // As a process leaves it that is killed in the middle: running, with the file in the folder.
    let (id, _) = upload(&app, Kind::Roster, "名册.csv", ROSTER, &of("6405")).await;
    let killed = id.clone();
    app.db().write(move |tx| async move { sql::start(&tx, &killed).await }).await.unwrap();
    run_waiting(&app).await.unwrap();
    assert_eq!(found(&app, &id).await.state.0, State::Done);
}

async fn parcels_of_others_are_neither_made_nor_taken(db: Db, env) {
    let app = app(db, env, &UNITS).await;
    let field = |bsm: &str, village: &str, east: f64| {
        let (w, e) = (105.2 + east * 0.00113, 105.2 + (east + 1.0) * 0.00113);
        json!({"type": "Feature", "properties": {"BSM": bsm, "DLBM": "0102", "ZLDWDM": format!("{village}0000000")},
            "geometry": {"type": "Polygon", "coordinates": [[[w, 37.5], [e, 37.5], [e, 37.5009], [w, 37.5009], [w, 37.5]]]}})
    };
    let layer = |fields: &[serde_json::Value]| json!({"type": "FeatureCollection", "features": fields}).to_string();
    let options = |unit: &str| Options { crs: Some("EPSG:4490".to_owned()), ..of(unit) };
    let all = layer(&[field("A", "640502102210", 0.0), field("B", "640502103200", 5.0)]);
    let (id, _) = upload(&app, Kind::Parcels, "图斑.geojson", &all, &options("640502102")).await;
    run_waiting(&app).await.unwrap();
    let job = found(&app, &id).await;
    assert_eq!((job.state.0, counts(&job)), (State::Done, [2, 1, 0, 0, 1]), "{}", job.said);
    assert_eq!(sql::rejects(app.db(), &id, 0, 10).await.unwrap()[0].code, "scope");

    // The neighbour's parcel under our village's code: its BSM is known to be his.
    let (id, _) = upload(&app, Kind::Parcels, "全部.geojson", &all, &options("6405")).await;
    run_waiting(&app).await.unwrap();
    assert_eq!(counts(&found(&app, &id).await), [2, 1, 0, 1, 0]);
    app.refresh().await.unwrap();
    let taken = layer(&[field("B", "640502102210", 5.0), field("C", "640502102210", 5.0)]);
    let (id, _) = upload(&app, Kind::Parcels, "图斑.geojson", &taken, &options("640502102")).await;
    run_waiting(&app).await.unwrap();
    assert_eq!(counts(&found(&app, &id).await), [2, 0, 0, 0, 2]);
    let rejects = sql::rejects(app.db(), &id, 0, 10).await.unwrap();
    assert!(rejects.iter().all(|r| r.code == "scope" && r.reason.contains("640502103200")), "{rejects:?}");
    let dry = Options { dry_run: true, ..options("6405") };
    let (id, _) = upload(&app, Kind::Parcels, "试.geojson", &layer(&[field("D", "640502102210", 9.0)]), &dry).await;
    run_waiting(&app).await.unwrap();
    assert_eq!(counts(&found(&app, &id).await), [1, 1, 0, 0, 0]);
    app.refresh().await.unwrap();
    assert_eq!(app.locator().len(), 2, "a check stores nothing");
}
}
