//! Restarts: what is live, pending or owed goes on where it was; nothing outlives, nothing twice, nothing lost.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World};
use rstest::rstest;

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_life_over_three_restarts(#[case] backend: Backend) {
    let mut world = World::start(backend).await;
    world.says("alice", "#access", "/jit request orders-write for 1h because the export is broken since noon").await;
    world.sees("bob", "export is broken").await;
    world.start_again().await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "live:").await;
    world.start_again().await;
    world.passes(TimeDelta::minutes(46)).await;
    world.button("alice", "I'm done").await;
    world.stop().await;
    world.clock.advance(TimeDelta::minutes(30));
    assert!(
        world.holds("orders-db", "alice", "app_write"),
        "the service is down and this target has no expiry of its own"
    );
    world.start_again().await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"), "the end is the first thing after the start");
    world.sees("alice", "verified gone").await;
    let told = world.conversation("alice").matches("verified gone").count();
    assert!(told >= 1, "{}", world.conversation("alice"));
    world.end().await;
}
