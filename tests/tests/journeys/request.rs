//! Asking in one line: approved by policy, refused with the rule's name, helped with typos, collapsed when doubled.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World};
use rstest::rstest;

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn low_risk_is_approved_by_policy_and_lives_its_life(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let answer =
        world.says("alice", "#access", "/jit request orders-read for 15m because checking the order totals").await;
    assert!(answer.contains("Orders database, read"), "{answer}");
    world.sees("alice", "Orders database, read").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_read"));
    world.channel_sees("#access", "Alice Ames").await;

    world.passes(TimeDelta::minutes(14)).await;
    assert!(world.holds("orders-db", "alice", "app_read"), "it ends at its end, not before");
    world.passes(TimeDelta::minutes(1) + TimeDelta::seconds(1)).await;
    assert!(!world.holds("orders-db", "alice", "app_read"));
    world.sees("alice", "verified gone").await;
    world.channel_sees("#access", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_the_rule_and_who_could_change_it(#[case] backend: Backend) {
    let world = World::start(backend).await;
    for (who, text, expected) in [
        ("carl", "/jit request orders-write for 1h because the export is broken", vec!["medium risk", "Erin Engel"]),
        (
            "alice",
            "/jit request orders-wriet for 1h because the export is broken",
            vec!["Did you mean", "orders-write"],
        ),
        ("alice", "/jit requst orders-write for 1h because x", vec!["request"]),
        ("alice", "/jit request orders-write for 9h because the export is broken", vec!["4h"]),
        ("alice", "/jit request orders-write for 1h because asdf", vec!["justification"]),
        ("alice", "/jit show A-222222", vec!["no access A-222222"]),
    ] {
        let answer = world.says(who, "#access", text).await;
        for word in expected {
            assert!(answer.contains(word), "{text}: {word:?} is not in: {answer}");
        }
    }
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn doubled_requests_collapse_into_one(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let line = "/jit request orders-write for 1h because the export is broken since noon";
    let (first, second) = tokio::join!(world.says("alice", "#access", line), world.says("alice", "#access", line));
    assert!(first.contains("Bob Baker") && second.contains("Bob Baker"), "{first}\n{second}");
    let open = world.app.dispatch.store.all_open().await.expect("open");
    assert_eq!(open.len(), 1);
    world.presses("alice", "Cancel request").await;
    world.sees("bob", "ancelled").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn looking_verbs_answer_the_right_people(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let none = world.says("alice", "#access", "/jit mine").await;
    assert!(none.contains("othing") || none.contains("no "), "an empty state speaks: {none}");
    world.says("alice", "#access", "/jit request orders-write for 1h because the export is broken since noon").await;
    let pending = world.says("bob", "#access", "/jit pending").await;
    assert!(pending.contains("Orders database, write"), "{pending}");
    let not_mine = world.says("sam", "#access", "/jit pending").await;
    assert!(!not_mine.contains("Orders database, write"), "{not_mine}");
    world.presses("bob", "Approve").await;
    world.sees("alice", "live:").await;
    let who = world.says("erin", "#access", "/jit who orders-write").await;
    assert!(who.contains("Alice Ames"), "the owner sees who holds it: {who}");
    let who = world.says("carl", "#access", "/jit who orders-write").await;
    assert!(!who.contains("Alice Ames"), "others do not: {who}");
    let roles = world.says("alice", "#access", "/jit roles orders").await;
    assert!(roles.contains("orders-read") && roles.contains("orders-admin"), "{roles}");
    let why = world.says("carl", "#access", "/jit why orders-admin").await;
    assert!(why.contains("high risk"), "{why}");
    let help = world.says("alice", "#access", "/jit help request").await;
    assert!(help.contains("/jit request"), "{help}");
    world.presses("alice", "I'm done").await;
    world.sees("alice", "verified gone").await;
    world.end().await;
}
