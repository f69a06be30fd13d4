//! Random traffic through the outbox of two platforms, with retries and crashes: whatever happens, each conversation ends right, and a person
//! is told everything once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use jit_core::access::{Access, Platform};
use jit_core::effect::Recipient;
use jit_core::event::Event;
use jit_store::{Handle, Leased};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::world::{Backend, LEASE, World, tell, word};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// Notices are committed: recipient and slot.
    Tell(Vec<(usize, usize)>),
    /// From now on bob would rather be told there.
    Prefer(Platform),
    /// A platform's worker takes what there is.
    Lease(Platform),
    /// The oldest thing in flight arrives, or fails.
    Arrive,
    Fail,
    /// Everything in flight, on all platforms, is lost with its worker, before it was posted or after.
    Crash,
    CrashPosted,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::collection::vec((0..2_usize, 0..3_usize), 1..4).prop_map(Step::Tell),
        1 => prop::sample::select(BOTH.to_vec()).prop_map(Step::Prefer),
        4 => prop::sample::select(BOTH.to_vec()).prop_map(Step::Lease),
        3 => Just(Step::Arrive),
        1 => Just(Step::Fail),
        1 => Just(Step::Crash),
        1 => Just(Step::CrashPosted),
    ]
}

const BOTH: [Platform; 2] = [Platform::Slack, Platform::Teams];

/// What people see and what they ought to see; conversations are named by platform and recipient.
#[derive(Default)]
struct Seen {
    /// Rows whose id the platform's messages carry.
    ids: BTreeSet<i64>,
    /// Conversation -> slots in order of their posting.
    order: BTreeMap<String, Vec<String>>,
    /// Conversation and slot -> content.
    content: BTreeMap<(String, String), String>,
    /// The same, of the last notice committed.
    expected: BTreeMap<(String, String), String>,
    /// Conversation -> slots in order of their first notice.
    expected_order: BTreeMap<String, Vec<String>>,
}

fn conversation(platform: Platform, to: &str) -> String {
    format!("{} {to}", platform.as_str())
}

impl Seen {
    /// Posts, or edits what is known to be there: by the store, or after an attempt by looking for the row's id.
    fn arrived(&mut self, leased: &Leased) {
        let (to, slot) = (conversation(leased.platform, &leased.tell.to.key()), leased.tell.slot.name.clone());
        let order = self.order.entry(to.clone()).or_default();
        let found = leased.attempts > 1 && self.ids.contains(&leased.id);
        assert_eq!(order.contains(&slot), leased.posted.is_some() || found, "a second message for {to} {slot}");
        self.ids.insert(leased.id);
        if !order.contains(&slot) {
            order.push(slot.clone());
        }
        let word = word(&leased.tell).to_owned();
        let old = self.content.insert((to, slot), word.clone());
        let number = |word: &str| word.parse::<u32>().unwrap();
        assert!(old.is_none_or(|old| number(&old) <= number(&word)), "an edit went back in time");
    }
}

async fn play(backend: Backend, steps: Vec<Step>) {
    let mut world = World::on_both_platforms(backend).await;
    let mut preferred = Platform::Slack;
    let recipients = [Recipient::Announce, Recipient::Person("bob".into())];
    let mut access: Access = world.requested("alice").await;
    let (mut seen, mut flying, mut number) = (Seen::default(), Vec::<Leased>::new(), 0);
    let [slack, teams] = BOTH.map(Step::Lease);
    let drain = [Step::Crash, slack, teams, Step::Arrive, Step::Arrive, Step::Arrive, Step::Arrive];
    let drain = std::iter::repeat_n(drain, 12).flatten();
    for step in steps.into_iter().chain(drain) {
        match step {
            Step::Tell(of) => {
                let mut effects = Vec::new();
                for (to, slot) in of {
                    number += 1;
                    let (to, slot) = (&recipients[to], format!("slot-{slot}"));
                    effects.push(tell(&access, to, &slot, &number.to_string()));
                    // A person's slot stays where it was told first.
                    let has = |platform: &Platform| {
                        let order = seen.expected_order.get(&conversation(*platform, &to.key()));
                        order.is_some_and(|order| order.contains(&slot))
                    };
                    let platforms = match to {
                        Recipient::Person(_) => vec![BOTH.into_iter().find(has).unwrap_or(preferred)],
                        _ => BOTH.to_vec(),
                    };
                    for platform in platforms {
                        let to = conversation(platform, &to.key());
                        seen.expected.insert((to.clone(), slot.clone()), number.to_string());
                        let order = seen.expected_order.entry(to).or_default();
                        if !order.contains(&slot) {
                            order.push(slot.clone());
                        }
                    }
                }
                access = world.on(&access, vec![Event::Reminded], &effects).await;
            }
            Step::Prefer(platform) => {
                preferred = platform;
                world.bob_prefers(platform);
            }
            Step::Lease(platform) => {
                flying.extend(world.store.lease_tells(platform, 9, ("w", LEASE)).await.unwrap());
                let mut busy: Vec<_> = flying.iter().map(|l| conversation(l.platform, &l.tell.to.key())).collect();
                busy.sort();
                let several = busy.windows(2).any(|pair| pair[0] == pair[1]);
                assert!(!several, "two in flight to one recipient: {busy:?}");
            }
            Step::Arrive if !flying.is_empty() => {
                let leased = flying.remove(0);
                seen.arrived(&leased);
                let handle = Handle { platform: leased.platform, conversation: "C".into(), ts: "1".into() };
                world.store.delivered(&leased, &handle).await.unwrap();
            }
            Step::Fail if !flying.is_empty() => {
                let at = world.store.now() + TimeDelta::seconds(1);
                world.store.retry(flying.remove(0).id, at, "later").await.unwrap();
            }
            Step::Crash | Step::CrashPosted => {
                let posted = flying.drain(..).filter(|_| matches!(step, Step::CrashPosted));
                posted.for_each(|leased| seen.arrived(&leased));
                world.clock.advance(TimeDelta::seconds(31));
            }
            Step::Arrive | Step::Fail => {}
        }
    }
    assert_eq!(world.store.next_tell().await.unwrap(), None, "nothing is left over");
    assert_eq!(seen.content, seen.expected);
    assert_eq!(seen.order, seen.expected_order);
}

fn run(backend: Backend, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let steps = prop::collection::vec(step(), 1..25);
    runner
        .run(&steps, |steps| {
            runtime.block_on(play(backend, steps));
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_conversation_ends_right_on_sqlite() {
    run(Backend::Sqlite, 40);
}

#[test]
fn every_conversation_ends_right_on_postgres() {
    run(Backend::Postgres, 10);
}
