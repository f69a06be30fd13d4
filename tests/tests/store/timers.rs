//! Timers from SQL alone: claimed once, shared by replicas, back after a crash.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures::future::join_all;
use jit_core::event::Event;
use jit_core::timer::TimerKind;
use rstest::rstest;

use crate::world::{Backend, LEASE, World, beside};

#[rstest]
#[tokio::test]
async fn every_commit_replaces_the_timers(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let start = world.store.now();
    let access = world.active("alice", TimeDelta::hours(1)).await;
    assert_eq!(world.store.next_due().await.unwrap(), Some(start + TimeDelta::minutes(45)));
    assert_eq!(world.store.due_timers(9, "w", LEASE).await.unwrap(), []);
    world.clock.advance(TimeDelta::minutes(45));
    let due = world.store.due_timers(9, "w", LEASE).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].kind, due[0].generation, due[0].access), (TimerKind::Warn, access.version, access.id));
    let access = world.on(&access, vec![Event::Warned], &[]).await;
    world.clock.advance(TimeDelta::minutes(15));
    let due = world.store.due_timers(9, "w", LEASE).await.unwrap();
    assert_eq!(due.iter().map(|d| (d.kind, d.generation)).collect::<Vec<_>>(), [(TimerKind::End, access.version)]);
    world.closed(&access).await;
    assert_eq!(world.store.next_due().await.unwrap(), None);
    assert_eq!(world.store.counts().await.unwrap().timers, 0);
}

#[rstest]
#[tokio::test]
async fn a_claim_ends_and_a_timer_comes_back_until_a_commit_replaces_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let access = world.active("alice", TimeDelta::hours(1)).await;
    world.clock.advance(TimeDelta::minutes(50));
    let due = world.store.due_timers(9, "dies", LEASE).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(world.store.due_timers(9, "other", LEASE).await.unwrap(), []);
    world.clock.advance(TimeDelta::seconds(30));
    assert_eq!(world.store.due_timers(9, "other", LEASE).await.unwrap(), due);
    let access = world.on(&access, vec![Event::ElevationTroubled { error: "x".into() }], &[]).await;
    let again = world.store.due_timers(9, "other", LEASE).await.unwrap();
    assert_eq!(again.iter().map(|d| d.generation).collect::<Vec<_>>(), [access.version], "set anew, it stays");
    world.closed(&access).await;
    world.clock.advance(TimeDelta::seconds(30));
    assert_eq!(world.store.due_timers(9, "other", LEASE).await.unwrap(), []);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_what_is_due_without_overlap(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    for person in 0..30 {
        world.active(&format!("person-{person}"), TimeDelta::hours(1)).await;
    }
    world.clock.advance(TimeDelta::hours(2));
    let mut workers = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let store = world.replica().await;
        workers.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let due = store.due_timers(5, name, LEASE).await.unwrap();
                if due.is_empty() {
                    return mine;
                }
                mine.extend(due);
            }
        }));
    }
    let claimed: Vec<_> = join_all(workers).await.into_iter().flat_map(|mine| mine.unwrap()).collect();
    let distinct: BTreeSet<_> = claimed.iter().map(|due| (due.access, due.kind)).collect();
    // Skipping rows that another worker has locked may leave some for the next look.
    let rest = world.store.due_timers(100, "rest", LEASE).await.unwrap();
    assert_eq!((claimed.len() + rest.len(), distinct.len() + rest.len()), (60, 60));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn next_wakes_for_a_moved_clock_a_commit_and_an_old_timer(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let timers = world.store.timers("w", LEASE);
    let access = world.active("alice", TimeDelta::hours(1)).await;
    let waiting = tokio::spawn(async move { (timers.next(10).await, timers) });
    world.clock.advance(TimeDelta::minutes(46));
    let (due, timers) = tokio::time::timeout(Duration::from_secs(3), waiting).await.unwrap().unwrap();
    assert_eq!(due.iter().map(|d| d.kind).collect::<Vec<_>>(), [TimerKind::Warn]);

    let waiting = tokio::spawn(async move { (timers.next(10).await, timers) });
    let began = Instant::now();
    let replica = world.replica().await;
    let (after, records) = crate::world::next(&access, vec![Event::Warned], world.store.now());
    crate::world::save(&replica, Some(&access), &after, &records, &[]).await.unwrap();
    world.clock.advance(TimeDelta::minutes(20));
    let (due, _) = tokio::time::timeout(Duration::from_secs(3), waiting).await.unwrap().unwrap();
    assert_eq!(due.iter().map(|d| d.kind).collect::<Vec<_>>(), [TimerKind::End]);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[rstest]
#[tokio::test]
async fn a_timer_that_cannot_be_read_keeps_no_other_from_firing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let alices = world.active("alice", TimeDelta::minutes(50)).await;
    let bobs = world.active("bob", TimeDelta::hours(1)).await;
    world.clock.advance(TimeDelta::hours(2));
    let later =
        format!("UPDATE timers SET kind = 'of a later version' WHERE kind = 'end' AND access = '{}'", alices.id);
    beside(&world, &later).await;
    for _ in 0..2 {
        let due = world.store.due_timers(9, "w", LEASE).await.unwrap();
        assert!(due.iter().any(|due| due.access == bobs.id && due.kind == TimerKind::End), "{due:?}");
        world.clock.advance(TimeDelta::seconds(30));
    }
}
