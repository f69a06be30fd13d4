//! One decision in the core: `/jit request` under a policy of 1,000 roles and 200 rules, a directory of 2,000 people and what 500 of them
//! hold already. Against a look-up of the role in a hash map, the least that any answer needs.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use jit_bot::snapshot::Snapshot;
use jit_core::access::{Origin, Platform};
use jit_core::command::{Ask, Command};
use jit_core::decide::{Decision, decide};
use jit_core::directory::parse_people;
use jit_core::event::Actor;
use jit_core::facts::{Facts, OpenAccess};
use jit_core::id::{AccessId, ConnectorName, PersonId, ShortId};
use jit_core::personal::Personal;
use jit_core::policy::{SourceFile, parse};
use jit_core::span::Span;

use crate::distribution::{Samples, compare, goal};
use crate::scale::{self, PEOPLE, ROLES, RULES};

const ROUNDS: usize = 20;
/// Who hold something already.
const HOLDING: usize = 500;

/// Measures and prints; whether the goal is met.
pub fn run() -> bool {
    let policy = parse(&[SourceFile { name: "policy.toml".to_owned(), text: scale::policy() }])
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    let directory =
        parse_people("people.toml", &scale::people(), None).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!((policy.roles.len(), policy.rules.len()), (ROLES, RULES));
    let connectors = BTreeMap::from([(ConnectorName::new("db"), scale::capabilities())]);
    let (snapshot, now) = (Snapshot { policy, directory, connectors }, Utc::now());
    let asks: Vec<_> = (0..ROLES).map(|number| ask(number, number)).collect();
    let actors: Vec<_> =
        asks.iter().map(|(person, _)| Actor::Person { id: person.clone(), via: Platform::Slack }).collect();
    let held: Vec<Vec<OpenAccess>> = (0..ROLES)
        .map(|number| {
            // Another role of the same team.
            let (_, command) = ask(number, (number + 100) % ROLES);
            if number < HOLDING { vec![live(&command, &snapshot.facts(&actors[number], &[]), now)] } else { Vec::new() }
        })
        .collect();

    let mut decisions = Vec::with_capacity(ROLES * ROUNDS);
    for number in (0..ROLES).cycle().take(ROLES * ROUNDS) {
        let (command, facts) = (&asks[number].1, snapshot.facts(&actors[number], &held[number]));
        decisions.push(timed(|| decided(black_box(command), black_box(&facts), now)));
    }

    let by_name: HashMap<_, _> =
        snapshot.policy.roles.iter().map(|(name, role)| (name.as_str().to_owned(), role)).collect();
    let names: Vec<_> = snapshot.policy.roles.keys().map(|name| name.as_str().to_owned()).collect();
    let mut look_ups = Vec::with_capacity(ROLES * ROUNDS);
    for name in names.iter().cycle().take(ROLES * ROUNDS) {
        look_ups.push(timed(|| by_name.get(black_box(name.as_str()))));
    }

    let decisions = Samples::new("decide one request", decisions);
    compare(&decisions, &Samples::new("baseline: one hash map look-up", look_ups));
    goal("decision p50", decisions.percentile(50.0), Duration::from_micros(20))
}

fn timed<T>(action: impl FnOnce() -> T) -> Duration {
    let started = Instant::now();
    black_box(action());
    started.elapsed()
}

fn decided(command: &Command, facts: &Facts<'_>, now: DateTime<Utc>) -> Decision {
    let decision = decide(None, command, facts, now).expect("the policy lets every team have its roles");
    assert!(!decision.records.is_empty());
    decision
}

/// What a person asked for before, as other decisions see it once it is active.
fn live(command: &Command, facts: &Facts<'_>, now: DateTime<Utc>) -> OpenAccess {
    let until = Some(now + TimeDelta::hours(1));
    OpenAccess { state: "active".to_owned(), until, ..OpenAccess::from(&decided(command, facts, now).after) }
}

fn ask(number: usize, role: usize) -> (PersonId, Command) {
    let person = PersonId::new(format!("person-{}", number % PEOPLE));
    let random = std::array::from_fn(|place| (number >> (5 * place)) as u32);
    let ask = Ask {
        id: AccessId(uuid::Uuid::from_u128((ROLES * role + number) as u128)),
        short: ShortId::from_random(random),
        requester: person.clone(),
        beneficiary: person.clone(),
        role: scale::role(role).as_str().into(),
        more: Vec::new(),
        duration: Span::hours(1),
        justification: Personal::new("looking into the failed nightly import", [7; 16]),
        ticket: Some("OPS-12".to_owned()),
        starts_at: None,
        origin: Origin { platform: Platform::Slack, channel: None },
        extends: None,
        emergency: false,
        drill: false,
    };
    (person, Command::Request(Box::new(ask)))
}
