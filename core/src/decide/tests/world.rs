//! A small company with a policy, and a driver that stores what is decided: for the tables of the state machine and for
//! the properties (which include this file from `core/tests`). Time is virtual; connectors are answered by hand.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::access::{Access, Member, Origin, Platform, Proof, Revoker};
use crate::advice::{LOOKED_AT, Past};
use crate::command::{Ask, Command};
use crate::decide::{Decision, decide};
use crate::directory::{Absence, Absences, Directory, Person, Rotations, parse_people};
use crate::effect::{Effect, Recipient, Tell};
use crate::entitlement::Capabilities;
use crate::event::{Actor, EventRecord};
use crate::facts::{Facts, InUse, OfRole, OpenAccess, Unreviewed};
use crate::freeze::{Freeze, Scope};
use crate::id::{AccessId, ConnectorName, PersonId, RoleName, ShortId};
use crate::incident::{Incident, IncidentId, Incidents, Named, OnCall, OwnChannel};
use crate::notice::NoticeKind;
use crate::personal::Personal;
use crate::policy::{Parts, Policy, Role, Rule, SourceFile, TicketNeed, parse};
use crate::refusal::Refusal;
use crate::span::Span;
use crate::ticket::{Assignee, Finding, Known, Terms, Ticket, TicketId};
use crate::timer::{TimerKind, timers};

use super::laws;

/// Everything there is.
#[derive(Clone)]
pub struct World {
    pub now: DateTime<Utc>,
    pub parts: Parts,
    pub people: BTreeMap<&'static str, Person>,
    pub connectors: BTreeMap<ConnectorName, Capabilities>,
    pub accesses: BTreeMap<AccessId, Access>,
    pub records: Vec<EventRecord>,
    pub told: Vec<Tell>,
    pub freezes: Vec<Freeze>,
    /// Who is on call, and because of what.
    pub rotations: Rotations,
    pub incidents: Incidents,
    pub absences: Absences,
    /// Accesses whose extensions are to end.
    pub ending: Vec<AccessId>,
    minted: u128,
}

/// Monday, 09:00 UTC.
pub const START: &str = "2026-11-23T09:00:00Z";

/// Who there is.
pub const PEOPLE: [&str; 9] = ["alice", "ann", "bob", "carl", "dana", "eve", "mallory", "sam", "sue"];

impl World {
    pub fn new() -> Self {
        let composing = Capabilities {
            native_expiry: false,
            ends_sessions: true,
            composes: true,
            lists_holders: true,
            standing_possible: true,
            makes_accounts: false,
        };
        let policy =
            parse(&[SourceFile { name: "policy.toml".to_owned(), text: include_str!("policy.toml").to_owned() }]);
        let policy = policy.unwrap();
        let directory = parse_people("people.toml", include_str!("people.toml"), None).unwrap();
        let certificates = Capabilities { native_expiry: true, composes: false, ..composing };
        let logins = Capabilities { makes_accounts: true, standing_possible: false, ..certificates };
        Self {
            now: START.parse().unwrap(),
            parts: Parts::clone(&policy),
            people: PEOPLE.map(|id| (id, directory.person(&id.into()).unwrap().clone())).into(),
            connectors: [("db".into(), composing), ("hosts".into(), certificates), ("vendors".into(), logins)].into(),
            accesses: BTreeMap::new(),
            records: Vec::new(),
            told: Vec::new(),
            freezes: Vec::new(),
            rotations: Rotations::new(),
            incidents: Incidents::new(),
            absences: Absences::new(),
            ending: Vec::new(),
            minted: 0,
        }
    }

    /// Decides on today's facts and stores nothing.
    pub fn decide(&self, id: AccessId, command: &Command) -> Result<Decision, Refusal> {
        let policy = Policy::new(self.parts.clone());
        let mut directory = Directory::new(self.people.values().cloned());
        let making = self.connectors.iter().filter(|(_, can)| can.makes_accounts).map(|(name, _)| name.clone());
        directory.set_making_accounts(making.collect());
        directory.set_oncall(self.rotations.clone());
        directory.set_incidents(self.incidents.clone());
        directory.set_absences(self.absences.clone());
        directory.set_ticket_sources([("jira".to_owned(), vec!["OPS-*".to_owned()])].into());
        directory.set_time(self.now);
        let parent = match command {
            Command::Request(ask) => ask.extends,
            _ => self.accesses.get(&id).and_then(|access| Some(access.request.extends.as_ref()?.parent)),
        };
        let parent = parent.and_then(|id| self.accesses.get(&id));
        let access = self.accesses.get(&id);
        let during = match (command, access.and_then(Access::planned)) {
            (Command::Request(ask), _) => {
                let start = ask.starts_at.unwrap_or(self.now);
                (start, start + ask.duration.delta())
            }
            (_, Some((start, end))) => (start.max(self.now), end),
            _ => (self.now, access.map_or(self.now, |access| self.now + access.duration().delta())),
        };
        let asked = if let Command::Request(ask) = command { Some(&ask.role) } else { None };
        let beneficiary = match command {
            Command::Request(ask) => Some(&ask.beneficiary),
            _ => access.map(|access| &access.request.beneficiary),
        };
        let open: Vec<OpenAccess> = self
            .accesses
            .values()
            .filter(|other| other.is_open() && other.id != id && Some(&other.request.beneficiary) == beneficiary)
            .map(OpenAccess::from)
            .collect();
        let waits = |other: &&Access| Some(&other.request.beneficiary) == beneficiary;
        let unreviewed: Vec<Unreviewed> = self
            .accesses
            .values()
            .filter(waits)
            .filter_map(|other| {
                Some(Unreviewed {
                    short: other.short.clone(),
                    due: other.review_due()?,
                    rehearsed: other.entitlement().is_none(),
                })
            })
            .collect();
        let of = |role: &RoleName| OfRole {
            role: role.clone(),
            in_use: self.in_use(Some(role), id, during),
            past: Some(self.past(id, Some(role), beneficiary)),
        };
        let members = access.and_then(|access| access.request.bundle.as_ref());
        let bundle: Vec<Access> = members
            .iter()
            .flat_map(|bundle| &bundle.members)
            .filter(|member| member.id != id)
            .map(|member| self.accesses[&member.id].clone())
            .collect();
        let asked_for = match command {
            Command::Request(ask) if !ask.more.is_empty() => ask.members(),
            _ => members.iter().flat_map(|bundle| bundle.members.clone()).collect(),
        };
        let of_roles: Vec<OfRole> = asked_for.iter().map(|member| of(&member.role)).collect();
        let past = self.past(id, access.map(|access| &access.request.role).or(asked), beneficiary);
        let actor = actor(command);
        let facts = Facts {
            actor: &actor,
            policy: &policy,
            directory: &directory,
            connectors: &self.connectors,
            open: &open,
            freezes: &self.freezes,
            unreviewed: &unreviewed,
            past: Some(&past),
            ticket: Known::NotYet,
            in_use: self.in_use(access.map(|access| &access.request.role).or(asked), id, during),
            parent,
            bundle: &bundle,
            of_roles: &of_roles,
            together: &[],
        };
        let decision = decide(access, command, &facts, self.now);
        assert_eq!(decision, decide(access, command, &facts, self.now), "the same facts, the same decision");
        let unadvising: Vec<OfRole> = of_roles.iter().map(|of| OfRole { past: None, ..of.clone() }).collect();
        let unadvised = decide(access, command, &Facts { past: None, of_roles: &unadvising, ..facts }, self.now);
        laws::advice_is_no_authority(&decision, unadvised);
        self.rehearsals_do_not_count(access, command, (&facts, &decision));
        let decision = decision?;
        laws::together(&decision, &self.accesses);
        for part in decision.all() {
            laws::check(self.accesses.get(&part.after.id), part, &facts, self.now);
        }
        Ok(decision)
    }

    /// What the shell would load of the beneficiary's past.
    fn past(&self, id: AccessId, role: Option<&RoleName>, beneficiary: Option<&PersonId>) -> Past {
        let theirs: Vec<&Access> =
            self.accesses.values().filter(|other| Some(&other.request.beneficiary) == beneficiary).collect();
        let real = || theirs.iter().filter(|other| other.entitlement().is_some());
        let used = real().filter(|other| Some(&other.request.role) == role && other.request.extends.is_none());
        let misused = |other: &&Access| {
            let verdict = other.review.as_ref()?.verdict.as_ref()?;
            verdict.misuse.then_some(verdict.at)
        };
        let mut past = Past {
            uses: used.filter_map(|other| other.activated_at).collect(),
            asked: theirs.iter().filter(|other| other.id != id).map(|other| other.requested_at).collect(),
            misuse: real().filter_map(misused).collect(),
        };
        for times in [&mut past.uses, &mut past.asked, &mut past.misuse] {
            times.sort_by(|a, b| b.cmp(a));
            times.truncate(LOOKED_AT);
        }
        past
    }

    /// What all people hold together, but for one access.
    pub fn in_use(&self, role: Option<&RoleName>, but: AccessId, during: (DateTime<Utc>, DateTime<Utc>)) -> InUse {
        let given = |access: &&Access| {
            let agreed = matches!(access.state_name(), "scheduled" | "elevating" | "active" | "revoking");
            access.entitlement().is_some() && agreed && overlap(access, during)
        };
        let given: Vec<&Access> = self.accesses.values().filter(given).collect();
        let goes_on = |id| given.iter().any(|other| other.request.extends.as_ref().is_some_and(|e| e.parent == id));
        let counted: Vec<_> = given.iter().filter(|access| access.id != but && !goes_on(access.id)).collect();
        let of_role = counted.iter().filter(|access| Some(&access.request.role) == role).count() as u64;
        InUse { of_role, in_all: counted.len() as u64 }
    }

    /// Somebody is on call by the rotation `file/orders`, and incident 42 of the service `file/orders` is open.
    pub fn on_call(&mut self, who: &str) {
        self.rotations.insert("file/orders".to_owned(), [PersonId::from(who)].into());
        let channel = Some(OwnChannel::Named("inc-42".to_owned()));
        let incident = Incident { id: "42".to_owned(), title: "#42 Orders are slow".to_owned(), channel };
        self.incidents.insert("file/orders".to_owned(), vec![incident]);
    }

    /// An access as if policy had given it because of that incident, whatever it is: for the table of states.
    pub fn bind_to_incident(&mut self, id: AccessId) {
        let title = "#42 Orders are slow".to_owned();
        let incident = Some(Named { key: incident_42(), service: "file/orders".to_owned(), title });
        let oncall = OnCall { rotation: "file/orders".to_owned(), incident, channel: None, ends_with_incident: true };
        self.accesses.get_mut(&id).unwrap().route.oncall = Some(Box::new(oncall));
    }

    /// The source says that incident 42 is resolved.
    pub fn resolved(&mut self, id: AccessId) -> String {
        self.line(id, Command::IncidentResolved { incident: incident_42() })
    }

    /// A rule that goes by tickets: whoever names none is not held up.
    pub fn ticketed(&mut self, rule: &str) {
        let rule = self.rule(rule);
        rule.ticket = TicketNeed::Optional;
        rule.ticket_terms = Terms { open: true, assigned: true, ends: true };
    }

    /// Alice asks for an hour of `orders-write` because of her ticket.
    pub fn screening(&mut self) -> AccessId {
        self.ticketed("single");
        let ask = Ask { ticket: Some(OPS_12.to_owned()), ..self.ask("alice", "orders-write", "1h") };
        let id = ask.id;
        self.send(id, Command::Request(Box::new(ask))).unwrap();
        id
    }

    /// The same, agreed to for a later start, which has come.
    pub fn screening_at_start(&mut self) -> AccessId {
        self.ticketed("single");
        let ask = Ask { ticket: Some(OPS_12.to_owned()), ..self.ask_in("alice", "orders-write", ("1h", "3h")) };
        let id = ask.id;
        self.send(id, Command::Request(Box::new(ask))).unwrap();
        self.looked(id, found(true, "alice"));
        self.approve("bob", id);
        self.tick("3h");
        id
    }

    /// Its source says of that ticket.
    pub fn looked(&mut self, id: AccessId, finding: Finding) -> String {
        self.line(id, Command::TicketLooked { ticket: ops_12(), finding })
    }

    /// Its source says that the ticket is closed.
    pub fn ticket_closed(&mut self, id: AccessId) -> String {
        self.line(id, Command::TicketClosed { ticket: ops_12() })
    }

    /// An access as if policy had given it because of that ticket, whatever it is: for the table of states.
    pub fn bind_to_ticket(&mut self, id: AccessId) {
        let terms = Terms { open: true, assigned: false, ends: true };
        self.accesses.get_mut(&id).unwrap().route.ticket =
            Some(Box::new(crate::ticket::Demand { ticket: ops_12(), terms }));
    }

    /// Whatever is only rehearsed changes nothing of what is decided about what is real.
    fn rehearsals_do_not_count(
        &self,
        access: Option<&Access>,
        command: &Command,
        (facts, decided): (&Facts<'_>, &Result<Decision, Refusal>),
    ) {
        let real = match command {
            Command::Request(ask) => {
                let pilot = |role| self.parts.roles.get(role).is_some_and(|role| role.pilot);
                !ask.drill && !ask.members().iter().any(|member| pilot(&member.role))
            }
            _ => access.is_some_and(|access| access.entitlement().is_some()),
        };
        if real {
            let open: Vec<_> = facts.open.iter().filter(|other| other.entitlement.is_some()).cloned().collect();
            let unreviewed: Vec<_> = facts.unreviewed.iter().filter(|other| !other.rehearsed).cloned().collect();
            let without = Facts { open: &open, unreviewed: &unreviewed, ..*facts };
            assert_eq!(*decided, decide(access, command, &without, self.now), "a rehearsal changes what is real");
        }
    }

    /// Somebody is away for ten hours; perhaps another stands in.
    pub fn away(&mut self, who: &str, delegate: Option<&str>) {
        let until = self.now + Span::hours(10).delta();
        self.absences.insert(who.into(), Absence { until, delegate: delegate.map(PersonId::from) });
    }

    /// The shell looks through everything that waits.
    pub fn recheck(&mut self, id: AccessId) -> String {
        self.line(id, Command::Recheck)
    }

    /// Freezes something.
    pub fn freeze(&mut self, scope: Scope) {
        let by = Revoker::Person("sam".into());
        let reason = text("credentials leaked");
        self.freezes.push(Freeze { id: Uuid::nil(), scope, by, reason, since: self.now, lifted: None });
    }

    /// Stores a decision as one transaction.
    pub fn store(&mut self, decision: &Decision) {
        decision.all().for_each(|part| self.store_one(part));
    }

    fn store_one(&mut self, decision: &Decision) {
        for effect in &decision.effects {
            match effect {
                Effect::Tell(tell) => self.told.push((**tell).clone()),
                Effect::EndChildren => self.ending.push(decision.after.id),
                Effect::Reconcile | Effect::Screen => {}
            }
        }
        self.records.extend(decision.records.iter().cloned());
        self.accesses.insert(decision.after.id, decision.after.clone());
    }

    /// Ends the extensions of what ended early.
    pub fn end_children(&mut self) {
        while let Some(parent) = self.ending.pop() {
            for child in self.children(parent) {
                self.send(child, Command::ParentEnded).unwrap();
            }
        }
    }

    fn children(&self, parent: AccessId) -> Vec<AccessId> {
        let extends = |access: &&Access| access.request.extends.as_ref().is_some_and(|e| e.parent == parent);
        self.accesses.values().filter(extends).map(|access| access.id).collect()
    }

    /// Decides and stores.
    pub fn send(&mut self, id: AccessId, command: Command) -> Result<Decision, Refusal> {
        let decision = self.decide(id, &command)?;
        self.store(&decision);
        Ok(decision)
    }

    /// Decides and stores, and puts what came of it in a line.
    pub fn line(&mut self, id: AccessId, command: Command) -> String {
        let line = line(&self.send(id, command));
        self.end_children();
        line
    }

    pub fn access(&self, id: AccessId) -> &Access {
        &self.accesses[&id]
    }

    pub fn state(&self, id: AccessId) -> &'static str {
        self.access(id).state_name()
    }

    /// A request as the shell would make it, with fresh ids.
    pub fn ask(&mut self, who: &str, role: &str, duration: &str) -> Ask {
        self.minted += 1;
        let number = u32::try_from(self.minted).unwrap();
        Ask {
            id: AccessId(Uuid::from_u128(self.minted)),
            short: ShortId::from_random([0, 0, 0, 0, number / 30, number]),
            requester: who.into(),
            beneficiary: who.into(),
            role: role.into(),
            more: Vec::new(),
            duration: Span::parse(duration).unwrap(),
            justification: text("the orders index is broken"),
            ticket: None,
            starts_at: None,
            origin: Origin { platform: Platform::Slack, channel: None },
            extends: None,
            emergency: false,
            drill: false,
        }
    }

    /// A request for several roles.
    pub fn ask_all(&mut self, who: &str, roles: &[&str], duration: &str) -> Ask {
        let mut asks: Vec<Ask> = roles.iter().map(|role| self.ask(who, role, duration)).collect();
        let first = asks.remove(0);
        let more = asks.into_iter().map(|ask| Member { id: ask.id, short: ask.short, role: ask.role }).collect();
        Ask { more, ..first }
    }

    /// Asks for several roles, and gives the ids of their accesses in the same order.
    pub fn request_all(&mut self, who: &str, roles: &[&str], duration: &str) -> Vec<AccessId> {
        let ask = self.ask_all(who, roles, duration);
        let ids = ask.members().iter().map(|member| member.id).collect();
        self.send(ask.id, Command::Request(Box::new(ask))).unwrap();
        ids
    }

    /// Asks, and gives the new id.
    pub fn request(&mut self, who: &str, role: &str, duration: &str) -> AccessId {
        let ask = self.ask(who, role, duration);
        let id = ask.id;
        self.send(id, Command::Request(Box::new(ask))).unwrap();
        id
    }

    /// Asks for a later start.
    pub fn request_in(&mut self, who: &str, role: &str, (duration, ahead): (&str, &str)) -> AccessId {
        let ask = self.ask_in(who, role, (duration, ahead));
        let id = ask.id;
        self.send(id, Command::Request(Box::new(ask))).unwrap();
        id
    }

    pub fn ask_in(&mut self, who: &str, role: &str, (duration, ahead): (&str, &str)) -> Ask {
        let starts_at = Some(self.now + Span::parse(ahead).unwrap().delta());
        Ask { starts_at, ..self.ask(who, role, duration) }
    }

    /// Asked and agreed to, by bob: an hour of `orders-write` of alice's, to begin later.
    pub fn scheduled(&mut self, ahead: &str) -> AccessId {
        let id = self.request_in("alice", "orders-write", ("1h", ahead));
        self.approve("bob", id);
        id
    }

    /// Asks, and tells what came of it.
    pub fn request_line(&mut self, who: &str, role: &str, duration: &str) -> String {
        let ask = self.ask(who, role, duration);
        self.line(ask.id, Command::Request(Box::new(ask)))
    }

    /// A request for more time.
    pub fn ask_more(&mut self, who: &str, parent: AccessId, duration: &str) -> Ask {
        let (role, beneficiary) = {
            let request = &self.access(parent).request;
            (request.role.clone(), request.beneficiary.clone())
        };
        Ask { extends: Some(parent), beneficiary, role, ..self.ask(who, "-", duration) }
    }

    /// Asks for more time, and gives the new id.
    pub fn extend(&mut self, who: &str, parent: AccessId, duration: &str) -> AccessId {
        let ask = self.ask_more(who, parent, duration);
        let id = ask.id;
        self.send(id, Command::Request(Box::new(ask))).unwrap();
        id
    }

    pub fn extend_line(&mut self, who: &str, parent: AccessId, duration: &str) -> String {
        let ask = self.ask_more(who, parent, duration);
        self.line(ask.id, Command::Request(Box::new(ask)))
    }

    pub fn approve(&mut self, who: &str, id: AccessId) -> String {
        self.line(id, Command::Approve { by: who.into(), at_most: None })
    }

    pub fn approve_for(&mut self, who: &str, id: AccessId, at_most: &str) -> String {
        self.line(id, Command::Approve { by: who.into(), at_most: Some(Span::parse(at_most).unwrap()) })
    }

    pub fn deny(&mut self, who: &str, id: AccessId) -> String {
        self.line(id, Command::Deny { by: who.into(), reason: text("not on a Monday") })
    }

    pub fn claim(&mut self, who: &str, id: AccessId) -> String {
        self.line(id, Command::Claim { by: who.into() })
    }

    pub fn question(&mut self, who: &str, id: AccessId) -> String {
        self.line(id, Command::Question { by: who.into(), text: text("which table?") })
    }

    pub fn reply(&mut self, who: &str, id: AccessId) -> String {
        self.line(id, Command::Reply { by: who.into(), text: text("the orders one"), seen: None })
    }

    pub fn cancel(&mut self, who: &str, id: AccessId) -> String {
        self.line(id, Command::Cancel { by: who.into() })
    }

    pub fn done(&mut self, who: &str, id: AccessId) -> String {
        self.line(id, Command::Done { by: who.into() })
    }

    pub fn reveal(&mut self, who: &str, id: AccessId) -> String {
        self.line(id, Command::Reveal { by: who.into() })
    }

    pub fn revoke(&mut self, who: &str, id: AccessId) -> String {
        let by = Revoker::Person(who.into());
        self.line(id, Command::Revoke { by, reason: text("seen misuse") })
    }

    pub fn verified(&mut self, id: AccessId) -> String {
        self.line(id, Command::Elevated { verified_at: self.now, native_until: None, handover: None })
    }

    pub fn trouble(&mut self, id: AccessId, error: &str, permanent: bool) -> String {
        self.line(id, Command::ElevationFailed { error: error.to_owned(), permanent })
    }

    pub fn gone(&mut self, id: AccessId) -> String {
        self.settled(id, Proof::Gone { sessions_ended: 0 })
    }

    pub fn settled(&mut self, id: AccessId, proof: Proof) -> String {
        self.line(id, Command::Settled { proof })
    }

    pub fn not_taken(&mut self, id: AccessId, error: &str) -> String {
        self.line(id, Command::RevocationFailed { error: error.to_owned() })
    }

    pub fn fire(&mut self, id: AccessId, kind: TimerKind) -> String {
        self.line(id, Command::Timer { kind })
    }

    /// Lets time pass; every timer fires when it is due. One that is due always changes something.
    pub fn tick(&mut self, span: &str) -> Vec<String> {
        let goal = self.now + Span::parse(span).unwrap().delta();
        let mut lines = Vec::new();
        while let Some((due_at, kind, id)) = self.next_timer().filter(|(due_at, ..)| *due_at <= goal) {
            self.now = self.now.max(due_at);
            let line = self.fire(id, kind);
            assert_ne!(line, "nothing", "the due timer {} of {id} changes nothing", kind.as_str());
            lines.push(format!("{}: {line}", kind.as_str()));
        }
        self.now = goal;
        lines
    }

    pub fn next_timer(&self) -> Option<(DateTime<Utc>, TimerKind, AccessId)> {
        let all = self.accesses.values().flat_map(|access| timers(access).into_iter().map(|t| (t, access.id)));
        all.map(|(timer, id)| (timer.due_at, timer.kind, id)).min()
    }

    /// Asked, agreed to and verified: an hour of `orders-write` of alice's, agreed to by bob.
    pub fn active(&mut self) -> AccessId {
        let id = self.elevating();
        self.verified(id);
        id
    }

    /// Asked and agreed to.
    pub fn elevating(&mut self) -> AccessId {
        let id = self.request("alice", "orders-write", "1h");
        self.approve("bob", id);
        id
    }

    /// Ended by its holder, not yet settled.
    pub fn revoking(&mut self) -> AccessId {
        let id = self.active();
        self.done("alice", id);
        id
    }

    pub fn rule(&mut self, name: &str) -> &mut Rule {
        self.parts.rules.iter_mut().find(|rule| rule.name == name).unwrap()
    }

    pub fn role(&mut self, name: &str) -> &mut Role {
        self.parts.roles.get_mut(&RoleName::new(name)).unwrap()
    }

    pub fn person(&mut self, id: &str) -> &mut Person {
        self.people.get_mut(id).unwrap()
    }
}

const OPS_12: &str = "OPS-12";

pub fn ops_12() -> TicketId {
    TicketId { source: "jira".to_owned(), id: OPS_12.to_owned() }
}

/// The ticket as its source has it: somebody's, and open or closed.
pub fn found(open: bool, whose: &str) -> Finding {
    let assignee = Some(Assignee { name: whose.to_owned(), person: Some(whose.into()) });
    let status = if open { "In Progress" } else { "Done" }.to_owned();
    Finding::Ticket(Ticket { title: "Orders are stuck".to_owned(), status, open, assignee })
}

pub fn incident_42() -> IncidentId {
    IncidentId { source: "file".to_owned(), id: "42".to_owned() }
}

/// Whether an access is, or will be, held within a time, as far as that is known.
fn overlap(access: &Access, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> bool {
    let open = OpenAccess::from(access);
    open.starts.is_none_or(|starts| starts < to) && open.until.is_none_or(|until| until > from)
}

/// A text of a person's.
pub fn text(text: &str) -> Personal {
    Personal::new(text, [7; 16])
}

/// What came of a command: events, then effects; `nothing`; or the code of the refusal. Of a bundle, the lead's first.
pub fn line(result: &Result<Decision, Refusal>) -> String {
    let decision = match result {
        Ok(decision) => decision,
        Err(refusal) => return format!("refused {}", refusal.code.as_str()),
    };
    decision.all().map(line_of_one).collect::<Vec<_>>().join(" | ")
}

fn line_of_one(decision: &Decision) -> String {
    if decision.records.is_empty() && decision.effects.is_empty() {
        return "nothing".to_owned();
    }
    let events: Vec<_> = decision.records.iter().map(|record| record.event.kind()).collect();
    let effects: Vec<_> = decision.effects.iter().map(effect).collect();
    format!("{} > {}", events.join(" "), effects.join(" ")).trim_end_matches(" > ").to_owned()
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Reconcile => "reconcile".to_owned(),
        Effect::Screen => "screen".to_owned(),
        Effect::EndChildren => "end-children".to_owned(),
        Effect::Tell(tell) => {
            let to = match &tell.to {
                Recipient::Person(person) => person.as_str(),
                Recipient::Announce => "#announce",
                Recipient::Security => "#security",
                Recipient::Channel(channel) => channel,
            };
            let name = match &tell.notice().expect("decisions are about accesses").kind {
                NoticeKind::Approval { step } => format!("approval-{step}"),
                NoticeKind::Question { index } => format!("question-{index}"),
                kind => kind.name().to_owned(),
            };
            format!("{to}:{name}")
        }
    }
}

fn actor(command: &Command) -> Actor {
    let person = |id: &PersonId| Actor::Person { id: id.clone(), via: Platform::Slack };
    match command {
        Command::Request(ask) => person(&ask.requester),
        Command::Approve { by, .. } | Command::Deny { by, .. } | Command::Cancel { by } | Command::Done { by } => {
            person(by)
        }
        Command::Claim { by } | Command::Question { by, .. } | Command::Reply { by, .. } => person(by),
        Command::Revoke { by: Revoker::Person(by), .. } => person(by),
        Command::Revoke { by: Revoker::Operator(name), .. } => Actor::Operator { name: name.clone() },
        Command::Timer { .. } => Actor::Timer,
        Command::ParentEnded => Actor::Chain,
        Command::Recheck => Actor::Directory,
        Command::IncidentResolved { incident } => Actor::Oncall { source: incident.source.clone() },
        Command::TicketLooked { ticket, .. } | Command::TicketClosed { ticket } => {
            Actor::Tickets { source: ticket.source.clone() }
        }
        _ => Actor::Connector,
    }
}

/// Minutes since the start of the world.
pub fn minutes(at: DateTime<Utc>) -> i64 {
    (at - START.parse::<DateTime<Utc>>().unwrap()).num_minutes()
}
