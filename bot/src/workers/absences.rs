//! Keeps who is away in force: what another replica was told, and those whose time is over. Others are then asked by `leavers.rs`.

use tokio_util::sync::CancellationToken;

use super::SWEEP;
use crate::app::App;

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut failing = false;
    loop {
        let looked = app.dispatch.look_who_is_away().await;
        if let Err(error) = &looked
            && !failing
        {
            tracing::error!(%error, "who is away could not be read; what was known last counts until it can");
        }
        failing = looked.is_err();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}
