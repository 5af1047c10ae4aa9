//! Imports as their user sees them, on both databases.

use std::path::PathBuf;

use gengwei_proto::ParcelCode;
use serde_json::{Value, json};

use super::{Options, Report, run};
use crate::db::testing::{app, both};
use crate::parcels::{self, sql};
use crate::state::App;

const UNITS: [(&str, &str); 4] =
    [("6405", "中卫市"), ("640502", "沙坡头区"), ("640502102", "东园镇"), ("640502102210", "白桥村")];
const VILLAGE: &str = "6405021022100000000";

/// A square of about 100 m by 100 m, so many squares east of 105.2° E.
fn square(east: f64, width: f64) -> Value {
    let (w, s, d) = (105.2 + east * 0.00113, 37.5, 0.0009);
    let e = w + width * 0.00113;
    json!({"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, s + d], [w, s + d], [w, s]]]})
}

fn field(bsm: &str, geometry: &Value, more: Value) -> Value {
    let mut properties = json!({"BSM": bsm, "DLBM": "0102", "ZLDWDM": VILLAGE});
    for (key, value) in more.as_object().unwrap() {
        properties[key] = value.clone();
    }
    json!({"type": "Feature", "geometry": geometry, "properties": properties})
}

struct Place {
    app: App,
    folder: tempfile::TempDir,
}

impl Place {
    async fn new(db: crate::db::Db, env: crate::env::Env) -> Self {
        Self { app: app(db, env, &UNITS).await, folder: tempfile::tempdir().unwrap() }
    }

    async fn import(&self, features: &[Value]) -> (Report, String) {
        let file: PathBuf = self.folder.path().join("layer.geojson");
        let layer = json!({"type": "FeatureCollection", "features": features});
        std::fs::write(&file, layer.to_string()).unwrap();
        let rejects = self.folder.path().join("rejects.csv");
        let mut options = Options { rejects: Some(rejects.clone()), ..Options::default() };
        options.layer.crs = Some("EPSG:4490".to_owned());
        let by = crate::auth::Caller {
            account: "test".into(),
            login: "test".into(),
            name: "test".into(),
            person: None,
            admin: None,
            held: Vec::new(),
        };
        let report = run(&self.app, &by, &file, &options, |_, _| {}).await.unwrap();
        self.app.refresh().await.unwrap();
        (report, std::fs::read_to_string(rejects).unwrap())
    }

    async fn at(&self, east: f64) -> Option<sql::State> {
        let ids = self.app.locator().at(105.2 + (east + 0.5) * 0.00113, 37.5004);
        match ids.as_slice() {
            [] => None,
            [id] => Some(sql::state(self.app.db(), *id).await.unwrap()),
            more => panic!("{} parcels at one place", more.len()),
        }
    }
}

both! {
    async fn the_same_file_again_changes_nothing_and_a_changed_row_is_versioned(db: Db, env) {
        let place = Place::new(db, env).await;
        let mut rows = vec![field("A", &square(0.0, 1.0), json!({"TBMJ": 9990.5})), field("B", &square(2.0, 1.0), json!({"DLBM": "0201"}))];

        let (first, _) = place.import(&rows).await;
        assert_eq!(first.counts.to_string(), "read 2 imported 2 updated 0 unchanged 0 rejected 0");
        let (again, _) = place.import(&rows).await;
        assert_eq!(again.counts.to_string(), "read 2 imported 0 updated 0 unchanged 2 rejected 0");

        let before = place.at(0.0).await.unwrap();
        assert_eq!(before.code.unwrap().as_str(), ParcelCode::mint(&before.unit, 0, 50_001).unwrap().as_str());
        assert_eq!(before.tbmj, Some(9990.5), "the imported area stays");
        assert!((before.area - 9985.0).abs() < 60.0, "{}", before.area);
        assert!(place.at(2.0).await.unwrap().code.is_none(), "an orchard bears no code");

        rows[0]["properties"]["ZZSXDM"] = json!("LS");
        let (changed, _) = place.import(&rows).await;
        assert_eq!(changed.counts.to_string(), "read 2 imported 0 updated 1 unchanged 1 rejected 0");
        let after = place.at(0.0).await.unwrap();
        assert_eq!((after.id, after.code, after.version), (before.id, before.code, 2));
        let versions = sql::versions(place.app.db(), after.id).await.unwrap();
        assert_eq!(versions.len(), 1);
        assert!(versions[0].attributes.contains("\"crop\":null"));
    }

    async fn every_refused_row_says_why(db: Db, env) {
        let place = Place::new(db, env).await;
        let bow_tie = json!({"type": "Polygon", "coordinates":
            [[[105.3, 37.5], [105.301, 37.501], [105.301, 37.5], [105.3, 37.501], [105.3, 37.5]]]});
        let far = json!({"type": "Polygon", "coordinates": [[[10.0, 50.0], [10.1, 50.0], [10.1, 50.1], [10.0, 50.0]]]});
        let rows = [
            field("A", &square(0.0, 1.0), json!({})),
            field("A", &square(2.0, 1.0), json!({})),
            field("C", &bow_tie, json!({})),
            field("D", &far, json!({})),
            field("E", &square(4.0, 1.0), json!({"ZLDWDM": "6405021999990000000"})),
            field("F", &square(6.0, 1.0), json!({"DLBM": "9999"})),
            field("G", &square(8.0, 1.0), json!({"TBMJ": "many"})),
            field("H", &square(10.0, 1.0), json!({"ZWGDM": "64050210221001000010"})),
            field("I", &json!({"type": "Point", "coordinates": [105.2, 37.5]}), json!({})),
        ];

        let (report, rejects) = place.import(&rows).await;

        assert_eq!(report.counts.to_string(), "read 9 imported 1 updated 0 unchanged 0 rejected 8");
        let mut reader = csv::Reader::from_reader(rejects.trim_start_matches('\u{feff}').as_bytes());
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        let mut found: Vec<(&str, &str)> = records.iter().map(|r| (&r[0], &r[4])).collect();
        found.sort_unstable();
        assert_eq!(found, [
            ("2", "duplicate"), ("3", "geometry"), ("4", "outside"), ("5", "unit"), ("6", "class"),
            ("7", "number"), ("8", "code"), ("9", "geometry-type"),
        ], "{rejects}");
    }

    async fn a_parcel_cut_in_two_lives_on_in_its_children(db: Db, env) {
        let place = Place::new(db, env).await;
        place.import(&[field("A", &square(0.0, 2.0), json!({}))]).await;
        let parent = place.at(0.0).await.unwrap();

        let halves = [field("A1", &square(0.0, 1.0), json!({})), field("A2", &square(1.0, 1.0), json!({}))];
        let (report, _) = place.import(&halves).await;

        assert_eq!(report.counts.to_string(), "read 2 imported 2 updated 0 unchanged 0 rejected 0");
        assert_eq!(report.lineage, 2);
        let (west, east) = (place.at(0.0).await.unwrap(), place.at(1.0).await.unwrap());
        assert!(west.id != parent.id && east.id != parent.id && west.code != east.code);
        let found = parcels::find(place.app.db(), &parent.code.unwrap()).await.unwrap().unwrap();
        assert!(found.retired_on.is_some(), "the old code still resolves, to a retired parcel");
        let children = sql::children(place.app.db(), parent.id).await.unwrap();
        assert_eq!(children.len(), 2);
        assert!(children.iter().all(|c| c.reason == "split" && (c.area_share - 0.5).abs() < 0.01), "{children:?}");
    }

    async fn another_bsm_on_the_same_ground_is_the_same_parcel(db: Db, env) {
        let place = Place::new(db, env).await;
        place.import(&[field("OLD", &square(0.0, 1.0), json!({}))]).await;
        let before = place.at(0.0).await.unwrap();
        let (report, _) = place.import(&[field("NEW", &square(0.0, 0.98), json!({}))]).await;
        assert_eq!(report.counts.to_string(), "read 1 imported 0 updated 1 unchanged 0 rejected 0");
        let after = place.at(0.0).await.unwrap();
        assert_eq!((after.id, after.code, after.bsm.as_deref()), (before.id, before.code, Some("NEW")));
    }
}
