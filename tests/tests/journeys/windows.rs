//! Hours, change windows and blackouts: what they keep back, what they cut, and what people read of it.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const WRITE: &str = "/jit request orders-write for 4h because the export is broken since noon";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_cut_at_the_end_of_its_window_and_everybody_knew(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let hours = "hours = { days = \"Mon-Fri\", from = \"08:00\", to = \"11:30\", zone = \"Europe/Berlin\" }\n";
    world
        .edit(
            "policy/rules.toml",
            "match = { risk = \"medium\" }\n",
            &format!("match = {{ risk = \"medium\" }}\n{hours}"),
        )
        .await;
    world.channel_sees("#security", "Another policy is in force").await;

    let why = world.says("alice", "#access", "/jit why orders-write").await;
    assert!(
        why.contains("only Mon-Fri 08:00-11:30 (Europe/Berlin)") && why.contains("taken back Mon 11:30 Europe/Berlin"),
        "{why}"
    );
    world.says("alice", "#access", WRITE).await;
    world.sees("alice", "Taken back at the latest").await;
    world.sees("bob", "when the hours Mon-Fri 08:00-11:30 (Europe/Berlin) end").await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "live:").await;
    assert!(world.holds("orders-db", "alice", "app_write"));

    // It is 10:00 in Berlin. Nothing can be added past 11:30, whatever is asked for.
    world.presses("alice", "Extend…").await;
    let sent = world.submits("alice", &[("duration", "30m"), ("reason", "the repair takes longer")]).await;
    assert!(format!("{sent:?}").contains("It opens again Tue 08:00 Europe/Berlin"), "{sent:?}");
    world.passes(TimeDelta::minutes(89)).await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    world.passes(TimeDelta::minutes(2)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"), "cut at 11:30, two and a half hours early");
    world.sees("alice", "Verified gone").await;

    let refused = world.says("alice", "#access", WRITE).await;
    assert!(
        refused.contains("opens again Tue 08:00 Europe/Berlin") && refused.contains("medium risk, one approval"),
        "{refused}"
    );
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_blackout_that_is_loaded_meanwhile_refuses_at_the_vote(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", WRITE).await;
    world.button("bob", "Approve").await;
    let blackout = "[[blackout]]\nname = \"quarter close\"\nmatch = { environment = \"production\" }\nfrom = \"2026-11-23\"\nto = \"2026-11-24\"\nzone = \"UTC\"\n\n";
    world.edit("policy/rules.toml", "[[emergency]]", &format!("{blackout}[[emergency]]")).await;
    world.presses("bob", "Approve").await;
    world.is_told("bob", "dm", "Nobody may hold it during the blackout quarter close").await;
    let refused = world.says("alice", "#access", "/jit request orders-admin for 1h because the export is broken").await;
    assert!(refused.contains("opens again Wed 00:00 UTC"), "{refused}");
    world.says("alice", "#access", "/jit request orders-read for 10m because checking the order totals").await;
    world.sees("alice", "live:").await;
    assert!(world.holds("orders-db", "alice", "app_read"), "it is about production alone");
    world.presses("alice", "I'm done").await;
    world.passes(TimeDelta::hours(8)).await;
    world.end().await;
}
