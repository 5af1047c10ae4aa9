//! The register of persons, on both databases.

use gengwei_proto::RegionCode;

use super::*;
use crate::auth::Held;
use crate::auth::rights::{Right, SeePersons};
use crate::cases::{Kind, NewCase, Source};
use crate::db::testing::both;
use crate::error;
use crate::grid::appointments::Role;

fn director() -> Caller {
    let county = RegionCode::parse("640502").unwrap();
    Caller {
        account: "d".to_owned(),
        login: "director".to_owned(),
        name: "主任".to_owned(),
        person: None,
        admin: None,
        held: vec![Held { unit: county, role: Role::OfficeDirector }],
    }
}

async fn opened(app: &App) -> String {
    let at = app.clone();
    let new = NewCase {
        unit: RegionCode::parse("640502100001").unwrap(),
        source: Source::ImageryEnforcement,
        kind: Kind::IllegalHouse,
        parcel: None,
        place: None,
        words: None,
        by: "d".to_owned(),
        name: "主任".to_owned(),
        facts: serde_json::Value::Null,
    };
    app.db().write(move |tx| async move { crate::cases::open(&tx, &at, new).await }).await.unwrap()
}

fn person(words: &str) -> Person {
    Person {
        name: "某甲".to_owned(), post: None, words: words.to_owned(), document: Some("1号".to_owned())
    }
}

both! {
async fn entries_are_sealed_only_added_and_every_reading_is_logged(db: Db, env) {
    let app = crate::db::testing::app(db, env, &[]).await;
    let case = opened(&app).await;
    let first = record(&app, &director(), &case, None, Destination::Police, &person("涉嫌非法占地")).await.unwrap();
    let about = Some(first.clone());
    record(&app, &director(), &case, about, Destination::Police, &person("已立案")).await.unwrap();
    let unknown = record(&app, &director(), &case, Some("x".to_owned()), Destination::Unit, &person("x")).await;
    assert_eq!(unknown.unwrap_err().kind(), error::INVALID);

    let entries = read(&app, &director(), &case).await.unwrap();
    assert_eq!(entries.iter().map(|e| &*e.person.words).collect::<Vec<_>>(), ["涉嫌非法占地", "已立案"]);
    assert_eq!(entries[1].about.as_deref(), Some(&*first));
    for stored in sql::all(app.db(), &case).await.unwrap() {
        assert!(!stored.sealed.windows(6).any(|bytes| bytes == "某甲".as_bytes()), "not in clear");
        // Bytes put under another case do not open.
        assert!(opened_elsewhere(&app, stored).is_err());
    }
    // Neither the case nor the log tells who.
    let events = crate::cases::sql::events(app.db(), &case, 0).await.unwrap();
    assert!(events.iter().all(|event| !event.detail.contains("某甲")));
    let verdict = crate::audit::verify(app.db()).await.unwrap();
    assert!(matches!(verdict, crate::audit::Verdict::Sound(_)));
}
}

fn opened_elsewhere(app: &App, stored: sql::Stored) -> Result<Entry> {
    super::opened(app, "another case", stored)
}

#[test]
fn only_the_named_roles_of_county_and_city_see_it() {
    use gengwei_proto::Level;
    for role in Role::all() {
        for level in [Level::City, Level::County, Level::Township, Level::Village, Level::Group] {
            let named = matches!(role, Role::OfficeDirector | Role::Chief) && level <= Level::County;
            assert_eq!(SeePersons::granted(role, level), named, "{role} {level:?}");
        }
    }
}
