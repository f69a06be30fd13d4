//! The emergency bypass: confirmed in a form, live at once without anybody, seen by security, reviewed, and refused while a review is owed.

use chrono::TimeDelta;
use jit_playground::Submission;
use jit_tests::world::{Backend, World, slack};
use rstest::rstest;

const SECURITY: &str = "C0002";

/// Takes the administrator's role by the form.
async fn takes(world: &World, who: &str, reason: &str) -> Submission {
    world.says(who, "#access", "/jit emergency orders-admin for 30m").await;
    let patience = std::time::Duration::from_secs(5);
    let view = world.chat.wait_for(|chat| chat.open_view(slack(who)), patience).await.expect("the form opens");
    let text = serde_json::Value::from(view.blocks().to_vec()).to_string();
    assert!(
        text.contains("nobody is asked") && text.contains("has to review it"),
        "consequences are spelt out: {text}"
    );
    world.submits(who, &[("role", "orders-admin"), ("duration", "30m"), ("reason", reason)]).await
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn at_three_in_the_morning(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let vague = takes(&world, "alice", "test test test").await;
    assert!(matches!(&vague, Submission::Errors(errors) if errors.contains_key("reason")), "{vague:?}");
    assert!(!world.holds("orders-db", "alice", "app_admin"));
    let sent = takes(&world, "alice", "checkout is down, the order locks must be cleared").await;
    assert_eq!(sent, Submission::Closed);
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_admin"), "nobody was asked");
    assert!(!world.saw("bob", "order locks"), "nobody at all");
    world.channel_sees("#access", "taken in an emergency").await;
    let card = world.channel_sees("#security", "Emergency bypass: Alice Ames took").await;
    assert!(card.readable().contains("order locks must be cleared"), "{}", card.readable());

    assert!(!world.says("alice", "#access", "/jit pending").await.contains("took"), "not hers to review");
    assert!(world.says("sam", "#access", "/jit pending").await.contains("Alice Ames took"));
    world.passes(TimeDelta::minutes(31)).await;
    assert!(!world.holds("orders-db", "alice", "app_admin"), "it ends as ever");
    world.press_on("sam", SECURITY, &card.ts, "Justified…").await;
    world.submits("sam", &[("reason", "statements match the incident")]).await;
    world.idle().await;
    world.sees("alice", "Reviewed as justified").await;
    let security = world.readable("#security");
    assert!(security.contains("Justified: Alice Ames took") && !security.contains("[Misuse…]"), "{security}");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn misuse_is_taken_back_and_an_overdue_review_refuses_the_next(#[case] backend: Backend) {
    let world = World::start(backend).await;
    takes(&world, "alice", "checkout is down, the order locks must be cleared").await;
    world.idle().await;
    let first = world.channel_sees("#security", "Emergency bypass: Alice Ames took").await;
    world.passes(TimeDelta::hours(25)).await;
    world.channel_sees("#security", "Review overdue").await;
    let refused = takes(&world, "alice", "checkout is down again, the locks are back").await;
    assert!(
        matches!(&refused, Submission::Errors(errors) if format!("{errors:?}").contains("was to be reviewed")),
        "{refused:?}"
    );
    assert!(!world.holds("orders-db", "alice", "app_admin"));
    world.press_on("sam", SECURITY, &first.ts, "Justified…").await;
    world.submits("sam", &[("reason", "late, but it was right")]).await;
    world.idle().await;

    takes(&world, "alice", "checkout is down again, the locks are back").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_admin"));
    let second = world.channel_sees("#security", "the locks are back").await;
    world.press_on("sam", SECURITY, &second.ts, "Misuse…").await;
    world.submits("sam", &[("reason", "no incident was open")]).await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_admin"), "misuse is taken back at once");
    world.sees("alice", "Reviewed as misuse").await;
    world.end().await;
}
