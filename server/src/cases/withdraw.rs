//! Cases whose source was withdrawn: marked, with all that tells of them.

use std::collections::BTreeMap;

use gengwei_proto::RegionCode;

use super::sql;
use crate::db::{Timestamp, Tx};
use crate::error::Problem;
use crate::{notices, tasks};

/// Marks cases and the notices of them and of their tasks, and takes open tasks back. Answers who has the turn of
/// those that are open: the first such case, and how many.
pub async fn withdraw_source(
    tx: &Tx,
    ids: &[String],
    now: Timestamp,
) -> Result<BTreeMap<RegionCode, (String, usize)>, Problem> {
    sql::withdraw_source(tx, ids, now).await?;
    let tasks = tasks::withdraw_all(tx, ids).await?;
    notices::sql::withdraw(tx, ids, now).await?;
    notices::sql::withdraw(tx, &tasks, now).await?;
    let mut holders: BTreeMap<RegionCode, (String, usize)> = BTreeMap::new();
    for (id, holder) in sql::open_holders(tx, ids).await? {
        holders.entry(holder.0).or_insert((id, 0)).1 += 1;
    }
    Ok(holders)
}
