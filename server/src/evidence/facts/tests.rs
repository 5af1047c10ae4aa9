//! Facts and their chains, on both databases.

use bytes::Bytes;

use super::{Facts, chain, hand_in};
use crate::auth::Caller;
use crate::db::testing::both;
use crate::db::{Db, sql};
use crate::error;
use crate::evidence::{self, Photo};

fn caller(account: &str) -> Caller {
    Caller {
        account: account.to_owned(),
        login: account.to_owned(),
        name: "张三".to_owned(),
        person: None,
        admin: None,
        held: Vec::new(),
    }
}

async fn photo(db: &Db, number: u8) -> String {
    let photo = Photo::new(Bytes::from(vec![0xFF, 0xD8, 0xFF, number]), 100).unwrap();
    let sha256 = photo.sha256.clone();
    db.write(move |tx| async move { evidence::record(&tx, &photo, "a", crate::db::Timestamp(0)).await })
        .await
        .unwrap();
    sha256
}

fn facts(device: Option<&str>) -> Facts {
    Facts { device: device.map(str::to_owned), azimuth: Some(12.5), ..Facts::default() }
}

async fn altered(db: &Db, statement: &'static str) {
    db.write(move |tx| async move { tx.execute(sql(statement)).await }).await.unwrap();
}

both! {
async fn facts_are_handed_in_once(db: Db, env) {
    let sha256 = photo(&db, 1).await;
    assert!(hand_in(&db, &caller("a"), &sha256, &facts(None), env.now()).await.unwrap());
    assert!(!hand_in(&db, &caller("a"), &sha256, &facts(None), env.now()).await.unwrap());
    let other = Facts { azimuth: Some(13.0), ..facts(None) };
    let problem = hand_in(&db, &caller("a"), &sha256, &other, env.now()).await.unwrap_err();
    assert_eq!(problem.kind(), error::CONFLICT);
    // Somebody else says of the same photo what he knows.
    assert!(hand_in(&db, &caller("b"), &sha256, &other, env.now()).await.unwrap());
    let absent = "0".repeat(64);
    let problem = hand_in(&db, &caller("a"), &absent, &other, env.now()).await.unwrap_err();
    assert_eq!(problem.kind(), error::NOT_FOUND);
    let impossible = Facts { azimuth: Some(361.0), lon: Some(1.0), ..facts(None) };
    let problem = hand_in(&db, &caller("c"), &sha256, &impossible, env.now()).await.unwrap_err();
    assert_eq!(problem.kind(), error::INVALID);
}

async fn a_chain_holds_until_something_in_it_is_changed(db: Db, env) {
    for number in 0..5 {
        let sha256 = photo(&db, number).await;
        let device = if number == 3 { Some("pad-1") } else { None };
        hand_in(&db, &caller("a"), &sha256, &facts(device), env.now()).await.unwrap();
    }
    assert_eq!(chain::verify(&db).await.unwrap(), Ok(5));
    altered(&db, "update capture_facts set body = replace(body, '12.5', '13.5') where chain = 'a' and seq = 2").await;
    let broken = chain::verify(&db).await.unwrap().unwrap_err();
    assert_eq!((broken.chain.as_str(), broken.seq), ("a", 2));
    altered(&db, "update capture_facts set body = replace(body, '13.5', '12.5') where chain = 'a' and seq = 2").await;
    assert_eq!(chain::verify(&db).await.unwrap(), Ok(5));
    // The photo that a link names is part of it.
    altered(&db, "update evidence set sm3 = 'other' where sha256 = \
                  (select sha256 from capture_facts where chain = 'a/pad-1')").await;
    assert_eq!(chain::verify(&db).await.unwrap().unwrap_err().chain, "a/pad-1");
    altered(&db, "delete from capture_facts where chain = 'a/pad-1'").await;
    altered(&db, "delete from capture_facts where chain = 'a' and seq = 3").await;
    assert_eq!(chain::verify(&db).await.unwrap().unwrap_err().seq, 4);
}

async fn photos_handed_in_at_once_stand_one_behind_the_other(db: Db, env) {
    let (leader, facts) = (caller("a"), facts(None));
    let mut photos = Vec::new();
    for number in 0..20 {
        photos.push(photo(&db, number).await);
    }
    let all = photos.iter().map(|sha256| hand_in(&db, &leader, sha256, &facts, env.now()));
    for new in futures::future::join_all(all).await {
        assert!(new.unwrap());
    }
    assert_eq!(chain::verify(&db).await.unwrap(), Ok(20));
}
}
