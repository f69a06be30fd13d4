//! Deciding in Teams: for less time, denied, claimed, asked back; twice is once; who may act sees buttons, and others do not.

use chrono::TimeDelta;
use jit_tests::servers::Submitted;
use jit_tests::world::{Backend, World};
use rstest::rstest;
use serde_json::json;

const WRITE: &str = "request orders-write for 1h because the export is broken since noon";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn approved_for_less_time(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", WRITE).await;
    teams.presses("bob", "Approve for less time…").await;
    let mistyped = teams.submits("bob", &[("duration", "15m"), ("other-duration", "10h")]).await;
    assert!(mistyped.errors().contains_key("other-duration"), "{}", mistyped.readable());
    let sent = teams.submits("bob", &[("duration", "15m"), ("other-duration", "")]).await;
    assert!(!matches!(sent, Submitted::Again(_)), "{}", sent.readable());
    teams.sees("alice", "live:").await;
    world.passes(TimeDelta::minutes(16)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"), "what was approved counts, not what was asked");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn denied_with_a_reason_and_every_copy_says_so(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", WRITE).await;
    teams.sees("erin", "export is broken").await;
    teams.presses("bob", "Deny…").await;
    teams.submits("bob", &[("reason", "please use the read replica")]).await;
    teams.sees("alice", "please use the read replica").await;
    teams.sees("erin", "enied").await;
    world.idle().await;
    assert!(!teams.transcript("erin").contains("[Approve]"), "{}", teams.transcript("erin"));
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn claimed_asked_back_and_answered(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", WRITE).await;
    teams.presses("bob", "I'm looking").await;
    for person in ["alice", "bob", "erin"] {
        teams.sees(person, "is looking at it since").await;
    }
    teams.presses("bob", "Ask a question…").await;
    teams.submits("bob", &[("reason", "which tables?")]).await;
    teams.sees("erin", "Bob Baker asked Alice Ames").await;
    teams.sees("alice", "Bob Baker asks about").await;
    teams.presses("alice", "Reply…").await;
    teams.submits("alice", &[("reason", "orders_2026 alone")]).await;
    for approver in ["bob", "erin"] {
        teams.sees(approver, "orders_2026 alone").await;
    }
    teams.presses("bob", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    teams.presses("alice", "I'm done").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_is_done_once(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    // Each activity comes three times at once, as from a Teams that got no answer in time.
    teams.resend(3);
    teams.types("alice", "alice", WRITE).await;
    teams.sees("bob", "export is broken").await;
    world.idle().await;
    assert_eq!(world.app.dispatch.store.all_open().await.expect("open").len(), 1);
    let cards = teams.transcript("alice").matches("Waiting for approval: Orders").count();
    assert_eq!(cards, 1, "one card:\n{}", teams.transcript("alice"));
    assert_eq!(teams.transcript("bob").matches("asks for Orders").count(), 1, "{}", teams.transcript("bob"));
    teams.presses("bob", "Approve").await;
    world.idle().await;
    let access = world.app.dispatch.store.all_open().await.expect("open").remove(0);
    assert_eq!(access.votes.len(), 1, "one vote");
    teams.resend(1);
    // The same words once more, as a message of its own, are another matter: the open request is shown.
    let again = teams.says("alice", "alice", WRITE).await;
    assert!(again.contains("already") || again.contains("live"), "{again}");
    assert_eq!(world.app.dispatch.store.all_open().await.expect("open").len(), 1);
    // A late copy of the press changes nothing any more.
    let press = teams.traffic().into_iter().find(|it| it.body["name"] == "adaptiveCard/action").expect("bob pressed");
    teams.presses("alice", "I'm done").await;
    teams.sees("alice", "verified gone").await;
    let (status, _) = teams.send(&press.body).await;
    assert_eq!(status, 200, "it is answered");
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"), "and does nothing");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn two_presses_at_once_have_one_outcome(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", WRITE).await;
    let (bobs, erins) = (teams.button("bob", "bob", "Approve").await, teams.button("erin", "erin", "Approve").await);
    tokio::join!(teams.press_on("bob", &bobs, "Approve"), teams.press_on("erin", &erins, "Approve"));
    world.idle().await;
    let access = world.app.dispatch.store.all_open().await.expect("open").remove(0);
    assert_eq!(access.votes.len(), 1, "one vote was needed, one was counted");
    let (winner, loser) =
        if access.votes[0].by.as_str() == "bob" { ("Bob Baker", "erin") } else { ("Erin Engel", "bob") };
    teams.is_told(loser, winner).await;
    teams.presses("alice", "I'm done").await;
    teams.sees("alice", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn in_a_channel_who_may_act_sees_buttons_and_others_do_not(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", WRITE).await;
    teams.presses("bob", "Approve").await;
    teams.sees("alice", "live:").await;
    let grant = teams.channel_sees("#access", "Alice Ames").await;
    assert!(!grant.buttons().contains(&"Revoke…".to_owned()), "what all see has no button that acts: {grant:?}");
    let face = async |who: &str| teams.face(who, &grant.id).await.map(|card| card.to_string()).unwrap_or_default();
    assert!(face("erin").await.contains("Revoke…"), "the owner's");
    assert!(face("sam").await.contains("Revoke…"), "security's");
    assert!(!face("carl").await.contains("Revoke…"), "anybody's");
    // And pressing what one never saw is judged like everything.
    let forged = json!({ "type": "Action.Execute", "verb": "done", "data": { "access": access(&world).await } });
    teams.execute("carl", &grant, forged, "manual").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    teams.press_on("erin", &grant.id, "Revoke…").await;
    teams.submits("erin", &[("reason", "odd queries were seen")]).await;
    teams.sees("alice", "odd queries were seen").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}

/// Teams numbers messages by the millisecond: two that were posted at once to two people can have one number.
#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_press_is_never_somebody_elses_card(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", WRITE).await;
    let alices = teams.sees("alice", "Waiting for approval").await;
    let bobs = teams.sees("bob", "export is broken").await;
    world.idle().await;
    let claim = json!({ "type": "Action.Execute", "verb": "claim", "data": { "access": access(&world).await } });
    let mut press = teams.executed("bob", &bobs, claim, "manual");
    press["replyToId"] = json!(alices.id);
    let (status, answer) = teams.send(&press).await;
    assert_eq!(status, 200);
    assert!(!answer.to_string().contains("Cancel request"), "what alice may do is on her card alone: {answer}");
    // On their own card they see it as it stands.
    let approve = json!({ "type": "Action.Execute", "verb": "approve", "data": { "access": access(&world).await } });
    let (_, answer) = teams.execute("bob", &bobs, approve, "manual").await;
    assert_eq!(answer["type"], "application/vnd.microsoft.card.adaptive", "{answer}");
    teams.presses("alice", "I'm done").await;
    world.end().await;
}

async fn access(world: &World) -> String {
    world.app.dispatch.store.all_open().await.expect("open")[0].id.to_string()
}
