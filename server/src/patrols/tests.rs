//! Filing patrols, on both databases.

use serde_json::json;

use super::body::Datum;
use super::{NewPatrol, file};
use crate::auth::rights::{FilePatrols, ReadCases, ReadPatrols};
use crate::auth::{Caller, Held, Scope};
use crate::db::testing::{app, both};
use crate::db::{Session, sql};
use crate::error;
use crate::grid::appointments::Role;
use crate::state::App;
use gengwei_proto::{ParcelCode, RegionCode};

const UNITS: [(&str, &str); 7] = [
    ("6405", "中卫市"),
    ("640502", "沙坡头区"),
    ("640502102", "东园镇"),
    ("640502102210", "白桥村"),
    ("64050210221001", "第1村民小组"),
    ("640502103", "柔远镇"),
    ("640502103200", "柔远村"),
];

fn caller(unit: &str, role: Role) -> Caller {
    Caller {
        account: format!("account of {unit}"),
        login: unit.to_owned(),
        name: "马占山".to_owned(),
        person: None,
        admin: None,
        held: vec![Held { unit: RegionCode::parse(unit).unwrap(), role }],
    }
}

fn leader() -> Scope<FilePatrols> {
    let caller = caller("64050210221001", Role::GroupLeader);
    let units = caller.units::<FilePatrols>();
    Scope::of(caller, units)
}

fn patrol(words: &str) -> NewPatrol {
    serde_json::from_value(json!({
        "id": "01a20e35-9823-734f-9405-a8d66f878601", "unit": "64050210221001", "words": words,
        "started_at": "2026-11-24T07:00:00+08:00", "ended_at": "2026-11-24T07:40:00+08:00",
        "sightings": [
            {"kind": "abandoned", "lon": 105.2, "lat": 37.5, "seen_at": "2026-11-24T07:10:00+08:00"},
            {"kind": "illegal_house", "seen_at": "2026-11-24T07:20:00+08:00"}],
        "actions": [{"action": "persuaded", "at": "2026-11-24T07:15:00+08:00", "sighting": 0}],
    }))
    .unwrap()
}

/// Puts a parcel into the village that its code names.
async fn plant(app: &App, code: ParcelCode) {
    let query = sql("insert into parcels (id, code, unit, unit_since, dlbm, area, permanent, added, crs, \
                     geometry, shape, fingerprint, import_id, version, revision, created_at, updated_at) \
                     values (6405020000000001, $1, $2, '2024-01-01', '0102', 666.7, true, false, 4490, \
                     $3, $3, $3, 'test', 1, 1, 1, 1)")
    .bind(code.as_str().to_owned())
    .bind(code.village().as_str().to_owned())
    .bind(vec![0u8]);
    app.db().write(move |tx| async move { tx.execute(query).await }).await.unwrap();
}

both! {
    async fn the_same_patrol_twice_is_one_and_another_under_its_id_is_refused(db: Db, env) {
        let app = app(db, env, &UNITS).await;
        assert!(file(&app, &leader(), patrol("一切正常")).await.unwrap().new);
        assert!(!file(&app, &leader(), patrol("一切正常")).await.unwrap().new);
        let other = file(&app, &leader(), patrol("另一份")).await.err().unwrap();
        assert_eq!(other.kind(), error::CONFLICT);
        let cases: i64 = app.db().scalar(sql("select count(*) from cases")).await.unwrap();
        assert_eq!(cases, 2, "each sighting opened one case, once");
    }

    async fn each_queue_holds_what_is_its_own(db: Db, env) {
        let app = app(db, env, &UNITS).await;
        file(&app, &leader(), patrol("")).await.unwrap();
        let holder = |kind: &'static str| {
            let query = sql("select holder from cases where kind = ").push_bind("", kind);
            let db = app.db().clone();
            async move { db.scalar::<String>(query).await.unwrap() }
        };
        assert_eq!(holder("abandoned").await, "640502102210");
        assert_eq!(holder("illegal_house").await, "640502102000", "乱占耕地建房 goes to the township at once");
        for (unit, sees) in [("640502102", 1), ("640502103", 0), ("6405", 1), ("64050210221001", 1)] {
            let role = if unit.len() == 14 { Role::GroupLeader } else { Role::Chief };
            let units = caller(unit, role).units::<ReadPatrols>();
            let seen = crate::patrols::sql::list(app.db(), &units, &Default::default(), None, 10).await.unwrap();
            assert_eq!(seen.len(), sees, "{unit}");
            assert!(!caller(unit, role).units::<ReadCases>().is_empty());
        }
    }

    async fn nothing_half_is_kept(db: Db, env) {
        let app = app(db, env, &UNITS).await;
        let mut named = patrol("");
        named.sightings[0].photos = vec!["0".repeat(64)];
        let refused = file(&app, &leader(), named).await.err().unwrap();
        assert!(refused.sentence().contains("还没有上传"), "{}", refused.sentence());
        let mut elsewhere = patrol("");
        elsewhere.unit = "640502103200".to_owned();
        assert_eq!(file(&app, &leader(), elsewhere).await.err().unwrap().kind(), error::NOT_FOUND);
        let mut backwards = patrol("");
        backwards.ended_at = backwards.started_at.plus_seconds(-1);
        assert_eq!(file(&app, &leader(), backwards).await.err().unwrap().kind(), error::INVALID);
        let rows: i64 = app
            .db()
            .scalar(sql("select (select count(*) from patrols) + (select count(*) from cases)"))
            .await
            .unwrap();
        assert_eq!(rows, 0);
    }

    async fn the_same_patrol_sent_eight_times_at_once_is_one(db: Db, env) {
        let app = app(db, env, &UNITS).await;
        let files = (0..8).map(|_| {
            let app = app.clone();
            tokio::spawn(async move { file(&app, &leader(), patrol("一切正常")).await })
        });
        let filed = futures::future::join_all(files).await;
        let new: Vec<bool> = filed.into_iter().map(|f| f.unwrap().unwrap().new).collect();
        assert_eq!(new.iter().filter(|new| **new).count(), 1, "{new:?}");
        let cases: i64 = app.db().scalar(sql("select count(*) from cases")).await.unwrap();
        assert_eq!(cases, 2);
    }

    async fn a_shifted_position_is_converted_once_and_kept_as_it_came(db: Db, env) {
        let app = app(db, env, &UNITS).await;
        let mut shifted = patrol("");
        shifted.sightings[0].datum = Datum::Gcj02;
        file(&app, &leader(), shifted).await.unwrap();
        let query = sql("select datum, raw_lon, raw_lat, lon, lat from sightings where seq = 0");
        let row: (String, f64, f64, f64, f64) = app.db().first(query).await.unwrap().unwrap();
        assert_eq!((row.0.as_str(), row.1, row.2), ("gcj02", 105.2, 37.5));
        // The shift is 250 to 400 m here.
        let metres = ((row.3 - row.1) * 88_000.0).hypot((row.4 - row.2) * 111_000.0);
        assert!((200.0..500.0).contains(&metres), "{metres} m");
    }

    async fn what_lies_across_the_border_is_not_told(db: Db, env) {
        let app = app(db, env, &UNITS).await;
        let village = RegionCode::parse("640502103200").unwrap();
        let theirs = ParcelCode::mint(&village, 0, 50_001).unwrap();
        plant(&app, theirs).await;
        let mut named = patrol("");
        named.sightings[0].parcel = Some(theirs.to_string());
        let refused = file(&app, &leader(), named.clone()).await.err().unwrap().sentence();
        let nowhere = ParcelCode::mint(&village, 0, 50_002).unwrap();
        named.sightings[0].parcel = Some(nowhere.to_string());
        assert_eq!(file(&app, &leader(), named).await.err().unwrap().sentence(), refused);

        // What was seen across the border is a case there, but its place's name is not given away.
        file(&app, &leader(), patrol("")).await.unwrap();
        let moved = sql("update sightings set unit = '640502103200' where seq = 0");
        app.db().write(move |tx| async move { tx.execute(moved).await }).await.unwrap();
        let ids = [patrol("").id];
        let mine = crate::patrols::sql::sightings(app.db(), &leader().units, &ids).await.unwrap();
        assert_eq!((mine[0].unit, mine[1].unit.is_some()), (None, true));
        let city = caller("6405", Role::Chief).units::<ReadPatrols>();
        let all = crate::patrols::sql::sightings(app.db(), &city, &ids).await.unwrap();
        assert!(all.iter().all(|s| s.unit.is_some()));
    }
}
