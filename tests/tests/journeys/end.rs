//! Ending: warned, done early, revoked by its owner, never before its time and never after.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const WRITE: &str = "/jit request orders-write for 1h because the export is broken since noon";

async fn live(world: &World) {
    world.says("alice", "#access", WRITE).await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "live:").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write"));
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn warned_before_the_end_and_done_early(#[case] backend: Backend) {
    let world = World::start(backend).await;
    live(&world).await;
    world.passes(TimeDelta::minutes(44)).await;
    assert!(!world.saw("alice", "ends soon"));
    world.passes(TimeDelta::minutes(2)).await;
    world.button("alice", "Extend…").await;
    world.channel_sees("#access", "Alice").await;
    world.presses("alice", "I'm done").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.sees("alice", "verified gone").await;
    assert!(!world.conversation("alice").contains("[I'm done]"), "{}", world.conversation("alice"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn the_owner_and_security_may_revoke_and_others_may_not(#[case] backend: Backend) {
    let world = World::start(backend).await;
    live(&world).await;
    let short = world.app.dispatch.store.all_open().await.expect("open")[0].short.clone();
    let refused = world.says("olive", "#access", &format!("/jit revoke {short} because I want it too")).await;
    assert!(refused.contains("There is no access"), "{refused}");
    for verb in ["approve", "cancel", "done", "deny", "revoke", "extend"] {
        let why = if matches!(verb, "deny" | "revoke") { " because I want it too" } else { "" };
        let real = world.says("olive", "#access", &format!("/jit {verb} {short}{why}")).await;
        let made_up = world.says("olive", "#access", &format!("/jit {verb} A-999999{why}")).await;
        assert_eq!(real.replace(short.as_str(), "A-999999"), made_up, "{verb}: nobody learns which ids exist");
    }
    assert!(world.holds("orders-db", "alice", "app_write"));
    world.says("sam", "#access", &format!("/jit revoke {short} because odd queries were seen")).await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.sees("alice", "odd queries were seen").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn open_sessions_end_with_it(#[case] backend: Backend) {
    let world = World::start(backend).await;
    live(&world).await;
    let target = &world.targets["orders-db"];
    let entitlement = jit_tests::world::entitlement("orders-db", "alice", "app_write");
    let elevated = target.open_session(&"alice".into(), Some(&entitlement));
    world.passes(TimeDelta::minutes(61)).await;
    assert!(!target.session_is_open(elevated), "a session that outlives the revoke is access that outlives its end");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_disabled_loses_what_they_hold_and_what_they_wait_for(#[case] backend: Backend) {
    let world = World::start(backend).await;
    live(&world).await;
    world.says("alice", "#access", "/jit request orders-admin for 1h because the schema must be repaired now").await;
    world.sees("bob", "schema must be repaired").await;
    world.edit("people.toml", "id = \"alice\"", "id = \"alice\"\nactive = false").await;
    world.sees("alice", "disabled or no longer in the directory").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.channel_sees("#access", "verified gone").await;
    let cards = world.conversation("bob");
    assert!(!cards.contains("[Approve]"), "what she waited for is closed: {cards}");
    world.end().await;
}
