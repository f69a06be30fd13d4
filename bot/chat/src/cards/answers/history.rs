//! Events as a story: a line each.

use std::collections::BTreeMap;

use jit_core::access::{Access, Skipped, Vote};
use jit_core::event::{Actor, Event, EventRecord};
use jit_core::id::PersonId;
use jit_core::span::Span;
use jit_core::ticket::Finding;

use crate::card::Line;
use crate::cards::{Context, sample, words};

/// Longest story that is told whole; of a longer one the beginning and the end.
const LINES: usize = 24;

pub(super) fn lines(events: &[EventRecord], context: &Context) -> Vec<Line> {
    let line = |record: &EventRecord| Line::default().at(record.at).plain(": ").then(event(record, context));
    if events.len() <= LINES {
        return events.iter().map(line).collect();
    }
    let (first, last) = (LINES / 2, LINES / 2 - 1);
    let left_out = Line::new(format!("… {} more …", events.len() - first - last));
    let last = &events[events.len() - last..];
    events[..first].iter().map(line).chain([left_out]).chain(last.iter().map(line)).collect()
}

fn event(record: &EventRecord, context: &Context) -> Line {
    let names = |people| words::names(people, context);
    match &record.event {
        Event::Requested { request, .. } => {
            let who = context.directory.name(&request.requester);
            let whom = match request.is_own() {
                true => String::new(),
                false => format!(" on behalf of {}", context.directory.name(&request.beneficiary)),
            };
            Line::new(format!("{who} asked for {}{whom}", request.duration))
        }
        Event::ScreeningStarted { ticket, at_start, .. } => {
            let again = if *at_start { " once more" } else { "" };
            Line::new(format!("the ticket {} is looked up in {}{again}", ticket.id, ticket.source))
        }
        Event::TicketLooked { ticket, finding } => found(&ticket.id, finding),
        Event::StepOpened { step, asked, instead_of, skipped, .. } => {
            Line::new(format!("step {} asked ", step + 1)).then(asking((asked, instead_of, skipped), context))
        }
        Event::AskedAgain { asked, instead_of, skipped, .. } => {
            let who = if asked.is_empty() { "who is asked has changed" } else { "who is asked has changed; now also " };
            Line::new(who).then(asking((asked, instead_of, skipped), context))
        }
        Event::Reminded => Line::new("the approvers were reminded"),
        Event::Escalated { added } if added.is_empty() => Line::new("nobody further could be asked"),
        Event::Escalated { added } => Line::new(format!("{} asked too", are(names(added), added.len()))),
        Event::Approved { vote } => Line::new(agreed(vote, context)),
        Event::Claimed { by } => Line::new(format!("{} is looking at it", context.directory.name(by))),
        Event::Released { by } => Line::new(format!("{} not looking at it any more", are_now(names(by), by.len()))),
        Event::Questioned { by, text } => {
            Line::new(format!("{} asked: ", context.directory.name(by))).quote(text.text())
        }
        Event::Replied { by, text, .. } => {
            Line::new(format!("{} answered: ", context.directory.name(by))).quote(text.text())
        }
        Event::Scheduled { start, .. } => Line::new("agreed, to start ").at(*start),
        Event::ElevationStarted { duration, .. } => Line::new(format!("agreed for {duration}, set-up began")),
        Event::Rehearsed { until, .. } => Line::new("rehearsed, nothing is changed; until ").at(*until),
        Event::ElevationTroubled { error } => Line::new("the target had trouble: ").code(error),
        Event::Elevated { until, .. } => Line::new("verified live, until ").at(*until),
        Event::Revealed { by } => Line::new(format!("{} had a new password set and shown", context.directory.name(by))),
        Event::Warned => Line::new("the holder was warned of the end"),
        Event::WarningSpared => Line::new("no warning of the end was needed: more time was agreed"),
        Event::RevocationStarted { cause } => Line::new("taking it back began. ").then(words::cause(cause, context)),
        Event::RevocationFailed { error } => Line::new("taking back failed: ").code(error),
        Event::RevocationAlerted => Line::new("security was told again that taking back fails"),
        Event::Closed { outcome } => closed(outcome, context),
        Event::Refused { code, verb, .. } => {
            Line::new(format!("{} of {verb} was refused ({code})", attempt(&record.actor, context)))
        }
        Event::ReviewOpened { due, .. } => Line::new("taken in an emergency; to be reviewed by ").at(*due),
        Event::ReviewReminded => Line::new("security was reminded of the review"),
        Event::ReviewOverdue => Line::new("nobody reviewed it in time"),
        Event::Reviewed { verdict } => {
            let word = if verdict.misuse { "misuse" } else { "justified" };
            let by = context.directory.name(&verdict.by);
            Line::new(format!("{by} reviewed it as {word}: ")).quote(verdict.note.text())
        }
        Event::WentAway { .. } => Line::new("somebody went away"),
        Event::CameBack { .. } => Line::new("somebody came back"),
        Event::Frozen { .. } => Line::new("new access was frozen"),
        Event::Unfrozen { .. } => Line::new("a freeze was lifted"),
        Event::OncallDigested { .. } => Line::new("security had the digest of what was given on call"),
        Event::ExceptionReminded { .. } => Line::new("an exception's owner was reminded of its end"),
        Event::PolicyRefused { .. } => Line::new("a changed policy was not put in force"),
        Event::PolicyLoaded { .. } => Line::new("another policy was loaded"),
    }
}

fn found(id: &str, finding: &Finding) -> Line {
    match finding {
        Finding::Ticket(ticket) => Line::new(format!("the ticket {id} was found: {}", ticket.status)),
        Finding::Missing => Line::new(format!("there is no ticket {id}")),
        Finding::Unknown { why } => Line::new(format!("the ticket {id} could not be looked up: its source {why}")),
    }
}

/// Who was asked, for whom, and who was not.
fn asking(
    (asked, instead_of, skipped): (&[PersonId], &BTreeMap<PersonId, PersonId>, &[Skipped]),
    context: &Context,
) -> Line {
    let one = |person: &PersonId| match instead_of.get(person) {
        Some(away) => format!("{} (for {})", context.name(person), context.name(away)),
        None => context.name(person).to_owned(),
    };
    let line = match asked {
        [] => Line::default(),
        asked => Line::new(words::joined(asked.iter().map(one).collect(), "and")),
    };
    match skipped {
        [] => line,
        skipped => line.plain(". ").then(words::skipped_people(&skipped.iter().collect::<Vec<_>>(), context)),
    }
}

fn are(names: String, how_many: usize) -> String {
    if how_many == 1 { format!("{names} was") } else { format!("{names} were") }
}

fn are_now(names: String, how_many: usize) -> String {
    if how_many == 1 { format!("{names} is") } else { format!("{names} are") }
}

fn agreed(vote: &Vote, context: &Context) -> String {
    let limit = vote.at_most.map_or_else(String::new, |most: Span| format!(", for at most {most}"));
    let instead_of =
        vote.instead_of.as_ref().map_or_else(String::new, |away| format!(" for {}", context.directory.name(away)));
    format!("{} approved{instead_of}{limit}", context.directory.name(&vote.by))
}

fn attempt(actor: &Actor, context: &Context) -> String {
    match actor {
        Actor::Person { id, .. } => format!("an attempt by {}", context.directory.name(id)),
        Actor::Unknown { .. } => "an attempt by somebody unknown".to_owned(),
        _ => "an attempt".to_owned(),
    }
}

/// The title's words suffice here: the story above says who.
fn closed(outcome: &jit_core::access::Outcome, context: &Context) -> Line {
    use jit_core::access::{Outcome, Proof};
    match outcome {
        Outcome::Denied { by, instead_of, reason } => {
            Line::new(format!("{} denied it: ", words::denier(by, instead_of.as_ref(), context))).quote(reason.text())
        }
        Outcome::Cancelled { by } => Line::new(format!("{} cancelled it", context.directory.name(by))),
        Outcome::Withdrawn { by, reason } => {
            Line::new(format!("{} withdrew it: ", words::revoker(by, context))).quote(reason.text())
        }
        Outcome::TimedOut => Line::new("nobody decided in time"),
        Outcome::Leaver { person } => Line::new(format!("{} was disabled or has left", context.directory.name(person))),
        Outcome::NotStarted { refusal } => Line::new("it could not start: ").sentence(&refusal.what),
        Outcome::Refused { refusal } => Line::new("it was refused: ").sentence(&refusal.what),
        Outcome::TicketClosed { ticket } => Line::new(format!("its ticket {} is closed", ticket.id)),
        Outcome::Lapsed => Line::new("it lapsed with the access that it extends"),
        Outcome::Ended { proof: Proof::Gone { .. }, .. } => Line::new("verified gone"),
        Outcome::Ended { proof: Proof::RemainsUnder { short }, .. } => Line::new(format!("remains under {short}")),
        Outcome::Ended { proof: Proof::Untouched, .. } => Line::new("over; nothing was given"),
        Outcome::Ended { proof: Proof::RemainsStanding, .. } => Line::new("remains: standing access"),
    }
}

/// The story of a sample, as far as its votes tell it.
pub(super) fn sample(access: &Access) -> Vec<EventRecord> {
    let asked = access.asked.iter().filter(|asked| asked.step == 0).map(|asked| asked.person.clone()).collect();
    let requested = Event::Requested {
        short: access.short.clone(),
        request: Box::new(access.request.clone()),
        route: access.route.clone(),
        closing: None,
        on_duty: None,
    };
    let looked = access.ticket.iter().map(|looked| {
        let (ticket, finding) = (looked.ticket.clone(), looked.finding.clone());
        Event::TicketLooked { ticket, finding }
    });
    let mut events: Vec<Event> = [requested].into_iter().chain(looked).collect();
    events.extend([Event::StepOpened {
        step: 0,
        asked,
        instead_of: BTreeMap::new(),
        skipped: access.skipped.clone(),
        advice: None,
    }]);
    events.extend(access.votes.iter().map(|vote| Event::Approved { vote: vote.clone() }));
    if access.until().is_some() {
        let (since, until) = (sample::now(), sample::minutes(60));
        events.push(Event::Elevated { since, until, native_until: None, handover: None });
    }
    let record = |(version, event)| EventRecord {
        access: Some(access.id),
        version,
        at: sample::now(),
        actor: Actor::Timer,
        policy: access.policy.clone(),
        event,
    };
    (1..).zip(events).map(record).collect()
}
