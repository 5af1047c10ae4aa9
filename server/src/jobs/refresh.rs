//! Keeps the snapshots of this process true: at once after its own changes, within a second after those of
//! other processes on the same database.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::state::App;

const OTHERS: Duration = Duration::from_secs(1);

pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.db().changed() => {}
            () = tokio::time::sleep(OTHERS) => {}
        }
        if let Err(error) = app.refresh().await {
            tracing::warn!(%error, "the snapshots could not be refreshed");
        }
    }
}
