//! Gives up uploads that were not finished in time; every server process sweeps its own spool.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::evidence::uploads;
use crate::state::App;

const EVERY: Duration = Duration::from_secs(600);

pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        match uploads::sweep(&app).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "files of expired uploads deleted"),
            Err(problem) => {
                tracing::warn!(problem = problem.kind().name, "expired uploads could not be swept");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
