//! What an approver reads beside a request: the person's past in the role, what they hold now, and the risk score with its reasons.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World};
use rstest::rstest;

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn an_approver_sees_whether_it_is_usual(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", "/jit request orders-write for 1h because the export is broken since noon").await;
    let first = world.sees("bob", "export is broken").await.readable();
    assert!(first.contains("Risk score: 20 of 100: first time in this role"), "{first}");
    assert!(first.contains("holds nothing else") && !first.contains("Held before"), "{first}");
    assert!(!world.saw("alice", "risk score"), "it is for those who decide");
    world.presses("bob", "Approve").await;
    world.idle().await;

    world.says("alice", "#access", "/jit request orders-admin for 1h because the schema must be repaired now").await;
    let other = world.sees("bob", "schema must be repaired").await.readable();
    assert!(other.contains("holds Orders database, write until"), "{other}");
    world.passes(TimeDelta::minutes(61)).await;
    world.says("alice", "#access", "/jit request orders-write for 30m because the export broke once again").await;
    let second = world.sees("bob", "once again").await.readable();
    assert!(second.contains("Held before: 23 Nov"), "{second}");
    assert!(second.contains("Risk score: 0 of 100, nothing stands out"), "{second}");
    for request in world.app.dispatch.store.all_open().await.expect("open") {
        world.says("alice", "#access", &format!("/jit cancel {}", request.short)).await;
    }
    world.end().await;
}
