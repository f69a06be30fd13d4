//! A later start: agreed now, given when its time comes if policy still allows it, whatever happens meanwhile.

use chrono::TimeDelta;
use jit_playground::Submission;
use jit_tests::world::{Backend, World};
use rstest::rstest;

/// It is Monday, nine o'clock; everybody's clock shows UTC.
const LATER: &str = "/jit request orders-write for 1h at 12:00 because the release needs a data repair";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn it_is_agreed_now_and_given_when_its_time_comes(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", LATER).await;
    world.sees("bob", "Starts: 23 Nov 12:00 UTC").await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "Scheduled: Orders database, write").await;
    world.sees("bob", "Approved, scheduled").await;
    assert!(world.says("alice", "#access", "/jit mine").await.contains("agreed, starts 23 Nov 12:00 UTC"));
    let refused = world.says("alice", "#access", "/jit request orders-write for 1h because the export is broken").await;
    assert!(refused.contains("Asked already"), "{refused}");
    world.passes(TimeDelta::minutes(179)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"), "nothing before its start");
    world.passes(TimeDelta::minutes(1)).await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    world.sees("alice", "live: Orders database, write").await;
    world.passes(TimeDelta::minutes(61)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"), "an hour, no longer");
    world.sees("alice", "Verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_by_then_cancels_it_with_a_notice(#[case] backend: Backend) {
    let world = World::start(backend).await;
    for (words, says) in [
        ("today 08:00", "is over already"),
        ("2027-06-01", "more than 90 days ahead"),
        ("half past nine", "was not understood"),
    ] {
        let line = format!("/jit request orders-write for 1h at {words} because the release needs a repair");
        let refused = world.says("alice", "#access", &line).await;
        assert!(refused.contains(says), "{words}: {refused}");
    }
    world.says("alice", "#access", "/jit request").await;
    let form = [("role", "orders-write"), ("duration", "1h"), ("reason", "the release needs a data repair")];
    let wrong = world.submits("alice", &[form.as_slice(), &[("at", "noonish")]].concat()).await;
    assert!(matches!(&wrong, Submission::Errors(errors) if errors.contains_key("at")), "{wrong:?}");
    world.says("alice", "#access", "/jit request").await;
    assert_eq!(
        world.submits("alice", &[form.as_slice(), &[("at", "tomorrow 09:00")]].concat()).await,
        Submission::Closed
    );
    world.presses("bob", "Approve").await;
    world.sees("alice", "Scheduled:").await;
    world.says("sam", "#access", "/jit freeze orders-write because credentials leaked").await;
    world.passes(TimeDelta::hours(25)).await;
    world.sees("alice", "Not started: Orders database, write").await;
    world.sees("alice", "New access is frozen for the role orders-write").await;
    world.sees("bob", "Approved, not started").await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.says("sam", "#access", "/jit unfreeze orders-write").await;

    world.says("alice", "#access", LATER).await;
    world.presses("bob", "Approve").await;
    world.idle().await;
    world.presses("alice", "Cancel request").await;
    world.sees("alice", "Cancelled: Orders database, write").await;
    world.passes(TimeDelta::hours(5)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_start_during_an_outage_is_late_and_one_whose_time_is_over_is_not_given(#[case] backend: Backend) {
    let mut world = World::start(backend).await;
    world.says("alice", "#access", LATER).await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "Scheduled:").await;
    world.stop().await;
    world.clock.advance(TimeDelta::minutes(230));
    world.start_again().await;
    world.sees("alice", "live: Orders database, write").await;
    world.passes(TimeDelta::minutes(59)).await;
    assert!(world.holds("orders-db", "alice", "app_write"), "as long as was agreed");
    world.passes(TimeDelta::minutes(2)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"));

    world
        .says("alice", "#access", "/jit request orders-write for 1h at 18:00 because the release needs a repair")
        .await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "Scheduled:").await;
    world.stop().await;
    world.clock.advance(TimeDelta::hours(8));
    world.start_again().await;
    world.sees("alice", "Its time was over before it could begin").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}
