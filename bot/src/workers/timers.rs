//! Timers that are due become commands.

use std::time::Duration;

use jit_core::command::Command;
use jit_core::event::Actor;
use jit_store::Due;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::failpoint::failpoint;
use crate::metrics;

/// Commands at once.
const AT_ONCE: usize = 64;

/// How long a claimed timer is this worker's; if it dies, the timer fires elsewhere after that.
const LEASE: Duration = Duration::from_secs(10);

/// Runs until stopped; what is under way is finished first. A slow command holds up no other.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let timers = app.dispatch.store.timers(&app.instance, LEASE);
    let mut under_way = JoinSet::new();
    loop {
        while under_way.try_join_next().is_some() {}
        let free = AT_ONCE.saturating_sub(under_way.len());
        if free == 0 {
            under_way.join_next().await;
            continue;
        }
        let due = tokio::select! {
            () = stop.cancelled() => break,
            due = timers.next(free) => due,
        };
        for due in due {
            let app = app.clone();
            under_way.spawn(async move { fire(&app, due).await });
        }
    }
    while under_way.join_next().await.is_some() {}
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
