//! Fills the outbox and pushes what is due; every server process may run it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::deliveries::{self, Courier};
use crate::state::App;

const EVERY: Duration = Duration::from_secs(5);

pub(super) async fn run(app: App, stop: CancellationToken) {
    let courier = match Courier::new(app.channels()) {
        Ok(courier) => courier,
        Err(error) => return tracing::error!(%error, "nothing can be delivered"),
    };
    loop {
        let work = async {
            deliveries::fill(&app).await?;
            deliveries::push_due(&app, &courier).await
        };
        // A push that is cut off here is claimed, and comes again under the same key.
        tokio::select! {
            () = stop.cancelled() => return,
            done = work => if let Err(problem) = done {
                tracing::warn!(problem = problem.kind().name, "deliveries could not be worked off");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
