//! Trouble at the target: a failing revoke is tried without end and everybody sees it; a failing grant gives nothing and says so.

use chrono::TimeDelta;
use jit_connectors::fake::{Call, Fault};
use jit_tests::world::{Backend, World};
use rstest::rstest;

const READ: &str = "/jit request orders-read for 15m because checking the order totals";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_revoke_never_stops_trying(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", READ).await;
    world.idle().await;
    let target = world.targets["orders-db"].clone();
    target.fail_always(Call::Revoke, Fault::Permanent("the target says no".into()));
    world.passes(TimeDelta::minutes(16)).await;
    world.channel_sees("#security", "ailing").await;
    let mine = world.says("alice", "#access", "/jit mine").await;
    assert!(mine.contains("ailing"), "shown as failing everywhere: {mine}");
    world.passes(TimeDelta::hours(3)).await;
    let security = world.transcript("C0002");
    assert!(security.matches("still").count() >= 2, "hourly: {security}");
    let tries = target.calls().iter().filter(|call| call.call == Call::Revoke).count();
    assert!(tries > 30, "tried {tries} times in three hours");
    target.heal();
    world.passes(TimeDelta::minutes(6)).await;
    assert!(!world.holds("orders-db", "alice", "app_read"));
    world.channel_sees("#security", "verified gone").await;
    world.sees("alice", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_fails_for_good_gives_nothing(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.targets["orders-db"].fail_always(Call::Grant, Fault::Permanent("the target says no".into()));
    world.says("alice", "#access", READ).await;
    world.passes(TimeDelta::minutes(3)).await;
    assert!(!world.holds("orders-db", "alice", "app_read"));
    world.sees("alice", "ould not be").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_half_done_is_taken_back(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let target = world.targets["orders-db"].clone();
    target.fail_always(Call::Grant, Fault::HalfDone);
    target.fail_always(Call::Inspect, Fault::Permanent("the target says no".into()));
    world.says("alice", "#access", READ).await;
    world.passes(TimeDelta::minutes(5)).await;
    target.heal();
    world.passes(TimeDelta::minutes(10)).await;
    assert!(!world.holds("orders-db", "alice", "app_read"), "nothing half given stays");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn a_lying_target_is_not_believed(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", READ).await;
    world.idle().await;
    let target = world.targets["orders-db"].clone();
    target.fail_next(Call::Revoke, Fault::Lie);
    world.passes(TimeDelta::minutes(15) + TimeDelta::milliseconds(10)).await;
    assert!(!world.saw("alice", "Ended, verified gone"), "an inspection said otherwise");
    world.passes(TimeDelta::minutes(2)).await;
    assert!(!world.holds("orders-db", "alice", "app_read"));
    world.sees("alice", "verified gone").await;
    world.end().await;
}
