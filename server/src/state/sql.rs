//! SQL of the revisions that tell a process when its snapshots are old.

use crate::db::{Session, Topic, sql};

/// The present revision of a topic; 0 before its first change.
pub(super) async fn revision(on: &impl Session, topic: Topic) -> sqlx::Result<i64> {
    let query = sql("select value from revisions where topic = $1").bind(topic.name());
    Ok(on.first::<(i64,)>(query).await?.map_or(0, |(value,)| value))
}
