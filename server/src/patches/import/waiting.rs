//! Batches that came over HTTP: the file lies in this process's folder ([`folder`]), named by its batch, until the
//! batch has ended. A process that was killed finds it there again.

use super::{Options, begin, process};
use crate::auth::Caller;
use crate::imports::folder;
use crate::patches::{State, sql};
use crate::state::App;

/// Takes over an uploaded file that is on disk; answers the batch and whether the same file came before.
pub async fn accept(
    app: &App,
    by: &Caller,
    name: &str,
    file: tempfile::TempPath,
    options: &Options,
) -> anyhow::Result<(String, bool)> {
    let begun = begin(app, by, name, &file, options).await?;
    let batch = sql::batch(app.db(), &begun.id).await?;
    if batch.is_none_or(|batch| matches!(batch.state.0, State::Done | State::Withdrawn)) {
        return Ok((begun.id, begun.again));
    }
    folder::keep(app, &begun.id, folder::PATCHES, file).await?;
    Ok((begun.id, begun.again))
}

/// Imports whatever waits in this process's folder, one batch after the other; answers how many.
pub async fn run_waiting(app: &App) -> anyhow::Result<usize> {
    let mut done = 0;
    let ended = |state: State| matches!(state, State::Done | State::Withdrawn);
    for (batch, file) in folder::waiting(app, folder::PATCHES)? {
        if let Some(row) = sql::batch(app.db(), &batch).await?.filter(|row| !ended(row.state.0)) {
            let imported = match row.restored() {
                Ok((by, options)) => {
                    process(app, &by, Some(batch.clone()), &file, &options, None, |_, _| {}).await
                }
                Err(error) => Err(fail(app, &batch, error).await?),
            };
            match imported {
                Ok(report) => tracing::info!(batch, counts = %report.counts, "patches imported"),
                Err(error) => tracing::warn!(batch, %error, "patches could not be imported"),
            }
            done += 1;
        }
        // What neither ended nor failed for a reason that stands in the batch is tried again.
        let row = sql::batch(app.db(), &batch).await?;
        if row.is_none_or(|row| ended(row.state.0) || row.state.0 == State::Failed) {
            tokio::fs::remove_file(&file).await?;
        }
    }
    Ok(done)
}

/// A batch that cannot be read back will never be imported.
async fn fail(app: &App, batch: &str, error: serde_json::Error) -> anyhow::Result<anyhow::Error> {
    let said = serde_json::json!([format!("批次的选项读不出来：{error}")]).to_string();
    let (batch, now) = (batch.to_owned(), app.env().now());
    app.db().write(move |tx| async move { sql::fail(&tx, &batch, &said, now).await }).await?;
    Ok(error.into())
}

impl sql::BatchRow {
    /// The importer and what he said, as the batch keeps them.
    fn restored(&self) -> serde_json::Result<(Caller, Options)> {
        let kept: sql::Kept = serde_json::from_str(&self.options)?;
        let by = Caller::absent(&self.account, &kept.login, &self.name);
        let options = kept.options(self);
        Ok((by, options))
    }
}
