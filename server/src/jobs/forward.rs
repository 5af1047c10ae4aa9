//! Forwards to the township what a village has not accepted in time; every server process may run it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::state::App;

const EVERY: Duration = Duration::from_secs(60);

pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        let now = app.env().now();
        let before = now.plus_seconds(-3600 * app.policy().cases.forward_after_hours);
        match crate::cases::forward_overdue(&app, before).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "cases forwarded to their townships"),
            Err(problem) => {
                tracing::warn!(problem = problem.kind().name, "overdue cases could not be forwarded");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
