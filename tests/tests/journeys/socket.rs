//! Socket Mode: connections are refreshed, break, and are switched off; nothing that people do is lost or done twice, and access ends in
//! time whatever becomes of the chat.

use std::time::Duration;

use chrono::TimeDelta;
use jit_tests::world::{Backend, World};

const READ: &str = "/jit request orders-read for 15m because checking the order totals";

/// How many accesses there are.
async fn open(world: &World) -> usize {
    world.app.dispatch.store.all_open().await.expect("accesses can be read").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refreshed_connection_loses_nothing() {
    let world = World::start(Backend::Sockets).await;
    let mine = world.says("alice", "#access", "/jit mine").await;
    assert!(mine.contains("othing") || mine.contains("no "), "{mine}");
    for round in 0..4 {
        world.chat.disconnect_sockets(["warning", "refresh_requested"][round % 2]);
        // While the old one goes and the new one comes, people go on.
        for who in ["alice", "bob", "olive"] {
            let answer = world.says(who, "#access", "/jit help request").await;
            assert!(answer.contains("/jit request"), "{answer}");
        }
        world.connected().await;
    }
    world.says("alice", "#access", READ).await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_read"));
    world.presses("alice", "I'm done").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_read"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_is_opened_again_and_never_delays_a_revoke() {
    let world = World::start(Backend::Sockets).await;
    world.says("alice", "#access", READ).await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_read"));
    world.chat.cut_sockets();
    assert_eq!(world.chat.open_sockets(), 0);
    world.passes(TimeDelta::minutes(16)).await;
    assert!(!world.holds("orders-db", "alice", "app_read"), "the end waits for no chat");
    world.connected().await;
    let mine = world.says("alice", "#access", "/jit mine").await;
    assert!(mine.contains("Orders database, read"), "{mine}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_twice_is_done_once() {
    let world = World::start(Backend::Sockets).await;
    let (first, second) = tokio::join!(world.says("alice", "#access", READ), world.says("alice", "#access", READ));
    assert!(first.contains("Orders database, read") && second.contains("Orders database, read"), "{first}\n{second}");
    assert_eq!(open(&world).await, 1);
    world.idle().await;
    world.presses("alice", "I'm done").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_at_slack_the_service_lives_on() {
    let world = World::start(Backend::Sockets).await;
    world.says("alice", "#access", READ).await;
    world.idle().await;
    world.chat.disconnect_sockets("link_disabled");
    let closed = world.chat.wait_for(|chat| (chat.open_sockets() == 0).then_some(()), Duration::from_secs(10)).await;
    closed.expect("the socket is given up");
    world.passes(TimeDelta::minutes(16)).await;
    assert!(!world.holds("orders-db", "alice", "app_read"));
    world.sees("alice", "verified gone").await;
    world.end().await;
}
