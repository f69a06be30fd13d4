//! The kill switch: security stops new access, revocations go on, everybody is told, and it is lifted again.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const WRITE: &str = "/jit request orders-write for 1h because the export is broken since noon";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_frozen_is_not_given_and_is_taken_back_all_the_same(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", "/jit request orders-read for 10m because checking the order totals").await;
    world.sees("alice", "live:").await;
    world.says("alice", "#access", WRITE).await;
    world.button("bob", "Approve").await;

    let refused = world.says("alice", "#access", "/jit freeze because I want to see what happens").await;
    assert!(refused.contains("Only security"), "{refused}");
    assert!(world.says("sam", "#access", "/jit freeze").await.contains("Nothing is frozen"));
    let refused = world.says("sam", "#access", "/jit freeze orders-wirte because credentials leaked").await;
    assert!(refused.contains("Did you mean orders-write"), "{refused}");
    let frozen = world.says("sam", "#access", "/jit freeze orders-write because credentials leaked").await;
    assert!(frozen.contains("Frozen: the role orders-write") && frozen.contains("credentials leaked"), "{frozen}");
    let why = world.says("alice", "#access", "/jit why orders-write").await;
    assert!(why.contains("New access is frozen for the role orders-write, by"), "{why}");
    let why = world.says("alice", "#access", "/jit why orders-read").await;
    assert!(!why.contains("frozen"), "{why}");
    let again = world.says("sam", "#access", "/jit freeze orders-write because credentials leaked").await;
    assert!(again.contains("frozen already"), "{again}");
    world.channel_sees("#access", "New access is frozen: the role orders-write").await;
    world.channel_sees("#security", "New access is frozen: the role orders-write").await;

    world.presses("bob", "Approve").await;
    world.is_told("bob", "dm", "New access is frozen for the role orders-write").await;
    world.says("sam", "#access", "/jit freeze because the laptops were stolen").await;
    let refused = world.says("olive", "#access", "/jit request orders-read for 10m because checking the totals").await;
    assert!(refused.contains("frozen for everything") && refused.contains("laptops were stolen"), "{refused}");
    world.passes(TimeDelta::minutes(11)).await;
    assert!(!world.holds("orders-db", "alice", "app_read"), "what is held goes on to its end, and is taken back");

    for what in ["", " orders-write"] {
        let lifted = world.says("sam", "#access", &format!("/jit unfreeze{what}")).await;
        assert!(lifted.contains("No longer frozen"), "{lifted}");
    }
    assert!(world.says("sam", "#access", "/jit unfreeze").await.contains("not frozen"));
    world.channel_sees("#access", "No longer frozen: the role orders-write").await;
    world.presses("bob", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    world.presses("alice", "I'm done").await;
    world.idle().await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn that_a_person_is_frozen_is_told_security_and_why_nobody_else(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("sam", "#access", "/jit freeze @alice because odd refunds at night").await;
    world.channel_sees("#security", "odd refunds").await;
    let refused = world.says("alice", "#access", WRITE).await;
    assert!(refused.contains("frozen for Alice Ames, by Sam Sato") && !refused.contains("odd refunds"), "{refused}");
    let hers = world.says("alice", "#access", "/jit freeze").await;
    assert!(hers.contains("Alice Ames, by Sam Sato") && !hers.contains("odd refunds"), "{hers}");
    assert!(world.says("carl", "#access", "/jit freeze").await.contains("Nothing is frozen"));
    assert!(world.says("sam", "#access", "/jit freeze").await.contains("odd refunds"));
    world.idle().await;
    assert!(!world.readable("#access").contains("frozen"), "{}", world.readable("#access"));
    world.says("sam", "#access", "/jit unfreeze @alice").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_policy_and_one_that_fails_are_told_security_once(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.edit("policy/rules.toml", "timeout", "# changed\ntimeout").await;
    world.channel_sees("#security", "Another policy is in force").await;
    let path = world.file("policy/rules.toml");
    let sound = std::fs::read_to_string(&path).expect("the file is there");
    std::fs::write(&path, sound.replacen("who = ", "hwo = ", 1)).expect("it can be written");
    for _ in 0..2 {
        world.app.reload().await.expect_err("the key is misspelt");
    }
    world.channel_sees("#security", "was not put in force").await;
    world.idle().await;
    let told = world.readable("#security");
    assert_eq!(told.matches("was not put in force").count(), 1, "{told}");
    assert!(told.contains("hwo"), "the problem is named: {told}");
    world.end().await;
}
