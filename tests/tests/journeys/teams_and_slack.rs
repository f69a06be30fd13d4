//! Slack and Teams in one life: asked there, agreed here, told in both; one person is one person on both.

use chrono::TimeDelta;
use jit_tests::world::{Backend, On, World};
use rstest::rstest;

const ADMIN: &str = "/jit request orders-admin for 1h because the schema must be repaired now";
const WRITE: &str = "request orders-write for 1h because the export is broken since noon";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn asked_in_slack_agreed_in_teams_seen_by_security_in_both(#[case] backend: Backend) {
    let world = World::in_both(backend, &[("bob", On::Teams), ("sam", On::Both)]).await.with_app().await;
    let teams = world.teams();
    world.says("alice", "#access", ADMIN).await;
    let asked = teams.sees("bob", "schema must be repaired").await;
    assert!(world.conversation("bob").is_empty(), "bob is in Teams alone");
    teams.presses("bob", "Approve").await;

    // Security is on both; sam decides where the request found him.
    let in_slack = world.chat.wait_for(
        |_| (world.saw("sam", "Orders database") || teams.saw("sam", "Orders database")).then_some(()),
        std::time::Duration::from_secs(20),
    );
    in_slack.await.expect("sam is asked");
    if world.saw("sam", "Orders database") {
        world.presses("sam", "Approve").await;
    } else {
        teams.presses("sam", "Approve").await;
    }
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_admin"));

    // Each card was edited in its place, on its platform.
    world.sees("alice", "live:").await;
    let edited = teams.sees("bob", "Sam Sato").await;
    assert_eq!(edited.id, asked.id, "the first approver's card says how it went on");
    assert!(edited.edits > 0);
    // Everybody is told on both.
    world.channel_sees("#access", "Alice Ames").await;
    teams.channel_sees("#access", "Alice Ames").await;
    world.passes(TimeDelta::minutes(61)).await;
    assert!(!world.holds("orders-db", "alice", "app_admin"));
    world.sees("alice", "verified gone").await;
    world.channel_sees("#access", "verified gone").await;
    teams.channel_sees("#access", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn asked_in_teams_agreed_in_slack(#[case] backend: Backend) {
    let world = World::in_both(backend, &[("alice", On::Teams)]).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", WRITE).await;
    world.sees("bob", "export is broken").await;
    world.presses("bob", "Deny…").await;
    world.submits("bob", &[("reason", "please use the read replica")]).await;
    teams.sees("alice", "please use the read replica").await;
    world.sees("erin", "enied").await;

    teams.types("alice", "alice", WRITE).await;
    world.presses("bob", "Approve").await;
    teams.sees("alice", "live:").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    teams.presses("alice", "I'm done").await;
    teams.sees("alice", "verified gone").await;
    world.sees("bob", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_agrees_in_teams_to_what_they_asked_for_in_slack(#[case] backend: Backend) {
    let world = World::in_both(backend, &[("bob", On::Both), ("erin", On::Both)]).await.with_app().await;
    let teams = world.teams();
    world.says("bob", "#access", &format!("/jit {WRITE}")).await;
    let short = world.app.dispatch.store.all_open().await.expect("open")[0].short.clone();
    for who in ["bob"] {
        let answer = teams.says(who, who, &format!("approve {short}")).await;
        assert!(answer.contains("own request"), "{answer}");
    }
    assert!(!world.conversation("bob").contains("[Approve]") && !teams.transcript("bob").contains("[Approve]"));
    world.idle().await;
    assert!(!world.holds("orders-db", "bob", "app_write"));
    // Nor does anybody count twice, once on each.
    let (here, there) = (format!("approve {short}"), format!("/jit approve {short}"));
    let (first, second) = tokio::join!(teams.says("erin", "erin", &here), world.says("erin", "#access", &there));
    world.idle().await;
    let access = world.app.dispatch.store.all_open().await.expect("open").remove(0);
    assert_eq!(access.votes.len(), 1, "{first}\n{second}");
    world.presses("bob", "I'm done").await;
    world.sees("bob", "verified gone").await;
    world.end().await;
}
