//! Withdrawing a batch: nothing is deleted, everything it caused is marked: patches, cases, their notices. Tasks that
//! are still open in the field are taken back, so that nobody goes there in vain.

use serde_json::json;

use super::{State, sql};
use crate::auth::Caller;
use crate::cases;
use crate::db::Tx;
use crate::error::{self, Problem};
use crate::notices::{self, NewNotice, Subject, To};
use crate::state::App;

/// Withdraws a batch: its patches no longer count; its cases are marked, get a note that says so and go on until a
/// person closes them; whoever has their turn is told once. Answers how many cases it had opened.
///
/// 409 when it was withdrawn before or is being imported.
pub async fn withdraw(tx: &Tx, app: &App, by: &Caller, batch: &str, why: &str) -> Result<usize, Problem> {
    let now = app.env().now();
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
    let holders = cases::withdraw_source(tx, &cases, now).await?;
    for (holder, (first, count)) in holders {
        let notice = NewNotice {
            to: To::Unit(holder),
            subject: Subject::Case,
            subject_id: first,
            urgent: false,
            title: format!("变化图斑批次已撤回，涉及在办线索 {count} 条"),
            words: Some(why.to_owned()),
            once: None,
        };
        notices::raise(tx, app.env(), notice).await?;
    }
    tx.audit(by.entry("patches.withdraw", batch).detail(json!({ "why": why, "cases": cases.len() })));
    Ok(cases.len())
}
