//! Batches as their importer and the village see them, on both databases.

use std::path::PathBuf;

use gengwei_proto::RegionCode;
use serde_json::{Value, json};

use super::{Options, State, import, sql, withdraw};
use crate::auth::Units;
use crate::cases;
use crate::db::Session;
use crate::db::testing::{app, both, somebody};
use crate::layers;
use crate::parcels;
use crate::state::App;

const UNITS: [(&str, &str); 5] = [
    ("6405", "中卫市"),
    ("640502", "沙坡头区"),
    ("640502102", "东园镇"),
    ("640502102210", "白桥村"),
    ("640502102211", "红武村"),
];

/// A box from one place to another, in steps of about 100 m east of 105.2° E; about 100 m high.
fn box_of(from: f64, to: f64) -> Value {
    let (w, e, s, n) = (105.2 + from * 0.00113, 105.2 + to * 0.00113, 37.5, 37.5009);
    json!({"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]})
}

fn row(geometry: &Value, properties: Value) -> Value {
    json!({"type": "Feature", "geometry": geometry, "properties": properties})
}

fn patch(number: &str, to: &str, from: f64, until: f64) -> Value {
    let properties = json!({"JCBH": number, "TBLX": "1", "XZQDM": "640502", "JCMJ": 100.5, "QSX": "20260412",
        "HSX": "20260715", "TZ": to, "BGDL": ""});
    row(&box_of(from, until), properties)
}

struct Place {
    app: App,
    folder: tempfile::TempDir,
}

impl Place {
    /// Two fields side by side in two villages: the western one is 永久基本农田.
    async fn new(db: crate::db::Db, env: crate::env::Env) -> Self {
        let place = Self { app: app(db, env, &UNITS).await, folder: tempfile::tempdir().unwrap() };
        let field = |bsm: &str, village: &str, permanent: &str, east: f64| {
            let properties =
                json!({"BSM": bsm, "DLBM": "0102", "ZLDWDM": format!("{village}0000000"), "SFYN": permanent});
            row(&box_of(east, east + 1.0), properties)
        };
        let file = place.file(&[field("A", "640502102210", "1", 0.0), field("B", "640502102211", "0", 1.0)]);
        let mut options = parcels::import::Options::default();
        options.layer.crs = Some("EPSG:4490".to_owned());
        let report = parcels::import::run(&place.app, &somebody(), &file, &options, |_, _| {}).await.unwrap();
        assert_eq!(report.counts.imported, 2);
        place.app.refresh().await.unwrap();
        place
    }

    fn file(&self, features: &[Value]) -> PathBuf {
        let path = self.folder.path().join("layer.geojson");
        let layer = json!({"type": "FeatureCollection", "features": features});
        std::fs::write(&path, layer.to_string()).unwrap();
        path
    }

    async fn import(&self, features: &[Value], options: &Options) -> (import::Report, String) {
        let (file, rejects) = (self.file(features), self.folder.path().join("rejects.csv"));
        let report = import::run(&self.app, &somebody(), &file, options, Some(rejects.clone()), |_, _| {})
            .await
            .unwrap();
        (report, std::fs::read_to_string(rejects).unwrap())
    }

    async fn listed(&self) -> Vec<sql::Listed> {
        let mut all = sql::list(self.app.db(), &everywhere(), &sql::Filter::default(), 100).await.unwrap();
        all.reverse();
        all
    }
}

fn everywhere() -> Units {
    Units::new([RegionCode::parse("6405").unwrap()])
}

fn options() -> Options {
    let mut options = Options::new(everywhere());
    options.layer.crs = Some("EPSG:4490".to_owned());
    options
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-4
}

both! {
    async fn a_patch_tells_what_it_touches_and_opens_a_case(db: Db, env) {
        let place = Place::new(db, env).await;
        let rows = [patch("P1", "0601", 0.5, 1.25), patch("P2", "0702", 1.2, 1.6), patch("P3", "WG", 3.0, 4.0)];
        let (report, _) = place.import(&rows, &options()).await;
        assert_eq!(report.counts.to_string(), "read 3 imported 3 updated 0 unchanged 0 rejected 0");

        let all = place.listed().await;
        assert_eq!(all.iter().map(|p| (p.number.as_str(), p.period.as_str())).collect::<Vec<_>>(),
            [("P1", "2026-07"), ("P2", "2026-07"), ("P3", "2026-07")]);
        let units: Vec<_> = all.iter().map(|p| p.unit.to_string()).collect();
        assert_eq!(units, ["640502102210", "640502102211", "640502000000"].map(|code|
            RegionCode::parse(code.trim_end_matches("000000")).unwrap().to_string()));

        let db = place.app.db();
        let met = sql::met(db, &all[0].id).await.unwrap();
        assert_eq!(met.len(), 2);
        assert!(near(met[0].share_of_parcel, 0.5) && near(met[0].share_of_patch, 2.0 / 3.0), "{}", met[0].area);
        assert!(near(met[1].share_of_parcel, 0.25) && near(met[1].share_of_patch, 1.0 / 3.0));
        assert!((met[0].area + met[1].area - all[0].area).abs() <= 0.02);
        assert!((all[0].permanent - met[0].area).abs() < 1e-9 && all[0].outside < 0.02);
        assert!((all[0].farmland - all[0].area).abs() <= 0.02);
        let split = sql::units(db, &all[0].id).await.unwrap();
        assert_eq!(split.iter().map(|(unit, ..)| unit.to_string()).collect::<Vec<_>>(),
            ["640502102210", "640502102211"]);
        assert_eq!((all[2].outside, all[2].farmland), (all[2].area, 0.0));

        // What is suggested stands in the case's first event, word for word.
        let case = cases::sql::find(db, &all[0].case_id).await.unwrap().unwrap();
        assert_eq!((case.source.0, case.kind.0), (cases::Source::ChangePatch, cases::Kind::Building));
        assert_eq!((case.unit.to_string(), case.holder.to_string()), (units[0].clone(), units[0].clone()));
        let events = cases::sql::events(db, &case.id, 0).await.unwrap();
        let opened: Value = serde_json::from_str(&events[0].detail).unwrap();
        let suggestion: Value = serde_json::from_str(&all[0].suggestion).unwrap();
        assert_eq!((&opened["facts"]["suggestion"], &opened["facts"]["patch"]), (&suggestion, &json!(all[0].id)));
        assert_eq!(suggestion["rule"], "built-permanent");
        assert!(case.words.unwrap().contains("未见用地批准"));
        let of_case = sql::Filter { case: Some(case.id.clone()), ..sql::Filter::default() };
        let found = sql::list(db, &everywhere(), &of_case, 9).await.unwrap();
        assert_eq!(found.iter().map(|p| &p.id).collect::<Vec<_>>(), [&all[0].id]);

        // A house is grave: the township's turn at once.
        let house = cases::sql::find(db, &all[1].case_id).await.unwrap().unwrap();
        assert_eq!((house.severity.0, house.holder.to_string()),
            (cases::Severity::Grave, RegionCode::parse("640502102").unwrap().to_string()));
    }

    async fn the_same_file_again_changes_nothing_and_bad_rows_are_told(db: Db, env) {
        let place = Place::new(db, env).await;
        let bow_tie = json!({"type": "Polygon",
            "coordinates": [[[105.2, 37.5], [105.201, 37.501], [105.201, 37.5], [105.2, 37.501], [105.2, 37.5]]]});
        let abroad = json!({"type": "Polygon",
            "coordinates": [[[15.2, 37.5], [15.3, 37.5], [15.3, 37.6], [15.2, 37.5]]]});
        let mut rows = vec![
            patch("P1", "0601", 0.1, 0.3),
            patch("P1", "0601", 0.5, 0.6),
            row(&bow_tie, json!({"JCBH": "P2", "HSX": "20260715"})),
            row(&abroad, json!({"JCBH": "P3", "HSX": "20260715"})),
            row(&box_of(0.0, 1.0), json!({"HSX": "20260715"})),
            row(&box_of(0.0, 1.0), json!({"JCBH": "P4"})),
            row(&box_of(0.0, 1.0), json!({"JCBH": "P5", "HSX": "不知道"})),
        ];
        let dry = Options { dry_run: true, ..options() };
        let (report, rejects) = place.import(&rows, &dry).await;
        assert_eq!(report.counts.to_string(), "read 7 imported 1 updated 0 unchanged 0 rejected 6");
        assert!(report.batch.is_none() && place.listed().await.is_empty(), "a dry run leaves nothing behind");
        for (code, place) in
            [("duplicate", ",P1,"), ("geometry", ",P2,"), ("outside", ",P3,"), ("period", ",P4,"), ("date", ",P5,")]
        {
            let line = rejects.lines().find(|line| line.contains(place) && line.contains(code));
            assert!(line.is_some(), "{code} {place}: {rejects}");
        }

        let (first, _) = place.import(&rows, &options()).await;
        let batch = first.batch.unwrap();
        let stored = sql::rejects(place.app.db(), &batch, 0, 100).await.unwrap();
        assert_eq!(stored.iter().map(|r| r.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
        let before = sql::batch(place.app.db(), &batch).await.unwrap().unwrap();
        assert_eq!((before.state.0, before.read, before.rejected, before.progress), (State::Done, 7, 6, 1.0));

        let (again, _) = place.import(&rows, &options()).await;
        assert_eq!(again.counts.to_string(), "read 7 imported 0 updated 0 unchanged 1 rejected 6");
        assert_eq!(again.batch.as_ref(), Some(&batch), "the same file is the same batch");
        let after = sql::batch(place.app.db(), &batch).await.unwrap().unwrap();
        assert_eq!((after.imported, after.ended_at), (before.imported, before.ended_at));
        let cases: i64 = place.app.db().scalar(crate::db::sql("select count(*) from cases")).await.unwrap();
        assert_eq!(cases, 1);

        // Another outline under a known number is another file, and is refused.
        rows[0] = patch("P1", "0601", 0.1, 0.4);
        let (other, rejects) = place.import(&rows[..1], &options()).await;
        assert_eq!((other.counts.imported, other.counts.rejected), (0, 1));
        assert!(rejects.contains("known") && rejects.contains(&batch), "{rejects}");
        // In another period it is another patch.
        let later = Options { period: Some("2026-08".to_owned()), ..options() };
        assert_eq!(place.import(&rows[..1], &later).await.0.counts.imported, 1);
    }

    async fn a_withdrawn_batch_marks_what_it_caused(db: Db, env) {
        let place = Place::new(db, env).await;
        let rows = [patch("P1", "0601", 0.1, 0.3), patch("P2", "0201", 1.1, 1.3)];
        let batch = place.import(&rows, &options()).await.0.batch.unwrap();
        let db = place.app.db();
        let id = batch.clone();
        let take_back = |id: String| {
            let app = place.app.clone();
            async move {
                let at = app.clone();
                let job = move |tx| async move { withdraw(&tx, &at, &somebody(), &id, "重复下发").await };
                app.db().write(job).await
            }
        };
        assert_eq!(take_back(id.clone()).await.unwrap(), 2);
        assert_eq!(take_back(id).await.unwrap_err().kind().name, "conflict");
        let all = place.listed().await;
        assert!(all.iter().all(|patch| patch.withdrawn_at.is_some()));
        for patch in &all {
            let events = cases::sql::events(db, &patch.case_id, 1).await.unwrap();
            assert_eq!(events[0].words.as_deref(), Some("来源批次已撤回：重复下发"));
            let case = cases::sql::find(db, &patch.case_id).await.unwrap().unwrap();
            assert!(case.withdrawn_at.is_some() && case.state.0 == cases::State::Opened, "{case:?}");
        }
        // The rows may come again, in a batch of their own.
        let (again, _) = place.import(&rows, &options()).await;
        assert_eq!(again.counts.imported, 2);
        assert_ne!(again.batch, Some(batch));
    }

    async fn layers_and_earlier_patches_change_the_suggestion(db: Db, env) {
        let place = Place::new(db, env).await;
        let approval = place.file(&[
            row(&box_of(1.4, 1.9), json!({"PZWH": "宁政土批字〔2025〕1号"})),
            row(&box_of(0.0, 0.1), json!({"PZWH": "临1", "YXQZ": "2027-03-31"})),
        ]);
        let mut how = layers::Options::default();
        how.layer.crs = Some("EPSG:4490".to_owned());
        let kind = layers::Kind::Approval;
        layers::import(&place.app, &somebody(), kind, &approval, &how, |_, _| {}).await.unwrap();
        let permanent = place.file(&[row(&box_of(1.5, 3.0), json!({"YJJBNTTBBH": "Y1"}))]);
        let kind = layers::Kind::Permanent;
        layers::import(&place.app, &somebody(), kind, &permanent, &how, |_, _| {}).await.unwrap();

        let rows = [
            patch("P1", "0601", 1.5, 1.8),
            patch("P2", "0601", 0.02, 0.08),
            patch("P3", "0601", 1.2, 1.7),
            patch("P4", "WG", 0.5, 0.7),
        ];
        place.import(&rows, &options()).await;
        let all = place.listed().await;
        let rules = |all: &[sql::Listed]| {
            let rule = |p: &sql::Listed| serde_json::from_str::<Value>(&p.suggestion).unwrap()["rule"].clone();
            all.iter().map(rule).collect::<Vec<_>>()
        };
        assert_eq!(rules(&all), ["built-approved", "built-temporary", "built-permanent", "uncultivated"]);
        let covered = sql::covered(place.app.db(), &all[0].id).await.unwrap();
        assert_eq!(covered.iter().map(|c| (c.kind.0, c.share > 0.99)).collect::<Vec<_>>(),
            [(layers::Kind::Approval, true), (layers::Kind::Permanent, true)]);
        assert!((all[0].permanent - all[0].area).abs() <= 0.02);
        assert!(near(all[2].permanent / all[2].area, 0.4), "{} of {}", all[2].permanent, all[2].area);

        // More than a year later the same ground again.
        let mut again = patch("P9", "WG", 0.5, 0.7);
        again["properties"]["HSX"] = json!("20270801");
        place.import(&[again], &options()).await;
        assert_eq!(rules(&place.listed().await)[4], "uncultivated-again");
    }

    async fn an_importer_stays_in_his_units(db: Db, env) {
        let place = Place::new(db, env).await;
        let own = Options { units: Units::new([RegionCode::parse("640502102210").unwrap()]), ..options() };
        let rows = [patch("P1", "0601", 0.1, 0.3), patch("P2", "0601", 1.1, 1.3)];
        let (report, rejects) = place.import(&rows, &own).await;
        assert_eq!((report.counts.imported, report.counts.rejected), (1, 1));
        assert!(rejects.contains("scope") && rejects.contains("红武村"), "{rejects}");
    }
}
