//! Withdrawing a batch: nothing is deleted, everything it caused is marked.

use serde_json::json;

use super::{State, sql};
use crate::auth::Caller;
use crate::cases;
use crate::db::{Timestamp, Tx};
use crate::error::{self, Problem};

/// Withdraws a batch: its patches no longer count, its cases get a note that says so and go on until a person
/// closes them. Answers how many cases it had opened.
///
/// 409 when it was withdrawn before or is being imported.
pub async fn withdraw(
    tx: &Tx,
    by: &Caller,
    batch: &str,
    why: &str,
    now: Timestamp,
) -> Result<usize, Problem> {
    let row = sql::batch(tx, batch).await?.ok_or_else(Problem::not_found)?;
    if matches!(row.state.0, State::Waiting | State::Running) {
        return Err(Problem::new(error::CONFLICT).detail("批次正在导入，请等导入结束后再撤回。"));
    }
    if !sql::withdraw(tx, batch, why, now).await? {
        return Err(Problem::new(error::CONFLICT).detail("批次已经撤回。"));
    }
    let cases = sql::withdraw_patches(tx, batch, now).await?;
    let words = format!("来源批次已撤回：{why}");
    for case in &cases {
        cases::note(tx, case, by, &words, json!({ "withdrawn_batch": batch }), now).await?;
    }
    tx.audit(by.entry("patches.withdraw", batch).detail(json!({ "why": why, "cases": cases.len() })));
    Ok(cases.len())
}
