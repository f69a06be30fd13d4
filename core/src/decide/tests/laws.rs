//! What every decision keeps to, whatever the command: checked on each step of every table and of every random history.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::{Access, Outcome, Proof, State, Vote};
use crate::apply::apply;
use crate::canonical::canonical;
use crate::decide::Decision;
use crate::directory::Kind;
use crate::effect::{Content, Effect, Recipient, Tell};
use crate::event::{Event, EventRecord};
use crate::facts::Facts;
use crate::id::{AccessId, PersonId};
use crate::incident::Named;
use crate::notice::{Notice, NoticeKind};
use crate::policy::{AtWindowEnd, Risk, Rule, Step, Subject};
use crate::refusal::Refusal;
use crate::ticket::Finding;
use crate::timer::{TimerKind, timers};

pub fn check(before: Option<&Access>, decision: &Decision, facts: &Facts<'_>, now: DateTime<Utc>) {
    folds(before, decision);
    serializes(decision);
    has_timers(&decision.after);
    rehearses_rightly(decision);
    screens_quietly(decision);
    is_revealed_to_its_holder(decision, facts);
    let agreed = matches!(decision.after.state, State::Elevating(_) | State::Active(_) | State::Scheduled(_));
    let waited = |access: &Access| matches!(access.state_name(), "screening" | "pending" | "scheduled");
    if agreed && before.is_none_or(|access| waited(access) && access.state_name() != decision.after.state_name()) {
        begins_when_asked(&decision.after, now);
        has_its_quorum(&decision.after, facts);
        has_its_own_quorum(&decision.after, facts);
        is_short_enough(&decision.after, facts);
        is_within_its_windows(&decision.after, facts, now);
        outlasts_no_contract(&decision.after, facts);
        has_its_place(&decision.after, facts, before.is_none_or(Access::waits_together));
        has_its_ticket(&decision.after);
        let stopped = crate::freeze::refuse(facts.freezes, &decision.after.request, facts.directory);
        assert!(stopped.is_none(), "given while it is frozen: {stopped:?}");
        let pilot = facts.policy.role(&decision.after.request.role).is_some_and(|role| role.pilot);
        assert!(!pilot || decision.after.entitlement().is_none(), "a role that is only tried out is given");
    }
    decided_by_those_who_may(before, decision, facts);
    if before.is_some_and(|access| !access.is_open()) {
        let reviews = !decision.records.is_empty() && decision.records.iter().all(|record| is_review(&record.event));
        let nothing = decision.records.is_empty() && decision.effects.is_empty();
        assert!(nothing || reviews, "something happens after the end");
    }
    tells_rightly(before, decision, facts);
    talk_decides_nothing(before, decision);
    ends_in_time(&decision.after);
    assert!(decision.records.iter().all(|record| record.at == now && record.policy == facts.policy.hash));
}

/// What was asked for together waits together and stops waiting together, agreed to by the same people; what is told of all of them is told
/// in one place, as it is then.
pub fn together(decision: &Decision, before: &BTreeMap<AccessId, Access>) {
    let Some(bundle) = &decision.after.request.bundle else {
        assert!(decision.others.is_empty(), "what was asked for alone changes another");
        return;
    };
    let after = |id: &AccessId| {
        let decided = decision.all().find(|part| part.after.id == *id).map(|part| &part.after);
        decided.or_else(|| before.get(id)).expect("every member is there")
    };
    let members: Vec<&Access> = bundle.members.iter().map(|member| after(&member.id)).collect();
    let waiting = members.iter().filter(|access| access.waits_together()).count();
    assert!(waiting == 0 || waiting == members.len(), "only some of them wait");
    assert!((2..=crate::decide::MOST_ROLES).contains(&members.len()));
    let lead = after(&bundle.lead);
    assert!(members.iter().filter(|member| !member.follows()).eq([&lead]));
    let conversation = |access: &Access| (access.asked.clone(), access.skipped.clone(), access.votes.clone());
    let route = |access: &Access| (access.route.steps.clone(), access.route.timeout);
    for member in &members {
        assert_eq!(conversation(member), conversation(lead));
        assert_eq!(member.questions, lead.questions);
        assert_eq!(route(member), route(lead));
        assert_eq!(member.request.bundle, lead.request.bundle);
        assert!(waiting == 0 || member.state == lead.state, "they wait in different ways");
        assert_eq!(member.request.rehearsal, lead.request.rehearsal, "a rehearsal beside something real");
    }
    let waited = members.iter().any(|member| before.get(&member.id).is_none_or(Access::waits_together));
    assert!(!waited || decision.records.is_empty() || decision.all().count() == members.len(), "some were left behind");
    told_together(decision, &members);
}

fn told_together(decision: &Decision, members: &[&Access]) {
    let effects = decision.all().flat_map(|part| &part.effects);
    let tells = effects.filter_map(|effect| if let Effect::Tell(tell) = effect { Some(&**tell) } else { None });
    // Told again for the same slot, the later one is what is seen.
    let tells: BTreeMap<_, _> = tells.map(|tell| ((&tell.to, &tell.slot), tell)).collect();
    for tell in tells.into_values().filter(|tell| notice(tell).kind.of_the_whole()) {
        let notice = notice(tell);
        assert!(!notice.access.follows() && tell.slot.access == notice.access.id, "told in another place");
        let told: BTreeSet<_> = std::iter::once(&notice.access).chain(&notice.bundle).map(|told| told.id).collect();
        assert_eq!(told.len(), members.len());
        for told in std::iter::once(&notice.access).chain(&notice.bundle) {
            assert!(members.contains(&told), "{} is told as it is not", told.short);
        }
    }
}

/// Advice changes what approvers are shown, and nothing else: the same decision, or the same refusal, comes without it.
pub fn advice_is_no_authority(advised: &Result<Decision, Refusal>, unadvised: Result<Decision, Refusal>) {
    let mut advised = advised.clone();
    if let Ok(decision) = &mut advised {
        // What an earlier step was shown stays where no further one is opened.
        let before = unadvised.as_ref().ok().and_then(|decision| decision.after.advice.clone());
        decision.after.advice.clone_from(&before);
        for record in &mut decision.records {
            if let Event::StepOpened { advice, .. } = &mut record.event {
                *advice = None;
            }
        }
        for effect in &mut decision.effects {
            if let Effect::Tell(tell) = effect
                && let Content::Notice(notice) = &mut tell.content
                && notice.access.id == decision.after.id
            {
                notice.access.advice.clone_from(&before);
            }
        }
    }
    assert_eq!(advised, unadvised);
}

/// No target is touched for a rehearsal: it is never in a state in which connectors may be called, holds nothing, wakes nobody, and says
/// nothing of a target at its end. Of what is real the opposite: it is never live without the target's word, nor over without it.
fn rehearses_rightly(decision: &Decision) {
    let after = &decision.after;
    let rehearsal = after.request.rehearsal.is_some();
    let closed = |proof: &Proof| (*proof == Proof::Untouched) == rehearsal;
    for record in &decision.records {
        let fits = match &record.event {
            Event::Rehearsed { .. } => rehearsal,
            Event::ElevationStarted { .. } | Event::Elevated { .. } | Event::ElevationTroubled { .. } => !rehearsal,
            Event::RevocationStarted { .. } | Event::RevocationFailed { .. } => !rehearsal,
            Event::Closed { outcome: Outcome::Ended { proof, .. } } => closed(proof),
            _ => true,
        };
        assert!(fits, "{} of {:?}", record.event.kind(), after.request.rehearsal);
    }
    if rehearsal {
        assert!(
            matches!(after.state_name(), "screening" | "pending" | "scheduled" | "active" | "closed"),
            "{}",
            after.state_name()
        );
        assert!(after.entitlement().is_none() && after.holds().is_none());
        assert!(!decision.effects.contains(&Effect::Reconcile), "a worker is woken for a rehearsal");
    }
}

/// Records are numbered without gaps and lead, one by one and by permitted ways only, to what the decision says.
fn folds(before: Option<&Access>, decision: &Decision) {
    let mut access = before.cloned();
    for record in &decision.records {
        let from = access.clone();
        assert_eq!(record.version, from.as_ref().map_or(0, |access| access.version) + 1);
        access = apply(access, record);
        let to = access.as_ref().unwrap();
        assert_eq!(record.access, Some(to.id));
        if let Some(from) = from {
            permitted(&from, record, to);
        }
    }
    assert_eq!(access.as_ref(), Some(&decision.after));
}

/// The ways between states. In particular: once connectors may have been called, over only by Revoking and with a proof.
fn permitted(from: &Access, record: &EventRecord, to: &Access) {
    let ended = matches!(&record.event, Event::Closed { outcome: Outcome::Ended { .. } });
    let rehearsed = to.request.rehearsal.is_some();
    let fits = match (from.state_name(), to.state_name()) {
        ("pending", "pending" | "scheduled" | "elevating") | ("scheduled", "elevating") => true,
        // The first event of an access leaves it as if its first step were open.
        ("pending", "screening") => from.version == 1,
        ("scheduled", "screening") | ("screening", "screening" | "pending" | "scheduled" | "elevating") => true,
        ("screening" | "pending" | "scheduled", "closed") => !ended,
        ("screening" | "pending" | "scheduled", "active") => rehearsed,
        ("active", "closed") => rehearsed && ended,
        ("elevating", "elevating" | "active" | "revoking") | ("active", "active" | "revoking") => true,
        ("revoking", "revoking") => true,
        ("revoking", "closed") => ended,
        ("closed", "closed") => is_review(&record.event),
        _ => false,
    };
    assert!(fits, "{} leads from {} to {}", record.event.kind(), from.state_name(), to.state_name());
    let fixed = |access: &Access| (access.id, access.request.clone(), access.route.clone(), access.requested_at);
    assert_eq!(fixed(from), fixed(to));
}

/// What may still happen when the access itself is over.
fn is_review(event: &Event) -> bool {
    matches!(event, Event::ReviewReminded | Event::ReviewOverdue | Event::Reviewed { .. })
}

fn serializes(decision: &Decision) {
    round_trip(&decision.after);
    decision.records.iter().for_each(round_trip);
    // Every notice carries the access as it is afterwards, which has been looked at.
    for effect in &decision.effects {
        match effect {
            Effect::Tell(tell) => {
                round_trip(&(tell.to.clone(), tell.slot.clone(), tell.under.clone(), notice(tell).kind.clone()));
            }
            other => round_trip(other),
        }
    }
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let stored = canonical(value).unwrap();
    let loaded: T = serde_json::from_slice(&stored.bytes).unwrap();
    assert_eq!(&loaded, value);
    assert_eq!(canonical(&loaded).unwrap(), stored);
}

fn has_timers(access: &Access) {
    let all = timers(access);
    let kinds: BTreeSet<_> = all.iter().map(|timer| timer.kind).collect();
    assert_eq!(kinds.len(), all.len(), "each kind at most once");
    let needed = match &access.state {
        // Its lead's stand for it.
        State::Pending(_) | State::Screening(_) if access.waits_together() && access.follows() => {
            assert_eq!(all, []);
            None
        }
        State::Screening(_) => Some(TimerKind::ScreeningDeadline),
        State::Pending(_) => Some(TimerKind::TimeOut),
        State::Scheduled(_) => Some(TimerKind::Start),
        State::Elevating(_) => Some(TimerKind::ElevationDeadline),
        State::Active(_) => Some(TimerKind::End),
        State::Revoking(revoking) => revoking.failing.as_ref().map(|_| TimerKind::Alert),
        State::Closed(_) => None,
    };
    assert!(needed.is_none_or(|kind| kinds.contains(&kind)), "{} has only {kinds:?}", access.state_name());
    let lapses = matches!(access.state, State::Pending(_)) && access.request.extends.is_some();
    assert_eq!(kinds.contains(&TimerKind::Lapse), lapses);
    let reviews = BTreeSet::from([TimerKind::ReviewDue, TimerKind::ReviewOverdue]);
    assert!(access.is_open() || kinds.is_subset(&reviews));
    let waits = access.review.as_ref().is_some_and(|review| review.verdict.is_none() && !review.overdue);
    assert_eq!(kinds.contains(&TimerKind::ReviewOverdue), waits, "a review is never forgotten");
}

/// There is no way past Screening: whatever goes on, in whatever way, had its ticket looked up, and it was as the route demands. That an
/// emergency waits for none is in its route.
fn has_its_ticket(access: &Access) {
    let Some(demand) = &access.route.ticket else { return };
    let looked = access.ticket.as_ref().expect("nobody looked its ticket up");
    let Finding::Ticket(ticket) = &looked.finding else { panic!("given though the ticket is {:?}", looked.finding) };
    assert!(looked.ticket == demand.ticket && access.review.is_none());
    assert!(ticket.open || !demand.terms.open, "given for a ticket that is closed");
    let person = ticket.assignee.as_ref().and_then(|assignee| assignee.person.as_ref());
    let parties = [Some(&access.request.requester), Some(&access.request.beneficiary)];
    assert!(!demand.terms.assigned || parties.contains(&person), "given for somebody else's ticket");
}

/// Nobody is asked, and no target is touched, before the ticket is known.
fn screens_quietly(decision: &Decision) {
    let State::Screening(screening) = &decision.after.state else { return };
    assert_eq!(screening.deadline, screening.since + crate::decide::SCREENING_LASTS);
    assert!(decision.after.holds().is_none() && !decision.effects.contains(&Effect::Reconcile));
    assert!(screening.at_start || (decision.after.asked.is_empty() && decision.after.votes.is_empty()));
    // What one of a bundle demands is looked up before any of them goes on.
    let demanded = decision.after.route.ticket.as_ref().map(|demand| &demand.ticket);
    assert!(demanded == Some(&screening.ticket) || (demanded.is_none() && decision.after.waits_together()));
}

/// Nobody asks for another but an employee whom a rule about the role names as a sponsor; nothing is automatic then; and whoever asked or gets it
/// is not among those who were asked or who agreed, nor stands in for one of them.
fn is_sponsored_rightly(access: &Access, facts: &Facts<'_>) {
    let request = &access.request;
    if request.is_own() {
        return;
    }
    let (sponsor, holder) = (&request.requester, &request.beneficiary);
    let person = |id: &PersonId| facts.directory.person(id).expect("a person").clone();
    assert_eq!(person(sponsor).kind, Kind::Employee, "{sponsor} sponsors");
    let names = |subjects: &[Subject], id: &PersonId| {
        subjects.iter().any(|subject| match subject {
            Subject::Person(named) => named == id,
            Subject::Group(group) => person(id).groups.contains(group),
            Subject::Oncall(rotation) => facts.directory.rotation(rotation).is_some_and(|on| on.contains(id)),
            Subject::Manager | Subject::Owner => false,
        })
    };
    let mut rules = facts.policy.rules_of(&request.role);
    assert!(rules.any(|rule| names(&rule.sponsors, sponsor) && names(&rule.who, holder)), "no rule lets {sponsor}");
    assert!(!access.route.is_auto() && access.review.is_none() && access.route.oncall.is_none());
    let has_a_part = |id: &PersonId| id == sponsor || id == holder;
    assert!(!access.asked.iter().any(|asked| has_a_part(&asked.person)), "a party was asked");
    assert!(!access.spent().into_iter().any(has_a_part), "a party agreed, or somebody in their place");
}

/// Every step has as many votes as it needs, of distinct people who may decide today; none at all only by policy, and never for
/// high risk.
fn has_its_quorum(access: &Access, facts: &Facts<'_>) {
    let request = &access.request;
    is_sponsored_rightly(access, facts);
    let voters: BTreeSet<_> = access.votes.iter().map(|vote| &vote.by).collect();
    assert_eq!(voters.len(), access.votes.len(), "somebody counts twice");
    let stood_in: Vec<_> = access.votes.iter().filter_map(|vote| vote.instead_of.as_ref()).collect();
    assert_eq!(access.spent().len(), voters.len() + stood_in.len(), "somebody counts by themselves and by another");
    assert!(!voters.contains(&request.requester) && !voters.contains(&request.beneficiary));
    // Of a bundle it says only why this one would need nobody.
    if let Some(oncall) = access.route.oncall.as_ref().filter(|_| access.route.is_auto() || request.bundle.is_none()) {
        let on = facts.directory.rotation(&oncall.rotation);
        assert!(on.is_some_and(|people| people.contains(&request.beneficiary)) && access.route.is_auto());
        let open = |named: &Named| facts.directory.incidents(&named.service).unwrap_or_default();
        let is_open = |named: &Named| open(named).iter().any(|incident| incident.id == named.key.id);
        assert!(oncall.incident.as_ref().is_none_or(is_open), "an incident that is not open gives nothing");
        assert!(!oncall.ends_with_incident || oncall.incident.is_some());
    }
    let bypass = access.review.is_some();
    assert!(!access.route.is_auto() || request.risk < Risk::High || bypass);
    if bypass {
        let (role, who) = (facts.policy.role(&request.role), facts.directory.person(&request.beneficiary));
        let permitted = role.zip(who).and_then(|(role, who)| facts.policy.bypass(role, who, facts.directory));
        assert!(permitted.is_some() && access.route.is_auto() && request.requester == request.beneficiary);
        assert!(
            facts
                .unreviewed
                .iter()
                .all(|review| review.due > access.requested_at
                    || (review.rehearsed && access.request.rehearsal.is_none())),
            "an overdue review was passed over"
        );
    }
    for person in [&request.requester, &request.beneficiary].into_iter().chain(voters) {
        assert!(facts.directory.active(person).is_some(), "{person} is disabled");
    }
    for (number, step) in access.route.steps.iter().enumerate() {
        let votes: Vec<_> = access.votes.iter().filter(|vote| vote.step == number).collect();
        assert_eq!(votes.len(), step.count as usize, "step {number}");
        for vote in votes {
            let whose = (&vote.by, vote.instead_of.as_ref());
            assert!(has_a_say(whose, access, (number, step), facts), "{} has no say in step {number}", vote.by);
        }
    }
}

/// Whatever it was asked for with: distinct people who have a say in it, as many as its own role needs today. Found by trying everything.
fn has_its_own_quorum(access: &Access, facts: &Facts<'_>) {
    let Some(role) = facts.policy.role(&access.request.role).filter(|_| access.request.bundle.is_some()) else {
        return;
    };
    let alone = |rule: &Rule| rule.auto_approve.as_ref().is_some_and(|auto| access.request.duration <= auto.up_to);
    let low = role.risk < Risk::High && facts.policy.rules_of(&role.name).any(alone);
    let Some(rule) = facts.policy.rules_of(&role.name).find(|rule| !rule.steps.is_empty() && !low) else { return };
    let owner = |subject: &Subject| if *subject == Subject::Owner { role.owner.clone() } else { subject.clone() };
    let counts = |vote: &Vote, step: &Step| {
        let whose = (&vote.by, vote.instead_of.as_ref());
        let any: Vec<Subject> = step.any.iter().map(owner).collect();
        let mut asked = access.asked.iter().filter(|asked| asked.escalated && asked.person == vote.by);
        let added = asked.any(|asked| access.route.steps[asked.step].any.iter().all(|subject| any.contains(subject)));
        let asking = facts.policy.asking(step, &access.request, facts.directory);
        has_a_say(whose, access, (usize::MAX, step), facts) || added || asking.people.contains_key(&vote.by)
    };
    let needed: Vec<&Step> = rule.steps.iter().flat_map(|step| (0..step.count).map(move |_| step)).collect();
    let votes: Vec<&Vote> = access.votes.iter().collect();
    assert!(possible(&needed, &votes, &counts), "{} is given without its own quorum", role.name);
}

fn possible(needed: &[&Step], votes: &[&Vote], counts: &dyn Fn(&Vote, &Step) -> bool) -> bool {
    let Some((step, rest)) = needed.split_first() else { return true };
    (0..votes.len()).filter(|number| counts(votes[*number], step)).any(|number| {
        let mut left = votes.to_vec();
        left.remove(number);
        possible(rest, &left, counts)
    })
}

/// Whether somebody may vote, told in another way than the code does.
/// Whoever stands in for another has that one's say, and must be somebody who could have one.
fn has_a_say(
    (by, instead_of): (&PersonId, Option<&PersonId>),
    access: &Access,
    (number, step): (usize, &Step),
    facts: &Facts<'_>,
) -> bool {
    let request = &access.request;
    let who = instead_of.unwrap_or(by);
    let parties = [&request.requester, &request.beneficiary];
    if facts.directory.active(by).is_none() || parties.contains(&by) || (instead_of.is_some() && !step.delegation) {
        return false;
    }
    let Some(person) = facts.directory.person(who) else { return false };
    let Some(beneficiary) = facts.directory.person(&request.beneficiary) else { return false };
    let named = |subject: &Subject| match subject {
        Subject::Person(id) => id == who,
        Subject::Group(group) => person.groups.contains(group),
        _ => false,
    };
    let one_of_them = step.any.iter().any(|subject| match subject {
        Subject::Manager => beneficiary.manager.as_ref() == Some(who),
        Subject::Owner => facts.policy.role(&request.role).is_some_and(|role| named(&role.owner)),
        subject => named(subject),
    });
    let added = access.asked.iter().any(|asked| asked.escalated && asked.step == number && asked.person == *who);
    person.active && !parties.contains(&who) && (one_of_them || (added && instead_of.is_none()))
}

/// Everybody who agreed or refused had a say at that moment.
fn decided_by_those_who_may(before: Option<&Access>, decision: &Decision, facts: &Facts<'_>) {
    for record in &decision.records {
        let stood_in;
        let (by, step) = match &record.event {
            Event::Approved { vote } => {
                let stands_in = vote.instead_of.as_ref().map(|away| facts.directory.absence(away));
                let named =
                    stands_in.is_none_or(|absence| absence.and_then(|it| it.delegate.as_ref()) == Some(&vote.by));
                assert!(named && facts.directory.absence(&vote.by).is_none(), "{} stands in for nobody", vote.by);
                ((&vote.by, vote.instead_of.as_ref()), vote.step)
            }
            Event::Reviewed { verdict } => {
                let request = &decision.after.request;
                let reviewer = facts.directory.person(&verdict.by).expect("a person");
                let parties = [&request.beneficiary, &request.requester];
                assert!(reviewer.active && !parties.contains(&&verdict.by));
                assert!(reviewer.manager.as_ref().is_none_or(|manager| !parties.contains(&manager)));
                continue;
            }
            Event::Replied { by, .. } => {
                let request = &decision.after.request;
                assert!([&request.beneficiary, &request.requester].contains(&by), "{by} answered for somebody else");
                continue;
            }
            Event::Claimed { by }
            | Event::Questioned { by, .. }
            | Event::Closed { outcome: Outcome::Denied { by, .. } } => match before.map(|access| &access.state) {
                Some(State::Pending(pending)) => {
                    let asking = facts.policy.asking(
                        &decision.after.route.steps[pending.step],
                        &decision.after.request,
                        facts.directory,
                    );
                    stood_in = asking.people.get(by).cloned().flatten();
                    ((by, stood_in.as_ref()), pending.step)
                }
                other => panic!("decided or looked at in {other:?}"),
            },
            _ => continue,
        };
        let access = &decision.after;
        assert!(has_a_say(by, access, (step, &access.route.steps[step]), facts), "{by:?} had no say");
    }
}

/// Looking at it, asking back and answering leave everything as it is, the clock of the step included.
fn talk_decides_nothing(before: Option<&Access>, decision: &Decision) {
    let talk = |event: &Event| {
        matches!(
            event,
            Event::Claimed { .. } | Event::Released { .. } | Event::Questioned { .. } | Event::Replied { .. }
        )
    };
    let Some(before) = before.filter(|_| decision.records.iter().any(|record| talk(&record.event))) else { return };
    assert_eq!(decision.records.len(), 1, "somebody asks and something else happens");
    let mut after = decision.after.clone();
    (after.version, after.questions) = (before.version, before.questions.clone());
    if let (State::Pending(after), State::Pending(before)) = (&mut after.state, &before.state) {
        after.claims.clone_from(&before.claims);
    }
    assert_eq!(after, *before);
    let clock = |access: &Access| -> Vec<_> {
        timers(access).into_iter().filter(|timer| timer.kind != TimerKind::Release).collect()
    };
    assert_eq!(clock(&decision.after), clock(before));
    assert!(decision.after.questions.len() <= crate::decide::MOST_QUESTIONS);
}

/// A secret is for whoever holds a live account that was made for them, or who answers for them; and it changes nothing else.
fn is_revealed_to_its_holder(decision: &Decision, facts: &Facts<'_>) {
    let request = &decision.after.request;
    for record in &decision.records {
        let Event::Revealed { by } = &record.event else { continue };
        assert!(matches!(decision.after.state, State::Active(_)) && decision.records.len() == 1);
        assert!(
            facts.connectors[&request.entitlement.connector].makes_accounts && request.entitlement.instance.is_some()
        );
        let reachable = facts.directory.active(&request.beneficiary).is_some_and(|p| facts.directory.in_chat(p));
        assert!(*by == request.beneficiary || (*by == request.requester && !reachable), "somebody else sees it");
        assert!(decision.effects.is_empty(), "nobody is told");
    }
}

/// A chain of extensions is no longer than the role allows when it is agreed to.
fn is_short_enough(access: &Access, facts: &Facts<'_>) {
    let longest = facts.policy.role(&access.request.role).unwrap().max_duration.delta();
    let chain = access.request.extends.as_ref().map_or(TimeDelta::zero(), |extends| extends.from - extends.chain_since);
    assert!(chain + access.duration().delta() <= longest);
}

/// It begins while hours and blackouts let it, and ends with them unless the rule lets it run on.
fn is_within_its_windows(access: &Access, facts: &Facts<'_>, now: DateTime<Utc>) {
    let until = match &access.state {
        State::Elevating(elevating) => elevating.native_until - TimeDelta::seconds(60),
        State::Active(rehearsed) => rehearsed.until,
        _ => return,
    };
    let asked_under = |rule: &&Rule| rule.name == access.route.rule && access.review.is_none();
    let Some(rule) = facts.policy.rules_of(&access.request.role).find(asked_under) else {
        return;
    };
    let begin = access.request.extends.as_ref().map_or(now, |extends| extends.from.max(now));
    let role = facts.policy.role(&access.request.role).unwrap();
    let mut ends: Vec<DateTime<Utc>> = Vec::new();
    if let Some(hours) = &rule.hours {
        ends.push(hours.closes(begin).expect("it begins outside its hours"));
    }
    for blackout in facts.policy.blackouts.iter().filter(|blackout| blackout.matches.holds(role)) {
        assert!(!blackout.during.contains(begin), "it begins during a blackout");
        ends.extend(Some(blackout.during.from).filter(|from| *from > begin));
    }
    if rule.at_window_end == AtWindowEnd::Cut {
        assert!(ends.iter().all(|end| until <= *end), "it outlasts its window");
        let latest = access.closing.as_ref().map_or(until, |closing| closing.at);
        assert!(ends.iter().all(|end| latest <= *end), "it outlasts its window");
    }
}

/// Nothing is given before its start, nor once the time that was asked for is over; what is to begin now does not wait.
fn begins_when_asked(access: &Access, now: DateTime<Utc>) {
    let (start, over) = (access.request.starts_at, |start| start + access.request.duration.delta() <= now);
    match &access.state {
        State::Scheduled(scheduled) => assert!(start == Some(scheduled.start) && scheduled.start > now),
        _ => {
            assert!(start.is_none_or(|start| start <= now && !over(start)), "given before its start, or after its time")
        }
    }
}

/// No more hold a role, or all roles together, than policy says. A bypass is not counted out, and an extension has its place.
fn has_its_place(access: &Access, facts: &Facts<'_>, waited: bool) {
    if access.review.is_some() || access.request.extends.is_some() {
        return;
    }
    // What waited together is agreed to together; what begins later finds the others among what is held.
    let with = access.request.bundle.as_ref().filter(|_| waited).map_or(0, |bundle| bundle.members.len() as u64 - 1);
    let fits = |held: u64, max: Option<u32>| max.is_none_or(|max| held < u64::from(max));
    let role = facts.policy.role(&access.request.role).unwrap();
    let of = facts.of_roles.iter().find(|of| of.role == role.name);
    let in_use = of.map_or(facts.in_use, |of| of.in_use);
    assert!(fits(in_use.of_role, role.max_simultaneous), "too many hold {}", role.name);
    assert!(fits(in_use.in_all + with, facts.policy.limits.max_simultaneous_total), "too many hold something");
}

/// One message per conversation and slot in a decision; nobody is asked about their own request; the requester hears of the end
/// once, except of an access that ran out while its extension goes on.
fn tells_rightly(before: Option<&Access>, decision: &Decision, facts: &Facts<'_>) {
    let tells: Vec<&Tell> = decision
        .effects
        .iter()
        .filter_map(|effect| if let Effect::Tell(tell) = effect { Some(&**tell) } else { None })
        .collect();
    let slots: BTreeSet<_> = tells.iter().map(|tell| (&tell.to, &tell.slot)).collect();
    assert_eq!(slots.len(), tells.len(), "a slot is told twice in one decision");
    let request = &decision.after.request;
    for tell in &tells {
        let asks = matches!(notice(tell).kind, NoticeKind::Approval { .. } | NoticeKind::Reminder);
        let own = [&request.requester, &request.beneficiary].map(|p| Recipient::Person(p.clone())).contains(&tell.to);
        assert!(!(asks && own), "{:?} is asked about their own request", tell.to);
        // An extension keeps the card of the first access of its chain up to date.
        let first = (decision.after.root(), "request") == (tell.slot.access, tell.slot.name.as_str());
        if first && decision.after.root() != decision.after.id {
            let access = &notice(tell).access;
            let newest = notice(tell).extended.as_ref().map_or(access.id, |extended| extended.id);
            let parent = request.extends.as_ref().map(|extends| extends.parent);
            assert!(access.id == decision.after.id || Some(access.id) == parent, "a card of another chain");
            let live = matches!(decision.after.state, State::Active(_));
            assert!(
                !live || access.id == decision.after.id || newest == decision.after.id,
                "it shows an end that moved"
            );
            continue;
        }
        let whole = request.bundle.is_some() && notice(tell).kind.of_the_whole();
        let speaks_of = &notice(tell).access;
        let others = notice(tell).bundle.contains(&decision.after);
        assert!(*speaks_of == decision.after || (whole && others), "a notice speaks of a state in between");
    }
    if let State::Pending(pending) = &decision.after.state {
        let waiting: BTreeSet<_> = decision.after.waiting_in(pending.step).map(|asked| &asked.person).collect();
        let spent = decision.after.spent();
        assert!(waiting.is_disjoint(&spent), "somebody is asked whose say is used");
    }
    let heard = |person: &PersonId| {
        let to = Recipient::Person(person.clone());
        tells.iter().filter(|tell| notice(tell).kind == NoticeKind::Ended && tell.to == to).count()
    };
    let reached = |id: &&PersonId| {
        **id == request.requester || facts.directory.person(id).is_some_and(|person| facts.directory.in_chat(person))
    };
    let counts: BTreeSet<usize> = decision.after.told().filter(reached).map(heard).collect();
    assert_eq!(counts.len(), 1, "the parties do not hear the same");
    let stranger = Recipient::Person(request.beneficiary.clone());
    let heard_of = |tell: &&Tell| tell.to == stranger;
    assert!(request.is_own() || request.tells_beneficiary || !tells.iter().any(heard_of));
    for tell in &tells {
        if let Recipient::Person(person) = &tell.to {
            assert_eq!(notice(tell).reader.as_ref(), Some(person), "whoever reads it is who it is told");
        }
    }
    let closes = matches!(&decision.after.state, State::Closed(_)) && before.is_none_or(Access::is_open);
    // What was never agreed to is over with its lead, of which the end is told.
    let closes = closes && !(decision.after.follows() && before.is_some_and(Access::waits_together));
    let ran_out = matches!(
        &decision.after.state,
        State::Closed(closed) if matches!(&closed.outcome, Outcome::Ended { cause, .. } if cause.is_foreseen())
    );
    let count = heard(&request.requester);
    assert!(count == usize::from(closes) || (closes && ran_out && count == 0), "{count} notices of the end");
}

/// What is given ends with the contracts of both parties, at the target as well.
fn outlasts_no_contract(access: &Access, facts: &Facts<'_>) {
    let until = match &access.state {
        State::Elevating(elevating) => elevating.native_until - TimeDelta::seconds(60),
        State::Active(rehearsed) => rehearsed.until,
        _ => return,
    };
    for person in [&access.request.requester, &access.request.beneficiary] {
        let contract = facts.directory.person(person).and_then(|person| person.until);
        assert!(contract.is_none_or(|end| until <= end), "it outlasts the contract of {person}");
    }
}

/// No end is later than what the target was told, or says, nor than what anybody agreed to.
fn ends_in_time(access: &Access) {
    if let State::Active(active) = &access.state {
        let begin = access.request.extends.as_ref().map_or(active.since, |extends| extends.from.max(active.since));
        assert!(active.until <= begin + access.duration().delta());
        assert!(active.native_until.is_none_or(|native| active.until <= native));
        assert!(access.closing.as_ref().is_none_or(|closing| active.until <= closing.at));
    }
}

fn notice(tell: &Tell) -> &Notice {
    tell.notice().expect("decisions are about accesses")
}
