//! The form in Teams: by the message extension, by a card's button and by words; a preview, errors at their fields, and then asked.

use jit_tests::servers::Submitted;
use jit_tests::world::{Backend, World};
use rstest::rstest;

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn asked_by_the_form_of_the_message_extension(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.opens("alice", "#access", "request").await;
    let form = teams.form("alice").await;
    let roles = form.fields().into_iter().find(|field| field.id == "role").expect("a field for the role").choices;
    assert!(roles.iter().any(|it| it == "orders-admin") && roles.iter().any(|it| it == "orders-read"), "{roles:?}");
    let preview = teams.submits_by("alice", Some("Preview"), &[("role", "orders-write"), ("duration", "1h")]).await;
    assert!(preview.readable().contains("Bob Baker"), "who would be asked: {}", preview.readable());
    assert_eq!(world.app.dispatch.store.all_open().await.expect("open").len(), 0, "a preview asks nobody");

    let kept = teams.form("alice").await.fields();
    let role = kept.iter().find(|field| field.id == "role").expect("it is there again");
    assert_eq!(role.value, "orders-write", "what was filled in stays");
    let empty = teams.submits("alice", &[]).await;
    assert!(empty.errors().contains_key("reason"), "{}", empty.readable());
    let vague = teams.submits("alice", &[("reason", "asdf asdf asdf")]).await;
    assert!(vague.errors().contains_key("reason"), "{}", vague.readable());
    let sent = teams.submits("alice", &[("reason", "the export is broken since noon")]).await;
    assert!(!matches!(sent, Submitted::Again(_)), "{}", sent.readable());
    teams.is_told("alice", "Bob Baker").await;
    teams.sees("bob", "export is broken").await;
    teams.presses("bob", "Deny…").await;
    teams.submits("bob", &[("reason", "not today, please")]).await;
    teams.sees("alice", "not today, please").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn asked_by_a_button_with_what_was_typed_filled_in(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    // What is missing in a line cannot be asked for in a message: a button opens the form.
    teams.opens_by_words("alice", "alice", "request orders-write").await;
    let form = teams.form("alice").await;
    let role = form.fields().into_iter().find(|field| field.id == "role").expect("a field for the role");
    assert_eq!(role.value, "orders-write", "what was typed is in it");
    teams.submits("alice", &[("duration", "1h"), ("reason", "the export is broken since noon")]).await;
    teams.sees("bob", "export is broken").await;
    teams.presses("alice", "Cancel request").await;
    teams.sees("bob", "ancelled").await;
    world.end().await;
}
