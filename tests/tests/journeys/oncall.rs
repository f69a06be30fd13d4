//! On call in an incident's channel: the rotation approves, wherever it comes from; elsewhere, off the rotation, or when nobody knows who
//! is on it, the request goes the normal way.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use jit_bot::config::Config;
use jit_bot::oncall::Oncall;
use jit_tests::servers::{Mood, OnCall, OncallProvider};
use jit_tests::site::Configuration;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const PAGERDUTY: &str = "pagerduty/PORDERS";
const OPSGENIE: &str = "opsgenie/c569c016-a1c0-4e20-8a28-bd5dc33b798e";
const WRITE: &str = "/jit request orders-write for 30m because orders hang since the incident";

/// Somebody is on call by a rotation, and the service knows.
async fn puts_on_call(world: &World, rotation: &str, who: &str) {
    let (_, schedule) = rotation.split_once('/').expect("a rotation");
    world.oncall.set(schedule, vec![OnCall::always("PU4", &format!("{who}@acme.test"))]);
    world.passes(TimeDelta::minutes(1)).await;
    world.on_call(rotation, Some(&[who])).await;
}

/// The normal way: nothing is held, Bob is asked; the request is withdrawn again.
async fn asks_bob(world: &World, who: &str, channel: &str) {
    let answer = world.says(who, channel, WRITE).await;
    assert!(answer.contains("Bob Baker"), "{answer}");
    world.button("bob", "Approve").await;
    world.idle().await;
    assert!(!["alice", "olive"].iter().any(|who| world.holds("orders-db", who, "app_write")));
    world.presses(who, "Cancel request").await;
    world.idle().await;
}

/// The short way: policy agrees at once, and it is held.
async fn is_approved_at_once(world: &World, who: &'static str) {
    let answer = world.says(who, "#inc-42", WRITE).await;
    assert!(!answer.contains("Bob Baker"), "{answer}");
    world.sees(who, "on call in an incident channel").await;
    world.idle().await;
    assert!(world.holds("orders-db", who, "app_write"));
    world.channel_sees("#access", "Orders database, write").await;
    world.presses(who, "I'm done").await;
    world.idle().await;
    assert!(!world.holds("orders-db", who, "app_write"));
}

#[rstest]
#[case(Backend::Embedded, PAGERDUTY)]
#[case(Backend::Scaled, PAGERDUTY)]
#[case(Backend::Sockets, PAGERDUTY)]
#[case(Backend::Embedded, OPSGENIE)]
#[tokio::test(flavor = "multi_thread")]
async fn the_rotation_approves_in_an_incident_s_channel_and_nowhere_else(
    #[case] backend: Backend,
    #[case] rotation: &str,
) {
    let world = World::start(backend).await;
    world.on_call(rotation, Some(&[])).await;
    asks_bob(&world, "olive", "#inc-42").await;
    puts_on_call(&world, rotation, "olive").await;
    is_approved_at_once(&world, "olive").await;
    asks_bob(&world, "olive", "#access").await;
    asks_bob(&world, "alice", "#inc-42").await;

    // High risk is never automatic, on call or not.
    let answer = world
        .says("olive", "#inc-42", "/jit request orders-admin for 30m because orders hang since the incident")
        .await;
    assert!(answer.contains("Bob Baker"), "{answer}");
    world.presses("olive", "Cancel request").await;

    // The next in turn is on call, and who was before is not.
    puts_on_call(&world, rotation, "alice").await;
    asks_bob(&world, "olive", "#inc-42").await;
    is_approved_at_once(&world, "alice").await;
    // A reload of people keeps who is on call; a disabled account is not.
    world.edit("people.toml", "name = \"Erin Engel\"", "name = \"Erin Engels\"").await;
    world.on_call(rotation, Some(&["alice"])).await;
    is_approved_at_once(&world, "alice").await;
    world.edit("people.toml", "name = \"Alice Ames\"", "name = \"Alice Ames\"\nactive = false").await;
    world.on_call(rotation, Some(&[])).await;
    world.end().await;
}

#[rstest]
#[case(PAGERDUTY, Mood::Refuses(500, None))]
#[case(PAGERDUTY, Mood::Hangs)]
#[case(PAGERDUTY, Mood::Says("<html>We'll be back soon</html>".to_owned()))]
#[case(OPSGENIE, Mood::Refuses(429, Some(60)))]
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_in_trouble_counts_until_its_answer_is_too_old_and_then_nobody(
    #[case] rotation: &str,
    #[case] mood: Mood,
) {
    let world = World::start(Backend::Embedded).await;
    puts_on_call(&world, rotation, "olive").await;
    world.oncall.behaves(mood);
    let asked = world.oncall.asked();
    world.passes(TimeDelta::minutes(9)).await;
    world.idle().await;
    asked_again(&world, asked).await;
    is_approved_at_once(&world, "olive").await;
    world.passes(TimeDelta::minutes(1) + TimeDelta::seconds(1)).await;
    world.on_call(rotation, None).await;
    asks_bob(&world, "olive", "#inc-42").await;

    world.oncall.behaves(Mood::Well);
    comes_back(&world, rotation).await;
    is_approved_at_once(&world, "olive").await;
    world.end().await;
}

/// Time goes on until the provider is well known again: a look that hangs is given up after five seconds, or lost after a minute.
async fn comes_back(world: &World, rotation: &str) {
    let in_force = &world.app.dispatch.in_force;
    let mut changes = in_force.changes();
    for _ in 0..20 {
        if in_force.get().directory.rotation(rotation).is_some() {
            break;
        }
        world.passes(TimeDelta::minutes(1)).await;
        let _ = tokio::time::timeout(Duration::from_secs(2), changes.changed()).await;
    }
    world.on_call(rotation, Some(&["olive"])).await;
}

/// Waits until the provider has been asked again.
async fn asked_again(world: &World, asked: usize) {
    let end = std::time::Instant::now() + Duration::from_secs(10);
    while world.oncall.asked() == asked {
        assert!(std::time::Instant::now() < end, "the provider is not asked again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_s_rotation_is_handed_over_in_time_and_nobody_takes_a_broken_one() {
    const FILE: &str = "file/orders";
    let world = World::start(Backend::Embedded).await;
    world.on_call(FILE, Some(&[])).await;
    asks_bob(&world, "olive", "#inc-42").await;
    world.passes(TimeDelta::days(1)).await;
    world.on_call(FILE, Some(&["olive"])).await;
    is_approved_at_once(&world, "olive").await;
    world.passes(TimeDelta::minutes(59)).await;
    world.on_call(FILE, Some(&["olive"])).await;
    world.passes(TimeDelta::minutes(1)).await;
    world.on_call(FILE, Some(&["alice"])).await;
    is_approved_at_once(&world, "alice").await;
    asks_bob(&world, "olive", "#inc-42").await;

    // Whoever looks after the service is told at once; who was on call counts until it is too old.
    let path = world.file("rotations.toml");
    let sound = std::fs::read_to_string(&path).expect("the file is there");
    std::fs::write(&path, sound.replace("alice", "alcie")).expect("it can be written");
    world.channel_sees("#security", "no person `alcie`").await;
    world.on_call(FILE, Some(&["alice"])).await;
    std::fs::write(&path, "people = [").expect("it can be written");
    world.passes(TimeDelta::minutes(11)).await;
    world.on_call(FILE, None).await;
    asks_bob(&world, "alice", "#inc-42").await;
    std::fs::write(&path, sound).expect("it can be written");
    world.passes(TimeDelta::minutes(1)).await;
    world.on_call(FILE, Some(&["alice"])).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_provider_answers_is_understood_or_refused_in_five_seconds() {
    jit_bot::install_crypto();
    let provider = OncallProvider::start().await;
    provider.set("PORDERS", vec![OnCall::always("PU4", "olive@acme.test")]);
    let text = Configuration { more: provider.configuration(), ..Configuration::default() }.text();
    let config = Config::parse(&text, "jit.toml", Path::new(""), &|_| None).expect("sound");
    let oncall = Oncall::of(&config).expect("sources");
    let now = chrono::Utc::now();
    assert_eq!(oncall.look(PAGERDUTY, now).await.map(|turns| turns.len()), Ok(1));
    assert_eq!(oncall.look("pagerduty/POTHER", now).await, Ok(Vec::new()));
    let html = "<html>We'll be back soon</html>";
    for (mood, outcome, words, wait) in [
        (Mood::Refuses(500, None), "failed", "answers 500", None),
        (Mood::Refuses(301, None), "failed", "answers 301", None),
        (Mood::Refuses(401, None), "refused", "the token is not valid", None),
        (Mood::Refuses(404, None), "refused", "there is no such thing", None),
        (Mood::Refuses(429, None), "rate-limited", "asked too often", None),
        (Mood::Refuses(429, Some(300)), "rate-limited", "asked too often", Some(300)),
        (Mood::Refuses(429, Some(86_400)), "rate-limited", "asked too often", Some(600)),
        (Mood::Says(html.to_owned()), "nonsense", "something else than was asked for", None),
        (Mood::Says("{\"oncalls\":[]}".to_owned()), "nonsense", "something else than was asked for", None),
        (Mood::Says("{\"data\":{\"onCallRecipients\":null}}".to_owned()), "nonsense", "something else", None),
        (Mood::Says("[".repeat(2_000_000)), "nonsense", "more than 1048576 bytes", None),
        (Mood::Hangs, "unreachable", "does not answer within 5 s", None),
    ] {
        provider.behaves(mood.clone());
        let begun = std::time::Instant::now();
        for rotation in [PAGERDUTY, OPSGENIE] {
            let error = oncall.look(rotation, now).await.expect_err("it is ill");
            assert_eq!((error.outcome, error.wait), (outcome, wait.map(Duration::from_secs)), "{mood:?}");
            assert!(error.what.contains(words) && !error.what.contains("hunter2"), "{error}");
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "two looks of five seconds each at most: {mood:?}");
    }
    provider.behaves(Mood::Endless);
    assert_eq!(oncall.look(PAGERDUTY, now).await.expect_err("pages without end").outcome, "nonsense");
    let error = oncall.look("sirens/P1", now).await.expect_err("there is no such source");
    assert_eq!(error.outcome, "refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pages_are_read_and_shifts_begin_and_end_to_the_second() {
    let world = World::start(Backend::Embedded).await;
    let now = world.clock.now();
    let from_to = |from: i64, to: i64| Some((now + TimeDelta::seconds(from), now + TimeDelta::seconds(to)));
    let stranger = |n: usize| OnCall::always(&format!("PX{n}"), &format!("stranger{n}@elsewhere.test"));
    let mut people: Vec<OnCall> = (0..5).map(stranger).collect();
    people.push(OnCall { shift: from_to(-600, 90), ..OnCall::always("PU1", "ALICE@acme.test") });
    people.push(OnCall { shift: from_to(90, 600), ..OnCall::always("PU4", "olive@acme.test") });
    world.oncall.set("PORDERS", people);
    world.passes(TimeDelta::seconds(60)).await;
    world.on_call(PAGERDUTY, Some(&["alice"])).await;
    // From here on the last answer has to do.
    world.oncall.behaves(Mood::Refuses(500, None));
    world.passes(TimeDelta::seconds(30)).await;
    world.on_call(PAGERDUTY, Some(&["olive"])).await;
    world.end().await;
}
