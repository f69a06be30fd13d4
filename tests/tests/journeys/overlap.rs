//! Overlap: it goes when the last holder's last grant ends; what the person held before is never taken.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World, entitlement};
use rstest::rstest;

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn two_grants_of_one_entitlement_compose(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", "/jit request orders-fix for 15m because a stuck order must be freed").await;
    world.says("alice", "#access", "/jit request orders-write for 1h because the export is broken since noon").await;
    world.presses("bob", "Approve").await;
    world.idle().await;
    world.passes(TimeDelta::minutes(20)).await;
    assert!(world.holds("orders-db", "alice", "app_write"), "the longer grant keeps it");
    world.sees("alice", "emains under").await;
    assert!(!world.saw("alice", "Ended, verified gone"), "it is not gone, and nobody says so");
    world.passes(TimeDelta::minutes(41)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.sees("alice", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn standing_access_is_never_taken_and_security_hears(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let standing = entitlement("orders-db", "alice", "app_read");
    world.targets["orders-db"].hold(&standing);
    world.says("alice", "#access", "/jit request orders-read for 15m because checking the order totals").await;
    world.passes(TimeDelta::minutes(16)).await;
    assert!(world.holds("orders-db", "alice", "app_read"), "what she held before is hers");
    world.channel_sees("#security", "standing").await;
    assert!(!world.saw("alice", "Ended, verified gone"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn standing_access_that_went_meanwhile_does_not_make_ours_permanent(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let standing = entitlement("orders-db", "alice", "app_read");
    world.targets["orders-db"].hold(&standing);
    world.says("alice", "#access", "/jit request orders-read for 15m because checking the order totals").await;
    world.idle().await;
    world.targets["orders-db"].drop_behind(&standing);
    // A second grant of the same thing makes the worker look again: it finds it gone and gives it, as ours.
    world.app.dispatch.store.mark_entitlement(&standing).await.expect("marked");
    world.idle().await;
    world.passes(TimeDelta::minutes(16)).await;
    assert!(!world.holds("orders-db", "alice", "app_read"), "what we gave is ours to take");
    world.end().await;
}
