//! The form: only the roles one may ask for, a live preview of who will be asked, errors at their fields.

use jit_playground::Submission;
use jit_tests::world::{Backend, World, slack};
use rstest::rstest;

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn asked_by_the_form(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", "/jit request").await;
    let view = world.chat.wait_for(|chat| chat.open_view(slack("alice")), std::time::Duration::from_secs(5)).await;
    let view = view.expect("the form opens");
    let text = serde_json::Value::from(view.blocks().to_vec()).to_string();
    assert!(text.contains("orders-admin") && text.contains("orders-read"), "{text}");
    let wrong =
        world.submits("alice", &[("role", "orders-write"), ("duration", "1h"), ("reason", "asdf asdf asdf")]).await;
    assert!(matches!(&wrong, Submission::Errors(errors) if errors.contains_key("reason")), "{wrong:?}");
    let sent = world
        .submits(
            "alice",
            &[("role", "orders-write"), ("duration", "1h"), ("reason", "the export is broken since noon")],
        )
        .await;
    assert_eq!(sent, Submission::Closed);
    world.is_told("alice", "#access", "Asked now: ").await;
    world.presses("bob", "Deny…").await;
    world.submits("bob", &[("reason", "not today, please")]).await;
    world.sees("alice", "not today, please").await;
    world.end().await;
}
