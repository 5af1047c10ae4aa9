//! Posts from which nothing comes any more.

use gengwei_proto::RegionCode;

use super::sql;
use crate::db::{Db, Timestamp};
use crate::env::Env;
use crate::error::Problem;
use crate::notices::{self, NewNotice, Subject};

/// The most posts that are looked at in one transaction.
const AT_A_TIME: i64 = 200;

/// Marks posts that were heard of last before a moment as silent and tells those responsible; answers how many.
/// A post that speaks again is silent no more, and may fall silent anew.
pub async fn note_silent(db: &Db, env: &Env, before: Timestamp) -> Result<usize, Problem> {
    let mut count = 0;
    loop {
        let silent = sql::silent_since(db, before, AT_A_TIME).await?;
        if silent.is_empty() {
            return Ok(count);
        }
        let env = env.clone();
        count += db
            .write(move |tx| async move {
                let mut told = 0;
                for (device, post, unit, seen) in silent {
                    let now = env.now();
                    // Another process may have been faster, or the post spoke a moment ago.
                    if !sql::set_silent(&tx, device, before, now).await? {
                        continue;
                    }
                    told += 1;
                    for notice in notices_of(device, post, &unit.0, seen) {
                        notices::raise(&tx, &env, notice).await?;
                    }
                }
                Ok::<_, Problem>(told)
            })
            .await?;
    }
}

fn notices_of(
    device: i64,
    post: Option<i64>,
    unit: &RegionCode,
    seen: Timestamp,
) -> impl Iterator<Item = NewNotice> {
    let title = match post {
        Some(post) => format!("警示桩 {post} 没有消息"),
        None => format!("设备 {device} 没有消息"),
    };
    notices::of_place(unit).into_iter().map(move |to| NewNotice {
        once: Some(format!("silent/{device}/{}/{}", seen.0, to.key())),
        to,
        subject: Subject::Device,
        subject_id: device.to_string(),
        urgent: false,
        title: title.clone(),
        words: Some(format!("最后一次收到消息：{seen}")),
    })
}
