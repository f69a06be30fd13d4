//! The emergency bypass and the review that must follow it: opened with the elevation, decided by somebody who may, reminded of, overdue.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::draft::Draft;
use super::{Decision, end, request, vote};
use crate::access::{Access, EndCause, Request, Review, Revoker, State, Unknown, Verdict};
use crate::command::Ask;
use crate::directory::Directory;
use crate::event::Event;
use crate::facts::{Facts, Unreviewed};
use crate::id::PersonId;
use crate::notice::NoticeKind;
use crate::personal::Personal;
use crate::policy::{Emergency, Policy, Subject};
use crate::refusal::{Code, Refusal};

/// Takes a role at once, or refuses. Nobody is asked; the review is opened in the same decision.
pub(super) fn bypass(ask: &Ask, facts: &Facts<'_>, now: DateTime<Utc>) -> Result<Decision, Refusal> {
    let request = request::describe(ask, facts, now)?;
    let (route, emergency) = request::judge_bypass(&request, facts, now)?;
    overdue(facts, now, request.rehearsal.is_some())?;
    let (by, due) = (emergency.review.by.clone(), now + emergency.review.within.delta());
    let unknown = unknown(&request, emergency, facts);
    let mut draft = Draft::begin(ask, request, (route, None), (facts, now))?;
    draft.event(Event::ReviewOpened { by, due, unknown });
    vote::elevate(&mut draft, None);
    draft.tell_cards();
    draft.tell_rehearsed();
    Ok(draft.finish())
}

/// What policy goes by when this role is asked for in the normal way, and that is not known now. It keeps nobody waiting, and its reviewers
/// are told.
fn unknown(request: &Request, emergency: &Emergency, facts: &Facts<'_>) -> Vec<Unknown> {
    let rules = || facts.policy.rules_of(&request.role);
    let named = rules().flat_map(|rule| &rule.who).chain(&emergency.who).filter_map(Subject::rotation);
    let rotations: BTreeSet<&str> = named.filter(|name| facts.directory.rotation(name).is_none()).collect();
    let services = rules().filter_map(|rule| rule.auto_approve.as_ref()?.require_incident.as_ref()).flatten();
    let services: BTreeSet<&String> = services.filter(|service| facts.directory.incidents(service).is_none()).collect();
    let ticket = rules().any(|rule| rule.ticket_terms.demand_anything()).then_some(Unknown::Ticket);
    let rotations = rotations.into_iter().map(|name| Unknown::Rotation { name: name.to_owned() });
    let services = services.into_iter().map(|service| Unknown::Incidents { service: service.clone() });
    ticket.into_iter().chain(rotations).chain(services).collect()
}

/// Whoever has a bypass that nobody reviewed in time gets no other; what was only rehearsed keeps back no more than another rehearsal.
fn overdue(facts: &Facts<'_>, now: DateTime<Utc>, rehearsed: bool) -> Result<(), Refusal> {
    let counts = |review: &&Unreviewed| review.due <= now && (rehearsed || !review.rehearsed);
    let Some(late) = facts.unreviewed.iter().find(counts) else { return Ok(()) };
    let short = &late.short;
    Err(Refusal::new(
        Code::ReviewOverdue,
        format!(
            "Your emergency bypass `{short}` was to be reviewed by {} UTC, and is not.",
            late.due.format("%-d %b %H:%M")
        ),
        format!("Ask security to review it: its card stands in their channel. `/jit show {short}` tells its story."),
    )
    .by_rule("emergency bypass"))
}

/// Says whether a bypass was justified. Misuse takes the access back if it is still live.
pub(super) fn verdict(draft: &mut Draft<'_>, by: &PersonId, misuse: bool, note: &Personal) -> Result<(), Refusal> {
    let Some(review) = draft.access.review.clone() else {
        let what = format!("{} was no emergency bypass, so there is nothing to review.", draft.access.short);
        return Err(Refusal::new(
            Code::WrongState,
            what,
            format!("`/jit show {}` tells its story.", draft.access.short),
        ));
    };
    if !may_review(&draft.access, &review, by, draft.facts.policy, draft.facts.directory) {
        return Err(Refusal::new(
            Code::NotApprover,
            format!("You cannot review {}.", draft.access.short),
            "Its reviewers can, but neither the holder nor a direct report of theirs.",
        )
        .by_rule("emergency bypass"));
    }
    if let Some(verdict) = &review.verdict {
        let name = draft.facts.directory.name(&verdict.by);
        let word = if verdict.misuse { "misuse" } else { "justified" };
        let what = format!("{} was reviewed already by {name}: {word}.", draft.access.short);
        return Err(Refusal::new(Code::AlreadyDecided, what, "Nothing is left to do."));
    }
    if note.text().trim().is_empty() {
        let next = "Say in a few words what you looked at and what you found.";
        return Err(Refusal::new(Code::Justification, "A review needs a note.", next));
    }
    let verdict = Verdict { by: by.clone(), misuse, note: note.clone(), at: draft.now };
    draft.event(Event::Reviewed { verdict });
    if misuse && matches!(draft.access.state, State::Elevating(_) | State::Active(_)) {
        end::start(draft, EndCause::Revoked { by: Revoker::Person(by.clone()), reason: note.clone() });
    } else {
        draft.tell_cards();
    }
    draft.tell_story(NoticeKind::Reviewed);
    Ok(())
}

/// Whether somebody may review, on today's directory: one of the reviewers, active, neither the holder nor one who reports to the holder.
pub fn may_review(access: &Access, review: &Review, by: &PersonId, policy: &Policy, directory: &Directory) -> bool {
    let parties = [&access.request.beneficiary, &access.request.requester];
    let Some(person) = directory.active(by) else { return false };
    let is = |subject: &Subject| policy.is_owner(subject, by, directory);
    !parties.contains(&by)
        && person.manager.as_ref().is_none_or(|manager| !parties.contains(&manager))
        && review.by.iter().any(is)
}

/// It waits for its review, or nobody came in time.
pub(super) fn remind(draft: &mut Draft<'_>, overdue: bool) {
    draft.event(if overdue { Event::ReviewOverdue } else { Event::ReviewReminded });
    draft.tell_security_under_review(if overdue { NoticeKind::ReviewOverdue } else { NoticeKind::ReviewDue });
    if overdue {
        draft.tell_cards();
    }
}

/// When security is reminded of a review: when three quarters of its time are over.
pub fn reminded_at(review: &Review, opened: DateTime<Utc>) -> DateTime<Utc> {
    let quarter: TimeDelta = (review.due - opened) / 4;
    review.due - quarter
}
