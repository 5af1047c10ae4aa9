//! Files patrols of which no end comes; every server process may run it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::state::App;

const EVERY: Duration = Duration::from_secs(300);

pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        let before = app.env().now().plus_seconds(-3600 * app.policy().devices.unended_after_hours);
        match crate::sync::file_unended(&app, before).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "patrols without an end are filed"),
            Err(problem) => tracing::warn!(problem = problem.kind().name, "patrols without an end wait"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
