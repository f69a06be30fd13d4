//! On call because of an incident: only while one of the service is open, in its own channel, seen there, and over when it is resolved.
//! A provider that is down gives nothing and ends nothing.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use jit_bot::config::Config;
use jit_bot::oncall::Oncall;
use jit_core::incident::IncidentId;
use jit_tests::servers::{AnIncident, Mood, OnCall, OncallProvider};
use jit_tests::site::Configuration;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const RULE: &str = "auto_approve = { up_to = \"1h\", in_channels = [\"inc-*\"] }";
const WRITE: &str = "/jit request orders-write for 30m because orders hang since the incident";
const OPSGENIE_SCHEDULE: &str = "c569c016-a1c0-4e20-8a28-bd5dc33b798e";

/// Olive is on call by both providers, and their rule wants an incident of `service` in its own channel.
async fn world_with(backend: Backend, service: &str) -> World {
    let world = World::start(backend).await;
    let wanted = format!(
        "auto_approve = {{ up_to = \"1h\", in_channels = [\"incident:own\"], require_incident = \"{service}\", end_with_incident = true }}"
    );
    world.edit("policy/rules.toml", RULE, &wanted).await;
    for schedule in ["PORDERS", OPSGENIE_SCHEDULE] {
        world.oncall.set(schedule, vec![OnCall::always("PU4", "olive@acme.test")]);
    }
    world.passes(TimeDelta::minutes(1)).await;
    world.on_call("pagerduty/PORDERS", Some(&["olive"])).await;
    knows(&world, service, &[]).await;
    world
}

/// An incident in channel C0003, `#inc-42`.
fn incident(id: &str, service: &str) -> AnIncident {
    let link = Some("https://acme.slack.com/archives/C0003".to_owned());
    AnIncident { link, ..AnIncident::open(id, 42, service.split_once('/').map_or("", |(_, id)| id)) }
}

/// Time goes on until exactly these incidents of a service are known.
async fn knows(world: &World, service: &str, expected: &[&str]) {
    let in_force = &world.app.dispatch.in_force;
    let mut changes = in_force.changes();
    let known = || {
        let snapshot = in_force.get();
        let open = snapshot.directory.incidents(service)?;
        Some(open.iter().map(|incident| incident.id.clone()).collect::<Vec<_>>())
    };
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while known().is_none_or(|known| known != expected) {
        assert!(std::time::Instant::now() < end, "known are {:?}, not {expected:?}", known());
        world.passes(TimeDelta::minutes(1)).await;
        let _ = tokio::time::timeout(Duration::from_millis(1500), changes.changed()).await;
    }
}

/// The worker sweeps once in a real second: so much of it per step of virtual time that what is held for half an hour does not end before.
const A_WHILE: u64 = 250;

/// Time goes on until something is no longer held.
async fn is_taken(world: &World) {
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while world.holds("orders-db", "olive", "app_write") {
        assert!(std::time::Instant::now() < end, "it is still held:\n{}", world.conversation("olive"));
        world.passes(TimeDelta::seconds(30)).await;
        tokio::time::sleep(Duration::from_millis(A_WHILE)).await;
    }
}

async fn asks_bob(world: &World, channel: &str) {
    let answer = world.says("olive", channel, WRITE).await;
    assert!(answer.contains("Bob Baker"), "{answer}");
    world.presses("olive", "Cancel request").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "olive", "app_write"));
}

#[rstest]
#[case(Backend::Embedded, "pagerduty/PF9KMXH")]
#[case(Backend::Scaled, "pagerduty/PF9KMXH")]
#[case(Backend::Sockets, "pagerduty/PF9KMXH")]
#[case(Backend::Embedded, "opsgenie/b2a8c1a5-6d2b-4b0e-8d36-2c2a3a9d4b11")]
#[tokio::test(flavor = "multi_thread")]
async fn an_open_incident_gives_access_in_its_channel_until_it_is_resolved(
    #[case] backend: Backend,
    #[case] service: &str,
) {
    let world = world_with(backend, service).await;
    asks_bob(&world, "#inc-42").await;
    let why = world.says("olive", "#inc-42", "/jit why orders-write").await;
    assert!(why.contains("only while an incident of") && why.contains(service), "{why}");

    // Another service's incident is no reason; neither is the right one in another channel.
    world.oncall.incident(incident("POTHER", "pagerduty/PANOTHER"));
    world.oncall.incident(incident("PT4KHLK", service));
    knows(&world, service, &["PT4KHLK"]).await;
    asks_bob(&world, "#access").await;

    let answer = world.says("olive", "#inc-42", WRITE).await;
    assert!(!answer.contains("Bob Baker"), "{answer}");
    world.sees("olive", "incident #42 Orders are slow, and it ends when that is resolved").await;
    world.idle().await;
    assert!(world.holds("orders-db", "olive", "app_write"));
    world.channel_sees("#inc-42", "Olive Okoye holds Orders database, write").await;
    world.channel_sees("#access", "Olive Okoye holds Orders database, write").await;

    // The provider is down, or does not know the incident any more: it goes on.
    for mood in [Mood::Refuses(500, None), Mood::Refuses(404, None), Mood::Says("{\"incident\":{}}".to_owned())] {
        world.oncall.behaves(mood);
        let asked = world.oncall.asked();
        world.passes(TimeDelta::minutes(2)).await;
        asked_again(&world, asked).await;
        assert!(world.holds("orders-db", "olive", "app_write"), "only a source that says so ends it");
    }
    world.oncall.forget("PT4KHLK");
    world.oncall.behaves(Mood::Well);
    knows(&world, service, &[]).await;
    assert!(world.holds("orders-db", "olive", "app_write"), "not listed is not resolved");

    world.oncall.incident(AnIncident { status: "resolved", ..incident("PT4KHLK", service) });
    is_taken(&world).await;
    world.sees("olive", "The incident #42 Orders are slow is resolved").await;
    world.channel_sees("#inc-42", "verified gone").await;
    world.channel_sees("#access", "verified gone").await;
    asks_bob(&world, "#inc-42").await;
    world.end().await;
}

/// Waits until the provider has been asked again.
async fn asked_again(world: &World, asked: usize) {
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while world.oncall.asked() < asked + 2 {
        assert!(std::time::Instant::now() < end, "the provider is not asked again");
        world.passes(TimeDelta::seconds(20)).await;
        tokio::time::sleep(Duration::from_millis(A_WHILE)).await;
    }
    world.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_in_a_file_ends_what_it_gave_also_over_a_restart() {
    let mut world = World::start(Backend::Embedded).await;
    let wanted = "auto_approve = { up_to = \"1h\", in_channels = [\"incident:own\"], require_incident = \"file/orders\", end_with_incident = true }";
    world.edit("policy/rules.toml", RULE, wanted).await;
    let path = world.file("rotations.toml");
    let text = std::fs::read_to_string(&path).expect("the file is there");
    let open =
        "\n[[incident]]\nid = \"42\"\nservice = \"orders\"\ntitle = \"Orders are slow\"\nchannel = \"#inc-42\"\n";
    std::fs::write(&path, format!("{text}{open}")).expect("it can be written");
    world.passes(TimeDelta::days(1)).await;
    world.on_call("file/orders", Some(&["olive"])).await;
    knows(&world, "file/orders", &["42"]).await;
    let answer = world.says("olive", "#inc-42", WRITE).await;
    assert!(!answer.contains("Bob Baker"), "{answer}");
    world.idle().await;
    assert!(world.holds("orders-db", "olive", "app_write"));
    world.stop().await;
    std::fs::write(&path, format!("{text}{open}resolved = true\n")).expect("it can be written");
    world.start_again().await;
    is_taken(&world).await;
    world.channel_sees("#inc-42", "verified gone").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_provider_says_of_incidents_is_understood_or_refused() {
    jit_bot::install_crypto();
    let provider = OncallProvider::start().await;
    let more = provider
        .configuration()
        .replace("[oncall.opsgenie]\n", "[oncall.opsgenie]\nincident_channel = \"inc-{number}\"\n");
    let text = Configuration { more, ..Configuration::default() }.text();
    let config = Config::parse(&text, "jit.toml", Path::new(""), &|_| None).expect("sound");
    let oncall = Oncall::of(&config).expect("sources");
    let key = |source: &str, id: &str| IncidentId { source: source.to_owned(), id: id.to_owned() };
    for number in 1..=5 {
        provider.incident(AnIncident::open(&format!("P{number}"), number, "PF9KMXH"));
    }
    provider.incident(AnIncident { status: "acknowledged", ..incident("P3", "x/PF9KMXH") });
    provider.resolve("P5");
    for (source, channels) in [
        ("pagerduty", [None, None, None, Some("C0003")]),
        ("opsgenie", [Some("#inc-1"), Some("#inc-2"), Some("#inc-4"), Some("C0003")]),
    ] {
        let open = oncall.incidents(&format!("{source}/PF9KMXH")).await.expect("all pages");
        let found: Vec<_> = open.iter().map(|incident| (incident.id.as_str(), incident.address())).collect();
        let expected: Vec<_> =
            ["P1", "P2", "P4", "P3"].into_iter().zip(channels.map(|it| it.map(str::to_owned))).collect();
        assert_eq!(found, expected, "{source}");
        assert_eq!(oncall.incidents(&format!("{source}/POTHER")).await, Ok(Vec::new()));
        for (id, resolved) in [("P1", false), ("P3", false), ("P5", true)] {
            assert_eq!(oncall.resolved(&key(source, id)).await, Ok(resolved), "{source} {id}");
        }
        assert_eq!(oncall.resolved(&key(source, "P9")).await.expect_err("unknown").outcome, "refused");
    }
    let other =
        "{\"incident\":{\"id\":\"P2\",\"status\":\"resolved\"},\"data\":{\"id\":\"P2\",\"status\":\"resolved\"}}";
    for (mood, outcome, wait) in [
        (Mood::Refuses(500, None), "failed", None),
        (Mood::Refuses(401, None), "refused", None),
        (Mood::Refuses(429, Some(300)), "rate-limited", Some(300)),
        (Mood::Says("<html>We'll be back soon</html>".to_owned()), "nonsense", None),
        (Mood::Says(other.to_owned()), "nonsense", None),
    ] {
        provider.behaves(mood.clone());
        for source in ["pagerduty", "opsgenie"] {
            let listed = oncall.incidents(&format!("{source}/PF9KMXH")).await.expect_err("it is ill");
            let asked = oncall.resolved(&key(source, "P1")).await.expect_err("it is ill");
            for error in [listed, asked] {
                assert_eq!((error.outcome, error.wait), (outcome, wait.map(Duration::from_secs)), "{mood:?}");
                assert!(!error.what.contains("hunter2"), "{error}");
            }
        }
    }
    provider.behaves(Mood::Endless);
    for source in ["pagerduty", "opsgenie"] {
        let error = oncall.incidents(&format!("{source}/PF9KMXH")).await.expect_err("pages without end");
        assert_eq!(error.outcome, "nonsense");
    }
}
