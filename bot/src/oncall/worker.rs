//! The worker that keeps who is on call in force: looks at the rotations that the policy names, each by itself, and lets what is too old
//! go. Started with the other workers; nothing waits for it.

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::roster::{News, Roster};
use super::{LookupError, Turn};
use crate::app::App;
use crate::metrics;
use crate::workers::SWEEP;

/// A look that has ended: the rotation, when it began, what it brought.
type Looked = (String, DateTime<Utc>, Result<Vec<Turn>, LookupError>);

/// Runs until stopped. The looks under way are dropped then: they change nothing anywhere.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let in_force = app.dispatch.in_force.clone();
    let mut changes = in_force.changes();
    let mut roster = Roster::default();
    let mut looks: JoinSet<Looked> = JoinSet::new();
    loop {
        let now = app.dispatch.store.now();
        changes.mark_unchanged();
        let snapshot = in_force.get();
        for rotation in roster.due(&snapshot.policy.rotations(), now) {
            let oncall = app.oncall.clone();
            looks.spawn(async move {
                let brought = oncall.look(&rotation, now).await;
                (rotation, now, brought)
            });
        }
        let rotations = roster.rotations(&app.oncall, &snapshot.directory, now);
        for rotation in roster.newly_lost(&rotations) {
            tracing::error!(rotation, "a rotation is not known any more: nobody counts as on call by it");
        }
        let unknown = roster.unknown(&rotations);
        in_force.set_oncall(rotations);
        metrics::oncall_unknown(unknown);
        tokio::select! {
            () = stop.cancelled() => return,
            Some(looked) = looks.join_next() => match looked {
                Ok(looked) => hear(&app, &mut roster, looked),
                Err(error) => tracing::error!(%error, "a look at a rotation broke down"),
            },
            _ = changes.changed() => {}
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

fn hear(app: &App, roster: &mut Roster, (rotation, asked, brought): Looked) {
    let (source, _) = rotation.split_once('/').unwrap_or((&rotation, ""));
    metrics::oncall_lookup(source, brought.as_ref().map_or_else(|error| error.outcome, |_| "ok"));
    let error = brought.as_ref().err().map(ToString::to_string);
    match roster.heard(&app.oncall, &rotation, asked, brought) {
        Some(News::Failing) => {
            let error = error.unwrap_or_default();
            tracing::warn!(rotation, error, "a rotation cannot be looked up; what was known last counts for a while");
        }
        Some(News::Recovered) => tracing::info!(rotation, "a rotation can be looked up again"),
        None => {}
    }
}
