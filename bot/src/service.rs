//! The running service: doors and workers together, until told to stop.

use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::{http, workers};

/// How long an orderly end may take; what is not finished then goes on at the next start, from the database.
const ORDERLY: Duration = Duration::from_secs(20);

/// How long open connections get for their last answer; acknowledgements take milliseconds, open streams would take for ever.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// Where the service listens.
pub struct Doors {
    /// Chat platforms and API clients.
    pub outer: TcpListener,
    /// Health and metrics, where they have an address of their own.
    pub inner: Option<TcpListener>,
    /// Routes served beside ours: the playground's.
    pub beside: Option<Router>,
}

/// Serves and works until the token is cancelled, then ends in order: no new requests, those under way are answered, workers finish
/// what they began.
pub async fn run(app: App, doors: Doors, stop: CancellationToken) -> anyhow::Result<()> {
    let mut workers = workers::start(&app, &stop);
    if let Some(teams) = app.teams.clone() {
        // So that the first message need not wait for the keys.
        let now = app.dispatch.store.now();
        tokio::spawn(async move { teams.verifier.warm(now).await });
    }
    let (outer, inner) = http::routers(&app, doors.inner.is_some());
    let outer = match doors.beside {
        Some(beside) => outer.merge(beside),
        None => outer,
    };
    let mut servers = JoinSet::new();
    servers.spawn(serve(doors.outer, outer, stop.clone()));
    if let Some(listener) = doors.inner {
        servers.spawn(serve(listener, inner, stop.clone()));
    }
    // A worker or a door ends by itself only when it panicked: whoever watches over the process starts a whole one again.
    let broken = tokio::select! {
        biased;
        () = stop.cancelled() => false,
        _ = workers.join_next() => true,
        _ = servers.join_next() => true,
    };
    stop.cancel();
    tracing::info!("stopping");
    let worked = async { while workers.join_next().await.is_some() {} };
    if tokio::time::timeout(ORDERLY, worked).await.is_err() {
        tracing::warn!("not everything ended in time; the rest goes on at the next start");
    }
    let served = async { while servers.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_ANSWERS, served).await.is_err() {
        tracing::info!("closing the connections that are still open");
    }
    tracing::info!("stopped");
    anyhow::ensure!(!broken, "a part of the service broke down; the log says which; start it again");
    Ok(())
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> anyhow::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await.context("serving HTTP")
}

/// Cancels the token when the process is told to end.
pub fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    });
    Ok(stop)
}
