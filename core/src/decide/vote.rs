//! Agreeing and refusing: who may, judged anew at every click on today's policy and directory.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::draft::Draft;
use super::{asking, screen};
use crate::access::{Access, Asked, EndCause, Outcome, Pending, Revoker, State, Vote};
use crate::effect::Effect;
use crate::event::Event;
use crate::facts::{Facts, InUse};
use crate::freeze;
use crate::id::PersonId;
use crate::notice::NoticeKind;
use crate::personal::Personal;
use crate::policy::quorum::{matched, short_step};
use crate::policy::{Closing, Judgement, Step};
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
    let judgement = still_allowed(&draft.access, draft.facts, draft.now, Some(by))?;
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
    let instead_of = stands_in_for(&draft.access, pending.step, by, draft.facts);
    let vote = Vote { by: by.clone(), step: pending.step, instead_of, at: draft.now, at_most };
    draft.event(Event::Approved { vote });
    let steps = &draft.access.route.steps;
    let votes = draft.access.votes.iter().filter(|vote| vote.step == pending.step).count();
    let complete = steps.get(pending.step).is_some_and(|step| votes >= step.count as usize);
    let last = pending.step + 1 >= steps.len();
    match (complete, last) {
        (false, _) => {}
        (true, false) => asking::open_step(draft, pending.step + 1),
        (true, true) => agreed(draft, judgement.closing),
    }
    draft.tell_story(NoticeKind::Approved { by: by.clone(), at_most });
    draft.tell_cards();
    draft.tell_rehearsed();
    asking::tell_asked(draft);
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
    let instead_of = stands_in_for(&draft.access, pending.step, by, draft.facts);
    super::end::close(draft, Outcome::Denied { by: by.clone(), instead_of, reason: reason.clone() });
    Ok(())
}

/// All have agreed: it is given, or waits for its start.
pub(super) fn agreed(draft: &mut Draft<'_>, closing: Option<Closing>) {
    match draft.access.request.starts_at.filter(|start| *start > draft.now) {
        Some(start) => draft.event(Event::Scheduled { start, closing }),
        None => elevate(draft, closing),
    }
}

/// Its start has come: judged once more, on what is so now, and what was looked up when it was asked is looked up again. What is not allowed
/// any more is over, and everybody concerned hears why.
pub(super) fn start(draft: &mut Draft<'_>) {
    match may_start(draft) {
        Ok(closing) => match draft.access.route.ticket.clone() {
            Some(demand) => {
                screen::begin(draft, &demand, true);
                draft.tell_cards();
            }
            None => begin(draft, closing),
        },
        Err(refusal) => super::end::close(draft, Outcome::NotStarted { refusal }),
    }
}

/// It is given, and everybody concerned sees it.
pub(super) fn begin(draft: &mut Draft<'_>, closing: Option<Closing>) {
    elevate(draft, closing);
    draft.tell_cards();
    draft.tell_rehearsed();
}

/// Policy, people or what is frozen have changed while it waits for its start: what could not begin any more is over now, and everybody concerned
/// hears why, instead of when they would need it. What is only so for the moment is left to the start: who is on call, and how much all hold.
pub(super) fn reconsider(draft: &mut Draft<'_>) {
    if draft.access.planned().is_some_and(|(start, _)| start <= draft.now) {
        // Its start has come, and says what has to be said.
        return;
    }
    let (access, facts) = (&draft.access, &Facts { in_use: InUse::default(), ..*draft.facts });
    let frozen = freeze::refuse(facts.freezes, &access.request, facts.directory);
    let refusal = frozen.or_else(|| match access.route.oncall {
        Some(_) => None,
        None => still_allowed(access, facts, draft.now, None).err(),
    });
    if let Some(refusal) = refusal {
        super::end::close(draft, Outcome::NotStarted { refusal });
    }
}

pub(super) fn may_start(draft: &Draft<'_>) -> Result<Option<Closing>, Refusal> {
    let (access, facts) = (&draft.access, draft.facts);
    if access.planned().is_some_and(|(_, end)| end <= draft.now) {
        let what = "Its time was over before it could begin.";
        return Err(Refusal::new(Code::Start, what, "Ask again if it is still needed."));
    }
    if let Some(refusal) = freeze::refuse(facts.freezes, &access.request, facts.directory) {
        return Err(refusal);
    }
    still_allowed(access, facts, draft.now, None).map(|judgement| judgement.closing)
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
    if let Some(refusal) = used(access, by, facts) {
        return Err(refusal);
    }
    if eligible(access, pending.step, by, facts) {
        let instead_of = stands_in_for(access, pending.step, by, facts);
        return instead_of.and_then(|person| used(access, &person, facts)).map_or(Ok(()), Err);
    }
    if let Some(absence) = facts.directory.absence(by).filter(|_| stands(access, (pending.step, by, None), facts)) {
        let until = absence.until.format("%-d %b %H:%M");
        return Err(Refusal::new(
            Code::NotApprover,
            format!("You are away until {until} UTC, and decide on nothing until then."),
            "`/jit back` says that you are here again.",
        ));
    }
    Err(not_approver(access))
}

/// Whether somebody may decide on it now, as far as that depends on who they are: for whoever shows what waits for them.
pub fn could_vote(access: &Access, person: &PersonId, facts: &Facts<'_>) -> bool {
    matches!(&access.state, State::Pending(pending) if may_vote(access, pending, person, facts).is_ok())
}

/// A say that was used already, by whoever has it or by whoever stood in: nobody counts twice.
fn used(access: &Access, person: &PersonId, facts: &Facts<'_>) -> Option<Refusal> {
    let vote = access.votes.iter().find(|vote| vote.by == *person || vote.instead_of.as_ref() == Some(person))?;
    let name = |person: &PersonId| facts.directory.name(person).to_owned();
    let what = match &vote.instead_of {
        Some(away) if away == person => format!("{} has approved {} for {}.", name(&vote.by), access.short, name(away)),
        _ => format!("{} approved {} already.", name(person), access.short),
    };
    Some(Refusal::new(Code::AlreadyVoted, what, "Somebody else must give the next approval."))
}

/// Somebody without whom a later step could not be completed keeps their vote for that: nobody agrees twice.
fn not_needed_later(access: &Access, step: usize, by: &PersonId, facts: &Facts<'_>) -> Result<(), Refusal> {
    if stuck(access, step, None, facts).is_some() {
        return Ok(());
    }
    let Some(later) = stuck(access, step, Some(by), facts) else { return Ok(()) };
    Err(Refusal::new(
        Code::NotApprover,
        format!("Without you nobody is left for step {} of {}, and nobody approves twice.", later + 1, access.short),
        format!("Let somebody else approve step {} first.", step + 1),
    )
    .by_rule(format!("rule {}", access.route.rule)))
}

/// The first step, from this one on, for which too few distinct people are left once this one has voted as well.
fn stuck(access: &Access, from: usize, with: Option<&PersonId>, facts: &Facts<'_>) -> Option<usize> {
    let mut steps = access.route.steps.get(from..)?.to_vec();
    let counted = access.votes.iter().filter(|vote| vote.step >= from).count() + usize::from(with.is_some());
    steps[0].count = steps[0].count.saturating_sub(u32::try_from(counted).unwrap_or(u32::MAX));
    let instead_of = with.and_then(|by| stands_in_for(access, from, by, facts));
    let spent: BTreeSet<&PersonId> = access.spent().into_iter().chain(with).chain(&instead_of).collect();
    let people: Vec<BTreeSet<PersonId>> = (from..access.route.steps.len())
        .map(|step| {
            let asking = facts.policy.asking(&access.route.steps[step], &access.request, facts.directory);
            let free = |person: &PersonId, instead_of: Option<&PersonId>| {
                !spent.contains(person) && instead_of.is_none_or(|person| !spent.contains(person))
            };
            let voters = asking.people.into_iter().filter(|(person, away)| free(person, away.as_ref()));
            let added = access.asked_in(step).filter(|asked| asked.escalated).map(|asked| &asked.person);
            let added = added.filter(|person| free(person, None) && eligible(access, step, person, facts)).cloned();
            voters.map(|(person, _)| person).chain(added).collect()
        })
        .collect();
    let people: Vec<BTreeSet<&PersonId>> = people.iter().map(|people| people.iter().collect()).collect();
    short_step(&steps, &people).map(|step| from + step)
}

/// Whether somebody may vote in a step now: as one of its people, in place of one who is away, or as one whom its escalation added.
fn eligible(access: &Access, step: usize, person: &PersonId, facts: &Facts<'_>) -> bool {
    let Some(people) = access.route.steps.get(step) else { return false };
    let voters = facts.policy.voters(people, &access.request, facts.directory);
    let here = facts.directory.absence(person).is_none();
    voters.contains(person) || (here && was_added(access, step, person, facts))
}

/// Whom somebody would vote for in a step, other than themselves.
fn stands_in_for(access: &Access, step: usize, person: &PersonId, facts: &Facts<'_>) -> Option<PersonId> {
    let step = access.route.steps.get(step)?;
    facts.policy.asking(step, &access.request, facts.directory).people.remove(person)?
}

/// Whether a vote once given stands: whose say it was has one today, be they here or away, and who gave it is not disabled.
fn stands(access: &Access, (step, by, instead_of): (usize, &PersonId, Option<&PersonId>), facts: &Facts<'_>) -> bool {
    let Some(people) = access.route.steps.get(step) else { return false };
    let named = facts.policy.named(people, &access.request, facts.directory);
    facts.directory.active(by).is_some()
        && (named.contains(instead_of.unwrap_or(by)) || was_added(access, step, by, facts))
}

/// Whether an escalation added somebody, and could add them today.
fn was_added(access: &Access, step: usize, person: &PersonId, facts: &Facts<'_>) -> bool {
    let added = access.asked_in(step).any(|asked| asked.escalated && asked.person == *person);
    let from = asking::climbed_from(access, step);
    added && facts.policy.above(&access.route.escalate_to, &from, &access.request, facts.directory).contains(person)
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
pub(super) fn still_allowed(
    access: &Access,
    facts: &Facts<'_>,
    now: DateTime<Utc>,
    by: Option<&PersonId>,
) -> Result<Judgement, Refusal> {
    let request = &access.request;
    let changed = |what: String| {
        let next = match by {
            Some(_) => format!("Deny {}, or let it time out; they can ask again.", access.lead_short()),
            None => "Ask again, as policy says it now.".to_owned(),
        };
        Refusal::new(Code::PolicyChanged, what, next)
    };
    if let Some(extends) = &request.extends {
        let live = facts.open.iter().any(|open| open.id == extends.parent && open.state == "active");
        if extends.from <= now || !live {
            return Err(changed("The access it extends has ended.".to_owned()));
        }
    }
    if access.planned().is_some_and(|(_, end)| end <= now) {
        return Err(changed("The time for which it was asked is over.".to_owned()));
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
    let own = (request.entitlement.instance.unwrap_or(access.id), &request.entitlement.account);
    let today = beneficiary.and_then(|person| super::request::entitlement(own, role, person, facts).ok());
    if today.as_ref() != Some(&request.entitlement) {
        return Err(changed(format!("The role `{}` now gives something else than was asked for.", request.role)));
    }
    let given = |vote: &&Vote| stands(access, (vote.step, &vote.by, vote.instead_of.as_ref()), facts);
    if let Some(vote) = access.votes.iter().find(|vote| !given(vote)) {
        let name = facts.directory.name(&vote.by);
        return Err(changed(format!("{name} approved it, and can no longer decide on it.")));
    }
    let judged = super::request::judge_again(access, by.is_none(), facts, now);
    let judgement = judged.map_err(|refusal| {
        let rule = refusal.rule.clone();
        let refusal = changed(format!("Policy does not allow it now: {}", refusal.what));
        rule.into_iter().fold(refusal, Refusal::by_rule)
    })?;
    let today: Vec<BTreeSet<&PersonId>> = has_a_say_today(access, &judgement, by, facts);
    if satisfies_today(access, &judgement, &today, by) {
        return Ok(judgement);
    }
    let quorum = judgement.route.quorum();
    let asked = |person: &&PersonId| today.iter().flatten().any(|asked| asked == person);
    let what = match access.votes.iter().map(|vote| &vote.by).chain(by).find(|person| !asked(person)) {
        _ if quorum > access.route.quorum() => format!("Policy now asks for {quorum} approvals."),
        Some(other) => format!("Policy now asks other people than {}.", facts.directory.name(other)),
        None => "Policy now asks for approvals from other groups of people.".to_owned(),
    };
    Err(changed(what).by_rule(judgement.route.rule))
}

/// Per step of today's policy, who of those who agreed, this one included, has a say in it: by themselves, in place of somebody who was away,
/// or as one whom an escalation added, who stands in for anybody: of a bundle only for those of the step in which they were added.
fn has_a_say_today<'a>(
    access: &'a Access,
    judgement: &Judgement,
    by: Option<&'a PersonId>,
    facts: &Facts<'_>,
) -> Vec<BTreeSet<&'a PersonId>> {
    let stands_in = |asked: &Asked, step: &Step| {
        let by = access.route.steps.get(asked.step);
        access.request.bundle.is_none() || by.is_some_and(|by| facts.policy.is_covered(step, &access.request, by))
    };
    let escalated = |person: &PersonId, step: &Step| {
        access.asked.iter().any(|asked| asked.escalated && asked.person == *person && stands_in(asked, step))
    };
    let people = |(step, asked): (&Step, &Vec<PersonId>)| {
        let named = facts.policy.named(step, &access.request, facts.directory);
        let whose = |vote: &'a Vote| (&vote.by, vote.instead_of.as_ref());
        let has = |(person, instead_of): &(&PersonId, Option<&PersonId>)| {
            let given = named.contains(instead_of.unwrap_or(person)) && (instead_of.is_none() || step.delegation);
            given || asked.contains(person) || escalated(person, step)
        };
        let agreed = access.votes.iter().map(whose).chain(by.map(|by| (by, None)));
        agreed.filter(has).map(|(person, _)| person).collect()
    };
    judgement.route.steps.iter().zip(&judgement.approvers).map(people).collect()
}

/// Whether the votes so far, this one, and those that are still to come can be all that today's policy asks for: each of its steps has its
/// people, and nobody counts twice.
fn satisfies_today(
    access: &Access,
    judgement: &Judgement,
    today: &[BTreeSet<&PersonId>],
    by: Option<&PersonId>,
) -> bool {
    let missing = judgement.route.quorum() - matched(&judgement.route.steps, today);
    let agreed = u32::try_from(access.votes.len() + usize::from(by.is_some())).unwrap_or(u32::MAX);
    missing <= access.route.quorum().saturating_sub(agreed)
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
            Outcome::Refused { .. } => format!("{short} was refused once its ticket was looked up."),
            Outcome::TicketClosed { ticket } => format!("{short} is closed: its ticket {} is.", ticket.id),
            Outcome::NotStarted { .. } => format!("{short} was approved, but could not begin."),
            Outcome::Lapsed => format!("{short} has lapsed: the access it extends has ended."),
            Outcome::Leaver { person } => format!("{short} is closed: {} is disabled or has left.", name(person)),
            Outcome::Ended { cause: EndCause::Cancelled { by }, .. } => {
                format!("{short} was cancelled by {}.", name(by))
            }
            Outcome::Ended { .. } => format!("{short} was approved by {} and is over.", deciders(access, &name)),
        },
        State::Screening(_) if access.votes.is_empty() => {
            let what = format!("Nobody is asked about {short} yet: its ticket is being looked up.");
            return Refusal::new(Code::WrongState, what, "Wait a few seconds.");
        }
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
