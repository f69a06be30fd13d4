//! The one decision function: an access, a command and the facts give events and effects, or a refusal.
//!
//! The match in `alone` is the state table; what was asked for together goes through it one by one (`bundle.rs`). Every row that is not in it is a refusal for people and nothing at all for timers
//! and late answers of connectors. The shell stores the whole decision in one transaction. A test renders the table into
//! `docs/STATES.md`.

mod asking;
mod bundle;
mod connector;
mod draft;
mod end;
mod request;
mod reveal;
mod review;
mod screen;
mod talk;
mod tell;
mod timer;
mod vote;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

pub use asking::is_to_ask_again;
pub use bundle::MOST_ROLES;
pub use request::{LATEST_START, preview};
pub use reveal::may_reveal;
pub use review::{may_review, reminded_at};
pub use screen::SCREENING_LASTS;
pub use talk::{CLAIM_LASTS, LONGEST_WORDS, MOST_QUESTIONS};
pub(crate) use vote::NATIVE_MARGIN;
pub use vote::could_vote;

use crate::access::{Access, EndCause, Outcome, State};
use crate::command::Command;
use crate::effect::Effect;
use crate::event::EventRecord;
use crate::facts::Facts;
use crate::refusal::{Code, Refusal};
use crate::timer::TimerKind;
use draft::Draft;

/// What a command leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is now true, in order; empty when nothing changes.
    pub records: Vec<EventRecord>,
    /// The access after them.
    pub after: Access,
    /// What must happen outside.
    pub effects: Vec<Effect>,
    /// What the same command leads to of the other accesses of its bundle; all of it is true together, or none.
    pub others: Vec<Decision>,
}

impl Decision {
    /// This decision, and those that are made with it.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.others)
    }
}

/// Decides. `access` is `None` for a request only.
pub fn decide(
    access: Option<&Access>,
    command: &Command,
    facts: &Facts<'_>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let access = match (access, command) {
        (_, Command::Request(ask)) if !ask.more.is_empty() => return bundle::request(ask, facts, now),
        (_, Command::Request(ask)) if ask.emergency => return review::bypass(ask, facts, now),
        (_, Command::Request(ask)) => return request::request(ask, facts, now),
        (Some(access), _) => access,
        (None, _) => {
            return Err(Refusal::new(Code::NotFound, "There is no such access.", "`/jit mine` lists yours."));
        }
    };
    match &access.request.bundle {
        Some(bundle) => bundle::decide(bundle, access, command, (facts, now)),
        None => alone(access, command, facts, now),
    }
}

/// Decides about one access alone.
fn alone(access: &Access, command: &Command, facts: &Facts<'_>, now: DateTime<Utc>) -> Result<Decision, Refusal> {
    let mut draft = Draft::of(access, facts, now);
    match (&access.state, command) {
        (_, Command::Request(_)) => {}

        (State::Pending(pending), Command::Approve { by, at_most }) => {
            vote::approve(&mut draft, pending, by, *at_most)?;
        }
        (State::Pending(pending), Command::Deny { by, reason }) => vote::deny(&mut draft, pending, by, reason)?,
        (State::Pending(pending), Command::Claim { by }) => talk::claim(&mut draft, pending, by)?,
        (State::Pending(pending), Command::Question { by, text }) => talk::question(&mut draft, pending, by, text)?,
        (_, Command::Reply { by, text, seen }) => talk::reply(&mut draft, (by, text), *seen)?,
        (
            _,
            Command::Approve { by, .. }
            | Command::Deny { by, .. }
            | Command::Claim { by }
            | Command::Question { by, .. },
        ) => return Err(vote::too_late(access, by, facts)),

        (
            State::Screening(_) | State::Pending(_) | State::Scheduled(_),
            Command::Cancel { by } | Command::Done { by },
        ) => {
            end::cancel(&mut draft, by)?;
        }
        (State::Elevating(_), Command::Cancel { by } | Command::Done { by }) => {
            end::by_holder(&mut draft, by, EndCause::Cancelled { by: by.clone() })?;
        }
        (State::Active(_), Command::Cancel { by } | Command::Done { by }) => {
            end::by_holder(&mut draft, by, EndCause::Done { by: by.clone() })?;
        }
        (State::Revoking(_) | State::Closed(_), Command::Cancel { by } | Command::Done { by }) => {
            return Err(end::over_for_holder(access, by));
        }

        (_, Command::Reveal { by }) => reveal::reveal(&mut draft, by)?,

        (State::Screening(_) | State::Pending(_) | State::Scheduled(_), Command::Revoke { by, reason }) => {
            end::revoke_pending(&mut draft, by, reason)?;
        }
        (State::Elevating(_) | State::Active(_), Command::Revoke { by, reason }) => {
            end::revoke(&mut draft, by, reason)?;
        }
        (State::Revoking(_) | State::Closed(_), Command::Revoke { by, .. }) => {
            return Err(end::over_for_revoker(&draft, by));
        }

        (State::Elevating(elevating), Command::Elevated { verified_at, native_until, handover }) => {
            connector::elevated(&mut draft, elevating, *verified_at, (*native_until, handover.clone()));
        }
        (State::Elevating(elevating), Command::ElevationFailed { error, permanent }) => {
            connector::elevation_failed(&mut draft, elevating, error, *permanent);
        }
        (State::Revoking(revoking), Command::Settled { proof }) => connector::settled(&mut draft, revoking, proof),
        (State::Revoking(revoking), Command::RevocationFailed { error }) => {
            connector::revocation_failed(&mut draft, revoking, error);
        }
        (_, Command::Elevated { .. } | Command::ElevationFailed { .. }) => {}
        (_, Command::Settled { .. } | Command::RevocationFailed { .. }) => {}

        (State::Screening(_) | State::Pending(_) | State::Scheduled(_), Command::ParentEnded) => {
            end::close(&mut draft, Outcome::Lapsed);
        }
        (State::Elevating(_) | State::Active(_), Command::ParentEnded) => {
            end::start(&mut draft, EndCause::ParentEnded);
        }
        (State::Revoking(_) | State::Closed(_), Command::ParentEnded) => {}

        (State::Pending(pending), Command::Recheck) => match end::leaver(access, facts) {
            Some(person) => end::close(&mut draft, Outcome::Leaver { person }),
            None => asking::again(&mut draft, pending),
        },
        (State::Screening(_), Command::Recheck) => {
            if let Some(person) = end::leaver(access, facts) {
                end::close(&mut draft, Outcome::Leaver { person });
            }
        }
        (State::Scheduled(_), Command::Recheck) => match end::leaver(access, facts) {
            Some(person) => end::close(&mut draft, Outcome::Leaver { person }),
            None => vote::reconsider(&mut draft),
        },
        (State::Elevating(_) | State::Active(_), Command::Recheck) => {
            if let Some(person) = end::leaver(access, facts) {
                end::start(&mut draft, EndCause::Leaver { person });
            }
        }
        (State::Revoking(_) | State::Closed(_), Command::Recheck) => {}

        (State::Elevating(_) | State::Active(_), Command::IncidentResolved { incident }) => {
            end::with_incident(&mut draft, incident);
        }
        (_, Command::IncidentResolved { .. }) => {}

        (State::Screening(_), Command::TicketLooked { .. } | Command::Timer { kind: TimerKind::ScreeningDeadline }) => {
            if let Some((screening, finding)) = screen::found(access, command, now) {
                screen::judge(&mut draft, screening, finding);
            }
        }
        (_, Command::TicketLooked { .. }) => {}

        (State::Pending(_) | State::Scheduled(_), Command::TicketClosed { ticket }) => {
            screen::closed(&mut draft, ticket, false);
        }
        (State::Elevating(_) | State::Active(_), Command::TicketClosed { ticket }) => {
            screen::closed(&mut draft, ticket, true);
        }
        // While it is being looked up, that decides.
        (_, Command::TicketClosed { .. }) => {}

        (_, Command::Review { by, misuse, note }) => review::verdict(&mut draft, by, *misuse, note)?,

        (_, Command::Timer { kind }) => timer::fired(&mut draft, *kind),
    }
    Ok(draft.finish())
}
