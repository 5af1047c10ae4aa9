//! Patrols of which no end ever comes: the battery died, or the tablet was lost on the way home.

use super::{Person, sql};
use crate::db::Timestamp;
use crate::error::Problem;
use crate::state::App;
use crate::sync::store::Context;

/// The most patrols that are looked at in one transaction.
const AT_A_TIME: i64 = 200;

/// What the ledger says of such a patrol.
const WORDS: &str = "没有收到结束记录，以最后一条记录的时间为结束。";

/// Files the patrols that began before a moment and have no end, so that the ledger does not lack them; answers how
/// many. The last thing known of a patrol counts as its end, until an end does come.
pub async fn file_unended(app: &App, before: Timestamp) -> Result<usize, Problem> {
    let (mut count, mut after) = (0, String::new());
    loop {
        let unended = sql::unended(app.db(), before, &after, AT_A_TIME).await?;
        let Some(last) = unended.last() else { return Ok(count) };
        after.clone_from(&last.id);
        let context = Context::new(app);
        count += app
            .db()
            .write(move |tx| async move {
                let mut filed = 0;
                for patrol in unended {
                    // Whoever may not file patrols now may again: his stays as it is until then.
                    let by = Person::holding(&tx, &context, &patrol.account_id, patrol.device()).await;
                    let Ok(by) = by else { continue };
                    let Some(mut patrol) = sql::patrol(&tx, &patrol.id).await? else { continue };
                    if patrol.ended_at.is_some() || patrol.filed_at.is_some() {
                        continue;
                    }
                    patrol.ended_at = sql::last_known(&tx, &patrol.id).await?.or(patrol.started_at);
                    patrol.words = Some(WORDS.to_owned());
                    by.file_ended(&patrol).await?;
                    filed += 1;
                }
                Ok::<_, Problem>(filed)
            })
            .await?;
    }
}
