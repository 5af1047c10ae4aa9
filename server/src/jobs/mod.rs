//! Background jobs, one file each, all idempotent.

mod deliver;
mod forward;
mod imports;
mod refresh;
mod remind;
mod silence;
mod unended;
mod uploads;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::state::App;

/// Starts all jobs; they end when `stop` is cancelled.
pub fn start(app: &App, tracker: &TaskTracker, stop: &CancellationToken) {
    tracker.spawn(deliver::run(app.clone(), stop.clone()));
    tracker.spawn(forward::run(app.clone(), stop.clone()));
    tracker.spawn(remind::run(app.clone(), stop.clone()));
    tracker.spawn(imports::run(app.clone(), stop.clone()));
    tracker.spawn(silence::run(app.clone(), stop.clone()));
    tracker.spawn(refresh::run(app.clone(), stop.clone()));
    tracker.spawn(unended::run(app.clone(), stop.clone()));
    tracker.spawn(uploads::run(app.clone(), stop.clone()));
}
