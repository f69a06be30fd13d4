//! Opening and migrating: durable settings, two replicas at once, databases of newer versions, seeds of older ones.

use chrono::{TimeDelta, Utc};
use jit_store::{Clock, Store, StoreError};
use jit_tests::servers::Postgres;
use rstest::rstest;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};

use crate::world::{Backend, World};

async fn raw(url: &str) -> DatabaseConnection {
    Database::connect(format!("{url}{}", if url.starts_with("sqlite") { "?mode=rwc" } else { "" })).await.unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_migrate_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (url, _folder) = backend.fresh().await;
    let start = || {
        let url = url.clone();
        tokio::spawn(async move {
            let store = Store::open(&url, None, Clock::Record).await.unwrap();
            store.migrate().await.unwrap();
            store.pending_migrations().await.unwrap()
        })
    };
    for replica in [start(), start(), start()] {
        assert_eq!(replica.await.unwrap(), Vec::<String>::new());
    }
}

#[rstest]
#[tokio::test]
async fn a_database_of_a_newer_version_is_refused(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let future = "INSERT INTO seaql_migrations VALUES ('m29990101_000001_future', 1)";
    raw(&world.url).await.execute_unprepared(future).await.unwrap();
    let refused = Store::open(&world.url, None, Clock::Record).await;
    let Err(StoreError::Newer(names)) = refused else { panic!("{refused:?}") };
    assert_eq!(names, ["m29990101_000001_future"]);
}

#[rstest]
#[tokio::test]
async fn rows_of_every_version_survive_all_later_migrations(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    for (done, seed) in (1..).zip(jit_migrations::seeds()) {
        let (url, _folder) = backend.fresh().await;
        let db = raw(&url).await;
        jit_migrations::run_steps(&db, Some(done)).await.unwrap();
        seed.plant(&db).await.unwrap();
        jit_migrations::run(&db).await.unwrap();
        assert_eq!(seed.missing(&db).await.unwrap(), Vec::<&str>::new(), "{}", seed.migration);
    }
}

#[rstest]
#[tokio::test]
async fn events_are_append_only(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    world.requested("alice").await;
    let db = raw(&world.url).await;
    for attempt in
        ["UPDATE events SET kind = 'x'", "DELETE FROM events", "UPDATE events SET at_us = 1 WHERE version = 1"]
    {
        let error = db.execute_unprepared(attempt).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{attempt}: {error}");
    }
}

#[tokio::test]
async fn commits_are_durable() {
    let settings = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let sqlite = World::new(Backend::Sqlite).await.store.durability().await.unwrap();
    // Source: SQLite, "PRAGMA synchronous": FULL is 2.
    assert_eq!(sqlite, settings(&[("foreign_keys", "1"), ("journal_mode", "wal"), ("synchronous", "2")]));
    let postgres = World::new(Backend::Postgres).await.store.durability().await.unwrap();
    let expected = [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("transaction_isolation", "read committed"),
    ];
    assert_eq!(postgres, settings(&expected));
}

#[tokio::test]
async fn the_clock_of_postgres_is_the_clock_of_record() {
    let (url, _folder) = Backend::Postgres.fresh().await;
    let store = Store::open(&url, None, Clock::Record).await.unwrap();
    let other = Postgres::connect_to(&url).await;
    let row = other.query_one("SELECT clock_timestamp()", &[]).await.unwrap();
    let server: chrono::DateTime<Utc> = row.get(0);
    let apart = (store.now() - server).abs();
    assert!(apart < TimeDelta::milliseconds(500), "{apart}");
    assert_eq!(store.now().timestamp_subsec_micros() % 1000, 0);
    assert_eq!(store.ping().await.database, Ok(()));
}

#[tokio::test]
async fn sqlite_refuses_orphans() {
    let world = World::new(Backend::Sqlite).await;
    let (mut access, records) = crate::world::request("alice", world.store.now());
    let (parent, _) = crate::world::request("alice", world.store.now());
    access.request.extends = Some(jit_core::access::Extends {
        parent: parent.id,
        parent_short: parent.short,
        root: parent.id,
        from: world.store.now(),
        chain_since: world.store.now(),
        channel: None,
        thread: None,
    });
    let orphan = crate::world::save(&world.store, None, &access, &records, &[]).await;
    assert!(orphan.is_err(), "{orphan:?}");
}

#[tokio::test]
async fn only_known_databases_are_opened() {
    let refused = Store::open("mysql://localhost/jit", None, Clock::Record).await;
    assert!(matches!(refused, Err(StoreError::Address)), "{refused:?}");
}
