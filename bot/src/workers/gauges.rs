//! The gauges of the metrics, and the clock's offset: looked at now and then.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::metrics;

/// How often.
const EVERY: Duration = Duration::from_secs(5);

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        // Samples are folded into the histograms also where nobody scrapes.
        app.metrics.run_upkeep();
        match app.dispatch.store.counts().await {
            Ok(counts) => metrics::gauges(&counts),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "the gauges could not be read"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
