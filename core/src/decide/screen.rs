//! Screening: what has to be looked up outside is looked up before anybody is asked, and once more when a later start comes. The answer is a
//! command like any other; what is not known by the deadline counts as untrue.

use chrono::{DateTime, TimeDelta, Utc};

use super::draft::Draft;
use super::{end, request, vote};
use crate::access::{Access, Outcome, Screening, State};
use crate::command::Command;
use crate::effect::Effect;
use crate::event::Event;
use crate::policy::{Closing, refuse_ticket};
use crate::refusal::Refusal;
use crate::ticket::{Demand, Finding, TicketId};
use crate::timer::TimerKind;

/// How long the answer may take. Source: design, "facts have 5 s; an unknown fact counts as false".
pub const SCREENING_LASTS: TimeDelta = TimeDelta::seconds(5);

/// Has a ticket looked up; nothing is asked or given before.
pub(super) fn begin(draft: &mut Draft<'_>, demand: &Demand, at_start: bool) {
    let (ticket, deadline) = (demand.ticket.clone(), draft.now + SCREENING_LASTS);
    draft.event(Event::ScreeningStarted { ticket, deadline, at_start });
    draft.effect(Effect::Screen);
}

/// What a command says of the ticket. An answer about another one, or after the deadline, says nothing: the deadline's timer decides.
pub(super) fn found<'a>(access: &'a Access, command: &Command, now: DateTime<Utc>) -> Option<(&'a Screening, Finding)> {
    let State::Screening(screening) = &access.state else { return None };
    let finding = match command {
        Command::TicketLooked { ticket, finding } if *ticket == screening.ticket && now < screening.deadline => {
            finding.clone()
        }
        Command::Timer { kind: TimerKind::ScreeningDeadline } if now >= screening.deadline => {
            let why = format!("did not answer within {} s", SCREENING_LASTS.num_seconds());
            Finding::Unknown { why }
        }
        _ => return None,
    };
    Some((screening, finding))
}

/// Notes what was found.
pub(super) fn note(draft: &mut Draft<'_>, screening: &Screening, finding: Finding) {
    draft.event(Event::TicketLooked { ticket: screening.ticket.clone(), finding });
}

/// Goes on with what is known now, or is over, and its requester hears why.
pub(super) fn judge(draft: &mut Draft<'_>, screening: &Screening, finding: Finding) {
    note(draft, screening, finding);
    match (judged(draft, screening.at_start), screening.at_start) {
        (Ok(closing), false) => request::go_on(draft, closing),
        (Ok(closing), true) => vote::begin(draft, closing),
        (Err(refusal), false) => end::close(draft, Outcome::Refused { refusal }),
        (Err(refusal), true) => end::close(draft, Outcome::NotStarted { refusal }),
    }
}

/// What was demanded when it was asked for and what policy says now must both hold.
pub(super) fn judged(draft: &Draft<'_>, at_start: bool) -> Result<Option<Closing>, Refusal> {
    let (access, facts) = (&draft.access, draft.facts);
    let request = &access.request;
    let finding = access.ticket.as_ref().map(|looked| &looked.finding);
    let parties = [&request.requester, &request.beneficiary];
    let refused = |demand: &Demand| refuse_ticket(demand, finding, parties, facts.directory);
    if let Some(refusal) = access.route.ticket.as_deref().and_then(refused) {
        return Err(refusal.by_rule(&access.route.rule));
    }
    if at_start {
        return vote::may_start(draft);
    }
    // Judged as if it were asked now, so that a refusal has the words of one; then as something that was asked before.
    request::judge(request, request::known(access), facts, draft.now)?;
    vote::still_allowed(access, facts, draft.now, None).map(|judgement| judgement.closing)
}

/// Its ticket is closed: what was given for it ends, and what was asked for it is over, where its rule said so.
pub(super) fn closed(draft: &mut Draft<'_>, closed: &TicketId, given: bool) {
    if !ends_with(&draft.access, closed) {
        return;
    }
    let ticket = closed.clone();
    match given {
        true => end::start(draft, crate::access::EndCause::TicketClosed { ticket }),
        false => end::close(draft, Outcome::TicketClosed { ticket }),
    }
}

/// Whether the rule of an access says that it ends with this ticket.
pub(super) fn ends_with(access: &Access, closed: &TicketId) -> bool {
    access.route.ticket.as_ref().and_then(|demand| demand.ends_with()) == Some(closed)
}
