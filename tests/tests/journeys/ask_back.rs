//! Short of deciding: an approver looks at a request, and asks the requester something. Seen by all, in the way of nobody.

use chrono::TimeDelta;
use jit_playground::Submission;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const WRITE: &str = "/jit request orders-write for 1h because the export is broken since noon";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_question_and_its_answer(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", WRITE).await;
    world.presses("bob", "Ask a question…").await;
    assert_eq!(world.submits("bob", &[("reason", "which <!channel> tables?")]).await, Submission::Closed);
    world.sees("erin", "Bob Baker asked Alice Ames").await;
    world.sees("alice", "Bob Baker asks about").await;
    world.presses("alice", "Reply…").await;
    assert_eq!(world.submits("alice", &[("reason", "orders_2026 alone")]).await, Submission::Closed);
    for approver in ["bob", "erin"] {
        let answer = world.sees(approver, "Alice Ames answered about").await;
        assert!(answer.readable().contains("orders_2026 alone"), "{}", answer.readable());
        assert!(answer.thread_ts.is_some(), "under the card");
    }
    world.idle().await;
    assert!(!world.conversation("alice").contains("[Reply…]"), "{}", world.conversation("alice"));

    let short = world.app.dispatch.store.all_open().await.expect("open")[0].short.clone();
    world.says("erin", "#access", &format!("/jit ask {short} and until when, because of the audit?")).await;
    world.sees("alice", "until when, because of the audit?").await;
    let answer = world.says("carl", "#access", &format!("/jit reply {short} mine")).await;
    assert!(answer.contains("no access"), "not his, and he learns nothing: {answer}");
    world.says("alice", "#access", &format!("/jit reply {short} until six")).await;
    world.sees("erin", "until six").await;
    let story = world.says("bob", "#access", &format!("/jit show {short}")).await;
    assert!(story.contains("Erin Engel asked") && story.contains("until six"), "{story}");
    world.presses("bob", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    world.presses("alice", "I'm done").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn who_is_looking_is_seen_by_all_for_a_while(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", WRITE).await;
    world.presses("bob", "I'm looking").await;
    for person in ["alice", "bob", "erin"] {
        world.sees(person, "Bob Baker is looking at it since").await;
    }
    world.passes(TimeDelta::minutes(16)).await;
    for person in ["alice", "bob", "erin"] {
        assert!(!world.saw(person, "is looking at it"), "{}", world.conversation(person));
    }
    world.presses("bob", "I'm looking").await;
    world.sees("erin", "Bob Baker is looking").await;
    world.presses("erin", "Deny…").await;
    world.submits("erin", &[("reason", "please use the read replica")]).await;
    world.sees("alice", "please use the read replica").await;
    world.end().await;
}
