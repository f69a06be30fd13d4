//! PgBouncer in front of the database: refused where sessions are shared or settings are lost, and fine in session mode.

use jit_store::{Clock, Store, StoreError};
use jit_tests::servers::{Folder, PgBouncer, Postgres};
use rstest::rstest;

use crate::world::{LEASE, World};

/// The database's name.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

#[rstest]
#[case::as_it_comes("pool_mode = transaction", "startup parameter")]
#[case::transactions(
    "pool_mode = transaction\nignore_startup_parameters = options,extra_float_digits",
    "several connections"
)]
#[case::round_robin(
    "pool_mode = transaction\nserver_round_robin = 1\nmin_pool_size = 3\nignore_startup_parameters = options,extra_float_digits",
    "several connections"
)]
#[case::statements(
    "pool_mode = statement\nignore_startup_parameters = options,extra_float_digits",
    "several connections"
)]
#[case::lost_settings(
    "pool_mode = session\nignore_startup_parameters = options,extra_float_digits",
    "lock_timeout = 10000"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_shares_sessions_or_loses_settings_is_refused(#[case] settings: &str, #[case] says: &str) {
    let server = Postgres::shared();
    let url = server.fresh_database().await;
    let pooler = PgBouncer::start(server, settings);
    let refused = Store::open(&pooler.url_as("postgres", name(&url)), None, Clock::Record).await;
    let Err(error @ StoreError::Pooler(_)) = refused else { panic!("{refused:?}") };
    assert!(error.to_string().contains(says) && error.to_string().contains("database.url"), "{error}");
}

/// The settings that the documentation asks for, for the role `jit`.
fn documented() -> &'static str {
    let (_, section) = include_str!("../../../docs/operations.md").split_once("### Behind a pooler").unwrap();
    section.split("```sql\n").nth(1).unwrap().split("```").next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn session_mode_with_the_documented_settings_does_all() {
    let server = Postgres::start();
    let admin = server.connect().await;
    admin.batch_execute("CREATE ROLE jit LOGIN").await.unwrap();
    admin.batch_execute("CREATE DATABASE jit OWNER jit").await.unwrap();
    admin.batch_execute(documented()).await.unwrap();
    let settings =
        "pool_mode = session\ndefault_pool_size = 60\nignore_startup_parameters = options,extra_float_digits";
    let pooler = PgBouncer::start(&server, settings);
    let world = World::at(pooler.url_as("jit", "jit"), Folder::new("store")).await;
    let gone = world.replica().await;
    world.elevating("alice").await;
    let leased = gone.lease_entitlements(1, gone.name(), LEASE).await.unwrap();
    assert_eq!(leased.len(), 1);
    assert_eq!(world.store.reclaim().await.unwrap(), 0, "its owner is there");
    drop((leased, gone));
    // PgBouncer gives the session back in its own time.
    let begin = std::time::Instant::now();
    while world.store.reclaim().await.unwrap() == 0 {
        assert!(begin.elapsed() < std::time::Duration::from_secs(20), "its owner is gone, and still counts as there");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
