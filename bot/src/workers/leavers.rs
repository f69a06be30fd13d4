//! Leavers and movers: what somebody holds or asks for ends when the directory no longer has them as active, and where it is somebody who was
//! asked to decide, or is away, others are asked.
//!
//! Looked through at the start, as soon as another directory is in force, and every minute, so that neither a crash nor a request that was
//! decided on the old directory leaves anything behind. Whether it must end is core's to say.

use std::sync::Arc;
use std::time::Duration;

use jit_core::command::Command;
use jit_core::decide::is_to_ask_again;
use jit_core::event::Actor;
use jit_core::freeze::Freeze;
use jit_core::id::AccessId;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::failpoint::failpoint;
use crate::snapshot::Snapshot;

/// How often everything is looked through in any case, and again after a look that failed.
const EVERY: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_secs(2);

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut changes = app.dispatch.in_force.changes();
    let mut seen = None;
    loop {
        let looked = match sweep(&app).await {
            Ok(()) => scheduled(&app, &mut seen).await,
            failed => failed,
        };
        let wait = match looked {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "what leavers hold, and who is asked, could not be looked through; trying again"
                );
                AGAIN
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = changes.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// What the accesses that wait for a later start were looked through with last.
type Seen = (Arc<Snapshot>, Vec<Freeze>);

/// What could not begin any more is over, as soon as another policy, other people or another freeze says so.
async fn scheduled(app: &App, seen: &mut Option<Seen>) -> anyhow::Result<()> {
    let now = (app.dispatch.in_force.get(), app.dispatch.freezes().await?);
    let same = |(snapshot, freezes): &Seen| Arc::ptr_eq(snapshot, &now.0) && *freezes == now.1;
    if seen.as_ref().is_some_and(same) {
        return Ok(());
    }
    app.dispatch.reconsider_scheduled(&Actor::Directory).await?;
    *seen = Some(now);
    Ok(())
}

async fn sweep(app: &App) -> anyhow::Result<()> {
    let snapshot = app.dispatch.in_force.get();
    let dependents = app.dispatch.store.dependents().await?;
    let gone =
        dependents.into_iter().filter(|(_, people)| people.iter().any(|p| snapshot.directory.active(p).is_none()));
    let (pending, today) = (app.dispatch.store.pending().await?, Arc::clone(&snapshot));
    // Beside the runtime: with thousands that wait, whoever types meanwhile would feel it.
    let elsewhere = move || -> Vec<AccessId> {
        let elsewhere = pending.iter().filter(|access| is_to_ask_again(access, &today.policy, &today.directory));
        elsewhere.map(|access| access.id).collect()
    };
    let elsewhere = tokio::task::spawn_blocking(elsewhere).await?;
    let mut outcome = Ok(());
    for access in gone.map(|(access, _)| access).chain(elsewhere) {
        failpoint!("leavers-before-command");
        // One that cannot be ended now keeps no other from it.
        if let Err(error) = app.dispatch.act(access, Command::Recheck, &Actor::Directory, None).await {
            outcome = Err(error.into());
        }
    }
    outcome
}
