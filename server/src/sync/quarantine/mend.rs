//! Somebody looks at a record in quarantine: it is tried again, as it came or mended, or dismissed.

use serde_json::json;

use super::{State, sql};
use crate::auth::Caller;
use crate::error::{self, Problem, Result};
use crate::state::App;
use crate::sync::place::Placed;
use crate::sync::receive::Arrived;
use crate::sync::store::{self, Context, Item};

/// Applies a record that waits, or `mended` in its place. What the device sent stays in the inbox as it is.
///
/// 404 when there is no such record, 409 when it waits no more, 422 with the reason when it still cannot be applied.
pub async fn retry(app: &App, by: &Caller, id: &str, mended: Option<Vec<u8>>) -> Result<()> {
    let kept = sql::find(app.db(), id).await?.ok_or_else(Problem::not_found)?;
    let number = u32::try_from(kept.device).map_err(Problem::internal)?;
    let device = app.registry().get(app.db(), app.keys(), number).await?.ok_or_else(Problem::not_found)?;
    let (context, by, id) = (Context::new(app), by.clone(), id.to_owned());
    let epoch = u32::try_from(kept.epoch).map_err(Problem::internal)?;
    let seq = u32::try_from(kept.seq).map_err(Problem::internal)?;
    app.db()
        .write(move |tx| async move {
            let record = Arrived::new(seq, mended.as_deref().unwrap_or(&kept.record));
            let placed = Placed { at: kept.at, spread: None };
            let item = Item { device: &device, epoch, record: &record, placed };
            decide(&tx, &by, &id, State::Applied, mended.as_deref(), context.now).await?;
            match store::apply(&tx, &context, &[item]).await?.first() {
                Some(still) => Err(Problem::new(error::INVALID).detail(still.why())),
                None => Ok(()),
            }
        })
        .await
}

/// Dismisses a record that waits: nothing will follow from it. It stays in the inbox.
pub async fn dismiss(app: &App, by: &Caller, id: &str) -> Result<()> {
    sql::find(app.db(), id).await?.ok_or_else(Problem::not_found)?;
    let (by, id, now) = (by.clone(), id.to_owned(), app.env().now());
    app.db().write(move |tx| async move { decide(&tx, &by, &id, State::Dismissed, None, now).await }).await
}

async fn decide(
    tx: &crate::db::Tx,
    by: &Caller,
    id: &str,
    state: State,
    mended: Option<&[u8]>,
    now: crate::db::Timestamp,
) -> Result<()> {
    if !sql::decide(tx, id, state, mended, &by.login, now).await? {
        return Err(Problem::new(error::CONFLICT).detail("这条记录已经处理过了。"));
    }
    let detail = json!({"state": state, "mended": mended.is_some()});
    tx.audit(by.entry("quarantine.decide", id).detail(detail));
    Ok(())
}
