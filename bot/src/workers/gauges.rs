//! The gauges of the metrics, and the pruning of what is kept for replays only: looked at now and then.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::metrics;

/// How often.
const EVERY: Duration = Duration::from_secs(5);

/// How often what is too old to be replayed is forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut pruned: Option<Instant> = None;
    loop {
        // Samples are folded into the histograms also where nobody scrapes.
        app.metrics.run_upkeep();
        match app.dispatch.store.counts().await {
            Ok(counts) => metrics::gauges(&counts),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "the gauges could not be read"),
        }
        if pruned.is_none_or(|pruned| pruned.elapsed() >= PRUNE_EVERY) {
            match app.dispatch.store.prune_replays().await {
                Ok(_) => pruned = Some(Instant::now()),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "old dedupe keys could not be pruned"),
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
