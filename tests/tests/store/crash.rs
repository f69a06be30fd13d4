//! Crashes inside a commit: it happened whole, or not at all.

use std::time::Duration;

use jit_core::access::Access;
use jit_core::access::Platform;
use jit_core::effect::{Effect, Recipient};
use jit_store::{Clock, CommitError, Store};
use jit_tests::servers::Postgres;
use rstest::rstest;

use crate::world::{Backend, LEASE, World, next, save, start, tell};

/// Waits for what the driver or the server may still be at: a dropped `COMMIT` is on its way all the same.
async fn settled(world: &World, access: &Access) {
    if world.url.starts_with("sqlite") {
        // There is one writer: this comes after it.
        assert!(world.store.remember(&format!("after {}", access.id), None).await.unwrap());
    } else {
        let lock = "SELECT id FROM accesses WHERE id = $1 FOR UPDATE";
        Postgres::connect_to(&world.url).await.execute(lock, &[&access.id.to_string()]).await.unwrap();
    }
}

/// Everything of the commit is there (`true`) or nothing.
async fn happened(store: &Store, before: &Access, after: &Access) -> bool {
    let stored = store.access(before.id).await.unwrap().unwrap();
    let history = store.history(before.id).await.unwrap().len() as u64;
    let due: Vec<_> = store.due_timers(1000, "look", Duration::ZERO).await.unwrap();
    let of_this = due.iter().filter(|due| due.access == before.id).map(|due| due.generation);
    let messages = store.lease_tells(Platform::Slack, 1000, ("look", Duration::ZERO)).await.unwrap();
    let told = messages.iter().filter(|m| m.tell.slot.access == before.id).count();
    let marked = store.lease_entitlements(1000, "look", Duration::ZERO).await.unwrap();
    let marked = marked.iter().filter(|m| m.accesses.iter().any(|a| a.id == before.id)).count();
    let expected = if stored == *after { after } else { before };
    assert_eq!(stored, *expected);
    assert_eq!(history, expected.version);
    assert!(of_this.clone().count() > 0 && of_this.into_iter().all(|generation| generation == expected.version));
    assert_eq!((told, marked), if stored == *after { (1, 1) } else { (0, 0) });
    stored == *after
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_dropped_midway_is_whole_or_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let (mut whole, mut nothing) = (0, 0);
    for round in 0..40_u32 {
        let person = format!("person-{round}");
        let before = world.requested(&person).await;
        let (after, records) = next(&before, vec![start(world.store.now())], world.store.now());
        let effects = [Effect::Reconcile, tell(&after, &Recipient::Person(person.as_str().into()), "card", "one")];
        let (store, lost) = (world.store.clone(), (before.clone(), after.clone()));
        let commit = tokio::spawn(async move { save(&store, Some(&lost.0), &lost.1, &records, &effects).await });
        tokio::time::sleep(Duration::from_micros(u64::from(round) * 200)).await;
        commit.abort();
        drop(commit.await);
        settled(&world, &before).await;
        world.clock.advance(chrono::TimeDelta::hours(9));
        if happened(&world.store, &before, &after).await { whole += 1 } else { nothing += 1 }
    }
    assert!(nothing > 0, "dropped too late to mean anything: {whole} whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_connection_is_cut_is_whole_or_nothing_and_the_next_one_works() {
    let world = World::new(Backend::Postgres).await;
    let other = Postgres::connect_to(&world.url).await;
    let mut cut = 0;
    for round in 0..15_u32 {
        let person = format!("person-{round}");
        let before = world.requested(&person).await;
        let (after, records) = next(&before, vec![start(world.store.now())], world.store.now());
        let effects = [Effect::Reconcile, tell(&after, &Recipient::Person(person.as_str().into()), "card", "one")];
        let (store, lost) = (world.store.clone(), (before.clone(), after.clone()));
        let commit = tokio::spawn(async move { save(&store, Some(&lost.0), &lost.1, &records, &effects).await });
        tokio::time::sleep(Duration::from_micros(u64::from(round) * 250)).await;
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = 'jit' AND datname = current_database()";
        other.execute(kill, &[]).await.unwrap();
        let outcome = commit.await.unwrap();
        settled(&world, &before).await;
        world.clock.advance(chrono::TimeDelta::hours(9));
        // The pool may still hold connections that were cut; it finds out when it uses them.
        let store = Store::open(&world.url, None, Clock::Virtual(world.clock.clone())).await.unwrap();
        let whole = happened(&store, &before, &after).await;
        match outcome {
            Ok(_) => assert!(whole, "said to be committed"),
            Err(CommitError::Store(_)) => cut += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(cut > 0, "nothing was cut");
    world.requested("afterwards").await;
    assert!(world.store.due_timers(1, "look", LEASE).await.is_ok());
}
