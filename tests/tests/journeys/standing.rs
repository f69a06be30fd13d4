//! Standing access that is known: listed with an owner and an end, named where it is found, and its end told in time.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World, entitlement};
use rstest::rstest;

const LISTED: &str = "[[exception]]
role = \"orders-read\"
person = \"alice\"
owner = \"erin\"
until = 2026-12-08
reason = \"Feeds the dashboards until they have a role\"

[limits]";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn it_is_listed_named_and_its_end_is_told(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let target = &world.targets["orders-db"];
    target.hold(&entitlement("orders-db", "alice", "app_read"));
    world.edit("policy/rules.toml", "[limits]", LISTED).await;
    let who = world.says("alice", "#access", "/jit who orders-read").await;
    assert!(who.contains("listed until 8 Dec 2026") && who.contains("Feeds the dashboards"), "{who}");
    let others = world.says("carl", "#access", "/jit who orders-read").await;
    assert!(!others.contains("dashboards"), "none of carl's business: {others}");

    world.says("alice", "#access", "/jit request orders-read for 15m because checking the order totals").await;
    world.idle().await;
    world.passes(TimeDelta::minutes(16)).await;
    let told = world.channel_sees("#security", "Standing access remains").await;
    assert!(told.readable().contains("listed as an exception until 8 Dec 2026"), "{}", told.readable());
    assert!(target.works(&entitlement("orders-db", "alice", "app_read")), "what is listed is not taken");

    assert!(!world.saw("erin", "exception"), "more than two weeks are left");
    world.passes(TimeDelta::days(2)).await;
    world.sees("erin", "A listed exception ends soon: orders-read of Alice").await;
    world.channel_sees("#security", "A listed exception ends soon").await;
    world.passes(TimeDelta::days(15)).await;
    world.sees("erin", "A listed exception is over: orders-read of Alice").await;
    world.idle().await;
    let times = world.conversation("erin").matches("A listed exception").count();
    assert_eq!(times, 2, "once before the end and once after: {}", world.conversation("erin"));
    world.end().await;
}
