//! Notices as stories, on both databases.

use gengwei_proto::RegionCode;

use super::*;
use crate::auth::Held;
use crate::db::Db;
use crate::db::testing::both;
use crate::grid::appointments::Role;

const TOWNSHIP: &str = "640502100";

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

fn caller(account: &str, role: Role) -> Caller {
    Caller {
        account: account.to_owned(),
        login: account.to_owned(),
        name: account.to_owned(),
        person: None,
        admin: None,
        held: vec![Held { unit: region(TOWNSHIP), role }],
    }
}

async fn raised(db: &Db, env: &Env, to: To, once: Option<&str>) -> bool {
    let (env, once) = (env.clone(), once.map(str::to_owned));
    db.write(move |tx| async move {
        let new = NewNotice {
            to,
            subject: Subject::Case,
            subject_id: "a case".to_owned(),
            urgent: false,
            title: "线索即将到期".to_owned(),
            words: None,
            once,
        };
        raise(&tx, &env, new).await
    })
    .await
    .unwrap()
}

async fn ids(db: &Db, by: &Caller, unread: bool) -> Vec<String> {
    let listed = sql::list(db, &by.account, &recipients(by), unread, None, 10).await.unwrap();
    listed.into_iter().map(|notice| notice.id).collect()
}

async fn unread(db: &Db, by: &Caller) -> i64 {
    sql::unread(db, &by.account, &recipients(by), 3).await.unwrap()
}

both! {
async fn a_unit_s_notices_are_read_by_its_officers_each_for_himself(db: Db, env) {
    let (one, two) = (caller("one", Role::Officer), caller("two", Role::Chief));
    let liaison = caller("three", Role::Member);
    for _ in 0..2 {
        raised(&db, &env, To::Unit(region(TOWNSHIP)), None).await;
    }
    raised(&db, &env, To::Unit(region("640502101")), None).await;
    raised(&db, &env, To::Account("one".to_owned()), None).await;
    assert_eq!((unread(&db, &one).await, unread(&db, &two).await, unread(&db, &liaison).await), (3, 2, 0));

    let all = ids(&db, &one, false).await;
    assert!(all.is_sorted_by(|a, b| a > b), "the newest first");
    let oldest = all[2].clone();
    let now = env.now();
    db.write(move |tx| async move { sql::mark(&tx, "one", &oldest, now).await }).await.unwrap();
    assert_eq!(ids(&db, &one, true).await, all[..2]);
    assert_eq!(unread(&db, &two).await, 2, "another's reading is his own");

    // All up to the newest; a late click on an older one takes nothing back.
    for (id, later) in [(all[0].clone(), 0), (all[0].clone(), 2 * 3600), (all[2].clone(), 3 * 3600)] {
        let (to, now) = (recipients(&one), now.plus_seconds(later));
        db.write(move |tx| async move { sql::mark_to(&tx, "one", &to, &id, now).await }).await.unwrap();
        assert_eq!(unread(&db, &one).await, 0);
    }
    assert!(raised(&db, &env, To::Account("one".to_owned()), None).await);
    assert_eq!(unread(&db, &one).await, 1);
}

async fn what_is_raised_once_stays_one(db: Db, env) {
    let to = || To::Unit(region(TOWNSHIP));
    assert!(raised(&db, &env, to(), Some("case 1 due")).await);
    assert!(!raised(&db, &env, to(), Some("case 1 due")).await);
    assert!(raised(&db, &env, to(), Some("case 1 overdue")).await);
    // Without a key each is one of its own.
    assert!(raised(&db, &env, to(), None).await && raised(&db, &env, to(), None).await);
    // Counting stops where a screen stops caring.
    assert_eq!(unread(&db, &caller("one", Role::Officer)).await, 3);
}

async fn a_notice_of_others_is_none(db: Db, env) {
    raised(&db, &env, To::Unit(region("640502101")), None).await;
    let neighbour = ids(&db, &Caller { held: vec![Held { unit: region("640502101"), role: Role::Officer }],
        ..caller("n", Role::Officer) }, false).await;
    let mine = recipients(&caller("one", Role::Officer));
    assert!(!sql::is_for(&db, &neighbour[0], &mine).await.unwrap());
}
}
