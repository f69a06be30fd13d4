//! Teams alone: the whole life of an access where there is no Slack at all.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const READ: &str = "request orders-read for 15m because checking the order totals";
const WRITE: &str = "request orders-write for 1h because the export is broken since noon";
const ADMIN: &str = "request orders-admin for 1h because the schema must be repaired now";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn low_risk_is_approved_by_policy_and_lives_its_life(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    let answer = teams.says("alice", "alice", READ).await;
    assert!(answer.contains("Orders database, read"), "{answer}");
    teams.sees("alice", "live:").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_read"));
    teams.channel_sees("#access", "Alice Ames").await;
    world.passes(TimeDelta::minutes(14)).await;
    assert!(world.holds("orders-db", "alice", "app_read"), "it ends at its end, not before");
    world.passes(TimeDelta::minutes(1) + TimeDelta::seconds(1)).await;
    assert!(!world.holds("orders-db", "alice", "app_read"));
    teams.sees("alice", "verified gone").await;
    teams.channel_sees("#access", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn two_people_in_two_steps_warned_extended_and_over(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", ADMIN).await;
    teams.sees("bob", "schema must be repaired").await;
    assert!(!teams.saw("sam", "schema"), "security is asked in the second step");
    teams.presses("bob", "Approve").await;
    teams.sees("sam", "Orders database, administrator").await;
    assert!(!world.holds("orders-db", "alice", "app_admin"), "one of two is not enough");
    teams.presses("sam", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_admin"));
    let bobs = teams.sees("bob", "Sam Sato").await;
    assert!(bobs.edits > 0, "the first approver's card says how it went on");

    world.passes(TimeDelta::minutes(50)).await;
    teams.presses("alice", "Extend…").await;
    teams.submits("alice", &[("duration", "1h"), ("reason", "the repair needs another hour")]).await;
    teams.sees("bob", "another hour").await;
    teams.presses("bob", "Approve").await;
    teams.presses("sam", "Approve").await;
    world.passes(TimeDelta::minutes(40)).await;
    assert!(world.holds("orders-db", "alice", "app_admin"), "the extension goes on where the first ended");
    world.passes(TimeDelta::minutes(40)).await;
    assert!(!world.holds("orders-db", "alice", "app_admin"));
    teams.sees("alice", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn done_early_and_revoked_by_the_owner(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", WRITE).await;
    teams.presses("bob", "Approve").await;
    teams.sees("alice", "live:").await;
    teams.presses("alice", "I'm done").await;
    teams.sees("alice", "verified gone").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    assert!(!teams.transcript("alice").contains("[I'm done]"), "{}", teams.transcript("alice"));

    teams.types("alice", "alice", WRITE).await;
    teams.presses("bob", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    let short = world.app.dispatch.store.all_open().await.expect("open")[0].short.clone();
    let refused = teams.says("olive", "olive", &format!("revoke {short} because I want it too")).await;
    assert!(refused.contains("There is no access"), "{refused}");
    teams.types("sam", "sam", &format!("revoke {short} because odd queries were seen")).await;
    teams.sees("alice", "odd queries were seen").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_and_its_review(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.opens_by_words("alice", "alice", "emergency orders-admin for 30m").await;
    let form = teams.form("alice").await.readable();
    assert!(
        form.contains("nobody is asked") && form.contains("has to review it"),
        "consequences are spelt out: {form}"
    );
    let values = |reason| [("role", "orders-admin"), ("duration", "30m"), ("reason", reason)];
    let vague = teams.submits("alice", &values("test test test")).await;
    assert!(vague.errors().contains_key("reason"), "{}", vague.readable());
    assert!(!world.holds("orders-db", "alice", "app_admin"));
    teams.submits("alice", &values("checkout is down, the order locks must be cleared")).await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_admin"), "nobody was asked");
    assert!(!teams.saw("bob", "order locks"), "nobody at all");
    teams.channel_sees("#access", "taken in an emergency").await;
    let card = teams.channel_sees("#security", "Emergency bypass: Alice Ames took").await;
    assert!(card.readable().contains("order locks must be cleared"), "{}", card.readable());
    world.passes(TimeDelta::minutes(31)).await;
    assert!(!world.holds("orders-db", "alice", "app_admin"), "it ends as ever");
    teams.presses_in("sam", "#security", "Misuse…").await;
    teams.submits("sam", &[("reason", "no incident was open")]).await;
    teams.sees("alice", "Reviewed as misuse").await;
    world.idle().await;
    let reviewed = teams.channel_sees("#security", "Misuse: Alice Ames took").await;
    let seen = teams.face("sam", &reviewed.id).await.expect("a card").to_string();
    assert!(!seen.contains("Justified…"), "it is reviewed once: {seen}");
    world.end().await;
}
