//! The home tab: what waits for me, what I hold, what I asked for; drawn when it is opened and whenever something of mine changes.

use chrono::TimeDelta;
use jit_playground::{Fault, Misbehaviour, Submission};
use jit_tests::world::{Backend, World};
use rstest::rstest;

const WRITE: &str = "/jit request orders-write for 1h because the export is broken since noon";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_day_seen_from_home(#[case] backend: Backend) {
    let world = World::start(backend).await;
    for person in ["alice", "bob"] {
        world.opens_home(person).await;
        world.home_says(person, "You hold nothing now").await;
    }
    world.presses_at_home("alice", "Ask for access…").await;
    let asked = [("role", "orders-write"), ("duration", "1h"), ("reason", "the export is broken since noon")];
    assert_eq!(world.submits("alice", &asked).await, Submission::Closed);
    world.home_says("alice", "waiting for Bob Baker").await;
    let waits = world.home_says("bob", "one decision waits for you").await;
    assert!(waits.contains("the export is broken since noon"), "{waits}");

    world.presses_at_home("bob", "Ask a question…").await;
    world.submits("bob", &[("reason", "which tables?")]).await;
    world.home_says("alice", "which tables?").await;
    world.presses_at_home("alice", "Reply…").await;
    world.submits("alice", &[("reason", "orders_2026 alone")]).await;
    world.presses_at_home("bob", "Show").await;
    let shown = world.form_says("bob", "orders_2026 alone").await;
    assert!(shown.contains("which tables?"), "{shown}");
    world.presses_at_home("bob", "Approve").await;
    let held = world.home_says("alice", "live until").await;
    assert!(held.contains("You hold one role") && held.contains("I'm done"), "{held}");
    world.home_says("bob", "You hold nothing now").await;
    world.passes(TimeDelta::minutes(61)).await;
    let after = world.home_says("alice", "You hold nothing now").await;
    assert!(after.contains("Lately") && after.contains("Orders database, write"), "{after}");
    assert!(world.home("olive").is_empty(), "nobody draws for those who never look");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_before_the_home(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", WRITE).await;
    world.opens_home("bob").await;
    world.home_says("bob", "one decision waits for you").await;
    let stale = world.chat.home(jit_tests::world::slack("bob")).expect("a home");
    // Erin was faster, and Slack shows Bob the old home a little longer.
    world.chat.misbehave(Misbehaviour { method: "views.publish".to_owned(), fault: Fault::ServerError, times: None });
    world.presses("erin", "Approve").await;
    world.sees("alice", "live:").await;
    world.chat.act_in_view(jit_tests::world::slack("bob"), &stale.id, "Approve", None).await.expect("pressed");
    let told = world.form_says("bob", "Erin Engel").await;
    assert!(told.contains("already"), "{told}");
    world.chat.behave();
    world.passes(TimeDelta::minutes(6)).await;
    world.home_says("bob", "You hold nothing now").await;
    assert!(!world.home("bob").contains("waits for you"), "drawn once Slack takes it again");
    world.presses("alice", "I'm done").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_s_home_says_whom_to_ask(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.edit("people.toml", "slack = \"U0005\"\n", "").await;
    world.opens_home("carl").await;
    world.home_says("carl", "You are not in the directory").await;
    world.end().await;
}
