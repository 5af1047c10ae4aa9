//! What the writer and the audit chain promise, on both databases.

use super::testing::both;
use super::{Bulk, Session, Topic, sql};
use crate::audit::{Entry, Verdict, verify};
use crate::error::Problem;

both! {
async fn a_job_that_fails_takes_nobody_with_it(db: Db, _) {
    let jobs = (0..50i64).map(|n| {
        let db = db.clone();
        tokio::spawn(async move {
            db.write(move |tx| async move {
                tx.execute(sql("insert into serials (prefix, next) values ($1, $2)").bind(n.to_string()).bind(n))
                    .await?;
                tx.audit(Entry::new("test", "test.insert", n.to_string()));
                if n % 5 == 0 { Err(Problem::not_found()) } else { Ok(n) }
            })
            .await
        })
    });
    let mut stored = 0;
    for job in futures::future::join_all(jobs).await {
        stored += i64::from(job.unwrap().is_ok());
    }
    assert_eq!(stored, 40);
    let count: i64 = db.scalar(sql("select count(*) from serials")).await.unwrap();
    assert_eq!(count, 40);
    // Only what stands is in the log, after the anchor that begins the chain.
    assert_eq!(verify(&db).await.unwrap(), Verdict::Sound(41));
}

async fn a_job_that_panics_is_told_as_an_error(db: Db, _) {
    let result: Result<(), Problem> = db.write(|_| async { panic!("boom") }).await;
    assert!(result.is_err());
    let result: Result<i64, Problem> = db.write(|tx| async move { Ok(tx.touch(Topic::Grid).await?) }).await;
    assert_eq!(result.unwrap(), 1);
}

async fn an_altered_entry_breaks_the_chain(db: Db, _) {
    for n in 0..3 {
        let entry = Entry::new("test", "test.act", n.to_string());
        db.write(move |tx| async move {
            tx.audit(entry);
            Ok::<_, Problem>(())
        })
        .await
        .unwrap();
    }
    assert_eq!(verify(&db).await.unwrap(), Verdict::Sound(4));
    db.write(|tx| async move { tx.execute(sql("update audit set subject = 'x' where seq = 3")).await })
        .await
        .unwrap();
    assert!(matches!(verify(&db).await.unwrap(), Verdict::Broken { seq: 3, .. }));
}

async fn text_with_a_nul_is_refused_before_it_reaches_the_database(db: Db, _) {
    let query = sql("select count(*) from serials where prefix = $1").bind("a\0b");
    let problem = Problem::from(db.scalar::<i64>(query).await.unwrap_err());
    assert_eq!(problem.kind(), crate::error::INVALID);
}

async fn a_bulk_insert_keeps_every_row_and_its_nulls(db: Db, _) {
    let count = 12_345i64;
    db.write(move |tx| async move {
        tx.execute(sql("create table kinds (n bigint primary key, r double precision, b boolean, t text, x bytea)"))
            .await?;
        let mut rows = Bulk::new("insert into kinds (n, r, b, t, x)", " on conflict (n) do nothing");
        for n in (0..count).chain(0..10) {
            let odd = n % 2 == 1;
            rows.row(vec![
                n.into(),
                odd.then_some(0.5).into(),
                odd.then_some(true).into(),
                odd.then(|| format!("田{n}")).into(),
                odd.then(|| vec![0, 255]).into(),
            ]);
        }
        Ok::<_, Problem>(tx.insert(rows).await?)
    })
    .await
    .unwrap();
    let whole = "select count(*), count(r), count(b), count(t), count(x) from kinds";
    let counts: Option<(i64, i64, i64, i64, i64)> = db.first(sql(whole)).await.unwrap();
    let odd = count / 2;
    assert_eq!(counts, Some((count, odd, odd, odd, odd)));
    let row = db.first(sql("select r, b, t, x from kinds where n = 12343")).await.unwrap();
    assert_eq!(row, Some((0.5, true, "田12343".to_owned(), vec![0u8, 255])));
}

async fn a_bulk_insert_that_returns_tells_what_is_new(db: Db, _) {
    let insert = |from: i64, to: i64| {
        let db = db.clone();
        async move {
            db.write(move |tx| async move {
                let head = "insert into serials (prefix, next)";
                let mut rows = Bulk::new(head, " on conflict (prefix) do nothing returning next");
                for n in from..to {
                    rows.row(vec![n.to_string().into(), n.into()]);
                }
                Ok::<_, Problem>(tx.insert_returning::<(i64,)>(rows).await?)
            })
            .await
            .unwrap()
        }
    };
    assert_eq!(insert(0, 3).await, [(0,), (1,), (2,)]);
    assert_eq!(insert(1, 5).await, [(3,), (4,)]);
}

async fn a_bulk_insert_refuses_a_nul(db: Db, _) {
    let result = db.write(|tx| async move {
        let mut rows = Bulk::new("insert into serials (prefix, next)", "");
        rows.row(vec!["a".into(), 1i64.into()]);
        rows.row(vec!["a\0b".into(), 1i64.into()]);
        Ok::<_, Problem>(tx.insert(rows).await?)
    });
    assert_eq!(result.await.unwrap_err().kind(), crate::error::INVALID);
    assert_eq!(db.scalar::<i64>(sql("select count(*) from serials")).await.unwrap(), 0);
}
}
