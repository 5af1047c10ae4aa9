//! Filing patrols, on both databases.

use serde_json::json;

use super::{NewPatrol, file};
use crate::auth::rights::{FilePatrols, ReadCases, ReadPatrols};
use crate::auth::{Caller, Held, Scope};
use crate::db::testing::{app, both};
use crate::db::{Session, sql};
use crate::error;
use crate::grid::appointments::Role;
use gengwei_proto::RegionCode;

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
}
