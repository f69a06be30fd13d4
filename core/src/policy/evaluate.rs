//! Judges one request: which rule decides, who must agree, and whether everything else holds.
//!
//! Pure and quick (the rules about a role are indexed). Called by decisions, previews and `jit policy explain`. The order
//! is the contract's: candidates, automatic approval, the first candidate with steps, and only then hours, ticket,
//! limits and durations of the deciding rule. It never falls through to another rule.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::access::{Channel, Unasked};
use crate::directory::{Directory, Kind, Person};
use crate::facts::{InUse, OpenAccess};
use crate::id::{PersonId, RoleName};
use crate::incident::{Incident, IncidentId, Named, OnCall, like_an_id};
use crate::policy::faults::{Fault, Faults};
use crate::policy::glob::glob;
use crate::policy::justification;
use crate::policy::people::{Asking, Parties, asking, escalation, held_by, holds};
use crate::policy::quorum::short_step;
use crate::policy::tickets;
use crate::policy::{
    AutoApprove, Closing, OWN_CHANNEL, Policy, Risk, Role, Route, Rule, Step, Subject, TicketNeed, Window,
};
use crate::refusal::{Code, Refusal};
use crate::span::Span;
use crate::ticket::{Demand, Known, source_of};

/// How much later than judged an access may begin, since it is set up first: the window's end is kept with it when it comes so late.
const SLACK: TimeDelta = TimeDelta::hours(1);

/// How many people a refusal names who cannot be asked.
const SHOWN: usize = 5;

/// One request, with everything that judging needs to know of it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The role asked for.
    pub role: &'a Role,
    /// Who asks.
    pub requester: &'a Person,
    /// Who shall get it.
    pub beneficiary: &'a Person,
    /// For how long.
    pub duration: Span,
    /// For an extension: the whole chain from the first activation to the new end. Maximum durations and thresholds of
    /// automatic approval count it.
    pub chain: Option<Span>,
    /// The ticket named.
    pub ticket: Option<&'a str>,
    /// What is known of it.
    pub known: Known<'a>,
    /// Why.
    pub justification: &'a str,
    /// Where it was asked.
    pub channel: Option<&'a Channel>,
    /// When.
    pub now: DateTime<Utc>,
    /// When it shall begin, where that is later: an extension goes on from the end of what it extends.
    pub start: Option<DateTime<Utc>>,
    /// What all people hold together.
    pub in_use: InUse,
    /// The other roles that are asked for in the same request: given with this one, or not at all.
    pub together: &'a [RoleName],
    /// Whoever had to agree has, so that nobody is left to be asked: whether people could be is no matter any more.
    pub agreed: bool,
    /// Whether a rotation may be the authority. What was asked under another rule stays under it: it would end with no incident.
    pub by_rotation: bool,
}

/// A request that may go its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Who must agree; empty steps when policy agrees by itself.
    pub route: Route,
    /// The longest that role, rule and environment allow together.
    pub max_duration: Span,
    /// Per step, whom it would ask now.
    pub approvers: Vec<Vec<PersonId>>,
    /// The end of the window in which it may be held, where it could last so long.
    pub closing: Option<Closing>,
    /// When it would begin, where that is later.
    pub begins: Option<DateTime<Utc>>,
}

/// The rule that decides.
#[derive(Clone, Copy)]
pub(super) struct Deciding<'a> {
    pub rule: &'a Rule,
    pub auto: bool,
}

impl Policy {
    /// Judges a request; `open` is everything open of the beneficiary, this request excluded.
    ///
    /// Refusals name the rule and the role's owner. Everything that fails under the deciding rule is named together.
    pub fn judge(
        &self,
        question: &Question<'_>,
        directory: &Directory,
        open: &[OpenAccess],
    ) -> Result<Judgement, Refusal> {
        let by_owner = |refusal: Refusal| refusal.ask(owner_name(&question.role.owner, directory));
        let deciding = known(question, directory)
            .and_then(|()| self.deciding(question, directory))
            .and_then(|deciding| duplicate(question, open).map_or(Ok(deciding), Err))
            .map_err(by_owner)?;
        let rule = deciding.rule;
        let steps: &[Step] = if deciding.auto { &[] } else { &rule.steps };
        let asking: Vec<Asking> = steps.iter().map(|step| asking(step, question.parties(), directory)).collect();
        let beyond: Vec<BTreeSet<PersonId>> =
            steps.iter().zip(&asking).map(|(step, asking)| rule.beyond(step, asking, question, directory)).collect();
        let counted: Vec<BTreeSet<&PersonId>> =
            asking.iter().zip(&beyond).map(|(asking, beyond)| asking.people.keys().chain(beyond).collect()).collect();

        let mut faults = self.faults(question, rule, (directory, open));
        if let Some(step) = short_step(steps, &counted).filter(|_| !question.agreed) {
            faults.push(nobody_to_ask(steps, (step, counted[step].len()), &asking[step], (question, directory)));
        }
        faults.into_result().map_err(|refusal| by_owner(refusal.by_rule(&rule.name)))?;
        Ok(Judgement {
            route: Route {
                oncall: oncall(&deciding, question, directory),
                ticket: demand(rule, question, directory).map(Box::new),
                ..rule.route(steps)
            },
            max_duration: self.longest_under(question.role, rule),
            approvers: asking.into_iter().map(|asking| asking.people.into_keys().collect()).collect(),
            closing: question.closing(self.calendar(question.role, rule).closing(question.begins(), question.latest())),
            begins: question.start,
        })
    }

    /// The longest that anybody may have a role for at a time: under its most generous rule.
    pub fn longest(&self, role: &Role) -> Span {
        let rules = self.rules_of(&role.name).filter_map(|rule| self.longest_by(role, rule));
        rules.max().unwrap_or_else(|| role.max_duration.min(self.limits.longest_in(&role.environment)))
    }

    /// The longest that this person may have a role for: under the rule with steps that would decide, else under the
    /// most generous automatic one; `None` when no rule lets them.
    pub fn longest_for(&self, role: &Role, person: &Person) -> Option<Span> {
        let candidates = || self.candidates(role, person, person);
        let with_steps = candidates().find(|rule| !rule.steps.is_empty());
        with_steps
            .map(|rule| self.longest_under(role, rule))
            .or_else(|| candidates().filter_map(|rule| self.longest_by(role, rule)).max())
    }

    /// The longest by one rule, an automatic one's threshold included; `None` when it can never decide.
    fn longest_by(&self, role: &Role, rule: &Rule) -> Option<Span> {
        let longest = self.longest_under(role, rule);
        if !rule.steps.is_empty() {
            return Some(longest);
        }
        rule.auto_approve.as_ref().filter(|_| role.risk < Risk::High).map(|auto| auto.up_to.min(longest))
    }

    /// The shortest of the maximum durations of role, rule and environment.
    pub(super) fn longest_under(&self, role: &Role, rule: &Rule) -> Span {
        let of_rule = rule.max_duration.unwrap_or(Span::MAX);
        role.max_duration.min(of_rule).min(self.limits.longest_in(&role.environment))
    }

    /// The rule that decides, by the contract's order; refused with the nearest miss.
    pub(super) fn deciding<'a>(
        &'a self,
        question: &Question<'a>,
        directory: &Directory,
    ) -> Result<Deciding<'a>, Refusal> {
        let mut first_with_steps = None;
        for rule in self.candidates(question.role, question.requester, question.beneficiary) {
            let auto = rule.auto_approve.as_ref();
            let auto = auto.filter(|_| question.by_rotation || rotation(rule, question.beneficiary).is_none());
            if auto.is_some_and(|auto| auto_misses(auto, question, directory).is_empty()) {
                return Ok(Deciding { rule, auto: true });
            }
            if first_with_steps.is_none() && !rule.steps.is_empty() {
                first_with_steps = Some(rule);
            }
        }
        first_with_steps
            .map(|rule| Deciding { rule, auto: false })
            .ok_or_else(|| self.nearest_miss(question, directory))
    }

    fn nearest_miss(&self, question: &Question<'_>, directory: &Directory) -> Refusal {
        let role = &question.role.name;
        let candidates = || self.candidates(question.role, question.requester, question.beneficiary);
        let closest = candidates()
            .filter_map(|rule| Some((rule, auto_misses(rule.auto_approve.as_ref()?, question, directory))))
            .min_by_key(|(_, misses)| misses.len());
        if let Some((rule, misses)) = closest {
            let only_duration = misses.len() == 1 && misses[0].code == Code::Duration;
            let code = if only_duration { Code::Duration } else { Code::NotPermitted };
            let whats: Vec<_> = misses.iter().map(|miss| miss.what.as_str()).collect();
            let what = format!("The rule `{}` would allow you `{role}`, but {}.", rule.name, whats.join(", and "));
            let nexts: Vec<_> = misses.iter().map(|miss| miss.next.as_str()).collect();
            return Refusal::new(code, what, sentence(&nexts.join("; "))).by_rule(&rule.name);
        }
        if question.requester.id != question.beneficiary.id
            && let Some(refusal) = self.not_sponsored(question)
        {
            return refusal;
        }
        match self.rules_of(role).next() {
            None => Refusal::new(
                Code::NotPermitted,
                format!("No rule says who may have `{role}`."),
                "Ask the role's owner to add one.",
            ),
            Some(rule) => {
                let mut named: Vec<String> = Vec::new();
                for who in self.rules_of(role).flat_map(|rule| &rule.who).map(|who| format!("`{who}`")) {
                    if !named.contains(&who) {
                        named.push(who);
                    }
                }
                let alone = question.requester.id == question.beneficiary.id;
                let (not, who) = match alone {
                    true => ("you are not among them".to_owned(), "you"),
                    false => (format!("`{}` is not among them", question.beneficiary.id), "they"),
                };
                let what = format!("The rule `{}` would allow `{role}` for {}, and {not}.", rule.name, list(&named));
                Refusal::new(Code::NotPermitted, what, format!("Ask the role's owner whether {who} should be."))
                    .by_rule(&rule.name)
            }
        }
    }

    /// The beneficiary may have it, but not through this person: by the first rule that would take some sponsor, else by the first one.
    fn not_sponsored(&self, question: &Question<'_>) -> Option<Refusal> {
        let Question { requester, beneficiary, role, .. } = question;
        let of_theirs = || self.rules_of(&role.name).filter(|rule| holds(&rule.who, beneficiary));
        let rule = of_theirs().find(|rule| !rule.sponsors.is_empty()).or_else(|| of_theirs().next())?;
        let (name, role) = (&rule.name, &role.name);
        let what = if rule.sponsors.is_empty() {
            format!("The rule `{name}` lets nobody ask for `{role}` on behalf of another.")
        } else if requester.kind != Kind::Employee {
            format!(
                "Only employees ask on behalf of others, and you are in the directory as a {}.",
                requester.kind.as_str()
            )
        } else {
            let sponsors: Vec<String> = rule.sponsors.iter().map(|subject| format!("`{subject}`")).collect();
            let sponsors = list(&sponsors);
            format!(
                "The rule `{name}` lets {sponsors} ask for `{role}` on behalf of another, and you are not among them."
            )
        };
        let next = format!("Let `{}` ask, or ask the role's owner to change who may sponsor.", beneficiary.id);
        Some(Refusal::new(Code::NotPermitted, what, next).by_rule(name))
    }

    /// Everything of the deciding rule and of the limits that does not hold.
    pub(super) fn faults(
        &self,
        question: &Question<'_>,
        rule: &Rule,
        (directory, open): (&Directory, &[OpenAccess]),
    ) -> Faults {
        let mut faults = Faults::default();
        let calendar = self.calendar(question.role, rule);
        if let Some(fault) = calendar.fault(question.begins(), question.now, self.limits.min_duration) {
            faults.push(fault);
        }
        self.contract_faults(question, &mut faults);
        if rule.ticket == TicketNeed::Required && question.ticket().is_none() {
            faults.push(Fault::new(Code::Ticket, "no ticket is named", "add for example `ticket OPS-12`"));
        }
        tickets::faults(rule.ticket_terms, question, directory).into_iter().for_each(|fault| faults.push(fault));
        self.limit_faults(question, open, &mut faults);
        if let Some(fault) = justification::fault(question.justification, self.limits.min_justification) {
            faults.push(fault);
        }
        self.duration_faults(question, rule, &mut faults);
        self.conflict_faults(question, open, &mut faults);
        faults
    }

    fn limit_faults(&self, question: &Question<'_>, open: &[OpenAccess], faults: &mut Faults) {
        if question.chain.is_none() {
            self.shared_faults(question, faults);
        }
        let max = self.limits.max_simultaneous;
        // An extension takes over the slot of what it extends once that is over.
        let beside = |access: &OpenAccess| open.iter().any(|other| access.extends == Some(other.id));
        let mine: Vec<String> = open
            .iter()
            .filter(|access| !beside(access) && question.overlaps(access))
            .map(|access| format!("`{}`", access.short))
            .collect();
        let together = question.together.len();
        if question.chain.is_some() || ((mine.len() + together) as u64) < u64::from(max) {
            return;
        }
        let (what, next) = match together {
            0 => (
                format!("{} are open", list(&mine)),
                format!("end one, for example with `done {}`", open_example(open)),
            ),
            _ => {
                let beside = if mine.is_empty() { String::new() } else { format!(" beside {}", list(&mine)) };
                (format!("this request has {} roles{beside}", together + 1), "ask for fewer roles".to_owned())
            }
        };
        faults.push(Fault::new(Code::Limit, format!("at most {max} may be open at a time, and {what}"), next));
    }

    /// A contract that ends before there would be time for anything.
    pub(super) fn contract_faults(&self, question: &Question<'_>, faults: &mut Faults) {
        let Some((person, until)) = question.contract() else { return };
        if until < question.begins() + self.limits.min_duration.delta() {
            let day = until.with_timezone(&person.zone) - TimeDelta::seconds(1);
            let what = format!("the contract of {} ends on {}", person.name, day.format("%-d %b %Y"));
            let next = "ask whoever keeps the directory to enter a later `until`, if it was prolonged";
            faults.push(Fault::new(Code::Contract, what, next));
        }
    }

    /// The limits that all people share. What waits for an approval takes no place: it is judged again at every vote.
    fn shared_faults(&self, question: &Question<'_>, faults: &mut Faults) {
        let InUse { of_role, in_all } = question.in_use;
        let role = question.role;
        if let Some(max) = role.max_simultaneous.filter(|max| of_role >= u64::from(*max)) {
            let what = format!("at most {max} may hold `{}` at a time, and {of_role} do", role.name);
            faults.push(Fault::new(
                Code::Limit,
                what,
                format!("ask again when one of them is done; `who {}` tells who they are", role.name),
            ));
        }
        let with = question.together.len() as u64;
        if let Some(max) = self.limits.max_simultaneous_total.filter(|max| in_all + with >= u64::from(*max)) {
            let more = if with == 0 { String::new() } else { format!(", and {} are asked for", with + 1) };
            let what = format!("at most {max} accesses may be held at a time by all together, and {in_all} are{more}");
            faults.push(Fault::new(Code::Limit, what, "ask again when one of them has ended"));
        }
    }

    fn duration_faults(&self, question: &Question<'_>, rule: &Rule, faults: &mut Faults) {
        let min = self.limits.min_duration;
        if question.duration < min || question.duration.is_zero() {
            let what = format!("{} is shorter than the minimum of {min}", question.duration);
            faults.push(Fault::new(Code::Duration, what, format!("ask for at least {min}")));
        }
        let max = self.longest_under(question.role, rule);
        let counted = question.counted();
        if counted <= max {
            return;
        }
        let environment = self.limits.longest_in(&question.role.environment);
        let whose = if max == question.role.max_duration {
            "the role".to_owned()
        } else if rule.max_duration == Some(max) {
            format!("the rule `{}`", rule.name)
        } else {
            debug_assert_eq!(max, environment);
            format!("the environment `{}`", question.role.environment)
        };
        let (what, next) = match question.chain {
            None => (format!("{counted} is longer than the {max} of {whose}"), format!("ask for at most {max}")),
            Some(_) => {
                let before = counted.as_seconds().saturating_sub(question.duration.as_seconds());
                let left = Span::seconds(max.as_seconds().saturating_sub(before));
                let next = if left < min {
                    "ask anew once it has ended".to_owned()
                } else {
                    format!("ask for at most {left} more")
                };
                (format!("it would last {counted} in all, longer than the {max} of {whose}"), next)
            }
        };
        faults.push(Fault::new(Code::Duration, what, next));
    }

    pub(super) fn conflict_faults(&self, question: &Question<'_>, open: &[OpenAccess], faults: &mut Faults) {
        for conflict in self.conflicts.iter().filter(|conflict| conflict.names(&question.role.name)) {
            if let Some(other) = question.together.iter().find(|role| conflict.names(role)) {
                let what = format!("`{other}` is asked for with it, and `{}` forbids both", conflict.name);
                faults.push(Fault::new(Code::Conflict, what, "ask for one of them only"));
            }
            let other = open.iter().find(|access| access.role != question.role.name && conflict.names(&access.role));
            if let Some(other) = other {
                faults.push(Fault::new(
                    Code::Conflict,
                    format!(
                        "`{}` is {} as `{}`, and `{}` forbids both",
                        other.role,
                        held(other),
                        other.short,
                        conflict.name
                    ),
                    format!("end `{}` first", other.short),
                ));
            }
        }
    }
}

impl<'a> Question<'a> {
    pub(super) fn parties(&self) -> Parties<'a> {
        Parties { requester: &self.requester.id, beneficiary: &self.beneficiary.id, owner: &self.role.owner }
    }

    /// The ticket, if one is named.
    pub(super) fn ticket(&self) -> Option<&'a str> {
        self.ticket.map(str::trim).filter(|ticket| !ticket.is_empty())
    }

    /// When it would begin.
    pub fn begins(&self) -> DateTime<Utc> {
        self.start.unwrap_or(self.now)
    }

    /// When it would end, if it were given at once.
    pub fn ends(&self) -> DateTime<Utc> {
        self.begins() + self.duration.delta()
    }

    /// The end from which on a window that closes need not be looked for: it begins a little later than asked, since it is set up first.
    pub(super) fn latest(&self) -> DateTime<Utc> {
        self.ends() + SLACK
    }

    /// The first end of a contract of the two, and whose it is.
    fn contract(&self) -> Option<(&'a Person, DateTime<Utc>)> {
        let ends = [self.beneficiary, self.requester].into_iter().filter_map(|person| Some((person, person.until?)));
        ends.min_by_key(|(_, until)| *until)
    }

    /// What takes it back first: its window, or the end of a contract, which no rule lets anybody outlast.
    pub(super) fn closing(&self, window: Option<Closing>) -> Option<Closing> {
        let contract = self.contract().filter(|(_, until)| *until < self.latest()).map(|(person, at)| Closing {
            at,
            zone: person.zone,
            window: Window::Contract { name: person.name.clone() },
        });
        window.into_iter().chain(contract).min_by_key(|closing| closing.at)
    }

    /// Whether an open access would be held at the same time, as far as that is known.
    fn overlaps(&self, access: &OpenAccess) -> bool {
        let over_before = |until: DateTime<Utc>| self.start.is_some_and(|start| until <= start);
        access.starts.is_none_or(|starts| starts < self.ends()) && !access.until.is_some_and(over_before)
    }

    /// What maximum durations count: the whole chain of an extension.
    pub(super) fn counted(&self) -> Span {
        self.chain.map_or(self.duration, |chain| chain.max(self.duration))
    }
}

impl Rule {
    /// Whom an escalation at once adds to a step that has too few people, while some of them are only away.
    fn beyond(
        &self,
        step: &Step,
        asking: &Asking,
        question: &Question<'_>,
        directory: &Directory,
    ) -> BTreeSet<PersonId> {
        let away = asking.skipped.values().any(|why| matches!(why, Unasked::Away { .. }));
        if !away || asking.people.len() >= step.count as usize {
            return BTreeSet::new();
        }
        let from: Vec<PersonId> = asking.people.keys().chain(asking.skipped.keys()).cloned().collect();
        escalation(&self.escalate_to, &from, question.parties(), directory)
    }

    fn route(&self, steps: &[Step]) -> Route {
        Route {
            rule: self.name.clone(),
            steps: steps.to_vec(),
            remind_after: self.remind_after,
            escalate_after: self.escalate_after,
            escalate_to: self.escalate_to.clone(),
            timeout: self.timeout,
            warn_before: self.warn_before,
            oncall: None,
            ticket: None,
        }
    }
}

/// Both people are active, and the role's system knows the beneficiary.
pub(super) fn known(question: &Question<'_>, directory: &Directory) -> Result<(), Refusal> {
    for person in [question.requester, question.beneficiary] {
        if directory.active(&person.id).is_none() && person.active {
            let next = "Ask whoever keeps the directory to enter a later `until`, if it was prolonged.";
            return Err(Refusal::new(Code::Contract, format!("The contract of {} is over.", person.name), next));
        }
        if directory.active(&person.id).is_none() {
            return Err(Refusal::new(
                Code::Disabled,
                format!("The account of `{}` is disabled.", person.id),
                "Ask an administrator of the directory to enable it.",
            ));
        }
    }
    let Role { connector, name, .. } = question.role;
    if directory.has_account(question.beneficiary, connector) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::NoAccount,
        format!("`{}` has no account in `{connector}`, where `{name}` is given.", question.beneficiary.id),
        format!("Ask an administrator of the directory to add `accounts.{connector}`."),
    ))
}

/// The same person and role while one is open. An extension stands beside what it extends, but only one may wait.
fn duplicate(question: &Question<'_>, open: &[OpenAccess]) -> Option<Refusal> {
    let same = |access: &&OpenAccess| {
        access.role == question.role.name
            && (question.chain.is_none() || matches!(access.state.as_str(), "screening" | "pending"))
    };
    let other = open.iter().find(same)?;
    let (role, short) = (&question.role.name, &other.short);
    let next = match other.state.as_str() {
        "active" => format!("See it with `show {short}`, or ask for more time with `extend {short} for 1h`."),
        "revoking" => format!("Ask again once `{short}` is verified gone."),
        _ => format!("See where it stands with `show {short}`, or take it back with `cancel {short}`."),
    };
    Some(Refusal::new(Code::Duplicate, format!("`{role}` is {} already as `{short}`.", held(other)), next))
}

/// Why a rule does not approve by itself; empty when it does. Never for high risk, never for another person.
pub(super) fn auto_misses(auto: &AutoApprove, question: &Question<'_>, directory: &Directory) -> Vec<Fault> {
    let mut misses = Vec::new();
    let mut miss = |code, what: String, next: String| misses.push(Fault::new(code, what, next));
    if question.role.risk >= Risk::High {
        let next = "ask the role's owner for a rule with steps";
        miss(Code::NotPermitted, "high risk is never approved automatically".to_owned(), next.to_owned());
    }
    if question.requester.id != question.beneficiary.id {
        let what = "nothing is approved automatically on behalf of another".to_owned();
        miss(Code::NotPermitted, what, format!("let `{}` ask", question.beneficiary.id));
    }
    if question.counted() > auto.up_to {
        let in_all = if question.chain.is_some() { " in all" } else { "" };
        let what = format!("only up to {}{in_all}", auto.up_to);
        miss(Code::Duration, what, format!("ask for at most {}", auto.up_to));
    }
    if let Some(patterns) = auto.in_channels.as_ref() {
        let own = |channel: &Channel| open_incidents(auto, directory).any(|(_, incident)| incident.owns(channel));
        let fits = |pattern: &String, channel: &Channel| match pattern.as_str() {
            OWN_CHANNEL => own(channel),
            pattern => channel_fits(pattern, channel),
        };
        let here = |channel: &Channel| patterns.iter().any(|pattern| fits(pattern, channel));
        if !question.channel.is_some_and(here) {
            let names: Vec<_> = patterns.iter().map(|pattern| channel_words(pattern)).collect();
            let what = format!("only when asked in {}", list(&names));
            miss(Code::NotPermitted, what, "ask again there".to_owned());
        }
    }
    if auto.require_incident.is_some() && question.start.is_some() && question.chain.is_none() {
        misses.push(Fault::new(
            Code::NotPermitted,
            "only at once, while the incident is open",
            "leave the later start out",
        ));
    }
    misses.extend(incident_miss(auto, directory));
    misses
}

/// The incident that the rule demands is not there. One that is not known to be open is not.
fn incident_miss(auto: &AutoApprove, directory: &Directory) -> Option<Fault> {
    let services = auto.require_incident.as_ref()?;
    if open_incidents(auto, directory).next().is_some() {
        return None;
    }
    let names: Vec<_> = services.iter().map(|service| format!("`{service}`")).collect();
    let known = services.iter().all(|service| directory.incidents(service).is_some());
    let (what, next) = if known {
        (format!("only while an incident of {} is open", list(&names)), "open one there, and ask again in a minute")
    } else {
        let what =
            format!("only while an incident of {} is open, and it is not known now whether one is", list(&names));
        (what, "ask again once it is known")
    };
    Some(Fault::new(Code::NotPermitted, what, next.to_owned()))
}

/// The open incidents of the services that a rule names, each with its service.
fn open_incidents<'a>(
    auto: &'a AutoApprove,
    directory: &'a Directory,
) -> impl Iterator<Item = (&'a str, &'a Incident)> {
    let services = auto.require_incident.iter().flatten();
    services.flat_map(|service| {
        directory.incidents(service).unwrap_or_default().iter().map(move |incident| (service.as_str(), incident))
    })
}

/// The ticket that is to be looked up.
fn demand(rule: &Rule, question: &Question<'_>, directory: &Directory) -> Option<Demand> {
    let named =
        question.ticket().filter(|_| rule.ticket_terms.demand_anything() && question.known != Known::Fitting)?;
    let ticket = source_of(directory.ticket_sources(), named)?;
    Some(Demand { ticket, terms: rule.ticket_terms })
}

/// Why it is at once, where the rotation is the authority: which one, the incident, and the channel that sees it.
///
/// Of several open incidents it is the one in whose own channel it was asked, else the first that the source names.
fn oncall(deciding: &Deciding<'_>, question: &Question<'_>, directory: &Directory) -> Option<Box<OnCall>> {
    let auto = deciding.rule.auto_approve.as_ref().filter(|_| deciding.auto)?;
    let rotation = rotation(deciding.rule, question.beneficiary)?;
    let here = |(_, incident): &(&str, &Incident)| question.channel.is_some_and(|channel| incident.owns(channel));
    let found = open_incidents(auto, directory).find(here).or_else(|| open_incidents(auto, directory).next());
    let asked_in = question.channel.filter(|_| auto.in_channels.is_some()).map(|channel| channel.id.clone());
    Some(Box::new(OnCall {
        rotation: rotation.to_owned(),
        channel: found.and_then(|(_, incident)| incident.address()).or(asked_in),
        ends_with_incident: auto.end_with_incident && found.is_some(),
        incident: found.map(|(service, incident)| named(service, incident)),
    }))
}

/// The rotation by which this rule is for a person, where that is what it names first.
fn rotation<'a>(rule: &'a Rule, person: &Person) -> Option<&'a str> {
    match rule.who.iter().find(|who| held_by(who, person))? {
        Subject::Oncall(rotation) => Some(rotation),
        _ => None,
    }
}

fn named(service: &str, incident: &Incident) -> Named {
    let source = service.split_once('/').map_or(service, |(source, _)| source).to_owned();
    let key = IncidentId { source, id: incident.id.clone() };
    Named { key, service: service.to_owned(), title: incident.title.clone() }
}

fn channel_words(pattern: &str) -> String {
    match pattern {
        OWN_CHANNEL => "the incident's own channel".to_owned(),
        pattern => format!("`{pattern}`"),
    }
}

/// A channel by its exact id, or by a pattern over its name, with or without `#`. What is written like an id is never
/// compared with names: anybody can name a channel.
fn channel_fits(pattern: &str, channel: &Channel) -> bool {
    pattern == channel.id || (!like_an_id(pattern) && glob(pattern.strip_prefix('#').unwrap_or(pattern), &channel.name))
}

fn nobody_to_ask(
    steps: &[Step],
    (step, people): (usize, usize),
    asking: &Asking,
    (question, directory): (&Question<'_>, &Directory),
) -> Fault {
    let Step { any, count, .. } = &steps[step];
    let names: Vec<_> = any.iter().map(|subject| format!("`{subject}`")).collect();
    let of = if steps.len() > 1 { format!("step {} needs", step + 1) } else { "it needs".to_owned() };
    let have = match people {
        0 => "there is nobody".to_owned(),
        n if n < *count as usize => format!("there {} only {n}", if n == 1 { "is" } else { "are" }),
        _ => "they are needed for another step".to_owned(),
    };
    let Question { requester, beneficiary, .. } = question;
    let another = requester.id != beneficiary.id;
    let apart = match another {
        false => "who is neither the one who asks nor disabled",
        true => "who is neither the one who asks, nor the one who gets it, nor disabled",
    };
    let asks_themselves =
        another && any.contains(&Subject::Manager) && beneficiary.manager.as_ref() == Some(&requester.id);
    let manager = asks_themselves
        .then(|| format!("{}, the manager of {}, is the one who asks", requester.name, beneficiary.name));
    let skipped = asking.skipped.iter().take(SHOWN).map(|(id, why)| unasked(id, why, directory));
    let skipped: Vec<String> = manager.into_iter().chain(skipped).collect();
    let because = if skipped.is_empty() { String::new() } else { format!(" ({})", skipped.join("; ")) };
    Fault::new(
        Code::NoApprover,
        format!("{of} {count} of {} {apart}, and {have}{because}", list(&names)),
        match asks_themselves {
            true => "let somebody else ask for them, or ask the role's owner to name more approvers",
            false => "ask the role's owner to name more approvers",
        },
    )
}

/// Why somebody is not asked, in half a sentence.
fn unasked(id: &PersonId, why: &Unasked, directory: &Directory) -> String {
    let name = directory.name(id);
    match why {
        Unasked::Disabled => format!("{name} is disabled or has left"),
        Unasked::NotInChat => format!("{name} has no chat account in the directory"),
        Unasked::Away { until, .. } => format!("{name} is away until {} UTC", until.format("%-d %b %H:%M")),
        Unasked::NotNamed => format!("{name} is no longer named"),
    }
}

/// How an open access stands, in a word for sentences.
fn held(access: &OpenAccess) -> &'static str {
    match access.state.as_str() {
        "screening" | "pending" => "asked for",
        "scheduled" => "agreed for a later start",
        "elevating" => "being given",
        "revoking" => "being taken back",
        _ => "held",
    }
}

fn open_example(open: &[OpenAccess]) -> String {
    let active = open.iter().find(|access| access.state == "active");
    active.or(open.first()).map_or_else(String::new, |access| access.short.to_string())
}

/// An owner's name for people.
pub(super) fn owner_name(owner: &Subject, directory: &Directory) -> String {
    match owner {
        Subject::Person(id) => directory.name(id).to_owned(),
        other => other.to_string(),
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A clause as a sentence.
pub(super) fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
