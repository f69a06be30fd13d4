//! The language in Teams: with and without `/jit`, with a mention and in one's own chat; answers where they belong; help for all.

use jit_tests::world::{Backend, World};
use rstest::rstest;

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_everywhere(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    for place in ["alice", "orders", "#access"] {
        for words in ["help request", "/jit help request", "/JIT help request", "  help   request  "] {
            let answer = teams.says("alice", place, words).await;
            assert!(answer.contains("request") && answer.contains("because"), "{place}: {words}: {answer}");
        }
    }
    for place in ["alice", "orders", "#access"] {
        teams.types("alice", place, "request orders-write for 1h because the export is broken since noon").await;
        teams.sees("bob", "export is broken").await;
        teams.presses("alice", "Cancel request").await;
        teams.sees("bob", "ancelled").await;
        world.idle().await;
    }
    let roots: Vec<_> = teams.messages("#access").into_iter().filter(|it| it.from.is_none()).collect();
    assert!(roots.iter().all(|it| it.root.as_ref() != Some(&it.id)), "answers stand in the thread of what they answer");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_the_rule_and_who_could_change_it(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    for (who, text, expected) in [
        ("carl", "request orders-write for 1h because the export is broken", vec!["medium risk", "Erin Engel"]),
        ("alice", "request orders-wriet for 1h because the export is broken", vec!["Did you mean", "orders-write"]),
        ("alice", "requst orders-write for 1h because x", vec!["request"]),
        ("alice", "request orders-write for 9h because the export is broken", vec!["4h"]),
        ("alice", "request orders-write for 1h because asdf", vec!["justification"]),
        ("alice", "show A-222222", vec!["no access A-222222"]),
        ("alice", "good morning", vec!["help"]),
    ] {
        let answer = teams.says(who, who, text).await;
        for word in expected {
            assert!(answer.contains(word), "{text}: {word:?} is not in: {answer}");
        }
    }
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn looking_verbs_answer_the_right_people(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    let none = teams.says("alice", "alice", "mine").await;
    assert!(none.contains("othing") || none.contains("no "), "an empty state speaks: {none}");
    teams.types("alice", "alice", "request orders-write for 1h because the export is broken since noon").await;
    teams.sees("bob", "export is broken").await;
    let pending = teams.says("bob", "bob", "pending").await;
    assert!(pending.contains("Orders database, write"), "{pending}");
    let not_mine = teams.says("sam", "sam", "pending").await;
    assert!(!not_mine.contains("Orders database, write"), "{not_mine}");
    // What concerns one person is not said in front of others.
    let before = teams.messages("#access").len();
    teams.types("bob", "#access", "pending").await;
    world.idle().await;
    let said = teams.messages("#access");
    assert!(!said[before..].iter().any(|it| it.readable().contains("Orders database, write")), "{said:?}");
    teams.presses("bob", "Approve").await;
    teams.sees("alice", "live:").await;
    let who = teams.says("erin", "erin", "who orders-write").await;
    assert!(who.contains("Alice Ames"), "the owner sees who holds it: {who}");
    let who = teams.says("carl", "carl", "who orders-write").await;
    assert!(!who.contains("Alice Ames"), "others do not: {who}");
    let roles = teams.says("alice", "alice", "roles orders").await;
    assert!(roles.contains("orders-read") && roles.contains("orders-admin"), "{roles}");
    let why = teams.says("carl", "carl", "why orders-admin").await;
    assert!(why.contains("high risk"), "{why}");
    teams.presses("alice", "I'm done").await;
    teams.sees("alice", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn peoples_text_is_only_text(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    let evil = "request orders-write for 1h because **bold** [click](https://evil.test) <at>Erin Engel</at> {{DATE(2026)}} done";
    teams.types("alice", "alice", evil).await;
    let card = teams.sees("bob", "evil.test").await;
    // A mention, a link, a bold word or a date need a text in which Teams reads them; what people type stands in none.
    let blocks = find_text_blocks(card.card().expect("a card"));
    for typed in ["evil.test", "bold", "<at>Erin", "2026)}"] {
        assert!(blocks.iter().all(|text| !text.contains(typed)), "{typed}: {blocks:?}");
    }
    let entities = card.activity["entities"].to_string() + &card.card().expect("a card")["msteams"].to_string();
    assert!(!entities.contains("Erin"), "nobody is mentioned by what somebody typed: {entities}");
    teams.presses("alice", "Cancel request").await;
    world.end().await;
}

/// The texts of a card that Teams reads markdown in.
fn find_text_blocks(value: &serde_json::Value) -> Vec<String> {
    let own = (value["type"] == "TextBlock").then(|| value["text"].as_str().unwrap_or_default().to_owned());
    let inner = value.as_array().into_iter().flatten().chain(value.as_object().into_iter().flat_map(|it| it.values()));
    own.into_iter().chain(inner.flat_map(find_text_blocks)).collect()
}
