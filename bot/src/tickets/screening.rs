//! The worker of Screening: looks up what an access waits for, and reports it as a command. Asks again while there is time when the source
//! has trouble that may pass; what is known by the deadline is core's to judge.
//!
//! Nothing of it is kept: after a crash, whatever is Screening is looked up again.

use std::collections::BTreeSet;
use std::time::Duration;

use jit_core::access::{Screening, State};
use jit_core::command::Command;
use jit_core::event::Actor;
use jit_core::id::AccessId;
use jit_core::ticket::Finding;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::failpoint::failpoint;
use crate::lookup::LookupError;
use crate::workers::SWEEP;

/// Look-ups at once.
const AT_ONCE: usize = 64;

/// The pause before a source that has trouble is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs until stopped. Look-ups under way are dropped then: they have changed nothing anywhere.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut looks: JoinSet<AccessId> = JoinSet::new();
    let mut under_way: BTreeSet<AccessId> = BTreeSet::new();
    loop {
        match app.dispatch.store.screening().await {
            Ok(waiting) => {
                let now = app.dispatch.store.now();
                for access in waiting {
                    // Its lead has the ticket looked up for all that wait together.
                    let spoken_for = access.follows() && access.waits_together();
                    let State::Screening(screening) = access.state else { continue };
                    if !spoken_for
                        && screening.deadline > now
                        && under_way.len() < AT_ONCE
                        && under_way.insert(access.id)
                    {
                        let app = app.clone();
                        looks.spawn(async move {
                            look(&app, access.id, &screening).await;
                            access.id
                        });
                    }
                }
            }
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "what waits for tickets could not be looked up; trying again"
                );
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            Some(looked) = looks.join_next() => match looked {
                Ok(access) => drop(under_way.remove(&access)),
                Err(error) => {
                    tracing::error!(%error, "the look-up of a ticket broke down");
                    under_way.clear();
                }
            },
            () = app.dispatch.store.wakeups().screenings.notified() => {}
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

async fn look(app: &App, access: AccessId, screening: &Screening) {
    let ticket = &screening.ticket;
    let finding = loop {
        let snapshot = app.dispatch.in_force.get();
        match app.tickets.look(ticket, &snapshot.directory).await {
            Ok(finding) => break finding,
            Err(error) => {
                tracing::warn!(source = ticket.source, %error, "a ticket cannot be looked up");
                let pause = error.wait.unwrap_or_default().max(PAUSE);
                let left = (screening.deadline - app.dispatch.store.now()).to_std().unwrap_or_default();
                if is_final(&error) || left <= pause {
                    break Finding::Unknown { why: error.what };
                }
                tokio::time::sleep(pause).await;
            }
        }
    };
    failpoint!("screening-before-command");
    let actor = Actor::Tickets { source: ticket.source.clone() };
    let command = Command::TicketLooked { ticket: ticket.clone(), finding };
    if let Err(error) = app.dispatch.act(access, command, &actor, None).await {
        tracing::error!(%access, error = format!("{error:#}"), "what was found of a ticket could not be recorded; looking again");
    }
}

/// Asking again within seconds would not help.
fn is_final(error: &LookupError) -> bool {
    matches!(error.outcome, "refused" | "nonsense")
}
