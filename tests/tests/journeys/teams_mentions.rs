//! Who is meant by a mention in Teams: whom its entity names, and never whom its text reads like.

use jit_tests::world::{Backend, World};
use rstest::rstest;
use serde_json::{Value, json};

const RULE: &str = r#"
[[rule]]
name = "contractors"
match = { roles = ["orders-write", "orders-fix"] }
who = ["group:contractors"]
sponsors = ["group:engineering"]
steps = [{ any = ["owner", "manager"] }]
"#;

/// Carl is a contractor whom engineers may sponsor; everybody has the app.
async fn start(backend: Backend) -> World {
    let world = World::in_teams(backend).await.with_app().await;
    world.edit("people.toml", "groups = [\"contractors\"]", "groups = [\"contractors\"]\nkind = \"contractor\"").await;
    world.edit("policy/rules.toml", "[[emergency]]", &format!("{RULE}\n[[emergency]]")).await;
    world
}

/// Somebody writes to the bot and mentions people: by what is written of them, and by the id that Teams sends with it.
async fn mentions(world: &World, who: &str, text: &str, people: &[(&str, Value)]) -> String {
    let teams = world.teams();
    let mut message = teams.message(who, who, text);
    let entities = message["entities"].as_array_mut().expect("a list");
    for (name, mentioned) in people {
        entities.push(json!({ "type": "mention", "text": format!("<at>{name}</at>"), "mentioned": mentioned }));
    }
    let before = teams.messages(who).len();
    let (status, answer) = teams.send(&message).await;
    assert!((200..300).contains(&status), "{status} {answer}");
    let answered = teams.wait_for(|teams| teams.messages(who).into_iter().skip(before).find(|it| it.from.is_none()));
    let answered = answered.await.unwrap_or_else(|| panic!("{text} is not answered:\n{}", teams.transcript(who)));
    world.idle().await;
    answered.readable()
}

const ASK: &str = "request orders-write for 1h on behalf of <at>Carl Cole</at> because carl repairs the export with us";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn teams_own_id_of_a_person_is_enough(#[case] backend: Backend) {
    let world = start(backend).await;
    let teams = world.teams();
    mentions(&world, "alice", ASK, &[("Carl Cole", json!({ "id": "29:carl", "name": "Carl Cole" }))]).await;
    let card = teams.sees("bob", "for Carl Cole").await.readable();
    assert!(card.contains("repairs the export"), "{card}");
    let open = world.app.dispatch.store.all_open().await.expect("open");
    assert_eq!(open[0].request.beneficiary.as_str(), "carl");
    teams.presses("alice", "Cancel request").await;
    let away = "away until 2026-11-24 09:00 delegate <at>Erin Engel</at>";
    let said = mentions(&world, "bob", away, &[("Erin Engel", json!({ "id": "29:erin" }))]).await;
    assert!(said.contains("Erin Engel"), "{said}");
    let frozen = "freeze <at>Carl Cole</at> because his laptop is lost";
    let by_account = json!({ "id": "29:unheard-of", "aadObjectId": "8C0E4A7E-0000-4000-8000-000000000004" });
    let said = mentions(&world, "sam", frozen, &[("Carl Cole", by_account)]).await;
    assert!(said.contains("Carl Cole"), "{said}");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn a_mention_is_whom_its_entity_names_and_nobody_else(#[case] backend: Backend) {
    let world = start(backend).await;
    let teams = world.teams();
    let nothing_open = async || world.app.dispatch.store.all_open().await.expect("open").is_empty();
    // Another Carl Cole, of whom nothing is known.
    let other = json!({ "id": "29:another-carl", "name": "Carl Cole" });
    let said = mentions(&world, "alice", ASK, &[("Carl Cole", other.clone())]).await;
    assert!(said.contains("do not know yet who") && said.contains("people.toml"), "{said}");
    assert!(nothing_open().await);
    // What only reads like a mention.
    let said = mentions(&world, "alice", ASK, &[]).await;
    assert!(said.contains("not understood"), "{said}");
    let said = mentions(&world, "alice", &ASK.replace("Carl Cole", "carl"), &[]).await;
    assert!(said.contains("The directory has no") && said.contains("Mention them"), "{said}");
    assert!(nothing_open().await);
    // A name that reads like somebody's: the entity counts.
    let erins = [("Carl Cole", json!({ "id": "29:erin", "name": "Carl Cole" }))];
    let said = mentions(&world, "alice", ASK, &erins).await;
    assert!(!said.contains("Carl Cole"), "{said}");
    assert!(nothing_open().await, "erin may be sponsored by nobody");
    // Two of one name: each is who they are.
    let text = "request orders-write for 1h on behalf of <at>Carl Cole</at> because <at>Carl Cole</at> is ill today";
    let both = [("Carl Cole", json!({ "id": "29:carl" })), ("Carl Cole", other)];
    mentions(&world, "alice", text, &both).await;
    let open = world.app.dispatch.store.all_open().await.expect("open");
    assert_eq!(open[0].request.beneficiary.as_str(), "carl");
    teams.presses("alice", "Cancel request").await;
    world.idle().await;
    // The app left: what it learnt there is forgotten.
    teams.uninstalls("carl", "carl").await;
    let said = mentions(&world, "alice", ASK, &[("Carl Cole", json!({ "id": "29:carl" }))]).await;
    assert!(said.contains("do not know yet who"), "{said}");
    world.end().await;
}
