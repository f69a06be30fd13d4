//! A small company with a policy, read from the same files that users write.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::access::{Channel, Request};
use crate::directory::{Directory, parse_people};
use crate::facts::{InUse, OpenAccess};
use crate::id::{AccessId, ConnectorName, RoleName, ShortId};
use crate::policy::{Judgement, Policy, Question, SourceFile, parse};
use crate::refusal::Refusal;
use crate::span::Span;

/// Alice and Eve are engineers of Bob, who reports to Dana. Sam and Sue are security; Dana owns the orders database.
pub const PEOPLE: &str = r#"
[[person]]
id = "alice"
name = "Alice Ames"
email = "alice@acme.test"
slack = "U0001"
manager = "bob"
groups = ["engineering"]
accounts = { orders-db = "alice", hosts = "alice" }

[[person]]
id = "eve"
name = "Eve Engel"
slack = "U0002"
manager = "bob"
groups = ["engineering"]
accounts = { orders-db = "eve" }

[[person]]
id = "bob"
name = "Bob Baker"
slack = "U0003"
manager = "dana"
groups = ["managers", "engineering"]
accounts = { orders-db = "bob" }

[[person]]
id = "dana"
name = "Dana Drew"
slack = "U0004"
groups = ["managers"]

[[person]]
id = "sam"
name = "Sam Sato"
slack = "U0005"
manager = "dana"
groups = ["security"]

[[person]]
id = "sue"
name = "Sue Stone"
slack = "U0006"
manager = "dana"
groups = ["security"]

[[person]]
id = "otto"
name = "Otto Gone"
slack = "U0007"
active = false
manager = "bob"
groups = ["engineering", "security"]
accounts = { orders-db = "otto" }

[[person]]
id = "carl"
name = "Carl Contractor"
slack = "U0008"
groups = ["contractors"]
accounts = { orders-db = "carl" }
"#;

pub const POLICY: &str = r##"
[[role]]
name = "orders-db-admin"
title = "Orders database, administrator"
connector = "orders-db"
target = { role = "app_admin" }
level = "admin"
environment = "production"
risk = "high"
owner = "dana"
tags = ["pii"]
max_duration = "4h"

[[role]]
name = "orders-db-writer"
connector = "orders-db"
target = { role = "app_writer" }
level = "write"
environment = "production"
risk = "medium"
owner = "dana"
max_duration = "8h"

[[role]]
name = "orders-db-reader"
connector = "orders-db"
target = { role = "app_reader" }
level = "read-only"
environment = "staging"
risk = "low"
owner = "group:managers"

[[role]]
name = "payments-create"
connector = "orders-db"
level = "write"
environment = "staging"
risk = "medium"
owner = "dana"

[[role]]
name = "payments-release"
connector = "orders-db"
level = "write"
environment = "staging"
risk = "medium"
owner = "dana"

[[role]]
name = "host-login"
connector = "hosts"
level = "write"
environment = "staging"
risk = "low"
owner = "dana"

[[rule]]
name = "production, high risk"
match = { risk = "high", environment = "production" }
who = ["group:engineering"]
steps = [ { any = ["manager"] }, { any = ["group:security"], count = 1 } ]
max_duration = "4h"
ticket = "required"
hours = { days = "Mon-Fri", from = "08:00", to = "20:00", zone = "Europe/Berlin" }
remind_after = "15m"
escalate_after = "30m"
escalate_to = ["manager-of-approver"]
timeout = "8h"
warn_before = "15m"

[[rule]]
name = "low risk, at once"
match = { roles = ["orders-db-reader"], risk = "low" }
who = ["group:engineering"]
auto_approve = { up_to = "15m" }

[[rule]]
name = "low risk, in incidents"
match = { roles = ["orders-*"], risk = ["low", "medium"] }
who = ["group:engineering"]
auto_approve = { up_to = "45m", in_channels = ["#inc-*", "C0SECRET"] }

[[rule]]
name = "single"
match = { risk = "medium" }
who = ["group:engineering"]
steps = [ { any = ["manager", "owner"] } ]

[[rule]]
name = "hosts"
match = { roles = ["host-login"] }
who = ["alice", "group:managers"]
auto_approve = { up_to = "30m" }

[[conflict]]
name = "pay and approve"
roles = ["payments-create", "payments-release"]

[limits]
max_simultaneous = 3
min_duration = "5m"
min_justification = 12
max_duration = { production = "4h" }
"##;

/// A Friday at 11:00 in Berlin.
pub const WORKDAY: &str = "2026-11-20T10:00:00Z";

pub fn source(text: &str) -> Vec<SourceFile> {
    vec![SourceFile { name: "policy.toml".to_owned(), text: text.to_owned() }]
}

pub fn policy() -> Policy {
    parse(&source(POLICY)).unwrap()
}

pub fn people() -> Directory {
    parse_people("people.toml", PEOPLE, Some(&connectors())).unwrap()
}

pub fn connectors() -> BTreeSet<ConnectorName> {
    ["orders-db", "hosts"].map(ConnectorName::from).into()
}

/// A request in words; everything else is as it should be.
#[derive(Clone, Debug)]
pub struct Asked {
    pub who: &'static str,
    pub requester: Option<&'static str>,
    pub role: &'static str,
    pub duration: Span,
    pub chain: Option<Span>,
    pub ticket: Option<&'static str>,
    pub why: &'static str,
    pub channel: Option<(&'static str, &'static str)>,
    pub now: &'static str,
    pub start: Option<&'static str>,
    pub in_use: InUse,
    pub open: Vec<OpenAccess>,
}

pub fn asked(who: &'static str, role: &'static str) -> Asked {
    Asked {
        who,
        requester: None,
        role,
        duration: Span::hours(1),
        chain: None,
        ticket: Some("OPS-12"),
        why: "the orders index is broken",
        channel: None,
        now: WORKDAY,
        start: None,
        in_use: InUse::default(),
        open: Vec::new(),
    }
}

impl Asked {
    pub fn judged_by(&self, policy: &Policy, directory: &Directory) -> Result<Judgement, Refusal> {
        self.question(policy, directory, |question| policy.judge(question, directory, &self.open))
    }

    pub fn judged(&self) -> Result<Judgement, Refusal> {
        self.judged_by(&policy(), &people())
    }

    pub fn question<T>(&self, policy: &Policy, directory: &Directory, ask: impl FnOnce(&Question<'_>) -> T) -> T {
        let person = |id: &str| directory.person(&id.into()).unwrap();
        let channel = self.channel.map(|(id, name)| Channel { id: id.to_owned(), name: name.to_owned() });
        ask(&Question {
            role: policy.role(&RoleName::new(self.role)).unwrap(),
            requester: person(self.requester.unwrap_or(self.who)),
            beneficiary: person(self.who),
            duration: self.duration,
            chain: self.chain,
            ticket: self.ticket,
            known: crate::ticket::Known::NotYet,
            justification: self.why,
            channel: channel.as_ref(),
            now: self.now.parse::<DateTime<Utc>>().unwrap(),
            start: self.start.map(|start| start.parse().unwrap()),
            in_use: self.in_use,
            together: &[],
            agreed: false,
            by_rotation: true,
        })
    }
}

/// An open access of a role, in a state.
pub fn open(number: u32, role: &str, state: &str) -> OpenAccess {
    let id = AccessId(uuid::Uuid::from_u128(u128::from(number)));
    OpenAccess {
        id,
        short: ShortId::from_random([number; 6]),
        beneficiary: "alice".into(),
        role: role.into(),
        state: state.to_owned(),
        starts: None,
        until: None,
        extends: None,
        entitlement: Some(crate::entitlement::EntitlementKey(role.to_owned())),
    }
}

/// The request that was made of it, for the questions asked at votes.
pub fn request(policy: &Policy, who: &str, requester: &str, role: &str) -> Request {
    let role = policy.role(&role.into()).unwrap();
    Request {
        requester: requester.into(),
        beneficiary: who.into(),
        role: role.name.clone(),
        title: role.title.clone(),
        level: role.level,
        environment: role.environment.clone(),
        risk: role.risk,
        owner: role.owner.to_string(),
        entitlement: crate::entitlement::Entitlement {
            connector: role.connector.clone(),
            account: who.into(),
            target: role.target.clone(),
            instance: None,
        },
        duration: Span::hours(1),
        starts_at: None,
        justification: crate::personal::Personal::new("because", [0; 16]),
        ticket: None,
        origin: crate::access::Origin { platform: crate::access::Platform::Slack, channel: None },
        extends: None,
        rehearsal: None,
        bundle: None,
        tells_beneficiary: false,
    }
}
