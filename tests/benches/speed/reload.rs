//! A changed policy of 1,000 roles and 200 rules, with 2,000 people: how long until it is read and proven, and what people who type
//! meanwhile notice of it. Against reading the same bytes from the disk, and against the same commands while nothing is reloaded.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use futures::future::join_all;

use jit_bot::snapshot::Sources;
use jit_core::id::ConnectorName;
use jit_tests::servers::Folder;

use crate::distribution::{Samples, compare, goal};
use crate::scale;
use crate::world::{World, slack_id};

const READINGS: usize = 20;
/// People who type, each so often.
const TYPING: usize = 8;
const PACE: Duration = Duration::from_millis(20);
/// How often the policy changes; the files are read when two looks in a row, a second apart, see the same.
const CHANGES: u32 = 4;
const APART: Duration = Duration::from_secs(4);

/// Reading and proving by itself; whether the goal is met.
pub fn read() -> bool {
    let folder = Folder::new("bench-reload");
    let sources = Sources {
        policy: folder.join("policy"),
        people: folder.join("people.toml"),
        oncall: BTreeMap::new(),
        tickets: BTreeMap::new(),
        platforms: Vec::new(),
    };
    fs::create_dir_all(&sources.policy).expect("a folder of ours");
    let policy = sources.policy.join("all.toml");
    fs::write(&policy, scale::policy()).expect("a folder of ours");
    fs::write(&sources.people, scale::people()).expect("a folder of ours");
    let connectors = BTreeMap::from([(ConnectorName::new("db"), scale::capabilities())]);
    let timed = |action: &dyn Fn()| {
        let measure = |_| {
            let started = Instant::now();
            action();
            started.elapsed()
        };
        (0..READINGS).map(measure).collect::<Vec<_>>()
    };
    let loads = timed(&|| drop(sources.load(&connectors).unwrap_or_else(|problems| panic!("{problems}"))));
    let reads = timed(&|| assert!([&policy, &sources.people].map(fs::read).iter().all(Result::is_ok)));
    let loads = Samples::new("read and prove policy and people", loads);
    compare(&loads, &Samples::new("baseline: read the same files", reads));
    goal("reload p50", loads.percentile(50.0), Duration::from_millis(100))
}

/// Commands while the policy changes again and again; whether the goal is met.
pub async fn meanwhile(world: &World) -> bool {
    let quiet = typing(world).await;
    let before = loaded(world).await;
    let changing = async {
        for change in 0..CHANGES {
            world.change_policy(&format!("# change {change}\n"));
            tokio::time::sleep(APART).await;
        }
    };
    let (reloading, ()) = tokio::join!(typing(world), changing);
    assert_eq!(loaded(world).await - before, i64::from(CHANGES), "every change was put in force");
    let reloading = Samples::new("/jit help while the policy changes", reloading);
    compare(&reloading, &Samples::new("baseline: while nothing changes", quiet));
    goal("longest acknowledgement", reloading.percentile(100.0), Duration::from_millis(50))
}

/// What everybody waited for each answer, for as long as the changes take.
async fn typing(world: &World) -> Vec<Duration> {
    let one = |person: usize| async move {
        let mut ticks = tokio::time::interval(PACE);
        let mut took = Vec::new();
        let begun = Instant::now();
        while begun.elapsed() < APART * CHANGES {
            ticks.tick().await;
            took.push(world.client.command(&slack_id(person), "help").await.0);
        }
        took
    };
    join_all((0..TYPING).map(one)).await.into_iter().flatten().collect()
}

/// How often a policy was put in force.
async fn loaded(world: &World) -> i64 {
    let count = "SELECT count(*) FROM events WHERE kind = 'policy-loaded'";
    world.own_database().await.query_one(count, &[]).await.expect("the service made the table").get(0)
}
