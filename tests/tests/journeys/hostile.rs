//! Bad input at the doors: wrong or stale signatures, replays, other workspaces, strangers, sizes, nonsense.

use jit_playground::sign;
use jit_tests::site::SIGNING_SECRET;
use jit_tests::world::{Backend, World};
use rstest::rstest;

async fn post(world: &World, path: &str, body: &str, signed: (&str, i64)) -> u16 {
    let (secret, timestamp) = signed;
    let url = world.base().join(path).expect("a path");
    let request = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-slack-request-timestamp", timestamp.to_string())
        .header("x-slack-signature", sign(secret, timestamp, body.as_bytes()))
        .body(body.to_owned());
    request.send().await.expect("an answer").status().as_u16()
}

fn command(team: &str, user: &str, trigger: &str) -> String {
    let text = "request orders-read for 15m because checking the order totals";
    serde_urlencoded::to_string([
        ("team_id", team),
        ("user_id", user),
        ("channel_id", "C0001"),
        ("channel_name", "access"),
        ("command", "/jit"),
        ("text", text),
        ("trigger_id", trigger),
    ])
    .expect("a form")
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn the_door_is_shut_to_strangers(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let now = world.clock.now().timestamp();
    let good = command("T0001", "U0001", "1.1.a");
    assert_eq!(post(&world, "slack/commands", &good, ("another secret", now)).await, 401);
    assert_eq!(post(&world, "slack/commands", &good, (SIGNING_SECRET, now - 600)).await, 401);
    assert_eq!(post(&world, "slack/commands", &good, (SIGNING_SECRET, now + 600)).await, 401);
    assert_eq!(post(&world, "slack/commands", &command("T0002", "U0001", "1.1.b"), (SIGNING_SECRET, now)).await, 403);
    assert_eq!(post(&world, "slack/commands", "%%%", (SIGNING_SECRET, now)).await, 400);
    assert_eq!(post(&world, "slack/interactions", "payload=%7B", (SIGNING_SECRET, now)).await, 400);
    assert_eq!(post(&world, "slack/commands", &"x".repeat(1_048_577), (SIGNING_SECRET, now)).await, 413);
    assert_eq!(post(&world, "slack/commands", &command("T0001", "U9999", "1.1.c"), (SIGNING_SECRET, now)).await, 200);
    let counts = world.app.dispatch.store.counts().await.expect("counts");
    assert!(counts.accesses.is_empty(), "nothing came of any of these: {counts:?}");

    assert_eq!(post(&world, "slack/commands", &good, (SIGNING_SECRET, now)).await, 200);
    assert_eq!(post(&world, "slack/commands", &good, (SIGNING_SECRET, now)).await, 200, "a replay is answered");
    let open = world.app.dispatch.store.all_open().await.expect("open");
    assert_eq!(open.len(), 1, "and does nothing twice");
    world.passes(chrono::TimeDelta::minutes(16)).await;
    assert_eq!(post(&world, "slack/commands", &good, (SIGNING_SECRET, world.clock.now().timestamp())).await, 200);
    assert!(world.app.dispatch.store.all_open().await.expect("open").is_empty(), "not even when the first is over");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn peoples_text_is_only_text(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let evil = "/jit request orders-write for 1h because <!channel> *bold* <https://evil.test|click here> `code` done";
    world.says("alice", "#access", evil).await;
    let card = world.sees("bob", "evil.test").await;
    let marked: Vec<String> = card.blocks.iter().map(|block| block["text"]["text"].to_string()).collect();
    for shown in marked.iter().chain([&card.text]) {
        assert!(!shown.contains("<!channel>") && !shown.contains("<https://evil.test"), "{shown}");
    }
    let rich = serde_json::Value::from(card.blocks.clone()).to_string();
    assert!(!rich.contains("\"broadcast\"") && !rich.contains("\"link\""), "{rich}");
    world.presses("alice", "Cancel request").await;
    world.end().await;
}
