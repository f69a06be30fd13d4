//! Entitlements: one owner at a time, fenced; no wish lost; the baseline of before us.

use chrono::TimeDelta;
use jit_core::access::EndCause;
use jit_core::effect::Effect;
use jit_core::entitlement::Baseline;
use jit_core::event::Event;
use jit_store::{LeasedEntitlement, Release, Share, Store};
use rstest::rstest;

use crate::world::{Backend, LEASE, World, beside, elevated, start};

async fn lease(store: &Store) -> Vec<LeasedEntitlement> {
    store.lease_entitlements(9, "w", LEASE).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_commit_marks_one_worker_gets_it_with_all_its_accesses(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let active = world.active("alice", TimeDelta::hours(1)).await;
    let second = world.elevating("alice").await;
    let pending = world.requested("alice").await;
    let leased = lease(&world.store).await;
    assert_eq!(leased.len(), 1);
    assert_eq!(leased[0].entitlement, active.request.entitlement);
    assert_eq!(leased[0].accesses, [active, second]);
    assert_eq!((leased[0].generation, leased[0].baseline, leased[0].failures), (1, None, 0));
    assert!(leased[0].accesses.iter().all(|a| a.id != pending.id));
    assert_eq!(lease(&world.replica().await).await, [], "leased to one");
    let later = world.store.now() + TimeDelta::seconds(4);
    let release = Release { next_due: Some(later), failures: 2, error: Some("slow".into()) };
    assert!(world.store.release(&leased[0], &release).await.unwrap());
    assert_eq!(world.store.next_entitlement().await.unwrap(), Some(later));
    assert_eq!(lease(&world.store).await, []);
    world.clock.set(later);
    let leased = lease(&world.store).await;
    assert_eq!((leased[0].generation, leased[0].failures), (2, 2));
    assert!(world.store.release(&leased[0], &Release::default()).await.unwrap());
    assert_eq!(world.store.next_entitlement().await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_wish_made_while_a_worker_is_at_it_is_not_lost(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let access = world.elevating("alice").await;
    let leased = lease(&world.store).await;
    world.on(&access, vec![elevated(world.store.now(), TimeDelta::hours(1))], &[Effect::Reconcile]).await;
    assert_eq!(lease(&world.store).await, [], "still leased");
    assert!(world.store.release(&leased[0], &Release::default()).await.unwrap());
    let again = lease(&world.store).await;
    assert_eq!(again.len(), 1, "due at once");
    assert_eq!(again[0].accesses[0].state_name(), "active");
}

#[rstest]
#[tokio::test]
async fn a_worker_whose_lease_is_over_can_write_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    world.elevating("alice").await;
    let slow = lease(&world.store).await;
    assert!(world.store.still_leased(&slow[0]).await.unwrap());
    world.clock.advance(TimeDelta::seconds(30));
    assert!(!world.store.still_leased(&slow[0]).await.unwrap());
    assert!(!world.store.set_baseline(&slow[0], Baseline::Absent).await.unwrap(), "its lease has ended");
    let next = lease(&world.store).await;
    assert_eq!(next[0].generation, slow[0].generation + 1);
    assert!(!world.store.set_baseline(&slow[0], Baseline::Standing).await.unwrap());
    assert!(!world.store.release(&slow[0], &Release::default()).await.unwrap());
    assert!(world.store.set_baseline(&next[0], Baseline::Absent).await.unwrap());
    assert!(world.store.release(&next[0], &Release::default()).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn the_baseline_is_set_once_and_kept_until_the_last_access_has_closed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let first = world.elevating("alice").await;
    let leased = lease(&world.store).await;
    assert!(world.store.set_baseline(&leased[0], Baseline::Standing).await.unwrap());
    assert!(!world.store.set_baseline(&leased[0], Baseline::Standing).await.unwrap(), "only once");
    world.store.release(&leased[0], &Release::default()).await.unwrap();
    let second = world.elevating("alice").await;
    world.closed(&first).await;
    let leased = lease(&world.store).await;
    assert_eq!(leased[0].baseline, Some(Baseline::Standing), "the second one still counts on it");
    world.store.release(&leased[0], &Release::default()).await.unwrap();
    // One that never got as far as connectors does not touch it.
    let pending = world.requested("alice").await;
    let outcome = jit_core::access::Outcome::TimedOut;
    world.on(&pending, vec![Event::Closed { outcome }], &[]).await;
    world.closed(&second).await;
    world.store.mark_entitlement(&second.request.entitlement).await.unwrap();
    let leased = lease(&world.store).await;
    assert_eq!((leased[0].baseline, leased[0].accesses.len()), (None, 0));
    world.store.release(&leased[0], &Release::default()).await.unwrap();
    let third = world.requested("alice").await;
    world.on(&third, vec![start(world.store.now())], &[Effect::Reconcile]).await;
    let leased = lease(&world.store).await;
    assert!(world.store.set_baseline(&leased[0], Baseline::Absent).await.unwrap(), "a new beginning");
}

#[rstest]
#[tokio::test]
async fn standing_access_found_gone_becomes_ours_and_ours_never_becomes_standing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    world.elevating("alice").await;
    let leased = lease(&world.store).await;
    assert!(world.store.set_baseline(&leased[0], Baseline::Standing).await.unwrap());
    assert!(world.store.set_baseline(&leased[0], Baseline::Absent).await.unwrap());
    assert!(!world.store.set_baseline(&leased[0], Baseline::Standing).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_lease_is_renewed_by_its_owner_alone_and_only_while_it_lasts(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    world.elevating("alice").await;
    let slow = lease(&world.store).await;
    world.clock.advance(TimeDelta::seconds(5));
    let until = world.store.renew(&slow[0], LEASE).await.unwrap().expect("still its own");
    assert_eq!(until, world.store.now() + TimeDelta::from_std(LEASE).unwrap());
    assert!(until > slow[0].lease_until);
    world.clock.set(slow[0].lease_until);
    assert_eq!(lease(&world.store).await, [], "renewed: nobody else gets it");
    world.clock.set(until);
    assert_eq!(world.store.renew(&slow[0], LEASE).await.unwrap(), None, "over");
    assert_eq!(lease(&world.store).await.len(), 1);
    assert_eq!(world.store.renew(&slow[0], LEASE).await.unwrap(), None, "another's");
}

#[rstest]
#[tokio::test]
async fn a_busy_connector_keeps_none_from_the_others(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    for person in ["alice", "bob", "carl", "dora"] {
        world.elevating(person).await;
    }
    let busy = lease(&world.store).await;
    assert_eq!(busy.len(), 4);
    let connector = busy[0].entitlement.connector.clone();
    for one in &busy {
        world.store.release(one, &Release { next_due: Some(world.store.now()), ..Release::default() }).await.unwrap();
    }
    let none = Share { max: 9, each: 9, without: std::slice::from_ref(&connector) };
    assert_eq!(world.store.lease_share(none, "w", LEASE).await.unwrap(), []);
    let others = ["some-other".into()];
    let some = Share { max: 9, each: 3, without: &others };
    assert_eq!(world.store.lease_share(some, "w", LEASE).await.unwrap().len(), 3);
    assert_eq!(world.store.lease_share(some, "w", LEASE).await.unwrap().len(), 1);
}

#[rstest]
#[tokio::test]
async fn what_a_process_that_is_gone_was_at_comes_back_at_once_and_is_called_gone_later(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let access = world.elevating("alice").await;
    // Process ids end at 2^22, so nobody has this one.
    let gone = "99999999-gone";
    let lost = world.store.lease_entitlements(9, gone, LEASE).await.unwrap();
    assert_eq!(world.store.reclaim().await.unwrap(), 1);
    let again = lease(&world.store).await;
    assert_eq!((again[0].generation, again[0].quiet_at), (2, lost[0].lease_until), "a grant may be under way");
    assert!(!world.store.release(&lost[0], &Release::default()).await.unwrap(), "fenced");
    assert_eq!(world.store.reclaim().await.unwrap(), 0, "leases of names that are no process's end by themselves");
    world.store.release(&again[0], &Release::default()).await.unwrap();
    world.on(&access, vec![Event::RevocationStarted { cause: EndCause::Expired }], &[Effect::Reconcile]).await;
    world.clock.advance(TimeDelta::seconds(40));
    world.store.lease_entitlements(9, gone, LEASE).await.unwrap();
    assert_eq!(world.store.reclaim().await.unwrap(), 1);
    let again = lease(&world.store).await;
    assert_eq!(again[0].quiet_at, lost[0].lease_until, "who only took away leaves nothing to be waited for");
}

#[rstest]
#[tokio::test]
async fn a_row_that_cannot_be_read_keeps_no_other_from_being_taken_back(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    world.elevating("alice").await;
    let bobs = world.elevating("bob").await;
    beside(&world, "UPDATE entitlements SET target = '{' WHERE account = 'alice'").await;
    for _ in 0..2 {
        let leased = lease(&world.store).await;
        assert_eq!(leased.iter().map(|one| &one.accesses[0].id).collect::<Vec<_>>(), [&bobs.id]);
        let again = Release { next_due: Some(world.store.now()), ..Release::default() };
        assert!(world.store.release(&leased[0], &again).await.unwrap());
        world.clock.advance(TimeDelta::seconds(30));
    }
}
