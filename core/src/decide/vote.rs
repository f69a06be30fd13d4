//! Agreeing and refusing: who may, judged anew at every click on today's policy and directory.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::draft::Draft;
use crate::access::{Access, EndCause, Outcome, Pending, Revoker, State, Vote};
use crate::advice::advise;
use crate::effect::Effect;
use crate::event::Event;
use crate::facts::Facts;
use crate::freeze;
use crate::id::PersonId;
use crate::notice::NoticeKind;
use crate::personal::Personal;
use crate::policy::quorum::{matched, short_step};
use crate::policy::{Closing, Judgement};
use crate::refusal::{Code, Refusal};
use crate::span::Span;

/// How long connectors may try before what was given is taken back.
pub const ELEVATION_DEADLINE: TimeDelta = TimeDelta::minutes(2);
/// What the target's own expiry is later than ours at the most, so that the clock can start at verification.
pub const NATIVE_MARGIN: TimeDelta = TimeDelta::seconds(60);

/// Counts a vote; the last one starts elevating.
pub(super) fn approve(
    draft: &mut Draft<'_>,
    pending: &Pending,
    by: &PersonId,
    at_most: Option<Span>,
) -> Result<(), Refusal> {
    may_vote(&draft.access, pending, by, draft.facts)?;
    if let Some(refusal) = freeze::refuse(draft.facts.freezes, &draft.access.request, draft.facts.directory) {
        return Err(refusal);
    }
    let judgement = still_allowed(&draft.access, draft.facts, draft.now, by)?;
    not_needed_later(&draft.access, pending.step, by, draft.facts)?;
    let at_most = at_most.filter(|at_most| *at_most < draft.access.duration());
    let least = draft.facts.policy.limits.min_duration.min(draft.access.request.duration);
    if at_most.is_some_and(|at_most| at_most < least || at_most.is_zero()) {
        return Err(Refusal::new(
            Code::Duration,
            format!("That is shorter than the least of {least}."),
            "Approve for longer, or deny.",
        ));
    }
    let vote = Vote { by: by.clone(), step: pending.step, at: draft.now, at_most };
    draft.event(Event::Approved { vote });
    let steps = &draft.access.route.steps;
    let votes = draft.access.votes.iter().filter(|vote| vote.step == pending.step).count();
    let complete = steps.get(pending.step).is_some_and(|step| votes >= step.count as usize);
    let last = pending.step + 1 >= steps.len();
    match (complete, last) {
        (false, _) => {}
        (true, false) => open_step(draft, pending.step + 1),
        (true, true) => elevate(draft, judgement.closing),
    }
    draft.tell_story(NoticeKind::Approved { by: by.clone(), at_most });
    draft.tell_cards();
    draft.tell_rehearsed();
    if complete && last {
        draft.tell_open_questions();
    }
    Ok(())
}

/// One refusal closes the request.
pub(super) fn deny(draft: &mut Draft<'_>, pending: &Pending, by: &PersonId, reason: &Personal) -> Result<(), Refusal> {
    may_vote(&draft.access, pending, by, draft.facts)?;
    if reason.text().trim().is_empty() {
        return Err(Refusal::new(
            Code::Justification,
            "A denial needs a reason.",
            "Say in a few words why, so that they know what to change.",
        ));
    }
    super::end::close(draft, Outcome::Denied { by: by.clone(), reason: reason.clone() });
    Ok(())
}

/// Opens a step and asks its people.
pub(super) fn open_step(draft: &mut Draft<'_>, step: usize) {
    let voted: BTreeSet<&PersonId> = draft.access.votes.iter().map(|vote| &vote.by).collect();
    let access = &draft.access;
    let asked = draft
        .facts
        .policy
        .voters(&access.route.steps[step], &access.request, draft.facts.directory)
        .into_iter()
        .filter(|person| !voted.contains(person))
        .collect();
    let advice = advise(&access.request, &access.route.rule, draft.facts, draft.now).map(Box::new);
    draft.event(Event::StepOpened { step, asked, advice });
}

/// Writes down the intent; the connector's worker does the rest. It ends with its window, if that closes before its time is over. A rehearsal
/// has nothing to wait for: its clock starts at once.
pub(super) fn elevate(draft: &mut Draft<'_>, closing: Option<Closing>) {
    let access = &draft.access;
    let longest = draft.facts.policy.role(&access.request.role).map_or(Span::MAX, |role| role.max_duration);
    let duration = access.duration().min(longest);
    let begin = access.request.extends.as_ref().map_or(draft.now, |extends| extends.from.max(draft.now));
    let end = closing.iter().map(|closing| closing.at).fold(begin + duration.delta(), Ord::min);
    if access.entitlement().is_none() {
        draft.event(Event::Rehearsed { until: end, closing });
        return;
    }
    draft.event(Event::ElevationStarted {
        duration,
        native_until: end + NATIVE_MARGIN,
        deadline: draft.now + ELEVATION_DEADLINE,
        closing,
    });
    draft.effect(Effect::Reconcile);
}

/// Never one's own, never a disabled person, only the step's own people or those added by escalation, and nobody twice.
pub(super) fn may_vote(access: &Access, pending: &Pending, by: &PersonId, facts: &Facts<'_>) -> Result<(), Refusal> {
    let request = &access.request;
    if *by == request.requester || *by == request.beneficiary {
        return Err(Refusal::new(
            Code::OwnRequest,
            "Nobody decides on their own request.",
            format!("`/jit show {}` tells who can.", access.short),
        ));
    }
    if facts.directory.active(by).is_none() {
        return Err(Refusal::new(
            Code::Disabled,
            "Your account is disabled.",
            "Ask an administrator of jit, if that is a mistake.",
        ));
    }
    if access.votes.iter().any(|vote| vote.by == *by) {
        return Err(Refusal::new(
            Code::AlreadyVoted,
            format!("You have approved {} already.", access.short),
            "Somebody else must give the next approval.",
        ));
    }
    if eligible(access, pending.step, by, facts) {
        return Ok(());
    }
    Err(not_approver(access))
}

/// Somebody without whom a later step could not be completed keeps their vote for that: nobody agrees twice.
fn not_needed_later(access: &Access, step: usize, by: &PersonId, facts: &Facts<'_>) -> Result<(), Refusal> {
    let mut voted: BTreeSet<&PersonId> = access.votes.iter().map(|vote| &vote.by).collect();
    if stuck(access, step, &voted, facts).is_some() {
        return Ok(());
    }
    voted.insert(by);
    let Some(later) = stuck(access, step, &voted, facts) else { return Ok(()) };
    Err(Refusal::new(
        Code::NotApprover,
        format!("Without you nobody is left for step {} of {}, and nobody approves twice.", later + 1, access.short),
        format!("Let somebody else approve step {} first.", step + 1),
    )
    .by_rule(format!("rule {}", access.route.rule)))
}

/// The first step, from this one on, for which too few distinct people are left once these have voted.
fn stuck(access: &Access, from: usize, voted: &BTreeSet<&PersonId>, facts: &Facts<'_>) -> Option<usize> {
    let open = access.route.steps.get(from..)?;
    let mut steps = open.to_vec();
    let counted = voted.len() - access.votes.iter().filter(|vote| vote.step < from).count();
    steps[0].count = steps[0].count.saturating_sub(u32::try_from(counted).unwrap_or(u32::MAX));
    let people: Vec<BTreeSet<PersonId>> = (from..access.route.steps.len())
        .map(|step| {
            let asked = access.asked_in(step).filter(|asked| asked.escalated).map(|asked| asked.person.clone());
            let voters = facts.policy.voters(&access.route.steps[step], &access.request, facts.directory);
            let may = |person: &PersonId| !voted.contains(person) && eligible(access, step, person, facts);
            voters.into_iter().chain(asked).filter(may).collect()
        })
        .collect();
    let people: Vec<BTreeSet<&PersonId>> = people.iter().map(|people| people.iter().collect()).collect();
    short_step(&steps, &people).map(|step| from + step)
}

/// Whether somebody may vote in a step on today's directory: as one of its people, or as one whom its escalation added and
/// would still add.
fn eligible(access: &Access, step: usize, person: &PersonId, facts: &Facts<'_>) -> bool {
    let (route, request) = (&access.route, &access.request);
    let Some(people) = route.steps.get(step) else { return false };
    if facts.policy.voters(people, request, facts.directory).contains(person) {
        return true;
    }
    let added = access.asked_in(step).any(|asked| asked.escalated && asked.person == *person);
    let first: Vec<_> =
        access.asked_in(step).filter(|asked| !asked.escalated).map(|asked| asked.person.clone()).collect();
    added && facts.policy.escalation(&route.escalate_to, &first, request, facts.directory).contains(person)
}

fn not_approver(access: &Access) -> Refusal {
    Refusal::new(
        Code::NotApprover,
        format!("You are not among those who can decide on {} now.", access.short),
        format!("`/jit show {}` tells who can.", access.short),
    )
    .by_rule(format!("rule {}", access.route.rule))
}

/// The stricter of the policy it was asked under and today's wins: it must be allowed today as well, and whoever agrees must in the end be
/// all whom today's policy asks.
fn still_allowed(access: &Access, facts: &Facts<'_>, now: DateTime<Utc>, by: &PersonId) -> Result<Judgement, Refusal> {
    let request = &access.request;
    let changed = |what: String| {
        let next = format!("Deny {}, or let it time out; they can ask again.", access.short);
        Refusal::new(Code::PolicyChanged, what, next)
    };
    if let Some(extends) = &request.extends {
        let live = facts.open.iter().any(|open| open.id == extends.parent && open.state == "active");
        if extends.from <= now || !live {
            return Err(changed("The access it extends has ended.".to_owned()));
        }
    }
    for person in [&request.requester, &request.beneficiary] {
        if facts.directory.active(person).is_none() {
            return Err(changed(format!("{} is disabled or has left.", facts.directory.name(person))));
        }
    }
    let Some(role) = facts.policy.role(&request.role) else {
        return Err(changed(format!("The role `{}` is no longer in the policy.", request.role)));
    };
    if role.pilot && request.rehearsal.is_none() {
        return Err(changed(format!("The role `{}` is only tried out now, and nothing of it is given.", request.role)));
    }
    let beneficiary = facts.directory.person(&request.beneficiary);
    let today = beneficiary.and_then(|person| super::request::entitlement(access.id, role, person, facts).ok());
    if today.as_ref() != Some(&request.entitlement) {
        return Err(changed(format!("The role `{}` now gives something else than was asked for.", request.role)));
    }
    if let Some(vote) = access.votes.iter().find(|vote| !eligible(access, vote.step, &vote.by, facts)) {
        let name = facts.directory.name(&vote.by);
        return Err(changed(format!("{name} approved it, and can no longer decide on it.")));
    }
    let judgement = super::request::judge(request, facts, now).map_err(|refusal| {
        let rule = refusal.rule.clone();
        let refusal = changed(format!("Policy does not allow it now: {}", refusal.what));
        rule.into_iter().fold(refusal, Refusal::by_rule)
    })?;
    if satisfies_today(access, &judgement, by) {
        return Ok(judgement);
    }
    let quorum = judgement.route.quorum();
    let asked = |person: &&PersonId| judgement.approvers.iter().flatten().any(|asked| asked == *person);
    let what = match access.votes.iter().map(|vote| &vote.by).chain([by]).find(|person| !asked(person)) {
        _ if quorum > access.route.quorum() => format!("Policy now asks for {quorum} approvals."),
        Some(other) => format!("Policy now asks other people than {}.", facts.directory.name(other)),
        None => "Policy now asks for approvals from other groups of people.".to_owned(),
    };
    Err(changed(what).by_rule(judgement.route.rule))
}

/// Whether the votes so far, this one, and those that are still to come can be all that today's policy asks for: each of its steps has its
/// people, and nobody counts twice. Whoever an escalation added stands in for anybody.
fn satisfies_today(access: &Access, judgement: &Judgement, by: &PersonId) -> bool {
    let agreed: BTreeSet<&PersonId> = access.votes.iter().map(|vote| &vote.by).chain([by]).collect();
    let escalated = |person: &PersonId| access.asked.iter().any(|asked| asked.escalated && asked.person == *person);
    let people = |step: &Vec<PersonId>| -> BTreeSet<&PersonId> {
        agreed.iter().copied().filter(|person| step.contains(person) || escalated(person)).collect()
    };
    let people: Vec<BTreeSet<&PersonId>> = judgement.approvers.iter().map(people).collect();
    let missing = judgement.route.quorum() - matched(&judgement.route.steps, &people);
    let to_come = access.route.quorum().saturating_sub(u32::try_from(agreed.len()).unwrap_or(u32::MAX));
    missing <= to_come
}

/// The loser of a race, or a click on a stale card, hears who decided; somebody who has no part in it does not.
pub(super) fn too_late(access: &Access, by: &PersonId, facts: &Facts<'_>) -> Refusal {
    let could = |step| eligible(access, step, by, facts);
    if !access.is_party(by) && !(0..access.route.steps.len()).any(could) {
        return not_approver(access);
    }
    let name = |person: &PersonId| {
        if person == by { "you".to_owned() } else { facts.directory.name(person).to_owned() }
    };
    let short = &access.short;
    let what = match &access.state {
        State::Closed(closed) => match &closed.outcome {
            Outcome::Denied { by, .. } => format!("{short} was denied already by {}.", name(by)),
            Outcome::Cancelled { by } => format!("{short} was cancelled by {}.", name(by)),
            Outcome::Withdrawn { by, .. } => format!("{short} was withdrawn by {}.", revoker(by, &name)),
            Outcome::TimedOut => format!("{short} has timed out: nobody decided in time."),
            Outcome::Lapsed => format!("{short} has lapsed: the access it extends has ended."),
            Outcome::Leaver { person } => format!("{short} is closed: {} is disabled or has left.", name(person)),
            Outcome::Ended { cause: EndCause::Cancelled { by }, .. } => {
                format!("{short} was cancelled by {}.", name(by))
            }
            Outcome::Ended { .. } => format!("{short} was approved by {} and is over.", deciders(access, &name)),
        },
        _ if access.route.is_auto() => format!("{short} was approved by policy."),
        _ => format!("{short} was approved already by {}.", deciders(access, &name)),
    };
    Refusal::new(Code::AlreadyDecided, what, "Nothing is left to do.")
}

fn revoker(by: &Revoker, name: &dyn Fn(&PersonId) -> String) -> String {
    match by {
        Revoker::Person(person) => name(person),
        Revoker::Operator(operator) => format!("the operator {operator}"),
    }
}

fn deciders(access: &Access, name: &dyn Fn(&PersonId) -> String) -> String {
    if access.votes.is_empty() {
        return "policy".to_owned();
    }
    access.votes.iter().map(|vote| name(&vote.by)).collect::<Vec<_>>().join(" and ")
}
