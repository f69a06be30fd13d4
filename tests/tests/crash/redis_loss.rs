//! 1,000 accesses end within seconds while Redis forgets everything, is away, and comes back. What counts is when the target lost each.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use jit_bot::app::App;
use jit_bot::config::Config;
use jit_bot::verbs::personal;
use jit_connectors::contract::{Attempt, Connector, ConnectorError, Ended, Granted, Holder};
use jit_connectors::registry::Registry;
use jit_core::access::{Origin, Platform, State};
use jit_core::command::Ask;
use jit_core::entitlement::{Capabilities, Entitlement, Holding, Target};
use jit_core::event::Actor;
use jit_core::id::{AccessId, PersonId, ShortId};
use jit_core::span::Span;
use jit_store::Clock;
use jit_tests::servers::{Folder, Postgres, Redis};
use jit_tests::site::{Configuration, RULES, person, role};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{PATIENCE, TURN};

const ENDS: usize = 1000;
/// Over which they are spread.
const WINDOW: TimeDelta = TimeDelta::seconds(20);
/// After so many percent of the ends Redis forgets, is stopped, and is started again.
const FORGETS: usize = 25;
const STOPS: usize = 40;
const COMES_BACK: usize = 70;
/// The longest an access may be held after its end.
const ALLOWED: TimeDelta = TimeDelta::seconds(2);
/// How far the database's clock, by which ends are judged, and the target's, by which they are measured here, may be apart.
const CLOCKS: TimeDelta = TimeDelta::milliseconds(20);

/// A target that knows who holds what since when, and when it was taken, by the machine's clock.
#[derive(Default)]
struct Ledger(Mutex<BTreeMap<String, Option<DateTime<Utc>>>>);

#[async_trait]
impl Connector for Ledger {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_expiry: false,
            ends_sessions: true,
            composes: true,
            lists_holders: false,
            standing_possible: true,
            makes_accounts: false,
        }
    }

    async fn grant(&self, e: &Entitlement, _until: DateTime<Utc>, _a: &Attempt) -> Result<Granted, ConnectorError> {
        let before = self.0.lock().unwrap().insert(e.account.to_string(), None);
        assert_eq!(before, None, "{} was given twice", e.account);
        Ok(Granted { native_until: None, handover: None })
    }

    async fn revoke(&self, e: &Entitlement, _a: &Attempt) -> Result<(), ConnectorError> {
        let mut held = self.0.lock().unwrap();
        held.entry(e.account.to_string()).and_modify(|taken| *taken = Some(taken.unwrap_or_else(Utc::now)));
        Ok(())
    }

    async fn end_sessions(&self, _e: &Entitlement, _a: &Attempt) -> Result<Ended, ConnectorError> {
        Ok(Ended { sessions: 0 })
    }

    async fn inspect(&self, e: &Entitlement) -> Result<Holding, ConnectorError> {
        let held = self.0.lock().unwrap().get(e.account.as_str()).is_some_and(Option::is_none);
        Ok(if held { Holding::Held { native_until: None, handover: None } } else { Holding::Gone })
    }

    async fn holders(&self, _target: &Target) -> Result<Vec<Holder>, ConnectorError> {
        Err(ConnectorError::permanent("not listed"))
    }

    fn check_target(&self, _target: &Target) -> Result<(), String> {
        Ok(())
    }

    async fn probe(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

fn name(number: usize) -> String {
    format!("person-{number}")
}

async fn start(redis: &Redis, folder: &Folder, ledger: Arc<Ledger>) -> App {
    jit_bot::install_crypto();
    let more = |n: usize| format!("groups = [\"engineering\"]\naccounts = {{ ledger = \"{}\" }}", name(n));
    let people: String = (0..ENDS).map(|n| person(&name(n), &format!("U{n:05}"), &more(n))).collect();
    let people = people + &person("bob", "U99999", "groups = [\"security\"]");
    let database = Postgres::shared().fresh_database().await;
    let configuration = Configuration { database, redis: Some(redis.url()), ..Configuration::default() };
    let file = configuration.write(folder, &people, &(role("held", "ledger", "role = \"x\"", "low") + RULES));
    let config = Config::load(&file).unwrap();
    let registry = Registry::of([("ledger".into(), ledger as Arc<dyn Connector>)]);
    App::with_registry(&config, Clock::Record, registry).await.unwrap()
}

/// Asks for access that ends at about an instant.
async fn ask(app: App, number: usize, end: DateTime<Utc>) {
    let who = PersonId::new(name(number));
    let seconds = u64::try_from((end - Utc::now()).num_seconds() + 1).expect("asked for before its end");
    let ask = Ask {
        id: AccessId(Uuid::now_v7()),
        short: ShortId::from_random(rand::random()),
        requester: who.clone(),
        beneficiary: who.clone(),
        role: "held".into(),
        more: Vec::new(),
        duration: Span::seconds(seconds),
        justification: personal("a thousand of us end while Redis is away"),
        ticket: None,
        starts_at: None,
        origin: Origin { platform: Platform::Slack, channel: None },
        extends: None,
        emergency: false,
        drill: false,
    };
    let actor = Actor::Person { id: who, via: Platform::Slack };
    app.dispatch.request(ask, &actor, None).await.unwrap();
}

async fn until(at: DateTime<Utc>) {
    tokio::time::sleep((at - Utc::now()).to_std().unwrap_or_default()).await;
}

/// Waits until so many accesses are in a state.
async fn count(app: &App, state: &str, wanted: u64) {
    let given_up = tokio::time::Instant::now() + PATIENCE;
    loop {
        let counts = app.dispatch.store.counts().await.unwrap();
        let open: u64 = counts.accesses.values().sum();
        let now = if state == "closed" { ENDS as u64 - open } else { counts.accesses.get(state).copied().unwrap_or(0) };
        if now == wanted {
            return;
        }
        assert!(tokio::time::Instant::now() < given_up, "{now} of {wanted} {state}: {counts:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How late some were.
struct Lateness(Vec<TimeDelta>);

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort();
        let at = |percent: usize| sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)));
        write!(f, "{:4} ends, ms late:", sorted.len())?;
        for percent in [50, 90, 99, 100] {
            let shown = at(percent).map_or(0, TimeDelta::num_milliseconds);
            write!(f, " p{percent} {shown}")?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_ends_without_redis() {
    let _turn = TURN.write().await;
    let (mut redis, folder, ledger) = (Redis::start(), Folder::new("redis-loss"), Arc::new(Ledger::default()));
    let app = start(&redis, &folder, Arc::clone(&ledger)).await;
    let stop = CancellationToken::new();
    let mut workers = jit_bot::workers::start(&app, &stop);

    // How fast this machine seeds tells when the first may end.
    let (begun, sample) = (Utc::now(), 50);
    let asking = |range: std::ops::Range<usize>, first: DateTime<Utc>| {
        let app = app.clone();
        let each = move |n: usize| ask(app.clone(), n, first + WINDOW * i32::try_from(n).unwrap() / ENDS as i32);
        stream::iter(range).map(each).buffer_unordered(16).for_each(|()| async {})
    };
    asking(0..sample, begun + TimeDelta::minutes(25)).await;
    count(&app, "active", sample as u64).await;
    let first = Utc::now() + (Utc::now() - begun) * i32::try_from(ENDS / sample).unwrap() * 2 + TimeDelta::seconds(3);
    asking(sample..ENDS, first).await;
    count(&app, "active", ENDS as u64).await;
    assert!(Utc::now() < first, "all are held before the first ends");
    assert!(app.dispatch.store.timers_are_indexed(), "Redis is relied on");
    let held = app.dispatch.store.all_open().await.unwrap();
    let ends: BTreeMap<String, DateTime<Utc>> = held
        .into_iter()
        .filter_map(|access| match access.state {
            State::Active(active) => Some((access.request.beneficiary.to_string(), active.until)),
            _ => None,
        })
        .collect();
    assert_eq!(ends.len(), ENDS);

    let mut order: Vec<_> = ends.values().copied().filter(|end| *end < begun + TimeDelta::minutes(20)).collect();
    order.sort();
    assert_eq!(order.len(), ENDS - sample);
    let after = |percent: usize| order[order.len() * percent / 100];

    until(after(FORGETS)).await;
    redis.flushall();
    until(after(STOPS)).await;
    tokio::task::block_in_place(|| redis.stop());
    until(after(COMES_BACK)).await;
    tokio::task::block_in_place(|| redis.start_again());
    count(&app, "active", sample as u64).await;
    count(&app, "closed", (ENDS - sample) as u64).await;
    stop.cancel();
    while workers.join_next().await.is_some() {}

    let taken = ledger.0.lock().unwrap().clone();
    let late = |from: DateTime<Utc>, to: DateTime<Utc>| {
        let within = ends.iter().filter(|(_, end)| (from..to).contains(end));
        Lateness(within.map(|(who, end)| taken[who].expect("it was taken") - *end).collect())
    };
    let last = *order.last().expect("some ended") + TimeDelta::milliseconds(1);
    for (what, from, to) in [
        ("with Redis", begun, after(FORGETS)),
        ("after FLUSHALL", after(FORGETS), after(STOPS)),
        ("Redis stopped", after(STOPS), after(COMES_BACK)),
        ("Redis back", after(COMES_BACK), last),
    ] {
        println!("{what:>15}: {}", late(from, to));
    }
    let all = late(begun, last);
    println!("{:>15}: {all}, over {} s", "all", (last - order[0]).num_seconds());
    assert_eq!(all.0.len(), ENDS - sample);
    assert!(last - order[0] < WINDOW * 2, "they end close together");
    assert!(all.0.iter().all(|late| *late >= -CLOCKS), "nothing ends before its end");
    assert!(all.0.iter().all(|late| *late < ALLOWED), "lateness stays under {ALLOWED}: {all}");
}
