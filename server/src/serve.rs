//! `gengwei serve`: listeners, and an end that loses nothing.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Listen;
use crate::state::App;
use crate::{jobs, router, sync, telemetry};

/// How long requests in flight may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(20);

/// Serves until SIGTERM or Ctrl-C, then finishes what it has taken on: requests in flight are answered, the
/// writer commits what waits.
pub async fn serve(app: App, listen: &Listen) -> anyhow::Result<()> {
    let metrics = telemetry::metrics()?;
    let stop = CancellationToken::new();
    let tracker = TaskTracker::new();
    jobs::start(&app, &tracker, &stop);
    if let Some(address) = listen.metrics_listen.0 {
        let listener = bind(address).await?;
        let service = telemetry::metrics_router(metrics);
        let stopped = stop.clone();
        tracker.spawn(async move {
            axum::serve(listener, service).with_graceful_shutdown(stopped.cancelled_owned()).await
        });
    }
    if let Some(address) = listen.coap_listen.0 {
        let socket = UdpSocket::bind(address)
            .await
            .with_context(|| format!("cannot listen on UDP {address}: is another server running there?"))?;
        tracker.spawn(sync::coap::serve(app.clone(), socket, stop.clone()));
    }
    let listener = bind(listen.listen).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let service = router::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let stopped = stop.clone();
    let server = axum::serve(listener, service).with_graceful_shutdown(stopped.cancelled_owned());
    let server = tokio::spawn(server.into_future());
    signal().await;
    tracing::info!("stopping");
    stop.cancel();
    if tokio::time::timeout(GRACE, server).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    tracker.close();
    let _ = tokio::time::timeout(GRACE, tracker.wait()).await;
    app.db().close().await;
    Ok(())
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: is another server running there?"))
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened to");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
