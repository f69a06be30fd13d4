//! What a process that ended was at goes on here: its leases are given back, at the start and as soon as it is seen to be gone.

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        match app.dispatch.store.reclaim().await {
            Ok(0) => {}
            Ok(leases) => tracing::warn!(leases, "another process ended in the middle of its work; it goes on here"),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "leases could not be looked through"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(super::SWEEP) => {}
        }
    }
}
