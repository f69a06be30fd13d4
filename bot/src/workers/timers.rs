//! Timers that are due become commands.

use std::time::Duration;

use futures::StreamExt;
use jit_core::command::Command;
use jit_core::event::Actor;
use jit_store::Due;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::failpoint::failpoint;
use crate::metrics;

/// Timers of one claim, and commands at once.
const BATCH: usize = 64;

/// How long a claimed timer is this worker's; if it dies, the timer fires elsewhere after that.
const LEASE: Duration = Duration::from_secs(10);

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let timers = app.dispatch.store.timers(&app.instance, LEASE, BATCH);
    loop {
        let due = tokio::select! {
            () = stop.cancelled() => return,
            due = timers.next() => due,
        };
        futures::stream::iter(due).for_each_concurrent(BATCH, |due| fire(&app, due)).await;
    }
}

/// Fires one. A stale one changes nothing; a failed one comes again when its lease ends. No timer is ever removed here: the commit
/// of whatever it brings about replaces it, and until then it must come again.
async fn fire(app: &App, due: Due) {
    let command = Command::Timer { kind: due.kind };
    failpoint!("timer-before-command");
    let acted = app.dispatch.act(due.access, command, &Actor::Timer, None).await;
    failpoint!("timer-after-command");
    match acted {
        Ok(acted) if acted.changed => metrics::timer_lateness(app.dispatch.store.now() - due.due_at),
        Ok(_) => tracing::debug!(access = %due.access, kind = due.kind.as_str(), "a stale timer fired; nothing to do"),
        Err(error) => {
            tracing::error!(access = %due.access, kind = due.kind.as_str(), error = %error, "a timer's command failed");
        }
    }
}
