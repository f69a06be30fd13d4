//! One card in a channel, and what each one sees of it: who may act gets their own face by their client's asking, others see what all see, and
//! nothing that is asked for, forged or late changes anything.

use jit_tests::servers::{Message, Teams};
use jit_tests::world::{Backend, World};
use rstest::rstest;
use serde_json::{Value, json};

const WRITE: &str = "request orders-write for 1h because the export is broken since noon";

/// Alice holds it, and the channel knows.
async fn announced(world: &World) -> Message {
    let teams = world.teams();
    teams.types("alice", "alice", WRITE).await;
    teams.presses("bob", "Approve").await;
    teams.sees("alice", "live:").await;
    let grant = teams.channel_sees("#access", "Alice Ames").await;
    world.idle().await;
    grant
}

/// Whose clients ask for a face of their own.
fn asking(message: &Message) -> Vec<String> {
    let listed = message.card().expect("a card")["refresh"]["userIds"].as_array().cloned().unwrap_or_default();
    let mut listed: Vec<String> = listed.iter().map(|id| id.as_str().expect("an id").to_owned()).collect();
    listed.sort();
    listed
}

fn now(teams: &Teams, message: &Message) -> Message {
    teams.messages("#access").into_iter().find(|it| it.id == message.id).expect("it is there")
}

fn text(card: Option<Value>) -> String {
    card.map(|card| card.to_string()).unwrap_or_default()
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn who_may_act_is_asked_for_and_after_the_decision_all_see_the_same(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    let grant = announced(&world).await;
    assert_eq!(asking(&grant), ["29:erin", "29:sam"], "the owner's and security's clients, and nobody else's");
    assert!(grant.buttons().is_empty(), "all others have nothing to press: {:?}", grant.buttons());
    let face = text(teams.looks("erin", &grant.id).await);
    assert!(face.contains("Revoke…") && face.contains(r#""userIds":["29:erin"]"#), "kept true for her alone: {face}");
    assert!(!text(teams.looks("carl", &grant.id).await).contains("Revoke…"));
    let before = world.app.dispatch.store.all_open().await.expect("open").remove(0);
    assert_eq!(before.votes.len(), 1, "looking decides nothing");

    teams.press_on("erin", &grant.id, "Revoke…").await;
    teams.submits("erin", &[("reason", "odd queries were seen")]).await;
    teams.sees("alice", "odd queries were seen").await;
    world.idle().await;
    let decided = now(teams, &grant);
    assert!(decided.edits > 0 && asking(&decided).is_empty() && decided.buttons().is_empty(), "{decided:?}");
    for who in ["erin", "sam", "carl", "alice"] {
        let seen = text(teams.looks(who, &grant.id).await);
        assert!(seen.contains("verified gone") && !seen.contains("Revoke…"), "{who}: {seen}");
    }
    // A client that slept through it asks as it was told when the card was new.
    teams.execute("erin", &grant, grant.card().expect("a card")["refresh"]["action"].clone(), "automatic").await;
    let late = text(teams.looks("erin", &grant.id).await);
    assert!(late.contains("verified gone") && !late.contains("Revoke…"), "{late}");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_refresh_shows_no_more_than_its_sender_may_see_and_changes_nothing(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    let grant = announced(&world).await;
    let action = grant.card().expect("a card")["refresh"]["action"].clone();
    let stored = || async { world.app.dispatch.store.all_open().await.expect("open") };
    let before = stored().await;
    // Carl is no party to it: what he asks for he is not shown, whichever card he names.
    for card in ["grant", "review"] {
        let mut forged = action.clone();
        forged["data"]["card"] = json!(card);
        let (status, answer) = teams.execute("carl", &grant, forged, "automatic").await;
        assert_eq!(status, 200);
        let shown = answer.to_string();
        assert!(!shown.contains("export is broken") && !shown.contains("Revoke"), "{shown}");
    }
    for data in [
        json!({}),
        json!({ "access": "../../etc", "card": "grant" }),
        json!({ "access": action["data"]["access"], "card": "approval" }),
    ] {
        let forged = json!({ "type": "Action.Execute", "verb": "face", "data": data });
        let (status, answer) = teams.execute("erin", &grant, forged, "automatic").await;
        assert_eq!(
            (status, answer["type"].as_str()),
            (200, Some("application/vnd.microsoft.activity.message")),
            "{answer}"
        );
    }
    world.idle().await;
    assert_eq!(stored().await, before, "nothing was changed");
    teams.presses("alice", "I'm done").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn whose_id_is_not_known_any_more_opens_their_own_face(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.uninstalls("erin", "erin").await;
    let grant = announced(&world).await;
    assert_eq!(asking(&grant), ["29:sam"], "erin's was forgotten with the app");
    assert_eq!(grant.buttons(), ["Open"], "she may act all the same");
    assert!(text(teams.face("erin", &grant.id).await).contains("Revoke…"));
    assert!(!text(teams.face("carl", &grant.id).await).contains("Revoke…"), "whoever opens it sees their own");
    // Whatever she does teaches who she is; the next card knows.
    teams.types("erin", "#access", "help").await;
    teams.presses("alice", "I'm done").await;
    teams.sees("alice", "verified gone").await;
    world.idle().await;
    teams.types("alice", "alice", WRITE).await;
    teams.presses("bob", "Approve").await;
    world.idle().await;
    let grants = teams.messages("#access");
    let next = grants.iter().rev().find(|it| it.card().is_some() && it.id != grant.id && !asking(it).is_empty());
    assert_eq!(asking(next.expect("another card")), ["29:erin", "29:sam"]);
    teams.presses("alice", "I'm done").await;
    world.end().await;
}
