//! Extensions end with the access they extend, when that ends early.

use jit_core::command::Command;
use jit_core::event::Actor;
use jit_core::id::AccessId;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::failpoint::failpoint;

/// Parents of one sweep.
const MAX: u32 = 100;

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::error!(error = format!("{error:#}"), "extensions could not be ended; trying again");
        }
        if !super::rest(&app.dispatch.store.wakeups().children, &stop).await {
            return;
        }
    }
}

async fn sweep(app: &App) -> anyhow::Result<()> {
    let store = &app.dispatch.store;
    for parent in store.ending_parents(MAX).await? {
        // One that cannot be ended yet keeps no other from it.
        if let Err(error) = end(app, parent).await {
            tracing::error!(%parent, error = format!("{error:#}"), "its extensions could not be ended; trying again");
        }
    }
    Ok(())
}

async fn end(app: &App, parent: AccessId) -> anyhow::Result<()> {
    let store = &app.dispatch.store;
    let mut outcome: anyhow::Result<()> = Ok(());
    for child in store.children(parent).await? {
        failpoint!("children-before-command");
        // One that cannot be ended yet keeps no other from it.
        if let Err(error) = app.dispatch.act(child.id, Command::ParentEnded, &Actor::Chain, None).await {
            outcome = Err(error.into());
        }
    }
    outcome?;
    failpoint!("children-before-settled");
    store.children_ended(parent).await?;
    Ok(())
}
