//! Teams in trouble: revocations do not wait for it, what was missed is told afterwards, in order, once; people without the app are told
//! elsewhere, and where the app is comes and goes.

use chrono::TimeDelta;
use jit_tests::servers::Fault;
use jit_tests::world::{Backend, World};
use rstest::rstest;
use serde_json::json;

const READ: &str = "request orders-read for 15m because checking the order totals";
const WRITE: &str = "request orders-write for 30m because the export is broken since noon";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn an_hour_without_teams(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", WRITE).await;
    teams.presses("bob", "Approve").await;
    teams.sees("alice", "live:").await;
    world.idle().await;
    teams.misbehave("", Fault::Status(502, None), None);
    world.passes(TimeDelta::minutes(31)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"), "the end does not wait for chat");
    assert!(!teams.saw("alice", "verified gone"));
    world.passes(TimeDelta::minutes(29)).await;
    teams.behave();
    world.passes(TimeDelta::minutes(6)).await;
    teams.sees("alice", "verified gone").await;
    teams.channel_sees("#access", "verified gone").await;
    let said = teams.transcript("#access");
    let at = |words: &str| said.find(words).unwrap_or_else(|| panic!("{words:?} is missing: {said}"));
    // The card says how it is now; what happened stands below it, once, in the order in which it did.
    assert!(at("Ended, verified gone: Orders database, write of Alice Ames") < at("↳"), "{said}");
    assert!(at("Its end has come") < at("Ended, verified gone: Orders database, write (Alice Ames)"), "{said}");
    for line in ["Its end has come", "write (Alice Ames)"] {
        assert_eq!(said.matches(line).count(), 1, "{said}");
    }
    world.end().await;
}

#[rstest]
#[case::too_many(Fault::Status(429, Some(7)))]
#[case::precondition(Fault::Status(412, None))]
#[case::bad_gateway(Fault::Status(502, None))]
#[case::gateway_timeout(Fault::Status(504, None))]
#[case::cut_before(Fault::Dropped { applied: false })]
#[case::token_over(Fault::Status(401, None))]
#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_now_is_sent_again(#[case] fault: Fault) {
    let world = World::in_teams(Backend::Embedded).await.with_app().await;
    let teams = world.teams();
    teams.misbehave("activities", fault, Some(3));
    teams.types("alice", "alice", READ).await;
    world.passes(TimeDelta::minutes(5)).await;
    teams.sees("alice", "live:").await;
    teams.channel_sees("#access", "Alice Ames").await;
    let grants = teams.messages("#access").iter().filter(|it| it.readable().contains("Alice Ames")).count();
    assert_eq!(grants, 1, "each once:\n{}", teams.transcript("#access"));
    teams.presses("alice", "I'm done").await;
    world.passes(TimeDelta::minutes(1)).await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn as_long_as_teams_asks_to_wait_nothing_is_sent_there(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", READ).await;
    teams.sees("alice", "live:").await;
    world.idle().await;
    let before = teams.traffic().len();
    teams.misbehave("PUT", Fault::Status(429, Some(120)), Some(1));
    teams.presses("alice", "I'm done").await;
    world.passes(TimeDelta::seconds(110)).await;
    let edits = |teams: &jit_tests::servers::Teams| {
        let all = teams.traffic();
        all[before..].iter().filter(|it| !it.to_bot && it.method == "PUT" && it.path.contains("a:alice")).count()
    };
    assert_eq!(edits(teams), 1, "the one that was refused");
    assert!(!world.holds("orders-db", "alice", "app_read"), "taken back all the same");
    world.passes(TimeDelta::seconds(30)).await;
    assert!(edits(teams) > 1);
    teams.sees("alice", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn bearers_are_kept_while_they_are_good(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    for _ in 0..5 {
        teams.says("alice", "alice", "mine").await;
    }
    assert_eq!(teams.asked().bearers, 1, "one for all");
    teams.revoke_bearers();
    teams.says("alice", "alice", "mine").await;
    assert_eq!(teams.asked().bearers, 2, "one that is refused is not used again");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn who_lacks_the_app_is_told_in_the_fallback_channel(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.set_installed("bob", false);
    teams.types("alice", "alice", WRITE).await;
    teams.sees("erin", "export is broken").await;
    let told = teams.channel_sees("#help", "Bob Baker").await;
    let raw = told.activity.to_string();
    assert!(raw.contains("mention"), "he is mentioned, so that Teams shows him: {raw}");
    assert!(!raw.contains("export is broken") && !raw.contains("Alice"), "why, and who asks, is not for all: {raw}");
    // There too a press is judged by who presses, were it one that nobody was offered.
    let open = async || world.app.dispatch.store.all_open().await.expect("open").remove(0);
    let forged =
        json!({ "type": "Action.Execute", "verb": "approve", "data": { "access": open().await.id.to_string() } });
    teams.execute("carl", &told, forged, "manual").await;
    world.idle().await;
    assert!(open().await.votes.is_empty(), "carl may not");
    // Once the app is there he is reached himself.
    teams.installs("bob", "bob").await;
    teams.presses("alice", "Cancel request").await;
    world.idle().await;
    teams.types("alice", "alice", "request orders-write for 20m because the export is broken again").await;
    teams.sees("bob", "broken again").await;
    // And when it goes, he is not.
    teams.presses("alice", "Cancel request").await;
    teams.sees("bob", "ancelled").await;
    world.idle().await;
    teams.uninstalls("bob", "bob").await;
    let before = teams.traffic().len();
    teams.types("alice", "alice", "request orders-write for 25m because the export is broken once more").await;
    teams.sees("erin", "once more").await;
    world.idle().await;
    assert!(!teams.saw("bob", "once more"));
    let tried = teams.traffic()[before..].iter().filter(|it| !it.to_bot && it.path.contains("a:bob/")).count();
    assert_eq!(tried, 0, "where the app is not, nothing is tried");
    teams.presses("alice", "Cancel request").await;
    world.end().await;
}
