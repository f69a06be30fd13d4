//! Several roles asked for in one request: each is an access of its own, and they wait for one decision together.
//!
//! While they wait, whatever happens is decided about the lead, whose route holds every vote that one of them needs, and is then recorded
//! with each: all of them in one transaction. Each is judged by itself every time, and none goes on unless all may. Once they are agreed
//! to, each goes its own way, and nothing that happens to one touches the others.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::draft::Draft;
use super::{Decision, alone, end, request, screen, vote};
use crate::access::{Access, Bundle, Member, Outcome, Request, Revoker, Screening, State};
use crate::command::{Ask, Command};
use crate::effect::{Content, Effect};
use crate::event::{Event, EventRecord};
use crate::facts::{Facts, OpenAccess};
use crate::freeze;
use crate::id::{PersonId, RoleName};
use crate::notice::NoticeKind;
use crate::personal::Personal;
use crate::policy::{Closing, Judgement, Together};
use crate::refusal::{Code, Refusal};
use crate::ticket::{Finding, Known};

/// Most roles of one request: what people can still look through before they agree.
pub const MOST_ROLES: usize = 10;

/// One role of a request, judged.
struct Part {
    member: Member,
    request: Request,
    judgement: Judgement,
}

/// Judges without asking. What holds for all: the route of all, the shortest of the longest times, the earliest end of a window.
pub(super) fn preview(ask: &Ask, facts: &Facts<'_>, now: DateTime<Utc>) -> Result<Judgement, Refusal> {
    let (parts, together) = judged(ask, facts.ticket, (facts, now))?;
    let strictest = &parts[0].judgement;
    let closings = parts.iter().filter_map(|part| part.judgement.closing.clone());
    Ok(Judgement {
        route: together.route(&strictest.route),
        max_duration: parts.iter().map(|part| part.judgement.max_duration).fold(strictest.max_duration, Ord::min),
        approvers: together.approvers,
        closing: closings.min_by_key(|closing| closing.at),
        begins: strictest.begins,
    })
}

/// Makes an access of each role, or none at all.
pub(super) fn request(ask: &Ask, facts: &Facts<'_>, now: DateTime<Utc>) -> Result<Decision, Refusal> {
    let (parts, together) = judged(ask, Known::NotYet, (facts, now))?;
    // One ticket is named for all of them, so what one demands of it all wait for.
    let demand = parts.iter().find_map(|part| part.judgement.route.ticket.clone());
    let bundle = Bundle { lead: parts[0].member.id, members: ask.members() };
    let mut decisions: Vec<Decision> = Vec::new();
    for Part { member, request, judgement } in parts {
        let others = others(&bundle.members, &member.role);
        let facts = facts.beside_role(&member.role, &others);
        let request = Request { bundle: Some(Box::new(bundle.clone())), ..request };
        let fixed = (together.route(&judgement.route), judgement.closing.clone());
        let mut draft = Draft::begin(&ask.alone(&member), request, fixed, (&facts, now))?;
        match decisions.first() {
            Some(lead) => follow(&mut draft, &lead.records, judgement.closing),
            None => match &demand {
                Some(demand) => {
                    screen::begin(&mut draft, demand, false);
                    draft.tell_cards();
                }
                None => request::go_on(&mut draft, judgement.closing),
            },
        }
        decisions.push(draft.finish());
    }
    Ok(joined(decisions))
}

/// Every role, judged by itself as one that is given with the others; the strictest first. Refused when one of them is.
fn judged(
    ask: &Ask,
    known: Known<'_>,
    (facts, now): (&Facts<'_>, DateTime<Utc>),
) -> Result<(Vec<Part>, Together), Refusal> {
    let members = ask.members();
    fits(ask, &members, facts)?;
    let mut parts = Vec::new();
    let mut refused = Vec::new();
    for member in members {
        let others = others(&ask.members(), &member.role);
        let facts = facts.beside_role(&member.role, &others);
        let request = request::describe(&ask.alone(&member), &facts, now);
        let judged = request.and_then(|request| Ok((request::judge(&request, known, &facts, now)?, request)));
        match judged {
            Ok((judgement, request)) => parts.push(Part { member, request, judgement }),
            Err(refusal) => refused.push((member.role, refusal)),
        }
    }
    if !refused.is_empty() {
        return Err(refusal(&refused, "Nothing was asked"));
    }
    parts.sort_by_key(|part| Reverse((part.request.risk, part.judgement.route.quorum())));
    let all: Vec<_> = parts.iter().map(|part| (&part.request, &part.judgement)).collect();
    let together = facts.policy.together(&all, facts.directory).ok_or_else(|| {
        let what = "There are not enough people to agree to these roles together, since nobody agrees twice.";
        Refusal::new(Code::NoApprover, what, "Ask for them one by one.")
    })?;
    Ok((parts, together))
}

/// What no role says by itself.
fn fits(ask: &Ask, members: &[Member], facts: &Facts<'_>) -> Result<(), Refusal> {
    if members.len() > MOST_ROLES {
        let what = format!("{} roles are asked for; at most {MOST_ROLES} go in one request.", members.len());
        return Err(Refusal::new(Code::Limit, what, "Ask for fewer at a time."));
    }
    if ask.emergency || ask.extends.is_some() {
        let what = "Several roles at once can only be requested.";
        return Err(Refusal::new(Code::NotUnderstood, what, "Name one role; `/jit help request` shows the other way."));
    }
    let mut named = BTreeSet::new();
    if let Some(twice) = members.iter().find(|member| !named.insert(&member.role)) {
        let what = format!("`{}` is named twice.", twice.role);
        return Err(Refusal::new(Code::NotUnderstood, what, "Name every role once."));
    }
    let pilot = |member: &&Member| facts.policy.role(&member.role).is_some_and(|role| role.pilot);
    let real = |member: &&Member| facts.policy.role(&member.role).is_some_and(|role| !role.pilot);
    if let (Some(pilot), Some(real)) = (members.iter().find(pilot), members.iter().find(real)) {
        let what = format!(
            "`{}` is only tried out, and nothing of it is given; `{}` is given. They do not go in one request.",
            pilot.role, real.role
        );
        return Err(Refusal::new(Code::NotPermitted, what, "Ask for them one by one."));
    }
    Ok(())
}

/// Decides about a bundle or one of it.
pub(super) fn decide(
    bundle: &Bundle,
    access: &Access,
    command: &Command,
    (facts, now): (&Facts<'_>, DateTime<Utc>),
) -> Result<Decision, Refusal> {
    let known = || std::iter::once(access).chain(facts.bundle);
    let members: Vec<&Access> =
        bundle.members.iter().filter_map(|member| known().find(|access| access.id == member.id)).collect();
    let lead = members.iter().find(|member| !member.follows()).filter(|_| members.len() == bundle.members.len());
    match (access.waits_together(), command, lead) {
        (true, _, Some(lead)) => waiting((lead, &members), (access, command), (facts, now)),
        (true, _, None) => {
            let what = format!("{} was asked for with others, and not all of them can be read.", access.short);
            Err(Refusal::new(Code::WrongState, what, "Please tell who runs this service."))
        }
        (_, Command::Cancel { by }, Some(lead)) if access.id == lead.id => {
            all_that_is_left((lead, &members), by, (facts, now))
        }
        // Taking one back waits for no other, not even for one that cannot be read.
        _ => alone(access, command, facts, now),
    }
}

/// What happens while they wait happens to all of them.
fn waiting(
    (lead, members): (&Access, &[&Access]),
    (access, command): (&Access, &Command),
    (facts, now): (&Facts<'_>, DateTime<Utc>),
) -> Result<Decision, Refusal> {
    let all: Vec<Member> = lead.request.bundle.iter().flat_map(|bundle| bundle.members.clone()).collect();
    let open = |open: &&OpenAccess| !all.iter().any(|member| member.id == open.id);
    let open: Vec<OpenAccess> = facts.open.iter().filter(open).cloned().collect();
    let others: Vec<Vec<RoleName>> = members.iter().map(|member| others(&all, &member.request.role)).collect();
    let facts: Vec<Facts<'_>> = members
        .iter()
        .zip(&others)
        .map(|(member, others)| Facts { open: &open, bundle: &[], ..facts.beside_role(&member.request.role, others) })
        .collect();
    let each = || members.iter().copied().zip(&facts);
    let of_lead = each().find(|(member, _)| member.id == lead.id).map_or(&facts[0], |(_, facts)| facts);

    let mut closings: Vec<Option<Closing>> = vec![None; members.len()];
    let decision = match command {
        Command::Approve { by, .. } => {
            if let State::Pending(pending) = &lead.state {
                vote::may_vote(lead, pending, by, of_lead)?;
            }
            closings = allowed(each(), by, now)?;
            alone(lead, command, of_lead, now)?
        }
        // The owner of any of the roles: the whole cannot be given without that one.
        Command::Revoke { by, reason } => {
            let may = |(member, facts): (&Access, &Facts<'_>)| may_revoke(member, (by, reason), (facts, now));
            let mut addressed = each().filter(|(member, _)| member.id == access.id);
            if !each().any(|of| may(of).is_ok()) {
                addressed.try_for_each(may)?;
            }
            let mut draft = Draft::of(lead, of_lead, now);
            end::close(&mut draft, Outcome::Withdrawn { by: by.clone(), reason: reason.clone() });
            draft.finish()
        }
        // What one of them ends with ends all: the whole cannot be given without that one.
        Command::TicketClosed { ticket }
            if matches!(lead.state, State::Pending(_))
                && members.iter().any(|member| screen::ends_with(member, ticket)) =>
        {
            let mut draft = Draft::of(lead, of_lead, now);
            end::close(&mut draft, Outcome::TicketClosed { ticket: ticket.clone() });
            draft.finish()
        }
        _ => match screen::found(lead, command, now) {
            Some((screening, finding)) => {
                let mut draft = Draft::of(lead, of_lead, now);
                screen::note(&mut draft, screening, finding.clone());
                match screened(each(), (screening, &finding), now) {
                    Ok(judged) => {
                        closings = judged;
                        let of_lead = members.iter().position(|member| member.id == lead.id);
                        request::go_on(&mut draft, of_lead.and_then(|place| closings[place].clone()));
                    }
                    Err(refusal) => end::close(&mut draft, Outcome::Refused { refusal }),
                }
                draft.finish()
            }
            None => alone(lead, command, of_lead, now)?,
        },
    };
    if decision.records.is_empty() {
        return Ok(decision);
    }
    let mut decisions = vec![decision];
    for ((member, facts), closing) in each().zip(closings).filter(|((member, _), _)| member.id != lead.id) {
        let mut draft = Draft::of(member, facts, now);
        follow(&mut draft, &decisions[0].records, closing);
        decisions.push(draft.finish());
    }
    Ok(joined(decisions))
}

fn may_revoke(
    access: &Access,
    (by, reason): (&Revoker, &Personal),
    (facts, now): (&Facts<'_>, DateTime<Utc>),
) -> Result<(), Refusal> {
    end::may_revoke(&Draft::of(access, facts, now), by, reason)
}

/// Whether each may still be had with this vote, and the end of its window; refused when one may not.
fn allowed<'a>(
    each: impl Iterator<Item = (&'a Access, &'a Facts<'a>)>,
    by: &PersonId,
    now: DateTime<Utc>,
) -> Result<Vec<Option<Closing>>, Refusal> {
    let mut closings = Vec::new();
    let mut refused = Vec::new();
    for (member, facts) in each {
        let frozen = freeze::refuse(facts.freezes, &member.request, facts.directory);
        let judgement = frozen.map_or_else(|| vote::still_allowed(member, facts, now, Some(by)), Err);
        match judgement {
            Ok(judgement) => closings.push(judgement.closing),
            Err(refusal) => refused.push((member.request.role.clone(), refusal)),
        }
    }
    if refused.is_empty() { Ok(closings) } else { Err(refusal(&refused, "Nothing is given")) }
}

/// Whether each may go on with what was found, and the end of its window; refused when one may not.
fn screened<'a>(
    each: impl Iterator<Item = (&'a Access, &'a Facts<'a>)>,
    (screening, finding): (&Screening, &Finding),
    now: DateTime<Utc>,
) -> Result<Vec<Option<Closing>>, Refusal> {
    let mut closings = Vec::new();
    let mut refused = Vec::new();
    for (member, facts) in each {
        let mut draft = Draft::of(member, facts, now);
        screen::note(&mut draft, screening, finding.clone());
        match screen::judged(&draft, false) {
            Ok(closing) => closings.push(closing),
            Err(refusal) => refused.push((member.request.role.clone(), refusal)),
        }
    }
    if refused.is_empty() { Ok(closings) } else { Err(refusal(&refused, "Nothing was asked")) }
}

/// The same for another of them. What each makes of being agreed to is its own: its duration, its window, its target.
fn follow(draft: &mut Draft<'_>, lead: &[EventRecord], closing: Option<Closing>) {
    for record in lead {
        match record.event.clone() {
            Event::Requested { .. } => {}
            Event::Scheduled { .. } | Event::ElevationStarted { .. } | Event::Rehearsed { .. } => {
                vote::agreed(draft, closing.clone());
                draft.tell_rehearsed();
            }
            // What approvers are shown is told of the lead.
            Event::StepOpened { step, asked, instead_of, skipped, advice: _ } => {
                draft.event(Event::StepOpened { step, asked, instead_of, skipped, advice: None });
            }
            event => draft.event(event),
        }
    }
}

/// The holder needs none of them any more: what waits for its start, is being given or is live ends.
fn all_that_is_left(
    (lead, members): (&Access, &[&Access]),
    by: &PersonId,
    (facts, now): (&Facts<'_>, DateTime<Utc>),
) -> Result<Decision, Refusal> {
    end::holder(lead, by)?;
    let left = |access: &Access| matches!(access.state, State::Scheduled(_) | State::Elevating(_) | State::Active(_));
    let mut as_they_are: Vec<Access> = members.iter().map(|member| (*member).clone()).collect();
    // The lead first, as in every decision of all of them.
    as_they_are.sort_by_key(Access::follows);
    let mut decisions: Vec<Decision> = Vec::new();
    for number in 0..as_they_are.len() {
        let mut others = as_they_are.clone();
        let member = others.remove(number);
        if left(&member) {
            let command = Command::Cancel { by: by.clone() };
            let decision = alone(&member, &command, &Facts { bundle: &others, ..*facts }, now)?;
            as_they_are[number] = decision.after.clone();
            decisions.push(decision);
        }
    }
    if decisions.is_empty() {
        return Err(end::over_for_holder(lead, by));
    }
    let mut first = decisions.remove(0);
    first.others = decisions;
    Ok(first)
}

/// One decision of several, the lead's. What it tells is told of all of them, with what has become of the others.
fn joined(mut decisions: Vec<Decision>) -> Decision {
    let mut first = decisions.remove(0);
    first.others = decisions;
    let closed = !first.after.is_open();
    for effect in &mut first.effects {
        if let Effect::Tell(tell) = effect
            && let Content::Notice(notice) = &mut tell.content
            && (notice.kind.of_the_whole() || (closed && notice.kind == NoticeKind::Ended))
        {
            notice.bundle = in_order(&first.after, &first.others);
        }
    }
    first
}

/// What has become of the others, in the order in which they were named.
fn in_order(first: &Access, others: &[Decision]) -> Vec<Access> {
    let members = first.request.bundle.iter().flat_map(|bundle| &bundle.members);
    members
        .filter_map(|member| others.iter().find(|other| other.after.id == member.id))
        .map(|other| other.after.clone())
        .collect()
}

fn others(members: &[Member], but: &RoleName) -> Vec<RoleName> {
    members.iter().map(|member| member.role.clone()).filter(|role| role != but).collect()
}

/// One refusal of several: each role, why, and by which rule. What is so for all of them is said once.
fn refusal(refused: &[(RoleName, Refusal)], nothing: &str) -> Refusal {
    let (_, first) = &refused[0];
    let said: BTreeSet<&str> = refused.iter().map(|(_, refusal)| refusal.what.as_str()).collect();
    let same_code = refused.iter().all(|(_, refusal)| refusal.code == first.code);
    let what = match said.len() {
        1 if refused.len() > 1 => format!("{nothing}: {}", first.what),
        _ => {
            let each = refused.iter().map(|(role, refusal)| {
                let rule = refusal.rule.iter().map(|rule| format!(" ({rule})")).collect::<String>();
                format!("`{role}`: {}{rule}", refusal.what)
            });
            format!("{nothing}. {}", each.collect::<Vec<_>>().join(" "))
        }
    };
    let distinct = |part: fn(&Refusal) -> Option<&str>| {
        let mut parts: Vec<&str> = Vec::new();
        for part in refused.iter().filter_map(|(_, refusal)| part(refusal)) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        parts
    };
    let joined = |parts: Vec<&str>| (!parts.is_empty()).then(|| parts.join(", "));
    Refusal {
        code: if same_code { first.code } else { Code::NotPermitted },
        what,
        next: distinct(|refusal| Some(&refusal.next)).join(" "),
        rule: joined(distinct(|refusal| refusal.rule.as_deref())),
        ask: joined(distinct(|refusal| refusal.ask.as_deref())),
    }
}
