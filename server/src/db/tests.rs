//! What the writer and the audit chain promise, on both databases.

use super::testing::both;
use super::{Session, Topic, sql};
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
}
