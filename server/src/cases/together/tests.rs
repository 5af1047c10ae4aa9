//! Offered with distance and reason, joined and split by a person, on both databases.

use gengwei_proto::RegionCode;

use super::*;
use crate::auth::Units;
use crate::cases::{self, Kind, NewCase, Source};
use crate::db::testing::{app, both, somebody};
use crate::state::App;

const NEAR: f64 = 100.0;

const UNITS: [(&str, &str); 4] =
    [("6405", "中卫市"), ("640502", "沙坡头区"), ("640502102", "东园镇"), ("640502102210", "白桥村")];

fn unit(code: &str) -> RegionCode {
    RegionCode::parse(code).expect("a code")
}

async fn open(app: &App, source: Source, place: Option<(f64, f64)>, parcel: Option<i64>) -> String {
    let (parts, by) = (app.clone(), somebody());
    let new = NewCase {
        unit: unit("640502102210"),
        source,
        kind: Kind::Building,
        parcel,
        place,
        words: None,
        by: by.account,
        name: by.name,
        facts: serde_json::Value::Null,
    };
    app.db().write(move |tx| async move { cases::open(&tx, &parts, new).await }).await.expect("opened")
}

async fn join_them(app: &App, leader: &str, member: &str) -> Result<(), Problem> {
    let (leader, member, now) = (leader.to_owned(), member.to_owned(), app.env().now());
    let units = Units::new([unit("6405")]);
    app.db()
        .write(move |tx| async move { join(&tx, &somebody(), &units, NEAR, &leader, &member, now).await })
        .await
}

both! {
    async fn near_cases_are_offered_joined_and_split(db: Db, env) {
        let app = app(db, env, &UNITS).await;
        let everywhere = Units::new([unit("6405")]);
        let patrol = open(&app, Source::Patrol, Some((105.2, 37.5)), Some(1)).await;
        // 0.0005° of longitude are 44 m here, 0.0009° of latitude 100 m.
        let report = open(&app, Source::Report, Some((105.2005, 37.5)), None).await;
        let far = open(&app, Source::Report, Some((105.2, 37.502)), None).await;
        let same_field = open(&app, Source::Report, None, Some(1)).await;

        let found = offered(app.db(), &everywhere, &patrol, NEAR).await.expect("read");
        let told: Vec<_> = found.iter().map(|o| (o.case.as_str(), o.reason.as_str())).collect();
        assert_eq!(told, [(report.as_str(), "相距 44 米"), (same_field.as_str(), "在同一地块")]);
        assert!(found[0].distance.is_some_and(|d| (d - 44.2).abs() < 0.3), "{found:?}");
        assert_eq!(found[1].distance, None);
        let nobody = Units::new([unit("640521")]);
        assert_eq!(offered(app.db(), &nobody, &patrol, NEAR).await.expect("read"), []);

        join_them(&app, &patrol, &report).await.expect("joined");
        let members = sql::members(app.db(), &patrol).await.expect("read");
        assert_eq!(members.iter().map(|m| m.member_id.as_str()).collect::<Vec<_>>(), [report.as_str()]);
        assert_eq!(offered(app.db(), &everywhere, &patrol, NEAR).await.expect("read").len(), 1);
        for (leader, member, kind) in
            [(&patrol, &patrol, "invalid"), (&far, &report, "conflict"), (&report, &far, "conflict")]
        {
            assert_eq!(join_them(&app, leader, member).await.expect_err("refused").kind().name, kind);
        }
        // Both have a note that says so; a far one is refused with both distances.
        for case in [&patrol, &report] {
            let events = cases::sql::events(app.db(), case, 1).await.expect("read");
            assert!(events[0].words.as_deref().is_some_and(|w| w.contains("并案办理：相距 44 米")), "{events:?}");
        }
        let refused = join_them(&app, &patrol, &far).await.expect_err("too far").sentence();
        assert!(refused.contains("相距 222 米，超过并案的距离上限 100 米"), "{refused}");
        let nowhere = open(&app, Source::Report, None, Some(2)).await;
        let refused = join_them(&app, &patrol, &nowhere).await.expect_err("nowhere").sentence();
        assert!(refused.contains("没有位置"), "{refused}");
        // On one field, and yet too far.
        let other_end = open(&app, Source::Report, Some((105.2, 37.502)), Some(1)).await;
        assert_eq!(join_them(&app, &patrol, &other_end).await.expect_err("too far").kind().name, "invalid");
        // When the leader follows another, so do its members.
        join_them(&app, &same_field, &patrol).await.expect("joined");
        assert_eq!(sql::members(app.db(), &same_field).await.expect("read").len(), 2);

        let (leader, member, now) = (same_field.clone(), report.clone(), app.env().now());
        let apart = move || {
            let (db, leader, member) = (app.db().clone(), leader.clone(), member.clone());
            async move {
                let work = move |tx: Tx| async move {
                    split(&tx, &somebody(), &leader, &member, "不是同一地点", now).await
                };
                db.write(work).await
            }
        };
        apart().await.expect("split");
        assert_eq!(apart().await.expect_err("it has left").kind().name, "not-found");
    }
}
