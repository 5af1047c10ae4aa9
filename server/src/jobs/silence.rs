//! Tells those responsible of posts that are silent for longer than their schedule; every server process may run it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::state::App;

const EVERY: Duration = Duration::from_secs(300);

pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        let before = app.env().now().plus_seconds(-3600 * app.policy().devices.silent_after_hours);
        match crate::devices::note_silent(app.db(), app.env(), before).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "posts are silent"),
            Err(problem) => tracing::warn!(problem = problem.kind().name, "silent posts could not be noted"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
