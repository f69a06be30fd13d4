//! Extending: a linked request, judged again; no gap, no second slot, bounded; undecided it lapses; done ends the chain.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World, slack};
use rstest::rstest;

const WRITE: &str = "/jit request orders-write for 1h because the export is broken since noon";

async fn live_and_warned(world: &World) {
    world.says("alice", "#access", WRITE).await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "live:").await;
    world.passes(TimeDelta::minutes(50)).await;
}

async fn asks_for_more(world: &World) {
    world.presses("alice", "Extend…").await;
    world.submits("alice", &[("duration", "1h"), ("reason", "the export needs another hour")]).await;
    world.sees("bob", "another hour").await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn extended_without_a_gap(#[case] backend: Backend) {
    let world = World::start(backend).await;
    live_and_warned(&world).await;
    asks_for_more(&world).await;
    let first = world.sees("alice", "Live: Orders database, write").await;
    world.presses("bob", "Approve").await;
    world.idle().await;
    // It was live at nine for an hour: the card that is looked at says until eleven, at once and after the first hour.
    let card = |world: &World| {
        let dm = world.chat.dm(slack("alice")).expect("she has one");
        let card = world.chat.transcript(&dm).into_iter().find(|message| message.ts == first.ts);
        card.expect("it is there").readable()
    };
    let said = card(&world);
    assert!(said.contains("23 Nov 11:00 UTC") && said.contains("More time was granted as"), "{said}");
    world.passes(TimeDelta::minutes(60)).await;
    assert!(world.holds("orders-db", "alice", "app_write"), "the extension goes on where the first ended");
    let said = card(&world);
    assert!(said.contains("23 Nov 11:00 UTC") && said.contains("Live:"), "{said}");
    let target = &world.targets["orders-db"];
    let key = jit_tests::world::entitlement("orders-db", "alice", "app_write").key();
    assert_eq!(target.intervals(&key).len(), 1, "held in one stretch");
    world.passes(TimeDelta::minutes(12)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn undecided_it_lapses(#[case] backend: Backend) {
    let world = World::start(backend).await;
    live_and_warned(&world).await;
    asks_for_more(&world).await;
    world.passes(TimeDelta::minutes(11)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.sees("alice", "apsed").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn done_ends_the_whole_chain(#[case] backend: Backend) {
    let world = World::start(backend).await;
    live_and_warned(&world).await;
    asks_for_more(&world).await;
    world.presses("bob", "Approve").await;
    world.idle().await;
    let open = world.app.dispatch.store.all_open().await.expect("open");
    let first = open.iter().find(|access| access.request.extends.is_none()).expect("the first is open");
    world.says("alice", "#access", &format!("/jit done {}", first.short)).await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    for place in ["alice", "bob", "#access"] {
        let told = world.readable(place);
        assert!(!told.contains("emains under"), "what ended with it did not keep it: {place}: {told}");
    }
    world.end().await;
}
