//! Security's digest: what policy gave because somebody was on call, once a day, whatever was restarted; nothing where there was nothing.

use chrono::TimeDelta;
use jit_tests::servers::OnCall;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const ROTATION: &str = "pagerduty/PORDERS";
const WRITE: &str = "/jit request orders-write for 30m because orders hang since the incident";

/// How often security was told.
fn told(world: &World) -> usize {
    world.transcript("C0002").matches("Given on call").count()
}

/// Waits until the service has looked whether there is something to tell, and has told it.
async fn has_looked(world: &World, due: &str) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while world.app.dispatch.store.last_reminder("digest/").await.expect("it can be read")
        != Some(format!("digest/{due}"))
    {
        assert!(std::time::Instant::now() < end, "nobody looks what to tell at {due}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    world.idle().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn security_hears_once_a_day_what_was_given_on_call(#[case] backend: Backend) {
    let mut world = World::start(backend).await;
    // It is Monday, 10:00 in Berlin.
    let digest = "[security]\ndigest = { at = \"11:00\", zone = \"Europe/Berlin\" }";
    world.edit("policy/rules.toml", "[security]", digest).await;
    world.oncall.set("PORDERS", vec![OnCall::always("PU4", "olive@acme.test")]);
    world.passes(TimeDelta::minutes(1)).await;
    world.on_call(ROTATION, Some(&["olive"])).await;

    // Given because she is on call; given because the risk is low; agreed by Bob.
    world.says("olive", "#inc-42", WRITE).await;
    world.idle().await;
    world.says("alice", "#access", "/jit request orders-read for 15m because checking the order totals").await;
    world.says("alice", "#access", WRITE).await;
    world.presses("bob", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write") && world.holds("orders-db", "olive", "app_write"));
    world.passes(TimeDelta::minutes(40)).await;
    assert_eq!(told(&world), 0, "it is not eleven yet");
    world.passes(TimeDelta::minutes(25)).await;
    let card = world.channel_sees("#security", "Given on call: 1 from Sun 22 Nov 11:00 to Mon 23 Nov 11:00").await;
    let card = card.readable();
    assert!(card.contains("Olive Okoye: Orders database, write") && card.contains(ROTATION), "{card}");
    assert!(card.contains("for 30m") && !card.contains("Alice"), "{card}");

    // Told is told: a new process knows it, too.
    world.start_again().await;
    world.on_call(ROTATION, Some(&["olive"])).await;
    has_looked(&world, "2026-11-23T10:00:00Z").await;
    assert_eq!(told(&world), 1);
    world.says("olive", "#inc-42", WRITE).await;
    world.idle().await;
    assert!(world.holds("orders-db", "olive", "app_write"));

    // Nobody can tell on Tuesday, and Wednesday tells of both days; Thursday has nothing to tell.
    world.passes(TimeDelta::minutes(40)).await;
    world.stop().await;
    world.clock.advance(TimeDelta::days(1) + TimeDelta::minutes(23 * 60 + 30));
    world.start_again().await;
    world.channel_sees("#security", "Given on call: 1 from Mon 23 Nov 11:00 to Wed 25 Nov 11:00").await;
    world.passes(TimeDelta::days(1)).await;
    has_looked(&world, "2026-11-26T10:00:00Z").await;
    assert_eq!(told(&world), 2);
    world.end().await;
}
