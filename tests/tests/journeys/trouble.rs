//! Trouble at the target: a failing revoke is tried without end and everybody sees it; a failing grant gives nothing and says so.

use std::time::Duration;

use chrono::TimeDelta;
use jit_bot::workers::reconcile::{LEASE, settle};
use jit_connectors::fake::{Call, Fault};
use jit_core::command::Command;
use jit_core::event::Actor;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const READ: &str = "/jit request orders-read for 15m because checking the order totals";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
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
#[case(Backend::Sockets)]
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
#[case(Backend::Sockets)]
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
#[case(Backend::Sockets)]
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

/// What an owner that crashed had begun may land while the next one looks: only a look that began after that proves anything.
#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_look_begun_while_a_crashed_owners_call_could_still_land_proves_nothing(#[case] backend: Backend) {
    let mut world = World::start(backend).await;
    world.says("alice", "#access", READ).await;
    world.idle().await;
    world.stop().await;
    let (dispatch, target) = (world.app.dispatch.clone(), world.targets["orders-db"].clone());
    let store = &dispatch.store;
    let access = store.all_open().await.expect("readable").remove(0);
    store.mark_entitlement(&access.request.entitlement).await.expect("marked");
    let crashed = store.lease_entitlements(1, "99999999-crashed", LEASE).await.expect("leased").remove(0);
    let done = Command::Done { by: "alice".into() };
    dispatch.act(access.id, done, &Actor::Timer, None).await.expect("hers to end");
    assert_eq!(store.reclaim().await.expect("reclaimed"), 1);

    let leased = store.lease_entitlements(1, "next", LEASE).await.expect("leased").remove(0);
    assert_eq!(leased.quiet_at, crashed.lease_until);
    target.fail_next(Call::Inspect, Fault::Late(Duration::ZERO));
    target.fail_next(Call::Inspect, Fault::Late(Duration::from_millis(500)));
    let (app, begun) = (world.app.clone(), target.calls().len());
    let turn = tokio::spawn(async move { settle(&app, leased).await });
    while target.calls()[begun..].iter().filter(|call| call.call == Call::Inspect).count() < 2 {
        assert!(!turn.is_finished(), "it looks twice");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The answer comes when all is quiet; what it tells of was before.
    world.clock.set(crashed.lease_until);
    turn.await.expect("no panic");
    let after = store.access(access.id).await.expect("readable").expect("there");
    assert_eq!(after.state_name(), "revoking", "not yet proven");
    assert_eq!(store.next_entitlement().await.expect("readable"), Some(crashed.lease_until), "looked at again");
    world.start_again().await;
    world.sees("alice", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_given_after_its_end_however_long_the_look_took(#[case] backend: Backend) {
    let mut world = World::start(backend).await;
    world.says("alice", "#access", READ).await;
    world.idle().await;
    world.passes(TimeDelta::minutes(14) + TimeDelta::seconds(55)).await;
    world.stop().await;
    let (store, target) = (world.app.dispatch.store.clone(), world.targets["orders-db"].clone());
    let access = store.all_open().await.expect("readable").remove(0);
    target.drop_behind(&access.request.entitlement);
    store.mark_entitlement(&access.request.entitlement).await.expect("marked");
    let leased = store.lease_entitlements(1, "worker", LEASE).await.expect("leased").remove(0);
    target.fail_next(Call::Inspect, Fault::Late(Duration::from_millis(300)));
    let (app, begun) = (world.app.clone(), target.calls().len());
    let turn = tokio::spawn(async move { settle(&app, leased).await });
    while target.calls().len() == begun {
        assert!(!turn.is_finished(), "it looks");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.clock.set(access.until().expect("live"));
    turn.await.expect("no panic");
    assert!(target.calls()[begun..].iter().all(|call| call.call != Call::Grant), "its time is over");
    assert!(!world.holds("orders-db", "alice", "app_read"));
    world.start_again().await;
    world.passes(TimeDelta::minutes(1)).await;
    world.sees("alice", "verified gone").await;
    world.end().await;
}

/// An owner that is held up in the middle of a grant (a stopped process, a machine that slept) gives it when all is over: it takes it back.
#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_after_another_owner_closed_it_is_taken_back(#[case] backend: Backend) {
    let mut world = World::start(backend).await;
    world.says("alice", "#access", READ).await;
    world.idle().await;
    world.stop().await;
    let (dispatch, target) = (world.app.dispatch.clone(), world.targets["orders-db"].clone());
    let store = &dispatch.store;
    let access = store.all_open().await.expect("readable").remove(0);
    let entitlement = &access.request.entitlement;
    target.drop_behind(entitlement);
    store.mark_entitlement(entitlement).await.expect("marked");
    let slow = store.lease_entitlements(1, "slow", LEASE).await.expect("leased").remove(0);
    target.fail_next(Call::Grant, Fault::Late(Duration::from_secs(2)));
    let (app, begun) = (world.app.clone(), target.calls().len());
    let turn = tokio::spawn(async move { settle(&app, slow).await });
    while target.calls()[begun..].iter().all(|call| call.call != Call::Grant) {
        assert!(!turn.is_finished(), "it gives");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let done = Command::Done { by: "alice".into() };
    dispatch.act(access.id, done, &Actor::Timer, None).await.expect("hers to end");
    for round in 0..2 {
        world.clock.advance(TimeDelta::seconds(16));
        let next = store.lease_entitlements(1, "next", LEASE).await.expect("leased").remove(0);
        settle(&world.app, next).await;
        let after = store.access(access.id).await.expect("readable").expect("there");
        let expected = if round == 0 { "revoking" } else { "closed" };
        assert_eq!(after.state_name(), expected, "proven only when nothing of the slow owner is expected any more");
    }
    turn.await.expect("no panic");
    assert!(target.calls()[begun..].iter().any(|call| call.call == Call::Revoke), "it was taken back");
    assert!(!world.holds("orders-db", "alice", "app_read"));
    world.start_again().await;
    world.end().await;
}
