//! Outlines as their officers draw them, on both databases.

use serde_json::{Value, json};

use super::*;
use crate::auth::{Held, Units};
use crate::cases::{Kind, NewCase, Source, sql as cases, together};
use crate::db::testing::{both, somebody};
use crate::error;
use crate::grid::appointments::Role;
use crate::parcels;

const UNITS: [(&str, &str); 6] = [
    ("6405", "中卫市"),
    ("640502", "沙坡头区"),
    ("640502102", "东园镇"),
    ("640502102210", "白桥村"),
    ("640502103", "柔远镇"),
    ("640502103200", "邻村"),
];
const VILLAGE: &str = "640502102210";
/// Where cases are seen.
const SPOT: (f64, f64) = (105.2005, 37.5004);

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

fn officer(role: Role, unit: &str) -> Caller {
    Caller { held: vec![Held { unit: region(unit), role }], account: unit.to_owned(), ..somebody() }
}

/// A box between two eastings in steps of about 100 m from 105.2° E, about 100 m high.
fn box_of(from: f64, to: f64) -> Value {
    let (w, e, s, n) = (105.2 + from * 0.00113, 105.2 + to * 0.00113, 37.5, 37.5009);
    json!({"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]})
}

/// A field in the village and, 300 m east of it, one in the neighbouring township; a case seen in the first.
async fn place(db: crate::db::Db, env: crate::env::Env) -> (App, String) {
    let app = crate::db::testing::app(db, env, &UNITS).await;
    let folder = tempfile::tempdir().unwrap();
    let field = |bsm: &str, village: &str, from: f64| {
        let properties =
            json!({"BSM": bsm, "DLBM": "0102", "ZLDWDM": format!("{village}0000000"), "SFYN": "1"});
        json!({"type": "Feature", "geometry": box_of(from, from + 1.0), "properties": properties})
    };
    let fields = [field("A", VILLAGE, 0.0), field("B", "640502103200", 4.0)];
    let path = folder.path().join("fields.geojson");
    std::fs::write(&path, json!({"type": "FeatureCollection", "features": fields}).to_string()).unwrap();
    let mut options = parcels::import::Options::default();
    options.layer.crs = Some("EPSG:4490".to_owned());
    parcels::import::run(&app, &somebody(), &path, &options, |_, _| {}).await.unwrap();
    app.refresh().await.unwrap();
    let case = opened(&app, SPOT).await;
    (app, case)
}

async fn opened(app: &App, place: (f64, f64)) -> String {
    let new = NewCase {
        unit: region(VILLAGE),
        source: Source::Patrol,
        kind: Kind::Dumping,
        parcel: None,
        place: Some(place),
        words: None,
        by: "leader".to_owned(),
        name: "组长".to_owned(),
        facts: Value::Null,
    };
    let at = app.clone();
    app.db().write(move |tx| async move { crate::cases::open(&tx, &at, new).await }).await.unwrap()
}

async fn drawn(app: &App, by: &Caller, case: &str, version: i64, shape: &Value) -> Result<()> {
    draw(app, by, case, version, shape, "按现场情况勾绘。".to_owned()).await
}

both! {
async fn an_outline_is_an_event_and_a_version_and_is_measured(db: Db, env) {
    let (app, case) = place(db, env).await;
    let village = officer(Role::VillageHead, VILLAGE);
    assert_eq!(latest(app.db(), &case).await.unwrap(), None);
    drawn(&app, &village, &case, 1, &box_of(0.2, 0.6)).await.unwrap();
    let first = latest(app.db(), &case).await.unwrap().unwrap();
    assert_eq!((first.seq, first.parcels.len()), (2, 1));
    assert!((first.farmland - first.area).abs() < 0.02 && (first.permanent - first.area).abs() < 0.02);
    assert!((first.area - 4_000.0).abs() < 100.0, "40 m by 100 m: {}", first.area);

    // Half of the corrected one lies in no parcel.
    drawn(&app, &village, &case, 2, &box_of(0.5, 1.5)).await.unwrap();
    let second = latest(app.db(), &case).await.unwrap().unwrap();
    assert_eq!(second.seq, 3);
    assert!((second.outside / second.area - 0.5).abs() < 0.001);
    let versions = sql::all(app.db(), &case, VERSIONS).await.unwrap();
    assert_eq!(versions.iter().map(|v| v.seq).collect::<Vec<_>>(), [3, 2], "the first one stays");
    let events = cases::events(app.db(), &case, 0).await.unwrap();
    assert_eq!(events.last().unwrap().action, "outline");

    let stale = drawn(&app, &village, &case, 2, &box_of(0.0, 1.0)).await.unwrap_err();
    assert_eq!(stale.kind(), error::STALE);
    assert_eq!(sql::all(app.db(), &case, VERSIONS).await.unwrap().len(), 2, "nothing of it is left behind");
    let elsewhere = officer(Role::VillageHead, "640502103200");
    assert_eq!(drawn(&app, &elsewhere, &case, 3, &box_of(0.0, 1.0)).await.unwrap_err().kind(), error::NOT_FOUND);
    assert!(matches!(crate::audit::verify(app.db()).await.unwrap(), crate::audit::Verdict::Sound(_)));
}

async fn whose_turn_it_is_draws_and_nothing_far_away(db: Db, env) {
    let (app, case) = place(db, env).await;
    let (village, township) = (officer(Role::VillageHead, VILLAGE), officer(Role::Officer, "640502102"));
    let forward = Event { action: Action::Forward, words: None, photos: Vec::new(), fields: Fields::default() };
    let (at, by, id) = (app.clone(), village.clone(), case.clone());
    app.db().write(move |tx| async move { act(&tx, &at, &by, &id, 1, &forward).await }).await.unwrap();
    let refused = drawn(&app, &village, &case, 2, &box_of(0.0, 1.0)).await.unwrap_err();
    assert_eq!(refused.kind(), error::FORBIDDEN);
    let bow = json!({"type": "Polygon", "coordinates": [[[105.2, 37.5], [105.2, 37.5], [105.2, 37.5], [105.2, 37.5]]]});
    for wrong in [box_of(4.1, 4.9), json!({"type": "Point", "coordinates": [105.2, 37.5]}), json!({}), bow] {
        let refused = drawn(&app, &township, &case, 2, &wrong).await.unwrap_err();
        assert_eq!(refused.kind(), error::INVALID, "{wrong}");
    }
    drawn(&app, &township, &case, 2, &box_of(0.0, 1.0)).await.unwrap();
}

async fn tasks_photos_and_neighbours_go_by_it(db: Db, env) {
    let (app, case) = place(db, env).await;
    // 250 m east: too far to be offered by the spot.
    let other = opened(&app, (SPOT.0 + 0.0028, SPOT.1)).await;
    let (units, near) = (Units::new([region("6405")]), 50.0);
    assert_eq!(together::offered(app.db(), &units, &case, near).await.unwrap(), []);
    drawn(&app, &officer(Role::VillageHead, VILLAGE), &case, 1, &box_of(0.0, 3.2)).await.unwrap();
    let offered = together::offered(app.db(), &units, &case, near).await.unwrap();
    assert_eq!(offered.iter().map(|o| (&*o.case, o.distance)).collect::<Vec<_>>(), [(&*other, Some(0.0))]);
    let back = together::offered(app.db(), &units, &other, near).await.unwrap();
    assert_eq!(back.iter().map(|o| &*o.case).collect::<Vec<_>>(), [&*case], "and the other way round");
    let (shape, codes) = place_of(app.db(), &case).await.unwrap().unwrap();
    let polygons = crate::parcels::outline::Outlines::default().lonlat(&shape).unwrap();
    assert_eq!((polygons.coords_count(), codes.len()), (5, 1), "the field that it lies in is named");
}
}
