//! Asking: a new access, or more time on one.

use chrono::{DateTime, TimeDelta, Utc};

use super::draft::Draft;
use super::{Decision, asking, bundle, screen, vote};
use crate::access::{Access, Extends, Rehearsal, Request, State};
use crate::command::Ask;
use crate::directory::Person;
use crate::entitlement::{Entitlement, Target};
use crate::facts::{Facts, beside};
use crate::freeze;
use crate::id::{AccessId, AccountName, PersonId, RoleName, ShortId};
use crate::policy::{Closing, Emergency, Judgement, Question, Role, Route};
use crate::refusal::{Code, Refusal};
use crate::span::Span;
use crate::ticket::Known;

/// How far ahead a start may be.
pub const LATEST_START: TimeDelta = TimeDelta::days(90);

/// Judges without asking: for the form's live preview and for `explain`.
pub fn preview(ask: &Ask, facts: &Facts<'_>, now: DateTime<Utc>) -> Result<Judgement, Refusal> {
    if !ask.more.is_empty() {
        return bundle::preview(ask, facts, now);
    }
    let request = describe(ask, facts, now)?;
    if !ask.emergency {
        return judge(&request, facts.ticket, facts, now);
    }
    let (route, emergency, closing) = judge_bypass(&request, facts, now)?;
    let longest = facts.policy.role(&ask.role).map(|role| facts.policy.longest_bypass(role, emergency));
    Ok(Judgement {
        route,
        max_duration: longest.unwrap_or(emergency.max_duration),
        approvers: Vec::new(),
        closing,
        begins: None,
    })
}

/// Makes the access, or refuses.
pub(super) fn request(ask: &Ask, facts: &Facts<'_>, now: DateTime<Utc>) -> Result<Decision, Refusal> {
    let request = describe(ask, facts, now)?;
    let judgement = judge(&request, Known::NotYet, facts, now)?;
    let fixed = (judgement.route, judgement.closing.clone());
    let mut draft = Draft::begin(ask, request, fixed, (facts, now))?;
    match draft.access.route.ticket.clone() {
        Some(demand) => {
            screen::begin(&mut draft, &demand, false);
            draft.tell_cards();
        }
        None => go_on(&mut draft, judgement.closing),
    }
    Ok(draft.finish())
}

/// Everything that had to be known is: people are asked, or policy agrees by itself.
pub(super) fn go_on(draft: &mut Draft<'_>, closing: Option<Closing>) {
    if draft.access.route.is_auto() {
        vote::agreed(draft, closing);
    } else {
        asking::open_step(draft, 0);
    }
    draft.tell_cards();
    draft.tell_rehearsed();
    asking::tell_asked(draft);
}

/// What is known of the ticket of an access: what was found when it was looked up last.
pub(super) fn known(access: &Access) -> Known<'_> {
    Known::Found(access.ticket.as_ref().map(|looked| &looked.finding))
}

/// What is asked, with the role's description as it is now.
pub(super) fn describe(ask: &Ask, facts: &Facts<'_>, now: DateTime<Utc>) -> Result<Request, Refusal> {
    let role = facts.policy.role(&ask.role).ok_or_else(|| no_such_role(&ask.role, facts))?;
    person(&ask.requester, facts)?;
    let beneficiary = person(&ask.beneficiary, facts)?;
    let made = made_account(&ask.short);
    // More time is more time on the same account.
    let longer = facts.parent.filter(|_| ask.extends.is_some()).map(|parent| &parent.request.entitlement);
    let own = longer.filter(|_| makes_accounts(role, facts)).and_then(|of| Some((of.instance?, &of.account)));
    let entitlement = entitlement(own.unwrap_or((ask.id, &made)), role, beneficiary, facts)?;
    let rehearsal = match role.pilot {
        _ if ask.drill => Some(Rehearsal::Drill),
        pilot => pilot.then_some(Rehearsal::Pilot),
    };
    let extends = match (&ask.extends, facts.parent) {
        (None, _) => None,
        (Some(id), Some(parent)) if parent.id == *id && parent.request.rehearsal != rehearsal => {
            return Err(not_the_same(parent));
        }
        (Some(id), Some(parent)) if parent.id == *id => Some(extends(parent, ask, &entitlement, (facts, now))?),
        (Some(_), _) => {
            return Err(Refusal::new(Code::NotFound, "There is no such access.", "`/jit mine` lists yours."));
        }
    };
    let told = facts.parent.filter(|_| extends.is_some()).is_none_or(|parent| parent.request.tells_beneficiary);
    let tells_beneficiary = told && ask.requester != ask.beneficiary && facts.directory.in_chat(beneficiary);
    Ok(Request {
        requester: ask.requester.clone(),
        beneficiary: ask.beneficiary.clone(),
        role: ask.role.clone(),
        title: role.title.clone(),
        level: role.level,
        environment: role.environment.clone(),
        risk: role.risk,
        owner: role.owner.to_string(),
        entitlement,
        duration: ask.duration,
        starts_at: starts_at(ask, now)?,
        justification: ask.justification.clone(),
        ticket: ask.ticket.clone(),
        origin: ask.origin.clone(),
        extends,
        rehearsal,
        bundle: None,
        tells_beneficiary,
    })
}

/// A start that is to come and not too far off. An extension goes on from what it extends, and an emergency is now.
fn starts_at(ask: &Ask, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Refusal> {
    let Some(start) = ask.starts_at.filter(|_| ask.extends.is_none() && !ask.emergency) else { return Ok(None) };
    let shown = start.format("%a %-d %b %Y %H:%M UTC");
    if start <= now {
        let what = format!("{shown} is over already.");
        return Err(Refusal::new(Code::Start, what, "Say a later time, or leave `at` out to begin at once."));
    }
    if start - now > LATEST_START {
        let what = format!("{shown} is more than {} days ahead.", LATEST_START.num_days());
        return Err(Refusal::new(Code::Start, what, "Ask again when it is nearer."));
    }
    Ok(Some(start))
}

fn person<'a>(id: &PersonId, facts: &Facts<'a>) -> Result<&'a Person, Refusal> {
    facts.directory.person(id).ok_or_else(|| {
        let what = format!("`{id}` is not in the directory.");
        Refusal::new(Code::UnknownPerson, what, "Ask an administrator of jit to add them.")
    })
}

/// The nearest name, so that a typo is never a bare error.
fn no_such_role(name: &RoleName, facts: &Facts<'_>) -> Refusal {
    let names = facts.policy.roles.keys().map(RoleName::as_str);
    let next = match crate::nearest::nearest(name.as_str(), names) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => "`/jit roles` lists what you may ask for.".to_owned(),
    };
    Refusal::new(Code::NotFound, format!("There is no role `{name}`."), next)
}

/// More time on the same thing for the same person: nothing else may pass as an extension, since that takes no slot.
fn extends(
    parent: &Access,
    ask: &Ask,
    entitlement: &Entitlement,
    (facts, now): (&Facts<'_>, DateTime<Utc>),
) -> Result<Extends, Refusal> {
    // One whom another sponsors gets no more time without them: their own extension could be decided by that sponsor.
    if ask.requester == parent.request.beneficiary && ask.requester != parent.request.requester {
        let sponsor = facts.directory.name(&parent.request.requester);
        let what = format!("{sponsor} asked for {} on your behalf, and only they can ask for more time.", parent.short);
        return Err(Refusal::new(Code::NotPermitted, what, "Tell them that you need it longer."));
    }
    if ask.requester != parent.request.requester {
        return Err(Refusal::new(
            Code::NotPermitted,
            format!("{} is not yours to extend.", parent.short),
            "`/jit request` asks for access of your own.",
        ));
    }
    let active = match &parent.state {
        State::Active(active) if now < active.until => active,
        _ => {
            return Err(Refusal::new(
                Code::WrongState,
                format!("{} is not live, so there is nothing to extend.", parent.short),
                "`/jit request` asks anew.",
            ));
        }
    };
    let held = &parent.request;
    let same = ask.role == held.role && ask.beneficiary == held.beneficiary;
    if !same || !alike(entitlement, &held.entitlement) {
        return Err(not_the_same(parent));
    }
    if let Some(child) = facts.open.iter().find(|open| open.extends == Some(parent.id)) {
        return Err(Refusal::new(
            Code::Duplicate,
            format!("{} is being extended already by {}.", parent.short, child.short),
            format!("`/jit show {}` tells where that stands.", child.short),
        ));
    }
    Ok(Extends {
        parent: parent.id,
        parent_short: parent.short.clone(),
        root: parent.root(),
        from: active.until,
        chain_since: parent.request.extends.as_ref().map_or(active.since, |extends| extends.chain_since),
        channel: parent.incident_channel().map(str::to_owned),
        thread: Some(parent.thread()).filter(|thread| *thread != parent.root()),
    })
}

/// What is rehearsed is never extended into something real, nor the other way round.
fn not_the_same(parent: &Access) -> Refusal {
    if parent.request.rehearsal == Some(Rehearsal::Drill) {
        let next = "`/jit emergency --drill` practises it again once it has ended.";
        return Refusal::new(Code::WrongState, format!("{} is a drill, which is not extended.", parent.short), next);
    }
    Refusal::new(
        Code::PolicyChanged,
        format!("The role `{}` now gives something else than {} does.", parent.request.role, parent.short),
        "`/jit request` asks anew once it has ended.",
    )
}

/// Judges a request on today's policy and directory, as one that is asked now.
pub(super) fn judge(
    request: &Request,
    known: Known<'_>,
    facts: &Facts<'_>,
    now: DateTime<Utc>,
) -> Result<Judgement, Refusal> {
    let question = Question { known, ..question(request, facts, now)? };
    facts.policy.judge(&question, facts.directory, &beside(facts.open, request.rehearsal.is_some()))
}

/// Judges what was asked before: at a vote, or when everybody has agreed. The rotation is the authority only where it was when it was asked.
pub(super) fn judge_again(
    access: &Access,
    agreed: bool,
    facts: &Facts<'_>,
    now: DateTime<Utc>,
) -> Result<Judgement, Refusal> {
    let (request, by_rotation) = (&access.request, access.route.oncall.is_some());
    let question = Question { agreed, by_rotation, known: known(access), ..question(request, facts, now)? };
    facts.policy.judge(&question, facts.directory, &beside(facts.open, request.rehearsal.is_some()))
}

/// Judges an emergency bypass.
pub(super) fn judge_bypass<'a>(
    request: &Request,
    facts: &Facts<'a>,
    now: DateTime<Utc>,
) -> Result<(Route, &'a Emergency, Option<Closing>), Refusal> {
    let question = question(request, facts, now)?;
    facts.policy.judge_bypass(&question, facts.directory, &beside(facts.open, request.rehearsal.is_some()))
}

fn question<'a>(request: &'a Request, facts: &Facts<'a>, now: DateTime<Utc>) -> Result<Question<'a>, Refusal> {
    if let Some(refusal) = freeze::refuse(facts.freezes, request, facts.directory) {
        return Err(refusal);
    }
    let role = facts.policy.role(&request.role).ok_or_else(|| no_such_role(&request.role, facts))?;
    let chain = request.extends.as_ref().map(|extends| {
        let so_far = (extends.from - extends.chain_since).num_seconds().max(0);
        Span::seconds(so_far.unsigned_abs()).plus(request.duration)
    });
    Ok(Question {
        role,
        requester: person(&request.requester, facts)?,
        beneficiary: person(&request.beneficiary, facts)?,
        duration: request.duration,
        chain,
        ticket: request.ticket.as_deref(),
        known: Known::NotYet,
        justification: request.justification.text(),
        channel: request.origin.channel.as_ref(),
        now,
        start: request.extends.as_ref().map(|extends| extends.from).or(request.starts_at.filter(|start| *start > now)),
        in_use: facts.in_use,
        together: facts.together,
        agreed: false,
        by_rotation: true,
    })
}

/// The same thing for the same account; certificates and the like are issued anew for each access.
fn alike(a: &Entitlement, b: &Entitlement) -> bool {
    let one_each = a.instance.is_some() && b.instance.is_some();
    a.connector == b.connector
        && a.account == b.account
        && (one_each || (a.instance, &a.target) == (b.instance, &b.target))
}

/// Whether each access of a role has an account of its own.
fn makes_accounts(role: &Role, facts: &Facts<'_>) -> bool {
    facts.connectors.get(&role.connector).is_some_and(|can| can.makes_accounts)
}

/// The account that is made for an access: `jit_a_7k3f9q` for `A-7K3F9Q`.
fn made_account(short: &ShortId) -> AccountName {
    AccountName::new(format!("jit_{}", short.as_str().to_lowercase().replace('-', "_")))
}

/// What the target shall hold: the role's own keys; for certificates and the like one instance per access, with the person's
/// registered keys; where accounts are made, for the one that is its own.
pub(super) fn entitlement(
    (id, own): (AccessId, &AccountName),
    role: &Role,
    beneficiary: &Person,
    facts: &Facts<'_>,
) -> Result<Entitlement, Refusal> {
    let missing = |what: String| {
        Refusal::new(Code::NoAccount, what, "Ask an administrator of jit to add it to the directory.")
            .by_rule(format!("role {}", role.name))
    };
    if makes_accounts(role, facts) {
        let (connector, account, target) = (role.connector.clone(), own.clone(), role.target.clone());
        return Ok(Entitlement { connector, account, target, instance: Some(id) });
    }
    let name = &beneficiary.name;
    let account = beneficiary.accounts.get(&role.connector);
    let account = account.ok_or_else(|| missing(format!("{name} has no account in `{}`.", role.connector)))?;
    let composes = facts.connectors.get(&role.connector).is_none_or(|can| can.composes);
    let mut target: Target = role.target.clone();
    if !composes {
        if beneficiary.ssh_keys.is_empty() {
            return Err(missing(format!("{name} has no registered SSH key.")));
        }
        target.0.insert("public_keys".to_owned(), beneficiary.ssh_keys.clone().into());
    }
    let instance = (!composes).then_some(id);
    Ok(Entitlement { connector: role.connector.clone(), account: account.clone(), target, instance })
}
