//! Reminds of deadlines and escalates what is overdue; every server process may run it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::state::App;

const EVERY: Duration = Duration::from_secs(300);

pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        match crate::cases::remind(&app).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "reminders of deadlines raised"),
            Err(problem) => tracing::warn!(problem = problem.kind().name, "no reminders could be raised"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
