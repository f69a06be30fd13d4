//! Folds one event into an access. Total: every event has one meaning, whatever the state; `decide` sees to it that
//! only fitting events are made.

use std::collections::BTreeMap;

use crate::access::{
    Access, Active, Asked, Claim, Closed, Elevating, Failing, Pending, Question, Reply, Review, Revoking, Scheduled,
    Screening, State,
};
use crate::event::{Event, EventRecord};
use crate::id::PersonId;
use crate::ticket::Looked;

/// The access after an event. `None` only before its first event, or for events that are about no access.
pub fn apply(access: Option<Access>, record: &EventRecord) -> Option<Access> {
    let Some(mut access) = access else { return begin(record) };
    access.version = record.version;
    let at = record.at;
    match &record.event {
        Event::Requested { .. } | Event::Refused { .. } => {}
        Event::Frozen { .. } | Event::Unfrozen { .. } => {}
        Event::WentAway { .. } | Event::CameBack { .. } => {}
        Event::ExceptionReminded { .. }
        | Event::OncallDigested { .. }
        | Event::PolicyRefused { .. }
        | Event::PolicyLoaded { .. } => {}
        Event::ScreeningStarted { ticket, deadline, at_start } => {
            let (ticket, deadline, at_start) = (ticket.clone(), *deadline, *at_start);
            access.state = State::Screening(Screening { since: at, deadline, ticket, at_start });
        }
        Event::TicketLooked { ticket, finding } => {
            access.ticket = Some(Box::new(Looked { ticket: ticket.clone(), finding: finding.clone(), at }));
        }
        Event::StepOpened { step, asked, instead_of, skipped, advice } => {
            access.advice = advice.clone();
            access.state = State::Pending(Pending::opened(*step, at));
            ask(&mut access, (*step, instead_of), asked, false);
            access.skipped.extend(skipped.iter().cloned());
        }
        Event::AskedAgain { step, asked, instead_of, skipped } => {
            if let State::Pending(pending) = &mut access.state {
                pending.exhausted = false;
            }
            access.asked.retain(|before| before.step != *step || !asked.contains(&before.person));
            ask(&mut access, (*step, instead_of), asked, false);
            access.skipped.retain(|skipped| skipped.step != *step);
            access.skipped.extend(skipped.iter().cloned());
        }
        Event::Reminded => {
            if let State::Pending(pending) = &mut access.state {
                pending.reminded = true;
            }
        }
        Event::Escalated { added } => {
            if let State::Pending(pending) = &mut access.state {
                (pending.escalations, pending.escalated_at) = (pending.escalations + 1, Some(at));
                pending.exhausted = added.is_empty();
                let step = pending.step;
                // Whoever was asked before, and was not any more, is asked as somebody else now.
                access.asked.retain(|before| before.step != step || !added.contains(&before.person));
                access.skipped.retain(|skipped| skipped.step != step || !added.contains(&skipped.person));
                ask(&mut access, (step, &BTreeMap::new()), added, true);
            }
        }
        Event::Approved { vote } => {
            access.votes.push(vote.clone());
            release(&mut access, std::slice::from_ref(&vote.by));
        }
        Event::Claimed { by } => {
            if let State::Pending(pending) = &mut access.state {
                pending.claims.push(Claim { by: by.clone(), since: at });
            }
        }
        Event::Released { by } => release(&mut access, by),
        Event::Questioned { by, text } => {
            access.questions.push(Question { by: by.clone(), at, text: text.clone(), reply: None });
        }
        Event::Replied { by, text, to } => {
            for index in to {
                if let Some(question) = access.questions.get_mut(*index) {
                    question.reply = Some(Reply { by: by.clone(), at, text: text.clone() });
                }
            }
        }
        Event::Scheduled { start, closing } => {
            access.closing = closing.clone();
            access.state = State::Scheduled(Scheduled { since: at, start: *start });
        }
        Event::ElevationStarted { duration, native_until, deadline, closing } => {
            access.closing = closing.clone();
            access.state = State::Elevating(Elevating {
                since: at,
                duration: *duration,
                native_until: *native_until,
                deadline: *deadline,
                trouble: None,
            });
        }
        Event::Rehearsed { until, closing } => {
            access.closing.clone_from(closing);
            access.activated_at = Some(at);
            access.state = State::Active(Active {
                since: at,
                until: *until,
                native_until: None,
                warned: false,
                spared: false,
                handover: None,
            });
        }
        Event::ElevationTroubled { error } => {
            if let State::Elevating(elevating) = &mut access.state {
                elevating.trouble = Some(error.clone());
            }
        }
        Event::Elevated { since, until, native_until, handover } => {
            access.activated_at = Some(*since);
            access.state = State::Active(Active {
                since: *since,
                until: *until,
                native_until: *native_until,
                warned: false,
                spared: false,
                handover: handover.clone(),
            });
        }
        Event::Revealed { .. } => {}
        Event::Warned => {
            if let State::Active(active) = &mut access.state {
                active.warned = true;
            }
        }
        Event::WarningSpared => {
            if let State::Active(active) = &mut access.state {
                active.spared = true;
            }
        }
        Event::RevocationStarted { cause } => {
            access.state = State::Revoking(Revoking { cause: cause.clone(), since: at, failing: None });
        }
        Event::RevocationFailed { error } => {
            if let State::Revoking(revoking) = &mut access.state {
                let (since, alerted_at) =
                    revoking.failing.as_ref().map_or((at, at), |failing| (failing.since, failing.alerted_at));
                revoking.failing = Some(Failing { since, alerted_at, error: error.clone() });
            }
        }
        Event::RevocationAlerted => {
            if let State::Revoking(Revoking { failing: Some(failing), .. }) = &mut access.state {
                failing.alerted_at = at;
            }
        }
        Event::ReviewOpened { by, due, unknown } => {
            let (by, due, unknown) = (by.clone(), *due, unknown.clone());
            access.review = Some(Review { by, due, reminded: false, overdue: false, unknown, verdict: None });
        }
        Event::ReviewReminded => access.review.iter_mut().for_each(|review| review.reminded = true),
        Event::ReviewOverdue => access.review.iter_mut().for_each(|review| review.overdue = true),
        Event::Reviewed { verdict } => {
            access.review.iter_mut().for_each(|review| review.verdict = Some(verdict.clone()));
        }
        Event::Closed { outcome } => access.state = State::Closed(Closed { at, outcome: outcome.clone() }),
    }
    Some(access)
}

/// The access that a `Requested` event begins.
fn begin(record: &EventRecord) -> Option<Access> {
    let (Some(id), Event::Requested { short, request, route, closing, .. }) = (record.access, &record.event) else {
        return None;
    };
    Some(Access {
        id,
        short: short.clone(),
        version: record.version,
        request: (**request).clone(),
        route: route.clone(),
        policy: record.policy.clone(),
        requested_at: record.at,
        asked: Vec::new(),
        skipped: Vec::new(),
        votes: Vec::new(),
        advice: None,
        questions: Vec::new(),
        ticket: None,
        activated_at: None,
        review: None,
        closing: closing.clone(),
        // The same decision opens a step, starts elevating or looks something up; until then the first step is open and nobody is asked.
        state: State::Pending(Pending::opened(0, record.at)),
    })
}

fn release(access: &mut Access, people: &[PersonId]) {
    if let State::Pending(pending) = &mut access.state {
        pending.claims.retain(|claim| !people.contains(&claim.by));
    }
}

fn ask(
    access: &mut Access,
    (step, instead_of): (usize, &BTreeMap<PersonId, PersonId>),
    people: &[PersonId],
    escalated: bool,
) {
    access.asked.extend(people.iter().map(|person| {
        let instead_of = instead_of.get(person).cloned();
        Asked { person: person.clone(), step, escalated, instead_of }
    }));
}
