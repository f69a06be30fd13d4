//! The worker that asks after the incidents and tickets with which accesses end: each once in its source's `refresh`, however many accesses
//! there are. Only a source that says "resolved" or "closed" ends anything: none that is down, slow, answers nonsense, or does not know it
//! any more.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use jit_core::access::{Access, State};
use jit_core::command::Command;
use jit_core::event::Actor;
use jit_core::id::AccessId;
use jit_core::incident::IncidentId;
use jit_core::ticket::TicketId;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::SWEEP;
use crate::app::App;
use crate::failpoint::failpoint;
use crate::lookup::LookupError;
use crate::metrics;
use crate::oncall::roster::{News, Roster};

/// How often it is looked up which accesses are tied to something.
const TIED_EVERY: TimeDelta = TimeDelta::seconds(5);

/// What an access ends with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    Incident(IncidentId),
    Ticket(TicketId),
}

/// A look that has ended: by which name, when it began, whether what it looked at is over.
type Looked = (String, DateTime<Utc>, Result<bool, LookupError>);

/// The accesses that are tied to something, by its name.
#[derive(Default)]
struct Tied {
    looked_up: Option<DateTime<Utc>>,
    accesses: BTreeMap<String, (Tie, Vec<AccessId>)>,
    roster: Roster<bool>,
}

/// Runs until stopped. The looks under way are dropped then: they change nothing anywhere.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut tied = Tied::default();
    let mut looks: JoinSet<Looked> = JoinSet::new();
    loop {
        let now = app.dispatch.store.now();
        tied.look_up(&app, now).await;
        tied.look(&app, &mut looks, now);
        tokio::select! {
            () = stop.cancelled() => return,
            Some(looked) = looks.join_next() => match looked {
                Ok(looked) => tied.hear(&app, looked).await,
                Err(error) => tracing::error!(%error, "a look at an incident or a ticket broke down"),
            },
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

impl Tie {
    /// What an access ends with: with an incident what is given, with a ticket also what waits.
    fn of(access: &Access) -> impl Iterator<Item = Self> {
        let given = matches!(access.state, State::Elevating(_) | State::Active(_));
        let waits = matches!(access.state, State::Pending(_) | State::Scheduled(_));
        let oncall = access.route.oncall.as_ref().filter(|_| given);
        let ticket = access.route.ticket.as_ref().filter(|_| given || waits);
        let incident = oncall.and_then(|oncall| oncall.ends_with()).cloned().map(Self::Incident);
        incident.into_iter().chain(ticket.and_then(|demand| demand.ends_with()).cloned().map(Self::Ticket))
    }

    fn name(&self) -> String {
        match self {
            Self::Incident(IncidentId { source, id }) => format!("incident {source}/{id}"),
            Self::Ticket(TicketId { source, id }) => format!("ticket {source}/{id}"),
        }
    }

    /// How often its source is asked after it.
    fn refresh(&self, app: &App) -> Option<TimeDelta> {
        match self {
            Self::Incident(incident) => app.oncall.refresh_of(&incident.source),
            Self::Ticket(ticket) => app.tickets.refresh_of(&ticket.source),
        }
    }

    async fn is_over(&self, app: &App) -> Result<bool, LookupError> {
        match self {
            Self::Incident(incident) => {
                let resolved = app.oncall.resolved(incident).await;
                metrics::oncall_lookup(&incident.source, &resolved);
                resolved
            }
            // One that does not exist any more is not said to be closed.
            Self::Ticket(ticket) => {
                let finding = app.tickets.look(ticket, &app.dispatch.in_force.get().directory).await?;
                Ok(finding.ticket().is_some_and(|ticket| !ticket.open))
            }
        }
    }

    /// What its end commands, and who says so.
    fn over(&self) -> (Command, Actor) {
        match self.clone() {
            Self::Incident(incident) => {
                let actor = Actor::Oncall { source: incident.source.clone() };
                (Command::IncidentResolved { incident }, actor)
            }
            Self::Ticket(ticket) => {
                let actor = Actor::Tickets { source: ticket.source.clone() };
                (Command::TicketClosed { ticket }, actor)
            }
        }
    }
}

impl Tied {
    async fn look_up(&mut self, app: &App, now: DateTime<Utc>) {
        if self.looked_up.is_some_and(|at| (now - at).abs() < TIED_EVERY) {
            return;
        }
        let tied = match app.dispatch.store.tied().await {
            Ok(tied) => tied,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "what ends with incidents and tickets could not be looked up"
                );
                return;
            }
        };
        self.looked_up = Some(now);
        self.accesses.clear();
        for (access, tie) in tied.iter().flat_map(|access| Tie::of(access).map(move |tie| (access.id, tie))) {
            self.accesses.entry(tie.name()).or_insert_with(|| (tie, Vec::new())).1.push(access);
        }
    }

    /// Begins every look that is due.
    fn look(&mut self, app: &App, looks: &mut JoinSet<Looked>, now: DateTime<Utc>) {
        let named: BTreeSet<String> = self.accesses.keys().cloned().collect();
        for name in self.roster.due(&named, now) {
            let Some((tie, _)) = self.accesses.get(&name).cloned() else { continue };
            let app = app.clone();
            looks.spawn(async move { (name, now, tie.is_over(&app).await) });
        }
    }

    async fn hear(&mut self, app: &App, (name, asked, brought): Looked) {
        let over = matches!(brought, Ok(true));
        let error = brought.as_ref().err().map(ToString::to_string);
        let refresh = self.accesses.get(&name).and_then(|(tie, _)| tie.refresh(app));
        match refresh.and_then(|refresh| self.roster.heard(refresh, &name, asked, brought)) {
            Some(News::Failing) => {
                let error = error.unwrap_or_default();
                tracing::warn!(name, error, "it cannot be looked up; what was given for it goes on");
            }
            Some(News::Recovered) => tracing::info!(name, "it can be looked up again"),
            None => {}
        }
        if over {
            self.end(app, &name).await;
        }
    }

    /// It is over. What cannot be ended now is tried again after the next look.
    async fn end(&mut self, app: &App, name: &str) {
        let Some((tie, accesses)) = self.accesses.get(name) else { return };
        let (command, actor) = tie.over();
        for access in accesses {
            failpoint!("ties-before-command");
            if let Err(error) = app.dispatch.act(*access, command.clone(), &actor, None).await {
                let error = format!("{error:#}");
                tracing::error!(name, %access, error, "what ends with it goes on; trying again");
            }
        }
        self.looked_up = None;
    }
}
