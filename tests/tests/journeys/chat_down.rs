//! Chat down: revocations do not wait for it, and what was missed is told afterwards, in order, once.

use chrono::TimeDelta;
use jit_playground::{Fault, Misbehaviour};
use jit_tests::world::{Backend, World};
use rstest::rstest;

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn an_hour_without_chat(#[case] backend: Backend) {
    let world = World::start(backend).await;
    // Approvers are told who is on call once that is known.
    world.on_call("pagerduty/PORDERS", Some(&[])).await;
    world.says("alice", "#access", "/jit request orders-admin for 30m because checking the order totals").await;
    world.presses("bob", "Approve").await;
    world.presses("sam", "Approve").await;
    world.sees("alice", "live:").await;
    world.idle().await;
    world.chat.misbehave(Misbehaviour { method: "chat.*".to_owned(), fault: Fault::ServerError, times: None });
    world.passes(TimeDelta::minutes(31)).await;
    assert!(!world.holds("orders-db", "alice", "app_admin"), "the end does not wait for chat");
    assert!(!world.saw("alice", "Ended, verified gone"));
    world.passes(TimeDelta::minutes(29)).await;
    world.chat.behave();
    world.passes(TimeDelta::minutes(6)).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!("alice", world.readable("alice"));
        insta::assert_snapshot!("first-approver", world.readable("bob"));
        insta::assert_snapshot!("second-approver", world.readable("sam"));
        insta::assert_snapshot!("announcements", world.readable("#access"));
    }
    world.end().await;
}
