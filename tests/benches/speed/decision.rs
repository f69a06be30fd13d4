//! One decision in the core: `/jit request` under a policy of 1,000 roles and 200 rules and a directory of 2,000 people. Against a
//! look-up of the role in a hash map, the least that any answer needs.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use jit_core::access::{Origin, Platform};
use jit_core::command::{Ask, Command};
use jit_core::decide::decide;
use jit_core::directory::{Directory, Person};
use jit_core::entitlement::Capabilities;
use jit_core::event::Actor;
use jit_core::facts::Facts;
use jit_core::id::{AccessId, ConnectorName, PersonId, ShortId};
use jit_core::personal::Personal;
use jit_core::policy::{Policy, SourceFile, parse};
use jit_core::span::Span;

use crate::distribution::{Samples, compare, goal};

const ROLES: usize = 1_000;
const TEAMS: usize = 100;
const PEOPLE: usize = 2_000;
const ROUNDS: usize = 20;

/// Measures and prints; whether the goal is met.
pub fn run() -> bool {
    let (policy, directory) = (policy(), directory());
    assert_eq!((policy.roles.len(), policy.rules.len()), (ROLES, 200));
    let connectors = BTreeMap::from([(ConnectorName::new("db"), capabilities())]);
    let now = Utc::now();
    let asks: Vec<_> = (0..ROLES).map(ask).collect();

    let mut decisions = Vec::with_capacity(ROLES * ROUNDS);
    for (person, command) in asks.iter().cycle().take(ROLES * ROUNDS) {
        let actor = Actor::Person { id: person.clone(), via: Platform::Slack };
        let (policy, directory, connectors) = (&policy, &directory, &connectors);
        let facts = Facts {
            actor: &actor,
            policy,
            directory,
            connectors,
            open: &[],
            freezes: &[],
            unreviewed: &[],
            past: None,
            in_use: jit_core::facts::InUse::default(),
            parent: None,
        };
        decisions.push(timed(|| decided(command, &facts, now)));
    }

    let by_name: HashMap<_, _> = policy.roles.iter().map(|(name, role)| (name.as_str().to_owned(), role)).collect();
    let names: Vec<_> = policy.roles.keys().map(|name| name.as_str().to_owned()).collect();
    let mut look_ups = Vec::with_capacity(ROLES * ROUNDS);
    for name in names.iter().cycle().take(ROLES * ROUNDS) {
        look_ups.push(timed(|| {
            black_box(by_name.get(black_box(name.as_str())));
        }));
    }

    let decisions = Samples::new("decide one request", decisions);
    compare(&decisions, &Samples::new("baseline: one hash map look-up", look_ups));
    goal("decision p50", decisions.percentile(50.0), Duration::from_micros(20))
}

fn timed(action: impl FnOnce()) -> Duration {
    let started = Instant::now();
    action();
    started.elapsed()
}

fn decided(command: &Command, facts: &Facts<'_>, now: DateTime<Utc>) {
    let decision = decide(None, black_box(command), black_box(facts), now);
    assert!(!black_box(decision).expect("the policy lets every team have its roles").records.is_empty());
}

fn ask(number: usize) -> (PersonId, Command) {
    let person = PersonId::new(format!("person-{}", number % PEOPLE));
    let random = std::array::from_fn(|place| (number >> (5 * place)) as u32);
    let ask = Ask {
        id: AccessId(uuid::Uuid::from_u128(number as u128)),
        short: ShortId::from_random(random),
        requester: person.clone(),
        beneficiary: person.clone(),
        role: format!("team-{}-role-{number}", number % TEAMS).as_str().into(),
        duration: Span::hours(1),
        justification: Personal::new("looking into the failed nightly import", [7; 16]),
        ticket: Some("OPS-12".to_owned()),
        origin: Origin { platform: Platform::Slack, channel: None },
        extends: None,
        emergency: false,
    };
    (person, Command::Request(Box::new(ask)))
}

/// Each team has ten roles and two rules of its own; every role matches both.
fn policy() -> Policy {
    let mut text = String::new();
    for role in 0..ROLES {
        let (team, risk) = (role % TEAMS, ["low", "medium", "high"][role % 3]);
        let environment = ["production", "staging"][role % 2];
        let _ = write!(
            text,
            "[[role]]\nname = \"team-{team}-role-{role}\"\ntitle = \"Role {role}\"\nconnector = \"db\"\n\
             target = {{ role = \"r{role}\" }}\nlevel = \"write\"\nenvironment = \"{environment}\"\nrisk = \"{risk}\"\n\
             owner = \"person-1\"\ntags = [\"pii\"]\nmax_duration = \"4h\"\n"
        );
    }
    for team in 0..TEAMS {
        let _ = write!(
            text,
            "[[rule]]\nname = \"team {team}, at once\"\nmatch = {{ roles = [\"team-{team}-*\"] }}\nwho = [\"group:team-{team}\"]\n\
             auto_approve = {{ up_to = \"15m\" }}\n\
             [[rule]]\nname = \"team {team}\"\nmatch = {{ roles = [\"team-{team}-*\"] }}\nwho = [\"group:team-{team}\"]\n\
             steps = [ {{ any = [\"manager\"] }}, {{ any = [\"group:security\"], count = 1 }} ]\nmax_duration = \"4h\"\n\
             ticket = \"required\"\n"
        );
    }
    parse(&[SourceFile { name: "policy.toml".to_owned(), text }]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn directory() -> Directory {
    Directory::new((0..PEOPLE).map(|number| {
        let mut groups = std::collections::BTreeSet::from([format!("team-{}", number % TEAMS)]);
        if number % 250 == 0 {
            groups.insert("security".to_owned());
        }
        Person {
            id: PersonId::new(format!("person-{number}")),
            name: format!("Person {number}"),
            email: None,
            slack: Some(format!("U{number:04}")),
            teams: None,
            manager: Some(PersonId::new(format!("person-{}", (number + 1) % PEOPLE))),
            groups,
            active: true,
            accounts: BTreeMap::from([("db".into(), format!("account{number}").as_str().into())]),
            ssh_keys: Vec::new(),
            zone: Default::default(),
            oncall: std::collections::BTreeSet::new(),
        }
    }))
}

fn capabilities() -> Capabilities {
    Capabilities {
        native_expiry: false,
        ends_sessions: true,
        composes: true,
        lists_holders: true,
        standing_possible: true,
    }
}
