//! The worker that asks after the tickets with which accesses end: each ticket once in its source's `refresh`, however many accesses there
//! are. Only a source that says "closed" ends anything: none that is down, slow, answers nonsense, or does not know the ticket any more.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use jit_core::access::State;
use jit_core::command::Command;
use jit_core::event::Actor;
use jit_core::id::AccessId;
use jit_core::ticket::{Finding, TicketId};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::lookup::LookupError;
use crate::oncall::roster::{News, Roster};
use crate::workers::SWEEP;

/// How often it is looked up what ends with a ticket.
const BOUND_EVERY: TimeDelta = TimeDelta::seconds(5);

/// A look that has ended: at which ticket (`source/id`), when it began, whether its source says that it is closed.
type Looked = (String, DateTime<Utc>, Result<bool, LookupError>);

/// The accesses that end with a ticket, by its name (`source/id`).
#[derive(Default)]
struct Bound {
    looked_up: Option<DateTime<Utc>>,
    accesses: BTreeMap<String, (TicketId, Vec<AccessId>)>,
    roster: Roster<bool>,
}

/// Runs until stopped. The looks under way are dropped then: they change nothing anywhere.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut bound = Bound::default();
    let mut looks: JoinSet<Looked> = JoinSet::new();
    loop {
        let now = app.dispatch.store.now();
        bound.look_up(&app, now).await;
        bound.look(&app, &mut looks, now);
        tokio::select! {
            () = stop.cancelled() => return,
            Some(looked) = looks.join_next() => match looked {
                Ok(looked) => bound.hear(&app, looked).await,
                Err(error) => tracing::error!(%error, "a look at a ticket broke down"),
            },
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

impl Bound {
    async fn look_up(&mut self, app: &App, now: DateTime<Utc>) {
        if self.looked_up.is_some_and(|at| (now - at).abs() < BOUND_EVERY) {
            return;
        }
        let open = match app.dispatch.store.all_open().await {
            Ok(open) => open,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "what ends with tickets could not be looked up");
                return;
            }
        };
        self.looked_up = Some(now);
        self.accesses.clear();
        let goes_on = |state: &State| {
            matches!(state, State::Pending(_) | State::Scheduled(_) | State::Elevating(_) | State::Active(_))
        };
        for access in open.iter().filter(|access| goes_on(&access.state)) {
            let Some(ticket) = access.route.ticket.as_ref().and_then(|demand| demand.ends_with()) else { continue };
            let name = format!("{}/{}", ticket.source, ticket.id);
            self.accesses.entry(name).or_insert_with(|| (ticket.clone(), Vec::new())).1.push(access.id);
        }
    }

    /// Begins every look that is due.
    fn look(&mut self, app: &App, looks: &mut JoinSet<Looked>, now: DateTime<Utc>) {
        let bound: BTreeSet<String> = self.accesses.keys().cloned().collect();
        for name in self.roster.due(&bound, now) {
            let Some((ticket, _)) = self.accesses.get(&name).cloned() else { continue };
            let app = app.clone();
            looks.spawn(async move {
                let snapshot = app.dispatch.in_force.get();
                let brought = app.tickets.look(&ticket, &snapshot.directory).await;
                (name, now, brought.map(|finding| is_closed(&finding)))
            });
        }
    }

    async fn hear(&mut self, app: &App, (name, asked, brought): Looked) {
        let closed = matches!(brought, Ok(true));
        let error = brought.as_ref().err().map(ToString::to_string);
        let refresh = name.split_once('/').and_then(|(source, _)| app.tickets.refresh_of(source));
        match refresh.and_then(|refresh| self.roster.heard(refresh, &name, asked, brought)) {
            Some(News::Failing) => {
                let error = error.unwrap_or_default();
                tracing::warn!(name, error, "a ticket cannot be looked up; what was given for it goes on");
            }
            Some(News::Recovered) => tracing::info!(name, "a ticket can be looked up again"),
            None => {}
        }
        if closed {
            self.end(app, &name).await;
        }
    }

    /// The ticket is closed. What cannot be ended now is tried again after the next look.
    async fn end(&mut self, app: &App, name: &str) {
        let Some((ticket, accesses)) = self.accesses.get(name) else { return };
        let actor = Actor::Tickets { source: ticket.source.clone() };
        for access in accesses {
            let command = Command::TicketClosed { ticket: ticket.clone() };
            if let Err(error) = app.dispatch.act(*access, command, &actor, None).await {
                tracing::error!(%access, error = format!("{error:#}"), "what ends with a closed ticket goes on; trying again");
            }
        }
        self.looked_up = None;
    }
}

/// A ticket that does not exist any more is not said to be closed.
fn is_closed(finding: &Finding) -> bool {
    finding.ticket().is_some_and(|ticket| !ticket.open)
}
