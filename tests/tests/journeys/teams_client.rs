//! Microsoft's own client, the Microsoft 365 Agents Playground, in people's hands: by its hooks, and by its page in a browser.

use std::process::Stdio;

use jit_tests::servers::AgentsPlayground;
use jit_tests::world::{Backend, World};
use rstest::rstest;
use serde_json::json;

const WRITE: &str = "request orders-write for 1h because the export is broken since noon";
const CHANNELS: [&str; 2] = ["#security", "#access"];

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn asked_in_one_client_approved_in_another_and_both_see_it_change(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    let alice = teams.real_client("alice", CHANNELS).await;
    let bob = teams.real_client("bob", CHANNELS).await;
    alice.installs("a:alice").await;
    bob.installs("a:bob").await;
    alice.types("a:alice", WRITE).await;
    alice.sees("Waiting for approval").await;
    bob.sees("Alice Ames asks for").await;
    // Somebody without the client decides as well as they.
    teams.sees("erin", "export is broken").await;
    let answer = bob.presses("a:bob", "Approve").await;
    assert!(!answer.to_string().contains("error"), "{answer}");
    alice.sees("Live: Orders database, write").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    assert!(!bob.readable().contains("[Approve]"), "{}", bob.readable());
    alice.sees("[I'm done]").await;
    alice.presses("a:alice", "I'm done").await;
    alice.sees("verified gone").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn in_a_group_and_a_channel_and_by_the_message_extension(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    let alice = teams.real_client("alice", CHANNELS).await;
    for place in ["19:orders@thread.v2", "19:access@thread.tacv2", "a:alice"] {
        alice.types(place, "help request").await;
        teams.channel_sees(place, "because").await;
    }
    let opened = alice.extension("a:alice", "composeExtension/fetchTask", json!({ "commandId": "request" })).await;
    assert_eq!(opened["task"]["type"], "continue", "{opened}");
    let data = &opened["task"]["value"]["card"]["content"]["actions"][0]["data"];
    let mut filled = data.clone();
    for (field, value) in [("role", "orders-write"), ("duration", "1h"), ("reason", "the export is broken since noon")]
    {
        filled[field] = json!(value);
    }
    let value = json!({ "commandId": "request", "commandContext": "compose", "data": filled });
    alice.extension("a:alice", "composeExtension/submitAction", value).await;
    teams.sees("bob", "export is broken").await;
    alice.sees("Waiting for approval").await;
    teams.presses("bob", "Approve").await;
    alice.sees("Live: Orders database, write").await;
    teams.channel_sees("#access", "Alice Ames").await;
    // The announcement is in her client's channel too.
    alice.sees("Alice Ames").await;
    alice.presses("a:alice", "I'm done").await;
    world.idle().await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn by_its_own_page(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    let alice = teams.real_client("alice", CHANNELS).await;
    let bob = teams.real_client("bob", CHANNELS).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/teams/page.mjs");
    let mut node = tokio::process::Command::new("node");
    node.arg(script).stdin(Stdio::null()).kill_on_drop(true);
    node.env("JIT_CHROMIUM", AgentsPlayground::browser()).env("JIT_MODULES", AgentsPlayground::modules());
    node.env("JIT_REQUESTER", alice.page()).env("JIT_APPROVER", bob.page());
    let ended = tokio::time::timeout(std::time::Duration::from_secs(180), node.output()).await;
    let output = ended.expect("the page ends").expect("node runs");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("asked\napproved\nlive\ngone"), "{said}");
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}
