//! What an adversary or a hostile target would try: forms that tell strangers, a target that asks to be left alone for a day, an
//! elevation that comes back from the dead.

use chrono::TimeDelta;
use jit_connectors::fake::{Call, Fault};
use jit_tests::world::{Backend, World, slack};
use rstest::rstest;

const READ: &str = "/jit request orders-read for 15m because checking the order totals";
const WRITE: &str = "/jit request orders-write for 1h because the export is broken since noon";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_no_form_that_tells_of_an_access(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", WRITE).await;
    world.sees("bob", "export is broken").await;
    let short = world.app.dispatch.store.all_open().await.expect("open").remove(0).short;
    for verb in ["deny", "revoke", "extend"] {
        let told = world.says("carl", "#access", &format!("/jit {verb} {short}")).await;
        assert!(told.contains("no access"), "{verb}: {told}");
        assert!(!told.contains("export"), "{verb}: {told}");
        assert!(world.chat.open_view(slack("carl")).is_none(), "{verb} opens a form for a stranger");
    }
    world.says("bob", "#access", &format!("/jit deny {short}")).await;
    world.submits("bob", &[("reason", "not today, please")]).await;
    world.sees("alice", "not today, please").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_target_cannot_put_a_revoke_off(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", READ).await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_read"));
    world.targets["orders-db"].fail_next(Call::Revoke, Fault::Throttled(std::time::Duration::from_hours(24)));
    world.passes(TimeDelta::minutes(21)).await;
    assert!(!world.holds("orders-db", "alice", "app_read"), "five minutes is the longest wait");
    world.sees("alice", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_given_after_its_end(#[case] backend: Backend) {
    let mut world = World::start(backend).await;
    let target = world.targets["orders-db"].clone();
    target.fail_always(Call::Inspect, Fault::Down);
    world.says("alice", "#access", READ).await;
    world.stop().await;
    target.heal();
    world.clock.advance(TimeDelta::minutes(30));
    world.start_again().await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_read"));
    let given = target.calls().iter().filter(|call| call.call == Call::Grant).count();
    assert_eq!(given, 0, "its time had passed while the service was down");
    world.end().await;
}
