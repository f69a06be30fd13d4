//! The store's life on a newer PostgreSQL than Debian's, once through: the other tests' statements, one after another.

use chrono::TimeDelta;
use jit_core::access::Platform;
use jit_core::effect::Recipient;
use jit_core::entitlement::Baseline;
use jit_store::{Clock, Release, Store};
use sea_orm::{ConnectionTrait, Database};

use crate::world::{Backend, LEASE, World, next, save, start, tell};

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_postgresql_serves_as_well() {
    let world = World::new(Backend::NewerPostgres).await;
    let store = &world.store;
    assert_eq!(store.pending_migrations().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.ping().await.database, Ok(()));
    assert_eq!(store.durability().await.unwrap()["synchronous_commit"], "on");
    let record = Store::open(&world.url, None, Clock::Record).await.unwrap();
    assert!((record.now() - chrono::Utc::now()).abs() < TimeDelta::seconds(5));

    let access = world.requested("alice").await;
    let (other, records) = next(&access, vec![start(store.now())], store.now());
    let told = [tell(&other, &Recipient::Person("alice".into()), "request", "a")];
    save(store, Some(&access), &other, &records, &told).await.unwrap();
    assert!(save(store, Some(&access), &other, &records, &[]).await.is_err(), "its version is compared");
    assert_eq!(store.access(access.id).await.unwrap().unwrap(), other);
    assert_eq!(store.history(access.id).await.unwrap().len() as u64, other.version);
    assert_eq!(store.lease_tells(Platform::Slack, 9, ("w", LEASE)).await.unwrap().len(), 1);
    let db = Database::connect(&world.url).await.unwrap();
    assert!(db.execute_unprepared("DELETE FROM events").await.unwrap_err().to_string().contains("append-only"));

    // What a replica leases comes back when it is gone.
    world.elevating("bob").await;
    let replica = world.replica().await;
    let leased = replica.lease_entitlements(9, replica.name(), LEASE).await.unwrap();
    assert_eq!(leased.len(), 1);
    assert!(replica.set_baseline(&leased[0], Baseline::Absent).await.unwrap());
    assert_eq!(store.reclaim().await.unwrap(), 0, "it is there");
    drop(replica);
    let begin = std::time::Instant::now();
    while store.reclaim().await.unwrap() == 0 {
        assert!(begin.elapsed() < std::time::Duration::from_secs(20), "its owner is gone, and still counts as there");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let again = store.lease_entitlements(9, "w", LEASE).await.unwrap();
    assert_eq!((again.len(), again[0].baseline), (1, Some(Baseline::Absent)));
    assert!(!store.release(&leased[0], &Release::default()).await.unwrap(), "its generation is over");
    assert!(store.release(&again[0], &Release::default()).await.unwrap());
}
