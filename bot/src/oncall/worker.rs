//! The worker that keeps in force who is on call and which incidents are open: looks at the rotations and services that the policy names,
//! each by itself, and lets what is too old go. Started with the other workers; nothing waits for it.

use chrono::{DateTime, Utc};
use jit_core::incident::Incident;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Turn;
use super::roster::{News, Roster};
use crate::app::App;
use crate::lookup::LookupError;
use crate::metrics;
use crate::workers::SWEEP;

/// What a look brought.
enum Brought {
    Rotation(Result<Vec<Turn>, LookupError>),
    Service(Result<Vec<Incident>, LookupError>),
}

/// A look that has ended: at what (`source/…`), when it began, what it brought.
type Looked = (String, DateTime<Utc>, Brought);

#[derive(Default)]
struct Known {
    rotations: Roster<Vec<Turn>>,
    services: Roster<Vec<Incident>>,
}

/// Runs until stopped. The looks under way are dropped then: they change nothing anywhere.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let in_force = app.dispatch.in_force.clone();
    let mut changes = in_force.changes();
    let mut known = Known::default();
    let mut looks: JoinSet<Looked> = JoinSet::new();
    loop {
        let now = app.dispatch.store.now();
        changes.mark_unchanged();
        known.look(&app, &mut looks, now);
        let snapshot = in_force.get();
        let rotations = known.rotations.rotations(&app.oncall, &snapshot.directory, now);
        let incidents = known.services.incidents(&app.oncall, now);
        for rotation in known.rotations.newly_lost(&rotations) {
            tracing::error!(rotation, "a rotation is not known any more: nobody counts as on call by it");
        }
        for service in known.services.newly_lost(&incidents) {
            tracing::error!(service, "the incidents of a service are not known any more: none counts as open");
        }
        metrics::oncall_unknown(known.rotations.unknown(&rotations) + known.services.unknown(&incidents));
        in_force.set_oncall(&rotations, &incidents);
        tokio::select! {
            () = stop.cancelled() => return,
            Some(looked) = looks.join_next() => match looked {
                Ok(looked) => known.hear(&app, looked),
                Err(error) => tracing::error!(%error, "a look at a rotation or a service broke down"),
            },
            _ = changes.changed() => {}
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

impl Known {
    /// Begins every look that is due.
    fn look(&mut self, app: &App, looks: &mut JoinSet<Looked>, now: DateTime<Utc>) {
        let policy = &app.dispatch.in_force.get().policy;
        for rotation in self.rotations.due(&policy.rotations(), now) {
            let oncall = app.oncall.clone();
            looks.spawn(async move {
                let brought = oncall.look(&rotation, now).await;
                (rotation, now, Brought::Rotation(brought))
            });
        }
        for service in self.services.due(&policy.services(), now) {
            let oncall = app.oncall.clone();
            looks.spawn(async move {
                let brought = oncall.incidents(&service).await;
                (service, now, Brought::Service(brought))
            });
        }
    }

    fn hear(&mut self, app: &App, (name, asked, brought): Looked) {
        let (news, error) = match brought {
            Brought::Rotation(brought) => heard(&mut self.rotations, app, (&name, asked), brought),
            Brought::Service(brought) => heard(&mut self.services, app, (&name, asked), brought),
        };
        match news {
            Some(News::Failing) => {
                let error = error.unwrap_or_default();
                tracing::warn!(
                    name,
                    error,
                    "a rotation or a service cannot be looked up; what was known last counts for a while"
                );
            }
            Some(News::Recovered) => tracing::info!(name, "a rotation or a service can be looked up again"),
            None => {}
        }
    }
}

/// Takes what a look brought, and counts it.
fn heard<T>(
    roster: &mut Roster<T>,
    app: &App,
    (name, asked): (&str, DateTime<Utc>),
    brought: Result<T, LookupError>,
) -> (Option<News>, Option<String>) {
    let (source, _) = name.split_once('/').unwrap_or((name, ""));
    metrics::oncall_lookup(source, &brought);
    let error = brought.as_ref().err().map(ToString::to_string);
    let refresh = app.oncall.refresh_of(source);
    (refresh.and_then(|refresh| roster.heard(refresh, name, asked, brought)), error)
}
