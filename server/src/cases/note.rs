//! What another part of the program has to add to a case: an event that changes neither state nor turn.

use serde_json::Value as Json;

use super::change::Change;
use super::sql::{self, NewEvent};
use super::workflow::Action;
use crate::auth::Caller;
use crate::db::{Timestamp, Tx};
use crate::error::{self, Problem};

/// Adds a note. The caller adds the audit entry, because one entry may tell of many notes.
///
/// 404 when there is no such case, 409 when somebody acts on it at the same moment in another process.
pub async fn note(
    tx: &Tx,
    case: &str,
    by: &Caller,
    words: &str,
    detail: Json,
    now: Timestamp,
) -> Result<(), Problem> {
    let case = sql::find(tx, case).await?.ok_or_else(Problem::not_found)?;
    if !sql::advance(tx, &case, &Change::none(&case), now).await? {
        return Err(Problem::new(error::CONFLICT).detail("线索正由他人处理，请重试。"));
    }
    let event = NewEvent {
        case: &case.id,
        seq: case.version + 1,
        at: now,
        account: &by.account,
        name: &by.name,
        action: Action::Comment.name(),
        from: case.state.0,
        to: case.state.0,
        words: Some(words),
        detail,
    };
    sql::insert_event(tx, event).await?;
    Ok(())
}
