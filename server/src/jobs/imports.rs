//! Imports what was uploaded, one file after the other; also what a killed process left behind.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::state::App;

const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        let done = tokio::select! {
            // A chunk that is being written is finished by the writer; the rest is taken up after the restart.
            () = stop.cancelled() => return,
            done = waiting(&app) => done,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "uploads could not be imported");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn waiting(app: &App) -> anyhow::Result<()> {
    crate::patches::import::run_waiting(app).await?;
    crate::imports::run_waiting(app).await?;
    Ok(())
}
