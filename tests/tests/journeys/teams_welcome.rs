//! The app comes to somebody: one card, once, with what one needs first; to a team it says nothing; whoever is not known hears whom to ask.

use std::time::Duration;

use jit_tests::servers::{Fault, Message, Teams};
use jit_tests::world::{Backend, World};
use rstest::rstest;
use serde_json::{Value, json};

/// What `jit` said in a place.
fn said(teams: &Teams, place: &str) -> Vec<Message> {
    teams.messages(place).into_iter().filter(|it| it.from.is_none()).collect()
}

/// Teams tells that the app was installed.
fn added(teams: &Teams, who: &str) -> Value {
    let mut activity = teams.activity(who, who);
    activity["type"] = json!("installationUpdate");
    activity["action"] = json!("add");
    activity
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_greeted_once_with_what_they_need_first(#[case] backend: Backend) {
    let world = World::in_teams(backend).await;
    let teams = world.teams();
    // Each activity comes three times at once, and there are two of them.
    teams.resend(3);
    teams.installs("alice", "alice").await;
    world.idle().await;
    teams.resend(1);
    let [welcome] = <[Message; 1]>::try_from(said(teams, "alice")).expect("one card");
    let text = welcome.readable();
    for words in ["take it back", "request ", "home", "help", "because"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(welcome.buttons(), ["Ask for access…", "My access", "Help"]);
    teams.press_on("alice", &welcome.id, "Help").await;
    assert!(teams.form("alice").await.readable().contains("why ROLE"));
    teams.press_on("alice", &welcome.id, "My access").await;
    assert!(teams.form("alice").await.readable().contains("You hold nothing now"));
    teams.press_on("alice", &welcome.id, "Ask for access…").await;
    let form = teams.form("alice").await;
    assert!(form.fields().iter().any(|field| field.id == "duration"), "{}", form.readable());
    assert_eq!(said(teams, "alice").len(), 1, "the answers are in dialogs");

    // A copy that comes late, an update of the app, and a conversation that goes on.
    let late = teams.traffic().into_iter().find(|it| it.body["type"] == "installationUpdate").expect("it was told");
    teams.send(&late.body).await;
    for who in ["alice", "bob"] {
        let mut updated = added(teams, who);
        updated["action"] = json!("add-upgrade");
        teams.send(&updated).await;
    }
    teams.says("alice", "alice", "mine").await;
    world.idle().await;
    assert_eq!(said(teams, "alice").len(), 2, "{}", teams.transcript("alice"));
    assert!(said(teams, "bob").is_empty(), "he had it before: {}", teams.transcript("bob"));

    // It goes, and comes again.
    teams.uninstalls("alice", "alice").await;
    teams.installs("alice", "alice").await;
    world.idle().await;
    assert_eq!(said(teams, "alice").len(), 3, "{}", teams.transcript("alice"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn a_team_is_not_disturbed_and_a_stranger_hears_whom_to_ask(#[case] backend: Backend) {
    let world = World::in_teams(backend).await;
    let teams = world.teams();
    for place in ["#access", "orders"] {
        teams.installs("alice", place).await;
    }
    world.idle().await;
    assert!(said(teams, "#access").is_empty() && said(teams, "orders").is_empty() && said(teams, "alice").is_empty());
    let carls = "teams = \"8c0e4a7e-0000-4000-8000-000000000004\"";
    world.edit("people.toml", carls, "slack = \"U0005\"").await;
    teams.installs("carl", "carl").await;
    world.idle().await;
    let [told] = <[Message; 1]>::try_from(said(teams, "carl")).expect("one card");
    let text = told.readable();
    for words in ["not in the directory", "Ask who administers jit", "8c0e4a7e-0000-4000-8000-000000000004"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(told.buttons().is_empty(), "there is nothing that he could do: {text}");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_that_did_not_get_there_is_said_at_the_next_occasion(#[case] backend: Backend) {
    let world = World::in_teams(backend).await;
    let teams = world.teams();
    let failed = |teams: &Teams| teams.traffic().iter().filter(|it| !it.to_bot && it.status == 503).count();
    teams.misbehave("POST v3/conversations/a:bob/activities", Fault::Status(503, None), None);
    teams.send(&added(teams, "bob")).await;
    teams.wait_for(|teams| (failed(teams) > 0).then_some(())).await.expect("it was tried");
    teams.behave();
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while said(teams, "bob").is_empty() {
        assert!(std::time::Instant::now() < end, "bob is never greeted");
        teams.send(&added(teams, "bob")).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    teams.send(&added(teams, "bob")).await;
    world.idle().await;
    assert_eq!(said(teams, "bob").len(), 1, "{}", teams.transcript("bob"));
    world.end().await;
}
