//! All at a glance: `home` in Teams and in Slack, and from what Teams offers beside the words.

use jit_tests::world::{Backend, World};
use rstest::rstest;

const WRITE: &str = "request orders-write for 1h because the export is broken since noon";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn what_i_hold_what_i_asked_for_and_what_waits_for_me(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    let nothing = teams.says("alice", "alice", "home").await;
    assert!(nothing.contains("You hold nothing now") && nothing.contains("[Ask for access…]"), "{nothing}");
    teams.types("alice", "alice", WRITE).await;
    teams.sees("bob", "export is broken").await;
    world.idle().await;
    let asked = teams.says("alice", "alice", "/jit home").await;
    assert!(asked.contains("What you asked for") && asked.contains("Orders database, write"), "{asked}");
    let waits = teams.says("bob", "bob", "home").await;
    assert!(waits.contains("one decision waits for you") && waits.contains("Orders database, write"), "{waits}");
    let others = teams.says("carl", "carl", "home").await;
    assert!(!others.contains("Orders database, write"), "{others}");
    teams.presses("bob", "Approve").await;
    teams.sees("alice", "live:").await;
    world.idle().await;
    // From the box below a chat of others: in a dialog, which nobody else sees.
    let before = teams.messages("orders").len();
    teams.opens("alice", "orders", "home").await;
    let shown = teams.form("alice").await.readable();
    assert!(shown.contains("You hold one role") && shown.contains("in 1h"), "{shown}");
    assert_eq!(teams.messages("orders").len(), before);
    // What is somebody's own is not said in front of others.
    teams.types("alice", "#access", "home").await;
    teams.channel_sees("#access", "answered in our own chat").await;
    assert!(!teams.saw("#access", "You hold one role"));
    teams.presses("alice", "I'm done").await;
    teams.sees("alice", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_in_slack_say_what_the_tab_says(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", &format!("/jit {WRITE}")).await;
    world.sees("bob", "export is broken").await;
    world.opens_home("bob").await;
    world.home_says("bob", "one decision waits for you").await;
    let said = world.says("bob", "#access", "/jit home").await;
    for words in ["one decision waits for you", "Orders database, write", "What you hold"] {
        assert!(said.contains(words) && world.home("bob").contains(words), "{words}: {said}\n{}", world.home("bob"));
    }
    world.presses("alice", "Cancel request").await;
    world.idle().await;
}
